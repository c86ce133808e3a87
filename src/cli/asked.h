/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

struct chooser;
struct diag;
struct options;
struct sink_options;
struct totals;

bool asked_for_lines(const struct options *opt);	/* what happens is shown as it happens */
/* What the command line asks of sinks.  -errno with diag: options that do not go together. */
int asked_of_sinks(const struct options *opt, const struct totals *totals, const struct chooser *chooser,
		   struct sink_options *s, struct diag *diag);
