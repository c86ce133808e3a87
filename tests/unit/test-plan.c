/* SPDX-License-Identifier: MIT */
/* What is copied, and which calls stop at all, as derived from rows. */
#include "unit.h"

#include "capture/plan.h"
#include "filter/callset.h"

#include <sys/mman.h>

static struct capture_plan plan(const char *name, bool all, unsigned max_payload)
{
	struct capture_plan p;
	int nr = syscall_number(name);

	assert_true(nr >= 0);
	plan_compile(ARCH_X86_64, (unsigned)nr, &(struct plan_wish){ .all = all, .max_payload = max_payload }, &p);
	return p;
}

#define ENTER(p, i) ((p).enter[i].op)
#define LEAVE(p, i) ((p).leave[i].op)

/* The cost of a default trace is here: a call more is a stop more for every program. */
static void test_default_set(void **state)
{
	static const char *const with_result[] = {
		"read", "write", "openat", "stat", "newfstatat", "statx", "access", "mmap", "brk", "mremap", "socket", "connect", "accept4", "sendto",
		"recvmsg", "dup3", "fcntl", "pipe2", "execve", "clone", "clone3", "fork", "vfork", "rename", "unlinkat", "mkdir", "chdir", "kill", "fsync",
		"utimensat", "memfd_create", "eventfd2", "sendfile", "getsockopt", "prctl",
		/* what they wait for and how long is the answer to where the time went */
		"poll", "epoll_wait", "select", "futex", "nanosleep", "wait4", "flock",
	};
	static const char *const without_result[] = {
		"close", "close_range", "munmap", "epoll_ctl", "mprotect", "pkey_mprotect",
	};
	static const char *const never[] = {
		"fstat", "lseek", "madvise", "getpid", "clock_gettime", "futex_wake",
		"rt_sigprocmask", "rt_sigaction", "getdents64", "exit", "exit_group", "sched_yield", "getrandom", "setsockopt", "lgetxattr", "rseq", "readlink",
	};
	static const struct { unsigned arch, nr; } protects[] = {
		{ ARCH_X86_64, 10 }, { ARCH_X86_64, 329 }, { ARCH_I386, 125 }, { ARCH_I386, 380 }
	};
	struct capture_plan p;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(with_result); i++)
		if (!plan(with_result[i], false, 0).wanted || !plan(with_result[i], false, 0).exit)
			fail_msg("%s", with_result[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(without_result); i++)
		if (!plan(without_result[i], false, 0).wanted || plan(without_result[i], false, 0).exit)
			fail_msg("%s", without_result[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(never); i++)
		if (plan(never[i], false, 0).wanted || !plan(never[i], true, 0).wanted)
			fail_msg("%s", never[i]);
	/* mprotect, where it lets memory be written to; a loader's RELRO is a stop a library otherwise */
	for (uint64_t prot = 0; prot < 8; prot++) {
		const uint64_t args[6] = { 0, 0, prot | 1ull << 40 };

		for (unsigned i = 0; i < ARRAY_SIZE(protects); i++)
			assert_int_equal(cond_holds(syscall_spec(protects[i].arch, protects[i].nr)->when, args),
					 (prot & PROT_WRITE) != 0);
	}
	plan_compile(ARCH_I386, 125, &(struct plan_wish){ 0 }, &p);
	assert_true(p.wanted && !p.exit && !p.every_form);
	assert_false(plan("exit_group", true, 0).exit);		/* never returns */
	assert_true(plan("close", true, 0).exit);
	/* socketcall: which call it is shows only at the stop */
	plan_compile(ARCH_I386, 102, &(struct plan_wish){ 0 }, &p);
	assert_true(p.wanted && p.exit);
	plan_compile(ARCH_X86_64, 999, &(struct plan_wish){ 0 }, &p);
	assert_false(p.wanted);
}

static void test_default_copies(void **state)
{
	struct capture_plan p;

	(void)state;
	p = plan("openat", false, 0);
	assert_int_equal(ENTER(p, 1), PLAN_STR);
	assert_int_equal(p.enter[1].max, RECORD_STR_MAX);
	p = plan("newfstatat", false, 0);
	assert_int_equal(ENTER(p, 1), PLAN_STR);
	assert_int_equal(LEAVE(p, 2), PLAN_SKIP);	/* no struct stat */
	p = plan("write", false, 0);
	assert_int_equal(ENTER(p, 1), PLAN_SKIP);
	p = plan("readv", false, 0);
	assert_int_equal(LEAVE(p, 1), PLAN_SKIP);
	p = plan("readlink", true, 0);
	assert_int_equal(LEAVE(p, 1), PLAN_LEN_RET);
	p = plan("execve", false, 0);
	assert_int_equal(ENTER(p, 1), PLAN_STRV);
	assert_int_equal(ENTER(p, 2), PLAN_SKIP);
	p = plan("connect", false, 0);
	assert_int_equal(ENTER(p, 1), PLAN_LEN_ARG);
	assert_int_equal(p.enter[1].len, 2);
	assert_int_equal(p.enter[1].size, 1);
	assert_int_equal(p.enter[1].narrow, 1);		/* an int: what lies above is no length */
	assert_int_equal(p.enter[1].max, 128);
	p = plan("recvmsg", false, 0);
	assert_int_equal(LEAVE(p, 1), PLAN_MSGHDR);
	assert_int_equal(p.leave[1].max, 0);
	p = plan("pipe2", false, 0);
	assert_int_equal(LEAVE(p, 0), PLAN_FIXED);
	assert_int_equal(p.leave[0].size, 8);
	p = plan("openat2", false, 0);		/* as many bytes as the caller says, at most what is known */
	assert_int_equal(ENTER(p, 2), PLAN_LEN_ARG);
	assert_int_equal(p.enter[2].len, 3);
	assert_int_equal(p.enter[2].max, 24);
	p = plan("clone3", false, 0);
	assert_int_equal(ENTER(p, 0), PLAN_LEN_ARG);
	assert_int_equal(p.enter[0].len, 1);
	assert_int_equal(p.enter[0].max, 88);
	p = plan("prctl", false, 0);		/* a string when it is PR_SET_NAME's */
	assert_int_equal(ENTER(p, 1), PLAN_STR_IF);
	assert_int_equal(p.enter[1].len, 0);
	assert_int_equal(p.enter[1].max, 15);
	assert_int_equal(ENTER(p, 2), PLAN_SKIP);
	assert_true(plan("openat", false, 0).opens);
	assert_int_equal(plan("write", false, 0).names, 2);
	assert_int_equal(plan("pwrite64", false, 0).names, 2);
	assert_int_equal(plan("write", true, 64).names, 0);	/* its bytes are copied anyway */
	assert_int_equal(plan("read", false, 0).names, 0);
	p = plan("getsockopt", false, 0);
	assert_int_equal(LEAVE(p, 3), PLAN_LEN_AT);
	assert_int_equal(p.leave[3].len, 4);
	p = plan("accept4", false, 0);		/* the room, the address, how long it is */
	assert_int_equal(ENTER(p, 2), PLAN_FIXED);
	assert_int_equal(LEAVE(p, 1), PLAN_LEN_AT);
	assert_int_equal(LEAVE(p, 2), PLAN_FIXED);
	p = plan("recvmsg", false, 0);
	assert_int_equal(ENTER(p, 1), PLAN_ROOM);
	p = plan("recvmmsg", false, 0);
	assert_int_equal(ENTER(p, 1), PLAN_ROOMS);
	assert_int_equal(p.enter[1].len, 2);
}

/*
 * What is asked about descriptors: a question is a system call or more of ours, so only where the text does not tell.
 */
static void test_questions(void **state)
{
	static const struct { const char *call; enum fd_ask ask; unsigned arg; } rows[] = {
		{ "openat", ASK_KIND, 0 }, { "openat2", ASK_KIND, 0 }, { "creat", ASK_KIND, 0 }, { "socket", ASK_NUMBER, 0 }, { "accept4", ASK_RETURNED, 0 },
		{ "pidfd_getfd", ASK_RETURNED, 0 }, { "open_by_handle_at", ASK_RETURNED, 0 }, { "ioctl", ASK_RETURNED, 0 }, { "bpf", ASK_RETURNED, 0 },
		{ "landlock_create_ruleset", ASK_RETURNED, 0 }, { "bind", ASK_ARGUMENT, 0 }, { "connect", ASK_ARGUMENT, 0 }, { "listen", ASK_ARGUMENT, 0 }, { "pipe2", ASK_PAIR, 0 },
		{ "socketpair", ASK_PAIR, 3 }, { "recvmsg", ASK_CONTROL, 1 }, { "recvmmsg", ASK_CONTROL, 1 }, { "getsockopt", ASK_WRITTEN, 3 },
		{ "read", ASK_EVENTS, 1 }, { "readv", ASK_NOTHING, 0 }, { "recvfrom", ASK_NOTHING, 0 }, { "write", ASK_NOTHING, 0 }, { "close", ASK_NOTHING, 0 },
		{ "eventfd2", ASK_NOTHING, 0 }, { "dup", ASK_NOTHING, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct capture_plan p = plan(rows[i].call, false, 0);

		if (p.ask != rows[i].ask || p.ask_arg != rows[i].arg)
			fail_msg("%s asks %u of %u", rows[i].call, p.ask, p.ask_arg);
	}
	assert_true(plan("openat", false, 0).returns_fd);
	assert_false(plan("read", false, 0).returns_fd);
}

static void test_all_copies(void **state)
{
	struct capture_plan p;

	(void)state;
	p = plan("write", true, 64);
	assert_int_equal(ENTER(p, 1), PLAN_LEN_ARG);
	assert_int_equal(p.enter[1].len, 2);
	assert_int_equal(p.enter[1].max, 64);
	assert_int_equal(p.enter[1].narrow, 0);		/* a size_t */
	p = plan("read", true, 64);
	assert_int_equal(LEAVE(p, 1), PLAN_LEN_RET);
	assert_int_equal(p.leave[1].max, 64);
	p = plan("writev", true, 64);
	assert_int_equal(ENTER(p, 1), PLAN_IOVEC);
	assert_int_equal(p.enter[1].len, 2);
	p = plan("poll", true, 0);
	assert_int_equal(ENTER(p, 0), PLAN_LEN_ARG);
	assert_int_equal(LEAVE(p, 0), PLAN_LEN_ARG);
	assert_int_equal(p.leave[0].size, 8);
	assert_int_equal(p.leave[0].len, 1);
	p = plan("epoll_wait", true, 0);
	assert_int_equal(ENTER(p, 1), PLAN_SKIP);
	assert_int_equal(LEAVE(p, 1), PLAN_LEN_RET);
	assert_int_equal(p.leave[1].size, 12);
	p = plan("select", true, 0);
	assert_int_equal(ENTER(p, 1), PLAN_BITS);
	assert_int_equal(LEAVE(p, 3), PLAN_BITS);
	assert_int_equal(p.enter[1].len, 0);
	p = plan("readv", true, 64);		/* where to before the call, what after it */
	assert_int_equal(ENTER(p, 1), PLAN_IOV);
	assert_int_equal(LEAVE(p, 1), PLAN_IOVEC);
	p = plan("process_vm_writev", true, 64);
	assert_int_equal(ENTER(p, 3), PLAN_IOV);
	assert_int_equal(LEAVE(p, 3), PLAN_SKIP);
	p = plan("sendmmsg", true, 0);
	assert_int_equal(ENTER(p, 1), PLAN_SKIP);
	assert_int_equal(LEAVE(p, 1), PLAN_MMSGHDR);
	p = plan("fstat", true, 0);
	assert_int_equal(LEAVE(p, 1), PLAN_FIXED);
	assert_int_equal(p.leave[1].size, 144);
	p = plan("execve", true, 0);
	assert_int_equal(ENTER(p, 2), PLAN_STRV);
}

/* Text shows how a command line begins; who chose the call sees all of it. */
static void test_strings_begin(void **state)
{
	unsigned nr = (unsigned)syscall_number("execve");
	struct plan_wish wish = { .names = NAMES_TASKS, .strings_begin = true };
	struct callset *network, *execs;
	struct callset_error e;
	struct capture_plan p;

	(void)state;
	assert_int_equal(plan("execve", false, 0).enter[1].max, PLAN_STRV_MAX);
	plan_compile(ARCH_X86_64, nr, &(struct plan_wish){ .strings_begin = true }, &p);
	assert_int_equal(p.enter[1].max, PLAN_STRV_BEGIN);
	assert_int_equal(ENTER(p, 0), PLAN_STR);
	assert_int_equal(p.enter[0].max, RECORD_STR_MAX);
	assert_int_equal(callset_parse("%network", &network, &e), 0);
	wish.chosen = network;
	plan_compile(ARCH_X86_64, nr, &wish, &p);
	assert_int_equal(p.enter[1].max, PLAN_STRV_BEGIN);
	assert_true(p.only_done);	/* an exec that fails has no name to give, and no line */
	assert_int_equal(callset_parse("execve", &execs, &e), 0);
	wish.chosen = execs;
	plan_compile(ARCH_X86_64, nr, &wish, &p);
	assert_int_equal(p.enter[1].max, PLAN_STRV_MAX);
	assert_false(p.only_done);
	plan_compile(ARCH_X86_64, nr, &(struct plan_wish){ .all = true, .strings_begin = true }, &p);
	assert_int_equal(p.enter[1].max, PLAN_STRV_MAX);
	callset_free(network);
	callset_free(execs);
}

/* Nothing is copied after a call whose end is not awaited, nor for one that is not traced. */
static void test_invariants(void **state)
{
	static const struct {
		bool all;
		unsigned max;
	} modes[] = { { false, 0 }, { false, 32 }, { true, 0 }, { true, 4096 } };

	(void)state;
	for (unsigned m = 0; m < ARRAY_SIZE(modes); m++)
		for (unsigned arch = ARCH_X86_64; arch <= ARCH_X32; arch++)
			for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
				struct capture_plan p;

				plan_compile(arch, nr,
					     &(struct plan_wish){ .all = modes[m].all, .max_payload = modes[m].max },
					     &p);
				for (unsigned i = 0; i < 6; i++) {
					assert_true(p.wanted || !p.enter[i].op);
					assert_true(p.exit || !p.leave[i].op);
					assert_true(p.enter[i].len < 6 && p.leave[i].len < 6);
					if (p.enter[i].op == PLAN_FIXED || p.enter[i].op == PLAN_LEN_ARG)
						assert_true(p.enter[i].size && p.enter[i].max);
					if (p.leave[i].op == PLAN_FIXED || p.leave[i].op == PLAN_LEN_ARG ||
					    p.leave[i].op == PLAN_LEN_RET)
						assert_true(p.leave[i].size && p.leave[i].max);
				}
			}
}

/* What is not chosen stops only when names need it, as little as ever; what is chosen is as with every call. */
static void test_chosen(void **state)
{
	static const char *const silent[] = {
		"read", "write", "sendto", "recvfrom", "stat", "mmap", "mprotect", "munmap", "brk", "unlink", "kill", "futex", "getpid", "mount",
	};
	static const char *const for_names[] = {
		"openat", "close", "dup2", "socket", "accept4", "connect", "recvmsg", "recvmmsg", "chdir", "rename", "execve",
		"clone", "fcntl", "prctl",
	};
	struct callset_error e;
	struct callset *set;
	struct capture_plan p;

	(void)state;
	assert_int_equal(callset_parse("poll,getsockopt,900", &set, &e), 0);
	const struct plan_wish wish = { .max_payload = 32, .chosen = set, .names = plan_names(set, NULL) };

	for (unsigned i = 0; i < ARRAY_SIZE(silent); i++) {
		plan_compile(ARCH_X86_64, (unsigned)syscall_number(silent[i]), &wish, &p);
		if (p.wanted)
			fail_msg("%s stops", silent[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(for_names); i++) {
		plan_compile(ARCH_X86_64, (unsigned)syscall_number(for_names[i]), &wish, &p);
		if (!p.wanted || p.every_form)
			fail_msg("%s does not stop, or in every form", for_names[i]);
	}
	plan_compile(ARCH_X86_64, (unsigned)syscall_number("poll"), &wish, &p);
	assert_true(p.wanted && p.exit && p.every_form && ENTER(p, 0));
	plan_compile(ARCH_X86_64, 900, &wish, &p);
	assert_true(p.wanted && p.exit);
	plan_compile(ARCH_X86_64, 901, &wish, &p);
	assert_false(p.wanted);
	assert_true(plan_rights(NULL, NULL) && !plan_rights(set, NULL) && !plan_rights(set, set));
	callset_free(set);
	assert_int_equal(callset_parse("%memory", &set, &e), 0);
	assert_true(plan_rights(set, set));
	callset_free(set);
}

/* What has a name only with calls that take files is not captured where none of these is chosen. */
static void test_names(void **state)
{
	static const struct { const char *chosen; unsigned names; } cases[] = {
		{ "getpid,futex,nanosleep,sched_yield", NAMES_TASKS }, { "none", NAMES_TASKS },
		{ "connect", NAMES_TASKS | NAMES_SOCKETS | NAMES_COPIES },
		{ "accept4,sendto,recvmsg,setsockopt", NAMES_TASKS | NAMES_SOCKETS | NAMES_COPIES },
		{ "read", NAMES_ALL }, { "mmap", NAMES_ALL }, { "poll", NAMES_ALL }, { "openat", NAMES_ALL }, { "%file", NAMES_ALL },
		{ "sendfile", NAMES_ALL }, { "execve", NAMES_ALL }, { "epoll_ctl", NAMES_ALL },
	};
	static const struct { const char *call; bool stops, without_copies; } of_connect[] = {
		{ "openat", false }, { "close", false }, { "chdir", false }, { "pipe2", false }, { "read", false }, { "mmap", false },
		{ "socket", true, true }, { "dup2", true, false }, { "fcntl", true, false }, { "recvmsg", true, false },
		{ "pidfd_getfd", true, false }, { "accept4", true, true }, { "execve", true, true }, { "clone", true, true }, { "connect", true, true },
	};
	struct callset_error e;
	struct callset *set;
	struct capture_plan p;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(callset_parse(cases[i].chosen, &set, &e), 0);
		if (plan_names(set, NULL) != cases[i].names)
			fail_msg("%s needs %x", cases[i].chosen, plan_names(set, NULL));
		callset_free(set);
	}
	assert_int_equal(callset_parse("connect", &set, &e), 0);
	const struct plan_wish wish = { .chosen = set, .names = plan_names(set, NULL) },
			       looks = { .chosen = set, .names = plan_names(set, NULL) & ~(unsigned)NAMES_COPIES };

	for (unsigned i = 0; i < ARRAY_SIZE(of_connect); i++) {
		plan_compile(ARCH_X86_64, (unsigned)syscall_number(of_connect[i].call), &wish, &p);
		if (p.wanted != of_connect[i].stops)
			fail_msg("%s: %d", of_connect[i].call, p.wanted);
		assert_int_equal(p.looks, 0);
		plan_compile(ARCH_X86_64, (unsigned)syscall_number(of_connect[i].call), &looks, &p);
		if (p.wanted != of_connect[i].without_copies || p.looks != !strcmp(of_connect[i].call, "connect"))
			fail_msg("%s, without copies: %d, looks at %d", of_connect[i].call, p.wanted, p.looks);
	}
	callset_free(set);
}

/* Which calls tell what is a copy of the standard error, and what they say. */
static void test_stderr(void **state)
{
	static const struct { const char *call; enum stderr_does does; } of[] = {
		{ "dup", STDERR_COPIES }, { "dup2", STDERR_COPIES }, { "dup3", STDERR_COPIES }, { "fcntl", STDERR_MAY_COPY },
		{ "close", STDERR_CLOSES }, { "close_range", STDERR_CLOSES_ALL }, { "openat", STDERR_REPLACES },
		{ "socket", STDERR_REPLACES }, { "accept4", STDERR_REPLACES }, { "write", STDERR_KEEPS }, { "read", STDERR_KEEPS },
	};
	static const struct { uint64_t set; enum stderr_does does; uint64_t a, b, c; int64_t ret; uint64_t after; } cases[] = {
		{ 0, STDERR_COPIES, 2, 1, 0, 1, 1 << 1 }, { 0, STDERR_COPIES, 1, 2, 0, 2, 0 }, { 0, STDERR_COPIES, 2, 1, 0, -9, 0 },
		{ 2, STDERR_COPIES, 10, 1, 0, 1, 0 }, { 2, STDERR_COPIES, 1, 5, 0, 5, 2 | 1 << 5 }, { 2, STDERR_COPIES, 2, 64, 0, 64, 2 },
		{ 2, STDERR_COPIES, 1ull << 32 | 1, 5, 0, 5, 2 | 1 << 5 },
		{ 0, STDERR_MAY_COPY, 2, 0, 10, 10, 1 << 10 }, { 0, STDERR_MAY_COPY, 2, 1030, 10, 11, 1 << 11 },
		{ 2, STDERR_MAY_COPY, 1, 2 /* F_SETFD */, 1, 0, 2 }, { 1, STDERR_MAY_COPY, 1, 2, 1, 0, 1 },
		{ 2 | 8, STDERR_REPLACES, 0, 0, 0, 3, 2 }, { 2 | 8, STDERR_REPLACES, 0, 0, 0, -2, 2 | 8 },
		{ 2 | 8, STDERR_CLOSES, 3, 0, 0, 0, 2 }, { 2 | 8, STDERR_CLOSES, 2, 0, 0, 0, 2 | 8 }, { 2, STDERR_CLOSES, 65, 0, 0, 0, 2 },
		{ 0xfa, STDERR_CLOSES_ALL, 3, 5, 0, 0, 0xc2 }, { 0xfa, STDERR_CLOSES_ALL, 3, ~0ull, 0, 0, 2 },
		{ 0xfa, STDERR_CLOSES_ALL, 3, ~0ull, 4, 0, 0xfa }, { 0xfa, STDERR_CLOSES_ALL, 3, 5, 0, -22, 0xfa },
		{ 1ull << 63, STDERR_CLOSES_ALL, 63, 63, 0, 0, 0 }, { 1ull << 63, STDERR_CLOSES_ALL, 64, 70, 0, 0, 1ull << 63 },
		{ 1ull << 63 | 1, STDERR_CLOSES_ALL, 0, 62, 0, 0, 1ull << 63 }, { 2, STDERR_KEEPS, 2, 1, 0, 1, 2 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++)
		if (plan(of[i].call, false, 0).stderr_does != of[i].does)
			fail_msg("%s: %u", of[i].call, plan(of[i].call, false, 0).stderr_does);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t after = stderr_after(cases[i].set, cases[i].does, cases[i].a, cases[i].b, cases[i].c,
					      cases[i].ret);

		if (after != cases[i].after)
			fail_msg("case %u: %llx", i, (unsigned long long)after);
	}
	assert_true(stderr_is(0, 2) && stderr_is(2, 1) && stderr_is(2, 2) && stderr_is(1ull << 63, 63));
	assert_false(stderr_is(2, 3) || stderr_is(~0ull, 64) || stderr_is(~0ull, ~0ull));
	assert_true(plan_keeps_words(&(struct capture_plan){ .words = 2 }, 2, 1, 5));
	assert_false(plan_keeps_words(&(struct capture_plan){ .words = 2 }, 0, 1, 5));
	assert_false(plan_keeps_words(&(struct capture_plan){ .words = 2 }, 2, 1, 0));
	assert_false(plan_keeps_words(&(struct capture_plan){ 0 }, 2, 1, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_set), cmocka_unit_test(test_default_copies), cmocka_unit_test(test_questions), cmocka_unit_test(test_all_copies), cmocka_unit_test(test_strings_begin), cmocka_unit_test(test_invariants),
		cmocka_unit_test(test_chosen), cmocka_unit_test(test_names), cmocka_unit_test(test_stderr),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
