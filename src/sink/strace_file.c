/* SPDX-License-Identifier: MIT */
/* --strace: the lines of --format strace in a file of their own, beside whatever else is written. */
#include <stdlib.h>

#include "base/macro.h"
#include "sink/out.h"
#include "sink/sink.h"

struct strace_file {
	struct sink sink;
	struct sink_options opt;	/* lines are written here whatever the terminal shows (-q) */
	struct out *out;
	struct sink *stream, *lines;
};

static struct strace_file *of(struct sink *s) { return CONTAINER_OF(s, struct strace_file, sink); }

static void file_event(struct sink *s, const struct event *ev) { of(s)->lines->ops->event(of(s)->lines, ev); }
static void file_tick(struct sink *s, uint64_t now_ns) { of(s)->lines->ops->tick(of(s)->lines, now_ns); }

static void file_finish(struct sink *sink, const struct sink_result *done)
{
	struct strace_file *s = of(sink);

	s->lines->ops->finish(s->lines, done);
	s->stream->ops->finish(s->stream, done);
}

static void file_free(struct sink *sink)
{
	struct strace_file *s = of(sink);

	s->lines->ops->free(s->lines);
	s->stream->ops->free(s->stream);
	out_free(s->out);
	free(s);
}

int sink_strace_file_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink,
			 struct diag *diag UNUSED)
{
	static const struct sink_ops ops = {
		.event = file_event, .tick = file_tick, .finish = file_finish, .free = file_free};
	struct strace_file *s = xcalloc(1, sizeof(*s));

	s->sink.ops = &ops;
	s->opt = *opt;
	s->opt.live = true;
	s->out = out_new(0);
	s->stream = out_add(s->out, file, false);
	s->lines = sink_strace_new(s->out, &s->opt);
	*ret_sink = &s->sink;
	return 0;
}
