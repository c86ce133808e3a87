/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

/*
 * JSON written piece by piece into a buffer that the caller may empty at any time.  Commas and colons come by
 * themselves; nesting is the caller's.  Strings may be any bytes: what is not UTF-8 becomes the lone surrogate
 * \udcNN (as Python's surrogateescape), so that a reader can get the bytes back.  The text is ASCII-safe for HTML
 * and scripts: '<' and U+2028/9 are escaped.
 */
struct json { struct buf *b; bool comma; };

void json_open(struct json *j, char bracket);			/* '{' or '[' */
void json_close(struct json *j, char bracket);			/* '}' or ']' */
void json_key(struct json *j, const char *name);		/* a plain name: not escaped */
void json_str(struct json *j, const char *s, size_t n);
void json_cstr(struct json *j, const char *s);
/*
 * Any bytes, for readers that refuse lone surrogates (DuckDB, and every reader of valid Unicode): text as it is, but a
 * backslash becomes two, and a byte that is not UTF-8, or is NUL, becomes \xNN.  In a JSON string each of these
 * backslashes is written twice.  Unescaping \\ and \xNN gives the bytes back.
 */
void json_escaped(struct json *j, const char *s, size_t n);
void json_u64(struct json *j, uint64_t v);
/* A number up to 2^63 - 1, above it a string of its digits: readers wrap or refuse larger numbers. */
void json_u64_or_str(struct json *j, uint64_t v);
void json_hex(struct json *j, uint64_t v);			/* "0x7ffd1000", a string: addresses and masks */
void json_i64(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
void json_raw(struct json *j, const char *s, size_t n);		/* a value that is JSON already */

/*
 * For rows of which there are millions: pieces that are made once, and values written without a call where they are
 * short. They keep no commas. `to` has room for JSON_CELL_MAX bytes, of which they write any; the place behind the
 * piece or value is returned.
 */
enum { JSON_MADE_MAX = 24, JSON_WORD_MAX = 16, JSON_CELL_MAX = JSON_MADE_MAX + 24 };
struct json_made { char s[JSON_MADE_MAX]; uint32_t n; };
struct json_made json_make(const char *fmt, const char *name) __attribute__((format(printf, 1, 0)));

/* A whole key is copied whatever its length: that is two moves and no call. */
static inline char *json_put_made(char *to, const struct json_made *k)
{
	memcpy(to, k->s, JSON_MADE_MAX);
	return to + k->n;
}

static inline char *json_put_u64(char *to, uint64_t v)
{
	if (v >= 10)
		return buf_digits(to, v);
	*to = (char)('0' + v);
	return to + 1;
}

/* Of ours: nothing in it is to be escaped. n: JSON_WORD_MAX at most. */
static inline char *json_put_word(char *to, const char *s, uint32_t n)
{
	*to++ = '"';
	if (n >= 8) {
		memcpy(to, s, 8);
		memcpy(to + n - 8, s + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, s, 4);
		memcpy(to + n - 4, s + n - 4, 4);
	} else if (n) {
		to[0] = s[0];
		to[n / 2] = s[n / 2];
		to[n - 1] = s[n - 1];
	}
	to[n] = '"';
	return to + n + 1;
}

void json_put_escaped(struct buf *b, const char *s, size_t n);	/* as json_escaped() */
/* Copies at least 4 bytes; false: json_escaped() has to be asked, since some are to be escaped. */
bool json_copy_plain(char *to, const char *s, size_t n);
