/* Records made by hand, whole and broken. */
#include "unit.h"

#include <arpa/inet.h>
#include <asm/unistd.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/buf.h"
#include "decode/call.h"

static struct rec rec;

static int decode(struct arena *a, struct item *it)
{
	return decode_record((const struct record *)rec.mem, ((const struct record *)rec.mem)->size, a, it);
}

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

static void test_truncated(void **state)
{
	struct arena a = { 0 };
	struct item it;
	rec_u32 whole;

	(void)state;
	rec_call(&rec, __NR_openat, (uint64_t[6]){ 0 }, 3);
	rec_call_chunk(&rec, 1, PART_BYTES, 0, "/etc/passwd", 11);
	whole = ((struct record *)rec.mem)->size;
	for (rec_u32 n = 0; n < whole; n++) {
		assert_int_equal(decode_record((struct record *)rec.mem, n, &a, &it), -EBADMSG);	/* the stream ends */
		((struct record *)rec.mem)->size = n;
		assert_int_equal(decode_record((struct record *)rec.mem, whole, &a, &it), -EBADMSG);	/* the record says so */
		((struct record *)rec.mem)->size = whole;
	}
	assert_int_equal(decode(&a, &it), 0);
	arena_done(&a);
}

static void check_addr(const void *bytes, size_t len, const char *text, bool loopback)
{
	struct addr a;
	struct buf b = { 0 };

	assert_true(decode_addr(bytes, len, &a));
	addr_format(&b, &a);
	assert_string_equal(b.s, text);
	assert_int_equal(addr_is_loopback(&a), loopback);
	buf_done(&b);
}

static void test_addr(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr = { htonl(0x7f010203) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(443), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/x.sock" };
	struct addr a;

	(void)state;
	check_addr(&in, sizeof(in), "127.1.2.3:80", true);
	in.sin_addr.s_addr = htonl(0x08080808);
	check_addr(&in, sizeof(in), "8.8.8.8:80", false);
	check_addr(&in6, sizeof(in6), "[::1]:443", true);
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6.sin6_addr);
	check_addr(&in6, sizeof(in6), "[::ffff:127.0.0.1]:443", true);
	inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
	in6.sin6_scope_id = 2;
	check_addr(&in6, sizeof(in6), "[fe80::1%2]:443", false);
	check_addr(&un, sizeof(un), "/run/x.sock", false);
	check_addr(&un, 2 + 4, "/run", false);
	check_addr(&un, 2, "unnamed", false);
	check_addr("\1\0\0abc", 6, "@abc", false);
	check_addr("\x10\0\0\0\0\0\0\0\0\0\0\0", 12, "netlink", false);
	check_addr("\x11\0", 2, "packet", false);
	check_addr("\xff\xff", 2, "family 65535", false);
	for (size_t n = 0; n < 8; n++)
		assert_false(decode_addr(&in, n, &a));
	for (size_t n = 0; n < 24; n++)
		assert_false(decode_addr(&in6, n, &a));
	assert_false(decode_addr(NULL, 16, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openat), cmocka_unit_test(test_truncated), cmocka_unit_test(test_addr),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
