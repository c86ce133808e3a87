/* SPDX-License-Identifier: MIT */
/*
 * sites FILE: a line for each pair of bytes 0f 05 in its code: address, what becomes of it, the replaced instruction
 * (address, length), the padding, the number.  sites.py prints the table and judges the claims.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/inprocess/elf.h"

static const char *const words[NSITE_WAYS] = {
	[SITE_MOV] = "mov",
	[SITE_PAD] = "pad",
	[SITE_LOAD] = "load",
	[SITE_STORE] = "store",
	[SITE_HELD] = "held",
	[SITE_KEPT] = "kept",
	[SITE_NO_FUNCTION] = "no-function",
	[SITE_LARGE] = "large",
	[SITE_INSIDE] = "inside",
	[SITE_UNREACHED] = "unreached",
	[SITE_BROKEN] = "broken",
	[SITE_TARGET] = "target",
	[SITE_NO_ROOM] = "no-room",
};

static int print(const struct code_text *t)
{
	struct sites sites;
	int rc = sites_find(&t->text, t->funcs, t->nfuncs, &sites);

	for (size_t i = 0; rc == 0 && i < sites.n; i++) {
		const struct site *s = &sites.v[i];

		printf("%" PRIx64 " %s %" PRIx64 " %u %" PRIx64 " %" PRId32 "\n", t->addr + s->at, words[s->way],
		       t->addr + s->patch, s->len, s->way == SITE_PAD ? t->addr + s->room : 0, (int32_t)s->nr);
	}
	sites_done(&sites);
	return rc;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1, rc;
	struct stat st;
	struct code code;
	void *file;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    (file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED) {
		fprintf(stderr, "usage: sites FILE\n");
		return 2;
	}
	rc = code_read(file, (size_t)st.st_size, &code);
	for (unsigned i = 0; rc == 0 && i < code.n; i++)
		rc = print(&code.text[i]);
	code_done(&code);
	if (rc < 0)
		fprintf(stderr, "sites: %s: %s\n", argv[1], strerror(-rc));
	return rc < 0;
}
