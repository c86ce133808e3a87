/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

#include "base/buf.h"

/* Quantities as people read them.  Decimal point, never locale. */
void human_bytes(struct buf *b, uint64_t nbytes);	/* "517 B", "1.4 KB", "8.5 MB": powers of 1024 */
void human_ns(struct buf *b, uint64_t ns);		/* "850ns", "12.3µs", "143µs", "1.24ms", "3.20s", "2m05s" */
void human_seconds(struct buf *b, uint64_t ns);	/* "2.0s", "2m05s", "1h02m": where tenths are enough */
void human_count(struct buf *b, uint64_t n);		/* "12,345" */
void human_counted(struct buf *b, uint64_t n, const char *one, const char *many);	/* "1 event", "12,345 events" */
