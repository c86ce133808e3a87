/* SPDX-License-Identifier: MIT */
#pragma once
/* The terminal's text of events by hand. */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "analyze/table.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "sink/out.h"
#include "sink/sink.h"
#include "sink/table_json.h"
#include "sink/conn_words.h"
#include "sink/table_words.h"
#include "sink/value.h"

#define MS 1000000ull
#define T0 (5000 * MS)
static struct sink_options opt;
static struct totals *totals;
static struct sink *text, *summary;
static struct out *out;
static struct outfile stream;
static int fd;
static char got[65536];

static inline void open_sinks(bool color)
{
	fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	assert_true(fd >= 0);
	totals = totals_new();
	opt = (struct sink_options){ .live = true, .color = color, .totals = totals };
	out = out_new(80);
	stream = (struct outfile){ .fd = fd, .begun = true };
	out_add(out, &stream, color);
	text = sink_text_new(out, &opt);
	summary = sink_summary_new(out, &opt);
}

static inline void feed(const struct event *ev)
{
	totals_event(totals, ev);
	text->ops->event(text, ev);
}

static inline void at(uint64_t ms, const struct event *ev)
{
	struct event copy = *ev;

	copy.ts_ns = T0 + ms * MS;
	feed(&copy);
}

static inline const char *output(void)
{
	ssize_t n;

	out_flush(out);
	n = pread(fd, got, sizeof(got) - 1, 0);
	assert_true(n >= 0);
	got[n] = '\0';
	return got;
}

static inline const char *close_sinks(bool with_summary)
{
	text->ops->finish(text, NULL);
	if (with_summary)
		summary->ops->finish(summary, NULL);
	output();
	assert_int_equal(stream.err, 0);
	text->ops->free(text);
	summary->ops->free(summary);
	out_free(out);
	totals_free(totals);
	close(fd);
	return got;
}

static inline void start(const char *const *argv)
{
	static struct rec rec;
	struct record_start *s = (struct record_start *)rec_begin(&rec, RECORD_START, sizeof(*s));
	struct part parts[8];
	struct item item = { .kind = RECORD_START, .head = &s->h, .start = s, .parts = parts };

	s->h.ts_ns = T0;
	s->mode = START_COMMAND;
	for (; *argv; argv++)
		parts[item.nparts++] = (struct part){ .part = PART_ARGV,
						      .len = (uint32_t)strlen(*argv),
						      .bytes = *argv };
	feed(&(struct event){ .kind = EV_START, .ts_ns = T0, .item = &item, .fd = -1, .fd2 = -1 });
}

static struct file hosts UNUSED = { .id = 3, .kind = FILE_REG, .name = BYTES("/etc/hosts") };
