/* SPDX-License-Identifier: MIT */
#include "sink/diff_words.h"

#include <string.h>

#include "abi/spec.h"
#include "analyze/endings.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/conn_words.h"
#include "sink/ended.h"
#include "sink/ending_words.h"
#include "sink/spent_words.h"
#include "sink/totals_words.h"
#include "sink/words.h"

enum { COMMAND_COLUMNS = 60 };

static const struct { const char *name, *title; } kinds[_DIFFS] = {
	[DIFF_ENDED] = { "ended", "Ended in another way, or ran in one only and failed (first → second)" },
	[DIFF_RAN] = { "ran", "Ran in one only" },
	[DIFF_STARTED] = { "started", "Started in another way (first → second)" },
	[DIFF_ARGS] = { "arguments", "Other arguments (first → second)" },
	[DIFF_ENV] = { "environment", "Another environment (first → second)" },
	[DIFF_RESULT] = { "result", "Another result of opening (first → second)" },
	[DIFF_MISSED] = { "missed", "Looked for in vain in one only" },
	[DIFF_READ] = { "opened", "Opened in one only" },
	[DIFF_WRITTEN] = { "written", "Written in one only" },
	[DIFF_BYTES] = { "bytes", "Another number of bytes (first → second)" },
	[DIFF_PEER] = { "peers", "Peers (first → second)" },
	[DIFF_SLOWER] = { "slower", "Calls that take another time (first → second)" },
	[DIFF_PHASE] = { "phases", "Where the time went (first → second; one value each, so no test)" },
};

const char *diff_name(enum diff_kind kind) { return kinds[kind].name; }
const char *diff_title(enum diff_kind heading) { return kinds[heading].title; }

static void command(struct buf *b, const struct totals_proc *p, bool brief)
{
	if (brief)
		totals_proc_command_within(b, p, COMMAND_COLUMNS);
	else
		totals_proc_command(b, p);
}

static void path(struct buf *b, const struct difference *d)
{
	const struct totals_file *f = d->file[0] ? d->file[0] : d->file[1];
	struct buf name = { 0 };

	if (f)
		path_name(&name, f->path.s, f->path.len);
	else
		totals_lookup_name(&name, d->lookup[0] ? d->lookup[0] : d->lookup[1]);
	text_safe(b, name.s ? name.s : "", name.len);
	buf_done(&name);
}

static void limit(struct buf *b, const struct difference *d)
{
	static const char *const names[RECORD_LIMITS] = {
		"CPU time", "file size", "data", "stack", "core file", "resident memory", "processes", "open files",
		"locked memory", "address space", "file locks", "pending signals", "message queues", "nice", "real-time priority",
		"real-time CPU time",
	};

	buf_printf(b, "%slimit of %s", d->fact == FACT_HARD_LIMIT ? "hard " : "", names[d->limit % RECORD_LIMITS]);
}

static void fact(struct buf *b, const struct difference *d)
{
	static const char *const names[] = {
		[FACT_HOST] = "host", [FACT_KERNEL] = "kernel", [FACT_CPUS] = "CPUs", [FACT_UID] = "user id",
		[FACT_EUID] = "effective user id", [FACT_GID] = "group id", [FACT_EGID] = "effective group id", [FACT_UMASK] = "umask",
		[FACT_CWD] = "working directory",
	};

	if (d->fact == FACT_SOFT_LIMIT || d->fact == FACT_HARD_LIMIT)
		limit(b, d);
	else
		buf_puts(b, names[d->fact]);
}

/* Whose it is, where it is not that of the first process and so of all.  A user that it set itself is its own. */
static void of_process(struct buf *b, const struct difference *d, bool brief)
{
	bool inherited = d->kind == DIFF_ENV || d->fact == FACT_CWD;

	if (!d->proc[0] || (inherited && d->proc[0]->id == 1 && d->proc[1]->id == 1))
		return;
	buf_puts(b, " of ");
	command(b, d->proc[1], brief);
}

/* The name of its file alone. */
void diff_program(struct buf *b, const struct totals_proc *p)
{
	const char *s = p && p->argv.n ? p->argv.s + 1 : p && p->comm.s ? p->comm.s : "", *slash = strrchr(s, '/');

	s = slash ? slash + 1 : s;
	text_safe(b, s, strlen(s));
}

/* A peer and a file are distinguished by their names, of others numbers differ from run to run: pipe:[7] of 12. */
static bool is_same_thing(const struct difference *d, const struct buf words[2])
{
	bool exactly = d->spent == SPENT_PEER || d->spent == SPENT_FILE, same;
	struct buf v[2] = { 0 };

	for (unsigned side = 0; side < 2; side++)
		if (exactly)
			buf_add(&v[side], words[side].s, words[side].len);
		else
			diff_normal(&v[side], words[side].s, (uint32_t)words[side].len);
	same = v[0].len == v[1].len && !memcmp(v[0].s, v[1].s, v[0].len);
	buf_done(&v[0]);
	buf_done(&v[1]);
	return same;
}

/* What most of it went to: in each run, where it is not the same. */
static void phase(struct buf *b, const struct difference *d)
{
	struct buf words[2] = { 0 };

	for (unsigned side = 0; side < 2; side++)
		if (d->wait[side])
			spent_wait_words(&words[side], d->wait[side]);
	buf_puts(b, spent_part(d->spent));
	if (words[0].len && words[1].len && !is_same_thing(d, words)) {
		buf_puts(b, ": ");
		buf_add(b, words[0].s, words[0].len);
		buf_puts(b, " → ");
		buf_add(b, words[1].s, words[1].len);
	} else if (words[d->side].len) {
		buf_puts(b, ": ");
		buf_add(b, words[d->side].s, words[d->side].len);
	}
	buf_done(&words[0]);
	buf_done(&words[1]);
}

void diff_what(struct buf *b, const struct difference *d, bool brief)
{
	if (d->kind == DIFF_ENDED || d->kind == DIFF_RAN) {
		command(b, d->proc[d->side], brief);
	} else if (d->kind == DIFF_STARTED) {
		fact(b, d);
		of_process(b, d, brief);
	} else if (d->kind == DIFF_ARGS) {
		diff_program(b, d->proc[1]);
	} else if (d->kind == DIFF_ENV) {
		text_safe(b, d->name.s, d->name.len);
		of_process(b, d, brief);
	} else if (d->kind == DIFF_PEER) {
		table_conn_words(b, d->conn[d->side]);
	} else if (d->kind == DIFF_PHASE) {
		phase(b, d);
	} else if (d->kind == DIFF_SLOWER) {
		buf_puts(b, d->call[0]->spec->name ? d->call[0]->spec->name : "?");
	} else {
		path(b, d);
	}
}

static void error(struct buf *b, int err) { buf_puts(b, errno_name(err) ? errno_name(err) : "failed"); }

static void process(struct buf *b, const struct difference *d, unsigned side)
{
	if (!d->proc[side]) {
		buf_puts(b, "did not run");
		return;
	}
	ended_of_proc(b, d->proc[side]);
	if (d->n > 1)
		buf_printf(b, " (%llu×)", (unsigned long long)d->n);
}

static void file(struct buf *b, const struct difference *d, const struct totals_file *f)
{
	if (d->kind != DIFF_BYTES) {
		buf_puts(b, f->nwrites ? "written" : "opened");
		return;
	}
	human_bytes(b, f->nread);
	buf_puts(b, " read, ");
	human_bytes(b, f->nwritten);
	buf_puts(b, " written");
}

static void peer(struct buf *b, const struct totals_conn *c)
{
	if (c->err)
		error(b, c->err);
	else
		buf_puts(b, c->state == CONN_CONNECTING ? "not answered" : "connected");
}

static void call(struct buf *b, const struct hist *h)
{
	human_counted(b, h->n, "call", "calls");
	buf_puts(b, " ");
	human_ns(b, h->sum);
	buf_puts(b, ", median ");
	human_ns(b, hist_quantile(h, 0.5));
	buf_puts(b, ", longest ");
	human_ns(b, h->max);
}

static void number(struct buf *b, const struct difference *d, uint64_t n)
{
	if (d->fact == FACT_UMASK)
		buf_printf(b, "%03o", (unsigned)n);
	else if (n == UINT64_MAX)
		buf_puts(b, "none");
	else
		buf_u64(b, n);
}

static bool is_between(char c) { return strchr(": ,;", c) != NULL; }

/* Do the last n bytes begin a word? */
static bool is_end(const struct bytes *v, uint32_t n)
{
	return is_between(v->s[v->len - n]) || n == v->len || is_between(v->s[v->len - n - 1]);
}

/* A value that is long: without the words or paths that both begin and end with. */
static void part_of_value(struct buf *b, const struct bytes v[2], unsigned side)
{
	enum { MOST = 100 };
	uint32_t len = v[side].len, least = MIN(v[0].len, v[1].len), from = 0, end = 0;

	while (from < least && v[0].s[from] == v[1].s[from])
		from++;
	while (from && !is_between(v[0].s[from - 1]))
		from--;
	while (end < least - from && v[0].s[v[0].len - 1 - end] == v[1].s[v[1].len - 1 - end])
		end++;
	while (end && !(is_end(&v[0], end) && is_end(&v[1], end)))
		end--;
	if (from || len == end)
		buf_puts(b, "…");
	text_safe(b, v[side].s + from, MIN(len - from - end, (uint32_t)MOST));
	if (len - from - end && (end || len - from > MOST))
		buf_puts(b, "…");
}

static void value(struct buf *b, const struct bytes v[2], unsigned side)
{
	enum { SHORT = 60 };

	if (v[0].len > SHORT || v[1].len > SHORT)
		part_of_value(b, v, side);
	else
		text_safe(b, v[side].s, v[side].len);
}

static void started(struct buf *b, const struct difference *d, unsigned side, bool brief)
{
	if (!d->has[side])
		buf_puts(b, "not set");
	else if (!d->text[side].s)
		number(b, d, d->number[side]);
	else if (!d->text[side].len)
		buf_puts(b, "(empty)");
	else if (brief)
		value(b, d->text, side);
	else
		text_safe(b, d->text[side].s, d->text[side].len);
}

/* Of long ones where they differ: cut alike they would look alike. */
static void arguments(struct buf *b, const struct difference *d, unsigned side)
{
	struct buf words[2] = { 0 };
	struct bytes v[2];

	for (unsigned i = 0; i < 2; i++) {
		command(&words[i], d->proc[i], false);
		v[i] = (struct bytes){ words[i].s, (uint32_t)words[i].len, 0 };
	}
	value(b, v, side);
	buf_done(&words[0]);
	buf_done(&words[1]);
}

void diff_value(struct buf *b, const struct difference *d, unsigned side, bool brief)
{
	if (d->kind == DIFF_ENDED || d->kind == DIFF_RAN)
		process(b, d, side);
	else if (d->kind == DIFF_STARTED || d->kind == DIFF_ENV)
		started(b, d, side, brief);
	else if (d->kind == DIFF_PHASE)
		human_ns(b, d->number[side]);
	else if (d->kind == DIFF_ARGS && brief)
		arguments(b, d, side);
	else if (d->kind == DIFF_ARGS)
		command(b, d->proc[side], false);
	else if (d->file[side])
		file(b, d, d->file[side]);
	else if (d->lookup[side])
		error(b, d->lookup[side]->err);
	else if (d->conn[side])
		peer(b, d->conn[side]);
	else if (d->call[side])
		call(b, &d->call[side]->dur);
}

/* Those that failed for a child have none of their own. */
void diff_why(struct buf *b, const struct difference *d)
{
	const struct totals_ending *e = d->ending;

	if (!e || e->cause)
		return;
	if (e->nmissed || e->second.name.len)
		ending_missed(b, e);
	if (e->fatal.signo) {
		buf_puts(b, b->len ? "\n" : "");
		ending_fatal(b, e);
	}
	if (e->nlines) {
		buf_puts(b, b->len ? "\n" : "");
		ending_last_lines(b, e);
	}
}

void diff_strip(struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->s[i] >= 0x20 || b->s[i] == '\n')
			b->s[n++] = b->s[i];
	b->len = n;
	if (b->s)
		b->s[n] = '\0';
}

bool diff_is_of_one(const struct difference *d)
{
	const enum diff_kind k = d->kind;

	return k == DIFF_RAN || k == DIFF_MISSED || k == DIFF_READ || k == DIFF_WRITTEN ||
	       (k == DIFF_PEER && !(d->conn[0] && d->conn[1]));
}

const char *diff_backend(const struct totals *run)
{
	return run->start_mode & START_BPF ? "bpf" : run->start_mode & START_PTRACE ? "ptrace" : NULL;
}

const char *diff_not_name(unsigned not)
{
	return not == NOT_ENV    ? "environment" :
	       not == NOT_OWNER  ? "user" :
	       not == NOT_LIMITS ? "limits" :
	       not == NOT_HOST   ? "host" : NULL;
}
