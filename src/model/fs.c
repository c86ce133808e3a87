/* SPDX-License-Identifier: MIT */
/* Root and working directory, which threads share, and processes after CLONE_FS. */
#include "model/fs.h"
#include "model/strings.h"
#include "model/world.h"

struct fs *fs_new(void)
{
	struct fs *fs = xcalloc(1, sizeof(*fs));

	fs->refs = 1;
	bytes_set(&fs->root, "/", 1);
	return fs;
}

void fs_unref(struct fs *fs)
{
	if (!fs || --fs->refs)
		return;
	bytes_done(&fs->cwd);
	bytes_done(&fs->root);
	free(fs);
}

struct fs *task_own_fs(struct tnode *t)
{
	struct fs *fs = t->t.fs;

	if (fs->refs > 1) {
		t->t.fs = fs_new();
		if (fs->cwd.s)
			bytes_set(&t->t.fs->cwd, fs->cwd.s, fs->cwd.len);
		bytes_set(&t->t.fs->root, fs->root.s, fs->root.len);
		fs_unref(fs);
	}
	return t->t.fs;
}
