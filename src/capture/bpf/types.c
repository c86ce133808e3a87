/* SPDX-License-Identifier: MIT */
/* The kernel's types, read in place. */
#include "capture/bpf/types.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/macro.h"

/* of the header: newer linux/btf.h has more behind, newer kernels may, too */
enum { HEAD = offsetof(struct btf_header, str_len) + sizeof(uint32_t) };
enum { MARK = 64, CHAIN_MAX = 32 };

/* What stands behind the head; -1: an unknown kind, whose length is unknown, too. */
static long tail_size(const struct btf_type *t)
{
	uint32_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT: case BTF_KIND_VAR: case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT: case BTF_KIND_UNION: case BTF_KIND_DATASEC: case BTF_KIND_ENUM64:
		return 12l * n;
	case BTF_KIND_ENUM: case BTF_KIND_FUNC_PROTO:
		return 8l * n;
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC: case BTF_KIND_FLOAT: case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -1;
	}
}

static uint32_t size_of(const struct btf_type *t) { return (uint32_t)sizeof(*t) + (uint32_t)tail_size(t); }

static int mark(struct types *t)
{
	uint32_t off = 0, cap = 0;
	long tail;

	for (t->n = 0; off < t->len; t->n++, off += (uint32_t)sizeof(struct btf_type) + (uint32_t)tail) {
		const struct btf_type *type = (const struct btf_type *)(t->mem + off);

		if (t->len - off < sizeof(*type))
			return -EBADMSG;
		tail = tail_size(type);
		if (tail < 0 || (unsigned long)tail > t->len - off - sizeof(*type))
			return -EBADMSG;
		if (t->n % MARK)
			continue;
		if (t->n / MARK == cap) {
			cap = cap ? cap * 2 : 1024;
			t->marks = xrealloc(t->marks, cap * sizeof(*t->marks));
		}
		t->marks[t->n / MARK] = off;
	}
	return 0;
}

int types_open(struct types *ret, const struct types *base, const void *raw, size_t size)
{
	const struct btf_header *h = raw;
	uint64_t len, room;
	int rc;

	*ret = (struct types){ .base = base,
			       .first = base ? base->first + base->n : 1,
			       .first_string = base ? base->first_string + base->strings_len : 0 };
	if (size < HEAD || h->magic != BTF_MAGIC || h->version != BTF_VERSION || h->hdr_len < HEAD ||
	    h->hdr_len > size)
		return -EBADMSG;
	room = size - h->hdr_len;
	len = h->type_len;
	if (h->type_off > room || len > room - h->type_off || h->type_off % 4 || h->hdr_len % 4 || h->str_off > room ||
	    h->str_len > room - h->str_off || !h->str_len)
		return -EBADMSG;
	ret->mem = (const unsigned char *)raw + h->hdr_len + h->type_off;
	ret->len = h->type_len;
	ret->strings = (const char *)raw + h->hdr_len + h->str_off;
	ret->strings_len = h->str_len;
	if (ret->strings[ret->strings_len - 1])
		return -EBADMSG;
	rc = mark(ret);
	if (rc < 0)
		types_close(ret);
	return rc;
}

void types_close(struct types *t)
{
	free(t->marks);
	t->marks = NULL;
	t->n = 0;
}

const struct btf_type *types_at(const struct types *t, uint32_t id)
{
	const struct btf_type *type;

	while (t && id < t->first)
		t = t->base;
	if (!t || id - t->first >= t->n)
		return NULL;
	id -= t->first;
	type = (const struct btf_type *)(t->mem + t->marks[id / MARK]);
	for (id %= MARK; id; id--)
		type = (const struct btf_type *)((const unsigned char *)type + size_of(type));
	return type;
}

const char *types_string(const struct types *t, uint32_t off)
{
	while (t && off < t->first_string)
		t = t->base;
	return t && off - t->first_string < t->strings_len ? t->strings + (off - t->first_string) : "";
}

const struct btf_type *types_resolve(const struct types *t, uint32_t *id)
{
	const struct btf_type *type = types_at(t, *id);

	for (unsigned i = 0; type && i < CHAIN_MAX; i++)
		switch (BTF_INFO_KIND(type->info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			*id = type->type;
			type = types_at(t, *id);
			break;
		default:
			return type;
		}
	return NULL;
}

/* ---- names ---- */

struct type_name { UT_hash_handle hh; uint32_t kinds, n, *ids, *id_kinds; char name[]; };

struct type_names {
	struct type_name *all;
	unsigned char starts[1 << 13];	/* a bit for each pair of first characters: most names need not be looked up */
};

struct type_names *type_names_new(void) { return xcalloc(1, sizeof(struct type_names)); }

void type_names_free(struct type_names *names)
{
	struct type_name *w, *tmp;

	if (!names)
		return;
	HASH_ITER(hh, names->all, w, tmp) {
		HASH_DEL(names->all, w);
		free(w->ids);
		free(w->id_kinds);
		free(w);
	}
	free(names);
}

static unsigned start_of(const char *name)
{
	return (unsigned char)name[0] | (unsigned)(unsigned char)(name[0] ? name[1] : 0) << 8;
}

void type_names_add(struct type_names *names, const char *name, size_t len, uint32_t kinds)
{
	struct type_name *w;

	if (!len)
		return;
	HASH_FIND(hh, names->all, name, len, w);
	if (!w) {
		w = xcalloc(1, sizeof(*w) + len + 1);
		memcpy(w->name, name, len);
		HASH_ADD_KEYPTR(hh, names->all, w->name, len, w);
		names->starts[start_of(w->name) / 8] |= (unsigned char)(1 << start_of(w->name) % 8);
	}
	w->kinds |= kinds;
}

static void found(struct type_name *w, uint32_t id, unsigned kind)
{
	w->ids = xrealloc(w->ids, (w->n + 1) * sizeof(*w->ids));
	w->id_kinds = xrealloc(w->id_kinds, (w->n + 1) * sizeof(*w->id_kinds));
	w->ids[w->n] = id;
	w->id_kinds[w->n++] = kind;
}

void types_find(const struct types *t, struct type_names *names)
{
	const struct btf_type *type = (const struct btf_type *)t->mem;
	uint32_t kinds = 0;
	struct type_name *w, *tmp;

	HASH_ITER(hh, names->all, w, tmp)
		kinds |= w->kinds;
	for (uint32_t i = 0; i < t->n;
	     i++, type = (const struct btf_type *)((const unsigned char *)type + size_of(type))) {
		unsigned kind = BTF_INFO_KIND(type->info), start;
		const char *name;

		if (!(kinds >> kind & 1) || !type->name_off)
			continue;
		name = types_string(t, type->name_off);
		start = start_of(name);
		if (!(names->starts[start / 8] >> start % 8 & 1))
			continue;
		HASH_FIND_STR(names->all, name, w);
		if (w && w->kinds >> kind & 1)
			found(w, t->first + i, kind);
	}
}

uint32_t type_names_id(const struct type_names *names, const char *name, unsigned kind)
{
	struct type_name *w;

	HASH_FIND_STR(names->all, name, w);
	for (uint32_t i = 0; w && i < w->n; i++)
		if (w->id_kinds[i] == kind)
			return w->ids[i];
	return 0;
}

void type_names_each(const struct type_names *names, void (*fn)(void *ctx, uint32_t id), void *ctx)
{
	struct type_name *w, *tmp;

	HASH_ITER(hh, names->all, w, tmp)
		for (uint32_t i = 0; i < w->n; i++)
			fn(ctx, w->ids[i]);
}
