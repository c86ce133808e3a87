/* SPDX-License-Identifier: MIT */
/*
 * Arguments at the edges of what a decoder takes for granted: rooms of no bytes, options without a value, vectors that
 * end early, words that only some commands take, numbers that mean a descriptor here and none there.  strace is the
 * judge of every line but for where the kernel says more.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "tracee.h"

#define RUBBISH 0xdeadbeef00000000ul
#define INT(n) (RUBBISH | (uint32_t)(n))

static char buf[300];

/* Numbers of options, those that are none between them; what they return differs by kernel. */
static void numbers(void)
{
	static const struct {
		int level, nr;
		const char *level_name, *name;
	} options[] = {
		{SOL_SOCKET, 74, "SOL_SOCKET", "SO_TXREHASH"},
		{SOL_SOCKET, 75, "SOL_SOCKET", "SO_RCVMARK"},
		{SOL_SOCKET, 76, "SOL_SOCKET", "SO_PASSPIDFD"},
		{SOL_SOCKET, 78, "SOL_SOCKET", "SO_DEVMEM_LINEAR"},
		{SOL_SOCKET, 80, "SOL_SOCKET", "SO_DEVMEM_DONTNEED"},
		{SOL_SOCKET, 81, "SOL_SOCKET", "81"},
		{SOL_SOCKET, 83, "SOL_SOCKET", "SO_PASSRIGHTS"},
		{SOL_SOCKET, 84, "SOL_SOCKET", "SO_INQ"},
		{SOL_SOCKET, 999, "SOL_SOCKET", "999"},
		{IPPROTO_TCP, 38, "SOL_TCP", "TCP_AO_ADD_KEY"},
		{IPPROTO_TCP, 42, "SOL_TCP", "TCP_AO_REPAIR"},
		{IPPROTO_TCP, 43, "SOL_TCP", "TCP_IS_MPTCP"},
		{IPPROTO_TCP, 44, "SOL_TCP", "TCP_RTO_MAX_MS"},
	};
	int t = socket(AF_INET, SOCK_STREAM, 0);

	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		socklen_t len = 4;

		getsockopt(t, options[i].level, options[i].nr, buf, &len);
		expect_call("getsockopt(%d<*>, %s, %s, *, [4]*) = *", t, options[i].level_name, options[i].name);
	}
	close(t);
}

static void rooms(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_UNIX, SOCK_STREAM, 0),
	    c = socket(AF_UNIX, SOCK_STREAM, 0), a, sv[2];
	socklen_t len = 0;

	CHECK(getsockname(t, (struct sockaddr *)buf, &len) == 0);
	expect_call("getsockname(%d<*>, \"\"…, [0] → [16]) = 0", t);
	len = 0;
	CHECK(getsockname(t, NULL, &len) == 0);
	expect_call("getsockname(%d<*>, NULL, [0] → [16]) = 0", t);
	strcpy(un.sun_path, "averylongnameofasocket");
	CHECK(bind(u, (struct sockaddr *)&un, sizeof(un)) == 0 && listen(u, 1) == 0);
	memset(buf, 'A', sizeof(buf));
	len = 8;
	CHECK(getsockname(u, (struct sockaddr *)buf, &len) == 0);
	expect_call("getsockname(%d<unix *averylongnameofasocket>, averyl…, [8] → [25]) = 0", u);
	CHECK(connect(c, (struct sockaddr *)&un, sizeof(un)) == 0);
	memset(buf, 'A', sizeof(buf));
	len = 5;
	a = accept(u, (struct sockaddr *)buf, &len);
	expect_call("accept(%d<unix *averylongnameofasocket>, unnamed, [5] → [2]) = %d<unix *averylongnameofasocket>",
		    u, a);
	len = 3;
	CHECK(getpeername(c, (struct sockaddr *)buf, &len) == 0);
	expect_call("getpeername(%d<unix*averylongnameofasocket>, a…, [3] → [25]) = 0", c);
	expect_call("close(%d<unix*averylongnameofasocket>) = 0", c);
	close(c);
	close(a);
	close(u);
	unlink(un.sun_path);
	CHECK(syscall(SYS_getcwd, buf, 1ul) < 0);
	expect_call("getcwd(0x*, 1) = -1 ERANGE*");
	CHECK(readlink("/proc/self/exe", buf, 1) == 1);
	expect_call("readlink(\"/proc/self/exe\", \"/\", 1) = 1");
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	len = 110;
	CHECK(getsockname(sv[0], (struct sockaddr *)buf, &len) == 0);
	expect_call("getsockname(%d<*>, unnamed, [110] → [2]) = 0", sv[0]);
	close(sv[0]);
	close(sv[1]);
	close(t);
}

static void options(void)
{
	int t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
	struct timeval tv = {1, 5};
	struct sock_filter accept_all[] = {{6, 0, 0, 0xffff}};
	struct sock_fprog prog = {1, accept_all};
	struct ip_mreqn mreq = {{0}, {0}, 0};
	struct in_addr addr = {htonl(INADDR_LOOPBACK)};
	socklen_t len = 2;

	CHECK(getsockopt(t, SOL_SOCKET, SO_TYPE, buf, &len) == 0 && len == 2);
	expect_call("getsockopt(%d<*>, SOL_SOCKET, SO_TYPE, \"\\x01\\0\", [2]) = 0", t);
	len = 1;
	CHECK(getsockopt(t, SOL_IP, IP_TTL, buf, &len) == 0);
	expect_call("getsockopt(%d<*>, SOL_IP, IP_TTL, [%d], [1]) = 0", t, (unsigned char)buf[0]);
	CHECK(setsockopt(t, SOL_SOCKET, SO_KEEPALIVE, &one, 2) < 0);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_KEEPALIVE, \"\\x01\\0\", 2) = -1 EINVAL*", t);
	CHECK(setsockopt(t, SOL_SOCKET, 67, &tv, sizeof(tv)) == 0);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_SNDTIMEO_NEW, {tv_sec=1, tv_usec=5}, 16) = 0", t);
	setsockopt(t, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)); /* not everybody may */
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_ATTACH_FILTER, {len=1, filter=0x*}, 16) = *", t);
	setsockopt(t, SOL_SOCKET, SO_DETACH_FILTER, &one, 0);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_DETACH_FILTER, \"\", 0) = *", t);
	CHECK(setsockopt(u, SOL_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq)) == 0);
	expect_call("setsockopt(%d<*>, SOL_IP, IP_MULTICAST_IF, {imr_multiaddr=0.0.0.0, imr_address=0.0.0.0, "
		    "imr_ifindex=0}, 12) = 0",
		    u);
	CHECK(setsockopt(u, SOL_IP, IP_MULTICAST_IF, &addr, sizeof(addr)) == 0);
	expect_call("setsockopt(%d<*>, SOL_IP, IP_MULTICAST_IF, [127.0.0.1], 4) = 0", u);
	setsockopt(t, SOL_TCP, TCP_ULP, "none", 4);
	expect_call("setsockopt(%d<*>, SOL_TCP, TCP_ULP, \"none\", 4) = -1 *", t);
	len = 12;
	CHECK(getsockopt(t, SOL_SOCKET, SO_PEERCRED, buf, &len) == 0);
	expect_call("getsockopt(%d<*>, SOL_SOCKET, SO_PEERCRED, {pid=0, uid=-1, gid=-1}, [12]) = 0", t);
	len = 16;
	CHECK(getsockopt(t, SOL_SOCKET, SO_BINDTODEVICE, buf, &len) == 0 && len == 0);
	expect_call("getsockopt(%d<*>, SOL_SOCKET, SO_BINDTODEVICE, \"\", [16] → [0]) = 0", t);
	close(t);
	close(u);
}

static void vectors(void)
{
	struct iovec v[3] = {{buf, 3}, {buf + 8, 4}, {NULL, 0}}, bad[2] = {{buf, 3}, {(void *)8, 4}},
		     two[2] = {{"one", 3}, {"two", 3}}, none[2] = {{buf, 0}, {buf, 5}};
	struct mmsghdr mm[2] = {{.msg_hdr = {.msg_iov = v}}, {.msg_hdr = {.msg_iov = v, .msg_iovlen = 2}}};
	int p[2], sv[2], zero = open("/dev/zero", O_RDWR);

	memset(buf, 0, sizeof(buf));
	CHECK(pipe(p) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK(writev(p[1], v, 0) == 0);
	expect_call("writev(%d<*>, [], 0) = 0", p[1]);
	CHECK(sendmmsg(sv[0], mm, 2, 0) == 2);
	expect_call("sendmmsg(%d<*>, [{len=0}, {len=7}], 2, 0) = 2", sv[0]);
	CHECK(vmsplice(p[1], v, 2, 0) == 7);
	expect_call("vmsplice(%d<*>, [{\"\\0\\0\\0\", 3}, {\"\\0\\0\\0\\0\", 4}], 2, 0) = 7", p[1]);
	CHECK(readv(p[0], v, 3) == 7);
	expect_call("readv(%d<*>, [{\"\\0\\0\\0\", 3}, {\"\\0\\0\\0\\0\", 4}, {0}], 3) = 7", p[0]);
	CHECK(write(p[1], "abcdefg", 7) == 7 && readv(p[0], bad, 2) < 0);
	expect_call("readv(%d<*>, [{3}, {4}], 2) = -1 EFAULT*", p[0]);
	CHECK(pwritev(zero, two, 2, 5) == 6);
	expect_call("pwritev(%d<*>, [{\"one\", 3}, {\"two\", 3}], 2, 5) = 6", zero);
	CHECK(preadv(zero, none, 2, 0) == 5);
	expect_call("preadv(%d<*>, [{\"\", 0}, {\"\\0\\0\\0\\0\\0\", 5}], 2, 0) = 5", zero);
	close(p[0]);
	close(p[1]);
	close(sv[0]);
	close(sv[1]);
	close(zero);
}

/* Flags of a command, and commands that take none. */
static void commands(void)
{
	int m = memfd_create("x", MFD_ALLOW_SEALING), p[2], sem = semget(IPC_PRIVATE, 1, 0600), word = 0;
	char *mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(m >= 0 && pipe(p) == 0 && mem != MAP_FAILED);
	CHECK(mount("a", "/none/such", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0);
	expect_call("mount(\"a\", \"/none/such\", NULL, MS_RDONLY|MS_REMOUNT|MS_BIND, NULL) = -1 *");
	CHECK(umount2("/none/such", MNT_DETACH | UMOUNT_NOFOLLOW) < 0);
	expect_call("umount2(\"/none/such\", MNT_DETACH|UMOUNT_NOFOLLOW) = -1 *");
	CHECK(fcntl(m, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0);
	expect_call("fcntl(%d<memfd:x>, F_ADD_SEALS, F_SEAL_SHRINK|F_SEAL_GROW) = 0", m);
	CHECK(syscall(SYS_fcntl, INT(m), F_GETFD, 0x7777ul) == 0);
	expect_call("fcntl(%d<memfd:x>, F_GETFD) = 0", m);
	CHECK(fcntl(m, F_NOTIFY, 0x80000001) < 0);
	expect_call("fcntl(%d<memfd:x>, F_NOTIFY, DN_ACCESS|DN_MULTISHOT) = -1 ENOTDIR*", m);
	CHECK(syscall(SYS_fcntl, INT(m), F_DUPFD, INT(70)) == 70);
	expect_call("fcntl(%d<memfd:x>, F_DUPFD, 70) = 70", m);
	close(70);
	close((int)syscall(SYS_openat, AT_FDCWD, "/dev/null", 0, 0x7777ul));
	expect_call("openat(AT_FDCWD, \"/dev/null\", O_RDONLY) = *");
	CHECK(syscall(SYS_mremap, mem, 8192ul, 4096ul, 1ul, 0x7777ul) == (long)mem);
	expect_call("mremap(%#lx, 8192, 4096, MREMAP_MAYMOVE) = %#lx", (long)mem, (long)mem);
	CHECK(syscall(SYS_futex, &word, 1, 1, 0x7777ul, 0x7777ul, 0x7777ul) == 0);
	expect_call("futex(0x*, FUTEX_WAKE, 1) = 0");
	CHECK(syscall(SYS_semctl, sem, 0, IPC_RMID, 0x7777ul) == 0);
	expect_call("semctl(%d, 0, IPC_RMID) = 0", sem);
	CHECK(syscall(SYS_prctl, PR_SET_NAME, "edges", 2ul, 3ul, 4ul) == 0);
	expect_call("prctl(PR_SET_NAME, \"edges\") = 0");
	CHECK(syscall(SYS_renameat2, AT_FDCWD, "/none/1", AT_FDCWD, "/none/2", 1) < 0);
	expect_call("renameat2(AT_FDCWD, \"/none/1\", AT_FDCWD, \"/none/2\", RENAME_NOREPLACE) = -1 *");
	for (unsigned i = 0; i < 4; i++) {
		static const struct {
			unsigned cmd;
			const char *text;
		} requests[] = {
			{0x7805, "_IOC(_IOC_NONE, 0x78, 0x5, 0)"},
			{0x80000005, "_IOC(_IOC_READ, 0, 0x5, 0)"},
			{0xffffffff, "_IOC(_IOC_READ|_IOC_WRITE, 0xff, 0xff, 0x3fff)"},
			{0x1234, "_IOC(_IOC_NONE, 0x12, 0x34, 0)"},
		};

		CHECK(ioctl(p[0], requests[i].cmd, 1) < 0);
		expect_call("ioctl(%d<*>, %s, 0x1) = -1 ENOTTY*", p[0], requests[i].text);
	}
	CHECK(fchownat(AT_FDCWD, "/none/such", 4000000000u, 4000000001u, 0) < 0);
	expect_call("fchownat(AT_FDCWD, \"/none/such\", 4000000000, 4000000001, 0) = -1 ENOENT*");
	CHECK(setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1) == 0);
	expect_call("setresuid(-1, -1, -1) = 0");
	munmap(mem, 4096);
	close(p[0]);
	close(p[1]);
	close(m);
}

/* Equal numbers that are not the same thing. */
static void equal_numbers(void)
{
	int null = open("/dev/null", O_RDONLY), self = (int)syscall(SYS_pidfd_open, getpid(), 0), ep = epoll_create1(0),
	    other;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = 6};

	other = (int)syscall(SYS_pidfd_getfd, self, null, 0); /* the other process's number, even if it is ours */
	expect_call("pidfd_getfd(%d<pidfd:%d>, %d, 0x0) = *", self, getpid(), null);
	syscall(SYS_kcmp, getpid(), getppid(), 0, (long)null, (long)null);
	expect_call("kcmp(%d, *, KCMP_FILE, %d, %d) = *", getpid(), null, null);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev) < 0);
	expect_call("epoll_ctl(%d<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, %d<anon_inode:[eventpoll]>, "
		    "{events=EPOLLIN|EPOLLET, data=0x6}) = -1 EINVAL*",
		    ep, ep);
	CHECK(dup2(null, ep) == ep);
	expect_call("dup2(%d</dev/null>, %d<anon_inode:[eventpoll]>) = %d</dev/null>", null, ep, ep);
	CHECK(syscall(SYS_dup3, null, null, 0) < 0);
	expect_call("dup3(%d</dev/null>, %d</dev/null>, 0) = -1 EINVAL*", null, null);
	CHECK(close(null) == 0 && close(null) < 0);
	expect_call("close(%d</dev/null>) = 0", null);
	expect_call("close(%d) = -1 EBADF*", null);
	close(other);
	close(self);
	close(ep);
}

static void statuses(void)
{
	siginfo_t si;
	int st, p[2];
	pid_t pid;
	char c;

	CHECK(pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		close(p[1]);
		raise(SIGSTOP);
		_exit(read(p[0], &c, 1) == 0 ? 3 : 4);
	}
	CHECK(pid > 0 && waitpid(pid, &st, WUNTRACED) == pid);
	expect_call("wait4(%d, [stopped by SIGSTOP], WUNTRACED, NULL) = %d", pid, pid);
	kill_one(pid, SIGCONT);
	CHECK(pid > 0 && waitpid(pid, &st, WCONTINUED) == pid);
	expect_call("wait4(%d, [continued], WCONTINUED, NULL) = %d", pid, pid);
	close(p[0]);
	close(p[1]);
	CHECK(waitid(P_ALL, 0, &si, WEXITED | WNOWAIT) == 0);
	expect_call("waitid(P_ALL, 0, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=%d, si_uid=%u, si_status=3}, "
		    "WEXITED|WNOWAIT, NULL) = 0",
		    pid, getuid());
	CHECK(pid > 0 && waitpid(pid, &st, 0) == pid);
	expect_call("wait4(%d, [exited 3], 0, NULL) = %d", pid, pid);
	CHECK(waitid(P_ALL, 0, &si, WEXITED | WNOHANG) < 0);
	expect_call("waitid(P_ALL, 0, 0x*, WNOHANG|WEXITED, NULL) = -1 ECHILD*");
}

static void readiness(void)
{
	struct pollfd f[2];
	struct timespec now = {0, 0};
	uint64_t args[11] = {0};
	cpu_set_t cpus;
	fd_set set;
	int p[2];

	CHECK(pipe(p) == 0 && write(p[1], "x", 1) == 1);
	f[0] = (struct pollfd){p[0], POLLIN, 0x77};
	f[1] = (struct pollfd){-1, 0, 0x77};
	CHECK(syscall(SYS_ppoll, f, 2ul, NULL, NULL, 8ul) == 1);
	expect_call("ppoll([{fd=%d, events=POLLIN}, {fd=-1, events=0}] → [{fd=%d, events=POLLIN, revents=POLLIN}, "
		    "{fd=-1, events=0, revents=0}], 2, NULL, NULL, 8) = 1",
		    p[0], p[0]);
	CHECK(syscall(SYS_poll, NULL, 0ul, 0ul) == 0);
	expect_call("poll(NULL, 0, 0) = 0");
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	FD_SET(p[1], &set);
	CHECK(syscall(SYS_pselect6, p[1] + 1, &set, NULL, NULL, &now, NULL) == 1);
	expect_call("pselect6(%d, [%d %d] → [%d], NULL, NULL, {tv_sec=0, tv_nsec=0}, NULL) = 1", p[1] + 1, p[0], p[1],
		    p[0]);
	args[4] = 77;
	CHECK(syscall(SYS_clone3, args, sizeof(args)) < 0);
	expect_call("clone3({flags=0, *exit_signal=77, *}, 88) = -1 EINVAL*");
	CHECK(syscall(SYS_clone3, args, 64) < 0);	/* CLONE_ARGS_SIZE_VER0 */
	expect_call("clone3({flags=0, *exit_signal=77, *tls=NULL}, 64) = -1 EINVAL*");
	CPU_ZERO(&cpus);
	CHECK(syscall(SYS_sched_setaffinity, 0, 0ul, &cpus) < 0);
	expect_call("sched_setaffinity(0, 0, []) = -1 EINVAL*");
	CHECK(syscall(SYS_rt_sigprocmask, 0, NULL, &args, 8ul) == 0);
	expect_call("rt_sigprocmask(SIG_BLOCK, NULL, [], 8) = 0");
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	tracee_begin();
	tracee_ignore("."); /* only calls are looked at */
	numbers();
	rooms();
	options();
	vectors();
	commands();
	equal_numbers();
	statuses();
	readiness();
	tracee_end();
}
