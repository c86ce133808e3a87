/* SPDX-License-Identifier: MIT */
/* The seccomp filter decides as the plans say, for every number, condition and architecture. */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "capture/plan.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/seccomp.h"
#include "capture/ptrace/ptrace.h"
#include "record/record.h"
#include "seccomp_run.h"
#include "unit.h"

enum { FILTER_MARK = 0x4350 };

enum { MAX = 4096 };
static struct sock_filter prog[MAX];
static unsigned nprog;
static struct capture_plan plans[2][SYSCALL_MAX];
/* Number and architecture alone were looked at: since Linux 5.11 the kernel need not run a filter then. */
static bool by_number;

static bool stops(unsigned audit_arch, unsigned nr, unsigned arg, uint64_t value)
{
	struct seccomp_data d = { .nr = (int)nr, .arch = audit_arch };
	unsigned action;

	d.args[arg] = value;
	action = seccomp_run(prog, nprog, &d, &by_number);
	assert_true(action == SECCOMP_RET_ALLOW || action == (SECCOMP_RET_TRACE | FILTER_MARK));
	return action != SECCOMP_RET_ALLOW;
}

static int setup(void **state)
{
	(void)state;
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
		plan_compile(ARCH_X86_64, nr, &(struct plan_wish){ 0 }, &plans[0][nr]);
		plan_compile(ARCH_I386, nr, &(struct plan_wish){ 0 }, &plans[1][nr]);
	}
	nprog = seccomp_build(prog, MAX, FILTER_MARK, plans[0], plans[1]);
	return nprog ? 0 : -1;
}

static void test_every_number(void **state)
{
	static const unsigned arches[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386 };

	(void)state;
	for (unsigned a = 0; a < ARRAY_SIZE(arches); a++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
			unsigned arch = a ? ARCH_I386 : ARCH_X86_64;
			bool always;

			if (syscall_spec(arch, nr)->when || disguise_wants(arch, nr, &always) || always)
				continue;
			if (stops(arches[a], nr, 0, 0) != (plans[a][nr].wanted || wait_is_seen(syscall_spec(arch, nr))))
				fail_msg("%s %u", a ? "i386" : "x86-64", nr);
			if (!by_number)
				fail_msg("%s %u: by its arguments", a ? "i386" : "x86-64", nr);
		}
	assert_true(stops(AUDIT_ARCH_X86_64, SYSCALL_MAX + 5, 0, 0));	/* unknown: shown raw */
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_openat, 0, 0));
	assert_true(stops(AUDIT_ARCH_X86_64, 0x40000000 | SYS_openat, 0, 0));	/* x32 */
	assert_false(stops(AUDIT_ARCH_X86_64, SYS_getpid, 0, 0));
	assert_true(stops(AUDIT_ARCH_I386, 5, 0, 0));			/* open */
	assert_false(stops(AUDIT_ARCH_I386, 20, 0, 0));			/* getpid */
	/* waits that a signal without a handler must not end are seen from their entry on */
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_epoll_wait, 0, 0) &&
		    stops(AUDIT_ARCH_X86_64, SYS_rt_sigtimedwait, 0, 0));
	assert_true(stops(AUDIT_ARCH_I386, 256, 0, 0) && stops(AUDIT_ARCH_I386, 117, 0, 0));	/* epoll_wait, ipc */
	/* a wait is timed, and who ends it is seen; a form of it that does not wait is not */
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_futex, 1, 0x80 | 9) && stops(AUDIT_ARCH_X86_64, SYS_futex, 1, 0x81));
	assert_false(stops(AUDIT_ARCH_X86_64, SYS_futex, 1, 0x80 | 3));
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_poll, 2, 5) && !stops(AUDIT_ARCH_X86_64, SYS_poll, 2, 0));
}

static void test_conditions(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
		const struct arg_cond *c = syscall_spec(ARCH_X86_64, nr)->when;
		unsigned none;
		bool always;

		if (!c || !plans[0][nr].wanted || disguise_wants(ARCH_X86_64, nr, &always) || always ||
		    wait_is_seen(syscall_spec(ARCH_X86_64, nr)))
			continue;
		seen++;
		for (unsigned i = 0; i < c->nvals; i++) {
			assert_int_equal(stops(AUDIT_ARCH_X86_64, nr, c->arg, c->vals[i]), !c->invert);
			/* what the kernel does not look at must not matter */
			assert_int_equal(stops(AUDIT_ARCH_X86_64, nr, c->arg,
					       c->vals[i] | (uint64_t)~c->mask | 1ull << 40),
					 !c->invert);
		}
		none = 0x7fff & c->mask;	/* none of them, but where it is one bit */
		if (c->nvals == 1 && none == c->vals[0])
			none = 0;
		assert_int_equal(stops(AUDIT_ARCH_X86_64, nr, c->arg, none), c->invert);
	}
	assert_true(seen >= 3);		/* fcntl, newfstatat, getsockopt… */
}

static void test_disguise(void **state)
{
	(void)state;
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_prctl, 0, PR_GET_SECCOMP));
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_prctl, 0, PR_SET_NO_NEW_PRIVS));
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_prctl, 0, PR_SET_NAME));	/* the row's own condition holds, too */
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_prctl, 0, PR_SET_CHILD_SUBREAPER));
	assert_false(stops(AUDIT_ARCH_X86_64, SYS_prctl, 0, PR_GET_NAME));
	assert_false(stops(AUDIT_ARCH_X86_64, SYS_prctl, 0, PR_SET_TIMERSLACK));
	assert_true(stops(AUDIT_ARCH_X86_64, SYS_seccomp, 0, 0));
	assert_true(stops(AUDIT_ARCH_I386, 172, 0, PR_GET_SECCOMP));
	assert_true(stops(AUDIT_ARCH_I386, 354, 0, 0));
}

static void test_too_small(void **state)
{
	static struct sock_filter few[64];

	(void)state;
	/* refused, never cut */
	assert_int_equal(seccomp_build(few, ARRAY_SIZE(few), FILTER_MARK, plans[0], plans[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_number), cmocka_unit_test(test_conditions), cmocka_unit_test(test_disguise),
		cmocka_unit_test(test_too_small),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
