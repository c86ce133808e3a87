/* SPDX-License-Identifier: MIT */
/* Numbers that change over the life of a process, thinned as they come. */
#include "analyze/resident.h"
#include "base/macro.h"
#include "row/internal.h"

enum { ALL_SAMPLES = 200, SAMPLES_A_LIFE = 150, PEAK_SHARE = 4096 };

static void write_sample(struct rows *r, uint32_t process, unsigned counter, struct gauge *g, uint64_t at)
{
	r->shown[counter] += g->value - g->written;
	g->written = g->value;
	g->written_at = at;
	g->nwritten++;
	g->pending = false;
	row_put(r, TABLE_COUNTER,
		&(struct row_ctx){ .id = process, .counter = counter, .value = g->value, .time_ns = at }, true);
}

static void wait_pending(struct rows *r, uint32_t process, struct process_state *p)
{
	if (p->in_pending)
		return;
	p->in_pending = true;
	p->next_pending = r->first_pending;
	r->first_pending = process;
}

/*
 * Every value that was thinned out, so that what the samples of all processes come to at this moment is true.  What
 * fell comes first: no sum on the way there is one that never was.
 */
static void write_all_pending(struct rows *r, uint64_t at)
{
	struct process_state *p;

	for (unsigned rising = 0; rising < 2; rising++)
		for (uint32_t next = r->first_pending; next; next = p->next_pending) {
			p = store_row(&r->processes, next);
			for (unsigned c = 0; c < _COUNTER_MAX; c++)
				if (p->gauges[c].pending && (rising || p->gauges[c].value < p->gauges[c].written))
					write_sample(r, next, c, &p->gauges[c], at);
		}
	for (uint32_t next = r->first_pending; next; next = p->next_pending) {
		p = store_row(&r->processes, next);
		p->in_pending = false;
	}
	r->first_pending = 0;
}

/*
 * After the first ones a sample is worth a fixed share of the life so far.  The sum of all processes is shown as high
 * as it was, but for a share that cannot be seen, and never higher.
 */
static void changed(struct rows *r, uint32_t process, unsigned counter, uint64_t at, uint64_t value)
{
	struct process_state *p = store_row(&r->processes, process);
	struct gauge *g = &p->gauges[counter];
	bool highest;

	r->sums[counter] += value - g->value;
	g->value = value;
	r->peaks[counter] = MAX(r->peaks[counter], r->sums[counter]);
	highest = r->sums[counter] > r->highest[counter] + r->highest[counter] / PEAK_SHARE;
	if (!highest && g->nwritten >= ALL_SAMPLES && at - g->written_at < (at - p->start_ns) / SAMPLES_A_LIFE) {
		g->pending = true;
		wait_pending(r, process, p);
		return;
	}
	if (highest || r->shown[counter] - g->written + value > r->peaks[counter]) {
		g->pending = true;
		wait_pending(r, process, p);
		write_all_pending(r, at);
		r->highest[counter] = MAX(r->highest[counter], r->sums[counter]);
		return;
	}
	write_sample(r, process, counter, g, at);
}

static void sample(struct rows *r, uint32_t process, unsigned counter, uint64_t at, uint64_t value)
{
	const struct process_state *p = store_row(&r->processes, process);

	if (p->gauges[counter].value != value)
		changed(r, process, counter, at, value);
}

/* Sums are those of the summary, which takes events as they come: a late one counts from now on. */
static uint64_t sample_time(struct rows *r, const struct event *ev)
{
	r->sampled_at = MAX(r->sampled_at, row_time(r, ev->ts_ns + ev->dur_ns));
	return r->sampled_at;
}

static void sample_proc(struct rows *r, const struct proc *p, const struct event *ev)
{
	uint64_t at = sample_time(r, ev);
	bool ended = ev->kind == EV_EXIT;
	const struct process_state *state = store_row(&r->processes, p->id);
	uint32_t nwritten = state->gauges[COUNTER_MEMORY].nwritten;

	/* what it had open is released after its end: that is no memory any more */
	if (!state->seen || state->ended)
		return;
	/* what a vfork child has for a moment is its parent's memory */
	if (ended || (p->mm && (p->mm->refs == 1 || nwritten)))
		sample(r, p->id, COUNTER_MEMORY, at, ended ? 0 : p->mm->heap + p->mm->mapped - p->mm->reserved);
	if (ended || p->fds)
		sample(r, p->id, COUNTER_FDS, at, ended ? 0 : p->fds->nopen);
}

void rows_sample(struct rows *r, const struct event *ev)
{
	const struct proc *p = ev->task->proc;
	uint64_t nbytes;

	sample_proc(r, p, ev);
	if (ev->kind == EV_FORK && ev->child && ev->child->proc)
		sample_proc(r, ev->child->proc, ev);
	if (resident_event(r->resident, ev, &nbytes) &&
	    !((const struct process_state *)store_row(&r->processes, p->id))->ended)
		sample(r, p->id, COUNTER_RESIDENT, sample_time(r, ev), nbytes);
}

void rows_samples_end(struct rows *r) { write_all_pending(r, r->last_ns); }
