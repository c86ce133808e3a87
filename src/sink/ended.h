/* SPDX-License-Identifier: MIT */
#pragma once
/* How a process, or the run, ended: in words, the same wherever it is shown. */
#include <stdbool.h>

struct buf;
struct totals;
struct totals_proc;

/* status: wait form, -1 not known.  "exit 3", "killed by SIGSEGV (core dumped)", "exit, status unknown" */
void ended_status(struct buf *b, int status);
/* The same where there is little room: "exit 3", "SIGSEGV"; "" when not known. */
void ended_briefly(struct buf *b, int status);
/* A process of a table: "exit 3", "SIGSEGV", "ended" (not known how), "runs on". */
void ended_of_proc(struct buf *b, const struct totals_proc *p);
/*
 * The run: "exit 3", "killed by SIGSEGV (core dumped)", "detached, 2 processes run on", …; as a line: "Exit: 3",
 * "Killed …"
 */
void ended_of_run(struct buf *b, const struct totals *t, bool line);
bool ended_badly(int status);		/* another exit status than 0, or a signal */
int ended_run_status(const struct totals *t);	/* the command's; with -p that of the only process, when it ended; -1 */
