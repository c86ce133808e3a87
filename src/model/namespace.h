/* SPDX-License-Identifier: MIT */
#pragma once
/* Numbers of processes in pid namespaces. */
#include "model/world.h"

/* by a number as that thread's pid namespace has it */
struct tnode *task_named(struct world *w, struct tnode *by, uint32_t number);
/* its pid, also of one that ended lately; 0 not known */
uint32_t proc_named(struct world *w, struct tnode *by, uint32_t number);
/* the pid namespace it is in; 0: the tracer's, or one whose first process is not traced */
uint32_t namespace_of(const struct pnode *p);
void namespace_begin(struct pnode *init);
bool task_in_namespace(const struct tnode *t);	/* in another pid namespace than the tracer's */
/*
 * by has made a child, and then the number that the call returned to it: where the child is in a pid namespace below
 * that of by, its own number (ns_tid) is another.
 */
void namespace_born(struct tnode *by, struct tnode *child);
void namespace_number(struct world *w, struct tnode *by, uint32_t number);
/* As its parent's wait(2) returns it; 0: as the tracer has it. */
uint32_t namespace_number_for(const struct pnode *parent, const struct tnode *t);
/* numbers of ended processes are remembered a while: signals name them */
void namespaces_join(struct world *w);
