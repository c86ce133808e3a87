/* SPDX-License-Identifier: MIT */
#pragma once
/* Rows of totals->waits: one for each thing that a process waits for, or that all do. */
#include "analyze/spent.h"

struct subject;
struct wait_rows;

struct wait_rows *wait_rows_new(void);
void wait_rows_free(struct wait_rows *s);
/* The row of what that event's process waits for; made where there is none, NULL: the table is full. */
struct totals_wait *wait_row(struct wait_rows *s, struct totals *t, const struct event *ev, const struct subject *sub);
/* NULL: there is none. */
struct totals_wait *wait_row_known(const struct wait_rows *s, const struct event *ev, const struct subject *sub);
/* How long was waited for that pipe, an open file description, by all together. */
uint64_t wait_rows_pipe_ns(const struct wait_rows *s, uint32_t file);
