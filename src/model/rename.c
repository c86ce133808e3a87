/* SPDX-License-Identifier: MIT */
/* Names that change while files are open. */
#include <string.h>

#include "model/emit.h"
#include "model/rename.h"
#include "model/strings.h"
#include "model/world.h"

/* path is old, or below it: the new name in ret.  Else false. */
static bool moved(const struct bytes *path, const char *old, size_t nold, const char *to, size_t nto, struct buf *ret)
{
	if (path->len < nold || memcmp(path->s, old, nold) != 0 || (path->len > nold && path->s[nold] != '/'))
		return false;
	buf_reset(ret);
	buf_add(ret, to, nto);
	buf_add(ret, path->s + nold, path->len - nold);
	return true;
}

static void cwds_renamed(struct world *w, const struct bytes *from, const struct bytes *to, bool exchange)
{
	struct tnode *t, *tmp;

	if (HASH_COUNT(w->tasks) > RENAME_SCAN_MAX)
		return;
	HASH_ITER(hh, w->tasks, t, tmp) {
		struct bytes *cwd = t->t.fs ? &t->t.fs->cwd : NULL;

		if (cwd && cwd->s && (moved(cwd, from->s, from->len, to->s, to->len, &w->tmp) ||
				      (exchange && moved(cwd, to->s, to->len, from->s, from->len, &w->tmp))))
			bytes_set(cwd, w->tmp.s, w->tmp.len);
	}
}

/* The directory at path is gone: another one of that name is not what deleted files were in. */
static void directory_gone(struct file *f, const char *path, size_t len)
{
	if (f->deleted && f->name.len > len && f->name.s[len] == '/' && memcmp(f->name.s, path, len) == 0)
		f->bare = true;
}

/* A deleted file moves with the directory it was in, as the kernel's names do; its own name cannot change. */
static bool stays(const struct file *f, const struct bytes *from, const struct bytes *to)
{
	return f->deleted && (f->bare || f->name.len == from->len || f->name.len == to->len);
}

/* What an open file is called from now on is in w->tmp. */
static void file_renamed(struct world *w, struct file *f, struct renamed *note)
{
	if (note) {
		*note = (struct renamed){ scratch_dup(w, f->name.s, f->name.len), scratch_dup(w, w->tmp.s, w->tmp.len),
					  f->name.len, (uint32_t)w->tmp.len };
	}
	f->renamed = true;
	bytes_set(&f->name, w->tmp.s, w->tmp.len);
	f->named++;
}

void files_renamed(struct world *w, struct event *ev, const struct bytes *from, const struct bytes *to, bool exchange)
{
	struct renamed *notes = NULL;
	struct fnode *n;

	if ((from->len == to->len && memcmp(from->s, to->s, from->len) == 0) || from->len < 2 ||
	    w->nnamed > RENAME_SCAN_MAX)
		return;
	DL_FOREACH(w->named, n) {
		struct bytes *name = &n->f.name;
		bool below = !exchange && name->len > from->len;

		if (stays(&n->f, from, to))
			continue;
		if (!exchange)
			directory_gone(&n->f, to->s, to->len);
		if (moved(name, from->s, from->len, to->s, to->len, &w->tmp)) {
			if (below && !notes)
				ev->renamed = notes = scratch(w, w->nnamed * sizeof(*notes));
			file_renamed(w, &n->f, below ? &notes[ev->nrenamed++] : NULL);
		} else if (exchange && moved(name, to->s, to->len, from->s, from->len, &w->tmp)) {
			file_renamed(w, &n->f, NULL);
		} else if (!exchange && name->len == to->len && memcmp(name->s, to->s, to->len) == 0) {
			n->f.deleted = true;
		}
	}
	cwds_renamed(w, from, to, exchange);
}

void files_unlinked(struct world *w, const char *path, size_t len)
{
	struct fnode *n;

	if (w->nnamed > RENAME_SCAN_MAX)
		return;
	DL_FOREACH(w->named, n) {
		directory_gone(&n->f, path, len);
		if (n->f.name.len == len && memcmp(n->f.name.s, path, len) == 0)
			n->f.deleted = true;
	}
}
