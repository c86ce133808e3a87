/* SPDX-License-Identifier: MIT */
#include "capture/common/target.h"

#include <errno.h>
#include <unistd.h>

#include "base/diag.h"
#include "capture/proc/proc.h"
#include "capture/source.h"

int target_check_running(const struct capture_options *opt, struct diag *note, struct diag *diag)
{
	pid_t pid, tgid, parent;

	if (!proc_mounted()) {
		if (!opt->argv)
			return diag_set(diag, 125, ENOENT,
					"/proc is not mounted here (or belongs to another pid namespace), and "
					"processes cannot be found without it; mount it: mount -t proc proc /proc");
		diag_set(note, 125, ENOENT,
			 "/proc is not mounted here (or belongs to another pid namespace): inherited descriptors, "
			 "mappings, and names that only the kernel has are missing");
	}
	for (unsigned i = 0; i < opt->npids; i++) {
		pid = opt->pids[i];
		if (proc_has_ended(pid) && proc_parent(pid, &tgid, &parent) == 0)
			return diag_set(diag, 125, ESRCH,
					"process %d has ended already and is a zombie until its parent (process %d) "
					"waits for it; there is nothing to trace",
					pid, parent);
	}
	return 0;
}

int target_check(pid_t pid, pid_t *ret_tgid, struct diag *diag)
{
	pid_t parent;

	if (!proc_state(pid, 0) || proc_parent(pid, ret_tgid, &parent) < 0)
		return diag_set(diag, 125, ESRCH, "there is no process %d; list them with: ps -e", pid);
	if (*ret_tgid == getpid())
		return diag_set(diag, 125, EINVAL, "process %d is compendium itself; give the pid of another process",
				pid);
	if (proc_is_kernel_thread(*ret_tgid))
		return diag_set(diag, 125, EPERM, "process %d is a kernel thread: there is no program in it to trace",
				pid);
	return 0;
}

int target_forbidden(pid_t pid, const char *what, struct diag *diag)
{
	return diag_set(diag, 125, EPERM, "process %d %s; attach to it as root: sudo compendium -p %d", pid,
			what ? what : "belongs to another user", pid);
}
