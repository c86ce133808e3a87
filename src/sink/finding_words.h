/* SPDX-License-Identifier: MIT */
#pragma once
struct buf;
struct finding;

/* A finding (analyze/findings.h) as a sentence without its end, safe to show. */
void finding_words(struct buf *b, const struct finding *f);
