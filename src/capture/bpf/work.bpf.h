/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Where a record is put together: what copies append to. */
#pragma once
#include "capture/bpf/follow.bpf.h"

enum {
	WORK_BYTES = 384 << 10,
	COPY_MAX = 16384,
	WORK_SOFT_MAX = WORK_BYTES - COPY_MAX - 64,
	VECTOR_MAX = 160 << 10,
	IOV_COPIED = 64,
	MSG_COPIED = 64,
	ADDR_BYTES = 128,
	CONTROL_BYTES = 2048,
	PAGE_BYTES = 4096,
	BODY = sizeof(struct record_call)
};
enum { X86_64_IOV = 16, NAME_BYTES = 112 };
/*
 * Pointers looked at together, how far apart they may be (all fit COPY_MAX), and how many are taken singly after a try
 * in vain.
 */
enum { STRINGS = 32, STRING_GAP = 500, STRINGS_MAX = (STRINGS - 1) * STRING_GAP, SINGLES = 8 };

/* Descriptors of one call that are asked about; SCM_MAX_FD. */
enum { FDS_ASKED = 256, CMSG_FDS_MAX = 253 };

struct wire_iov { u64 base, len; };
struct iov_run { u64 total, seen; u32 got, cap, at, faulted; };
struct walk { u64 dentry, mnt, root, root_mnt; u32 pos; };
/* Items of an array in the program's memory, one behind the other into a chunk: i < n, at most MSG_COPIED. */
struct items { u64 addr, n; u32 at, count, named, faulted; };
struct rest { u64 addr, n; };
struct vec { u64 addr; u32 arg, start, max, n, singles, faulted; };
struct cmsg_run { u64 at, end; };
struct ring_run { u64 entries, array; u32 first, mask, shift, ordered; };
/* Where a record is put together; one per CPU, used only by programs that run with preemption off in a task. */
struct work {
	u64 args[6];
	s64 ret;
	struct plan_arg plan[6];
	u32 off, nchunks, flags, payload;
	u8 compat, leave, faulted, packs;	/* packs: strings may be sent as WIRE_STRINGS */
	u8 multiple;		/* the message headers of recvmmsg */
	u8 only, put_off;	/* of run_plan() */
	u32 no_flags;		/* 0 */
	u32 nfds, fds[FDS_ASKED + CMSG_FDS_MAX + 1];	/* to be asked about; room for one more message */
	u32 niov;
	/* not on the stack: there the verifier follows every value they may take in a loop */
	struct iov_run run;
	struct walk walk;
	struct items items;
	struct rest rest;
	struct vec vec;
	struct cmsg_run cmsg;
	struct ring_run ring;
	u32 nstrings, texts;
	struct wire_iov iov[IOV_COPIED];
	char path[PAGE_BYTES + 256];
	char mem[WORK_BYTES];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 /* CPUs */);
	__type(key, u32);
	__type(value, struct work);
} works SEC(".maps");

/*
 * For both calls the verifier puts instructions of its own, and for each of these it moves all that it knows of the
 * program: hence work_get(), which has them once.  work_here(): where calls are deep (they go eight deep and no
 * deeper), or on the way that most calls take.  What bpf_loop() calls gets it from its caller.
 */
static __always_inline struct work *work_here(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&works, &cpu);
}

static __noinline struct work *work_get(void) { return work_here(); }

/*
 * For loops that few calls have: with flags that it does not know the kernel calls bpf_loop().  Others become some 15
 * instructions at their place (since 5.19), for each of which the verifier moves all that it knows of the program.
 */
#define seldom_loop(w, n, fn, ctx) bpf_loop(n, fn, ctx, (w)->no_flags)

/*
 * Where a check and a use must be of the same value: what is checked is what is used then.  Compilers know that two
 * ways to the same number are equal, and clang 19 and newer check one and use the other; the verifier does not know it
 * and refuses the program.
 */
#define SAME(v) asm volatile("" : "+r"(v))

/*
 * Compilers make one check of the two, of v - min, and kernels up to 6.12 do not conclude from it what v itself can be
 * (seen with Debian's 6.1 and 6.12; 6.18 does).
 */
#define WITHIN(v, min, max) ({ bool enough = (v) >= (min); SAME(v); enough && (v) <= (max); })

/* The bytes of a string and its end, or what went wrong (< 0); older kernels (6.1) answer 0 for the empty one. */
static __always_inline long read_string(void *to, u32 room, const void *from)
{
	long n = bpf_probe_read_user_str(to, room, from);

	return n ? n : 1;
}

static __always_inline u32 align8(u32 n) { return (n + 7) & ~7u; }

static __always_inline struct record_chunk *chunk_at(struct work *w)
{
	u32 off = w->off;

	if (off > WORK_SOFT_MAX)
		return NULL;
	SAME(off);
	return (struct record_chunk *)(w->mem + off);
}

static __always_inline void chunk_done(struct work *w, struct record_chunk *c, u32 arg, u32 part, u32 flags, u32 len)
{
	*c = (struct record_chunk){ (u8)arg, (u8)part, (u16)flags, len };
	w->off += sizeof(*c) + align8(len);
	w->nchunks++;
}
