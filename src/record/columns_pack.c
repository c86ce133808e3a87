/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"
#include "record/columns.h"
#include "record/record.h"

enum { SLOTS = 1024 };		/* of both tables, which are at most a quarter full */

/* Compared and hashed as words. */
union shape_key {
	struct { struct shape_head head; struct shape_chunk chunks[SHAPE_CHUNKS]; } s;
	uint64_t words[(sizeof(struct shape_head) + SHAPE_CHUNKS * sizeof(struct shape_chunk) + 7) / 8];
};
struct shape { union shape_key key; struct shape_state last; };
struct thread { uint32_t pid, tid; uint64_t end_ns; };

struct columns {
	struct buf column[_COLUMNS];
	size_t raw;
	unsigned nshapes, nthreads;
	uint64_t end_ns;		/* of the last call of all */
	unsigned thread;		/* the last call's */
	uint8_t shape_slot[SLOTS], thread_slot[SLOTS];	/* number + 1; 0 free */
	struct shape shapes[SHAPES_MAX];
	struct thread threads[THREADS_MAX];
};

/* What a call is, and where its chunks are; only calls whose bytes all follow from that have a shape. */
struct seen {
	union shape_key key;
	const char *bytes[SHAPE_CHUNKS];
	uint32_t lengths[SHAPE_CHUNKS];
};

static void put_byte(struct columns *c, enum column column, uint8_t v)
{
	buf_grow(&c->column[column], 1);
	c->column[column].s[c->column[column].len++] = (char)v;
}

static void put_varint(struct columns *c, enum column column, uint64_t v)
{
	struct buf *b = &c->column[column];

	buf_grow(b, VARINT_MAX);
	for (; v >= 0x80; v >>= 7)
		b->s[b->len++] = (char)(v | 0x80);
	b->s[b->len++] = (char)v;
}

/* ---- shapes and threads ---- */

/* false: there is more to its bytes than its fields and chunks say. */
static bool see(const struct record *r, struct seen *seen)
{
	const struct record_call *call = (const struct record_call *)r;
	const char *p = (const char *)(call + 1), *end = (const char *)r + r->size;

	if (r->kind != RECORD_CALL || r->size < sizeof(*call) || call->nchunks > SHAPE_CHUNKS)
		return false;
	memset(&seen->key, 0, sizeof(seen->key));
	seen->key.s.head = (struct shape_head){ call->nr, r->flags, call->arch, call->pad, call->exit_ns != 0,
						(uint8_t)call->nchunks };
	for (unsigned i = 0; i < call->nchunks; i++) {
		const struct record_chunk *chunk = (const struct record_chunk *)p;
		uint64_t tail = 0;

		if ((size_t)(end - p) < sizeof(*chunk) || chunk->len > (size_t)(end - p) - sizeof(*chunk))
			return false;
		seen->key.s.chunks[i] = (struct shape_chunk){ chunk->arg, chunk->part, chunk->flags };
		seen->bytes[i] = (const char *)(chunk + 1);
		seen->lengths[i] = chunk->len;
		p = seen->bytes[i] + ALIGN8(chunk->len);
		if (p > end)
			return false;
		if (chunk->len % 8)
			memcpy(&tail, p - 8, 8);
		if (tail >> chunk->len % 8 * 8)
			return false;
	}
	return p == end;
}

/* The number of its shape, which may be new. */
static unsigned find_shape(struct columns *c, const struct seen *seen)
{
	uint64_t hash = 0;
	unsigned slot, n;

	for (unsigned i = 0; i < ARRAY_SIZE(seen->key.words); i++)
		hash = hash_mix(hash, seen->key.words[i]);
	for (slot = hash % SLOTS; (n = c->shape_slot[slot]); slot = (slot + 1) % SLOTS)
		if (!memcmp(&c->shapes[n - 1].key, &seen->key, sizeof(seen->key)))
			return n - 1;
	n = c->nshapes++;
	c->shape_slot[slot] = (uint8_t)(n + 1);
	c->shapes[n] = (struct shape){ .key = seen->key };
	put_byte(c, COLUMN_SHAPE, SHAPE_NEW);
	buf_add(&c->column[COLUMN_SHAPES], &seen->key,
		sizeof(struct shape_head) + seen->key.s.head.nchunks * sizeof(struct shape_chunk));
	return n;
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
	buf_add(&c->column[COLUMN_THREADS], &c->threads[n], 2 * sizeof(uint32_t));
	return n;
}

/* ---- calls ---- */

static unsigned put_words(struct columns *c, struct shape_state *last, const struct record_call *call)
{
	unsigned changed = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(last->words); i++) {
		uint64_t v = i < 6 ? call->args[i] : (uint64_t)call->ret;

		if (v == last->words[i])
			continue;
		changed |= 1u << i;
		put_varint(c, COLUMN_ARG0 + i, zigzag(v - last->words[i]));
		last->words[i] = v;
	}
	return changed;
}

static void put_time(struct columns *c, enum column low, uint64_t v)
{
	v = zigzag(v);
	put_byte(c, low, (uint8_t)v);
	put_varint(c, low + 1, v >> 8);
}

static unsigned put_chunks(struct columns *c, struct shape_state *last, const struct seen *seen)
{
	unsigned n = seen->key.s.head.nchunks;
	bool same = !memcmp(last->lengths, seen->lengths, n * sizeof(last->lengths[0]));

	for (unsigned i = 0; i < n; i++) {
		if (!same)
			put_varint(c, COLUMN_LENGTH, seen->lengths[i]);
		last->lengths[i] = seen->lengths[i];
		buf_add(&c->column[seen->key.s.chunks[i].flags & CHUNK_AT_EXIT ? COLUMN_DATA : COLUMN_TEXT],
			seen->bytes[i], seen->lengths[i]);
	}
	return same ? 0 : CHANGED_LENGTH;
}

static bool add_call(struct columns *c, const struct record *r)
{
	const struct record_call *call = (const struct record_call *)r;
	struct shape_state *last;
	struct thread *thread;
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
	return true;
}

void columns_add(struct columns *c, const struct record *r)
{
	c->raw += r->size;
	if (add_call(c, r))
		return;
	put_byte(c, COLUMN_SHAPE, SHAPE_RECORD);
	buf_add(&c->column[COLUMN_RECORDS], r, r->size);
}

/* ---- all of them ---- */

struct columns *columns_new(void) { return xcalloc(1, sizeof(struct columns)); }

void columns_free(struct columns *c)
{
	for (unsigned i = 0; c && i < _COLUMNS; i++)
		buf_done(&c->column[i]);
	free(c);
}

size_t columns_raw(const struct columns *c) { return c->raw; }
bool columns_full(const struct columns *c) { return c->nshapes == SHAPES_MAX || c->nthreads == THREADS_MAX; }
const struct buf *columns_of(const struct columns *c, enum column column) { return &c->column[column]; }

void columns_reset(struct columns *c)
{
	for (unsigned i = 0; i < _COLUMNS; i++)
		c->column[i].len = 0;
	memset(c->shape_slot, 0, sizeof(c->shape_slot));
	memset(c->thread_slot, 0, sizeof(c->thread_slot));
	c->raw = 0;
	c->nshapes = c->nthreads = c->thread = 0;
	c->end_ns = 0;
}
