/* SPDX-License-Identifier: MIT */
/* Small questions about a pid. */
#include "capture/proc/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/linux/sched.h; field 9 of /proc/PID/stat */
enum { PF_KTHREAD = 0x00200000, PF_IO_WORKER = 0x10, PF_USER_WORKER = 0x4000 };

static int open_proc(pid_t pid, pid_t tid, const char *name)
{
	char path[96];

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Whole file into b; false when it is not there. */
bool proc_read_all(pid_t pid, pid_t tid, const char *name, struct buf *b)
{
	_cleanup_close_ int fd = open_proc(pid, tid, name);
	ssize_t n;

	buf_reset(b);
	if (fd < 0)
		return false;
	do {
		buf_grow(b, 4096);
		n = read(fd, b->s + b->len, b->cap - b->len - 1);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	b->s[b->len] = '\0';
	return b->len > 0;
}

size_t proc_read_link(pid_t pid, const char *name, char *to, size_t max)
{
	char path[96];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	n = readlink(path, to, max);
	return n > 0 ? (size_t)n : 0;
}

/* The words after the last ')' of /proc/PID/stat: comm may hold anything, parentheses too.  Field 3 is the first. */
bool proc_read_stat(pid_t pid, pid_t tid, unsigned field, unsigned long long *ret)
{
	struct buf b = { 0 };
	bool ok = false;
	char *p;

	if (proc_read_all(pid, tid, "stat", &b) && (p = strrchr(b.s, ')'))) {
		p += 2;
		for (unsigned i = 3; i < field && p; i++)
			if ((p = strchr(p, ' ')))
				p++;
		if (p && field == 3)
			*ret = (unsigned char)*p, ok = true;
		else if (p)
			*ret = strtoull(p, NULL, 10), ok = true;
	}
	buf_done(&b);
	return ok;
}

bool proc_usage(pid_t tid, struct proc_usage *ret)
{
	char path[64], text[96];
	_cleanup_close_ int fd = -1;
	unsigned long long run, delay;
	ssize_t n;

	/* a thread, too, has a /proc/TID, though no list shows it */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", tid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (sscanf(text, "%llu %llu", &run, &delay) != 2)
		return false;
	*ret = (struct proc_usage){ run, delay };
	return true;
}

bool proc_times(pid_t pid, uint64_t *ret_utime_ns, uint64_t *ret_stime_ns)
{
	unsigned long long v[4], tick_ns = 1000000000 / (unsigned long long)sysconf(_SC_CLK_TCK);

	for (unsigned i = 0; i < 4; i++)	/* utime, stime, cutime, cstime */
		if (!proc_read_stat(pid, 0, 14 + i, &v[i]))
			return false;
	*ret_utime_ns = (v[0] + v[2]) * tick_ns;
	*ret_stime_ns = (v[1] + v[3]) * tick_ns;
	return true;
}

char proc_state(pid_t pid, pid_t tid)
{
	unsigned long long c = 0;

	return proc_read_stat(pid, tid, 3, &c) ? (char)c : 0;
}

bool proc_is_kernel_thread(pid_t pid)
{
	unsigned long long flags = 0;

	return proc_read_stat(pid, 0, 9, &flags) && (flags & PF_KTHREAD);
}

bool proc_is_kernel_helper(pid_t pid, pid_t tid)
{
	unsigned long long flags = 0;

	return proc_read_stat(pid, tid, 9, &flags) && (flags & (PF_IO_WORKER | PF_USER_WORKER));
}

static bool status_line(pid_t pid, pid_t tid, const char *key, char *ret, size_t max)
{
	struct buf b = { 0 };
	const char *p;
	bool ok = false;

	if (proc_read_all(pid, tid, "status", &b)) {
		/* "Name:" comes first and its value has newlines escaped */
		for (p = b.s; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
			if (!strncmp(p, key, strlen(key)) && p[strlen(key)] == ':') {
				p += strlen(key) + 1;
				p += strspn(p, "\t ");
				snprintf(ret, max, "%.*s", (int)strcspn(p, "\n"), p);
				ok = true;
				break;
			}
	}
	buf_done(&b);
	return ok;
}

uint64_t proc_rss_peak(pid_t pid)
{
	char v[64];

	return status_line(pid, pid, "VmHWM", v, sizeof(v)) ? strtoull(v, NULL, 10) << 10 : 0;
}

uint32_t proc_ns_tid(pid_t tid)
{
	char v[256], *last;

	if (!status_line(tid, 0, "NSpid", v, sizeof(v)) || !(last = strrchr(v, '\t')))
		return 0;
	return (uint32_t)strtoul(last + 1, NULL, 10);
}

/* The second link cannot be read while that namespace has no first process, and before Linux 4.12. */
bool proc_children_elsewhere(pid_t tid)
{
	char path[64], own[64], theirs[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", tid);
	n = readlink(path, own, sizeof(own));
	snprintf(path, sizeof(path), "/proc/%d/ns/pid_for_children", tid);
	return n > 0 && (readlink(path, theirs, sizeof(theirs)) != n || memcmp(own, theirs, (size_t)n) != 0);
}

int proc_parent(pid_t tid, pid_t *ret_tgid, pid_t *ret_ppid)
{
	char v[64];

	if (!status_line(tid, 0, "Tgid", v, sizeof(v)))
		return -ESRCH;
	*ret_tgid = (pid_t)atoi(v);
	*ret_ppid = status_line(tid, 0, "PPid", v, sizeof(v)) ? (pid_t)atoi(v) : 0;
	return 0;
}

pid_t proc_tracer(pid_t pid)
{
	char v[64];

	return status_line(pid, 0, "TracerPid", v, sizeof(v)) ? (pid_t)atoi(v) : 0;
}

bool proc_may_look(pid_t pid)
{
	char path[64], exe;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, &exe, 1) >= 0 || (errno != EACCES && errno != EPERM);
}

uid_t proc_uid(pid_t pid)
{
	char v[64];

	return status_line(pid, 0, "Uid", v, sizeof(v)) ? (uid_t)strtoul(v, NULL, 10) : (uid_t)-1;
}

bool proc_rights(pid_t tid, struct proc_rights *ret)
{
	unsigned real;
	char v[64];

	if (!status_line(tid, 0, "Uid", v, sizeof(v)) || sscanf(v, "%u %u", &real, &ret->euid) != 2 ||
	    !status_line(tid, 0, "Gid", v, sizeof(v)) || sscanf(v, "%u %u", &real, &ret->egid) != 2 ||
	    !status_line(tid, 0, "CapPrm", v, sizeof(v)))
		return false;
	ret->permitted = strtoull(v, NULL, 16);
	ret->no_new_privs = status_line(tid, 0, "NoNewPrivs", v, sizeof(v)) && v[0] == '1';
	return true;
}

bool proc_pends(pid_t tid, int signo)
{
	struct buf b = { 0 };
	const char *pending = proc_read_all(tid, 0, "status", &b) ? strstr(b.s, "\nSigPnd:\t") : NULL;
	bool is = pending && strtoull(pending + strlen("\nSigPnd:\t"), NULL, 16) & 1ull << (signo - 1);

	buf_done(&b);
	return is;
}

bool proc_dispositions(pid_t tid, uint64_t *ret_ignored, uint64_t *ret_caught)
{
	_cleanup_close_ int fd = open_proc(tid, 0, "status");
	char s[4096], *ign, *cgt;
	ssize_t n = fd >= 0 ? read(fd, s, sizeof(s) - 1) : 0;

	if (n <= 0)
		return false;
	s[n] = '\0';
	ign = strstr(s, "\nSigIgn:\t");
	cgt = strstr(s, "\nSigCgt:\t");
	if (!ign || !cgt)
		return false;
	*ret_ignored = strtoull(ign + 9, NULL, 16);
	*ret_caught = strtoull(cgt + 9, NULL, 16);
	return true;
}

void proc_each_descriptor(pid_t pid, void (*fn)(void *ctx, int fd, const char *target), void *ctx)
{
	char path[64], target[PATH_MAX];
	struct dirent *e;
	ssize_t n;
	DIR *d;
	int at;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	at = d ? dirfd(d) : -1;
	while (at >= 0 && (e = readdir(d))) {
		n = readlinkat(at, e->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		fn(ctx, atoi(e->d_name), target);
	}
	if (d)
		closedir(d);
}

unsigned proc_each_thread(pid_t pid, void (*fn)(void *ctx, pid_t tid), void *ctx)
{
	char path[64];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0])) {
			fn(ctx, (pid_t)atoi(e->d_name));
			n++;
		}
	if (d)
		closedir(d);
	return n;
}

struct each_child { pid_t pid; void (*fn)(void *ctx, pid_t child); void *ctx; };

static void children_of_thread(void *ctx, pid_t tid)
{
	const struct each_child *c = ctx;
	struct buf b = { 0 };
	char *at, *end;
	long child;

	if (proc_read_all(c->pid, tid, "children", &b))
		for (at = b.s; (child = strtol(at, &end, 10)) > 0 && end != at; at = end)
			c->fn(c->ctx, (pid_t)child);
	buf_done(&b);
}

void proc_each_child(pid_t pid, void (*fn)(void *ctx, pid_t child), void *ctx)
{
	proc_each_thread(pid, children_of_thread, &(struct each_child){ pid, fn, ctx });
}

bool proc_mounted(void)
{
	char self[32];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	self[MAX(n, 0)] = '\0';
	return n > 0 && atoi(self) == getpid();
}
