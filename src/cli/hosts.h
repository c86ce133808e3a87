/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Several recordings, each with a world of its own: a pid of one host means nothing on another.  What their events are
 * about has ids of its own all the same, so that the outputs see one trace.
 */
#include <stdbool.h>

#include "model/model.h"

struct source;
struct totals;

struct hosts {
	const char *const *paths;	/* a recording that has no host is called by its name */
	unsigned n;			/* 0, 1: all is fed to first */
	struct world *first;
	struct totals *totals;
	world_emit_fn *emit; void *ctx;
	/* made when there are several: one each */
	struct world **v;
	struct world_ids ids;
	bool started;
};

void hosts_feed_several(struct hosts *h, const struct source *source, const struct item *item);
/* Into the world of the recording that the source emits just now.  Inlined: it runs for every record. */
static inline void hosts_feed(struct hosts *h, const struct source *source, const struct item *item)
{
	if (h->n < 2)
		world_feed(h->first, item);
	else
		hosts_feed_several(h, source, item);
}
void hosts_done(struct hosts *h);
