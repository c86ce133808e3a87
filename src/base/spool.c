/* SPDX-License-Identifier: MIT */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"

enum { TAIL_MAX = 1 << 18 };

static int unnamed_file(const char *dir)
{
	char name[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* file systems without O_TMPFILE (overlayfs before Linux 6.1, NFS) */
	if (snprintf(name, sizeof(name), "%s/.compendium-XXXXXX", dir) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(name);
	return fd;
}

int spool_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *tmp = getenv("TMPDIR");
	_cleanup_free_ char *dir = slash ? xmemdup0(path, MAX(slash - path, 1)) : xmemdup0(".", 1);
	int fd = unnamed_file(dir);

	/* --report=/dev/stdout, or a writable file in a folder that is not */
	if (fd < 0 && tmp && *tmp)
		fd = unnamed_file(tmp);
	return fd < 0 ? unnamed_file("/tmp") : fd;
}

int spool_write_at(int fd, const void *bytes, size_t n, uint64_t pos)
{
	for (const char *p = bytes; n;) {
		ssize_t done = pwrite(fd, p, n, (off_t)pos);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -ENOSPC;
		p += done, n -= (size_t)done, pos += (uint64_t)done;
	}
	return 0;
}

int spool_read_at(int fd, void *bytes, size_t n, uint64_t pos)
{
	char *p = bytes;

	while (n) {
		ssize_t done = pread(fd, p, n, (off_t)pos);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			memset(p, 0, n);
			return done < 0 ? -errno : 0;	/* never written: zeros */
		}
		p += done, n -= (size_t)done, pos += (uint64_t)done;
	}
	return 0;
}

int spool_init(struct spool *s, const char *path)
{
	*s = (struct spool){ .fd = spool_file(path) };
	return s->fd < 0 ? s->fd : 0;
}

void spool_done(struct spool *s)
{
	closep(&s->fd);
	buf_done(&s->tail);
	s->fd = -1;
}

static void spool_flush(struct spool *s)
{
	if (!s->err && s->tail.len)
		s->err = spool_write_at(s->fd, s->tail.s, s->tail.len, s->nbytes - s->tail.len);
	buf_reset(&s->tail);
}

void spool_add(struct spool *s, const void *p, size_t n)
{
	if (s->err)
		return;
	if (s->tail.len + n > TAIL_MAX)
		spool_flush(s);
	s->nbytes += n;
	if (n < TAIL_MAX)
		buf_add(&s->tail, p, n);
	else if (!s->err)
		s->err = spool_write_at(s->fd, p, n, s->nbytes - n);
}

void spool_read(struct spool *s, uint64_t pos, void *p, size_t n)
{
	uint64_t written = s->nbytes - s->tail.len;

	if (pos + n > written)
		spool_flush(s);
	int r = spool_read_at(s->fd, p, n, pos);

	if (!s->err)
		s->err = r;
}

/* ---- rows by number ---- */

int store_init(struct store *t, uint32_t row_size, const char *path)
{
	*t = (struct store){ .fd = spool_file(path), .row_size = row_size, .rows_a_page = STORE_PAGE / row_size };
	return t->fd < 0 ? t->fd : 0;
}

void store_done(struct store *t)
{
	closep(&t->fd);
	t->fd = -1;
	t->last_at = NULL;
	for (unsigned i = 0; i < STORE_SLOTS; i++) {
		free(t->slot[i].data);
		t->slot[i].data = NULL;
	}
}

void *store_find(struct store *t, uint64_t row)
{
	uint64_t page = row / t->rows_a_page;
	__typeof__(t->slot[0]) *slot = &t->slot[page % STORE_SLOTS];

	if (row >= t->nrows)
		t->nrows = row + 1;
	if (!slot->data || slot->page != page) {
		int r = 0;

		if (slot->data && slot->dirty)
			r = spool_write_at(t->fd, slot->data, STORE_PAGE, slot->page * STORE_PAGE);
		if (!slot->data)
			slot->data = xmalloc(STORE_PAGE);
		if (!r)
			r = spool_read_at(t->fd, slot->data, STORE_PAGE, page * STORE_PAGE);
		else
			memset(slot->data, 0, STORE_PAGE);
		if (r && !t->err)
			t->err = r;
		slot->page = page;
	}
	slot->dirty = true;
	t->last = row;
	return t->last_at = slot->data + row % t->rows_a_page * t->row_size;
}
