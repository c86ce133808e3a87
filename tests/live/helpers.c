/* SPDX-License-Identifier: MIT */
/*
 * A program in which the kernel makes threads of its own: an io_uring with an SQPOLL thread (iou-sqp), and a worker
 * (iou-wrk) that waits in a read of an empty pipe.  usage: helpers SECONDS THREADS: then it exits with status 7, with
 * its threads still there.  77: no io_uring here.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *sleeps(void *arg)
{
	sleep(1000);
	return arg;
}

/* One forced-asynchronous read of a pipe: a worker does it, and does not return. */
static void start_worker(const struct io_uring_params *p, int ring, int pipe_fd)
{
	static char byte;
	char *sq = mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED,
			ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqes = mmap(NULL, p->sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
					 IORING_OFF_SQES);

	if (sq == MAP_FAILED || (void *)sqes == MAP_FAILED)
		exit(1);
	memset(sqes, 0, sizeof(*sqes));
	sqes->opcode = IORING_OP_READ;
	sqes->flags = IOSQE_ASYNC;
	sqes->fd = pipe_fd;
	sqes->addr = (unsigned long)&byte;
	sqes->len = 1;
	*(unsigned *)(void *)(sq + p->sq_off.array) = 0;
	__atomic_store_n((unsigned *)(void *)(sq + p->sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0) < 0)
		exit(2);
}

int main(int argc, char **argv)
{
	struct io_uring_params polled = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 100 }, plain = { 0 };
	int sqpoll = (int)syscall(SYS_io_uring_setup, 4, &polled), ring = (int)syscall(SYS_io_uring_setup, 4, &plain),
	    ends[2];
	pthread_t t;

	if (argc < 3)
		return 3;
	if (sqpoll < 0 || ring < 0 || pipe(ends) < 0)
		return 77;
	start_worker(&plain, ring, ends[0]);
	for (int i = 0; i < atoi(argv[2]); i++)
		pthread_create(&t, NULL, sleeps, NULL);
	if (write(1, "ready\n", 6) != 6)
		return 4;
	usleep((unsigned)(atof(argv[1]) * 1e6));
	return 7;
}
