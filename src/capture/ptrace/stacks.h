/* SPDX-License-Identifier: MIT */
#pragma once
/* Which calls have their stacks copied (-k), at which of their stops. */
#include <stdbool.h>
#include <stdint.h>

struct ptrace_source;
struct tracee;

bool stacks_wanted(const struct ptrace_source *s);
/* At its entry: of a call that has no other stop, or whose program is another one then. */
void stacks_at_entry(struct ptrace_source *s, struct tracee *t);
/* At the stop that ends it; true: stacks_keep() is due, for which it need not stand still. */
bool stacks_at_exit(struct ptrace_source *s, const struct tracee *t, int64_t ret, uint64_t now_ns);
void stacks_keep(struct ptrace_source *s, struct tracee *t);
/* STACK, before the CALL. */
void stacks_emit(struct ptrace_source *s, struct tracee *t);
/* At each entry and exit: a call that may map code, whether or not it is recorded. */
void stacks_follow_maps(struct ptrace_source *s, struct tracee *t, bool entry);
