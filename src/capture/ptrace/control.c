/* SPDX-License-Identifier: MIT */
/* Descriptors in control messages, as a call's chunks have them. */
#include <string.h>
#include <sys/socket.h>

#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

enum { SCM_PIDFD_TYPE = 4 };

/*
 * msg_control as the program has it: a 32-bit cmsghdr begins with a 32-bit length and is padded to 4 (struct
 * compat_cmsghdr).
 */
static void each_of(const struct tracee *t, const char *control, size_t len, control_fn *each, void *ctx)
{
	bool narrow = t->arch != ARCH_X86_64;
	size_t word = narrow ? 4 : 8, head = word + 8;

	for (size_t at = 0; len - at >= head && at < len;) {
		uint64_t size = 0;
		uint32_t level_type[2];
		int fd;

		memcpy(&size, control + at, word);
		memcpy(level_type, control + at + word, sizeof(level_type));
		if (size < head || size > len - at)
			return;
		if (level_type[0] == SOL_SOCKET && (level_type[1] == SCM_RIGHTS || level_type[1] == SCM_PIDFD_TYPE))
			for (size_t i = head; i + sizeof(fd) <= size; i += sizeof(fd)) {
				memcpy(&fd, control + at + i, sizeof(fd));
				each(ctx, fd);
			}
		at += (size + word - 1) & ~(word - 1);
	}
}

void control_each(const struct tracee *t, unsigned flags, control_fn *each, void *ctx)
{
	const struct buf *b = &t->chunks;
	size_t end = b->len;

	for (size_t at = 0; at < end;) {
		const struct record_chunk *c = (const struct record_chunk *)(b->s + at);
		size_t len = c->len;

		if (c->part == PART_CONTROL && (c->flags & CHUNK_AT_EXIT) == flags && len <= MEM_CONTROL_MAX) {
			char control[MEM_CONTROL_MAX];	/* the buffer grows with every answer */

			memcpy(control, c + 1, len);
			each_of(t, control, len, each, ctx);
		}
		at += sizeof(*c) + ALIGN8(len);
	}
}
