/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Makes records: head and body first, then chunks.  The record stands in buf
 * and is complete after record_finish().
 */
#include "base/buf.h"
#include "record/record.h"

/* Starts a record of body_size bytes (its struct, zeroed but for the head); returns it. Valid until the next chunk. */
void *record_begin(struct buf *b, enum record_kind kind, size_t body_size, uint32_t pid, uint32_t tid, uint64_t ts_ns);
/* Appends a chunk (padded) wherever b ends; also used to collect chunks before their record exists. */
void record_chunk(struct buf *b, unsigned arg, enum chunk_part part, unsigned flags, const void *bytes, size_t len);
/*
 * A string of a vector, kept up to RECORD_STR_MAX bytes, with PART_WHOLE behind it when it is longer.  Returns how many
 * chunks that made.
 */
unsigned record_vector_string(struct buf *b, unsigned arg, enum chunk_part part, const char *s, size_t len);
/* PART_WHOLE or PART_COUNT. */
void record_number(struct buf *b, unsigned arg, enum chunk_part part, uint64_t n);
/* Sets the size; returns the record. */
struct record *record_finish(struct buf *b);
