/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/ring.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/sysmacros.h>

static _Atomic uint64_t *word(const struct ring *r, size_t at) { return (_Atomic uint64_t *)(void *)(r->mem + at); }

static _Atomic uint64_t *slot_at(const struct ring *r, uint64_t index)
{
	return word(r, RING_SLOTS + (index % RING_NSLOTS) * RING_SLOT);
}

static uint64_t handed_out(struct ring *r)
{
	uint64_t head = atomic_load_explicit(word(r, RING_HEAD), memory_order_acquire);

	if (head - r->tail <= RING_NSLOTS)
		return head;
	r->broken = true;	/* no stub hands out more: a head that was written */
	r->nlost++;
	return r->tail;
}

static bool take_void(struct ring *r, uint64_t index)
{
	uint64_t *bits = &r->voided[index % RING_NSLOTS / 64], bit = 1ull << index % 64;

	if (!(*bits & bit))
		return false;
	*bits &= ~bit;
	atomic_store_explicit(slot_at(r, index), 0, memory_order_relaxed);
	return true;
}

void ring_void(struct ring *r, uint32_t slot)
{
	if (r->mem && slot < RING_NSLOTS)
		r->voided[slot / 64] |= 1ull << slot % 64;
}

/* Parts are full but for the last, which ends with the only NUL. */
static bool is_path(const struct ring *r, const struct ring_slot *s, struct ring_part *ret)
{
	unsigned n = s->extra ? (s->extra - 1) % RING_PATH_PART : 0;	/* of its last byte */

	if (r->known[ret->nr] < RING_NUMBERS_PATH || !s->extra || s->extra > RING_PATH_MAX ||
	    memchr(s->path, 0, n) || (s->path[n] && n + 1 < RING_PATH_PART))
		return false;
	ret->path_len = s->extra;
	memcpy(ret->path, s->path, sizeof(ret->path));
	return true;
}

static uint64_t device(uint64_t two) { return makedev((uint32_t)two, (uint32_t)(two >> 32)); }

static bool is_opened(const struct ring_slot *s, struct ring_part *ret)
{
	if (ret->ret < 0)
		return true;
	ret->opened = (struct ring_opened){ s->extra, s->v[1], device(s->v[2]), device(s->v[3]) };
	return s->extra && s->extra <= UINT16_MAX && ret->ret <= INT32_MAX;
}

static bool makes_sense(const struct ring *r, const struct ring_slot *s, struct ring_part *ret)
{
	*ret = (struct ring_part){ .thread = s->thread, .nr = s->what & ~(uint32_t)(RING_ENDS | RING_PATH) };
	ret->ends = s->what & RING_ENDS;
	if (ret->nr >= RING_NRS || !r->known[ret->nr])
		return false;
	if (s->what & RING_PATH)
		return !ret->ends && is_path(r, s, ret);
	ret->tsc = s->tsc;
	if (ret->ends) {
		ret->ret = (int64_t)s->v[0];
		return r->known[ret->nr] != RING_OPENS || is_opened(s, ret);
	} else {
		memcpy(ret->args, s->v, sizeof(s->v));
		ret->args[4] = s->fifth;
	}
	return true;
}

/* No thread is in a stub any more, so nothing is going to be published. */
static void pass_over(struct ring *r)
{
	r->tail++;
	if (r->killed)
		r->killed--;
	else
		r->nlost++;
}

int ring_next(struct ring *r, struct ring_part *ret)
{
	struct ring_slot copy;
	uint64_t head;

	if (!r->mem || r->broken)
		return 0;
	head = handed_out(r);
	while (r->tail != head) {
		_Atomic uint64_t *slot = slot_at(r, r->tail);

		if (take_void(r, r->tail)) {
			r->tail++;
			continue;
		}
		if (!atomic_load_explicit(slot, memory_order_acquire)) {
			if (!r->last)
				return 0;
			pass_over(r);
			continue;
		}
		memcpy(&copy, (const void *)slot, sizeof(copy));
		atomic_store_explicit(slot, 0, memory_order_relaxed);
		r->tail++;
		if (copy.what == RING_NOTHING)
			continue;
		if (makes_sense(r, &copy, ret))
			return 1;
		r->nlost++;
	}
	return 0;
}

int ring_next_of(struct ring *r, uint64_t thread, uint64_t *at, struct ring_part *ret)
{
	struct ring_slot copy;
	uint64_t head;

	if (!r->mem || r->broken)
		return 0;
	head = handed_out(r);
	while (*at < head - r->tail) {
		uint64_t index = r->tail + (*at)++;
		_Atomic uint64_t *slot = slot_at(r, index);

		if (r->voided[index % RING_NSLOTS / 64] >> index % 64 & 1 ||
		    atomic_load_explicit(slot, memory_order_acquire) != thread)
			continue;
		memcpy(&copy, (const void *)slot, sizeof(copy));
		ring_void(r, (uint32_t)(index % RING_NSLOTS));
		copy.thread = thread;
		if (copy.what == RING_NOTHING)
			continue;
		if (makes_sense(r, &copy, ret))
			return 1;
		r->nlost++;
	}
	return 0;
}

uint64_t ring_head(const struct ring *r)
{
	return r->mem && !r->broken ? atomic_load_explicit(word(r, RING_HEAD), memory_order_acquire) : 0;
}

bool ring_waits(const struct ring *r)
{
	return r->mem && !r->broken && atomic_load_explicit(word(r, RING_HEAD), memory_order_relaxed) != r->tail;
}

void ring_show_tail(struct ring *r)
{
	if (r->mem && !r->broken)
		atomic_store_explicit(word(r, RING_TAIL), r->tail, memory_order_release);
}

void ring_end(struct ring *r, unsigned killed)
{
	r->last = true;
	r->killed = killed;
}
