/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "abi/calm.h"
#include "analyze/notes.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "filter/callset.h"
#include "record/record.h"
#include "sink/joined.h"
#include "sink/line.h"
#include "sink/lines.h"
#include "sink/out.h"
#include "sink/sink.h"
#include "sink/stack_words.h"
#include "sink/totals_words.h"
#include "sink/value.h"

struct text_sink {
	struct sink sink;
	struct out *out;
	const struct sink_options *opt;
	struct buf line;
	struct joined *joined;
	uint32_t verbose_task;		/* whose call, entered when, had its line (one call can be several events) */
	uint64_t verbose_enter_ns;
	uint32_t exec_task;		/* whose exec had its line last, in words: its call needs none; 0: none */
	bool header;
};

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

	if (ev->stack)
		stack_lines(&s->line, ev->stack);
	write_line(s, ev->ts_ns + ev->dur_ns, &who);
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
		line_spent(&s->line, ev->before_ns + c->exit_ns - c->enter_ns);
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
		buf_putc(b, errno_is_calm(c->err) || errno_is_answer(c->err, c->spec->name) ? STYLE_DIM : STYLE_ERROR);
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
static inline bool is_call_line(const struct event *ev)
{
	const struct call *c = ev->call;

	if (!c || ev->kind == EV_WAITING)
		return false;
	return c->running ||
	       (ev->found && !c->unfinished && !c->restarted && !effect_info((enum effect)c->spec->effect)->by_default);
}

static inline bool is_named(const struct text_sink *s, const struct event *ev)
{
	return s->opt->named && ev->call && ev->kind != EV_WAITING &&
	       callset_has(s->opt->named, ev->call->arch, ev->call->nr);
}

static bool is_noise(const struct text_sink *s)
{
	return s->opt->totals->noise != NOISE_NONE && !s->opt->all && !s->opt->totals->noise_meant;
}

/* A named call that has no words of its own is shown as with -v. */
static bool is_bare(const struct text_sink *s, const struct event *ev)
{
	const struct event_info *info = event_info(ev->kind);

	return is_named(s, ev) && !(ev->err ? info->live_failed : info->live);
}

static bool is_wanted(const struct text_sink *s, const struct event *ev)
{
	const struct event_info *info;

	if (s->opt->totals->left_out && ev->kind != EV_WAITING)
		return false;
	if (is_named(s, ev))
		return !ev->call->restarted && !is_noise(s);
	if (ev->kind == EV_WAITING || is_call_line(ev))
		return true;
	if (is_noise(s))	/* first: of many programs it is most */
		return false;
	info = event_info(ev->kind);
	if (!(ev->err ? info->live_failed : info->live))
		return false;
	if (ev->kind == EV_ATTACH && (ev->task->is_thread || s->opt->totals->start_mode & START_SNAPSHOT))
		return false;
	/* The lines are the same whether or not a report or a recording asked for more calls. */
	if (ev->call && !effect_info((enum effect)ev->call->spec->effect)->by_default)
		return false;
	if (ev->call && ev->call->restarted)		/* it comes again, with a result */
		return false;
	if (ev->kind == EV_BRK && !ev->delta && !ev->err)	/* a question: where is it? */
		return false;
	return true;
}

/* The call that an exec was made by comes behind it; with -k it has the stack. */
static bool has_line_as_exec(struct text_sink *s, const struct event *ev)
{
	bool has = ev->kind == EV_CALL && ev->call->spec->effect == FX_EXEC && !ev->err && ev->task &&
		   ev->task->id == s->exec_task && !ev->stack && !s->opt->verbose;

	if (has)
		s->exec_task = 0;
	return has;
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
static void put_note(struct text_sink *s, const struct event *ev)
{
	struct totals_note n;

	if (!totals_note_of(s->opt->totals, ev, &n))
		return;
	buf_putc(&s->line, STYLE_ERROR);
	buf_puts(&s->line, "note: ");
	buf_putc(&s->line, STYLE_OFF);
	totals_note_format(&s->line, &n);
	write_event(s, ev);
}

static inline void write_note(struct text_sink *s, const struct event *ev)
{
	if (totals_may_note(ev))
		put_note(s, ev);
}

static void write_alone(struct text_sink *s, const struct event *ev)
{
	add_number(s, ev->call);
	(is_call_line(ev) ? line_call : line_event)(&s->line, ev);
	if (!is_call_line(ev) && line_is_timed(ev)) {
		buf_puts(&s->line, " after ");
		human_ns(&s->line, ev->dur_ns);
	}
	add_time(s, ev);
	write_event(s, ev);
}

static void text_event(struct sink *sink, const struct event *ev)
{
	struct text_sink *s = CONTAINER_OF(sink, struct text_sink, sink);

	switch (ev->kind) {
	case EV_START:
		lines_set_times(out_lines(s->out),
				&(struct lines_times){ s->opt->clock, s->opt->relative, s->opt->totals->wall_ns });
		break;
	case EV_END:
		joined_flush_due(s->joined, UINT64_MAX);
		return;
	case EV_RELEASE:
	case EV_MEMORY_SNAPSHOT:
	case EV_COUNTS:
		return;
	default:
		break;
	}
	if (ev->kind == EV_WRITE && ev->file && ev->file->kind == FILE_TTY)
		out_disturb(s->out);
	if (!s->opt->live)
		return;
	if (!s->header && totals_has_command(s->opt->totals))	/* with -p it is known with the first process */
		text_header(s);
	if (ev->call && has_line_as_exec(s, ev))
		return;
	if ((s->opt->verbose || is_bare(s, ev)) && ev->call && ev->kind != EV_WAITING) {
		if (!s->opt->totals->left_out)
			add_call(s, ev);
		write_note(s, ev);
		return;
	}
	if (!is_wanted(s, ev)) {
		write_note(s, ev);
	} else {
		uint64_t end = ev->ts_ns + ev->dur_ns;

		joined_flush_due(s->joined, end);
		if (!ev->stack && joined_may(ev) && !is_call_line(ev)) {
			joined_take(s->joined, ev);
			if (totals_may_note(ev))
				joined_flush_task(s->joined, ev->task);
			write_note(s, ev);
			return;
		}
		joined_flush_task(s->joined, ev->task);
		if (ev->kind == EV_EXEC && ev->task)
			s->exec_task = ev->task->id;
		if (ev->kind != EV_WAITING || !ev->flags)
			write_alone(s, ev);
		write_note(s, ev);
	}
	if (ev->task && (ev->kind == EV_EXIT || ev->kind == EV_THREAD_EXIT))
		joined_end_task(s->joined, ev->task);
}

static void text_tick(struct sink *sink, uint64_t now_ns)
{
	struct text_sink *s = CONTAINER_OF(sink, struct text_sink, sink);

	joined_flush_due(s->joined, now_ns);
	out_tick(s->out, now_ns);
}

static void text_finish(struct sink *sink, const struct sink_result *done UNUSED)
{
	struct text_sink *s = CONTAINER_OF(sink, struct text_sink, sink);

	joined_flush_due(s->joined, UINT64_MAX);	/* a stream cut short has no END */
	lines_flush(out_lines(s->out));
}

static void text_free(struct sink *sink)
{
	struct text_sink *s = CONTAINER_OF(sink, struct text_sink, sink);
	joined_free(s->joined);
	buf_done(&s->line);
	free(s);
}

static const struct sink_ops text_ops = {
	.event = text_event, .tick = text_tick, .finish = text_finish, .free = text_free,
};

struct sink *sink_text_new(struct out *out, const struct sink_options *opt)
{
	struct text_sink *s = xcalloc(1, sizeof(*s));

	*s = (struct text_sink){ .sink.ops = &text_ops, .out = out, .opt = opt, .joined = joined_new(out, opt) };
	return &s->sink;
}
