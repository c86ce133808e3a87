/* SPDX-License-Identifier: MIT */
#include "analyze/subject.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>

#include "abi/spec.h"
#include "analyze/futex.h"
#include "base/macro.h"

static bool by_file(const struct file *f, struct subject *ret)
{
	static const uint8_t what[_FILE_KIND_MAX] = {
		[FILE_UNKNOWN] = SPENT_EVENT,  [FILE_REG] = SPENT_FILE,	     [FILE_DIR] = SPENT_FILE,
		[FILE_TTY] = SPENT_TERMINAL,   [FILE_DEV] = SPENT_FILE,	     [FILE_PIPE] = SPENT_PIPE,
		[FILE_SOCKET] = SPENT_PEER,    [FILE_MEMFD] = SPENT_FILE,    [FILE_EVENTFD] = SPENT_EVENT,
		[FILE_EPOLL] = SPENT_EVENT,    [FILE_TIMERFD] = SPENT_SLEEP, [FILE_SIGNALFD] = SPENT_SIGNAL,
		[FILE_INOTIFY] = SPENT_WATCH,  [FILE_FANOTIFY] = SPENT_WATCH, [FILE_PIDFD] = SPENT_CHILD,
		[FILE_IO_URING] = SPENT_EVENT, [FILE_ANON] = SPENT_EVENT,
	};

	if (!f)
		return false;
	*ret = (struct subject){.what = what[f->kind], .file = f, .obj = f->id};
	return true;
}

/* What an event loop wakes itself by: no other process has the other end. */
static bool is_own(const struct file *f, const struct proc *p)
{
	bool pair = f->kind == FILE_PIPE || (f->sock && f->sock->family == AF_UNIX);

	return f->kind == FILE_EVENTFD || f->kind == FILE_TIMERFD || (pair && f->peer_file && f->peer_proc == p->id);
}

/*
 * What became ready.  Where nothing did until its time was over, or a signal came, the first that another process can
 * make ready; where there is no such thing that time, or the signal, is what was waited for.
 */
static bool of_waited(const struct event *ev, struct subject *ret)
{
	for (uint32_t i = 0; i < ev->nwaited; i++)
		if (!ev->timed_out || !ev->waited[i].file || !is_own(ev->waited[i].file, ev->task->proc))
			return by_file(ev->waited[i].file, ret);
	*ret = (struct subject){.what = ev->err ? SPENT_SIGNAL : SPENT_SLEEP};
	return true;
}

static bool of_poll(const struct event *ev, struct subject *ret)
{
	if (ev->nwaited)
		return of_waited(ev, ret);
	*ret = (struct subject){.what = ev->call->ret ? SPENT_EVENT : SPENT_SLEEP};
	if (ev->file && ev->file->kind == FILE_EPOLL)
		ret->what = SPENT_EVENT;
	return true;
}

static bool of_file(const struct event *ev, struct subject *ret)
{
	if (ev->file)
		return by_file(ev->file, ret);
	*ret = (struct subject){.what = SPENT_FILE, .path = ev->path, .path_len = ev->path_len};
	return true;
}

/* What only adds to semaphores never waits (semop(2)). */
static bool takes_semaphores(const struct value *ops)
{
	struct sembuf op;

	for (size_t at = 0; ops->bytes && at + sizeof(op) <= ops->len; at += sizeof(op)) {
		memcpy(&op, ops->bytes + at, sizeof(op));
		if (op.sem_op <= 0)
			return true;
	}
	return !ops->bytes;
}

/* fcntl(2): with F_SETLKW64 of i386, and of open file descriptions. */
static bool waits_for_lock(unsigned cmd) { return cmd == F_SETLKW || cmd == 14 || cmd == 38 /* F_OFD_SETLKW */; }

static bool of_file_lock(const struct event *ev, struct subject *ret)
{
	if (!by_file(ev->file, ret))
		*ret = (struct subject){0};
	ret->what = SPENT_LOCK;
	return true;
}

/* Calls that the model has no kind of event for. */
static bool of_other(const struct event *ev, struct subject *ret)
{
	const struct syscall_spec *spec = ev->call->spec;

	switch (spec->effect) {
	case FX_LOCK:
		return of_file_lock(ev, ret);
	case FX_FCNTL:
		return waits_for_lock((unsigned)ev->call->args[1].word) && of_file_lock(ev, ret);
	case FX_MESSAGE:
		if (!by_file(spec->groups & GRP_DESC ? ev->file : NULL, ret))
			*ret = (struct subject){0};
		ret->what = SPENT_MESSAGE;
		return true;
	case FX_SEMAPHORE:	/* of a number that all processes of the IPC namespace have */
		*ret = (struct subject){.what = SPENT_LOCK, .semaphores = true, .shared = true,
					.obj = (uint32_t)ev->call->args[0].word};
		return takes_semaphores(&ev->call->args[1]);
	case FX_IO_URING:
		if (ev->nwaited)
			return of_waited(ev, ret);
		*ret = (struct subject){.what = ev->timed_out ? SPENT_SLEEP : SPENT_EVENT};
		return true;
	case FX_DIR:
	case FX_FSTAT:
		return by_file(ev->file, ret);
	case FX_CLONE:
	case FX_EXEC:
	case FX_EXIT:
		return false;
	default:
		break;
	}
	if (!(spec->groups & GRP_WAIT))
		return false;
	*ret = (struct subject){.what = spec->groups & GRP_SIGNAL ? SPENT_SIGNAL : SPENT_EVENT};
	return true;
}

/*
 * Without FUTEX_PRIVATE_FLAG, in memory that is shared, a futex is the same for all processes that have it mapped
 * (futex(2)): by the file and where in it.
 */
struct subject subject_of_futex(const struct event *ev)
{
	struct futex_use use = futex_use(ev->call);
	struct subject s = {.what = SPENT_LOCK, .addr = use.addr};
	const struct mm *mm = ev->task->proc->mm;
	const struct region *r = mm && s.addr && !use.is_private ? mm_find(mm, s.addr) : NULL;

	if (!r || !(r->flags & MAP_SHARED) || (!r->path.len && !r->src))
		return s;
	s.shared = true;
	/* memory without a file is one by the mapping that forks copy: mm.c */
	if (r->path.len && r->path.s[0] == '/' && !(r->src >> 31)) {
		s.path = r->path.s;
		s.path_len = r->path.len;
	} else {
		s.obj = r->src;
	}
	s.addr = s.addr - r->start + r->offset;
	return s;
}

struct subject subject_of_fault(const struct event *ev)
{
	return (struct subject){.what = SPENT_FAULT, .path = ev->path_len ? ev->path : NULL, .path_len = ev->path_len};
}

bool subject_of(const struct event *ev, uint32_t joined, struct subject *ret)
{
	switch (ev->kind) {
	case EV_FUTEX:
		*ret = joined ? (struct subject){.what = SPENT_THREAD, .target = joined, .obj = joined}
			      : subject_of_futex(ev);
		return true;
	case EV_SLEEP:
		*ret = (struct subject){.what = ev->call->spec->groups & GRP_TIME ? SPENT_SLEEP : SPENT_SIGNAL};
		return true;
	case EV_WAIT:
		*ret = (struct subject){.what = SPENT_CHILD, .target = ev->target_proc, .obj = ev->target_proc};
		return true;
	case EV_POLL:
		return of_poll(ev, ret);
	case EV_FORK:
		if (!ev->child || !ev->call || !ev->child->proc)
			return false;
		/* vfork returns when the child execs or ends */
		*ret = (struct subject){.what = SPENT_CHILD, .target = ev->child->proc->id, .obj = ev->child->proc->id};
		return ev->call->exit_ns > ev->call->enter_ns && ev->flags & CLONE_VFORK;
	case EV_CALL:
		return of_other(ev, ret);
	default:
		break;
	}
	switch ((enum category)event_info(ev->kind)->category) {
	case CAT_FILE:
	case CAT_NETWORK:
		return of_file(ev, ret);
	default:
		return false;
	}
}
