/* SPDX-License-Identifier: MIT */
#pragma once
/* What is in a recording, as its end says it, or counted while it is read. */
#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "record/format.h"
#include "record/record.h"

void index_count_other(struct recording_index *x, const struct record *r);	/* of index_count() */
/* A whole record; all of a recording, in order.  Inlined: mostly it is a call, and its head is looked at anyway. */
static inline void index_count(struct recording_index *x, const struct record *r)
{
	if (!x->records++)
		x->first_ns = r->ts_ns;
	if (r->kind != RECORD_CALL || r->size < sizeof(struct record_call)) {
		index_count_other(x, r);
		return;
	}
	x->calls++;
	x->made_ns = MAX(x->made_ns, r->ts_ns);		/* as record_made_ns() */
	x->made_ns = MAX(x->made_ns, ((const struct record_call *)r)->exit_ns);
}
/* Of an open recording, whose position is not moved.  false: it has none that is whole, or is no file. */
bool index_read(int fd, struct recording_index *ret);
