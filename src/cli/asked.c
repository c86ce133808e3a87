/* SPDX-License-Identifier: MIT */
#include "cli/asked.h"

#include <errno.h>
#include <unistd.h>

#include "analyze/counting.h"
#include "base/diag.h"
#include "base/term.h"
#include "cli/options.h"
#include "sink/chooser.h"
#include "sink/lines.h"
#include "sink/sink.h"
#include "sink/value.h"

enum { USAGE = 125 };

/* -c, -C: what is counted, and in which order. */
static int choose_counts(struct sink_options *s, const struct options *opt, struct diag *diag)
{
	if (!opt->count_only && !opt->count_too)
		return opt->by || opt->sort
			       ? diag_set(diag, USAGE, EINVAL, "%s belongs to the table of calls: give -c, too",
					  opt->by ? "--by" : "--sort")
			       : 0;
	s->counts = counting_by(opt->by ? opt->by : "call");
	if (!s->counts)
		return diag_set(diag, USAGE, EINVAL, "--by takes call, process, file, peer or errno, not \"%s\"",
				opt->by);
	if (!opt->sort)
		return 0;
	s->sort = counting_column(s->counts, opt->sort);
	if (s->sort >= 0)
		return 0;
	struct buf names = { 0 };

	if (counting_nearest(&names, s->counts, opt->sort)) {
		diag_set(diag, USAGE, EINVAL, "--sort: the table has no column \"%.64s\"; did you mean %s?", opt->sort,
			 names.s);
	} else {
		counting_columns(&names, s->counts);
		diag_set(diag, USAGE, EINVAL, "--sort: the table has no column \"%.64s\"; it has %.*s", opt->sort,
			 (int)names.len, names.s);
	}
	buf_done(&names);
	return -EINVAL;
}

bool asked_for_lines(const struct options *opt) { return !opt->quiet && !opt->count_only; }

int asked_of_sinks(const struct options *opt, const struct totals *totals, const struct chooser *chooser,
		   struct sink_options *s, struct diag *diag)
{
	*s = (struct sink_options){
		.verbose = opt->verbose,
		.all = opt->all,
		.show_comm = opt->show_comm,
		.color = term_wants_color(STDERR_FILENO, opt->color),
		.live = asked_for_lines(opt),
		.sort = -1,
		.fit = isatty(STDERR_FILENO) ? term_columns(STDERR_FILENO) : 0,
		.height = isatty(STDERR_FILENO) ? term_lines(STDERR_FILENO) : 0,
		.screen = opt->quiet && chooser ? term_lines(STDERR_FILENO) : 0,
		.named = chooser ? chooser_named(chooser) : NULL,
		.filter = chooser ? opt->filter : NULL,
		.max_report_events = opt->max_report_events,
		.sched_shown_ns = opt->sched_shown_us * 1000,
		.totals = totals,
	};
	s->reads = opt->read;
	s->summary_json = opt->summary_json;
	s->clock = opt->clock > CLOCK_EPOCH ? CLOCK_EPOCH : opt->clock;
	s->as_strace = opt->format == TEXT_STRACE;
	s->relative = opt->relative;
	s->call_times = opt->call_times;
	s->call_numbers = opt->call_numbers;
	s->value_flags = VALUE_LIMIT(opt->string_bytes) |
			 (opt->hex > 1 ? VALUE_ALL_HEX : opt->hex ? VALUE_HEX : 0);
	return choose_counts(s, opt, diag);
}
