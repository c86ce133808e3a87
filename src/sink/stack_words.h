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
#define FRAME_UNKNOWN "(unknown)"		/* and what is called so: the rest of a stack that is not whole */
/* "main+0x10 in /bin/prog", "/bin/prog+0x11f0", as people read it; and why there is no next one, NULL: it is whole */
void frame_line(struct buf *b, const struct frame *f);
const char *stack_why(const struct stack *s);
