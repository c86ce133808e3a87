/* SPDX-License-Identifier: MIT */
/*
 * Sets of calls as strace's users write them.  Which calls each class has is asked of strace itself:
 * tests/filter/classes.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "abi/spec.h"
#include "filter/callset.h"

enum { X86_64, I386, X32 };

static bool has(const struct callset *set, const char *name)
{
	int nr = syscall_number(name);

	assert_true(nr >= 0);
	return callset_has(set, X86_64, (unsigned)nr);
}

/* Calls between spaces: those with a - before them are not in it. */
static void parses(const char *text, const char *calls)
{
	struct callset_error e;
	struct callset *set;
	char names[256], *rest = names, *name;

	if (callset_parse(text, &set, &e) < 0)
		fail_msg("%s: %s", text, e.why);
	snprintf(names, sizeof(names), "%s", calls);
	while ((name = strsep(&rest, " ")))
		if (has(set, name + (*name == '-')) != (*name != '-'))
			fail_msg("%s: not %s", text, name);
	callset_free(set);
}

static void sets(void **state)
{
	(void)state;
	parses("open,openat", "open openat -read");
	parses("all", "open getpid futex");
	parses("none", "-open -getpid");
	parses("!none", "open getpid");
	parses("!open,%memory", "-open -mmap -brk read");
	parses("%file", "open stat unlink -read -socket");
	parses("file", "open -read");
	parses("%net", "socket sendfile -read");
	parses("%network", "socket sendfile -read");
	parses("%process", "clone kill execve -getpid");
	parses("%%stat", "stat lstat fstat statx -statfs");
	parses("/^(read|write)v?$", "read readv write writev -pread64");
	parses("/sched", "sched_yield -read");
	parses("/^.{4}$,read", "open read -write");
	parses("/^p.{2,3}$", "pipe poll -pause");
	parses("?nosuchcall,read", "read -write");
	parses("?%nosuchclass,read", "read -write");
	parses("?/^nothing$,read", "read -write");
	parses("0,1", "read write -open");
}

static void architectures(void **state)
{
	struct callset_error e;
	struct callset *set;

	(void)state;
	assert_int_equal(callset_parse("socketcall,%stat", &set, &e), 0);
	assert_true(callset_has(set, I386, 102));		/* socketcall */
	assert_true(callset_has(set, I386, 195));		/* stat64 */
	assert_false(callset_has(set, X86_64, 102));		/* getuid */
	assert_true(callset_has(set, X32, 0x40000000 | 4));	/* stat */
	callset_free(set);
	assert_int_equal(callset_parse("3", &set, &e), 0);
	assert_true(callset_has(set, X86_64, 3));		/* close */
	assert_false(callset_has(set, I386, 3));		/* read */
	callset_free(set);
}

/* A number without a row is chosen like any other; one past the table is in "all", and in what is left of it. */
static void unknown(void **state)
{
	static const struct { const char *text; bool has, has_beyond; } cases[] = {
		{ "all", true, true }, { "!all", false, false }, { "none", false, false }, { "!none", true, true }, { "!read", true, true },
		{ "read", false, false }, { "%file", false, false }, { "!%file", true, true }, { "900", true, false },
		{ "/^syscall_900$", true, false }, { "syscall_900", true, false }, { "!900", false, true }, { "5000,read", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct callset_error e;
		struct callset *set;

		if (callset_parse(cases[i].text, &set, &e) < 0) {
			assert_string_equal(cases[i].text, "5000,read");
			continue;
		}
		if (callset_has(set, X86_64, 900) != cases[i].has)
			fail_msg("%s: not %d", cases[i].text, cases[i].has);
		if (callset_has(set, X86_64, 5000) != cases[i].has_beyond)
			fail_msg("%s: not %d past the table", cases[i].text, cases[i].has_beyond);
		callset_free(set);
	}
}

static void complains(const char *text, size_t at, const char *why)
{
	struct callset_error e = { .at = 999 };
	struct callset *set = NULL;

	assert_int_not_equal(callset_parse(text, &set, &e), 0);
	assert_null(set);
	if (e.at != at || !strstr(e.why, why))
		fail_msg("%s: at %zu: %s", text, e.at, e.why);
}

static void complaints(void **state)
{
	(void)state;
	complains("opne", 0, "did you mean open?");
	complains("read,opennat", 5, "did you mean openat?");
	complains("!read,conect", 6, "did you mean connect?");
	complains("xyzzyplugh", 0, "a class begins with %");
	complains("%fiel", 0, "did you mean %file?");
	complains("netwrok", 0, "did you mean %network?");
	complains("%xyzzyplugh", 0, "there are");
	complains("/(", 0, "no regular expression");
	complains("/^nothing$", 0, "no system call's name matches");
	complains("?/(", 1, "no regular expression");
	complains("read,,write", 5, "a name is missing");
	complains("", 0, "a name is missing");
	complains("read,", 5, "a name is missing");
	complains("!", 1, "a name is missing");
	complains("99999", 0, "no system call");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets), cmocka_unit_test(architectures), cmocka_unit_test(unknown), cmocka_unit_test(complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
