/* SPDX-License-Identifier: MIT */
#pragma once
/* Root and working directory. */
#include "model/world.h"

struct fs *fs_new(void);			/* "/", no working directory */
void fs_unref(struct fs *fs);
struct fs *task_own_fs(struct tnode *t);		/* ends sharing */
