/* SPDX-License-Identifier: MIT */
/* Files by path, and paths that were looked for and not had. */
#include <stdio.h>
#include <string.h>

#include "analyze/totals_index.h"

static struct totals_file *file_by_path(struct totals *t, const char *path, uint32_t len, uint8_t kind)
{
	struct totals_index *x = t->index;
	struct file_row *r;

	HASH_FIND(hh, x->files, path, len, r);
	if (!r) {
		if (totals_full(t, t->files.n)) {
			t->files.nothers++;
			return &t->files.others;
		}
		r = arena_alloc(&x->arena, sizeof(*r));
		r->row.path = totals_keep(t, path, len);
		r->row.kind = kind;
		r->row.noise = (uint8_t)t->noise;
		r->row.first_ns = x->now_ns;
		r->row.first_proc = x->last_proc ? x->last_proc->id : 0;
		HASH_ADD_KEYPTR(hh, x->files, r->row.path.s, len, r);
		TABLE_ADD(t->files, &r->row);
	}
	/* A library that was also copied is no noise. */
	if (t->noise == NOISE_NONE)
		r->row.noise = NOISE_NONE;
	if (r->row.kind == FILE_UNKNOWN)
		r->row.kind = kind;
	return &r->row;
}

static bool is_path(const struct file *f) { return f->name.len && (f->name.s[0] == '/' || f->kind == FILE_MEMFD); }

struct totals_file *totals_file_of(struct totals *t, const struct file *f)
{
	__typeof__(&t->index->file_cache[0]) c = &t->index->file_cache[f->id % CACHE];

	if (!is_path(f))
		return NULL;
	if (c->id != f->id || c->renames != t->index->renames || c->name != f->name.s) {
		c->row = file_by_path(t, f->name.s, f->name.len, (uint8_t)f->kind);
		c->id = f->id;
		c->renames = t->index->renames;
		c->name = f->name.s;
	} else if (t->noise == NOISE_NONE) {
		c->row->noise = NOISE_NONE;
	}
	return c->row;
}

static bool same(struct bytes a, struct bytes b) { return a.len == b.len && memcmp(a.s, b.s, a.len) == 0; }

/* What was read and written under one name is found under the one it ended with: tmp_obj_x became objects/ab/cd. */
static void file_renamed(struct totals *t, struct file_row *from, const char *to, uint32_t len)
{
	struct totals_index *x = t->index;
	struct totals_file *r = &from->row;
	struct bytes was = r->was.len ? r->was : r->path;
	struct file_row *there;

	HASH_FIND(hh, x->files, to, len, there);
	if (there == from || (!there && x->strings >= STRINGS_MAX) || !(r->opens || r->nreads || r->nwrites))
		return;
	if (!there) {
		HASH_DEL(x->files, from);
		r->path = totals_keep(t, to, len);
		HASH_ADD_KEYPTR(hh, x->files, r->path.s, len, from);
	} else {
		struct totals_file *d = &there->row;

		d->opens += r->opens;
		d->nreads += r->nreads;
		d->nwrites += r->nwrites;
		d->nread += r->nread;
		d->nwritten += r->nwritten;
		d->io_ns += r->io_ns;
		d->noise = MIN(d->noise, r->noise);
		*r = (struct totals_file){ .path = r->path, .kind = r->kind, .noise = r->noise,
					   .first_ns = r->first_ns, .first_proc = r->first_proc };
		r = d;
	}
	r->was = same(was, r->path) ? (struct bytes){ 0 } : was;
}

/* A directory got another name: what is open in it goes on under that. */
static void directory_renamed(struct totals *t, const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nrenamed; i++) {
		const struct renamed *n = &ev->renamed[i];
		struct file_row *r;

		HASH_FIND(hh, t->index->files, n->from, n->from_len, r);
		if (r)
			file_renamed(t, r, n->to, n->to_len);
	}
}

void totals_file_event(struct totals *t, const struct event *ev)
{
	struct totals_index *x = t->index;
	struct file_row *r = NULL;

	if (ev->kind == EV_OPEN) {
		t->opens += !ev->err;
		t->failed_opens += ev->err != 0;
		if (!ev->err && ev->path)
			file_by_path(t, ev->path, ev->path_len, ev->file ? (uint8_t)ev->file->kind : FILE_UNKNOWN)
				->opens++;
		return;
	}
	if (ev->err || !ev->path || (ev->kind != EV_RENAME && ev->kind != EV_LINK && ev->kind != EV_UNLINK))
		return;
	x->renames++;
	directory_renamed(t, ev);
	HASH_FIND(hh, x->files, ev->path, ev->path_len, r);
	if (!r)
		return;
	if (ev->kind == EV_RENAME && ev->path2 && !(ev->flags & RENAME_EXCHANGE))
		file_renamed(t, r, ev->path2, ev->path2_len);
	else if (ev->kind == EV_LINK && ev->path2 && x->strings < STRINGS_MAX)
		r->linked = totals_keep(t, ev->path2, ev->path2_len);
	if (ev->kind == EV_UNLINK && r->linked.len)
		file_renamed(t, r, r->linked.s, r->linked.len);
	if (ev->kind != EV_LINK)
		r->linked = (struct bytes){ 0 };
}

void totals_lookup_failed(struct totals *t, const struct event *ev)
{
	struct totals_index *x = t->index;
	struct buf *key = &x->tmp;
	struct lookup_row *r;

	buf_reset(key);
	buf_add(key, &ev->err, sizeof(ev->err));
	if (ev->path_len)
		buf_add(key, ev->path, ev->path_len);
	else if (!ev->raw)	/* no path is this byte */
		buf_putc(key, '\0');
	HASH_FIND(hh, x->lookups, key->s, key->len, r);
	if (r) {
		r->row.count++;
		r->row.ns += ev->dur_ns;
		if (t->noise == NOISE_NONE)
			r->row.noise = NOISE_NONE;
		return;
	}
	if (totals_full(t, t->lookups.n)) {
		t->lookups.nothers++;
		t->lookups.others.count++;
		return;
	}
	r = arena_alloc(&x->arena, sizeof(*r));
	r->key = totals_keep(t, key->s, (uint32_t)key->len);
	r->row = (struct totals_lookup){
		.path = { r->key.s + sizeof(ev->err), ev->path_len, 0 }, .unreadable = !ev->path_len && !ev->raw, .err = ev->err, .kind = (uint8_t)ev->kind,
		.noise = (uint8_t)t->noise, .count = 1, .ns = ev->dur_ns,
		.first_ns = x->now_ns, .first_proc = x->last_proc ? x->last_proc->id : 0,
	};
	HASH_ADD_KEYPTR(hh, x->lookups, r->key.s, r->key.len, r);
	TABLE_ADD(t->lookups, &r->row);
}
