/* SPDX-License-Identifier: MIT */
/* Programs that set filters of their own, and look at seccomp, no_new_privs and TracerPid: all as untraced. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tracee.h"

#define FILTER(...) struct sock_filter v[] = { __VA_ARGS__ }; struct sock_fprog prog = { sizeof(v) / sizeof(v[0]), v }
#define NR BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ON(nr, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static volatile int trapped;

static void on_sys(int signo, siginfo_t *si, void *uc)
{
	(void)signo, (void)uc;
	trapped = si->si_syscall;
	CHECK(si->si_code == 1 /* SYS_SECCOMP */ && si->si_errno == 55);
}

static void status_says(const char *key, const char *value)
{
	char s[8192], *p;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, s, sizeof(s) - 1);

	close(fd);
	CHECK(n > 0);
	s[n] = '\0';
	p = strstr(s, key);
	CHECK(p);
	p += strlen(key);
	p += strspn(p, " \t");
	if (strncmp(p, value, strlen(value)) != 0 || (p[strlen(value)] != '\n' && p[strlen(value)] != ' ')) {
		dprintf(2, "%s is %.20s\n", key, p);
		CHECK(!"/proc/self/status");
	}
}

/* By other ways to the same file: relative to an open /proc, in pieces, from another thread. */
static void *status_pieces(void *arg)
{
	char a[20], b[8192];
	struct iovec iov[2] = { { a, sizeof(a) }, { b, sizeof(b) - 1 } };
	int *fd = arg;
	ssize_t n = preadv(*fd, iov, 2, 0);

	CHECK(n > 200);
	b[n - (ssize_t)sizeof(a)] = '\0';
	CHECK(strstr(b, "\nTracerPid:\t0\n") && strstr(b, "\nSeccomp:\t0\n"));
	return NULL;
}

static void other_ways(void)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;
	pthread_t t;

	expect("open /proc (path only)");
	tracee_ignore("^thread|^(open|read) .*/self/status");
	fd = openat(proc, "self/status", O_RDONLY | O_CLOEXEC);
	CHECK(proc >= 0 && fd >= 0);
	status_pieces(&fd);
	CHECK(pthread_create(&t, NULL, status_pieces, &fd) == 0 && pthread_join(t, NULL) == 0);
	close(fd);
	close(proc);
	/* one of that name that is none */
	fd = open("status", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	expect("open */status (read/write, create)");
	CHECK(fd >= 0 && write(fd, "TracerPid:\t5\n", 13) == 13);
	expect("write 13 B to *");

	char text[64] = "";

	CHECK(pread(fd, text, sizeof(text), 0) == 13 && strstr(text, "\t5\n"));
	expect("read 13 B from *");
	close(fd);
	expect("exit 0");
}

static pid_t in_child(void (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	expect("fork → %d", pid);
	return pid;
}

static bool privileged;

static void set(struct sock_fprog *prog)
{
	if (!privileged)
		CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prog) == 0);
	CHECK(prctl(PR_GET_SECCOMP) == 2);
	status_says("\nSeccomp:", "2");
	status_says("\nSeccomp_filters:", "1");
}

static void strict(void)
{
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	write(-1, "", 0);		/* allowed */
	getpid();			/* death */
	_exit(1);
}

/* Of several threads only the one that does what is forbidden ends. */
static void *forbidden(void *arg)
{
	*(pid_t *)arg = tid_now();
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	syscall(SYS_getpid);
	CHECK(!"getpid in strict mode");
	return NULL;
}

static void strict_threads(void)
{
	pthread_t t;
	pid_t tid = 0;
	char path[64];

	CHECK(pthread_create(&t, NULL, forbidden, &tid) == 0 && pthread_join(t, NULL) == 0);
	tracee_ignore("^access .*/self/task/");
	snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
	while (access(path, F_OK) == 0)		/* joined is not yet gone */
		usleep(1000);
	CHECK(syscall(SYS_tgkill, getpid(), tid, 0) < 0 && errno == ESRCH);
	expect("kill 0 (existence check) → %d ESRCH", tid);
	expect("exit 4");
	_exit(4);
}

static void strict_ok(void)
{
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL) == 0);
	syscall(SYS_exit, 3);
}

static void errnos(void)
{
	FILTER(NR, ON(SYS_getppid, SECCOMP_RET_ERRNO | EBADMSG), ON(SYS_mkdir, SECCOMP_RET_ERRNO | ENOTTY), ALLOW);

	set(&prog);
	CHECK(syscall(SYS_getppid) < 0 && errno == EBADMSG);
	expect("mkdir /tracee/dir ENOTTY");
	CHECK(mkdir("/tracee/dir", 0700) < 0 && errno == ENOTTY);
	expect("exit 0");
}

static void traps(void)
{
	struct sigaction sa = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	FILTER(NR, ON(SYS_getppid, SECCOMP_RET_TRAP | 55), ON(SYS_mkdir, SECCOMP_RET_TRAP | 55), ALLOW);

	sigaction(SIGSYS, &sa, NULL);
	set(&prog);
	syscall(SYS_getppid);
	expect("signal SIGSYS");
	CHECK(trapped == SYS_getppid);
	expect("mkdir /tracee/trapped (SIGSYS by seccomp)");
	mkdir("/tracee/trapped", 0700);
	expect("signal SIGSYS");
	CHECK(trapped == SYS_mkdir);
	expect("exit 0");
}

/*
 * A call that a filter answers with SIGSYS has no result, although its number stands in the register: no descriptor of
 * that number comes of it, and none is closed.
 */
static void trapped_descriptors(void)
{
	struct sigaction sa = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	FILTER(NR, ON(SYS_socket, SECCOMP_RET_TRAP | 55), ON(SYS_dup, SECCOMP_RET_TRAP | 55),
	       ON(SYS_close, SECCOMP_RET_TRAP | 55), ON(SYS_chdir, SECCOMP_RET_TRAP | 55), ALLOW);
	char byte;

	expect("open /etc/passwd (read)");
	sigaction(SIGSYS, &sa, NULL);
	set(&prog);			/* looks at the status twice, and cannot close it */
	expect("signal SIGSYS");
	expect("signal SIGSYS");
	expect("chdir / (SIGSYS by seccomp)");
	CHECK(chdir("/") == SYS_chdir && trapped == SYS_chdir);
	expect("signal SIGSYS");
	CHECK(socket(AF_INET, SOCK_STREAM, 0) == SYS_socket && trapped == SYS_socket);
	expect_call("socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = ? <SIGSYS by seccomp>");
	expect("signal SIGSYS");
	CHECK(write(SYS_socket, "", 1) < 0 && errno == EBADF);
	expect("write to fd %d EBADF", SYS_socket);
	/* also behind many others that are blocked */
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	for (int i = 0; i < 20; i++) {
		expect("kill SIGRT_2 → %d", getpid());
		CHECK(syscall(SYS_tgkill, getpid(), tid_now(), SIGRTMIN) == 0);
	}
	CHECK(dup(fd) == SYS_dup);
	expect("signal SIGSYS");
	CHECK(write(SYS_dup, "", 1) < 0 && errno == EBADF);
	expect("write to fd %d EBADF", SYS_dup);
	CHECK(close(fd) == SYS_close);
	expect("signal SIGSYS");
	CHECK(read(fd, &byte, 1) == 1);
	expect("read 1 B from /etc/passwd");
	expect("exit 0");
}

static void kills(void)
{
	FILTER(NR, ON(SYS_mkdir, SECCOMP_RET_KILL_PROCESS), ALLOW);

	set(&prog);
	mkdir("/tracee/killed", 0700);
	_exit(1);
}

/* The last thread of a process. */
static void kills_thread(void)
{
	FILTER(NR, ON(SYS_socket, SECCOMP_RET_KILL_THREAD), ALLOW);

	set(&prog);
	socket(AF_INET, SOCK_STREAM, 0);
	_exit(1);
}

/* Without a tracer a RET_TRACE fails with ENOSYS; whatever its data. */
static void traces(void)
{
	FILTER(NR, ON(SYS_getppid, SECCOMP_RET_TRACE | 0x4350), ON(SYS_mkdir, SECCOMP_RET_TRACE), ALLOW);

	set(&prog);
	CHECK(syscall(SYS_getppid) < 0 && errno == ENOSYS);
	CHECK(syscall(SYS_mkdir, "/tracee/dir", 0700) < 0 && errno == ENOSYS);
	expect("mkdir /tracee/dir ENOSYS");
	expect("exit 0");
}

static void *thread(void *arg)
{
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	CHECK(prctl(PR_GET_SECCOMP) == 2);
	CHECK(syscall(SYS_getppid) < 0 && errno == EBADMSG);
	return NULL;
}

static void together(void)
{
	pthread_barrier_t b;
	pthread_t t;
	FILTER(NR, ON(SYS_getppid, SECCOMP_RET_ERRNO | EBADMSG), ALLOW);

	tracee_ignore("^thread");
	pthread_barrier_init(&b, NULL, 2);
	CHECK(pthread_create(&t, NULL, thread, &b) == 0);
	pthread_barrier_wait(&b);
	if (!privileged)
		CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) == 0);
	pthread_barrier_wait(&b);
	pthread_join(t, NULL);
	expect("exit 0");
}

/* What an unprivileged program may not do without no_new_privs. */
static void refused(void)
{
	FILTER(ALLOW);

	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	status_says("\nNoNewPrivs:", "0");
	if (!privileged)
		CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0 && errno == EACCES);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	status_says("\nNoNewPrivs:", "1");
	expect("exit 0");
}

int main(void)
{
	int status;
	pid_t pid;

	privileged = geteuid() == 0;
	tracee_begin();
	tracee_ignore("^(open|read) .*/proc/self/status");
	CHECK(prctl(PR_GET_SECCOMP) == 0);
	status_says("\nSeccomp:", "0");
	status_says("\nSeccomp_filters:", "0");
	status_says("\nTracerPid:", "0");

	pid = in_child(other_ways);
	CHECK(reap(pid) == 0);
	pid = in_child(refused);
	CHECK(reap(pid) == 0);
	pid = in_child(strict);
	expect_of(pid, "write to fd -1 EBADF");
	expect_of(pid, "killed by SIGKILL");
	status = reap(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	pid = in_child(strict_threads);
	CHECK(WEXITSTATUS(reap(pid)) == 4);
	pid = in_child(strict_ok);
	expect_of(pid, "exit 3");
	CHECK(WEXITSTATUS(reap(pid)) == 3);
	pid = in_child(errnos);
	CHECK(reap(pid) == 0);
	pid = in_child(traps);
	CHECK(reap(pid) == 0);
	pid = in_child(trapped_descriptors);
	CHECK(reap(pid) == 0);
	pid = in_child(kills);
	expect_of(pid, "mkdir /tracee/killed (SIGSYS by seccomp)");
	expect_of(pid, "killed by SIGSYS*");
	status = reap(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	pid = in_child(kills_thread);
	expect_of(pid, "killed by SIGSYS*");
	status = reap(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	pid = in_child(traces);
	CHECK(reap(pid) == 0);
	pid = in_child(together);
	CHECK(reap(pid) == 0);
	tracee_end();
}
