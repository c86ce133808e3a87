/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One run, from options to exit status: the one place that knows all rooms.
 *
 *   capture (this thread) → ring → recording, decode, model, totals, sinks (a second thread)
 *
 * The capture thread only copies bytes, so that a tracee waits as little as
 * possible; a replay does both in one thread.
 */
struct diag;
struct options;

/* Returns the exit status; a death by signal as 128 + signal, with *ret_signal set for the caller to die by. */
int session_run(const struct options *opt, int *ret_signal, struct diag *diag);
