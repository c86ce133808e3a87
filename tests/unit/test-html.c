/* SPDX-License-Identifier: MIT */
/* A report of events made by hand, read back block by block: events, types, files, and what is odd. */
#include "html_report.h"

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
	assert_null(rows.data);		/* none was recorded: no column, no block */
	assert_null(strstr(r.file.s, "\"d\":"));
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
	assert_meta(&r, "\"h\":[\"dt:x32\",\"lane:u16\",\"type:u8\",\"dur:x32\",\"err:u8\",\"noise:u8\"]");
	assert_meta(&r, "[2,\"ENOENT\",\"No such file or directory\",2]");
	assert_meta(&r,
		    "{\"pid\":102,\"tid\":102,\"parent\":0,\"proc\":1,\"start\":2,\"end\":6000000020,\"signal\":"
		    "\"SIGKILL\",\"ending\":1,\"fatal\":\"SIGKILL came from the kernel, or from a process that was not "
		    "traced, after 6.00s\",\"comm\":\"cat\","
		    "\"execs\":[{\"t\":2,\"exe\":\"cat\",\"argv\":[\"cat\"],\"cwd\":\"/home\","
		    "\"comm\":\"cat\",\"inherited\":true}]}");
	assert_meta(&r, "\"exit\":3,\"because\":102,\"comm\":\"sh\"");
	/* nothing of the hostile name may stand as markup before the blocks; they hold it in base64 */
	assert_null(strstr(r.file.s, "<img"));
	assert_null(strstr(r.file.s, "\xff"));
	assert_null(strstr(r.file.s, "\xe2\x80\xae"));
	assert_non_null(strstr(r.file.s, "/tmp/&lt;/script&gt;&lt;!-- --&gt;&lt;img "
					 "onerror=x&gt;\\xff\\n&quot;&#39;\\xe2\\x80\\xae\\xe2\\x80\\xa8"));
	assert_non_null(strstr(r.file.s, "<script>cpd(\"end\",1)</script>\n</body>"));
	report_done(&r);
}

#define BYTES "\0\xff\r\n</script><!-- -->\x1b[31m\xe2\x80\xae"

static void feed_moved(struct report *r, struct fake_task *p, enum event_kind kind, const char *name, int64_t ret,
		       const char *s, size_t n)
{
	struct event ev = call_event(kind, p, name, r->kept++, 7, ret, (uint64_t[6]){ 3, 0x1000, 4096, 0, 0, 0 });

	fake_string(&call_item.call, 1, s, n);
	ev.fd = 3;
	feed(r, ev);
}

/* What was moved, as far as it was recorded: bytes as they are, once, no more than the call moved. */
static void test_moved(void **state)
{
	static const char bytes[] = BYTES;
	const struct part vectors = { .arg = 1, .part = PART_DATA, .len = 5, .bytes = "hello" };
	struct fake_task p;
	struct report r;
	struct rows rows;
	struct event ev;
	char many[2000];

	(void)state;
	memset(many, 'x', sizeof(many));
	report_open(&r, 1000);
	start(&r);
	fake_proc(&p, 1, 0, "sh");
	feed_moved(&r, &p, EV_READ, "read", sizeof(bytes) - 1, bytes, sizeof(bytes) - 1);
	feed_moved(&r, &p, EV_SEND, "sendto", sizeof(bytes) - 1, bytes, sizeof(bytes) - 1);
	feed_moved(&r, &p, EV_WRITE, "write", 4, "abcdefg", 7);		/* a short one */
	feed_moved(&r, &p, EV_WRITE, "write", -EPIPE, "abcdefg", 7);
	feed_moved(&r, &p, EV_WRITE, "write", 4096, many, sizeof(many));
	feed_moved(&r, &p, EV_READ, "read", 0, "", 0);
	feed_moved(&r, &p, EV_CALL, "pread64", 6, "secret", 6);	/* an event that moves nothing */
	ev = call_event(EV_WRITE, &p, "writev", r.kept++, 7, 5, (uint64_t[6]){ 3, 0x1000, 1 });
	call_item.call.parts = &vectors, call_item.call.nparts = 1;
	feed(&r, ev);
	ev = call_event(EV_SEND, &p, "sendmmsg", r.kept++, 7, 1, (uint64_t[6]){ 3, 0x1000, 1 });
	call_item.call.parts = &vectors, call_item.call.nparts = 1;
	feed(&r, ev);
	end(&r, 50, 0);
	report_close(&r);

	rows_read(&r, 0, &rows);
	assert_int_equal(rows.n, 9);
	assert_non_null(rows.data);
	assert_string(&r, 'd', rows.data[0], bytes, sizeof(bytes) - 1);
	assert_int_equal(rows.data[1], rows.data[0]);
	assert_string(&r, 'd', rows.data[2], "abcd", 4);
	assert_string(&r, 'd', rows.data[3], "abcdefg", 7);
	assert_string(&r, 'd', rows.data[4], many, 1024);
	assert_int_equal(rows.data[5], 0);
	assert_int_equal(rows.data[6], 0);
	assert_string(&r, 'd', rows.data[7], "hello", 5);
	assert_int_equal(rows.data[8], rows.data[7]);
	assert_meta(&r, "\"data:u8\"],\"d\":[]}");
	assert_meta(&r, "The first bytes of what was read and written are in this report");
	assert_null(memmem(r.file.s, r.file.len, "abcdefg", 7));
	rows_done(&rows);
	report_done(&r);
}

/* So many bytes in all, and the rest is counted. */
static void test_moved_much(void **state)
{
	enum { EVENTS = 17000, LEN = 1000 };
	struct fake_task p;
	struct report r;
	char bytes[LEN] = "";

	(void)state;
	report_open(&r, EVENTS);
	start(&r);
	fake_proc(&p, 1, 0, "sh");
	for (unsigned i = 0; i < EVENTS; i++) {
		memcpy(bytes, &i, sizeof(i));
		feed_moved(&r, &p, EV_READ, "read", LEN, bytes, LEN);
	}
	end(&r, EVENTS, 0);
	report_close(&r);
	/* 16 MB hold 16,777 of them */
	assert_meta(&r, "The first bytes of 223 reads and writes were left out to keep the report small.");
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
	assert_meta(&r, "[2,\"ENOENT\",\"No such file or directory\",2]");
	assert_meta(&r, "[110,\"ETIMEDOUT\",\"Connection timed out\",1],[240,\"ENOTTY\",\"Inappropriate ioctl for "
			"device\",0],[241,\"ETIMEDOUT\"");
	assert_meta(&r, "[242,\"EINVAL\",\"Invalid argument\",0],[243,\"ERESTARTSYS\"");
	assert_meta(&r, "[11,\"EAGAIN\",\"Resource temporarily unavailable\",0]");
	report_done(&r);
}

static void look_up(struct report *r, struct fake_task *p, uint64_t at, const char *path, int64_t ret)
{
	struct event ev = call_event(EV_OPEN, p, "openat", at, 1, ret, (uint64_t[6]){ (uint64_t)-100, 0x1000, 0 });

	fake_string(&call_item.call, 1, path, strlen(path));
	ev.raw = ev.path = path;
	ev.raw_len = ev.path_len = (uint32_t)strlen(path);
	feed(r, ev);
}

/* A name that was not there is calm where it was found in another place, and where the process ended well. */
static void test_reasons(void **state)
{
	struct fake_task well, failed;
	struct report r;
	struct rows rows;

	(void)state;
	report_open(&r, 100);
	start(&r);
	fake_proc(&failed, 1, 0, "cc1");
	fake_proc(&well, 2, 0, "cc1");
	look_up(&r, &failed, 10, "/a/found.h", -ENOENT);
	look_up(&r, &failed, 20, "/b/found.h", 3);
	look_up(&r, &failed, 30, "/a/lost.h", -ENOENT);
	look_up(&r, &well, 30, "/a/lost.h", -ENOENT);
	look_up(&r, &failed, 40, "/b/lost.h", -ENOENT);
	exit_event(&r, &well, 50, 0);
	exit_event(&r, &failed, 60, 1 << 8);
	end(&r, 70, 1 << 8);
	report_close(&r);
	rows_read(&r, 0, &rows);
	assert_int_equal(rows.n, 7);
	assert_int_equal(rows.err[0], ENOENT);
	assert_int_equal(rows.err[1], 0);
	assert_int_equal(rows.err[2], 240);
	assert_int_equal(rows.err[3], ENOENT);
	assert_int_equal(rows.err[4], 240);
	rows_done(&rows);
	assert_meta(&r, "[2,\"ENOENT\",\"No such file or directory\",2],[240,\"ENOENT\",\"No such file or "
			"directory\",1]");
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
	b.at += 8 + 8;	/* waited, first byte */
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
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_moved), cmocka_unit_test(test_moved_much),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_unattributed),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
