/* SPDX-License-Identifier: MIT */
/*
 * --format strace: lines as `strace -f -y -ttt -T -o FILE` writes them, in the order in which calls began and ended.
 *
 * A call is known when it has ended, and strace writes it where it began: what ended meanwhile waits for it.  Each
 * thread that lives may be in one, so lines wait until every thread has ended a call later than them, but no longer
 * than HOLD_NS: a call that takes longer has its line when it ends, whole.  Where a line stands is decided by the times
 * of events alone, which is why a recording gives the same text.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "analyze/totals.h"
#include "base/hash.h"
#include "base/macro.h"
#include "base/text.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/out.h"
#include "sink/sink.h"
#include "sink/strace.h"
#include "sink/strace_pid.h"
#include "sink/value_walk.h"

#define HOLD_NS 1000000000u
enum { POINTS_MAX = 1 << 17, CHILDREN = 1024, COLUMN = 40 /* -a */ };

/* A call, or a line that is whole; head, tail and result follow each other in text. */
struct line {
	uint64_t tid;			/* tid_of() */
	uint64_t begin_ns, end_ns;
	bool interrupted;
	uint16_t name_len;
	uint32_t head_len, tail_len, result_len;
	char text[];
};
enum point_what { CALL_BEGINS, CALL_ENDS, LINE_WHOLE };
struct point {
	uint64_t ns, seq;
	enum point_what what;
	struct line *line;
};

struct thread {
	uint64_t tid;			/* tid_of() */
	uint64_t known_ns;	/* when its last call ended: the next begins no earlier */
	uint64_t blocked;	/* signals, by its rt_sigprocmask: bit 0 is signal 1 */
	struct buf result;	/* of its last call */
	struct buf interrupted; /* likewise when a signal came: sigreturn restores it */
	UT_hash_handle hh;
};
struct child {
	uint64_t pid;			/* leader_of() */
	struct strace_child ended;
};

struct strace_sink {
	struct sink sink;
	struct out *out;
	const struct sink_options *opt;
	uint64_t start_ns, wall_ns;
	struct thread *threads;
	struct child children[CHILDREN]; /* by pid, modulo; those that ended last */
	struct point *heap;
	uint32_t n, cap;
	uint64_t seq, written_ns, since_known;
	struct line *open; /* it began last, and is not written */
	struct strace_call call;
	struct buf out_line;
};

/* ---- writing ---- */

static void prefix(struct strace_sink *s, uint64_t tid, uint64_t ns)
{
	const struct bytes *hosts = s->opt->totals->hosts;
	uint64_t us = (s->wall_ns + (ns > s->start_ns ? ns - s->start_ns : 0)) / 1000;

	if (tid >> PID_BITS) {
		text_safe(&s->out_line, hosts[(tid >> PID_BITS) - 1].s, hosts[(tid >> PID_BITS) - 1].len);
		buf_putc(&s->out_line, ':');
	}
	buf_printf(&s->out_line, "%-5u %llu.%06llu ", (unsigned)tid, (unsigned long long)(us / 1000000),
		   (unsigned long long)(us % 1000000));
}

static void write_line(struct strace_sink *s)
{
	buf_putc(&s->out_line, '\n');
	out_write(s->out, s->out_line.s, s->out_line.len);
	buf_reset(&s->out_line);
}

static void add_result(struct strace_sink *s, const struct line *l)
{
	struct buf *b = &s->out_line;

	buf_putc(b, ' ');
	while (b->len < COLUMN)
		buf_putc(b, ' ');
	buf_puts(b, "= ");
	buf_add(b, l->text + l->head_len + l->tail_len, l->result_len);
}

static void write_call(struct strace_sink *s, const struct line *l)
{
	prefix(s, l->tid, l->begin_ns);
	buf_add(&s->out_line, l->text, l->head_len + l->tail_len);
	add_result(s, l);
	write_line(s);
}

static void write_unfinished(struct strace_sink *s, struct line *l)
{
	l->interrupted = true;
	prefix(s, l->tid, l->begin_ns);
	buf_add(&s->out_line, l->text, l->head_len);
	buf_puts(&s->out_line, " <unfinished ...>");
	write_line(s);
}

static void write_resumed(struct strace_sink *s, const struct line *l)
{
	prefix(s, l->tid, l->end_ns);
	buf_printf(&s->out_line, "<... %.*s resumed>", (int)l->name_len, l->text);
	buf_add(&s->out_line, l->text + l->head_len, l->tail_len);
	add_result(s, l);
	write_line(s);
}

static void write_point(struct strace_sink *s, const struct point *p)
{
	bool ends_it = s->open && p->what == CALL_ENDS && p->line == s->open;

	s->written_ns = MAX(s->written_ns, p->ns);
	if (s->open && !ends_it)
		write_unfinished(s, s->open);
	s->open = NULL;
	switch (p->what) {
	case CALL_BEGINS:
		s->open = p->line;
		return;
	case CALL_ENDS:
		(ends_it ? write_call : write_resumed)(s, p->line);
		break;
	case LINE_WHOLE:
		if (p->line->head_len) {
			write_call(s, p->line);
		} else {
			prefix(s, p->line->tid, p->ns);
			buf_add(&s->out_line, p->line->text, p->line->result_len);
			write_line(s);
		}
	}
	free(p->line);
}

/* ---- in order ---- */

static bool is_before(const struct point *a, const struct point *b)
{
	return a->ns != b->ns ? a->ns < b->ns : a->seq < b->seq;
}

static void push(struct strace_sink *s, uint64_t ns, enum point_what what, struct line *l)
{
	struct point p = {ns, s->seq++, what, l};
	uint32_t i = s->n++;

	if (s->n > s->cap) {
		s->cap = s->cap ? 2 * s->cap : 256;
		s->heap = xrealloc(s->heap, s->cap * sizeof(*s->heap));
	}
	for (; i && is_before(&p, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = p;
}

static struct point pop(struct strace_sink *s)
{
	struct point first = s->heap[0], last = s->heap[--s->n];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < s->n) {
		if (child + 1 < s->n && is_before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!is_before(&s->heap[child], &last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	if (s->n)
		s->heap[i] = last;
	return first;
}

/* Nothing that is not known yet can come before that, but for calls that take longer than lines wait. */
static uint64_t all_known(struct strace_sink *s)
{
	uint64_t ns = UINT64_MAX;

	for (const struct thread *t = s->threads; t; t = t->hh.next)
		ns = MIN(ns, t->known_ns);
	return s->threads ? ns : 0;
}

static void write_until(struct strace_sink *s, uint64_t ns)
{
	while (s->n && (s->heap[0].ns <= ns || s->n > POINTS_MAX)) {
		struct point p = pop(s);

		write_point(s, &p);
	}
}

/* now_ns: what ended before it has come.  To look at each thread costs as much as there are, so it is done as rarely.
 */
static void write_known(struct strace_sink *s, uint64_t now_ns)
{
	uint64_t ns = now_ns > HOLD_NS ? now_ns - HOLD_NS : 0;

	if (++s->since_known >= HASH_COUNT(s->threads)) {
		s->since_known = 0;
		ns = MAX(ns, all_known(s));
	}
	write_until(s, ns);
}

/* ---- events ---- */

static struct thread *thread_of(struct strace_sink *s, uint64_t tid)
{
	struct thread *t;

	HASH_FIND(hh, s->threads, &tid, sizeof(tid), t);
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->tid = tid;
		HASH_ADD(hh, s->threads, tid, sizeof(t->tid), t);
	}
	return t;
}

static void drop_thread(struct strace_sink *s, uint64_t tid)
{
	struct thread *t;

	HASH_FIND(hh, s->threads, &tid, sizeof(tid), t);
	if (!t)
		return;
	HASH_DEL(s->threads, t);
	buf_done(&t->result), buf_done(&t->interrupted);
	free(t);
}

static struct line *new_line(const struct strace_call *c, uint64_t tid, size_t name_len)
{
	struct line *l = xcalloc(1, sizeof(*l) + c->head.len + c->tail.len + c->result.len);

	l->tid = tid;
	l->name_len = (uint16_t)name_len;
	l->head_len = (uint32_t)c->head.len;
	l->tail_len = (uint32_t)c->tail.len;
	l->result_len = (uint32_t)c->result.len;
	if (c->head.len)
		memcpy(l->text, c->head.s, c->head.len);
	if (c->tail.len)
		memcpy(l->text + c->head.len, c->tail.s, c->tail.len);
	memcpy(l->text + c->head.len + c->tail.len, c->result.s, c->result.len);
	return l;
}

/* "--- … ---", "+++ … +++": it stands in s->call.result. */
static void add_mark(struct strace_sink *s, const struct event *ev)
{
	buf_reset(&s->call.head), buf_reset(&s->call.tail);
	push(s, ev->ts_ns, LINE_WHOLE, new_line(&s->call, tid_of(ev->task), 0));
}

static bool is_call(const struct call *c, const char *name)
{
	return c->spec->name && !strcmp(c->spec->name, name);
}

/* What a handler returns to is known from the calls before it: the mask, and the result that the register had. */
static void format_sigreturn(struct strace_sink *s, const struct thread *t)
{
	struct strace_text text = {.b = &s->call.head};

	buf_reset(&s->call.head), buf_reset(&s->call.result);
	buf_puts(text.b, "rt_sigreturn({mask=");
	strace_ops.set(&text, VALUE_SIGNALS, (const char *)&t->blocked, 64, false);
	buf_putc(text.b, '}');
	buf_puts(&s->call.result, t->interrupted.len ? t->interrupted.s : "0");
}

static void follow_mask(struct thread *t, const struct call *c)
{
	const struct part *set = parts_find(c->parts, c->nparts, 1, PART_BYTES, 0);
	uint64_t bits;

	if (!is_call(c, "rt_sigprocmask") || c->err || !set || set->len < sizeof(bits) || !c->args[1].word)
		return;
	memcpy(&bits, set->bytes, sizeof(bits));
	switch ((int)c->args[0].word) {
	case SIG_BLOCK:
		t->blocked |= bits;
		break;
	case SIG_UNBLOCK:
		t->blocked &= ~bits;
		break;
	case SIG_SETMASK:
		t->blocked = bits;
		break;
	default:
		break;
	}
}

static void keep_result(struct thread *t, const struct call *c, const struct buf *result)
{
	if (c->unfinished || c->spec->ret == RET_NEVER)
		return;
	buf_reset(&t->result);
	/* started again, the register has its number; those that are only where no handler runs fail with one */
	if (c->restarted && (c->err == 514 /* ERESTARTNOHAND */ || c->err == 516 /* ERESTART_RESTARTBLOCK */))
		buf_puts(&t->result, "-1 EINTR (Interrupted system call)");
	else if (c->restarted)
		buf_u64(&t->result, c->nr);
	else if (c->err)
		buf_add(&t->result, result->s, result->len);
	else
		buf_i64(&t->result, c->ret);
}

static void add_call(struct strace_sink *s, const struct event *ev)
{
	const struct call *c = ev->call;
	struct thread *t = thread_of(s, tid_of(ev->task));
	uint64_t end_ns = MAX(c->exit_ns ? c->exit_ns : ev->ts_ns + ev->dur_ns, c->enter_ns);
	struct line *l;

	strace_call_format(&s->call, ev);
	if (is_call(c, "rt_sigreturn"))
		format_sigreturn(s, t);
	follow_mask(t, c);
	keep_result(t, c, &s->call.result);
	strace_call_rest(&s->call, ev, end_ns - c->enter_ns);
	l = new_line(&s->call, t->tid, strcspn(s->call.head.s, "("));
	l->begin_ns = c->enter_ns;
	l->end_ns = end_ns;
	if (end_ns - l->begin_ns > HOLD_NS || l->begin_ns < s->written_ns) {
		push(s, end_ns, LINE_WHOLE, l);
		return;
	}
	push(s, l->begin_ns, CALL_BEGINS, l);
	push(s, end_ns, CALL_ENDS, l);
}

static struct child *child_of(struct strace_sink *s, uint64_t pid)
{
	return &s->children[pid % CHILDREN];
}

static void add_end(struct strace_sink *s, const struct event *ev)
{
	struct child *c = child_of(s, leader_of(ev->task));
	struct buf *b = &s->call.result;
	int status = ev->status;

	if (ev->kind == EV_EXIT)
		*c = (struct child){leader_of(ev->task), {status, ev->task->proc->utime_ns, ev->task->proc->stime_ns}};
	buf_reset(b);
	if (status >= 0 && WIFSIGNALED(status))
		buf_printf(b, "+++ killed by %s%s +++", signal_name(WTERMSIG(status)),
			   WCOREDUMP(status) ? " (core dumped)" : "");
	else
		buf_printf(b, "+++ exited with %d +++", status < 0 ? 0 : WEXITSTATUS(status));
	add_mark(s, ev);
	drop_thread(s, tid_of(ev->task));
	if (ev->kind == EV_EXIT)
		drop_thread(s, leader_of(ev->task));
}

static void add_signal(struct strace_sink *s, const struct event *ev)
{
	const struct child *c = child_of(s, pid_of(ev->task, ev->sender_pid));
	struct thread *t = thread_of(s, tid_of(ev->task));
	struct buf *b = &s->call.result;

	buf_reset(&t->interrupted);
	if (t->result.len)
		buf_add(&t->interrupted, t->result.s, t->result.len);
	buf_reset(b);
	buf_puts(b, "--- ");
	strace_signal_format(b, ev, c->pid == ev->sender_pid ? &c->ended : NULL);
	buf_puts(b, " ---");
	add_mark(s, ev);
}

static void add_stop(struct strace_sink *s, const struct event *ev)
{
	*child_of(s, leader_of(ev->task)) = (struct child){leader_of(ev->task), {ev->signo << 8 | 0x7f, 0, 0}};
	buf_reset(&s->call.result);
	buf_printf(&s->call.result, "--- stopped by %s ---", signal_name(ev->signo));
	add_mark(s, ev);
}

static void add_event(struct strace_sink *s, const struct event *ev)
{
	struct thread *t = thread_of(s, tid_of(ev->task));

	t->known_ns = MAX(t->known_ns, ev->ts_ns + ev->dur_ns);
	if ((ev->kind == EV_FORK || ev->kind == EV_THREAD) && ev->child) {
		struct thread *made = thread_of(s, tid_of(ev->child));

		made->known_ns = ev->ts_ns;
		made->blocked = t->blocked;
	}
	if (s->opt->totals->left_out)
		;
	else if (ev->call && ev->kind != EV_WAITING)
		add_call(s, ev);
	else if (ev->kind == EV_SIGNAL)
		add_signal(s, ev);
	else if (ev->kind == EV_STOP)
		add_stop(s, ev);
	else if (ev->kind == EV_EXIT || ev->kind == EV_THREAD_EXIT)
		add_end(s, ev);
}

static void strace_event(struct sink *sink, const struct event *ev)
{
	struct strace_sink *s = CONTAINER_OF(sink, struct strace_sink, sink);

	if (ev->kind == EV_START && ev->item && ev->item->kind == RECORD_START && !s->wall_ns) {
		s->wall_ns = ev->item->start->wall_ns;
		s->start_ns = ev->ts_ns;
	}
	if (!ev->task || ev->kind == EV_RELEASE || ev->kind == EV_MEMORY_SNAPSHOT)
		return;
	if (s->opt->live)
		add_event(s, ev);
	write_known(s, ev->ts_ns + ev->dur_ns);
}

static void strace_tick(struct sink *sink, uint64_t now_ns)
{
	struct strace_sink *s = CONTAINER_OF(sink, struct strace_sink, sink);

	write_known(s, now_ns);
	out_tick(s->out, now_ns);
}

static void strace_finish(struct sink *sink, const struct sink_result *done UNUSED)
{
	struct strace_sink *s = CONTAINER_OF(sink, struct strace_sink, sink);

	write_until(s, UINT64_MAX);
	if (s->open) {
		write_unfinished(s, s->open);
		free(s->open);
		s->open = NULL;
	}
}

static void strace_free(struct sink *sink)
{
	struct strace_sink *s = CONTAINER_OF(sink, struct strace_sink, sink);
	struct thread *t, *next;

	HASH_ITER(hh, s->threads, t, next)
	drop_thread(s, t->tid);
	for (uint32_t i = 0; i < s->n; i++) /* a call stands there once or twice */
		if (s->heap[i].what != CALL_BEGINS)
			free(s->heap[i].line);
	free(s->heap);
	strace_call_done(&s->call);
	buf_done(&s->out_line);
	free(s);
}

struct sink *sink_strace_new(struct out *out, const struct sink_options *opt)
{
	static const struct sink_ops ops = {
		.event = strace_event, .tick = strace_tick, .finish = strace_finish, .free = strace_free};
	struct strace_sink *s = xcalloc(1, sizeof(*s));

	s->sink.ops = &ops;
	s->out = out;
	s->opt = opt;
	return &s->sink;
}
