/* SPDX-License-Identifier: MIT */
/* Blocks of a report, against bytes made by the page's own tools; and the pieces they travel in. */
#include "unit.h"

#include "base/base64.h"
#include "sink/html_block.h"
#include "sink/html_spool.h"

static const struct html_row rows[] = {
	{ .start = 150, .ret = 3, .obj = 1, .arg = 2, .fd = 3, .file = 1 },
	{ .start = 150, .lane = 1, .type = 1, .dur = 4096, .err = 2, .obj = 4, .fd = -1 },
	{ .start = 151, .lane = 65535, .type = 255, .dur = 4294967294, .err = 254, .ret = -1, .obj = 5, .arg = 6, .fd = 1000000,
	  .file = 4294967295, .val = -8192 },
	{ .start = 4294967446, .lane = 2, .type = 3, .dur = 4294967295, .ret = 140737488355327, .fd = INT32_MIN, .file = 2,
	  .val = 9007199254740993 },
	{ .start = 9000000000000, .type = 7, .dur = 86400000000000, .err = 110, .ret = INT64_MAX, .obj = 70000, .arg = 65536,
	  .fd = INT32_MAX, .file = 3, .val = INT64_MIN },
};
static const struct html_col hot[] = {
	HTML_DELTA("dt", W_X32, struct html_row, start), HTML_COL("lane", W_U16, struct html_row, lane),
	HTML_COL("type", W_U8, struct html_row, type), HTML_COL("dur", W_X32, struct html_row, dur), HTML_COL("err", W_U8, struct html_row, err),
};
static const struct html_col cold[] = {
	HTML_COL("ret", W_Z64, struct html_row, ret), HTML_COL("obj", W_U32, struct html_row, obj), HTML_COL("arg", W_U32, struct html_row, arg),
	HTML_COL("fd", W_Z32, struct html_row, fd), HTML_COL("file", W_U32, struct html_row, file), HTML_COL("val", W_Z64, struct html_row, val),
};

static char *read_golden(void)
{
	FILE *f = fopen(getenv("GOLDEN"), "r");
	static char text[65536];

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void check_payload(const struct html_block *b, const char *key, const char *golden)
{
	char expect[8192];
	int n = snprintf(expect, sizeof(expect), "\"%s\": \"", key);

	n += (int)base64_encode(expect + n, b->raw.s, b->raw.len);
	snprintf(expect + n, sizeof(expect) - (size_t)n, "\"");
	if (!strstr(golden, expect))
		fail_msg("golden.json does not hold %s", expect);
}

static void test_golden(void **state)
{
	struct html_block b;
	struct buf cols = { 0 };
	struct json j = { .b = &cols };
	const char *golden = read_golden();

	(void)state;
	assert_int_equal(html_block_init(&b), 0);
	html_block_rows(&b, hot, ARRAY_SIZE(hot), rows, sizeof(*rows), ARRAY_SIZE(rows), 100);
	check_payload(&b, "h", golden);
	html_block_rows(&b, cold, ARRAY_SIZE(cold), rows, sizeof(*rows), ARRAY_SIZE(rows), 0);
	check_payload(&b, "c", golden);
	html_cols_json(&j, hot, ARRAY_SIZE(hot));
	assert_string_equal(cols.s, "[\"dt:x32\",\"lane:u16\",\"type:u8\",\"dur:x32\",\"err:u8\"]");
	buf_done(&cols);
	html_block_done(&b);
}

static void test_gzip(void **state)
{
	struct html_block b;
	const uint32_t lens[] = { 0, 5, 3 };
	unsigned char plain[256];
	z_stream z = { 0 };

	(void)state;
	assert_int_equal(html_block_init(&b), 0);
	html_block_strings(&b, lens, 3, "hello\xff<>", 8);
	/* head, then a plane of low bytes, three of zeros, then the bytes */
	assert_int_equal(b.raw.len, 16 + 12 + 8);
	assert_memory_equal(b.raw.s + 16, "\0\5\3\0\0\0\0\0\0\0\0\0hello\xff<>", 20);
	for (int round = 0; round < 2; round++) {	/* a block's compressor is used again */
		html_block_compress(&b);
		assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
		z.next_in = (Bytef *)b.gz.s;
		z.avail_in = (uInt)b.gz.len;
		z.next_out = plain;
		z.avail_out = sizeof(plain);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_int_equal(z.total_out, b.raw.len);
		assert_memory_equal(plain, b.raw.s, b.raw.len);
		inflateEnd(&z);
	}
	html_block_done(&b);
}

static void collect(void *ctx, const void *p, size_t n) { buf_add(ctx, p, n); }

static void test_pieces(void **state)
{
	static char big[30000];
	struct buf out = { 0 };

	(void)state;
	html_piece_write('h', true, "abcd", 4, collect, &out);
	assert_string_equal(out.s, "<!--YWJjZA==--><script>cpd(\"h\",1)</script>\n");
	buf_reset(&out);
	memset(big, 'a', sizeof(big));	/* longer than the encoder's window: no padding may appear inside */
	html_piece_write('s', false, big, sizeof(big), collect, &out);
	assert_int_equal(out.len, 4 + base64_len(sizeof(big)) + strlen("--><script>cpd(\"s\",0)</script>\n"));
	assert_int_equal(strspn(out.s + 4, "YWFh"), base64_len(sizeof(big)));
	assert_int_equal(HTML_PIECE % 3, 0);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_golden), cmocka_unit_test(test_gzip),
					    cmocka_unit_test(test_pieces) };

	return cmocka_run_group_tests_name("html-block", tests, NULL, NULL);
}
