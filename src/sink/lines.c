/* SPDX-License-Identifier: MIT */
#include "sink/lines.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/macro.h"
#include "sink/line.h"
#include "sink/out.h"

enum { WAITING_MAX = 8 << 20 };	/* bytes; with more, no thread is waited for */

struct head { uint64_t ns, seq; struct line_who who; uint32_t len; };	/* the text follows, padded to 8 */
struct late { struct head h; char *text; };

struct lines {
	lines_write_fn *write;
	void *ctx;
	struct buf queue;		/* lines that came in order; those before `at` are written */
	size_t at;
	uint64_t newest_ns, seq;	/* of the queue */
	struct late *late;		/* a heap of those that came out of order, earliest first */
	size_t nlate, late_cap, late_bytes;
	uint64_t holds[_LINES_HOLDERS], written_ns;
	struct buf line;
	struct lines_times times;
	struct { time_t second; char text[16]; } day;	/* the last second as a time of day */
	bool any;			/* a line was written */
};

struct lines *lines_new(lines_write_fn *write, void *ctx)
{
	struct lines *l = xcalloc(1, sizeof(*l));

	l->write = write;
	l->ctx = ctx;
	memset(l->holds, 0xff, sizeof(l->holds));
	return l;
}

void lines_set_times(struct lines *l, const struct lines_times *times) { l->times = *times; }

/* strace's formats: src/syscall.c, print_syscall_time. */
static void add_clock(struct lines *l, struct buf *b, uint64_t ns)
{
	uint64_t wall_us = (l->times.wall_ns + ns) / 1000;
	time_t second = (time_t)(wall_us / 1000000);
	unsigned us = (unsigned)(wall_us % 1000000);
	struct tm tm;

	if (l->times.clock == CLOCK_EPOCH) {
		buf_printf(b, "%lld.%06u", (long long)second, us);
		return;
	}
	if (second != l->day.second) {
		l->day.second = second;
		if (!localtime_r(&second, &tm) || !strftime(l->day.text, sizeof(l->day.text), "%T", &tm))
			snprintf(l->day.text, sizeof(l->day.text), "??:??:??");
	}
	buf_puts(b, l->day.text);
	if (l->times.clock == CLOCK_OF_DAY_US)
		buf_printf(b, ".%06u", us);
}

static void add_relative(struct lines *l, struct buf *b, uint64_t ns)
{
	uint64_t us = l->any && ns > l->written_ns ? (ns - l->written_ns) / 1000 : 0;

	buf_printf(b, l->times.clock ? " (+%6llu.%06llu)" : "%6llu.%06llu", (unsigned long long)(us / 1000000),
		   (unsigned long long)(us % 1000000));
}

void lines_begin(struct lines *l, struct buf *b, uint64_t ns, const struct line_who *who)
{
	if (!l->times.clock && !l->times.relative) {
		line_begin(b, ns, who);
		return;
	}
	buf_putc(b, STYLE_DIM);
	if (l->times.clock)
		add_clock(l, b, ns);
	if (l->times.relative)
		add_relative(l, b, ns);
	line_whose(b, who);
	buf_putc(b, STYLE_OFF);
	buf_putc(b, ' ');
}

static void write_line(struct lines *l, uint64_t ns, const struct line_who *who, const char *s, size_t n)
{
	ns = MAX(l->written_ns, ns);
	lines_begin(l, &l->line, ns, who);
	l->written_ns = ns;
	l->any = true;
	buf_add(&l->line, s, n);
	buf_putc(&l->line, '\n');
	l->write(l->ctx, l->line.s, l->line.len);
	buf_reset(&l->line);
}

/* ---- late ones ---- */

static bool before(const struct head *a, const struct head *b)
{
	return a->ns != b->ns ? a->ns < b->ns : a->seq < b->seq;
}

static void late_add(struct lines *l, const struct head *h, const char *s)
{
	size_t i;

	if (l->nlate == l->late_cap) {
		l->late_cap = MAX(2 * l->late_cap, (size_t)16);
		l->late = xrealloc(l->late, l->late_cap * sizeof(*l->late));
	}
	for (i = l->nlate++; i && before(h, &l->late[(i - 1) / 2].h); i = (i - 1) / 2)
		l->late[i] = l->late[(i - 1) / 2];
	l->late[i] = (struct late){ *h, xmemdup0(s, h->len) };
	l->late_bytes += sizeof(*l->late) + h->len;
}

static struct late late_take(struct lines *l)
{
	struct late first = l->late[0], last = l->late[--l->nlate];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < l->nlate; i = child) {
		if (child + 1 < l->nlate && before(&l->late[child + 1].h, &l->late[child].h))
			child++;
		if (!before(&l->late[child].h, &last.h))
			break;
		l->late[i] = l->late[child];
	}
	l->late[i] = last;
	l->late_bytes -= sizeof(*l->late) + first.h.len;
	return first;
}

/* ---- in order ---- */

static const struct head *queue_first(const struct lines *l)
{
	return l->at < l->queue.len ? (const struct head *)(l->queue.s + l->at) : NULL;
}

static void queue_add(struct lines *l, const struct head *h, const char *s)
{
	static const char zero[8];

	buf_add(&l->queue, h, sizeof(*h));
	buf_add(&l->queue, s, h->len);
	buf_add(&l->queue, zero, ALIGN8(h->len) - h->len);
	l->newest_ns = h->ns;
}

static void queue_take(struct lines *l)
{
	const struct head *h = queue_first(l);

	l->at += sizeof(*h) + ALIGN8(h->len);
	if (l->at == l->queue.len) {
		l->at = 0;
		buf_reset(&l->queue);
	} else if (l->at > WAITING_MAX) {	/* what is left moves to the front, once in so many bytes */
		l->queue.len -= l->at;
		memmove(l->queue.s, l->queue.s + l->at, l->queue.len);
		l->at = 0;
	}
}

static uint64_t horizon(const struct lines *l)
{
	uint64_t ns = UINT64_MAX;

	for (unsigned i = 0; i < _LINES_HOLDERS; i++)
		ns = MIN(ns, l->holds[i]);
	return ns;
}

/* Writes what no later event can precede. */
static void release(struct lines *l, uint64_t until_ns)
{
	for (;;) {
		const struct head *h = queue_first(l);

		if (l->nlate && (!h || before(&l->late[0].h, h))) {
			if (l->late[0].h.ns > until_ns)
				return;

			struct late first = late_take(l);

			write_line(l, first.h.ns, &first.h.who, first.text, first.h.len);
			free(first.text);
		} else {
			if (!h || h->ns > until_ns)
				return;
			write_line(l, h->ns, &h->who, (const char *)(h + 1), h->len);
			queue_take(l);
		}
	}
}

void lines_add(struct lines *l, uint64_t ns, const struct line_who *who, const char *s, size_t n)
{
	const struct head h = { ns, l->seq++, *who, (uint32_t)n };
	bool empty = !l->nlate && !queue_first(l);

	if (empty && ns <= horizon(l)) {
		write_line(l, ns, who, s, n);
		return;
	}
	if (!queue_first(l) || ns >= l->newest_ns)
		queue_add(l, &h, s);
	else
		late_add(l, &h, s);
	if (l->queue.len - l->at + l->late_bytes > WAITING_MAX)
		lines_flush(l);
	else
		release(l, horizon(l));
}

void lines_hold(struct lines *l, enum lines_holder who, uint64_t ns)
{
	if (l->holds[who] == ns)
		return;
	l->holds[who] = ns;
	if (l->nlate || queue_first(l))
		release(l, horizon(l));
}

uint64_t lines_last_ns(const struct lines *l) { return l->written_ns; }

void lines_flush(struct lines *l) { release(l, UINT64_MAX); }

void lines_free(struct lines *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nlate; i++)
		free(l->late[i].text);
	free(l->late);
	buf_done(&l->queue);
	buf_done(&l->line);
	free(l);
}
