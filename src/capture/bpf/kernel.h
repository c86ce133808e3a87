/* SPDX-License-Identifier: MIT */
#pragma once
/* What any set of BPF programs needs of the kernel before it is loaded, while it is, and to run an iterator of it. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_program;
struct diag;

/*
 * 0, or -ENOTSUP: diag says which capability or kernel feature is missing and how to get it, or that there is no
 * libbpf.  After 0 its functions can be called.
 */
int bpf_allowed(struct diag *diag);
/* Why libbpf, which is loaded by this, cannot be used; NULL: its functions can be called. */
const char *bpf_library_missing(void);
/* Sets diag to "what; remedy" and returns -ENOTSUP. */
int bpf_refused(struct diag *diag, const char *what, const char *remedy);
/* rc of opening, loading or attaching programs; below 0, diag gets the reason in words and -ENOTSUP is returned. */
int bpf_explain(int rc, struct diag *diag);
bool bpf_lacks_files(int rc);		/* that is rc's reason: RLIMIT_NOFILE */
/* Blocks every signal; restore *ret_old after loading and attaching. */
void bpf_hold_signals(sigset_t *ret_old);
/* Whether the caller may trace every process (CAP_SYS_PTRACE); otherwise rights.bpf.h decides for each. */
bool bpf_sees_all(void);
/* The inode number of compendium's pid namespace, 0 without /proc. */
uint64_t bpf_own_pidns(void);
/*
 * Keeps libbpf's last warning instead of printing it, and forgets the one before; on stderr too with
 * COMPENDIUM_BPF_DEBUG.
 */
void bpf_keep_log(void);
/* "" if libbpf has warned of nothing; valid until the next call of libbpf. */
const char *bpf_last_error(void);
/* Runs an iterator over all tasks to its end, and fn (or nothing) for every pid it writes; 0 or -errno. */
int bpf_run_iter(struct bpf_program *prog, void (*fn)(void *ctx, pid_t pid), void *ctx);
