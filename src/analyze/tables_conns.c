/* SPDX-License-Identifier: MIT */
/* Result tables of connections: with which peers, and what was listened for. */
#include <stdlib.h>

#include "analyze/cells.h"
#include "analyze/clients.h"
#include "analyze/tables_more.h"
#include "base/macro.h"

/* ---- connections ---- */

enum {
	CONNS_SENT,
	CONNS_RECEIVED,
	CONNS_TIME,
	CONNS_PEER,
	CONNS_STATE,
	CONNS_CONNECT,
	CONNS_FIRST,
	CONNS_WAITED,
	CONNS_PID,
	CONNS_PEER_PID,
	CONNS_HOST,
	CONNS_CLIENTS,
	_CONNS
};
static const struct table_column conn_columns[_CONNS] = {
	[CONNS_SENT] = { "sent", NULL, "sent_bytes", CELL_BYTES, IN_COLUMN, 9, 0 },
	[CONNS_RECEIVED] = { "received", NULL, "received_bytes", CELL_BYTES, IN_COLUMN, 10, 0 },
	[CONNS_TIME] = { "time", NULL, "duration_ns", CELL_NS, IN_COLUMN, 8, 0 },
	[CONNS_PEER] = { "connection", NULL, "connection", CELL_CONN, IN_COLUMN, 28, 2 },
	[CONNS_STATE] = { "outcome", NULL, "state", CELL_CONN_STATE, IN_COLUMN, 0, 2 },
	[CONNS_CONNECT] = { "connect", NULL, "connect_ns", CELL_NS, ONLY_IN_DATA, 0, 0 },
	[CONNS_FIRST] = { "first byte after", NULL, "first_byte_ns", CELL_NS, NOT_IN_LINE, 0, 0 },
	[CONNS_WAITED] = { "waited for it", NULL, "waited_ns", CELL_NS, IN_NOTE, 0, 0 },
	[CONNS_PID] = { "process", NULL, "pid", CELL_PID, IN_NOTE, 0, 0 },
	[CONNS_PEER_PID] = { "peer's process", NULL, "peer_pid", CELL_PEER_PID, IN_NOTE, 0, 0 },
	[CONNS_HOST] = { "host", NULL, "host", CELL_HOST, IN_NOTE, 0, 0 },
	[CONNS_CLIENTS] = { "clients", "client", "clients", CELL_COUNT, ONLY_IN_DATA, 0, 0 },
};

/* Where only some events count, 0 may mean that they were not chosen. */
static void set_conn(struct cell *cells, const struct totals *t, const struct totals_conn *c)
{
	cells[CONNS_SENT] = t->nrows ? number_if(c->sent) : number(c->sent);
	cells[CONNS_RECEIVED] = t->nrows ? number_if(c->received) : number(c->received);
}

static void fill_conn(struct table_row *row, const struct totals *t, const struct totals_conn *c)
{
	const struct totals_proc *p = totals_proc(t, c->proc),
				 *at = c->nclients ? totals_proc(t, c->listener->proc) : p,
				 *peer = c->peer_proc != c->proc ? totals_proc(t, c->peer_proc) : NULL;
	uint64_t end = c->end_ns ? c->end_ns : t->end_ns;

	set_conn(row->cells, t, c);
	if (c->end_ns || !t->ends_missing)
		row->cells[CONNS_TIME] = number(end > c->start_ns ? end - c->start_ns : 0);
	row->cells[CONNS_PEER] = row->cells[CONNS_STATE] = (struct cell){ .set = true, .conn = c };
	row->cells[CONNS_CONNECT] = number_if(c->state != CONN_ACCEPTED ? c->connect_ns : 0);
	if (c->first_out_ns && c->first_in_ns > c->first_out_ns)
		row->cells[CONNS_FIRST] = number(c->first_in_ns - c->first_out_ns);
	row->cells[CONNS_WAITED] = number_if(c->waited_ns);
	row->cells[CONNS_PID] = pid_of(t->nprocs > 1 ? p : NULL);
	row->cells[CONNS_PEER_PID] = pid_of(peer);
	row->cells[CONNS_HOST] = host_of(t, at);
	row->cells[CONNS_CLIENTS] = number_if(c->nclients);
}

/* What is listed: a connection, or the clients of a listener, where these are more than a few. */
struct listed { const struct totals_conn *conn; unsigned at; };

static int by_bytes(const void *pa, const void *pb)
{
	const struct listed *a = pa, *b = pb;
	uint64_t na = a->conn->sent + a->conn->received, nb = b->conn->sent + b->conn->received;

	if (na != nb)
		return na < nb ? 1 : -1;
	return a->at < b->at ? -1 : a->at > b->at;
}

static unsigned list_conns(const struct totals *t, const struct client_sums *clients, bool noise, struct listed *ret_v)
{
	unsigned *rows = xcalloc(t->conns.n + 1, sizeof(*rows)), nrows, n = 0;
	bool *has = xcalloc(clients->n + 1, sizeof(*has));

	nrows = totals_top_conns(t, noise, rows, t->conns.n);
	for (unsigned i = 0; i < nrows; i++) {
		const struct totals_conn *many = client_sums_many(clients, rows[i]);

		if (!many)
			ret_v[n++] = (struct listed){ t->conns.v[rows[i]], i };
		else if (!has[clients->of[rows[i]]])
			ret_v[n++] = (struct listed){ many, i };
		has[clients->of[rows[i]]] = many != NULL;
	}
	if (n)
		qsort(ret_v, n, sizeof(*ret_v), by_bytes);
	free(has);
	free(rows);
	return n;
}

static void fill_conns(struct table *t, const struct totals *totals, bool noise)
{
	struct client_sums *clients = client_sums_new(totals, noise);
	struct listed *v = xcalloc(totals->conns.n + 1, sizeof(*v));
	struct table_row *row;

	t->nall = list_conns(totals, clients, noise, v);
	for (unsigned i = 0; i < t->nall && (row = table_add(t)); i++)
		fill_conn(row, totals, v[i].conn);
	if (totals->conns.nothers)
		set_conn(t->others = xcalloc(_CONNS, sizeof(struct cell)), totals, &totals->conns.others);
	t->own = clients->v;	/* rows refer to them */
	clients->v = NULL;
	client_sums_free(clients);
	free(v);
}

enum {
	LISTEN_ADDRESS,
	LISTEN_ACCEPTED,
	LISTEN_RECEIVED,
	LISTEN_SENT,
	LISTEN_OPEN,
	LISTEN_MEDIAN,
	LISTEN_LONGEST,
	LISTEN_HOST,
	_LISTEN
};
static const struct table_column listen_columns[_LISTEN] = {
	[LISTEN_ADDRESS] = { "address", NULL, "address", CELL_CONN, IN_COLUMN, 0, 0 },
	[LISTEN_ACCEPTED] = { "connections accepted", "connection accepted", "accepted", CELL_COUNT, IN_COLUMN, 0, 0 },
	[LISTEN_RECEIVED] = { "received", NULL, "received_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[LISTEN_SENT] = { "sent", NULL, "sent_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[LISTEN_OPEN] = { "open at the end", NULL, "open", CELL_COUNT, IN_COLUMN, 0, 0 },
	[LISTEN_MEDIAN] = { "median", NULL, "p50_ns", CELL_NS, IN_COLUMN, 0, 0 },
	[LISTEN_LONGEST] = { "longest to close", NULL, "max_ns", CELL_NS, IN_COLUMN, 0, 0 },
	[LISTEN_HOST] = { "host", NULL, "host", CELL_HOST, ONLY_IN_DATA, 0, 0 },
};

static void fill_listener(struct cell *cells, const struct totals *t, const struct client_sum *c)
{
	cells[LISTEN_ADDRESS] = (struct cell){ .set = true, .conn = c->sum.listener };
	cells[LISTEN_ACCEPTED] = number(c->accepted);
	if (c->sum.nclients) {
		cells[LISTEN_RECEIVED] = t->nrows ? number_if(c->sum.received) : number(c->sum.received);
		cells[LISTEN_SENT] = t->nrows ? number_if(c->sum.sent) : number(c->sum.sent);
		cells[LISTEN_OPEN] = number_if(t->ends_missing ? 0 : c->nopen);
	}
	if (c->nclosed > 1)	/* of one there is no median */
		cells[LISTEN_MEDIAN] = number(c->median_ns);
	cells[LISTEN_LONGEST] = number_if(c->longest_ns);
}

static int by_accepted(const void *pa, const void *pb)
{
	const struct client_sum *a = *(const struct client_sum *const *)pa, *b = *(const struct client_sum *const *)pb;

	if (a->accepted != b->accepted)
		return a->accepted < b->accepted ? 1 : -1;
	return a < b ? -1 : a > b;
}

/* Of clients on localhost too: what is listened for is shown, and so is what came of it. */
static void fill_listening(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	struct client_sums *clients = client_sums_new(totals, true);
	const struct client_sum **v = xcalloc(clients->n + 1, sizeof(struct client_sum *));
	struct table_row *row;

	for (unsigned i = 0; i < clients->n; i++)
		v[i] = &clients->v[i];
	if (clients->n)
		qsort(v, clients->n, sizeof(struct client_sum *), by_accepted);
	t->nall = clients->n;
	for (unsigned i = 0; i < t->nall && (row = table_add(t)); i++) {
		fill_listener(row->cells, totals, v[i]);
		row->cells[LISTEN_HOST] = host_of(totals, totals_proc(totals, v[i]->sum.listener->proc));
	}
	free(v);
	client_sums_free(clients);
}

const struct table_def table_connections = {
	.title = "Connections", .name = "connections", .columns = conn_columns, .ncolumns = _CONNS, .fill = fill_conns, .nheads = 3,
};
const struct table_def table_listening = {
	.title = "Listening", .name = "listening", .columns = listen_columns, .ncolumns = _LISTEN, .fill = fill_listening, .form = FORM_SENTENCES,
};
