/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

struct buf;

/* Any bytes as HTML text, also within quotes: what is no printable UTF-8 as \xNN, \u{N}, \n or \t. */
void html_escape(struct buf *b, const char *s, size_t n);
/* How much of n bytes to show when at most max are: ends between characters. */
size_t html_cut(const char *s, size_t n, size_t max);
