/* SPDX-License-Identifier: MIT */
/* How often each call was made, how long it took and how it failed: one by one, and of those counted at once. */
#include <errno.h>
#include <string.h>

#include "analyze/groups.h"
#include "analyze/totals_index.h"
#include "base/macro.h"
#include "decode/call.h"
#include "record/record.h"

enum { ERRNO_MAX = 4095 };	/* of the kernel; a recording may say anything */

static inline struct totals_call *row_of(struct totals *t, const struct syscall_spec *spec, unsigned arch, unsigned nr)
{
	struct totals_call **row = &t->index->calls[MIN(arch, 2u)][MIN(nr, (unsigned)SYSCALL_MAX)];

	if (!*row) {
		*row = arena_alloc(&t->index->arena, sizeof(**row));
		**row = (struct totals_call){ .spec = spec, .nr = nr, .arch = (uint8_t)arch };
		TABLE_ADD(t->calls, *row);
	}
	if (nr >= SYSCALL_MAX)
		(*row)->several |= (*row)->nr != nr;
	return *row;
}

/* Not a part of what runs for every call. */
static __attribute__((noinline)) void add_error(struct totals *t, struct totals_call *call, unsigned err, uint64_t n)
{
	struct totals_index *x = t->index;
	struct error_key key;
	struct error_row *r;

	memset(&key, 0, sizeof(key));	/* hashed as bytes, padding too */
	key.spec = call->spec;
	key.nr = MIN(call->nr, (uint32_t)SYSCALL_MAX);
	key.arch = MIN(call->arch, 2);
	key.err = (uint16_t)err;
	HASH_FIND(hh, x->errors, &key, sizeof(key), r);
	if (!r) {
		r = arena_alloc(&x->arena, sizeof(*r));
		r->key = key;
		r->row = (struct totals_error){ call, (int)err, 0 };
		HASH_ADD(hh, x->errors, key, sizeof(key), r);
		TABLE_ADD(t->errors, &r->row);
	}
	r->row.count += n;
}

void totals_call_event(struct totals *t, const struct event *ev)
{
	struct totals_index *x = t->index;
	const struct call *c = ev->call;
	struct totals_call *row;
	bool failed;

	/* One call can be several events (close_range), one after the other. */
	if (c->counted || (x->last_task == ev->task->id && x->last_enter_ns == c->enter_ns))
		return;
	x->last_task = ev->task->id;
	x->last_enter_ns = c->enter_ns;
	if (c->spec->effect == FX_PROBE) {
		t->nprobes++;
		return;
	}
	t->ncalls++;
	row = row_of(t, c->spec, c->arch, c->nr);
	/* The program never sees ERESTARTSYS, and work in progress is no error. */
	failed = c->err && !c->restarted && c->err != EINPROGRESS;
	totals_call_add(row, ev, failed);
	if (failed)
		add_error(t, row, (unsigned)c->err, 1);
	if (t->group_by)
		groups_event(t, ev, failed);
}

void totals_counts_event(struct totals *t, const struct item *item)
{
	const struct record_counts *r = item->counts;
	struct totals_call *row;
	const struct part *times = parts_find(item->parts, item->nparts, -1, PART_TIMES, 0),
			  *errors = parts_find(item->parts, item->nparts, -1, PART_ERRORS, 0);

	t->end_ns = MAX(t->end_ns, item->head->ts_ns);
	if (item->head->flags & COUNTS_EXCLUDED) {
		t->nexcluded += r->calls;
		return;
	}
	t->ncalls += r->calls;
	row = row_of(t, syscall_spec(r->arch, r->nr), r->arch, r->nr);
	row->count += r->calls;
	row->has_cpu = true;
	row->cpu_ns += r->cpu_ns;
	hist_add_sum(&row->dur, r->calls, r->sum_ns, r->min_ns, r->max_ns);
	for (uint32_t i = 0; times && i < times->len / sizeof(struct record_times); i++) {
		const struct record_times *v = (const void *)times->bytes;

		hist_add_bucket(&row->dur, v[i].ns, v[i].n);
	}
	for (uint32_t i = 0; errors && i < errors->len / sizeof(struct record_errors); i++) {
		const struct record_errors *v = (const void *)errors->bytes;

		if (!v[i].err || v[i].err > ERRNO_MAX)
			continue;
		row->errors += v[i].n;
		add_error(t, row, v[i].err, v[i].n);
	}
}
