/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where text goes: the terminal stream (coloured or not) and -o's file (never
 * coloured).  A failed write is remembered and said once, at the end; the
 * trace goes on without that stream.
 *
 * Lines hold style marks: single control bytes, which text made safe by
 * base/text.h never contains.  They become SGR sequences or nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct diag;
struct lines;
struct out;

enum style {		/* below 0x20, clear of \t \n \r \e */
	STYLE_OFF = 0x01, STYLE_DIM, STYLE_BOLD, STYLE_ERROR, STYLE_NUMBER,
	STYLE_CAT = 0x0e,	/* + enum event_category */
	_STYLE_MAX = 0x1b,
};

/* fd: borrowed; columns: width of tables and rules (term_columns()).  color: whether marks become colours there. */
struct out *out_new(int fd, bool color, unsigned columns);
/* -o.  Created now, mode 0600, so that an unwritable one is found before the command runs. */
int out_open_file(struct out *o, const char *path, struct diag *diag);
void out_write(struct out *o, const char *s, size_t n);	/* whole lines, with marks */
struct lines *out_lines(struct out *o);		/* those that show a time come through it (sink/lines.h) */
void out_tick(struct out *o, uint64_t now_ns);		/* shows what people may be waiting for; files lag up to a second */
void out_flush(struct out *o);
unsigned out_columns(const struct out *o);
/* Flushes and closes.  -errno, with a diag that says what is missing where, when any write failed. */
int out_finish(struct out *o, struct diag *diag);
void out_free(struct out *o);
