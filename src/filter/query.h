/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The filter language, the same in the terminal and in the page's box (report/src/engine/query.ts):
 *
 *   type:open,read path:*.conf !path:/usr dur>1ms err:ENOENT proc:gcc "a text"
 *
 * A space is and, a comma is or, ! is not.  tests/filter/queries.txt holds what both parsers agree on.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum query_compare { QUERY_IS, QUERY_EQUAL, QUERY_MORE, QUERY_LESS, QUERY_MIN, QUERY_MAX };	/* : = > < >= <= */

enum query_field {
	/* a word without a field: part of the object, the arguments, the name of the call, of the error */
	QUERY_TEXT,
	QUERY_TYPE,
	QUERY_CAT,
	QUERY_OP,
	QUERY_ANY_OF,
	QUERY_PATH,
	QUERY_ROLE,
	QUERY_FILE,
	QUERY_ARG,
	QUERY_DUR,
	QUERY_BYTES,
	QUERY_ERR,
	QUERY_NOISE,
	QUERY_PID,
	QUERY_TID,
	QUERY_PROC,
	QUERY_TREE,
	QUERY_FD,
	QUERY_RET,
	QUERY_T,
	_QUERY_FIELDS
};

/* What the values of a field are. */
enum query_values {
	QUERY_WORDS,
	QUERY_NUMBERS,
	QUERY_TIMES /* ns; a bare number is seconds */,
	QUERY_SIZES /* bytes, in powers of 1024 */
};

struct query_field_row { const char *name; uint8_t values; const char *help; };
extern const struct query_field_row query_fields[_QUERY_FIELDS];

/* at: where it begins in the text, in bytes; number: of fields that are not QUERY_WORDS; pattern: there is a * in it */
struct query_value { char *s; size_t len, at; double number; bool pattern; };
struct query_term {
	bool negated;
	enum query_field field;
	enum query_compare compare;
	struct query_value *values;	/* at least one */
	unsigned nvalues;
	size_t at;			/* where it begins in the text, in bytes */
};

/* What is wrong with a text: where, in bytes from its start, and why. */
struct query_error { size_t at; char why[256]; };

enum { QUERY_ERRORS_MAX = 16 };

struct query {
	struct query_term *terms;
	unsigned nterms;
	struct query_error errors[QUERY_ERRORS_MAX];
	unsigned nerrors;		/* those beyond QUERY_ERRORS_MAX are counted only */
};

/*
 * Never fails: what cannot be understood is in errors, in the order of the text, and in no term.  End with
 * query_done().
 */
void query_parse(const char *text, struct query *ret);
void query_done(struct query *q);

/* Appends a term ("path", "a b") → ` path:"a b"`, quoted where it must be; a comma stays, it is or. */
void query_add(struct buf *to, const char *field, const char *values);

/* The terms as a text that parses to the same terms. */
void query_format(struct buf *to, const struct query *q);

/* NAN when it is none. */
double query_time_ns(const char *s);
double query_size(const char *s);
double query_number(const char *s);

/* Does any of the numbers of a term stand so to x?  negated is the caller's. */
bool query_compares(const struct query_term *t, double x);

/*
 * A pattern with * or ? is a glob over the whole text (* matches a slash, ? one UTF-8 character); a leading / is that
 * path, or anything below it; everything else is a part of the text, whatever the case of ASCII letters.
 */
bool query_path_matches(const char *pattern, const char *s, size_t len);
bool query_glob_matches(const char *pattern, const char *s, size_t len);
bool query_part_matches(const char *part, const char *s, size_t len);

/*
 * Where in an event's object its name begins, which path: and role: look at: behind a region's addresses and rights
 * ("7f00-7f08 rw- /lib/x"), which are no name.
 */
size_t query_name_at(const char *s, size_t n);
