/* SPDX-License-Identifier: MIT */
#include "analyze/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>

#include "abi/spec.h"
#include "decode/call.h"

static bool is_classic(const struct call *c)
{
	return c->nargs > 2 && c->spec->args[1].type == ARG_FLAGS;
}

static unsigned operation(const struct call *c)
{
	return is_classic(c) ? (unsigned)c->args[1].word & (unsigned)FUTEX_CMD_MASK : FUTEX_WAIT;
}

bool futex_wakes(const struct event *ev)
{
	if (ev->kind != EV_FUTEX)
		return false;
	if (!(ev->call->spec->groups & GRP_WAIT))
		return true;
	return ev->call->spec->when &&
	       (operation(ev->call) == FUTEX_WAKE ||
		!cond_holds(ev->call->spec->when, (uint64_t[6]){0, ev->call->args[1].word}));
}

/* FUTEX_WAKE, FUTEX_WAKE_BITSET and futex_wake(2) have there how many. */
bool futex_wakes_one(const struct call *c)
{
	return c->nargs > 2 && c->args[2].word == 1;
}

/* struct futex_waitv of futex_waitv(2) and futex_requeue(2), and its flag; headers before 5.16 have neither. */
struct waiter { uint64_t val, addr; uint32_t flags, reserved; };
enum { PRIVATE_2 = 128 /* FUTEX2_PRIVATE */ };

/* Of several that are waited for, the one that was woken, which the result is the number of; else the first. */
static struct futex_use of_several(const struct call *c)
{
	const struct part *p = parts_find(c->parts, c->nparts, 0, PART_BYTES, 0);
	uint64_t n = p ? p->len / sizeof(struct waiter) : 0, at = c->ret > 0 && !c->err ? (uint64_t)c->ret : 0;
	struct waiter w;

	if (at >= n)
		at = 0;
	if (at >= n)
		return (struct futex_use){0};
	memcpy(&w, p->bytes + at * sizeof(w), sizeof(w));
	return (struct futex_use){.addr = w.addr, .val = w.val, .is_private = w.flags & PRIVATE_2};
}

struct futex_use futex_use(const struct call *c)
{
	if (is_classic(c))
		return (struct futex_use){.addr = c->args[0].word,
					  .val = (uint32_t)c->args[2].word,
					  .is_private = c->args[1].word & FUTEX_PRIVATE_FLAG};
	if (c->nargs > 0 && c->spec->args[0].type == ARG_ARRAY_IN)
		return of_several(c);
	if (c->nargs > 3 && c->spec->args[3].type == ARG_FLAGS)	/* futex_wait(2), futex_wake(2) */
		return (struct futex_use){.addr = c->args[0].word,
					  .val = c->args[1].word,
					  .is_private = c->args[3].word & PRIVATE_2};
	return (struct futex_use){.is_private = true};
}

/* futex(2) and futex_waitv(2) have the timeout as their fourth argument, futex_wait(2) as its fifth. */
bool futex_is_endless(const struct call *c)
{
	unsigned at = !is_classic(c) && c->nargs > 3 && c->spec->args[3].type == ARG_FLAGS ? 4 : 3;

	return c->nargs > at && !c->args[at].word;
}

/* A value that is not there any more was changed by who would have woken it. */
bool futex_was_woken(const struct call *c)
{
	return !c->unfinished && (!c->err || c->err == EAGAIN);
}

/* So does glibc's pthread_join: from 2.43 on until a thread's state, which is 2, is 0 (pthread_join_common.c). */
static bool may_join(const struct call *c)
{
	return is_classic(c) && operation(c) == FUTEX_WAIT_BITSET && !(c->args[1].word & FUTEX_PRIVATE_FLAG) &&
	       c->nargs > 3 && !c->args[3].word;
}

/*
 * A word of 2 marks one that others wait for (glibc, Rust, Go; Drepper, "Futexes Are
 * Tricky"), in musl its top bit; a condition, a semaphore or an idle thread waits with another value, or with this one
 * among others: a barrier's round, a counter.  3 is glibc's rwlock, which waits with 2, too.  All bits set are a thread
 * of Rust that is parked until there is work.
 */
enum futex_sign futex_sign(const struct call *c)
{
	uint32_t val = (uint32_t)futex_use(c).val;
	unsigned op = operation(c);

	if (op == FUTEX_LOCK_PI || op == FUTEX_LOCK_PI2)
		return FUTEX_IS_LOCK;
	if (op != FUTEX_WAIT && op != FUTEX_WAIT_BITSET)
		return FUTEX_COUNTS;
	if ((val == 2 || (val >> 31 && val != UINT32_MAX)) && !may_join(c))
		return FUTEX_MAY_LOCK;
	return val == 3 ? FUTEX_SAYS_NOTHING : FUTEX_COUNTS;
}

/* glibc's pthread_join waits, not privately, until the word that has the thread's id is 0: pthread_join_common.c */
uint32_t futex_joins(const struct call *c)
{
	uint32_t tid;

	if (c->nargs < 3 || c->spec->args[1].type != ARG_FLAGS || c->args[1].word & FUTEX_PRIVATE_FLAG)
		return 0;
	tid = (uint32_t)c->args[2].word;
	return tid < 2 ? 0 : tid;
}
