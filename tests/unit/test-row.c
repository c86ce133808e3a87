/* SPDX-License-Identifier: MIT */
/* Rows: what a sink that keeps groups has of an event is what any other is given. */
#include "unit.h"

#include "analyze/totals.h"
#include "fake.h"
#include "row/row.h"

enum { GROUPED = 9, MAX_EVENTS = 4096 };
static const unsigned grouped[GROUPED] = {
	ROW_EVENT_THREAD, ROW_EVENT_PROCESS, ROW_EVENT_PID, ROW_EVENT_TID, ROW_EVENT_KIND, ROW_EVENT_CALL, ROW_EVENT_TYPE,
	ROW_EVENT_OP, ROW_EVENT_CATEGORY,
};

/* Values of an event's grouped fields: numbers, or words by their first bytes; which are there. */
struct values { uint64_t v[ROW_EVENT_FIELDS], has; };
struct taken {
	struct row_sink sink;
	struct rows *rows;
	struct values slots[_ROW_GROUPS][ROW_SLOTS], *events;
	unsigned n, nfresh;
};

static void take(struct values *to, const struct row *row, unsigned f)
{
	const struct cell *c = &row->cells[f];

	to->has |= ROW_BIT(f);
	if (row_tables[TABLE_EVENT].fields[f].type == ROW_WORD)
		memcpy(&to->v[f], c->s, MIN(c->n, 8u));
	else
		to->v[f] = c->u;
}

static void take_row(void *ctx, const struct row *row)
{
	struct taken *t = ctx;
	struct values *to = &t->events[t->n];

	if (row->table != TABLE_EVENT)
		return;
	assert_true(t->n++ < MAX_EVENTS);
	for (unsigned i = 0; i < row->npresent; i++) {
		unsigned f = row->present[i], g = f - ROW_GROUP_AT;
		const struct row_kept *kept = &row->group[g % _ROW_GROUPS];
		struct values *slot = &t->slots[g % _ROW_GROUPS][kept->slot];

		if (f < ROW_GROUP_AT) {
			take(to, row, f);
			continue;
		}
		assert_true(t->sink.keeps && g < _ROW_GROUPS && kept->slot < ROW_SLOTS);
		if (kept->fresh)
			memset(slot, 0, sizeof(*slot));
		t->nfresh += kept->fresh;
		for (unsigned k = 0; kept->fresh && k < kept->npresent; k++)
			take(slot, row, kept->present[k]);
		to->has |= slot->has;
		for (unsigned k = 0; k < ROW_EVENT_FIELDS; k++)
			to->v[k] |= slot->v[k];
	}
}

static void open_rows(struct taken *t, bool keeps, const struct totals *totals)
{
	static const struct row_sink_ops ops = { .row = take_row };

	*t = (struct taken){ .sink = { .ops = &ops, .ctx = t, .keeps = keeps } };
	t->events = calloc(MAX_EVENTS, sizeof(*t->events));
	memset(t->sink.wants, 0xff, sizeof(t->sink.wants));
	assert_int_equal(rows_new(&t->sink, totals, "/tmp/rows", &t->rows), 0);
}

/* More threads than slots, in an order that comes back to each; calls, marks and a tid that changes. */
static void test_kept_groups(void **state)
{
	enum { THREADS = ROW_SLOTS * 3, EVENTS = 3000 };
	static const char *const names[] = { "read", "pread64", "write", "getpid" };
	struct fake_task *tasks = calloc(THREADS, sizeof(*tasks));
	struct totals totals = { 0 };
	struct taken kept, plain;

	(void)state;
	open_rows(&kept, true, &totals);
	open_rows(&plain, false, &totals);
	for (uint32_t i = 0; i < THREADS; i++)
		fake_proc(&tasks[i], i + 1, 0, "worker");
	for (unsigned i = 0; i < EVENTS; i++) {
		struct fake_task *p = &tasks[i % 7 ? i % 5 : i * 31 % THREADS];
		struct item item = { .kind = RECORD_CALL };
		struct event ev;

		if (i == EVENTS / 2)	/* a thread that was not the first exec'd */
			tasks[0].task.tid = 9999;
		fake_call(&item.call, names[i % 11 % 4], FAKE_T0 + i, 1, 1, (uint64_t[6]){ 0 });
		ev = fake_event(i % 4 == 3 ? EV_CALL : i % 3 ? EV_READ : EV_WRITE, i % 13 ? p : NULL,
				i % 5 ? &item : NULL, FAKE_T0 + i);
		rows_event(kept.rows, &ev);
		rows_event(plain.rows, &ev);
	}
	assert_int_equal(kept.n, EVENTS);
	assert_int_equal(plain.n, EVENTS);
	assert_int_equal(plain.nfresh, 0);
	assert_true(kept.nfresh < EVENTS);
	for (unsigned i = 0; i < EVENTS; i++) {
		assert_int_equal(kept.events[i].has, plain.events[i].has);
		for (unsigned k = 0; k < GROUPED; k++)
			assert_int_equal(kept.events[i].v[grouped[k]], plain.events[i].v[grouped[k]]);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct taken *t = i ? &kept : &plain;

		rows_end(t->rows);
		rows_free(t->rows);
		free(t->events);
	}
	free(tasks);
}

static void take_fds(void *ctx, const struct row *row)
{
	uint64_t *nfds = ctx;

	if (row->table == TABLE_EXEC && row_has(row, ROW_EXEC_FDS))
		*nfds = row->cells[ROW_EXEC_FDS].all;
}

/* A made-up recording has a descriptor of the last number there is. */
static void test_last_fd_at_exec(void **state)
{
	static const struct row_sink_ops ops = { .row = take_fds };
	uint64_t nfds = 0;
	struct row_sink sink = { .ops = &ops, .ctx = &nfds };
	struct file file = { .id = 1, .kind = FILE_REG, .name = fake_bytes("/x") };
	struct fdhigh high[] = {
		{ .fd = 70000, .ent = { .file = &file } },
		{ .fd = INT32_MAX, .ent = { .file = &file } },
	};
	struct fdtab fds = { .refs = 1, .nopen = 2, .high = high, .nhigh = 2 };
	struct totals totals = { 0 };
	struct fake_task task;
	struct rows *rows;
	struct event ev;

	(void)state;
	memset(sink.wants, 0xff, sizeof(sink.wants));
	assert_int_equal(rows_new(&sink, &totals, "/tmp/rows", &rows), 0);
	fake_proc(&task, 1, 0, "worker");
	task.task.fds = &fds;
	ev = fake_event(EV_EXEC, &task, NULL, FAKE_T0);
	rows_event(rows, &ev);
	assert_int_equal(nfds, 2);
	rows_end(rows);
	rows_free(rows);
}

/* What JSON has.  Where a name is a number in one row and a string in another, a reader that guesses takes neither. */
static char json_kind(enum row_type type)
{
	switch (type) {
	case ROW_BOOL: return 'b';
	case ROW_WORD: case ROW_STRING: case ROW_NAME: case ROW_PEER: case ROW_ADDRESS: return 's';
	case ROW_STRINGS: case ROW_FDS: case ROW_STACK: case ROW_ARGS: return (char)('0' + type);
	default: return 'n';
	}
}

static void same_kind(const struct row_table_info *a, const struct row_table_info *b)
{
	for (unsigned i = 0; i < a->nfields; i++)
		for (unsigned k = 0; k < b->nfields; k++) {
			const struct row_field *f = &a->fields[i], *g = &b->fields[k];

			if (!strcmp(f->name, g->name) && json_kind(f->type) != json_kind(g->type))
				fail_msg("%s is two things, in %s and in %s", f->name, a->name, b->name);
		}
}

static void test_names_have_one_type(void **state)
{
	(void)state;
	for (unsigned a = 0; a < _ROW_TABLES; a++)
		for (unsigned b = 0; b < a; b++)
			same_kind(&row_tables[a], &row_tables[b]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_groups), cmocka_unit_test(test_last_fd_at_exec),
		cmocka_unit_test(test_names_have_one_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
