/* SPDX-License-Identifier: MIT */
/*
 * Who looks at the memory map of a program finds none of ours there.  Lines of its maps are left out (status.c); before
 * other files are read the stubs are taken out, and what was mapped for them is unmapped, by a call of a thread.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/macro.h"
#include "base/process.h"
#include "capture/inprocess/inside.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

enum { PAGE = 4096 };

struct part { uint64_t at, size; const char *perms, *file; };
enum { NPARTS = 4 };

static void parts_of(const struct space *sp, struct part ret[NPARTS])
{
	ret[0] = (struct part){ STUB_RING, RING_SIZE, "rw-s", "/memfd:ring" };
	ret[1] = (struct part){ STUB_BLOCKS, STUB_BLOCKS_SIZE, "r-xp", NULL };
	ret[2] = (struct part){ sp->near, PAGE, "r--p", NULL };
	ret[3] = (struct part){ sp->near + STUB_SPRINGS, STUB_NEAR_SIZE - STUB_SPRINGS, "r-xp", NULL };
}

bool space_is_ours(const struct space *sp, const char *line, size_t len)
{
	struct part parts[NPARTS];
	char text[128], perms[8];
	unsigned long start, end, inode;

	snprintf(text, sizeof(text), "%.*s", (int)MIN(len, sizeof(text)), line);
	if (sp->hidden || sscanf(text, "%lx-%lx %7s %*x %*s %lu", &start, &end, perms, &inode) != 4)
		return false;
	parts_of(sp, parts);
	for (unsigned i = 0; i < NPARTS; i++)
		if (parts[i].at == start && parts[i].at + parts[i].size == end && !strcmp(perms, parts[i].perms))
			return parts[i].file ? strstr(text, parts[i].file) != NULL : !inode;
	return false;
}

/* Only what is ours still: the program may have changed what is mapped there. */
static void unmap(struct inject *in, pid_t tid, const struct space *sp)
{
	struct part parts[NPARTS];

	parts_of(sp, parts);
	for (unsigned i = 0; i < NPARTS; i++)
		if (library_has(tid, parts[i].at, parts[i].size, parts[i].perms, parts[i].file))
			inject_call(in, SYS_munmap, (const uint64_t[6]){ parts[i].at, parts[i].size });
}

/* It stands at the stop that space_off() has asked for, or at the exit of the call that this has ended. */
static bool is_asked(const struct tracee *t)
{
	struct __ptrace_syscall_info call;
	siginfo_t si;

	if (t->state != TRACEE_RUNNING || !t->interrupted || t->in_vfork || wait_look(t->tid, &si, WNOHANG) <= 0 ||
	    si.si_code != CLD_TRAPPED)
		return false;
	if (si.si_status == (SIGTRAP | PTRACE_EVENT_STOP << 8))
		return true;
	return si.si_status == (SIGTRAP | 0x80) &&
	       ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(call), &call) > 0 && call.op == PTRACE_SYSCALL_INFO_EXIT;
}

/* A thread of sp that can make calls now: the looker itself at the exit of its call, else one that was just stopped. */
static struct inject *begin(struct ptrace_source *s, struct tracee *looker, const struct space *sp, pid_t *ret_tid)
{
	uint64_t site = sp->nsites ? sp->sites[0].call : 0;
	struct tracee *by = looker->space == sp ? looker : NULL;
	uint8_t there[2];

	for (struct tracee *t = s->tracees; t && looker->space != sp && !by; t = t->hh.next)
		if (t->space == sp && is_asked(t))
			by = t;
	if (!by || mem_read(by->tid, site, there, 2) != 2 || memcmp(there, "\x0f\x05", 2) != 0)
		return NULL;
	*ret_tid = by->tid;
	return inject_begin_at(by, site, by != looker);
}

void space_hide(struct ptrace_source *s, struct tracee *looker, struct tracee *subject)
{
	struct space *sp = subject->space;
	struct inject *in;
	pid_t tid;

	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->pid == subject->pid || (sp && t->space == sp))
			t->stubs_tried = true, t->stubs_why = SPACE_LOOKED;
	if (!sp || sp->hidden || looker->arch != ARCH_X86_64 || subject->own_seccomp || looker->own_seccomp)
		return;
	space_off_for(s, sp, SPACE_LOOKED);
	if (sp->off_due || sp->patched || !(in = begin(s, looker, sp, &tid)))
		return;
	unmap(in, tid, sp);
	inject_end(in);
	sp->hidden = true;
}
