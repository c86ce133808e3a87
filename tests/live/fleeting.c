/* SPDX-License-Identifier: MIT */
/*
 * Descriptors whose maker or they themselves are gone right after the open.
 * usage: fleeting thread FIFO: each time a thread opens it, ends with the exit system call, and another one uses what
 * it has opened: 6 bytes in and out. fleeting ring FIFO: the kernel's thread of an io_uring closes it.
 * 77: no io_uring here.
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

enum { ROUNDS = 60 };

static const char *fifo;
static int opened = -1;

static void *opens(void *arg)
{
	/* not by pthread_exit(), whose other calls would stop first */
	__atomic_store_n(&opened, (int)syscall(SYS_openat, AT_FDCWD, fifo, O_RDWR | O_NONBLOCK), __ATOMIC_RELEASE);
	syscall(SYS_exit, 0);
	return arg;
}

static int by_thread(void)
{
	char s[6];

	for (int i = 0; i < ROUNDS; i++) {
		pthread_t t;

		if (pthread_create(&t, NULL, opens, NULL) || pthread_join(t, NULL))
			return 1;
		if (write(opened, "hello\n", 6) != 6 || read(opened, s, 6) != 6 || close(opened) < 0)
			return 2;
	}
	return 0;
}

static int by_ring(void)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 10000 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);
	size_t queues = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	size_t results = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	char *q;
	struct io_uring_sqe *sqes;
	unsigned *done, *flags;

	if (ring < 0 || !(p.features & IORING_FEAT_SINGLE_MMAP))
		return 77;
	q = mmap(NULL, queues > results ? queues : results, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		 IORING_OFF_SQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (q == MAP_FAILED || (void *)sqes == MAP_FAILED)
		return 1;
	done = (unsigned *)(void *)(q + p.cq_off.tail);
	flags = (unsigned *)(void *)(q + p.sq_off.flags);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct io_uring_sqe *s = &sqes[i % p.sq_entries];

		memset(s, 0, sizeof(*s));
		s->opcode = IORING_OP_CLOSE;
		((unsigned *)(void *)(q + p.sq_off.array))[i % p.sq_entries] = i % p.sq_entries;
		s->fd = open(fifo, O_RDWR | O_NONBLOCK);
		__atomic_store_n((unsigned *)(void *)(q + p.sq_off.tail), i + 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(done, __ATOMIC_ACQUIRE) != i + 1)	/* it sleeps at first */
			if (__atomic_load_n(flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP)
				syscall(SYS_io_uring_enter, ring, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
		__atomic_store_n((unsigned *)(void *)(q + p.cq_off.head), i + 1, __ATOMIC_RELEASE);
	}
	return 0;
}

/* Each thread has a file of its own; all are given each other's numbers, often before a close has returned. */
static void *hammers(void *arg)
{
	char name[4096];
	long failed = 0;

	snprintf(name, sizeof(name), "%s.%ld", fifo, (long)arg);
	for (int i = 0; i < 5000; i++)
		failed |= close(open(name, O_RDWR | O_CREAT, 0600));
	return (void *)failed;
}

static int hammered(void)
{
	pthread_t t[4];
	void *failed = NULL, *all = NULL;

	for (long i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, hammers, (void *)i))
			return 1;
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &failed);
		all = failed ? failed : all;
	}
	return all != NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 3;
	fifo = argv[2];
	if (argv[1][0] == 'h')
		return hammered();
	return argv[1][0] == 't' ? by_thread() : by_ring();
}
