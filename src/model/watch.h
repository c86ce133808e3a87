/* SPDX-License-Identifier: MIT */
#pragma once
/* What an epoll watches. */
#include "model/world.h"

void watch_set(struct world *w, uint32_t epoll, uint64_t data, uint32_t file, int fd);
struct watched { uint32_t file; int fd; };
typedef void watch_fn(void *ctx, const struct watched *w);
bool watch_find(struct world *w, uint32_t epoll, uint64_t data, struct watched *ret);	/* false: not known */
/* Nothing where there are more than WATCH_FEW in all. */
void watch_drop(struct world *w, uint32_t epoll, uint32_t file);
void watch_each(struct world *w, uint32_t epoll, watch_fn *fn, void *ctx);
void watches_join(struct world *w);	/* those of an epoll that is gone are forgotten */
void watches_clear(struct world *w);
