/* SPDX-License-Identifier: MIT */
/* Who killed a process, on events made by hand. */
#include "events.h"

#include <errno.h>
#include <signal.h>

#include "analyze/totals.h"

/* Who sent the signal that a process died of: its kill can be reported before the death or after it. */
static void test_killer(void **state)
{
	(void)state;
	for (unsigned late = 0; late < 2; late++) {
		struct totals *t = totals_new();
		const struct event *sent = EVENT(EV_KILL, .signo = SIGKILL, .target_pid = 101, .target_proc = 2);
		const struct totals_proc *p;

		totals_event(t, EVENT(EV_FORK, .child = &child));
		totals_event(t, EVENT(EV_KILL, .signo = SIGTERM, .target_pid = 101, .target_proc = 2));
		totals_event(t, EVENT(EV_KILL, .signo = SIGKILL, .target_pid = 101, .target_proc = 2, .err = EPERM));
		if (!late)
			totals_event(t, sent);
		totals_event(t, EVENT(EV_EXIT, .task = &child, .ts_ns = 50, .status = SIGKILL));
		p = totals_proc(t, 2);
		assert_int_equal(p->fatal_from, late ? 0 : 100);
		if (late)
			totals_event(t, sent);
		assert_int_equal(p->fatal_from, 100);
		/* whatever is sent to its number later is none of its */
		totals_event(t, EVENT(EV_EXIT, .ts_ns = 60, .status = SIGSEGV));
		assert_int_equal(totals_proc(t, 1)->fatal_from, 0);
		totals_free(t);
	}
}

/* The model knows no process of that number when the kill ends: it was killed by it, if the call had begun before. */
static void test_killer_of_what_ended(void **state)
{
	(void)state;
	for (unsigned began_ns = 40; began_ns <= 60; began_ns += 10) {
		struct call kill = { .spec = syscall_spec(0, 62), .nr = 62, .enter_ns = began_ns, .exit_ns = 70 };
		struct totals *t = totals_new();

		totals_event(t, EVENT(EV_FORK, .child = &child));
		totals_event(t, EVENT(EV_EXIT, .task = &child, .ts_ns = 50, .status = SIGKILL));
		totals_event(t, EVENT(EV_KILL, .call = &kill, .signo = SIGKILL, .target_pid = 102));
		assert_int_equal(totals_proc(t, 2)->fatal_from, 0);
		totals_event(t, EVENT(EV_KILL, .call = &kill, .signo = SIGKILL, .target_pid = 101));
		assert_int_equal(totals_proc(t, 2)->fatal_from, began_ns > 50 ? 0 : 100);
		totals_free(t);
	}
}

/* Neither what was sent before or after, as timeout(1) does, nor what was ignored is what a process died of. */
static void test_killer_among_others(void **state)
{
	struct call itself = { .spec = syscall_spec(0, 62), .nr = 62, .enter_ns = 10, .unfinished = true };
	struct totals *t = totals_new();

	(void)state;
	totals_event(t, EVENT(EV_FORK, .child = &child));
	totals_event(t, EVENT(EV_KILL, .signo = SIGTERM, .target_pid = 101, .target_proc = 2));
	totals_event(t, EVENT(EV_SIGNAL, .task = &child, .signo = SIGTERM, .sender_pid = 100, .flags = SIGNAL_FATAL));
	totals_event(t, EVENT(EV_SIGNAL, .task = &child, .signo = SIGTERM, .sender_pid = 77, .flags = SIGNAL_FATAL));
	totals_event(t, EVENT(EV_SIGNAL, .task = &child, .signo = SIGUSR1, .sender_pid = 78, .flags = SIGNAL_IGNORED));
	totals_event(t, EVENT(EV_KILL, .signo = SIGCONT, .target_pid = 101, .target_proc = 2));
	totals_event(t, EVENT(EV_EXIT, .task = &child, .ts_ns = 50, .status = SIGTERM));
	assert_int_equal(totals_proc(t, 2)->fatal_from, 100);
	/* from a call that no one returns from: only one's own */
	totals_event(t, EVENT(EV_KILL, .call = &itself, .signo = SIGKILL, .target_pid = 100, .target_proc = 1));
	totals_event(t, EVENT(EV_EXIT, .ts_ns = 60, .status = SIGKILL));
	assert_int_equal(totals_proc(t, 1)->fatal_from, 100);
	totals_free(t);
}

/* A SIGKILL for a process group: of those that were in it then, before or after their deaths are recorded. */
static void test_killer_of_a_group(void **state)
{
	struct call itself = { .spec = syscall_spec(0, 62), .nr = 62, .enter_ns = 10, .unfinished = true };
	static const struct { uint32_t group; uint64_t sent_ns; bool command; uint32_t killer; } cases[] = {
		{ 7, 20, true, 100 }, { 8, 20, true, 0 }, { 7, 5, true, 0 /* it was not born */ }, { 0, 20, true, 100 },
		{ 0, 20, false, 0 /* which group is not known */ },
	};

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		struct totals *t = totals_new();
		bool late = i >= ARRAY_SIZE(cases);
		unsigned n = i % ARRAY_SIZE(cases);
		const struct event *sent = EVENT(EV_KILL, .signo = SIGKILL, .target_group = true,
						 .target_pgid = cases[n].group, .ts_ns = cases[n].sent_ns);

		t->start_mode = cases[n].command ? START_COMMAND : START_ATTACH;
		child_proc.pgid = cases[n].group ? 7 : 0;
		child_proc.start_ns = 10;
		totals_event(t, EVENT(EV_FORK, .child = &child));
		if (!late)
			totals_event(t, sent);
		totals_event(t, EVENT(EV_EXIT, .task = &child, .ts_ns = 50, .status = SIGKILL));
		if (late)
			totals_event(t, sent);
		assert_int_equal(totals_proc(t, 2)->fatal_from, cases[n].killer);
		totals_free(t);
	}
	for (unsigned own = 0; own < 2; own++) {
		struct totals *t = totals_new();

		proc.pgid = 5;
		totals_event(t, EVENT(EV_KILL, .call = &itself, .signo = SIGKILL, .target_group = true,
				      .target_pgid = own ? 5 : 6, .ts_ns = 10));
		totals_event(t, EVENT(EV_EXIT, .ts_ns = 60, .status = SIGKILL));
		assert_int_equal(totals_proc(t, 1)->fatal_from, own ? 100 : 0);
		totals_free(t);
	}
	child_proc.pgid = proc.pgid = 0;
	child_proc.start_ns = 0;
}

/* A fault is the kernel's, although another signal of that number had been sent, and was ignored. */
static void test_fault_has_no_killer(void **state)
{
	struct totals *t = totals_new();

	(void)state;
	totals_event(t, EVENT(EV_FORK, .child = &child));
	totals_event(t, EVENT(EV_KILL, .signo = SIGSEGV, .target_pid = 101, .target_proc = 2));
	totals_event(t, EVENT(EV_SIGNAL, .task = &child, .signo = SIGSEGV, .sender_pid = 100, .flags = SIGNAL_IGNORED));
	totals_event(t, EVENT(EV_SIGNAL, .task = &child, .signo = SIGSEGV, .sigcode = 1, .flags = SIGNAL_FATAL));
	totals_event(t, EVENT(EV_EXIT, .task = &child, .ts_ns = 50, .status = SIGSEGV));
	assert_int_equal(totals_proc(t, 2)->fatal_from, 0);
	totals_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killer),
		cmocka_unit_test(test_killer_of_what_ended),
		cmocka_unit_test(test_killer_among_others),
		cmocka_unit_test(test_killer_of_a_group),
		cmocka_unit_test(test_fault_has_no_killer),
	};

	return cmocka_run_group_tests_name("analyze-killer", tests, NULL, NULL);
}
