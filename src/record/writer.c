/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
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

/* Columns that are shorter share what zstd knows of their bytes: tables of its own cost one more than they save. */
enum { LEVEL = 1, APART = 2048 };

struct record_writer {
	struct outfile *file;
	struct columns *columns;	/* of the block that is being filled; NULL: no record came yet */
	struct buf packed;
	uint32_t nrecords;
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
	w->lost += w->nrecords;
	columns_reset(w->columns);
	w->nrecords = 0;
}

/* The lengths, then the columns, each compressed by what is common in it. */
static int pack(struct record_writer *w)
{
	uint32_t lengths[_COLUMNS];
	size_t all = sizeof(lengths), left = 0, apart = sizeof(lengths);
	ZSTD_inBuffer in = { lengths, sizeof(lengths), 0 };
	ZSTD_outBuffer out;

	for (unsigned i = 0; i < _COLUMNS; i++)
		all += lengths[i] = (uint32_t)columns_of(w->columns, i)->len;
	w->packed.len = 0;
	buf_grow(&w->packed, ZSTD_compressBound(all) + _COLUMNS * sizeof(lengths));
	out = (ZSTD_outBuffer){ w->packed.s, w->packed.cap, 0 };
	ZSTD_CCtx_reset(w->zstd, ZSTD_reset_session_only);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setPledgedSrcSize(w->zstd, all);
	left = ZSTD_compressStream2(w->zstd, &out, &in, ZSTD_e_continue);
	for (unsigned i = 0; i < _COLUMNS && !ZSTD_isError(left); i++) {
		const struct buf *b = columns_of(w->columns, i);
		bool last = i == _COLUMNS - 1, end = last || apart + b->len >= APART;

		apart = end ? 0 : apart + b->len;
		in = (ZSTD_inBuffer){ b->s, b->len, 0 };
		left = ZSTD_compressStream2(w->zstd, &out, &in,
					    last ? ZSTD_e_end : end ? ZSTD_e_flush : ZSTD_e_continue);
		if (end && left)
			return -EIO;	/* no room, of which there is enough */
	}
	w->packed.len = out.pos;
	return ZSTD_isError(left) ? -EIO : 0;
}

/* 0; -errno: nothing of it was written. */
static int put_block(struct record_writer *w, const void *p, size_t n, uint32_t raw)
{
	struct recording_block b = { (uint32_t)n, raw, w->nrecords, (uint32_t)crc32(0, p, (unsigned)n) };
	int rc = outfile_write(w->file, &b, sizeof(b));

	if (rc == 0)
		rc = outfile_write(w->file, p, n);
	if (rc == 0)
		w->nbytes += sizeof(b) + n;
	return rc;
}

void record_writer_flush(struct record_writer *w)
{
	if (!w->nrecords)
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
	if (put_block(w, w->packed.s, w->packed.len, (uint32_t)columns_raw(w->columns) | RECORDING_IS_COLUMNS) < 0) {
		drop(w);
		return;
	}
	columns_reset(w->columns);
	w->nrecords = 0;
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
	w->packed = from->packed;
	w->zstd = from->zstd;
	from->columns = held.columns;
	from->packed = held.packed;
	from->zstd = held.zstd;
}

uint64_t record_writer_bytes(const struct record_writer *w) { return w->nbytes; }
uint64_t record_writer_records(const struct record_writer *w) { return w->added; }
uint64_t record_writer_lost(const struct record_writer *w) { return w->lost; }
bool record_writer_holds(const struct record_writer *w) { return w->nbytes > sizeof(struct recording_head); }

void record_writer_add(struct record_writer *w, const struct record *r)
{
	put_head(w);
	if (!w->columns)
		w->columns = columns_new();
	if (columns_raw(w->columns) + r->size > RECORDING_BLOCK || columns_full(w->columns))
		record_writer_flush(w);
	columns_add(w->columns, r);
	index_count(&w->index, r);
	w->nrecords++;
	w->added++;
}

/* The index, and the end mark that leads to it. */
int record_writer_finish(struct record_writer *w)
{
	struct recording_block end = { 0 };

	put_head(w);
	record_writer_flush(w);
	if (!w->continues && !w->lost && put_block(w, &w->index, sizeof(w->index), RECORDING_IS_INDEX) == 0)
		end.raw = sizeof(end) + sizeof(w->index);
	return outfile_write(w->file, &end, sizeof(end));
}

void record_writer_free(struct record_writer *w)
{
	if (!w)
		return;
	ZSTD_freeCCtx(w->zstd);
	columns_free(w->columns);
	buf_done(&w->packed);
	free(w);
}
