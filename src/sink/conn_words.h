/* SPDX-License-Identifier: MIT */
#pragma once
struct buf;
struct totals_conn;

/* What a connection is, safe to show: "tcp4 → 1.2.3.4:443". */
void table_conn_words(struct buf *b, const struct totals_conn *c);
/* Those who came to an address that was listened at, and is known: "clients of 0.0.0.0:80". */
void table_clients_words(struct buf *b, const struct totals_conn *listener);
