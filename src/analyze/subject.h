/* SPDX-License-Identifier: MIT */
#pragma once
/* What a call waited for. */
#include "analyze/spent.h"

/* What a call waits for, as far as it is known. */
struct subject {
	enum spent what;
	const struct file *file;
	uint32_t target;
	uint32_t obj;
	/* of a futex; shared: others may have it, too, and it is where in what is mapped there: path, or obj */
	uint64_t addr;
	bool shared;
	bool semaphores; /* obj: the id of a set of System V semaphores, shared */
	const char *path;
	uint32_t path_len;
};

/* A futex by its address: how a call that waits or wakes means it. */
struct subject subject_of_futex(const struct event *ev);
struct subject subject_of_fault(const struct event *ev);	/* the file that is mapped there, or memory */
/* joined: the thread, by its id, whose end a futex waits for; 0: none.  false: it is no wait. */
bool subject_of(const struct event *ev, uint32_t joined, struct subject *ret);
