/* SPDX-License-Identifier: MIT */
/* META of a report: JSON, streamed; and which columns its blocks have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/critical.h"
#include "analyze/endings.h"
#include "analyze/notes.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "model/model.h"
#include "record/record.h"
#include "config.h"
#include "row/enums.h"
#include "sink/diff_words.h"
#include "sink/ending_words.h"
#include "sink/html.h"
#include "sink/html_columns.h"
#include "sink/totals_words.h"

#define COLUMN(block, name, width, type, member, table, fields)	\
	{ KIND_##block, HTML_COL(name, width, struct type, member) },
static const struct { enum html_kind kind; struct html_col col; } columns[] = {
	{ KIND_O, HTML_COL("count", W_U16, struct html_bucket, count) },
	{ KIND_O, HTML_COL("cat", W_U8, struct html_bucket, cat) },
	HTML_COLUMNS(COLUMN)
};

static void set_width(struct html_cols *cols, const char *name, enum html_width width)
{
	for (unsigned i = 0; i < cols->n; i++)
		if (!strcmp(cols->v[i].name, name))
			cols->v[i].width = (uint8_t)width;
}

/* Values with these bits take no more; each byte of a column costs as much to compress when it is 0. */
static enum html_width narrowest(enum html_width wide, uint64_t bits)
{
	if (bits >> 32)
		return wide;
	if (bits >> 16)
		return html_is_signed(wide) ? W_Z32 : W_U32;
	return html_is_signed(wide) ? W_Z16 : bits >> 8 ? W_U16 : W_U8;
}

/* false: there is nothing but 0 in it, which is what a column that is missing is read as. */
static bool narrow(const struct html *h, struct html_col *col)
{
	uint64_t bits = 0;

	memcpy(&bits, (const char *)&h->bits + col->offset, col->size);
	col->width = (uint8_t)narrowest((enum html_width)col->width, bits);
	return bits;
}

void html_layout_of(struct html *h, struct html_layout *ret_layout)
{
	*ret_layout = (struct html_layout){ .nfiles = h->files.nrows, .nconns = h->nconns, .duration_ns = h->last_ns };
	for (unsigned i = 0; i < ARRAY_SIZE(columns); i++) {
		struct html_cols *cols = &ret_layout->cols[columns[i].kind];
		struct html_col *col = &cols->v[cols->n];

		*col = columns[i].col;
		col->delta = !strcmp(col->name, "dt");
		cols->n += columns[i].kind != KIND_C || narrow(h, col);
	}
	if (h->ntasks > 65536) {
		set_width(&ret_layout->cols[KIND_H], "lane", W_U32);
		set_width(&ret_layout->cols[KIND_K], "lane", W_U32);
	}
	if (h->ntypes > 256)
		set_width(&ret_layout->cols[KIND_H], "type", W_U16);
}

static void key_str(struct json *j, const char *key, const char *s) { json_key(j, key); json_cstr(j, s); }
static void key_u64(struct json *j, const char *key, uint64_t v) { json_key(j, key); json_u64(j, v); }
static void key_i64(struct json *j, const char *key, int64_t v) { json_key(j, key); json_i64(j, v); }

static void flush(struct json *j, struct html_out *out, size_t keep)
{
	if (j->b->len < keep)
		return;
	html_out_add(out, j->b->s, j->b->len);
	buf_reset(j->b);
}

static void write_names(struct json *j, const char *key, const char *const *names)
{
	json_key(j, key);
	json_open(j, '[');
	for (; *names; names++)
		json_cstr(j, *names);
	json_close(j, ']');
}

/* Why the terminal hides an event, by the H column `noise`. */
static void write_noise(struct json *j)
{
	json_key(j, "noise");
	json_open(j, '[');
	for (enum noise_class c = NOISE_NONE; c < _NOISE_MAX; c++) {
		json_open(j, '[');
		json_cstr(j, noise_class_name(c));
		json_cstr(j, noise_class_text(c));
		json_close(j, ']');
	}
	json_close(j, ']');
}

static void write_counters(struct json *j)
{
	static const struct { const char *name, *unit; } counters[] = {
		[COUNTER_MEMORY] = { "mapped memory", "bytes" }, [COUNTER_RESIDENT] = { "resident, by faults", "bytes" }, [COUNTER_FDS] = { "open fds", "count" },
	};

	json_key(j, "counters");
	json_open(j, '[');
	for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
		json_open(j, '{');
		key_str(j, "name", counters[i].name);
		key_str(j, "unit", counters[i].unit);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_types(struct html *h, struct json *j)
{
	json_key(j, "types");
	json_open(j, '[');
	for (unsigned i = 0; i < h->ntypes; i++) {
		const struct html_type *t = &h->types[i];

		json_open(j, '{');
		key_str(j, "name", t->name);
		key_u64(j, "cat", t->cat);
		key_str(j, "op", t->op);
		if (t->io)
			key_str(j, "io", t->io), key_str(j, "bytes", t->counts ? "val" : "ret");
		if (t->layer)
			key_str(j, "layer", t->layer);
		if (t->verb && !t->many_verbs && strcmp(t->verb, t->name))
			key_str(j, "verb", t->verb);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_errnos(struct html *h, struct json *j)
{
	json_key(j, "errnos");
	json_open(j, '[');
	for (unsigned code = 1; code < ARRAY_SIZE(h->errs); code++) {
		if (!h->errs[code])
			continue;
		int err = code < ERR_FIRST_INTERNAL ? (int)code :
			  code < ERR_NO_RESULT	    ? abs(h->internal_errs[code - ERR_FIRST_INTERNAL]) :
						      0;
		const char *name = err ? errno_name(err) : code == ERR_UNFINISHED ? "unfinished" : "unknown";
		const char *text = err			  ? errno_text(err) :
				   code == ERR_UNFINISHED ? "The call did not return" :
							    "The result was not recorded";
		char number[32];

		snprintf(number, sizeof(number), "errno %d", err);
		json_open(j, '[');
		json_u64(j, code);
		json_cstr(j, name ? name : number);
		json_cstr(j, text ? text : "");
		json_u64(j, html_fault_of(h, (uint8_t)code));
		json_close(j, ']');
	}
	json_close(j, ']');
}

/* The chain leads from the last exec to the first. */
static void write_execs(struct html *h, struct json *j, uint64_t last, struct html_out *out)
{
	uint64_t *at = NULL;
	unsigned n = 0, cap = 0;
	struct html_exec e;

	for (uint64_t pos = last; pos; pos = e.prev) {
		if (n == cap) {
			cap = cap ? cap * 2 : 16;
			at = xrealloc(at, cap * sizeof(*at));
		}
		at[n++] = pos - 1;
		spool_read(&h->execs, pos - 1, &e, sizeof(e));
	}
	json_key(j, "execs");
	json_open(j, '[');
	while (n--) {
		spool_read(&h->execs, at[n], &e, sizeof(e));
		buf_reset(&h->tmp);
		buf_grow(&h->tmp, e.nbytes);
		spool_read(&h->execs, at[n] + sizeof(e), h->tmp.s, e.nbytes);
		json_raw(j, h->tmp.s, e.nbytes);
		flush(j, out, 1 << 16);
	}
	json_close(j, ']');
	free(at);
}

static void key_words(struct json *j, const char *key, ending_words_fn *words, const struct totals_ending *e)
{
	struct buf b = { 0 };

	words(&b, e);
	diff_strip(&b);
	if (b.len) {
		json_key(j, key);
		json_str(j, b.s, b.len);
	}
	buf_done(&b);
}

/* Of a process that failed, in the words of the static summary. */
static void write_ending(const struct html *h, struct json *j, const struct html_task *t)
{
	const struct totals *totals = h->opt->totals;

	for (unsigned i = totals ? totals->endings.n : 0; i-- > 0;) {
		const struct totals_ending *e = totals->endings.v[i];

		if (e->proc->pid != t->pid || e->proc->end_ns != totals->start_ns + t->end)
			continue;
		html_ending_place(h, j, e);
		key_words(j, "fatal", ending_fatal, e);
		if (ending_is_meant(totals, e->proc))
			json_key(j, "meant"), json_bool(j, true);
		if (e->cause) {		/* what it missed itself is no reason */
			key_u64(j, "because", e->cause->proc->pid);
			return;
		}
		key_words(j, "missed", ending_missed, e);
		key_words(j, "last_lines", ending_last_lines, e);
		return;
	}
}

static void write_task(struct html *h, struct json *j, uint32_t lane, struct html_out *out)
{
	const struct html_task t = *(const struct html_task *)store_row(&h->tasks, lane);

	json_open(j, '{');
	key_u64(j, "pid", t.pid);
	key_u64(j, "tid", t.tid);
	key_i64(j, "parent", t.parent);
	if (t.parent < 0 && t.ppid)
		key_u64(j, "ppid", t.ppid);
	key_u64(j, "proc", t.proc);
	if (t.host)
		key_u64(j, "host", t.host);
	key_u64(j, "start", t.start);
	json_key(j, "end");
	if (t.ended)
		json_u64(j, t.end);
	else
		json_null(j);
	if (t.attached)
		json_key(j, "was_running"), json_bool(j, true);
	if (t.has_status && t.status >= 0 && WIFEXITED(t.status)) {
		key_u64(j, "exit", (uint64_t)WEXITSTATUS(t.status));
	} else if (t.has_status && t.status >= 0 && WIFSIGNALED(t.status)) {
		key_str(j, "signal", signal_name(WTERMSIG(t.status)));
		if (WCOREDUMP(t.status))
			json_key(j, "core"), json_bool(j, true);
	}
	if (t.pid == t.tid && t.ended && t.has_status && t.status > 0)
		write_ending(h, j, &t);
	json_key(j, "comm");
	json_str(j, t.comm, t.comm_len);
	if (t.named) {
		key_u64(j, "named", t.named_ns);
		json_key(j, "was");
		json_str(j, t.was, t.was_len);
	}
	if (t.utime_ns || t.stime_ns) {
		key_u64(j, "cpu_ns", t.utime_ns + t.stime_ns);
		key_u64(j, "utime_ns", t.utime_ns);
		key_u64(j, "stime_ns", t.stime_ns);
	}
	if (t.resident && t.pid == t.tid)
		key_u64(j, "max_rss", t.resident);
	write_execs(h, j, t.last_exec, out);
	json_close(j, '}');
	flush(j, out, 1 << 16);
}

/* Bounded: a system-wide trace would list every process, which the tasks do anyway. */
enum { ATTACHED_MAX = 64 };

static void write_attached(struct html *h, struct json *j)
{
	unsigned n = 0;

	json_key(j, "attached");
	json_open(j, '[');
	for (uint32_t lane = 0; lane < h->ntasks && h->attached && n < ATTACHED_MAX; lane++) {
		const struct html_task *t = store_row(&h->tasks, lane);

		if (t->attached && t->proc == lane)
			n++, json_u64(j, t->pid);
	}
	json_close(j, ']');
}

static void write_notes(struct html *h, struct json *j)
{
	struct buf note = { 0 };
	bool chosen = h->opt->totals->chosen.len || h->opt->totals->filter.len;
	char text[256];

	json_key(j, "notes");
	json_open(j, '[');
	for (unsigned i = 0; totals_choice_format(&note, h->opt->totals, h->opt->filter, i); i++) {
		if (note.len)
			json_str(j, note.s, note.len);
		buf_reset(&note);
	}
	buf_done(&note);
	if (!chosen && h->started && !h->all_calls)
		json_cstr(j, "Not every system call was recorded, and many without arguments or result: the recording "
			     "was made for text output.");
	for (unsigned i = 0; i < h->opt->totals->nnotes; i++) {
		struct buf b = { 0 };

		totals_note_format(&b, &h->opt->totals->notes[i]);
		json_str(j, b.s, b.len);
		buf_done(&b);
	}
	if (h->nunattributed) {
		snprintf(text, sizeof(text),
			 "%llu block requests, waits for a CPU or page faults of kernel threads or of threads that had "
			 "ended are left out.",
			 (unsigned long long)h->nunattributed);
		json_cstr(j, text);
	}
	if (h->args_dropped) {
		snprintf(text, sizeof(text), "The arguments of %llu events were left out to keep the report small.",
			 (unsigned long long)h->args_dropped);
		json_cstr(j, text);
	}
	if (h->has_env && !(h->opt->totals->start_mode & START_REDACTED))
		json_cstr(j, "The environment of each program is in this report "
			     "(--redact masks what looks like a secret).");
	if (h->has_data)
		json_cstr(j, "The first bytes of what was read and written are in this report "
			     "(--redact leaves them out).");
	if (h->data_dropped) {
		snprintf(text, sizeof(text),
			 "The first bytes of %llu reads and writes were left out to keep the report small.",
			 (unsigned long long)h->data_dropped);
		json_cstr(j, text);
	}
	if (h->stacks_dropped) {
		snprintf(text, sizeof(text), "The functions of %llu calls were left out to keep the report small.",
			 (unsigned long long)h->stacks_dropped);
		json_cstr(j, text);
	}
	json_close(j, ']');
}

enum { PATH_MAX_STRETCHES = 20000 };

static int by_length(const void *pa, const void *pb)
{
	const struct critical_stretch *a = pa, *b = pb;
	uint64_t la = a->end_ns - a->start_ns, lb = b->end_ns - b->start_ns;

	return la < lb ? 1 : la > lb ? -1 : 0;
}

static int by_start(const void *pa, const void *pb)
{
	const struct critical_stretch *a = pa, *b = pb;

	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

/* Lane, from and to of each stretch; of more than there is room for, the longest. */
static void write_path(struct html *h, struct json *j, struct html_out *out)
{
	struct critical *c = critical_path(h->opt->totals);
	uint64_t t0 = h->opt->totals->start_ns;

	if (!c || c->nstretches < 2) {
		critical_free(c);
		return;
	}
	if (c->nstretches > PATH_MAX_STRETCHES) {
		qsort(c->stretches, c->nstretches, sizeof(*c->stretches), by_length);
		qsort(c->stretches, PATH_MAX_STRETCHES, sizeof(*c->stretches), by_start);
	}
	json_key(j, "critical");
	json_open(j, '[');
	for (unsigned i = 0; i < MIN(c->nstretches, (unsigned)PATH_MAX_STRETCHES); i++) {
		const struct critical_stretch *s = &c->stretches[i];
		int32_t lane = html_lane(h, s->task);

		if (lane < 0)
			continue;
		json_open(j, '[');
		json_u64(j, (uint64_t)lane);
		json_u64(j, s->start_ns - MIN(s->start_ns, t0));
		json_u64(j, s->end_ns - MIN(s->end_ns, t0));
		json_close(j, ']');
		flush(j, out, 1 << 16);
	}
	json_close(j, ']');
	critical_free(c);
}

void html_meta_write(struct html *h, const struct html_layout *l, struct html_out *out)
{
	static const struct { char key[2]; enum html_kind kind; } kinds[] = {
		{ "o", KIND_O }, { "s", KIND_S }, { "f", KIND_F }, { "n", KIND_N }, { "k", KIND_K }, { "h", KIND_H }, { "c", KIND_C },
		{ "d", KIND_D },	/* the last one: only where there is any */
	};
	const char *file_kinds[_FILE_KIND_MAX + 2] = { "none" };
	const char *categories[_CAT_MAX + 1] = { NULL };
	struct buf b = { 0 };
	struct json j = { .b = &b };
	char number[32];

	for (unsigned c = 0; c < _CAT_MAX; c++)
		categories[c] = meaning_category(c);
	for (unsigned k = 0; k < _FILE_KIND_MAX; k++)
		file_kinds[k + 1] = file_kind_name(k);
	json_open(&j, '{');
	key_u64(&j, "version", 1);
	key_str(&j, "tool", "compendium " COMPENDIUM_VERSION);
	/* the wall clock was read when the recording began, its zero */
	snprintf(number, sizeof(number), "%llu", (unsigned long long)h->wall_ns);
	key_str(&j, "t0_ns", number);
	key_u64(&j, "duration_ns", l->duration_ns);
	json_raw(&j, h->command.s, h->command.len);
	write_attached(h, &j);
	json_key(&j, "cwd");
	json_str(&j, h->cwd.s ? h->cwd.s : "", h->cwd.len);
	key_i64(&j, "main", h->ntasks ? 0 : -1);
	key_str(&j, "end", h->end);
	json_key(&j, "events");
	json_open(&j, '{');
	key_u64(&j, "kept", h->kept);
	key_u64(&j, "total", h->total);
	json_close(&j, '}');
	json_key(&j, "lost");
	json_open(&j, '{');
	key_u64(&j, "events", h->lost);
	json_key(&j, "note");
	json_str(&j, h->lost_note.s ? h->lost_note.s : "", h->lost_note.len);
	json_close(&j, '}');
	write_notes(h, &j);
	html_diff_meta(h, &j);
	json_key(&j, "cols");
	json_open(&j, '{');
	for (unsigned i = 0; i < ARRAY_SIZE(kinds) - (h->data.n == 1); i++) {
		json_key(&j, kinds[i].key);
		html_cols_json(&j, l->cols[kinds[i].kind].v, l->cols[kinds[i].kind].n);
	}
	json_close(&j, '}');
	json_key(&j, "rows");
	json_open(&j, '{');
	key_u64(&j, "s", h->strings.n);
	key_u64(&j, "f", l->nfiles);
	key_u64(&j, "n", l->nconns);
	key_u64(&j, "k", h->samples.nrows);
	json_close(&j, '}');
	key_u64(&j, "block", RUN_ROWS);
	json_key(&j, "overview");
	json_open(&j, '{');
	key_u64(&j, "lanes", l->lanes);
	key_u64(&j, "buckets", l->buckets);
	json_close(&j, '}');
	write_names(&j, "categories", categories);
	write_noise(&j);
	write_types(h, &j);
	write_errnos(h, &j);
	write_names(&j, "file_kinds", file_kinds);
	write_names(&j, "sock_kinds", row_sock_kinds);
	write_names(&j, "sock_states", row_sock_states);
	write_counters(&j);
	json_key(&j, "tasks");
	json_open(&j, '[');
	h->ntop = MIN(endings_top(h->opt->totals, h->top, ARRAY_SIZE(h->top)), (unsigned)ARRAY_SIZE(h->top));
	for (uint32_t lane = 0; lane < h->ntasks; lane++)
		write_task(h, &j, lane, out);
	json_close(&j, ']');
	write_path(h, &j, out);
	html_findings_meta(h, &j);
	json_close(&j, '}');
	flush(&j, out, 0);
	buf_done(&b);
}
