/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/* What a stream shown to a person can do. */
enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

#define TERM_COLUMNS_DEFAULT 80
#define TERM_LINES_DEFAULT 24

/* auto: a terminal, TERM is not "dumb", and NO_COLOR (no-color.org) is unset or empty. */
bool term_wants_color(int fd, enum color_mode mode);
/* Of the terminal behind fd, else of $COLUMNS, else 80. */
unsigned term_columns(int fd);
/* Of the terminal behind fd, where that has more than 24; else 24. */
unsigned term_lines(int fd);
