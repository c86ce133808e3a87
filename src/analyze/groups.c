/* SPDX-License-Identifier: MIT */
#include "analyze/groups.h"

#include <string.h>

#include "analyze/totals_index.h"
#include "base/macro.h"
#include "decode/call.h"
#include "model/model.h"

/* what: number of a process, an error; proto is one of a few constants */
struct group_key { uint64_t what; const char *proto; uint32_t clients; struct addr peer; };
struct group_row { struct totals_group row; struct group_key key; UT_hash_handle by_key, by_path; };
struct groups { struct group_row *keys, *paths; };

void groups_free(struct groups *g)
{
	if (!g)
		return;
	HASH_CLEAR(by_key, g->keys);
	HASH_CLEAR(by_path, g->paths);
	free(g);
}

static struct group_row *add(struct totals *t)
{
	struct group_row *r;

	if (t->groups.n >= TOTALS_GROUPS || totals_full(t, t->groups.n)) {
		t->groups.nothers++;
		return NULL;
	}
	r = arena_alloc(&t->index->arena, sizeof(*r));
	memset(r, 0, sizeof(*r));
	TABLE_ADD(t->groups, &r->row);
	return r;
}

/* key: hashed as bytes, and so written over bytes that are 0. */
static struct totals_group *by_key(struct totals *t, const struct group_key *key)
{
	struct groups *g = t->index->groups;
	struct group_row *r;

	HASH_FIND(by_key, g->keys, key, sizeof(*key), r);
	if (r || !(r = add(t)))
		return r ? &r->row : &t->groups.others;
	r->key = *key;
	r->row.peer = &r->key.peer;
	r->row.proto = key->proto;
	r->row.clients = key->clients;
	HASH_ADD(by_key, g->keys, key, sizeof(*key), r);
	return &r->row;
}

static struct totals_group *by_path(struct totals *t, const char *path, uint32_t len)
{
	struct groups *g = t->index->groups;
	struct group_row *r;

	HASH_FIND(by_path, g->paths, path, len, r);
	if (r || !(r = add(t)))
		return r ? &r->row : &t->groups.others;
	r->row.file.path = totals_keep(t, path, len);
	HASH_ADD_KEYPTR(by_path, g->paths, r->row.file.path.s, len, r);
	return &r->row;
}

static struct totals_group *of_process(struct totals *t, const struct event *ev)
{
	struct totals_proc *p = totals_proc_of(t, ev->task->proc);
	struct totals_group *g;
	struct group_key key;

	memset(&key, 0, sizeof(key));
	key.what = p->id;
	g = by_key(t, &key);
	if (g != &t->groups.others)
		g->proc = p;
	return g;
}

/* Its name now, which may be another than the one it was opened by. */
static struct totals_group *of_file(struct totals *t, const struct event *ev)
{
	if (ev->path_len)
		return by_path(t, ev->path, ev->path_len);
	return ev->file && !ev->file->sock && ev->file->name.len ? by_path(t, ev->file->name.s, ev->file->name.len) :
								   NULL;
}

/* Those that connect to one address that is listened at are one. */
static struct totals_group *of_peer(struct totals *t, const struct event *ev)
{
	const struct sock *s = ev->file ? ev->file->sock : NULL;
	const struct conn *c = ev->conn ? ev->conn : s ? &s->now : NULL;
	bool served = c && (c->state == CONN_ACCEPTED || c->state == CONN_LISTENING);
	const struct addr *peer = ev->peer ? ev->peer : c && c->has_peer ? &c->peer : NULL;
	struct group_key key;

	if (!s || (served ? !s->has_local : !peer))
		return NULL;
	memset(&key, 0, sizeof(key));
	addr_key(&key.peer, served ? &s->local : peer);
	key.proto = sock_proto_name(s);
	key.clients = served;
	return by_key(t, &key);
}

static struct totals_group *of_error(struct totals *t, int err)
{
	struct totals_group *g;
	struct group_key key;

	memset(&key, 0, sizeof(key));
	key.what = (uint64_t)err;
	g = by_key(t, &key);
	if (g != &t->groups.others)
		g->err = err;
	return g;
}

static struct totals_group *of(struct totals *t, const struct event *ev, bool failed)
{
	switch (t->group_by) {
	case GROUP_PROCESS:
		return of_process(t, ev);
	case GROUP_FILE:
		return of_file(t, ev);
	case GROUP_PEER:
		return of_peer(t, ev);
	case GROUP_ERRNO:
		return failed ? of_error(t, ev->call->err) : NULL;
	case GROUP_NONE:
		break;
	}
	return NULL;
}

void groups_event(struct totals *t, const struct event *ev, bool failed)
{
	struct totals_group *g;

	if (!t->index->groups)
		t->index->groups = xcalloc(1, sizeof(struct groups));
	g = of(t, ev, failed);
	if (g)
		totals_call_add(&g->sums, ev, failed);
}
