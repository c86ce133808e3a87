/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "capture/plan.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/ptrace.h"
#include "record/record.h"

enum { X32_BIT = 0x40000000 };

struct prog { struct sock_filter *v; unsigned n, max, trace; };

static void emit(struct prog *p, unsigned code, unsigned jt, unsigned jf, unsigned k)
{
	if (p->n < p->max)
		p->v[p->n++] = (struct sock_filter){ (unsigned short)code, (unsigned char)jt, (unsigned char)jf, k };
}

static void load(struct prog *p, size_t offset) { emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)offset); }
static void ret(struct prog *p, unsigned action) { emit(p, BPF_RET | BPF_K, 0, 0, action); }

/*
 * Rows with a condition: low half of the argument, masked, against each value.  Little-endian, so the low half comes
 * first; the kernel, too, uses only it for these (they are ints).
 */
static void check_cond(struct prog *p, const struct arg_cond *c)
{
	unsigned hit = c->invert ? SECCOMP_RET_ALLOW : p->trace, miss = c->invert ? p->trace : SECCOMP_RET_ALLOW;

	load(p, offsetof(struct seccomp_data, args) + 8u * c->arg);
	emit(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, c->mask);
	for (unsigned i = 0; i < c->nvals; i++) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, c->vals[i]);
		ret(p, hit);
	}
	ret(p, miss);
}

/* Either of two; NULL: one condition cannot express it.  Valid until the next call. */
static const struct arg_cond *either(const struct arg_cond *a, const struct arg_cond *b)
{
	static struct arg_cond both;

	if (!a || a->arg != b->arg || a->mask != b->mask || a->invert || b->invert ||
	    a->nvals + b->nvals > (int)ARRAY_SIZE(both.vals))
		return NULL;
	both = *a;
	for (unsigned i = 0; i < b->nvals; i++)
		both.vals[both.nvals++] = b->vals[i];
	return &both;
}

/* These wait for a limited time only on a socket that was given a limit: by setsockopt, which stops instead. */
static bool waits_for_socket(const struct syscall_spec *spec)
{
	return spec->wait.limit >= WAIT_RECV && spec->wait.limit <= WAIT_SPLICE;
}

static const struct arg_cond *limits_waits(unsigned arch, unsigned nr, const struct capture_plan *plans)
{
	static const struct arg_cond limits = {
		.arg = 2, .nvals = 4, .mask = UINT32_MAX, .vals = { WAIT_SOCKET_OPTIONS },
	};

	if (plans[nr].wanted || syscall_spec(arch, nr)->effect != FX_SETSOCKOPT)
		return NULL;
	for (unsigned i = 0; i < SYSCALL_MAX; i++)
		if (waits_for_socket(syscall_spec(arch, i)) && !plans[i].wanted)
			return &limits;
	return NULL;
}

static const struct arg_cond maps_code = { .arg = 2, .mask = 4 /* PROT_EXEC */, .nvals = 1, .vals = { 4 } };

/* Does this call stop?  *ret_cond: only when that holds. */
static bool decide(unsigned arch, unsigned nr, const struct capture_plan *plans, const struct arg_cond **ret_cond)
{
	bool always;
	const struct arg_cond *answered = disguise_wants(arch, nr, &always);

	always |= wait_is_seen(syscall_spec(arch, nr)) && !waits_for_socket(syscall_spec(arch, nr));
	if (!answered)
		answered = plans[nr].maps_code ? &maps_code : limits_waits(arch, nr, plans);
	*ret_cond = plans[nr].wanted && !always && !plans[nr].every_form ? syscall_spec(arch, nr)->when : NULL;
	if (answered)
		*ret_cond = plans[nr].wanted ? either(*ret_cond, answered) : answered;
	return plans[nr].wanted || always || answered;
}

/*
 * Numbers arrive in A.  Runs of equal decisions become ranges tested from the low end: `A < end` decides.  The order
 * of the numbers is the kernel's; the frequent calls (read, write, open, close, mmap) have the lowest.
 */
static void check_arch(struct prog *p, const struct capture_plan *plans, unsigned arch)
{
	for (unsigned nr = 0; nr < SYSCALL_MAX;) {
		const struct arg_cond *cond;
		bool trace = decide(arch, nr, plans, &cond);
		unsigned end = nr + 1;

		if (cond) {
			/* A < end (it is not below nr any more) → the condition's few instructions */
			emit(p, BPF_JMP | BPF_JGE | BPF_K, (unsigned char)(3 + 2 * cond->nvals), 0, end);
			check_cond(p, cond);
		} else {
			while (end < SYSCALL_MAX && decide(arch, end, plans, &cond) == trace && !cond)
				end++;
			emit(p, BPF_JMP | BPF_JGE | BPF_K, 1, 0, end);
			ret(p, trace ? p->trace : SECCOMP_RET_ALLOW);
		}
		nr = end;
	}
	ret(p, p->trace);	/* numbers no table knows: shown raw */
}

unsigned seccomp_build(struct sock_filter *v, unsigned max, unsigned mark, const struct capture_plan *x86_64,
		       const struct capture_plan *i386)
{
	struct prog p = { v, 0, max, SECCOMP_RET_TRACE | mark };
	unsigned i386_at;

	load(&p, offsetof(struct seccomp_data, arch));
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
	emit(&p, BPF_JMP | BPF_JA, 0, 0, 0);
	i386_at = p.n - 1;
	load(&p, offsetof(struct seccomp_data, nr));
	/* x32 has numbers of its own and next to no programs: all its calls stop, the plan decides then */
	emit(&p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, X32_BIT);
	ret(&p, p.trace);
	check_arch(&p, x86_64, ARCH_X86_64);
	p.v[i386_at].k = p.n - i386_at - 1;
	load(&p, offsetof(struct seccomp_data, nr));
	check_arch(&p, i386, ARCH_I386);
	return p.n < max ? p.n : 0;
}
