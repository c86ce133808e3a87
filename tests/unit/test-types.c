/* SPDX-License-Identifier: MIT */
/* The kernel's types, read in place, and what is made of them for libbpf. */
#include "unit.h"

#include <bpf/btf.h>
#include <errno.h>

#include "capture/bpf/kernel.h"
#include "capture/bpf/slim.h"
#include "capture/bpf/types.h"

enum { ANY = 1 << BTF_KIND_STRUCT | 1 << BTF_KIND_UNION | 1 << BTF_KIND_TYPEDEF | 1 << BTF_KIND_FUNC };

struct made { struct btf *btf; void *raw; uint32_t size; struct types types; };

static void open_made(struct made *m, const struct types *base)
{
	const void *raw = btf__raw_data(m->btf, &m->size);

	assert_non_null(raw);
	m->raw = xmalloc(m->size);	/* libbpf's own does not stay */
	memcpy(m->raw, raw, m->size);
	assert_int_equal(types_open(&m->types, base, m->raw, m->size), 0);
}

static void close_made(struct made *m)
{
	types_close(&m->types);
	btf__free(m->btf);
	free(m->raw);
}

static void fill(struct btf *b, unsigned n)
{
	char name[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "filler_%u", i);
		assert_true(btf__add_struct(b, name, 4) > 0);
	}
}

/*
 * What the kernel has: task with a field in an anonymous union, two types of one name, bits, an array, a pointer to
 * itself.  Others before and between, so that types are found behind a mark, too.
 */
static void kernel(struct made *m)
{
	struct btf *b = m->btf = btf__new_empty();
	int u32, u64, bits, flags, entity, anon, arr, self, vol;

	fill(b, 100);
	u32 = btf__add_int(b, "unsigned int", 4, 0);
	u64 = btf__add_int(b, "unsigned long", 8, 0);
	vol = btf__add_volatile(b, btf__add_typedef(b, "u64", u64));
	flags = btf__add_struct(b, "flags", 8);
	btf__add_field(b, "word", vol, 0, 0);
	fill(b, 70);
	entity = btf__add_typedef(b, "entity_t", btf__add_struct(b, "entity", 16));
	anon = btf__add_union(b, NULL, 8);
	btf__add_field(b, "pid", u32, 0, 0);
	btf__add_field(b, "start", u64, 0, 0);
	arr = btf__add_array(b, u32, u32, 5);
	self = btf__add_ptr(b, btf__type_cnt(b) + 1);
	btf__add_struct(b, "task", 200);
	btf__add_field(b, "unasked", u64, 0, 0);
	btf__add_field(b, "se", entity, 64, 0);
	btf__add_field(b, NULL, anon, 192, 0);
	btf__add_field(b, "flags", flags, 256, 0);
	btf__add_field(b, "numbers", arr, 320, 0);
	btf__add_field(b, "parent", self, 512, 0);
	bits = btf__add_struct(b, "bits", 4);
	btf__add_field(b, "first", u32, 0, 3);
	btf__add_field(b, "second", u32, 3, 7);
	btf__add_struct(b, "twin", 4);
	btf__add_field(b, "pid", u32, 0, 0);
	btf__add_struct(b, "twin", 12);
	btf__add_field(b, "pid", u32, 64, 0);
	btf__add_typedef(b, "btf_trace_sys_enter", self);
	btf__add_func(b, "task", BTF_FUNC_STATIC, btf__add_func_proto(b, 0));
	assert_true(bits > 0);
	open_made(m, NULL);
}

/* What a program of ours declares. */
static struct btf *ours(void)
{
	struct btf *b = btf__new_empty();
	int u32 = btf__add_int(b, "unsigned int", 4, 0);
	static const char *const structs[] = { "task", "twin", "bits___some", "entity", "nowhere", "late" };
	static const char *const members[] = { "pid", "se", "flags", "numbers", "parent", "second", "word" };

	for (unsigned i = 0; i < ARRAY_SIZE(structs); i++)
		btf__add_struct(b, structs[i], 400);
	for (unsigned i = 0; i < ARRAY_SIZE(members); i++)
		btf__add_field(b, members[i], u32, i * 32, 0);
	return b;
}

static const struct btf_member *member(const struct btf *b, const struct btf_type *t, const char *name)
{
	for (unsigned i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(b, btf_members(t)[i].name_off), name))
			return btf_members(t) + i;
	return NULL;
}

static void test_names(void **state)
{
	struct type_names *names = type_names_new();
	struct made k;
	uint32_t id;

	(void)state;
	kernel(&k);
	type_names_add(names, "task", 4, 1 << BTF_KIND_STRUCT);
	type_names_add(names, "task", 4, 1 << BTF_KIND_FUNC);
	type_names_add(names, "btf_trace_sys_enterXX", 19, 1 << BTF_KIND_TYPEDEF);
	type_names_add(names, "entity_t", 8, 1 << BTF_KIND_STRUCT);	/* a typedef */
	type_names_add(names, "tas", 3, ANY);
	types_find(&k.types, names);
	id = type_names_id(names, "task", BTF_KIND_STRUCT);
	assert_int_equal(id, btf__find_by_name_kind(k.btf, "task", BTF_KIND_STRUCT));
	assert_int_equal(types_at(&k.types, id)->size, 200);
	assert_int_equal(type_names_id(names, "task", BTF_KIND_FUNC),
			 btf__find_by_name_kind(k.btf, "task", BTF_KIND_FUNC));
	assert_int_equal(type_names_id(names, "btf_trace_sys_enter", BTF_KIND_TYPEDEF),
			 btf__find_by_name_kind(k.btf, "btf_trace_sys_enter", BTF_KIND_TYPEDEF));
	assert_int_equal(type_names_id(names, "entity_t", BTF_KIND_STRUCT), 0);
	assert_int_equal(type_names_id(names, "tas", BTF_KIND_STRUCT), 0);
	assert_int_equal(type_names_id(names, "never", BTF_KIND_STRUCT), 0);
	type_names_free(names);
	close_made(&k);
}

/* Each by its number, as libbpf has it. */
static void test_all(void **state)
{
	struct made k;

	(void)state;
	kernel(&k);
	assert_int_equal(k.types.n + 1, btf__type_cnt(k.btf));
	for (uint32_t id = 1; id < btf__type_cnt(k.btf); id++) {
		const struct btf_type *t = types_at(&k.types, id);

		assert_non_null(t);
		assert_memory_equal(t, btf__type_by_id(k.btf, id), sizeof(*t));
		assert_string_equal(types_string(&k.types, t->name_off), btf__name_by_offset(k.btf, t->name_off));
	}
	assert_null(types_at(&k.types, 0));
	assert_null(types_at(&k.types, k.types.n + 1));
	assert_string_equal(types_string(&k.types, ~0u), "");
	close_made(&k);
}

static struct btf *slim(const struct types *t, struct btf *local, int expected)
{
	struct type_names *names = type_names_new();
	struct btf *out = btf__new_empty();
	struct slim *s = slim_new(out, t);

	slim_want(names, local);
	slim_want_members(s, local);
	types_find(t, names);
	assert_int_equal(slim_add(s, names), expected);
	slim_free(s);
	type_names_free(names);
	return out;
}

static void test_slim(void **state)
{
	struct made k;
	struct btf *local = ours(), *out;
	const struct btf_type *task, *in;
	unsigned twins = 0;

	(void)state;
	kernel(&k);
	out = slim(&k.types, local, 0);
	assert_true(btf__type_cnt(out) < 30);
	task = btf__type_by_id(out, (uint32_t)btf__find_by_name_kind(out, "task", BTF_KIND_STRUCT));
	assert_int_equal(task->size, 200);
	assert_null(member(out, task, "unasked"));
	assert_int_equal(member(out, task, "se")->offset, 64);
	assert_int_equal(member(out, task, "flags")->offset, 256);
	assert_true(btf_is_struct(btf__type_by_id(out, member(out, task, "flags")->type)));
	assert_int_equal(btf__resolve_size(out, member(out, task, "numbers")->type), 20);
	assert_true(btf_is_ptr(btf__type_by_id(out, member(out, task, "parent")->type)));
	/* in an anonymous union, found by its own name */
	in = btf__type_by_id(out, member(out, task, "")->type);
	assert_true(btf_is_union(in));
	assert_int_equal(btf__resolve_size(out, member(out, in, "pid")->type), 4);
	assert_null(member(out, in, "start"));
	/* by the name before "___"; a bit field stays one */
	in = btf__type_by_id(out, (uint32_t)btf__find_by_name_kind(out, "bits", BTF_KIND_STRUCT));
	assert_int_equal(btf_member_bit_offset(in, 0), 3);
	assert_int_equal(btf_member_bitfield_size(in, 0), 7);
	/* through typedef and volatile */
	in = btf__type_by_id(out, (uint32_t)btf__find_by_name_kind(out, "flags", BTF_KIND_STRUCT));
	assert_int_equal(btf__resolve_size(out, member(out, in, "word")->type), 8);
	for (uint32_t id = 1; id < btf__type_cnt(out); id++)
		twins += !strcmp(btf__name_by_offset(out, btf__type_by_id(out, id)->name_off), "twin");
	assert_int_equal(twins, 2);
	assert_int_equal(btf__find_by_name(out, "nowhere"), -ENOENT);
	btf__free(out);
	btf__free(local);
	close_made(&k);
}

/* A module's types go on where the kernel's end, and are made of them. */
static void test_module(void **state)
{
	struct btf *local = ours(), *out;
	struct made k, m;
	const struct btf_type *late;

	(void)state;
	kernel(&k);
	m.btf = btf__new_empty_split(k.btf);
	btf__add_struct(m.btf, "late", 24);
	btf__add_field(m.btf, "se", btf__find_by_name_kind(k.btf, "entity", BTF_KIND_STRUCT), 0, 0);
	btf__add_field(m.btf, "pid", btf__find_by_name_kind(k.btf, "unsigned long", BTF_KIND_INT), 128, 0);
	open_made(&m, &k.types);
	assert_int_equal(m.types.n, 1);
	out = slim(&m.types, local, 0);
	late = btf__type_by_id(out, (uint32_t)btf__find_by_name_kind(out, "late", BTF_KIND_STRUCT));
	assert_int_equal(btf__resolve_size(out, member(out, late, "se")->type), 16);
	assert_int_equal(btf__resolve_size(out, member(out, late, "pid")->type), 8);
	assert_int_equal(btf__find_by_name(out, "task"), -ENOENT);	/* that is the kernel's to add */
	btf__free(out);
	btf__free(local);
	close_made(&m);
	close_made(&k);
}

/* Cut anywhere, or with any byte turned: refused or read, never beyond its end (the sanitizers look on). */
static void test_hostile(void **state)
{
	struct btf *local = ours();
	struct made k;

	(void)state;
	kernel(&k);
	for (uint32_t n = 0; n < k.size; n += n < 64 ? 1 : 97) {
		void *cut = xmalloc(n + 1);
		struct types t;

		memcpy(cut, k.raw, n);
		assert_int_equal(types_open(&t, NULL, cut, n), -EBADMSG);
		free(cut);
	}
	for (uint32_t i = 0; i < k.size; i++) {
		unsigned char *bad = xmalloc(k.size);
		struct type_names *names = type_names_new();
		struct btf *out = btf__new_empty();
		struct types t;

		memcpy(bad, k.raw, k.size);
		bad[i] ^= (unsigned char)(1 + i % 255);
		slim_want(names, local);
		if (types_open(&t, NULL, bad, k.size) == 0) {
			struct slim *s = slim_new(out, &t);

			types_find(&t, names);
			slim_want_members(s, local);
			slim_add(s, names);
			slim_free(s);
			types_close(&t);
		}
		type_names_free(names);
		btf__free(out);
		free(bad);
	}
	btf__free(local);
	close_made(&k);
}

/* A struct that contains itself has no end. */
static void test_endless(void **state)
{
	struct btf *local = ours(), *out;
	struct made k = { .btf = btf__new_empty() };

	(void)state;
	btf__add_struct(k.btf, "task", 8);
	btf__add_field(k.btf, "se", 1, 0, 0);
	open_made(&k, NULL);
	out = slim(&k.types, local, -EBADMSG);
	btf__free(out);
	btf__free(local);
	close_made(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_slim),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_endless),
	};

	if (bpf_library_missing())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
