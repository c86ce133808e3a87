/* SPDX-License-Identifier: MIT */
/* The model keeps what is there now: a program that does the same again and again costs it nothing more. */
#include "net_scene.h"

#include "heap.h"

enum { WARM = 200, ROUNDS = 2000, SLACK = 4096 /* a hash that grows once more */ };

static void files(struct scene *s)
{
	open_(s, 10, "/etc/hosts", O_RDONLY, 3);
	io(s, 10, "read", 3, 100);
	CALL(s, 10, "dup", 4, 3);
	go(s);
	CALL(s, 10, "mmap", 0x10000, 0, 4096, PROT_READ, MAP_PRIVATE, 4, 0);
	go(s);
	close_(s, 10, 3);
	close_(s, 10, 4);
	CALL(s, 10, "munmap", 0, 0x10000, 4096);
	go(s);
}

static void names(struct scene *s)
{
	open_(s, 10, "/tmp/new", O_RDWR | O_CREAT, 3);
	io(s, 10, "write", 3, 100);
	CALL(s, 10, "rename", 0, 0, 0);
	str(s, 0, "/tmp/new");
	str(s, 1, "/tmp/old");
	go(s);
	close_(s, 10, 3);
	CALL(s, 10, "chdir", 0, 0);
	str(s, 0, "/tmp");
	go(s);
}

static void sockets(struct scene *s)
{
	static unsigned port;

	socket_(s, 10, AF_INET, SOCK_STREAM, 3);
	connect4(s, 10, 3, 0, "192.0.2.7", 1024 + port++ % 60000);
	io(s, 10, "write", 3, 100);
	close_(s, 10, 3);
}

static void pipes(struct scene *s)
{
	struct epoll_event ev = { .events = EPOLLIN };

	pipe_(s, 10, 3, 4);
	CALL(s, 10, "epoll_create1", 5, 0);
	go(s);
	CALL(s, 10, "epoll_ctl", 0, 5, EPOLL_CTL_ADD, 3, 0x1000);
	in(s, 3, &ev, sizeof(ev));
	go(s);
	for (int fd = 3; fd <= 5; fd++)
		close_(s, 10, fd);
}

static void processes(struct scene *s)
{
	fork_(s, 10, 11, 0);
	fork_(s, 11, 12, THREAD);
	exec(s, 11, "/bin/true", "x");
	open_(s, 11, "/etc/hosts", O_RDONLY, 3);
	exit_(s, 11, 0);
	CALL(s, 10, "wait4", 11, (uint64_t)-1, 0, 0, 0);
	go(s);
}

static void round_(struct scene *s)
{
	files(s);
	names(s);
	sockets(s);
	pipes(s);
	processes(s);
	s->n = 0;	/* what the test itself keeps */
}

static void test_the_same_again(void **state)
{
	struct scene *s = *state;
	size_t before, after;

	for (unsigned i = 0; i < WARM; i++)
		round_(s);
	before = heap_bytes();
	for (unsigned i = 0; i < ROUNDS; i++)
		round_(s);
	after = heap_bytes();
	assert_true(after <= before + SLACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = { SCENE(test_the_same_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
