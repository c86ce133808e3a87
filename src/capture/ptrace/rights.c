/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/rights.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/mem.h"
#include "record/record.h"

bool rights_may_ptrace_all(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	return syscall(SYS_capget, &h, d) == 0 && d[0].effective >> CAP_SYS_PTRACE & 1;
}

bool rights_can_read(pid_t tid, unsigned long long stack_pointer)
{
	char byte;

	return mem_read(tid, stack_pointer, &byte, 1) == 1;
}

bool rights_any_fault(const struct buf *chunks)
{
	for (size_t at = 0; at < chunks->len;) {
		const struct record_chunk *c = (const struct record_chunk *)(chunks->s + at);

		if (c->flags & CHUNK_FAULT)
			return true;
		at += sizeof(*c) + ALIGN8(c->len);
	}
	return false;
}

/* The absolute name that an exec was given: of a program that may not be looked at. */
static bool name_given(const struct buf *call, char *path, size_t max)
{
	const struct record_chunk *c = call && call->len > sizeof(*c) ? (const struct record_chunk *)call->s : NULL;

	if (!c || c->part != PART_BYTES || !c->len || c->len >= max || *(const char *)(c + 1) != '/')
		return false;
	memcpy(path, c + 1, c->len);
	path[c->len] = '\0';
	return true;
}

/* File capabilities: capabilities(7), struct vfs_ns_cap_data. */
static uint64_t caps_of(const char *path)
{
	uint32_t v[6] = { 0 };
	ssize_t n = getxattr(path, "security.capability", v, sizeof(v));

	return n < 12 ? 0 : v[1] | (n > 12 ? (uint64_t)v[3] << 32 : 0);
}

unsigned rights_lost_at_exec(pid_t tid, const struct buf *call, bool nnp_ours)
{
	struct proc_rights has;
	unsigned lost = 0;
	char path[4200];
	struct statvfs fs;
	struct stat st;
	uint64_t caps;

	snprintf(path, sizeof(path), "/proc/%d/exe", tid);
	if (stat(path, &st) < 0) {
		lost |= errno == EACCES || errno == EPERM ? EXEC_UNREADABLE : 0;
		if (!name_given(call, path, sizeof(path)) || stat(path, &st) < 0)
			return lost;
	}
	caps = caps_of(path);
	if (!caps && !(st.st_mode & (S_ISUID | S_ISGID)))	/* as of most programs */
		return lost;
	if (statvfs(path, &fs) < 0 || fs.f_flag & ST_NOSUID || !proc_rights(tid, &has) ||
	    (has.no_new_privs && !nnp_ours))
		return lost;
	if (st.st_mode & S_ISUID && st.st_uid != has.euid)
		lost |= EXEC_NO_SETUID;
	if (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != has.egid)
		lost |= EXEC_NO_SETGID;
	if (caps & ~has.permitted)
		lost |= EXEC_NO_CAPS;
	return lost;
}
