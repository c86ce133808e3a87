/* SPDX-License-Identifier: MIT */
#include "cli/hosts.h"

#include <string.h>

#include "analyze/totals.h"
#include "base/macro.h"
#include "capture/source.h"
#include "event/event.h"

/* The trace as a whole begins once. */
static void on_event(void *ctx, const struct event *ev)
{
	struct hosts *h = ctx;

	if (ev->kind != EV_START || !h->started)
		h->emit(h->ctx, ev);
	h->started |= ev->kind == EV_START;
}

static void make(struct hosts *h)
{
	h->v = xcalloc(h->n, sizeof(*h->v));
	for (unsigned i = 0; i < h->n; i++)
		h->v[i] = world_new(on_event, h);
}

static void name_host(struct hosts *h, unsigned i, const struct item *item)
{
	const struct part *p = parts_find(item->parts, item->nparts, -1, PART_HOST, 0);
	const char *slash = strrchr(h->paths[i], '/'), *name = slash ? slash + 1 : h->paths[i];

	world_set_host(h->v[i], p ? totals_host(h->totals, p->bytes, p->len) :
			       totals_host(h->totals, name, strlen(name)));
}

void hosts_feed_several(struct hosts *h, const struct source *source, const struct item *item)
{
	unsigned i = source_replay_current(source);

	if (source_replay_streams(source) < 2) {
		world_feed(h->first, item);
		return;
	}
	if (!h->v)
		make(h);
	if (item->kind == RECORD_START)
		name_host(h, i, item);
	world_set_ids(h->v[i], &h->ids);
	world_feed(h->v[i], item);
	h->ids = world_ids(h->v[i]);
}

void hosts_done(struct hosts *h)
{
	for (unsigned i = 0; h->v && i < h->n; i++)
		world_free(h->v[i]);
	free(h->v);
	h->v = NULL;
}
