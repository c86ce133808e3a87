/* SPDX-License-Identifier: MIT */
/* Which calls stubs may make: those of whose plans nothing is left to do. */
#include "unit.h"

#include "abi/spec.h"
#include "capture/inprocess/ring.h"
#include "capture/inprocess/which.h"
#include "capture/plan.h"
#include "record/record.h"

static const struct plan_wish by_default = { .names = NAMES_ALL }, all = { .all = true, .names = NAMES_ALL },
			      payload = { .all = true, .max_payload = 64, .names = NAMES_ALL },
			      long_ones = { .all = true, .max_payload = 1000, .names = NAMES_ALL };

static enum which of(const char *name, const struct plan_wish *wish)
{
	unsigned nr = (unsigned)syscall_number(name);
	struct capture_plan plan;

	plan_compile(ARCH_X86_64, nr, wish, &plan);
	return which_call(nr, &plan, false);
}

static void numbers_only(void **state)
{
	static const char *const io[] = { "read", "write", "pread64", "pwrite64" };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(io); i++) {
		assert_int_equal(of(io[i], &by_default), WHICH_STUB);
		assert_int_equal(of(io[i], &all), WHICH_STUB);
		assert_int_equal(of(io[i], &payload), WHICH_STUB);
		assert_int_equal(of(io[i], &long_ones), i % 2 ? WHICH_COPIED : WHICH_STUB);
	}
	assert_int_equal(of("lseek", &by_default), WHICH_UNWANTED);
	assert_int_equal(of("lseek", &payload), WHICH_STUB);
	assert_int_equal(of("getpid", &all), WHICH_STUB);
}

static void reasons(void **state)
{
	static const struct { const char *name; enum which which; } rows[] = {
		{ "openat2", WHICH_STUB }, { "fcntl", WHICH_STUB }, { "socket", WHICH_NAMES }, { "ioctl", WHICH_NAMES }, { "getsockopt", WHICH_COPIED }, { "fchdir", WHICH_COPIED }, { "chdir", WHICH_COPIED }, { "readlink", WHICH_STUB }, { "getcwd", WHICH_STUB }, { "times", WHICH_COPIED }, { "close_range", WHICH_NAMES }, { "mremap", WHICH_MEMORY }, { "shmat", WHICH_MEMORY },
		{ "mlockall", WHICH_MEMORY }, { "pkey_mprotect", WHICH_MEMORY }, { "mmap", WHICH_STUB }, { "madvise", WHICH_STUB }, { "kill", WHICH_TASKS }, { "setuid", WHICH_TASKS }, { "exit_group", WHICH_TASKS }, { "flock", WHICH_TIMED },
		{ "pause", WHICH_TIMED }, { "epoll_wait", WHICH_COPIED }, { "epoll_ctl", WHICH_STUB }, { "preadv2", WHICH_STUB }, { "futex", WHICH_TIMED },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(of(rows[i].name, &all), rows[i].which);
}

static void paths(void **state)
{
	static const struct { const char *name; int path, second; } rows[] = {
		{ "access", 0 }, { "unlink", 0 }, { "stat", 0 }, { "newfstatat", 1 }, { "statx", 1 }, { "faccessat2", 1 }, { "mkdirat", 1 }, { "read", -1 },
		{ "open", 0 }, { "openat", 1 }, { "creat", 0 }, { "close", -1 }, { "dup", -1 }, { "dup2", -1 }, { "dup3", -1 },
		{ "rename", 0, 1 }, { "link", 0, 1 }, { "symlink", 0, 1 }, { "linkat", 1, 3 }, { "renameat", 1, 3 }, { "renameat2", 1, 3 }, { "symlinkat", 0, 2 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned nr = (unsigned)syscall_number(rows[i].name);
		struct which_copies copied;
		struct capture_plan plan;

		plan_compile(ARCH_X86_64, nr, &by_default, &plan);
		if (which_call(nr, &plan, false) != WHICH_STUB)
			fail_msg("%s: %s", rows[i].name, which_text(which_call(nr, &plan, false)));
		assert_true(which_copies(&plan, &copied));
		assert_int_equal(copied.path[0], rows[i].path);
		assert_int_equal(copied.path[1], rows[i].second ? rows[i].second : -1);
	}
}

/* What is copied where buffers and answers are: from where, how much, and into how many slots of the ring. */
static void buffers(void **state)
{
	static const struct { const char *name; int in, out; unsigned max, slots; } rows[] = {
		{ "read", -1, 1, 64, 4 }, { "write", 1, -1, 64, 4 }, { "pread64", -1, 1, 64, 4 }, { "pwrite64", 1, -1, 64, 4 },
		{ "stat", -1, 1, 144, 9 }, { "fstat", -1, 1, 144, 5 }, { "newfstatat", -1, 2, 144, 9 }, { "statx", -1, 4, 256, 12 },
		{ "getxattr", -1, 2, 64, 12 }, { "getrandom", -1, 0, 64, 4 }, { "utimensat", 2, -1, 32, 7 },
		{ "readlink", -1, 1, RING_BYTES_MAX, 12 }, { "getcwd", -1, 0, RING_BYTES_MAX, 8 },
	};
	const uint64_t args[6] = { 3, 0x1000, 0x100000007, 0, 0x1000 };
	struct which_bytes b = { .arg = 1, .by = BY_LEN, .len = 2, .max = 64 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned nr = (unsigned)syscall_number(rows[i].name);
		struct which_copies c;
		struct capture_plan plan;

		plan_compile(ARCH_X86_64, nr, &payload, &plan);
		assert_int_equal(which_call(nr, &plan, false), WHICH_STUB);
		assert_true(which_copies(&plan, &c));
		assert_int_equal(c.in.arg, rows[i].in);
		assert_int_equal(c.out.arg, rows[i].out);
		assert_int_equal(c.in.arg >= 0 ? c.in.max : c.out.max, rows[i].max);
		assert_int_equal(which_slots(&c), rows[i].slots);
		assert_int_equal(c.out.more, rows[i].max == RING_BYTES_MAX);
		assert_int_equal(!!(which_known(nr, &plan, &c) & RING_ASKS_MORE), c.out.more);
	}
	assert_int_equal(which_wants(&b, args, 0), 0x100000007);
	b.narrow = true;
	assert_int_equal(which_wants(&b, args, 0), 7);
	b.by = BY_RESULT;
	assert_int_equal(which_wants(&b, args, 5), 5);
	assert_int_equal(which_wants(&b, args, -5), 0);
	b.by = BY_SIZE;
	assert_int_equal(which_wants(&b, args, 0), 64);
	b.arg = 3;
	assert_int_equal(which_wants(&b, args, 0), 0);
}

/* Which pointers have to be NULL, since no stub copies what they lead to. */
static void nulls(void **state)
{
	static const struct { const char *name; unsigned by_default, all; } rows[] = {
		{ "sendto", 1 << 4, 1 << 4 }, { "recvfrom", 1 << 4 | 1 << 5, 1 << 4 | 1 << 5 },
		{ "copy_file_range", 0, 1 << 3 }, { "splice", 0, 1 << 3 }, { "read", 0, 0 }, { "mmap", 0, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned w = 0; w < 2; w++) {
			unsigned nr = (unsigned)syscall_number(rows[i].name);
			struct capture_plan plan;
			struct which_copies c;

			plan_compile(ARCH_X86_64, nr, w ? &payload : &by_default, &plan);
			assert_true(which_copies(&plan, &c));
			if (c.nulls != (w ? rows[i].all : rows[i].by_default))
				fail_msg("%s: %x", rows[i].name, c.nulls);
			assert_int_equal(!!(which_known(nr, &plan, &c) & RING_SIX), strcmp(rows[i].name, "read") != 0);
		}
}

/* Whatever is wished for and whatever rows there will be: what goes on without a stop needs none. */
static void every_row(void **state)
{
	const struct plan_wish *wishes[] = { &by_default, &all, &payload };
	unsigned made = 0;

	(void)state;
	for (unsigned w = 0; w < ARRAY_SIZE(wishes); w++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
			const struct syscall_spec *spec = syscall_spec(ARCH_X86_64, nr);
			struct capture_plan plan;
			struct which_copies c;
			enum which which;

			plan_compile(ARCH_X86_64, nr, wishes[w], &plan);
			which = which_call(nr, &plan, false);
			assert_int_equal(which_call(nr, &plan, true), WHICH_ANSWERED);
			assert_true(which < NWHICH && which_text(which)[0]);
			assert_int_equal(which == WHICH_UNWANTED, !plan.wanted);
			if (which != WHICH_STUB)
				continue;
			made++;
			assert_true(which_copies(&plan, &c) && which_slots(&c) <= 16);
			for (int i = 0; i < 6; i++)
				assert_true((!plan.enter[i].op || i == c.path[0] || i == c.path[1] || i == c.in.arg ||
					     c.nulls >> i & 1) &&
					    (!plan.leave[i].op || i == c.out.arg || c.nulls >> i & 1 ||
					     (which_opens(&plan) && i == c.path[0])));
			assert_true(c.out.by != BY_SIZE || c.out.arg < 0 || spec->ret == RET_INT);
			assert_true((c.in.arg < 0 || (c.in.max >= 8 && c.in.max <= RING_BYTES_MAX)) &&
				    (c.out.arg < 0 || (c.out.max >= 8 && c.out.max <= RING_BYTES_MAX)));
			assert_true(spec->name && spec->ret != RET_NEVER);
			assert_true(spec_meaning(spec).category != CAT_MEMORY || which_guard(nr) != GUARD_NONE);
			assert_true(!effect_info((enum effect)spec->effect)->names || spec->effect == FX_OPEN ||
				    spec->effect == FX_CLOSE || spec->effect == FX_DUP || spec->effect == FX_FCNTL ||
				    spec->effect == FX_RENAME);
			assert_true(!plan.ask || plan.ask == ASK_EVENTS || which_opens(&plan));
		}
	assert_true(made > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_only),
		cmocka_unit_test(reasons), cmocka_unit_test(paths), cmocka_unit_test(buffers),
		cmocka_unit_test(nulls), cmocka_unit_test(every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
