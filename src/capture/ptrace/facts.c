/* SPDX-License-Identifier: MIT */
/* Asks the kernel about descriptors, at the exit of the call that brought them (enum fd_ask). */
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "capture/proc/fd.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/status.h"
#include "record/build.h"

enum { FAN_INFO_PIDFD = 4, EVENTS_MAX = 128 };

struct asking { struct ptrace_source *s; struct tracee *t; bool text; };

static void ask(const struct asking *a, int fd)
{
	struct fd_facts f;

	if (fd < 0)
		return;
	/* one that is gone again is reported, too: what it was is not known */
	if (!proc_fd_ask(&a->s->fds, a->t->tid, fd, a->text, &f))
		f.fact.mode = 0;
	proc_fd_put(&a->t->chunks, CHUNK_AT_EXIT, &f);
	looked_described(a->s, a->t, &f.fact);
	status_opened(a->s, a->t, fd, &f.fact);
	a->s->has |= proc_fd_has(&f);
}

static void ask_number(const struct asking *a, int fd)
{
	struct fd_facts f;

	if (fd < 0 || !proc_fd_stat(&a->s->fds, a->t->tid, fd, &f))
		return;
	proc_fd_put(&a->t->chunks, CHUNK_AT_EXIT, &f);
	looked_described(a->s, a->t, &f.fact);
}

/*
 * By another task that uses the same descriptors: the one that has made the call may have ended since
 * (facts_can_wait()).
 */
static bool stat_by_others(const struct asking *a, int fd, struct fd_facts *ret)
{
	for (const struct tracee *t = a->s->tracees; t; t = t->hh.next)
		if (t->files == a->t->files && t != a->t && proc_fd_stat(&a->s->fds, t->tid, fd, ret))
			return true;
	return false;
}

/* An ordinary file, by its name: nothing is recorded of it. */
static void ask_kind(const struct asking *a, int fd)
{
	struct fd_facts f;

	if (!proc_fd_stat(&a->s->fds, a->t->tid, fd, &f) && !stat_by_others(a, fd, &f))
		f.fact.mode = 0;	/* gone with its process: what it was is not known */
	if (f.unlinked)
		ask(a, fd);
	else if (!S_ISREG(f.fact.mode))
		proc_fd_put(&a->t->chunks, CHUNK_AT_EXIT, &f);
	else
		status_opened(a->s, a->t, fd, &f.fact);
}

static void ask_one(void *ctx, int fd) { ask(ctx, fd); }

/* struct fanotify_event_metadata, behind each its information records: FAN_REPORT_PIDFD brings another descriptor. */
static void ask_events(const struct asking *a, uint64_t addr, uint64_t len)
{
	struct fanotify_event_metadata m;
	struct { uint8_t type, pad; uint16_t len; int32_t fd; } info;
	unsigned n = 0;

	if (!(a->s->has & PROC_HAS_FANOTIFY) || !proc_fd_is(&a->s->fds, a->t->tid, (int)a->t->args[0], PROC_FANOTIFY))
		return;
	for (uint64_t at = 0; at + sizeof(m) <= len && n < EVENTS_MAX; at += m.event_len, n++) {
		if (mem_read(a->t->tid, addr + at, &m, sizeof(m)) != sizeof(m) || m.event_len < sizeof(m) ||
		    m.vers != FANOTIFY_METADATA_VERSION)
			return;
		ask(a, m.fd);
		for (uint64_t i = at + m.metadata_len; m.metadata_len && i + sizeof(info) <= at + m.event_len;
		     i += info.len) {
			if (mem_read(a->t->tid, addr + i, &info, sizeof(info)) != sizeof(info) || info.len < 4)
				break;
			if (info.type == FAN_INFO_PIDFD)
				ask(a, info.fd);
		}
	}
}

/* seccomp(2) made a listener: its filter is the process's from now on (TSYNC), or this thread's and its children's. */
static void supervised(struct ptrace_source *s, const struct tracee *by)
{
	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		t->supervised |= t->pid == by->pid;
}

/*
 * Where reads do not stop, the one of a file that would show us has to be known as such before the program goes on: not
 * by another name than its own, or that of a descriptor.
 */
static bool may_show_us(const struct tracee *t)
{
	const struct record_chunk *c = (const struct record_chunk *)t->chunks.s;

	return t->chunks.len <= sizeof(*c) || c->part != PART_BYTES || c->flags & (CHUNK_FAULT | CHUNK_TRUNC) ||
	       memmem(c + 1, c->len, "status", 6) || memmem(c + 1, c->len, "map", 3) ||
	       memmem(c + 1, c->len, "fd/", 3);
}

/*
 * While we ask, no call of ours goes on that closes a descriptor or puts another in its place: each of them stops
 * before it does (close, dup2, close_range, exec: names need them, so whatever is chosen).  What does not stop: an
 * exit, which takes the descriptor away but puts none in its place; io_uring; a supervisor, who may answer calls
 * that the filter hands over; and calls made in stubs.
 */
bool facts_can_wait(struct ptrace_source *s, const struct tracee *t)
{
	return !s->attached && !t->supervised && !t->space && (!s->inside || !may_show_us(t)) &&
	       !(s->has & PROC_HAS_RING) &&
	       ptrace_plan(s, t->arch, t->nr)->ask == ASK_KIND;
}

static void ask_all(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	const struct capture_plan *plan = ptrace_plan(s, t->arch, t->nr);
	struct asking a = { s, t, false };
	const struct syscall_spec *spec = syscall_spec(t->arch, t->nr);
	int fds[2] = { -1, -1 };

	if (t->supervised && plan->returns_fd && plan->ask != ASK_RETURNED) {
		a.text = true;
		ask(&a, (int)ret);
		return;
	}
	if (!cond_holds(spec_question(spec).when, t->args))
		return;
	if (spec->effect == FX_SECCOMP)
		supervised(s, t);
	switch ((enum fd_ask)plan->ask) {
	case ASK_NOTHING: return;
	case ASK_KIND:
		if (!kind_is_known(spec, t->args))
			ask_kind(&a, (int)ret);
		return;
	case ASK_NUMBER: ask_number(&a, (int)ret); return;
	case ASK_RETURNED: ask(&a, (int)ret); return;
	case ASK_ARGUMENT: ask(&a, (int)t->args[0]); return;
	case ASK_CONTROL: control_each(t, CHUNK_AT_EXIT, ask_one, &a); return;
	case ASK_EVENTS: ask_events(&a, t->args[plan->ask_arg], (uint64_t)ret); return;
	case ASK_PAIR:
		mem_read(t->tid, t->args[plan->ask_arg], fds, sizeof(fds));
		ask_number(&a, fds[0]);
		ask_number(&a, fds[1]);
		return;
	case ASK_WRITTEN:
		mem_read(t->tid, t->args[plan->ask_arg], fds, sizeof(fds[0]));
		ask(&a, fds[0]);
		return;
	}
}

void facts_ask(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	size_t from = t->chunks.len;

	if (t->space)
		space_asks(s, t);
	ask_all(s, t, ret);
	if (t->space)
		space_asked(s, t, from);
}
