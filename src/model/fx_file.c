/* SPDX-License-Identifier: MIT */
/* Effects on names: what is looked up, made, renamed, removed; and where paths start. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "model/effect.h"
#include "model/emit.h"
#include "model/file.h"
#include "model/path.h"
#include "model/rename.h"
#include "model/strings.h"

enum { FLAG_REMOVEDIR = 0x200 };

/* By name, and nothing changes that is tracked. */
void fx_lookup(struct fx *x)
{
	fx_path(x, 0, 0);
}

/* By name or by descriptor. */
void fx_named_file(struct fx *x)
{
	x->ev->nbytes = fx_word(x, "length", fx_word(x, "len", 0));	/* truncate; fallocate */
	if (fx_arg(x, ARG_PATH, 0) >= 0) {
		fx_path(x, 0, fx_word(x, "flags", 0) & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW);
		return;
	}

	struct file *f = fx_fd(x, 0);

	if (f) {
		x->ev->path = f->name.s;
		x->ev->path_len = f->name.len;
	}
}

void fx_fallocate(struct fx *x)
{
	x->ev->flags = (uint32_t)fx_word(x, "mode", 0);
	fx_named_file(x);
}

void fx_mount(struct fx *x)
{
	fx_path(x, 0, 0);
	fx_path(x, 1, 0);
}

void fx_rename(struct fx *x)
{
	struct path from = fx_path(x, 0, 0), to = fx_path(x, 1, 0);
	bool exchange = fx_word(x, "flags", 0) & RENAME_EXCHANGE;

	x->ev->flags = (uint32_t)fx_word(x, "flags", 0);
	if (x->ok && from.len && to.len)
		files_renamed(x->w, x->ev, &(struct bytes){ (char *)(uintptr_t)from.s, from.len },
			      &(struct bytes){ (char *)(uintptr_t)to.s, to.len }, exchange);
}

void fx_unlink(struct fx *x)
{
	struct path p = fx_path(x, 0, 0);

	if (fx_word(x, "flags", 0) & FLAG_REMOVEDIR)
		x->ev->kind = EV_RMDIR;
	if (x->ok && p.len)
		files_unlinked(x->w, p.s, p.len);
}

void fx_link(struct fx *x)
{
	uint64_t flags = fx_word(x, "flags", 0);
	struct path from = fx_path(x, 0, flags & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0), to = fx_path(x, 1, 0);

	/* linkat(/proc/self/fd/N) or AT_EMPTY_PATH: a file without a name (O_TMPFILE) gets one. */
	if (x->ok && from.file && from.file->deleted && to.len) {
		file_set_name(x->w, from.file, to.s, to.len);
		from.file->deleted = false;
	}
}

/* The target is text, the new name is a path. */
void fx_symlink(struct fx *x)
{
	int i = fx_arg(x, ARG_STR, 0);
	struct path p = fx_path(x, i < 0 ? 1 : 0, 0);

	if (i < 0)
		i = fx_arg(x, ARG_PATH, 0);
	x->ev->path2 = p.s;
	x->ev->path2_len = p.len;
	x->ev->path = x->ev->raw = i < 0 ? NULL : x->c->args[i].bytes;
	x->ev->path_len = x->ev->raw_len = i < 0 ? 0 : x->c->args[i].len;
}

static void set_cwd(struct fx *x, const char *s, uint32_t len)
{
	if (x->ok && len)
		bytes_set(&x->t->fs->cwd, s, len);
}

void fx_chdir(struct fx *x)
{
	struct path p = fx_path(x, 0, PATH_FOLLOW), real;

	if (fx_real(x, 0, &real)) {
		if (path_has_dots(x->ev->raw, x->ev->raw_len)) {
			x->ev->path = real.s;
			x->ev->path_len = real.len;
		}
		p = real;
	}
	set_cwd(x, p.s, p.len);
}

void fx_fchdir(struct fx *x)
{
	struct file *f = fx_fd(x, 0);
	struct path real;

	if (!f)
		return;
	x->ev->path = f->name.s;
	x->ev->path_len = f->name.len;
	if (fx_real(x, 0, &real))
		set_cwd(x, real.s, real.len);
	else if (f->name.s[0] == '/')
		set_cwd(x, f->name.s, f->name.len);
}

void fx_chroot(struct fx *x)
{
	struct path p = fx_path(x, 0, PATH_FOLLOW);
	struct fs *fs = x->t->fs;
	struct buf *b = &x->w->tmp;

	if (!x->ok || !p.len || p.s[0] != '/' || p.len == 1)
		return;
	buf_reset(b);
	if (fs->root.len > 1)
		buf_add(b, fs->root.s, fs->root.len);
	buf_add(b, p.s, p.len);
	bytes_set(&fs->root, b->s, b->len);
	/*
	 * The working directory stays; seen from the new root it has another name, or, outside, none: it keeps the old.
	 */
	if (fs->cwd.len >= p.len && memcmp(fs->cwd.s, p.s, p.len) == 0 &&
	    (fs->cwd.len == p.len || fs->cwd.s[p.len] == '/')) {
		char *rest = scratch_dup(x->w, fs->cwd.s + p.len, fs->cwd.len - p.len);

		bytes_set(&fs->cwd, *rest ? rest : "/", *rest ? strlen(rest) : 1);
	}
}
