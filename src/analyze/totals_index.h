/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of totals, shared by its files: rows with their place in an index.  totals_index.c keeps their names,
 * totals_calls.c counts calls, totals_files.c knows paths, totals_conns.c sockets, totals_procs.c processes and
 * memory; totals.c takes the events and hands them on.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "analyze/totals.h"
#include "analyze/group_kills.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "decode/call.h"
#include "event/event.h"

#define STRINGS_MAX (24u << 20)		/* bytes of names kept; further new rows go to `others` */
#define CACHE 1024

/* Rows with their place in an index.  Allocated from the arena, freed together. */
struct file_row { struct totals_file row; struct bytes linked; /* a second name given to it */ UT_hash_handle hh; };
struct made_row { struct totals_made row; UT_hash_handle hh; };
struct lookup_row { struct totals_lookup row; struct bytes key; UT_hash_handle hh; };
struct conn_row { struct totals_conn row; UT_hash_handle hh; };
struct proc_row { struct totals_proc row; unsigned pos; UT_hash_handle hh; };
struct error_key { const struct syscall_spec *spec; uint32_t nr; uint16_t arch; uint16_t err; };
struct error_row { struct totals_error row; struct error_key key; UT_hash_handle hh; };

struct env_row { struct totals_env env; UT_hash_handle hh; };
struct ring_row { uint32_t file; UT_hash_handle hh; };	/* an io_uring that was there already */

/* Address spaces of living processes. */
struct mm_row { uint32_t id, nprocs; uint64_t heap, mapped, reserved; UT_hash_handle hh; };
struct live_row { uint32_t proc; struct mm_row *mm; UT_hash_handle hh; };

struct totals_index {
	struct arena arena;
	size_t strings;
	struct noise *noise;
	struct group_kills group_kills;
	struct endings *endings;
	struct spending *spending;
	struct file_row *files;
	struct made_row *made;
	struct lookup_row *lookups;
	struct conn_row *conns;
	struct proc_row *procs;
	struct error_row *errors;
	struct groups *groups;			/* NULL: nothing is summed by what it is about */
	struct ring_row *rings;
	struct env_row *envs;
	struct mm_row *mms;
	struct live_row *lives;
	uint64_t heap, mapped, reserved;			/* now, over all living address spaces */
	struct { uint32_t id, renames; const char *name; struct totals_file *row; } file_cache[CACHE];
	uint32_t renames;			/* so far: cached rows may be another path's since */
	struct { uint32_t id; struct conn_row *row; } conn_cache[CACHE];
	uint32_t last_other_conn;		/* the last that has no row */
	struct totals_proc *last_proc;
	uint64_t now_ns;			/* when the event under way began */
	struct totals_call *calls[3][SYSCALL_MAX + 1];
	uint32_t last_task;			/* whose call, entered when, was counted last */
	uint64_t last_enter_ns;
	bool judged;				/* the next event's noise is known */
	bool targets;				/* what was asked for is known */
	struct buf tmp;
};

static inline bool totals_full(const struct totals *t, unsigned n)
{
	return n >= t->rows_max || t->index->strings >= STRINGS_MAX;
}
static inline bool totals_is_network(int family)
{
	return family != AF_UNIX && family != AF_NETLINK && family != AF_UNSPEC;
}

/* Appends to a table; evaluates to the row's number. */
#define TABLE_ADD(table, ptr) ({ \
	__typeof__(&(table)) t_ = &(table); \
	if (t_->n == t_->cap) { \
		t_->cap = t_->cap ? t_->cap * 2 : 64; \
		t_->v = xrealloc(t_->v, t_->cap * sizeof(*t_->v)); \
	} \
	t_->v[t_->n] = (ptr); \
	t_->n++; })

/* The first of n words, max bytes of them: in t->index->tmp, until that is used again. */
struct totals_words totals_keep_words(struct totals *t, const struct bytes *v, unsigned n, uint64_t all, size_t max);
struct bytes totals_keep(struct totals *t, const char *s, uint32_t len);	/* a copy that lives as long as t */

/* NULL: nothing with a name of its own (pipes, sockets, …). */
struct totals_file *totals_file_of(struct totals *t, const struct file *f);
void totals_file_event(struct totals *t, const struct event *ev);
void totals_made_event(struct totals *t, const struct event *ev);
void totals_lookup_failed(struct totals *t, const struct event *ev);

struct totals_conn *totals_conn_of(struct totals *t, const struct event *ev, const struct file *f,
				   const struct conn *conn);
struct totals_conn *totals_conn_known(struct totals *t, uint32_t id);	/* NULL: it has no row */
void totals_conn_event(struct totals *t, const struct event *ev);
void totals_conn_release(struct totals *t, const struct event *ev);

void totals_call_event(struct totals *t, const struct event *ev);
void totals_counts_event(struct totals *t, const struct item *item);	/* RECORD_COUNTS */
/* How the run was started, from START; how a process was, from its EXEC (item), or as it was found. */
void totals_start_kept(struct totals *t, const struct item *item);
void totals_exec_kept(struct totals *t, struct totals_proc *p, const struct proc *proc, const struct item *item);

/* parent NULL: it has none that is kept */
void totals_owner_inherit(struct totals *t, struct totals_proc *p, const struct totals_proc *parent);
void totals_owner_event(struct totals *t, const struct event *ev, struct totals_proc *p);

struct totals_proc *totals_proc_find(struct totals *t, const struct proc *p);	/* of totals_proc_of() */
/* Its row, which is made for the first of its events.  Inlined: mostly it is that of the event before. */
static inline struct totals_proc *totals_proc_of(struct totals *t, const struct proc *p)
{
	struct totals_proc *last = t->index->last_proc;

	return last && last->id == p->id ? last : totals_proc_find(t, p);
}
bool signal_of_limit(const struct event *ev);	/* the kernel sent it, for a limit that was reached */
void totals_signal_event(struct totals *t, const struct event *ev);
void totals_proc_event(struct totals *t, const struct event *ev, struct totals_proc *p);
/* It died of a SIGPIPE for a write to a pipe that nothing read, or to a connection that was closed. */
void totals_proc_broke(struct totals_proc *p, bool socket);
/* Brings the sums up to what the process's address space is now; mm NULL: the process is gone. */
void totals_memory_update(struct totals *t, const struct proc *proc, const struct mm *mm);

/* One more call of that row. */
static inline void totals_call_add(struct totals_call *row, const struct event *ev, bool failed)
{
	const struct call *c = ev->call;

	row->count++;
	row->errors += failed;
	row->running += c->running;
	row->never += (c->unfinished && !c->running) || c->spec->effect == FX_EXIT;
	/* of what never returned: until its thread ended in it, where that is known */
	if (c->exit_ns >= c->enter_ns || c->running || c->until_ns > c->enter_ns)
		hist_add(&row->dur, c->unfinished ? ev->dur_ns : c->exit_ns - c->enter_ns);
	if (c->cpu) {
		row->ncpu++;
		row->cpu_ns += c->cpu->ns;
		row->stops_ns += c->cpu->stops_ns;
	}
}
