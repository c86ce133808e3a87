/* SPDX-License-Identifier: MIT */
#include "analyze/turns.h"

#include "analyze/share.h"
#include "base/macro.h"

enum {
	TURNS_LEAST = 2,	/* one may be by chance */
	HELD_PERCENT = 50,	/* of the time that was waited */
	TURNS_EACH = 2,		/* for each wake-up that is none: a lock is taken without a wait, too */
};

void turns_waited(struct turns *t, enum futex_sign sign, uint32_t val, uint64_t start_ns, uint64_t end_ns)
{
	uint64_t from = MAX(start_ns, t->until_ns);

	t->values |= t->any && val != t->val;
	t->val = val;
	t->any = true;
	t->may |= sign == FUTEX_MAY_LOCK;
	t->is |= sign == FUTEX_IS_LOCK;
	t->counts |= sign == FUTEX_COUNTS;
	if (end_ns > from) {
		t->waited_ns = sum_of(t->waited_ns, end_ns - from);
		t->until_ns = end_ns;
	}
}

void turns_woken(struct turns *t, uint32_t task, uint64_t end_ns)
{
	t->before = t->now;
	t->now = (struct turn){ task, end_ns };
}

static bool ends(struct turns *t, struct turn *turn, uint32_t task, uint64_t at_ns)
{
	if (turn->task != task || at_ns < turn->since_ns)
		return false;
	t->held_ns = sum_of(t->held_ns, at_ns - turn->since_ns);
	t->n++;
	turn->task = 0;
	return true;
}

/* (The one that it wakes may be seen first, and then its turn is the one before.) */
void turns_woke(struct turns *t, uint32_t task, uint64_t at_ns)
{
	if (!ends(t, &t->now, task, at_ns) && !(at_ns <= t->now.since_ns && ends(t, &t->before, task, at_ns)))
		t->others++;
}

/*
 * That threads take turns is no sign where the value is a count, nor at a condition: those of a pool may wake each
 * other in turn while nothing is to do.
 */
static bool in_turns(const struct turns *t)
{
	return t->n >= TURNS_LEAST && t->n / TURNS_EACH >= t->others && !t->values && !t->condition &&
	       t->held_ns >= percent_of(t->waited_ns, HELD_PERCENT);
}

bool turns_lock(const struct turns *t)
{
	return t->is || (t->may && !t->counts) || in_turns(t);
}
