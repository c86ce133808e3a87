/* SPDX-License-Identifier: MIT */
#pragma once
/* Pieces of a line: what line.c, line_io.c and line_wait.c stand on. */
#include "sink/line.h"

struct addr;
struct file;

void line_waiting(struct buf *b, const struct event *ev);	/* what a thread was in when it was attached to */
void line_error(struct buf *b, int err);
void line_unfinished(struct buf *b, bool forbidden);	/* of a call without a result */
void line_name(struct buf *b, const char *s, size_t n);	/* safe, its middle left out when it is long */
void line_file(struct buf *b, const struct file *f);
void line_address(struct buf *b, const struct addr *a);
