/* SPDX-License-Identifier: MIT */
/* A report of events made by hand, read back block by block. */
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

static void report_open(struct report *r, uint64_t max)
{
	struct diag diag;

	*r = (struct report){ .totals = totals_new() };
	strcpy(r->path, "/tmp/compendium-test-XXXXXX");
	r->out = (struct outfile){ .fd = mkstemp(r->path), .path = strdup(r->path) };
	assert_true(r->out.fd >= 0);
	r->opt = (struct sink_options){ .max_report_events = max, .totals = r->totals };
	assert_int_equal(sink_html_new(&r->opt, &r->out, &r->sink, &diag), 0);
}

static void feed(struct report *r, struct event ev)
{
	totals_event(r->totals, &ev);
	r->sink->ops->event(r->sink, &ev);
}

static void report_close(struct report *r)
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

static void report_done(struct report *r)
{
	buf_done(&r->file);
	totals_free(r->totals);
}

/* ---- reading it back ---- */

static size_t base64_decode(unsigned char *out, const char *in, size_t n)
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
static bool block_read(const struct report *r, char kind, unsigned n, struct block *b)
{
	char last[] = "--><script>cpd(\"?\",1)</script>\n";
	const char *p = r->file.s, *start;
	z_stream z = { 0 };

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
static uint64_t *column(struct block *b, unsigned width, bool sign, bool overflow)
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

struct rows { uint32_t n; uint64_t *start, *lane, *type, *dur, *err, *ret, *obj, *arg, *fd, *file, *val, *conn; };

static void rows_read(const struct report *r, unsigned block, struct rows *ret)
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
	ret->ret = column(&c, 8, true, false);
	ret->obj = column(&c, 4, false, false);
	ret->arg = column(&c, 4, false, false);
	ret->fd = column(&c, 4, true, false);
	ret->file = column(&c, 4, false, false);
	ret->val = column(&c, 8, true, false);
	ret->conn = column(&c, 4, false, false);
	assert_int_equal(h.at, h.len);
	assert_int_equal(c.at, c.len);
	for (uint32_t i = 0; i < h.nrows; i++)
		ret->start[i] += i ? ret->start[i - 1] : h.base;
	free(h.data);
	free(c.data);
}

static void rows_done(struct rows *r)
{
	uint64_t *const all[] = { r->start, r->lane, r->type, r->dur,  r->err, r->ret,
				  r->obj,   r->arg,  r->fd,   r->file, r->val, r->conn };

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]);
}

/* A string by id, of the first s block. */
static void assert_text(const struct report *r, uint64_t id, const char *expect)
{
	struct block b;
	uint64_t *lens;
	size_t at;

	assert_true(block_read(r, 's', 0, &b));
	lens = column(&b, 4, false, false);
	assert_true(id < b.nrows);
	at = b.at;
	for (uint64_t i = 0; i < id; i++)
		at += lens[i];
	assert_int_equal(lens[id], strlen(expect));
	assert_memory_equal(b.data + at, expect, lens[id]);
	free(lens);
	free(b.data);
}

static void assert_meta(const struct report *r, const char *json)
{
	const char *meta = strstr(r->file.s, "{\"version\":1,");

	assert_non_null(meta);
	if (!strstr(meta, json))
		fail_msg("META has no %s:\n%.6000s", json, meta);
}

static void assert_type(const struct report *r, uint64_t id, const char *name)
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

static struct event call_event(enum event_kind kind, const struct fake_task *f, const char *name, uint64_t at,
			       uint64_t dur, int64_t ret, const uint64_t args[6])
{
	call_item = (struct item){ .kind = RECORD_CALL };
	fake_call(&call_item.call, name, FAKE_T0 + at, dur, ret, args);
	return fake_event(kind, f, &call_item, FAKE_T0 + at);
}

static void start(struct report *r)
{
	struct record_start start = { .h = { .kind = RECORD_START, .ts_ns = FAKE_T0 },
				      .wall_ns = 1795324800000000000,
				      .mode = START_COMMAND | START_ALL_CALLS };
	const struct part argv[] = { { .part = PART_ARGV, .len = 3, .bytes = "a<b" }, { .part = PART_ARGV, .len = 2, .bytes = "\xff\xc0" },
				     { .part = PART_CWD, .len = 5, .bytes = "/home" } };
	struct item item = { .kind = RECORD_START, .head = &start.h, .start = &start, .parts = argv, .nparts = 3 };

	feed(r, fake_event(EV_START, NULL, &item, FAKE_T0));
}

static void end(struct report *r, uint64_t at, int status)
{
	struct record_end end = { .h = { .kind = RECORD_END, .ts_ns = FAKE_T0 + at }, .status = status };
	struct item item = { .kind = RECORD_END, .head = &end.h, .end = &end };
	struct event ev = fake_event(EV_END, NULL, &item, FAKE_T0 + at);

	ev.status = status;
	feed(r, ev);
}

static void exit_event(struct report *r, struct fake_task *f, uint64_t at, int status)
{
	struct event ev = fake_event(EV_EXIT, f, NULL, FAKE_T0 + at);

	ev.status = f->proc.status = status;
	feed(r, ev);
}

static void test_small(void **state)
{
	struct fake_task p, child;
	struct report r;
	struct rows rows;
	struct file file = {
		.id = 1, .kind = FILE_REG, .name = fake_bytes(HOSTILE), .opener_proc = 1, .opened_ns = FAKE_T0 + 200
	};
	struct event ev;

	(void)state;
	report_open(&r, 1000);
	start(&r);
	fake_proc(&p, 1, 0, "sh");
	fake_proc(&child, 2, 1, "cat");
	ev = call_event(EV_EXEC, &p, "execve", 100, 50, 0, (uint64_t[6]){ 0 });
	ev.path = "/bin/sh", ev.path_len = 7;
	feed(&r, ev);
	/* recorded before it, begun after it: rows go by start */
	ev = call_event(EV_LOOKUP, &p, "access", 300, 10, -ENOENT, (uint64_t[6]){ 0x1000, 4 });
	fake_string(&call_item.call, 0, "x", 1);
	ev.raw = "x", ev.raw_len = 1, ev.path = "/home/x", ev.path_len = 7;
	feed(&r, ev);
	ev = call_event(EV_OPEN, &p, "openat", 200, 5000000000, 3, (uint64_t[6]){ (uint64_t)-100, 0x1000, 0 });
	fake_string(&call_item.call, 1, HOSTILE, strlen(HOSTILE));
	ev.raw = HOSTILE, ev.raw_len = strlen(HOSTILE), ev.path = HOSTILE, ev.path_len = strlen(HOSTILE), ev.fd = 3,
	ev.file = &file;
	feed(&r, ev);
	for (unsigned i = 0; i < 2; i++) {	/* equal calls share their argument string */
		ev = call_event(EV_READ, &p, "read", 6000000000 + i, 7, 10 + i,
				(uint64_t[6]){ 3, 0x7f0000000000 + i, 4096 });
		ev.fd = 3, ev.file = &file, ev.nbytes = 10 + i;
		feed(&r, ev);
	}
	ev = fake_event(EV_FORK, &p, NULL, FAKE_T0 + 6000000010);
	ev.child = &child.task;
	feed(&r, ev);
	exit_event(&r, &child, 6000000020, 9);
	ev = fake_event(EV_RELEASE, &p, NULL, FAKE_T0 + 6000000030);
	ev.file = &file;
	feed(&r, ev);
	exit_event(&r, &p, 6000000040, 3 << 8);
	end(&r, 6000000050, 3 << 8);
	report_close(&r);

	rows_read(&r, 0, &rows);
	assert_int_equal(rows.n, 8);
	assert_int_equal(rows.start[0], 100);
	assert_type(&r, rows.type[0], "execve");
	assert_text(&r, rows.obj[0], "/bin/sh");
	assert_type(&r, rows.type[1], "openat");
	assert_int_equal(rows.start[1], 200);
	assert_int_equal(rows.dur[1], 5000000000);
	assert_int_equal(rows.ret[1], 3);
	assert_int_equal(rows.fd[1], 3);
	assert_int_equal(rows.file[1], 1);
	assert_text(&r, rows.obj[1], HOSTILE);
	assert_text(&r, rows.arg[1], "AT_FDCWD, \x01o, O_RDONLY");
	assert_type(&r, rows.type[2], "access");
	assert_int_equal(rows.err[2], ENOENT);
	assert_int_equal(rows.ret[2], 0);
	assert_int_equal(rows.fd[2], -1);
	assert_text(&r, rows.obj[2], "/home/x");
	assert_text(&r, rows.arg[2], "\"x\", R_OK");	/* as given, beside the name made absolute */
	assert_int_equal(rows.ret[3], 10);
	assert_int_equal(rows.ret[4], 11);
	assert_int_equal(rows.arg[3], rows.arg[4]);
	assert_text(&r, rows.arg[3], "\x01" "f, …, 4096");
	assert_int_equal(rows.obj[3], rows.obj[1]);
	assert_type(&r, rows.type[5], "fork");
	assert_int_equal(rows.val[5], 2);
	assert_int_equal(rows.lane[6], 1);
	assert_text(&r, rows.obj[6], "SIGKILL");
	assert_text(&r, rows.obj[7], "exit 3");
	rows_done(&rows);

	assert_meta(&r, "\"command\":[\"a\\u003cb\",\"\\udcff\\udcc0\"]");
	assert_meta(&r, "\"t0_ns\":\"1795324800000000000\",\"duration_ns\":6000000050");
	assert_meta(&r, "\"end\":\"exit\",\"events\":{\"kept\":8,\"total\":8},\"lost\":{\"events\":0,\"note\":\"\"},"
			"\"notes\":[]");
	assert_meta(&r, "\"h\":[\"dt:x32\",\"lane:u16\",\"type:u8\",\"dur:x32\",\"err:u8\"]");
	assert_meta(&r, "[2,\"ENOENT\",\"No such file or directory\",1]");
	assert_meta(&r,
		    "{\"pid\":102,\"tid\":102,\"parent\":0,\"proc\":1,\"start\":2,\"end\":6000000020,\"signal\":"
		    "\"SIGKILL\",\"comm\":\"cat\","
		    "\"execs\":[{\"t\":2,\"exe\":\"cat\",\"argv\":[\"cat\"],\"cwd\":\"/home\",\"inherited\":true}]}");
	assert_meta(&r, "\"exit\":3,\"comm\":\"sh\"");
	/* nothing of the hostile name may stand as markup before the blocks; they hold it in base64 */
	assert_null(strstr(r.file.s, "<img"));
	assert_null(strstr(r.file.s, "\xff"));
	assert_null(strstr(r.file.s, "\xe2\x80\xae"));
	assert_non_null(strstr(r.file.s, "/tmp/&lt;/script&gt;&lt;!-- --&gt;&lt;img "
					 "onerror=x&gt;\\xff\\n&quot;&#39;\\xe2\\x80\\xae\\xe2\\x80\\xa8"));
	assert_non_null(strstr(r.file.s, "<script>cpd(\"end\",1)</script>\n</body>"));
	report_done(&r);
}

/* An errno that answers a question is no failure, the same errno elsewhere is one. */
static void test_answers(void **state)
{
	struct fake_task p;
	struct report r;
	struct rows rows;

	(void)state;
	report_open(&r, 100);
	start(&r);
	fake_proc(&p, 1, 0, "sh");
	feed(&r, call_event(EV_CALL, &p, "ioctl", 1, 1, -ENOTTY, (uint64_t[6]){ 3, 0x5401 }));
	feed(&r, call_event(EV_FUTEX, &p, "futex", 2, 1, -ETIMEDOUT, (uint64_t[6]){ 0 }));
	feed(&r, call_event(EV_CONNECT, &p, "connect", 3, 1, -ETIMEDOUT, (uint64_t[6]){ 3 }));
	feed(&r, call_event(EV_LOOKUP, &p, "readlink", 4, 1, -EINVAL, (uint64_t[6]){ 0 }));
	feed(&r, call_event(EV_LOOKUP, &p, "readlink", 5, 1, -ENOENT, (uint64_t[6]){ 0 }));
	feed(&r, call_event(EV_CALL, &p, "ioctl", 6, 1, -512, (uint64_t[6]){ 3, 0x5401 }));
	feed(&r, call_event(EV_READ, &p, "read", 7, 1, -EAGAIN, (uint64_t[6]){ 3 }));
	report_close(&r);
	rows_read(&r, 0, &rows);
	assert_int_equal(rows.n, 7);
	assert_int_equal(rows.err[0], 240);
	assert_int_equal(rows.err[1], 241);
	assert_int_equal(rows.err[2], ETIMEDOUT);
	assert_int_equal(rows.err[3], 242);
	assert_int_equal(rows.err[4], ENOENT);
	assert_int_equal(rows.err[5], 243);
	assert_int_equal(rows.err[6], EAGAIN);
	rows_done(&rows);
	assert_meta(&r, "[2,\"ENOENT\",\"No such file or directory\",1]");
	assert_meta(&r, "[110,\"ETIMEDOUT\",\"Connection timed out\",1],[240,\"ENOTTY\",\"Inappropriate ioctl for "
			"device\",0],[241,\"ETIMEDOUT\"");
	assert_meta(&r, "[242,\"EINVAL\",\"Invalid argument\",0],[243,\"ERESTARTSYS\"");
	assert_meta(&r, "[11,\"EAGAIN\",\"Resource temporarily unavailable\",0]");
	report_done(&r);
}

/* Both ends of a socketpair are connected before anything goes through them. */
static void test_socketpair(void **state)
{
	struct sock socks[2] = { { .family = AF_UNIX, .type = SOCK_STREAM, .now.state = CONN_CONNECTED },
				 { .family = AF_UNIX, .type = SOCK_STREAM, .now.state = CONN_CONNECTED } };
	struct file ends[2] = { { .id = 7, .kind = FILE_SOCKET, .name = fake_bytes("unix socket:[1]"), .sock = &socks[0], .opener_proc = 1, .opened_ns = FAKE_T0 + 5 },
				{ .id = 8, .kind = FILE_SOCKET, .name = fake_bytes("unix socket:[2]"), .sock = &socks[1], .opener_proc = 1, .opened_ns = FAKE_T0 + 5 } };
	struct fake_task p;
	struct report r;
	struct block b;
	struct event ev;
	uint64_t *v;

	(void)state;
	report_open(&r, 1000);
	start(&r);
	fake_proc(&p, 1, 0, "nginx");
	ev = call_event(EV_PIPE, &p, "socketpair", 5, 1, 0, (uint64_t[6]){ AF_UNIX, SOCK_STREAM });
	ev.file = &ends[0], ev.file2 = &ends[1];
	feed(&r, ev);
	report_close(&r);
	assert_true(block_read(&r, 'n', 0, &b));
	assert_int_equal(b.nrows, 2);
	b.at += (4 + 1) * 2;
	v = column(&b, 1, false, false);
	assert_int_equal(v[0], 2);		/* connected */
	assert_int_equal(v[1], 2);
	free(v);
	free(b.data);
	report_done(&r);
}

/* One socket: refused here, connected there; looked at is not received; each event says which it belongs to. */
static void test_attempts(void **state)
{
	struct addr peer = { .family = AF_INET, .port = 1, .len = 4, .ip = { 10, 0, 0, 1 } };
	struct sock sock = { .family = AF_INET, .type = SOCK_STREAM };
	struct file s = { .id = 7,
			  .kind = FILE_SOCKET,
			  .name = fake_bytes("tcp4"),
			  .sock = &sock,
			  .opener_proc = 1,
			  .opened_ns = FAKE_T0 + 5 };
	struct fake_task p;
	struct report r;
	struct rows rows;
	struct block b;
	struct event ev;
	uint64_t *v;

	(void)state;
	report_open(&r, 1000);
	start(&r);
	fake_proc(&p, 1, 0, "curl");
	ev = call_event(EV_SOCKET, &p, "socket", 5, 1, 3, (uint64_t[6]){ AF_INET, SOCK_STREAM });
	ev.fd = 3, ev.file = &s;
	feed(&r, ev);
	for (unsigned i = 1; i <= 2; i++) {
		peer.port = (uint16_t)i;
		sock.now = (struct conn){ .id = i, .state = i == 1 ? CONN_FAILED : CONN_CONNECTED, .err = i == 1 ? ECONNREFUSED : 0, .has_peer = true,
					  .peer = peer, .connect_ns = FAKE_T0 + 10 * i };
		ev = call_event(EV_CONNECT, &p, "connect", 10 * i, 1, i == 1 ? -ECONNREFUSED : 0, (uint64_t[6]){ 3 });
		ev.fd = 3, ev.file = &s, ev.conn = &sock.now, ev.peer = &peer;
		feed(&r, ev);
		if (i == 2)
			break;
		ev = fake_event(EV_RELEASE, &p, NULL, FAKE_T0 + 20);
		ev.file = &s, ev.conn = &sock.now;
		feed(&r, ev);
	}
	ev = call_event(EV_PEEK, &p, "recvfrom", 30, 1, 9, (uint64_t[6]){ 3 });
	ev.fd = 3, ev.file = &s, ev.conn = &sock.now, ev.nbytes = 9;
	feed(&r, ev);
	ev = call_event(EV_RECV, &p, "recvfrom", 40, 1, 9, (uint64_t[6]){ 3 });
	ev.fd = 3, ev.file = &s, ev.conn = &sock.now, ev.nbytes = 9;
	feed(&r, ev);
	report_close(&r);

	rows_read(&r, 0, &rows);
	assert_int_equal(rows.n, 5);
	assert_int_equal(rows.conn[0], 1);	/* the socket: its first row */
	assert_int_equal(rows.conn[1], 1);
	assert_int_equal(rows.conn[2], 2);
	assert_int_equal(rows.conn[4], 2);
	assert_int_not_equal(rows.type[3], rows.type[4]);
	assert_meta(&r, "{\"name\":\"recvfrom\",\"cat\":1,\"op\":\"peek\"}");
	rows_done(&rows);
	assert_true(block_read(&r, 'n', 0, &b));
	assert_int_equal(b.nrows, 2);
	b.at += (4 + 1) * 2;
	v = column(&b, 1, false, false);
	assert_int_equal(v[0], 6);		/* failed */
	assert_int_equal(v[1], 2);
	free(v);
	v = column(&b, 1, false, false);
	assert_int_equal(v[0], ECONNREFUSED);
	assert_int_equal(v[1], 0);
	free(v);
	b.at += 4 * 2;
	v = column(&b, 4, false, false);
	assert_text(&r, v[0], "10.0.0.1:1");
	assert_text(&r, v[1], "10.0.0.1:2");
	free(v);
	b.at += (4 + 4 + 4) * 2;
	v = column(&b, 8, false, false);
	assert_int_equal(v[0], 5);		/* the first is as old as the socket */
	assert_int_equal(v[1], 20);
	free(v);
	b.at += 8 * 2;
	v = column(&b, 8, false, false);
	assert_int_equal(v[0], 20);
	assert_int_equal(v[1], UINT64_MAX);
	free(v);
	free(b.data);
	report_done(&r);
}

static void test_files(void **state)
{
	struct fake_task p;
	struct report r;
	struct block b;
	struct sock sock = { .family = AF_INET, .type = SOCK_STREAM, .now.state = CONN_CONNECTED, .now.has_peer = true, .now.connect_ns = FAKE_T0 + 10,
			     .now.connected_ns = FAKE_T0 + 60, .now.id = 1, .now.peer = { .family = AF_INET, .port = 443, .len = 4, .ip = { 93, 184, 216, 34 } } };
	struct file in = { .id = 1, .kind = FILE_TTY, .name = fake_bytes("/dev/pts/0") },
		    s = { .id = 7,
			  .kind = FILE_SOCKET,
			  .name = fake_bytes("tcp4"),
			  .sock = &sock,
			  .opener_proc = 1,
			  .opened_ns = FAKE_T0 + 5 };
	struct event ev;
	uint64_t *v;

	(void)state;
	report_open(&r, 1000);
	start(&r);
	fake_proc(&p, 1, 0, "curl");
	ev = call_event(EV_READ, &p, "read", 3, 1, 1, (uint64_t[6]){ 0 });
	ev.fd = 0, ev.file = &in;
	feed(&r, ev);
	ev = call_event(EV_CONNECT, &p, "connect", 10, 50, 0, (uint64_t[6]){ 3 });
	ev.fd = 3, ev.file = &s, ev.conn = &sock.now;
	feed(&r, ev);
	s.name = fake_bytes("tcp4 → 93.184.216.34:443");
	ev = call_event(EV_SEND, &p, "write", 70, 5, 100, (uint64_t[6]){ 3, 0, 100 });
	ev.fd = 3, ev.file = &s, ev.conn = &sock.now, ev.nbytes = 100;
	feed(&r, ev);
	ev = fake_event(EV_RELEASE, &p, NULL, FAKE_T0 + 99);
	ev.file = &s;
	feed(&r, ev);
	report_close(&r);	/* no end was recorded */

	assert_true(block_read(&r, 'f', 0, &b));
	assert_int_equal(b.nrows, 8);	/* ids are row numbers: those without an event are empty */
	v = column(&b, 1, false, false);
	assert_int_equal(v[0], 0);
	assert_int_equal(v[1], FILE_TTY + 1);
	assert_int_equal(v[2], 0);
	assert_int_equal(v[7], FILE_SOCKET + 1);
	free(v);
	v = column(&b, 4, false, false);
	assert_text(&r, v[1], "/dev/pts/0");
	assert_text(&r, v[7], "tcp4 → 93.184.216.34:443");
	free(v);
	v = column(&b, 4, true, false);
	assert_int_equal(v[1], -1);	/* before tracing */
	assert_int_equal(v[7], 0);
	free(v);
	v = column(&b, 8, false, false);
	assert_int_equal(v[7], 5);
	free(v);
	v = column(&b, 8, false, false);
	assert_int_equal(v[1], UINT64_MAX);
	assert_int_equal(v[7], 99);
	free(v);
	assert_int_equal(b.at, b.len);
	free(b.data);

	assert_true(block_read(&r, 'n', 0, &b));
	assert_int_equal(b.nrows, 1);
	v = column(&b, 4, false, false);
	assert_int_equal(v[0], 7);
	free(v);
	v = column(&b, 1, false, false);
	assert_int_equal(v[0], 0);	/* tcp4 */
	free(v);
	v = column(&b, 1, false, false);
	assert_int_equal(v[0], 2);	/* connected */
	free(v);
	b.at += 1 + 4;
	v = column(&b, 4, false, false);
	assert_text(&r, v[0], "93.184.216.34:443");
	free(v);
	b.at += 4 + 4 + 4 + 8;
	v = column(&b, 8, false, false);
	assert_int_equal(v[0], 50);
	free(v);
	v = column(&b, 8, false, false);
	assert_int_equal(v[0], 99);
	free(v);
	assert_int_equal(b.at, b.len);
	free(b.data);
	assert_meta(&r, "\"end\":\"cut\"");
	assert_meta(&r, "\"rows\":{\"s\":");
	assert_meta(&r, "\"f\":8,\"n\":1,\"k\":0}");
	report_done(&r);
}

/* More than a block: order, block bases, and the limit. */
static void test_many(void **state)
{
	enum { N = 300000, MAX_KEPT = 200000 };
	static struct fake_task procs[50];
	struct report r;
	struct rows rows;
	uint64_t before = 0, reads = 0, exits = 0;

	(void)state;
	report_open(&r, MAX_KEPT);
	start(&r);
	for (unsigned i = 0; i < 50; i++)
		fake_proc(&procs[i], i + 1, i ? 1 : 0, "worker");
	for (uint64_t i = 0; i < N; i++)
		/* recorded when they end, which is not the order in which they began */
		feed(&r, call_event(EV_READ, &procs[i % 50], "read", i * 100 + 1000 - i % 7 * 150, i % 1000, (int64_t)i,
				    (uint64_t[6]){ 3, 0, i % 3 }));
	for (unsigned i = 0; i < 50; i++)
		exit_event(&r, &procs[i], N * 100 + 5000 + i, 0);
	end(&r, N * 100 + 6000, 0);
	report_close(&r);
	assert_int_equal(r.kept, MAX_KEPT + 50);
	assert_int_equal(r.total, N + 50);
	for (unsigned b = 0; b < 2; b++) {
		rows_read(&r, b, &rows);
		assert_int_equal(rows.n, b ? MAX_KEPT + 50 - 131072 : 131072);
		for (uint32_t i = 0; i < rows.n; i++) {
			assert_true(rows.start[i] >= before);
			before = rows.start[i];
			if (rows.fd[i] == UINT64_MAX && rows.ret[i] == 0 && rows.start[i] > N * 100) {
				exits++;
				continue;
			}
			/* every value of a row stayed with it */
			assert_int_equal(rows.start[i], rows.ret[i] * 100 + 1000 - rows.ret[i] % 7 * 150);
			assert_int_equal(rows.dur[i], rows.ret[i] % 1000);
			reads++;
		}
		rows_done(&rows);
	}
	assert_int_equal(reads, MAX_KEPT);
	assert_int_equal(exits, 50);
	assert_meta(&r, "\"events\":{\"kept\":200050,\"total\":300050}");
	assert_non_null(strstr(r.file.s, "This report keeps 200,050 of 300,050 events"));
	assert_true(r.file.len / (double)r.kept < 11);
	report_done(&r);
}

/* Block I/O of kernel threads belongs to no task: least of all the first lane's. */
static void test_unattributed(void **state)
{
	static const struct record_block block = { .op = BLOCK_READ };
	static const struct record_fault fault = { 0 };
	const struct item block_item = { .kind = RECORD_BLOCK, .head = &block.h, .block = &block };
	const struct item fault_item = { .kind = RECORD_FAULT, .head = &fault.h, .fault = &fault };
	struct fake_task p;
	struct report r;

	(void)state;
	report_open(&r, 10);
	start(&r);
	fake_proc(&p, 1, 0, "one");
	feed(&r, (struct event){ .kind = EV_BLOCK,
				 .item = &block_item,
				 .ts_ns = 1000,
				 .dur_ns = 10,
				 .nbytes = 4096,
				 .fd = -1,
				 .fd2 = -1 });
	feed(&r, (struct event){ .kind = EV_FAULT, .item = &fault_item, .ts_ns = 1001, .fd = -1, .fd2 = -1 });
	exit_event(&r, &p, 2000, 0);
	end(&r, 2000, 0);
	report_close(&r);
	assert_meta(&r, "\"events\":{\"kept\":1,\"total\":1}");
	assert_meta(&r, "\"notes\":[\"2 block requests, waits for a CPU or page faults of kernel threads or of threads "
			"that had ended are left out.\"]");
	report_done(&r);
}

/* A number of samples that does not grow with the trace, and the highest value among them. */
static void test_counters(void **state)
{
	enum { N = 200000, PEAK = 123456 };
	struct mm mm = { .id = 1, .refs = 1 };
	struct fdtab fds = { .refs = 1, .nopen = 3 };
	struct fake_task p;
	struct report r;
	struct block b;
	uint64_t *dt, *counter, *value, highest = 0, memory = 0, last_fds = 99;

	(void)state;
	report_open(&r, 10);
	start(&r);
	fake_proc(&p, 1, 0, "eater");
	p.proc.mm = &mm;
	p.proc.fds = &fds;
	for (uint64_t i = 1; i <= N; i++) {
		mm.heap = i == PEAK ? 1 << 30 : i % 1000 * 4096;
		feed(&r, call_event(EV_BRK, &p, "brk", i * 1000, 10, 0, (uint64_t[6]){ 0 }));
	}
	exit_event(&r, &p, N * 1000 + 500, 0);
	end(&r, N * 1000 + 500, 0);
	report_close(&r);
	assert_true(block_read(&r, 'k', 0, &b));
	assert_true(b.nrows > 500 && b.nrows < 5000);
	dt = column(&b, 4, false, true);
	free(column(&b, 2, false, false));
	counter = column(&b, 1, false, false);
	value = column(&b, 8, true, false);
	assert_int_equal(b.at, b.len);
	for (uint64_t i = 0, at = 0; i < b.nrows; i++) {
		at += dt[i];
		assert_true(at <= N * 1000 + 500);
		if (counter[i] == 0) {
			memory = value[i];
			highest = MAX(highest, memory);
		} else {
			last_fds = value[i];
		}
	}
	assert_int_equal(highest, 1 << 30);
	assert_int_equal(memory, 0);	/* it ended */
	assert_int_equal(last_fds, 0);
	free(dt);
	free(counter);
	free(value);
	free(b.data);
	assert_meta(&r, "\"counters\":[{\"name\":\"mapped memory\",\"unit\":\"bytes\"},{\"name\":\"resident, by "
			"faults\",\"unit\":\"bytes\"},{\"name\":\"open fds\",\"unit\":\"count\"}]");
	report_done(&r);
}

/*
 * The samples of all lanes together come to the summary's sums, whatever was thinned out, and to nothing when all have
 * ended.
 */
static void test_counter_sums(void **state)
{
	enum { CHILDREN = 40, GROWTH = 3000 };
	struct mm mm = { .id = 1, .refs = 1, .heap = 1 << 20 }, child_mm[CHILDREN];
	struct fake_task p, child[CHILDREN];
	struct file file = { .id = 1, .kind = FILE_PIPE, .name = fake_bytes("pipe:[1]") };
	uint64_t *dt, *lane, *counter, *value, now = 1000, last[CHILDREN + 1] = { 0 }, sum = 0, highest = 0;
	struct report r;
	struct block b;
	struct event ev;

	(void)state;
	report_open(&r, 100000);
	start(&r);
	fake_proc(&p, 1, 0, "sh");
	p.proc.mm = &mm;
	feed(&r, call_event(EV_BRK, &p, "brk", now, 10, 0, (uint64_t[6]){ 0 }));
	for (uint32_t k = 0; k < CHILDREN; k++) {
		struct fake_task *c = &child[k];

		child_mm[k] = (struct mm){ .id = k + 2, .refs = 1, .heap = mm.heap };
		fake_proc(c, k + 2, 1, "true");
		c->proc.mm = &child_mm[k];
		ev = fake_event(EV_FORK, &p, NULL, FAKE_T0 + (now += 100));
		ev.child = &c->task;
		feed(&r, ev);
		for (uint64_t i = 0; i < GROWTH; i++) {
			child_mm[k].heap = i % 7 ? i << 12 : 0;
			feed(&r, call_event(EV_BRK, c, "brk", now += 10, 5, 0, (uint64_t[6]){ 0 }));
			mm.mapped = i % 5 << 14;
			feed(&r, call_event(EV_MMAP, &p, "mmap", now += 10, 5, 0x10000, (uint64_t[6]){ 0, 4096 }));
		}
		exit_event(&r, c, now += 10, 0);
		ev = fake_event(EV_RELEASE, c, NULL, FAKE_T0 + (now += 10));	/* what it had is freed after its end */
		ev.file = &file;
		feed(&r, ev);
	}
	exit_event(&r, &p, now += 10, 0);
	end(&r, now, 0);
	report_close(&r);
	assert_true(block_read(&r, 'k', 0, &b));
	dt = column(&b, 4, false, true);
	lane = column(&b, 2, false, false);
	counter = column(&b, 1, false, false);
	value = column(&b, 8, true, false);
	for (uint64_t i = 0; i < b.nrows; i++) {
		if (counter[i] != 0)
			continue;
		assert_true(lane[i] <= CHILDREN);
		sum += value[i] - last[lane[i]];
		last[lane[i]] = value[i];
		highest = MAX(highest, sum);
	}
	assert_int_equal(sum, 0);
	assert_true(highest <= r.totals->memory_peak);
	assert_true(r.totals->memory_peak - highest <= r.totals->memory_peak / 4000);
	assert_true(r.totals->memory_peak > 12 << 20);
	assert_true(b.nrows < CHILDREN * 1500);		/* it was thinned out */
	free(dt);
	free(lane);
	free(counter);
	free(value);
	free(b.data);
	report_done(&r);
}

static void test_empty(void **state)
{
	struct report r;
	struct block b;

	(void)state;
	report_open(&r, 1000);
	report_close(&r);
	assert_false(block_read(&r, 'h', 0, &b));
	assert_meta(&r, "\"main\":-1");
	assert_meta(&r, "\"tasks\":[]");
	assert_non_null(strstr(r.file.s, "cpd(\"end\",1)"));
	report_done(&r);
}

static void test_full_disk(void **state)
{
	struct outfile full = { .fd = open("/dev/full", O_WRONLY), .path = strdup("/dev/full") };
	struct sink_options opt = { .max_report_events = 10, .totals = totals_new() };
	struct sink *sink;
	struct diag diag;

	(void)state;
	assert_int_equal(sink_html_new(&opt, &full, &sink, &diag), 0);
	sink->ops->finish(sink, NULL);
	assert_int_equal(full.err, -ENOSPC);
	assert_true(full.lost > 500);
	sink->ops->free(sink);
	outfile_close(&full);
	totals_free((struct totals *)opt.totals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small), cmocka_unit_test(test_answers), cmocka_unit_test(test_files), cmocka_unit_test(test_attempts), cmocka_unit_test(test_socketpair), cmocka_unit_test(test_many), cmocka_unit_test(test_counters), cmocka_unit_test(test_counter_sums), cmocka_unit_test(test_unattributed),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
