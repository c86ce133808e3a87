/* SPDX-License-Identifier: MIT */
#include "cli/flight.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

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

int flight_open(struct flight *f, const struct options *opt, const struct totals *totals, flight_run_fn *run,
		struct diag *diag)
{
	struct chooser_wish wish = { .filter = opt->dump_when };

	*f = (struct flight){ .opt = opt, .totals = totals, .run = run, .live = *opt };
	f->recording = (struct recording_options){
		.rotate_bytes = opt->rotate_bytes, .rotate_ns = opt->rotate_ns, .keep = opt->keep,
		.last_bytes = opt->last_bytes, .last_ns = opt->last_ns,
	};
	if (!is_on(f))
		return 0;
	part_outputs(f);
	return opt->dump_when ? chooser_new(&wish, totals, &f->when, diag) : 0;
}

const struct options *flight_options(const struct flight *f) { return is_on(f) ? &f->live : f->opt; }

void flight_event(struct flight *f, const struct event *ev)
{
	uint64_t n, all;

	if (!f->when)
		return;
	chooser_event(f->when, ev);
	chooser_counts(f->when, &n, &all);
	if (n != f->nchosen && clock_ns() >= f->dumped_ns + (f->opt->last_ns ? f->opt->last_ns : PAUSE_NS))
		f->asked = "--dump-when";
	f->nchosen = n;
}

void flight_ask(void *flight) { atomic_store(&((struct flight *)flight)->signalled, true); }

/* ---- writing it ---- */

/* The other files beside the recording: of the second and later ones with the same number in their names. */
static void make_others(struct flight *f, const char *recording, unsigned n, struct buf *said)
{
	struct options opt = f->later;
	struct output_option *outputs = xcalloc(opt.noutputs + 1, sizeof(*outputs));
	struct diag diag = { 0 };
	int signo;

	opt.read = recording;
	opt.reads = &opt.read;
	opt.nreads = 1;
	opt.outputs = outputs;
	for (unsigned i = 0; i < opt.noutputs; i++) {
		const char *path = f->later.outputs[i].path;

		outputs[i] = f->later.outputs[i];
		outputs[i].path = n > 1 ? cut_name(path, n, 1) : xmemdup0(path, strlen(path));
		buf_puts(said, i + 1 < opt.noutputs ? ", " : " and ");
		buf_puts(said, outputs[i].path);
	}
	if (opt.noutputs)
		f->run(&opt, &signo, &diag);
	if (diag.text[0])
		signals_say(diag.text);
	for (unsigned i = 0; i < opt.noutputs; i++)
		free((char *)(uintptr_t)outputs[i].path);
	free(outputs);
}

static void dump(struct flight *f, struct outputs *outputs, const char *why, bool goes_on)
{
	struct dumped d = { 0 };
	struct buf said = { 0 };
	struct diag diag;
	unsigned n;

	if (!outputs_dump(outputs, goes_on, &d, &n, &diag)) {
		if (diag.text[0])
			signals_say(diag.text);
		return;
	}
	buf_puts(&said, why);
	buf_puts(&said, ": the last ");
	human_ns(&said, d.ns);
	buf_printf(&said, " are in %s", d.path);
	make_others(f, d.path, n, &said);
	if (goes_on) {
		signals_say(said.s);
		buf_done(&said);
	} else {
		f->last_words = said;	/* behind the summary */
	}
	f->dumped_ns = clock_ns();
}

void flight_look(struct flight *f, struct outputs *outputs)
{
	const char *why;

	if (!f->asked && !atomic_load(&f->signalled))	/* it is asked with every record */
		return;
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
	} else if (!f->dumped_ns) {
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
