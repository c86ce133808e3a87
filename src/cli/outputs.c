/* SPDX-License-Identifier: MIT */
#include "cli/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/totals.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "base/term.h"
#include "cli/asked.h"
#include "cli/formats.h"
#include "cli/options.h"
#include "cli/taken.h"
#include "sink/line.h"
#include "sink/lines.h"
#include "sink/out.h"
#include "sink/recording.h"
#include "sink/sink.h"

enum { USAGE = 125 };

/* The order of finishing: the summary names the files, so it comes after them; the text's files get the summary. */
enum stage { STAGE_FILES, STAGE_LINES, STAGE_SUMMARY, STAGE_TEXT, _STAGES };

struct output {
	const struct output_row *row;
	struct outfile *files;		/* one, or those of a directory; fd -1: not open, or none of its own */
	unsigned nfiles;
	const char *folder;		/* a directory that was made for them, or NULL; borrowed */
	struct sink *sink;		/* NULL: not made, or there is no terminal */
	struct sink_result result;
};

struct outputs {
	struct sink_options sink_opt;
	struct out *out;		/* the terminal's text, and its copies */
	struct output *v;
	unsigned n;
	struct sink **on_event, **on_record, **on_tick;	/* those that take one, in the order of the rows */
	unsigned nevent, nrecord, ntick;
	struct taken taken;
};

struct output_row {
	const char *option;		/* NULL: always there, on the terminal */
	struct outfile_words words;
	const char *const *names;	/* of its files, in a directory; NULL: it has one */
	int (*open)(const char *path, const struct outfile_words *words, struct outfile *ret_file, struct diag *diag);
	/* one of these */
	int (*make)(struct outputs *o, struct outfile *file, struct sink **ret_sink, struct diag *diag);
	int (*sink)(const struct sink_options *opt, struct outfile *files, struct sink **ret_sink, struct diag *diag);
	unsigned wants;			/* WANTS_* */
	enum stage stage;
	const char *title;		/* what the summary calls it; NULL: it does not name it */
	const char *more;		/* how it would have kept more events */
};

/* ---- the outputs ---- */

static int make_copy(struct outputs *o, struct outfile *file, struct sink **ret_sink, struct diag *diag UNUSED)
{
	*ret_sink = out_add_copy(o->out, file);
	return 0;
}

static int make_lines(struct outputs *o, struct outfile *file UNUSED, struct sink **ret_sink, struct diag *diag UNUSED)
{
	*ret_sink = o->sink_opt.as_strace ? sink_strace_new(o->out, &o->sink_opt) : sink_text_new(o->out, &o->sink_opt);
	return 0;
}

static int make_summary(struct outputs *o, struct outfile *file UNUSED, struct sink **ret_sink,
			struct diag *diag UNUSED)
{
	if (!o->sink_opt.as_strace)
		*ret_sink = sink_summary_new(o->out, &o->sink_opt);
	return 0;
}

static int make_kernel(struct outputs *o, struct outfile *file UNUSED, struct sink **ret_sink, struct diag *diag UNUSED)
{
	if (!o->sink_opt.as_strace)
		*ret_sink = sink_kernel_new(o->out, &o->sink_opt);
	return 0;
}

static int open_terminal(const char *path UNUSED, const struct outfile_words *words, struct outfile *ret_file,
			 struct diag *diag UNUSED)
{
	struct diag closed;	/* then nothing is shown, and no option asked for it */

	outfile_open_stream(STDERR_FILENO, "on the terminal", words, ret_file, &closed);
	return 0;
}

static int make_terminal(struct outputs *o, struct outfile *file, struct sink **ret_sink, struct diag *diag UNUSED)
{
	if (file->fd >= 0)
		*ret_sink = out_add(o->out, file, o->sink_opt.color);
	return 0;
}

/* "-" is the standard output; a file of that name is ./- */
static int open_file_or_stdout(const char *path, const struct outfile_words *words, struct outfile *ret_file,
			       struct diag *diag)
{
	return strcmp(path, "-") ? outfile_open(path, words, ret_file, diag) :
	       outfile_open_stream(STDOUT_FILENO, "on the standard output", words, ret_file, diag);
}

#define FOLDER(names_) outfile_open, .names = names_
#define FORMAT(id, name, arg, default_, open_, sink_, wants_, what_, cut_, ...)	\
	[OUTPUT_##id] = {	\
		.option = "--" name, .words = { what_, "choose another --" name " " arg, cut_ },	\
		.open = open_, .sink = sink_, .wants = wants_, .stage = STAGE_FILES,	\
	},
/* What is binary is not for a terminal.  The command's own output is elsewhere: give_stdout_away(). */
static int open_recording(const char *path, const struct outfile_words *words, struct outfile *ret_file,
			  struct diag *diag)
{
	if (!strcmp(path, "-") && isatty(STDOUT_FILENO))
		return diag_set(diag, USAGE, EINVAL,
				"a recording is not for a terminal; name a file, or type: compendium --record - ... | "
				"zstd > FILE");
	return open_file_or_stdout(path, words, ret_file, diag);
}

static const struct output_row kinds[_OUTPUT_KINDS] = {
	[OUTPUT_TEXT] = {
		.option = "--output", .words = { "the text", "choose another file for -o", NULL },
		.open = open_file_or_stdout, .make = make_copy, .stage = STAGE_TEXT,
	},
	[OUTPUT_REPORT] = {
		.option = "--report", .words = { "the report", "name another file with --report=FILE", NULL },
		.open = outfile_open, .sink = sink_html_new, .wants = WANTS_CALLS, .stage = STAGE_FILES,
		.title = "Report", .more = "--max-report-events N keeps more",
	},
	[OUTPUT_RECORDING] = {
		.option = "--record", .words = { "the recording", "choose another --record FILE", "what was written before can still be read" },
		.open = open_recording, .sink = sink_recording_new, .wants = WANTS_CALLS | WANTS_PAYLOAD | WANTS_ENV, .stage = STAGE_FILES,
	},
	EXPORT_FORMATS(FORMAT)
};

/* Those of the terminal, and of every copy of its text, in the order in which each event reaches them. */
static const struct output_row terminal[] = {
	{ .make = make_lines, .stage = STAGE_LINES },
	{ .make = make_summary, .stage = STAGE_SUMMARY },
	{ .make = make_kernel, .stage = STAGE_SUMMARY },
	{ .words.what = "the text", .open = open_terminal, .make = make_terminal, .stage = STAGE_TEXT },
};

unsigned outputs_wants(const struct options *opt)
{
	unsigned wants = opt->format == TEXT_STRACE ? WANTS_CALLS | WANTS_PAYLOAD | WANTS_LINKS : 0;

	wants |= opt->diff ? kinds[OUTPUT_RECORDING].wants : 0;		/* as the other run had it */

	for (unsigned i = 0; i < opt->noutputs; i++)
		wants |= kinds[opt->outputs[i].kind].wants;
	return wants;
}

/* ---- names of files ---- */

static unsigned count_files(const struct output_row *row)
{
	unsigned n = 0;

	while (row->names && row->names[n])
		n++;
	return row->names ? n : 1;
}

/* Where the n-th file of an output is; to be freed.  path: NULL on the terminal. */
static char *file_path(const struct output *to, const char *path, unsigned n)
{
	struct buf b = { 0 };

	if (path)
		buf_puts(&b, path);
	if (to->row->names)
		buf_printf(&b, "/%s", to->row->names[n]);
	return b.s;
}

/* Before any is opened, since to open one may remove another user's file: by what the names lead to now. */
static int check_files(struct outputs *o, const struct options *opt, struct diag *diag)
{
	struct stat st;
	int rc = take_others(&o->taken, opt, diag);

	for (unsigned i = 0; i < opt->noutputs; i++)
		for (unsigned f = 0; f < o->v[i].nfiles && rc == 0; f++) {
			_cleanup_free_ char *path = file_path(&o->v[i], opt->outputs[i].path, f);

			if (stat(path, &st) == 0)
				rc = take(&o->taken, o->v[i].row->option, path, &st, diag);
		}
	return rc;
}

/* ---- opening ---- */

/* It is private, as the files in it are. */
static int make_folder(struct output *to, const char *path, struct diag *diag)
{
	if (!strcmp(path, "-"))
		return diag_set(diag, USAGE, EINVAL,
				"%s writes a file for each table, to a directory; a directory that is called so is ./-",
				to->row->option);
	if (mkdir(path, 0700) == 0)
		to->folder = path;
	else if (errno != EEXIST)
		return diag_set(diag, USAGE, errno, "cannot make the directory %s for %s: %s; %s", path,
				to->row->words.what, strerror(errno), to->row->words.instead);
	return 0;
}

static int open_file(struct outputs *o, struct output *to, const char *path, struct outfile *file, outputs_say say,
		     void *ctx, struct diag *diag)
{
	struct stat st;
	int rc;

	diag->text[0] = '\0';
	rc = to->row->open(path, &to->row->words, file, diag);
	if (rc < 0)
		return rc;
	if (diag->text[0])
		say(ctx, diag);
	/* two names of one file that was not there before are only now the same */
	return !path || fstat(file->fd, &st) < 0 ? 0 : take(&o->taken, to->row->option, path, &st, diag);
}

static int open_output(struct outputs *o, struct output *to, const char *path, outputs_say say, void *ctx,
		       struct diag *diag)
{
	int rc = path && to->row->names ? make_folder(to, path, diag) : 0;

	to->result = (struct sink_result){
		.title = to->row->title, .what = to->row->words.what, .path = path, .more = to->row->more};
	for (unsigned i = 0; i < to->nfiles && rc == 0; i++) {
		_cleanup_free_ char *name = file_path(to, path, i);

		rc = open_file(o, to, name, &to->files[i], say, ctx, diag);
	}
	return rc;
}

static void listen(struct outputs *o, struct sink *s)
{
	if (s->ops->event)
		o->on_event[o->nevent++] = s;
	if (s->ops->record)
		o->on_record[o->nrecord++] = s;
	if (s->ops->tick)
		o->on_tick[o->ntick++] = s;
}

static int make_sink(struct outputs *o, struct output *to, struct diag *diag)
{
	return to->row->sink ? to->row->sink(&o->sink_opt, to->files, &to->sink, diag) :
			       to->row->make(o, to->files, &to->sink, diag);
}

static int make_all(struct outputs *o, struct diag *diag)
{
	int rc = 0;

	o->on_event = xcalloc(o->n, sizeof(struct sink *));
	o->on_record = xcalloc(o->n, sizeof(struct sink *));
	o->on_tick = xcalloc(o->n, sizeof(struct sink *));
	for (unsigned i = 0; i < o->n && rc == 0; i++) {
		rc = make_sink(o, &o->v[i], diag);
		if (rc == 0 && o->v[i].sink)
			listen(o, o->v[i].sink);
	}
	return rc;
}

/*
 * A recording on the standard output is for a program that reads nothing else there: what the command writes to its own
 * goes to the standard error output, as with perf record -o -.
 */
static void give_stdout_away(const struct options *opt)
{
	for (unsigned i = 0; i < opt->noutputs; i++)
		if (opt->outputs[i].kind == OUTPUT_RECORDING && !strcmp(opt->outputs[i].path, "-"))
			dup2(STDERR_FILENO, STDOUT_FILENO);
}

static int open_all(struct outputs *o, const struct options *opt, outputs_say say, void *ctx, struct diag *diag)
{
	int rc = check_files(o, opt, diag);

	if (rc == 0)
		rc = take_others(&o->taken, opt, diag);
	for (unsigned i = 0; i < o->n && rc == 0; i++)
		if (o->v[i].row->open)
			rc = open_output(o, &o->v[i], i < opt->noutputs ? opt->outputs[i].path : NULL, say, ctx, diag);
	if (rc == 0)
		give_stdout_away(opt);
	return rc == 0 ? make_all(o, diag) : rc;
}

static struct output new_output(const struct output_row *row)
{
	struct output to = { .row = row, .nfiles = count_files(row) };

	to.files = xcalloc(to.nfiles, sizeof(*to.files));
	for (unsigned i = 0; i < to.nfiles; i++)
		to.files[i].fd = -1;
	return to;
}

int outputs_open(const struct options *opt, const struct recording_options *recording, struct world *world,
		 const struct totals *totals, const struct chooser *chooser, outputs_say say, void *ctx,
		 struct outputs **ret_outputs, struct diag *diag)
{
	struct outputs *o = xcalloc(1, sizeof(*o));
	int rc;

	o->out = out_new(term_columns(STDERR_FILENO));
	o->n = opt->noutputs + (opt->no_terminal ? 0 : ARRAY_SIZE(terminal));
	o->v = xcalloc(o->n, sizeof(*o->v));	/* never moves: sinks keep pointers to their files */
	for (unsigned i = 0; i < o->n; i++)
		o->v[i] = new_output(i < opt->noutputs ? &kinds[opt->outputs[i].kind] : &terminal[i - opt->noutputs]);
	rc = asked_of_sinks(opt, totals, chooser, &o->sink_opt, diag);
	o->sink_opt.recording = recording;
	o->sink_opt.world = world;
	o->sink_opt.names[0] = opt->before ? opt->before : opt->diff;
	o->sink_opt.names[1] = opt->before ? opt->read : "this run";
	if (rc == 0)
		rc = open_all(o, opt, say, ctx, diag);
	if (rc < 0) {
		outputs_free(o);
		return rc;
	}
	*ret_outputs = o;
	return 0;
}

/* ---- while the trace runs ---- */

void outputs_event(struct outputs *o, const struct event *ev)
{
	for (unsigned i = 0; i < o->nevent; i++)
		o->on_event[i]->ops->event(o->on_event[i], ev);
}

void outputs_record(struct outputs *o, const struct record *r)
{
	for (unsigned i = 0; i < o->nrecord; i++)
		o->on_record[i]->ops->record(o->on_record[i], r);
}

void outputs_lend(struct outputs *o, bool lent) { o->sink_opt.lent = lent; }

void outputs_settle(struct outputs *o)
{
	for (unsigned i = 0; i < o->nrecord; i++)
		if (o->on_record[i]->ops->settle)
			o->on_record[i]->ops->settle(o->on_record[i]);
}

bool outputs_dump(struct outputs *o, bool goes_on, struct dumped *ret, struct diag *diag)
{
	diag->text[0] = '\0';
	for (unsigned i = 0; i < o->n; i++)
		if (o->v[i].row == &kinds[OUTPUT_RECORDING])
			return sink_recording_dump(o->v[i].sink, goes_on, ret, diag);
	return false;
}

void outputs_tick(struct outputs *o, uint64_t now_ns)
{
	for (unsigned i = 0; i < o->ntick; i++)
		o->on_tick[i]->ops->tick(o->on_tick[i], now_ns);
}

uint64_t outputs_last_line(const struct outputs *o)
{
	return o->sink_opt.totals->start_ns + lines_last_ns(out_lines(o->out));
}

void outputs_note(struct outputs *o, uint64_t now_ns, const struct task *task, const char *s, size_t n)
{
	const struct line_who who = line_who(&o->sink_opt, task);
	struct buf line = { 0 }, plain = { 0 };

	lines_begin(out_lines(o->out), &line, now_ns - o->sink_opt.totals->start_ns, &who);
	buf_add(&line, s, n);
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.s[i] >= _STYLE_MAX)
			buf_putc(&plain, line.s[i]);
	buf_putc(&line, '\n');
	out_status(o->out, plain.s, plain.len, line.s, line.len);
	buf_done(&line);
	buf_done(&plain);
}

void outputs_progress(struct outputs *o, const char *s, size_t n) { out_status(o->out, s, n, NULL, 0); }

void outputs_clear(struct outputs *o) { out_clear(o->out); }

/* ---- the end ---- */

static void say_if_any(outputs_say say, void *ctx, const struct diag *d)
{
	if (d->text[0])
		say(ctx, d);
}

/* All are closed; the first that fails stands for them. */
static void finish_files(struct output *to, struct diag *diag)
{
	struct diag more;

	for (unsigned i = 0; i < to->nfiles; i++) {
		more.text[0] = '\0';
		to->result.incomplete |= outfile_finish(&to->files[i], &to->row->words, &more) < 0;
		if (!diag->text[0])
			*diag = more;
	}
	to->result.missing = to->files[0].missing;
}

static void finish_one(struct output *to, const struct sink_result *done, outputs_say say, void *ctx)
{
	struct diag d = { 0 };

	if (to->sink)
		to->sink->ops->finish(to->sink, done);
	if (to->files[0].fd < 0)
		return;
	if (to->sink && to->sink->unused) {
		outfile_remove(&to->files[0]);
		return;
	}
	finish_files(to, &d);
	if (to->sink) {
		to->result.kept = to->sink->kept;
		to->result.total = to->sink->total;
	}
	say_if_any(say, ctx, &d);
}

bool outputs_finish(struct outputs *o, outputs_say say, void *ctx)
{
	struct sink_result *done = NULL, **end = &done;
	bool complete = true;

	for (enum stage stage = 0; stage < _STAGES; stage++)
		for (unsigned i = 0; i < o->n; i++) {
			struct output *to = &o->v[i];

			if (to->row->stage != stage)
				continue;
			finish_one(to, done, say, ctx);
			complete &= !to->row->option || !to->result.incomplete;
			if (to->row->title) {
				*end = &to->result;
				end = &to->result.next;
			}
		}
	return complete;
}

void outputs_free(struct outputs *o)
{
	if (!o)
		return;
	for (unsigned i = 0; i < o->n; i++) {
		if (o->v[i].sink)
			o->v[i].sink->ops->free(o->v[i].sink);
		for (unsigned f = 0; f < o->v[i].nfiles; f++)
			outfile_remove(&o->v[i].files[f]);
		/* only an empty one goes: of a run that did not begin */
		if (o->v[i].folder)
			rmdir(o->v[i].folder);
		free(o->v[i].files);
	}
	out_free(o->out);
	free(o->on_event);
	free(o->on_record);
	free(o->on_tick);
	free(o->taken.v);
	free(o->v);
	free(o);
}
