/* SPDX-License-Identifier: MIT */
/*
 * Descriptors on their way through a unix socket (SCM_RIGHTS), from the call that sends them to the one that receives
 * them.
 */
#include "model/file.h"
#include "model/flight.h"
#include "model/gone.h"
#include "model/world.h"

void flight_free(struct world *w, struct flight *fl)
{
	if (fl->arrived) {
		DL_DELETE(w->arrivals, fl);
		w->narrivals--;
	} else {
		DL_DELETE(w->flights, fl);
		w->nflights--;
	}
	for (unsigned i = 0; i < fl->n; i++)
		file_unref(w, fl->files[i]);
	free(fl->files);
	free(fl);
}

struct flight *flight_new(struct world *w, bool arrived, uint32_t from, uint32_t to, struct file **files, unsigned n)
{
	struct flight *fl = xcalloc(1, sizeof(*fl));

	fl->arrived = arrived;
	fl->from = from;
	fl->to = to;
	fl->n = n;
	fl->files = xmalloc(n * sizeof(*files));
	for (unsigned i = 0; i < n; i++)
		fl->files[i] = file_ref(files[i]);
	if (arrived) {
		DL_APPEND(w->arrivals, fl);
		if (++w->narrivals > QUEUE_MAX)
			flight_free(w, w->arrivals);
	} else {
		DL_APPEND(w->flights, fl);
		if (++w->nflights > QUEUE_MAX)
			flight_free(w, w->flights);
	}
	return fl;
}

static void drop_of(struct world *w, uint32_t file)
{
	struct flight *fl, *tmp;

	DL_FOREACH_SAFE(w->flights, fl, tmp)
		if (fl->to == file || (!fl->to && fl->from == file))
			flight_free(w, fl);
	DL_FOREACH_SAFE(w->arrivals, fl, tmp)
		if (fl->to == file)
			flight_free(w, fl);
}

static void file_is_gone(struct world *w, struct fnode *n)
{
	if (n->f.sock && (w->nflights || w->narrivals))
		drop_of(w, n->f.id);
}

void flights_join(struct world *w) { on_file_gone(w, file_is_gone); }

void flights_clear(struct world *w)
{
	while (w->flights)
		flight_free(w, w->flights);
	while (w->arrivals)
		flight_free(w, w->arrivals);
}
