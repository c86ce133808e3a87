/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reads memory that may make its reader wait: pages that a process of the
 * trace fills itself when they are touched (userfaultfd(2), files of a FUSE
 * server).  Were the capture thread to touch one, it would wait for a process
 * that waits for it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * As process_vm_readv(2) into one buffer, in a thread of its own that is given a tenth of a second.  0 when that is not
 * enough, and from then on at once for the same page, until it has been filled.  Of more than 64 KB only the first are
 * read.
 */
size_t reader_read(pid_t tid, void *to, size_t n, const struct iovec *remote, unsigned nremote);
