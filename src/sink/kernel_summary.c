/* SPDX-License-Identifier: MIT */
/* Waits for a CPU, block I/O and page faults in the text's summary: their tables, with bars for times. */
#include "base/human.h"
#include "base/macro.h"
#include "sink/cell.h"
#include "sink/kernel_part.h"
#include "sink/out.h"
#include "sink/table_words.h"

#define BAR_COLUMNS 30

static void end_line(struct kernel_sink *s)
{
	buf_putc(&s->b, '\n');
	out_write(s->out, s->b.s, s->b.len);
	buf_reset(&s->b);
}

static void title(struct kernel_sink *s, const char *text)
{
	buf_putc(&s->b, ' ');
	buf_putc(&s->b, STYLE_BOLD);
	buf_puts(&s->b, text);
	buf_putc(&s->b, STYLE_OFF);
}

/* Cells of times, in a row of columns: average, three percentiles, the longest. */
static void times(struct kernel_sink *s, const char *name, uint64_t count, const struct cell *v)
{
	static const char *const names[] = { "×, avg ", ", p50 ", ", p95 ", ", p99 ", ", max " };
	struct buf *b = &s->b;

	buf_printf(b, "   %-12s", name);
	human_count(b, count);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		buf_puts(b, names[i]);
		if (v[i].set)
			human_ns(b, v[i].n);
		else
			buf_puts(b, "–");
	}
	end_line(s);
}

/* By powers of two. */
static void bars(struct kernel_sink *s, const struct hist *h)
{
	uint64_t by[64] = { 0 }, most = 1;
	unsigned first = 64, last = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		uint64_t low = hist_bucket_low(i);
		unsigned p = low ? 63u - (unsigned)__builtin_clzll(low) : 0;

		by[p] += h->buckets[i];
		if (h->buckets[i]) {
			first = MIN(first, p);
			last = p;
		}
	}
	for (unsigned p = first; p <= last && p < 64; p++)
		most = MAX(most, by[p]);
	for (unsigned p = first; p <= last && p < 64; p++) {
		size_t at;

		buf_puts(&s->b, "     ≥ ");
		at = s->b.len;
		human_ns(&s->b, 1ull << p);
		cell_left(&s->b, at, 7);
		buf_putc(&s->b, ' ');
		for (uint64_t n = 0; n < (by[p] * BAR_COLUMNS + most - 1) / most; n++)
			buf_puts(&s->b, "▇");
		buf_putc(&s->b, ' ');
		human_count(&s->b, by[p]);
		end_line(s);
	}
}

static void waits(struct kernel_sink *s, const struct table *t)
{
	struct buf why = { 0 };

	end_line(s);
	for (unsigned i = 0; i < t->nrows; i++) {
		const struct cell *v = t->rows[i].cells;

		buf_reset(&why);
		table_cell_words(&why, CELL_WAIT, &v[WAITS_WHY], true);
		times(s, why.s, v[WAITS_COUNT].n, &v[WAITS_AVG]);
	}
	bars(s, t->rows[0].cells[WAITS_HIST].hist);
	buf_done(&why);
}

static void unattributed(struct kernel_sink *s, const struct cell *v)
{
	buf_puts(&s->b, "   ");
	human_count(&s->b, v[DISK_COUNT].n);
	buf_puts(&s->b, " more (");
	human_bytes(&s->b, v[DISK_BYTES].n);
	buf_printf(&s->b, ") %s (journal, metadata, files of other programs)", table_block_op(BLOCK_OPS));
	end_line(s);
}

static void disk(struct kernel_sink *s, const struct table *t)
{
	end_line(s);
	for (unsigned i = 0; i < t->nrows; i++) {
		const struct cell *v = t->rows[i].cells;
		unsigned op = (unsigned)v[DISK_OP].n;

		if (op == BLOCK_OPS) {
			unattributed(s, v);
			continue;
		}
		buf_puts(&s->b, "   ");
		human_count(&s->b, v[DISK_COUNT].n);
		buf_printf(&s->b, " %s%s, ", table_block_op(op),
			   v[DISK_COUNT].n == 1 ? "" :
			   op == BLOCK_FLUSH	? "es" :
						  "s");
		human_bytes(&s->b, v[DISK_BYTES].n);
		if (v[DISK_WRITEBACK].set) {
			buf_puts(&s->b, ", ");
			human_count(&s->b, v[DISK_WRITEBACK].n);
			buf_puts(&s->b, " of them written back later by the kernel");
		}
		end_line(s);
		times(s, "  queued", v[DISK_COUNT].n, &v[DISK_QUEUED_AVG]);
		times(s, "  device", v[DISK_COUNT].n, &v[DISK_DEVICE_AVG]);
		bars(s, v[DISK_HIST].hist);
	}
}

/* In one line: all of them, then where. */
static void faults(struct kernel_sink *s, const struct table *t)
{
	const struct cell *all = t->rows[0].cells;
	struct buf *b = &s->b;

	buf_puts(b, ": ");
	human_count(b, all[FAULTS_PAGES].n);
	buf_puts(b, ", ");
	human_count(b, all[FAULTS_MAJOR].n);
	buf_puts(b, " major");
	if (all[FAULTS_HUGE].n) {
		buf_puts(b, "; ");
		human_counted(b, all[FAULTS_HUGE].n, "huge page", "huge pages");
	}
	if (all[FAULTS_WAITED].set) {
		buf_puts(b, "; ");
		human_ns(b, all[FAULTS_WAITED].n);
		buf_puts(b, " slept in them");
	}
	for (unsigned i = 1; i < t->nrows; i++) {
		const struct cell *v = t->rows[i].cells;

		buf_puts(b, "; ");
		human_count(b, v[FAULTS_PAGES].n);
		buf_puts(b, v[FAULTS_PLACE].n == IN_OTHER ? " " : " in ");
		buf_puts(b, table_place((unsigned)v[FAULTS_PLACE].n));
	}
	end_line(s);
}

void kernel_summary(struct kernel_sink *s)
{
	static void (*const print[_KERNEL_TABLES])(struct kernel_sink *s, const struct table *t) = {
		[KERNEL_WAITS] = waits, [KERNEL_DISK] = disk, [KERNEL_FAULTS] = faults,
	};

	for (unsigned i = 0; i < _KERNEL_TABLES; i++) {
		struct table *t = table_new(&kernel_tables[i], s->opt->totals, true, 16);

		if (t) {
			title(s, t->def->title);
			print[i](s, t);
		}
		table_free(t);
	}
}
