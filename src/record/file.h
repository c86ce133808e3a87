/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A recording: the record stream in zstd blocks (docs/recording-format.md).
 *
 *   file   = magic(8) "CPDREC\r\n", u32 version, u32 flags, block…
 *   block  = u32 stored, u32 raw, u32 nrecords, u32 crc (of the stored bytes, IEEE 802.3), stored bytes
 *
 * `raw` bytes of whole records come out of a block.  A block with stored == 0
 * ends a complete file.  A file without it was cut short: what is there is
 * replayed and the loss is reported.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct outfile;
struct record;
struct record_writer;
struct record_reader;

struct record_writer *record_writer_new(struct outfile *file);	/* borrowed; it remembers a failed write */
void record_writer_add(struct record_writer *w, const struct record *r);
int record_writer_finish(struct record_writer *w);		/* the end mark; file->err */
void record_writer_free(struct record_writer *w);		/* may be NULL */

int record_reader_open(const char *path, struct record_reader **ret_reader, struct diag *diag);
/* 1: *ret_record (and *ret_avail bytes are readable there); 0: end; -errno with diag: damaged from here on. */
int record_reader_next(struct record_reader *r, const struct record **ret_record, size_t *ret_avail, struct diag *diag);
void record_reader_close(struct record_reader *r);
