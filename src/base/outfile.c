/* SPDX-License-Identifier: MIT */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/human.h"
#include "base/macro.h"

enum { OPEN_FLAGS = O_WRONLY | O_CLOEXEC | O_NOCTTY, COPY_BYTES = 1 << 16 };

/* The rule of fs.protected_symlinks (proc_sys_fs(5)), whether or not the kernel has it switched on. */
static bool may_follow(const char *path, const struct stat *link)
{
	_cleanup_free_ char *copy = xmemdup0(path, strlen(path));
	struct stat dir;

	if (link->st_uid == geteuid() || stat(dirname(copy), &dir) < 0)
		return true;
	return !(dir.st_mode & S_ISVTX && dir.st_mode & S_IWOTH) || link->st_uid == dir.st_uid;
}

static int create(const char *path) { return open(path, OPEN_FLAGS | O_CREAT | O_EXCL, 0600); }

/*
 * A file of another user is not written into: that user may read it, and may have it open.  Where we may remove it, it
 * makes room for one of our own.
 */
static int replace_foreign(struct outfile *f)
{
	close(f->fd);
	f->fd = -1;
	if (unlink(f->path) < 0)
		return -EPERM;
	f->fd = create(f->path);
	if (f->fd < 0)
		return -errno;
	f->replaced = f->created = true;
	return 0;
}

static int open_existing(struct outfile *f)
{
	struct stat st;

	bool link = lstat(f->path, &st) == 0 && S_ISLNK(st.st_mode), dangles;

	if (link && !may_follow(f->path, &st))
		return -ELOOP;
	dangles = link && stat(f->path, &st) < 0 && errno == ENOENT;
	/*
	 * What may be followed cannot be exchanged by others.  O_CREAT again: for a link to a file that does not exist
	 * yet.
	 */
	f->fd = open(f->path, OPEN_FLAGS | O_CREAT | (link ? 0 : O_NOFOLLOW), 0600);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (dangles)
		f->created = true;
	if (st.st_uid != geteuid())
		return replace_foreign(f);
	/* file systems without modes (vfat) refuse, and there all files are their user's */
	if (st.st_mode & 077)
		fchmod(f->fd, 0600);
	return 0;
}

/* Why it could not be opened, and what to do. */
static int refuse(const char *path, int rc, const struct outfile_words *words, struct diag *diag)
{
	if (rc == -ELOOP)
		return diag_set(diag, 125, ELOOP,
				"%s %s is a symbolic link that another user made in a directory where everybody may "
				"write; remove it, or %s",
				words->what, path, words->instead);
	if (rc == -EPERM)
		return diag_set(diag, 125, EPERM,
				"%s %s: the file belongs to another user, who could read what the program saw; remove "
				"it, or %s",
				words->what, path, words->instead);
	return diag_set(diag, 125, -rc, "cannot write %s %s: %s; %s", words->what, path, strerror(-rc), words->instead);
}

int outfile_open(const char *path, const struct outfile_words *words, struct outfile *ret_file, struct diag *diag)
{
	struct outfile f = { .fd = create(path), .path = xmemdup0(path, strlen(path)) };
	int rc = 0;

	f.created = f.fd >= 0;
	if (f.fd < 0)
		rc = errno == EEXIST ? open_existing(&f) : -errno;
	if (rc == 0) {
		if (f.replaced)
			diag_set(diag, 0, 0, "%s %s belonged to another user: it was removed and a new one was made",
				 words->what, path);
		*ret_file = f;
		return 0;
	}
	if (f.fd >= 0)
		close(f.fd);
	free(f.path);
	*ret_file = (struct outfile){ .fd = -1 };
	return refuse(path, rc, words, diag);
}

int outfile_open_stream(int fd, const char *where, const struct outfile_words *words, struct outfile *ret_file,
			struct diag *diag)
{
	/* what stands in for a stream that was closed at the start (cli/main.c) takes no bytes */
	int mode = fcntl(fd, F_GETFL),
	    copy = mode < 0 || mode & O_PATH ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	*ret_file = (struct outfile){ .fd = copy, .stream = true, .begun = true };
	if (copy < 0)
		return diag_set(diag, 125, EBADF, "cannot write %s %s: it is closed; %s", words->what, where,
				words->instead);
	ret_file->path = xmemdup0(where, strlen(where));
	return 0;
}

static bool is_regular(int fd, struct stat *st) { return fstat(fd, st) == 0 && S_ISREG(st->st_mode); }

int outfile_begin(struct outfile *f)
{
	struct stat st;

	if (!f->begun && !f->err && is_regular(f->fd, &st) && ftruncate(f->fd, 0) < 0)
		f->err = -errno;
	f->begun = true;
	return f->err;
}

int outfile_write(struct outfile *f, const void *bytes, size_t nbytes)
{
	const char *p = bytes;

	if (!f->begun)
		outfile_begin(f);
	while (nbytes && !f->err) {
		ssize_t n = write(f->fd, p, nbytes);

		if (n > 0) {
			p += n;
			nbytes -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			/* a stream shared with a program that made it non-blocking */
			struct pollfd pfd = { .fd = f->fd, .events = POLLOUT };

			poll(&pfd, 1, 1000);
		} else if (n == 0 || errno != EINTR) {
			f->err = n ? -errno : -ENOSPC;
		}
	}
	f->lost += nbytes;
	return f->err;
}

static int copy_all(int from, int to)
{
	char *buf = xmalloc(COPY_BYTES);
	ssize_t n, done;
	int rc = 0;

	while (!rc && (n = read(from, buf, COPY_BYTES)) > 0)
		for (ssize_t at = 0; at < n && !rc; at += done)
			if ((done = write(to, buf + at, (size_t)(n - at))) < 0) {
				rc = -errno;
				done = 0;
			}
	free(buf);
	return rc ? rc : n < 0 ? -EIO : 0;
}

int outfile_restore(struct outfile *f)
{
	struct stat st;
	char self[64];
	int from, to, rc;

	if (f->fd < 0 || f->stream || !is_regular(f->fd, &st) || st.st_nlink)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
	from = open(self, O_RDONLY | O_CLOEXEC);	/* the file itself, by whatever name it had */
	if (from < 0)
		return -errno;
	to = create(f->path);
	rc = to < 0 ? -errno : copy_all(from, to);
	close(from);
	if (rc < 0) {
		if (to >= 0) {
			unlink(f->path);
			close(to);
		}
		return rc;
	}
	close(f->fd);
	f->fd = to;
	f->restored = true;
	return 1;
}

int outfile_renew(struct outfile *f, const char *old_as)
{
	struct stat st;
	int fd, rc;

	if (f->err)
		return f->err;
	if (f->stream || !is_regular(f->fd, &st))
		return f->err = -EINVAL;
	outfile_begin(f);
	if (rename(f->path, old_as) < 0)
		return f->err = -errno;
	fd = create(f->path);
	if (fd < 0) {
		rc = -errno;
		rename(old_as, f->path);
		return f->err = rc;
	}
	close(f->fd);
	f->fd = fd;
	f->created = f->begun = true;
	return 0;
}

/* Nothing of it could be written: no empty file is left. */
static bool remove_if_empty(struct outfile *f)
{
	struct stat st;

	if (!f->created || f->fd < 0 || fstat(f->fd, &st) < 0 || st.st_size)
		return false;
	outfile_remove(f);
	return true;
}

static int say_cut(const char *path, const struct outfile *f, const struct outfile_words *words, struct diag *diag)
{
	bool full = f->err == -ENOSPC || f->err == -EDQUOT;
	struct buf b = { 0 };
	int rc;

	if (f->lost && !f->missing) {
		buf_puts(&b, "; the last ");
		human_bytes(&b, f->lost);
		buf_puts(&b, " are missing");
	}
	if (words->cut && !f->missing)
		buf_printf(&b, "; %s", words->cut);
	if (full)
		buf_printf(&b, "; free some space, or %s", words->instead);
	rc = diag_set(diag, 125, -f->err, "%s %s %s: %s%s", words->what, path,
		      f->missing ? "could not be written" : "is incomplete", strerror(-f->err), b.s ? b.s : "");
	buf_done(&b);
	return rc;
}

int outfile_finish(struct outfile *f, const struct outfile_words *words, struct diag *diag)
{
	_cleanup_free_ char *path = NULL;
	int restored, rc;

	if (f->fd < 0)
		return f->err;
	path = xmemdup0(f->path, strlen(f->path));
	outfile_begin(f);
	restored = outfile_restore(f);
	f->missing = f->err && remove_if_empty(f);
	rc = outfile_close(f);
	if (rc < 0 && !f->err)
		f->err = rc;
	if (restored < 0 && !f->err) {
		f->err = restored;
		return diag_set(diag, 125, -restored,
				"%s %s was removed while the trace ran, and what was written to it is lost: %s",
				words->what, path,
				restored == -EEXIST ? "another file took its place" : strerror(-restored));
	}
	if (f->err)
		return say_cut(path, f, words, diag);
	if (f->restored)
		diag_set(diag, 0, 0, "%s %s was removed while the trace ran; it was written anew", words->what, path);
	return 0;
}

int outfile_close(struct outfile *f)
{
	int fd = f->fd;

	f->fd = -1;
	free(f->path);
	f->path = NULL;
	return fd >= 0 && close(fd) < 0 ? -errno : 0;
}

void outfile_remove(struct outfile *f)
{
	struct stat mine, there;
	/* through a link of the user's own that led nowhere before: the link stays, what it leads to now does not */
	_cleanup_free_ char *at = f->fd >= 0 && f->created ? realpath(f->path, NULL) : NULL;

	/* not one that took its place */
	if (at && fstat(f->fd, &mine) == 0 && lstat(at, &there) == 0 && mine.st_dev == there.st_dev &&
	    mine.st_ino == there.st_ino)
		unlink(at);
	outfile_close(f);
}
