/* SPDX-License-Identifier: MIT */
/* Types of events: one row a syscall name or kind of mark, and what it means. */
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "row/internal.h"

static struct type_state describe(const struct rows *r, const struct event *ev)
{
	static const char *const arch[] = { "", "i386_", "x32_" };
	const struct event_info *info = event_info(ev->kind);
	const struct call *c = ev->call;
	struct type_state t = { .layer = info->state ? LAYER_STATE : LAYER_MARK };

	if (!c) {
		snprintf(t.name, sizeof(t.name), "%s", info->name);
		/* where calls were not recorded the mark stands for the call that made it */
		t.means.op = info->op_alone && !(r->mode & START_ALL_CALLS) ? info->op_alone : info->op;
		t.means.category = info->category;
		t.means.io = info->io;
		t.means.bytes = info->io ? BYTES_VAL : BYTES_NONE;
		return t;
	}
	/* the same bytes come again after a peek */
	t.means = ev->kind == EV_PEEK ? (struct meaning){ .op = OP_PEEK, .category = CAT_NETWORK } :
					spec_meaning(c->spec);
	/* another tracer's probe is in no table of calls */
	t.layer = c->spec->effect == FX_PROBE ? LAYER_MARK : LAYER_CALL;
	if (c->spec->name)
		snprintf(t.name, sizeof(t.name), "%s", c->spec->name);
	else
		snprintf(t.name, sizeof(t.name), "syscall_%s%u", c->arch < ARRAY_SIZE(arch) ? arch[c->arch] : "",
			 c->nr);
	return t;
}

/* A program may try any number: the first ones get a row each, the others share one. */
enum { UNKNOWN_MAX = 256 };

static uint32_t add_type(struct rows *r, const struct event *ev)
{
	struct type_state t = describe(r, ev);

	if (ev->call && !ev->call->spec->name && ++r->nunknown > UNKNOWN_MAX)
		snprintf(t.name, sizeof(t.name), "syscall_other");
	/* the same call of another architecture is the same to a reader */
	for (uint32_t i = 0; i < r->ntypes; i++)
		if (!strcmp(r->types[i].name, t.name) && r->types[i].means.op == t.means.op)
			return i;
	if (r->ntypes == r->types_cap) {
		r->types_cap = r->types_cap ? r->types_cap * 2 : 64;
		r->types = xrealloc(r->types, r->types_cap * sizeof(*r->types));
	}
	t.id = r->ntypes + 1;
	r->types[r->ntypes] = t;
	row_put(r, TABLE_TYPE, &(struct row_ctx){ .type = &t, .id = t.id }, true);
	return r->ntypes++;
}

static uint32_t find_type(struct rows *r, const struct event *ev)
{
	const struct call *c = ev->call;
	struct { uint64_t what; uint32_t nr, arch; } key = { .nr = UINT32_MAX, .arch = ev->kind };

	if (c) {
		key.what = (uintptr_t)c->spec;
		key.nr = c->spec->name ? ev->kind == EV_PEEK : c->nr;
		key.arch = c->spec->name ? 0 : c->arch;
	}
	uint32_t *id = intern_id(&r->type_ids, intern_hash(&r->type_ids, &key, sizeof(key)));	/* + 1 */

	if (!*id)
		*id = add_type(r, ev) + 1;
	return *id;
}

const struct type_state *rows_type(struct rows *r, const struct event *ev)
{
	const struct syscall_spec *spec = ev->call && ev->call->spec->name ? ev->call->spec : NULL;
	__typeof__(r->last_types[0]) *last = &r->last_types[ev->kind];

	/* most kinds are of one call */
	if (!spec || last->spec != spec) {
		last->id = find_type(r, ev);
		last->spec = spec;
	}
	return &r->types[last->id - 1];
}
