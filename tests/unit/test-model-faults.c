/* SPDX-License-Identifier: MIT */
/* Page faults: whose they are, and what a thread slept in them. */
#include "proc_scene.h"

static void fault(struct scene *s, uint32_t tid)
{
	begin(s, RECORD_FAULT, sizeof(struct record_fault), tid);
	feed(s);
}

/* The counters of page faults run from the fork on, in which the command is a copy of compendium. */
static void no_faults_before_the_exec(void **state)
{
	struct scene s = { .now = 1000000, .took = 500 };

	(void)state;
	s.w = world_new(scene_event, &s);
	fault(&s, 10);
	start(&s, START_COMMAND);
	fault(&s, 10);
	task(&s, 10, 10);
	fault(&s, 10);
	assert_int_equal(count(&s, EV_FAULT), 0);
	exec(&s, 10, "/usr/bin/prog", NULL);
	fault(&s, 10);
	assert_int_equal(count(&s, EV_FAULT), 1);
	assert_int_equal(got(&s, EV_FAULT, 0)->tid, 10);
	world_free(s.w);
	arena_done(&s.arena);
	free(s.v);
}

/* How long the thread slept in a fault, that is served now, as the event has it: it slept the last ns until then. */
static uint64_t slept(struct scene *s, uint32_t tid, uint64_t ns)
{
	struct record_fault_wait *r = begin(s, RECORD_FAULT_WAIT, sizeof(*r), tid);
	uint64_t since = s->now - ns;

	r->since_ns = since;
	r->wait_ns = ns;
	s->n = 0;
	feed(s);
	assert_int_equal(count(s, EV_FAULT), 1);
	assert_true(!got(s, EV_FAULT, 0)->dur_ns || got(s, EV_FAULT, 0)->ts_ns == since);
	return got(s, EV_FAULT, 0)->dur_ns;
}

static void sleeps_in_faults(void **state)
{
	struct scene *s = *state;

	exec(s, 10, "/usr/bin/prog", NULL);
	CALL(s, 10, "getppid", 1);
	go(s);
	s->now += 1000;
	assert_int_equal(slept(s, 10, 2000 + s->took), 0);	/* it slept in the call */
	assert_int_equal(slept(s, 10, 900), 900);
	assert_int_equal(slept(s, 10, 1100), 0);		/* in the fault before */
	fork_(s, 10, 11, THREAD);
	assert_int_equal(slept(s, 11, 900), 0);			/* before it began */
	assert_int_equal(slept(s, 11, 900), 900);
	begin(s, RECORD_STOP, sizeof(struct record_stop), 11);
	feed(s);
	assert_int_equal(slept(s, 11, 1100), 0);
	assert_int_equal(slept(s, 10, 900), 900);
	assert_int_equal(slept(s, 11, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_faults_before_the_exec), SCENE(sleeps_in_faults),
	};

	return cmocka_run_group_tests_name("model-faults", tests, NULL, NULL);
}
