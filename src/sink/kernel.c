/* SPDX-License-Identifier: MIT */
#include "sink/kernel.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "analyze/hist.h"
#include "analyze/totals.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "sink/cell.h"
#include "sink/line.h"
#include "sink/lines.h"
#include "sink/out.h"
#include "sink/sink.h"

#define RUN_GAP_NS 100000000u	/* equal requests or faults are one line while they follow each other this closely, */
#define RUN_MAX_NS 1000000000u	/* for at most so long */
#define BAR_COLUMNS 30

enum { OPS = BLOCK_OTHER + 1, WHYS = SCHED_INTERRUPT + 1 };
enum place { IN_HEAP, IN_ANON, IN_STACK, IN_FILE, IN_OTHER, _PLACES };
static const char *const op_names[OPS] = { "read", "write", "flush", "discard", "request" };
static const char *const place_names[_PLACES] = { "heap", "anonymous memory", "stack", "files", "elsewhere" };

struct run {
	bool waiting;
	uint32_t task;
	struct line_who who;
	uint64_t count, sum_ns, max_ns, nbytes, first_ns, last_ns;
	struct record_block like;
	uint64_t start;
	uint32_t prot, nmajor, nhuge;
	uint64_t npages;
	enum place place;
	char file[64];
	unsigned file_len;
};

struct kernel_sink {
	struct sink sink;
	struct out *out;
	const struct sink_options *opt;
	struct buf b;
	struct run block, fault;
	bool holds;
	struct hist sched[WHYS], queue[OPS], device[OPS];
	uint64_t nbytes[OPS], nwriteback, nunattributed, unattributed_bytes;
	uint64_t faults[_PLACES], nmajor, nhuge, nfaults;
};

static enum place place_of(const struct region *r)
{
	if (!r)
		return IN_OTHER;
	if (r->kind == MAP_KIND_HEAP)
		return IN_HEAP;
	if (r->kind == MAP_KIND_STACK)
		return IN_STACK;
	return r->path.len || r->src ? IN_FILE : IN_ANON;
}

static void put_prot(struct buf *b, uint32_t prot)
{
	buf_printf(b, " (%c%c%c)", prot & PROT_READ ? 'r' : '-', prot & PROT_WRITE ? 'w' : '-',
		   prot & PROT_EXEC ? 'x' : '-');
}

/* The last component of a path: which of the mapped files it was. */
static const char *file_of(const char *path, size_t len, size_t *ret_len)
{
	const char *slash = len ? memrchr(path, '/', len) : NULL;

	*ret_len = slash ? len - (size_t)(slash + 1 - path) : len;
	return slash ? slash + 1 : path;
}

/* as_is: for the report, which shows any bytes as text itself */
static void put_region(struct buf *b, enum place place, bool as_is, const char *file, size_t file_len, uint64_t start,
		       uint32_t prot)
{
	if (place == IN_FILE && file_len && as_is)
		buf_add(b, file, file_len);
	else if (place == IN_FILE && file_len)
		text_safe(b, file, file_len);
	else
		buf_puts(b, place == IN_HEAP  ? "heap" :
			    place == IN_STACK ? "stack" :
			    place == IN_ANON  ? "anon" :
			    place == IN_FILE  ? "file" :
						"unknown memory");
	if (place == IN_OTHER)
		return;
	buf_printf(b, " @ %llx", (unsigned long long)start);
	put_prot(b, prot);
}

static void put_disk(struct buf *b, const struct record_block *r)
{
	text_safe(b, r->disk, strnlen(r->disk, sizeof(r->disk)));
}

static const char *op_name(const struct record_block *r) { return op_names[MIN(r->op, (rec_u8)BLOCK_OTHER)]; }

static void sched_words(struct buf *b, const struct record_sched *r)
{
	buf_puts(b, "delay ");
	human_ns(b, r->delay_ns);
	if (!r->waker_pid) {
		if (r->why == SCHED_INTERRUPT)
			buf_puts(b, " (woken by an interrupt)");
		return;
	}
	buf_puts(b, r->why == SCHED_PREEMPTED ? " (preempted by " : " (woken by ");
	buf_u64(b, r->waker_pid);
	buf_putc(b, ' ');
	text_safe(b, r->waker, strnlen(r->waker, sizeof(r->waker)));
	buf_putc(b, ')');
}

static void block_words(struct buf *b, const struct record_block *r)
{
	buf_puts(b, op_name(r));
	buf_putc(b, ' ');
	human_bytes(b, r->nbytes);
	buf_putc(b, ' ');
	put_disk(b, r);
	buf_printf(b, ", sector %llu, ", (unsigned long long)r->sector);
	human_ns(b, r->queue_ns);
	buf_puts(b, " queued, ");
	human_ns(b, r->device_ns);
	buf_puts(b, " on the device");
	if (r->h.flags & BLOCK_WRITEBACK)
		buf_puts(b, ", writeback");
}

void kernel_words(struct buf *b, const struct event *ev)
{
	if (ev->kind == EV_SCHED) {
		sched_words(b, ev->item->sched);
	} else if (ev->kind == EV_BLOCK) {
		block_words(b, ev->item->block);
	} else {
		put_region(b, place_of(ev->region), true, ev->path, ev->path_len,
			   ev->region ? ev->region->start : ev->addr, ev->prot);
	}
}

static uint64_t since_start(const struct kernel_sink *s, uint64_t ts_ns)
{
	uint64_t start_ns = s->opt->totals->start_ns;

	return ts_ns > start_ns ? ts_ns - start_ns : 0;
}

/* What was written to s->b is a line. */
static void live_line(struct kernel_sink *s, uint64_t ts_ns, const struct line_who *who)
{
	lines_add(out_lines(s->out), since_start(s, ts_ns), who, s->b.s, s->b.len);
	buf_reset(&s->b);
}

static void event_line(struct kernel_sink *s, const struct event *ev)
{
	const struct line_who who = line_who(s->opt, ev->task);

	live_line(s, ev->ts_ns + ev->dur_ns, &who);
}

/* Lines from the end of a run on wait for it. */
static void hold(struct kernel_sink *s)
{
	uint64_t ns = MIN(s->block.waiting ? s->block.last_ns : UINT64_MAX,
			  s->fault.waiting ? s->fault.last_ns : UINT64_MAX);

	if (ns == UINT64_MAX && !s->holds)	/* most events are none of ours */
		return;
	s->holds = ns != UINT64_MAX;
	lines_hold(out_lines(s->out), LINES_KERNEL, ns == UINT64_MAX ? ns : since_start(s, ns));
}

static void end_line(struct kernel_sink *s)
{
	buf_putc(&s->b, '\n');
	out_write(s->out, s->b.s, s->b.len);
	buf_reset(&s->b);
}

static void verb(struct kernel_sink *s, enum category cat, const char *word)
{
	buf_putc(&s->b, (char)(STYLE_CAT + cat));
	buf_puts(&s->b, word);
	buf_putc(&s->b, STYLE_OFF);
	buf_putc(&s->b, ' ');
}

static void flush_block(struct kernel_sink *s)
{
	struct run *r = &s->block;
	struct buf *b = &s->b;

	if (!r->waiting)
		return;
	r->waiting = false;
	verb(s, CAT_DISK, "block I/O");
	human_ns(b, r->sum_ns / r->count);
	if (r->count > 1) {
		buf_puts(b, " avg, ");
		human_ns(b, r->max_ns);
		buf_puts(b, " max");
	}
	buf_puts(b, " (");
	human_bytes(b, r->like.nbytes);
	if (r->count > 1) {
		buf_puts(b, " x");
		buf_u64(b, r->count);
		buf_puts(b, ", ");
		human_bytes(b, r->nbytes);
		buf_puts(b, " total");
	}
	buf_puts(b, ") ");
	buf_puts(b, op_name(&r->like));
	buf_putc(b, ' ');
	put_disk(b, &r->like);
	if (r->like.h.flags & BLOCK_WRITEBACK)
		buf_puts(b, ", writeback");
	if (r->like.err) {
		buf_puts(b, ", error ");
		buf_u64(b, (uint64_t)-(int64_t)r->like.err);
	}
	live_line(s, r->last_ns, &r->who);
}

static void flush_fault(struct kernel_sink *s)
{
	struct run *r = &s->fault;
	struct buf *b = &s->b;

	if (!r->waiting)
		return;
	r->waiting = false;
	buf_u64(b, r->npages);
	buf_putc(b, ' ');
	verb(s, CAT_FAULT, r->npages == 1 ? "fault" : "faults");
	buf_puts(b, "in ");
	put_region(b, r->place, false, r->file, r->file_len, r->start, r->prot);
	if (r->nmajor)
		buf_printf(b, ", %u major", r->nmajor);
	if (r->nhuge)
		buf_printf(b, ", %u huge page%s", r->nhuge, r->nhuge == 1 ? "" : "s");
	live_line(s, r->last_ns, &r->who);
}

/* Whether an event that ends at ts_ns goes on with the run; a run that is over is written. */
static bool goes_on(const struct run *r, const struct event *ev, uint64_t end_ns)
{
	return r->waiting && r->task == ev->task->id && end_ns <= r->last_ns + RUN_GAP_NS &&
	       end_ns <= r->first_ns + RUN_MAX_NS;
}

static void run_add(const struct kernel_sink *s, struct run *r, const struct event *ev, uint64_t end_ns)
{
	if (!r->waiting)
		*r = (struct run){
			.waiting = true, .task = ev->task->id, .who = line_who(s->opt, ev->task), .first_ns = end_ns
		};
	r->count++;
	r->last_ns = MAX(r->last_ns, end_ns);
	r->nbytes += ev->nbytes;
	r->sum_ns += ev->dur_ns;
	r->max_ns = MAX(r->max_ns, ev->dur_ns);
}

static void on_sched(struct kernel_sink *s, const struct event *ev)
{
	const struct record_sched *r = ev->item->sched;

	hist_add(&s->sched[MIN(r->why, (rec_u8)SCHED_INTERRUPT)], r->delay_ns);
	if (!s->opt->live || !ev->task || r->delay_ns < s->opt->sched_shown_ns)
		return;
	verb(s, CAT_SCHEDULER, "sched");
	sched_words(&s->b, r);
	event_line(s, ev);
}

static void on_block(struct kernel_sink *s, const struct event *ev)
{
	const struct record_block *r = ev->item->block;
	uint64_t end = ev->ts_ns + ev->dur_ns;
	unsigned op = MIN(r->op, (rec_u8)BLOCK_OTHER);

	if (!r->h.pid) {
		s->nunattributed++;
		s->unattributed_bytes += r->nbytes;
		return;
	}
	hist_add(&s->queue[op], r->queue_ns);
	hist_add(&s->device[op], r->device_ns);
	s->nbytes[op] += r->nbytes;
	s->nwriteback += (r->h.flags & BLOCK_WRITEBACK) != 0;
	if (!s->opt->live || !ev->task)
		return;
	if (s->opt->verbose) {
		verb(s, CAT_DISK, "block I/O");
		block_words(&s->b, r);
		event_line(s, ev);
		return;
	}
	if (!goes_on(&s->block, ev, end) || s->block.like.nbytes != r->nbytes || s->block.like.op != r->op ||
	    s->block.like.dev != r->dev || s->block.like.err != r->err)
		flush_block(s);
	if (!s->block.waiting) {
		run_add(s, &s->block, ev, end);
		s->block.like = *r;
	} else {
		run_add(s, &s->block, ev, end);
	}
}

static void on_fault(struct kernel_sink *s, const struct event *ev)
{
	enum place place = place_of(ev->region);
	uint64_t start = ev->region ? ev->region->start : 0;
	bool major = ev->item->head->flags & FAULT_MAJOR;
	/* a huge page counts as the pages it is */
	unsigned order = MIN(ev->item->head->flags >> FAULT_ORDER_SHIFT, FAULT_ORDER_MAX);

	s->nfaults += 1u << order;
	s->faults[place] += 1u << order;
	s->nhuge += order > 0;
	s->nmajor += major;
	if (!s->opt->live || !ev->task || (!s->opt->all && place != IN_HEAP && place != IN_ANON))
		return;
	if (!goes_on(&s->fault, ev, ev->ts_ns) || s->fault.place != place || s->fault.start != start)
		flush_fault(s);
	run_add(s, &s->fault, ev, ev->ts_ns);
	if (s->fault.count == 1) {
		size_t len;
		const char *file = file_of(ev->path, ev->path_len, &len);

		s->fault.file_len = (unsigned)MIN(len, sizeof(s->fault.file));
		if (len)
			memcpy(s->fault.file, file, s->fault.file_len);
	}
	s->fault.place = place;
	s->fault.start = start;
	s->fault.prot = ev->prot;
	s->fault.nmajor += major;
	s->fault.nhuge += order > 0;
	s->fault.npages += 1u << order;
}

static void kernel_event(struct sink *sink, const struct event *ev)
{
	struct kernel_sink *s = CONTAINER_OF(sink, struct kernel_sink, sink);
	uint64_t end = ev->ts_ns + ev->dur_ns;

	if (s->block.waiting && end > s->block.last_ns + RUN_GAP_NS)
		flush_block(s);
	if (s->fault.waiting && end > s->fault.last_ns + RUN_GAP_NS)
		flush_fault(s);
	switch (ev->kind) {
	case EV_SCHED: on_sched(s, ev); break;
	case EV_BLOCK: on_block(s, ev); break;
	case EV_FAULT: on_fault(s, ev); break;
	case EV_EXIT:
	case EV_THREAD_EXIT:
		if (ev->task && s->block.task == ev->task->id)
			flush_block(s);
		if (ev->task && s->fault.task == ev->task->id)
			flush_fault(s);
		break;
	case EV_END:
		flush_block(s);
		flush_fault(s);
		break;
	default:
		break;
	}
	hold(s);
}

static void kernel_tick(struct sink *sink, uint64_t now_ns)
{
	struct kernel_sink *s = CONTAINER_OF(sink, struct kernel_sink, sink);

	if (s->block.waiting && now_ns > s->block.last_ns + RUN_GAP_NS)
		flush_block(s);
	if (s->fault.waiting && now_ns > s->fault.last_ns + RUN_GAP_NS)
		flush_fault(s);
	hold(s);
}

/* ---- the summary's part ---- */

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

static void sched_summary(struct kernel_sink *s)
{
	static const char *const names[WHYS] = { "woken", "new", "preempted", "interrupt" };
	struct hist all = { 0 };

	for (unsigned i = 0; i < WHYS; i++)
		add_hist(&all, &s->sched[i]);
	if (!all.n)
		return;
	title(s, "Waits for a CPU");
	end_line(s);
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
	end_line(s);
	for (unsigned i = 0; i < OPS; i++) {
		if (!s->queue[i].n)
			continue;
		buf_puts(&s->b, "   ");
		human_count(&s->b, s->queue[i].n);
		buf_printf(&s->b, " %s%s, ", op_names[i], s->queue[i].n == 1 ? "" : i == BLOCK_FLUSH ? "es" : "s");
		human_bytes(&s->b, s->nbytes[i]);
		if (i == BLOCK_WRITE && s->nwriteback) {
			buf_puts(&s->b, ", ");
			human_count(&s->b, s->nwriteback);
			buf_puts(&s->b, " of them written back later by the kernel");
		}
		end_line(s);
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
		end_line(s);
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
	end_line(s);
}

static void kernel_finish(struct sink *sink, const struct sink_result *done UNUSED)
{
	struct kernel_sink *s = CONTAINER_OF(sink, struct kernel_sink, sink);

	sched_summary(s);
	block_summary(s);
	fault_summary(s);
}

static void kernel_free(struct sink *sink)
{
	struct kernel_sink *s = CONTAINER_OF(sink, struct kernel_sink, sink);

	buf_done(&s->b);
	free(s);
}

static const struct sink_ops kernel_ops = {
	.event = kernel_event, .tick = kernel_tick,
	.finish = kernel_finish, .free = kernel_free,
};

struct sink *sink_kernel_new(struct out *out, const struct sink_options *opt)
{
	struct kernel_sink *s = xcalloc(1, sizeof(*s));

	*s = (struct kernel_sink){ .sink.ops = &kernel_ops, .out = out, .opt = opt };
	return &s->sink;
}
