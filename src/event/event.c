/* SPDX-License-Identifier: MIT */
#include "event/event.h"

#include "base/macro.h"

enum { LIVE = 1, FAILED = 2 };
#define ROW(kind, nm, vb, cat, show, ...)									\
	[kind] = { .name = nm, .verb = vb, .category = cat, .live = (show) & LIVE, .live_failed = (show) != 0, ##__VA_ARGS__ }
/* What it means by itself, without a call that made it. */
#define IS(op_, ...) .op = OP_##op_, ##__VA_ARGS__

const struct event_info event_infos[_EV_MAX] = {
	ROW(EV_CALL,		"call",		NULL,		CAT_OTHER,	0),

	ROW(EV_EXEC,		"exec",		"exec",		CAT_PROCESS,	LIVE, IS(EXECED, .op_alone = OP_EXEC)),
	ROW(EV_EXEC_FAILED,	"exec_failed",	"exec",		CAT_PROCESS,	LIVE),
	ROW(EV_FORK,		"fork",		"fork",		CAT_PROCESS,	LIVE, IS(FORKED, .op_alone = OP_FORK)),
	ROW(EV_THREAD,		"thread",	"thread",	CAT_PROCESS,	LIVE, IS(FORKED, .op_alone = OP_FORK)),
	ROW(EV_EXIT,		"exit",		"exit",		CAT_PROCESS,	LIVE, IS(EXIT)),
	ROW(EV_THREAD_EXIT,	"thread_exit",	"thread exit",	CAT_PROCESS,	0, IS(EXIT)),
	ROW(EV_ATTACH,		"attach",	"attach",	CAT_PROCESS,	LIVE, IS(ATTACH)),
	ROW(EV_DETACH,		"detach",	"detach",	CAT_PROCESS,	LIVE, IS(DETACH)),
	ROW(EV_WAIT,		"wait",		"wait",		CAT_PROCESS,	0),
	ROW(EV_CHDIR,		"chdir",	"chdir",	CAT_PROCESS,	LIVE),
	ROW(EV_SESSION,		"session",	"session",	CAT_PROCESS,	0),

	ROW(EV_OPEN,		"open",		"open",		CAT_FILE,	LIVE),
	ROW(EV_CLOSE,		"close",	"close",	CAT_FILE,	0),
	ROW(EV_DUP,		"dup",		"dup",		CAT_FILE,	0),
	ROW(EV_PIPE,		"pipe",		"pipe",		CAT_FILE,	0),
	ROW(EV_SPECIAL_FD,	"special_fd",	"create",	CAT_FILE,	0),
	ROW(EV_LOOKUP,		"lookup",	"stat",		CAT_FILE,	FAILED),
	ROW(EV_RENAME,		"rename",	"rename",	CAT_FILE,	LIVE),
	ROW(EV_UNLINK,		"unlink",	"unlink",	CAT_FILE,	LIVE),
	ROW(EV_MKDIR,		"mkdir",	"mkdir",	CAT_FILE,	LIVE),
	ROW(EV_RMDIR,		"rmdir",	"rmdir",	CAT_FILE,	LIVE),
	ROW(EV_LINK,		"link",		"link",		CAT_FILE,	LIVE),
	ROW(EV_SYMLINK,		"symlink",	"symlink",	CAT_FILE,	LIVE),
	ROW(EV_MKNOD,		"mknod",	"mknod",	CAT_FILE,	LIVE),
	ROW(EV_CHMOD,		"chmod",	"chmod",	CAT_FILE,	LIVE),
	ROW(EV_CHOWN,		"chown",	"chown",	CAT_FILE,	LIVE),
	ROW(EV_TRUNCATE,	"truncate",	"truncate",	CAT_FILE,	LIVE),
	ROW(EV_FALLOCATE,	"fallocate",	"allocate",	CAT_FILE,	LIVE),
	ROW(EV_UTIMES,		"utimes",	"utimes",	CAT_FILE,	LIVE),
	ROW(EV_XATTR,		"xattr",	"xattr",	CAT_FILE,	0),
	ROW(EV_SYNC,		"sync",		"sync",		CAT_FILE,	LIVE, IS(SYNC)),
	ROW(EV_MOUNT,		"mount",	"mount",	CAT_FILE,	LIVE),
	ROW(EV_UMOUNT,		"umount",	"umount",	CAT_FILE,	LIVE),

	ROW(EV_READ,		"read",		"read",		CAT_FILE,	LIVE, IS(READ, .io = IO_IN)),
	ROW(EV_WRITE,		"write",	"write",	CAT_FILE,	LIVE, IS(WRITE, .io = IO_OUT)),
	ROW(EV_TRANSFER,	"transfer",	"copy",		CAT_FILE,	LIVE, IS(READ, .io = IO_COPY)),
	ROW(EV_SEEK,		"seek",		"seek",		CAT_FILE,	0),

	ROW(EV_SOCKET,		"socket",	"socket",	CAT_NETWORK,	0),
	ROW(EV_CONNECT,		"connect",	"connect",	CAT_NETWORK,	LIVE, IS(CONNECT)),
	ROW(EV_CONNECTED,	"connected",	"connected",	CAT_NETWORK,	LIVE, IS(CONNECTED)),
	ROW(EV_CONNECT_FAILED,	"connect_failed",	"connect",	CAT_NETWORK,	LIVE, IS(CONNECTED)),
	ROW(EV_ACCEPT,		"accept",	"accept",	CAT_NETWORK,	LIVE),
	ROW(EV_BIND,		"bind",		"bind",		CAT_NETWORK,	LIVE),
	ROW(EV_LISTEN,		"listen",	"listen",	CAT_NETWORK,	LIVE),
	ROW(EV_SEND,		"send",		"send",		CAT_NETWORK,	LIVE, IS(SEND, .io = IO_OUT)),
	ROW(EV_RECV,		"recv",		"recv",		CAT_NETWORK,	LIVE, IS(RECV, .io = IO_IN)),
	ROW(EV_PEEK,		"peek",		"peek",		CAT_NETWORK,	LIVE),
	ROW(EV_SHUTDOWN,	"shutdown",	"shutdown",	CAT_NETWORK,	0),

	ROW(EV_MMAP,		"mmap",		"mmap",		CAT_MEMORY,	LIVE),
	ROW(EV_MUNMAP,		"munmap",	"munmap",	CAT_MEMORY,	LIVE),
	ROW(EV_MREMAP,		"mremap",	"mremap",	CAT_MEMORY,	LIVE),
	ROW(EV_MPROTECT,	"mprotect",	"mprotect",	CAT_MEMORY,	0),
	ROW(EV_MADVISE,		"madvise",	"madvise",	CAT_MEMORY,	0),
	ROW(EV_BRK,		"brk",		"brk",		CAT_MEMORY,	LIVE),

	ROW(EV_SIGNAL,		"signal",	"signal",	CAT_SIGNAL,	LIVE, IS(SIGNAL)),
	ROW(EV_KILL,		"kill",		"kill",		CAT_SIGNAL,	LIVE),
	ROW(EV_STOP,		"stop",		"stop",		CAT_SIGNAL,	LIVE, IS(STOP)),
	ROW(EV_CONT,		"cont",		"continue",	CAT_SIGNAL,	LIVE, IS(CONTINUE)),
	ROW(EV_SLEEP,		"sleep",	"sleep",	CAT_WAIT,	0),
	ROW(EV_POLL,		"poll",		"poll",		CAT_WAIT,	0),
	ROW(EV_FUTEX,		"futex",	"futex",	CAT_WAIT,	0),
	ROW(EV_LOST,		"lost",		"lost",		CAT_OTHER,	LIVE, IS(LOST)),
	ROW(EV_SCHED,		"sched",	NULL,		CAT_SCHEDULER,	0, IS(RUNQ, .state = true)),
	ROW(EV_BLOCK,		"block",	NULL,		CAT_DISK,	0, IS(DISK)),
	ROW(EV_FAULT,		"fault",	NULL,		CAT_FAULT,	0, IS(FAULT)),
	ROW(EV_START,		"start",	NULL,		CAT_OTHER,	0),
	ROW(EV_END,		"end",		NULL,		CAT_OTHER,	0),
	ROW(EV_RELEASE,		"release",	NULL,		CAT_FILE,	0),
	ROW(EV_MEMORY_SNAPSHOT,	"memory_snapshot", NULL,	CAT_MEMORY,	0),
	ROW(EV_WAITING,		"waiting",	"waiting in",	CAT_WAIT,	LIVE),
	ROW(EV_COUNTS,		"counts",	NULL,		CAT_OTHER,	0),
};

const char *event_lost_reason(enum lost_reason why)
{
	static const char *const reasons[] = {
		[LOST_ASYNC] = "the outcome of asynchronous requests, which the program did not ask the kernel for",
		[LOST_TASKS] = "more tasks at a time than are followed",
	};

	return reasons[why];
}
