/* SPDX-License-Identifier: MIT */
/* Bytes and strings of a tracee's memory. */
#include <string.h>
#include <sys/uio.h>

#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/reader.h"
#include "record/build.h"

enum { PAGE = 4096 };

static bool may_wait;	/* never taken back: whose memory it is may be another's */

void mem_may_wait(void) { may_wait = true; }

size_t mem_read(pid_t tid, uint64_t addr, void *to, size_t n)
{
	struct iovec local = { to, n }, remote[3];
	unsigned k = 0;

	/* process_vm_readv copies whole remote iovecs only: split at pages so that what is mapped arrives. */
	for (uint64_t a = addr, left = n; left && k < ARRAY_SIZE(remote); k++) {
		uint64_t part = k + 1 < ARRAY_SIZE(remote) ? MIN(left, PAGE - a % PAGE) : left;

		remote[k] = (struct iovec){ (void *)a, part };
		a += part;
		left -= part;
	}
	if (may_wait)
		return reader_read(tid, to, n, remote, k);

	ssize_t got = process_vm_readv(tid, &local, 1, remote, k, 0);

	return got > 0 ? (size_t)got : 0;
}

void mem_copy_str(struct buf *b, unsigned arg, unsigned part, pid_t tid, uint64_t addr, size_t max)
{
	char s[RECORD_STR_MAX];
	/* most names are short: the first try stays within one page */
	size_t n = mem_read(tid, addr, s, MIN(max, MIN((size_t)256, (size_t)(PAGE - addr % PAGE)))), len;

	len = strnlen(s, n);
	if (n && len == n && n < max) {
		n += mem_read(tid, addr + n, s + n, max - n);
		len = strnlen(s, n);
	}
	record_chunk(b, arg, (enum chunk_part)part, len < n ? 0 : n == max ? CHUNK_TRUNC : CHUNK_FAULT, s, len);
}
