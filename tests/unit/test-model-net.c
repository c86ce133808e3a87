/* SPDX-License-Identifier: MIT */
/* Sockets: names, outcomes, bytes, who is at the other end, and descriptors that travel. */
#include "scene.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>

static struct sockaddr_in v4(const char *ip, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	assert_int_equal(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	return a;
}

static struct sockaddr_in6 v6(const char *ip, unsigned port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	assert_int_equal(inet_pton(AF_INET6, ip, &a.sin6_addr), 1);
	return a;
}

static const struct seen *socket_(struct scene *s, uint32_t tid, int family, int type, int fd)
{
	CALL(s, tid, "socket", fd, (uint64_t)family, (uint64_t)type, 0);
	return go(s);
}

static const struct seen *addr_call(struct scene *s, uint32_t tid, const char *name, int fd, int64_t ret, const void *a,
				    size_t len)
{
	CALL(s, tid, name, ret, (uint64_t)fd, 0x1000, len);
	in(s, 1, a, len);
	return go(s);
}

static const struct seen *connect4(struct scene *s, uint32_t tid, int fd, int64_t ret, const char *ip, unsigned port)
{
	struct sockaddr_in a = v4(ip, port);

	return addr_call(s, tid, "connect", fd, ret, &a, sizeof(a));
}

static void listen4(struct scene *s, uint32_t tid, int fd, const char *ip, unsigned port)
{
	struct sockaddr_in a = v4(ip, port);

	socket_(s, tid, AF_INET, SOCK_STREAM, fd);
	addr_call(s, tid, "bind", fd, 0, &a, sizeof(a));
	CALL(s, tid, "listen", 0, (uint64_t)fd, 128);
	assert_int_equal(go(s)->kind, EV_LISTEN);
}

static const struct seen *accept_(struct scene *s, uint32_t tid, int fd, int64_t ret, const void *a, uint32_t len)
{
	CALL(s, tid, "accept4", ret, (uint64_t)fd, a ? 0x1000 : 0, a ? 0x2000 : 0, SOCK_CLOEXEC);
	if (a) {
		out(s, 1, a, len);
		part(s, 1, PART_LEN, CHUNK_AT_EXIT, &len, sizeof(len));
	}
	return go(s);
}

static const struct seen *accept4_(struct scene *s, uint32_t tid, int fd, int64_t ret, const char *ip, unsigned port)
{
	struct sockaddr_in a = v4(ip, port);

	return accept_(s, tid, fd, ret, &a, sizeof(a));
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

static void assert_joined(struct scene *s, uint32_t a, int fda, uint32_t b, int fdb)
{
	struct file *fa = file_of(s, a, fda), *fb = file_of(s, b, fdb);

	assert_int_equal(fa->peer_file, fb->id);
	assert_int_equal(fb->peer_file, fa->id);
	assert_int_equal(fa->peer_proc, world_task(s->w, b)->proc->id);
	assert_int_equal(fb->peer_proc, world_task(s->w, a)->proc->id);
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

static void snapshot_sock(struct scene *s, uint32_t tid, int fd, uint64_t ino, const struct sockaddr_in *local,
			  const struct sockaddr_in *peer)
{
	struct record_fd *r = begin(s, RECORD_FD, sizeof(*r), tid);
	struct record_sock sock = { .family = AF_INET, .type = SOCK_STREAM, .local_len = sizeof(*local) };

	r->fd = fd;
	r->ino = ino;
	r->mode = 0140777;
	memcpy(sock.local, local, sizeof(*local));
	if (peer) {
		sock.peer_len = sizeof(*peer);
		memcpy(sock.peer, peer, sizeof(*peer));
	}
	sock.state = !peer;
	text_part(s, PART_PATH, "socket:[1]");
	part(s, 0, PART_SOCK, 0, &sock, sizeof(sock));
	feed(s);
}

static void snapshot_connections_meet(void **state)
{
	struct scene *s = *state;
	struct sockaddr_in a = v4("127.0.0.1", 6379), b = v4("127.0.0.1", 40000), far_away = v4("192.0.2.1", 5),
			   any = v4("0.0.0.0", 6379);

	fork_(s, 10, 11, 0);
	snapshot_sock(s, 10, 3, 1, &a, &b);
	snapshot_sock(s, 11, 5, 2, &b, &a);
	snapshot_sock(s, 10, 4, 3, &any, NULL);
	snapshot_sock(s, 10, 6, 4, &a, &far_away);
	snapshot_sock(s, 11, 7, 1, &a, &b);		/* inherited: the same socket */
	assert_joined(s, 10, 3, 11, 5);
	assert_ptr_equal(file_of(s, 11, 7), file_of(s, 10, 3));
	assert_string_equal(name_of(s, 10, 3), "tcp4 → 127.0.0.1:40000");
	assert_string_equal(name_of(s, 10, 4), "tcp4 0.0.0.0:6379");
	assert_int_equal(file_of(s, 10, 4)->sock->now.state, CONN_LISTENING);
	assert_int_equal(file_of(s, 10, 6)->peer_file, 0);
	/* A client that comes after the attach meets the listener of before. */
	socket_(s, 11, AF_INET, SOCK_STREAM, 8);
	connect4(s, 11, 8, 0, "127.0.0.1", 6379);
	accept4_(s, 10, 4, 9, "127.0.0.1", 40001);
	assert_joined(s, 11, 8, 10, 9);
}

static socklen_t un(struct sockaddr_un *a, const char *path, bool abstract)
{
	size_t n = strlen(path);

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path + abstract, path, n);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
}

static void unix_connection(struct scene *s, bool abstract)
{
	struct sockaddr_un a, nobody = { .sun_family = AF_UNIX };
	socklen_t len = un(&a, "/run/x.sock", abstract);

	socket_(s, 11, AF_UNIX, SOCK_STREAM, 3);
	addr_call(s, 11, "bind", 3, 0, &a, len);
	CALL(s, 11, "listen", 0, 3, 5);
	go(s);
	socket_(s, 10, AF_UNIX, SOCK_STREAM, 3);
	addr_call(s, 10, "connect", 3, 0, &a, len);
	accept_(s, 11, 3, 4, &nobody, 2);
}

static void unix_ends_meet(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	unix_connection(s, false);
	assert_joined(s, 10, 3, 11, 4);
	assert_string_equal(name_of(s, 10, 3), "unix → /run/x.sock");
	assert_string_equal(name_of(s, 11, 4), "unix /run/x.sock");
	unix_connection(s, true);
	assert_joined(s, 10, 3, 11, 4);
	assert_string_equal(name_of(s, 10, 3), "unix → @/run/x.sock");
}

static void socketpairs_are_joined(void **state)
{
	struct scene *s = *state;
	const struct seen *e;
	uint32_t child;

	CALL(s, 10, "socketpair", 0, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0x1000);
	out(s, 3, (int[]){ 3, 4 }, 2 * sizeof(int));
	e = go(s);
	assert_int_equal(e->kind, EV_PIPE);
	assert_int_equal(e->fd, 3);
	assert_int_equal(e->fd2, 4);
	assert_int_equal(file_of(s, 10, 3)->peer_file, file_of(s, 10, 4)->id);
	fork_(s, 10, 11, 0);
	child = world_task(s->w, 11)->proc->id;
	close_(s, 10, 4);
	close_(s, 11, 3);
	assert_int_equal(io(s, 10, "write", 3, 1)->kind, EV_SEND);
	assert_int_equal(file_of(s, 10, 3)->peer_proc, child);
	exec(s, 11, "/bin/true", NULL);
	assert_null(file_of(s, 11, 4));
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

/* ---- descriptors on the way ---- */

static void put_rights(struct scene *s, unsigned flags, const int *fds, unsigned n)
{
	char control[256] = { 0 };
	struct cmsghdr h = { .cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };

	memcpy(control, &h, sizeof(h));
	memcpy(control + sizeof(h), fds, n * sizeof(int));
	part(s, 1, PART_CONTROL, flags, control, CMSG_SPACE(n * sizeof(int)));
}

static const struct seen *send_fds(struct scene *s, uint32_t tid, int sock, const int *fds, unsigned n)
{
	CALL(s, tid, "sendmsg", 1, (uint64_t)sock, 0x1000, 0);
	put_rights(s, 0, fds, n);
	return go(s);
}

static const struct seen *recv_fds(struct scene *s, uint32_t tid, int sock, const int *fds, unsigned n, unsigned flags)
{
	CALL(s, tid, "recvmsg", 1, (uint64_t)sock, 0x1000, flags);
	put_rights(s, CHUNK_AT_EXIT, fds, n);
	return go(s);
}

static void descriptors_travel(void **state)
{
	struct scene *s = *state;
	uint32_t id;

	CALL(s, 10, "socketpair", 0, AF_UNIX, SOCK_STREAM, 0, 0x1000);
	out(s, 3, (int[]){ 3, 4 }, 2 * sizeof(int));
	go(s);
	fork_(s, 10, 11, 0);
	id = open_(s, 10, "/secret", O_RDONLY, 5)->file;
	open_(s, 10, "/other", O_RDONLY, 6);
	assert_string_equal(send_fds(s, 10, 3, (int[]){ 5, 6 }, 2)->name2, "/secret");
	close_(s, 10, 5);
	assert_int_equal(count(s, EV_RELEASE), 0);	/* on its way it stays open */
	recv_fds(s, 11, 4, (int[]){ 7, 8 }, 2, MSG_CMSG_CLOEXEC);
	assert_int_equal(file_of(s, 11, 7)->id, id);
	assert_string_equal(name_of(s, 11, 8), "/other");
	io(s, 11, "read", 7, 12);
	assert_int_equal(file_of(s, 11, 7)->bytes_read, 12);
	exec(s, 11, "/bin/true", NULL);
	assert_null(file_of(s, 11, 7));
	assert_int_equal(count(s, EV_RELEASE), 1);

	/* The receiver's call may be recorded first. */
	recv_fds(s, 11, 4, (int[]){ 9 }, 1, 0);
	assert_string_equal(name_of(s, 11, 9), "fd received over unix");
	open_(s, 10, "/late", O_RDONLY, 5);
	send_fds(s, 10, 3, (int[]){ 5 }, 1);
	assert_string_equal(name_of(s, 11, 9), "/late");

	/* What was not received goes with the socket. */
	send_fds(s, 10, 3, (int[]){ 5 }, 1);
	close_(s, 10, 5);
	close_(s, 11, 9);
	close_(s, 10, 4);
	close_(s, 11, 4);
	assert_null(file_of(s, 10, 5));
	assert_string_equal(s->v[s->n - 1].name, "/late");
	assert_int_equal(s->v[s->n - 1].kind, EV_RELEASE);
}

/* Several messages in one call, each with its own. */
static void descriptors_travel_in_numbers(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "socketpair", 0, AF_UNIX, SOCK_DGRAM, 0, 0x1000);
	out(s, 3, (int[]){ 3, 4 }, 2 * sizeof(int));
	go(s);
	open_(s, 10, "/a", O_RDONLY, 5);
	open_(s, 10, "/b", O_RDONLY, 6);
	CALL(s, 10, "sendmmsg", 2, 3, 0x1000, 2, 0);
	put_rights(s, CHUNK_AT_EXIT, (int[]){ 5 }, 1);
	put_rights(s, CHUNK_AT_EXIT, (int[]){ 6 }, 1);
	go(s);
	CALL(s, 10, "recvmmsg", 2, 4, 0x1000, 2, MSG_CMSG_CLOEXEC, 0);
	put_rights(s, CHUNK_AT_EXIT, (int[]){ 7 }, 1);
	put_rights(s, CHUNK_AT_EXIT, (int[]){ 8 }, 1);
	go(s);
	assert_ptr_equal(file_of(s, 10, 7), file_of(s, 10, 5));
	assert_ptr_equal(file_of(s, 10, 8), file_of(s, 10, 6));
}

static void descriptors_travel_over_connections(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	unix_connection(s, false);
	open_(s, 11, "/a", O_RDONLY, 8);
	send_fds(s, 11, 4, (int[]){ 8 }, 1);
	recv_fds(s, 10, 3, (int[]){ 9 }, 1, 0);
	assert_ptr_equal(file_of(s, 10, 9), file_of(s, 11, 8));
	recv_fds(s, 10, 3, (int[]){ 12 }, 1, 0);	/* from a process that is not traced */
	assert_string_equal(name_of(s, 10, 12), "fd received over unix → /run/x.sock");
}

static void queues_are_bounded(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "socketpair", 0, AF_UNIX, SOCK_STREAM, 0, 0x1000);
	out(s, 3, (int[]){ 3, 4 }, 2 * sizeof(int));
	go(s);
	open_(s, 10, "/a", O_RDONLY, 5);
	for (int i = 0; i < 2000; i++) {
		send_fds(s, 10, 3, (int[]){ 5 }, 1);
		recv_fds(s, 10, 3, (int[]){ 6 }, 1, 0);
		s->n = 0;
	}
	assert_true(file_of(s, 10, 5)->refs < 300);
	for (int i = 0; i < 2000; i++) {	/* never accepted */
		socket_(s, 10, AF_INET, SOCK_STREAM, 7 + i % 500);
		connect4(s, 10, 7 + i % 500, 0, "127.0.0.1", 80);
		s->n = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(names_say_what_they_are),
		SCENE(connects_and_counts),
		SCENE(refused),
		SCENE(in_progress_until_asked),
		SCENE(in_progress_until_ready),
		SCENE(in_progress_until_used),
		SCENE(loopback_ends_meet),
		SCENE(mapped_addresses_are_the_same),
		SCENE(snapshot_connections_meet),
		SCENE(unix_ends_meet),
		SCENE(socketpairs_are_joined),
		SCENE(datagrams_name_their_peers),
		SCENE(attempts_are_apart),
		SCENE(late_outcomes_are_their_own),
		SCENE(fast_open_connects),
		SCENE(peers_of_datagrams_are_apart),
		SCENE(descriptors_travel),
		SCENE(descriptors_travel_in_numbers),
		SCENE(descriptors_travel_over_connections),
		SCENE(queues_are_bounded),
	};

	return cmocka_run_group_tests_name("model-net", tests, NULL, NULL);
}
