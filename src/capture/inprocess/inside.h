/* SPDX-License-Identifier: MIT */
#pragma once
/* Address spaces with stubs, inside: what the files of this folder share. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/inprocess/ring.h"
#include "capture/inprocess/site.h"
#include "capture/inprocess/space.h"
#include "capture/inprocess/stub.h"
#include "capture/inprocess/which.h"

struct buf;

/* One that is patched: what was written, in that order, and what stood there. */
struct space_site {
	uint32_t nr;
	const struct which_copies *copies;	/* as struct stub_call has them */
	bool words, six, opens;
	bool chooses;			/* no call is made in its block: it goes on to one of the nchoices behind it */
	unsigned nchoices;
	enum stub_number number;
	uint8_t was[SITE_ANY_LEN];	/* but for STUB_NUMBER: the instruction that was replaced */
	bool stored;			/* r11 is at rsp + STUB_R11, from STUB_STORED on */
	uint64_t patch, call;		/* addresses: of what was replaced, of the syscall instruction */
	unsigned way;			/* offset in its spring of the way of its own */
	enum stub_own own;
	struct site_write writes[2];
	uint8_t were[2][8];
	unsigned nwrites;
};

enum { SPACE_CLOSED = 64, SPACE_CACHE = 64, NO_THREAD = 1 /* of tracee.thread: its pointer is another's by now */ };

struct space {
	unsigned users;			/* tracees */
	bool keeps_opens;		/* no registers can be kept where stubs that open keep them */
	bool on;			/* calls are made in stubs */
	bool patched;			/* jumps stand in the text */
	bool off_due;			/* the stubs are to be taken out, and could not be yet */
	bool paused;			/* on, but for a while all go their own way */
	bool hidden;			/* nothing of ours is mapped any more */
	struct ring ring;
	uint64_t shown_lost;
	unsigned killed;		/* threads that ended, maybe in a stub */
	uint64_t since_ns;
	uint64_t order_ns;		/* when a descriptor last came or went */
	bool asking;			/* space_asks() */
	unsigned nclosed;		/* since; the first of them */
	int closed[SPACE_CLOSED];
	uint64_t near;			/* the switch, in the first byte of a mark; springs behind them */
	uint64_t mark;
	int mem;			/* space_memory(), -1: not opened */
	struct space_site sites[STUB_SITES];
	unsigned nsites;
	struct tracee *cache[SPACE_CACHE];	/* by their fs base */
	struct space *next;
};

/* Why a call that a stub may make has stopped. */
enum space_stop { STOP_BEFORE, STOP_WITHOUT, STOP_ELSEWHERE, STOP_OWN, NSTOPS };

/* Why a process has none, or has none any more. */
enum space_why {
	SPACE_ALLOWED, SPACE_LIMITED, SPACE_MANY, SPACE_PLACE, SPACE_LIBRARY, SPACE_TAKEN, SPACE_SHARED, SPACE_OWN_WAYS,
	SPACE_LOOKED, SPACE_TOUCHED, NSPACE_WHYS
};

struct inside {
	uint8_t which[RING_NRS];	/* enum which */
	uint8_t known[RING_NRS];	/* enum ring_known: WHICH_STUB */
	struct which_copies copies[RING_NRS];	/* of these */
	unsigned slots;			/* at most so many of one call */
	bool words[RING_NRS];		/* of the standard error and its copies it stops */
	const struct arg_cond *when[RING_NRS];	/* only so it is recorded; NULL: always */
	bool ends[RING_NRS];		/* how it ends is recorded */
	bool orders[RING_NRS];		/* descriptors, or memory, come or go with it */
	uint8_t closes[RING_NRS];	/* argument + 1: this descriptor goes */
	bool closed;			/* none is put in any more */
	bool leaving;
	struct space *spaces;
	struct moment { uint64_t tsc, ns; } first, last;	/* on both clocks */
	uint64_t nfast;			/* stops at calls that a stub may make */
	uint64_t last_tick, settled_ns;	/* what is read from now on ended then or later: source.settled_ns */
	uint64_t ncalls, nspaces, nwhy[NSPACE_WHYS];
	uint64_t nkinds[NWHICH], nstops[NSTOPS];	/* of calls that stopped */
	timer_t timer;
	bool has_timer;
};

/* drain.c */
struct moment inside_now(void);
/*
 * All that is there, as far as it is published in its order, and all of the thread `whole` (NULL: none) in any case.
 * May find that the stubs are to be taken out: off_due.
 */
void space_drain(struct ptrace_source *s, struct space *sp, const struct tracee *whole);
/* What its stub has copied of the call that t is in, up to its beginning, as chunks.  Returns how many. */
unsigned space_add_chunks(const struct inside *in, const struct space_call *c, struct buf *b);
void space_forget_pieces(struct space_call *c);
/* The call that t has begun ends so. */
void space_put_call(struct ptrace_source *s, struct tracee *t, unsigned flags, int64_t ret);

/* A call begins: one that closes what is being asked about? */
void space_closes(const struct inside *in, struct space *sp, uint32_t nr, const uint64_t *args);

/* asked.c */
/* The call that t, stopped, has made in its stub ends: what is to be asked or copied then is; then comes its record. */
void space_put_whole(struct ptrace_source *s, struct tracee *t, int64_t ret);
/* Likewise of one that opens, at the entry of a call that is not made: that comes at its exit. */
void space_begin_open(struct ptrace_source *s, struct tracee *t);

/* out.c */
/*
 * Nothing begins in a stub any more; all threads are stopped and led out, and the text is what it was, or, where one
 * does not stop, off_due says that this is still to be done.
 */
void space_off(struct ptrace_source *s, struct space *sp);
void space_off_for(struct ptrace_source *s, struct space *sp, enum space_why why);	/* counted */
/* Its memory, to read and write, also where the program itself may not write; -1. */
int space_memory(pid_t tid);

struct library;
struct mapping { uint64_t start, end, offset, inode; char path[512]; };

/* inject.c: calls that a tracee makes for us */
struct inject;
/* It stands at the seccomp-stop of one of its own.  NULL: it is gone. */
struct inject *inject_begin(struct tracee *t);
/*
 * It stands at the exit of a call, or (asked) at a stop that we have asked for, or the exit before that; its report is
 * then left for the loop.  site: of a syscall instruction.
 */
struct inject *inject_begin_at(struct tracee *t, uint64_t site, bool asked);
/* The result, or -1 when it failed, or when one before it did. */
int64_t inject_call(struct inject *in, uint64_t nr, const uint64_t args[6]);
uint64_t inject_stack(const struct inject *in);	/* an address below what the program uses */
/* Its own call is going to be made again, or it goes on as if it had made none (inject_begin_at()); frees. */
void inject_end(struct inject *in);

/* setup.c: near: a place for the switch and the springs; false: nothing is patched */
bool space_set_up(struct ptrace_source *s, struct tracee *t, struct space *sp, const struct mapping *m,
		  const struct library *l);
/* A fork's copy, which has all but a ring: it gets one of its own, and its switch is on.  false: it stays as it is. */
bool space_wake(struct tracee *t, struct space *sp);

/* library.c */
/* The private mapping of a file that holds ip, and a place of `room` bytes within a jump's reach of all of it, or 0. */
bool library_mapped(pid_t tid, uint64_t ip, size_t room, struct mapping *ret, uint64_t *ret_room);
bool library_locks(pid_t pid);		/* it has memory locked, and may lock all that comes */
/* Is there a mapping of this file (NULL: of none), of just that place and with these rights? */
bool library_has(pid_t tid, uint64_t start, uint64_t size, const char *perms, const char *file);
bool library_is_c(const char *path);
/* The file of m, a mapping of tid, with its sites, which are found once.  NULL: they cannot be found. */
struct library *library_of(pid_t tid, const struct mapping *m);
/* Each text of the library that lies in m, all sites: with the bytes of the file and the address of its beginning. */
typedef void library_site_fn(void *ctx, const struct site *site, const uint8_t *text, uint64_t size, uint64_t base);
void library_each(const struct library *l, const struct mapping *m, library_site_fn *fn, void *ctx);
