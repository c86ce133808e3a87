/* SPDX-License-Identifier: MIT */
#include "sink/kernel.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "analyze/totals.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "sink/kernel_part.h"
#include "sink/lines.h"
#include "sink/out.h"
#include "sink/table_words.h"
#include "sink/words.h"

#define RUN_GAP_NS 100000000u	/* equal requests or faults are one line while they follow each other this closely, */
#define RUN_MAX_NS 1000000000u	/* for at most so long */

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
static void put_region(struct buf *b, enum mem_place place, bool as_is, const char *file, size_t file_len,
		       uint64_t start, uint32_t prot)
{
	if (place == IN_FILE && file_len && as_is)
		path_name(b, file, file_len);
	else if (place == IN_FILE && file_len)
		path_format(b, file, file_len);
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
	buf_puts(b, table_block_op(r->op));
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
		put_region(b, mem_place(ev->region), true, ev->path, ev->path_len,
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

	if (ns == UINT64_MAX && !s->holds)
		return;
	s->holds = ns != UINT64_MAX;
	lines_hold(out_lines(s->out), LINES_KERNEL, ns == UINT64_MAX ? ns : since_start(s, ns));
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
	buf_puts(b, table_block_op(r->like.op));
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
	if (r->sum_ns) {
		buf_puts(b, ", ");
		human_ns(b, r->sum_ns);
		buf_puts(b, " asleep");
	}
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

	if (!s->opt->live || !ev->task || !r->h.pid)
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
	enum mem_place place = mem_place(ev->region);
	uint64_t start = ev->region ? ev->region->start : 0, end = ev->ts_ns + ev->dur_ns;
	bool major = ev->item->head->flags & FAULT_MAJOR;
	unsigned order = fault_order(ev);	/* a huge page counts as the pages it is */

	if (!s->opt->live || !ev->task || (!s->opt->all && place != IN_HEAP && place != IN_ANON))
		return;
	if (!goes_on(&s->fault, ev, end) || s->fault.place != place || s->fault.start != start)
		flush_fault(s);
	run_add(s, &s->fault, ev, end);
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

static __attribute__((noinline)) void on_event(struct kernel_sink *s, const struct event *ev, bool ours)
{
	uint64_t end = ev->ts_ns + ev->dur_ns;

	if (s->block.waiting && end > s->block.last_ns + RUN_GAP_NS)
		flush_block(s);
	if (s->fault.waiting && end > s->fault.last_ns + RUN_GAP_NS)
		flush_fault(s);
	if (s->opt->totals->left_out && ours)
		return;
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

/* Of most events nothing is ours, and nothing of ours waits for them. */
static void kernel_event(struct sink *sink, const struct event *ev)
{
	struct kernel_sink *s = CONTAINER_OF(sink, struct kernel_sink, sink);
	bool ours = event_info(ev->kind)->category >= CAT_SCHEDULER;

	if (ours || s->holds)
		on_event(s, ev, ours);
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

static void kernel_finish(struct sink *sink, const struct sink_result *done UNUSED)
{
	struct kernel_sink *s = CONTAINER_OF(sink, struct kernel_sink, sink);

	if (!s->opt->summary_json)	/* it has these tables */
		kernel_summary(s);
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
