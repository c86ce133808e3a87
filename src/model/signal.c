/* SPDX-License-Identifier: MIT */
/* A signal reached a thread: who sent it, and what the thread was at when the kernel sent it for that. */
#include "model/signal.h"

#include <linux/audit.h>
#include <signal.h>

#include "model/emit.h"
#include "model/namespace.h"
#include "model/path.h"
#include "model/strings.h"
#include "model/task.h"
#include "model/world.h"

void signal_place(struct world *w, const struct item *item)
{
	const struct record_place *r = item->place;
	struct tnode *t = task_get(w, r->h.pid, r->h.tid, r->h.ts_ns);

	t->place.ip = r->ip;
	t->place.forbidden = r->nr >= 0 && r->nr < SYSCALL_MAX && r->arch == AUDIT_ARCH_X86_64 ?
				     syscall_spec(ARCH_X86_64, (unsigned)r->nr) :
				     NULL;
	pnode_of(t->t.proc)->refused.call = t->place.forbidden;
	pnode_of(t->t.proc)->refused.ip = r->ip;
}

void signal_code(struct world *w, const struct item *item)
{
	const struct record_code *r = item->code;
	struct tnode *t = task_get(w, r->h.pid, r->h.tid, r->h.ts_ns);
	const struct part *file = parts_find(item->parts, item->nparts, -1, PART_PATH, 0),
			  *symbol = parts_find(item->parts, item->nparts, -1, PART_SYMBOL, 0);

	if (!file)
		return;
	bytes_inside(&t->place.file, &t->t.fs->root, file->bytes, file->len);
	bytes_set(&t->place.symbol, symbol ? symbol->bytes : "", symbol ? symbol->len : 0);
	t->place.offset = r->offset;
	t->place.into = r->into;
}

static struct instruction instruction_of(const struct tnode *t)
{
	return (struct instruction){.file = t->place.file.s,
				    .file_len = t->place.file.len,
				    .symbol = t->place.symbol.len ? t->place.symbol.s : NULL,
				    .symbol_len = t->place.symbol.len,
				    .offset = t->place.offset,
				    .into = t->place.into};
}

void signal_reached(struct world *w, const struct item *item)
{
	const struct record_signal *r = item->signal;
	struct tnode *t = task_get(w, r->h.pid, r->h.tid, r->h.ts_ns);
	struct instruction at = instruction_of(t);
	struct event ev = event_at(r->h.ts_ns, t, EV_SIGNAL);

	ev.signo = r->signo;
	ev.sigcode = r->code;
	ev.sender_pid = r->sender_pid;
	ev.sender_uid = r->sender_uid;
	/*
	 * si_pid is a number of the receiver's pid namespace, and 0 where the sender has none there
	 * (pid_namespaces(7)).
	 */
	if (task_in_namespace(t) && r->sender_pid) {
		ev.sender_pid = proc_named(w, t, r->sender_pid);
		ev.sender_ns_pid = ev.sender_pid ? 0 : r->sender_pid;
	} else if (task_in_namespace(t)) {
		ev.sender_outside = r->code == SI_USER || r->code == SI_QUEUE || r->code == SI_TKILL ||
				    r->code == SI_MESGQ;
	}
	ev.addr = r->addr;
	ev.flags = r->h.flags;
	ev.ip = t->place.ip;
	ev.forbidden = t->place.forbidden;
	ev.instruction = at.file ? &at : NULL;
	t->place.ip = 0;
	t->place.forbidden = NULL;
	pnode_of(t->t.proc)->refused.call = NULL;
	world_emit(w, &ev);
	bytes_done(&t->place.file);
	bytes_done(&t->place.symbol);
}
