/* SPDX-License-Identifier: MIT */
#include "sink/conn_words.h"

#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/text.h"
#include "sink/words.h"

static const char *proto(const struct totals_conn *c)
{
	struct sock sock = { .family = c->family, .type = c->type, .protocol = c->protocol };

	return sock_proto_name(&sock);
}

static void address(struct buf *b, const struct addr *a)
{
	struct buf t = { 0 };

	addr_format(&t, a);
	text_safe(b, t.s ? t.s : "", t.len);
	buf_done(&t);
}

void table_conn_words(struct buf *b, const struct totals_conn *c)
{
	if (c->nclients) {
		table_conn_words(b, c->listener);
		buf_puts(b, " ← ");
		human_counted(b, c->nclients, "client", "clients");
		return;
	}
	buf_puts(b, proto(c));
	if (c->state == CONN_LISTENING) {
		buf_putc(b, ' ');
		if (c->has_local)
			address(b, &c->local);
		return;
	}
	if (!c->has_peer && c->has_local && !c->rest) {	/* it did not ask who sends; or sends packets as they are */
		buf_puts(b, c->nsends && !c->nrecvs ? " on " : " ← ? on ");
		address(b, &c->local);
		return;
	}
	buf_puts(b, c->state == CONN_ACCEPTED ? " ← " : c->unknown_start ? " ↔ " : " → ");
	if (c->has_peer)
		address(b, &c->peer);
	else if (c->rest)
		buf_printf(b, "other peers (beyond the first %d)", SOCK_PEERS_MAX);
	else
		buf_putc(b, '?');
}

void table_clients_words(struct buf *b, const struct totals_conn *listener)
{
	buf_puts(b, "clients of ");
	address(b, &listener->local);
}
