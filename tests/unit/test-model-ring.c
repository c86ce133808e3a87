/* SPDX-License-Identifier: MIT */
/* What io_uring_enter waits for: requests by their user_data, completions by their number. */
#include "net_scene.h"

#include <linux/io_uring.h>
#include <sys/epoll.h>

enum { RING = 3, ONE = 10, TWO = 11, OWN = 100 };

static void ring_scene(struct scene *s)
{
	CALL(s, 10, "io_uring_setup", RING, 8, 0x1000);
	go(s);
	socket_(s, 10, AF_INET, SOCK_STREAM, ONE);
	socket_(s, 10, AF_INET, SOCK_STREAM, TWO);
}

static struct record_sqe request(unsigned op, int fd, uint64_t user_data)
{
	return (struct record_sqe){ .opcode = (uint8_t)op, .fd = fd, .user_data = user_data };
}

static const struct seen *enter_by(struct scene *s, int64_t ret, uint64_t at, unsigned flags,
				   const struct record_sqe *v, unsigned n, const struct record_cqe *done,
				   unsigned ndone)
{
	CALL(s, 10, "io_uring_enter", ret, at, n, 1, IORING_ENTER_GETEVENTS | flags, 0, 0);
	part(s, 1, PART_SQES, 0, v, n * sizeof(*v));
	if (done)
		part(s, 3, PART_CQES, CHUNK_AT_EXIT, done, ndone * sizeof(*done));
	return go(s);
}

/* n requests; completions from seq on: pairs of user_data and result. */
static const struct seen *enter(struct scene *s, int64_t ret, const struct record_sqe *v, unsigned n,
				const struct record_cqe *done, unsigned ndone)
{
	return enter_by(s, ret, RING, 0, v, n, done, ndone);
}

static uint32_t id_of(struct scene *s, int fd) { return file_of(s, 10, fd)->id; }

static void the_last_one_ended_the_wait(void **state)
{
	struct scene *s = *state;
	struct record_sqe v[] = { request(IORING_OP_RECV, ONE, OWN), request(IORING_OP_RECV, TWO, OWN + 1) };
	struct record_cqe done[] = { { .user_data = OWN + 1, .seq = 0 }, { .user_data = OWN, .seq = 1 } };
	const struct seen *e;

	ring_scene(s);
	e = enter(s, 2, v, 2, done, 2);
	assert_int_equal(e->nwaited, 2);
	assert_int_equal(e->waited, id_of(s, ONE));
	/* both are done, and known already */
	assert_int_equal(enter(s, 0, v, 0, done, 2)->nwaited, 0);
	/* not all were submitted */
	assert_int_equal(enter(s, 1, v, 2, done, 2)->nwaited, 1);
	/* of a multishot request more come */
	done[0] = (struct record_cqe){ .user_data = OWN, .flags = IORING_CQE_F_MORE, .seq = 2 };
	done[1] = (struct record_cqe){ .user_data = OWN, .seq = 3 };
	assert_int_equal(enter(s, 0, v, 0, done, 1)->waited, id_of(s, ONE));
	assert_int_equal(enter(s, 0, v, 0, done + 1, 1)->waited, id_of(s, ONE));
	assert_int_equal(enter(s, 0, v, 0, done + 1, 1)->nwaited, 0);
}

static void in_vain_for_all_that_is_under_way(void **state)
{
	struct scene *s = *state;
	struct record_sqe v[] = { request(IORING_OP_RECV, ONE, OWN), request(IORING_OP_POLL_ADD, TWO, OWN + 1),
				  request(IORING_OP_NOP, -1, OWN + 2) };
	struct record_cqe nop = { .user_data = OWN + 2 }, gap = { .user_data = OWN, .seq = 5 },
			  foreign = { .user_data = 1, .seq = 1 };

	ring_scene(s);
	assert_int_equal(enter(s, 3, v, 3, &nop, 1)->nwaited, 0);	/* that was what it waited for */
	assert_int_equal(enter(s, -ETIME, v, 0, NULL, 0)->nwaited, 2);
	assert_int_equal(enter(s, -EINTR, v, 0, NULL, 0)->nwaited, 2);
	assert_int_equal(enter(s, -EBADF, v, 0, NULL, 0)->nwaited, 0);
	assert_int_equal(enter(s, 0, v, 0, &foreign, 1)->nwaited, 0);	/* a message of another ring */
	/* completions were missed: of which requests is not known */
	assert_int_equal(enter(s, 0, v, 0, &gap, 1)->nwaited, 1);
	assert_int_equal(enter(s, -ETIME, v, 0, NULL, 0)->nwaited, 0);
}

static void registers(struct scene *s, unsigned opcode, const int *fds, unsigned n)
{
	CALL(s, 10, "io_uring_register", 0, RING, opcode, 0x2000, n);
	part(s, 2, PART_BYTES, 0, fds, n * sizeof(*fds));
	go(s);
}

/* By their index, until it may be another one. */
static void registered_files_have_names(void **state)
{
	struct scene *s = *state;
	const int fds[] = { -1, TWO };
	struct record_sqe recv = request(IORING_OP_RECV, 1, OWN), accept = request(IORING_OP_ACCEPT, ONE, OWN + 1);
	struct record_cqe done = { .user_data = OWN };

	ring_scene(s);
	recv.flags = IOSQE_FIXED_FILE;
	registers(s, IORING_REGISTER_FILES, fds, 2);
	assert_int_equal(enter(s, 1, &recv, 1, &done, 1)->waited, id_of(s, TWO));
	recv.fd = 2;	/* there is none */
	done.seq = 1;
	assert_int_equal(enter(s, 1, &recv, 1, &done, 1)->nwaited, 0);
	recv.fd = 1;
	registers(s, IORING_REGISTER_FILES_UPDATE, fds, 1);
	done.seq = 2;
	assert_int_equal(enter(s, 1, &recv, 1, &done, 1)->nwaited, 0);
	registers(s, IORING_REGISTER_FILES, fds, 2);
	enter(s, 1, &accept, 1, &done, 0);	/* maybe into one of them */
	done.seq = 3;
	assert_int_equal(enter(s, 1, &recv, 1, &done, 1)->nwaited, 0);
}

/* n of them; the kernel has written where they are. */
static void register_rings(struct scene *s, unsigned opcode, uint64_t ring, const struct io_uring_rsrc_update *v,
			   int64_t n)
{
	CALL(s, 10, "io_uring_register", n, ring, opcode, 0x2000, (uint64_t)n);
	part(s, 2, PART_BYTES, CHUNK_AT_EXIT, v, (size_t)n * sizeof(*v));
	go(s);
}

/* A ring that is entered by its index, with or without a descriptor, by the thread that registered it. */
static void registered_rings_are_followed(void **state)
{
	enum { BY_INDEX = IORING_ENTER_REGISTERED_RING, THROUGH_INDEX = 1u << 31 };
	struct scene *s = *state;
	const struct io_uring_rsrc_update at[] = { { .offset = 3, .data = RING }, { .offset = 4, .data = ONE } };
	const struct io_uring_rsrc_update gone = { .offset = 3 };
	struct record_sqe v = request(IORING_OP_RECV, ONE, OWN);
	struct record_cqe done = { .user_data = OWN };
	uint32_t params[30] = { 0 };
	const int fds[] = { TWO };

	ring_scene(s);
	assert_int_equal(enter_by(s, 1, 3, BY_INDEX, &v, 1, &done, 1)->nwaited, 0);	/* it was registered unseen */
	register_rings(s, IORING_REGISTER_RING_FDS, RING, at, 2);
	assert_int_equal(enter_by(s, 1, 3, BY_INDEX, &v, 1, &done, 1)->waited, id_of(s, ONE));
	assert_int_equal(enter_by(s, 1, 4, BY_INDEX, &v, 1, &done, 1)->nwaited, 0);
	assert_int_equal(enter_by(s, 1, UINT32_MAX, BY_INDEX, &v, 1, &done, 1)->nwaited, 0);
	/* it stays when its descriptor is closed, and its files are registered through the index, too */
	close_(s, 10, RING);
	CALL(s, 10, "io_uring_register", 0, 3, THROUGH_INDEX | IORING_REGISTER_FILES, 0x2000, 1);
	part(s, 2, PART_BYTES, 0, fds, sizeof(fds));
	go(s);
	v = request(IORING_OP_RECV, 0, OWN);
	v.flags = IOSQE_FIXED_FILE;
	done.seq = 1;
	assert_int_equal(enter_by(s, 1, 3, BY_INDEX, &v, 1, &done, 1)->waited, id_of(s, TWO));
	register_rings(s, THROUGH_INDEX | IORING_UNREGISTER_RING_FDS, 3, &gone, 1);
	done.seq = 2;
	assert_int_equal(enter_by(s, 1, 3, BY_INDEX, &v, 1, &done, 1)->nwaited, 0);
	/* one that has no descriptor at all; an exec forgets it */
	params[2] = 1 << 15;	/* IORING_SETUP_REGISTERED_FD_ONLY */
	CALL(s, 10, "io_uring_setup", 5, 8, 0x1000);
	part(s, 1, PART_BYTES, CHUNK_AT_EXIT, params, sizeof(params));
	go(s);
	v = request(IORING_OP_RECV, ONE, OWN);
	done.seq = 0;
	assert_int_equal(enter_by(s, 1, 5, BY_INDEX, &v, 1, &done, 1)->waited, id_of(s, ONE));
	exec(s, 10, "/bin/true", NULL);
	done.seq = 1;
	assert_int_equal(enter_by(s, 1, 5, BY_INDEX, &v, 1, &done, 1)->nwaited, 0);
	CALL(s, 10, "io_uring_setup", 5, 8, 0x1000);
	part(s, 1, PART_BYTES, CHUNK_AT_EXIT, params, sizeof(params));
	go(s);
	/* an index that there cannot be */
	CALL(s, 10, "io_uring_setup", 16, 8, 0x1000);
	part(s, 1, PART_BYTES, CHUNK_AT_EXIT, params, sizeof(params));
	go(s);
	assert_int_equal(enter_by(s, 1, 16, BY_INDEX, &v, 1, &done, 1)->nwaited, 0);
	/* what was unregistered was not copied: maybe this one */
	CALL(s, 10, "io_uring_register", 1, 5, THROUGH_INDEX | IORING_UNREGISTER_RING_FDS, 0x2000, 1);
	go(s);
	done.seq = 1;
	assert_int_equal(enter_by(s, 1, 5, BY_INDEX, &v, 1, &done, 1)->nwaited, 0);
}

/* n requests in the queue, the first of them the first-th; done: how many completions there were as the call began. */
static const struct seen *enter_polled(struct scene *s, int64_t ret, uint64_t first, const struct record_sqe *v,
				       unsigned n, const struct record_cqe *done, unsigned before, unsigned after)
{
	CALL(s, 10, "io_uring_enter", ret, RING, 0, 1, IORING_ENTER_GETEVENTS, 0, 0);
	if (v) {
		part(s, 3, PART_SQES, 0, v, n * sizeof(*v));
		part(s, 3, PART_SQE_FIRST, 0, &first, sizeof(first));
		part(s, 3, PART_CQES, 0, done, before * sizeof(*done));
	}
	if (ret >= 0)
		part(s, 3, PART_CQES, CHUNK_AT_EXIT, done, after * sizeof(*done));
	return go(s);
}

static void polled_scene(struct scene *s)
{
	const uint32_t params[30] = { 8, 16, IORING_SETUP_SQPOLL };

	CALL(s, 10, "io_uring_setup", RING, 8, 0x1000);
	part(s, 1, PART_BYTES, CHUNK_AT_EXIT, params, sizeof(params));
	go(s);
	socket_(s, 10, AF_INET, SOCK_STREAM, ONE);
	socket_(s, 10, AF_INET, SOCK_STREAM, TWO);
}

/* Requests are submitted by a thread of the kernel: each is one, however often it is seen in the queue. */
static void what_the_kernel_submits_is_seen_in_the_queue(void **state)
{
	struct scene *s = *state;
	const struct record_sqe v[] = { request(IORING_OP_RECV, ONE, OWN), request(IORING_OP_RECV, TWO, OWN + 1),
					request(IORING_OP_RECV, ONE, OWN + 2) };
	const struct record_cqe done[] = { { .user_data = OWN, .seq = 0 }, { .user_data = OWN + 1, .seq = 1 },
					   { .user_data = OWN + 2, .seq = 2 } };
	const struct record_cqe late = { .user_data = OWN, .seq = 3 };

	polled_scene(s);
	assert_int_equal(enter_polled(s, -ETIME, 0, v, 2, done, 0, 0)->nwaited, 2);
	assert_int_equal(enter_polled(s, -ETIME, 0, v, 2, done, 1, 0)->waited, id_of(s, TWO));	/* done before it */
	assert_int_equal(enter_polled(s, 0, 0, v, 2, done, 1, 2)->waited, id_of(s, TWO));
	assert_int_equal(enter_polled(s, -ETIME, 0, v, 2, done, 2, 0)->nwaited, 0);
	assert_int_equal(enter_polled(s, 0, 1, v + 1, 2, done, 2, 3)->waited, id_of(s, ONE));
	/* some were not seen: they may have the number of one that was there before */
	enter_polled(s, -ETIME, 3, v, 1, done, 3, 0);
	assert_int_equal(enter_polled(s, -ETIME, 5, v + 1, 1, done, 3, 0)->nwaited, 0);
	assert_int_equal(enter_polled(s, 0, 5, v + 1, 1, &late, 0, 1)->nwaited, 0);
}

static void a_queue_that_was_not_read_is_not_empty(void **state)
{
	struct scene *s = *state;
	const struct record_sqe v = request(IORING_OP_RECV, ONE, OWN);
	const struct record_cqe done = { .user_data = OWN };

	polled_scene(s);
	assert_int_equal(enter_polled(s, -ETIME, 0, &v, 1, &done, 0, 0)->nwaited, 1);
	assert_int_equal(enter_polled(s, -ETIME, 0, NULL, 0, &done, 0, 0)->nwaited, 0);
	assert_int_equal(enter_polled(s, 0, 0, NULL, 0, &done, 0, 1)->nwaited, 0);
}

/* A registered file, a queue that could not be read, two files with one user_data. */
static void what_is_not_known_is_nothing(void **state)
{
	struct scene *s = *state;
	struct record_sqe v[] = { request(IORING_OP_RECV, ONE, OWN), request(IORING_OP_RECV, TWO, OWN) };
	struct record_cqe done = { .user_data = OWN };

	ring_scene(s);
	v[0].flags = IOSQE_FIXED_FILE;
	enter(s, 1, v, 1, &done, 0);
	assert_int_equal(enter(s, -ETIME, v, 0, NULL, 0)->nwaited, 0);
	assert_int_equal(enter(s, 0, v, 0, &done, 1)->nwaited, 0);
	v[0].flags = 0;
	enter(s, 2, v, 2, &done, 1);
	done.seq = 1;
	assert_int_equal(enter(s, 0, v, 0, &done, 1)->nwaited, 0);
	CALL(s, 10, "io_uring_enter", 1, RING, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
	assert_int_equal(go(s)->nwaited, 0);
	assert_int_equal(enter(s, -ETIME, v, 0, NULL, 0)->nwaited, 0);
	/* a ring closed and made anew begins anew */
	close_(s, 10, RING);
	CALL(s, 10, "io_uring_setup", RING, 8, 0x1000);
	go(s);
	enter(s, 1, v, 1, &done, 0);
	assert_int_equal(enter(s, -ETIME, v, 0, NULL, 0)->nwaited, 1);
}

static uint32_t waited_in_vain(struct scene *s, int epoll)
{
	CALL(s, 10, "epoll_wait", 0, (uint64_t)epoll, 0x1000, 8, 10);
	return go(s)->nwaited;
}

static void control(struct scene *s, unsigned op, int fd, int32_t res, uint32_t seq)
{
	struct record_sqe v = request(IORING_OP_EPOLL_CTL, 4, OWN);
	struct record_cqe done = { .user_data = OWN, .res = res, .seq = seq };

	v.len = op;
	v.off = (uint64_t)fd;
	v.addr = 0x1000;
	v.has_event = op != EPOLL_CTL_DEL;
	memcpy(v.event + 4, &(uint64_t){ (uint64_t)fd }, 8);
	enter(s, 1, &v, 1, &done, 1);
}

static void an_epoll_is_changed(void **state)
{
	struct scene *s = *state;
	struct record_sqe polled = request(IORING_OP_POLL_ADD, 4, OWN);
	struct record_cqe done = { .user_data = OWN, .seq = 4 };

	ring_scene(s);
	CALL(s, 10, "epoll_create1", 4, 0);
	go(s);
	control(s, EPOLL_CTL_ADD, ONE, 0, 0);
	assert_int_equal(waited_in_vain(s, 4), 1);
	control(s, EPOLL_CTL_ADD, TWO, -EPERM, 1);
	assert_int_equal(waited_in_vain(s, 4), 1);
	control(s, EPOLL_CTL_ADD, TWO, 0, 2);
	assert_int_equal(waited_in_vain(s, 4), 2);
	control(s, EPOLL_CTL_DEL, ONE, 0, 3);
	assert_int_equal(waited_in_vain(s, 4), 1);
	assert_int_equal(enter(s, 1, &polled, 1, &done, 1)->waited, id_of(s, TWO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_last_one_ended_the_wait), SCENE(in_vain_for_all_that_is_under_way),
		SCENE(what_is_not_known_is_nothing), SCENE(an_epoll_is_changed),
		SCENE(registered_files_have_names), SCENE(registered_rings_are_followed),
		SCENE(what_the_kernel_submits_is_seen_in_the_queue), SCENE(a_queue_that_was_not_read_is_not_empty),
	};

	return cmocka_run_group_tests_name("model-ring", tests, NULL, NULL);
}
