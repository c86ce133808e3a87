/* SPDX-License-Identifier: MIT */
/*
 * Replays a recording and prints a line for each event of a call: its name, its arguments as text and as JSON, with
 * tabs between.  One of the judges: args.py compares the two.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/json.h"
#include "event/event.h"
#include "model/model.h"
#include "record/file.h"
#include "sink/value.h"
#include "sink/value_json.h"

static void on_event(void *ctx, const struct event *ev)
{
	struct buf *b = ctx;
	struct json j = { .b = b };

	if (!ev->call)
		return;
	buf_reset(b);
	call_format_name(b, ev->call);
	buf_putc(b, '\t');
	call_format_args(b, ev, 0);
	buf_putc(b, '\t');
	args_json(&j, ev);
	puts(b->s);
}

int main(int argc, char **argv)
{
	struct record_reader *reader;
	struct diag diag;
	struct arena arena = { 0 };
	struct buf line = { 0 };
	const struct record *r;
	size_t avail;
	struct item item;
	int rc;

	if (argc != 2 || record_reader_open(argv[1], &reader, &diag) < 0) {
		fprintf(stderr, "usage: args RECORDING\n");
		return 2;
	}

	struct world *w = world_new(on_event, &line);

	while ((rc = record_reader_next(reader, &r, &avail, &diag)) == 1) {
		if (decode_record(r, avail, &arena, &item) == 0)
			world_feed(w, &item);
		arena_reset(&arena);
	}
	world_free(w);
	record_reader_close(reader);
	arena_done(&arena);
	buf_done(&line);
	return rc < 0;
}
