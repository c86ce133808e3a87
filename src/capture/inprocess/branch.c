/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/branch.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "capture/inprocess/site.h"

/* First bytes of near jumps: of other bytes no more than this is looked at. */
static const bool is_near[256] = { [0xe8] = true, [0xe9] = true, [0x0f] = true, [0xc7] = true };

/* How many bytes before the displacement, 0: no near jump. */
static unsigned near_opcode(const uint8_t *p)
{
	if (p[0] == 0xe8 || p[0] == 0xe9)
		return 1;
	return (p[0] == 0x0f && (p[1] & 0xf0) == 0x80) || (p[0] == 0xc7 && p[1] == 0xf8) ? 2 : 0;
}

uint8_t *branch_near_targets(const struct site_text *text)
{
	uint8_t *v = calloc(1, text->size / 8 + 1);

	for (uint64_t i = 0; v && i + 5 <= text->size; i++) {
		unsigned n = is_near[text->bytes[i]] ? near_opcode(text->bytes + i) : 0;
		uint64_t target;
		int32_t d;

		if (!n || i + n + sizeof(d) > text->size)
			continue;
		memcpy(&d, text->bytes + i + n, sizeof(d));
		target = i + n + sizeof(d) + (uint64_t)(int64_t)d;
		if (target < text->size)
			v[target / 8] |= (uint8_t)(1 << target % 8);
	}
	return v;
}

/* jcc, jmp, loop, jrcxz with a displacement of one byte. */
static bool is_short(uint8_t opcode)
{
	return (opcode & 0xf0) == 0x70 || opcode == 0xeb || (opcode & 0xfc) == 0xe0;
}

bool branch_short(const struct site_text *text, uint64_t i, uint64_t *ret_target)
{
	if (i + 2 > text->size || !is_short(text->bytes[i]))
		return false;
	*ret_target = i + 2 + (uint64_t)(int64_t)(int8_t)text->bytes[i + 1];
	return true;
}

bool branch_short_to(const struct site_text *text, uint64_t at, bool (*not_here)(void *ctx, uint64_t i), void *ctx)
{
	uint64_t from = at > 129 ? at - 129 : 0, to = MIN(at + 127, text->size - 1), target;

	for (uint64_t i = from; i < to; i++)
		if (branch_short(text, i, &target) && target == at && !not_here(ctx, i))
			return true;
	return false;
}
