/* SPDX-License-Identifier: MIT */
#include "base/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool term_wants_color(int fd, enum color_mode mode)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return isatty(fd) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

unsigned term_columns(int fd)
{
	struct winsize ws;
	const char *env = getenv("COLUMNS");
	unsigned long n;

	if (!ioctl(fd, TIOCGWINSZ, &ws) && ws.ws_col)
		return ws.ws_col;
	n = env ? strtoul(env, NULL, 10) : 0;
	return n > 0 && n < 10000 ? (unsigned)n : TERM_COLUMNS_DEFAULT;
}

unsigned term_lines(int fd)
{
	struct winsize ws;

	return !ioctl(fd, TIOCGWINSZ, &ws) && ws.ws_row > TERM_LINES_DEFAULT ? ws.ws_row : TERM_LINES_DEFAULT;
}
