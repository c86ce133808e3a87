/* SPDX-License-Identifier: MIT */
/* Any bytes may stand in a block: every number is checked where it is used, and what is written is counted. */
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "record/columns.h"
#include "record/record.h"

struct span { const unsigned char *at, *end; };
struct known { struct shape_head head; struct shape_chunk chunks[SHAPE_CHUNKS]; struct shape_state last; };
struct thread { uint32_t pid, tid; uint64_t end_ns; };

struct unpacking {
	struct span column[_COLUMNS];
	char *to, *end;
	unsigned nshapes, nthreads;
	unsigned ncolumns;
	uint64_t end_ns;		/* of the last call of all */
	const char *last;		/* record that others may end like, `last_size` bytes; NULL: none */
	size_t last_size;
	struct kept_read read;		/* the last in COLUMN_DATA that may not be a struct */
	bool bad;			/* a column was too short, or has a number that nothing has */
	struct known shapes[SHAPES_MAX];
	struct thread threads[THREADS_MAX];
};

/* ---- columns ---- */

/* Their next n bytes; NULL, and bad, where there are fewer. */
static const void *take(struct unpacking *u, enum column column, size_t n)
{
	struct span *s = &u->column[column];
	const void *p = s->at;

	if ((size_t)(s->end - s->at) < n) {
		u->bad = true;
		return NULL;
	}
	s->at += n;
	return p;
}

static uint8_t byte(struct unpacking *u, enum column column)
{
	struct span *s = &u->column[column];

	if (s->at < s->end)
		return *s->at++;
	u->bad = true;
	return 0;
}

static uint64_t varint(struct unpacking *u, enum column column)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 7 * VARINT_MAX; shift += 7) {
		uint64_t b = byte(u, column);

		v |= (b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
	u->bad = true;
	return 0;
}

/* In two steps: the low byte by itself. */
static uint64_t two(struct unpacking *u, enum column low)
{
	uint64_t v = byte(u, low);

	return zagzig(v | varint(u, low + 1) << 8);
}

/* ---- calls ---- */

static struct known *new_shape(struct unpacking *u)
{
	struct known *k = u->shapes + u->nshapes;
	const void *head = take(u, COLUMN_SHAPES, sizeof(k->head)), *chunks;

	if (!head || u->nshapes == SHAPES_MAX)
		return NULL;
	memset(&k->last, 0, sizeof(k->last));
	memcpy(&k->head, head, sizeof(k->head));
	if (k->head.nchunks > SHAPE_CHUNKS)
		return NULL;
	chunks = take(u, COLUMN_SHAPES, k->head.nchunks * sizeof(k->chunks[0]));
	if (!chunks)
		return NULL;
	memcpy(k->chunks, chunks, k->head.nchunks * sizeof(k->chunks[0]));
	u->nshapes++;
	return k;
}

/* A definition is followed by the first use. */
static struct known *get_shape(struct unpacking *u, unsigned n)
{
	if (n == SHAPE_NEW && !new_shape(u))
		return NULL;
	if (n == SHAPE_NEW)
		n = byte(u, COLUMN_SHAPE);
	return n < u->nshapes ? &u->shapes[n] : NULL;
}

static struct thread *get_thread(struct unpacking *u)
{
	unsigned n = byte(u, COLUMN_THREAD);

	if (n == THREAD_NEW) {
		const void *ids = take(u, COLUMN_THREADS, 2 * sizeof(uint32_t));

		if (!ids || u->nthreads == THREADS_MAX)
			return NULL;
		memcpy(&u->threads[u->nthreads], ids, 2 * sizeof(uint32_t));
		u->threads[u->nthreads++].end_ns = u->end_ns;
		n = byte(u, COLUMN_THREAD);
	}
	return n < u->nthreads ? &u->threads[n] : NULL;
}

static void get_words(struct unpacking *u, struct shape_state *last, unsigned changed, struct record_call *call)
{
	for (unsigned i = 0; i < ARRAY_SIZE(last->words); i++)
		if (changed & 1u << i)
			last->words[i] += zagzig(varint(u, COLUMN_ARG0 + i));
	memcpy(call->args, last->words, sizeof(call->args));
	call->ret = (rec_i64)last->words[6];
}

/* Lengths first: how long the record is, they say.  0: longer than there is room. */
static size_t get_lengths(struct unpacking *u, struct known *k, unsigned changed)
{
	size_t size = sizeof(struct record_call), room = MIN((size_t)(u->end - u->to), (size_t)RECORD_MAX);

	for (unsigned i = 0; i < k->head.nchunks; i++) {
		uint64_t len = changed & CHANGED_LENGTH ? varint(u, COLUMN_LENGTH) : k->last.lengths[i];

		if (len > RECORD_MAX)
			return 0;
		k->last.lengths[i] = (uint32_t)len;
		size += sizeof(struct record_chunk) + ALIGN8(len);
	}
	return size <= room ? size : 0;
}

/* Its words as differences to those of the last one.  false: it is in COLUMN_DATA. */
static bool get_struct(struct unpacking *u, struct shape_state *last, size_t n, char *to)
{
	uint64_t which = varint(u, COLUMN_WHICH);

	if (!(which & 1))
		return false;
	for (which >>= 1; which; which &= which - 1) {
		unsigned i = (unsigned)__builtin_ctzll(which);

		if (i >= n) {
			u->bad = true;
			break;
		}
		last->of_struct[i] += zagzig(varint(u, COLUMN_WORDS));
	}
	memcpy(to, last->of_struct, n * 8);
	return true;
}

/* A chunk of which COLUMN_SAME says how it begins, filled up with 0. */
static bool get_alike(struct unpacking *u, enum column column, struct kept_text *text, char *to, size_t len)
{
	size_t same = byte(u, COLUMN_SAME), most;
	const void *bytes;

	if (text && same == SAME_AS_READ) {
		if (len != u->read.len || len > KEPT_READ)
			return false;
		memcpy(to, u->read.words, ALIGN8(len));
		return !u->bad;
	}
	most = text ? same_at_most(len, text->len, KEPT_TEXT) : same_at_most(len, u->read.len, KEPT_READ);
	if (same > most)
		return false;
	memcpy(to, text ? text->words : u->read.words, 8 * same);
	bytes = 8 * same < len ? take(u, column, len - 8 * same) : NULL;
	if (bytes) {
		memset(to + (len - 1) / 8 * 8, 0, 8);	/* what fills it up */
		memcpy(to + 8 * same, bytes, len - 8 * same);
	}
	if (text)
		memcpy(text->words, to, MIN(ALIGN8(len), (size_t)KEPT_TEXT));
	else
		memcpy(u->read.words, to, MIN(ALIGN8(len), (size_t)KEPT_READ));
	*(text ? &text->len : &u->read.len) = (uint32_t)len;
	return !u->bad;
}

static bool get_chunks(struct unpacking *u, struct known *k, char *to)
{
	for (unsigned i = 0; i < k->head.nchunks; i++) {
		const struct shape_chunk *shape = &k->chunks[i];
		uint32_t len = k->last.lengths[i];
		struct record_chunk head = { shape->arg, shape->part, shape->flags, len };
		bool words = may_be_struct(shape->flags, len) && u->ncolumns > COLUMN_WHICH;
		enum column column = shape->flags & CHUNK_AT_EXIT ? COLUMN_DATA : COLUMN_TEXT;
		const void *bytes;

		memcpy(to, &head, sizeof(head));
		to += sizeof(head);
		if (words && get_struct(u, &k->last, len / 8, to)) {
			to += len;
			continue;
		}
		if (!words && len >= SAME_MIN && u->ncolumns > COLUMN_SAME) {
			if (!get_alike(u, column, column == COLUMN_TEXT ? &k->last.text : NULL, to, len))
				return false;
			to += ALIGN8(len);
			continue;
		}
		bytes = take(u, column, len);
		if (!bytes)
			return false;
		if (words)
			memcpy(k->last.of_struct, bytes, len);
		if (len)
			memset(to + (len - 1) / 8 * 8, 0, 8);	/* what fills it up */
		memcpy(to, bytes, len);
		to += ALIGN8(len);
	}
	return true;
}

static bool get_call(struct unpacking *u, unsigned shape)
{
	struct known *k = get_shape(u, shape);
	struct thread *thread = k ? get_thread(u) : NULL;
	struct record_call call = { 0 };
	unsigned changed;
	size_t size;

	if (!thread)
		return false;
	changed = byte(u, COLUMN_CHANGED);
	size = get_lengths(u, k, changed);
	if (!size)
		return false;
	get_words(u, &k->last, changed, &call);
	call.h = (struct record){ .size = (uint32_t)size, .kind = RECORD_CALL, .flags = k->head.flags,
				  .pid = thread->pid, .tid = thread->tid };
	call.nr = k->head.nr;
	call.arch = k->head.arch;
	call.pad = k->head.pad;
	call.nchunks = k->head.nchunks;
	call.h.ts_ns = thread->end_ns + two(u, COLUMN_GAP_LOW);
	if (k->head.ends)
		call.exit_ns = call.h.ts_ns + two(u, COLUMN_TOOK_LOW);
	u->end_ns = thread->end_ns = call.exit_ns ? call.exit_ns : call.h.ts_ns;
	memcpy(u->to, &call, sizeof(call));
	if (!get_chunks(u, k, u->to + sizeof(call)))
		return false;
	u->to += size;
	return !u->bad;
}

static void took(struct unpacking *u, size_t size, bool again)
{
	if (!again && size >= LONG_RECORD) {
		u->last = u->to;
		u->last_size = size;
	}
	u->to += size;
}

/* A chunk's head and bytes, filled up with 0; where it ends. */
static char *put_chunk(char *to, const struct record_chunk *head, const void *bytes)
{
	memcpy(to, head, sizeof(*head));
	to += sizeof(*head);
	if (head->len)
		memset(to + (head->len - 1) / 8 * 8, 0, 8);
	memcpy(to, bytes, head->len);
	return to + ALIGN8((size_t)head->len);
}

/* One that is not longer than what there is room for. */
static char *get_other(struct unpacking *u, struct record_chunk *head, uint64_t len, char *to, const char *end)
{
	const void *bytes;

	if (len > RECORD_MAX || (size_t)(end - to) < sizeof(*head) + ALIGN8(len))
		return NULL;
	bytes = take(u, COLUMN_TEXT, len);
	head->len = (uint32_t)len;
	return bytes ? put_chunk(to, head, bytes) : NULL;
}

/* The chunks of the last long record; at NULL: it has none. */
static struct span chunks_of_last(const struct unpacking *u)
{
	size_t body = u->last ? body_size((const struct record *)u->last) : 0;
	const unsigned char *at = (const unsigned char *)u->last;

	return body ? (struct span){ at + body, at + u->last_size } : (struct span){ 0 };
}

/* The next of them, which it goes past: its bytes.  NULL: there is none. */
static const void *next_of_last(struct span *last, uint32_t *ret_len)
{
	const unsigned char *at = last->at;
	struct record_chunk head;

	last->at = last->end;
	if ((size_t)(last->end - at) < sizeof(head))
		return NULL;
	memcpy(&head, at, sizeof(head));
	at += sizeof(head);
	if (ALIGN8((size_t)head.len) > (size_t)(last->end - at))
		return NULL;
	last->at = at + ALIGN8((size_t)head.len);
	*ret_len = head.len;
	return at;
}

static char *get_same(struct record_chunk *head, uint64_t n, struct span *last, char *to, const char *end)
{
	for (; n; n--) {
		const void *bytes = next_of_last(last, &head->len);

		if (!bytes || (size_t)(end - to) < sizeof(*head) + ALIGN8((size_t)head->len))
			return NULL;
		to = put_chunk(to, head, bytes);
	}
	return to;
}

/* Its body, then the chunks whose lengths are in a column: where these end; NULL: not as they say. */
static char *get_list(struct unpacking *u, bool alike, char *to, const char *end)
{
	unsigned shift = alike ? LIST_SHIFT : 1;
	struct span last = chunks_of_last(u);
	struct record_chunk head = { 0 };
	uint64_t left = varint(u, COLUMN_LIST);

	while (left && to && !u->bad) {
		uint64_t v = varint(u, COLUMN_LIST), n = 1;
		const void *what = v & LIST_OTHER ? take(u, COLUMN_RECORDS, offsetof(struct record_chunk, len)) : &head;

		if (!what)
			return NULL;
		memmove(&head, what, offsetof(struct record_chunk, len));
		if (alike && v & LIST_ALIKE) {
			n = v >> shift;
			to = n && n <= left ? get_same(&head, n, &last, to, end) : NULL;
		} else {
			uint32_t unused;

			to = get_other(u, &head, v >> shift, to, end);
			next_of_last(&last, &unused);
		}
		left -= n;
	}
	return u->bad ? NULL : to;
}

static bool get_long(struct unpacking *u, bool alike)
{
	uint64_t body = varint(u, COLUMN_LIST);
	const void *bytes = body <= RECORD_MAX ? take(u, COLUMN_RECORDS, body) : NULL;
	struct record head;

	if (!bytes || body < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	if (head.size < body || head.size % 8 || head.size > (size_t)(u->end - u->to))
		return false;
	memcpy(u->to, bytes, body);
	if (get_list(u, alike, u->to + body, u->to + head.size) != u->to + head.size)
		return false;
	took(u, head.size, false);
	return true;
}

/* One that is there as it was, or (again) ends like the last long one. */
static bool get_record(struct unpacking *u, bool again)
{
	const struct span *s = &u->column[COLUMN_RECORDS];
	uint64_t same = again ? varint(u, COLUMN_AGAIN) : 0;
	struct record head;
	const void *all;

	if ((size_t)(s->end - s->at) < sizeof(head))
		return false;
	memcpy(&head, s->at, sizeof(head));
	if (head.size < sizeof(head) || head.size % 8 || head.size > (size_t)(u->end - u->to) ||
	    same > head.size - sizeof(head) || same > u->last_size)
		return false;
	all = take(u, COLUMN_RECORDS, head.size - same);
	if (!all)
		return false;
	memcpy(u->to, all, head.size - same);
	if (same)
		memcpy(u->to + head.size - same, u->last + u->last_size - same, same);
	took(u, head.size, again);
	return !u->bad;
}

/* ---- a block ---- */

static bool part_columns(struct unpacking *u, const unsigned char *packed, size_t len)
{
	uint32_t lengths[_COLUMNS];
	size_t at = u->ncolumns * sizeof(lengths[0]);

	if (len < at)
		return false;
	memcpy(lengths, packed, at);
	for (unsigned i = 0; i < u->ncolumns; i++) {
		if (lengths[i] > len - at)
			return false;
		u->column[i] = (struct span){ packed + at, packed + at + lengths[i] };
		at += lengths[i];
	}
	return at == len;
}

static bool all_taken(const struct unpacking *u)
{
	for (unsigned i = 0; i < u->ncolumns; i++)
		if (u->column[i].at != u->column[i].end)
			return false;
	return u->to == u->end;
}

int columns_unpack(const void *packed, size_t len, unsigned ncolumns, char *to, size_t raw)
{
	struct unpacking *u = xmalloc(sizeof(*u));
	bool good;

	memset(u, 0, offsetof(struct unpacking, shapes));
	u->ncolumns = ncolumns;
	u->to = to;
	u->end = to + raw;
	good = part_columns(u, packed, len);
	while (good && u->column[COLUMN_SHAPE].at < u->column[COLUMN_SHAPE].end) {
		unsigned shape = byte(u, COLUMN_SHAPE);

		if (shape == SHAPE_RECORD || shape == SHAPE_AGAIN)
			good = get_record(u, shape == SHAPE_AGAIN);
		else
			good = shape == SHAPE_LIST || shape == SHAPE_ALIKE ? get_long(u, shape == SHAPE_ALIKE)
									   : get_call(u, shape);
	}
	good = good && all_taken(u);
	free(u);
	return good ? 0 : -EBADMSG;
}
