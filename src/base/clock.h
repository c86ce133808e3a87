/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/*
 * CLOCK_MONOTONIC as the kernel itself counts it, in nanoseconds.  BPF programs and perf events stamp with that; what
 * clock_gettime(2) gives in a time namespace is shifted (time_namespaces(7), Linux 5.6).  All records and everything
 * that is compared with them use this one.
 */
uint64_t clock_ns(void);
