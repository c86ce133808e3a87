/* SPDX-License-Identifier: MIT */
#include "capture/proc/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/number.h"
#include "record/build.h"

static int open_dir(pid_t tid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/fd", tid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Stays open in fds; -1 when the task is gone. */
static int dir_of(struct proc_fds *fds, pid_t tid)
{
	unsigned at = fds->next % PROC_FDS_OPEN;

	for (unsigned i = 0; i < PROC_FDS_OPEN; i++)
		if (fds->v[i].tid == tid)
			return fds->v[i].dir;
	if (fds->v[at].tid)
		close(fds->v[at].dir);
	fds->v[at].tid = 0;
	fds->v[at].dir = open_dir(tid);
	if (fds->v[at].dir < 0)
		return -1;
	fds->v[at].tid = tid;
	fds->next++;
	return fds->v[at].dir;
}

void proc_fds_forget(struct proc_fds *fds, pid_t tid)
{
	for (unsigned i = 0; i < PROC_FDS_OPEN; i++)
		if (fds->v[i].tid == tid) {
			close(fds->v[i].dir);
			fds->v[i].tid = 0;
		}
}

void proc_fds_close(struct proc_fds *fds)
{
	for (unsigned i = 0; i < PROC_FDS_OPEN; i++)
		if (fds->v[i].tid)
			proc_fds_forget(fds, fds->v[i].tid);
}

static bool stat_below(int dir, int fd, struct fd_facts *ret)
{
	struct record_fact *f = &ret->fact;
	struct statx st;
	char digits[NUMBER_TEXT];

	*f = (struct record_fact){ .fd = fd };
	ret->has_sock = ret->unlinked = false;
	ret->name_len = 0;
	if (dir < 0 || statx(dir, number_text(digits, (unsigned)fd), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
			     STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_INO, &st) < 0)
		return false;
	f->mode = st.stx_mode;
	f->ino = st.stx_ino;
	f->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	f->rdev = makedev(st.stx_rdev_major, st.stx_rdev_minor);
	ret->unlinked = !st.stx_nlink;
	return true;
}

bool proc_fd_stat(struct proc_fds *fds, pid_t tid, int fd, struct fd_facts *ret)
{
	return stat_below(dir_of(fds, tid), fd, ret);
}

/* pidfd_getfd (Linux 5.6) lends us the socket itself, so that it can be asked in any network namespace. */
static bool sock_of(pid_t tid, int fd, struct record_sock *ret)
{
	/* PIDFD_THREAD (Linux 6.9, = O_EXCL): of a thread that is no leader, too */
	int thread = (int)syscall(SYS_pidfd_open, tid, O_EXCL);
	_cleanup_close_ int pidfd = thread >= 0 ? thread : (int)syscall(SYS_pidfd_open, tid, 0);
	_cleanup_close_ int sock = pidfd >= 0 ? (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0) : -1;
	socklen_t len = sizeof(int);
	int v;

	memset(ret, 0, sizeof(*ret));
	if (sock < 0 || getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &v, &len) < 0)
		return false;
	ret->family = (rec_u32)v;
	if (getsockopt(sock, SOL_SOCKET, SO_TYPE, &v, &len) == 0)
		ret->type = (rec_u32)v;
	if (getsockopt(sock, SOL_SOCKET, SO_PROTOCOL, &v, &len) == 0)
		ret->protocol = (rec_u32)v;
	if (getsockopt(sock, SOL_SOCKET, SO_ACCEPTCONN, &v, &len) == 0 && v)
		ret->state = 1;
	len = sizeof(ret->local);
	if (getsockname(sock, (struct sockaddr *)ret->local, &len) == 0)
		ret->local_len = MIN(len, (socklen_t)sizeof(ret->local));
	len = sizeof(ret->peer);
	if (getpeername(sock, (struct sockaddr *)ret->peer, &len) == 0)
		ret->peer_len = MIN(len, (socklen_t)sizeof(ret->peer));
	return true;
}

/* The link, and what fdinfo has: offset, flags, the process of a pidfd. */
static bool text_of(int dir, pid_t tid, int fd, struct fd_facts *ret)
{
	char name[64], digits[NUMBER_TEXT], info[1024], *at;
	ssize_t n;

	n = dir >= 0 ? readlinkat(dir, number_text(digits, (unsigned)fd), ret->name, sizeof(ret->name)) : -1;
	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", tid, fd);

	_cleanup_close_ int f = n > 0 ? open(name, O_RDONLY | O_CLOEXEC) : -1;

	ret->name_len = n > 0 ? (size_t)n : 0;
	n = f >= 0 ? read(f, info, sizeof(info) - 1) : 0;
	if (n <= 0)
		return false;
	info[n] = '\0';
	if ((at = strstr(info, "pos:")))
		ret->fact.pos = strtoull(at + 4, NULL, 10);
	if ((at = strstr(info, "flags:")))
		ret->fact.open_flags = (rec_u32)strtoul(at + 6, NULL, 8);
	/* -1: it has ended; 0: it is in another pid namespace */
	if ((at = strstr(info, "\nPid:\t")) && atoi(at + 6) > 0)
		ret->fact.pid = (rec_u32)atoi(at + 6);
	ret->fact.flags = ret->fact.open_flags & O_CLOEXEC ? FACT_CLOEXEC : 0;
	return true;
}

bool proc_fd_ask(struct proc_fds *fds, pid_t tid, int fd, bool text, struct fd_facts *ret)
{
	int dir = fds ? dir_of(fds, tid) : open_dir(tid);
	bool ok = stat_below(dir, fd, ret);

	if (ok && S_ISSOCK(ret->fact.mode))
		ret->has_sock = sock_of(tid, fd, &ret->sock);
	/* a file system may refuse to tell what a file is; what it is called stands in the link */
	if (text || !ok || !(ret->has_sock || S_ISFIFO(ret->fact.mode)))
		ok = text_of(dir, tid, fd, ret);
	if (!fds && dir >= 0)
		close(dir);
	return ok;
}

bool proc_fd_is(struct proc_fds *fds, pid_t tid, int fd, const char *link)
{
	char digits[NUMBER_TEXT], is[64];
	size_t len = strlen(link);

	return readlinkat(dir_of(fds, tid), number_text(digits, (unsigned)fd), is, sizeof(is)) == (ssize_t)len &&
	       memcmp(is, link, len) == 0;
}

static bool is_named(const struct fd_facts *f, const char *name)
{
	return f->name_len == strlen(name) && memcmp(f->name, name, f->name_len) == 0;
}

unsigned proc_fd_has(const struct fd_facts *f)
{
	return (is_named(f, PROC_FANOTIFY) ? PROC_HAS_FANOTIFY : 0) |
	       (is_named(f, "anon_inode:[io_uring]") ? PROC_HAS_RING : 0);
}

void proc_fd_put(struct buf *b, unsigned flags, const struct fd_facts *f)
{
	record_chunk(b, 0, PART_FACT, flags, &f->fact, sizeof(f->fact));
	if (f->name_len)
		record_chunk(b, 0, PART_FACT_NAME, flags, f->name, f->name_len);
	if (f->has_sock)
		record_chunk(b, 0, PART_FACT_SOCK, flags, &f->sock, sizeof(f->sock));
}
