/* SPDX-License-Identifier: MIT */
#pragma once
/* Why a process failed (analyze/endings.h), in lines that are safe to show, the same wherever it is shown. */
struct buf;
struct totals_ending;

void ending_last_lines(struct buf *b, const struct totals_ending *e);	/* on the standard error */
/* "x.h was not found in 3 places: /a/x.h, /b/x.h, …" */
void ending_missed(struct buf *b, const struct totals_ending *e);
typedef void ending_words_fn(struct buf *b, const struct totals_ending *e);
void ending_fatal(struct buf *b, const struct totals_ending *e);	/* "SIGKILL was sent by 77 (sh) after 1.2s" */
void ending_chain(struct buf *b, const struct totals_ending *e);	/* "so failed gcc (12), make (11)" */
