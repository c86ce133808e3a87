/* SPDX-License-Identifier: MIT */
/*
 * The parts of documents that derive from the tables of options and formats: optdoc man|bash|zsh|fish|formats.  With a
 * FILE behind it: fails when that part does not stand in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

static int check(const char *part, const char *path)
{
	char *made, have[1 << 16];
	size_t n;
	FILE *out = open_memstream(&made, &n), *in = fopen(path, "r");
	int bad;

	if (!out || options_generate(out, part) < 0)
		return 2;
	fclose(out);
	have[in ? fread(have, 1, sizeof(have) - 1, in) : 0] = '\0';
	bad = !strstr(have, made);
	if (bad)
		fprintf(stderr, "%s lacks this part, made by optdoc %s:\n%s", path, part, made);
	if (in)
		fclose(in);
	free(made);
	return bad;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return check(argv[1], argv[2]);
	if (argc != 2 || options_generate(stdout, argv[1]) < 0) {
		fputs("usage: optdoc man|bash|zsh|fish|formats [FILE]\n", stderr);
		return 2;
	}
	return ferror(stdout) || fflush(stdout);
}
