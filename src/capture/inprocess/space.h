/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Address spaces with stubs: what the ptrace backend calls.  Put in at a stop, read now and then, taken out again;
 * where there is none (t->space NULL) this costs a look.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct inside;
struct ptrace_source;
struct sock_filter;
struct space;
struct tracee;

/*
 * A call that a stub has begun.  pieces, by enum ring_piece: what was copied of it, or, before it has begun, of the one
 * to come; len 0: nothing.
 */
struct space_call {
	bool open;
	uint32_t nr;
	uint64_t args[6], ns;
	struct space_piece { unsigned len; uint32_t nr; char s[288 /* RING_BYTES_MAX */]; }
		pieces[5 /* RING_NPIECES */];
};

/* KNOWN: calls that stubs may make, at most; jumps in a filter have eight bits. */
enum { SPACE_KNOWN_MAX = 200, SPACE_FILTER_MAX = SPACE_KNOWN_MAX + 32 };

const char *space_forbidden(void);	/* why this machine or build does not allow it, NULL: it does */
/*
 * s->inside, or NULL with *ret_why a reason in words: this machine or what is to be recorded does not allow it.  Every
 * plan is compiled.  answered[nr], SYSCALL_MAX: a call has to stop whatever is recorded.
 */
void space_begin(struct ptrace_source *s, const bool *answered, const char **ret_why);
/*
 * What stands before the filter: what a stub calls passes, and what may touch their memory stops.  At most
 * SPACE_FILTER_MAX instructions; returns how many.
 */
unsigned space_filter(const struct ptrace_source *s, struct sock_filter *prog);
void space_end(struct ptrace_source *s);	/* no process is traced any more */
/* At the entry of a call that has stopped, once. */
void space_count(struct ptrace_source *s, const struct tracee *t, unsigned arch, uint64_t nr, uint64_t ip);
/* How many calls were made in stubs, in how many processes, and why not in others; with explain also why not others. */
void space_remark(const struct ptrace_source *s, struct diag *ret);

/*
 * At a seccomp-stop before anything of the call was recorded: true when stubs were put in, and t makes the call again
 * as soon as it is resumed.
 */
bool space_try(struct ptrace_source *s, struct tracee *t, uint64_t nr, const uint64_t args[6], uint64_t ip);
void space_share(struct ptrace_source *s, struct tracee *child, struct tracee *parent, uint64_t clone_flags);
/* child, of a vfork, has made its last call: what it is in, as far as is known, its parent is in. */
void space_end_vfork(struct ptrace_source *s, struct tracee *child, struct tracee *parent);
void space_drop(struct ptrace_source *s, struct tracee *t);	/* it ends, or has another address space now */

/*
 * Around questions about descriptors of t, which is stopped: the answers are chunks of t from there on, and those that
 * may be about another descriptor by then become "not known".
 */
void space_asks(struct ptrace_source *s, struct tracee *t);
void space_asked(struct ptrace_source *s, struct tracee *t, size_t from);

/* Before any stop of t means something: what its address space has done before that. */
void space_before_stop(struct ptrace_source *s, struct tracee *t);
/* At the entry of a call: one made in a stub is from now on as if made at its site; one about our memory ends them. */
void space_at_entry(struct ptrace_source *s, struct tracee *t, uint64_t nr, const uint64_t args[6], uint64_t ip);
/*
 * At the entry of a call, before that: true when it is one by which a stub asks for what was opened to be looked at.
 * It is not made, and its exit is that of the call that has opened it.
 */
bool space_has_opened(struct ptrace_source *s, struct tracee *t, uint64_t ip);
/* At a stop that is none at a call: t is taken out of its stub. */
void space_lead_out(struct ptrace_source *s, struct tracee *t);
/* At a signal-delivery-stop: true when it is a fault of the stub's own, which the program is not to see. */
bool space_faulted(struct ptrace_source *s, struct tracee *t, int signo);
void space_before_resume(struct ptrace_source *s, struct tracee *t);	/* is it to stop at every call from now on? */

/* Copies of the standard error (capture/stderr.h) have come or gone in a table of those that use sp. */
void space_stderrs(struct ptrace_source *s, struct space *sp);
/* Calls go their own way for a while, and stop; in stubs again later. */
void space_pause(struct space *sp, bool pause);
/* Is that mapping of ours?  A line of maps, of len bytes. */
bool space_is_ours(const struct space *sp, const char *line, size_t len);
/*
 * looker, at the exit of a call, is going to see what is mapped in subject: nothing of ours, from now on.  Where no
 * thread of another process could be stopped, or it has a filter of its own, that stays mapped, and is not used.
 */
void space_hide(struct ptrace_source *s, struct tracee *looker, struct tracee *subject);

void space_tick(struct ptrace_source *s);	/* now and then: what was done without a stop */
/* Calls that are made in stubs are seen later: what has been seen is source.settled_ns, from space_tick(). */
bool space_any(const struct ptrace_source *s);
/* Every text is what it was.  For good: none is put in again. */
void space_off_all(struct ptrace_source *s);
void space_let_go(struct ptrace_source *s, struct tracee *t);	/* just before it is detached, stopped */
