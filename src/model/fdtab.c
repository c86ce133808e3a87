/* SPDX-License-Identifier: MIT */
/* Descriptor tables: a small dense array, and a bounded sorted one for numbers that would waste it. */
#include <string.h>

#include "model/fdtab.h"
#include "model/file.h"
#include "model/world.h"

struct fdtab *fdtab_new(void)
{
	struct fdtab *tab = xcalloc(1, sizeof(*tab));

	tab->refs = 1;
	return tab;
}

/* Position of fd in high, or where it belongs. */
static unsigned high_index(const struct fdtab *tab, int fd)
{
	unsigned lo = 0, hi = tab->nhigh;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (tab->high[mid].fd < fd)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct fdent *fdtab_at(const struct fdtab *tab, int fd)
{
	if ((unsigned)fd < tab->n)
		return tab->v[fd].file ? &tab->v[fd] : NULL;
	if (!tab->nhigh || fd < 0)
		return NULL;

	unsigned i = high_index(tab, fd);

	return i < tab->nhigh && tab->high[i].fd == fd ? &tab->high[i].ent : NULL;
}

struct file *task_file(const struct task *t, int fd)
{
	const struct fdent *e = t->fds ? fdtab_at(t->fds, fd) : NULL;

	return e ? e->file : NULL;
}

int fdtab_next(const struct fdtab *tab, int fd, const struct fdent **ret_ent)
{
	if (!tab)
		return -1;
	if (fd < 0)
		fd = 0;
	for (; (unsigned)fd < tab->n; fd++)
		if (tab->v[fd].file) {
			*ret_ent = &tab->v[fd];
			return fd;
		}

	unsigned i = high_index(tab, fd);

	if (i == tab->nhigh)
		return -1;
	*ret_ent = &tab->high[i].ent;
	return tab->high[i].fd;
}

static void grow_dense(struct world *w, struct fdtab *tab, unsigned need)
{
	unsigned n = tab->n ? tab->n : 16, moved = 0;

	while (n < need)
		n *= 2;
	w->nfds += n - tab->n;
	tab->v = xrealloc(tab->v, n * sizeof(*tab->v));
	memset(tab->v + tab->n, 0, (n - tab->n) * sizeof(*tab->v));
	tab->n = n;
	for (; moved < tab->nhigh && (unsigned)tab->high[moved].fd < n; moved++)
		tab->v[tab->high[moved].fd] = tab->high[moved].ent;
	tab->nhigh -= moved;
	if (moved && tab->nhigh)
		memmove(tab->high, tab->high + moved, tab->nhigh * sizeof(*tab->high));
}

/* The slot of fd, made when there is none; NULL when there is no room for such a number. */
static struct fdent *slot(struct world *w, struct fdtab *tab, int fd)
{
	unsigned dense = MAX((unsigned)FD_DENSE_MIN, 4 * (tab->nopen + 1));

	if ((unsigned)fd >= tab->n && (unsigned)fd < dense)
		grow_dense(w, tab, (unsigned)fd + 1);
	if ((unsigned)fd < tab->n)
		return &tab->v[fd];

	unsigned i = high_index(tab, fd);

	if (i < tab->nhigh && tab->high[i].fd == fd)
		return &tab->high[i].ent;
	if (tab->nhigh == FD_HIGH_MAX)
		return NULL;
	if ((tab->nhigh & (tab->nhigh - 1)) == 0)	/* full at every power of two */
		tab->high = xrealloc(tab->high, MAX(8u, 2 * tab->nhigh) * sizeof(*tab->high));
	memmove(tab->high + i + 1, tab->high + i, (tab->nhigh - i) * sizeof(*tab->high));
	tab->nhigh++;
	tab->high[i] = (struct fdhigh){ .fd = fd };
	return &tab->high[i].ent;
}

void fdtab_set(struct world *w, struct fdtab *tab, int fd, struct file *f, bool cloexec, uint64_t since_ns)
{
	struct fdent *e = fd < 0 ? NULL : slot(w, tab, fd);
	struct file *old;

	file_ref(f);
	if (!e) {
		file_unref(w, f);
		return;
	}
	old = e->file;
	*e = (struct fdent){ .file = f, .since_ns = since_ns, .cloexec = cloexec };
	if (old)
		file_unref(w, old);
	else
		tab->nopen++;
}

/* ---- closed by calls that have not ended ---- */

static void drop_past(struct world *w, struct fdtab *tab, unsigned i)
{
	struct file *f = tab->past[i].file;

	tab->npast--;
	memmove(tab->past + i, tab->past + i + 1, (tab->npast - i) * sizeof(*tab->past));
	file_unref(w, f);
}

/* Only of the last FD_PAST_MAX: the record of a close may never come (lost, not captured). */
static void keep_past(struct world *w, struct fdtab *tab, int fd, const struct fdent *e, uint64_t until_ns)
{
	if (tab->npast == FD_PAST_MAX)
		drop_past(w, tab, 0);
	if (!tab->past)
		tab->past = xcalloc(FD_PAST_MAX, sizeof(*tab->past));
	tab->past[tab->npast++] = (struct fdpast){ fd, file_ref(e->file), e->since_ns, until_ns };
}

void fdtab_give(struct world *w, struct fdtab *tab, int fd, struct file *f, bool cloexec, uint64_t since_ns)
{
	const struct fdent *e = fdtab_at(tab, fd);

	if (e && tab->refs > 1 && e->file != f && e->since_ns > since_ns) {
		/* its record comes after that of the next one, so the close in between is still to come, too */
		keep_past(w, tab, fd, &(struct fdent){ .file = f, .since_ns = since_ns }, e->since_ns);
		return;
	}
	if (e && tab->refs > 1 && e->file != f && e->since_ns < since_ns)
		keep_past(w, tab, fd, e, since_ns);
	fdtab_set(w, tab, fd, f, cloexec, since_ns);
}

static unsigned past_index(const struct fdtab *tab, int fd, uint64_t at_ns)
{
	unsigned i = 0;

	while (i < tab->npast && (tab->past[i].fd != fd || at_ns < tab->past[i].since_ns ||
				  at_ns >= tab->past[i].until_ns))
		i++;
	return i;
}

struct file *fdtab_past(const struct fdtab *tab, int fd, uint64_t at_ns)
{
	unsigned i = past_index(tab, fd, at_ns);

	return i < tab->npast ? tab->past[i].file : NULL;
}

void fdtab_drop_past(struct world *w, struct fdtab *tab, int fd, uint64_t at_ns)
{
	unsigned i = past_index(tab, fd, at_ns);

	if (i < tab->npast)
		drop_past(w, tab, i);
}

void fdtab_drop(struct world *w, struct fdtab *tab, int fd)
{
	struct fdent *e = fdtab_at(tab, fd);

	if (!e)
		return;

	struct file *f = e->file;

	if ((unsigned)fd < tab->n) {
		e->file = NULL;
	} else {
		unsigned i = high_index(tab, fd);

		tab->nhigh--;
		memmove(tab->high + i, tab->high + i + 1, (tab->nhigh - i) * sizeof(*tab->high));
	}
	tab->nopen--;
	file_unref(w, f);
}

void fdtab_drop_range(struct world *w, struct fdtab *tab, unsigned first, unsigned last, uint64_t before_ns)
{
	const struct fdent *e;

	if (first > INT32_MAX)
		return;
	for (unsigned i = tab->npast; i--;)
		if ((unsigned)tab->past[i].fd >= first && (unsigned)tab->past[i].fd <= last &&
		    tab->past[i].since_ns <= before_ns)
			drop_past(w, tab, i);
	FDTAB_EACH(tab, (int)first, fd, e) {
		if ((unsigned)fd > last)
			return;
		if (e->since_ns <= before_ns)
			fdtab_drop(w, tab, fd);
	}
}

void fdtab_cloexec_range(struct fdtab *tab, unsigned first, unsigned last)
{
	const struct fdent *e;

	if (first > INT32_MAX)
		return;
	FDTAB_EACH(tab, (int)first, fd, e) {
		if ((unsigned)fd > last)
			return;
		fdtab_at(tab, fd)->cloexec = true;
	}
}

void fdtab_exec(struct world *w, struct fdtab *tab)
{
	const struct fdent *e;

	while (tab->npast)
		drop_past(w, tab, tab->npast - 1);
	FDTAB_EACH(tab, 0, fd, e)
		if (e->cloexec)
			fdtab_drop(w, tab, fd);
}

struct fdtab *fdtab_copy(struct world *w, const struct fdtab *tab)
{
	struct fdtab *copy = fdtab_new();
	const struct fdent *e;

	FDTAB_EACH(tab, 0, fd, e) {
		if (w->nfds > FD_TOTAL_MAX && fd >= FD_FORK_MAX)
			break;
		fdtab_set(w, copy, fd, e->file, e->cloexec, e->since_ns);
	}
	return copy;
}

void fdtab_unref(struct world *w, struct fdtab *tab)
{
	if (!tab || --tab->refs)
		return;
	for (unsigned fd = 0; fd < tab->n; fd++)
		if (tab->v[fd].file)
			file_unref(w, tab->v[fd].file);
	for (unsigned i = 0; i < tab->nhigh; i++)
		file_unref(w, tab->high[i].ent.file);
	while (tab->npast)
		drop_past(w, tab, tab->npast - 1);
	free(tab->past);
	w->nfds -= tab->n;
	free(tab->v);
	free(tab->high);
	free(tab);
}
