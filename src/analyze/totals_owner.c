/* SPDX-License-Identifier: MIT */
/* By which user a process runs, with which umask and limits: as its parent had them, and what it set itself. */
#include <string.h>
#include <sys/resource.h>

#include "abi/spec.h"
#include "analyze/totals_index.h"
#include "base/macro.h"
#include "decode/call.h"
#include "record/record.h"

void totals_owner_inherit(struct totals *t, struct totals_proc *p, const struct totals_proc *parent)
{
	if (parent) {
		p->has_owner = parent->has_owner;
		p->owner = parent->owner;
		p->limits = parent->limits;
	} else if (p->id == t->main_proc) {
		p->has_owner = t->started.has_owner;
		p->owner = t->started.owner;
		p->limits = t->started.has_limits ? &t->started.limits : NULL;
	}
}

/* -1: it stays; also the one of 16 bits, which no user has. */
static void put(rec_u32 *id, uint64_t value)
{
	if ((uint32_t)value != UINT32_MAX && value != UINT16_MAX)
		*id = (uint32_t)value;
}

/* Whoever may set all of them sets all: root; else the effective one alone. */
static void set_ids(struct totals_proc *p, const struct call *c, const char *name)
{
	bool user = strstr(name, "uid") != NULL;
	rec_u32 *real = user ? &p->owner.uid : &p->owner.gid, *effective = user ? &p->owner.euid : &p->owner.egid;
	bool one = !strncmp(name, "setuid", 6) || !strncmp(name, "setgid", 6);

	if (!one || !p->owner.euid)
		put(real, c->args[0].word);
	put(effective, c->args[one ? 0 : 1].word);
}

static bool sets_ids(const char *name)
{
	static const char *const calls[] = { "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid" };

	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		size_t n = strlen(calls[i]);

		if (!strncmp(name, calls[i], n) && (!name[n] || !strcmp(name + n, "32")))
			return true;
	}
	return false;
}

static void set_limit(struct totals *t, struct totals_proc *p, const struct call *c, unsigned resource, int arg)
{
	const struct part *part = parts_find(c->parts, c->nparts, arg, PART_BYTES, 0);
	struct record_limits *to;
	struct rlimit limit;

	if (!p->limits || resource >= RECORD_LIMITS || !part || part->len != sizeof(limit))
		return;
	memcpy(&limit, part->bytes, sizeof(limit));
	if (p->limits->soft[resource] == limit.rlim_cur && p->limits->hard[resource] == limit.rlim_max)
		return;
	to = arena_alloc(&t->index->arena, sizeof(*to));	/* children that it had keep theirs */
	*to = *p->limits;
	to->soft[resource] = limit.rlim_cur;
	to->hard[resource] = limit.rlim_max;
	p->limits = to;
}

void totals_owner_event(struct totals *t, const struct event *ev, struct totals_proc *p)
{
	const struct call *c = ev->call;
	const char *name = c && !ev->err ? c->spec->name : NULL;

	if (!name)
		return;
	if (p->has_owner && !strcmp(name, "umask"))
		p->owner.umask = (uint32_t)c->args[0].word & 0777;
	else if (p->has_owner && sets_ids(name))
		set_ids(p, c, name);
	else if (!strcmp(name, "setrlimit"))
		set_limit(t, p, c, (unsigned)c->args[0].word, 1);
	else if (!strcmp(name, "prlimit64") && (!c->args[0].word || c->args[0].word == p->pid))
		set_limit(t, p, c, (unsigned)c->args[1].word, 2);
}
