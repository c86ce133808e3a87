/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/which.h"

#include <sys/syscall.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "capture/inprocess/ring.h"
#include "capture/plan.h"
#include "record/record.h"

/* true: it is one of the strings that a stub copies. */
static bool add_string(struct which_copies *c, const struct plan_arg *a, int arg)
{
	int n = c->path[0] < 0 ? 0 : 1;

	if (a->op != PLAN_STR || a->max < RING_PATH_MAX || c->path[n] >= 0 || arg >= WHICH_ARGS)
		return false;
	c->path[n] = (int8_t)arg;
	return true;
}

/* Words of eight bytes are copied before what is left. */
static bool add_bytes(struct which_bytes *b, const struct plan_arg *a, int arg, enum plan_op by_other)
{
	const bool by_size = a->op == PLAN_FIXED;
	const uint32_t max = by_size ? a->size : a->max;
	const bool more = max > RING_BYTES_MAX && a->op == PLAN_LEN_RET;

	if ((!by_size && (a->op != by_other || a->size != 1)) || b->arg >= 0 || arg >= WHICH_ARGS || max < 8 ||
	    (max > RING_BYTES_MAX && !more) || (a->op == PLAN_LEN_ARG && a->len >= WHICH_ARGS))
		return false;
	*b = (struct which_bytes){ .arg = (int8_t)arg,
				   .by = by_size ? BY_SIZE : a->op == PLAN_LEN_ARG ? BY_LEN : BY_RESULT,
				   .len = a->len,
				   .narrow = a->narrow,
				   .more = more,
				   .max = (uint16_t)MIN(max, (uint32_t)RING_BYTES_MAX) };
	return true;
}

/* Where the pointer is NULL nothing is copied, by whatever way. */
static bool add_null(struct which_copies *c, const struct plan_arg *a, int arg)
{
	if (a->op != PLAN_LEN_ARG && a->op != PLAN_LEN_AT && a->op != PLAN_FIXED)
		return false;
	c->nulls |= (uint8_t)(1 << arg);
	return true;
}

bool which_copies(const struct capture_plan *plan, struct which_copies *ret)
{
	*ret = (struct which_copies){ .path = { -1, -1 }, .in.arg = -1, .out.arg = -1 };
	for (int i = 0; i < 6; i++) {
		const struct plan_arg *in = &plan->enter[i], *out = &plan->leave[i];

		if (in->op && !add_string(ret, in, i) && !add_bytes(&ret->in, in, i, PLAN_LEN_ARG) &&
		    !add_null(ret, in, i))
			return false;
		/* where an opened name led is asked at a stop, where that matters */
		if (out->op && !(out->op == PLAN_REAL && plan->opens && plan->ask == ASK_KIND && i == ret->path[0]) &&
		    !add_bytes(&ret->out, out, i, PLAN_LEN_RET) && !add_null(ret, out, i))
			return false;
	}
	return true;
}

bool which_opens(const struct capture_plan *plan)
{
	struct which_copies c;

	return plan->opens && plan->ask == ASK_KIND && which_copies(plan, &c) && c.path[0] >= 0 && c.out.arg < 0;
}

uint64_t which_wants(const struct which_bytes *w, const uint64_t *args, int64_t result)
{
	if (w->arg < 0 || !args[w->arg] || result < 0)
		return 0;
	if (w->by == BY_SIZE)
		return w->max;
	if (w->by == BY_RESULT)
		return (uint64_t)result;
	return w->narrow ? (uint32_t)args[w->len] : args[w->len];
}

static unsigned slots(unsigned bytes) { return (bytes + RING_PART - 1) / RING_PART; }

unsigned which_slots(const struct which_copies *c)
{
	unsigned n = 2;

	for (int i = 0; i < 2; i++)
		n += c->path[i] >= 0 ? slots(RING_PATH_MAX) : 0;
	return n + (c->in.arg >= 0 ? slots(c->in.max) : 0) + (c->out.arg >= 0 ? slots(c->out.max) : 0);
}

uint8_t which_known(unsigned nr, const struct capture_plan *plan, const struct which_copies *c)
{
	unsigned known = RING_KNOWN;

	known |= syscall_spec(ARCH_X86_64, nr)->nargs > WHICH_ARGS ? RING_SIX : 0;
	known |= which_opens(plan) ? RING_OPENS : 0;
	known |= c->path[0] >= 0 ? 1 << RING_A_PATH : 0;
	known |= c->path[1] >= 0 ? 1 << RING_A_SECOND_PATH : 0;
	known |= c->in.arg >= 0 ? 1 << RING_AN_IN : 0;
	known |= c->out.arg >= 0 ? 1 << RING_AN_OUT : 0;
	known |= c->out.more ? RING_ASKS_MORE : 0;
	return (uint8_t)known;
}

/* Events of fanotify have descriptors in them; a process that uses it has no stubs. */
static bool asks(const struct capture_plan *plan) { return plan->looks || (plan->ask && plan->ask != ASK_EVENTS); }

/* That of a socket ends with EINTR only where it was given a limit, and then its process has no stubs any more. */
static bool waits_otherwise(const struct syscall_spec *spec)
{
	return spec->wait.limit != WAIT_NOT && (spec->wait.limit < WAIT_RECV || spec->wait.limit > WAIT_SPLICE);
}

/* Descriptors come and go in the order of the ring, and nothing else is to be known of them. */
static bool is_ordered(const struct syscall_spec *spec)
{
	return spec->effect == FX_CLOSE || spec->effect == FX_DUP || spec->effect == FX_FCNTL ||
	       spec->effect == FX_RENAME;
}

/* It goes on at once, and is traced for what others wait for. */
static bool waits_never(const struct syscall_spec *spec)
{
	return spec->effect == FX_POLL && !(spec->groups & GRP_WAIT);
}

/* An address of a socket, an offset other than the file's: of calls that are mostly made without. */
static bool may_be_null(const struct syscall_spec *spec, const struct which_copies *c)
{
	for (unsigned i = 0; i < 6; i++)
		if (c->nulls >> i & 1 && spec->args[i].type != ARG_SOCKADDR_IN &&
		    spec->args[i].type != ARG_SOCKADDR_OUT && spec->args[i].type != ARG_STRUCT_INOUT)
			return false;
	return !c->nulls || (spec_meaning(spec).io && __builtin_popcount(c->nulls) <= WHICH_NULLS);
}

/* Of an address space; the others (mremap, shmat, mlockall) stop. */
static const struct { uint16_t nr; uint8_t guard; } guards[] = {
	{ SYS_mmap, GUARD_MMAP }, { SYS_munmap, GUARD_START }, { SYS_mprotect, GUARD_START },
	{ SYS_madvise, GUARD_START }, { SYS_brk, GUARD_NOTHING },
};

enum which_guard which_guard(unsigned nr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(guards); i++)
		if (guards[i].nr == nr)
			return (enum which_guard)guards[i].guard;
	return GUARD_NONE;
}

/* As many bytes as it fills whatever it returns: of a result that a stub keeps in 31 bits. */
static bool fills_for_any(const struct syscall_spec *spec, const struct which_copies *c)
{
	return c->out.arg >= 0 && c->out.by == BY_SIZE && spec->ret != RET_INT;
}

enum which which_call(unsigned nr, const struct capture_plan *plan, bool answered)
{
	const struct syscall_spec *spec = syscall_spec(ARCH_X86_64, nr);
	const struct effect_info *fx = effect_info((enum effect)spec->effect);
	unsigned category = spec_meaning(spec).category;
	struct which_copies copied;

	if (answered)
		return WHICH_ANSWERED;
	if (!plan->wanted)
		return WHICH_UNWANTED;
	if (!which_copies(plan, &copied) || fills_for_any(spec, &copied) || !may_be_null(spec, &copied))
		return WHICH_COPIED;
	if ((fx->names && !is_ordered(spec) && !which_opens(plan)) || (asks(plan) && !which_opens(plan)))
		return WHICH_NAMES;
	if (category == CAT_MEMORY && which_guard(nr) == GUARD_NONE)
		return WHICH_MEMORY;
	if (category == CAT_PROCESS || category == CAT_SIGNAL)
		return WHICH_TASKS;
	if ((fx->waits && !waits_never(spec)) || spec->groups & GRP_WAIT || waits_otherwise(spec))
		return WHICH_TIMED;
	if (!spec->name || spec->wraps || spec->ret == RET_NEVER || spec->ret == RET_FOREIGN)
		return WHICH_FORMS;
	return WHICH_STUB;
}

const char *which_text(enum which which)
{
	static const char *const text[NWHICH] = {
		[WHICH_STUB] = "that a stub may make", [WHICH_UNWANTED] = "that are not recorded",
		[WHICH_COPIED] = "whose bytes are copied", [WHICH_NAMES] = "from which names come",
		[WHICH_MEMORY] = "that map memory", [WHICH_TASKS] = "about processes and signals",
		[WHICH_TIMED] = "that wait", [WHICH_ANSWERED] = "that compendium may answer",
		[WHICH_FORMS] = "that stand for others",
	};

	return text[which];
}
