/* SPDX-License-Identifier: MIT */
/* Where the time went of a thread that others wake. */
#include "unit.h"

#include <linux/futex.h>

#include "analyze/counting.h"
#include "analyze/spent.h"
#include "analyze/totals.h"
#include "fake.h"

#define MS 1000000ull

enum { MAIN = 0, WORKERS = 3 };

/* The call, by that thread. */
static void calls(struct totals *t, const struct fake_task *f, enum event_kind kind, const char *call, uint64_t from,
		  uint64_t to, int64_t ret, const uint64_t args[6])
{
	struct item item = { .kind = RECORD_CALL };
	struct event ev;

	fake_call(&item.call, call, from, to - from, ret, args);
	ev = fake_event(kind, f, &item, from);
	totals_event(t, &ev);
}

static void ends(struct totals *t, struct fake_task *f, uint64_t ns)
{
	struct event ev = fake_event(EV_THREAD_EXIT, f, NULL, ns);

	f->task.end_ns = ns;
	f->task.has_usage = true;
	totals_event(t, &ev);
}

/*
 * Threads of a pool ran when the main one was woken: its wait goes to the one whose call woke it, whether that is seen
 * before the end of the wait or behind it.
 */
static void test_by_one_of_a_pool(void **state)
{
	const uint64_t wait[6] = { 0x1000, FUTEX_WAIT_PRIVATE, 2 }, wake[6] = { 0x1000, FUTEX_WAKE_PRIVATE, 1 },
		       none[6] = { 0 }, end = FAKE_T0 + 100 * MS;

	(void)state;
	for (unsigned late = 0; late < 2; late++) {
		struct totals *t = totals_new();
		struct fake_task tasks[1 + WORKERS];
		struct budget b;

		for (uint32_t i = 0; i <= WORKERS; i++) {
			fake_proc(&tasks[i], 1 + i, 0, "x");
			if (i)
				tasks[i].task.proc = &tasks[MAIN].proc;
			tasks[i].task.start_ns = tasks[i].proc.start_ns = FAKE_T0;
		}
		t->start_ns = FAKE_T0;
		for (uint32_t i = 1; i <= WORKERS; i++)
			calls(t, &tasks[i], EV_SLEEP, "nanosleep", FAKE_T0, FAKE_T0 + (90 + i) * MS, 0, none);
		if (!late)
			calls(t, &tasks[2], EV_FUTEX, "futex", end - 500, end + 500, 1, wake);
		calls(t, &tasks[MAIN], EV_FUTEX, "futex", FAKE_T0 + MS, end, 0, wait);
		if (late)
			calls(t, &tasks[2], EV_FUTEX, "futex", end - 500, end + 500, 1, wake);
		t->end_ns = FAKE_T0 + 110 * MS;
		for (uint32_t i = 1; i <= WORKERS; i++)
			ends(t, &tasks[i], t->end_ns);
		assert_true(budget_of_proc(t, t->procs.v[0], BUDGET_THREADS, &b));
		assert_true(b.parts[SPENT_WAKE].ns == 0 && b.parts[SPENT_LOCK].ns == 0);
		assert_true(b.parts[SPENT_SLEEP].ns == 91 * MS);	/* of the third thread, from 1 to 92 ms */
		totals_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_by_one_of_a_pool) };

	return cmocka_run_group_tests_name("woken", tests, NULL, NULL);
}
