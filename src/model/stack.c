/* SPDX-License-Identifier: MIT */
#include "model/stack.h"

#include <string.h>

#include "event/event.h"
#include "model/path.h"
#include "model/task.h"

/* Strings of the record, which its frames name by their places. */
struct list { struct { const char *s; uint32_t len; } v[STACK_FRAMES_MAX]; unsigned n; };

static void list_parts(struct list *l, const struct item *item, enum chunk_part kind)
{
	l->n = 0;
	for (unsigned i = 0; i < item->nparts && l->n < STACK_FRAMES_MAX; i++)
		if (item->parts[i].part == kind) {
			l->v[l->n].s = item->parts[i].bytes;
			l->v[l->n++].len = item->parts[i].len;
		}
}

/* A string moves behind what the buffer has room for already; place 0, or one that is not there: none. */
static const char *keep(struct buf *b, const struct list *l, uint32_t place, uint32_t *ret_len)
{
	const char *at = b->s + b->len;

	*ret_len = place && place <= l->n ? l->v[place - 1].len : 0;
	if (!*ret_len)
		return NULL;
	memcpy(b->s + b->len, l->v[place - 1].s, *ret_len);
	b->len += *ret_len;
	return at;
}

static size_t size_of(const struct list *l)
{
	size_t n = 0;

	for (unsigned i = 0; i < l->n; i++)
		n += l->v[i].len;
	return n;
}

static void copy_frames(struct buf *b, const struct item *item, const struct record_frame *from, const struct tnode *t)
{
	struct frame *frames;
	struct stack *s;
	const struct frame *shared[2][STACK_FRAMES_MAX + 1] = { 0 };
	struct list files, symbols;

	list_parts(&files, item, PART_PATH);
	list_parts(&symbols, item, PART_SYMBOL);
	for (unsigned i = 0; t && i < files.n; i++)
		path_inside(&t->t.fs->root, &files.v[i].s, &files.v[i].len);
	buf_grow(b, size_of(&files) + size_of(&symbols));
	s = (struct stack *)(void *)b->s;
	frames = (struct frame *)(s + 1);
	s->frames = frames;
	for (unsigned i = 0; i < s->n; i++) {
		struct frame *f = &frames[i];
		uint32_t file = MIN(from[i].file, (rec_u32)STACK_FRAMES_MAX),
			 symbol = MIN(from[i].symbol, (rec_u32)STACK_FRAMES_MAX);

		*f = (struct frame){ .ip = from[i].ip, .offset = from[i].offset, .into = from[i].into };
		if (shared[0][file])
			f->file = shared[0][file]->file, f->file_len = shared[0][file]->file_len;
		else
			f->file = keep(b, &files, from[i].file, &f->file_len);
		if (shared[1][symbol])
			f->symbol = shared[1][symbol]->symbol, f->symbol_len = shared[1][symbol]->symbol_len;
		else
			f->symbol = keep(b, &symbols, from[i].symbol, &f->symbol_len);
		shared[0][file] = file ? f : NULL;
		shared[1][symbol] = symbol ? f : NULL;
	}
}

void stack_came(struct world *w, const struct item *item)
{
	const struct part *p = parts_find(item->parts, item->nparts, -1, PART_FRAMES, 0);
	unsigned n = p ? MIN(p->len / (unsigned)sizeof(struct record_frame), (unsigned)STACK_FRAMES_MAX) : 0;
	struct buf *b = &w->stack.kept;
	struct stack *s;

	buf_reset(b);
	if (!n)
		return;
	w->stack.tid = item->head->tid;
	w->stack.enter_ns = item->head->ts_ns;
	buf_grow(b, sizeof(*s) + n * sizeof(struct frame));
	b->len = sizeof(*s) + n * sizeof(struct frame);
	s = (struct stack *)(void *)b->s;
	*s = (struct stack){ .n = n, .cut = item->head->flags & STACK_CUT, .broken = item->head->flags & STACK_BROKEN };
	copy_frames(b, item, (const struct record_frame *)(const void *)p->bytes, task_find(w, item->head->tid));
}

const struct stack *stack_take(struct world *w, const struct tnode *t, uint64_t enter_ns)
{
	if (!w->stack.kept.len || w->stack.tid != t->t.tid || w->stack.enter_ns != enter_ns)
		return NULL;
	w->stack.tid = 0;
	return (const struct stack *)(const void *)w->stack.kept.s;
}
