/* SPDX-License-Identifier: MIT */
#pragma once
/* What the targets of exports share: sinks that get any stream and write into memory, and one object of JSON. */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/totals.h"
#include "base/diag.h"
#include "base/outfile.h"
#include "event/event.h"
#include "feed.h"
#include "sink/sink.h"

enum { TEXT_MAX = 4 << 20 };	/* of a longer text only so much is looked at */

struct run { struct totals *totals; struct sink **sinks; unsigned nsinks; };

static inline void require(bool ok)
{
	if (!ok)
		abort();
}

/* An empty file in memory; its name is used again when it has one. */
static inline void empty_file(struct outfile *f)
{
	static char path[] = "/dev/shm/export";	/* temporary files lie beside it, in memory where there is that */
	int fd = f->path ? f->fd : memfd_create("export", 0);

	*f = (struct outfile){ .fd = fd, .begun = true, .path = path };
	require(fd >= 0 && !ftruncate(fd, 0) && !lseek(fd, 0, SEEK_SET));
}

/* Its text, TEXT_MAX bytes at most. */
static inline size_t read_file(const struct outfile *f, char *text)
{
	ssize_t n = pread(f->fd, text, TEXT_MAX, 0);

	require(n >= 0 && !f->err);
	return (size_t)n;
}

static inline void run_event(void *ctx, const struct event *ev)
{
	struct run *r = ctx;

	totals_event(r->totals, ev);
	for (unsigned i = 0; i < r->nsinks; i++)
		r->sinks[i]->ops->event(r->sinks[i], ev);
}

/* Feeds the stream, ends and frees the sinks and what they stood on. */
static inline void run_stream(struct run *r, const uint8_t *data, size_t size)
{
	struct world *world = world_new(run_event, r);

	feed(world, data, size);
	for (unsigned i = 0; i < r->nsinks; i++) {
		r->sinks[i]->ops->finish(r->sinks[i], NULL);
		r->sinks[i]->ops->free(r->sinks[i]);
	}
	world_free(world);
	totals_free(r->totals);
}

/* An object: strings are closed, what is opened is closed, nothing follows. */
static inline void require_object(const char *s, size_t n)
{
	int depth = 0;
	bool string = false;

	require(n > 2 && s[0] == '{' && s[n - 1] == '}');
	for (size_t i = 0; i < n; i++) {
		if (string && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			string = !string;
		else if (!string)
			depth += (s[i] == '{' || s[i] == '[') - (s[i] == '}' || s[i] == ']');
		require(depth > 0 || i == n - 1);
	}
	require(!string && !depth);
}
