/* SPDX-License-Identifier: MIT */
/* One socket, several peers and outcomes: each line names the peer that the bytes or the failure belong to. */
#include <linux/if_alg.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stddef.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <linux/vm_sockets.h>

#include "loopback.h"

#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif
#ifndef TCP_FASTOPEN_NO_COOKIE
#define TCP_FASTOPEN_NO_COOKIE 34
#endif

/* A port that refuses: bound, so that no other program takes it, and not listening. */
static int refusing(int *ret_port)
{
	return bound(SOCK_STREAM, ret_port);
}

static void refused_then_connected(void)
{
	int r, g, rfd = refusing(&r), gfd = listening(&g), s = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(connect_to(s, r) < 0 && errno == ECONNREFUSED);
	expect("connect tcp4 → 127.0.0.1:%d ECONNREFUSED after TIME", r);
	CHECK(send(s, "lost", 4, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	expect("send to * EPIPE");
	CHECK(connect_to(s, g) == 0);
	expect("connect tcp4 → 127.0.0.1:%d", g);
	CHECK(send(s, "again", 5, 0) == 5);
	expect("send 5 B to 127.0.0.1:%d", g);
	CHECK(connect_to(s, r) < 0 && errno == EISCONN);	/* no attempt: it stays connected to g */
	expect("connect tcp4 → 127.0.0.1:%d EISCONN after TIME", r);
	CHECK(write(s, "on", 2) == 2);
	expect("send 2 B to 127.0.0.1:%d", g);
	close(s);
	close(gfd);
	close(rfd);
}

/* The outcome comes later, by SO_ERROR, poll(2), or the next connect(2), which reports the first one's. */
static void refused_in_the_background(void)
{
	int r, g, rfd = refusing(&r), gfd = listening(&g), s, err;
	socklen_t len = sizeof(err);
	struct pollfd p;

	s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	/* On loopback the refusal comes at once; then the call itself has it. */
	CHECK(connect_to(s, r) < 0 && (errno == EINPROGRESS || errno == ECONNREFUSED));
	if (errno == EINPROGRESS) {
		expect("connect tcp4 → 127.0.0.1:%d in progress", r);
		p = (struct pollfd){ s, POLLOUT, 0 };
		CHECK(poll(&p, 1, 1000) == 1);
		CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err == ECONNREFUSED);
	}
	expect("connect tcp4 → 127.0.0.1:%d ECONNREFUSED after TIME", r);
	err = connect_to(s, g) < 0 ? errno : 0;
	CHECK(err == 0 || err == EINPROGRESS || err == ECONNABORTED);
	if (err == ECONNABORTED) {	/* connect(2): the failed attempt is reported once more, the next one begins */
		expect("connect tcp4 → 127.0.0.1:%d ECONNABORTED after TIME", g);
		err = connect_to(s, g) < 0 ? errno : 0;
	}
	expect(err ? "connect tcp4 → 127.0.0.1:%d in progress" : "connect tcp4 → 127.0.0.1:%d", g);
	p = (struct pollfd){ s, POLLOUT, 0 };
	CHECK(poll(&p, 1, 1000) == 1 && !(p.revents & POLLERR));
	if (err)
		expect("connected tcp4 → 127.0.0.1:%d after TIME", g);
	CHECK(send(s, "abc", 3, 0) == 3);
	expect("send 3 B to 127.0.0.1:%d", g);
	close(s);
	close(gfd);
	close(rfd);
}

/* A socket that listened connects. */
static void listener_reused(void)
{
	int g, gfd = listening(&g), l, port;

	l = listening(&port);
	CHECK(shutdown(l, SHUT_RD) == 0);
	CHECK(connect_to(l, g) == 0);
	expect("connect tcp4 → 127.0.0.1:%d", g);
	CHECK(write(l, "1234", 4) == 4);
	expect("send 4 B to 127.0.0.1:%d", g);
	close(l);
	close(gfd);
}

static void udp_connected_anew(void)
{
	int a, b, fa = bound(SOCK_DGRAM, &a), fb = bound(SOCK_DGRAM, &b), u = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct sockaddr_in to = at(b);

	CHECK(connect_to(u, a) == 0);
	expect("connect udp4 → 127.0.0.1:%d", a);
	CHECK(send(u, "abc", 3, 0) == 3);
	expect("send 3 B to 127.0.0.1:%d", a);
	/* with an address, past the one it is connected to; and back */
	CHECK(sendto(u, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	expect("send 1 B to 127.0.0.1:%d", b);
	CHECK(send(u, "de", 2, 0) == 2);
	expect("send 2 B to 127.0.0.1:%d", a);
	CHECK(connect(u, &none, sizeof(none)) == 0);
	expect("connect udp4 → unspec*");
	CHECK(send(u, "z", 1, 0) < 0 && errno == EDESTADDRREQ);
	expect("send on udp4* EDESTADDRREQ");
	CHECK(connect_to(u, b) == 0);
	expect("connect udp4 → 127.0.0.1:%d", b);
	CHECK(write(u, "12345", 5) == 5);
	expect("send 5 B to 127.0.0.1:%d", b);
	close(u);
	close(fb);
	close(fa);
}

/* Several peers in one call: each has its own bytes. */
static void udp_many(void)
{
	struct iovec iov[4] = { { "1", 1 }, { "22", 2 }, { "333", 3 }, { "4444", 4 } };
	struct sockaddr_in to[4];
	struct mmsghdr mm[4] = { 0 };
	int port[3], fd[3], u = socket(AF_INET, SOCK_DGRAM, 0);

	for (int i = 0; i < 3; i++)
		fd[i] = bound(SOCK_DGRAM, &port[i]);
	for (int i = 0; i < 4; i++) {
		to[i] = at(port[i % 3]);
		mm[i].msg_hdr = (struct msghdr){
			.msg_name = &to[i], .msg_namelen = sizeof(to[i]), .msg_iov = &iov[i], .msg_iovlen = 1
		};
	}
	CHECK(sendmmsg(u, mm, 4, 0) == 4);
	expect("send 5 B to 127.0.0.1:%d", port[0]);
	expect("send 2 B to 127.0.0.1:%d", port[1]);
	expect("send 3 B to 127.0.0.1:%d", port[2]);
	/* and received by one call */
	struct sockaddr_in froms[2], here = at(port[0]);
	struct iovec in[2] = { { to, 8 }, { (char *)to + 8, 8 } };

	CHECK(recv(fd[0], to, 8, 0) == 1 && recv(fd[0], to, 8, 0) == 4);
	expect("recv 1 B on udp4 127.0.0.1:%d", port[0]);
	expect("recv 4 B on udp4 127.0.0.1:%d", port[0]);
	CHECK(sendto(fd[1], "fd1", 3, 0, (struct sockaddr *)&here, sizeof(here)) == 3);
	CHECK(sendto(fd[2], "fd2!", 4, 0, (struct sockaddr *)&here, sizeof(here)) == 4);
	expect("send 3 B to 127.0.0.1:%d", port[0]);
	expect("send 4 B to 127.0.0.1:%d", port[0]);
	for (int i = 0; i < 2; i++)
		mm[i].msg_hdr = (struct msghdr){
			.msg_name = &froms[i], .msg_namelen = sizeof(froms[i]), .msg_iov = &in[i], .msg_iovlen = 1
		};
	CHECK(recvmmsg(fd[0], mm, 2, 0, NULL) == 2);
	expect("recv 3 B from 127.0.0.1:%d", port[1]);
	expect("recv 4 B from 127.0.0.1:%d", port[2]);
	/* a port that is free again: the kernel reports it at the next call on a connected socket */
	close(fd[2]);
	CHECK(connect_to(u, port[2]) == 0);
	expect("connect udp4 → 127.0.0.1:%d", port[2]);
	CHECK(send(u, "gone?", 5, 0) == 5);
	expect("send 5 B to 127.0.0.1:%d", port[2]);
	CHECK(recv(u, to, sizeof(to), 0) < 0 && errno == ECONNREFUSED);
	expect("recv from 127.0.0.1:%d ECONNREFUSED", port[2]);
	close(u);
	close(fd[0]);
	close(fd[1]);
}

/* What is looked at is received later, once; what is cut off is received all the same. */
static void peeks(void)
{
	struct sockaddr_in from;
	char buf[64];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr mm = { .msg_hdr = m };
	int port, mine, fd = bound(SOCK_DGRAM, &port), u = bound(SOCK_DGRAM, &mine);
	struct sockaddr_in to = at(port);

	CHECK(sendto(u, "0123456789", 10, 0, (struct sockaddr *)&to, sizeof(to)) == 10);
	expect("send 10 B to 127.0.0.1:%d", port);
	CHECK(recv(fd, buf, 4, MSG_PEEK) == 4);
	expect("peek 4 B on udp4*");
	CHECK(recv(fd, buf, 4, MSG_PEEK | MSG_TRUNC) == 10);
	expect("peek 10 B on udp4*");
	CHECK(recvmsg(fd, &m, MSG_PEEK) == 10);
	expect("peek 10 B from 127.0.0.1:%d", mine);
	CHECK(recvmmsg(fd, &mm, 1, MSG_PEEK, NULL) == 1);
	expect("peek 10 B from 127.0.0.1:%d", mine);
	CHECK(recv(fd, buf, 5, MSG_TRUNC) == 10);
	expect("recv 10 B on udp4*");
	close(u);
	close(fd);
}

/* Datagrams of unix sockets: one socket, two receivers. */
static void unix_peers(void)
{
	struct sockaddr_un a[2] = { { .sun_family = AF_UNIX }, { .sun_family = AF_UNIX } };
	int fd[2], u = socket(AF_UNIX, SOCK_DGRAM, 0);

	for (int i = 0; i < 2; i++) {
		snprintf(a[i].sun_path + 1, sizeof(a[i].sun_path) - 1, "conns-%d-%d", getpid(), i);
		fd[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		CHECK(bind(fd[i], (struct sockaddr *)&a[i], (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a[i].sun_path + 1))) == 0);
		expect("bind unix-dgram @conns-%d-%d", getpid(), i);
	}
	for (int i = 0; i < 3; i++) {
		CHECK(sendto(u, "1234", (size_t)i + 1, 0, (struct sockaddr *)&a[i % 2], (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a[i % 2].sun_path + 1))) == i + 1);
		expect("send %d B to @conns-%d-%d", i + 1, getpid(), i % 2);
	}
	close(u);
	close(fd[0]);
	close(fd[1]);
}

static socklen_t un_name(struct sockaddr_un *a, const char *path)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(a->sun_path, path);
	return sizeof(*a);
}

/* The kernel keeps the names of sockets as they were given; what is shown is where they are. */
static void relative_names(void)
{
	struct sockaddr_un a, from;
	const char *where = strdup(in_dir("rel")), *l_path = strdup(in_dir("rel/l")), *d_path = strdup(in_dir("rel/d"));
	int l, c, d, e;
	socklen_t len = sizeof(from);
	char buf[16], home[4096];

	CHECK(getcwd(home, sizeof(home)) && mkdir(where, 0755) == 0);
	expect("mkdir %s", where);
	CHECK(chdir(where) == 0);
	expect("chdir %s", where);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(l, (struct sockaddr *)&a, un_name(&a, "l")) == 0);
	expect("bind unix %s", l_path);
	CHECK(getsockname(l, (struct sockaddr *)&from, &len) == 0 && !strcmp(from.sun_path, "l"));
	CHECK(listen(l, 1) == 0);
	expect("listen unix %s", l_path);
	d = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(bind(d, (struct sockaddr *)&a, un_name(&a, "./d")) == 0);
	expect("bind unix-dgram %s", d_path);
	CHECK(mkdir("in", 0755) == 0 && chdir("in") == 0);
	expect("mkdir %s/in", where);
	expect("chdir %s/in", where);
	/* the same sockets under another relative name */
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(connect(c, (struct sockaddr *)&a, un_name(&a, "../l")) == 0);
	expect("connect unix → %s", l_path);
	len = sizeof(from);
	CHECK(getpeername(c, (struct sockaddr *)&from, &len) == 0 && !strcmp(from.sun_path, "l"));
	CHECK(send(c, "1234", 4, 0) == 4);
	expect("send 4 B to %s", l_path);
	e = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(sendto(d, "12", 2, 0, (struct sockaddr *)&a, un_name(&a, "../d")) == 2);	/* to itself */
	expect("send 2 B to %s", d_path);
	CHECK(chdir("..") == 0);
	expect("chdir %s", where);
	len = sizeof(from);
	CHECK(recvfrom(d, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) == 2);
	expect("recv 2 B from %s", d_path);
	CHECK(connect(e, (struct sockaddr *)&a, un_name(&a, "nobody")) < 0 && errno == ENOENT);
	expect("connect unix-dgram → %s/nobody ENOENT after TIME", where);
	CHECK(chdir(home) == 0);
	expect("chdir *");
	close(l);
	close(c);
	close(d);
	close(e);
}

/* Addresses of other families, whole. */
static void families(void)
{
	struct sockaddr_vm v = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = 70000 };
	struct sockaddr_ll p = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(0x88b5),
				 .sll_ifindex = 1,
				 .sll_halen = 6,
				 .sll_addr = { 2, 0, 0, 0, 0, 9 } };
	struct sockaddr_alg alg = { .salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha1" };
	int s = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0), r;

	if (s >= 0) {
		r = connect(s, (struct sockaddr *)&v, sizeof(v));
		CHECK(r < 0);
		expect(errno == EINPROGRESS ? "connect vsock → 1:70000 in progress" :
					      "connect vsock → 1:70000 E* after TIME");
		close(s);
	}
	s = socket(AF_PACKET, SOCK_DGRAM, 0);
	if (s >= 0) {
		if (sendto(s, "lonely", 6, 0, (struct sockaddr *)&p, sizeof(p)) == 6)
			expect("send 6 B to if1 0x88b5 02:00:00:00:00:09");
		else
			tracee_ignore("^send .*if1");
		CHECK(bind(s, (struct sockaddr *)&p, sizeof(p)) == 0);
		expect("bind packet if1 0x88b5*");
		close(s);
	}
	s = socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (s >= 0) {
		r = bind(s, (struct sockaddr *)&alg, sizeof(alg));
		expect(r ? "bind alg hash(sha1) E*" : "bind alg hash(sha1)");
		close(s);
	}
}

/* Connecting with the first data: by sendto and sendmsg, or at the first write after a connect that sent nothing. */
static void fast_open(void)
{
	int f, r, queue = 5, yes = 1, l, rfd = refusing(&r), s, t;
	struct sockaddr_in to;
	char buf[16];

	l = bound(SOCK_STREAM, &f);
	(void)setsockopt(l, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	CHECK(listen(l, 8) == 0);
	expect("listen tcp4 127.0.0.1:%d", f);
	to = at(f);
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (sendto(s, "fastopen", 8, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)) < 0) {
		CHECK(errno == EOPNOTSUPP);	/* switched off: net.ipv4.tcp_fastopen */
		expect("send to 127.0.0.1:%d EOPNOTSUPP", f);
		close(s);
		goto out;
	}
	expect("connect tcp4 → 127.0.0.1:%d", f);
	expect("send 8 B to 127.0.0.1:%d", f);
	t = accept(l, NULL, NULL);
	CHECK(t >= 0);
	expect("accept tcp4*on 127.0.0.1:%d", f);
	CHECK(write(t, "answer", 6) == 6);
	expect("send 6 B to *");
	CHECK(read(s, buf, sizeof(buf)) == 6);
	expect("recv 6 B from 127.0.0.1:%d", f);
	close(t);
	close(s);

	to = at(r);
	s = socket(AF_INET, SOCK_STREAM, 0);

	struct iovec iov = { "abc", 3 };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1 };

	CHECK(sendmsg(s, &m, MSG_FASTOPEN | MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED);
	expect("connect tcp4 → 127.0.0.1:%d ECONNREFUSED after TIME", r);
	expect("send to 127.0.0.1:%d ECONNREFUSED", r);
	close(s);

	s = socket(AF_INET, SOCK_STREAM, 0);
	if (setsockopt(s, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, &yes, sizeof(yes)) < 0 ||
	    setsockopt(s, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &yes, sizeof(yes)) < 0 || connect_to(s, r) < 0) {
		tracee_ignore("^connect tcp4");
		close(s);
		goto out;
	}
	expect("connect tcp4 → 127.0.0.1:%d", r);
	CHECK(send(s, "x", 1, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED);
	expect("connect tcp4 → 127.0.0.1:%d ECONNREFUSED after TIME", r);
	expect("send to 127.0.0.1:%d ECONNREFUSED", r);
	close(s);
out:
	close(l);
	close(rfd);
}

int main(void)
{
	tracee_begin();
	refused_then_connected();
	refused_in_the_background();
	listener_reused();
	udp_connected_anew();
	udp_many();
	peeks();
	unix_peers();
	relative_names();
	families();
	fast_open();
	tracee_end();
}
