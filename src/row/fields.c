/* SPDX-License-Identifier: MIT */
/* Where the fields of rows come from: a getter each, and the tables. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "abi/calm.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "config.h"
#include "row/enums.h"
#include "row/internal.h"

const char *const row_sock_kinds[] = { "tcp4",	  "tcp6", "udp4",  "udp6",  "unix",   "unix-dgram",
				       "netlink", "pipe", "other", "vsock", "packet", NULL };
const char *const row_sock_states[] = { "unconnected", "connecting", "connected", "accepted",
					"listening",   "bound",	     "failed",	  NULL };

/* What a getter ends with.  Only a hostile program or a damaged recording has more than 63 bits of anything. */
static bool u64(struct cell *v, uint64_t u) { v->u = u; return u <= INT64_MAX; }
static bool i64(struct cell *v, int64_t i) { v->i = i; return true; }
static bool not_0(struct cell *v, uint64_t u) { v->u = u; return u && u <= INT64_MAX; }
static bool bits(struct cell *v, uint64_t u) { v->u = u; return true; }
static bool word(struct cell *v, const char *s)
{
	v->s = s;
	v->n = s ? (uint32_t)strlen(s) : 0;
	return s;
}
static bool one_of(struct cell *v, const char *const *names, unsigned i)
{
	v->all = i;
	return word(v, names[i]);
}
static bool string(struct cell *v, const char *s, size_t n) { v->s = s; v->n = (uint32_t)n; return n; }
static bool bytes(struct cell *v, const struct bytes *b) { return string(v, b->s, b->len); }
static bool strings(struct cell *v, const struct bytes *list, unsigned n, uint64_t all)
{
	v->list = list;
	v->n = n;
	v->all = MAX(all, (uint64_t)n);
	return true;
}

/* What a list of strings lacks: bytes at their ends. */
static bool cut(struct cell *v, const struct bytes *list, unsigned n)
{
	uint64_t nbytes = 0;

	for (unsigned i = 0; i < n; i++)
		nbytes += list[i].cut;
	return not_0(v, nbytes);
}

static uint64_t more(uint64_t all, uint64_t n) { return all > n ? all - n : 0; }

#define GET(table, id) static bool get_##table##_##id(const struct row_ctx *c UNUSED, struct cell *v UNUSED)

/* ---- how it came out ---- */

/* The errno is the answer that was asked for: no terminal, no link, not yet.  Red is for what failed. */
static bool is_answer(const struct event *ev, int err)
{
	if (errno_is_internal(err))	/* interrupted by a signal: it is restarted, or returns EINTR to a handler */
		return true;
	if (ev->kind == EV_LOOKUP)
		return !totals_failed_lookup(ev);
	return ev->call && errno_is_answer(err, ev->call->spec->name);
}

int row_error(const struct event *ev)
{
	const struct call *c = ev->call;

	return c && (c->spec->ret == RET_NEVER || c->unfinished || c->no_exit) ? 0 : c ? c->err : ev->err;
}

enum row_outcome row_outcome(const struct event *ev)
{
	const struct call *c = ev->call;
	int err = row_error(ev);

	if (c && c->spec->ret == RET_NEVER)
		return ROW_OK;
	if (c && c->unfinished)
		return ROW_UNFINISHED;
	if (c && c->no_exit)
		return ROW_UNKNOWN;
	if (err <= 0)
		return ROW_OK;
	return is_answer(ev, err) ? ROW_ANSWER : ROW_FAILED_CALL;
}

bool row_is_failure(enum row_outcome outcome, int err)
{
	return outcome == ROW_FAILED_CALL && err < ROW_ERRNO_INTERNAL && !(errno_says(err) & ERR_PENDING);
}

GET(EVENT, OUTCOME)
{
	static const char *const names[] = {
		[ROW_OK] = "ok", [ROW_FAILED_CALL] = "failed", [ROW_ANSWER] = "answer", [ROW_UNFINISHED] = "unfinished", [ROW_UNKNOWN] = "unknown",
	};

	return one_of(v, names, c->outcome);
}
GET(EVENT, ERROR) { return c->err > 0 && word(v, errno_name(c->err)); }
GET(EVENT, ERRNO) { return c->err > 0 && u64(v, (uint64_t)c->err); }
GET(EVENT, RESULT) { return c->ev->call && c->outcome == ROW_OK && i64(v, c->ev->call->ret); }

/* ---- who, when, what ---- */

GET(EVENT, TIME) { return u64(v, row_time(c->r, c->ev->ts_ns)); }
GET(EVENT, THREAD) { return c->ev->task && u64(v, c->ev->task->id); }
GET(EVENT, PROCESS) { return c->ev->task && u64(v, c->ev->task->proc->id); }
GET(EVENT, PID) { return c->ev->task && u64(v, c->ev->task->proc->pid); }
GET(EVENT, TID) { return c->ev->task && u64(v, c->ev->task->tid); }
GET(EVENT, KIND) { return word(v, event_info(c->ev->kind)->name); }
GET(EVENT, CALL) { return c->ev->call && word(v, c->type->name); }
GET(EVENT, ABI)
{
	const struct call *call = c->ev->call;

	return call && call->arch != ARCH_X86_64 && word(v, call->arch == ARCH_X32 ? "x32" : "i386");
}
GET(EVENT, TYPE) { return u64(v, c->type->id); }
GET(EVENT, OP) { return word(v, meaning_op(c->type->means.op)); }
GET(EVENT, CATEGORY) { return word(v, meaning_category(c->type->means.category)); }
GET(EVENT, NOISE)
{
	enum noise_class class = c->r->totals->noise;

	v->all = class;
	return class != NOISE_NONE && !totals_came_to_nothing(c->ev) && word(v, noise_class_name(class));
}

GET(EVENT, DURATION)
{
	const struct event *ev = c->ev;
	uint64_t start = row_time(c->r, ev->ts_ns);

	/* it is reported when tracing of the task ends: until then it ran */
	if (ev->call && ev->call->unfinished && !ev->dur_ns && ev->call->spec->ret != RET_NEVER)
		return u64(v, c->r->last_ns - MIN(c->r->last_ns, start));
	return u64(v, ev->dur_ns);
}

/* ---- about what ---- */

GET(EVENT, FD) { return c->ev->fd >= 0 && i64(v, c->ev->fd); }
GET(EVENT, FILE) { return c->ev->file && not_0(v, c->ev->file->id); }
GET(EVENT, CONNECTION) { return not_0(v, c->conn_id); }
GET(EVENT, NEW_FD) { return i64(v, c->ev->fd2); }
GET(EVENT, FD2) { return c->ev->fd2 >= 0 && i64(v, c->ev->fd2); }
GET(EVENT, FILE2) { return c->ev->file2 && not_0(v, c->ev->file2->id); }
GET(EVENT, PEER) { v->addr = c->ev->peer; return v->addr; }
GET(EVENT, BYTES) { return !c->ev->err && u64(v, c->ev->nbytes); }
GET(EVENT, ADDRESS) { return c->ev->nbytes && bits(v, c->ev->addr); }
GET(EVENT, SIZE) { return u64(v, c->ev->nbytes); }
GET(EVENT, PROT) { return u64(v, c->ev->prot); }
GET(EVENT, FLAGS) { return u64(v, c->ev->flags); }
GET(EVENT, MAJOR) { return u64(v, c->ev->item->head->flags & FAULT_MAJOR ? 1 : 0); }

GET(EVENT, PATH)
{
	const struct event *ev = c->ev;

	if (c->called)
		return string(v, c->called->s, c->called->len);
	if (ev->path_len)
		return string(v, ev->path, ev->path_len);
	if (ev->raw_len)	/* could not be resolved */
		return string(v, ev->raw, ev->raw_len);
	return ev->file && bytes(v, &ev->file->name);
}

/* Of two that change places which is which only the arguments say. */
GET(EVENT, NEW_PATH)
{
	return (c->ev->kind != EV_RENAME || !(c->ev->flags & 2 /* RENAME_EXCHANGE */)) &&
	       string(v, c->ev->path2, c->ev->path2_len);
}

GET(EVENT, DISK_BYTES)
{
	unsigned op = c->ev->item->block->op;

	return (op == BLOCK_READ || op == BLOCK_WRITE) &&
	       i64(v, op == BLOCK_READ ? (int64_t)c->ev->nbytes : -(int64_t)c->ev->nbytes);
}

GET(EVENT, GROWTH)
{
	const struct event *ev = c->ev;

	switch (ev->kind) {
	case EV_MMAP: return !ev->err && i64(v, (int64_t)ev->nbytes);
	case EV_MUNMAP: return !ev->err && i64(v, -(int64_t)ev->nbytes);
	default: return i64(v, ev->delta);
	}
}

GET(EVENT, CHILD)
{
	const struct event *ev = c->ev;

	if (ev->kind != EV_CALL)
		return ev->child && u64(v, ev->child->id);
	/* the new task was reported before the call returned */
	return ev->call && ev->call->spec->effect == FX_CLONE && !ev->call->err && ev->task &&
	       not_0(v,
		     ((const struct thread_state *)store_row((struct store *)(uintptr_t)&c->r->threads, ev->task->id))
			     ->last_child);
}

static bool process_seen(const struct rows *r, uint32_t id)
{
	return id && ((const struct process_state *)store_row((struct store *)(uintptr_t)&r->processes, id))->seen;
}

GET(EVENT, TARGET) { return process_seen(c->r, c->ev->target_proc) && u64(v, c->ev->target_proc); }
GET(EVENT, TARGET_PID) { return not_0(v, c->ev->target_pid); }
GET(EVENT, STATUS) { return i64(v, c->ev->status); }
GET(EVENT, SIGNO) { return u64(v, (uint64_t)c->ev->signo); }
GET(EVENT, SIGNAL) { return word(v, signal_name(c->ev->signo)); }
GET(EVENT, SENDER_PID) { return not_0(v, c->ev->sender_pid); }
GET(EVENT, SENDER_UID) { return c->ev->sender_pid && u64(v, c->ev->sender_uid); }
GET(EVENT, LOST) { return u64(v, c->ev->count); }
GET(EVENT, REASON) { return string(v, c->ev->text, c->ev->text_len); }
GET(EVENT, WAKER_TID) { return not_0(v, c->ev->item->sched->waker_tid); }
GET(EVENT, ARGS) { return c->ev->call; }
GET(EVENT, STACK) { v->stack = c->ev->stack; return c->ev->stack; }

/* ---- types ---- */

GET(TYPE, ID) { return u64(v, c->id); }
GET(TYPE, NAME) { return word(v, c->type->name); }
GET(TYPE, OP) { return word(v, meaning_op(c->type->means.op)); }
GET(TYPE, CATEGORY) { v->all = c->type->means.category; return word(v, meaning_category(c->type->means.category)); }
GET(TYPE, IO) { return c->type->means.io && word(v, meaning_io(c->type->means.io)); }
GET(TYPE, FROM) { return c->type->means.io && word(v, c->type->means.bytes == BYTES_RET ? "result" : "bytes"); }
GET(TYPE, LAYER) { v->all = c->type->layer; return word(v, meaning_layer(c->type->layer)); }

/* ---- counters ---- */

GET(COUNTER, TIME) { return u64(v, c->time_ns); }
GET(COUNTER, PROCESS) { return u64(v, c->id); }
GET(COUNTER, NUMBER) { return u64(v, c->counter); }
GET(COUNTER, COUNTER)
{
	static const char *const names[] = {
		[COUNTER_MEMORY] = "memory", [COUNTER_RESIDENT] = "resident", [COUNTER_FDS] = "fds"
	};

	return word(v, names[c->counter]);
}
GET(COUNTER, VALUE) { return u64(v, c->value); }

/* ---- files and connections ---- */

GET(FILE, ID) { return u64(v, c->id); }
GET(FILE, KIND) { v->all = c->fstate->kind; return word(v, file_kind_name((enum file_kind)c->fstate->kind)); }
GET(FILE, NAME) { v->file = c->file; return c->file; }
GET(FILE, THREAD) { return not_0(v, c->fstate->thread); }
GET(FILE, OPENED) { return u64(v, c->fstate->opened_ns); }
GET(FILE, CLOSED) { return c->fstate->closed_ns != ROW_NOT_CLOSED && u64(v, c->fstate->closed_ns); }
GET(FILE, ROLE) { return c->role != ROLE_NONE && word(v, role_name(c->role)); }

GET(CONNECTION, ID) { return u64(v, c->id); }
GET(CONNECTION, FILE) { return u64(v, c->conn->file); }
GET(CONNECTION, KIND) { return one_of(v, row_sock_kinds, c->conn->kind); }
GET(CONNECTION, STATE) { return one_of(v, row_sock_states, c->conn->state); }
GET(CONNECTION, ERROR) { return c->conn->err && word(v, errno_name(c->conn->err)); }
GET(CONNECTION, ERRNO) { return not_0(v, c->conn->err); }
GET(CONNECTION, LOCAL) { v->addr = &c->conn->local; return c->conn->has_local; }
GET(CONNECTION, PEER) { v->addr = &c->conn->peer; return c->conn->has_peer; }
GET(CONNECTION, REST) { return c->conn->rest && u64(v, 1); }
GET(CONNECTION, THREAD) { return not_0(v, c->conn->thread); }
GET(CONNECTION, PEER_PROCESS) { return not_0(v, c->conn->peer_proc); }
GET(CONNECTION, PEER_FILE) { return not_0(v, c->conn->peer_file); }
GET(CONNECTION, OPENED) { return u64(v, c->conn->opened_ns); }
GET(CONNECTION, CONNECT) { return not_0(v, c->conn->connect_ns); }
GET(CONNECTION, WAITED) { return not_0(v, c->conn->waited_ns); }
GET(CONNECTION, FIRST) { return not_0(v, c->conn->first_ns); }
GET(CONNECTION, CLOSED) { return c->conn->closed_ns != ROW_NOT_CLOSED && u64(v, c->conn->closed_ns); }

/* ---- processes, threads, programs ---- */

GET(PROCESS, ID) { return u64(v, c->id); }
GET(PROCESS, PID) { return u64(v, c->process->pid); }
GET(PROCESS, PPID) { return not_0(v, c->process->ppid); }
GET(PROCESS, PARENT) { return not_0(v, c->process->parent); }
GET(PROCESS, THREAD) { return u64(v, c->process->main_thread); }
GET(PROCESS, START) { return u64(v, c->process->start_ns); }
GET(PROCESS, ATTACHED) { return u64(v, c->process->attached); }
GET(PROCESS, END) { return c->process->ended && u64(v, c->process->end_ns); }
GET(PROCESS, STATUS) { return c->process->ended && i64(v, c->process->status); }
GET(PROCESS, EXIT)
{
	int status = c->process->status;

	return c->process->ended && status >= 0 && WIFEXITED(status) && u64(v, (uint64_t)WEXITSTATUS(status));
}
GET(PROCESS, SIGNAL)
{
	int status = c->process->status;

	return c->process->ended && status >= 0 && WIFSIGNALED(status) && word(v, signal_name(WTERMSIG(status)));
}
GET(PROCESS, LAST) { return c->process->ended && u64(v, c->process->last_thread); }
GET(PROCESS, USER) { return c->process->ended && u64(v, c->process->utime_ns); }
GET(PROCESS, SYSTEM) { return c->process->ended && u64(v, c->process->stime_ns); }
GET(PROCESS, RESIDENT) { return not_0(v, c->process->resident); }
GET(PROCESS, HOSTNAME)
{
	return c->process->host && bytes(v, &c->r->totals->hosts[c->process->host - 1]);
}

GET(THREAD, ID) { return u64(v, c->id); }
GET(THREAD, PROCESS) { return u64(v, c->thread->process); }
GET(THREAD, PID) { return u64(v, c->thread->pid); }
GET(THREAD, TID) { return u64(v, c->thread->tid); }
GET(THREAD, PPID) { return not_0(v, c->thread->ppid); }
GET(THREAD, CREATOR) { return not_0(v, c->thread->creator); }
GET(THREAD, START) { return u64(v, c->thread->start_ns); }
GET(THREAD, ATTACHED) { return u64(v, c->thread->attached); }
GET(THREAD, NAME) { return string(v, c->thread->name, c->thread->name_len); }
GET(THREAD, NAMED) { return c->thread->named && u64(v, c->thread->named_ns); }
GET(THREAD, END) { return c->thread->ended && u64(v, c->thread->end_ns); }

GET(EXEC, ID) { return u64(v, c->id); }
GET(EXEC, TIME) { return u64(v, c->time_ns); }
GET(EXEC, PROCESS) { return u64(v, c->task->proc->id); }
GET(EXEC, THREAD) { return u64(v, c->task->id); }
GET(EXEC, EXE) { return bytes(v, &c->task->proc->exe); }
GET(EXEC, ARGV) { return strings(v, c->task->proc->argv, c->task->proc->argc, c->task->proc->argc_all); }
GET(EXEC, ARGV_MORE) { return not_0(v, more(c->task->proc->argc_all, c->task->proc->argc)); }
GET(EXEC, ARGV_CUT) { return cut(v, c->task->proc->argv, c->task->proc->argc); }
GET(EXEC, CWD) { return bytes(v, c->task->fs && c->task->fs->cwd.len ? &c->task->fs->cwd : &c->task->proc->cwd0); }
GET(EXEC, FDS_MORE) { return not_0(v, more(c->fds_all, c->nfds)); }
GET(EXEC, INHERITED) { return c->inherited && u64(v, 1); }
GET(EXEC, FDS)
{
	v->fds = c->fds;
	v->n = c->nfds;
	v->all = c->fds_all;
	return c->fds_all;
}

/* ---- the run ---- */

GET(TRACE, VERSION) { return u64(v, ROW_SCHEMA_VERSION); }
GET(TRACE, TOOL) { return word(v, "compendium " COMPENDIUM_VERSION); }
GET(TRACE, WALL) { return u64(v, c->r->wall_ns); }
GET(TRACE, COMMAND)
{
	const struct strings *command = c->r->command;

	return command ? strings(v, command->v, command->n, command->all) : strings(v, NULL, 0, 0);
}
GET(TRACE, COMMAND_MORE) { return c->r->command && not_0(v, more(c->r->command->all, c->r->command->n)); }
GET(TRACE, COMMAND_CUT) { return c->r->command && cut(v, c->r->command->v, c->r->command->n); }
GET(TRACE, CWD) { return string(v, c->r->cwd.s, c->r->cwd.len); }
GET(TRACE, ATTACHED) { return u64(v, c->r->mode & START_ATTACH ? 1 : 0); }
GET(TRACE, ALL_CALLS) { return u64(v, c->r->mode & START_ALL_CALLS ? 1 : 0); }
GET(TRACE, THREADS) { return u64(v, c->r->nthreads); }
GET(TRACE, DURATION) { return c->id && u64(v, c->r->last_ns); }
GET(TRACE, ENDED)
{
	const struct rows *r = c->r;

	return c->id && word(v, !r->ended		 ? "cut" :
				r->goes_on		 ? "goes_on" :
				r->nended == r->nthreads ? "exit" :
				r->mode & START_ATTACH	 ? "detach" :
				r->interrupted		 ? "interrupt" :
							   "exit");
}
GET(TRACE, STATUS) { return c->id && c->r->totals->main_proc && i64(v, c->r->totals->status); }
GET(TRACE, EVENTS) { return c->id && u64(v, c->r->nevents); }
GET(TRACE, LOST) { return c->id && u64(v, c->r->nlost); }
GET(TRACE, HOSTNAME) { return string(v, c->r->hostname.s, c->r->hostname.len); }
GET(TRACE, KERNEL) { return string(v, c->r->kernel.s, c->r->kernel.len); }
GET(TRACE, LOST_REASON) { return c->id && string(v, c->r->lost_reason.s, c->r->lost_reason.len); }

/* ---- the tables ---- */

#define ENTITY(tbl, id, name_, type_, refers, unit_, help_) \
	[ROW_##tbl##_##id] = { .name = name_, \
			       .type = ROW_##type_, \
			       .table = refers, \
			       .unit = unit_, \
			       .help = help_, \
			       .kinds = K_ALL, \
			       .get = get_##tbl##_##id },
#define EVENT_FIELD(tbl, id, name_, type_, refers, unit_, kinds_, value_, help_) \
	[ROW_##tbl##_##id] = { .name = name_, \
			       .type = ROW_##type_, \
			       .table = refers, \
			       .unit = unit_, \
			       .help = help_, \
			       .kinds = kinds_, \
			       .value = value_, \
			       .get = get_##tbl##_##id },
static const struct row_field fields_TRACE[] = { TRACE_FIELDS(ENTITY) }, fields_PROCESS[] = { PROCESS_FIELDS(ENTITY) },
			      fields_THREAD[] = { THREAD_FIELDS(ENTITY) }, fields_EXEC[] = { EXEC_FIELDS(ENTITY) },
			      fields_FILE[] = { FILE_FIELDS(ENTITY) },
			      fields_CONNECTION[] = { CONNECTION_FIELDS(ENTITY) },
			      fields_COUNTER[] = { COUNTER_FIELDS(ENTITY) }, fields_TYPE[] = { TYPE_FIELDS(ENTITY) },
			      fields_EVENT[] = { EVENT_FIELDS(EVENT_FIELD) };
_Static_assert((int)ROW_EVENT_FIELDS <= (int)ROW_FIELDS_MAX, "a sink wants fields by the bits of a word");

#define TABLE(id, name, help) [TABLE_##id] = { name, help, fields_##id, ARRAY_SIZE(fields_##id) },
const struct row_table_info row_tables[_ROW_TABLES] = { ROW_TABLES(TABLE) };

#define TYPE(id, name, cell, help, json) [ROW_##id] = { name, cell, help, json },
const struct row_type_info row_types[_ROW_TYPES] = { ROW_TYPES(TYPE) };
