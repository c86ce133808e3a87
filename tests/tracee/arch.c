/* SPDX-License-Identifier: MIT */
/*
 * Calls of other tables: int 0x80 from 64-bit code, x32 numbers, numbers no table knows.  Never read with the wrong
 * one.
 */
#include "tracee.h"

enum { I386_OPEN = 5, I386_ACCESS = 33, I386_GETPID = 20, I386_MKDIR = 39, I386_UNLINK = 10, X32 = 0x40000000 };

static long int80(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

int main(void)
{
	/* strings a 32-bit pointer reaches */
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	const char *path = in_dir("made");
	bool has = tracee_has_i386();
	long rc;

	tracee_begin();
	if (!has)
		tracee_skip("this kernel has no 32-bit calls");
	CHECK(low != MAP_FAILED);
	strcpy(low, path);
	CHECK(int80(I386_GETPID, 0, 0, 0) == getpid());
	/* 39 is mkdir there, getpid here; 10 unlink, not mprotect; 5 open, not fstat */
	CHECK(int80(I386_MKDIR, (long)low, 0700, 0) == 0);
	expect("mkdir %s", path);
	CHECK(int80(I386_OPEN, (long)low, O_RDONLY, 0) == 3);
	expect("open %s (read)", path);
	CHECK(int80(I386_UNLINK, (long)low, 0, 0) == -EISDIR);
	expect("unlink %s EISDIR", path);
	strcpy(low, "/tracee/none");
	CHECK(int80(I386_ACCESS, (long)low, F_OK, 0) == -ENOENT);
	expect("access /tracee/none ENOENT");
	CHECK(rmdir(path) == 0);
	expect("rmdir %s*", path);

	/* x32: where the kernel has it, and where it has not, the numbers are its own */
	rc = syscall(X32 | SYS_openat, AT_FDCWD, "/tracee/x32", O_RDONLY, 0);
	CHECK(rc < 0 && (errno == ENOSYS || errno == ENOENT));
	expect("open /tracee/x32 (read) %s", errno == ENOSYS ? "ENOSYS" : "ENOENT");
	expect_call("[x32] openat(AT_FDCWD, \"/tracee/x32\", O_RDONLY*");
	/* 39 is getpid, as above mkdir */
	CHECK(syscall(39, low, 0700) == getpid());

	/* raw */
	CHECK(syscall(1023, 1, 2, 3, 4, 5, 6) < 0 && errno == ENOSYS);
	expect_call("syscall_1023(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS*");
	CHECK(syscall(100000, 7) < 0 && errno == ENOSYS);
	expect_call("syscall_100000(0x7,* = -1 ENOSYS*");
	CHECK(syscall(-1) < 0 && errno == ENOSYS);
	expect_call("syscall_4294967295(*");
	rc = int80(1000, 8, 0, 0);
	CHECK(rc == -ENOSYS);
	expect_call("[i386] syscall_1000(0x8,* = -1 ENOSYS*");
	tracee_end();
}
