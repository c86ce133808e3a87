/* SPDX-License-Identifier: MIT */
/*
 * Any record stream, through model, totals and the text sinks, also that of strace: no crash, and everything written is
 * printable UTF-8 in whole lines, whatever the records say the traced program called things.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/totals.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "base/text.h"
#include "event/event.h"
#include "feed.h"
#include "sink/out.h"
#include "sink/sink.h"
#include "sink/value_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct totals *totals;
static struct sink *sinks[3];

/* Arguments as JSON, the other dialect: nothing is read that is not there. */
static void check_json(const struct event *ev)
{
	struct buf b = { 0 };
	struct json j = { .b = &b };

	args_json(&j, ev);
	if (b.s[0] != '{' || b.s[b.len - 1] != '}')
		abort();
	buf_done(&b);
}

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	totals_event(totals, ev);
	if (ev->call)
		check_json(ev);
	for (unsigned i = 0; i < ARRAY_SIZE(sinks); i++)
		if (sinks[i]->ops->event)
			sinks[i]->ops->event(sinks[i], ev);
}

static void check(int fd)
{
	static char text[1 << 20];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	unsigned len;

	for (ssize_t i = 0; i < n; i += len) {
		len = text_utf8_len(text + i, (size_t)(n - i));
		if (!len && n == (ssize_t)sizeof(text) && n - i < 4)	/* cut by us */
			return;
		if (!len || (text[i] != '\n' && !text_printable(text + i, len)))
			abort();
	}
	if (n > 0 && n < (ssize_t)sizeof(text) && text[n - 1] != '\n')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct sink_options opt = { .live = true, .verbose = size & 8, .all = size & 16 };
	struct out *out;
	struct world *world;
	struct outfile file = { .begun = true };

	if (fd < 0)
		fd = memfd_create("text", 0);
	if (fd < 0 || ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		abort();
	opt.totals = totals = totals_new();
	file.fd = fd;
	out = out_new(80);
	out_add(out, &file, false);
	sinks[0] = sink_text_new(out, &opt);
	sinks[1] = sink_summary_new(out, &opt);
	sinks[2] = sink_strace_new(out, &opt);
	world = world_new(on_event, NULL);
	feed(world, data, size);
	for (unsigned i = 0; i < ARRAY_SIZE(sinks); i++) {
		sinks[i]->ops->finish(sinks[i], NULL);
		sinks[i]->ops->free(sinks[i]);
	}
	out_flush(out);
	if (file.err)
		abort();
	check(fd);
	out_free(out);
	world_free(world);
	totals_free(totals);
	return 0;
}
