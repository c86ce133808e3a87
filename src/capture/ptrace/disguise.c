#include "capture/ptrace/disguise.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

/* The call's number on x86-64, whatever its own table: i386 has other numbers for the same few. */
static unsigned native(const struct tracee *t)
{
	static const struct { unsigned short i386, x86_64; } same[] = {
		{ 1, SYS_exit }, { 3, SYS_read }, { 4, SYS_write }, { 5, SYS_open }, { 6, SYS_close }, { 172, SYS_prctl }, { 173, SYS_rt_sigreturn },
		{ 41, SYS_dup }, { 63, SYS_dup2 }, { 330, SYS_dup3 }, { 120, SYS_clone }, { 435, SYS_clone3 },
		{ 119, SYS_rt_sigreturn }, { 180, SYS_pread64 }, { 295, SYS_openat }, { 354, SYS_seccomp }, { 437, SYS_openat2 },
		{ 145, SYS_readv }, { 333, SYS_preadv }, { 378, SYS_preadv2 },
		{ 374, SYS_userfaultfd },
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

	*ret_always = n == SYS_seccomp;
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

/* Is it a file of that name?  Where it is shows once it is open. */
static bool is_named(const struct buf *chunks, const char *name)
{
	const struct record_chunk *c = (const struct record_chunk *)chunks->s;
	const char *p = (const char *)(c + 1);
	size_t n = strlen(name);

	return chunks->len > sizeof(*c) && c->part == PART_BYTES && c->len >= n && !memcmp(p + c->len - n, name, n) && (c->len == n || p[c->len - n - 1] == '/');
}

static bool is_of_proc(const struct tracee *t, int fd)
{
	char link[64];
	struct statfs st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", t->tid, fd);
	return statfs(link, &st) == 0 && st.f_type == PROC_SUPER_MAGIC;
}

/* Which thread of the process opened fd as a status file; NULL: none did. */
static struct tracee *status_of(struct ptrace_source *s, struct tracee *t, int fd)
{
	if (fd < 0 || fd == INT_MAX)
		return NULL;		/* close(-1): no thread has opened that, 0 in status_fd means none */
	if (!s->status_seen || t->status_fd == fd + 1)
		return t->status_fd == fd + 1 ? t : NULL;
	for (struct tracee *u = s->tracees; u; u = u->hh.next)
		if (u->pid == t->pid && u->status_fd == fd + 1)
			return u;
	return NULL;
}

/*
 * CLONE_UNTRACED would take the child from us, and our filter with it, in which every traced call then fails.  So the
 * kernel does not get to see the flag; the program finds its arguments as they were, in the parent and in the child.
 */
static void set_clone_flags(const struct tracee *t, uint64_t flags)
{
	if (native(t) == SYS_clone)
		set_reg(t, t->arch == ARCH_I386 ? offsetof(struct user_regs_struct, rbx) : offsetof(struct user_regs_struct, rdi), (int64_t)flags);
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
		set_clone_flags(child, native(child) == SYS_clone ? child->args[0] : clone_flags(child) | CLONE_UNTRACED);
	child->restore_flags = false;
}

/* Those of strict mode; and the kernel lets its own calls at a probe past seccomp (seccomp_uprobe_exception(), Linux 6.14). */
static bool strict_allows(const struct tracee *t)
{
	unsigned nr = native(t);

	return nr == SYS_read || nr == SYS_write || nr == SYS_exit || nr == SYS_rt_sigreturn || syscall_spec(t->arch, t->nr)->effect == FX_PROBE;
}

/*
 * Strict mode ends a thread that does what it forbids, and that one alone, as if by SIGKILL.  A signal would take the
 * others along: where there are others it exits by itself.
 */
static void forbid(struct ptrace_source *s, struct tracee *t)
{
	bool narrow = t->arch == ARCH_I386, alone = true;

	for (struct tracee *u = s->tracees; u && alone; u = u->hh.next)
		alone = u == t || u->pid != t->pid || u->gone || u->forbidden;
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
		if (t->filtered && (args[0] == SECCOMP_SET_MODE_STRICT || args[0] == SECCOMP_SET_MODE_FILTER))
			return set_mode(s, t, args[0] == SECCOMP_SET_MODE_FILTER, args[1]);
		break;
	case SYS_open:
	case SYS_openat:
	case SYS_openat2:
		if (is_named(&t->chunks, "status"))
			t->fixup = ANSWER_OPEN_STATUS;
		else if (is_named(&t->chunks, "fuse") || is_named(&t->chunks, "userfaultfd"))
			mem_may_wait();
		break;
	case SYS_userfaultfd:
		mem_may_wait();
		break;
	case SYS_read:
	case SYS_pread64:
	case SYS_readv:
	case SYS_preadv:
	case SYS_preadv2:
		if (status_of(s, t, (int)args[0]))
			t->fixup = ANSWER_READ_STATUS;
		break;
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3:
		if (status_of(s, t, (int)args[0]))
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
		for (struct tracee *u; (u = status_of(s, t, (int)args[0]));)
			u->status_fd = 0;
		break;
	default:
		break;
	}
	return t->fixup != ANSWER_NONE;
}

/*
 * The number after key becomes another, not longer; the rest moves up and the read is that much shorter, which it may
 * always be.  Returns the new length.
 */
static size_t set_field(char *s, size_t n, const char *key, unsigned value)
{
	char *p = memmem(s, n, key, strlen(key)), *end, digits[16];
	size_t len;

	if (!p)
		return n;
	p += strlen(key);
	end = memchr(p, '\n', n - (size_t)(p - s));
	len = (size_t)snprintf(digits, sizeof(digits), "%u", value);
	if (!end || (size_t)(end - p) < len)
		return n;
	memcpy(p, digits, len);
	memmove(p + len, end, n - (size_t)(end - s));
	return n - ((size_t)(end - p) - len);
}

static unsigned get_field(const char *s, size_t n, const char *key)
{
	const char *p = memmem(s, n, key, strlen(key));
	unsigned v = 0;

	for (p = p ? p + strlen(key) : s + n; p < s + n && *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (unsigned)(*p - '0');
	return v;
}

/* Where the first n bytes of a read went: one buffer, or several. */
static unsigned where_read(const struct tracee *t, size_t n, struct iovec *ret_iov, unsigned max)
{
	unsigned nr = native(t), k = 0;

	if (nr == SYS_read || nr == SYS_pread64) {
		*ret_iov = (struct iovec){ (void *)t->args[1], n };
		return 1;
	}
	for (; k < max && k < t->args[2] && n; k++) {
		uint32_t narrow[2];
		bool ok;

		if (t->arch == ARCH_X86_64)
			ok = mem_read(t->tid, t->args[1] + k * sizeof(*ret_iov), &ret_iov[k], sizeof(*ret_iov)) == sizeof(*ret_iov);
		else if ((ok = mem_read(t->tid, t->args[1] + k * sizeof(narrow), narrow, sizeof(narrow)) == sizeof(narrow)))
			ret_iov[k] = (struct iovec){ (void *)(uintptr_t)narrow[0], narrow[1] };
		if (!ok)
			break;
		ret_iov[k].iov_len = MIN(ret_iov[k].iov_len, n);
		n -= ret_iov[k].iov_len;
	}
	return k;
}

/* Returns how many bytes there are now. */
static size_t hide_in_status(const struct ptrace_source *s, const struct tracee *t, size_t nread)
{
	char text[8192];
	struct iovec local = { text, MIN(nread, sizeof(text)) }, remote[16];
	unsigned niov = where_read(t, local.iov_len, remote, ARRAY_SIZE(remote));
	ssize_t was = process_vm_readv(t->tid, &local, 1, remote, niov, 0);
	size_t n = was < 0 ? 0 : (size_t)was;

	n = set_field(text, n, "\nTracerPid:\t", 0);
	if (t->filtered) {
		unsigned nfilters = get_field(text, n, "\nSeccomp_filters:\t");

		n = set_field(text, n, "\nSeccomp:\t", t->own_seccomp);
		n = set_field(text, n, "\nSeccomp_filters:\t", nfilters ? nfilters - 1 : 0);
	}
	if (s->nnp_ours && !t->own_nnp)
		n = set_field(text, n, "\nNoNewPrivs:\t", 0);
	local.iov_len = n;
	niov = where_read(t, n, remote, ARRAY_SIZE(remote));
	if (was != (ssize_t)nread || process_vm_writev(t->tid, &local, 1, remote, niov, 0) != (ssize_t)n)
		return nread;
	return n;
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
		/* with SECCOMP_FILTER_FLAG_NEW_LISTENER the result is a descriptor; TSYNC may give the thread that failed */
		if (ret >= 0)
			step_aside(s, t, t->fixup == ANSWER_TSYNC);
		break;
	case ANSWER_SET_STRICT:
		t->own_seccomp = SECCOMP_MODE_STRICT;
		t->every_call = true;
		shown = 0;
		break;
	case ANSWER_OPEN_STATUS:
		if (ret >= 0 && is_of_proc(t, (int)ret)) {
			t->status_fd = (int)ret + 1;
			s->status_seen = true;
		}
		break;
	case ANSWER_DUP_STATUS:
		if (ret >= 0)
			t->status_fd = (int)ret + 1;
		break;
	case ANSWER_UNTRACED:
		set_clone_flags(t, native(t) == SYS_clone ? t->args[0] : clone_flags(t) | CLONE_UNTRACED);
		break;
	case ANSWER_READ_STATUS:
		if (ret > 0)
			shown = (int64_t)hide_in_status(s, t, (size_t)ret);
		break;
	default:
		break;
	}
	t->fixup = ANSWER_NONE;
	if (shown != ret)
		set_reg(t, offsetof(struct user_regs_struct, rax), shown);
	return shown;
}
