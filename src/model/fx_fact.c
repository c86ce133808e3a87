/* SPDX-License-Identifier: MIT */
/* What a call brought of the kernel's answers about descriptors. */
#include <errno.h>

#include "model/effect.h"
#include "model/fact.h"
#include "model/fdtab.h"

/* Of a call that has succeeded, or a connect that is in progress. */
static bool answered(const struct fx *x) { return x->c->facts && x->has_ret && (x->ok || x->c->err == EINPROGRESS); }

bool fx_fact(const struct fx *x, int fd, struct fact *ret_fact)
{
	for (unsigned at = 0; answered(x) && decode_fact(x->c->parts, x->c->nparts, &at, ret_fact);)
		if (!ret_fact->before && ret_fact->r->fd == fd && ret_fact->r->mode)
			return true;
	return false;
}

struct file *fx_received(struct fx *x, int fd, struct file *known)
{
	struct fact a;

	if (!fx_fact(x, fd, &a) || (known && fact_fits(known, &a)))
		return known;
	return fact_file(x->w, &a, &x->t->fs->root);
}

void fx_facts_before(struct fx *x)
{
	struct fact a;

	for (unsigned at = 0; decode_fact(x->c->parts, x->c->nparts, &at, &a);) {
		struct fdent *e = a.before ? fdtab_at(x->t->fds, a.r->fd) : NULL;

		if (!a.before || (e && a.r->mode && fact_fits(e->file, &a)))
			continue;
		if (a.r->mode)
			fdtab_set(x->w, x->t->fds, a.r->fd, fact_file(x->w, &a, &x->t->fs->root),
				  a.r->flags & FACT_CLOEXEC, x->c->enter_ns);
		else
			fdtab_drop(x->w, x->t->fds, a.r->fd);
	}
}

void fx_facts(struct fx *x)
{
	bool of_argument = spec_question(x->c->spec).what == ASK_ARGUMENT;
	struct fact a;

	for (unsigned at = 0; answered(x) && decode_fact(x->c->parts, x->c->nparts, &at, &a);) {
		struct fdent *e = fdtab_at(x->t->fds, a.r->fd);

		if (!a.r->mode || a.before)
			continue;
		if (e && (of_argument ? fact_fits(e->file, &a) : e->since_ns == x->c->exit_ns))
			fact_learn(x->w, e->file, &a, &x->t->fs->root);
		else
			fx_install(x, a.r->fd, fact_file(x->w, &a, &x->t->fs->root), a.r->flags & FACT_CLOEXEC);
	}
}
