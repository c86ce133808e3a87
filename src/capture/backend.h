/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The backends there are, a row for each, and the choice among them: the one asked for, or the best that is permitted
 * here.
 */
#include "capture/source.h"

/* In the order of --version. */
#define BACKENDS(X) X(PTRACE, "ptrace") X(BPF, "bpf")
#define BACKEND_ENUM_(id, name) BACKEND_##id,
enum backend { BACKEND_AUTO, BACKENDS(BACKEND_ENUM_) _BACKENDS };
#define BACKEND_CHOICE_(id, name) "|" name
#define BACKEND_CHOICES "auto" BACKENDS(BACKEND_CHOICE_)	/* of --backend */

/* What not every backend can. */
enum backend_can {
	CAN_CGROUP = 1,		/* --cgroup */
	CAN_SYSTEM = 2,		/* --system */
	CAN_LATENCY = 4,	/* shows itself what --ebpf asks for */
	CAN_STACKS = 8,		/* -k */
};

struct backend_row {
	enum backend id;
	bool built_in;
	unsigned can;			/* enum backend_can */
	bool without_filter;		/* auto leaves it out with --no-seccomp: a way to use another one */
	/*
	 * -ENOTSUP with exit status 125: it cannot be used here, diag says why and how to get it; another one may be
	 * tried.  Any other error is final.  note: what it cannot do, though it works; or empty.
	 */
	int (*open)(const struct capture_options *opt, struct source **ret_source, struct diag *note,
		    struct diag *diag);
};

/* Whether the backend that will be tried first can do that. */
bool backend_first_can(enum backend wanted, const struct capture_options *opt, enum backend_can what);
const char *backend_built_in(void);		/* for --version: "ptrace, bpf" */

/*
 * note: why another backend than the wanted one was taken, or what it cannot do here; or empty.  A refused backend is
 * no error while another can do what was asked.
 */
int backend_open(enum backend wanted, const struct capture_options *opt, struct source **ret_source, struct diag *note,
		 struct diag *diag);
/* The same among these rows, the best first. */
int backend_open_among(const struct backend_row *rows, unsigned n, enum backend wanted,
		       const struct capture_options *opt, struct source **ret_source, struct diag *note,
		       struct diag *diag);
