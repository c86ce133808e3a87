/* SPDX-License-Identifier: MIT */
/* Among the parts of a record. */
#include "decode/call.h"

const struct part *parts_find(const struct part *parts, unsigned nparts, int arg, enum chunk_part part, unsigned nth)
{
	for (unsigned i = 0; i < nparts; i++)
		if (parts[i].part == part && (arg < 0 || parts[i].arg == arg) && nth-- == 0)
			return &parts[i];
	return NULL;
}

bool decode_fact(const struct part *parts, unsigned nparts, unsigned *at, struct fact *ret_fact)
{
	while (*at < nparts && parts[*at].part != PART_FACT)
		(*at)++;
	if (*at == nparts)
		return false;
	*ret_fact = (struct fact){ .r = (const void *)parts[(*at)++].bytes };
	for (; *at < nparts && parts[*at].part != PART_FACT; (*at)++) {
		if (parts[*at].part == PART_FACT_NAME && parts[*at].len)
			ret_fact->name = &parts[*at];
		if (parts[*at].part == PART_FACT_SOCK)
			ret_fact->sock = (const void *)parts[*at].bytes;
	}
	return true;
}
