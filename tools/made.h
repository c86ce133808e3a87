/* SPDX-License-Identifier: MIT */
#pragma once
/* The main function of a program that writes a file of the repository: to standard output; --check FILE compares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0 when the file has what print() writes; else 1, and its name and complaint ("is not …") are printed. */
static inline int made_check(const char *path, void (*print)(FILE *), const char *complaint)
{
	char *made, *have;
	size_t n, got;
	FILE *out = open_memstream(&made, &n), *in = fopen(path, "r");
	int same;

	if (!out) {
		perror("open_memstream");
		if (in)
			fclose(in);
		return 1;
	}
	print(out);
	fclose(out);
	have = malloc(n + 2);
	got = in && have ? fread(have, 1, n + 1, in) : 0;
	same = got == n && !memcmp(made, have, n);
	if (!same)
		fprintf(stderr, "%s %s\n", path, complaint);
	if (in)
		fclose(in);
	free(have);
	free(made);
	return !same;
}

static inline int made_main(int argc, char **argv, void (*print)(FILE *), const char *complaint)
{
	if (argc == 3 && !strcmp(argv[1], "--check"))
		return made_check(argv[2], print, complaint);
	print(stdout);
	return ferror(stdout) || fflush(stdout);
}
