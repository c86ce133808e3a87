/* SPDX-License-Identifier: MIT */
#include "cli/diff.h"

#include <errno.h>
#include <stdio.h>

#include "analyze/totals.h"
#include "base/buf.h"
#include "base/diag.h"
#include "cli/before.h"
#include "cli/noise.h"
#include "cli/options.h"
#include "cli/session.h"
#include "sink/diff_text.h"

enum { TROUBLE = 125 };

/* The second run once more, with what --report and its like write of it; nothing on the terminal. */
static int write_outputs(const struct options *opt, struct diag *diag)
{
	struct options of_second = *opt;
	int signo;

	of_second.before = opt->read;
	of_second.reads = &of_second.diff;
	of_second.nreads = 1;
	of_second.read = opt->diff;
	of_second.no_terminal = true;
	return session_run(&of_second, &signo, diag);
}

int diff_run(const struct options *opt, struct diag *diag)
{
	const char *const names[2] = {opt->read, opt->diff};
	struct totals *runs[2] = {NULL, NULL};
	struct buf b = {0};
	uint32_t noise_shown = 0;
	int rc = opt->noise ? noise_choose(opt->noise, &noise_shown, diag) : 0;

	for (unsigned i = 0; i < 2 && rc >= 0; i++)
		rc = before_load(names[i], noise_shown, &runs[i], diag);
	if (rc < 0) {
		rc = diag->exit_status ? diag->exit_status : TROUBLE;
	} else {
		diff_print *print = opt->summary_ndjson ? diff_ndjson : opt->summary_json ? diff_json : diff_text;

		rc = print(&b, (const struct totals *const[2]){runs[0], runs[1]}, names, opt->all);
		if (fwrite(b.s, 1, b.len, stdout) != b.len || fflush(stdout)) {
			diag_set(diag, TROUBLE, errno,
				 "the differences could not be written to the standard output: %m");
			rc = TROUBLE;
		}
		if (opt->noutputs && rc != TROUBLE && write_outputs(opt, diag) == TROUBLE)
			rc = TROUBLE;
	}
	buf_done(&b);
	totals_free(runs[0]);
	totals_free(runs[1]);
	return rc;
}
