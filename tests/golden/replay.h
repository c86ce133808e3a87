/* SPDX-License-Identifier: MIT */
#pragma once
/* The main function of a judge that replays the recording it is called with, and looks at the model event by event. */
#include <stdio.h>

#include "base/arena.h"
#include "base/diag.h"
#include "event/event.h"
#include "model/model.h"
#include "record/file.h"

/* The exit status: 2 when the recording cannot be opened, 1 when it is damaged. */
static inline int replay(int argc, char **argv, void (*on_event)(void *, const struct event *), void *ctx)
{
	struct record_reader *reader;
	struct diag diag;
	struct arena arena = { 0 };
	const struct record *r;
	size_t avail;
	struct item item;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: %s RECORDING\n", argv[0]);
		return 2;
	}
	if (record_reader_open(argv[1], &reader, &diag) < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], diag.text);
		return 2;
	}

	struct world *w = world_new(on_event, ctx);

	while ((rc = record_reader_next(reader, &r, &avail, &diag)) == 1) {
		if (decode_record(r, avail, &arena, &item) == 0)
			world_feed(w, &item);
		arena_reset(&arena);
	}
	world_free(w);
	record_reader_close(reader);
	arena_done(&arena);
	return rc < 0;
}
