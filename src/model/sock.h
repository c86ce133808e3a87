/* SPDX-License-Identifier: MIT */
#pragma once
/* Sockets: addresses and outcomes. */
#include "model/world.h"

void sock_init(struct world *w, struct file *f, unsigned family, unsigned type, unsigned protocol);
struct sock *sock_of(struct world *w, struct file *f);		/* makes one of a file not known to be a socket */
void socks_join(struct world *w);		/* what a socket file had goes with it */
void sock_renamed(struct world *w, struct file *f);	/* what it is called has changed */
void sock_set_local(struct world *w, struct file *f, const struct addr *a);
void sock_set_peer(struct world *w, struct file *f, const struct addr *a);
/* emits EV_CONNECTED or _FAILED */
void sock_outcome(struct world *w, struct tnode *t, struct file *f, int fd, int err, uint64_t now_ns);
/* f is as never connected; emits EV_RELEASE */
void sock_conn_end(struct world *w, struct tnode *t, struct file *f, uint64_t now_ns);
