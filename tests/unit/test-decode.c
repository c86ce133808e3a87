/* SPDX-License-Identifier: MIT */
/* Records made by hand, whole and broken. */
#include "decode_record.h"

static void test_openat(void **state)
{
	struct arena a = { 0 };
	struct item it;

	(void)state;
	rec_call(&rec, __NR_openat, (uint64_t[6]){ (uint64_t)-100, 0x1000, 0x80000 }, -ENOENT);
	rec_call_chunk(&rec, 1, PART_BYTES, CHUNK_TRUNC, "/etc/passwd", 11);
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.kind, RECORD_CALL);
	assert_string_equal(it.call.spec->name, "openat");
	assert_int_equal(it.call.err, ENOENT);
	assert_int_equal(it.call.enter_ns, 1000);
	assert_int_equal(it.call.exit_ns, 2000);
	assert_int_equal(it.call.args[1].len, 11);
	assert_memory_equal(it.call.args[1].bytes, "/etc/passwd", 11);
	assert_true(it.call.args[1].trunc);
	assert_false(it.call.args[1].fault);
	assert_null(it.call.args[2].bytes);
	assert_ptr_equal(parts_find(it.parts, it.nparts, 1, PART_BYTES, 0), &it.parts[0]);
	assert_null(parts_find(it.parts, it.nparts, 0, PART_BYTES, 0));
	assert_null(parts_find(it.parts, it.nparts, -1, PART_BYTES, 1));
	arena_done(&a);
}

/* One well-formed record of each kind, with the chunks it usually has. */
static void make_kind(unsigned kind)
{
	struct record_sock sock = { .family = AF_INET, .local_len = 16, .peer_len = 112 };
	uint32_t *nchunks = NULL;

	switch (kind) {
	case RECORD_START:
		rec_begin(&rec, kind, sizeof(struct record_start));
		nchunks = &((struct record_start *)rec.mem)->nchunks;
		break;
	case RECORD_CALL:
		rec_call(&rec, __NR_openat, (uint64_t[6]){ 0 }, 3);
		rec_call_chunk(&rec, 1, PART_BYTES, 0, "/etc/passwd", 11);
		rec_call_chunk(&rec, 5, PART_LEN, 0, "abcd", 4);
		break;
	case RECORD_FORK:
		rec_begin(&rec, kind, sizeof(struct record_fork));
		nchunks = &((struct record_fork *)rec.mem)->nchunks;
		break;
	case RECORD_EXEC:
		rec_begin(&rec, kind, sizeof(struct record_exec));
		nchunks = &((struct record_exec *)rec.mem)->nchunks;
		break;
	case RECORD_EXIT: rec_begin(&rec, kind, sizeof(struct record_exit)); break;
	case RECORD_SIGNAL: rec_begin(&rec, kind, sizeof(struct record_signal)); break;
	case RECORD_STOP: rec_begin(&rec, kind, sizeof(struct record_stop)); break;
	case RECORD_TASK:
		rec_begin(&rec, kind, sizeof(struct record_task));
		nchunks = &((struct record_task *)rec.mem)->nchunks;
		break;
	case RECORD_FD:
		rec_begin(&rec, kind, sizeof(struct record_fd));
		nchunks = &((struct record_fd *)rec.mem)->nchunks;
		*nchunks = 1;
		rec_chunk(&rec, 0, PART_SOCK, 0, &sock, sizeof(sock));
		break;
	case RECORD_MAP:
		rec_begin(&rec, kind, sizeof(struct record_map));
		nchunks = &((struct record_map *)rec.mem)->nchunks;
		break;
	case RECORD_LOST:
		rec_begin(&rec, kind, sizeof(struct record_lost));
		nchunks = &((struct record_lost *)rec.mem)->nchunks;
		break;
	case RECORD_END: rec_begin(&rec, kind, sizeof(struct record_end)); break;
	case RECORD_DETACH: rec_begin(&rec, kind, sizeof(struct record)); break;
	}
	if (nchunks) {
		rec_chunk(&rec, 0, PART_PATH, 0, "/bin/true\0rest", 14);
		rec_chunk(&rec, 0, PART_ARGV, 0, "", 0);
		*nchunks += 2;
	}
}

static void test_kinds(void **state)
{
	(void)state;
	for (unsigned kind = RECORD_START; kind <= RECORD_DETACH; kind++) {
		struct record *r = (struct record *)rec.mem;
		struct arena a = { 0 };
		struct item it;

		make_kind(kind);
		assert_int_equal(decode(&a, &it), 0);
		assert_int_equal(it.kind, kind);
		assert_ptr_equal(it.head, r);
		if (parts_find(it.parts, it.nparts, -1, PART_PATH, 0))	/* a string ends at its NUL */
			assert_int_equal(parts_find(it.parts, it.nparts, -1, PART_PATH, 0)->len, 9);

		rec_u32 whole = r->size;

		for (rec_u32 n = 0; n < whole; n++) {
			assert_int_equal(decode_record(r, n, &a, &it), -EBADMSG);	/* the stream ends */
			r->size = n;
			assert_int_equal(decode_record(r, whole, &a, &it), -EBADMSG);	/* the record says so */
			r->size = whole;
		}
		/* More than it says is in it. */
		memset(rec.mem + whole, 0, 8);
		r->size = whole + 8;
		assert_int_equal(decode(&a, &it), -EBADMSG);
		arena_done(&a);
	}
}

static void test_unknown_kinds(void **state)
{
	struct record *r = (struct record *)rec.mem;
	struct arena a = { 0 };
	struct item it;

	(void)state;
	rec_begin(&rec, 0, 512);
	assert_int_equal(decode(&a, &it), -EBADMSG);
	for (unsigned kind = _RECORD_KIND_MAX; kind < 70000; kind += kind < 100 ? 1 : 1000) {
		r->kind = (rec_u16)kind;
		if (r->kind > RECORD_DETACH)
			assert_int_equal(decode(&a, &it), -ENOTSUP);
	}
	r->kind = RECORD_STOP;
	r->size = RECORD_MAX + 8;
	assert_int_equal(decode_record(r, RECORD_MAX + 8, &a, &it), -EBADMSG);
	arena_done(&a);
}

static void expect_call(int err)
{
	struct arena a = { 0 };
	struct item it;

	assert_int_equal(decode(&a, &it), err);
	arena_done(&a);
}

/* Lengths and counts that do not fit. */
static void test_bad_chunks(void **state)
{
	static const uint64_t args[6];
	struct record_call *c = (struct record_call *)rec.mem;
	struct record_chunk *k = (struct record_chunk *)(c + 1);
	struct record_msg msg = { .name_len = 112 };
	struct record_sock sock = { .local_len = 113 };
	struct record_fd *fd;

	(void)state;
	rec_call(&rec, __NR_openat, args, 0);
	rec_call_chunk(&rec, 1, PART_BYTES, 0, "x", 1);
	expect_call(0);
	c->nchunks = 2;
	expect_call(-EBADMSG);
	c->nchunks = 0xffff;
	expect_call(-EBADMSG);
	c->nchunks = 0;
	expect_call(-EBADMSG);
	c->nchunks = 1;
	for (unsigned len = 9; len < 0x80000000; len = len * 2 + 1) {
		k->len = len;
		expect_call(-EBADMSG);
	}
	k->len = 0xfffffff9;	/* ALIGN8 of it is 0 */
	expect_call(-EBADMSG);
	k->len = 1;
	k->arg = 6;
	expect_call(-EBADMSG);
	k->arg = 255;
	expect_call(-EBADMSG);
	k->arg = 1;
	c->arch = 3;
	expect_call(-EBADMSG);

	rec_call(&rec, __NR_recvmmsg, args, 1);
	rec_call_chunk(&rec, 1, PART_MSGVEC, 0, &msg, sizeof(msg));
	expect_call(0);
	((struct record_msg *)(k + 1))->name_len = 113;
	expect_call(-EBADMSG);

	for (unsigned len = 0; len <= 8; len++) {
		rec_call(&rec, __NR_accept, args, 4);
		rec_call_chunk(&rec, 1, PART_LEN, 0, "abcdefgh", len);
		expect_call(len == 4 ? 0 : -EBADMSG);
		rec_call(&rec, __NR_pipe, args, 0);
		rec_call_chunk(&rec, 0, PART_BYTES, 0, "abcdefgh", len);
		expect_call(len == 8 ? 0 : -EBADMSG);
		rec_call(&rec, __NR_readv, args, 0);
		rec_call_chunk(&rec, 1, PART_IOV, 0, "abcdefgh", len);
		expect_call(len == 0 ? 0 : -EBADMSG);
	}
	fd = (struct record_fd *)rec_begin(&rec, RECORD_FD, sizeof(*fd));
	fd->nchunks = 1;
	rec_chunk(&rec, 0, PART_SOCK, 0, &sock, sizeof(sock));
	expect_call(-EBADMSG);
	fd = (struct record_fd *)rec_begin(&rec, RECORD_FD, sizeof(*fd));
	fd->nchunks = 0xffffffff;
	expect_call(-EBADMSG);
}

/* Copies that the program's memory cut short. */
static void test_faults(void **state)
{
	static const uint64_t args[6];
	char iov[40] = { 1 };
	struct arena a = { 0 };
	struct item it;

	(void)state;
	rec_call(&rec, __NR_pipe, args, 0);
	rec_call_chunk(&rec, 0, PART_BYTES, CHUNK_FAULT | CHUNK_AT_EXIT, "abcd", 4);
	assert_int_equal(decode(&a, &it), 0);
	assert_null(it.call.args[0].bytes);	/* half a pair is none */
	assert_int_equal(it.call.args[0].len, 0);
	assert_true(it.call.args[0].fault);

	rec_call(&rec, __NR_readv, args, 0);
	rec_call_chunk(&rec, 1, PART_IOV, CHUNK_TRUNC, iov, sizeof(iov));
	assert_int_equal(decode(&a, &it), 0);
	assert_int_equal(it.parts[0].len, 32);
	assert_true(it.call.args[1].trunc);

	rec_call(&rec, __NR_accept, args, 4);
	rec_call_chunk(&rec, 1, PART_LEN, CHUNK_FAULT, "ab", 2);
	rec_call_chunk(&rec, 1, PART_BYTES, CHUNK_FAULT, "", 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_null(parts_find(it.parts, it.nparts, 1, PART_LEN, 0));
	assert_non_null(parts_find(it.parts, it.nparts, 1, PART_BYTES, 0));
	arena_done(&a);
}

static void test_results(void **state)
{
	static const struct {
		int64_t ret;
		int err;
	} rows[] = { { 0, 0 }, { -1, 1 }, { -4095, 4095 }, { -4096, 0 }, { 1 << 20, 0 }, { INT64_MIN, 0 } };
	static const uint64_t args[6] = { 3, 4, 5 };
	struct record_call *c = (struct record_call *)rec.mem;
	struct arena a = { 0 };
	struct item it;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		rec_call(&rec, __NR_read, args, rows[i].ret);
		assert_int_equal(decode(&a, &it), 0);
		assert_int_equal(it.call.ret, rows[i].ret);
		assert_int_equal(it.call.err, rows[i].err);
	}
	rec_call(&rec, __NR_close, args, -9);
	c->h.flags = CALL_NO_EXIT;
	assert_int_equal(decode(&a, &it), 0);
	assert_true(it.call.no_exit);
	assert_int_equal(it.call.err, 0);
	assert_int_equal(it.call.exit_ns, 0);
	c->h.flags = CALL_RESTARTED;
	c->exit_ns = 5;		/* before it began */
	assert_int_equal(decode(&a, &it), 0);
	assert_true(it.call.restarted);
	assert_int_equal(it.call.exit_ns, it.call.enter_ns);
	rec_call(&rec, 999, args, 0);
	assert_int_equal(decode(&a, &it), 0);
	assert_null(it.call.spec->name);
	assert_int_equal(it.call.nargs, 6);
	assert_int_equal(it.call.args[2].word, 5);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openat), cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_unknown_kinds), cmocka_unit_test(test_bad_chunks),
		cmocka_unit_test(test_faults), cmocka_unit_test(test_results),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
