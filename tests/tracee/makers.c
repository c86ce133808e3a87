/* SPDX-License-Identifier: MIT */
/*
 * Calls that make descriptors of kinds that few programs use: what each is and is called, against the kernel, at
 * checkpoints.  What a kernel or a user does not have is left out; what there is has to be right.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/memfd.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "tracee.h"

#ifndef UDMABUF_CREATE
struct udmabuf_create_ {
	uint32_t memfd, flags;
	uint64_t offset, size;
};
#define UDMABUF_CREATE _IOW('u', 0x42, struct udmabuf_create_)
#endif
enum {
	PIDFD_THREAD_FLAG = O_EXCL,
	MEMFD_SECRET = 447,
	FSOPEN = 430,
	OPEN_TREE = 428,
	FSMOUNT = 432,
	FSPICK = 433,
	FSCONFIG = 431
};

static void end_of(const char *name)
{
	checkpoint("fd", name);
	CHECK(close_range(3, ~0u, 0) == 0);
}

/* A message that is only looked at brings its descriptors, too: each look makes new ones. */
static void looked_at(void)
{
	union {
		char room[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} c;
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int sv[2], fds[2] = {open(in_dir("passed"), O_RDWR | O_CREAT, 0600), eventfd(0, 0)};

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	*h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fds))};
	memcpy(CMSG_DATA(h), fds, sizeof(fds));
	CHECK(sendmsg(sv[0], &m, 0) == 1);
	for (int i = 0; i < 3; i++) {
		m.msg_controllen = sizeof(c);
		CHECK(recvmsg(sv[1], &m, i < 2 ? MSG_PEEK | (i ? MSG_CMSG_CLOEXEC : 0) : 0) == 1);
		CHECK(h->cmsg_len == CMSG_LEN(sizeof(fds)));
	}
	end_of("looked_at");
}

/* Room for one of two: the kernel leaves the other one out. */
static void cut(void)
{
	union {
		char room[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} c;
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int sv[2], fds[2] = {eventfd(0, 0), timerfd_create(CLOCK_MONOTONIC, 0)};

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == 0);
	*h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fds))};
	memcpy(CMSG_DATA(h), fds, sizeof(fds));
	CHECK(sendmsg(sv[0], &m, 0) == 1);
	m.msg_controllen = CMSG_LEN(sizeof(int));
	CHECK(recvmsg(sv[1], &m, 0) == 1 && (m.msg_flags & MSG_CTRUNC));
	end_of("cut");
}

static void of_memory(void)
{
	int m = memfd_create("sealed one", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	char path[64];

	CHECK(m >= 0 && ftruncate(m, 8192) == 0);
	syscall(MEMFD_SECRET, O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m);
	CHECK(open(path, O_RDONLY) >= 0);

	int u = open("/dev/udmabuf", O_RDWR);

	if (u >= 0) {
		struct {
			uint32_t memfd, flags;
			uint64_t offset, size;
		} create = {(uint32_t)m, 1, 0, 4096};

		fcntl(m, F_ADD_SEALS, F_SEAL_SHRINK);
		ioctl(u, UDMABUF_CREATE, &create);
	}
	end_of("of_memory");
}

static void of_processes(void)
{
	struct clone_args args = {.flags = CLONE_PIDFD, .exit_signal = SIGCHLD};
	int fd = -1, status;
	pid_t pid;

	syscall(SYS_pidfd_open, getpid(), O_NONBLOCK);
	syscall(SYS_pidfd_open, tid_now(), PIDFD_THREAD_FLAG); /* Linux 6.9 */
	args.pidfd = (uintptr_t)&fd;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(0);
	CHECK(pid > 0 && fd >= 0);
	checkpoint("fd", "of_processes");
	CHECK(reap(pid) == 0);
	status = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	CHECK(status == 100);
	end_of("of_ended");
}

static void of_counters(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK};
	sigset_t set;
	int s;

	syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	sigemptyset(&set);
	s = signalfd(-1, &set, SFD_CLOEXEC);
	CHECK(s >= 0 && signalfd(s, &set, 0) == s); /* changes it: no new one */
	CHECK(inotify_init1(IN_CLOEXEC) >= 0 && timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC) >= 0);
	end_of("of_counters");
}

/* The API of mounts since Linux 5.2. */
static void of_mounts(void)
{
	int fs = (int)syscall(FSOPEN, "tmpfs", 1 /* FSOPEN_CLOEXEC */);

	syscall(OPEN_TREE, AT_FDCWD, ".", O_CLOEXEC); /* as O_PATH */
	syscall(OPEN_TREE, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);
	syscall(FSPICK, AT_FDCWD, "/", 1);
	if (fs >= 0 && syscall(FSCONFIG, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == 0) {
		int m = (int)syscall(FSMOUNT, fs, 1, 0), keep = open(".", O_PATH | O_CLOEXEC);

		/* names in a mount that is nowhere are those from its own root on */
		CHECK(m >= 0 && keep >= 0);
		CHECK(openat(m, "inside", O_RDWR | O_CREAT, 0600) >= 0);
		CHECK(fchdir(m) == 0 && open("here", O_RDWR | O_CREAT, 0600) >= 0);
		checkpoint("fd", "in_a_mount");
		CHECK(fchdir(keep) == 0);
	}
	end_of("of_mounts");
}

static void of_programs(void)
{
	struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2};
	union bpf_attr map = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 4};
	int p, m;

	attr.insns = (uintptr_t)insns;
	attr.license = (uintptr_t) "MIT";
	p = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	m = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	if (p >= 0) {
		struct bpf_prog_info info = {0};
		union bpf_attr q = {
			.info = {.bpf_fd = (uint32_t)p, .info_len = sizeof(info), .info = (uintptr_t)&info}};

		if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &q, sizeof(q)) == 0) { /* 0: no descriptor */
			union bpf_attr by = {.prog_id = info.id};

			syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &by, sizeof(by));
		}
	}
	if (m >= 0) {
		struct bpf_map_info info = {0};
		union bpf_attr q = {
			.info = {.bpf_fd = (uint32_t)m, .info_len = sizeof(info), .info = (uintptr_t)&info}};

		if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &q, sizeof(q)) == 0) {
			union bpf_attr by = {.map_id = info.id};

			syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &by, sizeof(by));
		}
	}
	end_of("of_programs");
}

static void of_devices(void)
{
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC), kvm = open("/dev/kvm", O_RDWR), loop;

	(void)tun;
	if (kvm >= 0)
		ioctl(kvm, 0xae01 /* KVM_CREATE_VM */, 0);
	loop = open("/dev/loop-control", O_RDWR);
	(void)loop;
	open("/dev/full", O_WRONLY);
	open("/dev/tty", O_RDWR);
	end_of("of_devices");
}

/* A filter's listener, and what an epoll or an io_uring that is there twice is. */
static void of_filters(void)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {1, code};
	struct {
		uint32_t a[30];
	} ring = {{0}};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		CHECK(close_range(3, ~0u, 0) == 0);
		syscall(425 /* io_uring_setup */, 4, &ring);
		CHECK(epoll_create1(0) >= 0);
		CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
		checkpoint("fd", "of_filters");
		_exit(0);
	}
	status = reap(pid);
	CHECK(status == 0);
}

int main(void)
{
	tracee_begin();
	tracee_ignore("."); /* what they are is looked at, at checkpoints */
	CHECK(close_range(3, ~0u, 0) == 0);
	looked_at();
	cut();
	of_memory();
	of_processes();
	of_counters();
	of_mounts();
	of_programs();
	of_devices();
	of_filters();
	tracee_end();
}
