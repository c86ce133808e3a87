/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/disguise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/status.h"

/* The call's number on x86-64, whatever its own table: i386 has other numbers for the same few. */
static unsigned native(const struct tracee *t)
{
	static const struct { unsigned short i386, x86_64; } same[] = {
		{ 1, SYS_exit }, { 3, SYS_read }, { 4, SYS_write }, { 5, SYS_open }, { 6, SYS_close }, { 172, SYS_prctl }, { 173, SYS_rt_sigreturn },
		{ 41, SYS_dup }, { 63, SYS_dup2 }, { 330, SYS_dup3 }, { 120, SYS_clone }, { 435, SYS_clone3 },
		{ 119, SYS_rt_sigreturn }, { 180, SYS_pread64 }, { 295, SYS_openat }, { 354, SYS_seccomp }, { 437, SYS_openat2 },
		{ 145, SYS_readv }, { 333, SYS_preadv }, { 378, SYS_preadv2 },
		{ 374, SYS_userfaultfd }, { 21, SYS_mount }, { 432, SYS_fsmount }, { 55, SYS_fcntl }, { 221, SYS_fcntl },
	};

	if (t->arch != ARCH_I386)
		return t->nr;
	for (unsigned i = 0; i < ARRAY_SIZE(same); i++)
		if (same[i].i386 == t->nr)
			return same[i].x86_64;
	return UINT32_MAX;
}

const struct arg_cond *disguise_wants(unsigned arch, unsigned nr, bool *ret_always)
{
	static const struct arg_cond prctls = { .arg = 0, .nvals = 4, .mask = UINT32_MAX,
		.vals = { PR_GET_SECCOMP, PR_SET_SECCOMP, PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS } };
	const struct tracee t = { .arch = (uint8_t)arch, .nr = nr };
	unsigned n = native(&t);

	/* after these, memory of a tracee may be another tracee's to give */
	*ret_always = n == SYS_seccomp || n == SYS_userfaultfd || n == SYS_mount || n == SYS_fsmount;
	return n == SYS_prctl ? &prctls : NULL;
}

static void set_reg(const struct tracee *t, size_t offset, int64_t v) { ptrace(PTRACE_POKEUSER, t->tid, offset, v); }

/* Makes the call at whose entry t stands do nothing and return ret. */
static void skip_call(const struct tracee *t, int64_t ret)
{
	set_reg(t, offsetof(struct user_regs_struct, orig_rax), -1);
	set_reg(t, offsetof(struct user_regs_struct, rax), ret);
}

void disguise_foreign_trace(const struct tracee *t) { skip_call(t, -ENOSYS); }

/* Is it a file of that name? */
static bool is_named(const struct buf *chunks, const char *name)
{
	const struct record_chunk *c = (const struct record_chunk *)chunks->s;
	const char *p = (const char *)(c + 1);
	size_t n = strlen(name);

	return chunks->len > sizeof(*c) && c->part == PART_BYTES && c->len >= n && !memcmp(p + c->len - n, name, n) &&
	       (c->len == n || p[c->len - n - 1] == '/');
}

/*
 * CLONE_UNTRACED would take the child from us, and our filter with it, in which every traced call then fails.  So the
 * kernel does not get to see the flag; the program finds its arguments as they were, in the parent and in the child.
 */
static void set_clone_flags(const struct tracee *t, uint64_t flags)
{
	if (native(t) == SYS_clone)
		set_reg(t,
			t->arch == ARCH_I386 ? offsetof(struct user_regs_struct, rbx) :
					       offsetof(struct user_regs_struct, rdi),
			(int64_t)flags);
	else
		ptrace(PTRACE_POKEDATA, t->tid, t->args[0], flags);	/* the first member of struct clone_args */
}

static uint64_t clone_flags(const struct tracee *t)
{
	uint64_t flags = 0;

	if (native(t) == SYS_clone)
		return t->args[0];
	return mem_read(t->tid, t->args[0], &flags, sizeof(flags)) == sizeof(flags) ? flags : 0;
}

void disguise_born(struct tracee *child)
{
	if (child->restore_flags)
		set_clone_flags(child,
				native(child) == SYS_clone ? child->args[0] : clone_flags(child) | CLONE_UNTRACED);
	child->restore_flags = false;
}

/*
 * Those of strict mode; and the kernel lets its own calls at a probe past seccomp (seccomp_uprobe_exception(), Linux
 * 6.14).
 */
static bool strict_allows(const struct tracee *t)
{
	unsigned nr = native(t);

	return nr == SYS_read || nr == SYS_write || nr == SYS_exit || nr == SYS_rt_sigreturn ||
	       syscall_spec(t->arch, t->nr)->effect == FX_PROBE;
}

/*
 * Strict mode ends a thread that does what it forbids, and that one alone, as if by SIGKILL.  A signal would take the
 * others along: where there are others it exits by itself.
 */
static void forbid(struct ptrace_source *s, struct tracee *t)
{
	bool narrow = t->arch == ARCH_I386, alone = true;

	for (struct tracee *u = s->tracees; u && alone; u = u->hh.next)
		alone = u == t || u->pid != t->pid || tracee_is_gone(u) || u->forbidden;
	if (alone) {
		skip_call(t, -EPERM);
		syscall(SYS_tkill, t->tid, SIGKILL);
		return;
	}
	t->forbidden = true;
	set_reg(t, offsetof(struct user_regs_struct, orig_rax), narrow ? 1 : SYS_exit);
	set_reg(t, narrow ? offsetof(struct user_regs_struct, rbx) : offsetof(struct user_regs_struct, rdi), SIGKILL);
}

static bool set_mode(struct ptrace_source *s, struct tracee *t, bool filter, uint64_t flags)
{
	if (filter && s->nnp_ours && !t->own_nnp) {
		/* without our no_new_privs the kernel would have refused: seccomp(2), EACCES */
		skip_call(t, -EACCES);
		return false;
	}
	if (filter) {
		t->fixup = flags & SECCOMP_FILTER_FLAG_TSYNC ? ANSWER_TSYNC : ANSWER_SET_FILTER;
	} else {
		/* the kernel knows no way from our filter to strict mode; we play it */
		if (t->own_seccomp)
			return false;
		t->fixup = ANSWER_SET_STRICT;
	}
	return true;
}

bool disguise_opens(struct ptrace_source *s, struct tracee *t)
{
	if (is_named(&t->chunks, "fuse") || is_named(&t->chunks, "userfaultfd"))
		mem_may_wait();
	t->fixup = s->inside && is_named(&t->chunks, "map_files") ? ANSWER_MAP_FILES : ANSWER_NONE;
	return t->fixup != ANSWER_NONE;
}

bool disguise_enter(struct ptrace_source *s, struct tracee *t, const uint64_t args[6])
{
	unsigned nr = native(t);

	t->fixup = ANSWER_NONE;
	if (t->own_seccomp == SECCOMP_MODE_STRICT && !strict_allows(t)) {
		forbid(s, t);
		return false;
	}
	switch (nr) {
	case SYS_prctl:
		s->filters |= args[0] == PR_SET_SECCOMP;
		if (!t->filtered)
			return false;
		switch ((int)args[0]) {
		case PR_GET_SECCOMP: t->fixup = ANSWER_GET_SECCOMP; break;
		case PR_GET_NO_NEW_PRIVS: t->fixup = ANSWER_GET_NNP; break;
		case PR_SET_NO_NEW_PRIVS: t->fixup = ANSWER_SET_NNP; break;
		case PR_SET_SECCOMP:
			if (args[1] == SECCOMP_MODE_STRICT || args[1] == SECCOMP_MODE_FILTER)
				return set_mode(s, t, args[1] == SECCOMP_MODE_FILTER, 0);
			break;
		default:
			break;
		}
		break;
	case SYS_seccomp:
		s->filters = true;
		if (t->filtered && (args[0] == SECCOMP_SET_MODE_STRICT || args[0] == SECCOMP_SET_MODE_FILTER))
			return set_mode(s, t, args[0] == SECCOMP_SET_MODE_FILTER, args[1]);
		break;
	case SYS_open:
	case SYS_openat:
	case SYS_openat2:
		return disguise_opens(s, t);
	case SYS_userfaultfd:
	case SYS_mount:		/* of a userspace file system, whose /dev/fuse was opened unseen */
	case SYS_fsmount:
		mem_may_wait();
		break;
	case SYS_read:
	case SYS_pread64:
	case SYS_readv:
	case SYS_preadv:
	case SYS_preadv2:
		if (status_is(s, t, (int)args[0]))
			t->fixup = ANSWER_READ_STATUS;
		break;
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3:
	case SYS_fcntl:
		if (nr == SYS_fcntl && args[1] != F_DUPFD && args[1] != F_DUPFD_CLOEXEC)
			break;
		if (status_is(s, t, (int)args[0]))
			t->fixup = ANSWER_DUP_STATUS;
		break;
	case SYS_clone:
	case SYS_clone3:
		if (clone_flags(t) & CLONE_UNTRACED) {
			set_clone_flags(t, clone_flags(t) & ~(uint64_t)CLONE_UNTRACED);
			t->fixup = ANSWER_UNTRACED;
		}
		break;
	case SYS_close:
		status_closed(s, t, (int)args[0]);
		break;
	default:
		break;
	}
	return t->fixup != ANSWER_NONE;
}

static void step_aside(struct ptrace_source *s, struct tracee *t, bool whole_process)
{
	for (struct tracee *u = s->tracees; u; u = u->hh.next)
		if (u == t || (whole_process && u->pid == t->pid)) {
			u->own_seccomp = SECCOMP_MODE_FILTER;
			u->every_call = true;
		}
}

int64_t disguise_leave(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	int64_t shown = ret;

	switch (t->fixup) {
	case ANSWER_GET_SECCOMP: shown = t->own_seccomp; break;
	case ANSWER_GET_NNP: shown = s->nnp_ours && !t->own_nnp ? 0 : ret; break;
	case ANSWER_SET_NNP: t->own_nnp |= ret == 0; break;
	case ANSWER_SET_FILTER:
	case ANSWER_TSYNC:
		/*
		 * with SECCOMP_FILTER_FLAG_NEW_LISTENER the result is a descriptor; TSYNC may give the thread that
		 * failed
		 */
		if (ret >= 0)
			step_aside(s, t, t->fixup == ANSWER_TSYNC);
		break;
	case ANSWER_SET_STRICT:
		t->own_seccomp = SECCOMP_MODE_STRICT;
		t->every_call = true;
		shown = 0;
		break;
	case ANSWER_DUP_STATUS:
		if (ret >= 0)
			status_copied(s, t, (int)t->args[0], (int)ret);
		break;
	case ANSWER_UNTRACED:
		set_clone_flags(t, native(t) == SYS_clone ? t->args[0] : clone_flags(t) | CLONE_UNTRACED);
		break;
	case ANSWER_MAP_FILES:
		if (ret >= 0)
			space_hide(s, t, t);
		break;
	case ANSWER_READ_STATUS:
		shown = status_read(s, t, native(t), ret);
		break;
	default:
		break;
	}
	t->fixup = ANSWER_NONE;
	if (shown != ret)
		set_reg(t, offsetof(struct user_regs_struct, rax), shown);
	return shown;
}
