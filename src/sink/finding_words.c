/* SPDX-License-Identifier: MIT */
#include "sink/finding_words.h"

#include "abi/spec.h"
#include "analyze/findings.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/conn_words.h"
#include "sink/spent_words.h"
#include "sink/totals_words.h"
#include "sink/words.h"

static void who(struct buf *b, const struct totals_proc *p)
{
	if (!p) {
		buf_puts(b, "a process");
		return;
	}
	text_safe(b, p->comm.s ? p->comm.s : "", p->comm.len);
	buf_printf(b, " (%u)", p->pid);
}

static void waiters(struct buf *b, const struct finding *f)
{
	if (f->wait->several)
		buf_puts(b, "several processes");
	else
		who(b, f->proc);
}

static void waited(struct buf *b, const struct finding *f)
{
	const struct totals_wait *w = f->wait;

	waiters(b, f);
	buf_puts(b, " waited ");
	human_ns(b, w->ns);
	buf_puts(b, " for ");
	spent_wait_words(b, w);
	if (w->nconns > 1) {
		buf_puts(b, " in ");
		human_counted(b, w->nconns, "connection", "connections");
		buf_puts(b, ", the longest wait ");
		human_ns(b, w->longest_ns);
	} else if (w->n > 1) {
		buf_printf(b, " in %llu waits, the longest ", (unsigned long long)w->n);
		human_ns(b, w->longest_ns);
	}
}

static void locked(struct buf *b, const struct finding *f)
{
	const struct totals_wait *w = f->wait;

	if (w->nwaiters > 1)
		buf_printf(b, "%s%u threads of ", w->nwaiters == ARRAY_SIZE(w->waiters) ? "at least " : "",
			   w->nwaiters);
	waiters(b, f);
	buf_puts(b, w->nwaiters > 1 ? " waited for one lock, " : " waited for a lock, ");
	if (!w->semaphores && (w->addr || w->shared))
		spent_futex_words(b, w);
	else
		spent_wait_words(b, w);
	buf_puts(b, ": ");
	human_ns(b, w->ns);
	if (w->n > 1) {
		buf_printf(b, " together in %llu waits, the longest ", (unsigned long long)w->n);
		human_ns(b, w->longest_ns);
	}
}

static void stuck_for(struct buf *b, const struct stuck_thing *of)
{
	const struct totals_wait *w = of->wait;

	if (of->joined)
		buf_printf(b, "thread %u to end", of->joined);
	else if (w->addr || w->shared)
		spent_futex_words(b, w);
	else
		spent_wait_words(b, w);
	if (of->taken_by)
		buf_printf(b, " (%u had it last)", of->taken_by);
}

static void stuck_until(struct buf *b, const struct stuck *s)
{
	if (s->signo)
		buf_printf(b, " until %s", signal_name(s->signo));
	else
		buf_puts(b, " until the trace ended");
}

/* Who waits for what. */
static void stuck_things(struct buf *b, const struct stuck *s)
{
	for (unsigned i = 0; i < s->nthings; i++) {
		buf_puts(b, i ? "; " : ": ");
		if (s->things[i].n > 1)
			buf_printf(b, "%u threads", s->things[i].n);
		else
			buf_u64(b, s->things[i].tid);
		buf_puts(b, " for ");
		stuck_for(b, &s->things[i]);
	}
	if (s->nmore) {
		buf_puts(b, "; ");
		human_counted(b, s->nmore, "other thread", "other threads");
	}
}

static void stuck(struct buf *b, const struct finding *f)
{
	const struct stuck *s = &f->stuck;
	bool one = s->nthings == 1 && !s->nmore;

	if (s->nthreads > 1)
		buf_printf(b, s->all ? "all %u threads of " : "%u threads of ", s->nthreads);
	who(b, f->proc);
	if (one) {
		buf_puts(b, s->all	     ? " waited for " :
			    s->nthreads > 1 ? " waited for one lock, " :
					      " waited for a lock, ");
		stuck_for(b, &s->things[0]);
	} else {
		buf_puts(b, s->all ? " waited for each other" : " waited for locks");
	}
	stuck_until(b, s);
	buf_puts(b, s->nthreads > 1 ? ", the longest " : ", ");
	human_ns(b, s->longest_ns);
	if (!one)
		stuck_things(b, s);
	else if (s->all)
		buf_puts(b, ": no other thread was left to wake it");
	else
		buf_puts(b, ": no thread released it");
}

static void slow_file(struct buf *b, const struct finding *f)
{
	buf_puts(b, "a call on ");
	spent_wait_words(b, f->wait);
	buf_puts(b, " took ");
	human_ns(b, f->wait->longest_ns);
}

static void refused(struct buf *b, const struct finding *f)
{
	human_counted(b, f->n, "connection", "connections");
	buf_puts(b, " to ");
	table_conn_words(b, f->conn);
	buf_printf(b, " failed: %s", errno_name(f->conn->err) ? errno_name(f->conn->err) : "?");
}

static void leaked(struct buf *b, const struct finding *f)
{
	who(b, f->proc);
	buf_puts(b, " never closed ");
	human_count(b, f->n);
	buf_puts(b, " of the ");
	human_counted(b, f->proc->made, "descriptor", "descriptors");
	buf_puts(b, " it made");
	if (f->proc->unclosed_of_one * 2 > f->n) {
		buf_puts(b, ": ");
		human_count(b, f->proc->unclosed_of_one);
		buf_puts(b, f->proc->unclosed_of_one == 1 ? " is " : " are ");
		path_format(b, f->proc->unclosed_name.s, f->proc->unclosed_name.len);
	}
}

static void tiny(struct buf *b, const struct finding *f)
{
	human_counted(b, f->n, "call", "calls");
	buf_puts(b, " of ");
	human_bytes(b, (f->file->nread + f->file->nwritten) / f->n);
	buf_puts(b, " on average on ");
	path_format(b, f->file->path.s, f->file->path.len);
	buf_puts(b, ": a buffer would save most of them");
}

static void polling(struct buf *b, const struct finding *f)
{
	who(b, f->proc);
	buf_puts(b, " slept ");
	human_count(b, f->wait->n);
	buf_puts(b, " times for ");
	human_ns(b, f->wait->ns / f->wait->n);
	buf_puts(b, " on average: it polls instead of waiting to be woken");
}

static void faulted(struct buf *b, const struct finding *f)
{
	const struct totals_wait *w = f->wait;

	waiters(b, f);
	buf_puts(b, " slept ");
	human_ns(b, w->ns);
	buf_puts(b, " in ");
	human_counted(b, w->n, "page fault", "page faults");
	buf_puts(b, w->name.len ? " of " : ", ");
	spent_wait_words(b, w);
}

void finding_words(struct buf *b, const struct finding *f)
{
	switch (f->rule) {
	case FINDING_STUCK:
		stuck(b, f);
		break;
	case FINDING_PEER:
		waited(b, f);
		break;
	case FINDING_LOCK:
		locked(b, f);
		break;
	case FINDING_SLOW_FILE:
		slow_file(b, f);
		break;
	case FINDING_REFUSED:
		refused(b, f);
		break;
	case FINDING_LEAK:
		leaked(b, f);
		break;
	case FINDING_TINY:
		tiny(b, f);
		break;
	case FINDING_POLLING:
		polling(b, f);
		break;
	case FINDING_LOOKUPS:
		human_counted(b, f->n, "lookup", "lookups");
		buf_puts(b, " in vain took ");
		human_ns(b, f->cost_ns);
		break;
	case FINDING_FAULTS:
		faulted(b, f);
		break;
	case FINDING_QUEUE:
		buf_puts(b, "it could have run for ");
		human_ns(b, f->cost_ns);
		buf_puts(b, ", and no CPU was free");
		break;
	default:
		break;
	}
}
