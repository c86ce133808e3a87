/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "record/file.h"
#include "record/format.h"
#include "record/record.h"

struct record_reader {
	FILE *f;
	char *path;
	char *raw, *packed;
	size_t len, pos;	/* of raw */
	uint64_t nrecords;	/* handed out */
	bool ended;
};

/* char[8] is not NUL-terminated on disk */
_Static_assert(sizeof(RECORDING_MAGIC) == 9, "magic is eight bytes");

int record_reader_open(const char *path, struct record_reader **ret_reader, struct diag *diag)
{
	struct recording_head head;
	FILE *f = fopen(path, "re");
	struct record_reader *r;

	if (!f)
		return diag_set(diag, 125, errno, "cannot read the recording %s: %s", path, strerror(errno));
	errno = 0;
	if (fread(&head, sizeof(head), 1, f) != 1 || memcmp(head.magic, RECORDING_MAGIC, sizeof(head.magic)) != 0) {
		int err = errno;

		fclose(f);
		if (err == EISDIR)
			return diag_set(diag, 125, EISDIR,
					"%s is a directory; --read takes a recording made with --record", path);
		return diag_set(diag, 125, EBADMSG,
				"%s is not a recording; make one with: compendium --record FILE -- COMMAND", path);
	}
	if (head.version > RECORD_VERSION) {
		fclose(f);
		return diag_set(diag, 125, EPROTO,
				"%s is a recording of version %u and this compendium reads up to %u; read it with a "
				"newer compendium",
				path, head.version, RECORD_VERSION);
	}
	r = xcalloc(1, sizeof(*r));
	r->f = f;
	r->path = xmemdup0(path, strlen(path));
	r->raw = xmalloc(RECORDING_RAW_MAX);
	r->packed = xmalloc(ZSTD_compressBound(RECORDING_RAW_MAX));
	*ret_reader = r;
	return 0;
}

static int cut_short(struct record_reader *r, struct diag *diag, const char *what)
{
	r->ended = true;
	if (!r->nrecords)
		return diag_set(diag, 125, EBADMSG, "the recording %s is %s at its start; it contains nothing to show",
				r->path, what);
	return diag_set(diag, 125, EBADMSG,
			"the recording %s is %s after %llu records; the records before that are shown", r->path, what,
			(unsigned long long)r->nrecords);
}

static int next_block(struct record_reader *r, struct diag *diag)
{
	struct recording_block b;

	if (r->ended)
		return 0;
	if (fread(&b, sizeof(b), 1, r->f) != 1)
		return cut_short(r, diag, "cut off");
	if (!b.stored) {
		r->ended = true;
		return 0;
	}
	if (b.raw > RECORDING_RAW_MAX || b.stored > ZSTD_compressBound(RECORDING_RAW_MAX))
		return cut_short(r, diag, "damaged");
	if (fread(r->packed, b.stored, 1, r->f) != 1)
		return cut_short(r, diag, "cut off");
	if (crc32(0, (const void *)r->packed, b.stored) != b.crc ||
	    ZSTD_decompress(r->raw, RECORDING_RAW_MAX, r->packed, b.stored) != b.raw)
		return cut_short(r, diag, "damaged");
	r->len = b.raw;
	r->pos = 0;
	return 1;
}

int record_reader_next(struct record_reader *r, const struct record **ret_record, size_t *ret_avail, struct diag *diag)
{
	while (r->pos == r->len) {
		int rc = next_block(r, diag);

		if (rc <= 0)
			return rc;
	}
	const struct record *rec = (const struct record *)(r->raw + r->pos);
	size_t left = r->len - r->pos;

	if (left < sizeof(*rec) || rec->size < sizeof(*rec) || rec->size % 8 || rec->size > left ||
	    rec->size > RECORD_MAX) {
		r->pos = r->len;
		return cut_short(r, diag, "damaged");
	}
	r->pos += rec->size;
	r->nrecords++;
	*ret_record = rec;
	*ret_avail = rec->size;
	return 1;
}

void record_reader_close(struct record_reader *r)
{
	if (!r)
		return;
	fclose(r->f);
	free(r->path);
	free(r->raw);
	free(r->packed);
	free(r);
}
