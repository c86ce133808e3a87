/* SPDX-License-Identifier: MIT */
#pragma once
/* Requests of an io_uring that are under way, by their user_data. */
#include "model/watch.h"
#include "model/world.h"

struct request {
	uint64_t user_data;
	unsigned n;			/* so many with this user_data */
	bool several;			/* of different files */
	uint8_t opcode;
	struct watched what;		/* what it waits for; file 0: not known, or nothing */
	/* of EPOLL_CTL, what becomes of what's epoll when it has been done */
	struct { bool set; int op; int fd; uint64_t data; } epoll;
	UT_hash_handle hh;
};
struct requests {
	struct request *v;		/* in the order of submission */
	uint32_t next_seq;		/* of the completion to come */
	bool whole;			/* all that is under way is in v, and nothing else is */
	/* A thread of the kernel submits them (SQPOLL); next_sqe: the first of them that has not been seen. */
	bool polled;
	uint32_t next_sqe;
	struct watched *files;		/* what is registered, by its index; file 0: not known, or none */
	unsigned nfiles;
};

void requests_forget_files(struct requests *all);
/* Of that ring; made at first sight. */
struct requests *requests_of(const struct file *ring);
/* NULL: there is no room for more.  r->n 1: it is new. */
struct request *request_add(struct world *w, struct requests *all, uint64_t user_data);
struct request *request_find(struct requests *all, uint64_t user_data);
void request_drop(struct world *w, struct requests *all, struct request *r);	/* one of them */
void requests_forget(struct world *w, struct requests *all);
/* Of a thread's registered rings (IORING_REGISTER_RING_FDS): NULL: none is known there. */
struct file *ring_registered(const struct tnode *t, uint32_t index);
/* ring NULL: none is there */
void ring_register(struct world *w, struct tnode *t, uint32_t index, struct file *ring);
void rings_unregister(struct world *w, struct tnode *t);	/* all */
void requests_join(struct world *w);	/* they end with their ring */
