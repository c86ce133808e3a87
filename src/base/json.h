/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
