#include "capture/bpf/pressure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/macro.h"
#include "base/process.h"
#include "capture/bpf/kring.h"
#include "capture/proc/proc.h"

enum { PATH_BYTES = 4096, BUSY_NAP_NS = 1000000, NAP_NS = 4000000, IDLE_NAP_NS = 10000000, IDLE_ROUNDS = 50, REMOVE_TRIES = 200 };
#define OWN_PREFIX "compendium-"

struct pressure {
	const struct kring *ring;
	int dir;			/* the cgroup, or -1 */
	bool own;			/* made by us: removed at the end */
	char path[PATH_BYTES];
	pthread_t thread;
	bool watching;
	_Atomic bool stop;
	pid_t guard;
	int guard_fd;			/* closed by our end, whatever it is */
};

static void nap(long ns) { nanosleep(&(struct timespec){ 0, ns }, NULL); }

static int put(int dir, const char *file, const char *text)
{
	_cleanup_close_ int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

/* Where cgroup v2 is mounted and which of it is ours: "/sys/fs/cgroup/user.slice/…". */
static bool own_cgroup(char *ret, size_t max)
{
	char line[PATH_BYTES], mount[PATH_BYTES / 2] = "", at[PATH_BYTES / 2], own[PATH_BYTES / 2];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %2047s", at) == 1)
			memcpy(mount, at, sizeof(at));
	if (f)
		fclose(f);
	f = mount[0] ? fopen("/proc/self/cgroup", "re") : NULL;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "0::%2047[^\n]", own) == 1)
			found = snprintf(ret, max, "%s%s", mount, strcmp(own, "/") ? own : "") < (int)max - 32;
	if (f)
		fclose(f);
	return found;
}

/* With what a compendium that ran in it left below it. */
static void remove_cgroup(const char *path)
{
	for (int i = 0; i < REMOVE_TRIES && rmdir(path) < 0 && errno == EBUSY; i++) {
		char below[PATH_BYTES];
		struct dirent *e;
		DIR *d = opendir(path);

		while (d && (e = readdir(d)))
			if (!strncmp(e->d_name, OWN_PREFIX, strlen(OWN_PREFIX)) &&
			    snprintf(below, sizeof(below), "%s/%s", path, e->d_name) < (int)sizeof(below))
				rmdir(below);
		if (d)
			closedir(d);
		nap(NAP_NS);
	}
}

/* Where there is no cgroup: a process and what descends from it, as far as /proc still tells. */
static void kill_tree(void *ctx UNUSED, pid_t pid)
{
	kill_one(pid, SIGSTOP);	/* no more children, and those there are keep their numbers */
	proc_each_child(pid, kill_tree, NULL);
	kill_one(pid, SIGKILL);
}

/* The process that outlives us if we are killed. */
static _Noreturn void guard(int fd, int dir, const char *path, pid_t pid)
{
	sigset_t all;
	char bye;
	ssize_t n;
	int keep[2] = { MIN(fd, dir), MAX(fd, dir) };
	int pidfd = -1;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "compendium-end");
	/* nothing of what was open stays open: whoever waits for the end of a pipe must see it */
	if (keep[0] > 0)
		syscall(SYS_close_range, 0, keep[0] - 1, 0);
	if (keep[1] > keep[0] + 1)
		syscall(SYS_close_range, keep[0] + 1, keep[1] - 1, 0);
	syscall(SYS_close_range, keep[1] + 1, ~0u, 0);
	if (pid)
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	do
		n = read(fd, &bye, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(0);
	if (dir >= 0)
		put(dir, "cgroup.freeze", "0");
	if (pid) {
		/* a cgroup.kill (5.14) reaches all; otherwise those that descend from it */
		if (dir < 0 || put(dir, "cgroup.kill", "1") < 0)
			if (syscall(SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0) == 0)
				kill_tree(NULL, pid);
		if (dir >= 0)
			remove_cgroup(path);
	}
	_exit(0);
}

/* 0 or -errno: without it nothing ends the command, or thaws a cgroup, if we are killed. */
static int start_guard(struct pressure *p, pid_t pid)
{
	int fds[2], rc = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	p->guard = fork();
	if (p->guard == 0) {
		close(fds[1]);
		guard(fds[0], p->dir, p->path, pid);
	}
	if (p->guard < 0) {
		rc = -errno;
		p->guard = 0;
		close(fds[1]);
		fds[1] = -1;
	}
	close(fds[0]);
	p->guard_fd = fds[1];
	return rc;
}

static void *watch(void *ctx)
{
	struct pressure *p = ctx;
	bool frozen = false;
	unsigned idle = 0;

	/* On a loaded machine the ring may be full before an ordinary thread has its turn; this one looks and sleeps. */
	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 }))
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), -20);

	while (!atomic_load(&p->stop)) {
		size_t used = kring_used(p->ring), size = p->ring->size;

		/* It takes some 4 ms until the last of them stands still: there has to be room for that. */
		if (!frozen && used > size / 2)
			frozen = put(p->dir, "cgroup.freeze", "1") == 0;
		else if (frozen && used < size / 8)
			frozen = put(p->dir, "cgroup.freeze", "0") != 0;
		idle = used ? 0 : idle + 1;
		nap(frozen || used > size / 16 ? BUSY_NAP_NS : idle > IDLE_ROUNDS ? IDLE_NAP_NS : NAP_NS);
	}
	if (frozen)
		put(p->dir, "cgroup.freeze", "0");
	return NULL;
}

static void start_watch(struct pressure *p)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);	/* signals are the first thread's business */
	p->watching = pthread_create(&p->thread, NULL, watch, p) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static int make_cgroup(struct pressure *p, pid_t pid)
{
	char number[16];
	int rc = 0;

	if (!own_cgroup(p->path, sizeof(p->path)))
		return -ENOENT;
	snprintf(p->path + strlen(p->path), sizeof(p->path) - strlen(p->path), "/" OWN_PREFIX "%d", pid);
	if (mkdir(p->path, 0755) < 0)
		return -errno;
	p->own = true;
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(number, sizeof(number), "%d", pid);
	rc = p->dir < 0 ? -errno : put(p->dir, "cgroup.procs", number);
	if (rc == 0)
		return 0;
	if (p->dir >= 0)
		close(p->dir);
	p->dir = -1;
	remove_cgroup(p->path);
	return rc;
}

struct pressure *pressure_open_command(pid_t pid, const struct kring *ring, bool freeze, struct diag *note)
{
	struct pressure *p = xcalloc(1, sizeof(*p));
	int rc;

	p->ring = ring;
	p->dir = p->guard_fd = -1;
	rc = freeze ? make_cgroup(p, pid) : 0;
	if (rc < 0)
		diag_set(note, 125, -rc, "the command cannot be held back when the ring is full, what is lost then is counted: %s%s; a cgroup (v2) it may have a directory in is needed, --lossy does without",
			 rc == -ENOENT ? "no cgroup2 file system is mounted" : "cannot make a cgroup for it: ", rc == -ENOENT ? "" : strerror(-rc));
	rc = start_guard(p, pid);
	if (rc < 0)	/* worse than the other, if there is one */
		diag_set(note, 125, -rc, "cannot start the process that ends the command should compendium be killed: %s; it is traced all the same, and if compendium is killed it runs on",
			 strerror(-rc));
	if (p->dir >= 0)
		start_watch(p);
	return p;
}

static bool contains_us(const char *path)
{
	char own[PATH_BYTES], real[PATH_BYTES], *r = realpath(path, NULL);
	size_t n;

	snprintf(real, sizeof(real), "%s", r ? r : path);
	free(r);
	n = strlen(real);
	return own_cgroup(own, sizeof(own)) && !strncmp(own, real, n) && (!own[n] || own[n] == '/');
}

struct pressure *pressure_open_cgroup(const char *path, const struct kring *ring)
{
	struct pressure *p;

	if (contains_us(path))
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->ring = ring;
	p->guard_fd = -1;
	p->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* what would stay frozen for ever, should we be killed, is not frozen */
	if (p->dir >= 0 && start_guard(p, 0) == 0)
		start_watch(p);
	return p;
}

void pressure_release(struct pressure *p)
{
	if (!p || !p->watching)
		return;
	atomic_store(&p->stop, true);
	pthread_join(p->thread, NULL);
	p->watching = false;
}

/* Who lives on goes back to where we are. */
static void move_up(struct pressure *p)
{
	char line[32], parent[PATH_BYTES];
	_cleanup_close_ int up = -1;
	FILE *f;
	int fd;

	snprintf(parent, sizeof(parent), "%s", p->path);
	*strrchr(parent, '/') = '\0';
	up = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(p->dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	f = fd >= 0 ? fdopen(fd, "r") : NULL;
	while (up >= 0 && f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		put(up, "cgroup.procs", line);
	}
	if (f)
		fclose(f);
}

void pressure_close(struct pressure *p)
{
	if (!p)
		return;
	pressure_release(p);
	if (p->own && p->dir >= 0) {
		for (int i = 0; i < 3 && rmdir(p->path) < 0 && errno == EBUSY; i++)
			move_up(p);
		remove_cgroup(p->path);
	}
	if (p->guard_fd >= 0) {
		if (write(p->guard_fd, "q", 1) < 0)
			kill_one(p->guard, SIGKILL);
		close(p->guard_fd);
		wait_end(p->guard, NULL);
	}
	if (p->dir >= 0)
		close(p->dir);
	free(p);
}
