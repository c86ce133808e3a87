/* SPDX-License-Identifier: MIT */
#pragma once
/* Sockets that find their other end. */
#include "model/world.h"

bool addr_is_unnamed(const struct addr *a);			/* of a unix socket that is not bound */
/* also IPv4 and the IPv6 address that stands for it */
bool addr_means_same(const struct addr *a, const struct addr *b);
bool sock_is_dgram(const struct sock *s);
void sock_bound(struct world *w, struct file *f);
void sock_connecting(struct world *w, struct file *f);		/* peer is set, the outcome may be open */
void sock_accepted(struct world *w, struct file *f, const struct file *listener);
void sock_unpeer(struct world *w, struct file *f);		/* it has no other end any more */
struct file *sock_find_dgram(struct world *w, const struct file *from, const struct addr *to);
/* finds the socket that has its two addresses the other way round */
void sock_meet_exactly(struct world *w, struct fnode *n);
void sock_forget_exact(struct world *w, struct fnode *n);
void sock_leave(struct world *w, struct fnode *n);		/* the place where it waits for its other end */
