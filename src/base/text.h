/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Bytes of unknown origin made safe to show.  Nothing a traced program chose
 * may reach a terminal, JSON or HTML except through one of these.
 */

/* For a terminal: valid printable UTF-8 stays, everything else (control bytes, escapes, bidi overrides, bad UTF-8)
 * becomes \n, \t, \e or \xNN.  Backslashes are doubled only when quoting. */
void text_safe(struct buf *b, const char *s, size_t n);
/* The same within double quotes, with " and \ escaped: a C string literal. */
void text_quote(struct buf *b, const char *s, size_t n);
/*
 * As text_escaped(), and also blanks, controls, what is not printable and ';' become \xNN: for formats that part words
 * by them.
 */
void text_word(struct buf *b, const char *s, size_t n);
/* One word of a command line, quoted for a shell where it must be. */
void text_shell(struct buf *b, const char *s, size_t n);
/*
 * For data, from which the bytes are to be had back: text as it is, but a backslash becomes two, and a byte that is not
 * UTF-8, or is NUL, becomes \xNN.  Undoing both, from left to right, gives the bytes.
 */
void text_escaped(struct buf *b, const char *s, size_t n);
bool text_is_escaped(const char *s, size_t n);	/* that would change nothing */
/* Length of the valid UTF-8 sequence at s, 0 when it is not one (overlong, surrogate, cut off). */
unsigned text_utf8_len(const char *s, size_t n);
/*
 * Would a terminal show this valid UTF-8 sequence as a plain glyph?  No: controls, and what is not seen (zero width,
 * direction marks, tags, variation selectors).
 */
bool text_printable(const char *s, unsigned len);
/* Columns that text made by text_safe() takes (East Asian wide = 2). */
size_t text_width(const char *s, size_t n);
/* Appends text made by text_safe(), cut in the middle with … when it is wider than columns. */
void text_middle(struct buf *b, const char *s, size_t n, size_t columns);
