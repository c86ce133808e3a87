/* SPDX-License-Identifier: MIT */
/* Sockets: who is at the other end, what a connect came to, how much went through; TCP, UDP, unix, netlink, IPv6. */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "tracee.h"

static int tcp_listener(int family, uint16_t *ret_port)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = family == AF_INET ? sizeof(a4) : sizeof(a6);
	struct sockaddr *a = family == AF_INET ? (struct sockaddr *)&a4 : (struct sockaddr *)&a6;

	if (fd < 0 || bind(fd, a, len) < 0)
		return -1;
	CHECK(listen(fd, 8) == 0);
	CHECK(getsockname(fd, a, &len) == 0);
	*ret_port = ntohs(family == AF_INET ? a4.sin_port : a6.sin6_port);
	return fd;
}

static void bytes(int from, int to, const char *from_name, const char *to_name)
{
	char buf[64];

	CHECK(send(from, "hello", 5, 0) == 5);
	expect("send 5 B to %s", to_name);
	CHECK(recv(to, buf, 5, MSG_WAITALL) == 5);
	expect("recv 5 B from %s", from_name);
}

static void tcp4(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct pollfd p;
	uint16_t port, mine;
	int l, c, s, err;
	socklen_t len = sizeof(a);
	char here[64], there[64];

	l = tcp_listener(AF_INET, &port);
	CHECK(l >= 0);
	expect("bind tcp4 127.0.0.1:%d", port);	/* 0 was asked for */
	expect("listen tcp4 127.0.0.1:%d", port);
	a.sin_port = htons(port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	expect("connect tcp4 → 127.0.0.1:%d", port);
	CHECK(getsockname(c, (struct sockaddr *)&a, &len) == 0);
	mine = ntohs(a.sin_port);
	s = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	CHECK(s >= 0);
	/* the program did not ask for the peer; the kernel knows it all the same */
	expect("accept tcp4 ← 127.0.0.1:%d on 127.0.0.1:%d", mine, port);
	snprintf(there, sizeof(there), "127.0.0.1:%d", mine);
	snprintf(here, sizeof(here), "127.0.0.1:%d", port);
	bytes(c, s, there, here);
	CHECK(write(s, "abc", 3) == 3);
	expect("send 3 B to %s", there);
	CHECK(read(c, here, 3) == 3);
	expect("recv 3 B from 127.0.0.1:%d", port);
	CHECK(shutdown(c, SHUT_WR) == 0);
	CHECK(recv(s, here, 1, 0) == 0);
	expect("recv 0 B from %s", there);
	close(c);
	close(s);

	/* with the peer asked for */
	a.sin_port = htons(port);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) < 0 && errno == EINPROGRESS);
	expect("connect tcp4 → 127.0.0.1:%d in progress", port);
	p = (struct pollfd){ c, POLLOUT, 0 };
	CHECK(poll(&p, 1, -1) == 1);
	len = sizeof(err);
	CHECK(getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err == 0);
	expect("connected tcp4 → 127.0.0.1:%d after TIME", port);
	len = sizeof(a);
	s = accept(l, (struct sockaddr *)&a, &len);
	CHECK(s >= 0);
	mine = ntohs(a.sin_port);
	expect("accept tcp4 ← 127.0.0.1:%d on 127.0.0.1:%d", mine, port);
	close(c);
	close(s);
	close(l);

	/* the listener is gone: refused, at once and later */
	a.sin_port = htons(port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) < 0 && errno == ECONNREFUSED);
	expect("connect tcp4 → 127.0.0.1:%d ECONNREFUSED after TIME", port);
	close(c);
	CHECK(connect(999, (struct sockaddr *)&a, sizeof(a)) < 0);
	expect("connect *EBADF after TIME");
}

static void tcp6(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	uint16_t port;
	int l = tcp_listener(AF_INET6, &port), c;

	if (l < 0) {		/* no IPv6 here */
		tracee_ignore("^bind tcp6");
		return;
	}
	expect("bind tcp6 [::1]:%d", port);
	expect("listen tcp6 [::1]:%d", port);
	c = socket(AF_INET6, SOCK_STREAM, 0);
	a.sin6_port = htons(port);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	expect("connect tcp6 → [::1]:%d", port);
	close(c);
	close(l);
	/* an IPv4 address in IPv6 clothes */
	l = tcp_listener(AF_INET, &port);
	expect("bind tcp4 127.0.0.1:%d", port);	/* 0 was asked for */
	expect("listen tcp4 127.0.0.1:%d", port);
	c = socket(AF_INET6, SOCK_STREAM, 0);
	a.sin6_port = htons(port);
	CHECK(inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr) == 1);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	expect("connect tcp* → *127.0.0.1*:%d", port);
	close(c);
	close(l);
}

static void udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, from;
	int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(a);
	char buf[64];
	struct mmsghdr mm[2];
	struct iovec iov[2] = { { "ab", 2 }, { "cde", 3 } };
	uint16_t port, mine;

	CHECK(bind(s, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(getsockname(s, (struct sockaddr *)&a, &len) == 0);
	port = ntohs(a.sin_port);
	expect("bind udp4 127.0.0.1:%d", port);
	CHECK(sendto(c, "xyz", 3, 0, (struct sockaddr *)&a, sizeof(a)) == 3);
	expect("send 3 B to 127.0.0.1:%d", port);
	len = sizeof(from);
	CHECK(recvfrom(s, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) == 3);
	mine = ntohs(from.sin_port);
	expect("recv 3 B from 127.0.0.1:%d", mine);
	/* many at once */
	memset(mm, 0, sizeof(mm));
	for (int i = 0; i < 2; i++)
		mm[i].msg_hdr = (struct msghdr){
			.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov[i], .msg_iovlen = 1
		};
	CHECK(sendmmsg(c, mm, 2, 0) == 2);
	expect("send 5 B to 127.0.0.1:%d", port);
	struct iovec in[2] = { { buf, 32 }, { buf + 32, 32 } };
	struct sockaddr_in froms[2];

	for (int i = 0; i < 2; i++)
		mm[i].msg_hdr = (struct msghdr){
			.msg_name = &froms[i], .msg_namelen = sizeof(froms[i]), .msg_iov = &in[i], .msg_iovlen = 1
		};
	CHECK(recvmmsg(s, mm, 2, MSG_WAITFORONE, NULL) == 2);
	expect("recv 5 B from 127.0.0.1:%d", mine);
	/* connected: no address in the calls */
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	expect("connect udp4 → 127.0.0.1:%d", port);
	CHECK(send(c, "1", 1, 0) == 1);
	expect("send 1 B to *127.0.0.1:%d*", port);
	CHECK(recv(s, buf, 64, MSG_TRUNC) == 1);
	expect("recv 1 B on udp4 127.0.0.1:%d", port);	/* the sender is not asked for */
	CHECK(recv(s, buf, 64, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	expect("recv on udp4 127.0.0.1:%d EAGAIN", port);
	close(c);
	close(s);
}

static void unix_sockets(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = in_dir("sock");
	int l, c, s, sv[2];
	char buf[16];

	strcpy(a.sun_path, path);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(l, (struct sockaddr *)&a, sizeof(a)) == 0);
	expect("bind unix %s", path);
	CHECK(listen(l, 4) == 0);
	expect("listen unix %s", path);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	expect("connect unix → %s", path);
	s = accept(l, NULL, NULL);
	CHECK(s >= 0);
	expect("accept unix on %s", path);
	CHECK(write(c, "12", 2) == 2);
	expect("send 2 B to %s", path);
	CHECK(read(s, buf, 2) == 2);
	expect("recv 2 B on unix %s", path);
	close(c);
	close(s);
	close(l);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) < 0 && errno == ECONNREFUSED);
	expect("connect unix → %s ECONNREFUSED after TIME", path);
	CHECK(unlink(path) == 0);
	expect("unlink %s", path);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) < 0 && errno == ENOENT);
	expect("connect unix → %s ENOENT after TIME", path);
	close(c);

	/* abstract, datagrams */
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "tracee-%d", getpid());

	a.sun_path[0] = '\0';
	l = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(bind(l, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0);
	expect("bind unix-dgram @tracee-%d", getpid());
	c = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(sendto(c, "abcd", 4, 0, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 4);
	expect("send 4 B to @tracee-%d", getpid());
	CHECK(recv(l, buf, sizeof(buf), 0) == 4);
	expect("recv 4 B on unix-dgram @tracee-%d", getpid());
	close(c);
	close(l);

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == 0);
	struct iovec iov[2] = { { "one", 3 }, { "four", 4 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	CHECK(sendmsg(sv[0], &m, 0) == 7);
	expect("send 7 B to *");
	CHECK(recv(sv[1], buf, sizeof(buf), 0) == 7);
	expect("recv 7 B from *");
	close(sv[1]);
	CHECK(send(sv[0], "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	expect("send to * EPIPE");
	close(sv[0]);
}

static void netlink(void)
{
	struct { struct nlmsghdr h; struct rtgenmsg g; } req = { { .nlmsg_len = sizeof(req), .nlmsg_type = RTM_GETLINK,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP }, { AF_UNSPEC } };
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	static char buf[65536];
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	ssize_t n;

	if (s < 0)
		return;
	CHECK(sendto(s, &req, sizeof(req), 0, (struct sockaddr *)&a, sizeof(a)) == sizeof(req));
	expect("send %zu B to kernel", sizeof(req));
	n = recv(s, buf, sizeof(buf), 0);
	CHECK(n > 0);
	tracee_ignore("^recv .*(netlink|kernel)");
	close(s);
}

/* What the kernel itself answers: a raw socket sends a ping and receives both it and the answer. */
static void raw(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned char echo[8] = { 8, 0, 0xf7, 0xff }, buf[256];
	int s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	if (s < 0) {
		CHECK(errno == EPERM);
		return;
	}
	CHECK(sendto(s, echo, sizeof(echo), 0, (struct sockaddr *)&a, sizeof(a)) == sizeof(echo));
	expect("send 8 B to 127.0.0.1:0");
	CHECK(recvfrom(s, buf, sizeof(buf), 0, NULL, NULL) == 28);
	expect("recv 28 B from raw4*");
	CHECK(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0);
	expect("connect raw4 → 127.0.0.1:0");
	CHECK(send(s, echo, sizeof(echo), 0) == sizeof(echo));
	expect("send 8 B to *127.0.0.1:0*");
	close(s);
}

/* One end each, of a connection of any kind: each line says who has the other. */
static void ends(int here, int there, const char *kind)
{
	pid_t parent = getpid(), pid;
	char c;

	pid = fork();
	if (pid == 0) {
		close(here);
		CHECK(read(there, &c, 1) == 1);
		expect("recv 1 B from %s (pid %d)", kind, parent);
		CHECK(write(there, "yz", 2) == 2);
		expect("send 2 B to %s (pid %d)", kind, parent);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	close(there);
	CHECK(write(here, "x", 1) == 1);
	expect("send 1 B to %s (pid %d)", kind, pid);
	CHECK(reap(pid) == 0);
	CHECK(read(here, &c, 1) == 1);
	expect("recv 1 B from %s (pid %d)", kind, pid);
	close(here);
}

/* A client that connects from a process of its own, before or after the server has accepted. */
static void served(int l, const struct sockaddr *a, socklen_t len, const char *name)
{
	pid_t parent = getpid(), pid = fork();
	char c;

	if (pid == 0) {
		int s = socket(a->sa_family, SOCK_STREAM, 0);

		close(l);
		CHECK(connect(s, a, len) == 0);
		expect("connect %s", name);
		CHECK(write(s, "yz", 2) == 2);
		expect("send 2 B to *");	/* accepted or not yet */
		CHECK(read(s, &c, 1) == 1);
		expect("recv 1 B from * (pid %d)", parent);
		CHECK(read(s, &c, 1) == 0);
		expect("recv 0 B from * (pid %d)", parent);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);

	int s = accept(l, NULL, NULL);

	CHECK(s >= 0);
	expect("accept *");
	/* a client of a unix socket has no name: the socket's own is shown */
	const char *who = a->sa_family == AF_UNIX ? "pid %d on unix *" : "* (pid %d)";
	char end[64];

	snprintf(end, sizeof(end), who, pid);
	for (int i = 0; i < 2; i++) {
		CHECK(read(s, &c, 1) == 1);
		expect("recv 1 B from %s", end);
	}
	CHECK(write(s, "x", 1) == 1);
	expect("send 1 B to %s", end);
	close(s);
	CHECK(reap(pid) == 0);
	close(l);
}

static void peers(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	uint16_t port;
	char name[300];
	int sv[2], l;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	ends(sv[0], sv[1], "unix*");
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == 0);
	ends(sv[1], sv[0], "unix-dgram*");

	l = tcp_listener(AF_INET, &port);
	expect("bind tcp4 127.0.0.1:%d", port);	/* 0 was asked for */
	expect("listen tcp4 127.0.0.1:%d", port);
	in.sin_port = htons(port);
	snprintf(name, sizeof(name), "tcp4 → 127.0.0.1:%d", port);
	served(l, (struct sockaddr *)&in, sizeof(in), name);

	snprintf(un.sun_path, sizeof(un.sun_path), "/tmp/tracee-%d", getpid());
	unlink(un.sun_path);
	expect("unlink %s ENOENT", un.sun_path);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(l, (struct sockaddr *)&un, sizeof(un)) == 0 && listen(l, 5) == 0);
	expect("bind unix %s", un.sun_path);
	expect("listen unix %s", un.sun_path);
	snprintf(name, sizeof(name), "unix → %s", un.sun_path);
	served(l, (struct sockaddr *)&un, sizeof(un), name);
	unlink(un.sun_path);
	expect("unlink %s", un.sun_path);
}

/* Who is at the other end: two processes of ours. */
static void between(void)
{
	int sv[2];
	char c;
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	pid = fork();
	if (pid == 0) {
		close(sv[0]);
		CHECK(read(sv[1], &c, 1) == 1);
		expect("recv 1 B from *");
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	close(sv[1]);
	CHECK(write(sv[0], "x", 1) == 1);
	expect("send 1 B to *");
	CHECK(reap(pid) == 0);
	close(sv[0]);
}

int main(void)
{
	tracee_begin();
	tcp4();
	tcp6();
	udp();
	unix_sockets();
	netlink();
	between();
	raw();
	peers();
	tracee_end();
}
