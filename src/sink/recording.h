/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Recordings that begin in the midst of a trace: the parts of a long one, and the newest part of it.  Each begins with
 * how things stand, so that it can be read alone (record.h, START_SNAPSHOT).
 */
#include "base/buf.h"
#include "model/model.h"
#include "sink/sink.h"

struct record_writer;

/* The START of the trace, for those of its parts. */
struct record;
struct cut { struct buf start; struct world *world; };
void cut_note(struct cut *c, const struct record *r);		/* every record; the first one is kept */
/* START and snapshot as of now_ns; nothing where the trace itself begins. */
void cut_begin(struct cut *c, world_put_fn *put, void *ctx, uint64_t now_ns);
/* END of a part, behind so many records: the trace goes on. */
void cut_end(world_put_fn *put, void *ctx, uint64_t nrecords, uint64_t now_ns);
void cut_put(void *writer, const struct record *r);	/* for those that write it: a struct record_writer */
void cut_done(struct cut *c);

/* "t.cpd" and a number of so many digits: "t.0001.cpd"; to be freed. */
char *cut_name(const char *path, uint64_t n, int digits);

/* The newest part of a trace, in files without names. */
struct newest;
/* The first of them is made here, before anything is traced.  -errno with diag: there is no room for it. */
struct diag;
int newest_new(const struct sink_options *opt, struct outfile *file, struct newest **ret, struct diag *diag);
void newest_record(struct newest *s, const struct record *r);
void newest_tick(struct newest *s, uint64_t now_ns);
bool newest_is_empty(const struct newest *s);
/*
 * What was written: the how-many-th time this is, where to, over which time; how many records of that time are missing
 * in it, for no room was left for them, and the first error of that (negative).
 */
struct dumped { unsigned n; const char *path; uint64_t ns, nlost; int lost_err; };
/* -errno: nothing that can be read is in it. */
int newest_write(struct newest *s, bool goes_on, struct outfile *to, struct dumped *ret);
void newest_free(struct newest *s);		/* may be NULL */

/*
 * With recording_options.last_*: writes what is kept, the first time into the recording's own file, then into others
 * beside it (cut_name).  ret->path is valid until the next time.  false with diag: nothing was recorded yet, or what
 * went wrong.
 */
bool sink_recording_dump(struct sink *s, bool goes_on, struct dumped *ret, struct diag *diag);
