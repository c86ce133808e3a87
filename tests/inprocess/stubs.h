/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files of the program that stubs.py traces share. */
#include <stdio.h>

/* capture/inprocess/stub.h */
#define RING ((unsigned char *)0x70000000)
enum { RING_BYTES = 0x101000, BLOCKS_AT = 0x200000, BLOCKS_BYTES = 0xc0000, ALL = 0x2c0000, ENOUGH = 200 };

extern int zero, null, failed;	/* descriptors of /dev/zero, /dev/null; how often something was not as it should be */

#define CHECK(what) do { if (!(what)) { failed++; printf("failed: %s\n", #what); } } while (0)

int is_mapped(void);		/* is there a ring? */
void reads(int n);		/* n times a read and a write */
void no_ring(void);
void with_others(void (*change)(void));	/* called beside three threads that read */
void *own(void);		/* memory of its own in that place: nothing is written there but by the program */
int is_own(void);

/* stubs_paths.c */
void paths(void);
void paths_signalled(void);
void descriptors(void);
void status_first(void);
void descriptors_signalled(void);

/* stubs_cancel.c */
void cancelled_waiting(void);
void cancelled_anywhere(void);
void signalled_with_threads(void);

/* stubs_buffers.c */
void buffers(void);
void buffers_flipped(void);
void buffers_signalled(void);

/* stubs_memory.c */
void memory(void);
void memory_with_threads(void);
void memory_signalled(void);

/* stubs_rules.c: filters, modes, limits */
void own_filter(void);
void strict(void);
void no_clock(void);
void undumpable(void);
void limited(void);
void locked(void);
void taken(void);
void crowded(void);
void full(void);

/* stubs_looks.c: what is mapped, as the program sees it */
void looks_at_itself(void);
void looks_again(void);
void looks_with_threads(void);
void looks_at_parent(void);
