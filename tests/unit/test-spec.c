/* SPDX-License-Identifier: MIT */
/* The rows, held against the kernel's headers. */
#include "unit.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>
#include <utime.h>

#include "abi/layout.h"
#include "abi/names.h"
#include "abi/spec.h"
#include "base/buf.h"

/* Each "#define __NR_name number" of a header; x32's numbers have their bit taken off. */
static unsigned for_each_number(const char *file, void (*fn)(unsigned nr, const char *name))
{
	static const char *const dirs[] = { "/usr/include/x86_64-linux-gnu/asm", "/usr/include/asm",
					    "/usr/include/x86_64-linux-musl/asm" };
	char path[256], line[256], name[64];
	unsigned nr, n = 0;
	FILE *f = NULL;

	for (unsigned i = 0; !f && i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], file);
		f = fopen(path, "re");
	}
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "#define __NR_%63s (__X32_SYSCALL_BIT + %u)", name, &nr) != 2 &&
		    sscanf(line, "#define __NR_%63s %u", name, &nr) != 2)
			continue;
		fn(nr, name);
		n++;
	}
	fclose(f);
	return n;
}

static void check_number(unsigned arch, unsigned nr, const char *name)
{
	const struct syscall_spec *s = syscall_spec(arch, nr);

	if (!s->name || strcmp(s->name, name))
		fail_msg("arch %u, call %u: the header says %s, the row %s", arch, nr, name,
			 s->name ? s->name : "nothing");
}

static void check_x86_64(unsigned nr, const char *name)
{
	check_number(ARCH_X86_64, nr, name);
	assert_int_equal(syscall_number(name), nr);
}

static void check_i386(unsigned nr, const char *name) { check_number(ARCH_I386, nr, name); }

static void check_x32(unsigned nr, const char *name)
{
	check_number(ARCH_X32, nr, name);
	check_number(ARCH_X32, nr | 0x40000000, name);
}

static void test_header_numbers(void **state)
{
	(void)state;
	assert_true(for_each_number("unistd_64.h", check_x86_64) > 300);
	assert_true(for_each_number("unistd_32.h", check_i386) > 300);
	assert_true(for_each_number("unistd_x32.h", check_x32) > 300);
}

/* Newer than the headers of some systems we build on: Linux 6.7 to 7.0, from arch/x86/entry/syscalls/syscall_64.tbl. */
static void test_recent_numbers(void **state)
{
	static const char *const recent[] = {
		"cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount", "listmount", "lsm_get_self_attr",
		"lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat", "getxattrat", "listxattrat", "removexattrat", "open_tree_attr", "file_getattr",
		"file_setattr", "listns", "rseq_slice_yield",
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(recent); i++) {
		check_x86_64(451 + i, recent[i]);
		check_i386(451 + i, recent[i]);
	}
	check_x86_64(335, "uretprobe");
	check_x86_64(336, "uprobe");
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
		assert_int_equal(syscall_spec(ARCH_X86_64, nr)->name != NULL,
				 nr <= 336 ? nr != 71 || syscall_spec(ARCH_X86_64, nr)->name : nr >= 424 && nr <= 471);
	assert_null(syscall_spec(ARCH_X86_64, ~0u)->name);
	assert_null(syscall_spec(7, 0)->name);
	assert_int_equal(syscall_spec(ARCH_X86_64, 999)->nargs, 6);
	assert_int_equal(syscall_number("no_such_call"), -1);
}

static void check_row(const struct syscall_spec *s)
{
	bool ended = false;

	assert_true(s->effect < _FX_MAX);
	assert_true(s->groups);
	assert_true(s->nargs <= 6);
	for (unsigned i = 0; i < 6; i++) {
		const struct arg_spec *a = &s->args[i];

		if (i >= s->nargs) {
			assert_int_equal(a->type, ARG_NONE);
			continue;
		}
		if (!a->name || a->type == ARG_NONE || a->type >= _ARG_TYPE_MAX || a->len >= s->nargs ||
		    a->by >= s->nargs)
			ended = true;
		if ((a->type == ARG_FLAGS || a->type == ARG_ENUM) && !a->names)
			ended = true;
		if (a->layout && a->layout->size != a->size)
			ended = true;
		/* Lengths come from numbers, never from what is itself a pointer, but for the value-result ones. */
		if ((a->type == ARG_BUF_IN || a->type == ARG_SOCKADDR_IN || a->type == ARG_IOVEC_IN ||
		     a->type == ARG_IOVEC_OUT || a->type == ARG_ARRAY_IN) &&
		    s->args[a->len].type != ARG_SIZE && s->args[a->len].type != ARG_INT &&
		    s->args[a->len].type != ARG_UINT && s->args[a->len].type != ARG_ULONG &&
		    s->args[a->len].type != ARG_LONG)
			ended = true;
		if ((a->type == ARG_SOCKADDR_OUT || a->type == ARG_OPTVAL_OUT) &&
		    s->args[a->len].type != ARG_STRUCT_INOUT)
			ended = true;
		if (a->type == ARG_BUF_OUT && (i == 5 || s->args[i + 1].type != ARG_SIZE))	/* its room */
			ended = true;
		if (a->type == ARG_ARRAY_OUT && s->args[a->len].type != ARG_SIZE && s->args[a->len].type != ARG_INT &&
		    s->args[a->len].type != ARG_UINT && s->args[a->len].type != ARG_LONG)
			ended = true;
		if (a->type == ARG_DIRFD && s->args[i + 1].type != ARG_PATH)
			ended = true;
		if (ended)
			fail_msg("%s: argument %u (%s) is not well described", s->name, i, a->name ? a->name : "?");
	}
	/* where its time is: a pointer, or an int; or a descriptor */
	if (s->wait.limit >= WAIT_TIMESPEC && s->wait.limit <= WAIT_TIMEVAL32_UNWRITTEN && strcmp(s->name, "ipc") != 0)
		assert_true(strstr(s->args[s->wait.arg].name, "timeout"));
	if (s->wait.limit == WAIT_MS)
		assert_string_equal(s->args[s->wait.arg].name, "timeout");
	if (s->wait.limit == WAIT_RECV || s->wait.limit == WAIT_SEND || s->wait.limit == WAIT_SPLICE)
		assert_int_equal(s->args[s->wait.arg].type, ARG_FD);
	if (s->when)
		assert_true(s->when->arg < s->nargs && s->when->mask && s->when->nvals &&
			    s->when->nvals <= ARRAY_SIZE(s->when->vals));
}

static void test_rows(void **state)
{
	(void)state;
	for (unsigned arch = ARCH_X86_64; arch <= ARCH_X32; arch++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
			check_row(syscall_spec(arch, nr));
	for (unsigned fx = 0; fx < _FX_MAX; fx++)
		if (!effect_info((enum effect)fx)->name)
			fail_msg("effect %u has no row", fx);
}

static void test_find_arg(void **state)
{
	const struct syscall_spec *s = syscall_spec(ARCH_X86_64, 316);	/* renameat2 */

	(void)state;
	assert_int_equal(spec_find_arg(s, ARG_PATH, 0), 1);
	assert_int_equal(spec_find_arg(s, ARG_PATH, 1), 3);
	assert_int_equal(spec_find_arg(s, ARG_PATH, 2), -1);
	assert_int_equal(spec_find_arg(s, ARG_DIRFD, 1), 2);
	assert_int_equal(spec_find_arg(s, ARG_FD, 0), -1);
}

static void test_conditions(void **state)
{
	const struct arg_cond *at = syscall_spec(ARCH_X86_64, 262)->when;	/* newfstatat */
	const struct arg_cond *dup = syscall_spec(ARCH_X86_64, 72)->when;	/* fcntl */
	const struct arg_cond not_two = { .arg = 1, .invert = true, .mask = 0xff, .nvals = 1, .vals = { 2 } };

	(void)state;
	assert_true(cond_holds(NULL, (const uint64_t[6]){ 0 }));
	assert_true(cond_holds(at, (const uint64_t[6]){ 3, 0, 0, AT_SYMLINK_NOFOLLOW }));
	assert_false(cond_holds(at, (const uint64_t[6]){ 3, 0, 0, AT_EMPTY_PATH | AT_NO_AUTOMOUNT }));
	assert_true(cond_holds(dup, (const uint64_t[6]){ 3, F_DUPFD_CLOEXEC }));
	assert_true(cond_holds(dup, (const uint64_t[6]){ 3, F_SETFD }));
	assert_true(cond_holds(dup, (const uint64_t[6]){ 3, 0xdead00000000ull | F_DUPFD }));
	assert_false(cond_holds(dup, (const uint64_t[6]){ 3, F_GETFL }));
	assert_true(cond_holds(&not_two, (const uint64_t[6]){ 0, 1 }));
	assert_false(cond_holds(&not_two, (const uint64_t[6]){ 0, 0x102 }));
}

static uint32_t memory[6] = { 11, 12, 13, 14, 15, 16 };

static bool read_words(void *ctx, uint64_t addr, unsigned nwords, uint32_t *ret_words)
{
	(void)ctx;
	if (addr != 0x5000)
		return false;
	memcpy(ret_words, memory, nwords * sizeof(*memory));
	return true;
}

static void check_unwrap(unsigned nr, const uint64_t in[6], const char *name, const uint64_t out[6])
{
	uint64_t args[6];

	memcpy(args, in, sizeof(args));
	spec_unwrap(&nr, args, read_words, NULL);
	assert_string_equal(syscall_spec(ARCH_I386, nr)->name, name);
	assert_memory_equal(args, out, sizeof(args));
}

#define ARGS(...) (const uint64_t[6]){ __VA_ARGS__ }
static void test_unwrap(void **state)
{
	(void)state;
	check_unwrap(102, ARGS(1, 0x5000), "socket", ARGS(11, 12, 13));
	check_unwrap(102, ARGS(3, 0x5000), "connect", ARGS(11, 12, 13));
	check_unwrap(102, ARGS(5, 0x5000), "accept4", ARGS(11, 12, 13));
	check_unwrap(102, ARGS(9, 0x5000), "sendto", ARGS(11, 12, 13, 14));
	check_unwrap(102, ARGS(12, 0x5000), "recvfrom", ARGS(11, 12, 13, 14, 15, 16));
	check_unwrap(102, ARGS(16, 0x5000), "sendmsg", ARGS(11, 12, 13));
	check_unwrap(102, ARGS(20, 0x5000), "sendmmsg", ARGS(11, 12, 13, 14));
	check_unwrap(102, ARGS(0, 0x5000), "socketcall", ARGS(0, 0x5000));
	check_unwrap(102, ARGS(21, 0x5000), "socketcall", ARGS(21, 0x5000));
	check_unwrap(102, ARGS(1, 0x6000), "socketcall", ARGS(1, 0x6000));
	check_unwrap(82, ARGS(0x5000), "_newselect", ARGS(11, 12, 13, 14, 15));
	check_unwrap(90, ARGS(0x5000), "mmap", ARGS(11, 12, 13, 14, 15, 16));
	check_unwrap(117, ARGS(23, 1, 2, 3, 4, 5), "shmget", ARGS(1, 2, 3));
	check_unwrap(117, ARGS(22, 1, 2, 3, 4, 5), "shmdt", ARGS(4));
	check_unwrap(117, ARGS(12 | 1 << 16, 1, 2, 3, 4, 5), "msgrcv", ARGS(1, 4, 2, 5, 3));
	check_unwrap(117, ARGS(21, 1, 2, 3, 4, 5), "ipc", ARGS(21, 1, 2, 3, 4, 5));
	check_unwrap(3, ARGS(1, 0x5000, 3), "read", ARGS(1, 0x5000, 3));
}

static void check_split(const struct names *names, uint64_t val, const char *first, unsigned n, uint64_t field,
			uint64_t mode, uint64_t rest)
{
	struct names_split s;

	names_split(names, val, &s);
	assert_int_equal(s.n, n);
	if (n)
		assert_string_equal(s.names[0], first);
	assert_int_equal(s.field, field);
	assert_int_equal(s.mode, mode);
	assert_int_equal(s.rest, rest);
}

static const struct names empty = FLAG_SET({ 0 }), message = MODE_SET(V(01000, "IPC_CREAT"));

/* How the terminal words them: test-value-text.c. */
static void test_names(void **state)
{
	(void)state;
	check_split(&open_flags, O_RDONLY, "O_RDONLY", 1, 0, 0, 0);
	check_split(&open_flags, O_RDWR | O_CREAT | O_CLOEXEC | 0x40000000, "O_RDWR", 3, 0, 0, 0x40000000);
	check_split(&open_flags, O_ACCMODE | O_CREAT, "O_CREAT", 1, O_ACCMODE, 0, 0);
	check_split(&open_flags, O_SYNC, "O_RDONLY", 2, 0, 0, 0);
	check_split(&prot_flags, 0, "PROT_NONE", 1, 0, 0, 0);
	check_split(&open_bits, 0, NULL, 0, 0, 0, 0);
	check_split(&message, 01644, "IPC_CREAT", 1, 0, 0644, 0);
	check_split(&empty, 6, NULL, 0, 0, 0, 6);
	check_split(NULL, 255, NULL, 0, 0, 0, 255);
	check_split(&mmap_flags, 0x3f, "MAP_FIXED", 2, 0xf, 0, 0);
	assert_string_equal(names_find(&socket_families, AF_UNIX), "AF_UNIX");
	assert_null(names_find(&socket_families, 999));
	assert_null(names_find(NULL, 0));
}

static void test_errno_signal(void **state)
{
	(void)state;
	assert_string_equal(errno_name(2), "ENOENT");
	assert_string_equal(errno_text(2), "No such file or directory");
	assert_string_equal(errno_name(11), "EAGAIN");
	assert_string_equal(errno_name(133), "EHWPOISON");
	assert_string_equal(errno_name(512), "ERESTARTSYS");
	assert_string_equal(errno_name(516), "ERESTART_RESTARTBLOCK");
	assert_string_equal(errno_name(515), "ENOIOCTLCMD");
	assert_null(errno_name(0));
	assert_null(errno_name(-1));
	assert_null(errno_name(999));
	assert_string_equal(errno_text(999), "Unknown error");
	for (int err = 1; err <= 133; err++)
		if (err != 41 && err != 58)	/* never assigned */
			assert_non_null(errno_name(err));
	assert_string_equal(signal_name(SIGTERM), "SIGTERM");
	assert_string_equal(signal_name(32), "SIGRTMIN");
	assert_string_equal(signal_name(35), "SIGRT_3");
	assert_string_equal(signal_name(64), "SIGRTMAX");
	for (int sig = -1; sig < 70; sig++)
		assert_non_null(signal_name(sig));
}

static void test_layout_sizes(void **state)
{
	(void)state;
#define SIZE(layout, type) assert_int_equal(layout_##layout##_size, sizeof(type))
	SIZE(timespec, struct timespec); SIZE(timeval, struct timeval); SIZE(stat, struct stat); SIZE(statx, struct statx); SIZE(statfs, struct statfs);
	SIZE(pollfd, struct pollfd); SIZE(epoll_event, struct epoll_event); SIZE(siginfo, siginfo_t); SIZE(stack, stack_t);
	SIZE(rlimit, struct rlimit); SIZE(rusage, struct rusage); SIZE(utsname, struct utsname); SIZE(sysinfo, struct sysinfo); SIZE(open_how, struct open_how);
	SIZE(clone_args, struct clone_args); SIZE(mq_attr, struct mq_attr); SIZE(io_event, struct io_event); SIZE(mount_attr, struct mount_attr);
	SIZE(linger, struct linger); SIZE(ucred, struct ucred); SIZE(ip_mreqn, struct ip_mreqn); SIZE(ip_mreq, struct ip_mreq); SIZE(ip_mreq_source, struct ip_mreq_source);
	SIZE(ipv6_mreq, struct ipv6_mreq); SIZE(in6_pktinfo, struct in6_pktinfo); SIZE(ip6_mtuinfo, struct ip6_mtuinfo);
	SIZE(itimerspec, struct itimerspec); SIZE(itimerval, struct itimerval); SIZE(timezone, struct timezone); SIZE(utimbuf, struct utimbuf); SIZE(tms, struct tms);
	/* No field may lie outside its struct. */
	static const struct { const struct layout *layout; const char *name; } all[] = {
#define X(name, bytes) { &layout_##name, #name },
		LAYOUTS(X)
#undef X
	};
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		for (const struct field *f = all[i].layout->fields; f && f->type != ARG_NONE; f++)
			if (f->off + f->size > all[i].layout->size)
				fail_msg("%s.%s is outside", all[i].name, f->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_numbers), cmocka_unit_test(test_recent_numbers), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_find_arg), cmocka_unit_test(test_conditions), cmocka_unit_test(test_unwrap), cmocka_unit_test(test_names), cmocka_unit_test(test_errno_signal),
		cmocka_unit_test(test_layout_sizes),
	};

	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
