/* SPDX-License-Identifier: MIT */
/*
 * --chrome-trace: the timeline as JSON in the form of Chrome's trace viewer, which speedscope, Firefox Profiler and
 * ui.perfetto.dev read, too.  What each of them needs (docs/exports.md):
 *
 * - Pairs of B and E, not X: speedscope adds a start and a duration as fractions and loses which slice lies in which.
 *   The same time is written as the same text.
 * - None of no length: speedscope takes an E for that of a slice before it, and this one never ends.
 * - Names on both; arguments on E, below "data": speedscope makes them part of a frame's name on B, and Firefox shows
 *   nothing but data.
 * - Whole numbers for pid and tid, times from 0 in microseconds with three decimals.
 */
#include <string.h>

#include "abi/meaning.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/macro.h"
#include "event/event.h"
#include "sink/sink.h"
#include "sink/stack_words.h"
#include "sink/timeline.h"
#include "sink/value.h"
#include "sink/words.h"

struct chrome { struct buf *out, words; bool comma; };

/* An array: the comma comes before, so that each line is whole, and a file that was cut only lacks a ']'. */
static struct json open_line(struct chrome *c)
{
	struct json j = { .b = c->out };

	buf_puts(c->out, c->comma ? ",\n{" : "{");
	c->comma = true;
	return j;
}

static void close_line(struct chrome *c) { buf_putc(c->out, '}'); }

static void add_time(struct json *j, uint64_t at_ns)
{
	unsigned rest = (unsigned)(at_ns % 1000);
	char decimals[4] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };

	json_key(j, "ts"), json_u64(j, at_ns / 1000);
	buf_add(j->b, decimals, sizeof(decimals));
}

/* Of another host: above lanes, below 2^32. */
static uint32_t number(uint32_t pid, uint32_t host) { return timeline_number(pid, host) + (host ? 1u << 31 : 0); }

/* tid of a lane: a number that no thread has (PID_MAX_LIMIT is 2^22), below 2^32. */
static uint64_t tid_of(const struct timeline_thread *of, unsigned lane)
{
	return lane ? 1u << 24 | ((of->id * TIMELINE_LANES + lane - 1) & 0x7effffff) : number(of->tid, of->host);
}

static struct json open_event(struct chrome *c, const char *phase, uint32_t pid, uint64_t tid)
{
	struct json j = open_line(c);

	json_key(&j, "ph"), json_cstr(&j, phase);
	json_key(&j, "pid"), json_u64(&j, pid);
	json_key(&j, "tid"), json_u64(&j, tid);
	return j;
}

/* what: process_name, thread_name */
static void add_name(struct chrome *c, const char *what, uint32_t pid, uint64_t tid, const char *name, size_t len)
{
	struct json j = open_event(c, "M", pid, tid);

	json_key(&j, "name"), json_cstr(&j, what);
	json_key(&j, "args"), json_open(&j, '{');
	json_key(&j, "name"), json_escaped(&j, name ? name : "", len);
	json_close(&j, '}');
	close_line(c);
}

static void start(void *ctx, uint64_t wall_ns UNUSED) { buf_puts(((struct chrome *)ctx)->out, "[\n"); }
static void type(void *ctx UNUSED, uint32_t id UNUSED, const char *name UNUSED, uint32_t len UNUSED) { }
static void counter(void *ctx UNUSED, const struct timeline_process *of UNUSED, enum timeline_number n UNUSED) { }

static void process(void *ctx, const struct timeline_process *of)
{
	if (of->name_len)
		add_name(ctx, "process_name", number(of->pid, of->host), number(of->pid, of->host), of->name,
			 of->name_len);
}

static void thread(void *ctx, const struct timeline_thread *of)
{
	add_name(ctx, "thread_name", number(of->pid, of->host), tid_of(of, 0), of->name, of->name_len);
}

static void lane(void *ctx, const struct timeline_thread *of, unsigned nth, const char *name)
{
	struct chrome *c = ctx;

	buf_reset(&c->words);
	buf_printf(&c->words, "%u %s", of->tid, name);
	add_name(c, "thread_name", number(of->pid, of->host), tid_of(of, nth), c->words.s, c->words.len);
}

/* A string a function, as below a line of the terminal: readers show lists of objects as numbers of them. */
static void stack(struct chrome *c, struct json *j, const struct stack *s)
{
	json_open(j, '[');
	for (unsigned i = 0; i < s->n; i++) {
		buf_reset(&c->words);
		frame_line(&c->words, &s->frames[i]);
		json_str(j, c->words.s, c->words.len);
	}
	if (stack_why(s))
		json_cstr(j, stack_why(s));
	json_close(j, ']');
}

static void detail(struct chrome *c, struct json *j, const struct row *row, unsigned field)
{
	const struct row_field *f = &row_tables[TABLE_EVENT].fields[field];
	const struct cell *cell = &row->cells[field];

	json_key(j, f->name);
	switch ((enum row_type)f->type) {
	case ROW_SIGNED: case ROW_FD: json_i64(j, cell->i); return;
	case ROW_BOOL: json_bool(j, cell->u); return;
	case ROW_WORD: json_str(j, cell->s, cell->n); return;
	case ROW_STRING: json_escaped(j, cell->s, cell->n); return;
	case ROW_ADDRESS: json_hex(j, cell->u); return;
	case ROW_PEER:
		buf_reset(&c->words);
		addr_format(&c->words, cell->addr);
		json_escaped(j, c->words.s ? c->words.s : "", c->words.len);
		return;
	case ROW_ARGS:
		buf_reset(&c->words);
		call_format_args(&c->words, row->event, 0);
		json_str(j, c->words.s ? c->words.s : "", c->words.len);
		return;
	case ROW_STACK: stack(c, j, cell->stack); return;
	default: json_u64_or_str(j, cell->u); return;
	}
}

static void details(struct chrome *c, struct json *j, const struct timeline_event *e)
{
	uint64_t left = timeline_details_of(e);

	if (!left)
		return;
	json_key(j, "args"), json_open(j, '{');
	json_key(j, "data"), json_open(j, '{');
	for (; left; left &= left - 1)
		detail(c, j, e->row, (unsigned)__builtin_ctzll(left));
	json_close(j, '}'), json_close(j, '}');
}

static struct json open_named(struct chrome *c, const char *phase, const struct timeline_event *e, uint64_t at_ns)
{
	struct json j = open_event(c, phase, number(e->thread->pid, e->thread->host), tid_of(e->thread, e->lane));

	add_time(&j, at_ns);
	json_key(&j, "name"), json_cstr(&j, e->name);
	return j;
}

static void slice(void *ctx, const struct timeline_event *e)
{
	struct chrome *c = ctx;
	struct json j = open_named(c, "B", e, e->start_ns);

	json_key(&j, "cat"), json_cstr(&j, meaning_category(e->category));
	close_line(c);
	j = open_named(c, "E", e, MAX(e->end_ns, e->start_ns + 1));
	details(c, &j, e);
	close_line(c);
}

static void mark(void *ctx, const struct timeline_event *e)
{
	struct chrome *c = ctx;
	struct json j = open_named(c, "i", e, e->start_ns);

	json_key(&j, "s"), json_cstr(&j, "t");
	json_key(&j, "cat"), json_cstr(&j, meaning_category(e->category));
	details(c, &j, e);
	close_line(c);
}

static void value(void *ctx, const struct timeline_process *of, enum timeline_number n, uint64_t at_ns, uint64_t v)
{
	struct chrome *c = ctx;
	struct json j = open_event(c, "C", number(of->pid, of->host), number(of->pid, of->host));

	add_time(&j, at_ns);
	json_key(&j, "name"), json_cstr(&j, timeline_counters[n].name);
	json_key(&j, "args"), json_open(&j, '{');
	json_key(&j, "value"), json_u64(&j, MIN(v, (uint64_t)INT64_MAX));
	json_close(&j, '}');
	close_line(c);
}

static void end(void *ctx)
{
	struct chrome *c = ctx;

	buf_puts(c->out, c->comma ? "\n]\n" : "]\n");
}

static void chrome_free(void *ctx)
{
	struct chrome *c = ctx;

	buf_done(&c->words);
	free(c);
}

int sink_chrome_trace_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink,
			  struct diag *diag)
{
	static const struct timeline_ops ops = {
		.start = start, .type = type, .process = process, .thread = thread, .lane = lane, .counter = counter, .slice = slice, .mark = mark,
		.value = value, .end = end,
	};
	struct chrome *c = xcalloc(1, sizeof(*c));
	const struct timeline_writer writer = { &ops, c, &c->out, chrome_free, "--chrome-trace" };

	return timeline_new(&writer, opt, file, ret_sink, diag);
}
