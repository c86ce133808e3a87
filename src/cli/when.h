/* SPDX-License-Identifier: MIT */
#pragma once
/* A moment of a recording, as it is written behind --from and --to. */
#include <stdint.h>

struct diag;

enum when_kind { WHEN_NOT, WHEN_SINCE_START, WHEN_BEFORE_END, WHEN_PERCENT, WHEN_OF_DAY, WHEN_EPOCH };

/* ns: of a duration, since midnight or since 1970; of WHEN_PERCENT it is the percent. */
struct when { enum when_kind kind; double percent; uint64_t ns; const char *text; };

/*
 * 90s, 1.5, +1.5, 2m (since the start), -10s (before the end), 50%, 13:30[:00[.25]] (the reader's local time),
 * 2026-11-29T13:30[:00[.25]][Z|+01:00], @1764423000[.25].  text is borrowed.  -EINVAL: none of these.
 */
int when_parse(const char *text, struct when *ret);

/* start_ns, end_ns: of the clock of records, end_ns 0 where it is not known; wall_ns: the wall's clock at start_ns. */
struct when_span { uint64_t start_ns, end_ns, wall_ns; };

/*
 * Into the clock of records; what lies before the start is the start.  -errno with diag, which names the option: the
 * recording does not have what the moment is relative to.
 */
int when_resolve(const struct when *w, const char *option, const struct when_span *span, uint64_t *ret_ns,
		 struct diag *diag);
