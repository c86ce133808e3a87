/* SPDX-License-Identifier: MIT */
#pragma once
/* Lines that wait for their like: equal ones of one task, close to each other, become one that says how many. */
#include <stdbool.h>
#include <stdint.h>

struct event;
struct joined;
struct out;
struct sink_options;
struct task;

struct joined *joined_new(struct out *out, const struct sink_options *opt);	/* both borrowed */
void joined_free(struct joined *j);
/* Not those that come once, nor those that have an address no other has: they need not wait. */
bool joined_may(const struct event *ev);
void joined_take(struct joined *j, const struct event *ev);	/* of which joined_may(): its line, or one more of it */
/* Writes what no event that ends at now_ns or later can join; UINT64_MAX: all. */
void joined_flush_due(struct joined *j, uint64_t now_ns);
void joined_flush_task(struct joined *j, const struct task *task);	/* NULL is fine */
void joined_end_task(struct joined *j, const struct task *task);	/* likewise, and nothing more comes of it */
