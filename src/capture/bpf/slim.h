/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Of the kernel's types those that an object of ours looks into, as BTF of its own for libbpf to relocate by: some
 * hundred instead of 126,000.
 */
#include <stdint.h>

struct btf;
struct types;
struct type_names;

/* Asks for each struct and union of local, by its name up to "___". */
void slim_want(struct type_names *names, const struct btf *local);
struct slim;
/* Goes on with out, by t; both must stay until slim_free(). */
struct slim *slim_new(struct btf *out, const struct types *t);
/* Members are wanted whose names occur in local, which must stay, too. */
void slim_want_members(struct slim *s, const struct btf *local);
/*
 * Adds to out what was found in t: each struct and union with the members that are wanted, and what they are made of.
 * Pointers lead nowhere: libbpf does not follow them.  0, -EBADMSG, or what libbpf says.
 */
int slim_add(struct slim *s, const struct type_names *names);
void slim_free(struct slim *s);
