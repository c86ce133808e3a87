/* SPDX-License-Identifier: MIT */
/* What each CPU counted, added up and made into records. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "capture/bpf/internal.h"
#include "record/build.h"

/* The room that a CPU's value has in what a lookup copies. */
enum { COUNT_BYTES = (sizeof(struct wire_count) + 7) / 8 * 8 };

struct errors { struct wire_error key; uint64_t n; };
struct sums { struct wire_count all; uint64_t buckets[COUNT_BUCKETS]; };

static void add(struct sums *to, const struct wire_count *c)
{
	if (!c->calls)
		return;
	to->all.min_ns = to->all.calls ? MIN(to->all.min_ns, c->min_ns) : c->min_ns;
	to->all.max_ns = MAX(to->all.max_ns, c->max_ns);
	to->all.calls += c->calls;
	to->all.sum_ns += c->sum_ns;
	to->all.off_ns += c->off_ns;
	for (unsigned i = 0; i < COUNT_BUCKETS; i++)
		to->buckets[i] += c->buckets[i];
}

/* The least of a bucket: hist_bucket_low() of analyze/hist.h, which is above. */
static uint64_t bucket_low(unsigned i)
{
	unsigned e = i / COUNT_SUB + COUNT_SUB_BITS - 1;

	return i < COUNT_SUB ? i : (uint64_t)(COUNT_SUB + i % COUNT_SUB) << (e - COUNT_SUB_BITS);
}

static void put_times(struct buf *rec, const struct sums *v)
{
	struct record_times times[COUNT_BUCKETS];
	unsigned n = 0;

	for (unsigned i = 0; i < COUNT_BUCKETS; i++)
		if (v->buckets[i])
			times[n++] = (struct record_times){ bucket_low(i), v->buckets[i] };
	record_chunk(rec, 0, PART_TIMES, 0, times, n * sizeof(times[0]));
}

static void put_errors(struct buf *rec, unsigned at, const struct errors *errors, unsigned n)
{
	struct record_errors *v = xcalloc(n + 1, sizeof(*v));
	unsigned nv = 0;

	for (unsigned i = 0; i < n; i++)
		if (errors[i].key.at == at && errors[i].n)
			v[nv++] = (struct record_errors){ .err = errors[i].key.err, .n = errors[i].n };
	record_chunk(rec, 0, PART_ERRORS, 0, v, nv * sizeof(*v));
	free(v);
}

static void put(struct bpf_source *s, unsigned at, const struct sums *v, const struct errors *errors, unsigned nerrors)
{
	struct record_counts *r = record_begin(&s->out.rec, RECORD_COUNTS, sizeof(*r), 0, 0, clock_ns());

	r->calls = v->all.calls;
	r->sum_ns = v->all.sum_ns;
	r->min_ns = v->all.min_ns;
	r->max_ns = v->all.max_ns;
	r->cpu_ns = v->all.sum_ns - MIN(v->all.sum_ns, v->all.off_ns);
	r->nr = at % WIRE_CALLS;
	r->arch = at < WIRE_CALLS ? ARCH_X86_64 : ARCH_I386;
	r->nchunks = 2;
	put_times(&s->out.rec, v);
	put_errors(&s->out.rec, at, errors, nerrors);
	emitter_put(&s->out);
}

static struct errors *read_errors(int fd, unsigned *ret_n)
{
	struct errors *v = xcalloc(COUNT_ERRORS, sizeof(*v));
	const struct wire_error *last = NULL;
	unsigned n = 0;

	while (n < COUNT_ERRORS && bpf_map_get_next_key(fd, last, &v[n].key) == 0) {
		if (bpf_map_lookup_elem(fd, &v[n].key, &v[n].n) < 0)
			v[n].n = 0;
		last = &v[n++].key;
	}
	*ret_n = n;
	return v;
}

void count_put(struct bpf_source *s)
{
	int counts, by_error;
	const struct wire_plan *plans;
	struct errors *errors;
	unsigned nerrors;
	char *cpus;

	if (bpf_count_maps(s, &counts, &by_error, &plans) < 0)
		return;
	errors = read_errors(by_error, &nerrors);
	cpus = xcalloc(s->ncpus, COUNT_BYTES);
	for (unsigned at = 0; at < WIRE_RAW; at++) {
		struct sums v = { 0 };
		uint32_t slot = plans[at].slot;

		if (!slot || bpf_map_lookup_elem(counts, &slot, cpus) < 0)
			continue;
		for (unsigned cpu = 0; cpu < s->ncpus; cpu++)
			add(&v, (const struct wire_count *)(const void *)(cpus + (size_t)cpu * COUNT_BYTES));
		if (v.all.calls)
			put(s, at, &v, errors, nerrors);
	}
	free(cpus);
	free(errors);
	bpf_unmap_plans(plans);
}
