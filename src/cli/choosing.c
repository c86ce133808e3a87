/* SPDX-License-Identifier: MIT */
#include "cli/choosing.h"

#include <stddef.h>

#include "abi/spec.h"
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
		.calls = opt->calls,
		.calls_text = opt->calls_text,
		.signals_hidden = opt->signals_hidden,
	};
	int rc = chooser_new(&wish, totals, ret_chooser, diag);

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
	if (narrow)
		c->chosen = every_call ? may : named;
	else if (!every_call && named && !callset_is_empty(named))
		c->chosen = named;
	c->chosen_text = opt->calls_text;
	c->filter_text = narrow ? opt->filter : NULL;
	if (c->chosen && !writes_data(opt))
		c->names = plan_names(c->chosen, c->usual);
}
