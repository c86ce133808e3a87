/* SPDX-License-Identifier: MIT */
/* Unix sockets, socketpairs, and descriptors that travel over them. */
#include "net_scene.h"

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
		SCENE(snapshot_connections_meet), SCENE(unix_ends_meet), SCENE(socketpairs_are_joined),
		SCENE(descriptors_travel), SCENE(descriptors_travel_in_numbers),
		SCENE(descriptors_travel_over_connections), SCENE(queues_are_bounded),
	};

	return cmocka_run_group_tests_name("model-unix", tests, NULL, NULL);
}
