/* SPDX-License-Identifier: MIT */
#include "sink/object.h"

#include <string.h>
#include <sys/mman.h>

#include "analyze/futex.h"
#include "base/buf.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/ended.h"
#include "sink/kernel.h"
#include "sink/words.h"

static void add_region(struct buf *b, const struct event *ev)
{
	buf_hex(b, ev->addr);
	buf_putc(b, '-');
	buf_hex(b, ev->addr + ev->nbytes);
	if (ev->kind == EV_MMAP || ev->kind == EV_MPROTECT) {
		buf_putc(b, ' ');
		buf_putc(b, ev->prot & PROT_READ ? 'r' : '-');
		buf_putc(b, ev->prot & PROT_WRITE ? 'w' : '-');
		buf_putc(b, ev->prot & PROT_EXEC ? 'x' : '-');
	}
	if (ev->path_len) {
		buf_putc(b, ' ');
		path_name(b, ev->path, ev->path_len);
	} else if (ev->kind == EV_MMAP && ev->file) {
		buf_putc(b, ' ');
		file_name(b, ev->file);
	}
}

/* A call by a name that could not be read. */
static bool name_missing(const struct event *ev)
{
	int arg = ev->call ? spec_find_arg(ev->call->spec, ARG_PATH, 0) : -1;

	return arg >= 0 && ev->call->args[arg].fault && !ev->call->args[arg].len;
}

static struct object text(const char *s, size_t n)
{
	return (struct object){n ? OBJECT_TEXT : OBJECT_NONE, s, n};
}

/* Of a file, by name or by what its descriptor is called. */
static struct object of_file(const struct event *ev, bool has_file, struct buf *b)
{
	if (ev->path_len && name_is_outside(ev->path, ev->path_len)) {
		path_name(b, ev->path, ev->path_len);
		return text(b->s, b->len);
	}
	if (ev->path_len)
		return text(ev->path, ev->path_len);
	if (ev->raw_len && !file_is_found(ev->file)) /* could not be resolved */
		return text(ev->raw, ev->raw_len);
	if (!has_file && name_missing(ev))
		return text(NAME_UNREADABLE, sizeof(NAME_UNREADABLE) - 1);
	return (struct object){has_file ? OBJECT_FILE : OBJECT_NONE, NULL, 0};
}

const struct file *event_waits_for(const struct event *ev)
{
	return ev->nwaited && (ev->nwaited == 1 || !ev->timed_out) ? ev->waited[0].file : NULL;
}

/* As other events of it have it: a socket is its peer. */
static struct object of_waited(const struct file *f, struct buf *b)
{
	if (f->sock && f->sock->now.has_peer)
		addr_format(b, &f->sock->now.peer);
	else
		file_name(b, f);
	return text(b->s, b->len);
}

struct object event_object(const struct event *ev, bool has_file, bool has_peer, struct buf *b)
{
	const char *name;

	buf_reset(b);
	switch (ev->kind) {
	case EV_MMAP:
	case EV_MUNMAP:
	case EV_MREMAP:
	case EV_MPROTECT:
	case EV_MADVISE:
	case EV_BRK:
		if (ev->nbytes && !ev->err)
			add_region(b, ev);
		break;
	case EV_SIGNAL:
	case EV_KILL:
	case EV_STOP:
	case EV_CONT:
		name = signal_name(ev->signo);
		return text(name, strlen(name));
	case EV_EXIT:
		ended_briefly(b, ev->status);
		break;
	case EV_SCHED:
	case EV_BLOCK:
	case EV_FAULT:
		kernel_words(b, ev);
		break;
	case EV_FUTEX:
		buf_printf(b, "futex 0x%llx", (unsigned long long)futex_use(ev->call).addr);
		break;
	case EV_LOST:
		return text(ev->text, ev->text_len);
	case EV_SEND:
	case EV_RECV:
	case EV_PEEK:
	case EV_CONNECT:
	case EV_CONNECTED:
	case EV_CONNECT_FAILED:
	case EV_ACCEPT:
	case EV_BIND:
		if (!ev->peer)
			return has_peer ? (struct object){OBJECT_PEER, NULL, 0} : of_file(ev, has_file, b);
		addr_format(b, ev->peer);
		break;
	default:
		if (event_waits_for(ev))
			return of_waited(event_waits_for(ev), b);
		return of_file(ev, has_file, b);
	}
	return text(b->s, b->len);
}
