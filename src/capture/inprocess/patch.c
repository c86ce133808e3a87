/* SPDX-License-Identifier: MIT */
/* Sites that were found: looked up, and what is written over them, so that they lead to their stubs. */
#include <stdbool.h>
#include <string.h>

#include "capture/inprocess/site.h"

enum { JMP8 = 0xeb, JMP32 = 0xe9 };

const char *site_way_name(enum site_way way)
{
	static const char *const names[NSITE_WAYS] = {
		[SITE_MOV] = "patch: number before it", [SITE_PAD] = "patch: padding near it",
		[SITE_LOAD] = "patch: number loaded before it", [SITE_STORE] = "patch: store before it",
		[SITE_HELD] = "patch: argument before it", [SITE_KEPT] = "call stays where it is", [SITE_NO_FUNCTION] = "no function known",
		[SITE_LARGE] = "function too large",	[SITE_INSIDE] = "inside an instruction",
		[SITE_UNREACHED] = "not reached",	[SITE_BROKEN] = "unknown instruction",
		[SITE_TARGET] = "may be jumped into",	[SITE_NO_ROOM] = "no room",
	};

	return names[way];
}

const struct site *sites_at(const struct sites *sites, uint64_t at)
{
	size_t lo = 0, hi = sites->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (sites->v[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < sites->n && sites->v[lo].at == at ? &sites->v[lo] : NULL;
}

static bool jump32(struct site_write *w, uint64_t from, uint64_t to, unsigned len)
{
	int64_t distance = (int64_t)(to - (from + JMP32_LEN));
	int32_t d = (int32_t)distance;

	if (d != distance)
		return false;
	*w = (struct site_write){ .addr = from, .len = (uint8_t)len, .bytes = { JMP32, 0, 0, 0, 0, 0x90, 0x90, 0x90 } };
	memcpy(w->bytes + 1, &d, sizeof(d));
	return true;
}

unsigned site_patch(const struct site *s, uint64_t base, uint64_t entry, struct site_write ret[2])
{
	if (site_can_be_patched(s) && s->way != SITE_PAD)
		return jump32(&ret[0], base + s->patch, entry, s->len) ? 1 : 0;
	if (s->way != SITE_PAD || !jump32(&ret[0], base + s->room, entry, JMP32_LEN))
		return 0;
	ret[1] = (struct site_write){ .addr = base + s->patch,
				      .len = JMP8_LEN,
				      .bytes = { JMP8, (uint8_t)(s->room - (s->patch + JMP8_LEN)) } };
	return 2;
}
