/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Writes to a file behind its caller's back, on a thread of its own: the caller makes the next bytes meanwhile.  Two
 * buffers go to and fro, so memory is bounded by what is given at a time.  While bytes are on their way, the file's
 * `err` and `lost` are the thread's: behind_settle() comes before they are looked at.
 */
struct behind;
struct buf;
struct outfile;

/* file: borrowed.  NULL: no thread could be made, or there is no CPU for it; outfile_write() does. */
struct behind *behind_new(struct outfile *file);
/* Waits until what was given before is written.  *bytes is empty then, with room of its own. */
void behind_give(struct behind *b, struct buf *bytes);
void behind_settle(struct behind *b);	/* all that was given is written, or lost */
void behind_free(struct behind *b);	/* settles first; may be NULL */
