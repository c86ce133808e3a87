/* SPDX-License-Identifier: MIT */
/* I/O as lines: one call, or several equal ones in a row. */
#include <string.h>
#include <sys/socket.h>

#include "base/human.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/cell.h"
#include "sink/line_part.h"
#include "sink/out.h"

bool io_run_is_io(const struct event *ev)
{
	return ev->kind == EV_READ || ev->kind == EV_WRITE || ev->kind == EV_SEND || ev->kind == EV_RECV ||
	       ev->kind == EV_PEEK || ev->kind == EV_TRANSFER;
}

static bool is_unfinished(const struct event *ev) { return ev->call && ev->call->unfinished; }
static bool is_forbidden(const struct event *ev) { return ev->call && ev->call->forbidden; }

/* The process at the other end of a pipe or a local connection, when it is another one. */
static uint32_t other_end(const struct event *ev, const struct file *f)
{
	return f && ev->task && ev->task->proc && f->peer_proc != ev->task->proc->id ? f->peer_pid : 0;
}

static void add_other_end(struct buf *b, uint32_t pid)
{
	if (!pid)
		return;
	buf_puts(b, " (pid ");
	buf_u64(b, pid);
	buf_putc(b, ')');
}

static bool is_named(const struct addr *a) { return a && (a->len || a->port || a->family == AF_NETLINK); }

static void object(struct buf *b, const struct event *ev, const struct file *f, const struct addr *peer, int fd)
{
	if (!f && fd < 0 && ev->kind == EV_TRANSFER)
		buf_puts(b, "memory");
	else if (f && f->sock && is_named(peer))
		line_address(b, peer);
	else if (f)
		line_file(b, f);
	else
		buf_printf(b, "fd %d", fd);
}

/* Nothing comes from a socket's own address: where no other is known, bytes come in on it, and go out on it. */
static void other_side(struct buf *b, const struct event *ev, uint32_t pid)
{
	const char *way = ev->kind == EV_WRITE || ev->kind == EV_SEND ? "to " : "from ";
	const struct addr *peer = ev->kind == EV_TRANSFER ? NULL : ev->peer;
	bool local = false, called = ev->kind != EV_TRANSFER && ev->file && ev->file->sock && !is_named(peer) &&
				     sock_called(ev->file->sock, &local);
	bool is_own = called && local;

	if (is_own && pid)
		buf_printf(b, "%spid %u ", way, pid);
	buf_puts(b, is_own ? "on " : way);
	object(b, ev, ev->file, peer, ev->fd);
	if (!is_own)
		add_other_end(b, pid);
}

void io_run_start(struct io_run *r, const struct event *ev)
{
	struct buf *b = &r->name;

	r->kind = (uint8_t)ev->kind;
	r->err = ev->err;
	r->fd = ev->fd;
	r->file = ev->file ? ev->file->id : 0;
	r->file2 = ev->file2 ? ev->file2->id : 0;
	r->pid = other_end(ev, ev->file);
	r->pid2 = other_end(ev, ev->file2);
	r->words = false;
	r->count = 0;
	r->spent_ns = 0;
	r->nr = ev->call ? (int)ev->call->nr : -1;
	r->nbytes = 0;
	r->first_ns = ev->ts_ns + ev->dur_ns;
	if ((r->has_peer = ev->peer != NULL))
		r->peer = *ev->peer;
	r->unfinished = is_unfinished(ev);
	r->forbidden = is_forbidden(ev);
	buf_reset(b);
	if (ev->target_pid) {	/* process_vm_readv, process_vm_writev */
		buf_printf(b, "memory of process %u", ev->target_pid);
		return;
	}
	other_side(b, ev, r->pid);
	if (ev->kind == EV_TRANSFER) {
		buf_puts(b, " to ");
		object(b, ev, ev->file2, NULL, ev->fd2);
		add_other_end(b, r->pid2);
	}
}

bool io_run_same(const struct io_run *r, const struct event *ev)
{
	return r->kind == ev->kind && !r->words && r->unfinished == is_unfinished(ev) &&
	       r->forbidden == is_forbidden(ev) && !ev->target_pid && r->err == ev->err &&
	       r->fd == ev->fd && r->file == (ev->file ? ev->file->id : 0) &&
	       r->file2 == (ev->file2 ? ev->file2->id : 0) && r->pid == other_end(ev, ev->file) &&
	       r->pid2 == other_end(ev, ev->file2) && r->has_peer == (ev->peer != NULL) &&
	       (!ev->peer || addr_same(&r->peer, ev->peer));
}

void line_spent(struct buf *b, uint64_t ns)
{
	buf_printf(b, " <%llu.%06llu>", (unsigned long long)(ns / 1000000000),
		   (unsigned long long)(ns / 1000 % 1000000));
}

void io_run_format(struct buf *b, const struct io_run *r)
{
	const struct event_info *info = event_info(r->kind);
	size_t n = strlen(info->verb);

	buf_putc(b, style_of(r->kind));
	buf_add(b, info->verb, n);
	buf_putc(b, STYLE_OFF);
	if (r->count > 1) {
		buf_putc(b, ' ');
		human_count(b, r->count);
		buf_puts(b, "×");
	}
	if (!r->err && !r->unfinished) {
		if (r->count > 1) {
			buf_putc(b, ' ');
			human_bytes(b, r->nbytes);
		} else {
			cell_bytes(b, r->nbytes, n < 5 ? 13 - (unsigned)n : 8);
		}
	}
	buf_putc(b, ' ');
	buf_add(b, r->name.s, r->name.len);
	if (r->err)
		line_error(b, r->err);
	if (r->unfinished)
		line_unfinished(b, r->forbidden);
}

void words_run_start(struct io_run *r, const struct event *ev, const struct buf *words)
{
	r->kind = (uint8_t)ev->kind;
	r->words = true;
	r->timed = line_is_timed(ev);
	r->count = r->nbytes = r->spent_ns = 0;
	r->nr = ev->call ? (int)ev->call->nr : -1;
	r->first_ns = ev->ts_ns + ev->dur_ns;
	buf_reset(&r->name);
	buf_add(&r->name, words->s, words->len);
}

bool words_run_same(const struct io_run *r, const struct event *ev, const struct buf *words)
{
	return r->words && r->kind == ev->kind && r->timed == line_is_timed(ev) && r->name.len == words->len &&
	       !memcmp(r->name.s, words->s, words->len);
}

void words_run_format(struct buf *b, const struct io_run *r)
{
	buf_add(b, r->name.s, r->name.len);
	if (r->count > 1) {
		buf_putc(b, ' ');
		human_count(b, r->count);
		buf_puts(b, "×");
	}
	if (r->timed) {
		buf_puts(b, r->count > 1 ? ", " : " after ");
		human_ns(b, r->spent_ns);
		buf_puts(b, r->count > 1 ? " in all" : "");
	}
}
