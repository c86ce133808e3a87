/* SPDX-License-Identifier: MIT */
/* Which tasks live, in whatever order their ends are read. */
#include "unit.h"

#include "capture/bpf/live.h"

static void ends_in_any_order(void **state)
{
	struct live l = { 0 };
	struct live_process *p;

	(void)state;
	for (uint32_t tid = 10; tid < 13; tid++)
		live_begin(&l, 10, tid);
	live_begin(&l, 10, 11);		/* reported twice */
	p = live_end(&l, 10, 12);
	assert_int_equal(p->nthreads, 2);
	assert_false(live_has(&l, 12));
	p = live_end(&l, 10, 10);	/* the leader before a thread */
	assert_int_equal(p->nthreads, 1);
	assert_true(live_has_process(&l, 10));
	p = live_end(&l, 10, 11);
	assert_int_equal(p->nthreads, 0);
	live_forget(&l, p);
	assert_false(live_has_process(&l, 10));
	live_done(&l);
}

static void exec_by_another_thread_takes_the_number(void **state)
{
	struct live l = { 0 };
	struct live_process *p;

	(void)state;
	live_begin(&l, 10, 10);
	live_begin(&l, 10, 11);
	p = live_end(&l, 10, 10);
	p->leader_ended = true;
	live_exec(&l, 10, 11);
	assert_true(live_has(&l, 10));
	assert_false(live_has(&l, 11));
	p = live_end(&l, 10, 10);
	assert_int_equal(p->nthreads, 0);
	assert_false(p->leader_ended);
	live_done(&l);
}

static void a_number_used_again_belongs_to_the_new_one(void **state)
{
	struct live l = { 0 };

	(void)state;
	live_begin(&l, 10, 10);
	live_begin(&l, 10, 20);		/* its end is lost */
	live_begin(&l, 20, 20);
	assert_int_equal(live_end(&l, 10, 10)->nthreads, 0);
	assert_int_equal(live_end(&l, 20, 20)->nthreads, 0);
	assert_int_equal(live_end(&l, 30, 30)->nthreads, 0);	/* one whose beginning was lost */
	live_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_in_any_order),
		cmocka_unit_test(exec_by_another_thread_takes_the_number),
		cmocka_unit_test(a_number_used_again_belongs_to_the_new_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
