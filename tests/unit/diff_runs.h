/* SPDX-License-Identifier: MIT */
#pragma once
/* Two runs to be compared: processes and files, and the differences as text. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include "analyze/totals.h"
#include "base/buf.h"
#include "fake.h"
#include "sink/diff_text.h"

/* A process with these arguments, up to four, that ends with that status. */
static inline void ran(struct totals *t, uint32_t id, uint32_t parent, int status, const char *argv[])
{
	struct item item = { .kind = RECORD_EXEC };
	struct fake_task f;
	struct event ev;

	fake_proc(&f, id, parent, argv[0]);
	for (f.proc.argc = 0; f.proc.argc < 4 && argv[f.proc.argc]; f.proc.argc++)
		f.argv[f.proc.argc] = fake_bytes(argv[f.proc.argc]);
	ev = fake_event(EV_EXEC, &f, &item, FAKE_T0 + id);
	totals_event(t, &ev);
	item.kind = RECORD_EXIT;
	f.proc.status = status;
	ev = fake_event(EV_EXIT, &f, &item, FAKE_T0 + 1000 + id);
	ev.status = status;
	totals_event(t, &ev);
}
#define RAN(t, id, parent, status, ...) ran(t, id, parent, status, (const char *[]){ __VA_ARGS__, NULL })

/* It opened that file with these flags; or, with an error, did not. */
static inline void opened_with(struct totals *t, const char *path, int err, uint32_t flags)
{
	struct item item = { .kind = RECORD_CALL };
	const uint64_t args[6] = { 0 };
	struct fake_task f;
	struct event ev;

	fake_proc(&f, 1, 0, "x");
	fake_call(&item.call, "openat", FAKE_T0, 1000, err ? -err : 3, args);
	ev = fake_event(EV_OPEN, &f, &item, FAKE_T0);
	ev.path = ev.raw = path;
	ev.path_len = ev.raw_len = (uint32_t)strlen(path);
	ev.flags = flags;
	totals_event(t, &ev);
}
static inline void opened(struct totals *t, const char *path, int err) { opened_with(t, path, err, 0); }

/* It made that file, and removed it again. */
static inline void made(struct totals *t, const char *path, bool removed)
{
	struct item item = { .kind = RECORD_CALL };
	const uint64_t args[6] = { 0 };
	struct fake_task f;
	struct event ev;

	t->keep_started = true;
	opened_with(t, path, 0, O_CREAT | O_EXCL | O_RDWR);
	fake_proc(&f, 1, 0, "x");
	fake_call(&item.call, "unlink", FAKE_T0, 1000, 0, args);
	ev = fake_event(EV_UNLINK, &f, &item, FAKE_T0);
	ev.path = path;
	ev.path_len = (uint32_t)strlen(path);
	if (removed)
		totals_event(t, &ev);
}

/* It tried to make that file, whose folder is not there. */
static inline void tried(struct totals *t, const char *path)
{
	t->keep_started = true;
	opened_with(t, path, ENOENT, O_CREAT | O_EXCL | O_RDWR);
}

static inline const char *text(struct totals *const runs[2])
{
	static struct buf b;

	buf_done(&b);
	diff_text(&b, (const struct totals *const[2]){ runs[0], runs[1] }, (const char *const[2]){ "a", "b" }, false);
	return b.s;
}

static inline unsigned count(const char *s, const char *what)
{
	unsigned n = 0;

	while ((s = strstr(s, what))) {
		n++;
		s += strlen(what);
	}
	return n;
}

static inline void new_runs(struct totals *runs[2])
{
	runs[0] = totals_new();
	runs[1] = totals_new();
}

static inline void free_runs(struct totals *runs[2])
{
	totals_free(runs[0]);
	totals_free(runs[1]);
}
