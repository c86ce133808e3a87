/* SPDX-License-Identifier: MIT */
/* A recording is a source like any other. */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/macro.h"
#include "capture/source.h"
#include "record/file.h"

struct replay_source {
	struct source src;
	struct record_reader *reader;
	const struct record *first;	/* it was looked at, and is emitted next */
	struct diag damage;
	bool damaged, stopped;
	int status;
};

/* As record_reader_next(). */
static int next(struct replay_source *s, const struct record **ret)
{
	size_t avail;
	int rc;

	if (s->stopped)
		return 0;
	if (s->first) {
		*ret = s->first;
		s->first = NULL;
		return 1;
	}
	rc = record_reader_next(s->reader, ret, &avail, &s->damage);
	if (rc < 0)
		s->damaged |= rc != -EAGAIN;
	return rc;
}

static int replay_step(struct source *src, source_emit_fn *emit, void *ctx)
{
	struct replay_source *s = CONTAINER_OF(src, struct replay_source, src);
	const struct record *r;
	int rc = next(s, &r);

	if (rc == 1) {
		if (r->kind == RECORD_END && r->size >= sizeof(struct record_end))
			s->status = ((const struct record_end *)r)->status;
		emit(ctx, r);
		return 1;
	}
	return rc == -EAGAIN ? -EINTR : 0;
}

static void replay_stop(struct source *src, bool kill UNUSED)
{
	CONTAINER_OF(src, struct replay_source, src)->stopped = true;
}

static int replay_status(const struct source *src) { return CONTAINER_OF(src, struct replay_source, src)->status; }
static pid_t replay_main_pid(const struct source *src) { (void)src; return 0; }

static const struct diag *replay_damage(const struct source *src, unsigned i)
{
	const struct replay_source *s = CONTAINER_OF(src, struct replay_source, src);

	return s->damaged && i == 0 ? &s->damage : NULL;
}

static void replay_free(struct source *src)
{
	struct replay_source *s = CONTAINER_OF(src, struct replay_source, src);

	record_reader_close(s->reader);
	free(s);
}

static const struct source_ops replay_ops = {
	.step = replay_step, .stop = replay_stop, .free = replay_free, .status = replay_status,
	.main_pid = replay_main_pid, .damage = replay_damage,
};

bool source_replay_follows(const struct source *src)
{
	if (src->ops != &replay_ops)
		return source_replay_many_follow(src);
	return record_reader_follows(CONTAINER_OF(src, struct replay_source, src)->reader);
}

bool source_replay_span(struct source *src, struct replay_span *ret)
{
	struct replay_source *s = CONTAINER_OF(src, struct replay_source, src);
	const struct record_start *start;
	const struct record *first;
	struct record_last last;

	if (src->ops != &replay_ops)
		return source_replay_many_span(src, ret);
	if (record_reader_follows(s->reader) || next(s, &first) != 1)
		return false;
	s->first = first;
	start = (const struct record_start *)first;
	if (start->h.kind != RECORD_START || start->h.size < sizeof(*start))
		return false;
	ret->start_ns = start->h.ts_ns;
	ret->wall_ns = start->wall_ns;
	if (record_reader_last(s->reader, &last) < 0)
		return false;
	ret->end_ns = last.made_ns;
	return true;
}

int source_replay_open(const char *path, struct source **ret_source, struct diag *diag)
{
	struct record_reader *reader;
	struct replay_source *s;
	int rc = record_reader_open(path, &reader, diag);

	if (rc < 0)
		return rc;
	s = xcalloc(1, sizeof(*s));
	*s = (struct replay_source){ .src.ops = &replay_ops, .reader = reader, .status = -1 };
	*ret_source = &s->src;
	return 0;
}
