/* SPDX-License-Identifier: MIT */
#include "capture/backend.h"

#include <errno.h>

#include "base/diag.h"
#include "base/macro.h"
#include "capture/proc/proc.h"
#include "config.h"

#if HAVE_BPF
#include "capture/bpf/bpf.h"
#endif

const char *backend_built_in(void)
{
	return HAVE_BPF ? "ptrace, bpf" : "ptrace";
}

bool backend_is_bpf(enum backend wanted, const struct capture_options *opt)
{
	/* auto is the one that costs less; --no-seccomp is a way to use ptrace */
	return wanted == BACKEND_BPF || (HAVE_BPF && wanted == BACKEND_AUTO && !opt->no_seccomp) || opt->cgroup ||
	       opt->system;
}

#if !HAVE_BPF
int source_latency_open(const struct capture_options *opt UNUSED, struct source **ret_source UNUSED, struct diag *diag)
{
	return diag_set(diag, 125, ENOTSUP,
			"--ebpf is not built in; install libbpf-dev, clang and bpftool and build again");
}

void source_latency_add(struct source *s UNUSED, pid_t pid UNUSED) {}

static int source_bpf_open(const struct capture_options *opt UNUSED, struct source **ret_source UNUSED,
			   struct diag *note UNUSED, struct diag *diag)
{
	return diag_set(diag, 125, ENOTSUP,
			"the bpf backend is not built in; install libbpf-dev, clang and bpftool and build again");
}
#endif

/* What is looked at in /proc needs one, and something to look at. */
static int check_running(const struct capture_options *opt, struct diag *note, struct diag *diag)
{
	pid_t tgid, parent;

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
		pid_t pid = opt->pids[i];

		if (proc_has_ended(pid) && proc_parent(pid, &tgid, &parent) == 0)
			return diag_set(diag, 125, ESRCH,
					"process %d has ended already and is a zombie until its parent (process %d) "
					"waits for it; there is nothing to trace",
					pid, parent);
	}
	return 0;
}

int backend_open(enum backend wanted, const struct capture_options *opt, struct source **ret_source, struct diag *note,
		 struct diag *diag)
{
	bool only_bpf = opt->cgroup || opt->system;
	struct diag why;
	int rc;

	note->text[0] = '\0';
	rc = check_running(opt, note, diag);
	if (rc < 0)
		return rc;
	if (wanted == BACKEND_PTRACE && only_bpf)
		return diag_set(diag, 125, EINVAL, "%s needs the bpf backend; leave out --backend ptrace",
				opt->cgroup ? "--cgroup" : "--system");
	if (backend_is_bpf(wanted, opt)) {
		rc = source_bpf_open(opt, ret_source, note, &why);
		/* the command itself is at fault, or nothing else can do it: an error like any */
		if (rc == 0 || why.exit_status != 125 || only_bpf || rc != -ENOTSUP) {
			if (rc == -ENOTSUP && only_bpf)
				diag_set(diag, 125, ENOTSUP, "%s needs the bpf backend: %s",
					 opt->cgroup ? "--cgroup" : "--system", why.text);
			else if (rc < 0)
				*diag = why;
			return rc;
		}
		diag_set(note, 125, ENOTSUP, "the bpf backend cannot be used, so ptrace is%s: %s",
			 opt->latency ? ", without what --ebpf shows" : "", why.text);
	}
	rc = source_ptrace_open(opt, ret_source, diag);
	if (rc < 0)
		note->text[0] = '\0';	/* one line: why it failed after all */
	return rc;
}
