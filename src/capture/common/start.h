/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Starts the command for a source: found, and as which user (-u); forked, and held before its exec until the source is
 * ready for it; let go; and why it could not be executed.  In this order:
 *
 *   start_find, start_fork, start_go, start_result; start_done in any case.
 *
 * Between start_fork and start_go the source does what must precede the first instruction: it seizes or follows it.
 * Errors that are the command's fault have its exit status (126, 127) in diag, others 125.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "capture/common/user.h"

struct diag;
struct capture_options;

struct start {
	const struct capture_options *opt;
	char *path;			/* of the file to execute */
	struct run_as as;		/* with opt->user */
	pid_t pid;			/* 0 before start_fork() */
	int go_fd, error_fd;		/* our ends of its pipes; -1: closed */
	/* In its process, when it was let go with that word, before it becomes the user; async-signal-safe. */
	void (*prepare)(const void *ctx, char word);	/* NULL: nothing */
	const void *ctx;
};

int start_find(struct start *ret, const struct capture_options *opt, struct diag *diag);
int start_fork(struct start *st, struct diag *diag);
void start_go(struct start *st, char word);
void start_kill(struct start *st);		/* it is not to begin: killed and waited for */
/* After start_go(): waits for the exec.  0: there was one, or it was killed on the way; -errno with diag: why not. */
int start_result(struct start *st, struct diag *diag);
int start_was_killed(struct diag *diag);	/* the error of a source that knows of no exec */
void start_done(struct start *st);
