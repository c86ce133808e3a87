/* SPDX-License-Identifier: MIT */
/* Tasks, open files and connections of a report, kept up to date as events come by. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "analyze/resident.h"
#include "base/macro.h"
#include "decode/call.h"
#include "model/model.h"
#include "sink/html.h"
#include "sink/words.h"

/* An exec entry takes at most so many bytes of arguments: less when there are many of them, META is read as a whole. */
static unsigned argv_room(const struct html *h, bool inherited)
{
	if (inherited)
		return 256;	/* the parent has all of it */
	return h->execs.nbytes < 8 << 20 ? 4096 : h->execs.nbytes < 32 << 20 ? 512 : 128;
}

void html_strings(struct json *j, const char *key, const struct bytes *v, unsigned n, uint64_t all, size_t room)
{
	char more[32], left[32];
	uint64_t cut = 0;
	unsigned i = 0;

	json_key(j, key);
	json_open(j, '[');
	for (; i < n && room && !cut; i++) {
		uint32_t kept = (uint32_t)MIN(v[i].len, room);

		cut = (uint64_t)v[i].len + v[i].cut - kept;
		json_str(j, v[i].s ? v[i].s : "", kept);
		room -= MIN(room, kept + 8u);
	}
	json_close(j, ']');
	snprintf(more, sizeof(more), "%s_more", key);
	snprintf(left, sizeof(left), "%s_cut", key);
	if (i < MAX(all, (uint64_t)n))
		json_key(j, more), json_u64(j, MAX(all, (uint64_t)n) - i);
	if (cut)
		json_key(j, left), json_u64(j, cut);
}

static void json_bytes(struct json *j, const char *key, const struct bytes *b)
{
	json_key(j, key);
	json_str(j, b->s ? b->s : "", b->len);
}

/* Descriptors that stayed open across an exec: often by mistake. */
enum { EXEC_FDS_MAX = 32 };
struct exec_fds { unsigned n, more; struct { int fd; uint32_t file; } v[EXEC_FDS_MAX]; };

static void collect_fds(struct html *h, const struct event *ev, struct exec_fds *ret)
{
	const struct fdent *e;

	*ret = (struct exec_fds){ 0 };
	if (!ev->task->fds)
		return;
	for (int fd = 3; (fd = fdtab_next(ev->task->fds, fd, &e)) >= 0; fd++) {
		if (ret->n == EXEC_FDS_MAX) {
			ret->more++;
			continue;
		}
		html_file_row(h, e->file, ev);
		ret->v[ret->n].fd = fd;
		ret->v[ret->n++].file = e->file->id;
	}
}

static void add_exec(struct html *h, struct html_task *row, const struct task *t, uint64_t time, const struct exec_fds *fds)
{
	bool inherited = !fds;
	const struct proc *p = t->proc;
	struct json j = { .b = &h->tmp };

	buf_reset(&h->tmp);
	json_open(&j, '{');
	json_key(&j, "t");
	json_u64(&j, time);
	json_bytes(&j, "exe", &p->exe);
	html_strings(&j, "argv", p->argv, p->argc, p->argc_all, argv_room(h, inherited));
	json_bytes(&j, "cwd", t->fs && t->fs->cwd.len ? &t->fs->cwd : &p->cwd0);
	if (inherited)
		json_key(&j, "inherited"), json_bool(&j, true);
	if (fds && fds->n) {
		json_key(&j, "fds");
		json_open(&j, '[');
		for (unsigned k = 0; k < fds->n; k++) {
			json_open(&j, '[');
			json_i64(&j, fds->v[k].fd);
			json_u64(&j, fds->v[k].file);
			json_close(&j, ']');
		}
		json_close(&j, ']');
	}
	if (fds && fds->more)
		json_key(&j, "fds_more"), json_u64(&j, fds->more);
	json_close(&j, '}');

	struct html_exec head = { .prev = row->last_exec, .nbytes = (uint32_t)h->tmp.len };

	row->last_exec = h->execs.nbytes + 1;
	spool_add(&h->execs, &head, sizeof(head));
	spool_add(&h->execs, h->tmp.s, h->tmp.len);
}

static int32_t lane_in(struct table *lanes, uint32_t id)
{
	return id ? (int32_t)*(uint32_t *)table_row(lanes, id) - 1 : -1;
}

static int32_t add_lane(struct html *h, const struct task *t)
{
	const struct proc *p = t->proc;
	int32_t lane = (int32_t)h->ntasks++, parent = lane_in(&h->lane_of_task, t->creator), first = lane_in(&h->lane_of_proc, p->id);
	struct html_task *row = table_row(&h->tasks, (uint32_t)lane);

	*row = (struct html_task){ .start = p->attached && !t->creator ? 0 : html_time(h, t->start_ns), .pid = p->pid, .tid = t->tid,
				   .ppid = p->ppid, .parent = parent, .proc = (uint32_t)(first < 0 ? lane : first), .status = -1,
				   .attached = p->attached && !t->creator };
	/* before its first exec the command is still compendium's own fork */
	if (first < 0 && (p->attached || t->creator) && (p->exe.len || p->argc))
		add_exec(h, row, t, row->start, NULL);
	*(uint32_t *)table_row(&h->lane_of_task, t->id) = (uint32_t)lane + 1;
	if (first < 0)
		*(uint32_t *)table_row(&h->lane_of_proc, p->id) = (uint32_t)lane + 1;
	return lane;
}

int32_t html_lane(struct html *h, const struct task *t)
{
	if (!t)
		return -1;
	int32_t lane = lane_in(&h->lane_of_task, t->id);

	if (lane < 0)
		lane = add_lane(h, t);
	struct html_task *row = table_row(&h->tasks, (uint32_t)lane);
	uint32_t n = MIN(t->comm.len, (uint32_t)sizeof(row->comm));

	if (row->comm_len != n || memcmp(row->comm, t->comm.s, n)) {
		row->comm_len = (uint8_t)n;
		memcpy(row->comm, t->comm.s, n);
	}
	return lane;
}

int32_t html_lane_of_proc(struct html *h, uint32_t proc) { return lane_in(&h->lane_of_proc, proc); }

/* ---- counters ---- */

enum { ALL_SAMPLES = 200, SAMPLES_A_LIFE = 150, PEAK_SHARE = 4096 };

static void write_sample(struct html *h, uint32_t lane, unsigned counter, struct html_gauge *g, uint64_t at)
{
	const struct html_row row = { .start = at, .lane = lane, .type = (uint16_t)counter, .val = (int64_t)g->value };

	h->shown[counter] += g->value - g->written;
	g->written = g->value;
	g->written_at = at;
	g->nwritten++;
	g->pending = false;
	row_spool_add(&h->samples, &row);
}

static void wait_pending(struct html *h, uint32_t lane, struct html_task *t)
{
	if (t->in_pending)
		return;
	t->in_pending = true;
	t->next_pending = h->first_pending;
	h->first_pending = lane + 1;
}

/*
 * Every value that was thinned out, so that what the samples of all lanes come to at this moment is true.  What fell comes
 * first: no sum on the way there is one that never was.
 */
static void write_all_pending(struct html *h, uint64_t at)
{
	struct html_task *t;

	for (unsigned rising = 0; rising < 2; rising++)
		for (uint32_t next = h->first_pending; next; next = t->next_pending) {
			t = table_row(&h->tasks, next - 1);
			for (unsigned c = 0; c < _COUNTER_MAX; c++)
				if (t->gauges[c].pending && (rising || t->gauges[c].value < t->gauges[c].written))
					write_sample(h, next - 1, c, &t->gauges[c], at);
		}
	for (uint32_t next = h->first_pending; next; next = t->next_pending) {
		t = table_row(&h->tasks, next - 1);
		t->in_pending = false;
	}
	h->first_pending = 0;
}

/*
 * After the first ones a sample is worth a fixed share of the life so far.  The sum of all lanes is shown as high as it was,
 * but for an invisible share, and never higher.
 */
static void sample(struct html *h, uint32_t lane, unsigned counter, uint64_t at, uint64_t value)
{
	struct html_task *t = table_row(&h->tasks, lane);
	struct html_gauge *g = &t->gauges[counter];
	bool highest;

	if (value == g->value)
		return;
	h->sums[counter] += value - g->value;
	g->value = value;
	h->peaks[counter] = MAX(h->peaks[counter], h->sums[counter]);
	highest = h->sums[counter] > h->highest[counter] + h->highest[counter] / PEAK_SHARE;
	if (!highest && g->nwritten >= ALL_SAMPLES && at - g->written_at < (at - t->start) / SAMPLES_A_LIFE) {
		g->pending = true;
		wait_pending(h, lane, t);
		return;
	}
	if (highest || h->shown[counter] - g->written + value > h->peaks[counter]) {
		g->pending = true;
		wait_pending(h, lane, t);
		write_all_pending(h, at);
		h->highest[counter] = MAX(h->highest[counter], h->sums[counter]);
		return;
	}
	write_sample(h, lane, counter, g, at);
}

/* Sums are those of the summary, which takes events as they come: a late one counts from now on. */
static uint64_t sample_time(struct html *h, const struct event *ev)
{
	h->sampled_at = MAX(h->sampled_at, html_time(h, ev->ts_ns + ev->dur_ns));
	return h->sampled_at;
}

static void sample_proc(struct html *h, const struct proc *p, const struct event *ev)
{
	int32_t lane = html_lane_of_proc(h, p->id);
	uint64_t at = sample_time(h, ev);
	bool ended = ev->kind == EV_EXIT;
	const struct html_task *t;

	if (lane < 0)
		return;
	t = table_row(&h->tasks, (uint32_t)lane);
	/* what it had open is released after its end: that is no memory any more */
	if (t->has_status)
		return;
	/* what a vfork child has for a moment is its parent's memory */
	if (ended || (p->mm && (p->mm->refs == 1 || t->gauges[COUNTER_MEMORY].nwritten)))
		sample(h, (uint32_t)lane, COUNTER_MEMORY, at, ended ? 0 : p->mm->heap + p->mm->mapped);
	if (ended || p->fds)
		sample(h, (uint32_t)lane, COUNTER_FDS, at, ended ? 0 : p->fds->nopen);
}

static void sample_event(struct html *h, const struct event *ev)
{
	int32_t lane = html_lane_of_proc(h, ev->task->proc->id);
	uint64_t nbytes;

	sample_proc(h, ev->task->proc, ev);
	if (ev->kind == EV_FORK && ev->child && ev->child->proc)
		sample_proc(h, ev->child->proc, ev);
	if (resident_event(h->resident, ev, &nbytes) && lane >= 0 && !((const struct html_task *)table_row(&h->tasks, (uint32_t)lane))->has_status)
		sample(h, (uint32_t)lane, COUNTER_RESIDENT, sample_time(h, ev), nbytes);
}

void html_world_finish(struct html *h) { write_all_pending(h, h->last_ns); }

static void task_ended(struct html *h, int32_t lane, const struct event *ev)
{
	struct html_task *row = table_row(&h->tasks, (uint32_t)lane);

	h->nended += !row->ended;
	row->ended = true;
	row->end = html_time(h, ev->ts_ns + ev->dur_ns);
	if (ev->kind == EV_EXIT) {
		row->has_status = true;
		row->status = ev->status;
		row->utime_ns = ev->task->proc->utime_ns;
		row->stime_ns = ev->task->proc->stime_ns;
	}
}

/* ---- open files and connections ---- */

enum { SOCK_TCP4, SOCK_TCP6, SOCK_UDP4, SOCK_UDP6, SOCK_UNIX, SOCK_UNIX_DGRAM, SOCK_NETLINK, SOCK_PIPE, SOCK_OTHER, SOCK_VSOCK, SOCK_PACKETS };
const char *const html_sock_kinds[] = { "tcp4", "tcp6", "udp4", "udp6", "unix", "unix-dgram", "netlink", "pipe", "other", "vsock", "packet", NULL };
enum { STATE_UNCONNECTED, STATE_CONNECTING, STATE_CONNECTED, STATE_ACCEPTED, STATE_LISTENING, STATE_BOUND, STATE_FAILED };
const char *const html_sock_states[] = { "unconnected", "connecting", "connected", "accepted", "listening", "bound", "failed", NULL };

static uint8_t sock_kind(const struct sock *s)
{
	bool stream = s->type == SOCK_STREAM, dgram = s->type == SOCK_DGRAM;

	switch (s->family) {
	case AF_INET: return stream ? SOCK_TCP4 : dgram ? SOCK_UDP4 : SOCK_OTHER;
	case AF_INET6: return stream ? SOCK_TCP6 : dgram ? SOCK_UDP6 : SOCK_OTHER;
	case AF_UNIX: return dgram ? SOCK_UNIX_DGRAM : SOCK_UNIX;
	case AF_NETLINK: return SOCK_NETLINK;
	case AF_VSOCK: return SOCK_VSOCK;
	case AF_PACKET: return SOCK_PACKETS;
	default: return SOCK_OTHER;
	}
}

static uint8_t sock_state(const struct sock *s, const struct conn *conn)
{
	switch (conn ? conn->state : CONN_NONE) {
	case CONN_CONNECTING: return STATE_CONNECTING;
	case CONN_CONNECTED: return STATE_CONNECTED;
	case CONN_FAILED: return STATE_FAILED;
	case CONN_LISTENING: return STATE_LISTENING;
	case CONN_ACCEPTED: return STATE_ACCEPTED;
	default: return s->has_local ? STATE_BOUND : STATE_UNCONNECTED;
	}
}

static uint32_t addr_string(struct html *h, bool known, const struct addr *a)
{
	if (!known)
		return 0;
	buf_reset(&h->tmp);
	addr_format(&h->tmp, a);
	return html_string(h, h->tmp.s, h->tmp.len);
}

static const char other_peers[] = "other peers";

/* Addresses change with few calls; formatting them at every send would cost more than the rest. */
static bool addresses_changed(const struct event *ev)
{
	switch (ev->kind) {
	case EV_READ: case EV_WRITE: case EV_SEND: case EV_RECV: case EV_PEEK: case EV_POLL: case EV_SEEK: case EV_TRANSFER: return false;
	default: return true;
	}
}

/* A new row: of the file's making, or what its socket does with another peer. */
static struct html_conn *add_conn(struct html *h, const struct file *f, const struct conn *conn, const struct event *ev)
{
	const struct html_file *file = table_row(&h->files, f->id);
	/* whose it was before tracing is not known: then it is who uses it first */
	int32_t lane = file->lane >= 0 || !ev->task ? file->lane : html_lane_of_proc(h, ev->task->proc->id);
	struct html_conn *c = table_row(&h->conns, h->nconns++);

	*c = (struct html_conn){ .file = f->id, .lane = lane, .kind = f->sock ? sock_kind(f->sock) : SOCK_PIPE,
				 .state = f->sock ? 0 : STATE_CONNECTED, .peer_lane = -1 };
	if (file->conn) {
		c->later = true;
		c->open = html_time(h, conn->connect_ns ? conn->connect_ns : ev->ts_ns);
	}
	return c;
}

/* The row of what a socket has with one peer; the first has that of the socket. */
static uint32_t conn_row(struct html *h, const struct file *f, const struct conn *conn, const struct event *ev)
{
	uint32_t row = conn ? *(uint32_t *)table_row(&h->conn_rows, conn->id) : ((const struct html_file *)table_row(&h->files, f->id))->conn;
	struct html_file *file;

	if (row)
		return row;
	file = table_row(&h->files, f->id);
	row = file->conn;
	if (!row || file->conn_taken) {
		add_conn(h, f, conn, ev);
		row = h->nconns;
	}
	file = table_row(&h->files, f->id);
	if (!file->conn)
		file->conn = row;
	if (conn) {
		file->conn_taken = true;
		*(uint32_t *)table_row(&h->conn_rows, conn->id) = row;
	}
	return row;
}

/* What the event is about of this socket; without a peer of its own what it is connected to. */
static const struct conn *conn_of(const struct file *f, const struct event *ev)
{
	const struct conn *conn = f == ev->file ? ev->conn : f == ev->file2 ? ev->conn2 : NULL;

	return conn ? conn : f->sock && f->sock->now.id ? &f->sock->now : NULL;
}

uint32_t html_conn_of(struct html *h, const struct event *ev)
{
	const struct file *f = ev->file2 && ev->file2->sock && ev->conn2 && ev->kind == EV_TRANSFER ? ev->file2 : ev->file;
	const struct conn *conn = f ? conn_of(f, ev) : NULL;

	if (!f || !f->id)
		return 0;
	return conn ? *(uint32_t *)table_row(&h->conn_rows, conn->id) : ((const struct html_file *)table_row(&h->files, f->id))->conn;
}

/* A pipe is one connection, reported at its writing end, the younger one; who reads it is seen at the other. */
static void update_pipe(struct html *h, const struct file *f, const struct event *ev)
{
	struct html_conn *c;

	if (f->id < f->peer_file) {
		uint32_t conn = ((const struct html_file *)table_row(&h->files, f->peer_file))->conn;

		if (conn && ev->kind == EV_READ && !ev->err)
			((struct html_conn *)table_row(&h->conns, conn - 1))->peer_proc = ev->task->proc->id;
		return;
	}
	if (!f->peer_file)
		return;
	c = table_row(&h->conns, conn_row(h, f, NULL, ev) - 1);
	c->peer_file = f->peer_file;
	if (!c->peer_proc)
		c->peer_proc = f->peer_proc;
	if (ev->kind == EV_WRITE && !ev->err)
		c->lane = html_lane_of_proc(h, ev->task->proc->id);
}

static void update_conn(struct html *h, const struct file *f, const struct event *ev)
{
	const struct sock *s = f->sock;
	const struct conn *conn = conn_of(f, ev);

	if (!conn && ((const struct html_file *)table_row(&h->files, f->id))->conn_taken)
		return;		/* between two attempts: nothing of either */

	uint32_t before = h->nconns, row = conn_row(h, f, conn, ev), id = conn ? conn->id : 0, err = conn ? (uint32_t)MIN(conn->err, 239) : 0;
	struct html_conn *c = table_row(&h->conns, row - 1);
	bool is_new = h->nconns != before || c->id != id;

	c->id = id;
	c->peer_file = f->peer_file;
	c->peer_proc = f->peer_proc;
	if (!is_new && !addresses_changed(ev) && c->err == err)
		return;
	/* the furthest it came: a shutdown does not make it unconnected */
	uint8_t state = sock_state(s, conn ? conn : &s->now);

	if (state || !c->state)
		c->state = state;
	c->err = (uint8_t)err;
	if (conn && conn->connected_ns > conn->connect_ns && conn->connect_ns)
		c->connect = conn->connected_ns - conn->connect_ns;
	uint32_t local = addr_string(h, s->has_local, &s->local), peer = addr_string(h, conn && conn->has_peer, conn ? &conn->peer : NULL);

	if (conn && conn->rest)
		peer = html_string(h, other_peers, sizeof(other_peers) - 1);
	c = table_row(&h->conns, row - 1);
	c->local = local ? local : c->local;
	c->peer = peer ? peer : c->peer;
	((struct html_file *)table_row(&h->files, f->id))->peer = c->peer;
}

struct html_file *html_file_row(struct html *h, const struct file *f, const struct event *ev)
{
	if (!f || !f->id)
		return NULL;
	struct html_file *row = table_row(&h->files, f->id);

	if (!row->seen) {
		int32_t lane = !f->opener_proc ? -1 : ev->task && ev->task->proc->id == f->opener_proc ? html_lane(h, ev->task)
			     : lane_in(&h->lane_of_proc, f->opener_proc);

		*row = (struct html_file){ .open = f->opener_proc ? html_time(h, f->opened_ns) : 0, .close = NOT_CLOSED, .lane = lane,
					   .kind = (uint8_t)(f->kind + 1), .seen = true };
	}
	uint64_t hash = f->name.len ? intern_hash(&h->ids, f->name.s, f->name.len) : f->sock ? f->sock->named : 0;

	if (hash != row->name_hash || !row->name) {
		row->name_hash = hash;
		buf_reset(&h->tmp);
		file_name(&h->tmp, f);
		row->name = html_string(h, h->tmp.s, h->tmp.len);
	}
	if (f->sock)
		update_conn(h, f, ev);
	else if (f->kind == FILE_PIPE)
		update_pipe(h, f, ev);
	return table_row(&h->files, f->id);
}

static void file_closed(struct html *h, const struct event *ev)
{
	/* a description no event was about says nothing in a report */
	if (!ev->file || ev->file->id >= h->files.nrows || !((struct html_file *)table_row(&h->files, ev->file->id))->seen)
		return;
	html_file_row(h, ev->file, ev);
	if (ev->conn) {
		struct html_conn *c = table_row(&h->conns, *(uint32_t *)table_row(&h->conn_rows, ev->conn->id) - 1);

		c->over = true;
		c->close = html_time(h, ev->ts_ns);
		return;
	}
	((struct html_file *)table_row(&h->files, ev->file->id))->close = html_time(h, ev->ts_ns);
}

void html_world_event(struct html *h, const struct event *ev)
{
	int32_t lane = html_lane(h, ev->task);

	if (lane >= 0) {
		if (ev->kind == EV_FORK && ev->child)
			html_lane(h, ev->child);
		sample_event(h, ev);
	}
	switch (ev->kind) {
	case EV_FORK: case EV_THREAD:
		if (lane >= 0) {
			uint32_t child = (uint32_t)html_lane(h, ev->child) + 1;

			((struct html_task *)table_row(&h->tasks, (uint32_t)lane))->last_child = child;
		}
		break;
	case EV_EXEC:
		if (lane >= 0) {
			struct exec_fds fds;

			collect_fds(h, ev, &fds);
			add_exec(h, table_row(&h->tasks, (uint32_t)lane), ev->task, html_time(h, ev->ts_ns), &fds);
		}
		break;
	case EV_EXIT:
		if (lane >= 0) {
			struct html_task *row = table_row(&h->tasks, (uint32_t)lane);
			uint32_t first = row->proc;

			task_ended(h, lane, ev);
			if (first != (uint32_t)lane)	/* the last thread is reported; the status is the process's */
				task_ended(h, (int32_t)first, ev);
		}
		break;
	case EV_THREAD_EXIT:
		if (lane >= 0)
			task_ended(h, lane, ev);
		break;
	case EV_RELEASE:
		file_closed(h, ev);
		break;
	case EV_LOST:
		h->lost += ev->count;
		if (!h->lost_note.len)
			buf_add(&h->lost_note, ev->text, ev->text_len);
		break;
	default:
		break;
	}
}
