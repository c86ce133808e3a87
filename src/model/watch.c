/* SPDX-License-Identifier: MIT */
/* What epoll_ctl(2) noted: which file is meant by the data that epoll_wait(2) gives back. */
#include <string.h>

#include "model/file.h"
#include "model/gone.h"
#include "model/watch.h"
#include "model/world.h"

struct data_key { uint32_t epoll, pad; uint64_t data; };
struct fd_key { uint32_t epoll; struct watched what; };
struct watch {
	struct data_key by_data;
	struct fd_key by_fd;
	struct fnode *epoll, *of;
	struct watch *prev, *next;		/* of that epoll */
	struct watch *of_prev, *of_next;	/* of that file */
	UT_hash_handle hh, hh_fd;
};

static struct watch *find_data(const struct world *w, const struct file *epoll, uint64_t data)
{
	struct data_key key = { .epoll = epoll->id, .data = data };
	struct watch *wt;

	HASH_FIND(hh, w->watches, &key, sizeof(key), wt);
	return wt;
}

/* Whether another file is behind the same data: they stand in one bucket, and the first was found. */
static bool has_twin(const struct watch *wt)
{
	for (const UT_hash_handle *hh = wt->hh.hh_next; hh; hh = hh->hh_next) {
		const struct data_key *key = hh->key;

		if (key->epoll == wt->by_data.epoll && key->data == wt->by_data.data &&
		    CONTAINER_OF(key, const struct watch, by_data)->of != wt->of)
			return true;
	}
	return false;
}

static struct watch *find_fd(const struct world *w, const struct file *epoll, struct watched what)
{
	struct fd_key key = { epoll->id, what };
	struct watch *wt;

	HASH_FIND(hh_fd, w->watches_by_fd, &key, sizeof(key), wt);
	return wt;
}

static void drop(struct world *w, struct watch *wt)
{
	if (!wt)
		return;
	HASH_DEL(w->watches, wt);
	HASH_DELETE(hh_fd, w->watches_by_fd, wt);
	DL_DELETE(wt->epoll->watches, wt);
	DL_DELETE2(wt->of->watched_by, wt, of_prev, of_next);
	free(wt);
}

void watches_clear(struct world *w)
{
	while (w->watches)
		drop(w, w->watches);
}

void watch_set(struct world *w, struct file *epoll, uint64_t data, struct file *f, int fd)
{
	struct watched what = { f->id, fd };
	struct watch *wt = find_fd(w, epoll, what);

	if (wt && wt->by_data.data == data)
		return;
	drop(w, wt);			/* it has other data from now on; others may have the same */
	if (HASH_COUNT(w->watches) >= WATCH_MAX)
		watches_clear(w);
	wt = xcalloc(1, sizeof(*wt));
	wt->by_data = (struct data_key){ .epoll = epoll->id, .data = data };
	wt->by_fd = (struct fd_key){ epoll->id, what };
	wt->epoll = fnode_of(epoll);
	wt->of = fnode_of(f);
	HASH_ADD(hh, w->watches, by_data, sizeof(wt->by_data), wt);
	HASH_ADD(hh_fd, w->watches_by_fd, by_fd, sizeof(wt->by_fd), wt);
	DL_APPEND(wt->epoll->watches, wt);
	DL_APPEND2(wt->of->watched_by, wt, of_prev, of_next);
}

bool watch_find(struct world *w, const struct file *epoll, uint64_t data, struct watched *ret)
{
	const struct watch *wt = w->watches ? find_data(w, epoll, data) : NULL;

	if (!wt || has_twin(wt))
		return false;
	*ret = wt->by_fd.what;
	return true;
}

void watch_drop(struct world *w, const struct file *epoll, struct watched what)
{
	if (w->watches)
		drop(w, find_fd(w, epoll, what));
}

void watch_each(const struct file *epoll, watch_fn *fn, void *ctx)
{
	for (const struct watch *wt = fnode_of(epoll)->watches; wt && fn(ctx, &wt->by_fd.what); wt = wt->next)
		;
}

static void forget(struct world *w, struct fnode *n)
{
	while (n->watches)
		drop(w, n->watches);
	while (n->watched_by)
		drop(w, n->watched_by);
}

void watches_join(struct world *w) { on_file_gone(w, forget); }
