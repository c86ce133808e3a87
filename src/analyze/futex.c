/* SPDX-License-Identifier: MIT */
#include "analyze/futex.h"

#include <linux/futex.h>

#include "abi/spec.h"
#include "decode/call.h"

bool futex_wakes(const struct event *ev)
{
	if (ev->kind != EV_FUTEX)
		return false;
	if (!(ev->call->spec->groups & GRP_WAIT))
		return true;
	return ev->call->spec->when && !cond_holds(ev->call->spec->when, (uint64_t[6]){0, ev->call->args[1].word});
}

/*
 * A word of 2 marks one that others wait for (glibc, Rust, Go; Drepper, "Futexes Are
 * Tricky"), in musl its top bit; a condition, a semaphore or an idle thread waits with another value.
 */
bool futex_locks(const struct call *c)
{
	unsigned op, val;

	if (c->nargs < 3 || c->spec->args[1].type != ARG_FLAGS)
		return false;
	op = (unsigned)c->args[1].word & (unsigned)FUTEX_CMD_MASK;
	val = (unsigned)c->args[2].word;
	return op == FUTEX_LOCK_PI || op == FUTEX_LOCK_PI2 ||
	       ((op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET) && (val == 2 || val >> 31));
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
