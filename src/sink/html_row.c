/* SPDX-License-Identifier: MIT */
/* One event as one row of the report. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "analyze/totals.h"
#include "base/macro.h"
#include "decode/call.h"
#include "model/model.h"
#include "sink/html.h"
#include "sink/kernel.h"
#include "sink/value.h"

/* Distinct argument strings are kept up to this many bytes; what comes after has none, and the report says so. */
enum { ARG_BYTES_MAX = 128 << 20, ARG_LEN_MAX = 4096 };

/* Codes for what is no errno, or an errno that is no failure: ERESTARTSYS, the EINVAL of readlink on a plain file. */
static unsigned special_code(struct html *h, int err)
{
	unsigned i = 0;

	while (i + 1 < ARRAY_SIZE(h->internal_errs) && h->internal_errs[i] && h->internal_errs[i] != err)
		i++;	/* the last one is shared should there be more */
	h->internal_errs[i] = err;
	return ERR_FIRST_INTERNAL + i;
}

/* The errno is the answer that was asked for: no terminal, no link, not yet.  Red is for what failed. */
static bool is_answer(const struct event *ev, int err)
{
	static const struct { int err; const char *call; } answers[] = {
		{ ENOTTY, "ioctl" }, { ESPIPE, "lseek" }, { ETIMEDOUT, "futex" }, { ETIMEDOUT, "restart_syscall" },
	};

	if (ev->kind == EV_LOOKUP)
		return !totals_failed_lookup(ev);
	for (unsigned i = 0; ev->call && ev->call->spec->name && i < ARRAY_SIZE(answers); i++)
		if (answers[i].err == err && !strcmp(ev->call->spec->name, answers[i].call))
			return true;
	return false;
}

static uint8_t error_code(struct html *h, const struct event *ev)
{
	const struct call *c = ev->call;
	int err = c ? c->err : ev->err;
	unsigned code = 0;

	if (c && c->spec->ret == RET_NEVER) {
		code = 0;
	} else if (c && c->unfinished) {
		code = ERR_UNFINISHED;
	} else if (c && c->no_exit) {
		code = ERR_NO_RESULT;
	} else if (err >= ERR_FIRST_INTERNAL || (err && is_answer(ev, err))) {
		code = special_code(h, err);
	} else if (err > 0) {
		code = (unsigned)err;
	}
	h->errs[code] = true;
	return (uint8_t)code;
}

/* A call that would have had to wait, is still under way or will be restarted did not fail. */
bool html_is_error(uint8_t code)
{
	return code && code < ERR_FIRST_INTERNAL && code != EAGAIN && code != EINPROGRESS;
}

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
		buf_add(b, ev->path, ev->path_len);
	} else if (ev->kind == EV_MMAP && ev->file) {
		buf_putc(b, ' ');
		file_name(b, ev->file);
	}
}

static void add_status(struct buf *b, int status)
{
	if (WIFSIGNALED(status))
		buf_puts(b, signal_name(WTERMSIG(status)));
	else if (status >= 0)
		buf_printf(b, "exit %d", WEXITSTATUS(status));
}

static uint32_t peer_string(struct html *h, const struct addr *a)
{
	buf_reset(&h->tmp);
	addr_format(&h->tmp, a);
	return html_string(h, h->tmp.s, h->tmp.len);
}

/* A call by a name that could not be read. */
static bool name_missing(const struct event *ev)
{
	int arg = ev->call ? spec_find_arg(ev->call->spec, ARG_PATH, 0) : -1;

	return arg >= 0 && ev->call->args[arg].fault && !ev->call->args[arg].len;
}

static uint32_t object(struct html *h, const struct event *ev, const struct html_file *file)
{
	struct buf *b = &h->tmp;

	switch (ev->kind) {
	case EV_MMAP: case EV_MUNMAP: case EV_MREMAP: case EV_MPROTECT: case EV_MADVISE: case EV_BRK:
		if (!ev->nbytes || ev->err)
			return 0;
		buf_reset(b);
		add_region(b, ev);
		return html_string(h, b->s, b->len);
	case EV_SIGNAL: case EV_KILL: case EV_STOP: case EV_CONT: {
		const char *name = signal_name(ev->signo);

		return html_string(h, name, strlen(name));
	}
	case EV_EXIT:
		buf_reset(b);
		add_status(b, ev->status);
		return html_string(h, b->s, b->len);
	case EV_SCHED: case EV_BLOCK: case EV_FAULT:
		buf_reset(b);
		kernel_words(b, ev);
		return html_string(h, b->s, b->len);
	case EV_LOST:
		return html_string(h, ev->text, ev->text_len);
	case EV_SEND: case EV_RECV: case EV_PEEK: case EV_CONNECT: case EV_CONNECTED: case EV_CONNECT_FAILED: case EV_ACCEPT: case EV_BIND:
		if (ev->peer)
			return peer_string(h, ev->peer);
		if (file && file->peer)
			return file->peer;
		break;
	default:
		break;
	}
	if (ev->path_len)
		return html_string(h, ev->path, ev->path_len);
	if (ev->raw_len && !file_is_found(ev->file))	/* could not be resolved */
		return html_string(h, ev->raw, ev->raw_len);
	if (!file && name_missing(ev))
		return html_string(h, NAME_UNREADABLE, sizeof(NAME_UNREADABLE) - 1);
	return file ? file->name : 0;
}

static uint32_t arguments(struct html *h, const struct event *ev)
{
	struct buf *b = &h->tmp;

	if (!ev->call)
		return 0;
	buf_reset(b);
	call_format_args(b, ev, VALUE_NO_DATA | VALUE_COLUMNS);
	if (b->len > ARG_LEN_MAX) {
		b->len = ARG_LEN_MAX;
		buf_puts(b, "…");
	}
	if (h->arg_bytes > ARG_BYTES_MAX) {
		h->args_dropped++;
		return 0;
	}
	uint32_t before = h->nstrings, id = html_string(h, b->s, b->len);

	if (h->nstrings != before)
		h->arg_bytes += b->len;
	return id;
}

static int64_t number(struct html *h, const struct event *ev, int32_t lane)
{
	switch (ev->kind) {
	case EV_CALL:	/* the new task was reported before the call returned */
		if (ev->call->spec->effect == FX_CLONE && !ev->call->err && lane >= 0)
			return ((const struct html_task *)table_row(&h->tasks, (uint32_t)lane))->last_child;
		return 0;
	case EV_DUP: return ev->fd2;
	case EV_MMAP: return ev->err ? 0 : (int64_t)ev->nbytes;
	case EV_MUNMAP: return ev->err ? 0 : -(int64_t)ev->nbytes;
	case EV_MREMAP: case EV_BRK: return ev->delta;
	/* the new name; which of two that change places it is, only the arguments say */
	case EV_RENAME: case EV_LINK: return ev->kind == EV_RENAME && ev->flags & RENAME_EXCHANGE ? 0 : html_string(h, ev->path2, ev->path2_len);
	case EV_TRANSFER: return ev->file2 ? ev->file2->id : 0;
	case EV_SEND: case EV_RECV:
		return !ev->call || ev->call->spec->effect == FX_SENDMMSG || ev->call->spec->effect == FX_RECVMMSG ? (int64_t)ev->nbytes : 0;
	case EV_READ: case EV_WRITE: return ev->call ? 0 : (int64_t)ev->nbytes;	/* asynchronous: no call that returned it */
	case EV_FORK: case EV_THREAD: return html_lane(h, ev->child) + 1;
	case EV_WAIT: case EV_KILL: return html_lane_of_proc(h, ev->target_proc) + 1;
	case EV_EXIT: return ev->status;
	case EV_SIGNAL: case EV_STOP: case EV_CONT: return ev->signo;
	case EV_LOST: return (int64_t)ev->count;
	case EV_BLOCK: return ev->item->block->op == BLOCK_READ ? (int64_t)ev->nbytes : ev->item->block->op == BLOCK_WRITE ? -(int64_t)ev->nbytes : 0;
	case EV_FAULT: return ev->item->head->flags & FAULT_MAJOR ? 1 : 0;
	default: return 0;
	}
}

/* Calls the model does nothing with (fadvise64, ioctl) are about a descriptor all the same. */
static void find_subject(struct event *ev)
{
	int arg = ev->call && ev->fd < 0 && !ev->file ? spec_find_arg(ev->call->spec, ARG_FD, 0) : -1;

	if (arg < 0 || !ev->task)
		return;
	ev->file = task_file(ev->task, (int)ev->call->args[arg].word);
	if (ev->file)
		ev->fd = (int)ev->call->args[arg].word;
}

void html_row_of(struct html *h, const struct event *event, struct html_row *ret_row)
{
	struct event copy = *event, *ev = &copy;
	int32_t lane = html_lane(h, ev->task);

	find_subject(ev);
	const struct html_file *file = html_file_row(h, ev->file, ev);
	struct html_row row = { .start = html_time(h, ev->ts_ns), .dur = ev->dur_ns, .lane = lane < 0 ? 0 : (uint32_t)lane,
				.type = html_type_of(h, ev), .err = error_code(h, ev), .file = file ? ev->file->id : 0, .fd = ev->fd };

	/* it is reported when tracing of the task ends: until then it ran */
	if (ev->call && ev->call->unfinished && !row.dur && ev->call->spec->ret != RET_NEVER)
		row.dur = h->last_ns - MIN(h->last_ns, row.start);
	row.obj = object(h, ev, file);
	row.arg = arguments(h, ev);
	row.val = number(h, ev, lane);
	if (!row.err && ev->call)
		row.ret = ev->call->ret;
	if (ev->file2)
		html_file_row(h, ev->file2, ev);
	row.conn = html_conn_of(h, ev);
	*ret_row = row;
}
