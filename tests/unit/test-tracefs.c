/* SPDX-License-Identifier: MIT */
/* The rows, held against the running kernel's own description of its calls. */
#include "unit.h"

#include <unistd.h>

#include "abi/spec.h"

/* Bits of an argument by the type the kernel declares: "field:umode_t mode;	offset:…". */
static unsigned declared_bits(const char *line)
{
	static const struct { const char *type; unsigned bits; } types[] = {
		{ "umode_t", 16 }, { "int", 32 }, { "unsigned int", 32 }, { "unsigned", 32 }, { "pid_t", 32 }, { "u32", 32 }, { "uid_t", 32 }, { "gid_t", 32 },
		{ "clockid_t", 32 }, { "timer_t", 32 }, { "mqd_t", 32 }, { "key_t", 32 }, { "__u32", 32 }, { "rwf_t", 32 }, { "qid_t", 32 }, { "key_serial_t", 32 },
		{ "enum landlock_rule_type", 32 }, { "__s32", 32 },
	};
	const char *at = strstr(line, "field:") + 6, *end = strchr(at, ';');

	if (strncmp(at, "const ", 6) == 0)
		at += 6;
	while (end > at && end[-1] != ' ')
		end--;
	end--;
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i].type) == (size_t)(end - at) && strncmp(at, types[i].type, (size_t)(end - at)) == 0)
			return types[i].bits;
	return 64;
}

static bool same_bits(const char *call, unsigned arg, unsigned declared)
{
	/*
	 * Declared wider than what it is handed on as: descriptors to fget(unsigned int), a pid, the permissions of a
	 * mask, lower_32_bits().
	 */
	static const struct {
		const char *call;
		unsigned arg;
	} narrower[] = { { "ptrace", 1 }, { "umask", 0 }, { "clone", 0 } };
	const struct arg_spec *a = &syscall_spec(ARCH_X86_64, (unsigned)syscall_number(call))->args[arg];

	for (unsigned i = 0; i < ARRAY_SIZE(narrower); i++)
		if (strcmp(call, narrower[i].call) == 0 && arg == narrower[i].arg)
			return true;
	return a->type == ARG_HOLE || a->type == ARG_FD || arg_bits(a) == declared;
}

/* Which calls the running kernel has, how many arguments each takes, and how wide each is. */
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
		unsigned offset, nargs = 0, bits[6] = { 0 };
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

			if (strstr(line, "\tfield:") && at && sscanf(at, "offset:%u", &offset) == 1 && offset >= 16) {
				if (nargs < 6)
					bits[nargs] = declared_bits(line);
				nargs++;
			}
		}
		fclose(f);
		known++;
		if (nargs != s->nargs)
			fail_msg("%s: the kernel says %u arguments, the row %u", s->name, nargs, s->nargs);
		for (unsigned i = 0; i < s->nargs; i++)
			if (!same_bits(s->name, i, bits[i]))
				fail_msg("%s: the kernel says %u bits for %s, the row %u", s->name, bits[i],
					 s->args[i].name, arg_bits(&s->args[i]));
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
