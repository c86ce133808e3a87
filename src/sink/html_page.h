/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The page a report starts as: the bundle of report/ (docs/report-format.md,
 * section 1), built into the program. Read-only, NUL-terminated for strstr.
 */
#include <stddef.h>

extern const char html_page[], html_page_end[];

static inline size_t html_page_len(void) { return (size_t)(html_page_end - html_page); }
