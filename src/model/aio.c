/* SPDX-License-Identifier: MIT */
/* Asynchronous requests that are under way (io_submit), by address space and address. */
#include <string.h>

#include "model/aio.h"
#include "model/emit.h"
#include "model/file.h"
#include "model/gone.h"
#include "model/world.h"

void aio_drop(struct world *w, struct aio *a)
{
	if (a->file)
		file_unref(w, a->file);
	HASH_DEL(w->aios, a);
	free(a);
}

struct aio *aio_of(struct world *w, uint32_t mm, uint64_t addr)
{
	struct aio_key key;
	struct aio *a;

	memset(&key, 0, sizeof(key));
	key.mm = mm;
	key.addr = addr;
	HASH_FIND(hh, w->aios, &key, sizeof(key), a);
	if (a || HASH_COUNT(w->aios) >= AIO_MAX)
		return a;
	a = xcalloc(1, sizeof(*a));
	a->key = key;
	HASH_ADD(hh, w->aios, key, sizeof(key), a);
	return a;
}

/* The outcome of what is under way will not be asked for any more. */
static void mm_is_gone(struct world *w, uint32_t mm)
{
	const char *why = event_lost_reason(LOST_ASYNC);
	struct event ev = event_at(w->item ? w->item->head->ts_ns : 0, NULL, EV_LOST);
	struct aio *a, *tmp;

	HASH_ITER(hh, w->aios, a, tmp)
		if (a->key.mm == mm) {
			ev.count += !a->done;
			aio_drop(w, a);
		}
	if (!ev.count || !w->item)
		return;
	ev.text = why;
	ev.text_len = (uint32_t)strlen(why);
	world_emit(w, &ev);
}

void aios_join(struct world *w) { on_mm_gone(w, mm_is_gone); }
