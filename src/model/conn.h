/* SPDX-License-Identifier: MIT */
#pragma once
/* What a socket has with each peer. */
#include "model/world.h"

struct conn *conn_used(struct world *w, struct conn *c);	/* c, with an id */
/* What data to or from that address belongs to; a NULL: no address was given. */
struct conn *sock_conn(struct world *w, struct file *f, const struct addr *a);
void sock_conns_free(struct world *w, struct sock *s);
