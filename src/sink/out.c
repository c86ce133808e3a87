/* SPDX-License-Identifier: MIT */
#include "sink/out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "event/event.h"
#include "sink/lines.h"

#define LIVE_FULL (64u << 10)		/* a terminal or pipe: also at every tick */
#define FILE_FULL (256u << 10)		/* a file */
#define FILE_LAG_NS 1000000000u

struct stream {
	int fd;			/* -1: not there */
	bool color, live;	/* live: somebody may be watching */
	struct buf buf;
	uint64_t flushed_ns, lost;
	int err;
	char *name;
};

struct out { struct stream term, file; struct outfile opened; unsigned columns; struct lines *lines; };

static const char *const sgr[_STYLE_MAX] = {
	[STYLE_OFF] = "\033[0m", [STYLE_DIM] = "\033[2m", [STYLE_BOLD] = "\033[1m", [STYLE_ERROR] = "\033[31m", [STYLE_NUMBER] = "\033[1m",
	[STYLE_CAT + CAT_PROCESS] = "\033[1;35m", [STYLE_CAT + CAT_FILE] = "\033[36m", [STYLE_CAT + CAT_IO] = "\033[34m",
	[STYLE_CAT + CAT_NET] = "\033[32m", [STYLE_CAT + CAT_MEMORY] = "\033[33m", [STYLE_CAT + CAT_SIGNAL] = "\033[1;31m",
	[STYLE_CAT + CAT_WAIT] = "\033[2m", [STYLE_CAT + CAT_OTHER] = "", [STYLE_CAT + CAT_SCHED] = "\033[95m",
	[STYLE_CAT + CAT_BLOCK] = "\033[94m", [STYLE_CAT + CAT_FAULT] = "\033[93m", [STYLE_CAT + CAT_TRACE] = "\033[1;33m",
};
_Static_assert(STYLE_CAT + _CAT_MAX <= _STYLE_MAX, "styles of categories end before ESC");

static bool is_mark(char c)
{
	unsigned char u = (unsigned char)c;

	return u < _STYLE_MAX && (u <= STYLE_NUMBER || u >= STYLE_CAT) && u;
}

static void stream_init(struct stream *s, int fd, bool color, const char *name)
{
	struct stat st;

	*s = (struct stream){ .fd = fd, .color = color, .name = xmemdup0(name, strlen(name)) };
	s->live = fd >= 0 && !fstat(fd, &st) && !S_ISREG(st.st_mode);
}

static void write_line(void *ctx, const char *s, size_t n) { out_write(ctx, s, n); }

struct lines *out_lines(struct out *o) { return o->lines; }

struct out *out_new(int fd, bool color, unsigned columns)
{
	struct out *o = xcalloc(1, sizeof(*o));

	stream_init(&o->term, fd, color, "the terminal");
	o->file.fd = o->opened.fd = -1;
	o->columns = columns;
	o->lines = lines_new(write_line, o);
	return o;
}

int out_open_file(struct out *o, const char *path, struct diag *diag)
{
	int rc = outfile_open(path, "the text", "choose another file for -o", &o->opened, diag);

	if (rc == 0 && (rc = outfile_begin(&o->opened)) < 0)
		diag_set(diag, 125, -rc, "cannot empty %s: %s; choose another file for -o", path, strerror(-rc));
	if (rc == 0)
		stream_init(&o->file, o->opened.fd, false, path);
	return rc;
}

static void stream_flush(struct stream *s)
{
	const char *p = s->buf.s;
	size_t left = s->buf.len;

	while (left && !s->err) {
		ssize_t n = write(s->fd, p, left);

		if (n >= 0) {
			p += n;
			left -= (size_t)n;
		} else if (errno == EAGAIN) {
			/* stderr shared with a program that made it non-blocking */
			struct pollfd pfd = { .fd = s->fd, .events = POLLOUT };

			poll(&pfd, 1, 1000);
		} else if (errno != EINTR) {
			s->err = errno;
		}
	}
	s->lost += left;
	buf_reset(&s->buf);
}

static void stream_add(struct stream *s, const char *p, size_t n)
{
	if (s->fd < 0)
		return;
	buf_grow(&s->buf, n);
	for (size_t i = 0, run; i < n; i++) {
		for (run = i; i < n && ((unsigned char)p[i] >= _STYLE_MAX || !is_mark(p[i]));)
			i++;
		buf_add(&s->buf, p + run, i - run);
		if (i < n && s->color && sgr[(unsigned char)p[i]])
			buf_puts(&s->buf, sgr[(unsigned char)p[i]]);
	}
	if (s->buf.len >= (s->live ? LIVE_FULL : FILE_FULL))
		stream_flush(s);
}

void out_write(struct out *o, const char *s, size_t n)
{
	stream_add(&o->term, s, n);
	stream_add(&o->file, s, n);
}

static void stream_tick(struct stream *s, uint64_t now_ns)
{
	if (!s->buf.len || (!s->live && now_ns - s->flushed_ns < FILE_LAG_NS))
		return;
	stream_flush(s);
	s->flushed_ns = now_ns;
}

void out_tick(struct out *o, uint64_t now_ns)
{
	stream_tick(&o->term, now_ns);
	stream_tick(&o->file, now_ns);
}

void out_flush(struct out *o)
{
	stream_flush(&o->term);
	stream_flush(&o->file);
}

unsigned out_columns(const struct out *o) { return o->columns; }

int out_finish(struct out *o, struct diag *diag)
{
	int restored, rc;
	struct stream *bad;

	out_flush(o);
	restored = outfile_restore(&o->opened);
	rc = outfile_close(&o->opened);
	if (rc < 0 && !o->file.err)
		o->file.err = -rc;
	o->file.fd = -1;
	if (restored)
		diag_set(diag, restored < 0 ? 125 : 0, 0, restored < 0 ? "%s was removed while the trace ran, and what was written to it is lost"
			 : "%s was removed while the trace ran; it was written anew", o->file.name);
	bad = o->file.err ? &o->file : &o->term;
	if (!bad->err)
		return restored < 0 ? restored : 0;

	struct buf lost = { 0 };

	human_bytes(&lost, bad->lost);
	rc = diag_set(diag, 125, bad->err, "could not write all output to %s: %s; the last %s are missing there", bad->name, strerror(bad->err),
		      lost.s);
	buf_done(&lost);
	return rc;
}

static void stream_done(struct stream *s)
{
	buf_done(&s->buf);
	free(s->name);
}

void out_free(struct out *o)
{
	if (!o)
		return;
	outfile_close(&o->opened);
	lines_free(o->lines);
	stream_done(&o->term);
	stream_done(&o->file);
	free(o);
}
