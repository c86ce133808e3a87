/* SPDX-License-Identifier: MIT */
#pragma once
/* From the options that choose events to what is shown of them (sink/chooser.h) and what is captured for that. */
#include <stdbool.h>

struct capture_options;
struct chooser;
struct diag;
struct options;
struct totals;

/* *ret_chooser is NULL when nothing is chosen.  -EINVAL with diag. */
int choosing_open(const struct options *opt, struct totals *totals, struct chooser **ret_chooser, struct diag *diag);
/* Fills all_calls and what stands there for -e and --filter; every_call: every one is wanted that may be chosen. */
void choosing_capture(const struct options *opt, const struct chooser *chooser, bool every_call,
		      struct capture_options *c);
/* Why -c has to see a record of each call, as a part of a sentence; NULL: it has not, counting them is enough. */
const char *choosing_records(const struct options *opt);
/* Something is written, counted or looked for as it comes, beside lines and progress. */
bool choosing_records_at_once(const struct options *opt);
