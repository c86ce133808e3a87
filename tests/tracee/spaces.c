/* SPDX-License-Identifier: MIT */
/* Namespaces and roots: pids as the tracer sees them, paths as the program sees them. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "tracee.h"

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		CHECK(write(fd, text, strlen(text)) > 0);
		close(fd);
	}
}

/* In a pid namespace: the child is 1 there, its own child 2. */
static void pids(void)
{
	pid_t outer, inner;

	outer = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (outer == 0) {
		CHECK(getpid() == 1);
		inner = fork();
		if (inner == 0) {
			char me[16] = "";

			CHECK(getpid() == 2);
			/* this /proc is of the outer namespace and knows us by our number there */
			CHECK(readlink("/proc/self", me, sizeof(me) - 1) > 0 && atoi(me) > 2);
			expect_of(atoi(me), "access /tracee/inner ENOENT");
			access("/tracee/inner", F_OK);
			expect_of(atoi(me), "exit 3");
			_exit(3);
		}
		CHECK(inner == 2);
		CHECK(WEXITSTATUS(reap(inner)) == 3);
		access("/tracee/outer", F_OK);
		_exit(4);
	}
	CHECK(outer > 0);
	expect("fork → %d", outer);
	expect("signal SIGCHLD from pid %d (ignored)", outer);
	expect_of(outer, "fork → *");
	expect_of(outer, "signal SIGCHLD*");
	expect_of(outer, "access /tracee/outer ENOENT");
	expect_of(outer, "exit 4");
	CHECK(WEXITSTATUS(reap(outer)) == 4);
}

/*
 * What the processes below tell each other: their numbers where the tracer is; of those that are over, once that is so.
 */
static volatile struct { pid_t init, child, nested, made, entered, reaped, entrant; } *numbers;

static pid_t number_outside(void)
{
	char me[16] = "";

	CHECK(readlink("/proc/self", me, sizeof(me) - 1) > 0);
	return atoi(me);
}

static pid_t wait_for(volatile pid_t *number)
{
	while (!*number)
		usleep(1000);
	return *number;
}

static void caught(int signo) { (void)signo; }

/* All signals are blocked but while one is waited for: the order they come in is ours. */
static void wait_signal(int signo)
{
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, signo);
	CHECK(sigsuspend(&set) < 0 && errno == EINTR);
}

static void child_of_init(void)
{
	pid_t me = number_outside();

	CHECK(getpid() == 2);
	expect_of(me, "signal SIGUSR1 from pid %d", numbers->init);
	numbers->child = me;
	wait_signal(SIGUSR1);
	expect_of(me, "kill SIGUSR2 → %d", numbers->init);
	CHECK(kill(1, SIGUSR2) == 0);
	expect_of(me, "exit 5");
	_exit(5);
}

static void init_of_namespace(void)
{
	pid_t me = number_outside(), pid;

	CHECK(getpid() == 1);
	numbers->init = me;
	pid = fork();
	if (pid == 0)
		child_of_init();
	CHECK(pid == 2);
	expect_of(me, "fork → %d", wait_for(&numbers->child));
	expect_of(me, "kill SIGUSR1 → %d", numbers->child);
	CHECK(kill_one(pid, SIGUSR1) == 0);
	expect_of(me, "signal SIGUSR2 from pid %d", numbers->child);
	wait_signal(SIGUSR2);
	expect_of(me, "signal SIGCHLD from pid %d", numbers->child);	/* which has ended */
	wait_signal(SIGCHLD);
	CHECK(WEXITSTATUS(reap(pid)) == 5);

	/* One whose own namespace is further in: its number in ours is what the call returns. */
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		CHECK(getpid() == 1);
		numbers->nested = number_outside();
		wait_for(&numbers->made);
		expect_of(numbers->nested, "exit 0");
		_exit(0);
	}
	CHECK(pid == 3);
	numbers->made = pid;
	expect_of(me, "fork → %d", wait_for(&numbers->nested));
	expect_of(me, "signal SIGCHLD from pid %d", numbers->nested);
	wait_signal(SIGCHLD);
	CHECK(reap(pid) == 0);

	expect_of(me, "signal SIGUSR1 from outside its pid namespace");
	wait_signal(SIGUSR1);
	expect_of(me, "signal SIGUSR2 from pid %d", wait_for(&numbers->entered));
	wait_signal(SIGUSR2);
	wait_for(&numbers->reaped);	/* our end is that of all in here */
	expect_of(me, "exit 6");
	_exit(6);
}

/* unshare and setns: the children are in the namespace, the caller is not.  Sender and receiver of a signal. */
static void unshared(void)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGCHLD };
	struct sigaction sa = { .sa_handler = caught };
	sigset_t all;
	pid_t outer, enters, pid, init;
	char path[64];

	numbers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK((void *)numbers != MAP_FAILED);
	outer = fork();
	if (outer == 0) {
		CHECK(unshare(CLONE_NEWPID) == 0);
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		for (unsigned i = 0; i < 3; i++)
			CHECK(sigaction(signals[i], &sa, NULL) == 0);
		pid = fork();
		if (pid == 0)
			init_of_namespace();
		expect("fork → %d", pid);
		CHECK(wait_for(&numbers->init) == pid);
		CHECK(WEXITSTATUS(reap(pid)) == 6);
		wait_for(&numbers->entrant);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", outer);
	wait_for(&numbers->nested);
	init = numbers->init;
	expect("kill SIGUSR1 → %d", init);
	CHECK(kill_one(init, SIGUSR1) == 0);
	enters = fork();
	if (enters == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/pid", init);

		int ns = open(path, O_RDONLY | O_CLOEXEC);

		CHECK(ns >= 0 && setns(ns, 0) == 0);
		pid = fork();
		if (pid == 0) {
			pid_t me = number_outside();

			CHECK(getpid() == 4);
			expect_of(me, "kill SIGUSR2 → %d", init);
			expect_of(me, "exit 7");
			numbers->entered = me;
			CHECK(kill(1, SIGUSR2) == 0);
			_exit(7);
		}
		expect("fork → %d", pid);
		expect("signal SIGCHLD from pid %d (ignored)", pid);
		CHECK(WEXITSTATUS(reap(pid)) == 7);
		numbers->reaped = pid;
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", enters);
	CHECK(reap(enters) == 0);
	expect("signal SIGCHLD from pid %d (ignored)", enters);
	numbers->entrant = enters;
	CHECK(reap(outer) == 0);
	expect("signal SIGCHLD from pid %d (ignored)", outer);
}

static void roots(void)
{
	const char *root = in_dir("root"), *etc = in_dir("root/etc");
	pid_t pid;

	CHECK(mkdir(root, 0755) == 0 && mkdir(etc, 0755) == 0);
	expect("mkdir %s", root);
	expect("mkdir %s", etc);
	pid = fork();
	if (pid == 0) {
		CHECK(chdir(root) == 0);
		expect("chdir %s", root);
		CHECK(chroot(root) == 0);
		expect("chdir %s", root);
		CHECK(chdir("/etc") == 0);
		expect("chdir /etc");
		CHECK(access("passwd", F_OK) < 0);
		expect("access /etc/passwd ENOENT");
		int fd = open("../etc/../new", O_WRONLY | O_CREAT, 0600);

		CHECK(fd >= 0);
		expect("open /new (write, create)");
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	expect("signal SIGCHLD from pid %d (ignored)", pid);
	CHECK(reap(pid) == 0);
	/* the parent's root is its own */
	CHECK(access("/etc/passwd", F_OK) == 0);
	CHECK(access(in_dir("root/new"), F_OK) == 0);
}

static void mounts(void)
{
	const char *where = in_dir("mnt"), *file = in_dir("mnt/file");
	pid_t pid;

	CHECK(mkdir(where, 0755) == 0);
	expect("mkdir %s", where);
	pid = fork();
	if (pid == 0) {
		CHECK(unshare(CLONE_NEWNS) == 0);
		CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		expect("mount *");
		CHECK(mount("tracee", where, "tmpfs", 0, NULL) == 0);
		expect("mount *%s", where);
		int fd = open(file, O_WRONLY | O_CREAT, 0600);

		CHECK(fd >= 0);
		expect("open %s (write, create)", file);
		close(fd);
		CHECK(umount(where) == 0);
		expect("umount %s", where);
		CHECK(umount(where) < 0);
		expect("umount %s EINVAL", where);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	expect("signal SIGCHLD from pid %d (ignored)", pid);
	CHECK(reap(pid) == 0);
}

/* Into a mount namespace and back: the working directory is its root then. */
static void entered(void)
{
	const char *where = in_dir("here");
	pid_t pid;

	CHECK(mkdir(where, 0755) == 0);
	expect("mkdir %s", where);
	pid = fork();
	if (pid == 0) {
		/* one of our own: a user may not go back to the system's */
		CHECK(unshare(CLONE_NEWNS) == 0);

		int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

		CHECK(ns >= 0 && unshare(CLONE_NEWNS) == 0 && chdir(where) == 0);
		expect("chdir %s", where);
		CHECK(access("etc/none", F_OK) < 0);
		expect("access %s/etc/none ENOENT", where);
		CHECK(setns(ns, CLONE_NEWNS) == 0);
		CHECK(access("etc/none", F_OK) < 0);
		expect("access /etc/none ENOENT");
		expect_call("setns(%d</proc/self/ns/mnt>, CLONE_NEWNS) = 0", ns);
		CHECK(setns(ns, CLONE_NEWNET) < 0 && errno == EINVAL);
		expect_call("setns(%d</proc/self/ns/mnt>, CLONE_NEWNET) = -1 EINVAL (Invalid argument)", ns);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	expect("signal SIGCHLD from pid %d (ignored)", pid);
	CHECK(reap(pid) == 0);
}

int main(void)
{
	int probe = fork(), status;

	if (probe == 0)
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) != 0 && errno);
	status = reap(probe);

	uid_t uid = getuid();
	gid_t gid = getgid();
	char map[64];

	tracee_begin();
	if (status != 0)
		tracee_skip("no user namespaces here");
	tracee_watch("sigchld");
	tracee_ignore("^(open|write) .*/proc/self/");
	tracee_ignore("^open /proc/\\d+/ns/pid ");
	tracee_ignore("^readlink ");
	if (uid != 0) {
		/* root in a user namespace of our own */
		CHECK(unshare(CLONE_NEWUSER) == 0);
		write_file("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_file("/proc/self/gid_map", map);
		CHECK(getuid() == 0);
		CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);	/* a child's namespaces can be looked up */
	}
	pids();
	unshared();
	roots();
	mounts();
	entered();
	tracee_end();
}
