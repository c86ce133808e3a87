/* SPDX-License-Identifier: MIT */
/* One event as one row of the report. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/calm.h"
#include "analyze/noise.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/html.h"
#include "sink/line.h"
#include "sink/moved.h"
#include "sink/object.h"
#include "sink/value.h"

/* Distinct argument strings are kept up to this many bytes; what comes after has none, and the report says so. */
enum { ARG_BYTES_MAX = 128 << 20, ARG_LEN_MAX = 4096 };
/* Likewise the first bytes of what was moved, of one event. */
enum { DATA_LEN_MAX = 1024 };

/*
 * Codes for what is no errno, or an errno that is no failure: ERESTARTSYS, the EINVAL of readlink on a plain file;
 * below 0 an errno that is calm elsewhere, where a process failed for it.
 */
static unsigned special_code(struct html *h, int err)
{
	unsigned i = 0;

	while (i + 1 < ARRAY_SIZE(h->internal_errs) && h->internal_errs[i] && h->internal_errs[i] != err)
		i++;	/* the last one is shared should there be more */
	h->internal_errs[i] = err;
	h->errs[ERR_FIRST_INTERNAL + i] = true;
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
enum html_fault html_fault_of(const struct html *h, uint8_t code)
{
	if (!code || code == ERR_UNFINISHED || code == ERR_NO_RESULT)
		return FAULT_NONE;
	if (code >= ERR_FIRST_INTERNAL)
		return h->internal_errs[code - ERR_FIRST_INTERNAL] < 0 ? FAULT_SERIOUS : FAULT_NONE;
	if (!row_is_failure(ROW_FAILED_CALL, code))
		return FAULT_NONE;
	return errno_is_absence(code) || errno_is_calm(code) ? FAULT_CALM : FAULT_SERIOUS;
}

void html_made_serious(struct html *h, struct html_row *row)
{
	if (html_fault_of(h, row->err) == FAULT_CALM)
		row->err = (uint8_t)special_code(h, -(int)row->err);
}

static uint32_t object(struct html *h, const struct event *ev, const struct html_file *file)
{
	struct object o = event_object(ev, file, file && file->peer, &h->tmp);

	switch (o.from) {
	case OBJECT_TEXT: return html_string(h, o.s, o.n);
	case OBJECT_FILE: return file->name;
	case OBJECT_PEER: return file->peer;
	case OBJECT_NONE: break;
	}
	return 0;
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
	uint32_t before = h->strings.n, id = html_string(h, b->s, b->len);

	if (h->strings.n != before)
		h->arg_bytes += b->len;
	return id;
}

static uint32_t moved_bytes(struct html *h, const struct event *ev)
{
	struct moved_bytes d = event_moved_bytes(ev);
	uint32_t id = html_data(h, d.s, MIN(d.n, (size_t)DATA_LEN_MAX));

	h->has_data |= id > 0;
	h->data_dropped += d.n && !id;
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

/* A call is of several kinds where it works on files and sockets alike; fallocate is worded by its mode. */
static void take_verb(struct html_type *t, const struct event *ev)
{
	const struct event_info *info = event_info(ev->kind);
	const char *verb = ev->kind == EV_LOOKUP ? line_verb(ev) : info->verb;

	t->kind = (uint8_t)ev->kind;
	if (!verb || !ev->call)
		return;
	t->many_verbs |= t->verb && strcmp(t->verb, verb) != 0;
	t->verb = verb;
}

void html_row_of(struct html *h, const struct row *from, struct html_row *ret_row)
{
	const struct event *ev = from->event;
	int32_t lane = html_lane(h, row_u(from, ROW_EVENT_THREAD));
	uint64_t file = row_u(from, ROW_EVENT_FILE);
	struct html_row row = {
		.start = row_u(from, ROW_EVENT_TIME), .dur = row_u(from, ROW_EVENT_DURATION), .lane = lane < 0 ? 0 : (uint32_t)lane,
		.type = (uint16_t)(row_u(from, ROW_EVENT_TYPE) - 1), .err = error_code(h, from), .file = (uint32_t)file,
		.fd = ev->fd, /* also one that is no descriptor: -100 */
		.conn = (uint32_t)row_u(from, ROW_EVENT_CONNECTION),
		.noise = row_has(from, ROW_EVENT_NOISE) ? (uint8_t)from->cells[ROW_EVENT_NOISE].all : NOISE_NONE,
	};

	if (h->types[row.type].kind != ev->kind)
		take_verb(&h->types[row.type], ev);
	row.obj = object(h, ev, file ? store_row(&h->files, file) : NULL);
	row.arg = arguments(h, ev);
	row.data = moved_bytes(h, ev);
	row.val = value(h, from, &h->types[row.type]);
	if (event_waits_for(ev) && !strcmp(h->types[row.type].op, "poll"))
		row.val = event_waits_for(ev)->id;
	if (!row.err && row_has(from, ROW_EVENT_RESULT))
		row.ret = from->cells[ROW_EVENT_RESULT].i;
	*ret_row = row;
}
