/* SPDX-License-Identifier: MIT */
#include "cli/reading.h"

#include <stdbool.h>

#include "base/clock.h"
#include "base/macro.h"
#include "cli/signals.h"

enum {
	LAG_NS = 1000000000, /* what is recorded reaches one who reads along within this */
	LAST_WORDS_NS = 1000000000,
};

struct reading {
	source_emit_fn *emit;
	void *ctx;
	uint64_t seen_ns, came_ns;	/* time of the last record, and when it came */
};

static void came(void *ctx, const struct record *r)
{
	struct reading *g = ctx;

	g->seen_ns = MAX(g->seen_ns, r->ts_ns);
	g->came_ns = clock_ns();
	g->emit(g->ctx, r);
}

/*
 * Asked to end once, what is still on its way is waited for: Ctrl-C reaches both ends of a pipe, and the other one has
 * an end to write.
 */
static bool ends(const struct reading *g)
{
	unsigned asked = signals_reading_asked();

	return asked > 1 || (asked && clock_ns() > g->came_ns + LAST_WORDS_NS);
}

/* Lines appear as records come, and when none come, as time goes by. */
static void follow(struct source *source, struct reading *g, void (*tick)(void *ctx, uint64_t now_ns))
{
	int rc;

	signals_open_reading();
	g->came_ns = clock_ns();
	while ((rc = source->ops->step(source, came, g)) != 0 && !ends(g)) {
		uint64_t quiet_ns = clock_ns() - g->came_ns;

		if (rc != 1)
			tick(g->ctx, g->seen_ns + (quiet_ns > LAG_NS ? quiet_ns - LAG_NS : 0));
	}
}

void reading_run(struct source *source, source_emit_fn *emit, void (*tick)(void *ctx, uint64_t now_ns), void *ctx)
{
	struct reading g = { .emit = emit, .ctx = ctx };

	if (source_replay_follows(source))
		follow(source, &g, tick);
	else
		while (source->ops->step(source, emit, ctx) == 1)
			;
}
