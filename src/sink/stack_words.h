/* SPDX-License-Identifier: MIT */
#pragma once
/* Where a call was made: a line for each function, the innermost first.  Each begins with a newline. */
struct buf;
struct frame;
struct stack;

void stack_lines(struct buf *b, const struct stack *s);		/* with style marks, below a line as people read it */
void stack_strace(struct buf *b, const struct stack *s);	/* as strace -k writes them (src/unwind.c there) */
/* "main", "prog+0x11f0", "0x7f12": one word, never empty */
void frame_name(struct buf *b, const struct frame *f);
