/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A result table as JSON, with every column of it:
 * {"rows_total":12,"rows":[{"count":3,"total_ns":…},…]}.  Numbers are whole (durations in nanoseconds),
 * what has no value is null, paths are escaped reversibly (json_escaped()); "others" is there when not all had a row of
 * their own.
 */
struct json;
struct table;

void table_json(struct json *j, const struct table *t);
