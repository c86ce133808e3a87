/* SPDX-License-Identifier: MIT */
/* What epoll_ctl(2) noted: which file is meant by the data that epoll_wait(2) gives back. */
#include <string.h>

#include "model/gone.h"
#include "model/watch.h"
#include "model/world.h"

struct watch_key { uint32_t epoll, pad; uint64_t data; };
struct watch { struct watch_key key; struct watched w; UT_hash_handle hh; };

static struct watch *find(struct world *w, uint32_t epoll, uint64_t data)
{
	struct watch_key key;
	struct watch *wt;

	memset(&key, 0, sizeof(key));
	key.epoll = epoll;
	key.data = data;
	HASH_FIND(hh, w->watches, &key, sizeof(key), wt);
	return wt;
}

void watches_clear(struct world *w)
{
	HASH_FREE(w->watches);
}

void watch_set(struct world *w, uint32_t epoll, uint64_t data, uint32_t file, int fd)
{
	struct watch *wt = find(w, epoll, data);

	if (!wt) {
		if (HASH_COUNT(w->watches) >= WATCH_MAX)
			watches_clear(w);
		wt = xcalloc(1, sizeof(*wt));
		wt->key.epoll = epoll;
		wt->key.data = data;
		HASH_ADD(hh, w->watches, key, sizeof(wt->key), wt);
	}
	wt->w = (struct watched){ file, fd };
}

bool watch_find(struct world *w, uint32_t epoll, uint64_t data, struct watched *ret)
{
	const struct watch *wt = w->watches ? find(w, epoll, data) : NULL;

	if (wt)
		*ret = wt->w;
	return wt;
}

/* To go through all of them would cost more than it tells, where there are many. */
static bool are_few(const struct world *w) { return HASH_COUNT(w->watches) <= WATCH_FEW; }

void watch_drop(struct world *w, uint32_t epoll, uint32_t file)
{
	struct watch *wt, *tmp;

	if (!are_few(w))
		return;
	HASH_ITER(hh, w->watches, wt, tmp)
		if (wt->key.epoll == epoll && wt->w.file == file) {
			HASH_DEL(w->watches, wt);
			free(wt);
		}
}

void watch_each(struct world *w, uint32_t epoll, watch_fn *fn, void *ctx)
{
	if (!are_few(w))
		return;
	for (const struct watch *wt = w->watches; wt; wt = wt->hh.next)
		if (wt->key.epoll == epoll)
			fn(ctx, &wt->w);
}

static void forget(struct world *w, struct fnode *n)
{
	struct watch *wt, *tmp;

	if (n->f.kind != FILE_EPOLL || !w->watches)
		return;
	HASH_ITER(hh, w->watches, wt, tmp)
		if (wt->key.epoll == n->f.id) {
			HASH_DEL(w->watches, wt);
			free(wt);
		}
}

void watches_join(struct world *w) { on_file_gone(w, forget); }
