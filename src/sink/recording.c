/* SPDX-License-Identifier: MIT */
/* The recording: every record as it was captured. */
#include <stdlib.h>

#include "base/macro.h"
#include "record/file.h"
#include "sink/sink.h"

/* What was recorded longer ago is in the file, whatever happens to compendium, and reaches whoever reads along. */
enum { FLUSH_NS = 500000000 };

struct recording { struct sink sink; struct record_writer *writer; uint64_t flushed_ns; };

static struct record_writer *writer(struct sink *s) { return CONTAINER_OF(s, struct recording, sink)->writer; }

static void recording_record(struct sink *s, const struct record *r) { record_writer_add(writer(s), r); }

static void recording_tick(struct sink *s, uint64_t now_ns)
{
	struct recording *r = CONTAINER_OF(s, struct recording, sink);

	if (now_ns < r->flushed_ns + FLUSH_NS)
		return;
	record_writer_flush(r->writer);
	r->flushed_ns = now_ns;
}

static void recording_finish(struct sink *s, const struct sink_result *done UNUSED) { record_writer_finish(writer(s)); }

static void recording_free(struct sink *s)
{
	record_writer_free(writer(s));
	free(CONTAINER_OF(s, struct recording, sink));
}

static const struct sink_ops ops = {
	.record = recording_record, .tick = recording_tick, .finish = recording_finish, .free = recording_free,
};

struct sink *sink_recording_new(struct outfile *file)
{
	struct recording *r = xcalloc(1, sizeof(*r));

	r->sink.ops = &ops;
	r->writer = record_writer_new(file);
	return &r->sink;
}
