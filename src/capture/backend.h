/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The backends there are, and the choice among them: the one asked for, or the
 * best that is permitted here.
 */
#include "capture/source.h"

enum backend { BACKEND_AUTO, BACKEND_PTRACE, BACKEND_BPF };

/* Whether the bpf backend is what will be tried first. */
bool backend_is_bpf(enum backend wanted, const struct capture_options *opt);
const char *backend_built_in(void);		/* for --version: "ptrace, bpf" */

/*
 * note: why another backend than the wanted one was taken, or what it cannot do here; or empty.  A refused backend is
 * no error while another can do what was asked.
 */
int backend_open(enum backend wanted, const struct capture_options *opt, struct source **ret_source, struct diag *note,
		 struct diag *diag);
