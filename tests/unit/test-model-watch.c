/* SPDX-License-Identifier: MIT */
/* What an epoll watches, and what it waited for in vain. */
#include "net_scene.h"

#include <sys/epoll.h>

static void epoll_control(struct scene *s, int epoll, int op, int fd, uint32_t data)
{
	uint32_t ev[3] = { EPOLLIN, data, 0 };

	CALL(s, 10, "epoll_ctl", 0, (uint64_t)epoll, (uint64_t)op, (uint64_t)fd, 0x1000);
	in(s, 3, ev, sizeof(ev));
	go(s);
}

/* Of how many it waited in vain. */
static uint32_t waited_in_vain(struct scene *s, int epoll)
{
	CALL(s, 10, "epoll_wait", 0, (uint64_t)epoll, 0x1000, 8, 10);
	return go(s)->nwaited;
}

/* Each epoll has its own, however many others have. */
static void waits_for_what_was_added(void **state)
{
	enum { OTHERS = 600 };
	struct scene *s = *state;

	for (int fd = 3; fd < 6; fd++) {
		CALL(s, 10, "epoll_create1", fd, 0);
		go(s);
	}
	for (int fd = 10; fd < 14; fd++)
		socket_(s, 10, AF_INET, SOCK_STREAM, fd);
	for (uint32_t i = 0; i < OTHERS; i++) {
		socket_(s, 10, AF_INET, SOCK_STREAM, 100 + (int)i);
		epoll_control(s, 3, EPOLL_CTL_ADD, 100 + (int)i, i);
	}
	epoll_control(s, 4, EPOLL_CTL_ADD, 10, 1);
	epoll_control(s, 4, EPOLL_CTL_ADD, 11, 2);
	epoll_control(s, 5, EPOLL_CTL_ADD, 12, 1);
	assert_int_equal(waited_in_vain(s, 4), 2);
	assert_int_equal(waited_in_vain(s, 5), 1);
	assert_int_equal(waited_in_vain(s, 3), 64);	/* no more are kept of one call */
	epoll_control(s, 4, EPOLL_CTL_MOD, 11, 3);	/* with other data it is the same one */
	assert_int_equal(waited_in_vain(s, 4), 2);
	epoll_control(s, 4, EPOLL_CTL_DEL, 11, 0);
	assert_int_equal(waited_in_vain(s, 4), 1);
	close_(s, 10, 4);
	CALL(s, 10, "epoll_create1", 4, 0);
	go(s);
	assert_int_equal(waited_in_vain(s, 4), 0);
	assert_int_equal(waited_in_vain(s, 5), 1);
}

/* As many as come and go, what stays is known (what is closed is watched no more), whatever the data. */
static void what_is_closed_is_not_watched(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "epoll_create1", 3, 0);
	go(s);
	socket_(s, 10, AF_INET, SOCK_STREAM, 10);
	epoll_control(s, 3, EPOLL_CTL_ADD, 10, 0);
	for (uint32_t i = 1; i <= 70000; i++) {	/* more than are kept */
		socket_(s, 10, AF_INET, SOCK_STREAM, 11);
		epoll_control(s, 3, EPOLL_CTL_ADD, 11, i);
		close_(s, 10, 11);
	}
	assert_int_equal(waited_in_vain(s, 3), 1);
}

/* Data need not differ: the kernel keeps both, and which one is ready is not known then. */
static void two_with_the_same_data(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "epoll_create1", 3, 0);
	go(s);
	for (int fd = 10; fd < 13; fd++) {
		socket_(s, 10, AF_INET, SOCK_STREAM, fd);
		epoll_control(s, 3, EPOLL_CTL_ADD, fd, 7);
	}
	assert_int_equal(waited_in_vain(s, 3), 3);
	epoll_control(s, 3, EPOLL_CTL_MOD, 11, 8);
	epoll_control(s, 3, EPOLL_CTL_MOD, 12, 7);	/* as it was */
	assert_int_equal(waited_in_vain(s, 3), 3);
	epoll_control(s, 3, EPOLL_CTL_DEL, 10, 0);
	assert_int_equal(waited_in_vain(s, 3), 2);
	close_(s, 10, 12);
	assert_int_equal(waited_in_vain(s, 3), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(waits_for_what_was_added), SCENE(what_is_closed_is_not_watched),
		SCENE(two_with_the_same_data),
	};

	return cmocka_run_group_tests_name("model-watch", tests, NULL, NULL);
}
