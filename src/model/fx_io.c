/* SPDX-License-Identifier: MIT */
/* Effects that move bytes between descriptors and memory. */
#include <fcntl.h>
#include <string.h>

#include "model/effect.h"
#include "model/namespace.h"
#include "model/task.h"

static bool advances(const struct fx *x, const struct file *f)
{
	int pos = f->has_pos ? fx_arg(x, ARG_OFF, 0) : -1;

	/* pread and friends leave the offset alone, but preadv2 with -1 uses it. */
	return f->has_pos && (pos < 0 || (int64_t)x->c->args[pos].word == -1);
}

/* Whose name the file holds: /proc/self/comm, /proc/PID/comm, /proc/PID/task/TID/comm.  NULL: of no thread. */
static struct tnode *comm_of(struct fx *x, const struct file *f)
{
	static const char proc[] = "/proc/", comm[] = "/comm";
	const char *p = f->name.s, *end = p + f->name.len - (sizeof(comm) - 1), *slash;
	uint64_t number = 0;

	if (f->name.len <= sizeof(proc) + sizeof(comm) || memcmp(end, comm, sizeof(comm) - 1) != 0 ||
	    memcmp(p, proc, sizeof(proc) - 1) != 0)
		return NULL;
	slash = memrchr(p, '/', (size_t)(end - p));
	if (end - slash == 12 && !memcmp(slash, "/thread-self", 12))
		return x->tn;
	if (end - slash == 5 && !memcmp(slash, "/self", 5))
		return task_find(x->w, x->p->p.pid);
	for (p = slash + 1; p < end; p++) {
		if (*p < '0' || *p > '9' || number > UINT32_MAX)
			return NULL;
		number = 10 * number + (uint64_t)(*p - '0');
	}
	return task_named(x->w, x->tn, (uint32_t)number);
}

/* Threads are named by writing to a file (pthread_setname_np(3)). */
static void comm_written(struct fx *x, const struct file *f)
{
	int i = fx_arg(x, ARG_BUF_IN, 0);
	const struct value *v = i < 0 ? NULL : &x->c->args[i];
	struct tnode *t = v && v->bytes ? comm_of(x, f) : NULL;

	if (t && v->len && !v->fault)
		comm_set(t, v->bytes, strnlen(v->bytes, v->len));
}

static void moved(struct fx *x, bool out)
{
	struct file *f = fx_fd(x, 0);

	if (out && f && f->kind == FILE_PIPE && (f->open_flags & O_ACCMODE) == O_RDONLY && fx_is(x, "vmsplice")) {
		out = false;	/* to or from memory: the end of the pipe decides */
		x->ev->kind = EV_READ;
	}
	if (f && f->sock) {
		x->ev->kind = out ? EV_SEND : EV_RECV;
		struct conn *c = fx_conn(x, f, NULL);

		x->ev->conn = c;
		x->ev->peer = c->has_peer ? &c->peer : NULL;
	}
	if (!x->ok || !x->has_ret)
		return;
	x->ev->nbytes = (uint64_t)x->c->ret;
	fx_moved(x, out ? NULL : f, out ? f : NULL, x->ev->nbytes);
	if (f && advances(x, f))
		f->pos += x->ev->nbytes;
	if (f && out && f->kind == FILE_REG && f->name.len > 5 && !memcmp(f->name.s + f->name.len - 5, "/comm", 5))
		comm_written(x, f);
}

void fx_read(struct fx *x)
{
	moved(x, false);
}

void fx_write(struct fx *x)
{
	moved(x, true);
}

void fx_transfer(struct fx *x)
{
	bool swapped = fx_named(x, "out_fd") == 0;	/* sendfile names the destination first */
	struct file *a = fx_fd(x, 0), *b = fx_fd(x, 1), *in, *out;

	in = swapped ? b : a;
	out = swapped ? a : b;
	x->ev->file = in;
	x->ev->file2 = out;
	if (swapped) {
		int fd = x->ev->fd;

		x->ev->fd = x->ev->fd2;
		x->ev->fd2 = fd;
	}
	if (in && in->sock)
		x->ev->conn = fx_conn(x, in, NULL);
	if (out && out->sock)
		x->ev->conn2 = fx_conn(x, out, NULL);
	if (!x->ok || !x->has_ret)
		return;
	x->ev->nbytes = (uint64_t)x->c->ret;
	fx_moved(x, fx_is(x, "tee") ? NULL : in, out, x->ev->nbytes);	/* tee leaves what it copies */
	if (in && in->has_pos) {
		int off = fx_named(x, swapped ? "offset" : "off_in");

		if (off < 0 || !x->c->args[off].word)
			in->pos += x->ev->nbytes;
	}
	if (out && out->has_pos) {
		int off = fx_named(x, "off_out");

		if (off < 0 || !x->c->args[off].word)
			out->pos += x->ev->nbytes;
	}
}

void fx_seek(struct fx *x)
{
	struct file *f = fx_fd(x, 0);
	int result = fx_named(x, "result");	/* _llseek */

	if (!f || !x->ok || !x->has_ret || (result >= 0 && x->c->args[result].len < sizeof(f->pos)))
		return;
	f->has_pos = true;
	f->pos = (uint64_t)x->c->ret;
	if (result >= 0)
		memcpy(&f->pos, x->c->args[result].bytes, sizeof(f->pos));
}

/* process_vm_readv, process_vm_writev */
void fx_vm_rw(struct fx *x)
{
	fx_target(x, (uint32_t)x->c->args[0].word);
	if (x->ok && x->has_ret)
		x->ev->nbytes = (uint64_t)x->c->ret;
}
