/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/outfile.h"
#include "record/columns.h"
#include "record/file.h"
#include "record/format.h"
#include "record/index.h"
#include "record/record.h"

/*
 * APART: columns that are shorter share a frame: one costs 10,000 to 20,000 instructions, whatever is in it.  LEVEL: -1
 * would save one of 11 bytes a call (W7), and take a fifth more time.  NOISE: looking for what is not there cost most;
 * such a column is a frame of its own from NOISE_APART on.
 * BATCH: records are taken down, or remembered where they are, and put in columns many at a time.  One by one, between
 * all that is done with each of them meanwhile, that takes longer: code and state are not in the CPU's caches then.
 */
enum { LEVEL = -5, APART = 8192, NOISE_APART = 2048, BATCH = 32 << 10 };
static bool is_noise(unsigned column) { return column == COLUMN_GAP_LOW || column == COLUMN_TOOK_LOW; }

struct record_writer {
	struct outfile *file;
	struct columns *columns;	/* of the block that is being filled; NULL: no record came yet */
	char *batch;			/* records that will be in columns */
	size_t nbatch;
	const char *lent;		/* likewise, where they were made; only one of both has any */
	size_t nlent;
	struct buf packed, small;	/* frames; short columns, which are in one */
	uint64_t nbytes, added, lost;
	bool headed, continues;
	struct recording_index index;
	ZSTD_CCtx *zstd;
};

/* With the first record, not before: when nothing is traced, an older recording survives. */
static void put_head(struct record_writer *w)
{
	struct recording_head head = { .version = RECORDING_VERSION };

	if (w->headed)
		return;
	w->headed = true;
	memcpy(head.magic, RECORDING_MAGIC, sizeof(head.magic));
	if (outfile_write(w->file, &head, sizeof(head)) == 0)
		w->nbytes += sizeof(head);
}

static void drop(struct record_writer *w)
{
	w->lost += columns_count(w->columns);
	columns_reset(w->columns);
}

/* One frame more. */
static bool pack_frame(struct record_writer *w, const void *p, size_t n, int level)
{
	size_t rc;

	buf_grow(&w->packed, ZSTD_compressBound(n));
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, level);
	rc = ZSTD_compress2(w->zstd, w->packed.s + w->packed.len, w->packed.cap - w->packed.len, p, n);
	if (ZSTD_isError(rc))
		return false;
	w->packed.len += rc;
	return true;
}

static bool pack_small(struct record_writer *w)
{
	bool good = !w->small.len || pack_frame(w, w->small.s, w->small.len, LEVEL);

	w->small.len = 0;
	return good;
}

/* The lengths, then the columns, each compressed by what is common in it. */
static int pack(struct record_writer *w)
{
	uint32_t lengths[_COLUMNS];
	bool good = true;

	for (unsigned i = 0; i < _COLUMNS; i++)
		lengths[i] = (uint32_t)columns_of(w->columns, i)->len;
	w->packed.len = w->small.len = 0;
	buf_add(&w->small, lengths, sizeof(lengths));
	for (unsigned i = 0; i < _COLUMNS && good; i++) {
		const struct buf *b = columns_of(w->columns, i);

		if (b->len < (is_noise(i) ? NOISE_APART : APART)) {
			buf_add(&w->small, b->s, b->len);
		} else {	/* at the lowest level bytes are but copied */
			good = pack_small(w) && pack_frame(w, b->s, b->len, is_noise(i) ? ZSTD_minCLevel() : LEVEL);
		}
	}
	return good && pack_small(w) ? 0 : -EIO;
}

/* 0; -errno: nothing of it was written. */
static int put_block(struct record_writer *w, const void *p, size_t n, uint32_t raw, uint32_t nrecords)
{
	struct recording_block b = { (uint32_t)n, raw, nrecords, (uint32_t)crc32(0, p, (unsigned)n) };
	int rc = outfile_write(w->file, &b, sizeof(b));

	if (rc == 0)
		rc = outfile_write(w->file, p, n);
	if (rc == 0)
		w->nbytes += sizeof(b) + n;
	return rc;
}

static void flush_block(struct record_writer *w)
{
	if (!w->columns || !columns_count(w->columns))
		return;
	if (w->file->err) {		/* nothing of it would be written */
		w->file->lost += columns_raw(w->columns);
		drop(w);
		return;
	}
	if (pack(w) < 0) {
		w->file->err = -EIO;
		drop(w);
		return;
	}
	if (put_block(w, w->packed.s, w->packed.len,
		      (uint32_t)columns_raw(w->columns) | RECORDING_COLUMNS, columns_count(w->columns)) < 0) {
		drop(w);
		return;
	}
	columns_reset(w->columns);
}

/* Whole records, n bytes. */
static void put_records(struct record_writer *w, const void *records, size_t n)
{
	const char *p = records;

	while (n) {
		size_t taken = columns_add(w->columns, p, n);

		p += taken;
		n -= taken;
		if (n)
			flush_block(w);
	}
}

void record_writer_settle(struct record_writer *w)
{
	put_records(w, w->lent, w->nlent);
	w->nlent = 0;
}

static void put_batch(struct record_writer *w)
{
	put_records(w, w->batch, w->nbatch);
	w->nbatch = 0;
}

void record_writer_flush(struct record_writer *w)
{
	put_batch(w);
	record_writer_settle(w);
	flush_block(w);
}

struct record_writer *record_writer_new(struct outfile *file)
{
	struct record_writer *w = xcalloc(1, sizeof(*w));

	w->file = file;
	w->zstd = ZSTD_createCCtx();
	return w;
}

struct record_writer *record_writer_continue(struct outfile *file)
{
	struct record_writer *w = record_writer_new(file);

	w->headed = w->continues = true;
	return w;
}

void record_writer_take(struct record_writer *w, struct record_writer *from)
{
	struct record_writer held = *w;

	record_writer_flush(from);
	w->columns = from->columns;
	w->batch = from->batch;
	w->packed = from->packed;
	w->small = from->small;
	w->zstd = from->zstd;
	from->columns = held.columns;
	from->batch = held.batch;
	from->packed = held.packed;
	from->small = held.small;
	from->zstd = held.zstd;
}

uint64_t record_writer_bytes(const struct record_writer *w) { return w->nbytes; }
uint64_t record_writer_records(const struct record_writer *w) { return w->added; }
uint64_t record_writer_lost(const struct record_writer *w) { return w->lost; }
bool record_writer_holds(const struct record_writer *w) { return w->nbytes > sizeof(struct recording_head); }

static void begin(struct record_writer *w)
{
	put_head(w);
	if (!w->columns)
		w->columns = columns_new();
	if (!w->batch)
		w->batch = xmalloc(BATCH);
}

void record_writer_add(struct record_writer *w, const struct record *r)
{
	if (!w->batch || !w->headed)
		begin(w);
	w->added++;
	index_count(&w->index, r);
	if (w->nlent)
		record_writer_settle(w);
	if (r->size > BATCH - w->nbatch)
		put_batch(w);
	if (r->size > BATCH / 4) {		/* not worth a copy */
		put_batch(w);
		put_records(w, r, r->size);
		return;
	}
	memcpy(w->batch + w->nbatch, r, r->size);
	w->nbatch += r->size;
}

void record_writer_lend(struct record_writer *w, const struct record *r)
{
	if (!w->columns || !w->headed)
		begin(w);
	w->added++;
	index_count(&w->index, r);
	if (!w->nlent || (const char *)r != w->lent + w->nlent || w->nlent >= BATCH) {
		put_batch(w);
		record_writer_settle(w);
		w->lent = (const char *)r;
	}
	w->nlent += r->size;
}

/* The index, and the end mark that leads to it. */
int record_writer_finish(struct record_writer *w)
{
	struct recording_block end = { 0 };

	put_head(w);
	record_writer_flush(w);
	if (!w->continues && !w->lost && put_block(w, &w->index, sizeof(w->index), RECORDING_IS_INDEX, 0) == 0)
		end.raw = sizeof(end) + sizeof(w->index);
	return outfile_write(w->file, &end, sizeof(end));
}

void record_writer_free(struct record_writer *w)
{
	if (!w)
		return;
	ZSTD_freeCCtx(w->zstd);
	columns_free(w->columns);
	free(w->batch);
	buf_done(&w->packed);
	buf_done(&w->small);
	free(w);
}
