/* SPDX-License-Identifier: MIT */
#include "sink/out.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes8.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "base/text.h"
#include "event/event.h"
#include "sink/lines.h"
#include "sink/sink.h"

#define LIVE_FULL (64u << 10)		/* a terminal or pipe: also at every tick */
#define FILE_FULL (256u << 10)		/* a file */
#define FILE_LAG_NS 1000000000u

struct stream {
	struct sink sink;
	struct out *out;
	struct outfile *file;	/* borrowed */
	bool color, live;	/* live: a person may be watching */
	bool copy;		/* a file that was asked for, beside the terminal's stream */
	bool terminal, status;	/* status: a line is there that is to be replaced */
	bool disturbed;		/* the cursor is not known to be behind what was written last */
	struct buf buf;
	uint64_t flushed_ns;
	struct stream *next;
};

struct out {
	struct stream *streams;
	unsigned columns;
	struct lines *lines;
	struct buf plain;	/* a line without its marks */
};

static const char *const sgr[_STYLE_MAX] = {
	[STYLE_OFF] = "\033[0m", [STYLE_DIM] = "\033[2m", [STYLE_BOLD] = "\033[1m", [STYLE_ERROR] = "\033[31m", [STYLE_NUMBER] = "\033[1m",
	[STYLE_IO] = "\033[34m", [STYLE_TRACE] = "\033[1;33m",
	[STYLE_CAT + CAT_PROCESS] = "\033[1;35m", [STYLE_CAT + CAT_FILE] = "\033[36m", [STYLE_CAT + CAT_NETWORK] = "\033[32m",
	[STYLE_CAT + CAT_MEMORY] = "\033[33m", [STYLE_CAT + CAT_SIGNAL] = "\033[1;31m", [STYLE_CAT + CAT_WAIT] = "\033[2m",
	[STYLE_CAT + CAT_TIME] = "\033[2m", [STYLE_CAT + CAT_INFO] = "", [STYLE_CAT + CAT_OTHER] = "",
	[STYLE_CAT + CAT_SCHEDULER] = "\033[95m", [STYLE_CAT + CAT_DISK] = "\033[94m", [STYLE_CAT + CAT_FAULT] = "\033[93m",
};
_Static_assert(STYLE_CAT + _CAT_MAX <= _STYLE_MAX, "styles of categories end before ESC");

static bool is_mark(char c)
{
	unsigned char u = (unsigned char)c;

	return u < _STYLE_MAX && (u <= STYLE_TRACE || u >= STYLE_CAT) && u;
}

static void write_line(void *ctx, const char *s, size_t n) { out_write(ctx, s, n); }

struct lines *out_lines(struct out *o) { return o->lines; }

struct out *out_new(unsigned columns)
{
	struct out *o = xcalloc(1, sizeof(*o));

	o->columns = columns;
	o->lines = lines_new(write_line, o);
	return o;
}

static void stream_flush(struct stream *s)
{
	if (s->buf.len)
		outfile_write(s->file, s->buf.s, s->buf.len);
	buf_reset(&s->buf);
}

/* What stands there is taken away, or left where another program has written behind it. */
static void status_end(struct stream *s)
{
	if (s->status)
		buf_puts(&s->buf, s->disturbed ? "\n" : "\r\033[K");
	s->status = s->disturbed = false;
}

/* Copies what is no control character, up to the first one or the end; how many bytes that were. */
static size_t add_run(struct buf *b, const char *p, size_t n)
{
	size_t i = 0;
	uint64_t marks = 0;
	char *to;

	buf_grow(b, n);
	to = b->s + b->len;
	for (; n - i >= 8 && !marks; i += marks ? bytes8_first(marks) : 8) {
		uint64_t w = bytes8(p + i);

		memcpy(to + i, &w, sizeof(w));
		marks = bytes8_below(w, ' ');
	}
	for (; !marks && i < n && (unsigned char)p[i] >= ' '; i++)
		to[i] = p[i];
	to[i] = '\0';
	b->len += i;
	return i;
}

static void add_marked(struct buf *b, const char *p, size_t n, bool color)
{
	for (size_t i = 0; (i += add_run(b, p + i, n - i)) < n; i++) {
		if (!is_mark(p[i]))
			buf_putc(b, p[i]);
		else if (color && sgr[(unsigned char)p[i]])
			buf_puts(b, sgr[(unsigned char)p[i]]);
	}
}

/* plain: what p is without marks, for streams that show none; NULL: it is made. */
static void stream_add(struct stream *s, const char *p, size_t n, const struct buf *plain)
{
	if (s->status)
		status_end(s);
	if (plain && !s->color)
		buf_add(&s->buf, plain->s, plain->len);
	else
		add_marked(&s->buf, p, n, s->color);
	if (s->buf.len >= (s->live ? LIVE_FULL : FILE_FULL))
		stream_flush(s);
}

/* Streams without colour show the same: the marks are taken out once. */
void out_write(struct out *o, const char *s, size_t n)
{
	bool several = o->streams && o->streams->next;

	if (several) {
		buf_reset(&o->plain);
		add_marked(&o->plain, s, n, false);
	}
	for (struct stream *to = o->streams; to; to = to->next)
		stream_add(to, s, n, several ? &o->plain : NULL);
}

void out_terminals(struct out *o, const char *s, size_t n)
{
	for (struct stream *to = o->streams; to; to = to->next)
		if (to->terminal)
			stream_add(to, s, n, NULL);
}

void out_data(struct out *o, const char *s, size_t n)
{
	bool copied = false;

	for (const struct stream *to = o->streams; to; to = to->next)
		copied |= to->copy;
	for (struct stream *to = o->streams; to; to = to->next)
		if (to->copy || !copied)
			stream_add(to, s, n, NULL);
}

static void show_status(struct stream *s, unsigned columns, const char *p, size_t n)
{
	static const char dim = STYLE_DIM, off = STYLE_OFF;
	struct buf text = { 0 };

	if (!s->status && s->disturbed)
		buf_putc(&s->buf, '\n');
	status_end(s);
	text_middle(&text, p, n, columns - 1);
	stream_add(s, &dim, 1, NULL);
	stream_add(s, text.s, text.len, NULL);
	stream_add(s, &off, 1, NULL);
	stream_flush(s);
	s->status = true;
	s->disturbed = false;
	buf_done(&text);
}

void out_status(struct out *o, const char *s, size_t n, const char *note, size_t note_n)
{
	for (struct stream *to = o->streams; to; to = to->next)
		if (to->terminal)
			show_status(to, o->columns, s, n);
		else if (note)
			stream_add(to, note, note_n, NULL);
}

void out_clear(struct out *o)
{
	for (struct stream *s = o->streams; s; s = s->next)
		if (s->status) {
			status_end(s);
			stream_flush(s);
		}
}

void out_disturb(struct out *o)
{
	for (struct stream *s = o->streams; s; s = s->next)
		s->disturbed = s->terminal;
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
	for (struct stream *s = o->streams; s; s = s->next)
		stream_tick(s, now_ns);
}

void out_flush(struct out *o)
{
	for (struct stream *s = o->streams; s; s = s->next)
		stream_flush(s);
}

unsigned out_columns(const struct out *o) { return o->columns; }

static void stream_finish(struct sink *sink, const struct sink_result *done UNUSED)
{
	struct stream *s = CONTAINER_OF(sink, struct stream, sink);

	status_end(s);
	stream_flush(s);
}

static void stream_free(struct sink *sink)
{
	struct stream *s = CONTAINER_OF(sink, struct stream, sink), **at = &s->out->streams;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	buf_done(&s->buf);
	free(s);
}

struct sink *out_add(struct out *o, struct outfile *file, bool color)
{
	static const struct sink_ops ops = { .finish = stream_finish, .free = stream_free };
	struct stream *s = xcalloc(1, sizeof(*s)), **end = &o->streams;
	struct stat st;

	*s = (struct stream){ .sink.ops = &ops, .out = o, .file = file, .color = color };
	s->terminal = isatty(file->fd);
	s->live = !fstat(file->fd, &st) && !S_ISREG(st.st_mode);
	while (*end)
		end = &(*end)->next;
	*end = s;
	return &s->sink;
}

struct sink *out_add_copy(struct out *o, struct outfile *file)
{
	struct sink *sink = out_add(o, file, false);

	CONTAINER_OF(sink, struct stream, sink)->copy = true;
	return sink;
}

void out_free(struct out *o)
{
	if (!o)
		return;
	while (o->streams)
		stream_free(&o->streams->sink);
	lines_free(o->lines);
	buf_done(&o->plain);
	free(o);
}
