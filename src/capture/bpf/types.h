/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The kernel's types as BTF describes them, read in place: libbpf copies and indexes all 126,000 of them, which takes
 * longer than all else that it does.  Everything is checked; what does not hold together is -EBADMSG.
 * Format: Documentation/bpf/btf.rst.
 */
#include <linux/btf.h>
#include <stddef.h>
#include <stdint.h>

struct types {
	const struct types *base;	/* a module's go on where the kernel's end; NULL */
	const unsigned char *mem;	/* the types; not owned */
	const char *strings;
	uint32_t len, strings_len;
	uint32_t first, n;		/* ids: first … first + n - 1 */
	uint32_t first_string;		/* offsets below are base's */
	uint32_t *marks;		/* where each 64th stands */
};

/* Of raw BTF, which must live as long as *ret; 0 or -EBADMSG. */
int types_open(struct types *ret, const struct types *base, const void *raw, size_t size);
void types_close(struct types *t);
/* NULL where id names none (0 is void). */
const struct btf_type *types_at(const struct types *t, uint32_t id);
/* "" for one without a name. */
const char *types_string(const struct types *t, uint32_t off);
/* Behind const, volatile, typedef and the like; *id becomes its number.  NULL: void, or no such type. */
const struct btf_type *types_resolve(const struct types *t, uint32_t *id);

/* Names looked for: all at once, in one walk. */
struct type_names;
struct type_names *type_names_new(void);
void type_names_free(struct type_names *names);
/* kinds: a set of 1 << BTF_KIND_*.  Twice the same name: the sets are added.  Not after types_find(). */
void type_names_add(struct type_names *names, const char *name, size_t len, uint32_t kinds);
/* Finds those of t itself, not of its base. */
void types_find(const struct types *t, struct type_names *names);
/* The first of that kind that was found by types_find(); 0 for none. */
uint32_t type_names_id(const struct type_names *names, const char *name, unsigned kind);
/* All that were found, of every name. */
void type_names_each(const struct type_names *names, void (*fn)(void *ctx, uint32_t id), void *ctx);
