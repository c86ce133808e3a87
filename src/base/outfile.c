/* SPDX-License-Identifier: MIT */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
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
 * A file of somebody else's is not written into: he may read it, and may have it open.  Where we may remove it, it makes
 * room for one of our own.
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

	bool link = lstat(f->path, &st) == 0 && S_ISLNK(st.st_mode);

	if (link && !may_follow(f->path, &st))
		return -ELOOP;
	/* What may be followed cannot be exchanged by others.  O_CREAT again: for a link to a file that does not exist yet. */
	f->fd = open(f->path, OPEN_FLAGS | O_CREAT | (link ? 0 : O_NOFOLLOW), 0600);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_uid != geteuid())
		return replace_foreign(f);
	/* file systems without modes (vfat) refuse, and there all files are their user's */
	if (st.st_mode & 077)
		fchmod(f->fd, 0600);
	return 0;
}

int outfile_open(const char *path, const char *what, const char *instead, struct outfile *ret_file, struct diag *diag)
{
	struct outfile f = { .fd = create(path), .path = xmemdup0(path, strlen(path)) };
	int rc = 0;

	f.created = f.fd >= 0;
	if (f.fd < 0)
		rc = errno == EEXIST ? open_existing(&f) : -errno;
	if (rc == 0) {
		if (f.replaced)
			diag_set(diag, 0, 0, "%s %s stood there and belonged to another user: it was removed, and a new one made", what, path);
		*ret_file = f;
		return 0;
	}
	if (f.fd >= 0)
		close(f.fd);
	free(f.path);
	*ret_file = (struct outfile){ .fd = -1 };
	if (rc == -ELOOP)
		return diag_set(diag, 125, ELOOP, "%s %s is a symbolic link that another user laid in a folder where all may write; remove it, or %s", what, path, instead);
	if (rc == -EPERM)
		return diag_set(diag, 125, EPERM, "%s %s: the file belongs to another user, who could read what the program saw; remove it, or %s", what, path, instead);
	return diag_set(diag, 125, -rc, "cannot write %s %s: %s; %s", what, path, strerror(-rc), instead);
}

static bool is_regular(int fd, struct stat *st) { return fstat(fd, st) == 0 && S_ISREG(st->st_mode); }

int outfile_begin(struct outfile *f)
{
	struct stat st;

	return is_regular(f->fd, &st) && ftruncate(f->fd, 0) < 0 ? -errno : 0;
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

	if (f->fd < 0 || !is_regular(f->fd, &st) || st.st_nlink)
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
	return 1;
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

	/* not one that took its place */
	if (f->fd >= 0 && f->created && fstat(f->fd, &mine) == 0 && lstat(f->path, &there) == 0 && mine.st_dev == there.st_dev && mine.st_ino == there.st_ino)
		unlink(f->path);
	outfile_close(f);
}
