/* SPDX-License-Identifier: MIT */
#include "cli/flight.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/totals.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/human.h"
#include "base/macro.h"
#include "cli/outputs.h"
#include "cli/signals.h"
#include "sink/chooser.h"
#include "sink/ended.h"
#include "sink/recording.h"

enum { PAUSE_NS = 1000000000 };		/* between two of --dump-when that keeps sizes: times are their own pause */

/* not where the session ended before its flight was opened, either */
static bool is_on(const struct flight *f) { return f->opt && (f->opt->last_ns || f->opt->last_bytes); }

static void add_output(struct options *o, struct output_option output)
{
	o->outputs = xrealloc(o->outputs, (o->noutputs + 1) * sizeof(*o->outputs));
	o->outputs[o->noutputs++] = output;
}

static void say(void *ctx UNUSED, const struct diag *d) { signals_say(d->text); }

/* The text is written as it comes; the recording is what all others are made of. */
static void part_outputs(struct flight *f)
{
	f->live = f->later = *f->opt;
	f->live.outputs = f->later.outputs = NULL;
	f->live.noutputs = f->later.noutputs = 0;
	for (unsigned i = 0; i < f->opt->noutputs; i++) {
		const struct output_option *o = &f->opt->outputs[i];

		add_output(o->kind == OUTPUT_TEXT || o->kind == OUTPUT_RECORDING ? &f->live : &f->later, *o);
	}
	f->later.argv = NULL, f->later.pids = NULL, f->later.npids = 0;
	f->later.system = f->later.ebpf = f->later.faults = false;
	f->later.cgroup = f->later.dump_when = NULL;
	f->later.redact = REDACT_NOT;	/* it is, if it was to be */
	f->later.duration_ns = f->later.events = f->later.last_ns = f->later.last_bytes = 0;
	f->later.no_terminal = true;
}

/*
 * All files, also those that are made later, are opened as they will be, and closed again: what cannot be made, and two
 * in one file, are refused before the command runs.  A pipe would end for whoever reads from it.
 */
static int try_outputs(const struct flight *f, struct diag *diag)
{
	struct options opt = *f->opt;
	struct outputs *outputs;
	struct stat st;
	int rc;

	opt.no_terminal = true;
	opt.outputs = NULL;
	opt.noutputs = 0;
	for (unsigned i = 0; i < f->opt->noutputs; i++) {
		const char *path = f->opt->outputs[i].path;

		if (strcmp(path, "-") && (stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			add_output(&opt, f->opt->outputs[i]);
	}
	rc = outputs_open(&opt, NULL, NULL, f->totals, NULL, say, NULL, &outputs, diag);
	if (rc == 0)
		outputs_free(outputs);
	free(opt.outputs);
	return rc;
}

int flight_open(struct flight *f, const struct options *opt, struct totals *totals, flight_run_fn *run,
		struct diag *diag)
{
	const struct chooser_part part = { .option = "--dump-when", .typed = opt->dump_when };
	const struct chooser_wish wish = { .filter = opt->dump_when, .parts = &part, .nparts = 1 };
	int rc;

	*f = (struct flight){ .opt = opt, .totals = totals, .run = run, .live = *opt };
	f->recording = (struct recording_options){
		.rotate_bytes = opt->rotate_bytes, .rotate_ns = opt->rotate_ns, .keep = opt->keep,
		.last_bytes = opt->last_bytes, .last_ns = opt->last_ns,
	};
	if (!is_on(f))
		return 0;
	totals->rows_max = TOTALS_ROWS_LAST;
	part_outputs(f);
	rc = opt->dump_when ? chooser_new(&wish, totals, &f->when, diag) : 0;
	return rc == 0 ? try_outputs(f, diag) : rc;
}

const struct options *flight_options(const struct flight *f) { return is_on(f) ? &f->live : f->opt; }

void flight_choose(struct flight *f, const struct event *ev)
{
	uint64_t n, all;

	chooser_event(f->when, ev);
	chooser_counts(f->when, &n, &all);
	if (n != f->nchosen && clock_ns() >= f->dumped_ns + (f->opt->last_ns ? f->opt->last_ns : PAUSE_NS))
		f->asked = "--dump-when";
	f->nchosen = n;
}

void flight_ask(void *flight) { atomic_store(&((struct flight *)flight)->signalled, true); }

/* ---- writing it ---- */

/*
 * One of the other files beside the recording: of the second and later ones with the same number in its name.  Each is
 * made in a run of its own, so that one that fails takes none with it.
 */
static bool make_other(struct flight *f, const struct dumped *d, const struct output_option *output, struct buf *line)
{
	size_t len = strlen(output->path);
	_cleanup_free_ char *path = d->n > 1 ? cut_name(output->path, d->n, 1) : xmemdup0(output->path, len);
	struct output_option to = *output;
	struct options opt = f->later;
	struct diag diag = { 0 };
	int signo, rc;

	to.path = path;
	opt.outputs = &to;
	opt.noutputs = 1;
	opt.read = d->path;
	opt.reads = &opt.read;
	opt.nreads = 1;
	rc = f->run(&opt, &signo, &diag);
	if (diag.text[0])
		signals_say(diag.text);
	if (rc == 0)
		buf_puts(line, path);
	return rc == 0;
}

/* All of them; appends ", A, B and C", of those that were written. */
static void make_others(struct flight *f, const struct dumped *d, struct buf *line)
{
	struct buf one = { 0 }, next = { 0 };

	for (unsigned i = 0; i < f->later.noutputs; i++) {
		buf_reset(&next);
		if (!make_other(f, d, &f->later.outputs[i], &next)) {
			f->failed = true;
			continue;
		}
		if (one.len)
			buf_printf(line, ", %s", one.s);
		buf_reset(&one);
		buf_add(&one, next.s, next.len);
	}
	if (one.len)
		buf_printf(line, " and %s", one.s);
	buf_done(&one);
	buf_done(&next);
}

static void dump(struct flight *f, struct outputs *outputs, const char *why, bool goes_on)
{
	struct dumped d = { 0 };
	struct buf line = { 0 };
	struct diag diag;
	bool made = outputs_dump(outputs, goes_on, &d, &diag);

	buf_printf(&line, "%s: ", why);
	if (made) {
		buf_puts(&line, "the last ");
		human_ns(&line, d.ns);
		buf_printf(&line, " are in %s", d.path);
		make_others(f, &d, &line);
	} else {
		buf_puts(&line, diag.text);
		f->failed |= diag.exit_status != 0;
	}
	if (d.nlost) {
		buf_puts(&line, made ? ", without " : "; lost: ");
		human_counted(&line, d.nlost, "record", "records");
		buf_printf(&line, " that could not be kept: %s", strerror(-d.lost_err));
		f->failed = true;
	}
	if (goes_on) {
		signals_say(line.s);
		buf_done(&line);
	} else {
		f->last_words = line;	/* behind the summary */
	}
	if (made)
		f->dumped_ns = clock_ns();
}

void flight_answer(struct flight *f, struct outputs *outputs)
{
	const char *why;

	why = atomic_exchange(&f->signalled, false) ? "SIGUSR1" : f->asked;
	f->asked = NULL;
	if (why && is_on(f))
		dump(f, outputs, why, true);
}

void flight_end(struct flight *f, struct outputs *outputs)
{
	int status = ended_run_status(f->totals);
	struct buf why = { 0 };

	if (!is_on(f))
		return;
	if (f->signalled || f->asked) {
		dump(f, outputs, f->signalled ? "SIGUSR1" : f->asked, false);
	} else if (status > 0) {
		buf_puts(&why, "the program failed, ");
		ended_of_run(&why, f->totals, false);
		dump(f, outputs, why.s, false);
	} else if (!f->dumped_ns && !f->failed) {
		buf_puts(&f->last_words,
			 "--last: nothing was written, for the program did not fail; while it runs, SIGUSR1 to "
			 "compendium asks for it");
	}
	buf_done(&why);
}

void flight_close(struct flight *f)
{
	chooser_free(f->when);
	if (f->last_words.len)
		signals_say(f->last_words.s);
	buf_done(&f->last_words);
	if (!f->opt || !is_on(f))	/* never opened: the command was refused before */
		return;
	free(f->live.outputs);
	free(f->later.outputs);
}
