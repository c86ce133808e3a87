/* SPDX-License-Identifier: MIT */
/* Event types: one row a syscall name or kind of mark, and what it means to the page (docs/report-format.md, section 5). */
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "decode/call.h"
#include "sink/html.h"

static struct html_type describe(const struct html *h, const struct event *ev)
{
	static const char *const arch[] = { "", "i386_", "x32_" };
	const struct event_info *info = event_info(ev->kind);
	const struct call *c = ev->call;
	struct html_type t = { .layer = info->state ? LAYER_STATE : LAYER_MARK };

	if (!c) {
		snprintf(t.name, sizeof(t.name), "%s", info->name);
		/* where calls were not recorded the mark stands for the call that made it */
		t.means.op = info->op_alone && !(h->mode & START_ALL_CALLS) ? info->op_alone : info->op;
		t.means.category = info->category;
		t.means.io = info->io;
		t.means.bytes = info->io ? BYTES_VAL : BYTES_NONE;
		return t;
	}
	/* the same bytes come again after a peek */
	t.means = ev->kind == EV_PEEK ? (struct meaning){ .op = OP_PEEK, .category = CAT_NETWORK } : spec_meaning(c->spec);
	/* another tracer's probe is in no table of calls */
	t.layer = c->spec->effect == FX_PROBE ? LAYER_MARK : LAYER_CALL;
	if (c->spec->name)
		snprintf(t.name, sizeof(t.name), "%s", c->spec->name);
	else
		snprintf(t.name, sizeof(t.name), "syscall_%s%u", c->arch < ARRAY_SIZE(arch) ? arch[c->arch] : "", c->nr);
	return t;
}

/* A program may try any number: the first ones get a row each, the others share one. */
enum { UNKNOWN_MAX = 256 };

static uint32_t add_type(struct html *h, const struct event *ev)
{
	struct html_type t = describe(h, ev);

	if (ev->call && !ev->call->spec->name && ++h->nunknown > UNKNOWN_MAX)
		snprintf(t.name, sizeof(t.name), "syscall_other");
	/* the same call of another architecture is the same to a reader */
	for (uint32_t i = 0; i < h->ntypes; i++)
		if (!strcmp(h->types[i].name, t.name) && h->types[i].means.op == t.means.op)
			return i;
	if (h->ntypes == h->types_cap) {
		h->types_cap = h->types_cap ? h->types_cap * 2 : 64;
		h->types = xrealloc(h->types, h->types_cap * sizeof(*h->types));
	}
	h->types[h->ntypes] = t;
	return h->ntypes++;
}

uint16_t html_type_of(struct html *h, const struct event *ev)
{
	const struct call *c = ev->call;
	struct { uint64_t what; uint32_t nr, arch; } key = { .nr = UINT32_MAX, .arch = ev->kind };

	if (c) {
		key.what = (uintptr_t)c->spec;
		key.nr = c->spec->name ? ev->kind == EV_PEEK : c->nr;
		key.arch = c->spec->name ? 0 : c->arch;
	}
	uint32_t *id = intern_id(&h->type_ids, intern_hash(&h->type_ids, &key, sizeof(key)));	/* + 1 */

	if (!*id)
		*id = add_type(h, ev) + 1;
	return (uint16_t)(*id - 1);
}
