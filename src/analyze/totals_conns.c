/* SPDX-License-Identifier: MIT */
/* Connections: what sockets had with their peers. */
#include "analyze/totals_index.h"

static bool is_datagram(unsigned type) { return type == SOCK_DGRAM || type == SOCK_RAW; }

bool totals_is_connection(const struct totals_conn *c)
{
	if (!totals_is_network(c->family) || c->state == CONN_LISTENING || !(c->has_peer || c->rest))
		return false;
	return !is_datagram(c->type) || c->nsends || c->nrecvs;
}

struct totals_conn_counts totals_count_conns(const struct totals *t)
{
	struct totals_conn_counts n = { .made = t->conns.nothers };

	for (unsigned i = 0; i < t->conns.n; i++) {
		const struct totals_conn *c = t->conns.v[i];

		if (!totals_is_connection(c))
			continue;
		if (is_datagram(c->type))
			n.datagrams++;
		else if (c->state == CONN_FAILED)
			n.failed++;
		else if (c->state != CONN_CONNECTING)	/* closed before the program asked: neither is known */
			n.made++;
		n.hidden += c->noise != NOISE_NONE;
	}
	return n;
}

static void conn_update(const struct totals *t, struct totals_conn *c, const struct event *ev, const struct file *f,
			const struct conn *conn)
{
	const struct sock *s = f->sock;

	c->family = s->family;
	c->type = s->type;
	c->protocol = s->protocol;
	c->state = (uint8_t)conn->state;
	c->err = conn->err;
	c->rest = conn->rest;
	if ((c->has_local = s->has_local))
		c->local = s->local;
	if (conn->has_peer) {
		c->has_peer = true;
		c->peer = conn->peer;
	}
	if (f->peer_proc)
		c->peer_proc = f->peer_proc;
	c->unknown_start = conn->state == CONN_CONNECTED && !conn->connect_ns && s->type == SOCK_STREAM;
	if (conn->connected_ns && conn->connect_ns)
		c->connect_ns = conn->connected_ns - conn->connect_ns;
	if (!c->start_ns)
		c->start_ns = conn->connect_ns ? conn->connect_ns : ev->ts_ns;
	c->noise = (uint8_t)noise_conn(c->has_peer ? &c->peer : NULL, c->err);
	if (t->noise_shown >> c->noise & 1)
		c->noise = NOISE_NONE;
}

static struct conn_row *find(struct totals *t, uint32_t id)
{
	struct totals_index *x = t->index;
	__typeof__(&x->conn_cache[0]) cached = &x->conn_cache[id % CACHE];

	if (cached->id != id) {
		struct conn_row *r;

		HASH_FIND(hh, x->conns, &id, sizeof(id), r);
		if (!r)
			return NULL;
		cached->id = id;
		cached->row = r;
	}
	return cached->row;
}

struct totals_conn *totals_conn_known(struct totals *t, uint32_t id)
{
	struct conn_row *r = id ? find(t, id) : NULL;

	return r ? &r->row : NULL;
}

const struct totals_conn *totals_conn_row(const struct totals *t, uint32_t id)
{
	struct conn_row *r;

	HASH_FIND(hh, t->index->conns, &id, sizeof(id), r);
	return r ? &r->row : NULL;
}

struct totals_conn *totals_conn_of(struct totals *t, const struct event *ev, const struct file *f,
				   const struct conn *conn)
{
	struct totals_index *x = t->index;
	struct conn_row *r = find(t, conn->id);

	if (!r && totals_full(t, t->conns.n)) {
		t->conns.nothers += conn->id > x->last_other_conn;	/* ids are in order of first use */
		x->last_other_conn = MAX(x->last_other_conn, conn->id);
		return &t->conns.others;
	}
	if (!r) {
		r = arena_alloc(&x->arena, sizeof(*r));
		r->row.id = conn->id;
		r->row.file = f->id;
		r->row.proc = ev->task->proc ? ev->task->proc->id : 0;
		HASH_ADD(hh, x->conns, row.id, sizeof(r->row.id), r);
		TABLE_ADD(t->conns, &r->row);
		conn_update(t, &r->row, ev, f, conn);
	} else if (r->row.state != conn->state || r->row.err != conn->err || r->row.has_peer != conn->has_peer ||
		   r->row.has_local != f->sock->has_local) {
		conn_update(t, &r->row, ev, f, conn);
	}
	return &r->row;
}

static bool is_data(enum event_kind k)
{
	return k == EV_SEND || k == EV_RECV || k == EV_PEEK || k == EV_READ || k == EV_WRITE || k == EV_TRANSFER;
}

static void accepted(const struct totals *t, const struct event *ev, struct totals_conn *a, struct totals_conn *b)
{
	struct totals_conn *listener = a && a->state == CONN_LISTENING ? a : b, *c = listener == a ? b : a;

	if (ev->err || !c || !listener || listener->state != CONN_LISTENING)
		return;
	if (listener != &t->conns.others && c != &t->conns.others)
		c->listener = listener;
}

void totals_conn_event(struct totals *t, const struct event *ev)
{
	struct totals_conn *both[2] = { NULL, NULL };

	for (unsigned i = 0; i < 2; i++) {
		const struct file *f = i ? ev->file2 : ev->file;
		const struct conn *conn = i ? ev->conn2 : ev->conn;
		struct totals_conn *c;

		if (!f || !f->sock || !conn || (ev->err && is_data(ev->kind) && !conn->err))
			continue;	/* (nothing came of it, which says nothing of the peer) */
		c = both[i] = totals_conn_of(t, ev, f, conn);
		c->accepted += ev->kind == EV_ACCEPT && !ev->err && conn->state == CONN_LISTENING;
	}
	if (ev->kind == EV_ACCEPT)
		accepted(t, ev, both[0], both[1]);
}

static void ended(struct totals *t, const struct event *ev, const struct conn *conn)
{
	struct conn_row *r = conn->id ? find(t, conn->id) : NULL;

	if (!r)
		return;
	conn_update(t, &r->row, ev, ev->file, conn);
	r->row.end_ns = ev->ts_ns + ev->dur_ns;
}

void totals_conn_release(struct totals *t, const struct event *ev)
{
	const struct conn *conn;

	if (!ev->file || !ev->file->sock)
		return;
	if (ev->conn)
		ended(t, ev, ev->conn);
	else
		for (unsigned i = 0; (conn = sock_conn_at(ev->file->sock, i)); i++)
			ended(t, ev, conn);
}
