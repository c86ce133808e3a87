/* SPDX-License-Identifier: MIT */
/* Values of a call: choices by another argument, numbers, addresses, what was not written. */
#include "decode_record.h"

/* What an argument is may be up to another one. */
static void test_choices(void **state)
{
	struct arena a = { 0 };
	struct item it;

	(void)state;
	rec_call(&rec, __NR_fcntl, (uint64_t[6]){ 3, F_GETFL }, 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.call.nargs, 2);
	rec_call(&rec, __NR_fcntl, (uint64_t[6]){ 3, F_SETFL, O_NONBLOCK }, 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.call.nargs, 3);
	assert_int_equal(it.call.args[2].spec->type, ARG_FLAGS);
	assert_string_equal(names_find(it.call.args[2].spec->names, O_NONBLOCK), "O_NONBLOCK");
	rec_call(&rec, __NR_fcntl, (uint64_t[6]){ 3, 0xffff0000fffffff0ull, 1 }, 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.call.args[1].word, 0xfffffff0);	/* an int: the kernel does not see the rest */
	assert_int_equal(it.call.args[2].spec->type, ARG_HEX);
	rec_call(&rec, __NR_openat, (uint64_t[6]){ 3, 0, O_RDONLY, 0x777 }, 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.call.nargs, 3);
	rec_call(&rec, __NR_openat, (uint64_t[6]){ 3, 0, O_RDWR | O_TMPFILE, 0600 }, 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.call.nargs, 4);
	rec_call(&rec, __NR_setsockopt, (uint64_t[6]){ 3, SOL_SOCKET, SO_REUSEADDR }, 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_string_equal(names_find(it.call.args[2].spec->names, it.call.args[2].word), "SO_REUSEADDR");
	rec_call(&rec, __NR_socket, (uint64_t[6]){ AF_NETLINK, SOCK_RAW, 9 }, 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_string_equal(names_find(it.call.args[2].spec->names, it.call.args[2].word), "NETLINK_AUDIT");
	arena_done(&a);
}

static void test_values(void **state)
{
	static const uint64_t args[6];
	char fds[2][8] = { "before!", "after !" };
	struct arena a = { 0 };
	struct item it;

	(void)state;
	rec_call(&rec, __NR_getcwd, args, 6);
	rec_call_chunk(&rec, 0, PART_BYTES, CHUNK_AT_EXIT, "/root", 6);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.call.args[0].len, 5);
	rec_call(&rec, __NR_read, (uint64_t[6]){ [2] = 6 }, 6);
	rec_call_chunk(&rec, 1, PART_BYTES, CHUNK_AT_EXIT, "a\0b\0c", 6);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.call.args[1].len, 6);	/* contents keep their NULs */
	rec_call(&rec, __NR_poll, args, 1);
	rec_call_chunk(&rec, 0, PART_BYTES, 0, fds[0], 8);
	rec_call_chunk(&rec, 0, PART_BYTES, CHUNK_AT_EXIT, fds[1], 8);
	assert_int_equal(decode(&a, &it), 0);
	assert_memory_equal(it.call.args[0].bytes, fds[1], 8);
	assert_int_equal(it.nparts, 2);
	rec_call(&rec, __NR_execve, args, 0);
	rec_call_chunk(&rec, 1, PART_ITEM, 0, "sh", 2);
	rec_call_chunk(&rec, 1, PART_ITEM, 0, "", 0);
	rec_call_chunk(&rec, 2, PART_ITEM, 0, "A=b", 3);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(parts_find(it.parts, it.nparts, 1, PART_ITEM, 1)->len, 0);
	assert_null(parts_find(it.parts, it.nparts, 1, PART_ITEM, 2));
	assert_memory_equal(parts_find(it.parts, it.nparts, -1, PART_ITEM, 2)->bytes, "A=b", 3);
	arena_done(&a);
}

/* 32-bit programs: signs, and descriptors passed in the narrow control messages. */
static void test_i386(void **state)
{
	/* SCM_CREDENTIALS (12 + 12 bytes), then SCM_RIGHTS with three descriptors, then one whose length is a lie */
	static const uint32_t narrow[] = {
		24, SOL_SOCKET, SCM_CREDENTIALS, 1, 2, 3, 24, SOL_SOCKET, SCM_RIGHTS, 40, 41, 42, 1000, 1, 1
	};
	struct record_call *c = (struct record_call *)rec.mem;
	struct arena a = { 0 };
	const struct part *p;
	struct item it;
	int fds[8];

	(void)state;
	rec_call(&rec, 19, (uint64_t[6]){ 3, 0xffffffff, 2 }, 10);	/* lseek(3, -1, SEEK_END) */
	c->arch = ARCH_I386;
	assert_int_equal(decode(&a, &it), 0);
	assert_string_equal(it.call.spec->name, "lseek");
	assert_int_equal((int64_t)it.call.args[1].word, -1);
	rec_call(&rec, 91, (uint64_t[6]){ 0xf7000000, 0x1000 }, 0);	/* munmap */
	c->arch = ARCH_I386;
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.call.args[0].word, 0xf7000000);

	rec_call(&rec, 372, (uint64_t[6]){ 3 }, 1);	/* recvmsg */
	c->arch = ARCH_I386;
	rec_call_chunk(&rec, 1, PART_CONTROL, CHUNK_AT_EXIT, narrow, sizeof(narrow));
	assert_int_equal(decode(&a, &it), 0);
	p = parts_find(it.parts, it.nparts, 1, PART_CONTROL, 0);
	assert_int_equal(decode_scm_rights(p->bytes, p->len, fds, 8), 3);
	assert_int_equal(fds[0], 40);
	assert_int_equal(fds[2], 42);
	for (size_t n = 0; n <= sizeof(narrow); n++) {
		rec_call(&rec, 372, (uint64_t[6]){ 3 }, 1);
		c->arch = ARCH_X32;
		c->nr = 519;
		rec_call_chunk(&rec, 1, PART_CONTROL, CHUNK_AT_EXIT, narrow, n);
		assert_int_equal(decode(&a, &it), 0);
		p = parts_find(it.parts, it.nparts, 1, PART_CONTROL, 0);
		assert_int_equal(decode_scm_rights(p->bytes, p->len, fds, 8), n >= 48 ? 3 : 0);
	}
	arena_done(&a);
}

static void test_scm_rights(void **state)
{
	_Alignas(8) char control[CMSG_SPACE(3 * sizeof(int)) + CMSG_SPACE(1)] = { 0 };
	struct cmsghdr *h = (struct cmsghdr *)control;
	int fds[4], sent[3] = { 5, 6, 7 };

	(void)state;
	*h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(sent)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(h), sent, sizeof(sent));
	h = (struct cmsghdr *)(control + CMSG_SPACE(sizeof(sent)));
	*h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(1), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	assert_int_equal(decode_scm_rights(control, sizeof(control), fds, 4), 3);
	assert_int_equal(fds[2], 7);
	assert_int_equal(decode_scm_rights(control, sizeof(control), fds, 2), 2);
	for (size_t n = 0; n < CMSG_LEN(sizeof(sent)); n++)
		assert_int_equal(decode_scm_rights(control, n, fds, 4), 0);
	h = (struct cmsghdr *)control;
	for (size_t len = 0; len < 16; len++) {
		h->cmsg_len = len;
		assert_int_equal(decode_scm_rights(control, sizeof(control), fds, 4), 0);
	}
	h->cmsg_len = SIZE_MAX;
	assert_int_equal(decode_scm_rights(control, sizeof(control), fds, 4), 0);
	assert_int_equal(decode_scm_rights(NULL, 0, fds, 4), 0);
}

static void decodes(const void *bytes, size_t len, bool loopback, struct addr *ret)
{
	assert_true(decode_addr(bytes, len, ret));
	assert_int_equal(addr_is_loopback(ret), loopback);
}

/* In words: test-value-text.c. */
static void test_addr(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr = { htonl(0x7f010203) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(443),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_cid = 2, .svm_port = 70000 };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_halen = 255 };
	struct sockaddr_alg alg = { .salg_family = AF_ALG };
	struct addr a;

	(void)state;
	decodes(&in, sizeof(in), true, &a);
	assert_int_equal(a.port, 80);
	assert_memory_equal(a.ip, "\x7f\1\2\3", 4);
	in.sin_addr.s_addr = htonl(0x08080808);
	decodes(&in, sizeof(in), false, &a);
	decodes(&in6, sizeof(in6), true, &a);
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6.sin6_addr);
	decodes(&in6, sizeof(in6), true, &a);
	inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
	decodes(&in6, sizeof(in6), false, &a);
	decodes("\1\0\0abc", 6, false, &a);
	assert_true(a.abstract);
	assert_int_equal(a.len, 3);
	decodes(&ll, sizeof(ll), false, &a);
	assert_int_equal(a.len, sizeof(ll.sll_addr));	/* sll_halen is not believed */
	for (size_t n = 0; n < 8; n++) {
		assert_false(decode_addr(&vm, n, &a));
		assert_false(decode_addr(&ll, n, &a));
		assert_false(decode_addr(&alg, n, &a));
		assert_false(decode_addr(&in, n, &a));
	}
	for (size_t n = 0; n < 24; n++)
		assert_false(decode_addr(&in6, n, &a));
	assert_false(decode_addr(NULL, 16, &a));
}

/* What the kernel did not write is no value, though it was copied. */
static void test_not_written(void **state)
{
	static const struct {
		unsigned arch, nr;
	} calls[] = { { ARCH_X86_64, __NR_wait4 },
		      { ARCH_I386, 7 /* waitpid */ },
		      { ARCH_I386, 114 },
		      { ARCH_X32, __NR_wait4 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		for (int ret = 0; ret < 2; ret++) {
			struct arena a = { 0 };
			struct item it;

			rec_call(&rec, calls[i].nr, (uint64_t[6]){ (uint64_t)-1, 0x1000, 1 }, ret);
			((struct record_call *)rec.mem)->arch = (uint8_t)calls[i].arch;
			rec_call_chunk(&rec, 1, PART_BYTES, CHUNK_AT_EXIT, "\0\3\0\0", 4);
			rec_call_chunk(&rec, 2, PART_BYTES, 0, "x", 1);
			assert_int_equal(decode(&a, &it), 0);
			assert_int_equal(it.nparts, ret + 1);
			assert_int_equal(it.call.args[1].bytes != NULL, ret);
			assert_int_equal(parts_find(it.parts, it.nparts, 1, PART_BYTES, 0) != NULL, ret);
			assert_memory_equal(parts_find(it.parts, it.nparts, 2, PART_BYTES, 0)->bytes, "x", 1);
			arena_done(&a);
		}
	}
}

/* recv with MSG_TRUNC returns the length of the message, getxattr without room that of the value. */
static void test_room(void **state)
{
	static const struct { unsigned nr, arg; } calls[] = { { __NR_recvfrom, 1 }, { __NR_getxattr, 2 } };
	static const unsigned rooms[] = { 10, 2, 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(calls) * ARRAY_SIZE(rooms); i++) {
		unsigned arg = calls[i / ARRAY_SIZE(rooms)].arg, room = rooms[i % ARRAY_SIZE(rooms)];
		uint64_t args[6] = { 3, 0x1000, 0x2000 };
		struct arena a = { 0 };
		struct item it;

		args[arg + 1] = room;
		rec_call(&rec, calls[i / ARRAY_SIZE(rooms)].nr, args, 5);
		rec_call_chunk(&rec, arg, PART_BYTES, CHUNK_AT_EXIT, "01GGG", 5);
		assert_int_equal(decode(&a, &it), 0);
		assert_int_equal(it.nparts, room ? 1 : 0);
		assert_int_equal(it.call.args[arg].len, MIN(room, 5));
		assert_int_equal(it.call.args[arg].bytes != NULL, room != 0);
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choices), cmocka_unit_test(test_not_written),
		cmocka_unit_test(test_room), cmocka_unit_test(test_values), cmocka_unit_test(test_i386),
		cmocka_unit_test(test_scm_rights), cmocka_unit_test(test_addr),
	};

	return cmocka_run_group_tests_name("decode-value", tests, NULL, NULL);
}
