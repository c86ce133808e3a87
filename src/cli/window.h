/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * --from and --to: of what is read, the part between two times.  Records before it are followed by a model of their
 * own; where the part begins, START and how things stood then take their place, as in a recording that is cut out of a
 * longer trace.  So what comes out is a stream like any other.
 */
#include <stdint.h>

#include "capture/source.h"

struct diag;
struct options;
struct window;

/*
 * show: gets the records of the part.  *ret_window NULL: neither was asked for.  -errno with diag: there is no such
 * part, or not in this recording.
 */
int window_open(const struct options *opt, struct source *source, source_emit_fn *show, void *ctx,
		struct window **ret_window, struct diag *diag);
/* One record that the source emits just now; 0 or what decode_record() says of one that only the model takes. */
int window_record(struct window *w, const struct record *r);
/* After the end of the stream: why nothing was shown, or NULL. */
const struct diag *window_missed(struct window *w);
void window_free(struct window *w);		/* may be NULL */
