/* SPDX-License-Identifier: MIT */
#include "cli/options_set.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/macro.h"
#include "base/nearest.h"
#include "cli/formats.h"
#include "filter/query.h"

enum { USAGE = 125 };

static void *field_of(struct options *o, const struct option_row *r) { return (char *)o + r->set.at; }

/* ---- general ones ---- */

int set_flag(struct options *o, const struct option_row *r, const char *arg UNUSED, struct diag *diag UNUSED)
{
	*(bool *)field_of(o, r) = true;
	return 0;
}

int set_count(struct options *o, const struct option_row *r, const char *arg UNUSED, struct diag *diag UNUSED)
{
	++*(unsigned *)field_of(o, r);
	return 0;
}

int set_word(struct options *o, const struct option_row *r, const char *arg, struct diag *diag UNUSED)
{
	*(const char **)field_of(o, r) = arg;
	return 0;
}

static int file_name(const struct option_row *r, const char *arg, const char **ret, struct diag *diag)
{
	if (!*arg)
		return diag_set(diag, USAGE, EINVAL, "--%s takes a file name, not an empty word", r->name);
	if (!strncmp(arg, "--", 2))	/* the next option, or the end of all: the name was forgotten */
		return diag_set(diag, USAGE, EINVAL,
				"--%s takes a file name, not \"%.64s\"; a file that has this name is ./%.64s",
				r->name, arg, arg);
	*ret = arg;
	return 0;
}

int set_file_name(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	return file_name(r, arg, field_of(o, r), diag);
}

static bool decimal(const char *arg, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(arg, &end, 10);
	return *arg && !*end && !strchr("+- \t", *arg) && !errno && *ret >= min && *ret <= max;
}

static int number(const struct option_row *r, const char *arg, uint64_t min, uint64_t max, uint64_t *ret,
		  struct diag *diag)
{
	if (decimal(arg, min, max, ret))
		return 0;
	return diag_set(diag, USAGE, EINVAL, "--%s takes a number from %llu to %llu, not \"%s\"", r->name,
			(unsigned long long)min, (unsigned long long)max, arg);
}

int set_number(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	uint64_t v;
	int rc = number(r, arg, r->set.min, r->set.max, &v, diag);

	if (rc == 0)
		*(uint64_t *)field_of(o, r) = v;
	return rc;
}

/* "auto, always or never" of "auto|always|never" */
static void choices_listed(char *to, size_t max, const char *choices)
{
	size_t len;

	to[0] = '\0';
	for (const char *p = choices; *p; p += len, p += *p == '|') {
		len = strcspn(p, "|");
		snprintf(to + strlen(to), max - strlen(to), "%s%.*s", p == choices ? "" : p[len] ? ", " : " or ",
			 (int)len, p);
	}
}

int set_choice(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	size_t len = strlen(arg);
	char words[64];
	unsigned n = 0;

	for (const char *p = r->arg; *p; p += strcspn(p, "|"), p += *p == '|', n++)
		if (len && strcspn(p, "|") == len && !strncmp(p, arg, len)) {
			*(unsigned *)field_of(o, r) = n;
			return 0;
		}
	choices_listed(words, sizeof(words), r->arg);
	return diag_set(diag, USAGE, EINVAL, "--%s takes %s, not \"%s\"", r->name, words, arg);
}

static int add_output(struct options *o, const struct option_row *r, enum output_kind kind, const char *path,
		      struct diag *diag)
{
	struct output_option output = { .kind = kind };
	int rc = file_name(r, path, &output.path, diag);

	if (rc < 0)
		return rc;
	o->outputs = xrealloc(o->outputs, (o->noutputs + 1) * sizeof(*o->outputs));
	o->outputs[o->noutputs++] = output;
	return 0;
}

int set_output(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	return add_output(o, r, (enum output_kind)r->set.min, arg, diag);
}

/* ---- those of one option ---- */

static void add_pid(struct options *o, pid_t pid)
{
	for (unsigned i = 0; i < o->npids; i++)
		if (o->pids[i] == pid)
			return;
	o->pids = xrealloc(o->pids, (o->npids + 1) * sizeof(*o->pids));
	o->pids[o->npids++] = pid;
}

/* One or several, as pidof(1) and strace's -p have them. */
int set_pid(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	static const char between[] = ", \t\n";
	const char *p = arg + strspn(arg, between);
	char word[32];
	uint64_t v;
	int rc;

	if (!*p)
		return diag_set(diag, USAGE, EINVAL,
				"--%s needs a process; where pidof prints nothing, no process has that name", r->name);
	do {
		size_t len = strcspn(p, between);

		snprintf(word, sizeof(word), "%.*s", (int)len, p);
		rc = number(r, word, 1, INT32_MAX, &v, diag);
		if (rc < 0)
			return rc;
		add_pid(o, (pid_t)v);
		p += len;
		p += strspn(p, between);
	} while (*p);
	return 0;
}

int set_duration(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	enum { DAYS = 365 };
	double ns = query_time_ns(arg);

	if (!(ns >= 1e6 && ns <= DAYS * 86400e9))
		return diag_set(diag, USAGE, EINVAL,
				"--%s takes a time from 1ms to %dd, as 5s, 500ms, 2m or 1h, not \"%s\"", r->name, DAYS,
				arg);
	o->duration_ns = (uint64_t)ns;
	return 0;
}

int set_moment(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	if (when_parse(arg, field_of(o, r)) == 0)
		return 0;
	return diag_set(diag, USAGE, EINVAL,
			"--%s takes a time: 90s or 1.5 (after the start), -10s (before the end), 50%%, 13:30:00, "
			"2026-11-29T13:30 or @1764423000, not \"%.64s\"",
			r->name, arg);
}

int set_env(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	if (!*arg || *arg == '=')
		return diag_set(diag, USAGE, EINVAL, "--%s takes VAR=VALUE, or VAR to remove it, not \"%s\"",
				r->name, arg);
	o->env = xrealloc(o->env, (o->nenv + 2) * sizeof(*o->env));
	o->env[o->nenv++] = (char *)(uintptr_t)arg;
	o->env[o->nenv] = NULL;
	return 0;
}

/* strace's -o |CMD and -o !CMD */
int set_text(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	if (*arg == '|' || *arg == '!')
		return diag_set(diag, USAGE, EINVAL,
				"--%s writes to a file; for a program to read it, in bash: -o >(%s); a file that has "
				"this name is ./%s",
				r->name, arg + 1, arg);
	return set_output(o, r, arg, diag);
}

int set_summary(struct options *o, const struct option_row *r UNUSED, const char *arg, struct diag *diag)
{
	if (!arg)
		o->count_too = true;
	else if (!strcmp(arg, "json"))
		o->summary_json = true;
	else if (!strcmp(arg, "ndjson"))
		o->summary_ndjson = true;
	else
		return diag_set(diag, USAGE, EINVAL,
				"--summary takes json, ndjson (with --read and --diff) or nothing, not \"%.64s\"", arg);
	return 0;
}

int set_stacks(struct options *o, const struct option_row *r UNUSED, const char *arg, struct diag *diag)
{
	if (!arg || !strcmp(arg, "all"))
		o->stacks = STACKS_ALL;
	else if (!strcmp(arg, "failed"))
		o->stacks = STACKS_FAILED;
	else
		return diag_set(diag, USAGE, EINVAL, "--stack-traces takes all, failed or nothing, not \"%.64s\"", arg);
	return 0;
}

int set_report(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	return set_output(o, r, arg ? arg : "report.html", diag);
}

int set_read(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	const char *path = NULL;
	int rc = file_name(r, arg, &path, diag);

	if (rc < 0)
		return rc;
	o->reads = xrealloc(o->reads, (o->nreads + 1) * sizeof(*o->reads));
	o->reads[o->nreads++] = path;
	o->read = o->reads[0];
	return 0;
}

int set_redact(struct options *o, const struct option_row *r UNUSED, const char *arg, struct diag *diag)
{
	if (arg && strcmp(arg, "paths") != 0)
		return diag_set(diag, USAGE, EINVAL, "--redact takes nothing, or paths as --redact=paths, not \"%s\"",
				arg);
	o->redact = arg ? REDACT_PLACES : MAX(o->redact, REDACT_SECRETS);
	return 0;
}

/* A time as 5s or 10m, or a size as 64MB, 64k: one of them, the other is 0.  A number alone is seconds. */
static int time_or_size(const struct option_row *r, const char *arg, uint64_t *ret_ns, uint64_t *ret_bytes,
			struct diag *diag)
{
	enum { DAYS = 365, SMALLEST = 64 << 10 };
	double ns = query_time_ns(arg), bytes = query_size(arg);

	*ret_ns = *ret_bytes = 0;
	if (ns >= 1e8 && ns <= DAYS * 86400e9) {
		*ret_ns = (uint64_t)ns;
		return 0;
	}
	if (isnan(ns) && bytes >= SMALLEST && bytes < 1e15) {
		*ret_bytes = (uint64_t)bytes;
		return 0;
	}
	return diag_set(diag, USAGE, EINVAL,
			"--%s takes a time from 100ms, as 10s, 5m or 1h, or a size from 64k, as 64MB, "
			"not \"%s\"",
			r->name, arg);
}

int set_rotate(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	return time_or_size(r, arg, &o->rotate_ns, &o->rotate_bytes, diag);
}

int set_last(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	return time_or_size(r, arg, &o->last_ns, &o->last_bytes, diag);
}

/* The kernel takes powers of two of at least a page. */
int set_ring_size(struct options *o, const struct option_row *r UNUSED, const char *arg, struct diag *diag)
{
	enum { SMALLEST = 65536, LARGEST = 1 << 30 };
	double bytes = query_size(arg);
	uint64_t size = 4096;

	if (!(bytes >= SMALLEST && bytes <= LARGEST))
		return diag_set(diag, USAGE, EINVAL,
				"--ring-size takes a size from 64k to 1G, as 16M, not \"%s\"", arg);
	while ((double)size < bytes)
		size <<= 1;
	o->ring_bytes = size;
	o->ring_rounded = (double)size != bytes;
	return 0;
}

int set_help(struct options *o, const struct option_row *r UNUSED, const char *arg, struct diag *diag)
{
	if (arg && strcmp(arg, "all"))
		return diag_set(diag, USAGE, EINVAL, "--help takes nothing or all, not \"%s\"", arg);
	o->help = true;
	o->help_all = arg != NULL;
	return 0;
}

/* FORMAT[:FILE], or help */
int set_export(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	int len = (int)strcspn(arg, ":");
	char word[32];
	struct nearest near = nearest_to(word);

	if (!strcmp(arg, "help")) {
		o->help = o->help_formats = true;
		return 0;
	}
	snprintf(word, sizeof(word), "%.*s", len, arg);
	for (unsigned i = 0; i < export_nformats; i++) {
		const struct export_format *f = &export_formats[i];

		if (strlen(f->name) == (size_t)len && !strncmp(f->name, arg, (size_t)len))
			return add_output(o, r, f->kind, arg[len] ? arg + len + 1 : f->file, diag);
		nearest_try(&near, f->name);
	}
	if (nearest_best(&near))
		return diag_set(diag, USAGE, EINVAL, "--export: unknown format \"%.*s\"; did you mean %s?",
				MIN(len, 64), arg, nearest_best(&near));
	return diag_set(diag, USAGE, EINVAL, "--export: unknown format \"%.*s\"; --export help lists them",
			MIN(len, 64), arg);
}
