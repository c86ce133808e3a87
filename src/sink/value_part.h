/* SPDX-License-Identifier: MIT */
#pragma once
/* Between the files of the walk: value_walk.c, value_struct.c and value_socket.c. */
#include "sink/value_walk.h"

#include "decode/call.h"

#define ITEMS_MAX 32		/* strings of a vector, vectors of an iovec, messages: walked; the rest is more() */

struct walk {
	const struct event *ev;
	const struct call *call;
	const struct value_ops *ops; void *ctx;
	unsigned flags;			/* WALK_* */
};
typedef void walk_fn(const struct walk *w, unsigned arg);

#define WORD(arg) (w->call->args[arg].word)

walk_fn walk_sockaddr, walk_iovec, walk_msghdr, walk_mmsghdr, walk_optval;
/* what the argument points to is not there: its address */
void walk_missing(const struct walk *w, unsigned arg, bool unreadable);
/* what the descriptor is, as the event has it; NULL: not known */
const struct file *walk_file(const struct event *ev, int fd);
void walk_fd(const struct walk *w, int fd);
/* item(), or more() and false where the rest of n is not walked. */
bool walk_item(const struct walk *w, enum value_shape shape, size_t i, size_t n);

static inline const struct part *walk_part(const struct walk *w, unsigned arg, enum chunk_part part, unsigned nth)
{
	return parts_find(w->call->parts, w->call->nparts, (int)arg, part, nth);
}

static inline void walk_u64(const struct walk *w, uint64_t v)
{
	w->ops->number(w->ctx, (struct value_num){ v, 64, NUM_UNSIGNED });
}
