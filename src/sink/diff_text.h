/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

struct buf;
struct json;
struct totals;

/*
 * What two runs differ in, as text that is safe to show, without colours.  names: of the recordings; noise: also in
 * what the noise filter hides.  false: in nothing.
 */
typedef bool diff_print(struct buf *b, const struct totals *const runs[2], const char *const names[2], bool noise);
diff_print diff_text;
diff_print diff_json;		/* the same as one object of JSON, and a line's end */
diff_print diff_ndjson;		/* a line for each run, then for each difference */
/* The object alone; and without the tables. */
void diff_json_rows(struct json *j, const struct totals *const runs[2], const char *const names[2], bool noise);
bool diff_json_object(struct json *j, const struct totals *const runs[2], const char *const names[2], bool noise);
