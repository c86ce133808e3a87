/* SPDX-License-Identifier: MIT */
/* Signals, and numbers of pid namespaces. */
#include "proc_scene.h"

static void signals_and_kills(void **state)
{
	struct scene *s = *state;
	struct record_signal *r;
	const struct seen *e;

	fork_(s, 10, 11, 0);
	fork_(s, 11, 12, THREAD);
	CALL(s, 10, "kill", 0, 11, SIGTERM);
	e = go(s);
	assert_int_equal(e->kind, EV_KILL);
	assert_int_equal(e->signo, SIGTERM);
	assert_int_equal(e->target_proc, proc_of(s, 11)->id);
	CALL(s, 10, "tgkill", 0, 11, 12, SIGUSR1);
	e = go(s);
	assert_int_equal(e->target_pid, 12);
	assert_int_equal(e->target_proc, proc_of(s, 11)->id);
	CALL(s, 10, "pidfd_open", 3, 11);
	go(s);
	CALL(s, 10, "pidfd_send_signal", 0, 3, SIGINT);
	e = go(s);
	assert_int_equal(e->signo, SIGINT);
	assert_int_equal(e->target_pid, 11);
	for (int self = -10000; self >= -10001; self--) {	/* PIDFD_SELF_THREAD, PIDFD_SELF_THREAD_GROUP */
		CALL(s, 12, "pidfd_send_signal", 0, (uint32_t)self, SIGINT);
		e = go(s);
		assert_int_equal(e->target_pid, 11);
		assert_int_equal(e->target_proc, proc_of(s, 11)->id);
	}
	CALL(s, 10, "kill", 0, ~0ull, SIGTERM);		/* all that it may signal */
	e = go(s);
	assert_int_equal(e->target_pid, 0);
	assert_false(e->target_group);
	r = begin(s, RECORD_SIGNAL, sizeof(*r), 11);
	r->h.flags = SIGNAL_FATAL;
	r->signo = SIGTERM;
	r->sender_pid = 10;
	feed(s);
	e = got(s, EV_SIGNAL, 0);
	assert_int_equal(e->signo, SIGTERM);
	assert_int_equal(e->flags, SIGNAL_FATAL);
}

static void numbers_of_a_pid_namespace(void **state)
{
	struct scene *s = *state;
	static const uint32_t tids[] = { 20, 21, 22 };
	const struct seen *e;

	for (unsigned i = 0; i < 3; i++) {
		struct record_fork *r = begin(s, RECORD_FORK, sizeof(*r), tids[i]);

		r->parent_pid = r->parent_tid = i ? 20 : 10;
		r->ns_tid = i + 1;
		feed(s);
	}
	CALL(s, 20, "kill", 0, 2, SIGTERM);
	e = go(s);
	assert_int_equal(e->target_pid, 21);
	assert_int_equal(e->target_proc, proc_of(s, 21)->id);
	exit_(s, 22, 0);
	CALL(s, 20, "wait4", 3, ~0ull);
	e = go(s);
	assert_int_equal(e->target_pid, 22);
	assert_int_not_equal(e->target_proc, 0);
	CALL(s, 10, "kill", 0, 20, 0);
	assert_int_equal(go(s)->target_proc, proc_of(s, 20)->id);
}

static const struct seen *signal_(struct scene *s, uint32_t tid, uint32_t sender, int code)
{
	struct record_signal *r = begin(s, RECORD_SIGNAL, sizeof(*r), tid);

	r->signo = SIGUSR1;
	r->code = code;
	r->sender_pid = sender;
	feed(s);
	return got(s, EV_SIGNAL, 0);
}

static void fork_inside(struct scene *s, uint32_t parent, uint32_t tid, uint32_t ns_tid)
{
	struct record_fork *r = begin(s, RECORD_FORK, sizeof(*r), tid);

	r->parent_pid = r->parent_tid = parent;
	r->ns_tid = ns_tid;
	feed(s);
}

/* Two namespaces with the same numbers in them, and a process that has come into the first by setns. */
static void senders_in_a_pid_namespace(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	fork_(s, 10, 11, 0);
	for (uint32_t ns = 0; ns < 2; ns++) {
		fork_inside(s, 10, 20 + 10 * ns, 1);
		fork_inside(s, 20 + 10 * ns, 21 + 10 * ns, 2);
	}
	assert_int_equal(signal_(s, 20, 2, SI_USER)->sender_pid, 21);
	assert_int_equal(signal_(s, 31, 1, SI_USER)->sender_pid, 30);
	assert_int_equal(signal_(s, 10, 2, SI_USER)->sender_pid, 2);	/* of the tracer's namespace */
	assert_false(signal_(s, 10, 0, SI_USER)->sender_outside);
	exit_(s, 21, 0);
	CALL(s, 20, "wait4", 2, ~0ull);
	go(s);
	assert_int_equal(signal_(s, 20, 2, SI_USER)->sender_pid, 21);	/* ended and reaped */
	CALL(s, 20, "kill", 0, 2, SIGTERM);	/* its record comes when the call is over */
	assert_int_equal(go(s)->target_pid, 21);
	e = signal_(s, 20, 5, SI_USER);
	assert_int_equal(e->sender_pid, 0);
	assert_int_equal(e->sender_ns_pid, 5);
	e = signal_(s, 20, 0, SI_USER);
	assert_true(e->sender_outside);
	assert_int_equal(e->sender_pid | e->sender_ns_pid, 0);
	assert_false(signal_(s, 20, 0, SI_TIMER)->sender_outside);

	open_(s, 11, "/proc/20/ns/pid", O_RDONLY, 3);
	CALL(s, 11, "setns", 0, 3, 0);
	go(s);
	fork_inside(s, 11, 22, 3);
	CALL(s, 22, "kill", 0, 1, SIGTERM);
	assert_int_equal(go(s)->target_pid, 20);
	assert_int_equal(signal_(s, 20, 3, SI_USER)->sender_pid, 22);
	fork_(s, 10, 12, 0);
	CALL(s, 12, "pidfd_open", 3, 30);
	go(s);
	CALL(s, 12, "setns", 0, 3, CLONE_NEWPID);
	go(s);
	fork_inside(s, 12, 40, 3);
	assert_int_equal(signal_(s, 30, 3, SI_USER)->sender_pid, 40);
}

/* A pid namespace in one: its first process has a number in the outer one, which its parent's call returns. */
static void numbers_of_a_namespace_in_one(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	fork_inside(s, 10, 20, 1);
	fork_inside(s, 20, 21, 2);
	CALL(s, 20, "fork", 2);
	assert_int_equal(go(s)->target_pid, 21);
	fork_inside(s, 21, 30, 1);
	fork_inside(s, 30, 31, 2);
	CALL(s, 21, "fork", 3);		/* of the inner one's first */
	e = go(s);
	assert_int_equal(e->target_pid, 30);
	CALL(s, 20, "kill", 0, 3, SIGKILL);
	e = go(s);
	assert_int_equal(e->target_pid, 30);
	assert_int_equal(e->target_proc, proc_of(s, 30)->id);
	CALL(s, 30, "kill", 0, 3, SIGTERM);	/* it has none with that number */
	assert_int_equal(go(s)->target_proc, 0);
	assert_int_equal(signal_(s, 31, 1, SI_USER)->sender_pid, 30);
	assert_int_equal(signal_(s, 21, 3, SI_USER)->sender_pid, 30);
	exit_(s, 31, 0);
	exit_(s, 30, 0);
	assert_int_equal(signal_(s, 21, 3, SI_USER)->sender_pid, 30);
	CALL(s, 21, "wait4", 3, ~0ull);
	e = go(s);
	assert_int_equal(e->target_pid, 30);
	assert_int_not_equal(e->target_proc, 0);
	fork_inside(s, 21, 32, 1);
	exit_(s, 32, 0);
	CALL(s, 21, "fork", 4);		/* it ended before the call returned */
	go(s);
	assert_int_equal(signal_(s, 21, 4, SI_USER)->sender_pid, 32);
}

static void groups(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	fork_(s, 10, 11, 0);
	CALL(s, 11, "setpgid", 0, 0, 0);
	go(s);
	CALL(s, 10, "kill", 0, -11ull, SIGKILL);
	e = go(s);
	assert_true(e->target_group);
	assert_int_equal(e->target_pgid, 11);
	assert_int_equal(e->target_pid | e->target_proc, 0);
	CALL(s, 10, "kill", 0, 11, SIGKILL);
	assert_false(go(s)->target_group);
	CALL(s, 11, "kill", 0, 0, SIGKILL);	/* its own */
	e = go(s);
	assert_true(e->target_group);
	assert_int_equal(e->target_pgid, 11);
	CALL(s, 10, "kill", 0, 0, SIGKILL);	/* that of the first process */
	e = go(s);
	assert_true(e->target_group);
	assert_int_equal(e->target_pgid, 0);
	fork_inside(s, 10, 20, 1);
	fork_inside(s, 20, 21, 2);
	CALL(s, 21, "setsid", 2);
	go(s);
	CALL(s, 20, "kill", 0, -2ull, SIGKILL);
	e = go(s);
	assert_true(e->target_group);
	assert_int_equal(e->target_pgid, 21);
	CALL(s, 20, "kill", 0, -9ull, SIGKILL);		/* no process that is known has that number there */
	assert_false(go(s)->target_group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(signals_and_kills), SCENE(numbers_of_a_pid_namespace), SCENE(senders_in_a_pid_namespace),
		SCENE(numbers_of_a_namespace_in_one), SCENE(groups),
	};

	return cmocka_run_group_tests_name("model-signal", tests, NULL, NULL);
}
