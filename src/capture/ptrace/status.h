/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reads of /proc/PID/status, whose text would show us: the tracer's pid, our
 * seccomp filter, the no_new_privs it needed; and of its maps, which has the memory
 * of stubs (inprocess/space.h).  Which descriptors are such files
 * the kernel tells (facts.c asks it of everything that is opened or received);
 * they are followed through dup, fork and threads, and looked at again at each
 * read.  What a program gets is a text without us, in pieces of any size.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "record/record.h"

struct ptrace_source;
struct tracee;

/* fact: what the kernel says about fd, which t has just got. */
void status_opened(struct ptrace_source *s, struct tracee *t, int fd, const struct record_fact *fact);
/* Open already; target: its link. */
void status_found(struct ptrace_source *s, struct tracee *t, int fd, const char *target);
bool status_is(const struct ptrace_source *s, const struct tracee *t, int fd);	/* may be one */
void status_copied(struct ptrace_source *s, const struct tracee *t, int from, int to);
void status_closed(struct ptrace_source *s, const struct tracee *t, int fd);
void status_forked(struct ptrace_source *s, const struct tracee *parent, struct tracee *child, uint64_t clone_flags);
/* t has a file open whose reads have to stop: no stubs may make them. */
bool status_stops_reads(struct ptrace_source *s, const struct tracee *t);
/* At the exit of a read; nr: the call's number on x86-64.  Returns the result to show. */
int64_t status_read(struct ptrace_source *s, struct tracee *t, unsigned nr, int64_t ret);
void status_done(struct ptrace_source *s);

/* status_maps.c: lines of what is mapped for subject's stubs go out of the text of its maps. */
void status_maps_hide(const struct tracee *subject, struct buf *text);
/*
 * How much of it a read of n bytes at `at` gets: as by the kernel, what is ready, and then as many whole lines as it
 * makes at a time.  ready: where in the text that ends, for the next one.
 */
size_t status_maps_part(const struct buf *text, size_t *ready, size_t at, size_t n);
