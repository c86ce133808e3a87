/* SPDX-License-Identifier: MIT */
#include "analyze/kernel.h"

#include "analyze/cells.h"
#include "analyze/share.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"

struct totals_kernel *totals_kernel_new(void) { return xcalloc(1, sizeof(struct totals_kernel)); }

enum mem_place mem_place(const struct region *r)
{
	if (!r)
		return IN_OTHER;
	if (r->kind == MAP_KIND_HEAP)
		return IN_HEAP;
	if (r->kind == MAP_KIND_STACK)
		return IN_STACK;
	return r->path.len || r->src ? IN_FILE : IN_ANON;
}

unsigned fault_order(const struct event *ev)
{
	return MIN(ev->item->head->flags >> FAULT_ORDER_SHIFT, FAULT_ORDER_MAX);
}

static void block_event(struct totals_kernel *k, const struct record_block *r)
{
	unsigned op = MIN(r->op, (rec_u8)BLOCK_OTHER);

	if (!r->h.pid) {
		k->nunattributed++;
		k->unattributed_bytes += r->nbytes;
		return;
	}
	hist_add(&k->queue[op], r->queue_ns);
	hist_add(&k->device[op], r->device_ns);
	k->nbytes[op] += r->nbytes;
	k->nwriteback += (r->h.flags & BLOCK_WRITEBACK) != 0;
}

void totals_kernel_event(struct totals_kernel *k, const struct event *ev)
{
	const struct record_sched *sched;
	uint64_t npages;

	switch (ev->kind) {
	case EV_SCHED:
		sched = ev->item->sched;
		hist_add(&k->sched[MIN(sched->why, (rec_u8)SCHED_INTERRUPT)], sched->delay_ns);
		break;
	case EV_BLOCK:
		block_event(k, ev->item->block);
		break;
	case EV_FAULT:
		npages = 1u << fault_order(ev);
		k->nfaults += npages;
		k->faults[mem_place(ev->region)] += npages;
		k->nhuge += npages > 1;
		k->faults_ns = sum_of(k->faults_ns, ev->dur_ns);
		k->nmajor += (ev->item->head->flags & FAULT_MAJOR) != 0;
		break;
	default:
		break;
	}
}

/* ---- tables ---- */

/* Five columns from `at` on. */
static void fill_times(struct cell *at, const struct hist *h)
{
	at[0] = (struct cell){ .set = h->n != 0, .n = h->n ? h->sum / h->n : 0 };
	at[1] = quantile(h, .5);
	at[2] = quantile(h, .95);
	at[3] = quantile(h, .99);
	at[4] = (struct cell){ .set = h->n != 0, .n = h->max };
}

static struct cell hist_cell(const struct hist *h) { return (struct cell){ .set = true, .hist = h }; }

static const struct table_column wait_columns[_WAITS] = {
	[WAITS_WHY] = { "why", NULL, "why", CELL_WAIT, IN_COLUMN, 0, 0 },
	[WAITS_COUNT] = { "waits", NULL, "count", CELL_COUNT, IN_COLUMN, 0, 0 },
	[WAITS_AVG] = { "average", NULL, "avg_ns", CELL_NS, IN_COLUMN, 0, 0 },
	[WAITS_P50] = { "median", NULL, "p50_ns", CELL_NS, IN_COLUMN, 0, 0 },
	[WAITS_P95] = { "95th percentile", NULL, "p95_ns", CELL_NS, IN_COLUMN, 0, 0 },
	[WAITS_P99] = { "99th percentile", NULL, "p99_ns", CELL_NS, IN_COLUMN, 0, 0 },
	[WAITS_MAX] = { "longest", NULL, "max_ns", CELL_NS, IN_COLUMN, 0, 0 },
	[WAITS_HIST] = { "histogram", NULL, "histogram", CELL_HIST, ONLY_IN_DATA, 0, 0 },
};

static void add_hist(struct hist *to, const struct hist *from)
{
	if (!from->n)
		return;
	to->min = to->n ? MIN(to->min, from->min) : from->min;
	to->max = MAX(to->max, from->max);
	to->n += from->n;
	to->sum += from->sum;
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
}

static void add_wait(struct table *t, uint64_t why, const struct hist *h)
{
	struct table_row *row;

	if (!h->n)
		return;
	t->nall++;
	if (!(row = table_add(t)))
		return;
	row->cells[WAITS_WHY] = number(why);
	row->cells[WAITS_COUNT] = number(h->n);
	fill_times(&row->cells[WAITS_AVG], h);
	row->cells[WAITS_HIST] = hist_cell(h);
}

static void fill_waits(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	const struct totals_kernel *k = totals->kernel;

	if (!k)
		return;
	t->own = xcalloc(1, sizeof(struct hist));
	for (unsigned i = 0; i < SCHED_WHYS; i++)
		add_hist(t->own, &k->sched[i]);
	add_wait(t, SCHED_WHYS, t->own);
	for (unsigned i = 0; i < SCHED_WHYS; i++)
		add_wait(t, i, &k->sched[i]);
}

#define TIMES_OF(what, ID, id)	\
	[DISK_##ID##_AVG] = { what ", average", NULL, id "_avg_ns", CELL_NS, ONLY_IN_DATA, 0, 0 },	\
	[DISK_##ID##_P50] = { what ", median", NULL, id "_p50_ns", CELL_NS, IN_COLUMN, 0, 0 },	\
	[DISK_##ID##_P95] = { what ", 95th percentile", NULL, id "_p95_ns", CELL_NS, ONLY_IN_DATA, 0, 0 },	\
	[DISK_##ID##_P99] = { what ", 99th percentile", NULL, id "_p99_ns", CELL_NS, IN_COLUMN, 0, 0 },	\
	[DISK_##ID##_MAX] = { what ", longest", NULL, id "_max_ns", CELL_NS, IN_COLUMN, 0, 0 }
static const struct table_column disk_columns[_DISK] = {
	[DISK_OP] = { "what", NULL, "op", CELL_BLOCK_OP, IN_COLUMN, 0, 0 },
	[DISK_BYTES] = { "bytes", NULL, "bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[DISK_WRITEBACK] = { "written back later", NULL, "written_back", CELL_COUNT, NOT_IN_LINE, 0, 0 },
	[DISK_COUNT] = { "requests", NULL, "count", CELL_COUNT, IN_COLUMN, 0, 0 },
	TIMES_OF("queued", QUEUED, "queued"),
	TIMES_OF("device", DEVICE, "device"),
	[DISK_HIST] = { "histogram", NULL, "device_histogram", CELL_HIST, ONLY_IN_DATA, 0, 0 },
};

static void add_requests(struct table *t, unsigned op, uint64_t n, uint64_t nbytes)
{
	struct table_row *row;

	t->nall++;
	if (!(row = table_add(t)))
		return;
	row->cells[DISK_OP] = number(op);
	row->cells[DISK_COUNT] = number(n);
	row->cells[DISK_BYTES] = number(nbytes);
}

static void fill_disk(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	const struct totals_kernel *k = totals->kernel;

	for (unsigned op = 0; k && op < BLOCK_OPS; op++) {
		struct cell *cells;

		if (!k->queue[op].n)
			continue;
		add_requests(t, op, k->queue[op].n, k->nbytes[op]);
		if (t->nrows != t->nall)
			continue;
		cells = t->rows[t->nrows - 1].cells;
		cells[DISK_WRITEBACK] = number_if(op == BLOCK_WRITE ? k->nwriteback : 0);
		fill_times(&cells[DISK_QUEUED_AVG], &k->queue[op]);
		fill_times(&cells[DISK_DEVICE_AVG], &k->device[op]);
		cells[DISK_HIST] = hist_cell(&k->device[op]);
	}
	if (k && k->nunattributed)
		add_requests(t, BLOCK_OPS, k->nunattributed, k->unattributed_bytes);
}

static const struct table_column fault_columns[_FAULTS] = {
	[FAULTS_PLACE] = { "where", NULL, "place", CELL_PLACE, IN_COLUMN, 0, 0 },
	[FAULTS_PAGES] = { "pages", NULL, "pages", CELL_COUNT, IN_COLUMN, 0, 0 },
	[FAULTS_MAJOR] = { "read from a disk", NULL, "major", CELL_COUNT, NOT_IN_LINE, 0, 0 },
	[FAULTS_HUGE] = { "huge pages", NULL, "huge_pages", CELL_COUNT, NOT_IN_LINE, 0, 0 },
	[FAULTS_WAITED] = { "slept in them", NULL, "waited_ns", CELL_NS, NOT_IN_LINE, 0, 0 },
};

static void fill_faults(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	const struct totals_kernel *k = totals->kernel;
	struct table_row *row;

	for (unsigned i = 0; k && k->nfaults && i <= _PLACES; i++) {
		unsigned place = i ? i - 1 : _PLACES;	/* all of them first */

		if ((i && !k->faults[place]) || ++t->nall > t->room)
			continue;
		row = table_add(t);
		row->cells[FAULTS_PLACE] = number(place);
		row->cells[FAULTS_PAGES] = number(i ? k->faults[place] : k->nfaults);
		if (i)
			continue;
		row->cells[FAULTS_MAJOR] = number(k->nmajor);
		row->cells[FAULTS_HUGE] = number(k->nhuge);
		row->cells[FAULTS_WAITED] = number_if(k->faults_ns);
	}
}

#define COLUMNS(c) .columns = (c), .ncolumns = ARRAY_SIZE(c)
const struct table_def kernel_tables[_KERNEL_TABLES] = {
	[KERNEL_WAITS] = { "Waits for a CPU", "cpu_waits", COLUMNS(wait_columns), fill_waits },
	[KERNEL_DISK] = { "Block I/O", "block_io", COLUMNS(disk_columns), fill_disk },
	[KERNEL_FAULTS] = { "Page faults", "page_faults", COLUMNS(fault_columns), fill_faults },
};
