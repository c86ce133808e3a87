/* SPDX-License-Identifier: MIT */
#pragma once
/* Pieces of a line: what line.c and line_io.c stand on. */
#include "sink/line.h"

struct addr;
struct file;

void line_error(struct buf *b, int err);
void line_name(struct buf *b, const char *s, size_t n);	/* safe, its middle left out when it is long */
void line_file(struct buf *b, const struct file *f);
void line_address(struct buf *b, const struct addr *a);
