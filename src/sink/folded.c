/* SPDX-License-Identifier: MIT */
/*
 * --folded: time by process, thread and call, as the folded stacks that flamegraph.pl, speedscope and others read:
 * "make-12;make-12;openat 4711", in nanoseconds; where a call has a stack (-k), its functions stand before it, the
 * outermost first: "make-12;make-12;main;read_makefile;openat 4711".  Names are the program's bytes, made words
 * (text_word()); no line is a comment, and no number is 0: readers refuse both.
 *
 * A thread's lines are written when it ends, or runs another program, or has many different stacks: memory is that of
 * the threads that live.
 */
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/text.h"
#include "event/event.h"
#include "sink/row_output.h"
#include "sink/stack_words.h"

#define NO_CALL "(no call)"	/* it ran, waited for a CPU, or was in a page fault */

/* Of a thread, so many bytes of what stands before the calls' names; then its lines are written. */
enum { STACK_BYTES_MAX = 1 << 20 };

/* Its key: the type, and behind it what stands before the call's name, "main;read_makefile;". */
struct sum { uint64_t ns; UT_hash_handle hh; uint32_t nstack, type; char stack[]; };
/*
 * A name, and one that holds after the next call of the thread: the execve, or prctl, that gave it belongs to the old
 * one.
 */
struct named { struct buf now, next; };
/* while its first thread lives */
struct process { uint32_t id; struct named name; struct buf host; UT_hash_handle hh; };
struct thread {
	uint32_t id, process, pid, tid;
	uint64_t since_ns, busy_ns;	/* its lines so far end there; in calls since then */
	struct named name;
	bool renamed;			/* it, or its process */
	struct sum *sums; size_t nstacks;	/* nstacks: bytes */
	UT_hash_handle hh;
};

struct folded {
	struct row_output base;
	struct thread *threads;
	struct process *processes;
	struct { bool is_call; char name[32]; } *types; uint32_t ntypes;
	uint64_t end_ns;
	bool all_calls;
	struct buf key;			/* of the sum that is looked for */
};

/* ---- lines ---- */

static void frame(struct buf *b, const struct buf *name, uint32_t number)
{
	if (name->len)
		buf_add(b, name->s, name->len);
	else
		buf_puts(b, "unnamed");
	buf_putc(b, '-');
	buf_u64(b, number);
	buf_putc(b, ';');
}

static struct process *process_find(struct folded *f, uint32_t id)
{
	struct process *p;

	HASH_FIND(hh, f->processes, &id, sizeof(id), p);
	return p;
}

/* p NULL: one of which no program is known goes by its thread's name */
static void line(struct folded *f, const struct process *p, const struct thread *t, const struct sum *s,
		 const char *call, uint64_t ns)
{
	if (!ns)
		return;
	if (p && p->host.len) {
		buf_add(&f->base.out, p->host.s, p->host.len);
		buf_putc(&f->base.out, ':');
	}
	frame(&f->base.out, p && p->name.now.len ? &p->name.now : &t->name.now, t->pid);
	frame(&f->base.out, &t->name.now, t->tid);
	if (s)
		buf_add(&f->base.out, s->stack, s->nstack);
	buf_puts(&f->base.out, call);
	buf_putc(&f->base.out, ' ');
	buf_u64(&f->base.out, ns);
	buf_putc(&f->base.out, '\n');
	row_output_flush_long(&f->base);
}

static void write_sums(struct folded *f, const struct process *p, struct thread *t)
{
	struct sum *s, *next;

	HASH_ITER(hh, t->sums, s, next)
		line(f, p, t, s, f->types[s->type].name, s->ns);
	HASH_FREE(t->sums);
	t->nstacks = 0;
}

/* What a thread did until then. */
static void write_thread(struct folded *f, struct thread *t, uint64_t until_ns)
{
	const struct process *p = process_find(f, t->process);
	uint64_t life_ns = until_ns > t->since_ns ? until_ns - t->since_ns : 0;

	write_sums(f, p, t);
	/* before its first program the command is still compendium's own fork */
	if (f->all_calls && p && p->name.now.len && life_ns > t->busy_ns)
		line(f, p, t, NULL, NO_CALL, life_ns - t->busy_ns);
	t->since_ns = MAX(t->since_ns, until_ns);
	t->busy_ns = 0;
}

static void rename_now(struct named *n)
{
	if (!n->next.len)
		return;
	buf_reset(&n->now);
	buf_add(&n->now, n->next.s, n->next.len);
	buf_reset(&n->next);
}

static void set_name(struct named *n, const struct cell *c, bool is_path)
{
	const char *s = c->s, *slash = is_path ? memrchr(s, '/', c->n) : NULL;

	buf_reset(&n->next);
	s = slash ? slash + 1 : s;
	text_word(&n->next, s, c->n - (size_t)(s - c->s));
}

static void named_done(struct named *n) { buf_done(&n->now), buf_done(&n->next); }

/* ---- rows ---- */

static struct thread *thread_find(struct folded *f, uint32_t id)
{
	struct thread *t;

	HASH_FIND(hh, f->threads, &id, sizeof(id), t);
	return t;
}

static void drop_thread(struct folded *f, struct thread *t)
{
	HASH_DEL(f->threads, t);
	HASH_FREE(t->sums);
	named_done(&t->name);
	free(t);
}

static void drop_process(struct folded *f, struct process *p)
{
	HASH_DEL(f->processes, p);
	named_done(&p->name);
	buf_done(&p->host);
	free(p);
}

static struct thread *add_thread(struct folded *f, uint32_t id, const struct row *row)
{
	struct thread *t = xcalloc(1, sizeof(*t));

	t->id = id;
	t->process = (uint32_t)row_u(row, ROW_THREAD_PROCESS);
	t->pid = (uint32_t)row_u(row, ROW_THREAD_PID);
	t->tid = (uint32_t)row_u(row, ROW_THREAD_TID);
	t->since_ns = row_u(row, ROW_THREAD_START);
	HASH_ADD(hh, f->threads, id, sizeof(t->id), t);
	return t;
}

static void take_thread(struct folded *f, const struct row *row)
{
	uint32_t id = (uint32_t)row_u(row, ROW_THREAD_ID);
	struct thread *t = thread_find(f, id);

	if (!t)
		t = add_thread(f, id, row);
	if (row_has(row, ROW_THREAD_NAME))
		set_name(&t->name, &row->cells[ROW_THREAD_NAME], false);
	if (t->name.now.len)
		t->renamed = true;
	else
		rename_now(&t->name);
	if (row_has(row, ROW_THREAD_END) && t->pid != t->tid) {
		write_thread(f, t, row_u(row, ROW_THREAD_END));
		drop_thread(f, t);
	}
}

static struct process *add_process(struct folded *f, uint32_t id)
{
	struct process *p = xcalloc(1, sizeof(*p));

	p->id = id;
	HASH_ADD(hh, f->processes, id, sizeof(p->id), p);
	return p;
}

/* Its first thread ends with it. */
static void take_process(struct folded *f, const struct row *row)
{
	struct thread *t = thread_find(f, (uint32_t)row_u(row, ROW_PROCESS_THREAD));
	struct process *p = process_find(f, (uint32_t)row_u(row, ROW_PROCESS_ID));

	if (!p && row_has(row, ROW_PROCESS_HOSTNAME) && !row_has(row, ROW_PROCESS_END)) {
		const struct cell *host = &row->cells[ROW_PROCESS_HOSTNAME];

		p = add_process(f, (uint32_t)row_u(row, ROW_PROCESS_ID));
		text_word(&p->host, host->s, host->n);
	}
	if (!row_has(row, ROW_PROCESS_END))
		return;
	if (t) {
		write_thread(f, t, row_u(row, ROW_PROCESS_END));
		drop_thread(f, t);
	}
	if (p)
		drop_process(f, p);
}

static void take_exec(struct folded *f, const struct row *row)
{
	uint32_t id = (uint32_t)row_u(row, ROW_EXEC_PROCESS);
	struct thread *t = thread_find(f, (uint32_t)row_u(row, ROW_EXEC_THREAD));
	struct process *p = process_find(f, id);

	if (!row_has(row, ROW_EXEC_EXE))
		return;
	if (!p)
		p = add_process(f, id);
	set_name(&p->name, &row->cells[ROW_EXEC_EXE], true);
	if (t && !row_u(row, ROW_EXEC_INHERITED))
		t->renamed = true;
	else
		rename_now(&p->name);
}

static void take_type(struct folded *f, const struct row *row)
{
	uint32_t id = (uint32_t)row_u(row, ROW_TYPE_ID);
	const struct cell *name = &row->cells[ROW_TYPE_NAME];

	if (id >= f->ntypes) {
		f->ntypes = MAX(64u, id * 2);
		f->types = xrealloc(f->types, f->ntypes * sizeof(*f->types));
	}
	f->types[id].is_call = !strcmp(row->cells[ROW_TYPE_LAYER].s, "call");
	snprintf(f->types[id].name, sizeof(f->types[id].name), "%.*s", (int)name->n, name->s);
}

static void key_of(struct buf *b, uint32_t type, const struct stack *stack)
{
	buf_reset(b);
	buf_add(b, &type, sizeof(type));
	if (!stack)
		return;
	if (stack_why(stack))	/* what is outside is not known */
		buf_puts(b, FRAME_UNKNOWN ";");
	for (unsigned i = stack->n; i--;) {
		frame_name(b, &stack->frames[i]);
		buf_putc(b, ';');
	}
}

static void add_sum(struct folded *f, struct thread *t, uint32_t type, const struct stack *stack, uint64_t ns)
{
	size_t nstack;
	struct sum *s;

	key_of(&f->key, type, stack);
	nstack = f->key.len - sizeof(type);
	if (t->nstacks + nstack > STACK_BYTES_MAX)
		write_sums(f, process_find(f, t->process), t);
	HASH_FIND(hh, t->sums, f->key.s, f->key.len, s);
	if (!s) {
		s = xcalloc(1, sizeof(*s) + nstack);
		s->type = type;
		s->nstack = (uint32_t)nstack;
		memcpy(s->stack, f->key.s + sizeof(type), nstack);
		HASH_ADD_KEYPTR(hh, t->sums, &s->type, f->key.len, s);
		t->nstacks += nstack;
	}
	s->ns += ns;
	t->busy_ns += ns;
}

static void take_event(struct folded *f, const struct row *row)
{
	struct thread *t = thread_find(f, (uint32_t)row_u(row, ROW_EVENT_THREAD));
	uint32_t type = (uint32_t)row_u(row, ROW_EVENT_TYPE);
	uint64_t ns = row_u(row, ROW_EVENT_DURATION), end_ns = row_u(row, ROW_EVENT_TIME) + ns;
	struct process *p;

	f->base.nevents++;
	if (!t || !f->types[type].is_call)
		return;
	if (ns)
		add_sum(f, t, type, row_has(row, ROW_EVENT_STACK) ? row->cells[ROW_EVENT_STACK].stack : NULL, ns);
	if (!t->renamed)
		return;
	write_thread(f, t, end_ns);
	rename_now(&t->name);
	p = process_find(f, t->process);
	if (p)
		rename_now(&p->name);
	t->renamed = false;
}

static void take_row(void *ctx, const struct row *row)
{
	struct folded *f = ctx;

	switch (row->table) {
	case TABLE_TRACE:
		f->all_calls = row_u(row, ROW_TRACE_ALL_CALLS);
		f->end_ns = row_u(row, ROW_TRACE_DURATION);
		break;
	case TABLE_PROCESS: take_process(f, row); break;
	case TABLE_THREAD: take_thread(f, row); break;
	case TABLE_EXEC: take_exec(f, row); break;
	case TABLE_TYPE: take_type(f, row); break;
	case TABLE_EVENT: take_event(f, row); break;
	default: break;
	}
}

static void take_end(void *ctx)
{
	struct folded *f = ctx;
	struct thread *t, *next;

	HASH_ITER(hh, f->threads, t, next)
		write_thread(f, t, f->end_ns);
}

/* ---- the sink ---- */

static void folded_free(struct row_output *o)
{
	struct folded *f = CONTAINER_OF(o, struct folded, base);
	struct thread *t, *next;
	struct process *p, *pnext;

	HASH_ITER(hh, f->threads, t, next)
		drop_thread(f, t);
	HASH_ITER(hh, f->processes, p, pnext)
		drop_process(f, p);
	free(f->types);
	buf_done(&f->key);
}

int sink_folded_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag)
{
	static const uint8_t whole[] = { TABLE_TRACE, TABLE_PROCESS, TABLE_THREAD, TABLE_EXEC, TABLE_TYPE };
	static const struct row_sink_ops takes = { .row = take_row, .end = take_end };
	struct folded *f = xcalloc(1, sizeof(*f));
	uint64_t *wants = f->base.takes.wants;

	f->base.free = folded_free;
	for (unsigned i = 0; i < ARRAY_SIZE(whole); i++)
		wants[whole[i]] = UINT64_MAX;
	wants[TABLE_EVENT] = ROW_BIT(ROW_EVENT_TIME) | ROW_BIT(ROW_EVENT_THREAD) | ROW_BIT(ROW_EVENT_TYPE) |
			     ROW_BIT(ROW_EVENT_DURATION) | ROW_BIT(ROW_EVENT_STACK);
	return row_output_start(&f->base, &takes, opt, file, "--folded", ret_sink, diag);
}
