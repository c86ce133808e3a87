/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"
#include "record/columns_part.h"
#include "record/format.h"
#include "record/record.h"

/*
 * What a column can have at most, of RECORDING_HELD_MAX bytes of records: so there is always room, and only what is
 * used takes memory.  SLACK: copied along, of words that are half used.
 */
enum {
	CALLS_MAX = RECORDING_HELD_MAX / sizeof(struct record_call),
	NUMBERS_MAX = CALLS_MAX * VARINT_MAX,
	CHUNKS_MAX = RECORDING_HELD_MAX / sizeof(struct record_chunk),
	AGAIN_MAX = RECORDING_RAW_MAX / LONG_RECORD,
	RECORDS_MAX = RECORDING_HELD_MAX / sizeof(struct record) + AGAIN_MAX,
	SLACK = 8, LENGTH_BYTES = 4 /* of a varint: 2^21 */, WHICH_BYTES = 5 /* 33 bits */,
};
static const uint32_t room[_COLUMNS] = {
	[COLUMN_SHAPE] = RECORDS_MAX + SHAPES_MAX,
	[COLUMN_SHAPES] = SHAPES_MAX * (sizeof(struct shape_head) + SHAPE_CHUNKS * sizeof(struct shape_chunk)),
	[COLUMN_THREAD] = CALLS_MAX + THREADS_MAX,
	[COLUMN_THREADS] = THREADS_MAX * 2 * sizeof(uint32_t),
	[COLUMN_CHANGED] = CALLS_MAX,
	[COLUMN_ARG0] = NUMBERS_MAX, [COLUMN_ARG1] = NUMBERS_MAX, [COLUMN_ARG2] = NUMBERS_MAX,
	[COLUMN_ARG3] = NUMBERS_MAX, [COLUMN_ARG4] = NUMBERS_MAX, [COLUMN_ARG5] = NUMBERS_MAX,
	[COLUMN_RET] = NUMBERS_MAX,
	[COLUMN_GAP_LOW] = CALLS_MAX, [COLUMN_GAP] = NUMBERS_MAX,
	[COLUMN_TOOK_LOW] = CALLS_MAX, [COLUMN_TOOK] = NUMBERS_MAX,
	[COLUMN_LENGTH] = CHUNKS_MAX * LENGTH_BYTES,
	[COLUMN_TEXT] = RECORDING_HELD_MAX, [COLUMN_DATA] = RECORDING_HELD_MAX, [COLUMN_RECORDS] = RECORDING_HELD_MAX,
	[COLUMN_WHICH] = CHUNKS_MAX * WHICH_BYTES,
	[COLUMN_WORDS] = RECORDING_HELD_MAX / 8 * VARINT_MAX,
	[COLUMN_AGAIN] = AGAIN_MAX * VARINT_MAX,
	[COLUMN_SAME] = CHUNKS_MAX,
	[COLUMN_LIST] = CHUNKS_MAX * LENGTH_BYTES + RECORDING_HELD_MAX / LONG_RECORD * 2 * VARINT_MAX,
};

/* What a call is, and where its chunks are; only calls whose bytes all follow from that have a shape. */
struct seen {
	struct shape_key key;
	unsigned nchunks;
	const char *bytes[SHAPE_CHUNKS];
	uint32_t lengths[SHAPE_CHUNKS];
};

/* ---- shapes and threads ---- */

/* false: there is more to its bytes than its fields and chunks say. */
static inline bool see(const struct record *r, struct seen *seen)
{
	const struct record_call *call = (const struct record_call *)r;
	const char *p = (const char *)(call + 1), *end = (const char *)r + r->size;
	uint64_t *words = seen->key.words;

	if (r->kind != RECORD_CALL || r->size < sizeof(*call) || call->nchunks > SHAPE_CHUNKS)
		return false;
	seen->nchunks = call->nchunks;
	words[0] = call->nr | (uint64_t)r->flags << 32 | (uint64_t)call->arch << 48 | (uint64_t)call->pad << 56;
	words[1] = (call->exit_ns != 0) | (uint64_t)call->nchunks << 8;
	words[2] = words[3] = words[4] = 0;
	for (unsigned i = 0; i < seen->nchunks; i++) {
		uint64_t chunk, tail = 0;
		uint32_t len;

		if ((size_t)(end - p) < sizeof(chunk))
			return false;
		memcpy(&chunk, p, sizeof(chunk));	/* struct record_chunk: its length is the upper half */
		p += sizeof(chunk);
		len = (uint32_t)(chunk >> 32);
		if (len > (size_t)(end - p))
			return false;
		words[1 + (i + 1) / 2] |= i % 2 ? (uint32_t)chunk : chunk << 32;
		seen->bytes[i] = p;
		seen->lengths[i] = len;
		p += ALIGN8((size_t)len);
		if (p > end)
			return false;
		if (len % 8)
			memcpy(&tail, p - 8, 8);
		if (tail >> len % 8 * 8)
			return false;
	}
	return p == end;
}

/* One multiplication a word, none of which waits for another. */
static inline unsigned hash_key(const struct shape_key *key)
{
	const uint64_t *w = key->words;
	uint64_t hash = w[0] * 0x9e3779b97f4a7c15 + w[1] * 0xbf58476d1ce4e5b9 + w[2] * 0x94d049bb133111eb +
			w[3] * 0xd6e8feb86659fd93 + w[4] * 0xa0761d6478bd642f;

	return (unsigned)((hash ^ hash >> 32) % SLOTS);
}

static inline bool same_key(const struct shape_key *a, const struct shape_key *b)
{
	uint64_t differs = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < KEY_WORDS; i++)
		differs |= a->words[i] ^ b->words[i];
	return !differs;
}

static unsigned new_shape(struct columns *c, const struct seen *seen, unsigned slot)
{
	unsigned n = c->nshapes++;

	c->shape_slot[slot] = (uint8_t)(n + 1);
	c->shapes[n] = (struct shape){ .key = seen->key };
	put_byte(c, COLUMN_SHAPE, SHAPE_NEW);
	put_bytes(c, COLUMN_SHAPES, &seen->key,
		  sizeof(struct shape_head) + seen->nchunks * sizeof(struct shape_chunk));
	return n;
}

/* The number of its shape, which may be new. */
static inline unsigned find_shape(struct columns *c, const struct seen *seen)
{
	unsigned slot, n;

	for (slot = hash_key(&seen->key); (n = c->shape_slot[slot]); slot = (slot + 1) % SLOTS)
		if (same_key(&c->shapes[n - 1].key, &seen->key))
			return n - 1;
	return new_shape(c, seen, slot);
}

static unsigned find_thread(struct columns *c, const struct record *r)
{
	unsigned slot, n = c->thread;

	if (n < c->nthreads && c->threads[n].tid == r->tid && c->threads[n].pid == r->pid)
		return n;
	for (slot = hash_mix(r->pid, r->tid) % SLOTS; (n = c->thread_slot[slot]); slot = (slot + 1) % SLOTS)
		if (c->threads[n - 1].tid == r->tid && c->threads[n - 1].pid == r->pid)
			return n - 1;
	n = c->nthreads++;
	c->thread_slot[slot] = (uint8_t)(n + 1);
	c->threads[n] = (struct thread){ r->pid, r->tid, c->end_ns };
	put_byte(c, COLUMN_THREAD, THREAD_NEW);
	put_bytes(c, COLUMN_THREADS, &c->threads[n], 2 * sizeof(uint32_t));
	return n;
}

/* ---- calls ---- */

static inline unsigned put_words(struct columns *c, struct shape_state *last, const struct record_call *call)
{
	unsigned changed = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < 6; i++)
		changed |= (unsigned)(call->args[i] != last->words[i]) << i;
	changed |= (unsigned)((uint64_t)call->ret != last->words[6]) << 6;
	for (unsigned left = changed; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);
		uint64_t v = i < 6 ? call->args[i] : (uint64_t)call->ret;

		put_varint(c, COLUMN_ARG0 + i, zigzag(v - last->words[i]));
		last->words[i] = v;
	}
	return changed;
}

/* As differences, unless most of its words are others: then it is no struct, or of something else, and false. */
static bool put_struct(struct columns *c, struct shape_state *last, const char *bytes, size_t n)
{
	uint64_t words[WORDS_MAX], which = 0;
	size_t changed = 0;

	memcpy(words, bytes, n * 8);
	for (size_t i = 0; i < n; i++) {
		uint64_t differs = words[i] != last->of_struct[i];

		which |= differs << i;
		changed += differs;
	}
	if (changed > n / 2) {
		memcpy(last->of_struct, words, n * 8);
		put_byte(c, COLUMN_WHICH, 0);
		return false;
	}
	put_varint(c, COLUMN_WHICH, which << 1 | 1);
	for (; which; which &= which - 1) {
		unsigned i = (unsigned)__builtin_ctzll(which);

		put_varint(c, COLUMN_WORDS, zigzag(words[i] - last->of_struct[i]));
		last->of_struct[i] = words[i];
	}
	return true;
}

/* Without what it begins with, if that is what the last one began with. */
static inline void put_rest(struct columns *c, enum column column, const char *p, size_t len, size_t same)
{
	put_byte(c, COLUMN_SAME, (uint8_t)same);
	if (8 * same < len)
		put_padded(c, column, p + 8 * same, len - 8 * same);
}

static inline void put_text(struct columns *c, struct kept_text *kept, const char *p, size_t len)
{
	size_t same;

	if (len == c->read.len && count_same(p, c->read.words, ALIGN8(len) / 8) == ALIGN8(len) / 8) {
		put_byte(c, COLUMN_SAME, SAME_AS_READ);
		return;
	}
	same = count_same(p, kept->words, same_at_most(len, kept->len, KEPT_TEXT));
	put_rest(c, COLUMN_TEXT, p, len, same);
	memcpy(kept->words + same, p + 8 * same, MIN(ALIGN8(len), (size_t)KEPT_TEXT) - 8 * same);
	kept->len = (uint32_t)len;
}

static inline void put_data(struct columns *c, const char *p, size_t len)
{
	struct kept_read *kept = &c->read;
	size_t same = count_same(p, kept->words, same_at_most(len, kept->len, KEPT_READ));

	c->reads += len != kept->len || 8 * same < len;
	put_rest(c, COLUMN_DATA, p, len, same);
	memcpy(kept->words + same, p + 8 * same, MIN(ALIGN8(len), (size_t)KEPT_READ) - 8 * same);
	kept->len = (uint32_t)len;
}

static inline void put_chunk(struct columns *c, struct shape_state *last, unsigned flags, const char *p, size_t len)
{
	bool after = flags & CHUNK_AT_EXIT, words = may_be_struct(flags, len);

	if (words && put_struct(c, last, p, len / 8))
		return;
	if (words || len < SAME_MIN)
		put_padded(c, after ? COLUMN_DATA : COLUMN_TEXT, p, len);
	else if (after)
		put_data(c, p, len);
	else
		put_text(c, &last->text, p, len);
}

static inline unsigned put_chunks(struct columns *c, struct shape_state *last, const struct seen *seen)
{
	unsigned n = seen->nchunks, differs = 0;

	for (unsigned i = 0; i < n; i++)
		differs |= last->lengths[i] ^ seen->lengths[i];
	for (unsigned i = 0; i < n; i++) {
		unsigned flags = chunk_flags(&seen->key, i);
		uint32_t len = seen->lengths[i];

		if (differs)
			put_varint(c, COLUMN_LENGTH, len);
		last->lengths[i] = len;
		put_chunk(c, last, flags, seen->bytes[i], len);
	}
	return differs ? CHANGED_LENGTH : 0;
}

static bool add_call(struct columns *c, const struct record *r)
{
	const struct record_call *call = (const struct record_call *)r;
	struct shape_state *last;
	struct thread *thread;
	struct again *again;
	unsigned shape;
	struct seen seen;

	if (!see(r, &seen))
		return false;
	shape = find_shape(c, &seen);
	c->thread = find_thread(c, r);
	last = &c->shapes[shape].last;
	thread = &c->threads[c->thread];
	put_byte(c, COLUMN_SHAPE, (uint8_t)shape);
	put_byte(c, COLUMN_THREAD, (uint8_t)c->thread);
	put_byte(c, COLUMN_CHANGED, (uint8_t)(put_words(c, last, call) | put_chunks(c, last, &seen)));
	put_time(c, COLUMN_GAP_LOW, r->ts_ns - thread->end_ns);
	if (call->exit_ns)
		put_time(c, COLUMN_TOOK_LOW, call->exit_ns - r->ts_ns);
	c->end_ns = thread->end_ns = call->exit_ns ? call->exit_ns : r->ts_ns;
	again = &c->shapes[shape].again;
	again->call = call;
	again->batch = c->batch;
	again->nputs = AGAIN_UNKNOWN;
	again->thread = (uint8_t)c->thread;
	*guess_of(c, call) = (uint8_t)shape;
	return true;
}

size_t columns_held(const struct columns *c) { return c->raw - c->again; }

static inline bool has_room(const struct columns *c, size_t size)
{
	return columns_held(c) + size <= RECORDING_BLOCK && c->raw + size <= RECORDING_RAW_MAX &&
	       c->nshapes < SHAPES_MAX && c->nthreads < THREADS_MAX;
}

static inline void add(struct columns *c, const struct record *r)
{
	c->raw += r->size;
	c->nrecords++;
	if (r->kind == RECORD_CALL && r->size >= sizeof(struct record_call) &&
	    columns_add_again(c, (const struct record_call *)r))
		return;
	if (!add_call(c, r))
		columns_add_whole(c, r);
}

size_t columns_add(struct columns *c, const void *records, size_t n)
{
	size_t at = 0;

	c->batch++;
	while (at < n) {
		const struct record *r = (const struct record *)((const char *)records + at);

		if (c->nrecords && !has_room(c, r->size))
			break;
		add(c, r);
		at += r->size;
	}
	assert(c->raw <= RECORDING_RAW_MAX && columns_held(c) <= RECORDING_HELD_MAX);
	return at;
}

/* ---- all of them ---- */

struct columns *columns_new(void)
{
	struct columns *c = xcalloc(1, sizeof(*c));
	size_t at = 0, all = 0;

	for (unsigned i = 0; i < _COLUMNS; i++)
		all += room[i] + SLACK;
	c->memory = xmalloc(all);
	for (unsigned i = 0; i < _COLUMNS; i++) {
		c->column[i] = (struct buf){ .s = c->memory + at, .cap = room[i] };
		at += room[i] + SLACK;
	}
	return c;
}

void columns_free(struct columns *c)
{
	if (!c)
		return;
	buf_done(&c->last_long);
	free(c->memory);
	free(c);
}

size_t columns_raw(const struct columns *c) { return c->raw; }
uint32_t columns_count(const struct columns *c) { return c->nrecords; }
const struct buf *columns_of(const struct columns *c, enum column column) { return &c->column[column]; }

void columns_reset(struct columns *c)
{
	for (unsigned i = 0; i < _COLUMNS; i++)
		c->column[i].len = 0;
	memset(c->shape_slot, 0, sizeof(c->shape_slot));
	memset(c->thread_slot, 0, sizeof(c->thread_slot));
	c->raw = c->again = c->last_long.len = 0;
	c->read.len = 0;
	c->reads++;
	c->nrecords = 0;
	memset(c->guess, 0, sizeof(c->guess));
	c->nshapes = c->nthreads = c->thread = 0;
	c->end_ns = 0;
}
