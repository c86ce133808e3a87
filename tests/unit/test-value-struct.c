/* SPDX-License-Identifier: MIT */
/* Values in structs and lists: addresses that were cut, options, sets, vectors, siginfos. */
#include "value_show.h"

static void structs(void **state)
{
	uint64_t args[11] = { [0] = CLONE_VM, [4] = 0x4321 };
	struct pollfd before = { 3, POLLIN, POLLHUP }, after = { 3, POLLIN, POLLIN };
	struct scene *s = *state;

	CALL(s, 10, "clone3", -EINVAL, 0x1000, 88);
	in(s, 0, args, 88);
	go(s);
	assert_non_null(strstr(shown.s, "exit_signal=17185,"));
	/* an older program's struct ends earlier, which is no cut; nor is there a half of a member */
	CALL(s, 10, "clone3", -EINVAL, 0x1000, 64);
	in(s, 0, args, 64);
	go(s);
	assert_non_null(strstr(shown.s, "stack_size=0, tls=NULL}, 64) = "));
	CALL(s, 10, "clone3", -EINVAL, 0x1000, 60);
	in(s, 0, args, 60);
	go(s);
	assert_non_null(strstr(shown.s, "stack_size=0, …}, 60) = "));
	CALL(s, 10, "clone3", -EINVAL, 0x1000, 88);
	in(s, 0, args, 64);
	go(s);
	assert_non_null(strstr(shown.s, "tls=NULL, …}, 88) = "));
	CALL(s, 10, "sched_setaffinity", -EINVAL, 0, 0, 0x1000);
	in(s, 2, "", 0);
	shows(s, "sched_setaffinity(0, 0, []) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "openat2", -EINVAL, (uint64_t)AT_FDCWD, 0, 0x1000, 0);
	str(s, 1, "/f");
	in(s, 2, "", 0);
	shows(s, "openat2(AT_FDCWD, \"/f\", {…}, 0) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "setgroups", 0, 0, 0x1000);
	in(s, 1, "", 0);
	shows(s, "setgroups(0, []) = 0");
	/* revents says something only after the call, and then also when it is as before */
	CALL(s, 10, "poll", 1, 0x1000, 1, 5);
	in(s, 0, &before, sizeof(before));
	out(s, 0, &after, sizeof(after));
	shows(s, "poll([{fd=3, events=POLLIN}] → [{fd=3, events=POLLIN, revents=POLLIN}], 1, 5) = 1");
	CALL(s, 10, "poll", 1, 0x1000, 1ull << 32 | 1, 5);
	in(s, 0, &after, sizeof(after));
	out(s, 0, &after, sizeof(after));
	shows(s, "poll([{fd=3, events=POLLIN}] → [{fd=3, events=POLLIN, revents=POLLIN}], 1, 5) = 1");
	CALL(s, 10, "poll", -EINTR, 0x1000, 1, 5);
	in(s, 0, &before, sizeof(before));
	shows(s, "poll([{fd=3, events=POLLIN}], 1, 5) = -1 EINTR (Interrupted system call)");
	CALL(s, 10, "wait4", 11, 11, 0x1000, 0, 0);
	out(s, 1, (int[]){ 0x3057f }, 4);
	shows(s, "wait4(11, [stopped by SIGTRAP, PTRACE_EVENT_CLONE], 0, NULL) = 11");
}

static struct sockaddr_in inet(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(0x7f000001) };
}

static void socket_(struct scene *s, int fd)
{
	CALL(s, 10, "socket", fd, AF_INET, SOCK_DGRAM, 0);
	go(s);
}

static void getsockname_(struct scene *s, int room, const struct sockaddr_in *a)
{
	CALL(s, 10, "getsockname", 0, 3, 0x1000, 0x2000);
	in(s, 2, &room, 4);
	out(s, 1, a, 16);
	out(s, 2, (int[]){ 16 }, 4);
}

/* No more of an address counts than there was room for: not shown, and not believed. */
static void cut_addresses(void **state)
{
	struct sockaddr_in a = inet(80);
	struct record_msg m[2] = { { 5, 16, 0, { 0 } }, { 6, 16, 0, { 0 } } };
	struct scene *s = *state;

	socket_(s, 3);
	getsockname_(s, 4, &a);
	shows(s, "getsockname(3<udp4>, \"\\x02\\0\\0P\"…, [4] → [16]) = 0");
	assert_string_equal(name_of(s, 10, 3), "udp4");
	getsockname_(s, 0, &a);
	shows(s, "getsockname(3<udp4>, \"\"…, [0] → [16]) = 0");
	CALL(s, 10, "recvmsg", 5, 3, 0x1000, 0);
	part(s, 1, PART_ROOM, 0, (uint32_t[]){ 4 }, 4);
	part(s, 1, PART_NAME, CHUNK_AT_EXIT, &a, 16);
	part(s, 1, PART_IOV, CHUNK_AT_EXIT, (uint64_t[]){ 0x3000, 99 }, 16);
	part(s, 1, PART_DATA, CHUNK_AT_EXIT, "hello", 5);
	assert_string_equal(go(s)->peer, "");
	assert_string_equal(shown.s, "recvmsg(3<udp4>, {name=\"\\x02\\0\\0P\"…, iov=[{\"hello\", 99}]}, 0) = 5");
	memcpy(m[0].name, &a, 16);
	memcpy(m[1].name, &a, 16);
	/* a hostile recording has rooms for fewer messages than there are */
	for (unsigned nrooms = 1; nrooms <= 2; nrooms++) {
		CALL(s, 10, "recvmmsg", 2, 3, 0x1000, 2, 0, 0);
		part(s, 1, PART_ROOM, 0, (uint32_t[]){ 2, 16 }, 4 * nrooms);
		part(s, 1, PART_MSGVEC, CHUNK_AT_EXIT, m, sizeof(m));
		shows(s,
		      "recvmmsg(3<udp4>, [{name=\"\\x02\\0\"…, len=5}, {name=127.0.0.1:80, len=6}], 2, 0, NULL) = 2");
	}
	CALL(s, 10, "recvmmsg", 2, 3, 0x1000, 2, 0, 0);
	part(s, 1, PART_ROOM, 0, (uint32_t[]){ 2, 15 }, 8);
	part(s, 1, PART_MSGVEC, CHUNK_AT_EXIT, m, sizeof(m));
	assert_string_equal(go(s)->peer, "");
	CALL(s, 10, "recvmmsg", 2, 3, 0x1000, 2, 0, 0);
	part(s, 1, PART_ROOM, 0, "", 0);
	part(s, 1, PART_MSGVEC, CHUNK_AT_EXIT, m, sizeof(m));
	assert_string_equal(go(s)->peer, "127.0.0.1:80");
	CALL(s, 10, "getsockname", 0, 3, 0x1000, 0x2000);	/* an older recording says nothing of room */
	out(s, 1, &a, 16);
	shows(s, "getsockname(3<udp4 127.0.0.1:80>, 127.0.0.1:80, 0x2000) = 0");
}

static void option(struct scene *s, unsigned level, unsigned name, const void *value, size_t n, const char *text)
{
	CALL(s, 10, "setsockopt", 0, 3, level, name, 0x1000, n);
	in(s, 3, value, n);
	go(s);
	if (!strstr(shown.s, text))
		fail_msg("%s lacks %s", shown.s, text);
}

/* Rows say what an option's value is; how long it is decides where there are several forms. */
static void option_values(void **state)
{
	struct sockaddr_in a = inet(80);
	char many[40] = "";
	struct scene *s = *state;

	socket_(s, 3);
	option(s, 1, 7, (int[]){ 5 }, 4, "SO_SNDBUF, [5], 4)");
	option(s, 1, 7, (int[]){ 5, 6 }, 8, "SO_SNDBUF, [5], 8)");
	option(s, 0, 2, "\xff", 1, "IP_TTL, [255], 1)");
	option(s, 0, 2, "\5\6", 2, "IP_TTL, \"\\x05\\x06\", 2)");
	option(s, 0, 2, "", 0, "IP_TTL, \"\", 0)");
	option(s, 1, 20, (int64_t[]){ 1, 2 }, 16, "SO_RCVTIMEO, {tv_sec=1, tv_usec=2}, 16)");
	option(s, 1, 20, (int[]){ 1, 2 }, 8, "SO_RCVTIMEO, {tv_sec=1, tv_usec=2}, 8)");	/* of a 32-bit program */
	option(s, 1, 20, (int[]){ 1 }, 3, "SO_RCVTIMEO, {…}, 3)");
	option(s, 1, 26, (uint64_t[]){ 7, 0x5000 }, 12, "SO_ATTACH_FILTER, {len=7, …}, 12)");
	option(s, 1, 47, (int[]){ -1 }, 4, "SO_MAX_PACING_RATE, [4294967295], 4)");
	option(s, 1, 47, (int64_t[]){ 1ll << 40 }, 8, "SO_MAX_PACING_RATE, [1099511627776], 8)");
	option(s, 0, 32, &a.sin_addr, 4, "IP_MULTICAST_IF, [127.0.0.1], 4)");
	option(s, 0, 39, (uint32_t[]){ 0x010000e0, 0x0100007f, 0x0200007f }, 12,
	       "IP_ADD_SOURCE_MEMBERSHIP, {imr_multiaddr=224.0.0.1, imr_interface=127.0.0.1, "
	       "imr_sourceaddr=127.0.0.2}, 12)");
	option(s, 255, 1, (uint32_t[]){ 0x102 }, 4, "SOL_RAW, ICMP_FILTER, [0x102], 4)");
	option(s, 1, 26, (uint64_t[]){ 7, 0x5000 }, 16, "SO_ATTACH_FILTER, {len=7, filter=0x5000}, 16)");
	option(s, 1, 37, (uint32_t[]){ 0x18 }, 4,
	       "SO_TIMESTAMPING, [SOF_TIMESTAMPING_RX_SOFTWARE|SOF_TIMESTAMPING_SOFTWARE], 4)");
	option(s, 6, 31, "tls", 3, "TCP_ULP, \"tls\", 3)");
	option(s, 6, 999, many, 40, "999, \"\\0\\0");
	option(s, 6, 999, many, 40, "\"…, 40)");
	option(s, 7777, 1, "\1\2", 2, "7777, 1, \"\\x01\\x02\", 2)");
	CALL(s, 10, "setsockopt", 0, 3, 1, 13, 0x1000, 9);	/* the ninth byte is not there, and the kernel does not look at it */
	part(s, 3, PART_BYTES, CHUNK_FAULT, (int[]){ 1, 7 }, 8);
	shows(s, "setsockopt(3<udp4>, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=7}, 9) = 0");
	CALL(s, 10, "setsockopt", -EFAULT, 3, 1, 13, 0x1000, 8);
	part(s, 3, PART_BYTES, CHUNK_FAULT, (int[]){ 1 }, 4);
	shows(s, "setsockopt(3<udp4>, SOL_SOCKET, SO_LINGER, 0x1000, 8) = -1 EFAULT (Bad address)");
	CALL(s, 10, "getsockopt", 10, 3, 1, 26, 0x1000, 0x2000);
	out(s, 3, "\x15\0\1\0", 4);
	shows(s, "getsockopt(3<udp4>, SOL_SOCKET, SO_ATTACH_FILTER, \"\\x15\\0\\x01\\0\", 0x2000) = 10");
	CALL(s, 10, "getsockopt", 0, 3, 0, 80, 0x1000, 0x2000);
	in(s, 4, (int[]){ 99 }, 4);
	out(s, 3, &a, 16);
	out(s, 4, (int[]){ 16 }, 4);
	shows(s, "getsockopt(3<udp4>, SOL_IP, SO_ORIGINAL_DST, 127.0.0.1:80, [99] → [16]) = 0");
	CALL(s, 10, "getsockopt", 0, 3, 1, 59, 0x1000, 0x2000);
	out(s, 3, (uint32_t[]){ 5, 0x80000001 }, 8);
	shows(s, "getsockopt(3<udp4>, SOL_SOCKET, SO_PEERGROUPS, [5, 2147483649], 0x2000) = 0");
}

static void sets_and_vectors(void **state)
{
	uint64_t set[2] = { 1 << 5 | 1 << 7, ~0ull }, none[2] = { 0, ~0ull };
	uint64_t iov[4] = { 0x3000, 5, 0x4000, 8 };
	struct scene *s = *state;

	CALL(s, 10, "select", 0, 7, 0x1000, 0, 0, 0);	/* bit 7 is not among them */
	in(s, 1, set, 1);
	out(s, 1, none, 1);
	shows(s, "select(7, [5] → [], NULL, NULL, NULL) = 0");
	CALL(s, 10, "select", 0, 3, 0x1000, 0, 0, 0);
	in(s, 1, set, 1);
	out(s, 1, none, 1);
	shows(s, "select(3, [], NULL, NULL, NULL) = 0");
	CALL(s, 10, "select", 0, 200, 0x1000, 0, 0, 0);	/* a hostile recording: fewer bytes than descriptors */
	in(s, 1, set, 1);
	shows(s, "select(200, [5 7], NULL, NULL, NULL) = 0");
	CALL(s, 10, "select", -EINVAL, (uint32_t)-1, 0x1000, 0, 0, 0);
	in(s, 1, "", 0);
	shows(s, "select(-1, 0x1000, NULL, NULL, NULL) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "readv", 7, 3, 0x1000, 2);
	part(s, 1, PART_IOV, 0, iov, sizeof(iov));
	part(s, 1, PART_DATA, CHUNK_AT_EXIT, "abcdefg", 7);
	shows(s, "readv(3<fd 3>, [{\"abcde\", 5}, {\"fg\", 8}], 2) = 7");
	CALL(s, 10, "readv", 13, 3, 0x1000, 2);		/* more came than is kept */
	part(s, 1, PART_IOV, 0, iov, sizeof(iov));
	part(s, 1, PART_DATA, CHUNK_AT_EXIT | CHUNK_TRUNC, "abcdefg", 7);
	shows(s, "readv(3<fd 3>, [{\"abcde\", 5}, {\"fg\"…, 8}], 2) = 13");
	CALL(s, 10, "writev", 13, 3, 0x1000, 2);
	part(s, 1, PART_IOV, 0, iov, sizeof(iov));
	part(s, 1, PART_DATA, CHUNK_TRUNC, "abcdefg", 7);
	shows(s, "writev(3<fd 3>, [{\"abcde\", 5}, {\"fg\"…, 8}], 2) = 13");
	CALL(s, 10, "process_vm_writev", 7, 10, 0x1000, 1, 0x2000, 1, 0);
	part(s, 1, PART_IOV, 0, iov, 16);
	part(s, 1, PART_DATA, 0, "abcde", 5);
	part(s, 3, PART_IOV, 0, iov + 2, 16);
	shows(s, "process_vm_writev(10, [{\"abcde\", 5}], 1, [{0x4000, 8}], 1, 0x0) = 7");
	CALL(s, 10, "recvfrom", 100, 3, 0x1000, 5, MSG_TRUNC, 0, 0);
	out(s, 1, "abcde", 5);
	shows(s, "recvfrom(3<fd 3>, \"abcde\", 5, MSG_TRUNC, NULL, NULL) = 100");
}

/* What a call did not write, and what lies behind what it wrote, is not its answer. */
static void what_was_not_written(void **state)
{
	struct scene *s = *state;
	uint64_t attr[4] = { 0x10 };

	CALL(s, 10, "getgroups", 3, 0, 0x1000);
	out(s, 1, (uint32_t[]){ 7, 8, 9 }, 12);
	shows(s, "getgroups(0, 0x1000) = 3");
	CALL(s, 10, "getgroups", 2, 5, 0x1000);
	out(s, 1, (uint32_t[]){ 7, 8 }, 8);
	shows(s, "getgroups(5, [7, 8]) = 2");
	CALL(s, 10, "mount_setattr", -EINVAL, 3, 0, 0, 0x1000, 8);
	str(s, 1, "/m");
	in(s, 3, attr, 8);
	shows(s, "mount_setattr(3, \"/m\", 0, {attr_set=0x10}, 8) = -1 EINVAL (Invalid argument)");
	CALL(s, 10, "epoll_ctl", 0, 3, 2, 4, 0x1000);
	in(s, 3, "abcdefghijkl", 12);
	shows(s, "epoll_ctl(3<fd 3>, EPOLL_CTL_DEL, 4, 0x1000) = 0");
	CALL(s, 10, "getpid", 0, 7, 0x1000);
	out(s, 1, (uint32_t[]){ 1024, ~0u }, 8);
	narrow(s, 191);
	shows(s, "[i386] ugetrlimit(RLIMIT_NOFILE, {rlim_cur=1024, rlim_max=RLIM_INFINITY}) = 0");
}

static void siginfo(struct scene *s, int signo, int code, const char *text)
{
	int32_t si[32] = { signo, 0, code, 0, 11, 1000, 9 };

	CALL(s, 10, "rt_sigtimedwait", signo, 0, 0x1000, 0, 8);
	out(s, 1, si, sizeof(si));
	go(s);
	if (!strstr(shown.s, text))
		fail_msg("%s lacks %s", shown.s, text);
}

/* The same bytes are a sender, a timer or an address. */
static void siginfos(void **state)
{
	struct scene *s = *state;

	siginfo(s, SIGUSR1, SI_USER, "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=11, si_uid=1000}");
	siginfo(s, SIGUSR1, SI_QUEUE, "{si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=11, si_uid=1000, si_value=0x9}");
	siginfo(s, SIGALRM, SI_TIMER,
		"{si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=11, si_overrun=1000, si_value=0x9}");
	siginfo(s, SIGCHLD, 1, "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=11, si_uid=1000, si_status=9}");
	siginfo(s, SIGSEGV, 1, "{si_signo=SIGSEGV, si_code=1, si_addr=0x3e80000000b}");
	siginfo(s, SIGSEGV, SI_TKILL, "si_code=SI_TKILL, si_pid=11");
	siginfo(s, SIGSEGV, SI_KERNEL, "{si_signo=SIGSEGV, si_code=SI_KERNEL, si_errno=0}");
	siginfo(s, SIGIO, 1, "{si_signo=SIGIO, si_code=1, si_band=4294967296011, si_fd=9}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VALUES(structs), VALUES(cut_addresses), VALUES(option_values), VALUES(sets_and_vectors),
		VALUES(what_was_not_written), VALUES(siginfos),
	};

	return cmocka_run_group_tests_name("value-struct", tests, NULL, NULL);
}
