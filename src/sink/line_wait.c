/* SPDX-License-Identifier: MIT */
/* Lines of calls that go on: found at the start, still under way at the end, and in between. */
#include <string.h>

#include "abi/spec.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "model/model.h"
#include "record/record.h"
#include "sink/line_part.h"
#include "sink/out.h"
#include "sink/value.h"

static void so_far(struct buf *b, uint64_t ns)
{
	if (!ns)
		return;
	buf_puts(b, ", ");
	human_ns(b, ns);
	buf_puts(b, " so far");
}

static void call_words(struct buf *b, const struct event *ev)
{
	call_format_name(b, ev->call);
	buf_putc(b, '(');
	call_format_args(b, ev, 0);
	buf_putc(b, ')');
}

/* The descriptors that a poll, a select or an epoll_wait is for. */
static void waits_for(struct buf *b, const struct event *ev)
{
	enum { SHOWN = 8 };
	const struct part *p = parts_find(ev->item->parts, ev->item->nparts, -1, PART_FDS, 0);
	unsigned n = p ? p->len / (unsigned)sizeof(rec_i32) : 0;
	rec_i32 fd;

	for (unsigned i = 0; i < MIN(n, (unsigned)SHOWN); i++) {
		memcpy(&fd, p->bytes + i * sizeof(fd), sizeof(fd));
		buf_puts(b, i ? ", " : " for ");
		value_format_fd(b, fd, task_file(ev->task, fd), 0);
	}
	if (n > SHOWN || (p && p->flags & CHUNK_TRUNC))
		buf_puts(b, ", …");
}

void line_waiting(struct buf *b, const struct event *ev)
{
	const struct record_waiting *r = ev->item->waiting;
	bool stopped = r->h.flags & WAITING_STOPPED;

	buf_putc(b, style_of(EV_WAITING));
	buf_puts(b, r->how == WAITING_RUNS ? "running" : stopped ? "stopped in" : "waiting in");
	buf_putc(b, STYLE_OFF);
	if (ev->call) {
		buf_putc(b, ' ');
		call_words(b, ev);
		waits_for(b, ev);
	} else if (r->how == WAITING_RUNS) {
		buf_puts(b, ", outside any call");
	} else {
		buf_puts(b, stopped ? " no system call" : " the kernel, outside any call: a page fault");
	}
	if (ev->text_len) {
		buf_puts(b, ev->call ? ", held by " : " (");
		text_safe(b, ev->text, ev->text_len);
		buf_puts(b, ev->call ? "" : ")");
	}
	so_far(b, ev->before_ns);
}

/* The first argument that names something: a path before a descriptor, a descriptor before an address. */
static int argument_of(const struct call *c, enum arg_type type)
{
	for (unsigned i = 0; i < c->nargs; i++)
		if (c->args[i].spec->type == type)
			return (int)i;
	return -1;
}

void line_blocked(struct buf *b, const struct event *ev)
{
	static const enum arg_type types[] = { ARG_PATH, ARG_SOCKADDR_IN, ARG_FD, ARG_DIRFD };
	const struct call *c = ev->call;
	int arg = -1;

	buf_puts(b, "waiting ");
	human_seconds(b, ev->before_ns);
	buf_puts(b, " in ");
	call_format_name(b, c);
	for (unsigned i = 0; i < ARRAY_SIZE(types) && arg < 0; i++)
		arg = argument_of(c, types[i]);
	if (arg >= 0) {
		const struct value *v = &c->args[arg];
		const struct file *f = v->spec->type == ARG_FD ? task_file(ev->task, (int)v->word) : NULL;

		buf_putc(b, ' ');
		if (v->spec->type == ARG_PATH && v->bytes)
			text_safe(b, v->bytes, v->len);
		else if (f)
			file_format(b, f);
		else
			value_format(b, ev, (unsigned)arg, 0);
	}
	waits_for(b, ev);
	if (ev->item->waiting && ev->text_len) {
		buf_puts(b, ", held by ");
		text_safe(b, ev->text, ev->text_len);
	}
}

void line_call(struct buf *b, const struct event *ev)
{
	const struct call *c = ev->call;

	buf_putc(b, style_of(ev->kind));
	if (c->running)
		buf_puts(b, "still in ");
	call_words(b, ev);
	buf_putc(b, STYLE_OFF);
	if (c->running) {
		so_far(b, ev->before_ns + ev->dur_ns);
		return;
	}
	buf_puts(b, " = ");
	call_format_result(b, ev, 0);
	buf_puts(b, " after ");
	human_ns(b, ev->before_ns + ev->dur_ns);
}
