/* SPDX-License-Identifier: MIT */
/* Arguments as -v has to show them: what the kernel read and wrote, no more and no less. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "tracee.h"

#define RUBBISH 0xdeadbeef00000000ul
/* Registers as a compiler may leave them: the upper half of an int means nothing. */
#define INT(n) (RUBBISH | (uint32_t)(n))

static struct sockaddr_in here(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	CHECK(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	return a;
}

/* A page, and nothing behind it. */
static char *last_page(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && munmap(p + 4096, 4096) == 0);
	memset(p, 0x7f, 4096);
	return p;
}

/* The kernel writes no more of an address than there is room for, and says how long it would be. */
static void rooms(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct { struct sockaddr_in a; char behind[16]; } from[2];
	char buf[64], *edge = last_page();
	struct iovec iov[2] = { { buf, 32 }, { buf + 32, 32 } };
	struct msghdr m = { .msg_name = from, .msg_iov = iov, .msg_iovlen = 1 };
	struct mmsghdr mm[2];
	int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0), l, n;
	socklen_t len;

	CHECK(bind(s, (struct sockaddr *)&a, sizeof(a)) == 0 && bind(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	a = here(s);
	memset(from, 'A', sizeof(from));
	len = 4;
	CHECK(getsockname(s, (struct sockaddr *)from, &len) == 0 && len == 16);
	expect_call("getsockname(%d<udp4 127.0.0.1:%d>, \"\\x02\\0*\"…, [4] → [16]) = 0", s, ntohs(a.sin_port));
	for (int i = 0; i < 4; i++)
		CHECK(sendto(c, "hello", 5, 0, (struct sockaddr *)&a, sizeof(a)) == 5);
	memset(from, 'A', sizeof(from));
	len = 4;
	CHECK(recvfrom(s, buf, sizeof(buf), 0, (struct sockaddr *)from, &len) == 5);
	expect_call("recvfrom(%d<*>, \"hello\", 64, 0, \"\\x02\\0*\"…, [4] → [16]) = 5", s);
	memset(from, 'A', sizeof(from));
	m.msg_namelen = 4;
	CHECK(recvmsg(s, &m, 0) == 5 && m.msg_namelen == 16);
	expect_call("recvmsg(%d<*>, {name=\"\\x02\\0*\"…, iov=[{\"hello\", 32}]}, 0) = 5", s);
	memset(from, 'A', sizeof(from));
	memset(mm, 0, sizeof(mm));
	for (int i = 0; i < 2; i++)
		mm[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i], .msg_namelen = i ? 16 : 4, .msg_iov = &iov[i], .msg_iovlen = 1
		};
	CHECK(recvmmsg(s, mm, 2, 0, NULL) == 2);
	expect_call("recvmmsg(%d<*>, [{name=\"\\x02\\0*\"…, len=5}, {name=127.0.0.1:%d, len=5}], 2, 0, NULL) = 2", s,
		    ntohs(here(c).sin_port));
	/* at the end of a page there is no more to copy than there is room */
	for (int i = 0; i < 3; i++)
		CHECK(sendto(c, "hello", 5, 0, (struct sockaddr *)&a, sizeof(a)) == 5);
	len = 4;
	CHECK(recvfrom(s, buf, 5, 0, (struct sockaddr *)(edge + 4092), &len) == 5);
	expect_call("recvfrom(%d<*>, \"hello\", 5, 0, \"\\x02\\0*\"…, [4] → [16]) = 5", s);
	m.msg_name = edge + 4092;
	m.msg_namelen = 4;
	CHECK(recvmsg(s, &m, 0) == 5 && m.msg_namelen == 16);
	expect_call("recvmsg(%d<*>, {name=\"\\x02\\0*\"…, iov=[{\"hello\", 32}]}, 0) = 5", s);
	mm[0].msg_hdr = (struct msghdr){ .msg_name = edge + 4092, .msg_namelen = 4, .msg_iov = iov, .msg_iovlen = 1 };
	CHECK(recvmmsg(s, mm, 1, 0, NULL) == 1);
	expect_call("recvmmsg(%d<*>, [{name=\"*\"…, len=5}], 1, 0, NULL) = 1", s);
	munmap(edge, 4096);
	/* what was cut is no address: the model does not take it over */
	expect_call("close(%d<udp4 127.0.0.1:%d*>) = 0", s, ntohs(a.sin_port));
	close(s);

	l = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_port = 0;
	CHECK(bind(l, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(l, 1) == 0);
	a = here(l);
	close(c);
	c = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	memset(from, 'A', sizeof(from));
	len = 6;
	n = accept4(l, (struct sockaddr *)from, &len, 0);
	CHECK(n >= 0 && len == 16);
	expect_call("accept4(%d<*>, \"\\x02\\0*\"…, [6] → [16], 0) = %d<*>", l, n);
	len = 3;
	CHECK(getpeername(n, (struct sockaddr *)from, &len) == 0);
	expect_call("getpeername(%d<*>, \"\\x02\\0*\"…, [3] → [16]) = 0", n);
	len = 128;
	CHECK(getpeername(n, (struct sockaddr *)from, &len) == 0);
	expect_call("getpeername(%d<*>, 127.0.0.1:%d, [128] → [16]) = 0", n, ntohs(here(c).sin_port));
	close(n);
	close(c);
	close(l);
	tracee_never("65\\.65|\\b16705\\b");
}

/* Of every option the type it has; of an unknown one its bytes. */
static void options(void)
{
	int u = socket(AF_INET, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_STREAM, 0),
	    v6 = socket(AF_INET6, SOCK_DGRAM, 0), sv[2], one;
	struct linger lin = { 1, 7 };
	struct timeval tv = { 3, 500000 };
	struct ip_mreq mreq = { .imr_multiaddr.s_addr = inet_addr("224.1.2.3"),
				.imr_interface.s_addr = htonl(INADDR_LOOPBACK) };
	struct { struct ip_mreqn m; } mreqn = { { .imr_multiaddr.s_addr = inet_addr("224.1.2.4"), .imr_ifindex = 1 } };
	struct ipv6_mreq mreq6 = { .ipv6mr_interface = 1 };
	char buf[300], narrow = 1;
	socklen_t len;

	memset(buf, 0x7f, sizeof(buf));
	CHECK(setsockopt(u, IPPROTO_IP, IP_MULTICAST_TTL, &narrow, 1) == 0);
	expect_call("setsockopt(%d<*>, SOL_IP, IP_MULTICAST_TTL, [1], 1) = 0", u);
	len = 1;
	CHECK(getsockopt(u, IPPROTO_IP, IP_MULTICAST_TTL, buf, &len) == 0 && buf[0] == 1);
	expect_call("getsockopt(%d<*>, SOL_IP, IP_MULTICAST_TTL, [1], [1]) = 0", u);
	CHECK(setsockopt(t, SOL_SOCKET, SO_LINGER, &lin, sizeof(lin)) == 0);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=7}, 8) = 0", t);
	CHECK(setsockopt(t, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_RCVTIMEO, {tv_sec=3, tv_usec=500000}, 16) = 0", t);
	len = sizeof(buf);
	CHECK(getsockopt(t, SOL_SOCKET, SO_RCVTIMEO, buf, &len) == 0 && len == sizeof(tv));
	expect_call("getsockopt(%d<*>, SOL_SOCKET, SO_RCVTIMEO, {tv_sec=3, tv_usec=500000}, [300] → [16]) = 0", t);
	setsockopt(t, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_BINDTODEVICE, \"lo\", 2) = *", t);
	CHECK(setsockopt(t, IPPROTO_TCP, TCP_CONGESTION, "reno", 4) == 0);
	expect_call("setsockopt(%d<*>, SOL_TCP, TCP_CONGESTION, \"reno\", 4) = 0", t);
	len = 16;
	CHECK(getsockopt(t, IPPROTO_TCP, TCP_CONGESTION, buf, &len) == 0);
	expect_call("getsockopt(%d<*>, SOL_TCP, TCP_CONGESTION, \"reno\", [16]) = 0", t);
	setsockopt(u, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	expect_call("setsockopt(%d<*>, SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=224.1.2.3, imr_interface=127.0.0.1}, "
		    "8) = *",
		    u);
	setsockopt(u, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreqn, sizeof(mreqn));
	expect_call("setsockopt(%d<*>, SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=224.1.2.4, imr_address=0.0.0.0, "
		    "imr_ifindex=1}, 12) = *",
		    u);
	if (v6 >= 0) {
		inet_pton(AF_INET6, "ff02::1:5", &mreq6.ipv6mr_multiaddr);
		setsockopt(v6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq6, sizeof(mreq6));
		expect_call("setsockopt(%d<*>, SOL_IPV6, IPV6_ADD_MEMBERSHIP, {ipv6mr_multiaddr=ff02::1:5, "
			    "ipv6mr_interface=1}, 20) = *",
			    v6);
	}
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	len = 12;
	CHECK(getsockopt(sv[0], SOL_SOCKET, SO_PEERCRED, buf, &len) == 0);
	expect_call("getsockopt(%d<*>, SOL_SOCKET, SO_PEERCRED, {pid=%d, uid=%d, gid=%d}, [12]) = 0", sv[0], getpid(),
		    getuid(), getgid());
	len = sizeof(buf);
	CHECK(getsockopt(t, IPPROTO_TCP, TCP_INFO, buf, &len) == 0);
	expect_call("getsockopt(%d<*>, SOL_TCP, TCP_INFO, {tcpi_state=TCP_CLOSE, tcpi_retransmits=0, *}, [300] → [*]) "
		    "= 0",
		    t);
	len = 8;
	CHECK(getsockopt(t, SOL_SOCKET, 57, buf, &len) == 0);	/* SO_COOKIE: 64 bits */
	expect_call("getsockopt(%d<*>, SOL_SOCKET, SO_COOKIE, [0x*], [8]) = 0", t);
	one = 5;
	CHECK(setsockopt(t, SOL_SOCKET, SO_PRIORITY, &one, 4) == 0);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_PRIORITY, [5], 4) = 0", t);
	CHECK(setsockopt(t, SOL_SOCKET, 9999, "ab\x01", 3) < 0);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, 9999, \"ab*\", 3) = -1 *", t);
	CHECK(setsockopt(t, 4321, 7, "abcdef", 6) < 0);
	expect_call("setsockopt(%d<*>, 4321, 7, \"abcdef\", 6) = -1 *", t);
	CHECK(syscall(SYS_setsockopt, INT(t), INT(SOL_SOCKET), INT(SO_PRIORITY), &one, INT(4)) == 0);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_PRIORITY, [5], 4) = 0", t);
	setsockopt(t, SOL_SOCKET, 82, &one, 4);
	expect_call("setsockopt(%d<*>, SOL_SOCKET, SO_RCVPRIORITY, [5], 4) = *", t);
	close(sv[0]);
	close(sv[1]);
	close(u);
	close(t);
	close(v6);
}

/* Sets are as long as nfds says; behind that there is anything, or nothing. */
static void sets(void)
{
	struct timeval zero = { 0 };
	struct timespec none = { 0 };
	char *page = last_page(), *set = page + 4096 - 8;
	int p[2];
	fd_set in;

	CHECK(pipe(p) == 0 && p[0] < 60 && write(p[1], "x", 1) == 1);
	memset(&in, 0x55, sizeof(in));
	memset(&in, 0, 8);
	FD_SET(p[0], &in);
	CHECK(syscall(SYS_select, INT(p[0] + 1), &in, NULL, NULL, &zero) == 1);
	expect_call("select(%d, [%d], NULL, NULL, {tv_sec=0, tv_usec=0}) = 1", p[0] + 1, p[0]);
	memset(set, 0, 8);
	FD_SET(p[0], (fd_set *)set);
	CHECK(syscall(SYS_pselect6, INT(p[0] + 1), NULL, set, NULL, &none, NULL) == 0);
	expect_call("pselect6(%d, NULL, [%d] → [], NULL, {tv_sec=0, tv_nsec=0}, NULL) = 0", p[0] + 1, p[0]);
	CHECK(syscall(SYS_select, INT(0), &in, NULL, NULL, &zero) == 0);
	expect_call("select(0, [], NULL, NULL, {tv_sec=0, tv_usec=0}) = 0");
	munmap(page, 4096);
	close(p[0]);
	close(p[1]);
}

static void readiness(void)
{
	struct pollfd f;
	int p[2];

	CHECK(pipe(p) == 0 && write(p[1], "x", 1) == 1);
	f = (struct pollfd){ p[0], POLLIN, POLLHUP | POLLNVAL };
	CHECK(syscall(SYS_poll, &f, INT(1), INT(0)) == 1 && f.revents == POLLIN);
	expect_call("poll([{fd=%d, events=POLLIN}] → [{fd=%d, events=POLLIN, revents=POLLIN}], 1, 0) = 1", p[0], p[0]);
	CHECK(syscall(SYS_poll, &f, INT(1), INT(0)) == 1);
	expect_call("poll([{fd=%d, events=POLLIN}] → [{fd=%d, events=POLLIN, revents=POLLIN}], 1, 0) = 1", p[0], p[0]);
	close(p[0]);
	close(p[1]);
}

/* Where to is known before the call, what after it. */
static void vectors(void)
{
	char a[8], b[40], text[] = "hello, world";
	struct iovec iov[2] = { { a, 5 }, { b, 32 } }, remote[2] = { { text, 5 }, { text + 7, 5 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	const char *path = in_dir("vectors");
	int fd = open(path, O_RDWR | O_CREAT, 0600), sv[2];

	CHECK(fd >= 0 && write(fd, text, 12) == 12 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(readv(fd, iov, 2) == 12);
	expect_call("readv(%d<%s>, [{\"hello\", 5}, {\", world\", 32}], 2) = 12", fd, path);
	CHECK(preadv(fd, iov, 2, 7) == 5);
	expect_call("preadv(%d<%s>, [{\"world\", 5}, {32}], 2, 7) = 5", fd, path);
	CHECK(syscall(SYS_preadv2, INT(fd), iov, 2ul, 7ul, 0x7777ul, 0) == 5);
	expect_call("preadv2(%d<%s>, [{\"world\", 5}, {32}], 2, 7, 0) = 5", fd, path);
	CHECK(process_vm_readv(getpid(), iov, 2, remote, 2, 0) == 10);
	expect_call("process_vm_readv(%d, [{\"hello\", 5}, {\"world\", 32}], 2, [{%#lx, 5}, {%#lx, 5}], 2, 0x0) = 10",
		    getpid(), (long)text, (long)text + 7);
	CHECK(readv(fd, iov, 0) == 0);
	expect_call("readv(%d<%s>, [], 0) = 0", fd, path);
	CHECK(readv(-1, iov, 2) < 0);
	expect_call("readv(-1, [{5}, {32}], 2) = -1 EBADF*");
	close(fd);
	unlink(path);

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == 0);
	CHECK(send(sv[0], text, 12, 0) == 12 && send(sv[0], text, 12, 0) == 12 && send(sv[0], text, 12, 0) == 12);
	CHECK(recvmsg(sv[1], &m, 0) == 12);		/* does not fill the buffer, and nothing is cut */
	expect_call("recvmsg(%d<*>, {iov=[{\"hello\", 5}, {\", world\", 32}]}, 0) = 12", sv[1]);
	CHECK(recv(sv[1], a, 5, MSG_TRUNC) == 12);
	expect_call("recvfrom(%d<*>, \"hello\", 5, MSG_TRUNC, NULL, NULL) = 12", sv[1]);
	m.msg_iovlen = 1;
	CHECK(recvmsg(sv[1], &m, MSG_TRUNC) == 12);
	expect_call("recvmsg(%d<*>, {iov=[{\"hello\", 5}]}, MSG_TRUNC) = 12", sv[1]);
	m.msg_iovlen = 0;
	CHECK(sendmsg(sv[0], &m, 0) == 0);
	expect_call("sendmsg(%d<*>, {iov=[]}, 0) = 0", sv[0]);
	CHECK(recvmsg(sv[1], &m, 0) == 0);
	expect_call("recvmsg(%d<*>, {iov=[]}, 0) = 0", sv[1]);
	close(sv[0]);
	close(sv[1]);
}

/* The kernel looks at as many bits as an argument has, and at no words that are none. */
static void words(void)
{
	const char *path = in_dir("words");
	long fd;

	fd = syscall(SYS_openat, INT(AT_FDCWD), path, INT(O_RDWR | O_CREAT), RUBBISH | 0xabcd0000 | 0640);
	CHECK(fd >= 0);
	expect_call("openat(AT_FDCWD, \"%s\", O_RDWR|O_CREAT, 0640) = %ld<%s>", path, fd, path);
	CHECK(syscall(SYS_ftruncate, INT(fd), 5ul) == 0);
	expect_call("ftruncate(%ld<%s>, 5) = 0", fd, path);
	CHECK(syscall(SYS_fcntl, INT(fd), INT(F_SETFD), INT(FD_CLOEXEC)) == 0);
	expect_call("fcntl(%ld<%s>, F_SETFD, FD_CLOEXEC) = 0", fd, path);
	CHECK(syscall(SYS_write, INT(fd), "abc", 3ul) == 3);
	expect_call("write(%ld<%s>, \"abc\", 3) = 3", fd, path);
	CHECK(syscall(SYS_ioctl, INT(fd), INT(_IOWR('E', 1, int)), 0x7774ul) < 0);
	expect_call("ioctl(%ld<%s>, _IOC(_IOC_READ|_IOC_WRITE, 0x45, 0x1, 0x4), 0x7774) = -1 ENOTTY*", fd, path);
	CHECK(syscall(SYS_prctl, PR_GET_DUMPABLE, 1, 2, 3, 4) >= 0);
	expect_call("prctl(PR_GET_DUMPABLE) = *");
	CHECK(syscall(SYS_futex, &fd, INT(10 /* FUTEX_WAKE_BITSET */), INT(1), 2ul, 3ul, INT(-1)) == 0);
	expect_call("futex(0x*, FUTEX_WAKE_BITSET, 1, 0xffffffff) = 0");
	CHECK(syscall(SYS_mount, "a", "/none/such", "tmpfs", 0xc0ed0000ul | 1, 0) < 0);
	expect_call("mount(\"a\", \"/none/such\", \"tmpfs\", MS_MGC_VAL|MS_RDONLY, NULL) = -1 *");
	CHECK(syscall(SYS_quotactl, INT(0x80000701), "/none/such", INT(0x80000001), 0x1234ul) < 0);
	expect_call("quotactl(QCMD(Q_GETQUOTA, GRPQUOTA), \"/none/such\", 2147483649, 0x1234) = -1 *");
	CHECK(syscall(SYS_chown, "/none/such", INT(0x80000001), INT(-1)) < 0);
	expect_call("chown(\"/none/such\", 2147483649, -1) = -1 ENOENT*");
	CHECK(syscall(SYS_dup3, INT(fd), INT(60), INT(O_CLOEXEC)) == 60);
	expect_call("dup3(%ld<%s>, 60, O_CLOEXEC) = 60<%s>", fd, path, path);
	CHECK(syscall(SYS_close_range, INT(60), INT(60), INT(0)) == 0);
	expect_call("close_range(60, 60, 0) = 0");
	checkpoint("fd", "words");
	close((int)fd);
	unlink(path);
}

/* An argument is called what it was before the call; what the call makes of it is its result. */
static void names(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(1) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *one = in_dir("one"), *two = in_dir("two");
	int f = open(one, O_RDWR | O_CREAT, 0600), g = open(two, O_RDWR | O_CREAT, 0600),
	    s = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(dup2(f, g) == g);
	expect_call("dup2(%d<%s>, %d<%s>) = %d<%s>", f, one, g, two, g, one);
	CHECK(dup3(f, 70, 0) == 70);
	expect_call("dup3(%d<%s>, 70, 0) = 70<%s>", f, one, one);
	CHECK(dup2(g, g) == g);
	expect_call("dup2(%d<%s>, %d<%s>) = %d<%s>", g, one, g, one, g, one);
	CHECK(dup2(999, g) < 0);
	expect_call("dup2(999, %d<%s>) = -1 EBADF*", g, one);
	CHECK(connect(s, (struct sockaddr *)&a, sizeof(a)) < 0);
	expect_call("connect(%d<tcp4 socket:[*]>, 127.0.0.1:1, 16) = -1 ECONNREFUSED*", s);
	close(s);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0);
	expect_call("connect(%d<udp4 socket:[*]>, 127.0.0.1:1, 16) = 0", s);
	close(s);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(un.sun_path, "none/such");
	CHECK(bind(s, (struct sockaddr *)&un, sizeof(un)) < 0);
	expect_call("bind(%d<unix socket:[*]>, *none/such, 110) = -1 ENOENT*", s);
	strcpy(un.sun_path, "sock");
	CHECK(bind(s, (struct sockaddr *)&un, sizeof(un)) == 0);
	expect_call("bind(%d<unix socket:[*]>, *sock, 110) = 0", s);
	expect_call("close(%d<unix *sock>) = 0", s);
	close(s);
	close(f);
	close(g);
	close(70);
	unlink("sock");
	unlink(one);
	unlink(two);
}

int main(void)
{
	tracee_begin();
	tracee_ignore(".");	/* only calls are looked at */
	rooms();
	options();
	sets();
	readiness();
	vectors();
	words();
	names();
	tracee_end();
}
