/* SPDX-License-Identifier: MIT */
/* How things stand, written as records and read into another world, is the same there. */
#include "scene.h"

/* Record after record into the other world. */
static void restore(void *ctx, const struct record *r)
{
	struct scene *s = ctx;
	struct item item;

	assert_int_equal(decode_record(r, r->size, &s->arena, &item), 0);
	world_feed(s->w, &item);
	arena_reset(&s->arena);
}

static void snapshot_into(struct scene *from, struct scene *to)
{
	to->now = from->now;
	start(to, START_COMMAND | START_SNAPSHOT);
	world_snapshot(from->w, from->now, restore, to);
}

static void scene_done(struct scene *s)
{
	world_free(s->w);
	arena_done(&s->arena);
	free(s->v);
}

static void connect_(struct scene *s, uint32_t tid, int fd, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x0a000001) };

	CALL(s, tid, "socket", fd, AF_INET, SOCK_STREAM, 0);
	go(s);
	CALL(s, tid, "connect", 0, fd, 0x1000, sizeof(a));
	in(s, 1, &a, sizeof(a));
	go(s);
}

static void same_name(struct scene *a, struct scene *b, uint32_t tid, int fd)
{
	char was[300], is[300];

	assert_non_null(file_of(b, tid, fd));
	file_text(was, sizeof(was), file_of(a, tid, fd));
	file_text(is, sizeof(is), file_of(b, tid, fd));
	assert_string_equal(is, was);
}

static void test_snapshot(void **state)
{
	struct scene a, b;

	(void)state;
	a = (struct scene){ .now = 1000000, .took = 500 };
	b = a;
	a.w = world_new(scene_event, &a);
	b.w = world_new(scene_event, &b);
	start(&a, START_COMMAND);
	task(&a, 10, 10);
	exec(&a, 10, "/usr/bin/prog", "arg");
	open_(&a, 10, "/tmp/one", O_RDWR, 3);
	CALL(&a, 10, "dup", 4, 3);
	go(&a);
	CALL(&a, 10, "rename", 0);
	str(&a, 0, "/tmp/one");
	str(&a, 1, "/tmp/renamed");
	go(&a);
	pipe_(&a, 10, 5, 6);
	connect_(&a, 10, 7, 443);
	fork_(&a, 10, 11, 0);
	close_(&a, 11, 6);
	fork_(&a, 10, 12, CLONE_THREAD | CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND);
	snapshot_into(&a, &b);

	for (int fd = 3; fd <= 7; fd++)
		same_name(&a, &b, 10, fd);
	assert_string_equal(file_of(&b, 10, 3)->name.s, "/tmp/renamed");
	assert_ptr_equal(file_of(&b, 10, 3), file_of(&b, 10, 4));	/* dup'ed */
	assert_ptr_equal(file_of(&b, 11, 3), file_of(&b, 10, 3));	/* forked */
	assert_null(file_of(&b, 11, 6));
	assert_int_equal(file_of(&b, 10, 5)->peer_file, file_of(&b, 10, 6)->id);
	assert_int_equal(file_of(&b, 10, 7)->sock->now.state, CONN_CONNECTED);
	assert_true(addr_same(&file_of(&b, 10, 7)->sock->now.peer, &file_of(&a, 10, 7)->sock->now.peer));
	assert_string_equal(world_task(b.w, 10)->proc->exe.s, world_task(a.w, 10)->proc->exe.s);
	assert_int_equal(world_task(b.w, 10)->proc->argc, world_task(a.w, 10)->proc->argc);
	assert_int_equal(world_task(b.w, 11)->proc->parent, world_task(b.w, 10)->proc->id);
	assert_ptr_equal(world_task(b.w, 12)->proc, world_task(b.w, 10)->proc);

	/* a call that began before: only what is of it since then has a time here */
	b.now = a.now + 5000;
	CALL(&b, 10, "read", 3, 3, 0x1000, 10)->h.ts_ns = a.now - 700;
	assert_int_equal(go(&b)->before_ns, 700);
	assert_int_equal(got(&b, EV_READ, 0)->ts_ns, a.now);
	scene_done(&a);
	scene_done(&b);
}

/* What a chrooted process has from before, and a file of that name inside its root, stay two. */
static void test_outside(void **state)
{
	static const char *const names[] = { "/srv/data", "/jail/srv/data" };
	const struct {
		uint64_t len;
		uint32_t level, type;
		int32_t fds[2];
	} control = { 24, SOL_SOCKET, SCM_RIGHTS, { 7, 8 } };
	struct scene a, b;

	(void)state;
	a = (struct scene){ .now = 1000000, .took = 500 };
	b = a;
	a.w = world_new(scene_event, &a);
	b.w = world_new(scene_event, &b);
	start(&a, START_COMMAND | START_FACTS);
	task(&a, 10, 10);
	CALL(&a, 10, "chroot", 0, 0x1000);
	str(&a, 0, "/jail");
	go(&a);
	CALL(&a, 10, "recvmsg", 1, 3, 0, 0);
	part(&a, 1, PART_CONTROL, CHUNK_AT_EXIT, &control, sizeof(control));
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct record_fact r = {
			.fd = control.fds[i], .mode = 0100600, .ino = 70 + i, .dev = 9, .open_flags = O_RDWR
		};

		part(&a, 0, PART_FACT, CHUNK_AT_EXIT, &r, sizeof(r));
		part(&a, 0, PART_FACT_NAME, CHUNK_AT_EXIT, names[i], strlen(names[i]));
	}
	go(&a);
	snapshot_into(&a, &b);
	for (int fd = 7; fd <= 8; fd++) {
		same_name(&a, &b, 10, fd);
		assert_string_equal(file_of(&b, 10, fd)->name.s, "/srv/data");
		assert_int_equal(name_is_outside(file_of(&b, 10, fd)->name.s, file_of(&b, 10, fd)->name.len), fd == 7);
	}
	scene_done(&a);
	scene_done(&b);
}

static void round_trip(const void *bytes, size_t len)
{
	struct addr a, b;
	char out[112];
	size_t n;

	assert_true(decode_addr(bytes, len, &a));
	n = encode_addr(&a, out);
	assert_true(n && decode_addr(out, n, &b) && addr_same(&a, &b));
}

static void test_addresses(void **state)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(53), .sin6_scope_id = 2 };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/socket" };

	(void)state;
	memcpy(&in6.sin6_addr, "0123456789abcdef", 16);
	round_trip(&in6, sizeof(in6));
	round_trip(&(struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(80) }, sizeof(struct sockaddr_in));
	round_trip(&un, sizeof(un));
	memcpy(un.sun_path, "\0abstract\0name", 14);
	round_trip(&un, offsetof(struct sockaddr_un, sun_path) + 14);
	memset(un.sun_path, 'x', sizeof(un.sun_path));
	round_trip(&un, sizeof(un));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_outside), cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
