/* SPDX-License-Identifier: MIT */
#include "sink/row_output.h"

#include <string.h>

#include "base/behind.h"
#include "base/diag.h"
#include "base/macro.h"
#include "base/outfile.h"

void row_output_flush(struct row_output *o)
{
	if (o->flush) {
		o->flush(o);
		return;
	}
	if (!o->out.len)
		return;
	if (o->behind) {
		behind_give(o->behind, &o->out);
		return;
	}
	outfile_write(o->file, o->out.s, o->out.len);
	buf_reset(&o->out);
}

void row_output_settle(struct row_output *o)
{
	row_output_flush(o);
	if (o->behind)
		behind_settle(o->behind);
}

static void take_event(struct sink *s, const struct event *ev)
{
	rows_event(CONTAINER_OF(s, struct row_output, sink)->from, ev);
}

/* Whoever reads along has it within a tick. */
static void tick(struct sink *s, uint64_t now_ns UNUSED)
{
	row_output_flush(CONTAINER_OF(s, struct row_output, sink));
}

static void finish(struct sink *s, const struct sink_result *done UNUSED)
{
	struct row_output *o = CONTAINER_OF(s, struct row_output, sink);
	int rc = rows_end(o->from);

	row_output_settle(o);
	if (rc < 0 && !o->file->err)
		o->file->err = rc;
	s->kept = s->total = o->nevents;
}

static void free_output(struct sink *s)
{
	struct row_output *o = CONTAINER_OF(s, struct row_output, sink);

	rows_free(o->from);
	behind_free(o->behind);
	buf_done(&o->out);
	if (o->free)
		o->free(o);
	free(o);
}

static bool wants_none(const struct row_sink *takes)
{
	for (unsigned t = 0; t < _ROW_TABLES; t++)
		if (takes->wants[t])
			return false;
	return true;
}

void row_output_want_all(struct row_output *o, const struct sink_options *opt)
{
	memset(o->takes.wants, 0xff, sizeof(o->takes.wants));
	if (!opt->verbose)	/* they are most of the text, and of the time */
		o->takes.wants[TABLE_EVENT] &= ~ROW_BIT(ROW_EVENT_ARGS);
}

int row_output_start(struct row_output *o, const struct row_sink_ops *ops, const struct sink_options *opt,
		     struct outfile *file, const char *option, struct sink **ret_sink, struct diag *diag)
{
	static const struct sink_ops sink_ops = {
		.event = take_event, .tick = tick, .finish = finish, .free = free_output,
	};
	int rc;

	o->sink.ops = &sink_ops;
	o->file = file;
	o->takes.ops = ops;
	o->takes.ctx = o;
	if (wants_none(&o->takes))
		memset(o->takes.wants, 0xff, sizeof(o->takes.wants));
	rc = rows_new(&o->takes, opt->totals, file->path, &o->from);
	/* live, threads beside the program that is traced would take its CPUs */
	if (rc == 0 && opt->reads && !o->flush)
		o->behind = behind_new(file);
	*ret_sink = rc == 0 ? &o->sink : NULL;
	if (rc == 0)
		return 0;
	free_output(&o->sink);
	return diag_set(diag, 125, -rc, "cannot make a temporary file for %s: %s; is /tmp writable?", option,
			strerror(-rc));
}
