/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a call, or an event that no call made, is about: one taxonomy for terminal, report and exports.  Rows of
 * abi/effect.c and event/event.c name them.
 */
#include <stdint.h>

/* The order is that of the report's META and of its colours. */
enum category {
	CAT_FILE,
	CAT_NETWORK,
	CAT_MEMORY,
	CAT_PROCESS,
	CAT_SIGNAL,
	CAT_WAIT,
	CAT_TIME,
	CAT_INFO,
	CAT_SCHEDULER,
	CAT_FAULT,
	CAT_DISK,
	CAT_OTHER,
	_CAT_MAX,
};

/* What it means, whatever its name (docs/report-format.md, section 5). */
#define OPS(X)											\
	X(OTHER, "other") X(OPEN, "open") X(CLOSE, "close") X(DUP, "dup") X(FCNTL, "fcntl")	\
	X(IOCTL, "ioctl") X(PIPE, "pipe") X(READ, "read") X(WRITE, "write") X(SEEK, "seek")	\
	X(STAT, "stat") X(DIR, "dir") X(RENAME, "rename") X(UNLINK, "unlink") X(LINK, "link")	\
	X(ATTR, "attr") X(SYNC, "sync") X(LOCK, "lock")						\
	X(SOCKET, "socket") X(CONNECT, "connect") X(CONNECTED, "connected") X(ACCEPT, "accept")	\
	X(BIND, "bind") X(LISTEN, "listen") X(SEND, "send") X(RECV, "recv") X(PEEK, "peek")	\
	X(SHUTDOWN, "shutdown") X(SOCKOPT, "sockopt")						\
	X(MMAP, "mmap") X(MUNMAP, "munmap") X(MPROTECT, "mprotect") X(BRK, "brk")		\
	X(FORK, "fork") X(FORKED, "forked") X(EXEC, "exec") X(EXECED, "execed") X(EXIT, "exit")	\
	X(WAIT, "wait") X(ATTACH, "attach") X(DETACH, "detach") X(STOP, "stop")			\
	X(CONTINUE, "continue") X(KILL, "kill") X(SIGNAL, "signal") X(SIGMASK, "sigmask")	\
	X(FUTEX, "futex") X(POLL, "poll") X(SLEEP, "sleep") X(TIME, "time") X(ID, "id")		\
	X(LIMIT, "limit") X(INFO, "info") X(FAULT, "fault") X(RUNQ, "runq") X(DISK, "disk")	\
	X(LOST, "lost")
#define OP_ENUM(op, name) OP_##op,
enum op { OPS(OP_ENUM) _OP_MAX };

/* Which way it moves bytes. */
enum io { IO_NONE, IO_IN, IO_OUT, IO_COPY /* from one descriptor to another */, _IO_MAX };

/* How it lies in time: calls of a thread follow each other; a mark stands beside them, a state below. */
enum layer { LAYER_CALL, LAYER_MARK, LAYER_STATE, _LAYER_MAX };

/* Never NULL. */
const char *meaning_category(enum category cat);	/* "file", "network", … */
const char *meaning_op(enum op op);		/* "open" */
const char *meaning_io(enum io io);		/* "none", "in", "out", "copy" */
const char *meaning_layer(enum layer layer);	/* "call", "mark", "state" */
