/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A recording: the record stream in zstd blocks (docs/recording-format.md).
 *
 *   file   = magic(8) "CPDREC\r\n", u32 version, u32 flags, block…
 *   block  = u32 stored, u32 raw, u32 nrecords, u32 crc (of the stored bytes, IEEE 802.3), stored bytes
 *
 * `raw` bytes of whole records come out of a block, which has them field by field (record/columns.h), or as they are.
 * A block with stored == 0 ends a complete file; the index is before it.  A file without it was cut short: what is
 * there is replayed and the loss is reported.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct outfile;
struct record;
struct recording_index;
struct record_writer;
struct record_reader;

struct record_writer *record_writer_new(struct outfile *file);	/* borrowed; it remembers a failed write */
void record_writer_add(struct record_writer *w, const struct record *r);
/*
 * Without a copy: r, which is aligned as a record is, stays as it is until the next record_writer_settle() or
 * record_writer_flush().  Best one behind the other.
 */
void record_writer_lend(struct record_writer *w, const struct record *r);
void record_writer_settle(struct record_writer *w);
/* What waits for its block to fill goes to the file: for one who reads along, and to outlive a killed tracer. */
void record_writer_flush(struct record_writer *w);
/* One that goes on in a file that has its head, and whole blocks behind it; it will have no index. */
struct record_writer *record_writer_continue(struct outfile *file);
/*
 * w, which has no records yet, goes on with the memory of `from` (some MB), whose records go to its file first.  Both
 * remain writers; one that nothing is added to any more takes next to no memory then.
 */
void record_writer_take(struct record_writer *w, struct record_writer *from);
/* Written so far, in whole blocks: what waits for its block is not, nor what failed. */
uint64_t record_writer_bytes(const struct record_writer *w);
uint64_t record_writer_records(const struct record_writer *w);	/* added so far */
uint64_t record_writer_lost(const struct record_writer *w);	/* of those: what could not be written */
bool record_writer_holds(const struct record_writer *w);	/* a block was written: what is there can be read */
int record_writer_finish(struct record_writer *w);		/* the end mark; file->err */
void record_writer_free(struct record_writer *w);		/* may be NULL */

/*
 * path "-": the standard input.  A recording that is no regular file (a pipe, a FIFO) may still be written.  -errno
 * with diag, one line for each thing that may be wrong.
 */
int record_reader_open(const char *path, struct record_reader **ret_reader, struct diag *diag);
/*
 * 1: *ret_record (and *ret_avail bytes are readable there); 0: end; -EAGAIN: it is still being written, and nothing
 * came for a while or a signal arrived: ask again; any other -errno with diag: cut off or damaged from here on.
 */
int record_reader_next(struct record_reader *r, const struct record **ret_record, size_t *ret_avail, struct diag *diag);
/*
 * When the last thing in it happened; goes_on_ns: when it ends with END_GOES_ON, 0: otherwise.  -errno where that is
 * not known, as of a stream.
 */
struct record_last { uint64_t made_ns, goes_on_ns; };
int record_reader_last(const struct record_reader *r, struct record_last *ret);
bool record_reader_index(const struct record_reader *r, struct recording_index *ret);	/* false: it has none */
bool record_reader_follows(const struct record_reader *r);	/* it may still be written: -EAGAIN may come */
void record_reader_close(struct record_reader *r);		/* may be NULL */
