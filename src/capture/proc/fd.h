/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the kernel answers about a descriptor of a task that is stopped, or of
 * one that is looked at from outside.  Never waits: attributes are taken as
 * the kernel has them (AT_STATX_DONT_SYNC), since the server of a FUSE file may
 * be the very task that is stopped.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "record/record.h"

/*
 * /proc/TID/fd of the tasks asked about last: a name looked up below an open directory costs half of one from the root.
 */
enum { PROC_FDS_OPEN = 8 };
struct proc_fds { struct { pid_t tid; int dir; } v[PROC_FDS_OPEN]; unsigned next; };
void proc_fds_forget(struct proc_fds *fds, pid_t tid);	/* it has ended: its number may be used again */
void proc_fds_close(struct proc_fds *fds);

#define PROC_FANOTIFY "anon_inode:[fanotify]"
/* Descriptors whose presence makes a difference to how others are followed. */
enum proc_has {
	PROC_HAS_FANOTIFY = 1,	/* what is read from it may bring descriptors */
	PROC_HAS_RING = 2,	/* io_uring opens and closes descriptors without a call of their own */
};

struct fd_facts {
	struct record_fact fact;
	bool unlinked;			/* it has no name any more, or never had one */
	bool has_sock;
	struct record_sock sock;
	size_t name_len;		/* 0: not asked for, or gone meanwhile */
	char name[RECORD_STR_MAX];
};
/* Kind and numbers only; false: there is no such descriptor. */
bool proc_fd_stat(struct proc_fds *fds, pid_t tid, int fd, struct fd_facts *ret);
/* Everything.  fds may be NULL.  text: link and fdinfo are wanted of a socket or a pipe, too. */
bool proc_fd_ask(struct proc_fds *fds, pid_t tid, int fd, bool text, struct fd_facts *ret);
bool proc_fd_is(struct proc_fds *fds, pid_t tid, int fd, const char *link);	/* "anon_inode:[fanotify]" */
unsigned proc_fd_has(const struct fd_facts *f);	/* enum proc_has, of a descriptor whose text was asked for */
/* As the chunks of a call's record. */
void proc_fd_put(struct buf *b, unsigned flags, const struct fd_facts *f);
