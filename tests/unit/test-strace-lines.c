/* SPDX-License-Identifier: MIT */
/* strace's lines of events made by hand. */
#include "sink_text.h"

enum { CLD = 1 /* CLD_EXITED */, SLOTS = 1024 /* processes with numbers so far apart had one place */ };

static void ended(uint32_t pid, unsigned status)
{
	struct proc p = { .id = pid, .pid = pid, .utime_ns = 20 * MS };
	struct task t = { .id = pid, .tid = pid, .proc = &p };

	at(1, EVENT(EV_EXIT, .task = &t, .status = (int)status << 8));
}

static void signalled(uint32_t pid)
{
	struct item item = { .kind = RECORD_EXIT };

	at(1, EVENT(EV_SIGNAL, .item = &item, .signo = SIGCHLD, .sigcode = CLD, .sender_pid = pid));
}

/* A SIGCHLD has the status of its own child, and none where another process took its place, or it was not traced. */
static void test_status_of_its_own_child(void **state)
{
	const char *s;

	(void)state;
	open_sinks(false);
	text->ops->free(text);
	text = sink_strace_new(out, &opt);
	ended(7, 3);
	signalled(7);
	signalled(7 + SLOTS);
	ended(7 + SLOTS, 4);
	signalled(7 + SLOTS);
	signalled(7);
	signalled(8);
	s = close_sinks(false);
	for (const char *want[] = { "si_pid=7, si_uid=0, si_status=3, si_utime=2 /* 0.02 s */, si_stime=0}",
				    "si_pid=1031, si_uid=0, ...}",
				    "si_pid=1031, si_uid=0, si_status=4, si_utime=2 /* 0.02 s */, si_stime=0}",
				    "si_pid=7, si_uid=0, ...}",
				    "si_pid=8, si_uid=0, ...}", NULL }, **w = want; *w; w++) {
		s = strstr(s, *w);
		assert_non_null(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_status_of_its_own_child) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
