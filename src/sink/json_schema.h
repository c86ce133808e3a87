/* SPDX-License-Identifier: MIT */
#pragma once
struct buf;

/* The lines of --json as a JSON Schema (2020-12), made from the fields (row/fields.h), with a newline at the end. */
void json_schema(struct buf *b);
