/* SPDX-License-Identifier: MIT */
#pragma once
/* Open file descriptions. */
#include "model/world.h"

static inline struct fnode *fnode_of(const struct file *f) { return (struct fnode *)(uintptr_t)f; }
struct file *file_new(struct world *w, enum file_kind kind, const char *name, size_t len);	/* refs 0: install it */
/* likewise, of which no more is known: ORIGIN_FD; pid 0: its own */
struct file *file_of_fd(struct world *w, int fd, uint32_t pid);
struct file *file_received(struct world *w, const struct file *via);	/* likewise: ORIGIN_RECEIVED */
/*
 * What it is now, with name and addresses, for as long as the memory lives: file_copy_size() bytes, aligned as by
 * malloc(3).
 */
size_t file_copy_size(const struct file *f);
struct file *file_copy(void *mem, const struct file *f);
static inline struct file *file_ref(struct file *f) { f->refs++; return f; }
void file_unref(struct world *w, struct file *f);
/* what fell to 0 since: emits EV_RELEASE (t NULL: silently) */
void file_reap(struct world *w, uint64_t ts_ns, const struct tnode *t);
void file_set_name(struct world *w, struct file *f, const char *name, size_t len);
/* Of a pidfd: the process that it stands for, which takes the place of a name; 0: not known, it keeps its name. */
void file_set_target(struct world *w, struct file *f, uint32_t pid);
void file_set_kind(struct world *w, struct file *f, enum file_kind kind);
enum file_kind file_kind_of_path(const char *path, size_t len);
struct file *file_by_id(struct world *w, uint32_t id);		/* pipes and sockets */
