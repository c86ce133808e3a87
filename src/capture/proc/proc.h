/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What /proc tells: snapshots of tasks, descriptors and mappings as records,
 * and small questions about a pid.  All of it may vanish while it is read:
 * what is gone is left out.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct capture_options;

/* START's record stands in rec, unfinished.  backend: START_PTRACE, START_BPF. */
/* The chunks of START that say where it is made and by which options; argv: the command's, NULL: none.  How many. */
unsigned proc_put_host(struct buf *rec, char *const *argv);
/* Likewise those that say who runs it, and within which limits. */
unsigned proc_put_owner(struct buf *rec, const struct capture_options *opt);
void proc_put_start(const struct capture_options *opt, unsigned backend, struct buf *rec, uint64_t now_ns);
/*
 * Everything about a process that exists: TASK for each thread (leader first), FD, MAP.  put(ctx) is called for each
 * record built in rec.  leader: who reports the end of its leader, which may come before that of its threads.  maps:
 * also the regions.  Returns enum proc_has.
 */
enum leader_end {
	LEADER_LOOK,		/* an EXIT of it is among these records when it has ended and a thread lives */
	LEADER_WATCHED,		/* the caller will, whatever /proc says now */
	LEADER_ENDED,		/* an EXIT of it is among these records */
};
unsigned proc_put_process(pid_t pid, enum leader_end leader, bool maps, struct buf *rec, void (*put)(void *ctx),
			  void *ctx);
/*
 * Our own child that waits for its exec: who it is and what the command inherits.  Every descriptor that we opened is
 * close-on-exec, and the others were there before us.
 */
unsigned proc_put_command(pid_t pid, struct buf *rec, void (*put)(void *ctx), void *ctx);
void proc_put_maps(pid_t pid, struct buf *rec, void (*put)(void *ctx), void *ctx);
/*
 * The chunks of an EXEC record.  call: the execve's own chunks (path, argv, envp), or NULL: the new program
 * has them, but for the environment, and a script has its path in place of its argv[0].  stack: its stack, as far as it
 * could be read, NULL with call.
 */
struct execed;
void proc_exec_parts(pid_t tid, const struct buf *call, struct execed *stack, bool want_env, struct buf *parts,
		     uint32_t *ret_nchunks, unsigned long long *ret_brk);
/* Only what the execve's chunks have; true when argv is among it. */
bool proc_exec_call_parts(const struct buf *call, bool want_argv, bool want_env, struct buf *parts, uint32_t *nchunks);

/* USAGE of a thread, by its schedstat; nothing when the kernel has none (CONFIG_SCHED_INFO) or it is gone. */
struct proc_usage { uint64_t run_ns, delay_ns; };
bool proc_usage(pid_t tid, struct proc_usage *ret);
uint64_t proc_rss_peak(pid_t pid);	/* bytes, 0 not known */
/* CPU time of a process and of the children it waited for, whole clock ticks; false when it is gone. */
bool proc_times(pid_t pid, uint64_t *ret_utime_ns, uint64_t *ret_stime_ns);
void proc_put_usage(pid_t pid, pid_t tid, unsigned flags, struct buf *rec, void (*put)(void *ctx), void *ctx);

bool proc_mounted(void);			/* and of our pid namespace */
bool proc_has_ended(pid_t pid);		/* a zombie: no thread of it lives, only its parent has not noticed */
uint32_t proc_ns_tid(pid_t tid);		/* innermost number; 0 when it is the same as ours */
bool proc_children_elsewhere(pid_t tid);	/* they may get another pid namespace than its own */
int proc_parent(pid_t tid, pid_t *ret_tgid, pid_t *ret_ppid);
char proc_state(pid_t pid, pid_t tid);		/* 'R', 'S', 'Z'…; 0 when gone */
struct proc_rights { uid_t euid; gid_t egid; uint64_t permitted; bool no_new_privs; };	/* permitted: capabilities */
bool proc_rights(pid_t tid, struct proc_rights *ret);	/* false: it is gone */
pid_t proc_tracer(pid_t pid);			/* 0: it is not traced */
bool proc_is_kernel_thread(pid_t pid);
bool proc_is_kernel_helper(pid_t pid, pid_t tid);	/* a thread the kernel made in a program: io_uring's, vhost's */
uid_t proc_uid(pid_t pid);
/* we may read what only a tracer may: ptrace(2), PTRACE_MODE_READ_FSCREDS */
bool proc_may_look(pid_t pid);
/* Bit n - 1: signal n is ignored on purpose; has a handler.  False when the task is gone. */
bool proc_dispositions(pid_t tid, uint64_t *ret_ignored, uint64_t *ret_caught);
bool proc_pends(pid_t tid, int signo);	/* that signal waits to be taken by this thread */
/* Calls fn for each thread of pid; returns how many. */
unsigned proc_each_thread(pid_t pid, void (*fn)(void *ctx, pid_t tid), void *ctx);
/* what its links name */
void proc_each_descriptor(pid_t pid, void (*fn)(void *ctx, int fd, const char *target), void *ctx);
void proc_each_child(pid_t pid, void (*fn)(void *ctx, pid_t child), void *ctx);	/* of any of its threads */

/* ---- for snapshot.c ---- */
/* The whole of /proc/PID/task/TID/name (tid 0: /proc/PID/name) into b, ended by NUL; false when it is not there. */
bool proc_read_all(pid_t pid, pid_t tid, const char *name, struct buf *b);
/* What the link /proc/PID/name leads to, without NUL: its length, 0 when it cannot be read. */
size_t proc_read_link(pid_t pid, const char *name, char *to, size_t max);
/* A field of /proc/PID/stat (proc(5)), 3 or later; of 3, the state, its letter. */
bool proc_read_stat(pid_t pid, pid_t tid, unsigned field, unsigned long long *ret);
