/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/outfile.h"
#include "record/file.h"
#include "record/format.h"
#include "record/record.h"

struct record_writer {
	struct outfile *file;
	struct buf raw, packed;
	uint32_t nrecords;
	uint64_t nbytes, added, lost;
	bool headed;
	ZSTD_CCtx *zstd;
};

/* With the first record, not before: when nothing is traced, an older recording survives. */
static void put_head(struct record_writer *w)
{
	struct recording_head head = { .version = RECORD_VERSION };

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
	w->raw.len = 0;
	w->nrecords = 0;
}

void record_writer_flush(struct record_writer *w)
{
	size_t bound = ZSTD_compressBound(w->raw.len), n;
	struct recording_block b;

	if (!w->raw.len)
		return;
	if (w->file->err) {		/* nothing of it would be written */
		w->file->lost += w->raw.len;
		drop(w);
		return;
	}
	w->packed.len = 0;
	buf_grow(&w->packed, bound);
	n = ZSTD_compressCCtx(w->zstd, w->packed.s, bound, w->raw.s, w->raw.len, 1);
	if (ZSTD_isError(n)) {
		w->file->err = -EIO;
		drop(w);
		return;
	}
	b = (struct recording_block){ (uint32_t)n, (uint32_t)w->raw.len, w->nrecords,
				      (uint32_t)crc32(0, (const void *)w->packed.s, (unsigned)n) };
	outfile_write(w->file, &b, sizeof(b));
	if (outfile_write(w->file, w->packed.s, n) < 0) {
		drop(w);
		return;
	}
	w->nbytes += sizeof(b) + n;
	w->raw.len = 0;
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

	w->headed = true;
	return w;
}

void record_writer_take(struct record_writer *w, struct record_writer *from)
{
	struct record_writer held = *w;

	record_writer_flush(from);
	w->raw = from->raw;
	w->packed = from->packed;
	w->zstd = from->zstd;
	from->raw = held.raw;
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
	if (w->raw.len + r->size > RECORDING_BLOCK)
		record_writer_flush(w);
	buf_add(&w->raw, r, r->size);
	w->nrecords++;
	w->added++;
}

int record_writer_finish(struct record_writer *w)
{
	const struct recording_block end = { 0 };

	put_head(w);
	record_writer_flush(w);
	return outfile_write(w->file, &end, sizeof(end));
}

void record_writer_free(struct record_writer *w)
{
	if (!w)
		return;
	ZSTD_freeCCtx(w->zstd);
	buf_done(&w->raw);
	buf_done(&w->packed);
	free(w);
}
