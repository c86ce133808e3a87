/* SPDX-License-Identifier: MIT */
/* JSON, base64 and interning. */
#include "unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/intern.h"
#include "base/json.h"

static void test_shape(void **state)
{
	struct buf b = { 0 };
	struct json j = { .b = &b };

	(void)state;
	json_open(&j, '{');
	json_key(&j, "a"), json_open(&j, '['), json_close(&j, ']');
	json_key(&j, "b"), json_open(&j, '[');
	json_u64(&j, UINT64_MAX), json_i64(&j, INT64_MIN), json_i64(&j, -1), json_i64(&j, 7);
	json_bool(&j, true), json_bool(&j, false), json_null(&j), json_raw(&j, "{}", 2);
	json_open(&j, '{'), json_close(&j, '}'), json_open(&j, '['), json_open(&j, '['), json_close(&j, ']'),
		json_close(&j, ']');
	json_close(&j, ']');
	json_key(&j, "c"), json_cstr(&j, "");
	json_close(&j, '}');
	assert_string_equal(b.s, "{\"a\":[],\"b\":[18446744073709551615,-9223372036854775808,-1,7,true,false,null,{},{}"
				 ",[[]]],\"c\":\"\"}");
	buf_done(&b);
}

static void check(const char *in, size_t n, const char *out)
{
	struct buf b = { 0 };
	struct json j = { .b = &b };

	json_str(&j, in, n);
	assert_string_equal(b.s, out);
	buf_done(&b);
}

static void test_strings(void **state)
{
	(void)state;
	check("a\"b\\c\n\t\x01\x7f", 9, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"");
	check("a\0b", 3, "\"a\\u0000b\"");
	check("</script><!--", 13, "\"\\u003c/script>\\u003c!--\"");
	check("-->", 3, "\"-->\"");
	check("é€😀", 9, "\"é€😀\"");
	check("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xae", 12, "\"\\u2028\\u2029\\u202a\\u202e\"");
	check("\xe2\x80\x8f\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x90", 12, "\"\\u200f\\u2066\\u2069\xe2\x80\x90\"");
	/* not UTF-8: each byte by itself; also surrogates, overlong forms and what is cut off */
	check("\xff\x80", 2, "\"\\udcff\\udc80\"");
	check("\xed\xa0\x80", 3, "\"\\udced\\udca0\\udc80\"");
	check("\xc0\xaf", 2, "\"\\udcc0\\udcaf\"");
	check("a\xe2\x82", 3, "\"a\\udce2\\udc82\"");
}

static void check_bytes(const char *in, size_t n, const char *out)
{
	struct buf b = { 0 };
	struct json j = { .b = &b };

	json_escaped(&j, in, n);
	assert_string_equal(b.s, out);
	buf_done(&b);
}

/* Readers unescape JSON first, and find \\ and \xNN. */
static void test_bytes(void **state)
{
	(void)state;
	check_bytes("/é€😀<", 11, "\"/é€😀\\u003c\"");
	check_bytes("a\\x41", 5, "\"a\\\\\\\\x41\"");
	check_bytes("a\xff\0\n\"", 5, "\"a\\\\xff\\\\x00\\n\\\"\"");
	check_bytes("\xed\xa0\x80\x7f\x1b", 5, "\"\\\\xed\\\\xa0\\\\x80\\u007f\\u001b\"");
}

static void test_large_numbers(void **state)
{
	struct buf b = { 0 };
	struct json j = { .b = &b };

	(void)state;
	json_open(&j, '[');
	json_u64_or_str(&j, INT64_MAX), json_u64_or_str(&j, 1ull << 63), json_u64_or_str(&j, UINT64_MAX);
	json_hex(&j, 0), json_hex(&j, UINT64_MAX);
	json_close(&j, ']');
	assert_string_equal(b.s, "[9223372036854775807,\"9223372036854775808\",\"18446744073709551615\",\"0x0\","
				 "\"0xffffffffffffffff\"]");
	buf_done(&b);
}

static void test_base64(void **state)
{
	static const struct { const char *in, *out; } v[] = {	/* RFC 4648, section 10 */
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" }, { "\xff\xff\xff\xfb\xf0", "////+/A=" },
	};
	char out[16];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
		size_t n = base64_encode(out, v[i].in, strlen(v[i].in));

		assert_int_equal(n, strlen(v[i].out));
		assert_int_equal(n, base64_len(strlen(v[i].in)));
		assert_memory_equal(out, v[i].out, n);
	}
}

static uint32_t get(struct intern *t, unsigned i, uint32_t next)
{
	char s[32];
	int n = snprintf(s, sizeof(s), "/some/path/%u", i);
	uint32_t *id = intern_id(t, intern_hash(t, s, (size_t)n));

	if (!*id)
		*id = next;
	return *id;
}

static void test_intern(void **state)
{
	enum { MAX_SLOTS = 4096, ROOM = MAX_SLOTS / 4 * 3 };
	struct intern t;

	(void)state;
	intern_init(&t, MAX_SLOTS);
	for (unsigned i = 0; i < ROOM; i++)
		assert_int_equal(get(&t, i, i + 1), i + 1);
	for (unsigned i = 0; i < ROOM; i++)
		assert_int_equal(get(&t, i, 999999), i + 1);	/* found again, also when it is full */
	assert_int_equal(get(&t, ROOM, 5000), 5000);		/* one more: all is forgotten, nothing grows */
	assert_int_equal(get(&t, ROOM, 1), 5000);
	assert_int_equal(get(&t, 0, 6000), 6000);
	assert_true(t.cap <= MAX_SLOTS);
	intern_done(&t);
}

static void test_hash(void **state)
{
	struct intern a, b;
	char s[64] = { 0 };
	uint64_t seen[64];

	(void)state;
	intern_init(&a, 16);
	intern_init(&b, 16);
	for (size_t n = 0; n < 64; n++) {	/* zeros of different lengths differ, through every tail length */
		seen[n] = intern_hash(&a, s, n);
		for (size_t i = 0; i < n; i++)
			assert_int_not_equal(seen[n], seen[i]);
	}
	for (size_t i = 0; i < 63; i++) {	/* every byte counts */
		s[i] = 1;
		assert_int_not_equal(intern_hash(&a, s, 63), seen[63]);
		s[i] = 0;
	}
	assert_int_equal(intern_hash(&a, s, 20), seen[20]);
	assert_int_not_equal(intern_hash(&b, s, 20), seen[20]);	/* each table has a key of its own */
	intern_done(&a);
	intern_done(&b);
}

/* Each number of digits, where one begins and where the one before ends. */
static void numbers(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (unsigned n = 0; n <= 20; n++, power = n < 20 ? power * 10 : UINT64_MAX)
		for (int d = -1; d <= 1; d++) {
			struct buf b = { 0 };
			char want[32];
			uint64_t v = power + (uint64_t)d;

			snprintf(want, sizeof(want), "x%llu", (unsigned long long)v);
			buf_putc(&b, 'x');
			buf_u64(&b, v);
			assert_string_equal(b.s, want);
			buf_done(&b);
		}
	for (uint64_t v = 1, i = 0; i < 20000; i++, v = v * 6364136223846793005u + 1442695040888963407u) {
		struct buf b = { 0 };
		char want[32];

		snprintf(want, sizeof(want), "%llu", (unsigned long long)(v >> i % 64));
		buf_u64(&b, v >> i % 64);
		assert_string_equal(b.s, want);
		buf_done(&b);
	}
}

/* Anything to be escaped, at every place of strings of every length, is written as the slow way does. */
static void escaped_in_words(void **state)
{
	static const char bytes[] = "a\"\\<\x7f\x1f \n\xff\xc3!=]~";	/* and NUL */
	char s[48];

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		for (size_t n = 0; n <= sizeof(s); n++)
			for (size_t at = 0; at < MAX(n, (size_t)1); at++) {
				struct buf b = { 0 }, want = { 0 };

				memset(s, '/', sizeof(s));
				s[at] = bytes[i];
				json_put_escaped(&b, s, n);
				json_escaped(&(struct json){ .b = &want }, s, n);
				assert_int_equal(b.len, want.len);
				assert_memory_equal(b.s, want.s, want.len);
				buf_done(&b);
				buf_done(&want);
			}
}

/* A page with none before and behind it: what is read or written outside ends the test. */
static char *lone_page(size_t page)
{
	char *all = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(all, MAP_FAILED);
	assert_int_equal(mprotect(all + page, page, PROT_READ | PROT_WRITE), 0);
	return all + page;
}

/* Of a string of every length no byte before or behind it is read, nor written where it is copied to. */
static void copied_within_bounds(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *from = lone_page(page), *to = lone_page(page);

	(void)state;
	memset(from, '/', page);
	for (size_t n = 4; n <= 100; n++) {
		assert_true(json_copy_plain(to, from, n));
		memset(to, 0, page);
		assert_true(json_copy_plain(to + page - n, from + page - n, n));
		assert_memory_equal(to + page - n, from + page - n, n);
	}
	munmap(from - page, 3 * page);
	munmap(to - page, 3 * page);
}

/* Pieces made once, and words of every length. */
static void made(void **state)
{
	const struct json_made key = json_make(",\"%s\":", "peer_process");
	char word[64] = "";

	(void)state;
	for (uint32_t n = 0; n <= JSON_WORD_MAX; n++) {
		char room[4 * JSON_CELL_MAX], want[128], *to = room;

		to = json_put_word(json_put_made(to, &key), word, n);
		to = json_put_u64(json_put_made(to, &key), n);
		snprintf(want, sizeof(want), ",\"peer_process\":\"%s\",\"peer_process\":%u", word, n);
		assert_int_equal(to - room, strlen(want));
		assert_memory_equal(room, want, strlen(want));
		word[n] = (char)('a' + n % 26);
		word[n + 1] = '\0';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(escaped_in_words), cmocka_unit_test(copied_within_bounds), cmocka_unit_test(made), cmocka_unit_test(test_shape), cmocka_unit_test(test_strings), cmocka_unit_test(test_bytes), cmocka_unit_test(test_large_numbers), cmocka_unit_test(test_base64), cmocka_unit_test(test_intern),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
