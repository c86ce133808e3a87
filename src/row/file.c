/* SPDX-License-Identifier: MIT */
/* Open file descriptions, and what sockets and pipes have with others. */
#include <string.h>
#include <sys/socket.h>

#include "analyze/spent.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "row/enums.h"
#include "row/internal.h"

static struct file_state *file_state(struct rows *r, uint32_t id) { return store_row(&r->files, id); }
static struct link_state *link_state(struct rows *r, uint32_t row) { return store_row(&r->conns, row); }

/* Mostly that of the row before: it was the same file's first one, or the program opens one file again and again. */
static enum role role_of_file(struct rows *r, const struct file *f)
{
	if (!(r->wants[TABLE_FILE] & ROW_BIT(ROW_FILE_ROLE)) || !f || !f->name.len)
		return ROLE_NONE;
	if (r->last_name.len != f->name.len || memcmp(r->last_name.s, f->name.s, f->name.len) != 0) {
		buf_reset(&r->last_name);
		buf_add(&r->last_name, f->name.s, f->name.len);
		r->last_role = role_of(f->name.s, f->name.len);
	}
	return r->last_role;
}

static void put_file(struct rows *r, uint32_t id, const struct file *f, bool final)
{
	const struct file_state s = *file_state(r, id);

	row_put(r, TABLE_FILE,
		&(struct row_ctx){ .fstate = &s, .id = id, .file = f, .role = role_of_file(r, f) }, final);
}

/* Waits for it so far, and when its first bytes came. */
static void take_waits(const struct rows *r, struct link_state *c)
{
	const struct totals_conn *sums = c->id ? totals_conn_row(r->totals, c->id) : NULL;

	if (c->kind == ROW_PIPE)
		c->waited_ns = spending_pipe_ns(r->totals, c->file) + spending_pipe_ns(r->totals, c->peer_file);
	if (!sums)
		return;
	c->waited_ns = sums->waited_ns;
	if (sums->first_out_ns && sums->first_in_ns > sums->first_out_ns)
		c->first_ns = sums->first_in_ns - sums->first_out_ns;
}

static void put_conn(struct rows *r, uint32_t row, bool final)
{
	struct link_state c;

	take_waits(r, link_state(r, row));
	link_state(r, row)->final |= final;
	c = *link_state(r, row);
	const struct file_state *f = file_state(r, c.file);

	if (!c.later)
		c.opened_ns = f->opened_ns;
	if (!c.over)
		c.closed_ns = f->closed_ns;
	row_put(r, TABLE_CONNECTION, &(struct row_ctx){ .conn = &c, .id = row }, final);
}

static uint8_t sock_kind(const struct sock *s)
{
	bool stream = s->type == SOCK_STREAM, dgram = s->type == SOCK_DGRAM;

	switch (s->family) {
	case AF_INET: return stream ? ROW_TCP4 : dgram ? ROW_UDP4 : ROW_OTHER_SOCK;
	case AF_INET6: return stream ? ROW_TCP6 : dgram ? ROW_UDP6 : ROW_OTHER_SOCK;
	case AF_UNIX: return dgram ? ROW_UNIX_DGRAM : ROW_UNIX;
	case AF_NETLINK: return ROW_NETLINK;
	case AF_VSOCK: return ROW_VSOCK;
	case AF_PACKET: return ROW_PACKETS;
	default: return ROW_OTHER_SOCK;
	}
}

static uint8_t sock_state(const struct sock *s, const struct conn *conn)
{
	switch (conn ? conn->state : CONN_NONE) {
	case CONN_CONNECTING: return ROW_CONNECTING;
	case CONN_CONNECTED: return ROW_CONNECTED;
	case CONN_FAILED: return ROW_FAILED;
	case CONN_LISTENING: return ROW_LISTENING;
	case CONN_ACCEPTED: return ROW_ACCEPTED;
	default: return s->has_local ? ROW_BOUND : ROW_UNCONNECTED;
	}
}

/* Addresses change with few calls; looking at them at every send would cost more than the rest. */
static bool addresses_may_change(const struct event *ev)
{
	switch (ev->kind) {
	case EV_READ:
	case EV_WRITE:
	case EV_SEND:
	case EV_RECV:
	case EV_PEEK:
	case EV_POLL:
	case EV_SEEK:
	case EV_TRANSFER: return false;
	default: return true;
	}
}

/* A new row: of the file's making, or what its socket does with another peer. */
static uint32_t add_conn(struct rows *r, const struct file *f, const struct conn *conn, const struct event *ev)
{
	const struct file_state *file = file_state(r, f->id);
	/* whose it was before tracing is not known: then it is who uses it first */
	uint32_t thread = file->thread || !ev->task ?
				  file->thread :
				  ((const struct process_state *)store_row(&r->processes, ev->task->proc->id))
					  ->main_thread;
	bool later = file->conn;
	struct link_state *c = link_state(r, ++r->nconns);

	*c = (struct link_state){
		.file = f->id, .thread = thread, .kind = f->sock ? sock_kind(f->sock) : ROW_PIPE, .state = f->sock ? 0 : ROW_CONNECTED,
	};
	if (later) {
		c->later = true;
		c->opened_ns = row_time(r, conn->connect_ns ? conn->connect_ns : ev->ts_ns);
	}
	return r->nconns;
}

/* The row of what a socket has with one peer; the first has that of the socket. */
static uint32_t conn_row(struct rows *r, const struct file *f, const struct conn *conn, const struct event *ev)
{
	uint32_t row = conn ? *(uint32_t *)store_row(&r->conn_rows, conn->id) : file_state(r, f->id)->conn;
	struct file_state *file;

	if (row)
		return row;
	file = file_state(r, f->id);
	row = file->conn;
	if (!row || file->conn_taken) {
		row = add_conn(r, f, conn, ev);
		file = file_state(r, f->id);
		link_state(r, row)->next = file->last_conn;
		file->last_conn = row;
	}
	if (!file->conn)
		file->conn = row;
	if (conn) {
		file->conn_taken = true;
		*(uint32_t *)store_row(&r->conn_rows, conn->id) = row;
	}
	return row;
}

/* What the event is about of this socket; without a peer of its own what it is connected to. */
static const struct conn *conn_of(const struct file *f, const struct event *ev)
{
	const struct conn *conn = f == ev->file ? ev->conn : f == ev->file2 ? ev->conn2 : NULL;

	return conn ? conn : f->sock && f->sock->now.id ? &f->sock->now : NULL;
}

uint32_t rows_conn_of(struct rows *r, const struct event *ev)
{
	bool second = ev->file2 && ev->file2->sock && ev->conn2 && ev->kind == EV_TRANSFER;
	const struct file *f = second ? ev->file2 : ev->file;
	const struct conn *conn = f ? conn_of(f, ev) : NULL;

	if (!f || !f->id)
		return 0;
	return conn ? *(uint32_t *)store_row(&r->conn_rows, conn->id) : file_state(r, f->id)->conn;
}

/* A pipe is one connection, reported at its writing end, the younger one; who reads it is seen at the other. */
static void update_pipe(struct rows *r, const struct file *f, const struct event *ev)
{
	struct link_state *c;
	uint32_t row, proc, thread;

	if (f->id < f->peer_file) {
		row = file_state(r, f->peer_file)->conn;
		c = row ? link_state(r, row) : NULL;
		if (!c || ev->kind != EV_READ || ev->err || c->peer_proc == ev->task->proc->id)
			return;
		c->peer_proc = ev->task->proc->id;
		put_conn(r, row, false);
		return;
	}
	if (!f->peer_file)
		return;
	row = file_state(r, f->id)->conn;
	proc = 0;
	if (!row)
		proc = row = conn_row(r, f, NULL, ev);
	c = link_state(r, row);
	thread = ev->kind == EV_WRITE && !ev->err ?
			 ((const struct process_state *)store_row(&r->processes, ev->task->proc->id))->main_thread :
			 c->thread;
	if (!proc && c->peer_file == f->peer_file && (c->peer_proc || !f->peer_proc) && c->thread == thread)
		return;
	c->peer_file = f->peer_file;
	if (!c->peer_proc)
		c->peer_proc = f->peer_proc;
	c->thread = thread;
	put_conn(r, row, false);
}

static bool set_addr(uint8_t *has, struct addr *mine, bool known, const struct addr *a)
{
	if (!known || (*has && addr_same(mine, a)))
		return false;
	*has = true;
	*mine = *a;
	return true;
}

/* What may have changed with an event that is about its addresses or its state. */
static bool update_outcome(struct link_state *c, const struct sock *s, const struct conn *conn, uint32_t err)
{
	/* the furthest it came: a shutdown does not make it unconnected */
	uint8_t state = sock_state(s, conn ? conn : &s->now);
	bool changed = c->err != err || (state && state != c->state);

	if (state || !c->state)
		c->state = state;
	c->err = (uint8_t)err;
	if (conn && conn->connected_ns > conn->connect_ns && conn->connect_ns) {
		changed |= c->connect_ns != conn->connected_ns - conn->connect_ns;
		c->connect_ns = conn->connected_ns - conn->connect_ns;
	}
	changed |= set_addr(&c->has_local, &c->local, s->has_local, &s->local);
	changed |= set_addr(&c->has_peer, &c->peer, conn && conn->has_peer && !conn->rest, conn ? &conn->peer : NULL);
	if (conn && conn->rest)
		c->rest = true;
	return changed;
}

static void update_conn(struct rows *r, const struct file *f, const struct event *ev)
{
	const struct conn *conn = conn_of(f, ev);

	if (!conn && file_state(r, f->id)->conn_taken)
		return;		/* between two attempts: nothing of either */

	uint32_t before = r->nconns, row = conn_row(r, f, conn, ev), id = conn ? conn->id : 0,
		 err = conn ? (uint32_t)MIN(conn->err, 239) : 0;
	struct link_state *c = link_state(r, row);
	bool is_new = r->nconns != before || c->id != id;
	bool changed = is_new || c->peer_file != f->peer_file || c->peer_proc != f->peer_proc;

	c->id = id;
	c->peer_file = f->peer_file;
	c->peer_proc = f->peer_proc;
	if (is_new || addresses_may_change(ev) || c->err != err)
		changed |= update_outcome(c, f->sock, conn, err);
	if (changed)
		put_conn(r, row, false);
}

/* Changes with what it is called. */
static uint64_t name_version(const struct file *f)
{
	return (uint64_t)f->named << 32 | (f->name.len ? UINT32_MAX : f->sock ? f->sock->named : f->origin);
}

static uint32_t opener(struct rows *r, const struct file *f, const struct event *ev)
{
	if (!f->opener_proc)
		return 0;
	if (ev->task && ev->task->proc->id == f->opener_proc)
		return ev->task->id;
	return ((const struct process_state *)store_row(&r->processes, f->opener_proc))->main_thread;
}

void rows_file(struct rows *r, const struct file *f, const struct event *ev)
{
	struct file_state *s;
	uint64_t named;
	bool changed;

	if (!f || !f->id)
		return;
	s = file_state(r, f->id);
	changed = !s->seen;
	if (changed) {
		*s = (struct file_state){
			.opened_ns = f->opener_proc ? row_time(r, f->opened_ns) : 0, .closed_ns = ROW_NOT_CLOSED, .thread = opener(r, f, ev),
			.kind = (uint8_t)f->kind, .seen = true,
		};
	}
	named = name_version(f);
	changed |= named != s->named;
	s->named = named;
	if (changed)
		put_file(r, f->id, f, false);
	if (f->sock)
		update_conn(r, f, ev);
	else if (f->kind == FILE_PIPE)
		update_pipe(r, f, ev);
}

/* Its connection is over when both ends are closed. */
static void pipe_end_closed(struct rows *r, const struct file *f)
{
	bool reads = f->id < f->peer_file;
	uint32_t row = reads ? file_state(r, f->peer_file)->conn : file_state(r, f->id)->conn;
	const struct file_state *other = f->peer_file ? file_state(r, f->peer_file) : NULL;

	if (row && (!reads || file_state(r, f->peer_file)->closed_ns != ROW_NOT_CLOSED))
		put_conn(r, row, !other || other->closed_ns != ROW_NOT_CLOSED);
}

void rows_released(struct rows *r, const struct event *ev)
{
	uint32_t row;

	/* a description no event was about says nothing */
	if (!ev->file || ev->file->id >= r->files.nrows || !file_state(r, ev->file->id)->seen)
		return;
	rows_file(r, ev->file, ev);
	if (ev->conn) {
		row = *(uint32_t *)store_row(&r->conn_rows, ev->conn->id);
		link_state(r, row)->over = true;
		link_state(r, row)->closed_ns = row_time(r, ev->ts_ns);
		put_conn(r, row, true);
		return;
	}
	file_state(r, ev->file->id)->closed_ns = row_time(r, ev->ts_ns);
	put_file(r, ev->file->id, ev->file, true);
	if (ev->file->kind == FILE_PIPE)
		pipe_end_closed(r, ev->file);
	for (row = ev->file->sock ? file_state(r, ev->file->id)->last_conn : 0; row; row = link_state(r, row)->next)
		if (!link_state(r, row)->over)
			put_conn(r, row, true);
}

/* Those that were open at the end: what was waited for them since. */
void rows_conns_end(struct rows *r)
{
	for (uint32_t row = 1; row <= r->nconns; row++) {
		const struct link_state *c = link_state(r, row);
		struct link_state now = *c;

		take_waits(r, &now);
		if (!c->final && (now.waited_ns != c->waited_ns || now.first_ns != c->first_ns))
			put_conn(r, row, false);
	}
}
