/* SPDX-License-Identifier: MIT */
/*
 * Replays a recording and prints a line for each event of a call: its name, its arguments as text and as JSON, with
 * tabs between.  One of the judges: args.py compares the two.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "sink/value.h"
#include "sink/value_json.h"
#include "replay.h"

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
	struct buf line = { 0 };
	int rc = replay(argc, argv, on_event, &line);

	buf_done(&line);
	return rc;
}
