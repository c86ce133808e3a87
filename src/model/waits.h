/* SPDX-License-Identifier: MIT */
#pragma once
/* What a call waited for, while it is looked at: for effects on readiness. */
#include "model/effect.h"
#include "model/watch.h"

enum { WAITED_MAX = 64 };	/* of one call */
struct waits { struct waited v[WAITED_MAX]; unsigned n; };

bool wait_add(struct waits *l, int fd, const struct file *f);	/* false: there is no room for more */
void waits_put(struct fx *x, const struct waits *l, bool timed_out);	/* into event.waited; none: nothing */
/* A descriptor that was noted by its file and number, as the caller has it; NULL: it is gone. */
struct file *wait_file(struct fx *x, const struct watched *w);
