/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Record bytes to typed items.  Every length is checked here, once: what comes
 * out may be used without further checks.  Malformed bytes are -EBADMSG.
 * Pointers in an item point into the record (or the arena) and live until the
 * record does.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/calm.h"
#include "abi/spec.h"
#include "record/record.h"

struct arena;

struct part { uint8_t arg, part; uint16_t flags; uint32_t len; const char *bytes; };

struct value {
	const struct arg_spec *spec;
	uint64_t word;			/* the register */
	const char *bytes;		/* PART_BYTES of this argument, NULL when none was copied; NUL not included */
	uint32_t len;
	bool fault, trunc;
};

struct call {
	const struct syscall_spec *spec;
	uint32_t nr;
	uint8_t arch;			/* enum record_arch */
	bool no_exit, unfinished, restarted;
	bool running;			/* with unfinished: the thread lives on in it */
	bool forbidden;			/* with unfinished: it did not run, a seccomp filter sent SIGSYS instead */
	bool counted;			/* elsewhere: RECORD_COUNTS */
	bool facts;			/* parts has answers of the kernel: decode_fact() */
	const struct record_cpu *cpu;	/* NULL: not known */
	uint64_t enter_ns, exit_ns;	/* exit_ns 0 when no_exit or unfinished */
	uint64_t until_ns;		/* unfinished: when it was last known to be in it, 0 not known */
	int64_t ret;			/* -errno on failure; meaningless when no_exit or unfinished */
	int err;			/* 0 or a positive errno */
	unsigned nargs;
	struct value args[6];
	const struct part *parts;	/* everything that was copied, in order */
	unsigned nparts;
};

/* A signal ended it: as the program sees it, or as the kernel decides on later (ERESTARTNOHAND and the like). */
static inline bool call_interrupted(const struct call *c)
{
	return c->restarted || c->err == EINTR || errno_is_internal(c->err);
}

struct item {
	enum record_kind kind;
	const struct record *head;
	union {				/* the body of every kind but CALL, sizes checked */
		const struct record_start *start;
		const struct record_fork *fork;
		const struct record_exec *exec;
		const struct record_exit *exit;
		const struct record_signal *signal;
		const struct record_stop *stop;
		const struct record_task *task;
		const struct record_fd *fd;
		const struct record_map *map;
		const struct record_lost *lost;
		const struct record_end *end;
		const struct record_sched *sched;
		const struct record_block *block;
		const struct record_fault *fault;	/* FAULT_WAIT, too */
		const struct record_fault_wait *fault_wait;
		const struct record_waiting *waiting;
		const struct record_usage *usage;
		const struct record_place *place;
		const struct record_code *code;
		const struct record_stack *stack;
		const struct record_counts *counts;
		const void *body;
	};
	struct call call;		/* kind CALL; WAITING in a call: unfinished */
	const struct part *parts;
	unsigned nparts;
};

/*
 * size: bytes available at r.  0, or -EBADMSG; unknown kinds give -ENOTSUP (a newer recording: skip, count).  Built in
 * place: after a failure *ret_item is of no use.
 */
int decode_record(const struct record *r, size_t size, struct arena *arena, struct item *ret_item);

/* Bytes before the chunks of a record of that kind; *ret_nchunks: where its rec_u32 count of them is, 0: elsewhere. */
size_t decode_body_size(enum record_kind kind, size_t *ret_nchunks);

/* The n-th part of that kind (for a call: of that argument; arg -1: of any), or NULL. */
const struct part *parts_find(const struct part *parts, unsigned nparts, int arg, enum chunk_part part, unsigned nth);

/*
 * What the kernel answered about a descriptor: PART_FACT and what belongs to it.  name, sock: NULL where there is none.
 */
struct fact {
	const struct record_fact *r;
	const struct part *name;
	const struct record_sock *sock;
	bool before;	/* as the call found it, not as it left it */
};
/* The next one from part *at on, which moves behind it; false: no more. */
bool decode_fact(const struct part *parts, unsigned nparts, unsigned *at, struct fact *ret_fact);

/* ---- structures inside the copied bytes (decode/struct.c) ---- */

/* A socket address as a comparable value. */
#define ADDR_PATH_MAX 250	/* sun_path has 108; a relative one becomes absolute in the model, where it fits */
struct addr {
	uint16_t family, port;
	uint8_t len;			/* bytes in ip, path (also of AF_ALG: "hash(sha256)") or mac */
	bool abstract;
	uint8_t ip[16];			/* AF_PACKET: the hardware address, of len bytes */
	uint32_t scope;			/* AF_INET6: scope id; AF_PACKET: number of the interface, 0: any */
	/* AF_NETLINK: port id, groups; AF_VSOCK: context id, port; AF_PACKET: Ethernet protocol */
	uint32_t id[2];
	char path[ADDR_PATH_MAX];
};
bool decode_addr(const void *bytes, size_t len, struct addr *ret_addr);	/* false: empty or too short */
/* The other way round, into at least 112 bytes: how many; 0 where a family is not written. */
size_t encode_addr(const struct addr *a, void *bytes);
bool addr_same(const struct addr *a, const struct addr *b);
/* Written over bytes that are 0: those of two that are the same are equal as bytes, to be hashed. */
void addr_key(struct addr *ret, const struct addr *a);
bool addr_is_loopback(const struct addr *a);	/* 127/8, ::1, ::ffff:127/104 */

/* Descriptors passed in msg_control (SCM_RIGHTS).  Returns how many, at most max. */
unsigned decode_scm_rights(const char *control, size_t len, int *ret_fds, unsigned max);
