/* SPDX-License-Identifier: MIT */
/* Events in, rows out: what each event changes, and its own row. */
#include <errno.h>
#include <string.h>

#include "analyze/resident.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "row/internal.h"

static void take_part(struct buf *to, const struct item *it, unsigned what)
{
	const struct part *p = parts_find(it->parts, it->nparts, -1, what, 0);

	if (p)
		buf_add(to, p->bytes, p->len);
}

static void take_start(struct rows *r, const struct event *ev)
{
	const struct item *it = ev->item;

	if (!it || it->kind != RECORD_START || r->command)
		return;
	r->wall_ns = it->start->wall_ns;
	r->mode = it->start->mode;
	r->command = strings_new(it->parts, it->nparts, PART_ARGV);
	take_part(&r->cwd, it, PART_CWD);
	take_part(&r->hostname, it, PART_HOST);
	take_part(&r->kernel, it, PART_KERNEL);
	rows_trace(r, false);
}

const struct event *rows_subject(const struct event *ev, struct event *copy)
{
	struct file *f;
	int arg;

	if (!ev->call || ev->fd >= 0 || ev->file || !ev->task)
		return ev;
	arg = spec_find_arg(ev->call->spec, ARG_FD, 0);
	f = arg < 0 ? NULL : task_file(ev->task, (int)ev->call->args[arg].word);
	if (!f)
		return ev;
	*copy = *ev;
	copy->file = f;
	copy->fd = (int)ev->call->args[arg].word;
	return copy;
}

/* What it changes that has a row of its own. */
static void update_world(struct rows *r, const struct event *ev)
{
	if (rows_thread(r, ev->task)) {
		if (ev->kind == EV_FORK)
			rows_thread(r, ev->child);
		rows_sample(r, ev);
	}
	switch (ev->kind) {
	case EV_FORK: case EV_THREAD: rows_forked(r, ev); break;
	case EV_EXEC: rows_exec(r, ev); break;
	case EV_EXIT: case EV_THREAD_EXIT: rows_exited(r, ev); break;
	case EV_RELEASE: rows_released(r, ev); break;
	case EV_LOST:
		r->nlost += ev->count;
		if (!r->lost_reason.len)
			buf_add(&r->lost_reason, ev->text, ev->text_len);
		break;
	default: break;
	}
}

/* Its file's name, where that is worded: a pidfd stands for a process, and some are not seen from the root. */
void row_call_file(struct rows *r, struct row_ctx *c)
{
	const struct event *ev = c->ev;
	const struct file *f = ev->path_len || ev->raw_len ? NULL : ev->file;
	const char *s = f ? f->name.s : ev->path;
	uint32_t len = f ? f->name.len : ev->path_len;

	if (name_is_outside(s, len)) {
		buf_reset(&r->called);
		buf_add(&r->called, s, len - 1);
		buf_puts(&r->called, ROW_OUTSIDE);
	} else if (f && !len && f->target_pid) {
		buf_reset(&r->called);
		buf_printf(&r->called, ROW_PIDFD_NAME, f->target_pid);
	} else {
		return;
	}
	c->called = &r->called;
}

static void add_event(struct rows *r, const struct event *made)
{
	struct event copy;
	const struct event *ev = rows_subject(made, &copy);
	struct row_ctx c = { .ev = ev };

	row_call_file(r, &c);
	rows_file(r, ev->file, ev);
	/* of a transfer the connection may be that of the second file */
	if (ev->kind == EV_TRANSFER)
		rows_file(r, ev->file2, ev);
	c.err = row_error(ev);
	c.outcome = row_outcome(ev);
	c.type = rows_type(r, ev);
	c.conn_id = rows_conn_of(r, ev);
	if (!r->totals->left_out) {
		r->nevents++;
		row_put_event(r, &c);
	}
	if (ev->kind != EV_TRANSFER)
		rows_file(r, ev->file2, ev);
}

bool rows_has_row(enum event_kind kind)
{
	switch (kind) {
	case EV_START:
	case EV_END:
	case EV_RELEASE:
	case EV_MEMORY_SNAPSHOT:
	case EV_COUNTS:
	case EV_WAITING:	/* its call has a row when it ends, or tracing does */
		return false;
	default: return true;
	}
}

void rows_clock(struct rows *r, const struct event *ev)
{
	if (!r->started) {
		r->started = true;
		r->t0_ns = ev->ts_ns;
	}
	r->now_ns = row_time(r, ev->ts_ns);
	r->last_ns = MAX(r->last_ns, row_time(r, ev->ts_ns + ev->dur_ns));
}

void rows_event(struct rows *r, const struct event *ev)
{
	rows_clock(r, ev);
	update_world(r, ev);
	switch (ev->kind) {
	case EV_START:
		take_start(r, ev);
		break;
	case EV_END:
		r->ended = true;
		r->interrupted = ev->flags & END_INTERRUPTED;
		r->goes_on = ev->flags & END_GOES_ON;
		break;
	default:
		if (rows_has_row(ev->kind))
			add_event(r, ev);
		break;
	}
}

int rows_end(struct rows *r)
{
	rows_conns_end(r);
	rows_samples_end(r);
	rows_trace(r, true);
	if (r->sink->ops->end)
		r->sink->ops->end(r->sink->ctx);
	const int errs[] = { r->threads.err, r->processes.err, r->files.err, r->conns.err, r->conn_rows.err };

	for (unsigned i = 0; i < ARRAY_SIZE(errs); i++)
		if (errs[i])
			return errs[i];
	return 0;
}

int rows_new(const struct row_sink *sink, const struct totals *totals, const char *path, struct rows **ret_rows)
{
	struct rows *r = xcalloc(1, sizeof(*r));
	int rc;

	r->sink = sink;
	r->totals = totals;
	r->threads.fd = r->processes.fd = r->files.fd = r->conns.fd = r->conn_rows.fd = -1;
	r->resident = resident_new();
	intern_init(&r->type_ids, ROW_TYPES_MAX);
	row_plan(r);
	if ((rc = store_init(&r->threads, sizeof(struct thread_state), path)) ||
	    (rc = store_init(&r->processes, sizeof(struct process_state), path)) ||
	    (rc = store_init(&r->files, sizeof(struct file_state), path)) ||
	    (rc = store_init(&r->conns, sizeof(struct link_state), path)) ||
	    (rc = store_init(&r->conn_rows, sizeof(uint32_t), path))) {
		rows_free(r);
		return rc;
	}
	if (sink->ops->begin)
		sink->ops->begin(sink->ctx, row_tables);
	*ret_rows = r;
	return 0;
}

void rows_free(struct rows *r)
{
	if (!r)
		return;
	store_done(&r->threads);
	store_done(&r->processes);
	store_done(&r->files);
	store_done(&r->conns);
	store_done(&r->conn_rows);
	resident_free(r->resident);
	intern_done(&r->type_ids);
	strings_unref(r->command);
	buf_done(&r->cwd);
	buf_done(&r->hostname);
	buf_done(&r->kernel);
	buf_done(&r->lost_reason);
	buf_done(&r->called);
	buf_done(&r->last_name);
	free(r->types);
	free(r);
}
