/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

struct record;

/*
 * When a record was made: at the end of what it is about.  That is the order of a stream; ts_ns is when that
 * began.  The record may be of any bytes: a body that is too short for its kind has no end of its own.
 */
uint64_t record_made_ns(const struct record *r);
