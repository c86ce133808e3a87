/* SPDX-License-Identifier: MIT */
#pragma once
/* Threads and processes. */
#include "model/world.h"

static inline struct pnode *pnode_of(const struct proc *p) { return (struct pnode *)(uintptr_t)p; }
static inline struct tnode *tnode_of(const struct task *t) { return (struct tnode *)(uintptr_t)t; }
struct tnode *task_find(struct world *w, uint32_t tid);
/* made on the fly when not known */
struct tnode *task_get(struct world *w, uint32_t pid, uint32_t tid, uint64_t ts_ns);
struct pnode *proc_find(struct world *w, uint32_t pid);
struct tnode *task_adopt(struct world *w, uint32_t pid, uint32_t tid, uint64_t start_ns);
void task_set_fds(struct world *w, struct tnode *t, struct fdtab *tab);		/* takes the reference */
void proc_set_parent(struct pnode *p, struct pnode *parent, uint32_t ppid);
void proc_strings(struct proc *p, struct strings *args);	/* takes the reference */
void comm_set(struct tnode *t, const char *s, size_t len);
struct pnode *proc_new(struct world *w, uint32_t pid, uint64_t ts_ns);	/* no thread, no tables */
struct tnode *task_new(struct world *w, struct pnode *p, uint32_t tid, uint64_t ts_ns);	/* no tables */
void task_tables_done(struct world *w, struct tnode *t);
void proc_fix_fds(struct pnode *p);			/* after a thread's table changed */
void proc_link(struct pnode *p, struct pnode *parent);	/* NULL: out of the trace */
void proc_unlink(struct pnode *p);
void bytes_copy(struct bytes *to, const struct bytes *from);	/* where from is set */
