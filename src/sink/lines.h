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

struct line_who;
struct lines;

/* Those who may still make a line of an earlier time. */
enum lines_holder { LINES_TEXT, LINES_KERNEL, _LINES_HOLDERS };

typedef void lines_write_fn(void *ctx, const char *s, size_t n);	/* one whole line, with marks */
struct lines *lines_new(lines_write_fn *write, void *ctx);
/* A line without its time and newline.  ns: since the start of the trace. */
void lines_add(struct lines *l, uint64_t ns, const struct line_who *who, const char *s, size_t n);
/* Lines from ns on wait for this one; UINT64_MAX: it has nothing to come. */
void lines_hold(struct lines *l, enum lines_holder who, uint64_t ns);
void lines_flush(struct lines *l);	/* all of them, whoever holds */
void lines_free(struct lines *l);
