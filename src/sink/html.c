/* SPDX-License-Identifier: MIT */
/* The report: rows and strings go to disk while the trace runs; the page is written when it ends. */
#include "sink/html.h"
#include "sink/html_columns.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/endings.h"
#include "analyze/totals.h"
#include "base/diag.h"
#include "base/macro.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/html_page.h"

enum { TABLE_ROWS_A_BLOCK = 65536,
       OVERVIEW_BUCKETS = 2048, OVERVIEW_BUCKETS_MIN = 64, OVERVIEW_MAX = 1 << 21 };

/* ---- while the trace runs ---- */

/* Process ends are kept whatever the limit: the tree needs them. */
static bool wanted(const struct html *h, const struct event *ev)
{
	return h->kept < h->opt->max_report_events || ev->kind == EV_EXIT;
}

static void note_bits(struct html_row *bits, const struct html_row *r)
{
	bits->ret |= (int64_t)html_zigzag(r->ret);
	bits->obj |= r->obj;
	bits->arg |= r->arg;
	bits->fd |= (int32_t)html_zigzag(r->fd);
	bits->file |= r->file;
	bits->val |= (int64_t)html_zigzag(r->val);
	bits->conn |= r->conn;
	bits->data |= r->data;
}

static void take_row(void *ctx, const struct row *row)
{
	struct html *h = ctx;
	struct html_row made;

	if (row->table != TABLE_EVENT) {
		html_world_row(h, row);
		return;
	}
	if (!row_has(row, ROW_EVENT_THREAD) &&
	    (row->event->kind == EV_SCHED || row->event->kind == EV_BLOCK || row->event->kind == EV_FAULT)) {
		h->nunattributed++;	/* of a task without a lane */
		return;
	}
	h->total++;
	if (h->rows.err || !wanted(h, row->event))
		return;
	html_row_of(h, row, &made);
	note_bits(&h->bits.row, &made);
	row_spool_add(&h->rows, &made);
	if (row->event->stack)
		html_stack_add(h, &made, row->event->stack);
	h->kept = h->rows.nrows;
}

static void html_event(struct sink *s, const struct event *ev)
{
	rows_event(CONTAINER_OF(s, struct html, sink)->from, ev);
}

/* ---- the page ---- */

static void write_block(struct html *h, char kind, struct html_out *out)
{
	const struct buf *gz = &h->block.gz;

	html_block_compress(&h->block);
	for (size_t at = 0; at < gz->len; at += HTML_PIECE)
		html_piece_write(kind, at + HTML_PIECE >= gz->len, gz->s + at, MIN(gz->len - at, (size_t)HTML_PIECE),
				 html_out_add, out);
}

static void write_stored(struct spool *s, char kind, struct html_out *out)
{
	char *piece = xmalloc(HTML_PIECE);
	uint32_t n;

	for (uint64_t pos = 0; pos < s->nbytes && !s->err; pos += n) {
		spool_read(s, pos, &n, sizeof(n));
		pos += sizeof(n);
		for (uint32_t at = 0; at < n; at += HTML_PIECE) {
			uint32_t part = MIN(n - at, (uint32_t)HTML_PIECE);

			spool_read(s, pos + at, piece, part);
			html_piece_write(kind, at + part == n, piece, part, html_out_add, out);
		}
	}
	free(piece);
}

static void write_table(struct html *h, struct store *t, uint64_t nrows, char kind, const struct html_cols *cols,
			struct html_out *out)
{
	char *rows = xmalloc((size_t)t->row_size * TABLE_ROWS_A_BLOCK);

	for (uint64_t at = 0; at < nrows; at += TABLE_ROWS_A_BLOCK) {
		uint32_t n = (uint32_t)MIN(nrows - at, (uint64_t)TABLE_ROWS_A_BLOCK);

		for (uint32_t i = 0; i < n; i++)
			memcpy(rows + (size_t)i * t->row_size, store_row(t, at + i), t->row_size);
		html_block_rows(&h->block, cols->v, cols->n, rows, t->row_size, n, 0);
		write_block(h, kind, out);
	}
	free(rows);
}

/* The process at the other end is known now if ever. */
static void finish_conns(struct html *h)
{
	for (uint32_t i = 0; i < h->nconns; i++) {
		struct html_conn *c = store_row(&h->conns, i);

		c->peer_lane = html_lane_of_proc(h, c->peer_proc);
	}
}

static struct html_bucket *overview_new(const struct html_layout *l)
{
	return xcalloc((size_t)l->lanes * l->buckets + 1, sizeof(struct html_bucket));
}

static void overview_add(struct html *h, struct html_bucket *overview, const struct html_layout *l,
			 const struct html_row *r)
{
	double scale = (double)l->buckets / (double)MAX(l->duration_ns, 1u);
	uint32_t first = (uint32_t)MIN((double)r->start * scale, l->buckets - 1.0);
	uint32_t last = (uint32_t)MIN((double)(r->start + r->dur) * scale, l->buckets - 1.0);
	uint8_t cat = (uint8_t)(h->types[r->type].cat + 1);

	if (r->lane >= l->lanes)
		return;
	struct html_bucket *b = overview + (size_t)r->lane * l->buckets;

	b[first].count += b[first].count < UINT16_MAX;
	/* the longest one's category: within a span's inside, nothing longer can have been drawn when it says so */
	for (uint32_t i = first; i <= last; i++)
		if (!(b[i].cat & 0x7f) || (float)r->dur > b[i].longest) {
			b[i].cat = (uint8_t)((b[i].cat & 0x80) | cat);
			b[i].longest = (float)r->dur;
		}
	if (html_fault_of(h, r->err) == FAULT_SERIOUS)
		b[first].cat |= 0x80;
}

static void write_samples(struct html *h, const struct html_layout *l, struct html_out *out)
{
	struct html_row *rows = xmalloc(sizeof(*rows) * TABLE_ROWS_A_BLOCK);
	const struct html_row *r;
	uint64_t base = 0;
	uint32_t n = 0;

	do {
		r = row_spool_next(&h->samples);
		if (r)
			rows[n++] = *r;
		if (n == TABLE_ROWS_A_BLOCK || (!r && n)) {
			html_block_rows(&h->block, l->cols[KIND_K].v, l->cols[KIND_K].n, rows, sizeof(*rows), n, base);
			write_block(h, 'k', out);
			base = rows[n - 1].start;
			n = 0;
		}
	} while (r);
	free(rows);
}

/* What processes failed for, in order as the rows are; at: those before began before the row. */
struct reasons { struct moment *v; unsigned n, at; };

static struct reasons reasons_of(const struct html *h)
{
	struct reasons r = { 0 };

	r.n = endings_reasons(h->opt->totals, &r.v);
	for (unsigned i = 0; i < r.n; i++)
		r.v[i].ts_ns -= MIN(r.v[i].ts_ns, h->opt->totals->start_ns);
	return r;
}

static bool is_reason(struct html *h, struct reasons *r, const struct html_row *row)
{
	while (r->at < r->n && r->v[r->at].ts_ns < row->start)
		r->at++;
	for (unsigned i = r->at; i < r->n && r->v[i].ts_ns == row->start; i++)
		if (html_lane(h, r->v[i].task) == (int32_t)row->lane)
			return true;
	return false;
}

/* Sorted rows to h and c blocks, which wait on disk: the overview and META come before them. */
static void encode_rows(struct html *h, const struct html_layout *l, struct html_bucket *overview, struct spool *hot,
			struct spool *cold)
{
	const bool stacks = h->bits.stack;
	const size_t size = stacks ? sizeof(struct html_call) : sizeof(struct html_row);
	char *rows = xmalloc(size * RUN_ROWS);
	const struct html_row *r;
	struct html_row *last = NULL;
	struct reasons reasons = reasons_of(h);
	uint64_t base = 0;
	uint32_t n = 0;

	do {
		r = row_spool_next(&h->rows);
		if (r) {
			last = (void *)(rows + n++ * size);
			*last = *r;
			if (stacks)
				((struct html_call *)last)->stack = html_stack_of(h, r);
			if (is_reason(h, &reasons, r))
				html_made_serious(h, last);
			overview_add(h, overview, l, last);
		}
		if (n == RUN_ROWS || (!r && n)) {
			html_block_rows(&h->block, l->cols[KIND_H].v, l->cols[KIND_H].n, rows, size, n, base);
			html_block_store(h, hot);
			html_block_rows(&h->block, l->cols[KIND_C].v, l->cols[KIND_C].n, rows, size, n, 0);
			html_block_store(h, cold);
			base = last->start;
			n = 0;
		}
	} while (r);
	free(reasons.v);
	free(rows);
}

static void choose_overview(const struct html *h, struct html_layout *l)
{
	l->buckets = OVERVIEW_BUCKETS;
	while ((uint64_t)h->ntasks * l->buckets > OVERVIEW_MAX && l->buckets > OVERVIEW_BUCKETS_MIN)
		l->buckets /= 2;
	l->lanes = MIN(h->ntasks, (uint32_t)(OVERVIEW_MAX / l->buckets));
}

static void write_markers(struct html *h, const struct html_layout *l, struct html_out *out)
{
	static const char *const markers[] = { "<!--cpd:title-->", "<!--cpd:summary-->", "<!--cpd:meta-->",
					       "<!--cpd:data-->" };
	const char *at = html_page;

	for (unsigned i = 0; i < ARRAY_SIZE(markers); i++) {
		const char *marker = memmem(at, (size_t)(html_page_end - at), markers[i], strlen(markers[i]));

		if (!marker) {	/* a page that was not built for this writer */
			out->file->err = out->file->err ? out->file->err : -EINVAL;
			return;
		}
		html_out_add(out, at, (size_t)(marker - at));
		at = marker + strlen(markers[i]);
		if (i == 0)
			html_title_write(h, out);
		else if (i == 1)
			html_static_write(h, out);
		else if (i == 2)
			html_meta_write(h, l, out);
		else
			return;
	}
}

static void write_page(struct html *h, struct html_out *out)
{
	static const char end[] = "<script>cpd(\"end\",1)</script>\n";
	struct html_layout l;
	struct spool hot, cold;
	struct html_bucket *overview;
	int r = spool_init(&hot, h->file->path), r2 = spool_init(&cold, h->file->path);

	int r3 = rows_end(h->from);

	html_pool_end(h, &h->strings);
	if (h->data.n > 1)
		html_pool_end(h, &h->data);
	finish_conns(h);
	html_layout_of(h, &l);
	choose_overview(h, &l);
	overview = overview_new(&l);
	if (!r && !r2)
		encode_rows(h, &l, overview, &hot, &cold);
	h->kept = h->rows.nrows;
	write_markers(h, &l, out);
	if (l.lanes) {
		html_block_rows(&h->block, l.cols[KIND_O].v, l.cols[KIND_O].n, overview, sizeof(*overview),
				l.lanes * l.buckets, 0);
		write_block(h, 'o', out);
	}
	free(overview);
	write_stored(&h->strings.blocks, 's', out);
	write_table(h, &h->files, l.nfiles, 'f', &l.cols[KIND_F], out);
	write_table(h, &h->conns, l.nconns, 'n', &l.cols[KIND_N], out);
	write_samples(h, &l, out);
	write_stored(&hot, 'h', out);
	write_stored(&cold, 'c', out);
	write_stored(&h->data.blocks, 'd', out);
	const int errs[] = { r, r2, hot.err, cold.err, h->rows.err, h->samples.err, h->stacks.err, h->strings.blocks.err, h->data.blocks.err, h->execs.err,
			     h->files.err, h->conns.err, h->tasks.err, h->lane_of_task.err, h->lane_of_proc.err, r3 };

	for (r = 0, r2 = 0; r2 < (int)ARRAY_SIZE(errs) && !r; r2++)
		r = errs[r2];
	/* what is missing must not look whole: without the end mark the page says that it was cut */
	if (!r)
		html_out_add(out, end, strlen(end));
	const char *rest = memmem(html_page, (size_t)(html_page_end - html_page), "<!--cpd:data-->", 15);

	if (rest)
		html_out_add(out, rest + 15, (size_t)(html_page_end - rest) - 15);
	html_out_flush(out);
	spool_done(&hot);
	spool_done(&cold);
	if (r && !h->file->err)
		h->file->err = r;
}

static void html_finish(struct sink *s, const struct sink_result *done UNUSED)
{
	struct html *h = CONTAINER_OF(s, struct html, sink);
	struct html_out out = { .file = h->file };

	write_page(h, &out);
	buf_done(&out.tail);
	s->kept = h->rows.nrows;
	s->total = h->total;
}

static void html_free(struct sink *s)
{
	struct html *h = CONTAINER_OF(s, struct html, sink);

	row_spool_done(&h->rows);
	row_spool_done(&h->samples);
	row_spool_done(&h->stacks);
	html_pool_done(&h->strings);
	html_pool_done(&h->data);
	spool_done(&h->execs);
	store_done(&h->files);
	store_done(&h->conns);
	store_done(&h->tasks);
	store_done(&h->lane_of_task);
	store_done(&h->lane_of_proc);
	rows_free(h->from);
	html_block_done(&h->block);
	buf_done(&h->command);
	buf_done(&h->cwd);
	buf_done(&h->lost_note);
	buf_done(&h->tmp);
	free(h->types);
	free(h);
}

static const struct sink_ops ops = {
	.event = html_event, .finish = html_finish, .free = html_free,
};

static const struct row_sink_ops row_ops = { .row = take_row };

/* All fields, but of events those that have a column; the page finds the roles of files itself. */
static void take_fields(struct html *h)
{
#define COLUMN(block, name, width, type, member, table, fields) { TABLE_##table, fields },
	static const struct { enum row_table table; uint64_t fields; } columns[] = { HTML_COLUMNS(COLUMN) };

	memset(h->takes.wants, 0xff, sizeof(h->takes.wants));
	h->takes.wants[TABLE_FILE] &= ~ROW_BIT(ROW_FILE_ROLE);
	for (unsigned f = 0; f < row_tables[TABLE_EVENT].nfields; f++)
		h->values |= (uint64_t)row_tables[TABLE_EVENT].fields[f].value << f;
	h->takes.wants[TABLE_EVENT] = h->values;
	for (unsigned i = 0; i < ARRAY_SIZE(columns); i++)
		if (columns[i].table == TABLE_EVENT)
			h->takes.wants[TABLE_EVENT] |= columns[i].fields;
}

int sink_html_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag)
{
	struct html *h = xcalloc(1, sizeof(*h));
	const char *path = file->path;
	int r;

	h->sink.ops = &ops;
	h->opt = opt;
	h->file = file;
	h->rows.fd = h->samples.fd = h->stacks.fd = h->strings.blocks.fd = h->data.blocks.fd = h->execs.fd =
		h->files.fd = h->conns.fd = h->tasks.fd = h->lane_of_task.fd = h->lane_of_proc.fd = -1;
	h->takes = (struct row_sink){ .ops = &row_ops, .ctx = h };
	take_fields(h);
	if ((r = html_block_init(&h->block)) || (r = row_spool_init(&h->rows, path)) ||
	    (r = row_spool_init(&h->samples, path)) || (r = html_pool_init(&h->strings, path)) ||
	    (r = html_pool_init(&h->data, path)) || (r = spool_init(&h->execs, path)) ||
	    (r = store_init(&h->files, sizeof(struct html_file), path)) ||
	    (r = store_init(&h->conns, sizeof(struct html_conn), path)) ||
	    (r = store_init(&h->tasks, sizeof(struct html_task), path)) ||
	    (r = store_init(&h->lane_of_task, sizeof(uint32_t), path)) ||
	    (r = store_init(&h->lane_of_proc, sizeof(uint32_t), path)) ||
	    (r = rows_new(&h->takes, opt->totals, path, &h->from))) {
		diag_set(diag, 125, -r,
			 "cannot make a temporary file for the report in the folder of %s or in /tmp: %s", path,
			 strerror(-r));
		html_free(&h->sink);
		return r;
	}
	*ret_sink = &h->sink;
	return 0;
}
