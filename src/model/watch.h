/* SPDX-License-Identifier: MIT */
#pragma once
/* What an epoll watches. */
#include "model/world.h"

struct watched { uint32_t file; int fd; };	/* as the kernel has it, both are what an epoll knows it by */
void watch_set(struct world *w, struct file *epoll, uint64_t data, struct file *f, int fd);
/* false: not known, or of several files */
bool watch_find(struct world *w, const struct file *epoll, uint64_t data, struct watched *ret);
void watch_drop(struct world *w, const struct file *epoll, struct watched what);
typedef bool watch_fn(void *ctx, const struct watched *w);	/* false: it wants no more */
void watch_each(const struct file *epoll, watch_fn *fn, void *ctx);
void watches_join(struct world *w);	/* as in the kernel, they end with the epoll, and with what it watches */
void watches_clear(struct world *w);
