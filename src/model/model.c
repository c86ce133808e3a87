/* SPDX-License-Identifier: MIT */
/* The model from outside: made, asked, freed. */
#include "model/aio.h"
#include "model/effect.h"
#include "model/exit.h"
#include "model/fact.h"
#include "model/file.h"
#include "model/flight.h"
#include "model/model.h"
#include "model/namespace.h"
#include "model/requests.h"
#include "model/restore.h"
#include "model/sock.h"
#include "model/task.h"
#include "model/watch.h"


struct world *world_new(world_emit_fn *emit, void *ctx)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->emit = emit;
	w->ctx = ctx;
	w->page_size = 4096;
	flights_join(w);	/* before socks: it looks whether the file is one */
	socks_join(w);
	facts_join(w);
	watches_join(w);
	restored_join(w);
	aios_join(w);
	requests_join(w);
	namespaces_join(w);
	return w;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	w->item = NULL;		/* no event is emitted any more */
	flights_clear(w);
	proc_free_all(w);
	file_reap(w, 0, NULL);
	HASH_FREE(w->shms);
	watches_clear(w);
	restored_clear(w);
	arena_done(&w->scratch);
	buf_done(&w->tmp);
	buf_done(&w->stack.kept);
	free(w);
}

void world_set_host(struct world *w, uint32_t host) { w->host = host; }

void world_set_ids(struct world *w, const struct world_ids *ids)
{
	w->ntasks = ids->tasks;
	w->nprocs = ids->procs;
	w->nfiles = ids->files;
	w->nmms = ids->mms;
	w->nconns = ids->conns;
}

struct world_ids world_ids(const struct world *w)
{
	return (struct world_ids){ w->ntasks, w->nprocs, w->nfiles, w->nmms, w->nconns };
}

unsigned world_ntasks_ever(const struct world *w)
{
	return w->ntasks;
}

uint64_t world_start_ns(const struct world *w)
{
	return w->start_ns;
}

struct task *world_task(struct world *w, uint32_t tid)
{
	struct tnode *t = task_find(w, tid);

	return t && !t->dead ? &t->t : NULL;
}
