/* SPDX-License-Identifier: MIT */
#include "cli/choosing.h"

#include <stddef.h>
#include <string.h>

#include "abi/spec.h"
#include "analyze/counting.h"
#include "analyze/totals.h"
#include "capture/plan.h"
#include "capture/source.h"
#include "cli/options.h"
#include "filter/callset.h"
#include "sink/chooser.h"

int choosing_open(const struct options *opt, struct totals *totals, struct chooser **ret_chooser, struct diag *diag)
{
	const struct chooser_wish wish = {
		.filter = opt->filter,
		.parts = opt->filter_parts,
		.nparts = opt->nfilter_parts,
		.calls = opt->calls,
		.calls_text = opt->calls_text,
		.signals_hidden = opt->signals_hidden,
	};
	int rc = chooser_new(&wish, totals, ret_chooser, diag);

	totals->group_by = opt->by && counting_by(opt->by) ? counting_group(counting_by(opt->by)) : GROUP_NONE;
	totals->noise_meant = *ret_chooser && chooser_names_objects(*ret_chooser);
	return rc;
}

/* Not only text: when a socket was closed is in it, too. */
static bool writes_data(const struct options *opt)
{
	for (unsigned i = 0; i < opt->noutputs; i++)
		if (opt->outputs[i].kind != OUTPUT_TEXT)
			return true;
	return false;
}

bool choosing_records_at_once(const struct options *opt)
{
	return writes_data(opt) || opt->events || opt->last_ns || opt->last_bytes || opt->dump_when;
}

const char *choosing_records(const struct options *opt)
{
	if (opt->by && strcmp(opt->by, "call") != 0)
		return "--by asks what each call was about, and how long it took";
	if (opt->filter)
		return "a filter is asked about each";
	if (writes_data(opt) || opt->summary_json)
		return "another output needs them";
	if (opt->events || opt->progress)
		return "events are counted as they come";
	return NULL;
}

void choosing_capture(const struct options *opt, const struct chooser *chooser, bool every_call,
		      struct capture_options *c)
{
	const struct callset *may = chooser ? chooser_may(chooser) : NULL,
			     *named = chooser ? chooser_named(chooser) : NULL;
	bool narrow = may && !callset_is_all(may);

	c->all_calls = every_call && !narrow;
	c->want_maps = (every_call && !opt->calls) || opt->faults;
	c->usual = may;
	c->names = NAMES_ALL;
	c->strings_begin = !writes_data(opt);
	if (narrow)
		c->chosen = every_call ? may : named;
	else if (!every_call && named && !callset_is_empty(named))
		c->chosen = named;
	c->count = opt->count_only && !choosing_records(opt);
	/* --events counts what comes, and so does the line of --progress */
	if (chooser && !writes_data(opt) && !opt->events && !opt->progress)
		c->screen = chooser_screen(chooser);
	c->chosen_text = opt->calls_text;
	c->filter_text = narrow ? opt->filter : NULL;
	/* the summary has no memory then (totals_knows_memory()) */
	c->no_resident = c->filter_text && !writes_data(opt) && !opt->summary_json && !opt->diff;
	/* nor where time went, which is of those tasks alone whose ends were chosen (spending_event()) */
	c->no_own_cpu = c->no_resident && !chooser_may_end(chooser);
	if (c->chosen && !writes_data(opt))
		c->names = c->count ? NAMES_TASKS : plan_names(c->chosen, c->usual);
}
