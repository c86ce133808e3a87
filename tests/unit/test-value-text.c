/* SPDX-License-Identifier: MIT */
/* The dialect of the terminal and the report: named values, structs, addresses. */
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <linux/openat2.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include "abi/layout.h"
#include "abi/names.h"
#include "base/buf.h"
#include "decode/call.h"
#include "sink/value.h"

static void check_names(const struct names *names, uint64_t val, const char *text)
{
	struct buf b = { 0 };

	flags_format(&b, names, val);
	assert_string_equal(b.s, text);
	buf_done(&b);
}

static const struct names empty = FLAG_SET({ 0 });

static void test_names(void **state)
{
	(void)state;
	check_names(&open_flags, O_RDONLY, "O_RDONLY");
	check_names(&open_flags, O_RDWR | O_CREAT | O_CLOEXEC, "O_RDWR|O_CREAT|O_CLOEXEC");
	check_names(&open_flags, O_WRONLY | O_SYNC, "O_WRONLY|O_SYNC");
	check_names(&open_flags, O_RDWR | O_TMPFILE, "O_RDWR|O_TMPFILE");
	check_names(&open_flags, 0x40000000, "O_RDONLY|0x40000000");
	check_names(&open_bits, 0, "0");
	check_names(&prot_flags, 0, "PROT_NONE");
	check_names(&prot_flags, 5, "PROT_READ|PROT_EXEC");
	check_names(&clone_flags, 17, "SIGCHLD");
	check_names(&clone_flags, 0x100 | 10, "SIGUSR1|CLONE_VM");
	check_names(&socket_types, SOCK_STREAM | SOCK_CLOEXEC, "SOCK_STREAM|SOCK_CLOEXEC");
	check_names(&socket_families, AF_INET6, "AF_INET6");
	check_names(&socket_families, 999, "0x3e7");
	check_names(&empty, 0, "0");
	check_names(&empty, 6, "0x6");
	check_names(NULL, 0, "0");
	check_names(NULL, 255, "0xff");
}

static void check_layout(const struct layout *layout, const void *bytes, uint32_t len, const char *text)
{
	struct buf b = { 0 };

	layout_format(&b, layout, bytes, len);
	assert_string_equal(b.s, text);
	buf_done(&b);
}

static void test_layouts(void **state)
{
	struct timespec ts[2] = { { 1, 2 }, { -3, 4 } };
	struct pollfd p = { .fd = -1, .events = POLLIN | POLLOUT, .revents = POLLHUP };
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u64 = 7 };
	struct stat st = { .st_mode = S_IFREG | 0644,
			   .st_size = 123,
			   .st_dev = 0x801,
			   .st_uid = 1000,
			   .st_nlink = 1,
			   .st_blocks = 8,
			   .st_ino = 9 };
	struct open_how how = { .flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = 8 };
	struct utsname u = { .sysname = "Li\"nux", .release = "6\x1b", .machine = "x86_64" };
	uint64_t sigs = 1ull << (SIGINT - 1) | 1ull << (SIGRTMIN - 1), all = ~0ull & ~(1ull << (SIGKILL - 1));
	int status = 0x0300;

	(void)state;
	check_layout(&layout_timespec, ts, 16, "{tv_sec=1, tv_nsec=2}");
	check_layout(&layout_timespec, ts, 12, "{tv_sec=1, …}");
	check_layout(&layout_timespec, ts, 0, "{…}");
	check_layout(&layout_timespecs, ts, 32, "{atime={tv_sec=1, tv_nsec=2}, mtime={tv_sec=-3, tv_nsec=4}}");
	check_layout(&layout_rlimit, (uint64_t[2]){ 8192, ~0ull }, 16, "{rlim_cur=8192, rlim_max=RLIM_INFINITY}");
	ts[1].tv_nsec = UTIME_OMIT;
	check_layout(&layout_timespecs, ts, 32, "{atime={tv_sec=1, tv_nsec=2}, mtime={tv_sec=-3, tv_nsec=UTIME_OMIT}}");
	check_layout(&layout_pollfd, &p, sizeof(p), "{fd=-1, events=POLLIN|POLLOUT, revents=POLLHUP}");
	check_layout(&layout_epoll_event, &e, sizeof(e), "{events=EPOLLIN|EPOLLET, data=0x7}");
	check_layout(&layout_stat, &st, sizeof(st),
		     "{st_dev=8:1, st_ino=9, st_mode=S_IFREG|0644, st_nlink=1, st_uid=1000, st_gid=0, st_rdev=0:0, "
		     "st_size=123, st_blocks=8}");
	check_layout(&layout_open_how, &how, sizeof(how), "{flags=O_RDWR|O_CREAT, mode=0600, resolve=RESOLVE_BENEATH}");
	check_layout(&layout_utsname, &u, sizeof(u),
		     "{sysname=\"Li\\\"nux\", nodename=\"\", release=\"6\\e\", version=\"\", machine=\"x86_64\"}");
	check_layout(&layout_sigset, &sigs, 8, "[INT RT_2]");
	check_layout(&layout_sigset, &all, 8, "~[KILL]");
	check_layout(&layout_cpu_set, "\x0f\x81\0\3", 4, "[0-3,8,15,24-25]");
	check_layout(&layout_cpu_set, "\xff\xff", 2, "[0-15]");
	check_layout(&layout_cpu_set, "\0", 1, "[]");
	check_layout(&layout_cpu_set, "", 0, "[]");
	check_layout(&layout_sigaction, (uint64_t[4]){ 1, 0x10000000 }, 32,
		     "{sa_handler=SIG_IGN, sa_flags=SA_RESTART, sa_restorer=NULL, sa_mask=[]}");
	check_layout(&layout_sigaction32, (uint32_t[5]){ 0 }, 20,
		     "{sa_handler=SIG_DFL, sa_flags=0, sa_restorer=NULL, sa_mask=[]}");
	check_layout(&layout_sigaction, (uint64_t[4]){ 0x1234 }, 32,
		     "{sa_handler=0x1234, sa_flags=0, sa_restorer=NULL, sa_mask=[]}");
	check_layout(&layout_int, &status, 4, "[768]");
	check_layout(&layout_wstatus, &status, 4, "[exited 3]");
	status = SIGSEGV | 0x80;
	check_layout(&layout_wstatus, &status, 4, "[killed by SIGSEGV, core dumped]");
	check_layout(&layout_wstatus, &status, 3, "…");
}

static void check_addr(const void *bytes, size_t len, const char *text)
{
	struct addr a;
	struct buf b = { 0 };

	assert_true(decode_addr(bytes, len, &a));
	addr_format(&b, &a);
	assert_string_equal(b.s, text);
	buf_done(&b);
}

static void test_addr(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr = { htonl(0x7f010203) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(443),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/x.sock" };

	(void)state;
	check_addr(&in, sizeof(in), "127.1.2.3:80");
	in.sin_addr.s_addr = htonl(0x08080808);
	check_addr(&in, sizeof(in), "8.8.8.8:80");
	check_addr(&in6, sizeof(in6), "[::1]:443");
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6.sin6_addr);
	check_addr(&in6, sizeof(in6), "[::ffff:127.0.0.1]:443");
	inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
	in6.sin6_scope_id = 2;
	check_addr(&in6, sizeof(in6), "[fe80::1%2]:443");
	check_addr(&un, sizeof(un), "/run/x.sock");
	check_addr(&un, 2 + 4, "/run");
	check_addr(&un, 2, "unnamed");
	check_addr("\1\0\0abc", 6, "@abc");
	check_addr("\x10\0\0\0\0\0\0\0\0\0\0\0", 12, "kernel");
	check_addr("\x10\0\0\0\x67\x12\0\0\0\0\0\0", 12, "port 4711");
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_cid = 2, .svm_port = 70000 };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(0x0800),
				  .sll_ifindex = 2,
				  .sll_halen = 6,
				  .sll_addr = { 2, 0x42, 0xac, 0x11, 0, 2 } };
	struct sockaddr_alg alg = { .salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha256" };

	check_addr(&vm, sizeof(vm), "2:70000");
	vm.svm_cid = VMADDR_CID_ANY;
	vm.svm_port = VMADDR_PORT_ANY;
	check_addr(&vm, sizeof(vm), "*:*");
	check_addr(&ll, sizeof(ll), "if2 0x0800 02:42:ac:11:00:02");
	ll.sll_halen = 255;	/* not believed */
	check_addr(&ll, sizeof(ll), "if2 0x0800 02:42:ac:11:00:02:00:00");
	ll = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = htons(3) };
	check_addr(&ll, 12, "any interface 0x0003");
	check_addr(&alg, sizeof(alg), "hash(sha256)");
	memset(alg.salg_type, 'x', sizeof(alg.salg_type));
	memset(alg.salg_name, 'y', sizeof(alg.salg_name));
	check_addr(&alg, sizeof(alg),
		   "xxxxxxxxxxxxxx(yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy)");
	check_addr("\xff\xff", 2, "family 65535");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_layouts),
					    cmocka_unit_test(test_addr) };

	return cmocka_run_group_tests_name("value-text", tests, NULL, NULL);
}
