/* SPDX-License-Identifier: MIT */
/*
 * Calls that are what the last call of their shape was, but for the times: loops make thousands of them.  What is put
 * for one is known after the first, so that comparing is most of the work.
 */
#include <string.h>

#include "base/macro.h"
#include "record/columns_part.h"
#include "record/record.h"

/* All but ts_ns and exit_ns, and of that whether it is 0. */
static inline bool is_again(const struct record_call *a, const struct record_call *b)
{
	const char *p = (const char *)(a + 1), *q = (const char *)(b + 1), *end = (const char *)b + b->h.size;
	uint64_t x[2], y[2], z[2], differs = 0;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	memcpy(z, &a->nr, 8);
	memcpy(z + 1, &b->nr, 8);
	if ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (z[0] ^ z[1]) | (a->args[0] ^ b->args[0]) | (a->args[1] ^ b->args[1]))
		return false;
	for (unsigned i = 2; i < 6; i++)
		differs |= a->args[i] ^ b->args[i];
	if (differs | (uint64_t)(a->ret ^ b->ret) | (!a->exit_ns ^ !b->exit_ns))
		return false;
	return !memcmp(p, q, (size_t)(end - q));
}

/* How a chunk is put that is as it was.  false: not in one go. */
static bool put_of(struct columns *c, struct again *again, const struct shape_state *last, unsigned flags,
		   const char *p, size_t len)
{
	size_t words = ALIGN8(len) / 8;
	bool after = flags & CHUNK_AT_EXIT;
	struct again_put *put = &again->puts[again->nputs];

	if (!len)
		return true;
	again->nputs++;
	if (may_be_struct(flags, len)) {
		*put = (struct again_put){ 1, COLUMN_WHICH, 1 };
		return count_same(p, last->of_struct, words) == words;
	}
	if (len < SAME_MIN) {
		*put = (struct again_put){ 0, after ? COLUMN_DATA : COLUMN_TEXT, (uint8_t)len };
		memcpy(&put->word, p, len);
		return true;
	}
	*put = (struct again_put){ words, COLUMN_SAME, 1 };
	if (!after && len == last->text.len && len <= KEPT_TEXT && count_same(p, last->text.words, words) == words)
		return true;
	again->of_read = true;
	again->reads = c->reads;
	if (!after)
		put->word = SAME_AS_READ;
	return len == c->read.len && len <= KEPT_READ && count_same(p, c->read.words, words) == words;
}

static void find_puts(struct columns *c, struct shape *shape)
{
	struct again *again = &shape->again;
	const char *p = (const char *)(again->call + 1);

	again->nputs = 0;
	again->of_read = false;
	for (unsigned i = 0; i < again->call->nchunks; i++) {
		size_t len = shape->last.lengths[i];

		p += sizeof(struct record_chunk);
		if (!put_of(c, again, &shape->last, chunk_flags(&shape->key, i), p, len)) {
			again->nputs = AGAIN_NOT;
			return;
		}
		p += ALIGN8(len);
	}
}

bool columns_add_again(struct columns *c, const struct record_call *call)
{
	unsigned n = *guess_of(c, call);
	struct shape *shape = &c->shapes[n];
	struct again *again = &shape->again;
	struct thread *thread;

	if (again->batch != c->batch || again->nputs == AGAIN_NOT || !is_again(again->call, call))
		return false;
	if (again->nputs == AGAIN_UNKNOWN || (again->of_read && again->reads != c->reads))
		find_puts(c, shape);
	if (again->nputs < 0)
		return false;
	c->thread = again->thread;
	thread = &c->threads[c->thread];
	put_byte(c, COLUMN_SHAPE, (uint8_t)n);
	put_byte(c, COLUMN_THREAD, again->thread);
	put_byte(c, COLUMN_CHANGED, 0);
	for (int i = 0; i < again->nputs; i++) {
		const struct again_put *put = &again->puts[i];
		struct buf *b = &c->column[put->column];

		memcpy(b->s + b->len, &put->word, 8);
		b->len += put->n;
	}
	put_time(c, COLUMN_GAP_LOW, call->h.ts_ns - thread->end_ns);
	if (call->exit_ns)
		put_time(c, COLUMN_TOOK_LOW, call->exit_ns - call->h.ts_ns);
	c->end_ns = thread->end_ns = call->exit_ns ? call->exit_ns : call->h.ts_ns;
	return true;
}
