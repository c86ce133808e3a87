/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where text goes: the terminal stream (coloured or not) and any number of
 * files (never coloured).  A failed write is remembered and reported once, at
 * the end; the trace goes on without that stream.
 *
 * Lines hold style marks: single control bytes, which text made safe by
 * base/text.h never contains.  They become SGR sequences or nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

struct buf;
struct lines;
struct out;
struct outfile;
struct sink;

enum style {		/* below 0x20, clear of \t \n \r \e */
	STYLE_OFF = 0x01, STYLE_DIM, STYLE_BOLD, STYLE_ERROR, STYLE_NUMBER, STYLE_IO, STYLE_TRACE,
	STYLE_CAT = 0x0e,	/* + enum category */
	_STYLE_MAX = 0x1b,
};

/* How its verb is written. */
static inline char style_of(enum event_kind kind)
{
	switch (kind) {
	case EV_READ: case EV_WRITE: case EV_TRANSFER: case EV_SEEK: return STYLE_IO;
	case EV_LOST: return STYLE_TRACE;
	default: return (char)(STYLE_CAT + event_info(kind)->category);
	}
}

struct out *out_new(unsigned columns);	/* width of tables and rules (term_columns()) */
/*
 * One more that gets all text written from now on.  file: borrowed; color: whether marks become colours there.  The
 * sink only has to be finished, which writes what is left, and freed before the out is; what fails, the file remembers.
 */
struct sink *out_add(struct out *o, struct outfile *file, bool color);
struct sink *out_add_copy(struct out *o, struct outfile *file);	/* a file that was asked for: -o */
/*
 * A line that is replaced by the next, or by what is written after it: on terminals alone, cut to their width, without
 * marks.  note: what the streams that are none get in its place, to stay; NULL: nothing.
 */
void out_status(struct out *o, const char *s, size_t n, const char *note, size_t note_n);
void out_clear(struct out *o);			/* takes it away, before another writes to the terminal */
void out_disturb(struct out *o);		/* a traced program wrote to a terminal: the cursor may be anywhere */
void out_write(struct out *o, const char *s, size_t n);	/* whole lines, with marks */
void out_terminals(struct out *o, const char *s, size_t n);	/* the same, to terminals alone */
void out_data(struct out *o, const char *s, size_t n);	/* for programs: to the copies; to all where there are none */
struct lines *out_lines(struct out *o);		/* those that show a time come through it (sink/lines.h) */
/* shows what people may be waiting for; files lag up to a second */
void out_tick(struct out *o, uint64_t now_ns);
void out_flush(struct out *o);
unsigned out_columns(const struct out *o);
void out_free(struct out *o);
