/* SPDX-License-Identifier: MIT */
/* What the summary says of waits for a CPU, block I/O and page faults. */
#include <stdio.h>

#include "base/human.h"
#include "base/macro.h"
#include "sink/cell.h"
#include "sink/kernel_part.h"
#include "sink/out.h"

#define BAR_COLUMNS 30

static const char *const op_names[OPS] = { "read", "write", "flush", "discard", "request" };
static const char *const place_names[_PLACES] = { "heap", "anonymous memory", "stack", "files", "elsewhere" };

const char *kernel_op_name(unsigned op) { return op_names[MIN(op, (unsigned)BLOCK_OTHER)]; }

void kernel_end_line(struct kernel_sink *s)
{
	buf_putc(&s->b, '\n');
	out_write(s->out, s->b.s, s->b.len);
	buf_reset(&s->b);
}

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

static void title(struct kernel_sink *s, const char *text)
{
	buf_putc(&s->b, ' ');
	buf_putc(&s->b, STYLE_BOLD);
	buf_puts(&s->b, text);
	buf_putc(&s->b, STYLE_OFF);
}

static void quantiles(struct kernel_sink *s, const char *name, const struct hist *h)
{
	static const struct {
		const char *name;
		double q;
	} qs[] = { { ", p50 ", .5 }, { ", p95 ", .95 }, { ", p99 ", .99 } };
	struct buf *b = &s->b;

	if (!h->n)
		return;
	buf_printf(b, "   %-12s", name);
	human_count(b, h->n);
	buf_puts(b, "×, avg ");
	human_ns(b, h->sum / h->n);
	for (unsigned i = 0; i < ARRAY_SIZE(qs); i++) {
		buf_puts(b, qs[i].name);
		if (hist_has_quantile(h, qs[i].q))
			human_ns(b, hist_quantile(h, qs[i].q));
		else
			buf_puts(b, "–");
	}
	buf_puts(b, ", max ");
	human_ns(b, h->max);
	kernel_end_line(s);
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
		kernel_end_line(s);
	}
}

static void sched_summary(struct kernel_sink *s)
{
	static const char *const names[WHYS] = { "woken", "new", "preempted", "interrupt" };
	struct hist all = { 0 };

	for (unsigned i = 0; i < WHYS; i++)
		add_hist(&all, &s->sched[i]);
	if (!all.n)
		return;
	title(s, "Waits for a CPU");
	kernel_end_line(s);
	quantiles(s, "all", &all);
	for (unsigned i = 0; i < WHYS; i++)
		quantiles(s, names[i], &s->sched[i]);
	bars(s, &all);
}

static void block_summary(struct kernel_sink *s)
{
	uint64_t n = 0;
	char name[32];

	for (unsigned i = 0; i < OPS; i++)
		n += s->queue[i].n;
	if (!n && !s->nunattributed)
		return;
	title(s, "Block I/O");
	kernel_end_line(s);
	for (unsigned i = 0; i < OPS; i++) {
		if (!s->queue[i].n)
			continue;
		buf_puts(&s->b, "   ");
		human_count(&s->b, s->queue[i].n);
		buf_printf(&s->b, " %s%s, ", kernel_op_name(i),
			   s->queue[i].n == 1 ? "" :
			   i == BLOCK_FLUSH   ? "es" :
						"s");
		human_bytes(&s->b, s->nbytes[i]);
		if (i == BLOCK_WRITE && s->nwriteback) {
			buf_puts(&s->b, ", ");
			human_count(&s->b, s->nwriteback);
			buf_puts(&s->b, " of them written back later by the kernel");
		}
		kernel_end_line(s);
		snprintf(name, sizeof(name), "  queued");
		quantiles(s, name, &s->queue[i]);
		quantiles(s, "  device", &s->device[i]);
		bars(s, &s->device[i]);
	}
	if (s->nunattributed) {
		buf_puts(&s->b, "   ");
		human_count(&s->b, s->nunattributed);
		buf_puts(&s->b, " more (");
		human_bytes(&s->b, s->unattributed_bytes);
		buf_puts(&s->b,
			 ") by kernel threads, for no traced program (journal, metadata, files of other programs)");
		kernel_end_line(s);
	}
}

static void fault_summary(struct kernel_sink *s)
{
	if (!s->nfaults)
		return;
	title(s, "Page faults: ");
	human_count(&s->b, s->nfaults);
	buf_puts(&s->b, ", ");
	human_count(&s->b, s->nmajor);
	buf_puts(&s->b, " major");
	if (s->nhuge) {
		buf_puts(&s->b, "; ");
		human_count(&s->b, s->nhuge);
		buf_puts(&s->b, s->nhuge == 1 ? " huge page" : " huge pages");
	}
	for (unsigned i = 0; i < _PLACES; i++)
		if (s->faults[i]) {
			buf_puts(&s->b, "; ");
			human_count(&s->b, s->faults[i]);
			buf_puts(&s->b, i == IN_OTHER ? " " : " in ");
			buf_puts(&s->b, place_names[i]);
		}
	kernel_end_line(s);
}

void kernel_summary(struct kernel_sink *s)
{
	sched_summary(s);
	block_summary(s);
	fault_summary(s);
}
