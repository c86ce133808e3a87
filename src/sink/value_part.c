/* SPDX-License-Identifier: MIT */
#include "sink/value_part.h"

#include "event/event.h"
#include "model/model.h"

void walk_missing(const struct walk *w, unsigned arg, bool unreadable)
{
	w->ops->pointer(w->ctx, WORD(arg), unreadable ? VALUE_UNREADABLE : VALUE_NOT_COPIED);
}

const struct file *walk_file(const struct event *ev, int fd)
{
	if (fd < 0)
		return NULL;
	if (fd == ev->fd && ev->file)
		return ev->file;
	if (fd == ev->fd2 && ev->file2)
		return ev->file2;
	return ev->task ? task_file(ev->task, fd) : NULL;
}

void walk_fd(const struct walk *w, int fd)
{
	w->ops->fd(w->ctx, &(struct value_fd){ .fd = fd, .file = walk_file(w->ev, fd) });
}

bool walk_item(const struct walk *w, enum value_shape shape, size_t i, size_t n)
{
	if (i < ITEMS_MAX)
		w->ops->item(w->ctx, shape, (unsigned)i);
	else
		w->ops->more(w->ctx, shape, (unsigned)i, n - i);
	return i < ITEMS_MAX;
}
