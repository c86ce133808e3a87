/* SPDX-License-Identifier: MIT */
#include "capture/common/environ.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/macro.h"

static char **given;

/* NULL when the strings do not stand as the kernel puts them. */
static char **strings_between(const char *at, const char *end)
{
	char **v, *s = (char *)(uintptr_t)at;
	size_t n = 0;

	if (!at || !end || at > end || (at < end && end[-1]))
		return NULL;
	for (const char *p = at; p < end; p++)
		n += !*p;
	v = xcalloc(n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++, s += strlen(s) + 1)
		v[i] = s;
	return v;
}

void environ_save(int argc, char *const *argv)
{
	const char *last = argc > 0 ? argv[argc - 1] : NULL;

	if (getauxval(AT_SECURE) && last)
		given = strings_between(last + strlen(last) + 1, (const char *)(uintptr_t)getauxval(AT_EXECFN));
}

/* v: room for one more. */
static void change(char **v, char *word)
{
	size_t name = strcspn(word, "="), at = 0;

	for (size_t i = 0; v[i]; i++)
		if (strncmp(v[i], word, name) || v[i][name] != '=')
			v[at++] = v[i];
	if (word[name])
		v[at++] = word;
	v[at] = NULL;
}

void environ_change(char *const *words)
{
	char *const *old = environ_given();
	size_t n = 0, more = 0;
	char **v;

	while (old[n])
		n++;
	while (words && words[more])
		more++;
	if (!more)
		return;
	v = xcalloc(n + more + 1, sizeof(*v));
	memcpy(v, old, n * sizeof(*v));
	for (size_t i = 0; i < more; i++)
		change(v, words[i]);
	free(given);
	given = v;
}

char *const *environ_given(void) { return given ? given : environ; }
