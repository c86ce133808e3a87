/* SPDX-License-Identifier: MIT */
/* What an exec was given, as the new program has it before its first instruction, where the call did not stop. */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/proc/execed.h"
#include "capture/proc/proc.h"

/*
 * The address of the name that exec was given (getauxval(3), AT_EXECFN), 0 none.  The words are of the program's own
 * size: one of 64 bits is looked for first, and of 32 bits, two words are never AT_EXECFN and its upper half 0.
 */
static uint64_t name_address(const struct buf *auxv)
{
	for (size_t at = 0; at + sizeof(Elf64_auxv_t) <= auxv->len; at += sizeof(Elf64_auxv_t)) {
		Elf64_auxv_t v;

		memcpy(&v, auxv->s + at, sizeof(v));
		if (v.a_type == AT_EXECFN)
			return v.a_un.a_val;
	}
	for (size_t at = 0; at + sizeof(Elf32_auxv_t) <= auxv->len; at += sizeof(Elf32_auxv_t)) {
		Elf32_auxv_t v;

		memcpy(&v, auxv->s + at, sizeof(v));
		if (v.a_type == AT_EXECFN)
			return v.a_un.a_val;
	}
	return 0;
}

/* Where the bytes at addr lie, of what was read from `at` on; NULL: not, or not up to their end. */
static const char *in_stack(const struct execed *e, uint64_t addr, size_t len)
{
	uint64_t off = addr - e->at;

	return addr >= e->at && off <= e->len && len <= e->len - off ? e->stack + off : NULL;
}

/* The word with that number, of 64 bits; false: it was not read. */
static bool word(const struct execed *e, uint64_t i, uint64_t *ret)
{
	bool within = i < sizeof(e->stack) / sizeof(*ret);
	const char *s = within ? in_stack(e, e->at + i * sizeof(*ret), sizeof(*ret)) : NULL;

	if (s)
		memcpy(ret, s, sizeof(*ret));
	return s != NULL;
}

/* argc, argv, NULL, envp, NULL, auxv (System V ABI, x86-64, "Initial Stack and Register State"). */
bool execed_stack(struct execed *e)
{
	uint64_t argc, first = 0, behind = 0, type = 0, name = 0, v = 1, i;
	const char *s, *end;

	if (!word(e, 0, &argc) || !argc || argc >= sizeof(e->stack) / sizeof(argc) || !word(e, 1, &first))
		return false;
	i = argc + 2;
	word(e, i, &behind);
	while (v)
		if (!word(e, i++, &v))
			return false;
	do {
		if (!word(e, i, &type) || !word(e, i + 1, &name))
			return false;
		i += 2;
	} while (type && type != AT_EXECFN);
	behind = behind ? behind : name;
	s = type ? in_stack(e, name, 1) : NULL;
	end = s ? memchr(s, '\0', e->len - (size_t)(s - e->stack)) : NULL;
	if (!end || behind <= first || !(e->argv = in_stack(e, first, behind - first)))
		return false;
	e->argv_len = behind - first;
	e->name = s;
	e->name_len = (size_t)(end - s);
	return e->name_len < PATH_MAX;
}

size_t execed_name(pid_t tid, char to[PATH_MAX])
{
	struct buf auxv = { 0 };
	uint64_t addr = proc_read_all(tid, 0, "auxv", &auxv) ? name_address(&auxv) : 0;
	char path[64], *end;
	ssize_t n = 0;
	int fd;

	buf_done(&auxv);
	if (!addr || addr > INT64_MAX)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = pread(fd, to, PATH_MAX, (off_t)addr);
	close(fd);
	end = n > 0 ? memchr(to, '\0', (size_t)n) : NULL;
	return end ? (size_t)(end - to) : 0;
}

/* Whether it is the program that runs.  Where that cannot be found out, it is. */
static bool is_program(pid_t tid, const char *name)
{
	char exe[64], path[PATH_MAX + 64];
	struct stat a, b;

	snprintf(exe, sizeof(exe), "/proc/%d/exe", tid);
	snprintf(path, sizeof(path), "/proc/%d/%s/%s", tid, *name == '/' ? "root" : "cwd", name);
	return stat(exe, &a) < 0 || stat(path, &b) < 0 || (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

size_t execed_interpreter(pid_t tid, const char *name, const char *argv, size_t len)
{
	size_t at = 0;

	/* an interpreter and its argument, five times at most (Linux 6.18: fs/exec.c, exec_binprm) */
	for (unsigned i = 0; i <= 10 && at < len; i++) {
		size_t n = strnlen(argv + at, len - at);

		if (i && n == strlen(name) && !memcmp(argv + at, name, n))
			return is_program(tid, name) ? 0 : at;
		at += n + 1;
	}
	return 0;
}
