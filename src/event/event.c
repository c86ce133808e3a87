/* SPDX-License-Identifier: MIT */
#include "event/event.h"

#include "base/macro.h"

enum { LIVE = 1, FAILED = 2 };
#define ROW(kind, nm, vb, cat, show) [kind] = { .name = nm, .verb = vb, .category = cat, .live = (show) & LIVE, .live_failed = (show) != 0 }

static const struct event_info infos[_EV_MAX] = {
	ROW(EV_CALL,		"call",		NULL,		CAT_OTHER,	0),

	ROW(EV_EXEC,		"exec",		"exec",		CAT_PROCESS,	LIVE),
	ROW(EV_EXEC_FAILED,	"exec_failed",	"exec",		CAT_PROCESS,	LIVE),
	ROW(EV_FORK,		"fork",		"fork",		CAT_PROCESS,	LIVE),
	ROW(EV_THREAD,		"thread",	"thread",	CAT_PROCESS,	LIVE),
	ROW(EV_EXIT,		"exit",		"exit",		CAT_PROCESS,	LIVE),
	ROW(EV_THREAD_EXIT,	"thread_exit",	"thread exit",	CAT_PROCESS,	0),
	ROW(EV_ATTACH,		"attach",	"attach",	CAT_PROCESS,	LIVE),
	ROW(EV_DETACH,		"detach",	"detach",	CAT_PROCESS,	LIVE),
	ROW(EV_WAIT,		"wait",		"wait",		CAT_PROCESS,	0),
	ROW(EV_CHDIR,		"chdir",	"chdir",	CAT_PROCESS,	LIVE),
	ROW(EV_SESSION,		"session",	"session",	CAT_PROCESS,	0),

	ROW(EV_OPEN,		"open",		"open",		CAT_FILE,	LIVE),
	ROW(EV_CLOSE,		"close",	"close",	CAT_FILE,	0),
	ROW(EV_DUP,		"dup",		"dup",		CAT_FILE,	0),
	ROW(EV_PIPE,		"pipe",		"pipe",		CAT_FILE,	0),
	ROW(EV_ANONFD,		"anonfd",	"create",	CAT_FILE,	0),
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
	ROW(EV_SYNC,		"sync",		"sync",		CAT_FILE,	LIVE),
	ROW(EV_MOUNT,		"mount",	"mount",	CAT_FILE,	LIVE),
	ROW(EV_UMOUNT,		"umount",	"umount",	CAT_FILE,	LIVE),

	ROW(EV_READ,		"read",		"read",		CAT_IO,		LIVE),
	ROW(EV_WRITE,		"write",	"write",	CAT_IO,		LIVE),
	ROW(EV_TRANSFER,	"transfer",	"copy",		CAT_IO,		LIVE),
	ROW(EV_SEEK,		"seek",		"seek",		CAT_IO,		0),

	ROW(EV_SOCKET,		"socket",	"socket",	CAT_NET,	0),
	ROW(EV_CONNECT,		"connect",	"connect",	CAT_NET,	LIVE),
	ROW(EV_CONNECTED,	"connected",	"connected",	CAT_NET,	LIVE),
	ROW(EV_CONNECT_FAILED,	"connect_failed",	"connect",	CAT_NET,	LIVE),
	ROW(EV_ACCEPT,		"accept",	"accept",	CAT_NET,	LIVE),
	ROW(EV_BIND,		"bind",		"bind",		CAT_NET,	LIVE),
	ROW(EV_LISTEN,		"listen",	"listen",	CAT_NET,	LIVE),
	ROW(EV_SEND,		"send",		"send",		CAT_NET,	LIVE),
	ROW(EV_RECV,		"recv",		"recv",		CAT_NET,	LIVE),
	ROW(EV_PEEK,		"peek",		"peek",		CAT_NET,	LIVE),
	ROW(EV_SHUTDOWN,	"shutdown",	"shutdown",	CAT_NET,	0),

	ROW(EV_MMAP,		"mmap",		"mmap",		CAT_MEMORY,	LIVE),
	ROW(EV_MUNMAP,		"munmap",	"munmap",	CAT_MEMORY,	LIVE),
	ROW(EV_MREMAP,		"mremap",	"mremap",	CAT_MEMORY,	LIVE),
	ROW(EV_MPROTECT,	"mprotect",	"mprotect",	CAT_MEMORY,	0),
	ROW(EV_MADVISE,		"madvise",	"madvise",	CAT_MEMORY,	0),
	ROW(EV_BRK,		"brk",		"brk",		CAT_MEMORY,	LIVE),

	ROW(EV_SIGNAL,		"signal",	"signal",	CAT_SIGNAL,	LIVE),
	ROW(EV_KILL,		"kill",		"kill",		CAT_SIGNAL,	LIVE),
	ROW(EV_STOP,		"stop",		"stop",		CAT_SIGNAL,	LIVE),
	ROW(EV_CONT,		"cont",		"continue",	CAT_SIGNAL,	LIVE),
	ROW(EV_SLEEP,		"sleep",	"sleep",	CAT_WAIT,	0),
	ROW(EV_POLL,		"poll",		"poll",		CAT_WAIT,	0),
	ROW(EV_FUTEX,		"futex",	"futex",	CAT_WAIT,	0),
	ROW(EV_LOST,		"lost",		"lost",		CAT_TRACE,	LIVE),
	ROW(EV_SCHED,		"sched",	NULL,		CAT_SCHED,	0),
	ROW(EV_BLOCK,		"block",	NULL,		CAT_BLOCK,	0),
	ROW(EV_FAULT,		"fault",	NULL,		CAT_FAULT,	0),
	ROW(EV_START,		"start",	NULL,		CAT_TRACE,	0),
	ROW(EV_END,		"end",		NULL,		CAT_TRACE,	0),
	ROW(EV_RELEASE,		"release",	NULL,		CAT_FILE,	0),
	ROW(EV_FOUND,		"found",	NULL,		CAT_MEMORY,	0),
	ROW(EV_WAITING,		"waiting",	"waiting in",	CAT_WAIT,	LIVE),
};

static const char *const categories[_CAT_MAX] = {
	[CAT_PROCESS] = "process", [CAT_FILE] = "file", [CAT_IO] = "io", [CAT_NET] = "net", [CAT_MEMORY] = "memory",
	[CAT_SIGNAL] = "signal", [CAT_WAIT] = "wait", [CAT_OTHER] = "other", [CAT_SCHED] = "sched", [CAT_BLOCK] = "block",
	[CAT_FAULT] = "fault", [CAT_TRACE] = "trace",
};

const struct event_info *event_info(enum event_kind kind)
{
	return &infos[(unsigned)kind < _EV_MAX ? kind : EV_CALL];
}

const char *event_category_name(enum event_category cat)
{
	return (unsigned)cat < _CAT_MAX ? categories[cat] : "other";
}
