/* SPDX-License-Identifier: MIT */
/* The few types of the kernel that relocating needs. */
#include "capture/bpf/slim.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/macro.h"
#include "capture/bpf/types.h"

enum { DEPTH_MAX = 32, COMPOSITES = 1 << BTF_KIND_STRUCT | 1 << BTF_KIND_UNION };

struct member_name { UT_hash_handle hh; const char *name; };
struct slim_type { UT_hash_handle hh; uint32_t id; int made; };	/* the kernel's number, ours */

struct slim {
	struct btf *out;
	const struct types *types;
	struct member_name *members;
	struct slim_type *done;
	int rc;
};

static size_t name_len(const char *name)
{
	const char *flavour = strstr(name, "___");

	return flavour ? (size_t)(flavour - name) : strlen(name);
}

static bool is_composite(const struct btf_type *t) { return COMPOSITES >> BTF_INFO_KIND(t->info) & 1; }

void slim_want(struct type_names *names, const struct btf *local)
{
	for (uint32_t id = 1; id < btf__type_cnt(local); id++) {
		const struct btf_type *t = btf__type_by_id(local, id);
		const char *name = btf__name_by_offset(local, t->name_off);

		if (is_composite(t) && name)
			type_names_add(names, name, name_len(name), COMPOSITES);
	}
}

void slim_want_members(struct slim *s, const struct btf *local)
{
	for (uint32_t id = 1; id < btf__type_cnt(local); id++) {
		const struct btf_type *t = btf__type_by_id(local, id);

		for (unsigned i = 0; is_composite(t) && i < btf_vlen(t); i++) {
			struct member_name *m;
			const char *name = btf__name_by_offset(local, btf_members(t)[i].name_off);

			if (!name || !*name)
				continue;
			HASH_FIND_STR(s->members, name, m);
			if (m)
				continue;
			m = xcalloc(1, sizeof(*m));
			m->name = name;
			HASH_ADD_KEYPTR(hh, s->members, m->name, strlen(name), m);
		}
	}
}

static bool wanted(const struct slim *s, const char *name)
{
	struct member_name *m;

	if (!*name)
		return true;	/* what is in an anonymous struct is found by its own name */
	HASH_FIND_STR(s->members, name, m);
	return m;
}

static int add(struct slim *s, uint32_t id, unsigned depth);

static int add_composite(struct slim *s, const struct btf_type *t, unsigned depth)
{
	const struct btf_member *m = btf_members(t);
	unsigned n = btf_vlen(t);
	bool bits = btf_kflag(t);
	_cleanup_free_ int *made = xcalloc(n + 1, sizeof(*made));
	int id, rc = 0;

	/* first what it is made of: fields are added to the type that was made last */
	for (unsigned i = 0; i < n; i++) {
		made[i] = wanted(s, types_string(s->types, m[i].name_off)) ? add(s, m[i].type, depth + 1) : 0;
		if (made[i] < 0)
			return made[i];
	}
	id = (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT ?
		      btf__add_struct :
		      btf__add_union)(s->out, types_string(s->types, t->name_off), t->size);
	for (unsigned i = 0; i < n && id >= 0 && rc == 0; i++)
		if (made[i])
			rc = btf__add_field(s->out, types_string(s->types, m[i].name_off), made[i],
					    bits ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset,
					    bits ? BTF_MEMBER_BITFIELD_SIZE(m[i].offset) : 0);
	return rc < 0 ? rc : id;
}

static int add_array(struct slim *s, const struct btf_type *t, unsigned depth)
{
	const struct btf_array *a = btf_array(t);
	int element = add(s, a->type, depth + 1), index = element < 0 ? 0 : btf__add_int(s->out, "index", 4, 0);

	return element < 0 ? element : index < 0 ? index : btf__add_array(s->out, index, element, a->nelems);
}

static int make(struct slim *s, const struct btf_type *t, unsigned depth)
{
	const char *name = types_string(s->types, t->name_off);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT: {
		uint32_t v = *(const uint32_t *)(t + 1);

		return btf__add_int(s->out, *name ? name : "int", t->size, (int)BTF_INT_ENCODING(v));
	}
	case BTF_KIND_FLOAT:
		return btf__add_float(s->out, *name ? name : "float", t->size);
	case BTF_KIND_PTR:
		return btf__add_ptr(s->out, 0);
	case BTF_KIND_ARRAY:
		return add_array(s, t, depth);
	case BTF_KIND_ENUM:
		return btf__add_enum(s->out, name, t->size);
	case BTF_KIND_ENUM64:
		return btf__add_enum64(s->out, name, t->size, false);
	case BTF_KIND_STRUCT: case BTF_KIND_UNION:
		return add_composite(s, t, depth);
	default:
		return -EBADMSG;	/* nothing that has a place in memory */
	}
}

/* Its number in out, or below 0. */
static int add(struct slim *s, uint32_t id, unsigned depth)
{
	const struct btf_type *t = types_resolve(s->types, &id);
	struct slim_type *d;
	int made;

	if (!t || depth > DEPTH_MAX)
		return -EBADMSG;
	HASH_FIND_INT(s->done, &id, d);
	if (d)
		return d->made;
	made = make(s, t, depth);
	if (made < 0)
		return made;
	d = xcalloc(1, sizeof(*d));
	d->id = id;
	d->made = made;
	HASH_ADD_INT(s->done, id, d);
	return made;
}

static void add_found(void *ctx, uint32_t id)
{
	struct slim *s = ctx;
	const struct btf_type *t = types_at(s->types, id);
	int made = s->rc < 0 || !t || !is_composite(t) ? 0 : add(s, id, 0);

	if (made < 0)
		s->rc = made;
}

struct slim *slim_new(struct btf *out, const struct types *t)
{
	struct slim *s = xcalloc(1, sizeof(*s));

	s->out = out;
	s->types = t;
	return s;
}

int slim_add(struct slim *s, const struct type_names *names)
{
	type_names_each(names, add_found, s);
	return s->rc;
}

void slim_free(struct slim *s)
{
	HASH_FREE(s->done);
	HASH_FREE(s->members);
	free(s);
}
