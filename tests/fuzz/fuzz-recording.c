/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a recording's file, and as the inside of one of its blocks: what is read are whole records, or it is
 * damaged.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "base/diag.h"
#include "base/macro.h"
#include "record/columns.h"
#include "record/file.h"
#include "record/format.h"
#include "record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(int fd, const void *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		abort();
}

/*
 * What is in a block: how many words of records come out, in three bytes, the first of which is odd and the last says
 * by its upper two bits which columns it has; then these.
 */
static void any_columns(const uint8_t *data, size_t size)
{
	size_t raw = 8 * (data[0] / 4 | (size_t)data[1] << 6 | (size_t)(data[2] & 63) << 14), at = 0;
	unsigned ncolumns = data[2] & 64 ? _COLUMNS : data[2] & 128 ? _COLUMNS_3 : _COLUMNS_2;
	char *to = malloc(raw + 1);

	if (to && raw <= RECORDING_RAW_MAX &&
	    columns_unpack(data + 3, size - 3, ncolumns, to, raw) == 0) {
		while (at < raw) {
			const struct record *r = (const struct record *)(to + at);

			if (raw - at < sizeof(*r) || r->size < sizeof(*r) || r->size % 8 || r->size > raw - at)
				abort();
			at += r->size;
		}
	}
	free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);
	struct record_reader *reader;
	const struct record *r;
	struct recording_index index;
	struct record_last last;
	struct diag diag;
	char path[64];
	size_t avail;

	if (fd < 0 || size < 5)
		return fd < 0 ? 0 : close(fd), 0;
	if (data[0] % 4 == 3) {
		any_columns(data, size);
		close(fd);
		return 0;
	}
	if (data[0] & 1) {	/* a block whose checksum is right: a zstd frame, or not */
		struct recording_head head = { .version = RECORDING_VERSION };
		struct recording_block b = { .stored = (uint32_t)size - 4,
					     .nrecords = 1,
					     .crc = (uint32_t)crc32(0, data + 4, (unsigned)size - 4) };

		memcpy(head.magic, RECORDING_MAGIC, sizeof(head.magic));
		memcpy(&b.raw, data, 4);
		put(fd, &head, sizeof(head));
		put(fd, &b, sizeof(b));
		put(fd, data + 4, size - 4);
	} else {
		put(fd, data + 1, size - 1);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (record_reader_open(path, &reader, &diag) == 0) {
		if (record_reader_index(reader, &index) && index.made_ns < MAX(index.first_ns, index.goes_on_ns))
			abort();
		if (record_reader_last(reader, &last) == 0 && last.goes_on_ns > last.made_ns)
			abort();
		while (record_reader_next(reader, &r, &avail, &diag) == 1)
			if (r->size > avail || r->size < sizeof(*r) || r->size % 8 || r->size > RECORD_MAX)
				abort();
		record_reader_close(reader);
	}
	close(fd);
	return 0;
}
