/* SPDX-License-Identifier: MIT */
/* Memory in live lines: range, permissions, size and what is behind it. */
#include "tracee.h"

enum { PAGE = 4096 };

static void line(const char *verb, const char *at, size_t n, const char *rest)
{
	expect("%s %012lx-%012lx %s", verb, (unsigned long)at, (unsigned long)(at + n), rest);
}

int main(void)
{
	const char *file = in_dir("file");
	int fd = open(file, O_RDWR | O_CREAT, 0600);
	char rest[4200], *p, *q, *start;

	CHECK(fd >= 0 && ftruncate(fd, 16 * PAGE) == 0);
	tracee_begin();
	tracee_watch("memory");

	snprintf(rest, sizeof(rest), "rw- 8.0 KB %s shared", file);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	line("mmap", p, 2 * PAGE, rest);
	q = mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	line("mmap", q, PAGE, "r-- 4.0 KB anon");
	snprintf(rest, sizeof(rest), "4.0 KB %s", file);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	line("munmap", p + PAGE, PAGE, rest);
	CHECK(munmap(p, PAGE) == 0);
	line("munmap", p, PAGE, "4.0 KB");
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED);
	expect("mmap 4.0 KB * EBADF");
	CHECK(mmap((void *)1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
	expect("mmap 4.0 KB anon EINVAL");
	start = sbrk(0);
	CHECK(brk(start + 8192) == 0);
	expect("brk heap +8.0 KB");
	CHECK(brk(start + 4096) == 0);
	expect("brk heap -4.0 KB");
	CHECK(brk(start) == 0);
	expect("brk heap -4.0 KB");
	tracee_end();
}
