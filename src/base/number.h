/* SPDX-License-Identifier: MIT */
#pragma once
/* Numbers as text where printf would take the time: of each successful open, of thousands of names at the start. */

enum { NUMBER_TEXT = 12 };

/* In decimal, ended by NUL; lies somewhere in room. */
static inline const char *number_text(char room[NUMBER_TEXT], unsigned v)
{
	char *at = room + NUMBER_TEXT - 1;

	*at = '\0';
	do
		*--at = (char)('0' + v % 10);
	while (v /= 10);
	return at;
}
