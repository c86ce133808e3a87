/* SPDX-License-Identifier: MIT */
/* Rows in, a timeline out: which track each event lies on, and what leads to what. */
#include "sink/timeline.h"

#include <string.h>

#include "abi/meaning.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/outfile.h"
#include "base/spool.h"
#include "row/enums.h"
#include "sink/row_output.h"

enum { NAME_MAX_KEPT = 64, VALUES_GAP_NS = 1000000 };

const struct timeline_counter timeline_counters[_NUMBERS] = {
	[NUMBER_MEMORY] = { "memory", true },	[NUMBER_RESIDENT] = { "resident", true },
	[NUMBER_FDS] = { "open descriptors", false },
	[NUMBER_READ] = { "bytes read", true }, [NUMBER_WRITTEN] = { "bytes written", true },
};
_Static_assert((int)NUMBER_MEMORY == (int)COUNTER_MEMORY && (int)NUMBER_RESIDENT == (int)COUNTER_RESIDENT &&
	       (int)NUMBER_FDS == (int)COUNTER_FDS && (int)NUMBER_READ == (int)_COUNTER_MAX,
	       "those of rows come first");

/* By the numbers of their rows; what is written about a thread that has ended comes later still. */
struct lane { uint64_t free_ns; uint32_t type; };
struct thread {
	uint32_t process, pid, tid, nlanes, nexecs;
	bool seen, exec_pending;
	uint8_t name_len;
	char name[16];
	uint64_t free_ns;		/* its own track is, from then on */
	struct lane lanes[TIMELINE_LANES];
};
struct process {
	uint32_t pid, host;		/* host: a row of hosts + 1, 0: there is one */
	uint8_t name_len, described;	/* described: a bit a number */
	bool named;			/* by what it runs, not by its first thread */
	char name[NAME_MAX_KEPT];
	uint64_t moved[2], written[2], written_at;	/* bytes in, out */
};
struct type { uint8_t category, layer; char io; char name[32]; };

/* Who has a tid now: of wake-ups the kernel says no more. */
struct live { uint32_t tid, thread; UT_hash_handle hh; };

struct timeline {
	struct row_output base;
	struct timeline_writer to;
	struct store threads, processes;
	struct live *live;
	struct type *types; uint32_t ntypes;
	uint64_t nwakes, last_ns;
	bool started;
	struct buf *hosts; uint32_t nhosts;	/* their names */
	struct buf words;
};

static uint64_t flow_id(enum timeline_flow kind, uint64_t n) { return (uint64_t)kind << 56 | (n & (UINT64_MAX >> 8)); }

uint64_t timeline_details_of(const struct timeline_event *e)
{
	uint64_t has = e->row ? e->row->has & TIMELINE_DETAILS : 0;

	if (has & ROW_BIT(ROW_EVENT_OUTCOME) && e->row->cells[ROW_EVENT_OUTCOME].all == ROW_OK)
		has &= ~ROW_BIT(ROW_EVENT_OUTCOME);
	/* a mark that would be a slice if there were a lane for it */
	return e->is_mark && e->end_ns > e->start_ns ? has : has & ~ROW_BIT(ROW_EVENT_DURATION);
}

/* ---- processes and threads ---- */

static struct timeline_process process_of(struct timeline *t, uint32_t id)
{
	const struct process *p = store_row(&t->processes, id);

	return (struct timeline_process){ id, p->pid, p->name, p->name_len, p->host ? p->host - 1 : 0 };
}

static struct timeline_thread thread_of(struct timeline *t, uint32_t id)
{
	const struct thread *th = store_row(&t->threads, id);
	uint32_t host = process_of(t, th->process).host;

	return (struct timeline_thread){ id, th->process, th->pid, th->tid, th->name, th->name_len, host };
}

static uint32_t host_of(struct timeline *t, const struct cell *name)
{
	for (uint32_t i = 0; i < t->nhosts; i++)
		if (t->hosts[i].len == name->n && !memcmp(t->hosts[i].s, name->s, name->n))
			return i + 1;
	t->hosts = xrealloc(t->hosts, (t->nhosts + 1) * sizeof(*t->hosts));
	t->hosts[t->nhosts] = (struct buf){ 0 };
	buf_add(&t->hosts[t->nhosts], name->s, name->n);
	return ++t->nhosts;
}

static void name_process(struct timeline *t, uint32_t id, const char *s, uint32_t n)
{
	struct process *p = store_row(&t->processes, id);
	struct timeline_process now;

	if (p->host) {
		buf_reset(&t->words);
		buf_add(&t->words, t->hosts[p->host - 1].s, t->hosts[p->host - 1].len);
		buf_putc(&t->words, ':');
		buf_add(&t->words, s, n);
		s = t->words.s;
		n = (uint32_t)t->words.len;
	}
	n = MIN(n, (uint32_t)sizeof(p->name));
	if (p->name_len == n && (!n || !memcmp(p->name, s, n)))
		return;
	p->name_len = (uint8_t)n;
	if (n)
		memcpy(p->name, s, n);
	now = process_of(t, id);
	t->to.ops->process(t->to.ctx, &now);
}

static void take_process(struct timeline *t, const struct row *row)
{
	uint32_t id = (uint32_t)row_u(row, ROW_PROCESS_ID);
	struct process *p = store_row(&t->processes, id);
	struct timeline_process now;

	if (p->pid)
		return;
	p->pid = (uint32_t)row_u(row, ROW_PROCESS_PID);
	if (row_has(row, ROW_PROCESS_HOSTNAME) && row->cells[ROW_PROCESS_HOSTNAME].n)
		p->host = host_of(t, &row->cells[ROW_PROCESS_HOSTNAME]);
	now = process_of(t, id);
	t->to.ops->process(t->to.ctx, &now);
}

static void set_live(struct timeline *t, uint32_t tid, uint32_t thread, bool ended)
{
	struct live *l;

	HASH_FIND(hh, t->live, &tid, sizeof(tid), l);
	if (ended && l && l->thread == thread) {
		HASH_DEL(t->live, l);
		free(l);
	} else if (!ended && l) {
		l->thread = thread;
	} else if (!ended) {
		l = xcalloc(1, sizeof(*l));
		l->tid = tid;
		l->thread = thread;
		HASH_ADD(hh, t->live, tid, sizeof(l->tid), l);
	}
}

static void mark(struct timeline *t, uint32_t thread, uint64_t at_ns, const char *name, uint64_t flow, bool flow_ends)
{
	struct timeline_thread who = thread_of(t, thread);

	t->to.ops->mark(t->to.ctx, &(struct timeline_event){
		.thread = &who, .start_ns = at_ns, .end_ns = at_ns, .name = name, .category = CAT_PROCESS,
		.flow = flow, .flow_ends = flow_ends,
	});
}

static void take_thread(struct timeline *t, const struct row *row)
{
	uint32_t id = (uint32_t)row_u(row, ROW_THREAD_ID), process = (uint32_t)row_u(row, ROW_THREAD_PROCESS);
	struct thread *th = store_row(&t->threads, id);
	const struct cell *name = &row->cells[ROW_THREAD_NAME];
	uint32_t n = row_has(row, ROW_THREAD_NAME) ? MIN(name->n, (uint32_t)sizeof(th->name)) : 0;
	bool is_new = !th->seen, same = !is_new && th->name_len == n && (!n || !memcmp(th->name, name->s, n));
	struct timeline_thread now;

	th->seen = true;
	th->process = process;
	th->pid = (uint32_t)row_u(row, ROW_THREAD_PID);
	th->tid = (uint32_t)row_u(row, ROW_THREAD_TID);
	th->name_len = (uint8_t)n;
	if (n)
		memcpy(th->name, name->s, n);
	set_live(t, timeline_number(th->tid, thread_of(t, id).host), id, row_has(row, ROW_THREAD_END));
	if (same)
		return;
	now = thread_of(t, id);
	t->to.ops->thread(t->to.ctx, &now);
	if (n && !((struct process *)store_row(&t->processes, process))->named && th->pid == th->tid)
		name_process(t, process, th->name, n);
	if (is_new && !row_u(row, ROW_THREAD_ATTACHED))
		mark(t, id, row_u(row, ROW_THREAD_START), "begins",
		     row_has(row, ROW_THREAD_CREATOR) ? flow_id(FLOW_FORK, id) : 0, true);
}

/* A program is called by its file's last name. */
static void take_exec(struct timeline *t, const struct row *row)
{
	const struct cell *exe = &row->cells[ROW_EXEC_EXE];
	uint32_t id = (uint32_t)row_u(row, ROW_EXEC_PROCESS);
	const char *slash;

	if (!row_has(row, ROW_EXEC_EXE))
		return;
	slash = memrchr(exe->s, '/', exe->n);
	((struct process *)store_row(&t->processes, id))->named = true;
	name_process(t, id, slash ? slash + 1 : exe->s, slash ? exe->n - (uint32_t)(slash + 1 - exe->s) : exe->n);
}

/* ---- numbers ---- */

static void value(struct timeline *t, uint32_t process, enum timeline_number n, uint64_t at_ns, uint64_t v)
{
	struct process *p = store_row(&t->processes, process);
	struct timeline_process now = process_of(t, process);

	if (!(p->described >> n & 1)) {
		p->described |= (uint8_t)(1u << n);
		t->to.ops->counter(t->to.ctx, &now, n);
	}
	t->to.ops->value(t->to.ctx, &now, n, at_ns, v);
}

static void take_counter(struct timeline *t, const struct row *row)
{
	unsigned n = (unsigned)row_u(row, ROW_COUNTER_NUMBER);

	if (n < _COUNTER_MAX)
		value(t, (uint32_t)row_u(row, ROW_COUNTER_PROCESS), (enum timeline_number)n,
		      row_u(row, ROW_COUNTER_TIME), row_u(row, ROW_COUNTER_VALUE));
}

static void show_moved(struct timeline *t, uint32_t process, uint64_t at_ns)
{
	for (unsigned i = 0; i < 2; i++) {
		struct process *p = store_row(&t->processes, process);

		p->written_at = at_ns;
		if (p->moved[i] != p->written[i]) {
			p->written[i] = p->moved[i];
			value(t, process, NUMBER_READ + i, at_ns, p->moved[i]);
		}
	}
}

/* Sums of bytes: at most one value a millisecond, and the last one. */
static void add_moved(struct timeline *t, uint32_t process, char io, uint64_t nbytes, uint64_t at_ns)
{
	struct process *p = store_row(&t->processes, process);

	p->moved[0] += io == 'i' || io == 'c' ? nbytes : 0;
	p->moved[1] += io == 'o' || io == 'c' ? nbytes : 0;
	if (at_ns >= p->written_at + VALUES_GAP_NS)
		show_moved(t, process, at_ns);
}

/* ---- events ---- */

static char first_of(const struct row *row, unsigned field) { return row_has(row, field) ? row->cells[field].s[0] : 0; }

static void take_type(struct timeline *t, const struct row *row)
{
	uint32_t id = (uint32_t)row_u(row, ROW_TYPE_ID);
	const struct cell *name = &row->cells[ROW_TYPE_NAME];
	struct type *type;

	if (id >= t->ntypes) {
		uint32_t n = MAX(64u, id * 2);

		t->types = xrealloc(t->types, n * sizeof(*t->types));
		memset(t->types + t->ntypes, 0, (n - t->ntypes) * sizeof(*t->types));
		t->ntypes = n;
	}
	type = &t->types[id];
	type->category = (uint8_t)row_number(row, ROW_TYPE_CATEGORY);
	type->layer = (uint8_t)row_number(row, ROW_TYPE_LAYER);
	type->io = first_of(row, ROW_TYPE_IO);
	snprintf(type->name, sizeof(type->name), "%.*s", (int)name->n, name->s);
	t->to.ops->type(t->to.ctx, id, type->name, (uint32_t)strlen(type->name));
}

/* A lane for this type of event that is free at that time; TIMELINE_LANES: there is none. */
static unsigned lane_for(struct timeline *t, uint32_t thread, uint32_t type, uint64_t start_ns)
{
	struct thread *th = store_row(&t->threads, thread);
	struct timeline_thread now;
	unsigned i = 0;

	while (i < th->nlanes && (th->lanes[i].type != type || th->lanes[i].free_ns > start_ns))
		i++;
	if (i < th->nlanes || i == TIMELINE_LANES)
		return i;
	th->lanes[th->nlanes++].type = type;
	now = thread_of(t, thread);
	t->to.ops->lane(t->to.ctx, &now, i + 1, t->types[type].name);
	return i;
}

/* Who woke it did so when its wait began. */
static uint64_t wake(struct timeline *t, const struct row *row, uint64_t at_ns)
{
	uint32_t tid = (uint32_t)row_u(row, ROW_EVENT_WAKER_TID);
	struct live *l;
	uint64_t flow;

	HASH_FIND(hh, t->live, &tid, sizeof(tid), l);
	if (!tid || !l)
		return 0;
	flow = flow_id(FLOW_WAKE, ++t->nwakes);
	mark(t, l->thread, at_ns, "wakes", flow, false);
	return flow;
}

/* The mark of an exec comes before the call that made it. */
static uint64_t exec_flow(struct thread *th, uint32_t thread, const struct type *type, bool *ret_ends)
{
	*ret_ends = type->layer == LAYER_MARK && !strcmp(type->name, "exec");
	if (*ret_ends) {
		th->exec_pending = true;
		th->nexecs++;
	} else if (th->exec_pending && type->layer == LAYER_CALL && !strncmp(type->name, "execve", strlen("execve"))) {
		th->exec_pending = false;
	} else {
		return 0;
	}
	return flow_id(FLOW_EXEC, (uint64_t)th->nexecs << 32 | thread);
}

/* What no thread did has a track of its own. */
static void describe_none(struct timeline *t)
{
	struct thread *th = store_row(&t->threads, 0);
	struct timeline_thread now;

	if (th->seen)
		return;
	th->seen = true;
	th->name_len = strlen("no process");
	memcpy(th->name, "no process", th->name_len);
	now = thread_of(t, 0);
	t->to.ops->thread(t->to.ctx, &now);
}

/* Which track it lies on. */
static void place(struct timeline *t, uint32_t thread, struct timeline_event *e, bool is_call)
{
	struct timeline_thread who = thread_of(t, thread);
	struct thread *th = store_row(&t->threads, thread);
	bool is_mark = !is_call && e->start_ns == e->end_ns;

	e->thread = &who;
	if (is_call && th->free_ns <= e->start_ns) {
		th->free_ns = MAX(e->end_ns, e->start_ns + 1);
	} else if (!is_mark) {
		unsigned lane = lane_for(t, thread, e->type, e->start_ns);

		is_mark = lane == TIMELINE_LANES;
		if (!is_mark) {
			th->lanes[lane].free_ns = MAX(e->end_ns, e->start_ns + 1);
			e->lane = lane + 1;
		}
	}
	e->is_mark = is_mark;
	(is_mark ? t->to.ops->mark : t->to.ops->slice)(t->to.ctx, e);
}

static uint64_t flow_of(struct timeline *t, const struct row *row, uint32_t thread, const struct type *type,
			bool *ret_ends)
{
	if (type->layer != LAYER_CALL && row_has(row, ROW_EVENT_CHILD))
		return flow_id(FLOW_FORK, row_u(row, ROW_EVENT_CHILD));
	if (!row_has(row, ROW_EVENT_WAKER_TID))
		return exec_flow(store_row(&t->threads, thread), thread, type, ret_ends);
	*ret_ends = true;
	return wake(t, row, row_u(row, ROW_EVENT_TIME));
}

static void take_event(struct timeline *t, const struct row *row)
{
	uint32_t thread = (uint32_t)row_u(row, ROW_EVENT_THREAD), id = (uint32_t)row_u(row, ROW_EVENT_TYPE);
	uint64_t start_ns = row_u(row, ROW_EVENT_TIME), end_ns = start_ns + row_u(row, ROW_EVENT_DURATION);
	const struct type *type = &t->types[id];
	struct timeline_event e = {
		.start_ns = start_ns, .end_ns = end_ns, .type = id, .name = type->name, .category = type->category, .row = row,
	};

	if (!thread)
		describe_none(t);
	t->base.nevents++;
	t->last_ns = MAX(t->last_ns, end_ns);
	e.flow = flow_of(t, row, thread, type, &e.flow_ends);
	place(t, thread, &e, type->layer == LAYER_CALL);
	if (row_has(row, ROW_EVENT_BYTES) && type->io && row_has(row, ROW_EVENT_PROCESS))
		add_moved(t, (uint32_t)row_u(row, ROW_EVENT_PROCESS), type->io, row_u(row, ROW_EVENT_BYTES), end_ns);
}

static void take_row(void *ctx, const struct row *row)
{
	struct timeline *t = ctx;

	if (!t->started) {
		t->started = true;
		t->to.ops->start(t->to.ctx, row->table == TABLE_TRACE ? row_u(row, ROW_TRACE_WALL) : 0);
	}
	switch (row->table) {
	case TABLE_PROCESS: take_process(t, row); break;
	case TABLE_THREAD: take_thread(t, row); break;
	case TABLE_EXEC: take_exec(t, row); break;
	case TABLE_COUNTER: take_counter(t, row); break;
	case TABLE_TYPE: take_type(t, row); break;
	case TABLE_EVENT: take_event(t, row); break;
	default: break;
	}
	row_output_flush_long(&t->base);
}

static void take_end(void *ctx)
{
	struct timeline *t = ctx;

	for (uint64_t id = 1; id < t->processes.nrows; id++)
		show_moved(t, (uint32_t)id, t->last_ns);
	if (t->started)
		t->to.ops->end(t->to.ctx);
	row_output_settle(&t->base);
	if (!t->base.file->err)
		t->base.file->err = t->threads.err ? t->threads.err : t->processes.err;
}

/* ---- the sink ---- */

static void timeline_free(struct row_output *o)
{
	struct timeline *t = CONTAINER_OF(o, struct timeline, base);

	store_done(&t->threads);
	store_done(&t->processes);
	HASH_FREE(t->live);
	for (uint32_t i = 0; i < t->nhosts; i++)
		buf_done(&t->hosts[i]);
	free(t->hosts);
	buf_done(&t->words);
	free(t->types);
	t->to.free(t->to.ctx);
}

static void choose_rows(struct row_sink *takes, bool verbose)
{
	for (unsigned t = 0; t < _ROW_TABLES; t++)
		takes->wants[t] = t == TABLE_FILE || t == TABLE_CONNECTION ? 0 : UINT64_MAX;
	takes->wants[TABLE_EVENT] = TIMELINE_DETAILS | ROW_BIT(ROW_EVENT_TIME) | ROW_BIT(ROW_EVENT_THREAD) |
				    ROW_BIT(ROW_EVENT_PROCESS) | ROW_BIT(ROW_EVENT_TYPE) | ROW_BIT(ROW_EVENT_CHILD);
	if (!verbose)
		takes->wants[TABLE_EVENT] &= ~ROW_BIT(ROW_EVENT_ARGS);
}

int timeline_new(const struct timeline_writer *writer, const struct sink_options *opt, struct outfile *file,
		 struct sink **ret_sink, struct diag *diag)
{
	static const struct row_sink_ops takes = { .row = take_row, .end = take_end };
	struct timeline *t = xcalloc(1, sizeof(*t));
	int rc;

	t->to = *writer;
	*t->to.out = &t->base.out;
	t->base.free = timeline_free;
	t->threads.fd = t->processes.fd = -1;
	choose_rows(&t->base.takes, opt->verbose);
	rc = store_init(&t->threads, sizeof(struct thread), file->path);
	if (rc == 0)
		rc = store_init(&t->processes, sizeof(struct process), file->path);
	if (rc == 0)
		return row_output_start(&t->base, &takes, opt, file, writer->option, ret_sink, diag);
	timeline_free(&t->base);
	free(t);
	*ret_sink = NULL;
	return diag_set(diag, 125, -rc, "cannot make a temporary file for %s: %s; is /tmp writable?", writer->option,
			strerror(-rc));
}
