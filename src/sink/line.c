/* SPDX-License-Identifier: MIT */
#include "sink/ended.h"
#include "sink/line_part.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "abi/spec.h"
#include "analyze/totals.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "model/model.h"
#include "record/record.h"
#include "sink/cell.h"
#include "sink/out.h"
#include "sink/sink.h"
#include "sink/totals_words.h"
#include "sink/value.h"

static void hex(struct buf *b, uint64_t v, unsigned min)
{
	char tmp[16];
	unsigned i = sizeof(tmp);

	do {
		tmp[--i] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v || sizeof(tmp) - i < min);
	buf_add(b, tmp + i, sizeof(tmp) - i);
}

struct line_who line_who(const struct sink_options *opt, const struct task *t)
{
	struct line_who w = { .named = opt->show_comm };

	if (!t || !(opt->show_comm || opt->totals->ntasks > 1))
		return w;
	w.tid = t->tid;
	if (opt->totals->nhosts > 1 && t->proc->host)
		w.host = &opt->totals->hosts[t->proc->host - 1];
	if (w.named) {
		w.len = (uint8_t)MIN(t->comm.len, (uint32_t)sizeof(w.comm));
		memcpy(w.comm, t->comm.s ? t->comm.s : "", w.len);
	}
	return w;
}

void line_whose(struct buf *b, const struct line_who *who)
{
	if (!who->tid)
		return;
	buf_add(b, " [", 2);
	if (who->host) {
		text_safe(b, who->host->s, who->host->len);
		buf_putc(b, ' ');
	}
	buf_u64(b, who->tid);
	if (who->named) {
		buf_putc(b, '<');
		text_safe(b, who->comm, who->len);
		buf_putc(b, '>');
	}
	buf_putc(b, ']');
}

void line_begin(struct buf *b, uint64_t since_start_ns, const struct line_who *who)
{
	static const char begin[3] = { STYLE_DIM, '[', '+' };
	uint64_t ms = since_start_ns / 1000000;
	unsigned part = (unsigned)(ms % 1000);
	char end[6] = {
		'.', (char)('0' + part / 100), (char)('0' + part / 10 % 10), (char)('0' + part % 10), 's', ']'
	};

	buf_add(b, begin, sizeof(begin));
	buf_u64(b, ms / 1000);
	buf_add(b, end, sizeof(end));
	line_whose(b, who);
	buf_putc(b, STYLE_OFF);
	buf_putc(b, ' ');
}

static void path(struct buf *b, const struct event *ev)
{
	if (ev->path_len)
		line_name(b, ev->path, ev->path_len);
	else if (ev->raw_len && !file_is_found(ev->file))
		line_name(b, ev->raw, ev->raw_len);
	else if (ev->file)
		line_file(b, ev->file);
	else if (ev->fd >= 0)
		buf_printf(b, "fd %d", ev->fd);
	else if (ev->raw)
		buf_puts(b, "\"\"");
	else
		buf_puts(b, NAME_UNREADABLE);
}

/* ---- by kind ---- */

static void basename_of(const char *s, uint32_t len, const char **ret_s, uint32_t *ret_len)
{
	const char *slash = s ? memrchr(s, '/', len) : NULL;

	*ret_s = slash ? slash + 1 : s;
	*ret_len = slash ? (uint32_t)(len - (slash + 1 - s)) : len;
}

static void line_exec(struct buf *b, const struct event *ev)
{
	const struct proc *p = ev->task->proc;
	const char *base;
	uint32_t len;

	basename_of(ev->path ? ev->path : ev->raw, ev->path ? ev->path_len : ev->raw_len, &base, &len);
	if (!len && p) {
		base = p->comm.s;
		len = p->comm.len;
	}
	buf_puts(b, "─── ");
	line_name(b, base, len);
	buf_puts(b, " exec ───");
	buf_putc(b, STYLE_OFF);
	if (p && p->argc > 1) {
		buf_putc(b, ' ');
		buf_putc(b, STYLE_DIM);
		argv_format(b, p->argv, p->argc, p->argc_all, 200);
		buf_putc(b, STYLE_OFF);
	}
}

static void line_exec_failed(struct buf *b, const struct event *ev)
{
	buf_putc(b, ' ');
	path(b, ev);
	line_error(b, ev->err);
}

static void line_child(struct buf *b, const struct event *ev)
{
	if (ev->child) {
		buf_puts(b, " → ");
		buf_u64(b, ev->child->tid);
	}
}

static void line_exit(struct buf *b, const struct event *ev) { ended_status(b, ev->status); }

static void line_attach(struct buf *b, const struct event *ev)
{
	const struct task *t = ev->task;

	buf_puts(b, t->is_thread ? " thread " : " process ");
	buf_u64(b, t->tid);
	if (t->comm.len) {
		buf_putc(b, ' ');
		text_safe(b, t->comm.s, t->comm.len);
	}
}

static void line_open(struct buf *b, const struct event *ev)
{
	static const struct { unsigned mask; const char *word; } words[] = {
		{ O_CREAT, "create" }, { O_EXCL, "exclusive" }, { O_TRUNC, "truncate" }, { O_APPEND, "append" },
	};
	static const char *const modes[] = { "read", "write", "read/write", "no access" };

	buf_putc(b, ' ');
	path(b, ev);
	buf_puts(b, " (");
	if (ev->flags & O_PATH) {
		buf_puts(b, "path only");
	} else {
		buf_puts(b, modes[ev->flags & O_ACCMODE]);
		if ((ev->flags & O_TMPFILE) == O_TMPFILE)
			buf_puts(b, ", temporary");
		else if (ev->flags & O_DIRECTORY)
			buf_puts(b, ", directory");
		for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
			if (ev->flags & words[i].mask) {
				buf_puts(b, ", ");
				buf_puts(b, words[i].word);
			}
	}
	buf_putc(b, ')');
}

static void line_path(struct buf *b, const struct event *ev)
{
	buf_putc(b, ' ');
	path(b, ev);
	if (ev->path2_len) {
		buf_puts(b, " → ");
		line_name(b, ev->path2, ev->path2_len);
	}
}

static void line_sized_path(struct buf *b, const struct event *ev)
{
	line_path(b, ev);
	buf_puts(b, " (");
	human_bytes(b, ev->nbytes);
	buf_putc(b, ')');
}

static void line_socket(struct buf *b, const struct event *ev)
{
	const struct sock *s = ev->file ? ev->file->sock : NULL;
	const struct addr *peer = ev->peer ? ev->peer : s && s->now.has_peer ? &s->now.peer : NULL;
	const struct addr *local = s && s->has_local ? &s->local : NULL;

	buf_putc(b, ' ');
	buf_puts(b, s ? sock_proto_name(s) : "socket");
	if (ev->kind == EV_CONNECT || ev->kind == EV_CONNECTED || ev->kind == EV_CONNECT_FAILED) {
		buf_puts(b, " → ");
		if (peer)
			line_address(b, peer);
		else
			buf_putc(b, '?');
	} else if (ev->kind == EV_ACCEPT) {
		if (peer && (peer->len || peer->port)) {
			buf_puts(b, " ← ");
			line_address(b, peer);
		}
		if (local) {
			buf_puts(b, " on ");
			line_address(b, local);
		}
	} else if (local) {
		buf_putc(b, ' ');
		line_address(b, local);
	} else if (ev->peer) {
		buf_putc(b, ' ');
		line_address(b, ev->peer);
	}
}

static void line_memory(struct buf *b, const struct event *ev)
{
	buf_putc(b, ' ');
	if (ev->kind == EV_MMAP && ev->err) {	/* no address: it did not come about */
		cell_bytes(b, ev->nbytes, 8);
	} else {
		hex(b, ev->addr, 12);
		buf_putc(b, '-');
		hex(b, ev->addr + ev->nbytes, 12);
		if (ev->kind == EV_MMAP || ev->kind == EV_MPROTECT) {
			buf_putc(b, ' ');
			buf_putc(b, ev->prot & PROT_READ ? 'r' : '-');
			buf_putc(b, ev->prot & PROT_WRITE ? 'w' : '-');
			buf_putc(b, ev->prot & PROT_EXEC ? 'x' : '-');
		}
		cell_bytes(b, ev->nbytes, 9);
	}
	buf_putc(b, ' ');
	if (ev->file && ev->kind == EV_MMAP)
		line_file(b, ev->file);
	else if (ev->path_len)
		line_name(b, ev->path, ev->path_len);
	else if (ev->kind == EV_MMAP)
		buf_puts(b, ev->flags & MAP_STACK ? "stack" : "anon");
	else
		b->len--;
	if (ev->kind == EV_MMAP && (ev->flags & MAP_SHARED))
		buf_puts(b, " shared");
}

static void line_brk(struct buf *b, const struct event *ev)
{
	buf_puts(b, " heap ");
	buf_putc(b, ev->delta < 0 ? '-' : '+');
	human_bytes(b, (uint64_t)(ev->delta < 0 ? -ev->delta : ev->delta));
}

static void line_signal(struct buf *b, const struct event *ev)
{
	buf_putc(b, ' ');
	buf_puts(b, signal_name(ev->signo));
	if (ev->sender_pid)
		buf_printf(b, " from pid %u", ev->sender_pid);
	else if (ev->sender_ns_pid)
		buf_printf(b, " from pid %u in its pid namespace", ev->sender_ns_pid);
	else if (ev->sender_outside)
		buf_puts(b, " from outside its pid namespace");
	else if (ev->sigcode > 0 && ev->sigcode != SI_KERNEL &&
		 (ev->signo == SIGSEGV || ev->signo == SIGBUS || ev->signo == SIGFPE || ev->signo == SIGILL))
		buf_printf(b, " at 0x%llx", (unsigned long long)ev->addr);
	if (ev->flags & SIGNAL_IGNORED)
		buf_puts(b, " (ignored)");
}

static void line_kill(struct buf *b, const struct event *ev)
{
	buf_putc(b, ' ');
	if (ev->signo)
		buf_puts(b, signal_name(ev->signo));
	else
		buf_puts(b, "0 (existence check)");
	if (ev->target_pid)
		buf_printf(b, " → %u", ev->target_pid);
}

static void line_stop(struct buf *b, const struct event *ev)
{
	if (ev->signo) {
		buf_puts(b, " by ");
		buf_puts(b, signal_name(ev->signo));
	}
}

static void line_lost(struct buf *b, const struct event *ev)
{
	buf_putc(b, ' ');
	buf_u64(b, ev->count);
	buf_puts(b, ev->count == 1 ? " record" : " records");
	if (ev->text_len) {
		buf_puts(b, ": ");
		text_safe(b, ev->text, ev->text_len);
	}
}

static void (*const formats[_EV_MAX])(struct buf *, const struct event *) = {
	[EV_EXEC] = line_exec, [EV_EXEC_FAILED] = line_exec_failed, [EV_FORK] = line_child, [EV_THREAD] = line_child,
	[EV_EXIT] = line_exit, [EV_ATTACH] = line_attach, [EV_DETACH] = line_attach, [EV_OPEN] = line_open,
	[EV_TRUNCATE] = line_sized_path, [EV_FALLOCATE] = line_sized_path,
	[EV_SOCKET] = line_socket, [EV_CONNECT] = line_socket, [EV_CONNECTED] = line_socket, [EV_CONNECT_FAILED] = line_socket, [EV_ACCEPT] = line_socket,
	[EV_BIND] = line_socket, [EV_LISTEN] = line_socket, [EV_SHUTDOWN] = line_socket,
	[EV_MMAP] = line_memory, [EV_MUNMAP] = line_memory, [EV_MREMAP] = line_memory, [EV_MPROTECT] = line_memory,
	[EV_MADVISE] = line_memory, [EV_BRK] = line_brk, [EV_SIGNAL] = line_signal, [EV_KILL] = line_kill,
	[EV_STOP] = line_stop, [EV_CONT] = line_stop, [EV_LOST] = line_lost,
};

/* A lookup is worded by what was asked. */
static const char *lookup_verb(const struct event *ev)
{
	static const struct { const char *call, *verb; } verbs[] = {
		{ "newfstatat", "stat" }, { "statx", "stat" }, { "lstat", "stat" }, { "stat64", "stat" }, { "lstat64", "stat" },
		{ "fstatat64", "stat" }, { "faccessat", "access" }, { "faccessat2", "access" }, { "readlinkat", "readlink" },
		{ "execveat", "exec check" },
	};
	const char *name = ev->call ? ev->call->spec->name : NULL;

	if (!name)
		return event_info(ev->kind)->verb;
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(name, verbs[i].call))
			return verbs[i].verb;
	return name;
}

/* Most of what fallocate(2) can do allocates nothing. */
static const char *fallocate_verb(const struct event *ev)
{
	static const struct { uint32_t mode; const char *verb; } verbs[] = {
		{ FALLOC_FL_PUNCH_HOLE, "punch hole in" }, { FALLOC_FL_COLLAPSE_RANGE, "cut out of" },
		{ FALLOC_FL_ZERO_RANGE, "zero" }, { FALLOC_FL_INSERT_RANGE, "insert into" },
		{ FALLOC_FL_UNSHARE_RANGE, "unshare" }, { 0x80 /* FALLOC_FL_WRITE_ZEROES, Linux 6.17 */, "zero" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		if (ev->flags & verbs[i].mode)
			return verbs[i].verb;
	return event_info(ev->kind)->verb;
}

const char *line_verb(const struct event *ev)
{
	const struct event_info *info = event_info(ev->kind);

	return ev->kind == EV_LOOKUP	? lookup_verb(ev) :
	       ev->kind == EV_FALLOCATE ? fallocate_verb(ev) :
	       info->verb		? info->verb :
					  info->name;
}

void line_event(struct buf *b, const struct event *ev)
{
	bool own_words = ev->kind == EV_EXEC || ev->kind == EV_EXIT;

	if (ev->kind == EV_WAITING) {
		line_waiting(b, ev);
		return;
	}

	buf_putc(b, style_of(ev->kind));
	if (!own_words) {
		buf_puts(b, line_verb(ev));
		buf_putc(b, STYLE_OFF);
	}
	if (formats[ev->kind])
		formats[ev->kind](b, ev);
	else
		line_path(b, ev);
	if (own_words)
		buf_putc(b, STYLE_OFF);
	if (ev->call && ev->call->unfinished)
		line_unfinished(b, ev->call->forbidden);
	if (ev->err == EINPROGRESS)
		buf_puts(b, " in progress");
	else if (ev->err && ev->kind != EV_EXEC_FAILED)
		line_error(b, ev->err);
}

bool line_is_timed(const struct event *ev)
{
	return ev->kind == EV_CONNECTED || ev->kind == EV_CONNECT_FAILED ||
	       (ev->kind == EV_CONNECT && ev->err && ev->err != EINPROGRESS);
}
