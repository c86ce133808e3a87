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

static enum ring_piece piece_of(uint32_t what)
{
	switch (what) {
	case RING_PATH: return RING_A_PATH;
	case RING_PATH2: return RING_A_SECOND_PATH;
	case RING_IN: return RING_AN_IN;
	case RING_OUT: return RING_AN_OUT;
	default: return RING_NO_PIECE;
	}
}

/* Parts are full but for the last, which, of a path, ends with the only NUL. */
static bool is_piece(const struct ring *r, const struct ring_slot *s, struct ring_part *ret)
{
	unsigned n = s->extra ? (s->extra - 1) % RING_PART : 0;	/* of its last byte */
	bool path = ret->piece == RING_A_PATH || ret->piece == RING_A_SECOND_PATH;

	if (!(r->known[ret->nr] >> ret->piece & 1) || !s->extra || s->extra > (path ? RING_PATH_MAX : RING_BYTES_MAX) ||
	    (path && (memchr(s->bytes, 0, n) || (s->bytes[n] && n + 1 < RING_PART))))
		return false;
	ret->len = s->extra;
	memcpy(ret->bytes, s->bytes, sizeof(ret->bytes));
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
	const uint32_t what = s->what & ~(uint32_t)(RING_NRS - 1);

	*ret = (struct ring_part){ .thread = s->thread, .nr = s->what & (RING_NRS - 1), .piece = piece_of(what) };
	ret->ends = what == RING_ENDS;
	if (!r->known[ret->nr])
		return false;
	if (ret->piece)
		return is_piece(r, s, ret);
	if (what && !ret->ends)
		return false;
	ret->tsc = s->tsc;
	if (ret->ends) {
		ret->ret = (int64_t)s->v[0];
		return !(r->known[ret->nr] & RING_OPENS) || is_opened(s, ret);
	} else {
		memcpy(ret->args, s->v, sizeof(s->v));
		ret->args[4] = s->fifth;
		ret->args[5] = r->known[ret->nr] & RING_SIX ? s->extra : 0;
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

bool ring_is_read_to(const struct ring *r, uint64_t head)
{
	return !r->mem || r->broken || (int64_t)(r->tail - head) >= 0;
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
