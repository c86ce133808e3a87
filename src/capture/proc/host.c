/* SPDX-License-Identifier: MIT */
/* Where a trace is made, and how it was asked for. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "capture/proc/proc.h"
#include "config.h"
#include "record/build.h"

static unsigned put(struct buf *rec, enum chunk_part part, const char *s, size_t len)
{
	if (!len)
		return 0;
	record_chunk(rec, 0, part, 0, s, len < RECORD_STR_MAX ? len : RECORD_STR_MAX);
	return 1;
}

static unsigned put_number(struct buf *rec, enum chunk_part part, uint64_t v)
{
	record_number(rec, 0, part, v);
	return 1;
}

static unsigned put_boot_id(struct buf *rec)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	char id[64] = "";

	if (!f)
		return 0;
	if (!fgets(id, sizeof(id), f))
		id[0] = '\0';
	fclose(f);
	return put(rec, PART_BOOT, id, strcspn(id, "\n"));
}

/* Our own words, without the first and without those of the command, which are in PART_ARGV. */
static unsigned put_options(struct buf *rec, char *const *argv)
{
	FILE *f = fopen("/proc/self/cmdline", "re");
	unsigned all = 0, command = 0, at = 0, n = 0;
	char *word = NULL;
	size_t room = 0;
	ssize_t len;

	while (argv && argv[command])
		command++;
	while (f && getdelim(&word, &room, '\0', f) > 0)
		all++;
	if (f)
		rewind(f);
	while (f && (len = getdelim(&word, &room, '\0', f)) > 0 && at + command < all) {
		size_t nbytes = (size_t)len - (word[len - 1] == '\0');

		if (at++ && strcmp(word, "--") != 0)
			n += put(rec, PART_OPTION, word, nbytes);
	}
	free(word);
	if (f)
		fclose(f);
	return n;
}

unsigned proc_put_host(struct buf *rec, char *const *argv)
{
	static const char version[] = "compendium " COMPENDIUM_VERSION;
	time_t now = time(NULL);
	struct utsname u;
	char kernel[sizeof(u.sysname) + sizeof(u.release) + sizeof(u.machine) + 3];
	struct tm tm;
	unsigned n = put(rec, PART_TEXT, version, sizeof(version) - 1);

	if (uname(&u) == 0) {
		snprintf(kernel, sizeof(kernel), "%s %s %s", u.sysname, u.release, u.machine);
		n += put(rec, PART_HOST, u.nodename, strlen(u.nodename));
		n += put(rec, PART_KERNEL, kernel, strlen(kernel));
	}
	n += put_boot_id(rec);
	n += put_number(rec, PART_CPUS, (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	if (localtime_r(&now, &tm))
		n += put_number(rec, PART_ZONE, (uint64_t)tm.tm_gmtoff);
	return n + put_options(rec, argv);
}
