/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Children that end what their parent waits in: make waits for a place among its jobs, a shell for its terminal, until
 * SIGCHLD comes.  What they waited for is the child.
 */
#include "analyze/subject.h"

struct child_ends;
struct child_ends *child_ends_new(void);
void child_ends_free(struct child_ends *e);
void child_ends_add(struct child_ends *e, struct totals *t, const struct event *ev);	/* an EXIT */
/*
 * Of a call that a signal interrupted, or that its thread ended in; *sub: what it waited for, is changed if that was a
 * child: one that ended then, or, of who waits for a child or a signal (timeout, a shell, a server with workers), one
 * that lived.
 */
void child_ends_wait(const struct child_ends *e, const struct totals *t, const struct event *ev, struct subject *sub);
