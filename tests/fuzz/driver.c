/* SPDX-License-Identifier: MIT */
/*
 * driver FOLDER...: every input that is kept in a FOLDER goes through the fuzz target once, without libFuzzer and under
 * any compiler.  Prints TAP; a target that finds a fault aborts, and the last line names the input.  A FOLDER without
 * one is a failure.
 */
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *contents(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rbe");
	uint8_t *data = NULL;
	long len;

	if (f && !fseek(f, 0, SEEK_END) && (len = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET)) {
		*size = (size_t)len;
		data = malloc(*size + 1);
		if (data && fread(data, 1, *size, f) != *size) {
			free(data);
			data = NULL;
		}
	}
	if (f)
		fclose(f);
	return data;
}

/* The input is copied to memory of its exact size, so that a sanitizer sees a read of one byte too many. */
static bool run(const char *path)
{
	size_t size = 0;
	uint8_t *data = contents(path, &size), *exact;

	if (!data)
		return false;
	exact = malloc(size);
	if (size && exact)
		memcpy(exact, data, size);
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return true;
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* One folder's inputs; *nth counts over all of them.  False: one could not be read, or there is none. */
static bool run_all(const char *folder, unsigned *nth)
{
	struct dirent **found;
	int n = scandir(folder, &found, visible, alphasort);
	bool ok = n > 0;

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		bool read;

		printf("# %s/%s\n", folder, found[i]->d_name);
		fflush(stdout);
		snprintf(path, sizeof(path), "%s/%s", folder, found[i]->d_name);
		read = run(path);
		ok &= read;
		printf("%sok %u - %s\n", read ? "" : "not ", ++*nth, found[i]->d_name);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
	return ok;
}

int main(int argc, char **argv)
{
	unsigned nth = 0;
	bool ok = argc > 1;

	for (int i = 1; i < argc; i++)
		ok &= run_all(argv[i], &nth);
	printf("1..%u\n", nth);
	return ok ? 0 : 1;
}
