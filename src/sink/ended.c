/* SPDX-License-Identifier: MIT */
#include "sink/ended.h"

#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/totals.h"
#include "base/buf.h"

bool ended_badly(int status) { return status > 0; }

static void killed_by(struct buf *b, const char *killed, int status)
{
	buf_puts(b, killed);
	buf_puts(b, " by ");
	buf_puts(b, signal_name(WTERMSIG(status)));
	if (WCOREDUMP(status))
		buf_puts(b, " (core dumped)");
}

void ended_status(struct buf *b, int status)
{
	if (status < 0)
		buf_puts(b, "exit, status unknown");
	else if (WIFSIGNALED(status))
		killed_by(b, "killed", status);
	else
		ended_briefly(b, status);
}

void ended_briefly(struct buf *b, int status)
{
	if (status < 0)
		return;
	if (WIFSIGNALED(status)) {
		buf_puts(b, signal_name(WTERMSIG(status)));
		return;
	}
	buf_puts(b, "exit ");
	buf_u64(b, (unsigned)WEXITSTATUS(status));
}

void ended_of_proc(struct buf *b, const struct totals_proc *p)
{
	if (p->end_ns && p->status >= 0)
		ended_briefly(b, p->status);
	else
		buf_puts(b, p->end_ns ? "ended" : "runs on");
}

int ended_run_status(const struct totals *t)
{
	const struct totals_proc *p = totals_proc(t, t->main_proc);

	return t->status < 0 && t->nprocs == 1 && p && p->end_ns ? p->status : t->status;
}

void ended_of_run(struct buf *b, const struct totals *t)
{
	int status = ended_run_status(t);

	if (!t->ended)
		buf_puts(b, "Exit: unknown, the recording is cut off here");
	else if (status >= 0 && WIFSIGNALED(status))
		killed_by(b, "Killed", status);
	else if (status >= 0)
		buf_printf(b, "Exit: %d", WEXITSTATUS(status));
	else if (!t->nalive)
		buf_puts(b, "All traced processes have ended");
	else
		buf_printf(b, "Detached: %u process%s on", t->nalive, t->nalive == 1 ? " runs" : "es run");
}
