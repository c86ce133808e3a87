/* SPDX-License-Identifier: MIT */
#pragma once
/* A report of events made by hand, and its blocks read back. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <zlib.h>

#include "analyze/totals.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/outfile.h"
#include "fake.h"
#include "sink/html_page.h"
#include "sink/sink.h"

/* The real page is npm's business; this one has the same markers. */
__asm__(".section .rodata\n.globl html_page, html_page_end\n"
	"html_page: .ascii \"<title><!--cpd:title--></title><main><!--cpd:summary--></main>"
	"<script type='application/json'><!--cpd:meta--></script>\\n<!--cpd:data--></body>\\n\"\n"
	"html_page_end: .byte 0\n.text");

#define HOSTILE "/tmp/</script><!-- --><img onerror=x>\xff\n\"'\xe2\x80\xae\xe2\x80\xa8"

struct report {
	struct sink *sink;
	struct sink_options opt;
	struct totals *totals;
	char path[64];
	struct outfile out;
	uint64_t kept, total;
	struct buf file;
};

static inline void report_open(struct report *r, uint64_t max)
{
	struct diag diag;

	*r = (struct report){ .totals = totals_new() };
	strcpy(r->path, "/tmp/compendium-test-XXXXXX");
	r->out = (struct outfile){ .fd = mkstemp(r->path), .path = strdup(r->path) };
	assert_true(r->out.fd >= 0);
	r->opt = (struct sink_options){ .max_report_events = max, .totals = r->totals };
	assert_int_equal(sink_html_new(&r->opt, &r->out, &r->sink, &diag), 0);
}

static inline void feed(struct report *r, struct event ev)
{
	totals_event(r->totals, &ev);
	r->sink->ops->event(r->sink, &ev);
}

static inline void report_close(struct report *r)
{
	FILE *f;

	r->sink->ops->finish(r->sink, NULL);
	r->kept = r->sink->kept;
	r->total = r->sink->total;
	r->sink->ops->free(r->sink);
	assert_int_equal(r->out.err, 0);
	outfile_close(&r->out);
	f = fopen(r->path, "r");
	assert_non_null(f);
	for (size_t n = 1; n; r->file.len += n) {
		buf_grow(&r->file, 65536);
		n = fread(r->file.s + r->file.len, 1, 65536, f);
	}
	r->file.s[r->file.len] = '\0';
	fclose(f);
	unlink(r->path);
}

static inline void report_done(struct report *r)
{
	buf_done(&r->file);
	totals_free(r->totals);
}

/* ---- reading it back ---- */

static inline size_t base64_decode(unsigned char *out, const char *in, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t v = 0;
	size_t len = 0;

	for (size_t i = 0; i < n && in[i] != '='; i++) {
		const char *d = strchr(digits, in[i]);

		assert_non_null(d);
		v = v << 6 | (uint32_t)(d - digits);
		if (i % 4)
			out[len++] = (unsigned char)(v >> (6 - i % 4 * 2));
	}
	return len;
}

struct block { uint32_t nrows; uint64_t base; unsigned char *data; size_t len, at; };

/* The n-th block of a kind, inflated; false when there is none. */
static inline bool block_read(const struct report *r, char kind, unsigned n, struct block *b)
{
	char last[] = "--><script>cpd(\"?\",1)</script>\n";
	const char *p = r->file.s, *start;
	z_stream z = { 0 };

	*b = (struct block){ 0 };
	last[16] = kind;
	for (n++; n; n--) {
		p = strstr(p, last);
		if (!p)
			return false;
		p++;
	}
	p--;
	for (start = p; start[-1] != '-'; start--)
		;
	unsigned char *gz = malloc((size_t)(p - start));

	z.next_in = gz;
	z.avail_in = (uInt)base64_decode(gz, start, (size_t)(p - start));
	*b = (struct block){ .data = malloc(16 << 20) };
	z.next_out = b->data;
	z.avail_out = 16 << 20;
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	b->len = z.total_out;
	inflateEnd(&z);
	free(gz);
	memcpy(&b->nrows, b->data, 4);
	memcpy(&b->base, b->data + 8, 8);
	b->at = 16;
	return true;
}

/* The next column, as unsigned (zigzag undone when sign). */
static inline uint64_t *column(struct block *b, unsigned width, bool sign, bool overflow)
{
	uint64_t *v = calloc(b->nrows + 1, sizeof(*v));
	uint32_t more = 0;

	assert_true(b->at + (size_t)width * b->nrows <= b->len);
	for (unsigned p = 0; p < width; p++)
		for (uint32_t i = 0; i < b->nrows; i++)
			v[i] |= (uint64_t)b->data[b->at++] << 8 * p;
	for (uint32_t i = 0; i < b->nrows && sign; i++)
		v[i] = v[i] >> 1 ^ -(v[i] & 1);
	if (overflow) {
		memcpy(&more, b->data + b->at, 4);
		b->at += 4;
		for (uint32_t i = 0; i < b->nrows; i++)
			if (v[i] == 0xffffffff) {
				assert_true(more-- > 0);
				memcpy(&v[i], b->data + b->at, 8);
				b->at += 8;
			}
		assert_int_equal(more, 0);
	}
	return v;
}

/* One of block c, as wide as META has it; NULL where it is missing. */
static inline uint64_t *cold(const struct report *r, struct block *b, const char *name)
{
	const char *list = strstr(r->file.s, "\"c\":["), *end, *at;
	char quoted[16];

	assert_non_null(list);
	end = strchr(list, ']');
	snprintf(quoted, sizeof(quoted), "\"%s:", name);
	at = strstr(list, quoted);
	if (!at || at > end)
		return NULL;
	at += strlen(quoted);
	return column(b, (unsigned)atoi(at + 1) / 8, *at == 'z', false);
}

/* As a reader takes it: what is missing is 0. */
static inline uint64_t *cold_or_0(const struct report *r, struct block *b, const char *name)
{
	uint64_t *v = cold(r, b, name);

	return v ? v : calloc(b->nrows + 1, sizeof(*v));
}

struct rows {
	uint32_t n;
	uint64_t *start, *lane, *type, *dur, *err, *noise, *ret, *obj, *arg, *fd, *file, *val, *conn, *data;
};

static inline void rows_read(const struct report *r, unsigned block, struct rows *ret)
{
	struct block h, c;

	assert_true(block_read(r, 'h', block, &h));
	assert_true(block_read(r, 'c', block, &c));
	assert_int_equal(h.nrows, c.nrows);
	*ret = (struct rows){ .n = h.nrows };
	ret->start = column(&h, 4, false, true);
	ret->lane = column(&h, 2, false, false);
	ret->type = column(&h, 1, false, false);
	ret->dur = column(&h, 4, false, true);
	ret->err = column(&h, 1, false, false);
	ret->noise = column(&h, 1, false, false);
	ret->ret = cold_or_0(r, &c, "ret");
	ret->obj = cold_or_0(r, &c, "obj");
	ret->arg = cold_or_0(r, &c, "arg");
	ret->fd = cold_or_0(r, &c, "fd");
	ret->file = cold_or_0(r, &c, "file");
	ret->val = cold_or_0(r, &c, "val");
	ret->conn = cold_or_0(r, &c, "conn");
	ret->data = cold(r, &c, "data");	/* where bytes were recorded */
	assert_int_equal(h.at, h.len);
	assert_int_equal(c.at, c.len);
	for (uint32_t i = 0; i < h.nrows; i++)
		ret->start[i] += i ? ret->start[i - 1] : h.base;
	free(h.data);
	free(c.data);
}

static inline void rows_done(struct rows *r)
{
	uint64_t *const all[] = { r->start, r->lane, r->type, r->dur, r->err, r->noise, r->ret,
				  r->obj, r->arg, r->fd, r->file, r->val, r->conn, r->data };

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]);
}

/* A string by id, of the first block of s or d. */
static inline void assert_string(const struct report *r, char kind, uint64_t id, const char *expect, size_t n)
{
	struct block b;
	uint64_t *lens;
	size_t at;

	assert_true(block_read(r, kind, 0, &b));
	lens = column(&b, 4, false, false);
	assert_true(id < b.nrows);
	at = b.at;
	for (uint64_t i = 0; i < id; i++)
		at += lens[i];
	assert_int_equal(lens[id], n);
	assert_memory_equal(b.data + at, expect, n);
	free(lens);
	free(b.data);
}

static inline void assert_text(const struct report *r, uint64_t id, const char *expect)
{
	assert_string(r, 's', id, expect, strlen(expect));
}

static inline void assert_meta(const struct report *r, const char *json)
{
	const char *meta = strstr(r->file.s, "{\"version\":1,");

	assert_non_null(meta);
	if (!strstr(meta, json))
		fail_msg("META has no %s:\n%.12000s", json, meta);
}

static inline void assert_type(const struct report *r, uint64_t id, const char *name)
{
	const char *p = strstr(r->file.s, "\"types\":[");
	char expect[64];

	assert_non_null(p);
	for (p = strstr(p, "{\"name\""); id--;)
		p = strstr(p + 1, "{\"name\"");
	snprintf(expect, sizeof(expect), "{\"name\":\"%s\",", name);
	assert_memory_equal(p, expect, strlen(expect));
}

/* ---- the events ---- */

static struct item call_item;

static inline struct event call_event(enum event_kind kind, const struct fake_task *f, const char *name, uint64_t at,
			       uint64_t dur, int64_t ret, const uint64_t args[6])
{
	call_item = (struct item){ .kind = RECORD_CALL };
	fake_call(&call_item.call, name, FAKE_T0 + at, dur, ret, args);
	return fake_event(kind, f, &call_item, FAKE_T0 + at);
}

static inline void start(struct report *r)
{
	struct record_start start = { .h = { .kind = RECORD_START, .ts_ns = FAKE_T0 },
				      .wall_ns = 1795324800000000000,
				      .mode = START_COMMAND | START_ALL_CALLS };
	const struct part argv[] = { { .part = PART_ARGV, .len = 3, .bytes = "a<b" }, { .part = PART_ARGV, .len = 2, .bytes = "\xff\xc0" },
				     { .part = PART_CWD, .len = 5, .bytes = "/home" } };
	struct item item = { .kind = RECORD_START, .head = &start.h, .start = &start, .parts = argv, .nparts = 3 };

	feed(r, fake_event(EV_START, NULL, &item, FAKE_T0));
}

static inline void end(struct report *r, uint64_t at, int status)
{
	struct record_end end = { .h = { .kind = RECORD_END, .ts_ns = FAKE_T0 + at }, .status = status };
	struct item item = { .kind = RECORD_END, .head = &end.h, .end = &end };
	struct event ev = fake_event(EV_END, NULL, &item, FAKE_T0 + at);

	ev.status = status;
	feed(r, ev);
}

static inline void exit_event(struct report *r, struct fake_task *f, uint64_t at, int status)
{
	struct event ev = fake_event(EV_EXIT, f, NULL, FAKE_T0 + at);

	ev.status = f->proc.status = status;
	feed(r, ev);
}
