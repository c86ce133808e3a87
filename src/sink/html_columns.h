/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which fields of rows (row/fields.h) the report has, and in which column of which block: META's `cols`, what the
 * report wants of rows and a table of docs/events.md are made of this.  A column keeps its name for ever.
 *
 *	X(block, column, its width, the C row that holds it, member, table, fields)
 *
 * Fields of the events' column `val` are marked in row/fields.h.  Words for people are made of the event itself: `obj`
 * by sink/object.h, as the filter does, `arg` by the dialect of text.  `data` are bytes and `stack` functions (made by
 * html_stack.c, so that it costs nothing where none was recorded); both are written only where there are any.
 */
#include "row/row.h"

#define F(field) ROW_BIT(ROW_EVENT_##field)
#define HTML_COLUMNS(X)	\
	X(F, "kind", W_U8, html_file, kind, FILE, ROW_BIT(ROW_FILE_KIND))	\
	X(F, "name", W_U32, html_file, name, FILE, ROW_BIT(ROW_FILE_NAME))	\
	X(F, "lane", W_Z32, html_file, lane, FILE, ROW_BIT(ROW_FILE_THREAD))	\
	X(F, "open", W_U64, html_file, open, FILE, ROW_BIT(ROW_FILE_OPENED))	\
	X(F, "close", W_U64, html_file, close, FILE, ROW_BIT(ROW_FILE_CLOSED))	\
	X(N, "file", W_U32, html_conn, file, CONNECTION, ROW_BIT(ROW_CONNECTION_FILE))	\
	X(N, "kind", W_U8, html_conn, kind, CONNECTION, ROW_BIT(ROW_CONNECTION_KIND))	\
	X(N, "state", W_U8, html_conn, state, CONNECTION, ROW_BIT(ROW_CONNECTION_STATE))	\
	X(N, "err", W_U8, html_conn, err, CONNECTION, ROW_BIT(ROW_CONNECTION_ERRNO))	\
	X(N, "local", W_U32, html_conn, local, CONNECTION, ROW_BIT(ROW_CONNECTION_LOCAL))	\
	X(N, "peer", W_U32, html_conn, peer, CONNECTION,	\
	  ROW_BIT(ROW_CONNECTION_PEER) | ROW_BIT(ROW_CONNECTION_REST))	\
	X(N, "lane", W_Z32, html_conn, lane, CONNECTION, ROW_BIT(ROW_CONNECTION_THREAD))	\
	X(N, "peer_lane", W_Z32, html_conn, peer_lane, CONNECTION, ROW_BIT(ROW_CONNECTION_PEER_PROCESS))	\
	X(N, "peer_file", W_U32, html_conn, peer_file, CONNECTION, ROW_BIT(ROW_CONNECTION_PEER_FILE))	\
	X(N, "open", W_U64, html_conn, open, CONNECTION, ROW_BIT(ROW_CONNECTION_OPENED))	\
	X(N, "connect", W_U64, html_conn, connect, CONNECTION, ROW_BIT(ROW_CONNECTION_CONNECT))	\
	X(N, "close", W_U64, html_conn, close, CONNECTION, ROW_BIT(ROW_CONNECTION_CLOSED))	\
	X(N, "waited", W_U64, html_conn, waited, CONNECTION, ROW_BIT(ROW_CONNECTION_WAITED))	\
	X(N, "first", W_U64, html_conn, first, CONNECTION, ROW_BIT(ROW_CONNECTION_FIRST))	\
	X(K, "dt", W_X32, html_row, start, COUNTER, ROW_BIT(ROW_COUNTER_TIME))	\
	X(K, "lane", W_U16, html_row, lane, COUNTER, ROW_BIT(ROW_COUNTER_PROCESS))	\
	X(K, "counter", W_U8, html_row, type, COUNTER, ROW_BIT(ROW_COUNTER_NUMBER))	\
	X(K, "value", W_Z64, html_row, val, COUNTER, ROW_BIT(ROW_COUNTER_VALUE))	\
	X(H, "dt", W_X32, html_row, start, EVENT, F(TIME))	\
	X(H, "lane", W_U16, html_row, lane, EVENT, F(THREAD))	\
	X(H, "type", W_U8, html_row, type, EVENT, F(TYPE))	\
	X(H, "dur", W_X32, html_row, dur, EVENT, F(DURATION))	\
	X(H, "err", W_U8, html_row, err, EVENT, F(ERRNO))	\
	X(H, "noise", W_U8, html_row, noise, EVENT, F(NOISE))	\
	X(C, "ret", W_Z64, html_row, ret, EVENT, F(RESULT))	\
	X(C, "obj", W_U32, html_row, obj, EVENT, 0)	\
	X(C, "arg", W_U32, html_row, arg, EVENT, 0)	\
	X(C, "fd", W_Z32, html_row, fd, EVENT, F(FD))	\
	X(C, "file", W_U32, html_row, file, EVENT, F(FILE))	\
	X(C, "val", W_Z64, html_row, val, EVENT, F(BYTES))	\
	X(C, "conn", W_U32, html_row, conn, EVENT, F(CONNECTION))	\
	X(C, "data", W_U32, html_row, data, EVENT, 0)	\
	X(C, "stack", W_U32, html_call, stack, EVENT, 0)
