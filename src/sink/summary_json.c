/* SPDX-License-Identifier: MIT */
/* --summary=json: what the summary says, as one object (docs/summary.md). */
#include <string.h>
#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/counting.h"
#include "analyze/kernel.h"
#include "analyze/table.h"
#include "base/json.h"
#include "base/macro.h"
#include "config.h"
#include "sink/diff_text.h"
#include "sink/ended.h"
#include "sink/summary.h"
#include "sink/table_json.h"
#include "sink/table_words.h"
#include "sink/totals_words.h"

#define NO_ROWS "{\"rows_total\":0,\"rows\":[]}"

struct sum { const char *name; uint64_t n; };

static void sums(struct json *j, const struct sum *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		json_key(j, v[i].name);
		json_u64_or_str(j, v[i].n);
	}
}

static void object(struct json *j, const char *name, const struct sum *v, unsigned n)
{
	json_key(j, name);
	json_open(j, '{');
	sums(j, v, n);
	json_close(j, '}');
}

static void ended(struct json *j, const struct totals *t)
{
	int status = ended_run_status(t);
	struct buf words = { 0 };

	ended_of_run(&words, t, false);
	json_key(j, "ended");
	json_str(j, words.s, words.len);
	buf_done(&words);
	if (status >= 0 && WIFEXITED(status))
		json_key(j, "exit_code"), json_u64(j, (unsigned)WEXITSTATUS(status));
	else if (status >= 0 && WIFSIGNALED(status) && signal_name(WTERMSIG(status)))
		json_key(j, "signal"), json_cstr(j, signal_name(WTERMSIG(status)));
}

static void run(struct json *j, const struct totals *t)
{
	struct buf command = { 0 };

	totals_command(&command, t);
	json_key(j, "tool"), json_cstr(j, "compendium " COMPENDIUM_VERSION);
	json_key(j, "command"), json_str(j, command.s ? command.s : "", command.len);
	json_key(j, "wall_ns"), json_u64_or_str(j, t->wall_ns);
	json_key(j, "duration_ns"), json_u64_or_str(j, t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0);
	ended(j, t);
	buf_done(&command);
}

static void totals(struct json *j, const struct totals *t)
{
	const struct totals_conn_counts conns = totals_count_conns(t);
	const struct sum counts[] = {
		{ "processes", t->nprocs }, { "threads", t->ntasks }, { "calls", t->ncalls }, { "signals", t->nsignals }, { "opens", t->opens },
		{ "failed_opens", t->failed_opens }, { "lost_records", t->nlost }, { "io_urings", t->nrings }, { "probes", t->nprobes },
	}, memory[] = {
		{ "heap_bytes", t->heap_peak }, { "mapped_bytes", t->mapped_peak }, { "total_bytes", t->memory_peak }, { "regions", t->nmaps },
		{ "reserved_bytes", t->reserved_peak }, { "resident_bytes", t->rss_peak },
		{ "heap_before_bytes", t->heap_before }, { "mapped_before_bytes", t->mapped_before },
	}, io[] = {
		{ "files_read_bytes", t->file_read }, { "files_written_bytes", t->file_written }, { "net_sent_bytes", t->net_sent },
		{ "net_received_bytes", t->net_received }, { "local_sent_bytes", t->local_sent }, { "local_received_bytes", t->local_received },
		{ "other_read_bytes", t->other_read }, { "other_written_bytes", t->other_written },
	}, connections[] = {
		{ "made", conns.made }, { "failed", conns.failed }, { "datagram_peers", conns.datagrams }, { "on_localhost", conns.hidden },
	};

	sums(j, counts, ARRAY_SIZE(counts));
	object(j, "memory", memory, ARRAY_SIZE(memory));
	object(j, "io", io, ARRAY_SIZE(io));
	object(j, "connections", connections, ARRAY_SIZE(connections));
}

static void notes(struct json *j, const struct summary_sink *s)
{
	const struct totals *t = s->t;
	struct buf note = { 0 };

	json_key(j, "notes");
	json_open(j, '[');
	for (unsigned i = 0; totals_choice_format(&note, t, s->opt->filter, i); i++) {
		if (note.len)
			json_str(j, note.s, note.len);
		buf_reset(&note);
	}
	for (unsigned i = 0; i < t->nnotes; i++) {
		buf_reset(&note);
		totals_note_format(&note, &t->notes[i]);
		json_str(j, note.s, note.len);
	}
	json_close(j, ']');
	buf_done(&note);
}

static void result(struct json *j, const struct sink_result *r)
{
	json_open(j, '{');
	json_key(j, "path"), json_escaped(j, r->path, strlen(r->path));
	json_key(j, "what"), json_cstr(j, r->what);
	json_key(j, "events"), json_u64(j, r->kept);
	json_key(j, "events_total"), json_u64(j, r->total);
	json_key(j, "complete"), json_bool(j, !r->missing && !r->incomplete);
	json_close(j, '}');
}

static void add_table(struct summary_sink *s, struct json *j, const struct table_def *def)
{
	struct table *t = table_new(def, s->t, s->opt->all || s->opt->counts, TOTALS_ROWS);

	if (t && def == s->opt->counts)
		counting_sort(t, s->opt->sort, table_cell_words);
	json_key(j, def->name);
	if (t)
		table_json(j, t);
	else
		json_raw(j, NO_ROWS, sizeof(NO_ROWS) - 1);
	table_free(t);
}

void summary_json(struct summary_sink *s)
{
	struct json j = { .b = &s->b };

	json_open(&j, '{');
	json_key(&j, "version"), json_u64(&j, 1);
	run(&j, s->t);
	totals(&j, s->t);
	notes(&j, s);
	json_key(&j, "outputs");
	json_open(&j, '[');
	for (const struct sink_result *r = s->done; r; r = r->next)
		result(&j, r);
	json_close(&j, ']');
	if (s->t->before)
		json_key(&j, "diff"),
			diff_json_object(&j, (const struct totals *const[2]){ s->t->before, s->t }, s->opt->names,
					 s->opt->all);
	json_key(&j, "tables");
	json_open(&j, '{');
	if (s->opt->counts)
		add_table(s, &j, s->opt->counts);
	if (s->opt->counts && counting_group(s->opt->counts))
		add_table(s, &j, counting_detail(s->opt->counts));
	for (unsigned i = 0; i < table_nlist && !s->opt->counts; i++)
		add_table(s, &j, table_list[i]);
	for (unsigned i = 0; i < _KERNEL_TABLES && !s->opt->counts; i++)
		add_table(s, &j, &kernel_tables[i]);
	json_close(&j, '}');
	json_close(&j, '}');
	buf_putc(&s->b, '\n');
	out_data(s->out, s->b.s, s->b.len);
	buf_reset(&s->b);
}
