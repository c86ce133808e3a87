/* SPDX-License-Identifier: MIT */
/* Which way calls went, and why. */
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "capture/inprocess/inside.h"
#include "capture/ptrace/ptrace.h"

/* The way of its own that a spring has, or the call that is still at the site. */
static bool goes_own_way(const struct space *sp, uint64_t ip)
{
	if (ip >= STUB_BLOCKS && ip < STUB_END)		/* to look at what was opened */
		return true;
	if (ip >= sp->near + STUB_SPRINGS && ip < sp->near + STUB_NEAR_SIZE)
		return true;
	for (unsigned n = 0; n < sp->nsites; n++)
		if (sp->sites[n].call + 2 == ip)
			return true;
	return false;
}

void space_count(struct ptrace_source *s, const struct tracee *t, unsigned arch, uint64_t nr, uint64_t ip)
{
	struct inside *in = s->inside;
	unsigned which = nr < RING_NRS ? in->which[nr] : WHICH_FORMS;

	if (t->muted)
		return;
	if (arch == ARCH_X86_64 && which != WHICH_STUB)
		in->nkinds[which]++;
	else if (arch == ARCH_X86_64 && (!t->space || !t->space->on))
		in->nstops[t->stubs_tried || t->stubs_why || in->closed ? STOP_WITHOUT : STOP_BEFORE]++;
	else
		in->nstops[arch == ARCH_X86_64 && goes_own_way(t->space, ip) ? STOP_OWN : STOP_ELSEWHERE]++;
}

static void add(char *text, size_t size, const char *format, uint64_t n, const char *what)
{
	size_t len = strlen(text);

	if (n)
		snprintf(text + len, size - len, format, (unsigned long long)n, what);
}

static void add_stops(const struct inside *in, char *text, size_t size)
{
	static const char *const stops[NSTOPS] = {
		[STOP_BEFORE] = "before there were stubs", [STOP_WITHOUT] = "in processes without",
		[STOP_ELSEWHERE] = "made elsewhere than in the C library's known places",
		[STOP_OWN] = "to the standard error, of files that are looked at, of memory in a place of its own choice, or while the ring was full or a map of memory open",
	};
	uint64_t all = 0;
	size_t begin;

	for (unsigned i = 0; i < NSTOPS; i++)
		all += in->nstops[i];
	for (unsigned i = 0; i < NWHICH; i++)
		all += in->nkinds[i];
	add(text, size, "; %llu%s", all, " stopped: ");
	begin = strlen(text);
	for (unsigned i = 0; i < NSTOPS; i++)
		add(text, size, strlen(text) > begin ? ", %llu %s" : "%llu %s", in->nstops[i], stops[i]);
	for (unsigned i = 0; i < NWHICH; i++)
		add(text, size, strlen(text) > begin ? ", %llu %s" : "%llu %s", in->nkinds[i],
		    which_text((enum which)i));
}

/* With auto that none of it came about is no news. */
static bool is_news(const struct ptrace_source *s)
{
	const struct inside *in = s->inside;
	uint64_t refused = 0;

	for (unsigned i = 0; i < NSPACE_WHYS; i++)
		refused += in->nwhy[i];
	return s->opt->in_process == IN_PROCESS_ON || (s->opt->explain && (in->nspaces || refused));
}

void space_remark(const struct ptrace_source *s, struct diag *ret)
{
	static const char *const why[NSPACE_WHYS] = {
		[SPACE_LIMITED] = "limits of memory, or memory locked", [SPACE_LIBRARY] = "a C library without known sites",
		[SPACE_PLACE] = "calls that no libc.so.6 makes: static, another C library", [SPACE_SHARED] = "threads, or descriptors shared, from the start",
		[SPACE_TAKEN] = "no room for it in the address space",
		[SPACE_MANY] = "too many at a time for our RLIMIT_NOFILE",
		[SPACE_OWN_WAYS] = "a filter, a status file, unusual threads",
		[SPACE_LOOKED] = "its memory map was looked at",
		[SPACE_TOUCHED] = "its memory was changed by the program",
	};
	const struct inside *in = s->inside;
	char text[900] = "";

	if (!is_news(s))
		return;
	if (s->opt->explain)
		add_stops(in, text, sizeof(text));
	for (unsigned i = SPACE_ALLOWED + 1; i < NSPACE_WHYS; i++)
		add(text, sizeof(text), "; not, or no longer, in %llu (%s)", in->nwhy[i], why[i]);
	diag_set(ret, 0, 0, "--in-process: %llu calls of %llu process%s were seen without a stop%s",
		 (unsigned long long)in->ncalls, (unsigned long long)in->nspaces, in->nspaces == 1 ? "" : "es", text);
}
