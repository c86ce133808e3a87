/* SPDX-License-Identifier: MIT */
/* Where the time went: waits, the findings made of them, and shares. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/futex.h>

#include "analyze/counting.h"
#include "analyze/critical.h"
#include "analyze/findings.h"
#include "analyze/futex.h"
#include "analyze/table.h"
#include "analyze/totals.h"
#include "fake.h"

#define MS 1000000ull
#define DAY (86400000 * MS)

/* The call by that thread, from and for so long. */
static struct event waits(struct item *item, enum event_kind kind, const struct fake_task *f, const char *call,
			  uint64_t enter_ns, uint64_t dur_ns, const uint64_t args[6])
{
	*item = (struct item){ .kind = RECORD_CALL };
	fake_call(&item->call, call, enter_ns, dur_ns, 0, args);
	return fake_event(kind, f, item, enter_ns);
}

static void futex(struct totals *t, const struct fake_task *f, uint64_t enter_ns, uint64_t dur_ns, int op, uint32_t val)
{
	struct item item;
	uint64_t args[6] = { 0x1000, (uint64_t)op, val };
	struct event ev = waits(&item, EV_FUTEX, f, "futex", enter_ns, dur_ns, args);

	totals_event(t, &ev);
}

/* Threads of one process; the last two have one tid after the other. */
static void test_join_is_of_the_newest(void **state)
{
	struct totals *t = totals_new();
	struct fake_task main_thread, threads[2];

	(void)state;
	fake_proc(&main_thread, 1, 0, "x");
	futex(t, &main_thread, FAKE_T0, MS, FUTEX_WAIT_PRIVATE, 2);
	for (uint32_t i = 0; i < 2; i++) {
		fake_proc(&threads[i], 2 + i, 0, "x");
		threads[i].task.proc = &main_thread.proc;
		threads[i].task.tid = 300;
		futex(t, &threads[i], FAKE_T0 + i * MS, MS / 2, FUTEX_WAIT_PRIVATE, 2);
	}
	futex(t, &main_thread, FAKE_T0 + 3 * MS, MS, FUTEX_WAIT, 300);
	futex(t, &threads[1], FAKE_T0 + 3 * MS, MS, FUTEX_WAIT, 300);	/* for itself is none */
	assert_int_equal(t->waits.n, 2);
	assert_int_equal(t->waits.v[1]->what, SPENT_THREAD);
	assert_int_equal(t->waits.v[1]->target, 3);
	assert_int_equal(t->waits.v[1]->n, 1);
	totals_free(t);
}

/* A made-up recording has a call that ended at the end of all time. */
static void test_times_at_their_end(void **state)
{
	struct totals *t = totals_new();
	struct fake_task one, other;

	(void)state;
	fake_proc(&one, 1, 0, "x");
	fake_proc(&other, 2, 0, "x");
	other.task.proc = &one.proc;
	futex(t, &one, FAKE_T0, UINT64_MAX - FAKE_T0, FUTEX_WAIT_PRIVATE, 2);
	futex(t, &one, FAKE_T0 + MS, MS, FUTEX_WAIT_PRIVATE, 2);	/* within the first one */
	assert_int_equal(t->waits.n, 1);
	assert_int_equal(t->waits.v[0]->n, 1);
	assert_int_equal(t->tasks.v[0]->nspans, 1);
	futex(t, &other, FAKE_T0 + MS, UINT64_MAX - FAKE_T0 - MS, FUTEX_WAIT_PRIVATE, 2);
	assert_int_equal(t->waits.v[0]->n, 2);
	assert_true(t->waits.v[0]->ns == UINT64_MAX);
	totals_free(t);
}

/* One of several futexes: the one that was woken; a made-up recording has less than the result says. */
static void test_one_of_several_futexes(void **state)
{
	struct {
		uint64_t val, addr;
		uint32_t flags, reserved;
	} v[2] = { { 1, 0x1000, 2 | 128, 0 }, { 2, 0x2000, 2, 0 } };
	struct part part = { .part = PART_BYTES, .len = sizeof(v), .bytes = (const char *)v };
	uint64_t args[6] = { 0x7000, 2 };
	struct call c;
	struct futex_use use;

	(void)state;
	fake_call(&c, "futex_waitv", FAKE_T0, MS, 1, args);
	c.parts = &part;
	c.nparts = 1;
	use = futex_use(&c);
	assert_true(use.addr == 0x2000 && use.val == 2 && !use.is_private);
	assert_int_equal(futex_sign(&c), FUTEX_MAY_LOCK);
	part.len = sizeof(v) - 1;
	use = futex_use(&c);
	assert_true(use.addr == 0x1000 && use.is_private);
	assert_int_equal(futex_sign(&c), FUTEX_COUNTS);
	part.len = 1;
	assert_true(futex_use(&c).addr == 0);
	c.nparts = 0;
	assert_true(futex_use(&c).addr == 0);
}

static void test_joining_is_no_lock(void **state)
{
	uint64_t args[6] = { 0x7000, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 2, 0, 0, FUTEX_BITSET_MATCH_ANY };
	struct call c;

	(void)state;
	fake_call(&c, "futex", FAKE_T0, MS, 0, args);
	assert_int_equal(futex_sign(&c), FUTEX_COUNTS);
	args[3] = 0x7ffc0000;	/* a mutex of several processes, with a time */
	fake_call(&c, "futex", FAKE_T0, MS, 0, args);
	assert_int_equal(futex_sign(&c), FUTEX_MAY_LOCK);
	args[1] |= FUTEX_PRIVATE_FLAG;
	args[3] = 0;
	fake_call(&c, "futex", FAKE_T0, MS, 0, args);
	assert_int_equal(futex_sign(&c), FUTEX_MAY_LOCK);
}

static void wakes(struct totals *t, const struct fake_task *f, uint64_t enter_ns, uint32_t how_many)
{
	struct item item;
	uint64_t args[6] = { 0x1000, FUTEX_WAKE_PRIVATE, how_many };
	struct event ev = waits(&item, EV_FUTEX, f, "futex", enter_ns, 1000, args);

	item.call.ret = 1;
	totals_event(t, &ev);
}

/* Of threads that wait with 0: turns of hold_ns each in 20 ms; how many each wakes. */
static enum spent in_turns(uint64_t hold_ns, uint32_t how_many, bool by_main, bool has_second)
{
	struct totals *t = totals_new();
	struct fake_task tasks[4];
	enum spent what;

	for (uint32_t i = 0; i < 4; i++) {
		fake_proc(&tasks[i], 1 + i, 0, "x");
		tasks[i].task.proc = &tasks[0].proc;
	}
	for (uint64_t i = 0; i < 9; i++) {
		const struct fake_task *next = &tasks[1 + i % 3], *last = &tasks[1 + (i + 2) % 3];
		uint64_t end = FAKE_T0 + (i + 1) * 20 * MS;

		/* the one that it wakes may be seen before it */
		for (uint64_t k = 0; k < 2; k++)
			if (k == i % 2)
				futex(t, next, end - 20 * MS, 20 * MS, FUTEX_WAIT_PRIVATE, has_second && i > 6 ? 4 : 0);
			else if (i)
				wakes(t, by_main ? &tasks[0] : last, end - 20 * MS + hold_ns, how_many);
	}
	what = t->waits.v[0]->what;
	totals_free(t);
	return what;
}

/* Who is woken wakes the next one, and has held it for most of the time that was waited. */
static void test_turns(void **state)
{
	(void)state;
	assert_int_equal(in_turns(19 * MS, 1, false, false), SPENT_LOCK);
	assert_int_equal(in_turns(MS, 1, false, false), SPENT_WAKE);		/* nothing was to do for most of it */
	assert_int_equal(in_turns(19 * MS, INT32_MAX, false, false), SPENT_WAKE);	/* a barrier */
	assert_int_equal(in_turns(19 * MS, 1, true, false), SPENT_WAKE);	/* a producer */
	assert_int_equal(in_turns(19 * MS, 1, false, true), SPENT_WAKE);	/* a count */
}

/* A count passes the value of locks, too. */
static void test_count_is_no_lock(void **state)
{
	struct totals *t = totals_new();
	struct fake_task one, other;

	(void)state;
	fake_proc(&one, 1, 0, "x");
	fake_proc(&other, 2, 0, "x");
	other.task.proc = &one.proc;
	futex(t, &one, FAKE_T0, 20 * MS, FUTEX_WAIT_PRIVATE, 2);
	assert_int_equal(t->waits.v[0]->what, SPENT_LOCK);
	futex(t, &other, FAKE_T0, 20 * MS, FUTEX_WAIT_PRIVATE, 3);
	assert_int_equal(t->waits.v[0]->what, SPENT_LOCK);	/* glibc's rwlock has both */
	futex(t, &other, FAKE_T0 + 20 * MS, 20 * MS, FUTEX_WAIT_PRIVATE, 4);
	assert_int_equal(t->waits.v[0]->what, SPENT_WAKE);
	assert_int_equal(span_what(&t->tasks.v[0]->spans[0]), SPENT_WAKE);	/* of what was waited before, too */
	totals_free(t);
}

/* A read from that pipe, of that process, which waits for who has the other end. */
static void reads(struct totals *t, const struct fake_task *f, struct file *pipe, const struct fake_task *other,
		  uint64_t enter_ns, uint64_t dur_ns)
{
	struct item item;
	struct event ev = waits(&item, EV_READ, f, "read", enter_ns, dur_ns, (uint64_t[6]){ 0 });

	pipe->peer_proc = other->proc.id;
	pipe->peer_pid = other->proc.pid;
	ev.file = pipe;
	totals_event(t, &ev);
}

static void ends(struct totals *t, struct fake_task *f, uint64_t ns)
{
	struct event ev = fake_event(EV_EXIT, f, NULL, ns);

	f->task.end_ns = f->proc.end_ns = ns;
	totals_event(t, &ev);
}

/* The path goes into who has the other end of a pipe, and of two that wait for each other not round and round. */
static void test_path_through_pipes(void **state)
{
	struct totals *t = totals_new();
	struct file pipe = { .id = 1, .kind = FILE_PIPE, .name = fake_bytes("pipe:[7]") },
		    back = { .id = 2, .kind = FILE_PIPE, .name = fake_bytes("pipe:[8]") };
	struct fake_task reader, writer;
	struct critical *c;

	(void)state;
	fake_proc(&reader, 1, 0, "reader");
	fake_proc(&writer, 2, 1, "writer");
	reader.task.start_ns = reader.proc.start_ns = writer.task.start_ns = writer.proc.start_ns = FAKE_T0;
	t->start_ns = FAKE_T0;
	t->main_proc = reader.proc.id;
	reads(t, &writer, &back, &reader, FAKE_T0 + 40 * MS, 10 * MS);
	reads(t, &reader, &pipe, &writer, FAKE_T0 + 20 * MS, 60 * MS);
	ends(t, &writer, FAKE_T0 + 70 * MS);
	ends(t, &reader, FAKE_T0 + 100 * MS);
	t->end_ns = FAKE_T0 + 100 * MS;
	c = critical_path(t);
	assert_non_null(c);
	assert_int_equal(c->nrows, 2);
	assert_true(c->rows[0]->ns == 50 * MS);		/* 10 of these without a writer */
	assert_true(c->rows[0]->parts[SPENT_PIPE].ns == 10 * MS);
	assert_true(c->rows[1]->ns == 50 * MS);
	assert_true(c->rows[1]->parts[SPENT_PIPE].ns == 10 * MS);
	assert_int_equal(t->waits.v[1]->peer_pid, writer.proc.pid);
	critical_free(c);
	totals_free(t);
}

/* What is known by its path alone is never what is known by a number. */
static void test_paths_are_no_ids(void **state)
{
	struct totals *t = totals_new();
	struct file file = { .id = 2166136261u, .kind = FILE_REG, .name = fake_bytes("/numbered") };
	struct fake_task p;
	struct item item;
	struct event ev;

	(void)state;
	fake_proc(&p, 1, 0, "x");
	for (unsigned i = 0; i < 2; i++) {
		ev = waits(&item, EV_OPEN, &p, "open", FAKE_T0 + i * 2 * MS, MS, (uint64_t[6]){ 0 });
		ev.file = i ? &file : NULL;
		ev.path = "";	/* a sum of no bytes is what FNV-1a begins with, that of 32 bits with 2166136261 */
		totals_event(t, &ev);
	}
	assert_int_equal(t->waits.n, 2);
	totals_free(t);
}

/* A file that is opened again and again is one thing to wait for, so a long run takes no more memory. */
static void test_a_file_is_one_thing(void **state)
{
	enum { OPENS = 1000 };
	struct totals *t = totals_new();
	struct file again = { .kind = FILE_REG, .name = fake_bytes("/again") },
		    other = { .id = 5000, .kind = FILE_REG, .name = fake_bytes("/other") },
		    ends[2] = { { .id = 5001, .kind = FILE_PIPE, .name = fake_bytes("pipe:[7]") },
				{ .id = 5002, .kind = FILE_PIPE, .name = fake_bytes("pipe:[7]") } };
	struct fake_task p;
	struct item item;

	(void)state;
	fake_proc(&p, 1, 0, "x");
	for (unsigned i = 0; i < OPENS + 3; i++) {
		struct event ev = waits(&item, EV_READ, &p, "read", FAKE_T0 + (i + 1) * 2 * MS, MS, (uint64_t[6]){ 0 });

		again.id = i + 1;
		ev.file = i < OPENS ? &again : i == OPENS ? &other : &ends[i - OPENS - 1];
		totals_event(t, &ev);
	}
	assert_int_equal(t->waits.n, 4);
	assert_int_equal(t->waits.v[0]->n, OPENS);
	assert_true(t->waits.v[0]->ns == OPENS * MS);
	totals_free(t);
}

static void test_findings_of_many_peers(void **state)
{
	enum { PEERS = 200 };
	struct totals *t = totals_new();
	struct fake_task p;
	struct finding *v;
	uint64_t all, nfailed = 0;
	unsigned n;

	(void)state;
	fake_proc(&p, 1, 0, "x");
	for (uint32_t i = 0; i < PEERS + 2; i++) {
		struct file f = { .id = i + 1, .kind = FILE_SOCKET };
		struct sock s = { .family = AF_INET, .type = SOCK_STREAM };
		struct event ev;
		struct item item;

		s.now = (struct conn){ .id = i + 1, .state = CONN_FAILED, .err = ECONNREFUSED, .has_peer = true };
		s.now.peer = (struct addr){ .family = AF_INET, .len = 4, .ip = { 10 } };
		s.now.peer.port = (uint16_t)(i % PEERS + 1);
		f.sock = &s;
		ev = waits(&item, EV_CONNECT, &p, "connect", FAKE_T0 + i * MS, 1000, (uint64_t[6]){ 0 });
		ev.file = &f;
		ev.conn = &s.now;
		ev.peer = &s.now.peer;
		ev.err = ECONNREFUSED;
		totals_event(t, &ev);
	}
	n = findings_of(t, &v, &all);
	assert_int_equal(n, PEERS);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(v[i].rule, FINDING_REFUSED);
		nfailed += v[i].n;
	}
	assert_int_equal(nfailed, PEERS + 2);
	assert_int_equal(v[0].n, 2);
	free(v);
	totals_free(t);
}

/* Of what was slept in page faults: by the file; less than 100 ms is none. */
static void test_findings_of_faults(void **state)
{
	static const struct { const char *path; uint64_t ns; } of[] = {
		{ "/first", MS }, { "/data", 75 * MS }, { "/data", 75 * MS }, { "/small", 90 * MS },
	};
	struct totals *t = totals_new();
	struct fake_task p;
	struct finding *v;
	uint64_t all;

	(void)state;
	fake_proc(&p, 1, 0, "x");
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
		const struct record_fault fault = { .h = { sizeof(fault), RECORD_FAULT, FAULT_MAJOR, 1, 1, FAKE_T0 } };
		const struct item item = { .kind = RECORD_FAULT, .head = &fault.h, .fault = &fault };
		struct event ev = fake_event(EV_FAULT, &p, &item, FAKE_T0 + i * 200 * MS);

		ev.call = NULL;
		ev.dur_ns = of[i].ns;
		ev.path = of[i].path;
		ev.path_len = (uint32_t)strlen(ev.path);
		totals_event(t, &ev);
	}
	assert_int_equal(findings_of(t, &v, &all), 1);
	assert_int_equal(v[0].rule, FINDING_FAULTS);
	assert_string_equal(finding_name(v[0].rule), "page-faults");
	assert_true(v[0].wait->ns == 150 * MS);
	assert_int_equal(v[0].wait->n, 2);
	free(v);
	totals_free(t);
}

/* That no CPU was free: where it is most of a run that was long enough to be felt, and with whose time. */
static void test_findings_of_no_cpu(void **state)
{
	static const struct { uint64_t delay_ns, all_ns; bool found; } of[] = {
		{ 600 * MS, 1000 * MS, true }, { 400 * MS, 1000 * MS, false }, { 60 * MS, 100 * MS, false },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
		struct totals *t = totals_new();
		struct fake_task p;
		struct finding *v;
		struct budget b;
		struct item item;
		struct event ev;
		uint64_t all;

		fake_proc(&p, 1, 0, "x");
		ev = waits(&item, EV_READ, &p, "read", FAKE_T0, MS, (uint64_t[6]){ 0 });
		totals_event(t, &ev);
		t->main_proc = p.proc.id;
		t->end_ns = t->tasks.v[0]->end_ns = t->tasks.v[0]->start_ns + of[i].all_ns;
		t->procs.v[0]->end_ns = t->end_ns;
		t->tasks.v[0]->has_usage = true;
		t->tasks.v[0]->delay_ns = of[i].delay_ns;
		assert_int_equal(findings_of(t, &v, &all), of[i].found);
		if (of[i].found)
			assert_int_equal(v[0].rule, FINDING_QUEUE);
		assert_true(budget_of_run(t, t->procs.v[0], &b, NULL, NULL));
		assert_true(b.parts[SPENT_QUEUE].ns >= of[i].delay_ns * 9 / 10);
		assert_null(b.parts[SPENT_QUEUE].named[0].proc);	/* of one process it is clear whose */
		free(v);
		totals_free(t);
	}
}

/* Of a run of two months a call that took half of it. */
static void test_shares_of_long_runs(void **state)
{
	struct totals *t = totals_new();
	struct fake_task p;
	struct table *table;
	struct item item;
	struct event ev;
	int share;

	(void)state;
	fake_proc(&p, 1, 0, "x");
	t->start_ns = FAKE_T0;
	ev = waits(&item, EV_SLEEP, &p, "nanosleep", FAKE_T0, 30 * DAY, (uint64_t[6]){ 0 });
	totals_event(t, &ev);
	ev = fake_event(EV_EXIT, &p, NULL, FAKE_T0 + 60 * DAY);
	totals_event(t, &ev);
	table = table_new(counting_by("call"), t, true, 10);
	assert_int_equal(table->nrows, 1);
	share = counting_column(table->def, "share");
	assert_true(share >= 0 && table->rows[0].cells[share].set);
	assert_int_equal(table->rows[0].cells[share].n, 5000);
	table_free(table);
	totals_free(t);
}

/* What stops took is known to a part of it: below that, and where calls did not stop, a sum would mislead. */
static void test_time_on_a_cpu(void **state)
{
	static const struct { const char *name; uint64_t ns, stops_ns; unsigned without; bool known; } rows[] = {
		{ "read", 100000, 2000, 0, true }, { "write", 3001, 2000, 0, true }, { "lseek", 3000, 2000, 0, false },
		{ "getppid", 1900, 2000, 0, false }, { "getrandom", 100000, 2000, 1, true }, { "sync", 100000, 2000, 9, false },
	};
	enum { CALLS = 20 };
	struct totals *t = totals_new();
	uint64_t at = FAKE_T0;
	struct fake_task p;
	struct table *table;
	int cpu;

	(void)state;
	fake_proc(&p, 1, 0, "x");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned k = 0; k < CALLS; k++) {
			const struct record_cpu r = { .ns = rows[i].ns, .stops_ns = rows[i].stops_ns };
			struct item item = { .kind = RECORD_CALL };
			struct event ev;

			fake_call(&item.call, rows[i].name, at, 5000, 0, (uint64_t[6]){ 0 });
			item.call.cpu = k < rows[i].without ? NULL : &r;
			ev = fake_event(EV_CALL, &p, &item, at);
			ev.call = &item.call;
			totals_event(t, &ev);
			at += 10000;
		}
	table = table_new(counting_by("call"), t, true, 10);
	assert_int_equal(table->nrows, ARRAY_SIZE(rows));
	cpu = counting_column(table->def, "cpu");
	assert_false(table->absent >> cpu & 1);
	for (unsigned i = 0; i < table->nrows; i++) {
		const struct cell *c = &table->rows[i].cells[cpu];

		uint64_t ns = (CALLS - rows[i].without) * (rows[i].ns - rows[i].stops_ns);

		if (c->set != rows[i].known || (c->set && c->n != ns))
			fail_msg("%s: %d, %llu", rows[i].name, c->set, (unsigned long long)c->n);
	}
	table_free(table);
	totals_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_is_of_the_newest), cmocka_unit_test(test_times_at_their_end),
		cmocka_unit_test(test_path_through_pipes), cmocka_unit_test(test_one_of_several_futexes),
		cmocka_unit_test(test_turns), cmocka_unit_test(test_count_is_no_lock), cmocka_unit_test(test_joining_is_no_lock),
		cmocka_unit_test(test_paths_are_no_ids), cmocka_unit_test(test_a_file_is_one_thing),
		cmocka_unit_test(test_findings_of_many_peers), cmocka_unit_test(test_findings_of_faults),
		cmocka_unit_test(test_findings_of_no_cpu),
		cmocka_unit_test(test_shares_of_long_runs), cmocka_unit_test(test_time_on_a_cpu),
	};

	return cmocka_run_group_tests_name("spent", tests, NULL, NULL);
}
