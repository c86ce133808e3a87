/* SPDX-License-Identifier: MIT */
/* Calls as text: names, arguments, results. */
#include "sink/value.h"

#include <string.h>

#include "base/buf.h"
#include "decode/call.h"
#include "event/event.h"

void call_format_name(struct buf *b, const struct call *call)
{
	if (call->arch == ARCH_I386)
		buf_puts(b, "[i386] ");
	else if (call->arch == ARCH_X32)
		buf_puts(b, "[x32] ");
	if (call->spec->name) {
		buf_puts(b, call->spec->name);
	} else {
		buf_puts(b, "syscall_");
		buf_u64(b, call->nr);
	}
}

/* Calls that differ only there share one string of arguments. */
static bool add_placeholder(struct buf *b, const struct event *ev, unsigned arg, bool *path_used)
{
	const struct value *v = &ev->call->args[arg];

	switch (v->spec->type) {
	case ARG_FD: case ARG_DIRFD:
		if (ev->fd < 0 || (int32_t)v->word != ev->fd || !ev->file)
			return false;
		buf_puts(b, "\x01" "f");
		return true;
	case ARG_SIZE:		/* all that was asked for */
		if (ev->call->spec->ret != RET_SIZE || ev->call->err || ev->call->no_exit || ev->call->unfinished ||
		    v->word != (uint64_t)ev->call->ret)
			return false;
		buf_puts(b, "\x01r");
		return true;
	case ARG_PATH:
		/* as the program gave it, also where that is relative or empty: only the object's own name is spared */
		if (*path_used || !ev->path_len || !v->bytes || v->trunc || v->len != ev->path_len ||
		    memcmp(v->bytes, ev->path, v->len) != 0)
			return false;
		*path_used = true;
		buf_puts(b, "\x01o");
		return true;
	default:
		return false;
	}
}

void call_format_args(struct buf *b, const struct event *ev, unsigned flags)
{
	const struct call *call = ev->call;
	bool path_used = false;

	for (unsigned i = 0, n = 0; i < call->nargs; i++) {
		if (call->args[i].spec->type == ARG_HOLE)
			continue;
		if (n++)
			buf_puts(b, ", ");
		if (!(flags & VALUE_COLUMNS) || !add_placeholder(b, ev, i, &path_used))
			value_format(b, ev, i, flags);
	}
}

void call_format_result(struct buf *b, const struct event *ev, unsigned flags)
{
	const struct call *call = ev->call;
	const char *name;

	if (call->no_exit || call->unfinished) {
		buf_putc(b, '?');
		if (call->unfinished)
			buf_puts(b, call->forbidden ? " <SIGSYS by seccomp>" : " <unfinished>");
		return;
	}
	if (call->err) {
		name = errno_name(call->err);
		buf_puts(b, call->restarted ? "? " : "-1 ");
		if (name)
			buf_puts(b, name);
		else
			buf_u64(b, (unsigned)call->err);
		buf_puts(b, " (");
		buf_puts(b, errno_text(call->err));
		buf_putc(b, ')');
		return;
	}
	if (call->spec->ret == RET_FOREIGN)
		buf_puts(b, "a probe of another tracer");
	else if (call->spec->ret == RET_NEVER)
		buf_putc(b, '?');
	else
		value_format_result(b, ev, flags);
}
