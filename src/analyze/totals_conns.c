/* Connections, by open file description. */
#include "analyze/totals_index.h"

/* What is counted as a connection: datagram sockets have none. */
static bool is_connection(const struct sock *s) { return totals_is_network(s->family) && s->type != SOCK_DGRAM && s->type != SOCK_RAW; }

static void conn_update(struct totals_conn *c, const struct event *ev, const struct file *f)
{
	const struct sock *s = f->sock;

	c->family = s->family;
	c->type = s->type;
	c->protocol = s->protocol;
	if (s->state != CONN_NONE)
		c->state = (uint8_t)s->state;
	c->err = s->err;
	if ((c->has_local = s->has_local))
		c->local = s->local;
	if (s->has_peer && !c->many_peers) {
		c->has_peer = true;
		c->peer = s->peer;
	}
	if (f->peer_proc)
		c->peer_proc = f->peer_proc;
	c->unknown_start = s->state == CONN_CONNECTED && !s->connect_ns && s->type == SOCK_STREAM;
	if (s->connected_ns && s->connect_ns)
		c->connect_ns = s->connected_ns - s->connect_ns;
	if (!c->start_ns)
		c->start_ns = f->opened_ns ? f->opened_ns : ev->ts_ns;
}

struct totals_conn *totals_conn_of(struct totals *t, const struct event *ev, const struct file *f)
{
	struct totals_index *x = t->index;
	__typeof__(&x->conn_cache[0]) c = &x->conn_cache[f->id % CACHE];
	struct conn_row *r;

	if (c->id == f->id)
		return c->row;
	HASH_FIND(hh, x->conns, &f->id, sizeof(f->id), r);
	if (!r) {
		if (totals_full(t, t->conns.n)) {
			t->conns.nothers++;
			return &t->conns.others;
		}
		r = arena_alloc(&x->arena, sizeof(*r));
		r->row.file = f->id;
		r->row.proc = ev->task->proc ? ev->task->proc->id : 0;
		r->row.noise = (uint8_t)t->noise;
		conn_update(&r->row, ev, f);
		HASH_ADD(hh, x->conns, row.file, sizeof(f->id), r);
		TABLE_ADD(t->conns, &r->row);
	}
	c->id = f->id;
	c->row = &r->row;
	return c->row;
}

void totals_conn_event(struct totals *t, const struct event *ev)
{
	const struct file *f = ev->file;
	struct totals_conn *c;

	if (!f || !f->sock)
		return;
	switch (ev->kind) {
	case EV_ACCEPT:		/* the listening socket and the new one, in either order */
		if (ev->err)
			return;
		for (unsigned i = 0; i < 2; i++) {
			const struct file *s = i ? ev->file2 : ev->file;

			if (!s || !s->sock)
				continue;
			c = totals_conn_of(t, ev, s);
			conn_update(c, ev, s);
			if (s->sock->state == CONN_LISTENING)
				c->accepted++;
			else if (is_connection(s->sock))
				t->nconns++;
		}
		return;
	case EV_CONNECT:
		c = totals_conn_of(t, ev, f);
		conn_update(c, ev, f);
		if (ev->peer && !c->has_peer) {	/* refused: the socket itself has no peer */
			c->has_peer = true;
			c->peer = *ev->peer;
		}
		c->noise = (uint8_t)t->noise;
		if (c->state == CONN_FAILED && !c->connect_ns)
			c->connect_ns = ev->dur_ns;
		if (is_connection(f->sock)) {
			t->nconns += f->sock->state == CONN_CONNECTED;
			t->nfailed_conns += f->sock->state == CONN_FAILED;
		}
		return;
	case EV_CONNECTED:
		conn_update(totals_conn_of(t, ev, f), ev, f);
		if (is_connection(f->sock)) {
			t->nconns += !ev->err;
			t->nfailed_conns += ev->err != 0;
		}
		return;
	case EV_LISTEN:
		conn_update(totals_conn_of(t, ev, f), ev, f);
		return;
	default:
		return;
	}
}

void totals_conn_release(struct totals *t, const struct event *ev)
{
	struct conn_row *r;

	if (!ev->file || !ev->file->sock)
		return;
	HASH_FIND(hh, t->index->conns, &ev->file->id, sizeof(ev->file->id), r);
	if (!r)
		return;
	conn_update(&r->row, ev, ev->file);
	r->row.end_ns = ev->ts_ns + ev->dur_ns;
}
