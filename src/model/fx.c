/* SPDX-License-Identifier: MIT */
/* What effects share: arguments of the call, the files and tasks they name, what moved. */
#include <fcntl.h>
#include <string.h>

#include "model/effect.h"
#include "model/emit.h"
#include "model/fdtab.h"
#include "model/file.h"
#include "model/namespace.h"
#include "model/path.h"
#include "model/peer.h"
#include "model/task.h"

int fx_arg(const struct fx *x, enum arg_type type, unsigned nth)
{
	for (unsigned i = 0; i < x->c->nargs; i++)
		if (x->c->args[i].spec->type == type && nth-- == 0)
			return (int)i;
	return -1;
}

/* Most differ in the first letter. */
static bool is_called(const char *is, const char *name)
{
	return is && *is == *name && strcmp(is, name) == 0;
}

int fx_named(const struct fx *x, const char *name)
{
	for (unsigned i = 0; i < x->c->nargs; i++)
		if (is_called(x->c->args[i].spec->name, name))
			return (int)i;
	return -1;
}

uint64_t fx_word(const struct fx *x, const char *name, uint64_t otherwise)
{
	int i = fx_named(x, name);

	return i < 0 ? otherwise : x->c->args[i].word;
}

bool fx_is(const struct fx *x, const char *call_name)
{
	return is_called(x->c->spec->name, call_name);
}

const struct part *fx_part(const struct fx *x, int arg, enum chunk_part part, bool at_exit)
{
	for (unsigned i = 0; i < x->c->nparts; i++) {
		const struct part *p = &x->c->parts[i];

		if (p->arg == arg && p->part == part && !(p->flags & CHUNK_AT_EXIT) == !at_exit)
			return p;
	}
	return NULL;
}

struct file *fx_file_at(struct fx *x, int fd)
{
	struct fdent *e = fdtab_at(x->t->fds, fd);

	if (e)	/* installed while this call was under way: it means the one before, which is gone or about to go */
		return e->since_ns <= x->c->enter_ns ? e->file : fdtab_past(x->t->fds, fd, x->c->enter_ns);
	if (!x->ok || !x->has_ret || fd < 0)
		return NULL;
	fdtab_set(x->w, x->t->fds, fd, file_of_fd(x->w, fd, 0), false, x->c->enter_ns);
	return task_file(x->t, fd);	/* NULL when there was no room */
}

struct file *fx_fd(struct fx *x, unsigned nth)
{
	const struct call *c = x->c;
	int i = nth == 0 && c->args[0].spec->type == ARG_FD ? 0 : fx_arg(x, ARG_FD, nth);
	struct file *f;
	int fd;

	if (i < 0)
		return NULL;
	fd = (int)c->args[i].word;
	f = fx_file_at(x, fd);
	if (f)
		file_used(x->w, f, x->p);
	if (nth == 0) {
		x->ev->fd = fd;
		x->ev->file = f;
	} else {
		x->ev->fd2 = fd;
		x->ev->file2 = f;
	}
	return f;
}

struct path fx_path(struct fx *x, unsigned nth, unsigned how)
{
	int i = fx_arg(x, ARG_PATH, nth);
	struct path p = { "", 0, NULL };
	const struct value *v;
	int dirfd = AT_FDCWD;

	if (i < 0)
		return p;
	v = &x->c->args[i];
	if (i > 0 && x->c->args[i - 1].spec->type == ARG_DIRFD)
		dirfd = (int)x->c->args[i - 1].word;
	if (v->bytes && (v->len || (fx_word(x, "flags", 0) & AT_EMPTY_PATH)))
		p = path_resolve(x->w, x->tn, dirfd, v->bytes, v->len, how);
	else if (!v->bytes && !v->word && dirfd != AT_FDCWD)	/* utimensat(fd, NULL): the descriptor itself */
		p = path_resolve(x->w, x->tn, dirfd, "", 0, how);
	if (nth == 0) {
		x->ev->path = p.s;
		x->ev->path_len = p.len;
		x->ev->raw = v->len || !v->fault ? v->bytes : NULL;
		x->ev->raw_len = v->len;
		if (p.file) {
			x->ev->file = p.file;
			if (!v->len)
				x->ev->fd = dirfd;
		}
	} else {
		x->ev->path2 = p.s;
		x->ev->path2_len = p.len;
	}
	return p;
}

bool fx_real(struct fx *x, int arg, struct path *ret_path)
{
	return arg >= 0 && fx_real_of(x, fx_part(x, arg, PART_PATH, true), ret_path);
}

bool fx_real_of(struct fx *x, const struct part *p, struct path *ret_path)
{
	static const char deleted[] = " (deleted)";
	const char *s = p ? p->bytes : NULL;
	uint32_t len = p ? p->len : 0;

	if (!p || !p->len || p->bytes[0] != '/' ||
	    (p->len >= sizeof(deleted) &&
	     !memcmp(p->bytes + p->len - sizeof(deleted) + 1, deleted, sizeof(deleted) - 1)))
		return false;
	if (!path_inside(&x->t->fs->root, &s, &len))
		return false;	/* outside of its root: it would see no name */
	*ret_path = (struct path){ scratch_dup(x->w, s, len), len, NULL };
	return true;
}

void fx_was(struct fx *x, int fd, const struct file *f)
{
	x->ev->was.known = true;
	x->ev->was.fd = fd;
	if (f)
		x->ev->was.file = file_copy(scratch(x->w, file_copy_size(f)), f);
}

struct pnode *fx_target(struct fx *x, uint32_t number)
{
	struct tnode *t = task_named(x->w, x->tn, number);
	uint32_t ended = t ? 0 : proc_named(x->w, x->tn, number);	/* before its killer's call was over */

	x->ev->target_pid = t ? t->t.tid : ended ? ended : number;
	x->ev->target_proc = t ? t->t.proc->id : 0;
	return t ? pnode_of(t->t.proc) : NULL;
}

void fx_opened_by(const struct fx *x, struct file *f)
{
	if (f->opened_ns)
		return;
	f->opened_ns = x->c->exit_ns;
	f->opener_proc = x->p->p.id;
	fnode_of(f)->user = x->p->p.id;
	fnode_of(f)->user_pid = x->p->p.pid;
}

struct file *fx_install(struct fx *x, int fd, struct file *f, bool cloexec)
{
	fx_opened_by(x, f);
	fdtab_give(x->w, x->t->fds, fd, f, cloexec, x->c->exit_ns);
	return f;
}

struct file *fx_replace(struct fx *x, int fd, struct file *f, bool cloexec)
{
	fx_opened_by(x, f);
	fdtab_set(x->w, x->t->fds, fd, f, cloexec, x->c->exit_ns);
	return f;
}

struct file *fx_new(struct fx *x, int fd, enum file_kind kind, const char *name, size_t len, bool cloexec)
{
	return fx_install(x, fd, file_new(x->w, kind, name, len), cloexec);
}

void fx_moved(struct fx *x, struct file *in, struct file *out, uint64_t nbytes)
{
	struct proc *p = &x->p->p;

	if (in) {
		in->bytes_read += nbytes;
		*(in->sock ? &p->net_received : &p->bytes_read) += nbytes;
	}
	if (out) {
		out->bytes_written += nbytes;
		*(out->sock ? &p->net_sent : &p->bytes_written) += nbytes;
	}
}
