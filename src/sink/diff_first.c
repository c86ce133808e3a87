/* SPDX-License-Identifier: MIT */
/* The difference that is the earliest in time, as a sentence. */
#include "analyze/diff.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "sink/diff_words.h"

static const char *verb(const struct difference *d)
{
	switch (d->kind) {
	case DIFF_READ: case DIFF_RESULT: return " opens ";
	case DIFF_WRITTEN: return " writes ";
	case DIFF_MISSED: return " looks in vain for ";
	case DIFF_PEER: return " has a connection ";
	case DIFF_RAN: return " runs";
	case DIFF_ENDED: return " ends";
	case DIFF_ARGS: return " is started with other arguments";
	default: return ", started in another way: ";
	}
}

/* What it is about stands behind the verb: of a process the verb is all. */
static bool has_object(const struct difference *d)
{
	return d->kind != DIFF_RAN && d->kind != DIFF_ENDED && d->kind != DIFF_ARGS;
}

/* In which run; or both values. */
static void runs(struct buf *b, const struct diff_first *first)
{
	const struct difference *d = first->d;

	if (diff_is_of_one(d) && first->other) {
		buf_puts(b, " in the first run, ");
		diff_what(b, d->side ? d : first->other, true);
		buf_puts(b, " in the second");
	} else if (diff_is_of_one(d)) {
		buf_puts(b, d->side ? " in the second run only" : " in the first run only");
	} else if (d->kind != DIFF_ARGS) {
		buf_puts(b, d->kind == DIFF_ENDED ? " with " : ": ");
		diff_value(b, d, 0, true);
		buf_puts(b, " in the first run, ");
		diff_value(b, d, 1, true);
		buf_puts(b, " in the second");
	}
}

void diff_first_words(struct buf *b, const struct diff_first *first)
{
	if (first->d->kind == DIFF_RAN || !first->proc)
		diff_what(b, first->d, true);
	else
		diff_program(b, first->proc);
	if (first->proc)
		buf_puts(b, verb(first->d));
	if (first->proc && has_object(first->d))
		diff_what(b, first->other && first->d->side ? first->other : first->d, true);
	runs(b, first);
	buf_puts(b, ", after ");
	human_ns(b, first->ns);
}
