/* SPDX-License-Identifier: MIT */
/* Where a trace is made, and how it was asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "capture/common/user.h"
#include "capture/proc/proc.h"
#include "capture/source.h"
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
	if (f && fseek(f, 0, SEEK_SET) < 0)
		all = 0;
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

/* The umask of a process has no other way out than /proc/PID/status (umask(2) sets it, for all threads). */
static unsigned status_number(const char *status, const char *field, unsigned nth, int base)
{
	const char *at = strstr(status, field);
	char *end;

	if (!at)
		return 0;
	at += strlen(field);
	for (unsigned i = 0; i < nth; i++) {
		strtoul(at, &end, base);
		at = end;
	}
	return (unsigned)strtoul(at, NULL, base);
}

/* Of the command, which gets ours, or with -u that user's; of the first process that is attached to. */
static unsigned put_owner(struct buf *rec, const struct capture_options *opt, pid_t pid)
{
	struct record_owner o = { 0 };
	struct run_as as = { 0 };
	struct buf status = { 0 };
	struct diag none;

	if (!proc_read_all(pid, 0, "status", &status)) {
		buf_done(&status);
		return 0;
	}
	o.uid = status_number(status.s, "\nUid:", 0, 10);
	o.euid = status_number(status.s, "\nUid:", 1, 10);
	o.gid = status_number(status.s, "\nGid:", 0, 10);
	o.egid = status_number(status.s, "\nGid:", 1, 10);
	o.umask = status_number(status.s, "\nUmask:", 0, 8);
	buf_done(&status);
	if (opt->user && user_find(opt->user, &as, &none) == 0) {
		o.uid = o.euid = as.uid;
		o.gid = o.egid = as.gid;
	}
	free(as.groups);
	record_chunk(rec, 0, PART_OWNER, 0, &o, sizeof(o));
	return 1;
}

static unsigned put_limits(struct buf *rec, pid_t pid)
{
	struct record_limits l;
	struct rlimit one;

	_Static_assert((int)RLIM_NLIMITS == (int)RECORD_LIMITS, "limits");
	for (unsigned i = 0; i < RECORD_LIMITS; i++) {
		if (prlimit(pid, (__rlimit_resource_t)i, NULL, &one) < 0)
			return 0;
		l.soft[i] = one.rlim_cur;
		l.hard[i] = one.rlim_max;
	}
	record_chunk(rec, 0, PART_LIMITS, 0, &l, sizeof(l));
	return 1;
}

unsigned proc_put_owner(struct buf *rec, const struct capture_options *opt)
{
	pid_t pid = opt->npids ? opt->pids[0] : getpid();

	/* with --system and --cgroup it is everybody */
	return opt->argv || opt->npids ? put_owner(rec, opt, pid) + put_limits(rec, pid) : 0;
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
