/* SPDX-License-Identifier: MIT */
/* What an exec was given, from the stack of the new program. */
#include "unit.h"

#include <elf.h>

#include "capture/proc/execed.h"

enum { AT = 0x7ffc00001230 };

/* words: argc and all behind it; text: what follows them, whose offsets words have above STRING. */
#define STRING (1ull << 63)
static void make(struct execed *e, const uint64_t *words, size_t nwords, const char *text, size_t len)
{
	*e = (struct execed){ .at = AT, .len = nwords * 8 + len };
	for (size_t i = 0; i < nwords; i++) {
		uint64_t v = words[i] & STRING ? AT + nwords * 8 + (words[i] & ~STRING) : words[i];

		memcpy(e->stack + i * 8, &v, 8);
	}
	memcpy(e->stack + nwords * 8, text, len);
}

#define MAKE(e, text, ...) \
	make(e, (uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8, text, sizeof(text))

static void assert_given(struct execed *e, const char *name, const char *argv, size_t len)
{
	assert_true(execed_stack(e));
	assert_int_equal(e->name_len, strlen(name));
	assert_memory_equal(e->name, name, strlen(name));
	assert_int_equal(e->argv_len, len);
	assert_memory_equal(e->argv, argv, len);
}

static void whole(void **state)
{
	struct execed e;

	(void)state;
	MAKE(&e, "a\0bc\0\0X=1\0/bin/a", 3, STRING, STRING + 2, STRING + 5, 0, STRING + 6, 0, AT_PAGESZ, 4096, AT_EXECFN,
	     STRING + 10, 0, 0);
	assert_given(&e, "/bin/a", "a\0bc\0", 6);
	MAKE(&e, "a\0/bin/a", 1, STRING, 0, 0, AT_EXECFN, STRING + 2, 0, 0);	/* no environment */
	assert_given(&e, "/bin/a", "a", 2);
}

static void not_whole(void **state)
{
	static const char text[] = "a\0X=1\0/bin/a";
	struct execed e;

	(void)state;
	MAKE(&e, text, 1, STRING, 0, STRING + 2, 0, AT_EXECFN, STRING + 6, 0, 0);
	assert_true(execed_stack(&e));
	for (size_t len = e.len; len--;) {	/* what was read ends anywhere */
		e.len = len;
		assert_false(execed_stack(&e));
	}
	MAKE(&e, text, 0, 0, 0, AT_EXECFN, STRING + 6, 0, 0);
	assert_false(execed_stack(&e));
	MAKE(&e, text, 1ull << 40, STRING, 0, STRING + 2, 0, AT_EXECFN, STRING + 6, 0, 0);	/* two words of 32 bits */
	assert_false(execed_stack(&e));
	MAKE(&e, text, 1, STRING, 0, STRING + 2, 0, AT_PAGESZ, 4096, 0, 0);
	assert_false(execed_stack(&e));
	MAKE(&e, text, 1, STRING + 3, 0, STRING + 2, 0, AT_EXECFN, STRING + 6, 0, 0);	/* backwards */
	assert_false(execed_stack(&e));
	MAKE(&e, text, 1, 16, 0, STRING + 2, 0, AT_EXECFN, STRING + 6, 0, 0);
	assert_false(execed_stack(&e));
	MAKE(&e, text, 1, STRING, 0, ~0ull >> 1, 0, AT_EXECFN, STRING + 6, 0, 0);
	assert_false(execed_stack(&e));
}

static void scripts(void **state)
{
	static const char argv[] = "/bin/sh\0-e\0./x\0y";

	(void)state;
	/* no such process: then it is a program */
	assert_int_equal(execed_interpreter(0x7fffffff, "./x", argv, sizeof(argv)), 0);
	/* this one is not /bin/sh, but runs, and its own name is no file here */
	assert_int_equal(execed_interpreter(getpid(), "/dev/null", "/bin/sh\0-e\0/dev/null\0y", 22), 11);
	assert_int_equal(execed_interpreter(getpid(), "/proc/self/exe", "x\0/proc/self/exe", 17), 0);
	assert_int_equal(execed_interpreter(getpid(), "/dev/null", "/dev/null", 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(not_whole), cmocka_unit_test(scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
