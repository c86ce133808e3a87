/* SPDX-License-Identifier: MIT */
#include "record/made.h"

#include "base/macro.h"
#include "record/record.h"

uint64_t record_made_ns(const struct record *r)
{
	uint64_t end_ns = r->ts_ns;

	if (r->kind == RECORD_CALL && r->size >= sizeof(struct record_call))
		end_ns = ((const struct record_call *)r)->exit_ns;
	else if (r->kind == RECORD_SCHED && r->size >= sizeof(struct record_sched))
		end_ns += ((const struct record_sched *)r)->delay_ns;
	else if (r->kind == RECORD_BLOCK && r->size >= sizeof(struct record_block))
		end_ns += ((const struct record_block *)r)->queue_ns + ((const struct record_block *)r)->device_ns;
	return MAX(end_ns, r->ts_ns);	/* exit_ns may be 0, and a sum of any numbers may wrap */
}
