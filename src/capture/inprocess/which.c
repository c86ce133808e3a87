/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/which.h"

#include "abi/spec.h"
#include "capture/inprocess/ring.h"
#include "capture/plan.h"
#include "record/record.h"

int which_path(const struct capture_plan *plan)
{
	for (int i = 0; i < 2; i++)
		if (plan->enter[i].op == PLAN_STR && plan->enter[i].max >= RING_PATH_MAX)
			return i;
	return -1;
}

bool which_opens(const struct capture_plan *plan)
{
	return plan->opens && plan->ask == ASK_KIND && which_path(plan) >= 0;
}

/* More than the path that a stub copies. */
static bool copies(const struct capture_plan *plan)
{
	int path = which_path(plan);

	for (int i = 0; i < 6; i++)
		if ((plan->enter[i].op && i != path) ||
		    (plan->leave[i].op && !(which_opens(plan) && i == path && plan->leave[i].op == PLAN_REAL)))
			return true;
	return false;
}

/* Events of fanotify have descriptors in them; a process that uses it has no stubs. */
static bool asks(const struct capture_plan *plan) { return plan->looks || (plan->ask && plan->ask != ASK_EVENTS); }

/* That of a socket ends with EINTR only where it was given a limit, and then its process has no stubs any more. */
static bool waits_otherwise(const struct syscall_spec *spec)
{
	return spec->wait.limit != WAIT_NOT && (spec->wait.limit < WAIT_RECV || spec->wait.limit > WAIT_SPLICE);
}

/* Descriptors come and go in the order of the ring, and nothing else is to be known of them. */
static bool is_ordered(const struct syscall_spec *spec) { return spec->effect == FX_CLOSE || spec->effect == FX_DUP; }

enum which which_call(unsigned nr, const struct capture_plan *plan, bool answered)
{
	const struct syscall_spec *spec = syscall_spec(ARCH_X86_64, nr);
	const struct effect_info *fx = effect_info((enum effect)spec->effect);
	unsigned category = spec_meaning(spec).category;

	if (answered)
		return WHICH_ANSWERED;
	if (!plan->wanted)
		return WHICH_UNWANTED;
	if (copies(plan))
		return WHICH_COPIED;
	if ((fx->names && !is_ordered(spec) && !which_opens(plan)) || (asks(plan) && !which_opens(plan)))
		return WHICH_NAMES;
	if (category == CAT_MEMORY)
		return WHICH_MEMORY;
	if (category == CAT_PROCESS || category == CAT_SIGNAL)
		return WHICH_TASKS;
	if (fx->waits || spec->groups & GRP_WAIT || waits_otherwise(spec))
		return WHICH_TIMED;
	if (!spec->name || spec->wraps || (!plan->exit && spec->effect != FX_CLOSE) || spec->ret == RET_NEVER ||
	    spec->ret == RET_FOREIGN)
		return WHICH_FORMS;
	return spec->nargs > WHICH_ARGS ? WHICH_LONG : WHICH_STUB;
}

const char *which_text(enum which which)
{
	static const char *const text[NWHICH] = {
		[WHICH_STUB] = "that a stub may make", [WHICH_UNWANTED] = "that are not recorded",
		[WHICH_COPIED] = "whose bytes are copied", [WHICH_NAMES] = "from which names come",
		[WHICH_MEMORY] = "that map memory", [WHICH_TASKS] = "about processes and signals",
		[WHICH_TIMED] = "that wait", [WHICH_ANSWERED] = "that compendium may answer",
		[WHICH_FORMS] = "with forms that are not recorded", [WHICH_LONG] = "with six arguments",
	};

	return text[which];
}
