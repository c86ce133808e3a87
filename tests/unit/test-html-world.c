/* SPDX-License-Identifier: MIT */
/* The same of what goes on beside events: connections and counters. */
#include "html_report.h"

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
	assert_meta(&r, "{\"name\":\"recvfrom\",\"cat\":1,\"op\":\"peek\",\"verb\":\"peek\"}");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socketpair),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_counter_sums),
	};

	return cmocka_run_group_tests_name("html-world", tests, NULL, NULL);
}
