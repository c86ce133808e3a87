/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The process that outlives us if we are killed.  It waits for our end, and should that come without a word, it ends
 * all that is traced, as PTRACE_O_EXITKILL does.  Which tasks these are the kernel knows: those with a state in task
 * storage, wherever they moved and whoever their parent is.
 */
#include <sys/types.h>

struct bpf_source;

struct guard {
	pid_t pid;	/* 0: none */
	int fd;		/* closed by our end, whatever it is */
};

int guard_start(struct guard *g, struct bpf_source *s);		/* 0 or -errno */
void guard_dismiss(struct guard *g);				/* nothing is ended any more */
