/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Lines on their way to the output, in the order of the times they show.
 *
 * A line about several calls is known when the last of them is long over, and other lines have been made since: those
 * wait for it.  A line that comes later than that shows the time of the one before it: time never runs backwards.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct line_who;
struct lines;

/* How a line begins: "[+0.003s]", or as strace's -t, -tt, -ttt, and its -r, alone or beside one of them. */
enum lines_clock { CLOCK_SINCE_START, CLOCK_OF_DAY, CLOCK_OF_DAY_US, CLOCK_EPOCH };
struct lines_times { enum lines_clock clock; bool relative; uint64_t wall_ns; /* at the start of the trace */ };

/* Those who may still make a line of an earlier time. */
enum lines_holder { LINES_TEXT, LINES_KERNEL, _LINES_HOLDERS };

typedef void lines_write_fn(void *ctx, const char *s, size_t n);	/* one whole line, with marks */
struct lines *lines_new(lines_write_fn *write, void *ctx);
void lines_set_times(struct lines *l, const struct lines_times *times);	/* before the first line */
/* A line without its time and newline.  ns: since the start of the trace. */
void lines_add(struct lines *l, uint64_t ns, const struct line_who *who, const char *s, size_t n);
/* Lines from ns on wait for this one; UINT64_MAX: it has nothing to come. */
void lines_hold(struct lines *l, enum lines_holder who, uint64_t ns);
/* How a line of this time begins, as lines_add() has it. */
void lines_begin(struct lines *l, struct buf *b, uint64_t ns, const struct line_who *who);
uint64_t lines_last_ns(const struct lines *l);	/* the time of the last line that was written */
void lines_flush(struct lines *l);	/* all of them, whoever holds */
void lines_free(struct lines *l);
