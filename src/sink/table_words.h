/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The words of result tables (analyze/table.h), the same for every printer: safe to show, with style marks (sink/out.h)
 * where something failed.
 */
#include "analyze/table.h"

/* A value that is set.  brief: a command without the folder of its program. */
void table_cell_words(struct buf *b, enum cell_type type, const struct cell *v, bool brief);
/* Without a value it is "–": there were too few. */
bool table_is_quantile(const struct table_column *c);
/* In place of the last cell of table.others: "other files (table limit of 65,536 reached)". */
void table_others_words(struct buf *b, const struct table *t);
const char *table_block_op(unsigned op);	/* BLOCK_*: "read", "write", … */
const char *table_place(unsigned place);	/* enum mem_place: "heap", … */
