/* SPDX-License-Identifier: MIT */
/* Calls as -v shows them: arguments and results, from records made by hand. */
#include "value_show.h"

/* A register is 64 bits wide; the kernel looks at as many as the argument's type has. */
static void upper_halves_are_no_argument(void **state)
{
	const uint64_t rubbish = 0xdeadbeef00000000;
	struct scene *s = *state;

	CALL(s, 10, "openat", 3, rubbish | (uint32_t)AT_FDCWD, 0, rubbish | O_CREAT | O_WRONLY, rubbish | 0xabcd0000 | 0644);
	str(s, 1, "/f");
	shows(s, "openat(AT_FDCWD, \"/f\", O_WRONLY|O_CREAT, 0644) = 3</f>");
	CALL(s, 10, "fchmod", 0, rubbish | 3, 0xffff8180);
	shows(s, "fchmod(3</f>, 0100600) = 0");
	CALL(s, 10, "fcntl", 0, rubbish | 3, rubbish | F_SETFD, rubbish | FD_CLOEXEC);
	shows(s, "fcntl(3</f>, F_SETFD, FD_CLOEXEC) = 0");
	CALL(s, 10, "lseek", 5, 3, rubbish | 5, rubbish | SEEK_CUR);	/* off_t is 64 bits */
	shows(s, "lseek(3</f>, -2401053092612145147, SEEK_CUR) = 5");
	CALL(s, 10, "renameat2", 0, rubbish | (uint32_t)AT_FDCWD, 0, rubbish | (uint32_t)AT_FDCWD, 0, rubbish | 1);
	str(s, 1, "/f");
	str(s, 3, "/g");
	shows(s, "renameat2(AT_FDCWD, \"/f\", AT_FDCWD, \"/g\", RENAME_NOREPLACE) = 0");
	CALL(s, 10, "mmap", 0x1000, 0, 4096, 1, 0x22 | 1ull << 40, rubbish | 0xffffffff, 0);
	shows(s, "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|0x10000000000, -1, 0) = 0x1000");
	CALL(s, 10, "kill", 0, rubbish | 10, rubbish | SIGUSR1);
	shows(s, "kill(10, SIGUSR1) = 0");
	CALL(s, 10, "shmget", 7, rubbish | 5, 1, rubbish | 0600);
	shows(s, "shmget(0x5, 1, 0600) = 7");
}

/* renameat2's flags and setns's type decide what happens to the model, by the bits the kernel saw. */
static void upper_halves_decide_nothing(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/a", O_RDWR, 3);
	CALL(s, 10, "dup3", 7, 3, 7, O_CLOEXEC | 1ull << 40);
	go(s);
	CALL(s, 10, "close_range", 0, 1ull << 40 | 7, 2ull << 40 | 7, 1ull << 33);
	go(s);
	assert_string_equal(name_of(s, 10, 7), "closed");
	assert_string_equal(name_of(s, 10, 3), "/a");
}

static void sixteen_bits_of_i386(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "getpid", 0, 0xabcd03e8, 0xffff, 0);
	narrow(s, 70);
	shows(s, "[i386] setreuid(1000, -1) = 0");
	CALL(s, 10, "getpid", 0, 0, 0x1ffff, 0x20005);
	str(s, 0, "/f");
	narrow(s, 16);
	shows(s, "[i386] lchown(\"/f\", -1, 5) = 0");
	CALL(s, 10, "getpid", 0, 0, 70000, 0xffffffff);
	str(s, 0, "/f");
	narrow(s, 198);
	shows(s, "[i386] lchown32(\"/f\", 70000, -1) = 0");
	CALL(s, 10, "getpid", 2, 2, 0x1000);
	out(s, 1, (uint16_t[]){ 5, 60000 }, 4);
	narrow(s, 80);
	shows(s, "[i386] getgroups(2, [5, 60000]) = 2");
	CALL(s, 10, "getpid", 0, 0x1000, 0x1002, 0x1004);
	for (unsigned i = 0; i < 3; i++)
		out(s, i, (uint16_t[]){ (uint16_t)(40000 + i) }, 2);
	narrow(s, 165);
	shows(s, "[i386] getresuid([40000], [40001], [40002]) = 0");
}

static void ids_are_unsigned(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "setresuid", 0, 0xfffffffe, 0xffffffff, 0x80000001);
	shows(s, "setresuid(4294967294, -1, 2147483649) = 0");
	CALL(s, 10, "setgroups", 0, 2, 0x1000);
	in(s, 1, (uint32_t[]){ 0x80000001, 7 }, 8);
	shows(s, "setgroups(2, [2147483649, 7]) = 0");
	CALL(s, 10, "getresuid", 0, 0x1000, 0x1004, 0x1008);
	out(s, 0, (uint32_t[]){ 0xfffffffe }, 4);
	shows(s, "getresuid([4294967294], 0x1004, 0x1008) = 0");
}

/* Both halves of a 64-bit offset are one argument; what comes after keeps its place. */
static void halves_of_i386(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/f", O_RDWR, 3);
	CALL(s, 10, "getpid", 0, 3, 0x1000, 0, 0x10, 0x2);
	narrow(s, 180);
	shows(s, "[i386] pread64(3</f>, 0x1000, 0, 8589934608) = 0");
	CALL(s, 10, "getpid", 0, 3, 0xffffffff, 0xffffffff);
	narrow(s, 194);
	shows(s, "[i386] ftruncate64(3</f>, -1) = 0");
	CALL(s, 10, "getpid", 0, 3, 1, 0x10, 1, 0x20, 2);
	narrow(s, 324);
	shows(s, "[i386] fallocate(3</f>, FALLOC_FL_KEEP_SIZE, 4294967312, 8589934624) = 0");
	CALL(s, 10, "getpid", 0, 3, 0, 1, 5, 0, 4);
	narrow(s, 272);
	shows(s, "[i386] fadvise64_64(3</f>, 4294967296, 5, POSIX_FADV_DONTNEED) = 0");
	CALL(s, 10, "getpid", 0, 3, 0, 1, 5, 3);
	narrow(s, 250);
	shows(s, "[i386] fadvise64(3</f>, 4294967296, 5, POSIX_FADV_WILLNEED) = 0");
	CALL(s, 10, "getpid", 0, 3, 1, 0, 2, 0, 2);
	narrow(s, 314);
	shows(s, "[i386] sync_file_range(3</f>, 1, 2, SYNC_FILE_RANGE_WRITE) = 0");
	CALL(s, 10, "getpid", 0, 3, 1, 2, 3);
	narrow(s, 225);
	shows(s, "[i386] readahead(3</f>, 8589934593, 3) = 0");
	CALL(s, 10, "getpid", 0, 3, 0, 5, 0x1000, SEEK_SET);
	out(s, 3, (uint64_t[]){ 5 }, 8);
	narrow(s, 140);
	shows(s, "[i386] _llseek(3</f>, 5, [5], SEEK_SET) = 0");
	CALL(s, 10, "getpid", 0x2000, 0, 4096, 1, 2, 3, 0x100000);
	narrow(s, 192);
	shows(s, "[i386] mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</f>, 4294967296) = 0x2000");
	CALL(s, 10, "getpid", -ENOSYS, 1, 2, 0x1000, 5);
	narrow(s, 253);
	shows(s, "[i386] lookup_dcookie(0x200000001, 0x1000, 5) = -1 ENOSYS (Function not implemented)");
	CALL(s, 10, "getpid", 0, 5, 1, 0x20, 0, (uint32_t)AT_FDCWD, 0);
	str(s, 5, "/f");
	narrow(s, 339);
	shows(s, "[i386] fanotify_mark(5, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, \"/f\") = 0");
	CALL(s, 10, "preadv2", 0, 3, 0x1000, 0, 5, 77, 8);	/* x86-64: the upper half is not looked at */
	shows(s, "preadv2(3</f>, 0x1000, 0, 5, RWF_NOWAIT) = 0");
	CALL(s, 10, "getpid", 0, 3, 0x1000, 0, 5, 1, 8);
	narrow(s, 378);
	shows(s, "[i386] preadv2(3</f>, 0x1000, 0, 4294967301, RWF_NOWAIT) = 0");
}

static void words_that_are_no_arguments(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "prctl", 1, PR_GET_DUMPABLE, 1, 2, 3, 4);
	shows(s, "prctl(PR_GET_DUMPABLE) = 1");
	CALL(s, 10, "prctl", 0, PR_SET_KEEPCAPS, 1, 2, 3, 4);
	shows(s, "prctl(PR_SET_KEEPCAPS, 0x1) = 0");
	CALL(s, 10, "prctl", 0, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);	/* the kernel wants them to be 0 */
	shows(s, "prctl(PR_SET_NO_NEW_PRIVS, 0x1, 0x0, 0x0, 0x0) = 0");
	CALL(s, 10, "futex", 0, 0x1000, FUTEX_WAIT_BITSET, 5, 0, 0x7774, 0x1ffffffff);
	shows(s, "futex(0x1000, FUTEX_WAIT_BITSET, 5, NULL, 0xffffffff) = 0");
	CALL(s, 10, "futex", 0, 0x1000, FUTEX_WAKE_BITSET, 5, 0x7773, 0x7774, 1);
	shows(s, "futex(0x1000, FUTEX_WAKE_BITSET, 5, 0x1) = 0");
	CALL(s, 10, "futex", 0, 0x1000, FUTEX_WAKE, 1ull << 32 | 5, 0x7773, 0x7774, 1);
	shows(s, "futex(0x1000, FUTEX_WAKE, 5) = 0");
	CALL(s, 10, "futex", 0, 0x1000, FUTEX_REQUEUE, 5, 6, 0x7774, 1);
	shows(s, "futex(0x1000, FUTEX_REQUEUE, 5, 6, 0x7774) = 0");
	CALL(s, 10, "futex", 0, 0x1000, FUTEX_LOCK_PI, 5, 0, 0x7774, 1);
	shows(s, "futex(0x1000, FUTEX_LOCK_PI, NULL) = 0");
	CALL(s, 10, "mq_open", -ENOENT, 0x1000, O_RDWR, 0x7773, 0x7774);
	str(s, 0, "q");
	shows(s, "mq_open(\"q\", O_RDWR) = -1 ENOENT (No such file or directory)");
	CALL(s, 10, "mq_open", -EINVAL, 0x1000, O_RDWR | O_CREAT, 0600, 0);
	str(s, 0, "q");
	shows(s, "mq_open(\"q\", O_RDWR|O_CREAT, 0600, NULL) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "mremap", 0x5000, 0x1000, 1, 1, 1, 0x7774);
	shows(s, "mremap(0x1000, 1, 1, MREMAP_MAYMOVE) = 0x5000");
	CALL(s, 10, "keyctl", 0, 3, 5, 6, 7, 8);
	shows(s, "keyctl(KEYCTL_REVOKE, 0x5) = 0");
	CALL(s, 10, "kcmp", 0, 10, 10, 1, 5, 6);
	shows(s, "kcmp(10, 10, KCMP_VM) = 0");
	CALL(s, 10, "syslog", 0, 5, 1, 2);
	shows(s, "syslog(SYSLOG_ACTION_CLEAR) = 0");
	CALL(s, 10, "ptrace", 0, 12, 11, 5, 6);
	shows(s, "ptrace(PTRACE_GETREGS, 11, 0x6) = 0");
	CALL(s, 10, "semctl", 0, 1, 0, 0, 0x7774);
	shows(s, "semctl(1, 0, IPC_RMID) = 0");
	CALL(s, 10, "mknod", 0, 0, 0x18180, 5);
	str(s, 0, "/f");
	shows(s, "mknod(\"/f\", S_IFREG|0600) = 0");
	CALL(s, 10, "mknod", 0, 0, 0x2180, 0x103);
	str(s, 0, "/f");
	shows(s, "mknod(\"/f\", S_IFCHR|0600, makedev(1, 3)) = 0");
}

/* What cannot be read is an address, not something of no bytes. */
static void what_is_not_there(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "write", -EFAULT, 3, 0x1000, 5);
	part(s, 1, PART_BYTES, CHUNK_FAULT, "", 0);
	shows(s, "write(3, 0x1000, 5) = -1 EFAULT (Bad address)");
	CALL(s, 10, "rmdir", -EFAULT, 0x1000);
	part(s, 0, PART_BYTES, CHUNK_FAULT, "/half", 5);
	shows(s, "rmdir(\"/half\"…) = -1 EFAULT (Bad address)");
	CALL(s, 10, "execve", -EFAULT, 0x1000, 0x2000, 0x3000);
	str(s, 0, "/bin/true");
	part(s, 1, PART_ITEM, CHUNK_FAULT, "", 0);
	part(s, 2, PART_ITEM, CHUNK_FAULT, "", 0);
	shows(s, "execve(\"/bin/true\", 0x2000, 0x3000) = -1 EFAULT (Bad address)");
	CALL(s, 10, "execve", -EFAULT, 0x1000, 0x2000, 0x3000);
	str(s, 0, "/bin/true");
	part(s, 1, PART_ITEM, 0, "true", 4);
	part(s, 1, PART_ITEM, CHUNK_FAULT, "", 0);
	part(s, 2, PART_ITEM, 0, "A=1", 3);
	part(s, 2, PART_ITEM, CHUNK_FAULT, "", 0);
	shows(s, "execve(\"/bin/true\", [\"true\", ?], [1 variable]) = -1 EFAULT (Bad address)");
}

/* Permissions among flags are octal, as everywhere; what is no flag of the call has no name of another's. */
static void flags(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "umask", 022, 0);
	shows(s, "umask(000) = 022");
	CALL(s, 10, "shmget", 7, 0, 4096, 01000 | 0640);
	shows(s, "shmget(0x0, 4096, IPC_CREAT|0640) = 7");
	CALL(s, 10, "semget", -EINVAL, 5, 1, 0x10000 | 0600);
	shows(s, "semget(0x5, 1, 0x10000|0600) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "msgget", 7, 5, 0);
	shows(s, "msgget(0x5, 0) = 7");
	CALL(s, 10, "setns", -EINVAL, 3, CLONE_NEWNET | CLONE_VM);
	shows(s, "setns(3, CLONE_NEWNET|0x100) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "semctl", -EINVAL, 1, 0, 0x1234, 0);
	shows(s, "semctl(1, 0, 0x1234, 0x0) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "clone", -EINVAL, 1ull << 33 | CLONE_VM | SIGUSR2, 0, 5, 6, 7);	/* lower_32_bits(clone_flags) */
	shows(s, "clone(SIGUSR2|CLONE_VM, NULL) = -1 EINVAL (Invalid argument)");
}

static void commands(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "ioctl", 0, 1, 0xc0044501, 0x7774);
	shows(s, "ioctl(1<fd 1>, _IOC(_IOC_READ|_IOC_WRITE, 0x45, 0x1, 0x4), 0x7774) = 0");
	CALL(s, 10, "ioctl", 0, 1, 0xdead00004eff, 0x7774);
	shows(s, "ioctl(1<fd 1>, _IOC(_IOC_NONE, 0x4e, 0xff, 0), 0x7774) = 0");
	CALL(s, 10, "ioctl", 0, 1, 0x5401, 0x7774);
	shows(s, "ioctl(1<fd 1>, TCGETS, 0x7774) = 0");
	CALL(s, 10, "quotactl", -ENOENT, 0x80000701, 0, 0x80000001, 0x1234);
	str(s, 1, "/dev/x");
	shows(s, "quotactl(QCMD(Q_GETQUOTA, GRPQUOTA), \"/dev/x\", 2147483649, 0x1234) = -1 ENOENT (No such file or "
		 "directory)");
	CALL(s, 10, "quotactl", -ENOENT, 0x80000100, 0, 1, 0x1234);
	str(s, 1, "/dev/x");
	shows(s, "quotactl(QCMD(Q_SYNC, USRQUOTA), \"/dev/x\") = -1 ENOENT (No such file or directory)");
	CALL(s, 10, "quotactl", -EINVAL, 0x580309, 0, 5, 0x1234);
	str(s, 1, "/dev/x");
	shows(s, "quotactl(QCMD(Q_XGETQUOTA, 0x9), \"/dev/x\", 5, 0x1234) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "mount", 0, 0, 0, 0, 0xc0ed0000 | 1, 0);
	str(s, 0, "a");
	str(s, 1, "/m");
	shows(s, "mount(\"a\", \"/m\", NULL, MS_MGC_VAL|MS_RDONLY, NULL) = 0");
	CALL(s, 10, "mount", 0, 0, 0, 0, 1 << 20 | 1 << 14, 0);
	str(s, 1, "/m");
	shows(s, "mount(NULL, \"/m\", NULL, MS_REC|MS_SHARED, NULL) = 0");
}

/* A pidfd and a number of another process that happen to be equal. */
static void descriptors_of_others(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	open_(s, 11, "/theirs", O_RDONLY, 3);
	CALL(s, 10, "pidfd_open", 3, 11, 0);
	go(s);
	CALL(s, 10, "pidfd_getfd", 4, 3, 3, 0);
	shows(s, "pidfd_getfd(3<pidfd:11>, 3, 0x0) = 4</theirs>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VALUES(upper_halves_are_no_argument), VALUES(upper_halves_decide_nothing),
		VALUES(sixteen_bits_of_i386), VALUES(ids_are_unsigned), VALUES(halves_of_i386),
		VALUES(words_that_are_no_arguments), VALUES(what_is_not_there), VALUES(flags),
		VALUES(commands), VALUES(descriptors_of_others),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
