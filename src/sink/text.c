/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "analyze/notes.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "filter/callset.h"
#include "record/record.h"
#include "sink/line.h"
#include "sink/lines.h"
#include "sink/out.h"
#include "sink/sink.h"
#include "sink/totals_words.h"
#include "sink/value.h"

/*
 * Equal I/O of one task becomes one line while the calls follow each other within 100 ms, for at most a second.  When
 * a line appears, and where, is decided by the times of events alone, never by when the capture delivered them: that is
 * why a replayed recording gives the same text.  A line may wait until something ends later than its deadline; tick()
 * promises the same thing without an event.
 */
#define MERGE_GAP_NS 100000000u
#define MERGE_MAX_NS 1000000000u

/* The waiting ones by the end of their first call, and of their last. */
enum order { BY_FIRST, BY_LAST, _ORDERS };

struct pending {
	uint32_t task;
	bool waiting;
	struct io_run run;
	struct pending *prev[_ORDERS], *next[_ORDERS];	/* the waiting ones */
	UT_hash_handle hh;
};

struct text_sink {
	struct sink sink;
	struct out *out;
	const struct sink_options *opt;
	struct buf line;
	struct pending *tasks, *last;	/* by task id; the one used last */
	struct pending *first_waiting[_ORDERS], *last_waiting[_ORDERS];
	uint32_t verbose_task;		/* whose call, entered when, had its line (one call can be several events) */
	uint64_t verbose_enter_ns;
	bool header;
};

static uint64_t deadline_of(const struct io_run *r)
{
	return MIN(r->last_ns + MERGE_GAP_NS, r->first_ns + MERGE_MAX_NS);
}

static uint64_t since_start(const struct text_sink *s, uint64_t ts_ns)
{
	uint64_t start_ns = s->opt->totals->start_ns;

	return ts_ns > start_ns ? ts_ns - start_ns : 0;
}

static void write_line(struct text_sink *s, uint64_t ts_ns, const struct line_who *who)
{
	lines_add(out_lines(s->out), since_start(s, ts_ns), who, s->line.s, s->line.len);
	buf_reset(&s->line);
}

static void write_event(struct text_sink *s, const struct event *ev)
{
	const struct line_who who = line_who(s->opt, ev->task);

	write_line(s, ev->ts_ns + ev->dur_ns, &who);
}

static void unlink_waiting(struct text_sink *s, struct pending *p, enum order o)
{
	*(p->prev[o] ? &p->prev[o]->next[o] : &s->first_waiting[o]) = p->next[o];
	*(p->next[o] ? &p->next[o]->prev[o] : &s->last_waiting[o]) = p->prev[o];
}

static uint64_t order_ns(const struct pending *p, enum order o)
{
	return o == BY_FIRST ? p->run.first_ns : p->run.last_ns;
}

/* Events come nearly in order of their ends: the place is at the end, or close to it. */
static void link_waiting(struct text_sink *s, struct pending *p, enum order o)
{
	struct pending *after = s->last_waiting[o];

	while (after && order_ns(after, o) > order_ns(p, o))
		after = after->prev[o];
	p->prev[o] = after;
	p->next[o] = after ? after->next[o] : s->first_waiting[o];
	*(after ? &after->next[o] : &s->first_waiting[o]) = p;
	*(p->next[o] ? &p->next[o]->prev[o] : &s->last_waiting[o]) = p;
}

/* What comes after the last call of a waiting line waits for it. */
static void hold(struct text_sink *s)
{
	const struct pending *p = s->first_waiting[BY_LAST];

	lines_hold(out_lines(s->out), LINES_TEXT, p ? since_start(s, p->run.last_ns) : UINT64_MAX);
}

/* -T */
static void add_seconds(struct buf *b, uint64_t ns)
{
	buf_printf(b, " <%llu.%06llu>", (unsigned long long)(ns / 1000000000),
		   (unsigned long long)(ns / 1000 % 1000000));
}

static void flush_one(struct text_sink *s, struct pending *p)
{
	if (!p->waiting)
		return;
	unlink_waiting(s, p, BY_FIRST);
	unlink_waiting(s, p, BY_LAST);
	p->waiting = false;
	if (s->opt->call_numbers && p->run.nr >= 0)
		buf_printf(&s->line, "[%4d] ", p->run.nr);
	io_run_format(&s->line, &p->run);
	if (s->opt->call_times && p->run.nr >= 0)
		add_seconds(&s->line, p->run.spent_ns);
	write_line(s, p->run.last_ns, &p->run.who);
	hold(s);
}

/*
 * Everything that no event ending at now_ns or later can join, earliest deadline first: the order in which ticks, if
 * there were any, have done it.
 */
static void flush_due(struct text_sink *s, uint64_t now_ns)
{
	while (s->first_waiting[BY_FIRST]) {
		struct pending *due = s->first_waiting[BY_LAST], *oldest = s->first_waiting[BY_FIRST];

		if (deadline_of(&oldest->run) < deadline_of(&due->run))
			due = oldest;
		if (deadline_of(&due->run) >= now_ns)
			return;
		flush_one(s, due);
	}
}

static void flush_all(struct text_sink *s) { flush_due(s, UINT64_MAX); }

static struct pending *pending_find(struct text_sink *s, uint32_t task)
{
	struct pending *p;

	if (s->last && s->last->task == task)
		return s->last;
	HASH_FIND(hh, s->tasks, &task, sizeof(task), p);
	if (p)
		s->last = p;
	return p;
}

static void pending_drop(struct text_sink *s, struct pending *p)
{
	HASH_DEL(s->tasks, p);
	if (s->last == p)
		s->last = NULL;
	buf_done(&p->run.name);
	free(p);
}

/* With -n a line is of one call. */
static bool is_same_call(const struct text_sink *s, const struct pending *p, const struct event *ev)
{
	return !s->opt->call_numbers || p->run.nr == (ev->call ? (int)ev->call->nr : -1);
}

static void add_io(struct text_sink *s, const struct event *ev)
{
	struct pending *p = pending_find(s, ev->task->id);
	uint64_t end = ev->ts_ns + ev->dur_ns;

	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->task = ev->task->id;
		HASH_ADD(hh, s->tasks, task, sizeof(p->task), p);
		s->last = p;
	}
	if (p->waiting && !(io_run_same(&p->run, ev) && end <= deadline_of(&p->run) && is_same_call(s, p, ev)))
		flush_one(s, p);
	if (!p->waiting) {
		io_run_start(&p->run, ev);
		p->run.who = line_who(s->opt, ev->task);
		p->waiting = true;
		link_waiting(s, p, BY_FIRST);
	} else {
		unlink_waiting(s, p, BY_LAST);
	}
	p->run.count++;
	p->run.nbytes += ev->nbytes;
	p->run.spent_ns += ev->before_ns + ev->dur_ns;
	p->run.last_ns = end;
	link_waiting(s, p, BY_LAST);
	hold(s);
}

/* -n: "[ 257] " */
static void add_number(struct text_sink *s, const struct call *c)
{
	if (s->opt->call_numbers && c)
		buf_printf(&s->line, "[%4u] ", c->nr);
}

/* -T: " <0.000012>"; what has not returned has " <unfinished>" before it, and no time as in strace. */
static void add_time(struct text_sink *s, const struct event *ev)
{
	const struct call *c = ev->call;

	if (s->opt->call_times && c && !c->no_exit && !c->unfinished)
		add_seconds(&s->line, ev->before_ns + c->exit_ns - c->enter_ns);
}

static void add_call(struct text_sink *s, const struct event *ev)
{
	const struct call *c = ev->call;
	struct buf *b = &s->line;
	size_t at;

	if (s->verbose_task == ev->task->id && s->verbose_enter_ns == c->enter_ns)
		return;
	s->verbose_task = ev->task->id;
	s->verbose_enter_ns = c->enter_ns;
	add_number(s, c);
	buf_putc(b, style_of(ev->kind));
	call_format_name(b, c);
	buf_putc(b, STYLE_OFF);
	buf_putc(b, '(');
	call_format_args(b, ev, s->opt->value_flags);
	buf_puts(b, ") = ");
	if (c->err)
		buf_putc(b, STYLE_ERROR);
	at = b->len;
	call_format_result(b, ev, s->opt->value_flags);
	if (c->err)
		buf_putc(b, STYLE_OFF);
	if (s->opt->call_times) {
		add_time(s, ev);
	} else if (!c->no_exit && !c->unfinished && b->len > at) {
		buf_puts(b, "  ");
		buf_putc(b, STYLE_DIM);
		human_ns(b, ev->before_ns + c->exit_ns - c->enter_ns);
		buf_putc(b, STYLE_OFF);
	} else if (c->running && ev->before_ns + ev->dur_ns) {
		buf_printf(b, "  %c", STYLE_DIM);
		human_ns(b, ev->before_ns + ev->dur_ns);
		buf_printf(b, " so far%c", STYLE_OFF);
	}
	if (c->restarted) {
		buf_puts(b, " (restarted)");
	}
	write_event(s, ev);
}

/*
 * Shown as a call, whatever it is: one that goes on when tracing ends; the end of one that was found and has no other
 * line.
 */
static bool is_call_line(const struct event *ev)
{
	const struct call *c = ev->call;

	if (!c || ev->kind == EV_WAITING)
		return false;
	return c->running ||
	       (ev->found && !c->unfinished && !c->restarted && !effect_info((enum effect)c->spec->effect)->by_default);
}

/* What was made of another call than the event's own: the calls that it may have been. */
static bool is_chosen_mark(const struct callset *set, const struct event *ev)
{
	static const struct { uint8_t kind; const char *calls[4]; } marks[] = {
		{ EV_EXEC, { "execve", "execveat" } }, { EV_FORK, { "fork", "vfork", "clone", "clone3" } }, { EV_THREAD, { "clone", "clone3" } },
		{ EV_CONNECTED, { "connect" } }, { EV_CONNECT_FAILED, { "connect" } }, { EV_READ, { "io_submit", "io_getevents" } },
		{ EV_WRITE, { "io_submit", "io_getevents" } },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(marks); i++)
		if (marks[i].kind == ev->kind) {
			for (unsigned k = 0; k < ARRAY_SIZE(marks[i].calls) && marks[i].calls[k]; k++)
				if (callset_has(set, ARCH_X86_64, (unsigned)syscall_number(marks[i].calls[k])))
					return true;
			return false;
		}
	return true;	/* ends, signals, losses: of no call */
}

static bool is_chosen(const struct callset *set, const struct event *ev)
{
	return ev->call ? callset_has(set, ev->call->arch, ev->call->nr) : is_chosen_mark(set, ev);
}

/* A chosen call that has no words of its own is shown as with -v. */
static bool is_bare(const struct text_sink *s, const struct event *ev)
{
	const struct event_info *info = event_info(ev->kind);

	return s->opt->chosen && ev->call && ev->kind != EV_WAITING && !(ev->err ? info->live_failed : info->live);
}

static bool is_wanted(const struct text_sink *s, const struct event *ev)
{
	const struct event_info *info = event_info(ev->kind);

	if (s->opt->chosen && ev->kind != EV_WAITING && !is_chosen(s->opt->chosen, ev))
		return false;
	if (s->opt->chosen && ev->call && ev->kind != EV_WAITING)
		return !ev->call->restarted && (s->opt->all || s->opt->totals->noise == NOISE_NONE);
	if (ev->kind == EV_WAITING || is_call_line(ev))
		return true;
	if (!(ev->err ? info->live_failed : info->live))
		return false;
	if (ev->kind == EV_ATTACH && ev->task->is_thread)
		return false;
	/* The lines are the same whether or not a report or a recording asked for more calls. */
	if (ev->call && !effect_info((enum effect)ev->call->spec->effect)->by_default)
		return false;
	if (ev->call && ev->call->restarted)		/* it comes again, with a result */
		return false;
	if (ev->kind == EV_BRK && !ev->delta && !ev->err)	/* a question: where is it? */
		return false;
	return s->opt->all || s->opt->totals->noise == NOISE_NONE;
}

static void text_header(struct text_sink *s)
{
	uint32_t mode = s->opt->totals->start_mode;
	struct buf *b = &s->line;

	s->header = true;
	buf_puts(b, "compendium: tracing ");
	buf_putc(b, STYLE_BOLD);
	totals_command(b, s->opt->totals);
	buf_putc(b, STYLE_OFF);
	if (mode & (START_PTRACE | START_BPF)) {
		buf_putc(b, STYLE_DIM);
		buf_puts(b, mode & START_BPF ? " (bpf)" : " (ptrace)");
		buf_putc(b, STYLE_OFF);
	}
	buf_putc(b, '\n');
	out_write(s->out, b->s, b->len);
	buf_reset(b);
}

/* What tracing did to the program: a line of its own, below the exec. */
static void write_note(struct text_sink *s, const struct event *ev)
{
	struct totals_note n;

	if (!totals_may_note(ev) || !totals_note_of(s->opt->totals, ev, &n))
		return;
	buf_putc(&s->line, STYLE_ERROR);
	buf_puts(&s->line, "note: ");
	buf_putc(&s->line, STYLE_OFF);
	totals_note_format(&s->line, &n);
	write_event(s, ev);
}

static void text_event(struct sink *sink, const struct event *ev)
{
	struct text_sink *s = CONTAINER_OF(sink, struct text_sink, sink);
	struct pending *p;

	switch (ev->kind) {
	case EV_START:
		lines_set_times(out_lines(s->out),
				&(struct lines_times){ s->opt->clock, s->opt->relative, s->opt->totals->wall_ns });
		break;
	case EV_END:
		flush_all(s);
		return;
	case EV_RELEASE:
	case EV_MEMORY_SNAPSHOT:
		return;
	default:
		break;
	}
	if (!s->opt->live)
		return;
	if (!s->header && totals_has_command(s->opt->totals))	/* with -p it is known with the first process */
		text_header(s);
	if ((s->opt->verbose || is_bare(s, ev)) && ev->call && ev->kind != EV_WAITING) {
		if (!s->opt->chosen || is_chosen(s->opt->chosen, ev))
			add_call(s, ev);
		write_note(s, ev);
		return;
	}
	if (!is_wanted(s, ev)) {
		write_note(s, ev);
	} else {
		uint64_t end = ev->ts_ns + ev->dur_ns;

		flush_due(s, end);
		if (ev->task && io_run_is_io(ev) && !is_call_line(ev)) {
			add_io(s, ev);
			return;
		}
		if (ev->task && (p = pending_find(s, ev->task->id)))
			flush_one(s, p);
		if (ev->kind != EV_WAITING || !ev->flags) {
			add_number(s, ev->call);
			(is_call_line(ev) ? line_call : line_event)(&s->line, ev);
			add_time(s, ev);
			write_event(s, ev);
		}
		write_note(s, ev);
	}
	if (ev->task && (ev->kind == EV_EXIT || ev->kind == EV_THREAD_EXIT) && (p = pending_find(s, ev->task->id))) {
		flush_one(s, p);
		pending_drop(s, p);
	}
}

static void text_tick(struct sink *sink, uint64_t now_ns)
{
	struct text_sink *s = CONTAINER_OF(sink, struct text_sink, sink);

	flush_due(s, now_ns);
	out_tick(s->out, now_ns);
}

static void text_finish(struct sink *sink, const struct sink_result *done UNUSED)
{
	struct text_sink *s = CONTAINER_OF(sink, struct text_sink, sink);

	flush_all(s);	/* a stream cut short has no END */
	lines_flush(out_lines(s->out));
}

static void text_free(struct sink *sink)
{
	struct text_sink *s = CONTAINER_OF(sink, struct text_sink, sink);
	struct pending *p, *next;

	HASH_ITER(hh, s->tasks, p, next)
		pending_drop(s, p);
	buf_done(&s->line);
	free(s);
}

static const struct sink_ops text_ops = {
	.event = text_event, .tick = text_tick, .finish = text_finish, .free = text_free,
};

struct sink *sink_text_new(struct out *out, const struct sink_options *opt)
{
	struct text_sink *s = xcalloc(1, sizeof(*s));

	*s = (struct text_sink){ .sink.ops = &text_ops, .out = out, .opt = opt };
	return &s->sink;
}
