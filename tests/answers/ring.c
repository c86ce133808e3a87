/* SPDX-License-Identifier: MIT */
/*
 * Waits for a server that answers late through an io_uring, without a library.  usage: ring HOW PORT
 *
 * recv, poll: a request of that kind.  submit: it is submitted in a call of its own.  beside: a write into a file is
 * done at once, and both are waited for.  timeouts: the wait ends several times in vain.  control: a request adds the
 * socket to an epoll.  nested: the epoll is polled.  fixed: the socket has a number of its own in the io_uring;
 * updated: it has it later.  registered: the io_uring is entered by an index, its descriptor is closed; another one
 * had that index before.  index: it never had a descriptor.
 * sqpoll: a thread of the kernel submits.  polled: it has done so with several requests, in no call at all, before the
 * wait ends several times in vain.  sleep: nothing but a time is waited for.
 * 77: no io_uring here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct io_uring_params p;
static int ring;
static unsigned by_index;	/* IORING_ENTER_REGISTERED_RING: ring is no descriptor */
static char *queues;
static struct io_uring_sqe *sqes;
static char answer[16];

#define AT(offset) ((unsigned *)(void *)(queues + (offset)))

/* Without a descriptor, in memory of our own (Linux 6.5). */
static int set_up_by_index(void)
{
	enum { NO_MMAP = 1 << 14, REGISTERED_FD_ONLY = 1 << 15, PAGE = 4096 };
	char *own = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long at[2] = { (unsigned long)own, (unsigned long)own + PAGE };

	p.flags = NO_MMAP | REGISTERED_FD_ONLY;
	memcpy((char *)&p.cq_off + sizeof(p.cq_off) - 8, &at[0], 8);
	memcpy((char *)&p.sq_off + sizeof(p.sq_off) - 8, &at[1], 8);
	ring = (int)syscall(SYS_io_uring_setup, 8, &p);
	if (ring < 0)
		return -1;
	by_index = IORING_ENTER_REGISTERED_RING;
	queues = own;
	sqes = (void *)(own + PAGE);
	return 0;
}

/* Which index it gets is the kernel's choice; the one before it is another ring's for a while. */
static void set_up_registered(void)
{
	struct io_uring_params other = { 0 };
	struct io_uring_rsrc_update fds[] = { { .offset = -1u }, { .offset = -1u, .data = (unsigned)ring } };
	struct io_uring_rsrc_update gone = { 0 };

	fds[0].data = (unsigned)syscall(SYS_io_uring_setup, 8, &other);
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_RING_FDS, fds, 2) != 2)
		exit(8);
	gone.offset = fds[0].offset;
	if (syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_RING_FDS, &gone, 1) != 1)
		exit(8);
	fds[1].offset = -1u;
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_RING_FDS, fds + 1, 1) != 1)
		exit(8);
	close(ring);
	ring = (int)fds[1].offset;
	by_index = IORING_ENTER_REGISTERED_RING;
}

static void set_up(unsigned flags)
{
	size_t size;

	memset(&p, 0, sizeof(p));
	p.flags = flags;
	ring = (int)syscall(SYS_io_uring_setup, 8, &p);
	if (ring < 0 || !(p.features & IORING_FEAT_SINGLE_MMAP))
		exit(77);
	size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	if (size < p.sq_off.array + p.sq_entries * sizeof(unsigned))
		size = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	queues = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (queues == MAP_FAILED || (void *)sqes == MAP_FAILED)
		exit(1);
}

/* A request at the end of the queue. */
static struct io_uring_sqe *next(unsigned op, int fd, const void *addr, unsigned len)
{
	unsigned tail = *AT(p.sq_off.tail), at = tail & (p.sq_entries - 1);
	struct io_uring_sqe *s = &sqes[at];

	memset(s, 0, sizeof(*s));
	s->opcode = (unsigned char)op;
	s->fd = fd;
	s->addr = (unsigned long)addr;
	s->len = len;
	s->user_data = 100 + tail;
	AT(p.sq_off.array)[at] = at;
	__atomic_store_n(AT(p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	return s;
}

static long enter(unsigned submit, unsigned wait)
{
	return syscall(SYS_io_uring_enter, ring, submit, wait, (wait ? IORING_ENTER_GETEVENTS : 0) | by_index, NULL, 0);
}

/* Completions are taken, so that a wait is for new ones. */
static unsigned taken(void)
{
	unsigned tail = __atomic_load_n(AT(p.cq_off.tail), __ATOMIC_ACQUIRE), n = tail - *AT(p.cq_off.head);

	__atomic_store_n(AT(p.cq_off.head), tail, __ATOMIC_RELEASE);
	return n;
}

static void wait_in_pieces(unsigned more)
{
	struct __kernel_timespec ts = { 0, 100000000 };
	struct io_uring_getevents_arg arg = { .ts = (unsigned long)&ts };

	unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | more;

	while (!taken())
		if (syscall(SYS_io_uring_enter, ring, 0, 1, flags, &arg, sizeof(arg)) < 0 && errno != ETIME)
			exit(2);
}

static void by_epoll(int fd, bool nested)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 77 };
	int ep = epoll_create1(0);

	next(IORING_OP_EPOLL_CTL, ep, &ev, EPOLL_CTL_ADD)->off = (unsigned)fd;
	if (enter(1, 1) != 1 || taken() != 1)
		exit(3);
	if (nested) {
		next(IORING_OP_POLL_ADD, ep, NULL, 0)->poll32_events = POLLIN;
		enter(1, 1);
	} else if (epoll_wait(ep, &ev, 1, -1) != 1) {
		exit(4);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const char *how = argc > 2 ? argv[1] : "";
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct __kernel_timespec long_time = { 1, 500000000 };

	to.sin_port = htons((unsigned short)atoi(argv[2]));
	if (strcmp(how, "index") || set_up_by_index() < 0)
		set_up(strcmp(how, "sqpoll") && strcmp(how, "polled") ? 0 : IORING_SETUP_SQPOLL);
	if (!strcmp(how, "registered"))
		set_up_registered();
	if (strcmp(how, "sleep") && (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || write(fd, "well?", 5) != 5))
		return 5;
	if (!strcmp(how, "control") || !strcmp(how, "nested")) {
		by_epoll(fd, !strcmp(how, "nested"));
	} else if (!strcmp(how, "sleep")) {
		next(IORING_OP_TIMEOUT, -1, &long_time, 1);
		enter(1, 1);
		return 0;
	} else if (!strcmp(how, "timeouts")) {
		next(IORING_OP_RECV, fd, answer, sizeof(answer));
		enter(1, 0);
		wait_in_pieces(0);
	} else if (!strcmp(how, "polled")) {
		next(IORING_OP_NOP, -1, NULL, 0);
		next(IORING_OP_NOP, -1, NULL, 0);
		while (*AT(p.cq_off.tail) != 2)	/* woken, where it slept already */
			syscall(SYS_io_uring_enter, ring, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
		taken();
		next(IORING_OP_RECV, fd, answer, sizeof(answer));
		wait_in_pieces(IORING_ENTER_SQ_WAKEUP);
	} else if (!strcmp(how, "fixed") || !strcmp(how, "updated")) {
		int fds[2] = { -1, strcmp(how, "fixed") ? -1 : fd };
		struct io_uring_files_update to_fd = { .offset = 1, .fds = (unsigned long)&fd };

		if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, fds, 2))
			return 6;
		if (fds[1] < 0 && syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES_UPDATE, &to_fd, 1) != 1)
			return 6;
		next(IORING_OP_RECV, 1, answer, sizeof(answer))->flags = IOSQE_FIXED_FILE;
		enter(1, 1);
	} else if (!strcmp(how, "sqpoll")) {
		next(IORING_OP_RECV, fd, answer, sizeof(answer));
		syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP, NULL, 0);
	} else if (!strcmp(how, "beside")) {
		next(IORING_OP_RECV, fd, answer, sizeof(answer));
		next(IORING_OP_WRITE, open("/dev/null", O_WRONLY), "log", 3);
		enter(2, 2);
	} else if (!strcmp(how, "poll")) {
		next(IORING_OP_POLL_ADD, fd, NULL, 0)->poll32_events = POLLIN;
		enter(1, 1);
	} else {
		next(IORING_OP_RECV, fd, answer, sizeof(answer));
		if (!strcmp(how, "submit"))
			enter(1, 0);
		enter(strcmp(how, "submit") ? 1 : 0, 1);
	}
	return answer[0] || read(fd, answer, sizeof(answer)) > 0 ? 0 : 7;
}
