/* The rows, held against the running kernel's own description of its calls. */
#include "unit.h"

#include <unistd.h>

#include "abi/spec.h"

/* Which calls the running kernel has, and how many arguments each takes. */
static void test_tracefs(void **state)
{
	static const struct { const char *kernel, *call; } aliases[] = {
		{ "newfstat", "fstat" }, { "newstat", "stat" }, { "newlstat", "lstat" }, { "newuname", "uname" }, { "sendfile64", "sendfile" },
		{ "umount", "umount2" },
	};
	unsigned known = 0;

	(void)state;
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
		const struct syscall_spec *s = syscall_spec(ARCH_X86_64, nr);
		const char *name = s->name;
		char path[256], line[512];
		unsigned offset, nargs = 0;
		FILE *f;

		if (!name)
			continue;
		for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++)
			if (strcmp(name, aliases[i].call) == 0)
				name = aliases[i].kernel;
		snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/sys_enter_%s/format", name);
		f = fopen(path, "re");
		if (!f)
			continue;
		while (fgets(line, sizeof(line), f)) {
			const char *at = strstr(line, "offset:");

			if (strstr(line, "\tfield:") && at && sscanf(at, "offset:%u", &offset) == 1 && offset >= 16)
				nargs++;
		}
		fclose(f);
		known++;
		if (nargs != s->nargs)
			fail_msg("%s: the kernel says %u arguments, the row %u", s->name, nargs, s->nargs);
	}
	assert_true(known > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tracefs) };

	if (access("/sys/kernel/tracing/events/syscalls", X_OK) < 0) {
		printf("1..0 # SKIP tracefs is not mounted on /sys/kernel/tracing, or not for us\n");
		return 0;
	}
	return cmocka_run_group_tests_name("tracefs", tests, NULL, NULL);
}
