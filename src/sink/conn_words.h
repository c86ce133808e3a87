/* SPDX-License-Identifier: MIT */
#pragma once
struct buf;
struct totals_conn;

/* What a connection is, safe to show: "tcp4 → 1.2.3.4:443". */
void table_conn_words(struct buf *b, const struct totals_conn *c);
