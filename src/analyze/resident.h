/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which pages of each process were touched, known from its page faults: the growth of its resident memory.  A page
 * counts once, until it is unmapped, given back (madvise) or the process execs or ends; a child starts with its
 * parent's.  No fault reports these, so they are not here: neighbours the kernel maps along with a page of a file, and
 * the rest of a huge page.
 */
#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"

struct resident;
struct resident *resident_new(void);
void resident_free(struct resident *r);
/*
 * Takes the event in.  True when the process (proc->id) it happened to is followed and may have changed: ret_nbytes is
 * what it has now.
 */
bool resident_event(struct resident *r, const struct event *ev, uint64_t *ret_nbytes);
