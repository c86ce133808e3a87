/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/outfile.h"
#include "record/file.h"
#include "record/format.h"
#include "record/record.h"

struct record_writer {
	struct outfile file;
	int err;
	struct buf raw, packed;
	uint32_t nrecords;
	ZSTD_CCtx *zstd;
};

static void put(struct record_writer *w, const void *p, size_t n)
{
	const char *s = p;

	while (n && !w->err) {
		ssize_t k = write(w->file.fd, s, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			w->err = errno;
			return;
		}
		s += k;
		n -= (size_t)k;
	}
}

static void flush(struct record_writer *w)
{
	size_t bound = ZSTD_compressBound(w->raw.len), n;
	struct recording_block b;

	if (!w->raw.len)
		return;
	if (w->err) {		/* nothing of it would be written */
		w->raw.len = 0;
		return;
	}
	w->packed.len = 0;
	buf_grow(&w->packed, bound);
	n = ZSTD_compressCCtx(w->zstd, w->packed.s, bound, w->raw.s, w->raw.len, 1);
	if (ZSTD_isError(n)) {
		w->err = EIO;
		return;
	}
	b = (struct recording_block){ (uint32_t)n, (uint32_t)w->raw.len, w->nrecords,
				      (uint32_t)crc32(0, (const void *)w->packed.s, (unsigned)n) };
	put(w, &b, sizeof(b));
	put(w, w->packed.s, n);
	w->raw.len = 0;
	w->nrecords = 0;
}

int record_writer_open(const char *path, struct record_writer **ret_writer, struct diag *diag)
{
	struct recording_head head = { .version = RECORD_VERSION };
	struct outfile file;
	struct record_writer *w;
	int rc = outfile_open(path, "the recording", "choose another --record FILE", &file, diag);

	if (rc < 0)
		return rc;
	rc = outfile_begin(&file);
	if (rc < 0) {
		outfile_close(&file);
		return diag_set(diag, 125, -rc, "cannot empty the recording %s: %s; choose another --record FILE", path, strerror(-rc));
	}
	w = xcalloc(1, sizeof(*w));
	w->file = file;
	w->zstd = ZSTD_createCCtx();
	memcpy(head.magic, RECORDING_MAGIC, sizeof(head.magic));
	put(w, &head, sizeof(head));
	*ret_writer = w;
	return 0;
}

void record_writer_add(struct record_writer *w, const struct record *r)
{
	if (w->raw.len + r->size > RECORDING_BLOCK)
		flush(w);
	buf_add(&w->raw, r, r->size);
	w->nrecords++;
}

int record_writer_close(struct record_writer *w, struct diag *diag)
{
	const struct recording_block end = { 0 };
	int restored, rc;

	if (!w)
		return 0;
	flush(w);
	put(w, &end, sizeof(end));
	restored = outfile_restore(&w->file);
	if (restored > 0)
		diag_set(diag, 0, 0, "the recording %s was removed while the trace ran; it was written anew", w->file.path);
	if (restored < 0)
		diag_set(diag, 125, -restored, "the recording %s was removed while the trace ran, and what was recorded is lost", w->file.path);
	if (w->err)
		diag_set(diag, 125, w->err, "the recording %s is incomplete: %s; what was written before can still be read", w->file.path, strerror(w->err));
	rc = w->err ? -w->err : restored < 0 ? restored : 0;
	if (!rc && (rc = outfile_close(&w->file)) < 0)
		diag_set(diag, 125, -rc, "the recording is incomplete: %s; what was written before can still be read", strerror(-rc));
	outfile_close(&w->file);
	ZSTD_freeCCtx(w->zstd);
	buf_done(&w->raw);
	buf_done(&w->packed);
	free(w);
	return rc;
}
