/* SPDX-License-Identifier: MIT */
/* How the run and its processes were started: what two runs are compared by. */
#include <string.h>

#include "analyze/totals_index.h"
#include "base/macro.h"
#include "record/record.h"

static struct bytes part_kept(struct totals *t, const struct item *item, enum chunk_part kind)
{
	const struct part *p = parts_find(item->parts, item->nparts, -1, kind, 0);

	return p ? totals_keep(t, p->bytes, p->len) : (struct bytes){ 0 };
}

/* Checked by the decoder: it has that size. */
static bool part_copied(void *to, size_t size, const struct item *item, enum chunk_part kind)
{
	const struct part *p = parts_find(item->parts, item->nparts, -1, kind, 0);

	if (!p || p->len != size)
		return false;
	memcpy(to, p->bytes, size);
	return true;
}

void totals_start_kept(struct totals *t, const struct item *item)
{
	struct totals_started *s = &t->started;

	s->host = part_kept(t, item, PART_HOST);
	s->kernel = part_kept(t, item, PART_KERNEL);
	part_copied(&s->cpus, sizeof(s->cpus), item, PART_CPUS);
	s->has_owner = part_copied(&s->owner, sizeof(s->owner), item, PART_OWNER);
	s->has_limits = part_copied(&s->limits, sizeof(s->limits), item, PART_LIMITS);
}

/* The shell sets it for each command to that command: without it most processes of a run have one environment. */
static bool is_own(const struct bytes *s) { return s->len >= 2 && s->s[0] == '_' && s->s[1] == '='; }

/* The same one once. */
static const struct totals_env *env_kept(struct totals *t, const struct strings *env)
{
	struct buf *b = &t->index->tmp;
	bool more = env->all > env->n;
	struct env_row *r;
	unsigned n = 0;

	buf_reset(b);
	for (unsigned i = 0; i < env->n; i++) {
		if (is_own(&env->v[i]))
			continue;
		buf_add(b, env->v[i].s, env->v[i].len);
		buf_putc(b, '\0');
		n++;
	}
	HASH_FIND(hh, t->index->envs, b->s, b->len, r);
	if (r)
		return &r->env;
	/* a build has thousands of processes: names of files come first */
	if (t->index->strings + b->len > STRINGS_MAX / 2)
		return NULL;
	r = arena_alloc(&t->index->arena, sizeof(*r));
	r->env = (struct totals_env){ .strings = totals_keep(t, b->s, (uint32_t)b->len), .n = n, .more = more };
	HASH_ADD_KEYPTR(hh, t->index->envs, r->env.strings.s, r->env.strings.len, r);
	return &r->env;
}

void totals_exec_kept(struct totals *t, struct totals_proc *p, const struct proc *proc, const struct item *item)
{
	struct strings *env;

	p->cwd = totals_keep(t, proc->cwd0.s ? proc->cwd0.s : "", proc->cwd0.len);
	p->env = NULL;
	if (!item || item->kind != RECORD_EXEC)
		return;
	env = strings_new(item->parts, item->nparts, PART_ENVP);
	if (env->n)
		p->env = env_kept(t, env);
	strings_unref(env);
}
