/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The seccomp filter of a spawned command: wanted calls stop (RET_TRACE), all
 * others run at full speed and never see the tracer.
 */
#include <linux/filter.h>
#include <stdbool.h>

/*
 * wanted[arch][nr]; conditions of the rows are compiled in.  mark is the SECCOMP_RET_DATA of every stop: one that no
 * program can guess, since any other RET_TRACE is the program's own.  Returns the number of instructions; max at least
 * 4096.
 */
struct capture_plan;
unsigned seccomp_build(struct sock_filter *prog, unsigned max, unsigned mark, const struct capture_plan *x86_64,
		       const struct capture_plan *i386);
