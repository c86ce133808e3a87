/* SPDX-License-Identifier: MIT */
#include "sink/html_spool.h"

#include <string.h>

#include "base/macro.h"

/* ---- external merge sort ---- */

/* Read buffers of one merge, together. */
enum { MERGE_BYTES = 32 << 20, READER_ROWS_MIN = 64 };

struct reader {
	uint64_t pos;			/* of the next read, in bytes */
	uint32_t left;			/* rows not read yet */
	unsigned run, at, n;		/* n rows in v, the next one at */
	struct html_row *v;
};

struct merge {
	unsigned next_run;		/* runs sorted by first_start: from here on none is open */
	unsigned *order;
	struct reader **heap;
	unsigned nheap, cap;
	unsigned reader_rows;
	bool started;
};

int row_spool_init(struct row_spool *s, const char *path)
{
	*s = (struct row_spool){ .fd = spool_file(path) };
	if (s->fd < 0)
		return s->fd;
	s->waiting = xmalloc(sizeof(*s->waiting) * RUN_ROWS);
	return 0;
}

static void merge_free(struct merge *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < m->nheap; i++) {
		free(m->heap[i]->v);
		free(m->heap[i]);
	}
	free(m->heap);
	free(m->order);
	free(m);
}

void row_spool_done(struct row_spool *s)
{
	closep(&s->fd);
	s->fd = -1;
	free(s->waiting);
	free(s->runs);
	merge_free(s->merge);
	s->waiting = NULL;
	s->runs = NULL;
	s->merge = NULL;
}

struct sort_key { uint64_t start; uint32_t i; };

/* Stable, by 11 bits of start at a time: a run spans little time, so that two or three rounds do. */
static void sort_rows(struct html_row *v, unsigned n)
{
	enum { BITS = 11, DIGITS = 1 << BITS };
	uint64_t min = UINT64_MAX, max = 0;
	bool sorted = true;

	for (unsigned i = 0; i < n; i++) {
		sorted &= max <= v[i].start;
		min = MIN(min, v[i].start);
		max = MAX(max, v[i].start);
	}
	if (sorted)
		return;
	struct sort_key *keys = xmalloc(sizeof(*keys) * n), *other = xmalloc(sizeof(*other) * n), *tmp;
	struct html_row *copy = xmalloc(sizeof(*copy) * n);

	for (unsigned i = 0; i < n; i++)
		keys[i] = (struct sort_key){ v[i].start - min, i };
	for (unsigned shift = 0; shift < 64 && (max - min) >> shift; shift += BITS) {
		uint32_t at[DIGITS] = { 0 }, sum = 0;

		for (unsigned i = 0; i < n; i++)
			at[keys[i].start >> shift & (DIGITS - 1)]++;
		for (unsigned d = 0; d < DIGITS; d++) {
			uint32_t count = at[d];

			at[d] = sum;
			sum += count;
		}
		for (unsigned i = 0; i < n; i++)
			other[at[keys[i].start >> shift & (DIGITS - 1)]++] = keys[i];
		tmp = keys;
		keys = other;
		other = tmp;
	}
	memcpy(copy, v, sizeof(*copy) * n);
	for (unsigned i = 0; i < n; i++)
		v[i] = copy[keys[i].i];
	free(keys);
	free(other);
	free(copy);
}

static void write_run(struct row_spool *s)
{
	size_t bytes = sizeof(*s->waiting) * s->nwaiting;

	sort_rows(s->waiting, s->nwaiting);
	if (s->nruns == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->runs = xrealloc(s->runs, sizeof(*s->runs) * s->cap);
	}
	s->err = spool_write_at(s->fd, s->waiting, bytes, (uint64_t)s->nruns * RUN_ROWS * sizeof(*s->waiting));
	if (s->err)	/* what could not be written is not in the report */
		s->nrows -= s->nwaiting;
	else
		s->runs[s->nruns++] = (struct run){ s->waiting[0].start, s->nwaiting };
	s->nwaiting = 0;
}

void row_spool_add(struct row_spool *s, const struct html_row *row)
{
	if (s->err)
		return;
	s->waiting[s->nwaiting++] = *row;
	s->nrows++;
	if (s->nwaiting == RUN_ROWS)
		write_run(s);
}

static void fill(struct row_spool *s, struct reader *r)
{
	unsigned n = MIN(r->left, s->merge->reader_rows);
	int err = spool_read_at(s->fd, r->v, sizeof(*r->v) * n, r->pos);

	if (err && !s->err)
		s->err = err;
	r->pos += sizeof(*r->v) * n;
	r->left -= n;
	r->at = 0;
	r->n = n;
}

static bool before(const struct reader *a, const struct reader *b)
{
	uint64_t x = a->v[a->at].start, y = b->v[b->at].start;

	return x < y || (x == y && a->run < b->run);
}

static void sift_down(struct merge *m)
{
	for (unsigned i = 0, child; (child = 2 * i + 1) < m->nheap; i = child) {
		if (child + 1 < m->nheap && before(m->heap[child + 1], m->heap[child]))
			child++;
		if (!before(m->heap[child], m->heap[i]))
			return;
		struct reader *tmp = m->heap[i];

		m->heap[i] = m->heap[child];
		m->heap[child] = tmp;
	}
}

static void open_run(struct row_spool *s, unsigned run)
{
	struct merge *m = s->merge;
	struct reader *r = xmalloc(sizeof(*r));

	*r = (struct reader){ .pos = (uint64_t)run * RUN_ROWS * sizeof(*r->v), .left = s->runs[run].nrows, .run = run,
			      .v = xmalloc(sizeof(*r->v) * m->reader_rows) };
	fill(s, r);
	if (m->nheap == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 16;
		m->heap = xrealloc(m->heap, sizeof(struct reader *) * m->cap);
	}
	unsigned i = m->nheap++;

	for (; i && before(r, m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		m->heap[i] = m->heap[(i - 1) / 2];
	m->heap[i] = r;
}

static int by_first_start(const void *a, const void *b, void *ctx)
{
	const struct run *runs = ctx;
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	if (runs[x].first_start != runs[y].first_start)
		return runs[x].first_start < runs[y].first_start ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void merge_start(struct row_spool *s)
{
	struct merge *m = s->merge = xcalloc(1, sizeof(*m));

	if (s->nwaiting)
		write_run(s);
	free(s->waiting);
	s->waiting = NULL;
	m->reader_rows = (unsigned)(MERGE_BYTES / sizeof(struct html_row) / MAX(s->nruns, 1u));
	m->reader_rows = MIN(MAX(m->reader_rows, (unsigned)READER_ROWS_MIN), 16384u);
	m->order = xmalloc(sizeof(*m->order) * MAX(s->nruns, 1u));
	for (unsigned i = 0; i < s->nruns; i++)
		m->order[i] = i;
	qsort_r(m->order, s->nruns, sizeof(*m->order), by_first_start, s->runs);
}

const struct html_row *row_spool_next(struct row_spool *s)
{
	struct merge *m = s->merge;

	if (!m) {
		merge_start(s);
		m = s->merge;
	} else if (m->started) {	/* past the row that was returned last */
		struct reader *top = m->heap[0];

		if (++top->at == top->n) {
			if (top->left) {
				fill(s, top);
			} else {
				m->heap[0] = m->heap[--m->nheap];
				free(top->v);
				free(top);
			}
		}
		sift_down(m);
	}
	while (m->next_run < s->nruns &&
	       (!m->nheap || s->runs[m->order[m->next_run]].first_start <= m->heap[0]->v[m->heap[0]->at].start))
		open_run(s, m->order[m->next_run++]);
	m->started = m->nheap > 0;
	return m->nheap ? &m->heap[0]->v[m->heap[0]->at] : NULL;
}
