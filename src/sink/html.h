/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The report while it is being made; shared by html*.c only.  Nothing here grows with the trace but files on disk,
 * 16 bytes a run of 131,072 events, and the table of syscalls that occurred.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/outfile.h"
#include "row/row.h"
#include "sink/html_block.h"
#include "sink/html_spool.h"
#include "sink/sink.h"

#define NOT_CLOSED UINT64_MAX

struct bytes;
struct stack;
struct html_file {		/* a row of f, by file id */
	uint64_t open, close;
	uint32_t name, peer;		/* strings */
	int32_t lane;
	uint8_t kind;
};

struct html_conn {		/* a row of n */
	uint32_t file;
	uint8_t kind, state, err;
	uint32_t local, peer, host;
	int32_t lane, peer_lane;
	uint32_t peer_proc, peer_file;
	uint64_t open, connect, close, waited, first;
};

struct html_task {
	uint64_t start, end;		/* ns from t0; end only with ENDED */
	uint64_t last_exec;		/* position in execs + 1, 0: none */
	uint64_t utime_ns, stime_ns, resident;
	uint32_t pid, tid, ppid, proc;	/* proc: a lane */
	int32_t parent;			/* a lane, -1 */
	int32_t status;
	uint64_t named_ns;		/* since when it has this name; before: was */
	uint32_t host;			/* of recordings that are merged: its name, a string; else 0 */
	uint8_t ended, has_status, attached, named, comm_len, was_len;
	char comm[16], was[16];
};

/* execs: head, then the entry as JSON; prev: position of the same task's entry before + 1, 0: none */
struct html_exec { uint64_t prev; uint32_t nbytes, pad; };

/* A row of block c where calls have stacks: that is not in the rows that wait to be sorted. */
struct html_call { struct html_row row; uint32_t stack; };

struct html_type {
	char name[32];
	uint8_t cat;			/* enum category */
	bool counts;			/* bytes are in the event's own count, not in its result */
	const char *op, *io, *layer;	/* io, layer: NULL for none, and for calls */
	const char *verb;		/* how the terminal begins its lines; NULL: not known, or more than one way */
	uint8_t kind;			/* enum event_kind, of the event that was looked at last */
	bool many_verbs;
};

enum { ERR_FIRST_INTERNAL = ROW_ERRNO_INTERNAL, ERR_NO_RESULT = 253, ERR_UNFINISHED = 254 };

/* Strings, or first bytes that were moved: equal ones have one id; 0 is the empty one. */
struct html_pool {
	struct intern ids;
	uint32_t n;			/* with the empty one */
	uint32_t *lens;			/* of the block being filled */
	uint32_t nlens;
	struct buf text;
	struct spool blocks;		/* finished ones, as html_block_store() writes them */
};

struct html {
	struct sink sink;
	const struct sink_options *opt;
	struct outfile *file;		/* the report; borrowed */
	struct rows *from;
	struct row_sink takes;
	uint64_t values;		/* fields of events that go into the column `val` */
	uint64_t last_ns;		/* from t0 */
	bool started, all_calls, attached;
	uint64_t wall_ns;
	struct buf command;		/* as META has it */
	struct buf cwd;
	const char *end;
	uint64_t kept, total, lost, args_dropped, nunattributed;
	struct buf lost_note;

	struct row_spool rows;
	struct html_call bits;		/* of each column of block c, as it is written: all that any row has */
	struct row_spool samples;	/* start, lane, type: the counter, val */
	struct row_spool stacks;	/* start, lane, type, data: the stack; made for the first call that has one */
	const struct html_row *next_stack;	/* of them, when rows are written */
	struct html_pool strings, data;	/* blocks s and d */
	uint64_t data_bytes, data_dropped, stack_bytes, stacks_dropped;
	bool has_data, has_env;
	struct spool execs;
	struct store files, conns, tasks, lane_of_task, lane_of_proc;	/* lanes + 1 */
	uint32_t ntasks, nended, nconns;

	uint64_t arg_bytes;

	struct html_type *types;
	unsigned ntypes, types_cap;
	int internal_errs[ERR_NO_RESULT - ERR_FIRST_INTERNAL];
	bool errs[256];

	const struct totals_ending *top[64];	/* those that matter, in the order of the summary */
	unsigned ntop;

	struct html_block block;
	struct buf tmp;			/* for one string */
};

/* html_pool.c */
enum { STRINGS_A_BLOCK = 65536, STRING_BYTES_A_BLOCK = 4 << 20 };
void html_block_store(struct html *h, struct spool *s);	/* h->block, compressed */
int html_pool_init(struct html_pool *p, const char *path);
void html_pool_done(struct html_pool *p);
void html_pool_end(struct html *h, struct html_pool *p);		/* those that wait become a block */
uint32_t html_pool_id(struct html *h, struct html_pool *p, const void *s, size_t n);	/* 0 for the empty one */
uint32_t html_string(struct html *h, const void *s, size_t n);		/* in the pool of strings */
/* In the pool of bytes, 0 also when that is full: of contents and environments, and of stacks. */
uint32_t html_data(struct html *h, const void *s, size_t n);
uint32_t html_stack_bytes(struct html *h, const void *s, size_t n);

/* html_stack.c */
void html_stack_add(struct html *h, const struct html_row *row, const struct stack *s);
uint32_t html_stack_of(struct html *h, const struct html_row *row);	/* of rows in order; 0: it has none */

/* html_row.c: an event's row; the table of errors fills as it goes */
/* CALM: it says how things are (not there, not yet); processes end well with it. */
enum html_fault { FAULT_NONE, FAULT_SERIOUS, FAULT_CALM };
enum html_fault html_fault_of(const struct html *h, uint8_t code);
void html_made_serious(struct html *h, struct html_row *row);	/* a process failed for it */
void html_row_of(struct html *h, const struct row *from, struct html_row *ret_row);

/* html_world.c: tasks, files, connections, types as they come by */
/* Key and list, and `key`_more and _cut for what is left out beyond so many bytes, or was not kept of `all`. */
void html_strings(struct json *j, const char *key, const struct bytes *v, unsigned n, uint64_t all, size_t room);
int32_t html_lane(struct html *h, uint64_t thread);		/* by ids of rows; -1 when not seen */
int32_t html_lane_of_proc(struct html *h, uint64_t process);
void html_world_row(struct html *h, const struct row *row);	/* of any table but EVENT */

/* The report's file, written at the end of the trace, and what waits to be. */
struct html_out { struct outfile *file; uint64_t nbytes; struct buf tail; };
/* html_pool.c */
void html_out_add(void *out, const void *p, size_t n);
void html_out_flush(struct html_out *out);

/* Column lists; lanes and types are wider when there are many. */
struct html_cols { struct html_col v[16]; unsigned n; };
struct html_bucket { uint16_t count; uint8_t cat, pad; float longest; };	/* a row of o */
enum html_kind { KIND_O, KIND_S, KIND_F, KIND_N, KIND_K, KIND_H, KIND_C, KIND_D, _KIND_MAX };
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
void html_diff_card(const struct html *h, struct buf *b);	/* nothing without --diff, like: */
void html_diff_meta(const struct html *h, struct json *j);
/* html_findings.c */
void html_findings_meta(const struct html *h, struct json *j);
void html_ending_place(const struct html *h, struct json *j, const struct totals_ending *e);
void html_static_write(struct html *h, struct html_out *out);
