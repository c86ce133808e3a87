/* SPDX-License-Identifier: MIT */
#pragma once
/* What is at an instruction that ended a process: RECORD_CODE. */
#include <stdint.h>
#include <sys/types.h>

#include "capture/common/emitter.h"
#include "record/record.h"

/*
 * The file that code is mapped from, to be read: by its name as the tracer or the process sees it; the program itself
 * also when it has none any more.  Another file of that name, by its inode, is not opened: -1.
 */
int code_open(pid_t pid, const char *name, size_t len, uint64_t ino);
/*
 * Emits CODE, of which r has all but the name of the function.  That is looked up where the file, PART_PATH, is still
 * there: another file of that name, by its inode, is not read.  r stands with its chunks, which are the kernel
 * backend's own.
 */
void code_name(const struct record_code *r, struct emitter *out);
/*
 * Likewise for a process that is stopped, after a look at /proc/PID/maps, with the head's pid, tid and time; nothing
 * when no file is mapped at ip.
 */
void code_look(const struct record *head, uint64_t ip, struct emitter *out);
