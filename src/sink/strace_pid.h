/* SPDX-License-Identifier: MIT */
#pragma once
/* Of several hosts whose recordings are merged a pid has the host's number above it. */
#include "model/model.h"

enum { PID_BITS = 32 };

static inline uint64_t pid_of(const struct task *t, uint32_t pid) { return (uint64_t)t->proc->host << PID_BITS | pid; }
static inline uint64_t tid_of(const struct task *t) { return pid_of(t, t->tid); }
static inline uint64_t leader_of(const struct task *t) { return pid_of(t, t->proc->pid); }
