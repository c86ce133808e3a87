/* SPDX-License-Identifier: MIT */
/* A recording as the plain record stream, a seed for targets that enter after the reader: raw RECORDING > FILE */
#include <stdio.h>

#include "base/diag.h"
#include "record/file.h"
#include "record/record.h"

int main(int argc, char **argv)
{
	struct record_reader *reader;
	const struct record *r;
	struct diag diag;
	size_t avail;

	if (argc != 2 || record_reader_open(argv[1], &reader, &diag) < 0)
		return 1;
	while (record_reader_next(reader, &r, &avail, &diag) == 1)
		fwrite(r, 1, r->size, stdout);
	record_reader_close(reader);
	return fflush(stdout) != 0;
}
