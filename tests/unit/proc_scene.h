/* SPDX-License-Identifier: MIT */
#pragma once
/* Processes and signals by hand. */
#include "scene.h"

#include <sys/prctl.h>

static inline struct proc *proc_of(struct scene *s, uint32_t tid)
{
	struct task *t = world_task(s->w, tid);

	assert_non_null(t);
	return t->proc;
}
