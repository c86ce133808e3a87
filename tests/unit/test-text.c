/* SPDX-License-Identifier: MIT */
/* A traced program picks its own names: none of its bytes may drive a terminal or break a literal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"

#define assert_made(fn, bytes, text) do { \
	struct buf b = { 0 }; \
	buf_puts(&b, ""); \
	fn(&b, bytes, sizeof(bytes) - 1); \
	assert_string_equal(b.s, text); \
	buf_done(&b); \
} while (0)

static void keeps_what_is_readable(void **state)
{
	(void)state;
	assert_made(text_safe, "", "");
	assert_made(text_safe, "/etc/hosts", "/etc/hosts");
	assert_made(text_safe, "na\xc3\xafve \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
		    "na\xc3\xafve \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80");
	assert_made(text_safe, "a\\b\"c", "a\\b\"c");
}

static void escapes_what_drives_a_terminal(void **state)
{
	(void)state;
	assert_made(text_safe, "a\nb\tc\rd", "a\\nb\\tc\\rd");
	assert_made(text_safe, "\x1b[31mred", "\\e[31mred");
	assert_made(text_safe, "\x7f\x01", "\\x7f\\x01");
	assert_made(text_safe, "\xc2\x9b" "31m", "\\xc2\\x9b31m");		/* C1 CSI */
	assert_made(text_safe, "exe\xe2\x80\xae" "gpj", "exe\\xe2\\x80\\xaegpj");	/* right-to-left override */
	assert_made(text_safe, "a\0b", "a\\0b");
	assert_made(text_safe, "a\0" "7", "a\\x007");
}

/* Texts are looked at in words: it must not matter where in one a byte is, nor what is before and behind it. */
static void escapes_at_every_place(void **state)
{
	struct buf b = { 0 }, want = { 0 };
	char text[24];

	(void)state;
	for (unsigned c = 1; c < 0x80; c++)
		for (unsigned at = 0; at < sizeof(text); at++) {
			memset(text, at % 2 ? ' ' : '~', sizeof(text));
			text[at] = (char)c;
			buf_reset(&b);
			buf_reset(&want);
			text_quote(&b, text, sizeof(text));
			buf_putc(&want, '"');
			buf_add(&want, text, at);
			if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
				buf_putc(&want, (char)c);
			else if (c == '"' || c == '\\')
				buf_printf(&want, "\\%c", c);
			else if (strchr("\n\t\r\033", (int)c))
				buf_printf(&want, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : 'e');
			else
				buf_printf(&want, "\\x%02x", c);
			buf_add(&want, text + at + 1, sizeof(text) - at - 1);
			buf_putc(&want, '"');
			assert_string_equal(b.s, want.s);
		}
	buf_done(&b);
	buf_done(&want);
}

static void assert_shown(uint32_t cp, bool shown)
{
	char s[4];
	unsigned n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	for (unsigned i = n - 1; i; i--, cp >>= 6)
		s[i] = (char)(0x80 | (cp & 0x3f));
	s[0] = (char)(n == 1 ? cp : (0xf0u << (4 - n) & 0xff) | cp);
	assert_int_equal(text_utf8_len(s, n), n);
	assert_int_equal(text_printable(s, n), shown);
}

static void escapes_what_is_not_seen(void **state)
{
	static const uint32_t hidden[] = {
		0x00, 0x1f, 0x7f, 0x80, 0x9f, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x180b, 0x180e, 0x200b, 0x200d, 0x200f, 0x2028, 0x202a, 0x202e,
		0x2060, 0x2066, 0x2069, 0x206f, 0x2800, 0x3164, 0xfdd0, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff0, 0xfff9, 0xfffb, 0xfffe, 0xffff, 0x1bca0,
		0x1d173, 0x1fffe, 0xe0000, 0xe0001, 0xe0041, 0xe007f, 0xe0100, 0xe01ef, 0xe0fff, 0x10ffff,
	};
	static const uint32_t shown[] = {
		0x20, 0x7e, 0xa0, 0xac, 0xae, 0xe9, 0x300, 0x5d0, 0x61b, 0x627, 0x115e, 0x1161, 0x2007, 0x200a, 0x2010, 0x2027, 0x202f, 0x205f, 0x2070, 0x2764,
		0x2801, 0x3000, 0x65e5, 0xac00, 0xfdcf, 0xfdf0, 0xfdff, 0xfe10, 0xff41, 0xfffc, 0xfffd, 0x1f600, 0x1d172, 0x20000, 0xdfffd, 0xe1000,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		assert_shown(hidden[i], false);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		assert_shown(shown[i], true);
	/* a tag: the a of a hidden word */
	assert_made(text_safe, "a\xf3\xa0\x81\xa1" "b", "a\\xf3\\xa0\\x81\\xa1b");
}

static void escapes_bad_utf8(void **state)
{
	(void)state;
	assert_made(text_safe, "\xff\xfe", "\\xff\\xfe");
	assert_made(text_safe, "\xc0\xaf", "\\xc0\\xaf");			/* overlong / */
	assert_made(text_safe, "\xed\xa0\x80", "\\xed\\xa0\\x80");		/* surrogate */
	assert_made(text_safe, "\xe6\x97", "\\xe6\\x97");			/* cut off */
	assert_made(text_safe, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");	/* past U+10FFFF */
}

static void quotes_as_c_literal(void **state)
{
	(void)state;
	assert_made(text_quote, "", "\"\"");
	assert_made(text_quote, "say \"hi\" c:\\", "\"say \\\"hi\\\" c:\\\\\"");
}

static void measures_columns(void **state)
{
	(void)state;
	assert_int_equal(text_width("abc", 3), 3);
	assert_int_equal(text_width("\xe6\x97\xa5", 3), 2);
	assert_int_equal(text_width("e\xcc\x81", 3), 1);	/* combining accent */
	assert_int_equal(text_width("a\xe6\x97\xa5" "b\xff\tc", 8), 7);	/* what is no character has one column */
}

static void quotes_for_a_shell(void **state)
{
	(void)state;
	assert_made(text_shell, "-o=a/b.c", "-o=a/b.c");
	assert_made(text_shell, "", "''");
	assert_made(text_shell, "a b", "'a b'");
	assert_made(text_shell, "it's $5", "'it'\\''s $5'");
	assert_made(text_shell, "\033x", "'\\ex'");
	assert_made(text_shell, "\xe6\x97\xa5", "\xe6\x97\xa5");
}

static void assert_cut(const char *s, size_t columns, const char *expect)
{
	struct buf b = { 0 };

	text_middle(&b, s, strlen(s), columns);
	assert_string_equal(b.s, expect);
	assert_true(text_width(b.s, b.len) <= columns || text_width(s, strlen(s)) <= columns);
	buf_done(&b);
}

static void cuts_in_the_middle(void **state)
{
	(void)state;
	assert_cut("abcdefghij", 10, "abcdefghij");
	assert_cut("abcdefghijk", 10, "abcd…ghijk");
	assert_cut("abcdefghijk", 3, "a…k");
	assert_cut("abc", 1, "…");
	/* a file keeps its name, where there is room for it */
	assert_cut("/usr/lib/x86/warnings.pyc", 16, "/u…/warnings.pyc");
	assert_cut("/usr/lib/x86/warnings.pyc", 12, "/usr/…gs.pyc");
	assert_cut("/usr/lib/x86/a few words", 12, "/usr/… words");
	/* wide characters are not split, and what does not fit is left out */
	assert_cut("\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5", 6, "\xe6\x97\xa5…\xe6\x97\xa5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_readable),
		cmocka_unit_test(escapes_what_drives_a_terminal),
		cmocka_unit_test(escapes_at_every_place),
		cmocka_unit_test(escapes_what_is_not_seen), cmocka_unit_test(escapes_bad_utf8),
		cmocka_unit_test(quotes_as_c_literal),
		cmocka_unit_test(measures_columns),
		cmocka_unit_test(quotes_for_a_shell),
		cmocka_unit_test(cuts_in_the_middle),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
