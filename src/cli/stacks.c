/* SPDX-License-Identifier: MIT */
#include "cli/stacks.h"

#include "abi/spec.h"
#include "base/macro.h"
#include "capture/source.h"
#include "cli/asked.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "event/event.h"
#include "filter/callset.h"
#include "model/effect.h"
#include "sink/chooser.h"

struct asked { const struct options *opt; const struct capture_options *c; };

/* Captured by its number, not only by default: what a file gets, and what -e names. */
static bool is_named(const struct capture_options *c, unsigned arch, unsigned nr)
{
	return c->all_calls || (c->chosen && callset_has(c->chosen, arch, nr));
}

static const struct event_info *line_of(const struct capture_options *c, unsigned arch, unsigned nr)
{
	const struct syscall_spec *spec = syscall_spec(arch, nr);

	if (!effect_info((enum effect)spec->effect)->by_default ||
	    (c->chosen && !(c->usual && callset_has(c->usual, arch, nr))))
		return event_info(EV_CALL);	/* it has none */
	return event_info(effect_row((enum effect)spec->effect)->kind);
}

static bool has_line(const void *ctx, unsigned arch, unsigned nr)
{
	const struct asked *a = ctx;

	return a->opt->stacks == STACKS_ALL && (is_named(a->c, arch, nr) || line_of(a->c, arch, nr)->live);
}

static bool has_line_failed(const void *ctx, unsigned arch, unsigned nr)
{
	const struct asked *a = ctx;

	return is_named(a->c, arch, nr) || line_of(a->c, arch, nr)->live_failed;
}

void stacks_choose(const struct options *opt, const struct chooser *chooser, struct capture_options *c)
{
	const struct asked asked = { opt, c };
	struct stack_wish *wish;

	if (!opt->stacks || (!asked_for_lines(opt) && !opt->noutputs))
		return;
	wish = xcalloc(1, sizeof(*wish));
	wish->always = callset_new(has_line, &asked, opt->stacks == STACKS_ALL);
	wish->failed = callset_new(has_line_failed, &asked, true);
	wish->screen = chooser ? chooser_screen(chooser) : NULL;
	if (c->in_process == IN_PROCESS_ON)
		signals_say("--in-process: not with -k, which looks at the program at each call");
	c->in_process = IN_PROCESS_OFF;
	c->stacks = wish;
}

void stacks_done(struct capture_options *c)
{
	if (!c->stacks)
		return;
	callset_free((struct callset *)(uintptr_t)c->stacks->always);
	callset_free((struct callset *)(uintptr_t)c->stacks->failed);
	free((void *)(uintptr_t)c->stacks);
	c->stacks = NULL;
}
