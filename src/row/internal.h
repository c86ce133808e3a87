/* SPDX-License-Identifier: MIT */
#pragma once
/* The inside of rows: what its files share. */
#include <stdio.h>

#include "abi/spec.h"
#include "base/intern.h"
#include "base/spool.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "row/enums.h"
#include "row/row.h"

/* What was last reported of each, by the model's id (connections: by number of the row). */
struct thread_state {
	uint64_t start_ns, end_ns, named_ns;	/* from t0; the others only with ended, named */
	uint32_t process, pid, tid, ppid, creator, last_child;
	uint8_t seen, ended, attached, named, name_len;
	char name[16];
};
/* A number that changes, thinned as it comes: all of the first ones, then less and less often. */
struct gauge { uint64_t value, written, written_at; uint32_t nwritten; bool pending; };
struct process_state {
	uint64_t start_ns, end_ns, utime_ns, stime_ns, resident;
	uint32_t pid, ppid, parent, main_thread, last_thread, host;
	int32_t status;
	uint8_t seen, ended, attached, in_pending;
	uint32_t next_pending;		/* a process */
	struct gauge gauges[_COUNTER_MAX];
};
#define ROW_NOT_CLOSED UINT64_MAX
struct file_state {
	uint64_t opened_ns, closed_ns, named;
	uint32_t thread, conn, last_conn;	/* rows of connections: the first, the last */
	uint8_t kind, seen, conn_taken;	/* conn_taken: its row is that of a struct conn, the first */
};
struct link_state {
	uint32_t file, id;		/* id: of the struct conn, 0 none */
	uint8_t kind, state, err, later, over, rest, has_local, has_peer, final;
	uint32_t thread, peer_proc, peer_file, next;	/* next: of the same file, the one before */
	uint64_t opened_ns, connect_ns, closed_ns, waited_ns, first_ns;
	struct addr local, peer;
};
struct type_state { uint32_t id; char name[32]; struct meaning means; uint8_t layer; };

struct row_ctx {
	const struct rows *r;
	const struct event *ev;
	/* one of these, by the table */
	const struct thread_state *thread;
	const struct process_state *process;
	const struct file_state *fstate;
	const struct link_state *conn;
	const struct type_state *type;
	const struct task *task;
	const struct file *file;
	uint32_t id, conn_id;
	int err;			/* of an event: 0 none, or none that is known */
	enum row_outcome outcome;
	enum role role;			/* of file */
	uint64_t time_ns, value;
	unsigned counter;
	bool inherited;
	const struct buf *called;	/* of an event: its file, where the name is worded; NULL: it is not */
	const struct row_fd *fds; unsigned nfds; uint64_t fds_all;
};

enum { ROW_TYPES_MAX = 8192 };	/* kinds of event and call that are kept apart */

struct row_plan {
	uint8_t n, fields[ROW_FIELDS_MAX];
	row_getter *get[ROW_FIELDS_MAX];	/* NULL of a group */
};

struct rows {
	const struct row_sink *sink;
	const struct totals *totals;
	uint64_t wants[_ROW_TABLES];
	/* fields that are wanted, by table, and by kind of event */
	struct row_plan plan[_ROW_TABLES], event_plan[_EV_MAX];
	/* of a sink that keeps groups: what fills each slot, and the fields of a group that is made */
	uint64_t slots[_ROW_GROUPS][ROW_SLOTS];
	uint8_t group_present[_ROW_GROUPS][ROW_FIELDS_MAX];
	struct row row;			/* the one that is made */
	struct cell cells[ROW_FIELDS_MAX];
	uint8_t present[ROW_FIELDS_MAX];

	uint64_t t0_ns, last_ns, now_ns;	/* from t0: the end so far; when the event began that is looked at */
	bool started, ended, interrupted, goes_on;
	uint64_t wall_ns;
	uint32_t mode;			/* START_* */
	struct strings *command;
	struct buf cwd, hostname, kernel, lost_reason, called;
	struct buf last_name; enum role last_role;	/* of the last row of a file, where roles are wanted */
	uint64_t nevents, nlost;
	uint32_t nthreads, nended, nconns, nexecs;

	struct store threads, processes, files, conns, conn_rows;
	struct resident *resident;
	uint64_t sums[_COUNTER_MAX], peaks[_COUNTER_MAX], shown[_COUNTER_MAX], highest[_COUNTER_MAX], sampled_at;
	uint32_t first_pending;		/* processes with a value not written */

	struct intern type_ids;
	struct type_state *types;
	unsigned ntypes, types_cap, nunknown;
	struct { const struct syscall_spec *spec; uint32_t id; } last_types[_EV_MAX];	/* found last, by kind */
};

static inline uint64_t row_time(const struct rows *r, uint64_t ts_ns)
{
	return ts_ns > r->t0_ns ? ts_ns - r->t0_ns : 0;
}

/* rows.c */
void row_call_file(struct rows *r, struct row_ctx *c);
/* The event, or copy with the descriptor that a call the model does nothing with (fadvise64, ioctl) is about. */
const struct event *rows_subject(const struct event *ev, struct event *copy);
bool rows_has_row(enum event_kind kind);
void rows_clock(struct rows *r, const struct event *ev);	/* t0, and the end so far */

/* put.c */
void row_plan(struct rows *r);
void row_put(struct rows *r, enum row_table t, struct row_ctx *c, bool final);
void row_put_event(struct rows *r, struct row_ctx *c);

/* task.c */
uint32_t rows_thread(struct rows *r, const struct task *t);		/* its row, made when new; 0 without a task */
void rows_exec(struct rows *r, const struct event *ev);
void rows_forked(struct rows *r, const struct event *ev);
void rows_exited(struct rows *r, const struct event *ev);
void rows_trace(struct rows *r, bool final);

/* counter.c */
void rows_sample(struct rows *r, const struct event *ev);
void rows_samples_end(struct rows *r);

/* file.c */
void rows_file(struct rows *r, const struct file *f, const struct event *ev);	/* up to date */
uint32_t rows_conn_of(struct rows *r, const struct event *ev);	/* a row, 0: none */
void rows_released(struct rows *r, const struct event *ev);
void rows_conns_end(struct rows *r);

/* type.c */
const struct type_state *rows_type(struct rows *r, const struct event *ev);
