/* SPDX-License-Identifier: MIT */
/* What the kernel answers about descriptors, and what the model makes of it. */
#include "scene.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

static void fact(struct scene *s, int fd, uint32_t mode, uint64_t ino, uint64_t rdev, const char *name)
{
	struct record_fact r = { .fd = fd, .mode = mode, .ino = ino, .rdev = rdev, .dev = 9, .open_flags = O_RDWR };

	part(s, 0, PART_FACT, CHUNK_AT_EXIT, &r, sizeof(r));
	if (name)
		part(s, 0, PART_FACT_NAME, CHUNK_AT_EXIT, name, strlen(name));
}

static void fact_sock(struct scene *s, uint16_t local, uint16_t peer)
{
	struct record_sock r = { .family = AF_INET,
				 .type = SOCK_STREAM,
				 .local_len = sizeof(struct sockaddr_in),
				 .peer_len = peer ? sizeof(struct sockaddr_in) : 0 };
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(local),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memcpy(r.local, &a, sizeof(a));
	a.sin_port = htons(peer);
	memcpy(r.peer, &a, sizeof(a));
	part(s, 0, PART_FACT_SOCK, CHUNK_AT_EXIT, &r, sizeof(r));
}

static void open_as(struct scene *s, const char *path, int fd, uint32_t mode, uint64_t rdev)
{
	CALL(s, 10, "openat", fd, AT_FDCWD, 0, O_RDWR);
	str(s, 1, path);
	if (mode)
		fact(s, fd, mode, 5, rdev, NULL);
	go(s);
}

static void kinds_by_what_was_opened(void **state)
{
	static const struct { const char *path; uint32_t mode; unsigned major, minor; enum file_kind kind; } rows[] = {
		{ "/srv/fifo", S_IFIFO | 0600, 0, 0, FILE_PIPE },
		{ "/srv/link-to-zero", S_IFCHR | 0666, 1, 5, FILE_DEV },
		{ "/srv/link-to-tty", S_IFCHR | 0620, 136, 3, FILE_TTY },
		{ "/srv/console", S_IFCHR | 0600, 5, 1, FILE_TTY },
		{ "/srv/disk", S_IFBLK | 0660, 8, 0, FILE_DEV },
		{ "/srv/directory", S_IFDIR | 0755, 0, 0, FILE_DIR },
		{ "/srv/file", 0, 0, 0, FILE_REG },
		{ "/dev/file", 0, 0, 0, FILE_REG },	/* asked about, and nothing special */
	};
	struct scene *s = *state;

	start(s, START_COMMAND | START_FACTS);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		open_as(s, rows[i].path, 3 + (int)i, rows[i].mode, makedev(rows[i].major, rows[i].minor));
		assert_int_equal(file_of(s, 10, 3 + (int)i)->kind, rows[i].kind);
		assert_string_equal(name_of(s, 10, 3 + (int)i), rows[i].path);
	}
}

static void kinds_by_path_where_nothing_was_asked(void **state)
{
	struct scene *s = *state;
	struct record_fact none = { .fd = 5 };

	open_(s, 10, "/dev/sda", O_RDONLY, 3);
	assert_int_equal(file_of(s, 10, 3)->kind, FILE_DEV);
	start(s, START_COMMAND | START_FACTS);
	CALL(s, 10, "openat", 5, AT_FDCWD, 0, O_RDWR);	/* asked, and it was gone already */
	str(s, 1, "/dev/sdb");
	part(s, 0, PART_FACT, CHUNK_AT_EXIT, &none, sizeof(none));
	go(s);
	assert_int_equal(file_of(s, 10, 5)->kind, FILE_DEV);
}

static void numbers_are_the_kernels(void **state)
{
	struct scene *s = *state;
	int fds[2] = { 3, 4 };

	CALL(s, 10, "pipe2", 0, 0, 0);
	out(s, 0, fds, sizeof(fds));
	fact(s, 3, S_IFIFO | 0600, 4711, 0, NULL);
	fact(s, 4, S_IFIFO | 0600, 4711, 0, NULL);
	go(s);
	assert_string_equal(name_of(s, 10, 3), "pipe:[4711]");
	assert_string_equal(name_of(s, 10, 4), "pipe:[4711]");
	assert_int_equal(file_of(s, 10, 3)->peer_file, file_of(s, 10, 4)->id);

	CALL(s, 10, "openat", 5, AT_FDCWD, 0, O_TMPFILE | O_RDWR);
	str(s, 1, "/tmp");
	fact(s, 5, S_IFREG | 0600, 99, 0, "/tmp/#99 (deleted)");
	assert_string_equal(go(s)->path, "/tmp");
	assert_string_equal(name_of(s, 10, 5), "/tmp/#99");
	assert_true(file_of(s, 10, 5)->deleted);
	assert_int_equal(file_of(s, 10, 5)->kind, FILE_REG);
}

static void an_accepted_socket_tells_its_peer(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	/* the listener came from elsewhere, and no address was asked for */
	CALL(s, 10, "accept4", 7, 3, 0, 0, 0);
	fact(s, 7, S_IFSOCK | 0777, 12, 0, NULL);
	fact_sock(s, 80, 5555);
	e = go(s);
	assert_string_equal(e->peer, "127.0.0.1:5555");
	assert_string_equal(name_of(s, 10, 7), "tcp4 ← 127.0.0.1:5555");
	assert_int_equal(file_of(s, 10, 7)->sock->now.state, CONN_ACCEPTED);
	assert_int_equal(file_of(s, 10, 7)->sock->local.port, 80);
	assert_int_equal(file_of(s, 10, 7)->ino, 12);
}

static void a_port_that_the_kernel_chose(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct scene *s = *state;

	CALL(s, 10, "socket", 3, AF_INET, SOCK_STREAM, 0);
	go(s);
	CALL(s, 10, "bind", 0, 3, 0, sizeof(a));
	in(s, 1, &a, sizeof(a));
	fact(s, 3, S_IFSOCK | 0777, 12, 0, NULL);
	fact_sock(s, 40123, 0);
	assert_string_equal(go(s)->peer, "127.0.0.1:40123");
	assert_string_equal(name_of(s, 10, 3), "tcp4 127.0.0.1:40123");
	CALL(s, 10, "socket", 4, AF_INET, SOCK_STREAM, 0);
	go(s);
	CALL(s, 10, "listen", 0, 4, 5);
	fact(s, 4, S_IFSOCK | 0777, 13, 0, NULL);
	fact_sock(s, 40124, 0);
	assert_string_equal(go(s)->peer, "127.0.0.1:40124");
}

/* sendmsg's counterpart is not traced. */
/* Descriptors in a message: cmsg(3). */
struct control { uint64_t len; uint32_t level, type; int32_t fds[2]; };

static void received_from_outside(void **state)
{
	struct control control = { 24, SOL_SOCKET, SCM_RIGHTS, { 8, 9 } };
	struct scene *s = *state;

	CALL(s, 10, "recvmsg", 1, 3, 0, MSG_CMSG_CLOEXEC);
	part(s, 1, PART_CONTROL, CHUNK_AT_EXIT, &control, sizeof(control));
	fact(s, 8, S_IFREG | 0644, 77, 0, "/srv/given");
	fact(s, 9, S_IFSOCK | 0777, 78, 0, NULL);
	fact_sock(s, 1000, 443);
	go(s);
	assert_string_equal(name_of(s, 10, 8), "/srv/given");
	assert_string_equal(name_of(s, 10, 9), "tcp4 → 127.0.0.1:443");
	/* the same socket once more: one description */
	CALL(s, 10, "recvmsg", 1, 3, 0, 0);
	control.fds[0] = 11, control.len = 20;
	part(s, 1, PART_CONTROL, CHUNK_AT_EXIT, &control, sizeof(control));
	fact(s, 11, S_IFSOCK | 0777, 78, 0, NULL);
	fact_sock(s, 1000, 443);
	go(s);
	assert_ptr_equal(file_of(s, 10, 11), file_of(s, 10, 9));
}

static void what_only_the_answer_brings(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	CALL(s, 10, "ioctl", 5, 3, 0x5441 /* TIOCGPTPEER */, O_RDWR);
	fact(s, 5, S_IFCHR | 0620, 3, makedev(136, 7), "/dev/pts/7");
	e = go(s);
	assert_int_equal(e->kind, EV_OPEN);
	assert_string_equal(e->path, "/dev/pts/7");
	assert_int_equal(file_of(s, 10, 5)->kind, FILE_TTY);

	CALL(s, 10, "bpf", 6, 0 /* BPF_MAP_CREATE */, 0, 0);
	fact(s, 6, 0600, 1, 0, "anon_inode:bpf-map");
	assert_int_equal(go(s)->kind, EV_SPECIAL_FD);
	assert_string_equal(name_of(s, 10, 6), "anon_inode:bpf-map");
	CALL(s, 10, "bpf", 0, 2 /* BPF_MAP_UPDATE_ELEM */, 0, 0);	/* 0 is no descriptor */
	assert_int_equal(go(s)->kind, EV_CALL);
	assert_null(file_of(s, 10, 0));

	CALL(s, 10, "ioctl", 7, 5, 0xb701 /* NS_GET_USERNS */, 0);
	fact(s, 7, S_IFREG | 0444, 4026531837, 0, "user:[4026531837]");
	go(s);
	assert_int_equal(file_of(s, 10, 7)->kind, FILE_ANON);	/* not bytes of a file */
	assert_string_equal(name_of(s, 10, 7), "user:[4026531837]");

	/* events of fanotify, and a pidfd that a socket option made: descriptors that no result tells of */
	CALL(s, 10, "read", 24, 3, 0, 4096);
	fact(s, 8, S_IFREG | 0644, 55, 0, "/srv/watched");
	go(s);
	assert_string_equal(name_of(s, 10, 8), "/srv/watched");
	assert_null(file_of(s, 10, 24));
}

/* A seccomp supervisor put another file there than was asked for. */
static void answered_by_a_supervisor(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	start(s, START_COMMAND | START_FACTS);
	CALL(s, 10, "openat", 3, AT_FDCWD, 0, O_RDONLY);
	str(s, 1, "/etc/shadow");
	fact(s, 3, S_IFREG | 0644, 31, 0, "/srv/harmless");
	e = go(s);
	assert_string_equal(e->path, "/srv/harmless");
	assert_string_equal(e->raw, "/etc/shadow");
	assert_string_equal(name_of(s, 10, 3), "/srv/harmless");
}

/* Of a pidfd it becomes known later whose it is: what it stands for is its name from then on. */
static void a_pidfd_finds_its_process(void **state)
{
	struct scene *s = *state;
	struct record_fact r = { .fd = 7, .mode = 0600, .ino = 9, .dev = 9 };
	struct file *f;
	uint32_t named;

	CALL(s, 10, "recvmsg", 1, 3, 0x1000, 0);
	fact(s, 7, 0600, 9, 0, "anon_inode:[pidfd]");
	go(s);
	f = file_of(s, 10, 7);
	assert_string_equal(name_of(s, 10, 7), "anon_inode:[pidfd]");
	named = f->named;
	r.pid = 1234;
	CALL(s, 10, "bind", 0, 7, 0, 0);	/* a call at which its argument is asked about */
	part(s, 0, PART_FACT, CHUNK_AT_EXIT, &r, sizeof(r));
	part(s, 0, PART_FACT_NAME, CHUNK_AT_EXIT, "anon_inode:[pidfd]", 18);
	go(s);
	f = file_of(s, 10, 7);
	assert_string_equal(name_of(s, 10, 7), "pidfd:1234");
	assert_int_equal(f->name.len, 0);
	assert_true(f->named > named);
}

/* What it has open from before, or was handed: the same path inside its root is another file. */
static void outside_the_root(void **state)
{
	static const struct { int fd; const char *tracers, *words; bool outside; } rows[] = {
		{ 7, "/srv/data", "/srv/data (outside its root)", true }, { 8, "/jail/srv/data", "/srv/data", false },
	};
	const struct control control = { 24, SOL_SOCKET, SCM_RIGHTS, { 7, 8 } };
	struct scene *s = *state;

	start(s, START_COMMAND | START_FACTS);
	CALL(s, 10, "chroot", 0, 0x1000);
	str(s, 0, "/jail");
	go(s);
	CALL(s, 10, "recvmsg", 1, 3, 0, 0);
	part(s, 1, PART_CONTROL, CHUNK_AT_EXIT, &control, sizeof(control));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		fact(s, rows[i].fd, S_IFREG | 0600, 7 + i, 0, rows[i].tracers);
	go(s);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct bytes *name = &file_of(s, 10, rows[i].fd)->name;

		assert_string_equal(name->s, "/srv/data");
		assert_int_equal(name_is_outside(name->s, name->len), rows[i].outside);
		assert_int_equal(name->len, strlen(name->s) + rows[i].outside);
		assert_string_equal(name_of(s, 10, rows[i].fd), rows[i].words);
	}
	/* it is a file: what is looked for below it is not there, and is called what was asked for */
	CALL(s, 10, "openat", -ENOTDIR, 7, 0, O_RDONLY);
	str(s, 1, "x");
	assert_string_equal(go(s)->path, "/srv/data/x");
}

static void fifos_find_their_other_end(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	CALL(s, 10, "openat", 3, AT_FDCWD, 0, O_WRONLY);
	str(s, 1, "/srv/ff");
	fact(s, 3, S_IFIFO | 0600, 5, 0, NULL);
	go(s);
	CALL(s, 11, "openat", 3, AT_FDCWD, 0, O_RDONLY);
	str(s, 1, "/srv/ff");
	fact(s, 3, S_IFIFO | 0600, 5, 0, NULL);
	go(s);
	assert_int_equal(file_of(s, 10, 3)->peer_file, file_of(s, 11, 3)->id);
	assert_int_equal(file_of(s, 10, 3)->peer_pid, 11);
	assert_string_equal(name_of(s, 10, 3), "/srv/ff");
}

/* What came before a call was not captured: the file is the one that the call found, and its event has it. */
static void looked_at_before_the_call(void **state)
{
	struct record_fact now = { .fd = 7, .mode = S_IFSOCK | 0777, .ino = 78, .dev = 9 }, gone = { .fd = 7 };
	struct scene *s = *state;
	uint64_t was;

	CALL(s, 10, "socket", 7, AF_INET, SOCK_STREAM, 0);
	fact(s, 7, S_IFSOCK | 0777, 77, 0, NULL);
	was = go(s)->file;
	for (unsigned other = 0; other < 2; other++) {
		now.ino = 77 + other;
		CALL(s, 10, "sendto", -EPIPE, 7, 0, 4, 0, 0, 0);
		part(s, 0, PART_FACT, 0, &now, sizeof(now));
		assert_int_equal(go(s)->file != was, other);
		assert_int_equal(file_of(s, 10, 7)->ino, now.ino);
	}
	CALL(s, 10, "sendto", -EBADF, 7, 0, 4, 0, 0, 0);
	part(s, 0, PART_FACT, 0, &gone, sizeof(gone));
	go(s);
	assert_null(file_of(s, 10, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(kinds_by_what_was_opened), SCENE(a_pidfd_finds_its_process), SCENE(kinds_by_path_where_nothing_was_asked), SCENE(numbers_are_the_kernels),
		SCENE(an_accepted_socket_tells_its_peer), SCENE(a_port_that_the_kernel_chose), SCENE(received_from_outside),
		SCENE(what_only_the_answer_brings), SCENE(answered_by_a_supervisor), SCENE(fifos_find_their_other_end),
		SCENE(outside_the_root), SCENE(looked_at_before_the_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
