/* SPDX-License-Identifier: MIT */
#pragma once
/* Reads a recording to its end; of one that is still written, what comes as it comes, until the user ends it. */
#include <stdint.h>

#include "capture/source.h"

/* tick: of a recording that is still written, as struct merge_ops has it, by the recording's clock. */
void reading_run(struct source *source, source_emit_fn *emit, void (*tick)(void *ctx, uint64_t now_ns), void *ctx);
