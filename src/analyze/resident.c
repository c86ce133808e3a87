/* SPDX-License-Identifier: MIT */
#include "analyze/resident.h"

#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "base/macro.h"
#include "decode/call.h"
#include "model/model.h"

/* A chunk of address space: a bit a page.  Beyond so many nothing new is kept: as much as 512 GB, each page touched. */
enum { PAGE_BITS = 12, CHUNK_BITS = 21, PAGES = 1 << (CHUNK_BITS - PAGE_BITS), CHUNKS_MAX = 1 << 18 };

struct chunk { uint64_t no; uint64_t bits[PAGES / 64]; UT_hash_handle hh; };
struct space { uint32_t proc; uint64_t npages; struct chunk *chunks; UT_hash_handle hh; };
struct resident { struct space *spaces; unsigned nchunks; };

struct resident *resident_new(void) { return xcalloc(1, sizeof(struct resident)); }

static void space_clear(struct resident *r, struct space *s)
{
	struct chunk *c, *next;

	HASH_ITER(hh, s->chunks, c, next) {
		HASH_DEL(s->chunks, c);
		free(c);
		r->nchunks--;
	}
	s->npages = 0;
}

static void space_free(struct resident *r, struct space *s)
{
	space_clear(r, s);
	HASH_DEL(r->spaces, s);
	free(s);
}

void resident_free(struct resident *r)
{
	struct space *s, *next;

	if (!r)
		return;
	HASH_ITER(hh, r->spaces, s, next)
		space_free(r, s);
	free(r);
}

static struct space *space_of(struct resident *r, uint32_t proc, bool make)
{
	struct space *s;

	HASH_FIND(hh, r->spaces, &proc, sizeof(proc), s);
	if (s || !make)
		return s;
	s = xcalloc(1, sizeof(*s));
	s->proc = proc;
	HASH_ADD(hh, r->spaces, proc, sizeof(s->proc), s);
	return s;
}

static struct chunk *chunk_of(struct resident *r, struct space *s, uint64_t no, bool make)
{
	struct chunk *c;

	HASH_FIND(hh, s->chunks, &no, sizeof(no), c);
	if (c || !make || r->nchunks >= CHUNKS_MAX)
		return c;
	c = xcalloc(1, sizeof(*c));
	c->no = no;
	HASH_ADD(hh, s->chunks, no, sizeof(c->no), c);
	r->nchunks++;
	return c;
}

static void touch(struct resident *r, struct space *s, uint64_t page)
{
	struct chunk *c = chunk_of(r, s, page / PAGES, true);
	uint64_t bit = 1ull << page % 64;

	if (c && !(c->bits[page % PAGES / 64] & bit)) {
		c->bits[page % PAGES / 64] |= bit;
		s->npages++;
	}
}

/* Takes the pages from first up to end out of a chunk, to another place so many pages on when there is one. */
static void take(struct resident *r, struct space *s, struct chunk *c, uint64_t first, uint64_t end,
		 const int64_t *move)
{
	uint64_t base = c->no * PAGES, left = 0;

	for (unsigned k = 0; k < PAGES / 64; k++) {
		for (uint64_t bits = c->bits[k]; bits; bits &= bits - 1) {
			uint64_t page = base + k * 64 + (unsigned)__builtin_ctzll(bits);

			if (page < first || page >= end)
				continue;
			c->bits[k] &= ~(1ull << page % 64);
			s->npages--;
			if (move)
				touch(r, s, page + (uint64_t)*move);
		}
		left |= c->bits[k];
	}
	if (!left) {
		HASH_DEL(s->chunks, c);
		free(c);
		r->nchunks--;
	}
}

/* A range may be of any size and there are few chunks, or the other way round. */
static void drop(struct resident *r, struct space *s, uint64_t addr, uint64_t nbytes, const int64_t *move)
{
	uint64_t last = nbytes > UINT64_MAX - addr ? UINT64_MAX : addr + nbytes - 1, first = addr >> PAGE_BITS,
		 end = (last >> PAGE_BITS) + 1;
	struct chunk *c, *next;

	if (!nbytes)
		return;
	if ((end - first) / PAGES < HASH_COUNT(s->chunks)) {
		for (uint64_t no = first / PAGES; no <= (end - 1) / PAGES; no++)
			if ((c = chunk_of(r, s, no, false)))
				take(r, s, c, first, end, move);
		return;
	}
	HASH_ITER(hh, s->chunks, c, next)
		if (c->no >= first / PAGES && c->no <= (end - 1) / PAGES)
			take(r, s, c, first, end, move);
}

static void copy(struct resident *r, const struct space *from, struct space *to)
{
	struct chunk *c, *next;

	space_clear(r, to);
	HASH_ITER(hh, from->chunks, c, next) {
		struct chunk *d = chunk_of(r, to, c->no, true);

		if (!d)
			continue;
		memcpy(d->bits, c->bits, sizeof(d->bits));
		for (unsigned k = 0; k < PAGES / 64; k++)
			to->npages += (unsigned)__builtin_popcountll(d->bits[k]);
	}
}

static void given_back(struct resident *r, struct space *s, const struct event *ev)
{
	int advice = ev->call ? (int)ev->call->args[2].word : 0;

	if (advice == MADV_DONTNEED || advice == MADV_REMOVE || advice == MADV_DONTNEED_LOCKED)
		drop(r, s, ev->addr, ev->nbytes, NULL);
}

static void moved(struct resident *r, struct space *s, const struct event *ev)
{
	if (!ev->call)
		return;
	uint64_t old = ev->call->args[0].word, old_len = ev->call->args[1].word, new = (uint64_t)ev->call->ret,
		 len = ev->call->args[2].word;
	const int64_t by = (int64_t)(new >> PAGE_BITS) - (int64_t)(old >> PAGE_BITS);	/* in pages */
	bool overlap = new < old + old_len && old < new + len;	/* the kernel never does that */

	if (len < old_len)
		drop(r, s, old + len, old_len - len, NULL);
	if (by)
		drop(r, s, old, MIN(len, old_len), overlap ? NULL : &by);
}

static __attribute__((noinline)) bool changes(struct resident *r, const struct event *ev, uint64_t *ret_nbytes)
{
	struct space *s, *child;
	uint64_t npages;

	s = space_of(r, ev->task->proc->id, ev->kind == EV_FAULT);
	if (!s)
		return false;
	switch (ev->kind) {
	case EV_FAULT:
		/* a huge page is all of its pages */
		npages = MAX(1u, MIN(ev->nbytes, 1u << 30) >> PAGE_BITS);
		for (uint64_t page = (ev->addr >> PAGE_BITS) & ~(npages - 1), i = 0; i < npages; i++)
			touch(r, s, page + i);
		break;
	case EV_MMAP:	/* what is mapped over is gone; what is new was not touched */
	case EV_MUNMAP:
		drop(r, s, ev->addr, ev->nbytes, NULL);
		break;
	case EV_BRK:
		if (ev->delta >= 0)
			return false;
		drop(r, s, ev->addr, -(uint64_t)ev->delta, NULL);
		break;
	case EV_MADVISE:
		given_back(r, s, ev);
		break;
	case EV_MREMAP:
		moved(r, s, ev);
		break;
	case EV_FORK:
		if (ev->child && ev->child->proc->mm != ev->task->proc->mm) {
			child = space_of(r, ev->child->proc->id, true);
			copy(r, s, child);
		}
		return false;
	case EV_EXEC:
		space_clear(r, s);
		break;
	case EV_EXIT:
		*ret_nbytes = 0;
		space_free(r, s);
		return true;
	default:
		return false;
	}
	*ret_nbytes = s->npages << PAGE_BITS;
	return true;
}

/* Without page faults, which most traces have none of, nothing is known. */
bool resident_event(struct resident *r, const struct event *ev, uint64_t *ret_nbytes)
{
	return (r->spaces || ev->kind == EV_FAULT) && ev->task && !ev->err && changes(r, ev, ret_nbytes);
}
