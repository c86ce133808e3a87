/* SPDX-License-Identifier: MIT */
/* Which calls stubs may make: those of whose plans nothing is left to do. */
#include "unit.h"

#include "abi/spec.h"
#include "capture/inprocess/which.h"
#include "capture/plan.h"
#include "record/record.h"

static const struct plan_wish by_default = { .names = NAMES_ALL }, all = { .all = true, .names = NAMES_ALL },
			      payload = { .all = true, .max_payload = 64, .names = NAMES_ALL };

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
		assert_int_equal(of(io[i], &payload), WHICH_COPIED);
	}
	assert_int_equal(of("lseek", &by_default), WHICH_UNWANTED);
	assert_int_equal(of("lseek", &payload), WHICH_STUB);
	assert_int_equal(of("getpid", &all), WHICH_STUB);
}

static void reasons(void **state)
{
	static const struct { const char *name; enum which which; } rows[] = {
		{ "openat2", WHICH_COPIED }, { "socket", WHICH_NAMES }, { "fchdir", WHICH_COPIED }, { "rename", WHICH_COPIED }, { "stat", WHICH_COPIED }, { "chdir", WHICH_COPIED }, { "fstat", WHICH_COPIED }, { "close_range", WHICH_NAMES }, { "munmap", WHICH_MEMORY },
		{ "madvise", WHICH_MEMORY }, { "kill", WHICH_TASKS }, { "setuid", WHICH_TASKS }, { "exit_group", WHICH_TASKS }, { "flock", WHICH_TIMED },
		{ "pause", WHICH_TIMED }, { "preadv2", WHICH_LONG },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(of(rows[i].name, &all), rows[i].which);
}

static void paths(void **state)
{
	static const struct { const char *name; int path; } rows[] = {
		{ "access", 0 }, { "unlink", 0 }, { "stat", 0 }, { "newfstatat", 1 }, { "statx", 1 }, { "faccessat2", 1 }, { "mkdirat", 1 }, { "read", -1 },
		{ "open", 0 }, { "openat", 1 }, { "creat", 0 }, { "close", -1 }, { "dup", -1 }, { "dup2", -1 }, { "dup3", -1 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned nr = (unsigned)syscall_number(rows[i].name);
		struct capture_plan plan;

		plan_compile(ARCH_X86_64, nr, &by_default, &plan);
		if (which_call(nr, &plan, false) != WHICH_STUB)
			fail_msg("%s: %s", rows[i].name, which_text(which_call(nr, &plan, false)));
		assert_int_equal(which_path(&plan), rows[i].path);
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
			enum which which;

			plan_compile(ARCH_X86_64, nr, wishes[w], &plan);
			which = which_call(nr, &plan, false);
			assert_int_equal(which_call(nr, &plan, true), WHICH_ANSWERED);
			assert_true(which < NWHICH && which_text(which)[0]);
			assert_int_equal(which == WHICH_UNWANTED, !plan.wanted);
			if (which != WHICH_STUB)
				continue;
			made++;
			for (int i = 0; i < 6; i++)
				assert_true((!plan.enter[i].op || i == which_path(&plan)) &&
					    (!plan.leave[i].op || (which_opens(&plan) && i == which_path(&plan))));
			assert_true((plan.exit || spec->effect == FX_CLOSE) && spec->name && spec->nargs <= WHICH_ARGS);
			assert_true(!effect_info((enum effect)spec->effect)->names || spec->effect == FX_OPEN ||
				    spec->effect == FX_CLOSE || spec->effect == FX_DUP);
			assert_true(!plan.ask || plan.ask == ASK_EVENTS || which_opens(&plan));
		}
	assert_true(made > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_only),
		cmocka_unit_test(reasons), cmocka_unit_test(paths),
		cmocka_unit_test(every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
