/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The report while it is being made; shared by html*.c only.  Nothing here grows with the trace but files on disk,
 * 16 bytes a run of 131,072 events, and the table of syscalls that occurred.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/spec.h"
#include "base/buf.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/outfile.h"
#include "event/event.h"
#include "sink/html_block.h"
#include "sink/html_spool.h"
#include "sink/sink.h"

#define NOT_CLOSED UINT64_MAX

struct bytes;
struct strings;
struct html_file {		/* a row of f, by file id */
	uint64_t open, close;
	uint64_t name_hash;
	uint32_t name, peer, conn;	/* strings; conn: row of n + 1 */
	int32_t lane;
	uint8_t kind, seen, conn_taken;	/* conn_taken: its row is that of a struct conn, the first */
};

struct html_conn {		/* a row of n */
	uint32_t file, id;		/* id: of the struct conn, 0 none */
	uint8_t kind, state, err;
	uint32_t local, peer, host;
	int32_t lane, peer_lane;
	uint32_t peer_proc, peer_file;
	uint64_t open, connect, close;
	uint8_t later, over;		/* later: it began after its socket was opened; over: and ended before that was closed */
};

/* A number that changes over the life of a process, thinned as it comes: all of the first ones, then less and less often. */
enum html_counter { COUNTER_MEMORY, COUNTER_RESIDENT, COUNTER_FDS, _COUNTER_MAX };
struct html_gauge { uint64_t value, written, written_at; uint32_t nwritten; bool pending; };

struct html_task {
	uint64_t start, end;		/* ns from t0; end only with ENDED */
	uint64_t last_exec;		/* position in execs + 1, 0: none */
	uint64_t utime_ns, stime_ns;
	uint32_t pid, tid, ppid, proc;	/* proc: a lane */
	int32_t parent;			/* a lane, -1 */
	uint32_t last_child;		/* a lane + 1 */
	int32_t status;
	uint8_t ended, has_status, attached, comm_len;
	char comm[16];
	struct html_gauge gauges[_COUNTER_MAX];	/* of a process, in its first task's row */
	uint32_t next_pending;		/* a lane + 1 */
	bool in_pending;
};

/* execs: head, then the entry as JSON; prev: position of the same task's entry before + 1, 0: none */
struct html_exec { uint64_t prev; uint32_t nbytes, pad; };

struct html_type {
	char name[32];
	struct meaning means;
	uint8_t layer;
};

enum { ERR_FIRST_INTERNAL = 240, ERR_NO_RESULT = 253, ERR_UNFINISHED = 254, HTML_TYPES_MAX = 8192 };

struct html {
	struct sink sink;
	const struct sink_options *opt;
	struct outfile *file;		/* the report; borrowed */
	uint64_t t0_ns, last_ns;	/* last_ns: from t0 */
	bool started, ended, interrupted;
	uint64_t wall_ns;
	uint32_t mode;			/* START_* */
	struct strings *command;	/* NULL before the start */
	struct buf cwd;
	uint64_t kept, total, lost, args_dropped, nunattributed;
	struct buf lost_note;

	struct row_spool rows;
	struct row_spool samples;	/* start, lane, type: the counter, val */
	struct spool strings;		/* finished s blocks, as block_store() writes them */
	struct spool execs;
	struct table files, conns, tasks, lane_of_task, lane_of_proc;	/* lanes + 1 */
	struct table conn_rows;		/* by id of the struct conn: row of conns + 1 */
	uint32_t ntasks, nended, nconns;
	struct resident *resident;
	/* Over all lanes: now, the highest so far; what the samples that were written come to, and the highest of that. */
	uint64_t sums[_COUNTER_MAX], peaks[_COUNTER_MAX], shown[_COUNTER_MAX], highest[_COUNTER_MAX], sampled_at;
	uint32_t first_pending;		/* lanes with a value not written, + 1 */

	struct intern ids;		/* strings */
	uint32_t nstrings;
	uint64_t arg_bytes;
	uint32_t *lens;			/* of the s block being filled */
	uint32_t nlens;
	struct buf text;

	struct intern type_ids;
	struct html_type *types;
	unsigned ntypes, types_cap, nunknown;
	int internal_errs[ERR_NO_RESULT - ERR_FIRST_INTERNAL];
	bool errs[256];

	struct html_block block;
	struct buf tmp;			/* for one string */
};

/* html.c */
uint32_t html_string(struct html *h, const void *s, size_t n);		/* id; 0 for the empty one */
uint64_t html_time(const struct html *h, uint64_t ts_ns);		/* from t0, never negative */

/* html_type.c, html_row.c: what an event says as a row; the tables of types and errors fill as they go */
uint16_t html_type_of(struct html *h, const struct event *ev);
bool html_is_error(uint8_t code);
void html_row_of(struct html *h, const struct event *event, struct html_row *ret_row);

/* html_world.c: tasks, files and connections as they come by */
extern const char *const html_sock_kinds[], *const html_sock_states[];
/* Key and list, and `key`_more and _cut for what is left out beyond so many bytes, or was not kept of `all`. */
void html_strings(struct json *j, const char *key, const struct bytes *v, unsigned n, uint64_t all, size_t room);
int32_t html_lane(struct html *h, const struct task *t);		/* makes the row when it is new; -1 without a task */
int32_t html_lane_of_proc(struct html *h, uint32_t proc);		/* -1 when not seen */
void html_world_event(struct html *h, const struct event *ev);
void html_world_finish(struct html *h);	/* samples not written yet */
/* Up to date; NULL for no file.  Valid until the next call of any of these. */
/* Which row of n an event is about, + 1; 0: none.  After html_file_row() of its files. */
uint32_t html_conn_of(struct html *h, const struct event *ev);
struct html_file *html_file_row(struct html *h, const struct file *f, const struct event *ev);

/* The report's file, written at the end of the trace, and what waits to be. */
struct html_out { struct outfile *file; uint64_t nbytes; struct buf tail; };
void html_out_add(void *out, const void *p, size_t n);
void html_out_flush(struct html_out *out);

/* Column lists; lanes and types are wider when there are many. */
struct html_cols { struct html_col v[16]; unsigned n; };
struct html_bucket { uint16_t count; uint8_t cat, pad; float longest; };	/* a row of o */
enum html_kind { KIND_O, KIND_S, KIND_F, KIND_N, KIND_K, KIND_H, KIND_C, _KIND_MAX };
struct html_layout {
	struct html_cols cols[_KIND_MAX];
	uint32_t lanes, buckets;	/* of the overview */
	uint64_t nfiles, nconns;	/* rows; file 0 is "none" */
	uint64_t duration_ns;
};

/* html_meta.c */
void html_layout_of(struct html *h, struct html_layout *ret_layout);
void html_meta_write(struct html *h, const struct html_layout *layout, struct html_out *out);
void html_title_write(struct html *h, struct html_out *out);
/* html_static.c */
void html_static_write(struct html *h, struct html_out *out);
