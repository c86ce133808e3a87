/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The kernel backend: BPF programs in the kernel do what the ptrace backend
 * does at stops, and the traced program is never stopped.
 *
 *   capture.bpf.c  the programs; call.bpf.h has a call from entry to exit, copy.bpf.h what a plan copies,
 *                  facts.bpf.h what is asked about descriptors, follow.bpf.h who is traced
 *   kernel.c       what every program set needs: permission, libbpf's log, iterators
 *   load.c         configures, loads and attaches them
 *   kring.c        the kernel's ring buffer, read without wake-ups
 *   drain.c        what comes out of it, made into records
 *   hold.bpf.h     keeps the ring from overflowing
 *   guard.c        ends what is traced should we be killed
 *   bpf.c          the source
 *
 * -ENOTSUP: BPF is refused here; diag says by what, and how to get it.  note: what cannot be had, though tracing works.
 */
#include "capture/source.h"

int source_bpf_open(const struct capture_options *opt, struct source **ret_source, struct diag *note,
		    struct diag *diag);
