/* SPDX-License-Identifier: MIT */
/*
 * Whose bytes they are, where the call's text misleads: the error queue gives back what was sent, urgent data is looked
 * at, sockets are disconnected and connected again, datagrams are empty, refused or cut into many.
 */
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "loopback.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* A datagram that could not be delivered comes back through MSG_ERRQUEUE: no process sent it to us. */
static void errors_given_back(void)
{
	int r, on = 1, fd = bound(SOCK_DGRAM, &r), u = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = at(r), from;
	char buf[64], control[512];
	struct iovec iov = {buf, sizeof(buf)};
	struct msghdr m = {.msg_name = &from,
			   .msg_namelen = sizeof(from),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct pollfd p = {u, 0, 0};

	close(fd);
	CHECK(setsockopt(u, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0);
	CHECK(sendto(u, "undeliverable", 13, 0, (struct sockaddr *)&to, sizeof(to)) == 13);
	expect("send 13 B to 127.0.0.1:%d", r);
	CHECK(poll(&p, 1, 5000) == 1 && (p.revents & POLLERR));
	CHECK(recvmsg(u, &m, MSG_ERRQUEUE) == 13 && (m.msg_flags & MSG_ERRQUEUE));
	expect("peek 13 B from 127.0.0.1:%d", r);
	CHECK(recvmsg(u, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0 && errno == EAGAIN);
	expect("peek from udp4*EAGAIN");
	close(u);
}

/* Urgent data: one byte of the stream, received on its own. */
static void urgent(void)
{
	int port, l = listening(&port), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in mine;
	socklen_t len = sizeof(mine);
	struct pollfd p;
	char buf[16];

	CHECK(connect_to(c, port) == 0);
	expect("connect tcp4 → 127.0.0.1:%d", port);
	CHECK(getsockname(c, (struct sockaddr *)&mine, &len) == 0);
	a = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	expect("accept tcp4 ← 127.0.0.1:%d on 127.0.0.1:%d", ntohs(mine.sin_port), port);
	CHECK(send(c, "abcU", 4, MSG_OOB) == 4);
	expect("send 4 B to 127.0.0.1:%d", port);
	p = (struct pollfd){a, POLLPRI, 0};
	CHECK(poll(&p, 1, 5000) == 1);
	CHECK(recv(a, buf, 1, MSG_OOB | MSG_PEEK) == 1 && buf[0] == 'U');
	expect("peek 1 B from 127.0.0.1:%d", ntohs(mine.sin_port));
	CHECK(recv(a, buf, 1, MSG_OOB) == 1);
	expect("recv 1 B from 127.0.0.1:%d", ntohs(mine.sin_port));
	CHECK(recv(a, buf, sizeof(buf), 0) == 3);
	expect("recv 3 B from 127.0.0.1:%d", ntohs(mine.sin_port));
	close(a);
	close(c);
	close(l);
}

/* TCP, too, is disconnected by AF_UNSPEC, and the same socket connected to another. */
static void stream_connected_anew(void)
{
	int p[2], l[2] = {listening(&p[0]), listening(&p[1])}, s = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	for (int i = 0; i < 2; i++) {
		CHECK(connect_to(s, p[i]) == 0);
		expect("connect tcp4 → 127.0.0.1:%d", p[i]);
		CHECK(write(s, "12345", (size_t)i + 3) == i + 3);
		expect("send %d B to 127.0.0.1:%d", i + 3, p[i]);
		CHECK(connect(s, &none, sizeof(none)) == 0);
		expect("connect tcp4 → unspec*");
	}
	CHECK(send(s, "x", 1, MSG_NOSIGNAL) < 0); /* ECONNRESET at first, then EPIPE */
	expect("send on tcp4* E*");
	close(s);
	close(l[0]);
	close(l[1]);
}

/* Datagrams of no bytes are datagrams, too; one that is too long is none. */
static void odd_sizes(void)
{
	static char big[70000];
	int port, mine, fd = bound(SOCK_DGRAM, &port), u = bound(SOCK_DGRAM, &mine), seg = 100;
	struct sockaddr_in to = at(port), from;
	socklen_t len = sizeof(from);

	CHECK(sendto(u, "", 0, 0, (struct sockaddr *)&to, sizeof(to)) == 0);
	expect("send 0 B to 127.0.0.1:%d", port);
	CHECK(recvfrom(fd, big, sizeof(big), 0, (struct sockaddr *)&from, &len) == 0);
	expect("recv 0 B from 127.0.0.1:%d", mine);
	CHECK(sendto(u, big, sizeof(big), 0, (struct sockaddr *)&to, sizeof(to)) < 0 && errno == EMSGSIZE);
	expect("send to 127.0.0.1:%d EMSGSIZE", port);
	CHECK(connect_to(u, port) == 0);
	expect("connect udp4 → 127.0.0.1:%d", port);
	if (setsockopt(u, IPPROTO_UDP, UDP_SEGMENT, &seg, sizeof(seg)) == 0) { /* three datagrams by one call */
		CHECK(send(u, big, 250, 0) == 250);
		expect("send 250 B to 127.0.0.1:%d", port);
		for (int i = 0; i < 3; i++)
			CHECK(recv(fd, big, sizeof(big), 0) == (i < 2 ? 100 : 50));
		expect("recv 100 B on udp4 127.0.0.1:%d", port);
		expect("recv 100 B on udp4 127.0.0.1:%d", port);
		expect("recv 50 B on udp4 127.0.0.1:%d", port);
	}
	close(u);
	close(fd);
}

/* As UDP's: a unix datagram socket connects, sends past its peer, and connects to another. */
static void unix_connected_anew(void)
{
	struct sockaddr_un a[2] = {{.sun_family = AF_UNIX}, {.sun_family = AF_UNIX}};
	socklen_t len[2];
	int fd[2], u = socket(AF_UNIX, SOCK_DGRAM, 0);
	char buf[16];

	for (int i = 0; i < 2; i++) {
		int n = snprintf(a[i].sun_path + 1, sizeof(a[i].sun_path) - 1, "peers-%d-%d", getpid(), i);

		len[i] = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
		fd[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		CHECK(bind(fd[i], (struct sockaddr *)&a[i], len[i]) == 0);
		expect("bind unix-dgram @peers-%d-%d", getpid(), i);
	}
	CHECK(connect(u, (struct sockaddr *)&a[0], len[0]) == 0);
	expect("connect unix-dgram → @peers-%d-0", getpid());
	CHECK(send(u, "abc", 3, 0) == 3);
	expect("send 3 B to @peers-%d-0", getpid());
	CHECK(sendto(u, "x", 1, 0, (struct sockaddr *)&a[1], len[1]) == 1);
	expect("send 1 B to @peers-%d-1", getpid());
	CHECK(connect(u, (struct sockaddr *)&a[1], len[1]) == 0);
	expect("connect unix-dgram → @peers-%d-1", getpid());
	CHECK(write(u, "12345", 5) == 5);
	expect("send 5 B to @peers-%d-1", getpid());
	CHECK(recv(fd[1], buf, sizeof(buf), MSG_PEEK) == 1);
	expect("peek 1 B *");
	CHECK(recv(fd[1], buf, sizeof(buf), 0) == 1);
	expect("recv 1 B *");
	close(u);
	close(fd[0]);
	close(fd[1]);
}

/* A socket of IPv6 that talks to both families, unconnected. */
static void mapped(void)
{
	int port, fd = bound(SOCK_DGRAM, &port), s = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)},
			    six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int v6 = socket(AF_INET6, SOCK_DGRAM, 0);
	socklen_t len = sizeof(six);

	if (s < 0 || bind(v6, (struct sockaddr *)&six, sizeof(six)) < 0) {
		tracee_ignore("^bind udp6");
		close(s);
		close(v6);
		close(fd);
		return;
	}
	CHECK(getsockname(v6, (struct sockaddr *)&six, &len) == 0);
	expect("bind udp6 [::1]:%d", ntohs(six.sin6_port));
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
	CHECK(sendto(s, "four", 4, 0, (struct sockaddr *)&to, sizeof(to)) == 4);
	expect("send 4 B to [::ffff:127.0.0.1]:%d", port);
	if (sendto(s, "sixsix", 6, 0, (struct sockaddr *)&six, sizeof(six)) == 6)
		expect("send 6 B to [::1]:%d", ntohs(six.sin6_port));
	else
		expect("send to [::1]:%d E*", ntohs(six.sin6_port));
	close(v6);
	close(s);
	close(fd);
}

int main(void)
{
	tracee_begin();
	errors_given_back();
	urgent();
	stream_connected_anew();
	odd_sizes();
	unix_connected_anew();
	mapped();
	tracee_end();
}
