/* SPDX-License-Identifier: MIT */
/* Effects on processes.  What FORK, EXEC and EXIT records record is done there (fork.c, exec.c, exit.c). */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "model/effect.h"
#include "model/fdtab.h"
#include "model/file.h"
#include "model/fs.h"
#include "model/namespace.h"
#include "model/path.h"
#include "model/strings.h"
#include "model/task.h"

enum { EXECVE_CHECK = 0x10000, SELF_THREAD_PIDFD = -10000, SELF_PROCESS_PIDFD = -10001 };	/* Linux 6.14 */

/* The EXEC record did the work; here is what did not succeed, and what only asks whether the file may be executed. */
void fx_exec(struct fx *x)
{
	fx_path(x, 0, PATH_FOLLOW);
	if (fx_word(x, "flags", 0) & EXECVE_CHECK)
		x->ev->kind = EV_LOOKUP;
	else if (x->has_ret && x->c->err)
		x->ev->kind = EV_EXEC_FAILED;
}

void fx_clone(struct fx *x)
{
	int args = fx_named(x, "args"), parent_tid = fx_named(x, "parent_tid"), fd;
	const struct part *p = NULL;
	uint64_t flags = x->c->args[0].word;

	if (!x->ok || !x->has_ret || x->c->ret <= 0)
		return;
	namespace_number(x->w, x->tn, (uint32_t)x->c->ret);
	fx_target(x, (uint32_t)x->c->ret);
	if (args >= 0) {	/* clone3: in the struct */
		flags = 0;
		if (x->c->args[args].bytes)
			memcpy(&flags, x->c->args[args].bytes, MIN(x->c->args[args].len, sizeof(flags)));
		p = fx_part(x, args, PART_INT, true);
	} else if (parent_tid >= 0) {
		p = fx_part(x, parent_tid, PART_BYTES, true);
	}
	if (!(flags & CLONE_PIDFD) || !p || p->len < sizeof(fd))
		return;

	struct file *f;

	memcpy(&fd, p->bytes, sizeof(fd));
	f = fx_new(x, fd, FILE_PIDFD, "", 0, true);
	f->open_flags = O_RDWR;
	file_set_target(x->w, f, x->ev->target_pid);
	x->ev->fd = fd;
	x->ev->file = f;
}

void fx_exit(struct fx *x)
{
	if (x->c->forbidden)
		return;
	if (fx_is(x, "exit_group")) {
		x->p->group_exit = true;
		x->p->group_status = (int)(x->c->args[0].word & 0xff) << 8;
	} else {
		x->tn->exiting = true;
	}
}

/* Who ended is named by the result (waitid: in siginfo). */
void fx_wait(struct fx *x)
{
	const struct call *c = x->c;
	int info = fx_named(x, "infop"), status = fx_named(x, "wstatus");
	struct pnode *p = x->p;
	struct ended *e = NULL;
	uint32_t pid = 0;

	x->ev->status = -1;
	if (!x->ok || !x->has_ret)
		return;
	if (info >= 0) {
		int si[5] = { 0 };	/* signo, errno, code, pad, pid */

		if (c->args[info].bytes && c->args[info].len >= sizeof(si))
			memcpy(si, c->args[info].bytes, sizeof(si));
		pid = (uint32_t)si[4];
	} else if (c->ret > 0) {
		pid = (uint32_t)c->ret;
	}
	if (!pid)
		return;
	x->ev->target_pid = pid;
	for (unsigned i = 0; i < p->nended && !e; i++)
		if ((task_in_namespace(x->tn) && p->ended[i].ns_pid ? p->ended[i].ns_pid : p->ended[i].pid) == pid)
			e = &p->ended[i];
	if (e) {
		x->ev->target_pid = e->pid;
		x->ev->target_proc = e->id;
		x->ev->status = e->status;
		if (!(fx_word(x, "options", 0) & 0x01000000 /* WNOWAIT */)) {
			p->nended--;
			memmove(e, e + 1, (size_t)(&p->ended[p->nended] - e) * sizeof(*e));
		}
	} else {	/* stopped or continued */
		fx_target(x, pid);
	}
	if (status >= 0 && c->args[status].bytes && c->args[status].len >= sizeof(int))
		memcpy(&x->ev->status, c->args[status].bytes, sizeof(int));
}

void fx_unshare(struct fx *x)
{
	uint64_t flags = x->c->args[0].word;

	x->ev->flags = (uint32_t)flags;
	if (!x->ok)
		return;
	if ((flags & CLONE_FILES) && x->t->fds->refs > 1)
		task_set_fds(x->w, x->tn, fdtab_copy(x->w, x->t->fds));
	if (flags & (CLONE_FS | CLONE_NEWNS | CLONE_NEWUSER))
		task_own_fs(x->tn);
}

/* /proc/PID/ns/pid, or a pidfd: whose pid namespace it stands for. */
static struct tnode *owner_of_namespace(struct fx *x, const struct file *f)
{
	unsigned number;
	int len = 0;

	if (f->kind == FILE_PIDFD)
		return f->target_pid ? task_find(x->w, f->target_pid) : NULL;
	if (!f->name.s || sscanf(f->name.s, "/proc/%u/ns/pid%n", &number, &len) != 1 || (size_t)len != f->name.len)
		return NULL;
	return task_named(x->w, x->tn, number);
}

void fx_setns(struct fx *x)
{
	struct file *f = fx_fd(x, 0);
	uint64_t type = x->c->args[1].word;

	struct tnode *owner = x->ok && f && (!type || type & CLONE_NEWPID) ? owner_of_namespace(x, f) : NULL;

	x->ev->flags = (uint32_t)type;
	if (owner)
		x->tn->entered_ns = namespace_of(pnode_of(owner->t.proc));
	if (!x->ok ||
	    !((type & CLONE_NEWNS) || (f && f->name.len > 4 && memcmp(f->name.s + f->name.len - 4, "/mnt", 4) == 0)))
		return;
	task_own_fs(x->tn);	/* entering a mount namespace, both are its root */
	bytes_set(&x->t->fs->cwd, "/", 1);
	bytes_set(&x->t->fs->root, "/", 1);
}

static void target_group(struct fx *x, uint32_t number)
{
	uint32_t leader = number ? proc_named(x->w, x->tn, number) : x->p->p.pgid;

	x->ev->target_group = !number || leader || !task_in_namespace(x->tn);
	x->ev->target_pgid = leader ? leader : number;
}

/* All that it may signal, in its pid namespace and below. */
static void target_all(struct fx *x)
{
	x->ev->target_all = true;
	x->ev->init = namespace_of(x->p);
}

void fx_kill(struct fx *x)
{
	int sig = fx_arg(x, ARG_SIGNAL, 0), pid = fx_arg(x, ARG_PID, 1);
	int64_t target;

	if (sig >= 0)
		x->ev->signo = (int)x->c->args[sig].word;
	if (pid < 0)
		pid = fx_arg(x, ARG_PID, 0);
	if (pid >= 0) {		/* of tgkill's two the thread */
		target = (int32_t)x->c->args[pid].word;
		if (target > 0)
			fx_target(x, (uint32_t)target);
		else if (target != -1)
			target_group(x, (uint32_t)-target);
		else
			target_all(x);
	} else if ((int)x->c->args[0].word == SELF_THREAD_PIDFD || (int)x->c->args[0].word == SELF_PROCESS_PIDFD) {
		x->ev->target_pid = x->p->p.pid;
		x->ev->target_proc = x->p->p.id;
	} else {
		struct file *f = fx_fd(x, 0);
		struct pnode *p = f && f->target_pid ? proc_find(x->w, f->target_pid) : NULL;

		x->ev->target_pid = f ? f->target_pid : 0;
		x->ev->target_proc = p ? p->p.id : 0;
	}
}

void fx_setsid(struct fx *x)
{
	if (x->ok && x->has_ret)
		x->p->p.sid = x->p->p.pgid = x->p->p.pid;
}

void fx_setpgid(struct fx *x)
{
	uint32_t pid = (uint32_t)x->c->args[0].word, pgid = (uint32_t)x->c->args[1].word;
	struct pnode *p = pid ? fx_target(x, pid) : x->p;
	struct tnode *leader = pgid ? task_named(x->w, x->tn, pgid) : NULL;

	if (p && x->ok)
		p->p.pgid = leader ? leader->t.tid : pgid ? pgid : p->p.pid;
}

void fx_prctl(struct fx *x)
{
	int option = (int)x->c->args[0].word;
	const struct value *arg2 = &x->c->args[1];

	if (!x->ok)
		return;
	if (option == PR_SET_NAME && arg2->bytes && !arg2->fault)
		comm_set(x->tn, arg2->bytes, strnlen(arg2->bytes, arg2->len));
	else if (option == PR_SET_CHILD_SUBREAPER)
		x->p->p.reaper = arg2->word != 0;
}
