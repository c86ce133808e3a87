/* SPDX-License-Identifier: MIT */
#include "model/requests.h"

#include "model/file.h"
#include "model/gone.h"

struct requests *requests_of(const struct file *ring)
{
	struct fnode *n = fnode_of(ring);

	if (!n->requests) {
		n->requests = xcalloc(1, sizeof(*n->requests));
		/* of one that was there before tracing began, what is under way is not known */
		n->requests->whole = ring->opener_proc != 0;
	}
	return n->requests;
}

struct request *request_find(struct requests *all, uint64_t user_data)
{
	struct request *r;

	HASH_FIND(hh, all->v, &user_data, sizeof(user_data), r);
	return r;
}

struct request *request_add(struct world *w, struct requests *all, uint64_t user_data)
{
	struct request *r = request_find(all, user_data);

	if (!r) {
		if (w->nrequests >= REQUESTS_MAX)
			return NULL;
		w->nrequests++;
		r = xcalloc(1, sizeof(*r));
		r->user_data = user_data;
		HASH_ADD(hh, all->v, user_data, sizeof(r->user_data), r);
	}
	r->n++;
	return r;
}

static void forget(struct world *w, struct requests *all, struct request *r)
{
	w->nrequests--;
	HASH_DEL(all->v, r);
	free(r);
}

void request_drop(struct world *w, struct requests *all, struct request *r)
{
	if (--r->n == 0)
		forget(w, all, r);
}

void requests_forget(struct world *w, struct requests *all)
{
	while (all->v)
		forget(w, all, all->v);
}

void requests_forget_files(struct requests *all)
{
	free(all->files);
	all->files = NULL;
	all->nfiles = 0;
}

enum { RINGS_REGISTERED = 16 /* IO_RINGFD_REG_MAX */ };

struct file *ring_registered(const struct tnode *t, uint32_t index)
{
	return t->rings && index < RINGS_REGISTERED ? t->rings[index] : NULL;
}

/* What is registered stays when its descriptor is closed. */
void ring_register(struct world *w, struct tnode *t, uint32_t index, struct file *ring)
{
	struct file *was = ring_registered(t, index);

	if (ring)
		file_ref(ring);
	if (ring && !t->rings)
		t->rings = xcalloc(RINGS_REGISTERED, sizeof(*t->rings));
	if (index >= RINGS_REGISTERED)
		was = ring;	/* no kernel has one there: nothing holds it */
	else if (t->rings)
		t->rings[index] = ring;
	if (was)
		file_unref(w, was);
}

void rings_unregister(struct world *w, struct tnode *t)
{
	for (uint32_t i = 0; t->rings && i < RINGS_REGISTERED; i++)
		ring_register(w, t, i, NULL);
	free(t->rings);
	t->rings = NULL;
}

static void file_is_gone(struct world *w, struct fnode *n)
{
	if (!n->requests)
		return;
	requests_forget(w, n->requests);
	requests_forget_files(n->requests);
	free(n->requests);
	n->requests = NULL;
}

void requests_join(struct world *w) { on_file_gone(w, file_is_gone); }
