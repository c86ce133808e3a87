/* SPDX-License-Identifier: MIT */
/*
 * The words that fields of the filter know, for the page's box: filter-words > report/words.txt.
 * filter-words --check FILE: is the file what this prints?
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/query.h"
#include "sink/chooser.h"
#include "made.h"

enum { WIDTH = 100, WORDS_MAX = 2048 };

struct words { const char *s[WORDS_MAX]; unsigned n; };

/* Each once, in their order, by which the nearest of equally near ones is found. */
static bool add(void *ctx, const char *word)
{
	struct words *w = ctx;

	for (unsigned i = 0; i < w->n; i++)
		if (!strcmp(w->s[i], word))
			return false;
	if (w->n == WORDS_MAX || strchr(word, ' '))
		abort();
	w->s[w->n++] = word;
	return false;
}

/* Lines of "field word word …". */
static void print_field(FILE *out, enum query_field f)
{
	struct words w = { .n = 0 };
	size_t column = WIDTH;

	chooser_each_word(f, add, &w);
	for (unsigned i = 0; i < w.n; i++) {
		size_t n = 1 + strlen(w.s[i]);

		if (column + n > WIDTH)
			column = (size_t)fprintf(out, "%s%s", i ? "\n" : "", query_fields[f].name);
		column += n;
		fprintf(out, " %s", w.s[i]);
	}
	fputc('\n', out);
}

static void print(FILE *out)
{
	static const enum query_field fields[] = { QUERY_TYPE, QUERY_CAT, QUERY_OP, QUERY_ERR, QUERY_NOISE };

	fputs("# The words that the filter knows, by field: written by build/src/filter-words\n", out);
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		print_field(out, fields[i]);
}

int main(int argc, char **argv)
{
	return made_main(argc, argv, print, "is not what the filter knows: build/src/filter-words > report/words.txt");
}
