/* SPDX-License-Identifier: MIT */
/* The recording: every record as it was captured. */
#include <stdlib.h>

#include "base/macro.h"
#include "record/file.h"
#include "sink/sink.h"

struct recording { struct sink sink; struct record_writer *writer; };

static struct record_writer *writer(struct sink *s) { return CONTAINER_OF(s, struct recording, sink)->writer; }

static void recording_record(struct sink *s, const struct record *r) { record_writer_add(writer(s), r); }

static void recording_finish(struct sink *s, const struct sink_result *done UNUSED) { record_writer_finish(writer(s)); }

static void recording_free(struct sink *s)
{
	record_writer_free(writer(s));
	free(CONTAINER_OF(s, struct recording, sink));
}

static const struct sink_ops ops = { .record = recording_record, .finish = recording_finish, .free = recording_free };

struct sink *sink_recording_new(struct outfile *file)
{
	struct recording *r = xcalloc(1, sizeof(*r));

	r->sink.ops = &ops;
	r->writer = record_writer_new(file);
	return &r->sink;
}
