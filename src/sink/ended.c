/* SPDX-License-Identifier: MIT */
#include "sink/ended.h"

#include <ctype.h>
#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/text.h"

bool ended_badly(int status) { return status > 0; }

void ended_status(struct buf *b, int status)
{
	if (status < 0) {
		buf_puts(b, "exit, status unknown");
		return;
	}
	if (WIFSIGNALED(status))
		buf_puts(b, "killed by ");
	ended_briefly(b, status);
	if (WIFSIGNALED(status) && WCOREDUMP(status))
		buf_puts(b, " (core dumped)");
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

/* A server ends with 0 when it was asked to: by which process, and how long before. */
static void asked_words(struct buf *b, const struct totals *t, const struct totals_proc *p)
{
	const struct totals_proc *by = NULL;

	buf_puts(b, ", ");
	human_ns(b, p->end_ns - p->asked.ts_ns);
	buf_printf(b, " after %s", signal_name(p->asked.signo));
	if (!p->asked.sender) {
		buf_puts(b, " from the terminal or the kernel");
		return;
	}
	for (unsigned i = 0; i < t->procs.n && !by; i++)
		if (t->procs.v[i]->pid == p->asked.sender && t->procs.v[i]->host == p->host)
			by = t->procs.v[i];
	buf_printf(b, " from pid %u", p->asked.sender);
	if (by && by->comm.len) {
		buf_puts(b, " (");
		text_safe(b, by->comm.s, by->comm.len);
		buf_putc(b, ')');
	}
}

void ended_of_run(struct buf *b, const struct totals *t, bool line)
{
	const struct totals_proc *main_proc = totals_proc(t, t->main_proc);
	int status = ended_run_status(t);
	size_t from = b->len;

	if (!t->ended)
		buf_printf(b, "exit%s unknown, the recording is cut off here", line ? ":" : "");
	else if (status >= 0 && WIFSIGNALED(status))
		ended_status(b, status);
	else if (status >= 0)
		buf_printf(b, "exit%s %d", line ? ":" : "", WEXITSTATUS(status));
	else if (t->goes_on)
		buf_printf(b, "the trace goes on after this recording, with %u process%s", t->nalive,
			   t->nalive == 1 ? "" : "es");
	else if (!t->nalive)
		buf_puts(b, "all traced processes have ended");
	else
		buf_printf(b, "detached%s %u process%s on", line ? ":" : ",", t->nalive,
			   t->nalive == 1 ? " runs" : "es run");
	if (line)
		b->s[from] = (char)toupper((unsigned char)b->s[from]);
	if (status >= 0 && main_proc && main_proc->broke)
		buf_puts(b, main_proc->broke == BROKE_PIPE ? ": nothing read its pipe any more"
							    : ": its connection was closed");
	else if (status >= 0 && main_proc && main_proc->fatal_from)
		buf_printf(b, main_proc->fatal_from == main_proc->pid ? ", sent by itself" : ", sent by pid %u",
			   main_proc->fatal_from);
	else if (status >= 0 && WIFEXITED(status) && main_proc && main_proc->asked.signo &&
		 main_proc->end_ns >= main_proc->asked.ts_ns)
		asked_words(b, t, main_proc);
	if (t->interrupted && status >= 0)
		buf_puts(b, " (interrupted)");
}
