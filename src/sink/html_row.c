/* SPDX-License-Identifier: MIT */
/* One event as one row of the report. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
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

static uint8_t error_code(struct html *h, const struct row *row)
{
	int err = (int)row_u(row, ROW_EVENT_ERRNO);
	enum row_outcome outcome = row_outcome(row->event);
	unsigned code = 0;

	if (outcome == ROW_UNFINISHED)
		code = ERR_UNFINISHED;
	else if (outcome == ROW_UNKNOWN)
		code = ERR_NO_RESULT;
	else if (err >= ERR_FIRST_INTERNAL || outcome == ROW_ANSWER)
		code = special_code(h, err);
	else
		code = (unsigned)err;
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
	case EV_SEND:
	case EV_RECV:
	case EV_PEEK:
	case EV_CONNECT:
	case EV_CONNECTED:
	case EV_CONNECT_FAILED:
	case EV_ACCEPT:
	case EV_BIND:
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

static int64_t as_value(struct html *h, const struct row *row, unsigned field)
{
	const struct row_field *f = &row_tables[TABLE_EVENT].fields[field];
	const struct cell *c = &row->cells[field];

	if (f->type == ROW_STRING)
		return html_string(h, c->s, c->n);
	if (f->type != ROW_ID || f->table == TABLE_FILE)
		return c->i;
	return (f->table == TABLE_THREAD ? html_lane(h, c->u) : html_lane_of_proc(h, c->u)) + 1;
}

/* The column `val`: the one field of those that go there that this row has (docs/report-format.md, section 5). */
static int64_t value(struct html *h, const struct row *row, const struct html_type *type)
{
	uint64_t values = row->has & h->values;

	if (values)
		return as_value(h, row, (unsigned)__builtin_ctzll(values));
	return type->counts && row_has(row, ROW_EVENT_BYTES) ? (int64_t)row_u(row, ROW_EVENT_BYTES) : 0;
}

void html_row_of(struct html *h, const struct row *from, struct html_row *ret_row)
{
	const struct event *ev = from->event;
	int32_t lane = html_lane(h, row_u(from, ROW_EVENT_THREAD));
	uint64_t file = row_u(from, ROW_EVENT_FILE);
	struct html_row row = {
		.start = row_u(from, ROW_EVENT_TIME), .dur = row_u(from, ROW_EVENT_DURATION), .lane = lane < 0 ? 0 : (uint32_t)lane,
		.type = (uint16_t)(row_u(from, ROW_EVENT_TYPE) - 1), .err = error_code(h, from), .file = (uint32_t)file, .fd = ev->fd,
		.conn = (uint32_t)row_u(from, ROW_EVENT_CONNECTION),
	};

	row.obj = object(h, ev, file ? store_row(&h->files, file) : NULL);
	row.arg = arguments(h, ev);
	row.val = value(h, from, &h->types[row.type]);
	if (!row.err && row_has(from, ROW_EVENT_RESULT))
		row.ret = from->cells[ROW_EVENT_RESULT].i;
	*ret_row = row;
}
