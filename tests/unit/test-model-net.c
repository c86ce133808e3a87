/* SPDX-License-Identifier: MIT */
/* Sockets: names, outcomes, bytes, who is at the other end, and descriptors that travel. */
#include "net_scene.h"

static struct sockaddr_in6 v6(const char *ip, unsigned port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	assert_int_equal(inet_pton(AF_INET6, ip, &a.sin6_addr), 1);
	return a;
}

static void listen4(struct scene *s, uint32_t tid, int fd, const char *ip, unsigned port)
{
	struct sockaddr_in a = v4(ip, port);

	socket_(s, tid, AF_INET, SOCK_STREAM, fd);
	addr_call(s, tid, "bind", fd, 0, &a, sizeof(a));
	CALL(s, tid, "listen", 0, (uint64_t)fd, 128);
	assert_int_equal(go(s)->kind, EV_LISTEN);
}

static void name_call(struct scene *s, uint32_t tid, const char *call, int fd, const char *ip, unsigned port)
{
	struct sockaddr_in a = v4(ip, port);

	CALL(s, tid, call, 0, (uint64_t)fd, 0x1000, 0x2000);
	out(s, 1, &a, sizeof(a));
	part(s, 1, PART_LEN, CHUNK_AT_EXIT, &(uint32_t){ sizeof(a) }, sizeof(uint32_t));
	go(s);
}

static void names_say_what_they_are(void **state)
{
	static const struct { int family, type; const char *name; } rows[] = {
		{ AF_INET, SOCK_STREAM, "tcp4" }, { AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, "tcp6" }, { AF_INET, SOCK_DGRAM, "udp4" },
		{ AF_INET6, SOCK_DGRAM, "udp6" }, { AF_UNIX, SOCK_STREAM, "unix" }, { AF_UNIX, SOCK_DGRAM, "unix-dgram" }, { AF_NETLINK, SOCK_RAW, "netlink" },
		{ AF_INET, SOCK_RAW, "raw4" }, { AF_PACKET, SOCK_RAW, "packet" },
	};
	struct scene *s = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_string_equal(socket_(s, 10, rows[i].family, rows[i].type, 3)->name, rows[i].name);
		assert_string_equal(sock_proto_name(file_of(s, 10, 3)->sock), rows[i].name);
	}
	assert_int_equal(socket_(s, 10, AF_INET, SOCK_STREAM, -EMFILE)->err, EMFILE);
}

/* Bytes of all events of that kind that belong to a connection. */
static uint64_t moved(struct scene *s, enum event_kind kind, uint32_t conn)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += s->v[i].kind == kind && (s->v[i].conn == conn || s->v[i].conn2 == conn) ? s->v[i].nbytes : 0;
	return n;
}

static void connects_and_counts(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	socket_(s, 10, AF_INET, SOCK_STREAM, 3);
	e = connect4(s, 10, 3, 0, "93.184.216.34", 443);
	assert_int_equal(e->kind, EV_CONNECT);
	assert_string_equal(e->peer, "93.184.216.34:443");
	assert_string_equal(e->name, "tcp4 → 93.184.216.34:443");
	e = io(s, 10, "write", 3, 517);
	assert_int_equal(e->kind, EV_SEND);		/* whatever the call */
	assert_string_equal(e->peer, "93.184.216.34:443");
	e = io(s, 10, "read", 3, 1400);
	assert_int_equal(e->kind, EV_RECV);
	e = io(s, 10, "sendto", 3, 3);
	assert_int_equal(e->kind, EV_SEND);
	e = io(s, 10, "recvfrom", 3, 4);
	assert_string_equal(e->peer, "93.184.216.34:443");
	CALL(s, 10, "recvfrom", 9, 3, 0, 9, MSG_PEEK, 0, 0);	/* looked at, not taken */
	go(s);
	assert_int_equal(moved(s, EV_SEND, 1), 520);
	assert_int_equal(moved(s, EV_RECV, 1), 1404);
	assert_int_equal(world_task(s->w, 10)->proc->net_sent, 520);
	assert_int_equal(world_task(s->w, 10)->proc->net_received, 1404);
	assert_int_equal(world_task(s->w, 10)->proc->bytes_written, 0);
	open_(s, 10, "/f", O_RDONLY, 4);
	CALL(s, 10, "sendfile", 1000, 3, 4, 0, 1000);
	go(s);
	assert_int_equal(moved(s, EV_TRANSFER, 1), 1000);
	CALL(s, 10, "shutdown", 0, 3, SHUT_WR);
	assert_int_equal(go(s)->kind, EV_SHUTDOWN);
}

static void refused(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	socket_(s, 10, AF_INET, SOCK_STREAM, 3);
	s->took = 3000000000;
	e = connect4(s, 10, 3, -ETIMEDOUT, "10.0.0.1", 80);
	assert_int_equal(e->kind, EV_CONNECT);
	assert_int_equal(e->err, ETIMEDOUT);
	assert_int_equal(e->dur_ns, 3000000000);
	assert_int_equal(file_of(s, 10, 3)->sock->now.state, CONN_FAILED);
	assert_int_equal(file_of(s, 10, 3)->sock->now.err, ETIMEDOUT);
}

static const struct seen *so_error(struct scene *s, int fd, int err)
{
	CALL(s, 10, "getsockopt", 0, (uint64_t)fd, SOL_SOCKET, SO_ERROR, 0x1000, 0x2000);
	out(s, 3, &err, sizeof(err));
	assert_int_equal(go(s)->kind, EV_CALL);
	return got(s, err ? EV_CONNECT_FAILED : EV_CONNECTED, 0);
}

/* Returns when it began. */
static uint64_t begin_connect(struct scene *s, int fd)
{
	uint64_t began;

	socket_(s, 10, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, fd);
	began = s->now;
	assert_int_equal(connect4(s, 10, fd, -EINPROGRESS, "93.184.216.34", 443)->err, EINPROGRESS);
	assert_int_equal(file_of(s, 10, fd)->sock->now.state, CONN_CONNECTING);
	s->now += 7000000;
	return began;
}

static void in_progress_until_asked(void **state)
{
	struct scene *s = *state;
	uint64_t began = begin_connect(s, 3);
	const struct seen *e = so_error(s, 3, 0);

	assert_non_null(e);
	assert_false(e->call);
	assert_int_equal(e->err, 0);
	assert_int_equal(e->ts_ns, began);
	assert_true(e->dur_ns > 7000000 && e->dur_ns < 8000000);
	assert_string_equal(e->peer, "93.184.216.34:443");
	assert_int_equal(file_of(s, 10, 3)->sock->now.state, CONN_CONNECTED);
	assert_null(so_error(s, 3, 0));		/* reported once */
	begin_connect(s, 4);
	e = so_error(s, 4, ECONNREFUSED);
	assert_int_equal(e->err, ECONNREFUSED);
	assert_true(e->dur_ns > 7000000);
	assert_int_equal(file_of(s, 10, 4)->sock->now.state, CONN_FAILED);
	assert_int_equal(file_of(s, 10, 4)->sock->now.err, ECONNREFUSED);
}

static void in_progress_until_ready(void **state)
{
	struct scene *s = *state;
	struct pollfd pfd[] = { { 3, POLLOUT, 0 },
				{ 4, POLLOUT, POLLOUT | POLLERR | POLLHUP },
				{ 5, POLLOUT, POLLOUT } };
	struct { uint32_t events, lo, hi; } ev = { EPOLLOUT, 0xdead, 0xbeef };
	unsigned char set[128] = { 1 << 7 };

	for (int fd = 3; fd < 8; fd++)
		begin_connect(s, fd);
	CALL(s, 10, "poll", 2, 0x1000, 3, ~0ull);
	in(s, 0, pfd, sizeof(pfd));
	out(s, 0, pfd, sizeof(pfd));
	assert_int_equal(go(s)->kind, EV_POLL);
	assert_int_equal(got(s, EV_CONNECTED, 0)->fd, 5);
	assert_null(got(s, EV_CONNECTED, 1));
	assert_int_equal(so_error(s, 4, ETIMEDOUT)->err, ETIMEDOUT);

	CALL(s, 10, "epoll_create1", 9, 0);
	go(s);
	CALL(s, 10, "epoll_ctl", 0, 9, EPOLL_CTL_ADD, 6, 0x1000);	/* data is the program's own */
	in(s, 3, &ev, 12);
	assert_int_equal(go(s)->kind, EV_CALL);
	CALL(s, 10, "epoll_wait", 1, 9, 0x1000, 8, 0);
	out(s, 1, &ev, 12);
	go(s);
	assert_int_equal(got(s, EV_CONNECTED, 0)->fd, 6);

	CALL(s, 10, "select", 1, 8, 0, 0x1000, 0, 0);	/* says writable of a failed one, too */
	in(s, 2, set, sizeof(set));
	out(s, 2, set, sizeof(set));
	go(s);
	assert_null(got(s, EV_CONNECTED, 0));
	assert_int_equal(so_error(s, 7, ECONNREFUSED)->err, ECONNREFUSED);
	assert_int_equal(file_of(s, 10, 3)->sock->now.state, CONN_CONNECTING);
}

static void in_progress_until_used(void **state)
{
	struct scene *s = *state;

	begin_connect(s, 3);
	assert_int_equal(io(s, 10, "write", 3, -EAGAIN)->kind, EV_SEND);
	assert_null(got(s, EV_CONNECTED, 0));
	io(s, 10, "write", 3, 5);
	assert_int_equal(got(s, EV_CONNECTED, 0)->err, 0);
	assert_true(got(s, EV_CONNECTED, 0) < got(s, EV_SEND, 0));	/* the outcome first */
	begin_connect(s, 4);
	io(s, 10, "sendto", 4, -ECONNREFUSED);
	assert_int_equal(got(s, EV_CONNECT_FAILED, 0)->err, ECONNREFUSED);
	begin_connect(s, 5);
	assert_int_equal(connect4(s, 10, 5, -EALREADY, "93.184.216.34", 443)->kind, EV_CALL);
	assert_null(got(s, EV_CONNECTED, 0));
	assert_int_equal(connect4(s, 10, 5, -EISCONN, "93.184.216.34", 443)->kind, EV_CALL);
	assert_int_equal(got(s, EV_CONNECTED, 0)->err, 0);
	begin_connect(s, 6);
	connect4(s, 10, 6, -EHOSTUNREACH, "93.184.216.34", 443);
	assert_int_equal(got(s, EV_CONNECT_FAILED, 0)->err, EHOSTUNREACH);
	begin_connect(s, 7);
	name_call(s, 10, "getpeername", 7, "93.184.216.34", 443);
	assert_int_equal(got(s, EV_CONNECTED, 0)->err, 0);
}

static void loopback_ends_meet(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	fork_(s, 10, 11, 0);
	listen4(s, 11, 3, "0.0.0.0", 8000);
	assert_string_equal(name_of(s, 11, 3), "tcp4 0.0.0.0:8000");
	socket_(s, 10, AF_INET, SOCK_STREAM, 3);
	connect4(s, 10, 3, 0, "127.0.0.1", 8000);
	e = accept4_(s, 11, 3, 4, "127.0.0.1", 40000);
	assert_int_equal(e->kind, EV_ACCEPT);
	assert_int_equal(e->fd, 4);
	assert_int_equal(e->fd2, 3);
	assert_string_equal(e->peer, "127.0.0.1:40000");
	assert_string_equal(e->name, "tcp4 ← 127.0.0.1:40000");
	assert_int_equal(file_of(s, 11, 4)->sock->now.state, CONN_ACCEPTED);
	assert_joined(s, 10, 3, 11, 4);

	/* The server's accept may be recorded before the client's connect. */
	struct sockaddr_in server = v4("127.0.0.1", 8000);
	uint64_t began;

	socket_(s, 10, AF_INET, SOCK_STREAM, 5);
	began = s->now;
	accept4_(s, 11, 3, 6, "127.0.0.1", 40001);
	assert_int_equal(file_of(s, 11, 6)->peer_file, 0);
	CALL(s, 10, "connect", 0, 5, 0x1000, sizeof(server))->h.ts_ns = began;
	in(s, 1, &server, sizeof(server));
	go(s);
	assert_joined(s, 10, 5, 11, 6);

	/* Two at a time: in the order of connecting, or by address where it is known. */
	for (int fd = 7; fd < 10; fd++) {
		socket_(s, 10, AF_INET, SOCK_STREAM, fd);
		connect4(s, 10, fd, -EINPROGRESS, "127.0.0.1", 8000);
	}
	name_call(s, 10, "getsockname", 9, "127.0.0.1", 50009);
	accept4_(s, 11, 3, 17, "127.0.0.1", 50007);
	accept4_(s, 11, 3, 19, "127.0.0.1", 50009);
	accept4_(s, 11, 3, 18, "127.0.0.1", 50008);
	assert_joined(s, 10, 7, 11, 17);
	assert_joined(s, 10, 8, 11, 18);
	assert_joined(s, 10, 9, 11, 19);

	/* From elsewhere: no process here. */
	assert_string_equal(accept4_(s, 11, 3, 20, "192.0.2.7", 999)->peer, "192.0.2.7:999");
	assert_int_equal(file_of(s, 11, 20)->peer_file, 0);
}

static void mapped_addresses_are_the_same(void **state)
{
	struct scene *s = *state;
	struct sockaddr_in6 any = v6("::", 9000), from = v6("::ffff:127.0.0.1", 40000);

	fork_(s, 10, 11, 0);
	socket_(s, 11, AF_INET6, SOCK_STREAM, 3);
	addr_call(s, 11, "bind", 3, 0, &any, sizeof(any));
	CALL(s, 11, "listen", 0, 3, 5);
	go(s);
	socket_(s, 10, AF_INET, SOCK_STREAM, 3);
	connect4(s, 10, 3, 0, "127.0.0.1", 9000);
	accept_(s, 11, 3, 4, &from, sizeof(from));
	assert_joined(s, 10, 3, 11, 4);
}

static const struct seen *sendto4(struct scene *s, uint32_t tid, int fd, const char *ip, unsigned port, int64_t ret)
{
	struct sockaddr_in a = v4(ip, port);

	CALL(s, tid, "sendto", ret, (uint64_t)fd, 0, 100, 0, 0x1000, sizeof(a));
	in(s, 4, &a, sizeof(a));
	return go(s);
}

static void datagrams_name_their_peers(void **state)
{
	struct scene *s = *state;
	struct sockaddr_in server = v4("0.0.0.0", 53), client = v4("127.0.0.1", 5353);
	const struct seen *e;

	fork_(s, 10, 11, 0);
	socket_(s, 11, AF_INET, SOCK_DGRAM, 3);
	addr_call(s, 11, "bind", 3, 0, &server, sizeof(server));
	assert_string_equal(name_of(s, 11, 3), "udp4 0.0.0.0:53");
	socket_(s, 10, AF_INET, SOCK_DGRAM, 3);
	e = sendto4(s, 10, 3, "127.0.0.1", 53, 100);
	assert_int_equal(e->kind, EV_SEND);
	assert_string_equal(e->peer, "127.0.0.1:53");
	assert_int_equal(file_of(s, 10, 3)->peer_file, file_of(s, 11, 3)->id);
	assert_int_equal(file_of(s, 10, 3)->peer_proc, world_task(s->w, 11)->proc->id);
	CALL(s, 11, "recvfrom", 100, 3, 0, 512, 0, 0x1000, 0x2000);
	out(s, 4, &client, sizeof(client));
	part(s, 4, PART_LEN, CHUNK_AT_EXIT, &(uint32_t){ sizeof(client) }, sizeof(uint32_t));
	e = go(s);
	assert_int_equal(e->kind, EV_RECV);
	assert_string_equal(e->peer, "127.0.0.1:5353");
	assert_int_equal(e->nbytes, 100);

	struct record_msg msgs[2] = { { .nbytes = 40, .name_len = sizeof(client) },
				      { .nbytes = 60, .name_len = sizeof(client) } };

	memcpy(msgs[0].name, &client, sizeof(client));
	memcpy(msgs[1].name, &client, sizeof(client));
	CALL(s, 11, "recvmmsg", 2, 3, 0x1000, 8, 0, 0);
	part(s, 1, PART_MSGVEC, CHUNK_AT_EXIT, msgs, sizeof(msgs));
	e = go(s);
	assert_int_equal(e->kind, EV_RECV);
	assert_int_equal(e->nbytes, 100);
	assert_string_equal(e->peer, "127.0.0.1:5353");
	CALL(s, 11, "sendmmsg", 1, 3, 0x1000, 2, 0);
	part(s, 1, PART_MSGVEC, CHUNK_AT_EXIT, msgs, sizeof(msgs));
	assert_int_equal(go(s)->nbytes, 40);		/* one of the two */
	assert_int_equal(world_task(s->w, 11)->proc->net_received, 200);

	connect4(s, 10, 3, 0, "127.0.0.1", 53);
	assert_string_equal(io(s, 10, "write", 3, 5)->peer, "127.0.0.1:53");
	CALL(s, 10, "connect", 0, 3, 0x1000, 16);
	in(s, 1, &(struct sockaddr_in){ .sin_family = AF_UNSPEC }, sizeof(struct sockaddr_in));
	go(s);
	assert_false(file_of(s, 10, 3)->sock->now.has_peer);
	assert_string_equal(sendto4(s, 10, 3, "192.0.2.9", 53, -ENETUNREACH)->peer, "192.0.2.9:53");
}

/* ---- several peers and outcomes of one socket ---- */
static void attempts_are_apart(void **state)
{
	struct scene *s = *state;
	const struct seen *e;
	uint32_t r, g;

	socket_(s, 10, AF_INET, SOCK_STREAM, 3);
	r = connect4(s, 10, 3, -ECONNREFUSED, "10.0.0.1", 1)->conn;
	e = connect4(s, 10, 3, 0, "10.0.0.2", 2);
	g = e->conn;
	assert_int_equal(r, 1);
	assert_int_equal(g, 2);
	assert_int_equal(got(s, EV_RELEASE, 0)->conn, r);	/* the first is over, the socket is not */
	assert_int_equal(io(s, 10, "write", 3, 5)->conn, g);
	assert_int_equal(connect4(s, 10, 3, -EISCONN, "10.0.0.1", 1)->conn, 0);	/* no attempt */
	assert_string_equal(io(s, 10, "write", 3, 5)->peer, "10.0.0.2:2");
	assert_string_equal(name_of(s, 10, 3), "tcp4 → 10.0.0.2:2");

	/* one that then listens: what it had tried is no listener's */
	socket_(s, 10, AF_INET, SOCK_STREAM, 5);
	r = connect4(s, 10, 5, -ECONNREFUSED, "10.0.0.1", 1)->conn;
	CALL(s, 10, "listen", 0, 5, 128);
	e = go(s);
	assert_int_equal(e->kind, EV_LISTEN);
	assert_int_not_equal(e->conn, r);
	assert_int_equal(got(s, EV_RELEASE, 0)->conn, r);

	/* a datagram socket that cannot connect to another peer stays connected to the one it has */
	socket_(s, 10, AF_INET, SOCK_DGRAM, 4);
	g = connect4(s, 10, 4, 0, "10.0.0.2", 2)->conn;
	r = connect4(s, 10, 4, -ENETUNREACH, "10.0.0.3", 3)->conn;
	assert_int_not_equal(r, g);
	assert_int_equal(io(s, 10, "write", 4, 5)->conn, g);
}

static void late_outcomes_are_their_own(void **state)
{
	struct scene *s = *state;
	uint32_t first;

	begin_connect(s, 3);
	first = file_of(s, 10, 3)->sock->now.id;
	assert_int_equal(connect4(s, 10, 3, -ECONNREFUSED, "10.0.0.9", 9)->kind, EV_CALL);	/* (the first one's) */
	assert_int_equal(got(s, EV_CONNECT_FAILED, 0)->conn, first);
	assert_string_equal(got(s, EV_CONNECT_FAILED, 0)->peer, "93.184.216.34:443");
	assert_int_equal(connect4(s, 10, 3, -ECONNABORTED, "10.0.0.9", 9)->conn, 0);
	assert_int_not_equal(connect4(s, 10, 3, 0, "10.0.0.9", 9)->conn, first);

	/* TCP_FASTOPEN_CONNECT: success came before the peer was asked */
	begin_connect(s, 4);
	first = file_of(s, 10, 4)->sock->now.id;
	connect4(s, 10, 4, -EISCONN, "93.184.216.34", 443);
	assert_int_equal(io(s, 10, "write", 4, -ECONNREFUSED)->conn, first);
	assert_int_equal(got(s, EV_CONNECT_FAILED, 0)->flags, CONN_TAKEN_BACK);
	assert_int_equal(file_of(s, 10, 4)->sock->now.state, CONN_FAILED);
}

static void fast_open_connects(void **state)
{
	struct sockaddr_in a = v4("10.0.0.1", 80);
	struct scene *s = *state;
	const struct seen *e;

	socket_(s, 10, AF_INET, SOCK_STREAM, 3);
	CALL(s, 10, "sendto", 8, 3, 0x1000, 8, MSG_FASTOPEN, 0x2000, sizeof(a));
	in(s, 4, &a, sizeof(a));
	e = go(s);
	assert_int_equal(e->kind, EV_SEND);
	assert_string_equal(e->peer, "10.0.0.1:80");
	assert_int_equal(got(s, EV_CONNECT, 0)->conn, e->conn);
	assert_int_equal(file_of(s, 10, 3)->sock->now.state, CONN_CONNECTED);
	assert_string_equal(io(s, 10, "read", 3, 6)->peer, "10.0.0.1:80");

	/* without waiting: data is on its way, the answer is not known */
	socket_(s, 10, AF_INET, SOCK_STREAM, 4);
	CALL(s, 10, "sendto", 8, 4, 0x1000, 8, MSG_FASTOPEN | MSG_DONTWAIT, 0x2000, sizeof(a));
	in(s, 4, &a, sizeof(a));
	go(s);
	assert_int_equal(file_of(s, 10, 4)->sock->now.state, CONN_CONNECTING);
	io(s, 10, "read", 4, -ECONNREFUSED);
	assert_int_equal(got(s, EV_CONNECT_FAILED, 0)->err, ECONNREFUSED);

	/* off: no attempt; of a datagram socket the flag means nothing */
	socket_(s, 10, AF_INET, SOCK_STREAM, 5);
	CALL(s, 10, "sendto", -EOPNOTSUPP, 5, 0x1000, 8, MSG_FASTOPEN, 0x2000, sizeof(a));
	in(s, 4, &a, sizeof(a));
	go(s);
	assert_null(got(s, EV_CONNECT, 0));
	assert_int_equal(file_of(s, 10, 5)->sock->now.state, CONN_NONE);
}

static void peers_of_datagrams_are_apart(void **state)
{
	struct record_msg msgs[3] = { { .nbytes = 40 }, { .nbytes = 60 }, { .nbytes = 2 } };
	struct scene *s = *state;
	const struct seen *e;
	uint32_t a, b, last;

	socket_(s, 10, AF_INET, SOCK_DGRAM, 3);
	a = sendto4(s, 10, 3, "10.0.0.1", 1, 10)->conn;
	b = sendto4(s, 10, 3, "10.0.0.1", 2, 10)->conn;
	assert_int_not_equal(a, b);
	assert_int_equal(sendto4(s, 10, 3, "10.0.0.1", 1, 10)->conn, a);
	/* several messages of one call: an event a peer, one of them the call's */
	for (unsigned i = 0; i < 3; i++) {
		struct sockaddr_in to = v4("10.0.0.1", i == 1 ? 2 : 1);

		msgs[i].name_len = sizeof(to);
		memcpy(msgs[i].name, &to, sizeof(to));
	}
	CALL(s, 10, "sendmmsg", 3, 3, 0x1000, 3, 0);
	part(s, 1, PART_MSGVEC, CHUNK_AT_EXIT, msgs, sizeof(msgs));
	e = go(s);
	assert_int_equal(e->conn, b);
	assert_int_equal(e->nbytes, 60);
	assert_null(got(s, EV_SEND, 2));
	assert_int_equal(got(s, EV_SEND, 0)->conn, a);
	assert_int_equal(got(s, EV_SEND, 0)->nbytes, 42);
	/* 64 are kept apart; a program that sends to millions of addresses has one more */
	for (unsigned i = 0; i < SOCK_PEERS_MAX - 2; i++)
		last = sendto4(s, 10, 3, "10.0.1.1", 1000 + i, 10)->conn;
	assert_int_equal(file_of(s, 10, 3)->sock->npeers, SOCK_PEERS_MAX);
	e = sendto4(s, 10, 3, "10.0.2.1", 1, 10);
	assert_int_equal(e->conn, last + 1);
	assert_string_equal(e->peer, "10.0.2.1:1");
	assert_int_equal(sendto4(s, 10, 3, "10.0.2.1", 2, 10)->conn, last + 1);
	assert_int_equal(sendto4(s, 10, 3, "10.0.0.1", 1, 10)->conn, a);
	assert_true(file_of(s, 10, 3)->sock->rest->rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(names_say_what_they_are), SCENE(connects_and_counts), SCENE(refused),
		SCENE(in_progress_until_asked), SCENE(in_progress_until_ready), SCENE(in_progress_until_used),
		SCENE(loopback_ends_meet), SCENE(mapped_addresses_are_the_same),
		SCENE(datagrams_name_their_peers), SCENE(attempts_are_apart),
		SCENE(late_outcomes_are_their_own), SCENE(fast_open_connects),
		SCENE(peers_of_datagrams_are_apart),
	};

	return cmocka_run_group_tests_name("model-net", tests, NULL, NULL);
}
