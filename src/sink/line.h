/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Events as the live lines a person reads, with style marks (sink/out.h).
 * Everything that came from the program is made safe here.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "decode/call.h"

struct event;
struct sink_options;
struct task;

/* Whose line it is, as of the event (a thread may be named anew before the line is written); tid 0: it is not shown. */
struct line_who {
	const struct bytes *host; /* of totals; NULL: there is one */
	uint32_t tid;
	bool named;
	uint8_t len;
	char comm[16];
};
struct line_who line_who(const struct sink_options *opt, const struct task *t);	/* t may be NULL */
/* "[+0.003s] [pid] ", "[+0.003s] [pid<name>] ": a line's beginning. */
void line_begin(struct buf *b, uint64_t since_start_ns, const struct line_who *who);
void line_whose(struct buf *b, const struct line_who *who);	/* " [pid]", or nothing */
/* What follows, for every kind but I/O, without how long it took; no newline. */
void line_event(struct buf *b, const struct event *ev);
/* How it begins: "open"; of a kind without a verb its name. */
const char *line_verb(const struct event *ev);
/* Whether the line says how long: then line_event() has to be followed by " after 1.2ms". */
bool line_is_timed(const struct event *ev);

/*
 * A call that the thread was in when it was attached to, is still in at the end, or that ended after it was attached
 * to.
 */
void line_call(struct buf *b, const struct event *ev);

void line_spent(struct buf *b, uint64_t ns);	/* " <0.000012>", as strace -T */

/* "waiting 2.0s in openat /tmp/fifo": the call of ev, that has gone on for before_ns, and what it is about. */
void line_blocked(struct buf *b, const struct event *ev);

/* I/O: one call, or several equal ones in a row.  Of other kinds: the words, and how often they came. */
struct io_run {
	uint8_t kind;			/* enum event_kind */
	bool words;			/* name is the line as line_event() has it */
	bool timed;			/* it says how long: line_is_timed() */
	bool has_peer, unfinished, forbidden;
	int err, fd;
	uint32_t file, file2;		/* ids */
	uint32_t pid, pid2;		/* of the process at the other end of each; 0: none, or itself */
	struct line_who who;		/* the caller's */
	uint64_t count, nbytes, spent_ns;
	int nr;				/* of the first call; -1: no call made it */
	uint64_t first_ns, last_ns;	/* ends of the first and the last call */
	struct addr peer;
	struct buf name;		/* "from /etc/hosts"; or the words */
};
bool io_run_is_io(const struct event *ev);
void io_run_start(struct io_run *r, const struct event *ev);	/* r->name is reused */
bool io_run_same(const struct io_run *r, const struct event *ev);	/* would this call be the same line? */
/* Lines of other kinds, in words that were made by line_event(). */
void words_run_start(struct io_run *r, const struct event *ev, const struct buf *words);
bool words_run_same(const struct io_run *r, const struct event *ev, const struct buf *words);
void words_run_format(struct buf *b, const struct io_run *r);	/* "access /tmp/flag ENOENT 1,000×" */
void io_run_format(struct buf *b, const struct io_run *r);	/* "read 3× 2.3 KB from /etc/hosts" */
