/* SPDX-License-Identifier: MIT */
/* What both sets of programs need of the kernel: permission, its log, its iterators, signals held while they load. */
#include "capture/bpf/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/kernel.h"
#include "base/library.h"
#include "base/macro.h"

static char last_error[512];	/* the last warning of libbpf, which has no other way to report */

/* What files of this folder call of it, skeletons that are made of the programs, and the test of types.c. */
#define LIBBPF_FUNCTIONS(ROW) \
	ROW(bpf_iter_create) ROW(bpf_link__destroy) ROW(bpf_link__fd) ROW(bpf_map__fd) \
	ROW(bpf_map__is_internal) ROW(bpf_map__lookup_elem) ROW(bpf_map__name) ROW(bpf_map__reuse_fd) \
	ROW(bpf_map__set_max_entries) ROW(bpf_map__update_elem) ROW(bpf_map_create) ROW(bpf_map_get_next_key) \
	ROW(bpf_map_lookup_elem) ROW(bpf_object__btf) ROW(bpf_object__destroy_skeleton) \
	ROW(bpf_object__find_map_by_name) ROW(bpf_object__load_skeleton) ROW(bpf_object__next_map) \
	ROW(bpf_object__next_program) ROW(bpf_object__open_skeleton) ROW(bpf_program__attach_iter) \
	ROW(bpf_program__attach_trace) ROW(bpf_program__autoattach) ROW(bpf_program__autoload) \
	ROW(bpf_program__fd) ROW(bpf_program__insn_cnt) ROW(bpf_program__insns) \
	ROW(bpf_program__section_name) ROW(bpf_program__set_autoattach) ROW(bpf_program__set_autoload) \
	ROW(bpf_program__set_expected_attach_type) ROW(bpf_program__set_insns) ROW(bpf_program__set_type) \
	ROW(btf__add_array) ROW(btf__add_enum) ROW(btf__add_enum64) ROW(btf__add_field) ROW(btf__add_float) \
	ROW(btf__add_func) ROW(btf__add_func_proto) ROW(btf__add_int) ROW(btf__add_ptr) ROW(btf__add_struct) \
	ROW(btf__add_typedef) ROW(btf__add_union) ROW(btf__add_volatile) ROW(btf__find_by_name) \
	ROW(btf__find_by_name_kind) ROW(btf__free) ROW(btf__name_by_offset) ROW(btf__new_empty) \
	ROW(btf__new_empty_split) ROW(btf__raw_data) ROW(btf__resolve_size) ROW(btf__type_by_id) \
	ROW(btf__type_cnt) ROW(libbpf_num_possible_cpus) ROW(libbpf_register_prog_handler) \
	ROW(libbpf_set_print)
LIBRARY(libbpf, LIBRARY_BPF, LIBBPF_FUNCTIONS);

static int libbpf_log(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const bool debug = getenv("COMPENDIUM_BPF_DEBUG") != NULL;
	char line[512];
	va_list all;

	if (level != LIBBPF_WARN && !debug)
		return 0;
	va_copy(all, ap);
	vsnprintf(line, sizeof(line), fmt, ap);
	/* the verifier's log is one call, of any length */
	if (debug)
		vfprintf(stderr, fmt, all);
	va_end(all);
	pthread_mutex_lock(&lock);	/* two threads may load programs */
	if (level == LIBBPF_WARN && !strncmp(line, "libbpf: ", 8) && !strstr(line, "BEGIN PROG") &&
	    !strstr(line, "END PROG")) {
		snprintf(last_error, sizeof(last_error), "%s", line + 8);
		last_error[strcspn(last_error, "\n")] = '\0';
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

static bool have_cap(unsigned cap)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	return syscall(SYS_capget, &h, d) == 0 && d[cap / 32].effective >> cap % 32 & 1;
}

bool bpf_sees_all(void) { return have_cap(CAP_SYS_PTRACE) || have_cap(CAP_SYS_ADMIN); }

uint64_t bpf_own_pidns(void)
{
	struct stat ns;

	return stat("/proc/self/ns/pid", &ns) == 0 ? ns.st_ino : 0;
}

const char *bpf_last_error(void) { return last_error; }

void bpf_keep_log(void)
{
	libbpf_set_print(libbpf_log);
	last_error[0] = '\0';
}

int bpf_refused(struct diag *diag, const char *what, const char *remedy)
{
	return diag_set(diag, 125, ENOTSUP, "%s; %s", what, remedy);
}

const char *bpf_library_missing(void) { return library_load(&libbpf) ? NULL : libbpf.why; }

int bpf_allowed(struct diag *diag)
{
	bool admin = have_cap(CAP_SYS_ADMIN), bpf = admin || have_cap(CAP_BPF),
	     perfmon = admin || have_cap(CAP_PERFMON);
	char exe[4096] = "compendium", remedy[4400];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0)
		exe[n] = '\0';
	if (!bpf || !perfmon) {
		snprintf(remedy, sizeof(remedy), "run as root, or once: sudo setcap cap_bpf,cap_perfmon+ep %.600s",
			 exe);
		return bpf_refused(diag,
				   !bpf && !perfmon ? "no CAP_BPF and no CAP_PERFMON" :
				   !bpf		    ? "no CAP_BPF" :
						      "no CAP_PERFMON",
				   remedy);
	}
	if (kernel_is_older(5, 17))
		return bpf_refused(diag, "this kernel is older than 5.17 (no bpf_loop)", "use a newer one");
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		return bpf_refused(diag, "this kernel does not describe its types (/sys/kernel/btf/vmlinux)",
				   "it has to be built with CONFIG_DEBUG_INFO_BTF");
	if (bpf_library_missing())
		return bpf_refused(diag, bpf_library_missing(), "install libbpf");
	return 0;
}

/* Each program and each map is a descriptor; libbpf makes an EINVAL of some failures to get one. */
bool bpf_lacks_files(int rc)
{
	struct rlimit l;

	return rc == -EMFILE || (rc == -EINVAL && getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < 128);
}

int bpf_explain(int rc, struct diag *diag)
{
	if (rc == -ENOMEM)
		return bpf_refused(diag, "no memory for the ring buffer", "make it smaller with --ring-size");
	if (rc == -EPERM)
		return bpf_refused(diag,
				   "the kernel does not permit it here (a user namespace? a container? lockdown?)",
				   "run it as root of the host");
	if (bpf_lacks_files(rc))
		return bpf_refused(diag, "too few open files are allowed", "raise the limit: ulimit -n 256");
	if (rc < 0)
		return diag_set(diag, 125, ENOTSUP, "this kernel refuses the programs: %s%s%s", strerror(-rc),
				last_error[0] ? ": " : "", last_error);
	return 0;
}

int bpf_run_iter(struct bpf_program *prog, void (*fn)(void *ctx, pid_t pid), void *ctx)
{
	struct bpf_link *link = bpf_program__attach_iter(prog, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	int32_t pids[256];
	ssize_t n;

	while (fd >= 0 && ((n = read(fd, pids, sizeof(pids))) > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN))))
		for (ssize_t i = 0; fn && i < n / (ssize_t)sizeof(pids[0]); i++)
			fn(ctx, pids[i]);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return fd < 0 ? -errno : 0;
}

/*
 * The verifier gives up with EAGAIN, and bpf(2) with EINTR, when a signal comes: one that asks us to end is no refusal
 * of the kernel's.  It waits until this is over, which takes half a second at most.
 */
void bpf_hold_signals(sigset_t *ret_old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, ret_old);
}
