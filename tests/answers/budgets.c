/* SPDX-License-Identifier: MIT */
/*
 * Replays recordings: the parts of each budget, of every thread, every process and the run, sum to the whole, and the
 * whole is its wall time, of processes as the records say when they began and ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/totals.h"
#include "base/arena.h"
#include "base/diag.h"
#include "event/event.h"
#include "model/model.h"
#include "record/file.h"

struct tally {
	unsigned budgets, wrong;
	uint64_t cpu, waited;
};

/* When a process began and ended, out of its records alone; a pid is used once in what is replayed here. */
enum { LIVES_MAX = 256 };
struct life { uint32_t pid; uint64_t start_ns, end_ns; };
struct lives { struct life v[LIVES_MAX]; unsigned n; uint64_t start_ns, end_ns; };

static struct life *life_of(struct lives *l, uint32_t pid)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->v[i].pid == pid)
			return &l->v[i];
	if (l->n == LIVES_MAX) {
		printf("# more than %d processes\n", LIVES_MAX);
		exit(2);
	}
	l->v[l->n] = (struct life){ .pid = pid, .start_ns = l->start_ns };
	return &l->v[l->n++];
}

static void look(struct lives *l, const struct record *r)
{
	if (r->kind == RECORD_START)
		l->start_ns = r->ts_ns;
	if (r->ts_ns > l->end_ns)
		l->end_ns = r->ts_ns;
	if (r->kind == RECORD_FORK && r->pid != ((const struct record_fork *)(const void *)r)->parent_pid)
		life_of(l, r->pid)->start_ns = r->ts_ns;
	if (r->kind == RECORD_EXIT)
		life_of(l, r->pid)->end_ns = r->ts_ns;
}

static void on_event(void *ctx, const struct event *ev)
{
	totals_event(ctx, ev);
}

static bool near(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) * 100 <= b;
}

static void check(struct tally *n, const struct budget *b, uint64_t wall, const char *what, uint32_t id)
{
	uint64_t sum = 0;

	n->budgets++;
	n->cpu += b->parts[SPENT_CPU].ns;
	for (unsigned i = 0; i < _SPENT; i++) {
		sum += b->parts[i].ns;
		n->waited += i > SPENT_CPU && i < SPENT_QUEUE ? b->parts[i].ns : 0;
	}
	if (sum == b->all_ns && near(b->all_ns, wall))
		return;
	n->wrong++;
	printf("# %s %u: parts %llu, whole %llu, wall %llu\n", what, id, (unsigned long long)sum,
	       (unsigned long long)b->all_ns, (unsigned long long)wall);
}

static void check_all(const struct totals *t, struct lives *lives, struct tally *n)
{
	struct budget b;

	for (unsigned i = 0; i < t->tasks.n; i++) {
		const struct totals_task *task = t->tasks.v[i];

		budget_of_task(t, task, &b);
		check(n, &b, (task->end_ns ? task->end_ns : t->end_ns) - task->start_ns, "thread", task->tid);
	}
	for (unsigned i = 0; i < t->procs.n; i++)
		for (unsigned follow = 0; follow <= (BUDGET_THREADS | BUDGET_CHILDREN); follow++) {
			const struct totals_proc *p = t->procs.v[i];
			const struct life *life = life_of(lives, p->pid);

			if (budget_of_proc(t, p, follow, &b))
				check(n, &b, (life->end_ns ? life->end_ns : lives->end_ns) - life->start_ns, "process",
				      p->pid);
		}
}

static bool replay(const char *path)
{
	struct totals *t = totals_new();
	struct world *w = world_new(on_event, t);
	struct record_reader *reader;
	struct arena arena = {0};
	const struct record *r;
	struct tally n = {0};
	struct lives lives = {0};
	struct item item;
	struct diag diag;
	size_t avail;

	if (record_reader_open(path, &reader, &diag) < 0) {
		printf("# %s: %s\n", path, diag.text);
		exit(2);
	}
	while (record_reader_next(reader, &r, &avail, &diag) == 1) {
		if (decode_record(r, avail, &arena, &item) == 0) {
			look(&lives, r);
			world_feed(w, &item);
		}
		arena_reset(&arena);
	}
	check_all(t, &lives, &n);
	printf("# %s: %u budgets, %llu ns on CPU, %llu ns waited\n", path, n.budgets, (unsigned long long)n.cpu,
	       (unsigned long long)n.waited);
	world_free(w);
	totals_free(t);
	record_reader_close(reader);
	arena_done(&arena);
	return n.budgets && !n.wrong && (n.cpu || n.waited);
}

int main(int argc, char **argv)
{
	unsigned failed = 0;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		bool ok = replay(argv[i]);

		failed += !ok;
		printf("%sok %d %s\n", ok ? "" : "not ", i,
		       strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i]);
	}
	return failed != 0;
}
