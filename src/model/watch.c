/* SPDX-License-Identifier: MIT */
/* What epoll_ctl(2) noted: which socket is meant by the data that epoll_wait(2) gives back. */
#include <string.h>

#include "model/world.h"

struct watch_key { uint32_t epoll, pad; uint64_t data; };
struct watch { struct watch_key key; uint32_t file; int fd; UT_hash_handle hh; };

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
	wt->file = file;
	wt->fd = fd;
}

bool watch_take(struct world *w, uint32_t epoll, uint64_t data, uint32_t *ret_file, int *ret_fd)
{
	struct watch *wt = find(w, epoll, data);

	if (!wt)
		return false;
	*ret_file = wt->file;
	*ret_fd = wt->fd;
	HASH_DEL(w->watches, wt);
	free(wt);
	return true;
}
