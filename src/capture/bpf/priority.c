/* SPDX-License-Identifier: MIT */
#include "capture/bpf/priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/proc/proc.h"

static void raise_thread(void *ctx UNUSED, pid_t tid)
{
	const struct sched_param none = { 0 };
	int policy = sched_getscheduler(tid);

	if (policy == SCHED_IDLE || policy == SCHED_BATCH)
		sched_setscheduler(tid, SCHED_OTHER, &none);
	if (getpriority(PRIO_PROCESS, (id_t)tid) > 0)
		setpriority(PRIO_PROCESS, (id_t)tid, 0);
}

void priority_raise(void) { proc_each_thread(getpid(), raise_thread, NULL); }
