/* SPDX-License-Identifier: MIT */
#pragma once
#include "filter/role.h"
/*
 * Every field of every table, a row each.  To add one: its row here, its getter in fields.c; docs/events.md is
 * made from it (tools/events-doc).  A field keeps its name and its type for ever: readers rely on both.
 *
 *         X(table, number, name, type, unit or table, [kinds of event that fill it, part of the report's column `val`,]
 * sentence)
 */
#define TRACE_FIELDS(X)				\
	X(TRACE, VERSION, "version", COUNT, 0, "", "Version of this schema.")	\
	X(TRACE, TOOL, "tool", WORD, 0, "", "The program that wrote it.")	\
	X(TRACE, WALL, "wall_ns", COUNT, 0, "ns", "Wall clock at time 0, since 1970 UTC.")	\
	X(TRACE, COMMAND, "command", STRINGS, 0, "", "What was run; empty when attached.")	\
	X(TRACE, COMMAND_MORE, "command_more", COUNT, 0, "", "How many more arguments it had.")	\
	X(TRACE, COMMAND_CUT, "command_cut", BYTES, 0, "bytes", "How much is missing at the ends of arguments.")	\
	X(TRACE, CWD, "cwd", STRING, 0, "", "Where.")	\
	X(TRACE, ATTACHED, "attached", BOOL, 0, "", "Running processes were traced.")	\
	X(TRACE, ALL_CALLS, "all_calls", BOOL, 0, "", "Every system call was recorded.")	\
	X(TRACE, THREADS, "threads", COUNT, 0, "", "How many threads were seen so far.")	\
	X(TRACE, DURATION, "duration", DURATION, 0, "ns", "The end of the trace.")	\
	X(TRACE, ENDED, "ended", WORD, 0, "", "How it ended: exit, detach, interrupt; goes_on: this is a part, and the trace goes on behind it; cut: the recording is incomplete.")	\
	X(TRACE, STATUS, "status", SIGNED, 0, "", "The command's, as wait(2) has it.")	\
	X(TRACE, EVENTS, "events", COUNT, 0, "", "Rows of events.")	\
	X(TRACE, LOST, "lost", COUNT, 0, "", "Records that were lost.")	\
	X(TRACE, LOST_REASON, "lost_reason", STRING, 0, "", "Why the first of them were.")	\
	X(TRACE, HOSTNAME, "hostname", STRING, 0, "", "The machine's name.")	\
	X(TRACE, KERNEL, "kernel", STRING, 0, "", "Its kernel.")

#define PROCESS_FIELDS(X)				\
	X(PROCESS, ID, "id", ID, TABLE_PROCESS, "", "Counts from 1; pids are reused, this never is.")	\
	X(PROCESS, PID, "pid", PID, 0, "", "Its pid.")	\
	X(PROCESS, PPID, "ppid", PID, 0, "", "Its parent's pid.")	\
	X(PROCESS, PARENT, "parent", ID, TABLE_PROCESS, "", "Its parent, where traced.")	\
	X(PROCESS, THREAD, "main_thread", ID, TABLE_THREAD, "", "Its first thread.")	\
	X(PROCESS, START, "start", TIME, 0, "ns", "When it began; 0: before the trace.")	\
	X(PROCESS, ATTACHED, "attached", BOOL, 0, "", "It ran before tracing began.")	\
	X(PROCESS, END, "end", TIME, 0, "ns", "When it ended.")	\
	X(PROCESS, STATUS, "status", SIGNED, 0, "", "As wait(2) has it; -1: not known.")	\
	X(PROCESS, EXIT, "exit_code", COUNT, 0, "", "Its exit status, when it ended by itself.")	\
	X(PROCESS, SIGNAL, "signal", WORD, 0, "", "The signal that ended it.")	\
	X(PROCESS, LAST, "last_thread", ID, TABLE_THREAD, "", "The thread that ended last.")	\
	X(PROCESS, USER, "user_time", DURATION, 0, "ns", "CPU time in the program, of all its threads.")	\
	X(PROCESS, SYSTEM, "system_time", DURATION, 0, "ns", "CPU time in the kernel.")	\
	X(PROCESS, RESIDENT, "resident", BYTES, 0, "bytes", "The most memory it had resident, once it ended; absent: not known.")	\
	X(PROCESS, HOSTNAME, "hostname", STRING, 0, "", "The host it ran on, where recordings of several are merged.")

#define THREAD_FIELDS(X)				\
	X(THREAD, ID, "id", ID, TABLE_THREAD, "", "Counts from 1.")	\
	X(THREAD, PROCESS, "process", ID, TABLE_PROCESS, "", "Its process.")	\
	X(THREAD, PID, "pid", PID, 0, "", "The process's pid.")	\
	X(THREAD, TID, "tid", PID, 0, "", "Its tid.")	\
	X(THREAD, PPID, "ppid", PID, 0, "", "The pid of the process's parent.")	\
	X(THREAD, CREATOR, "creator", ID, TABLE_THREAD, "", "The thread that made it, where traced.")	\
	X(THREAD, START, "start", TIME, 0, "ns", "When it began; 0: before the trace.")	\
	X(THREAD, ATTACHED, "attached", BOOL, 0, "", "It ran before tracing began.")	\
	X(THREAD, NAME, "name", STRING, 0, "", "Its name (comm), at most 15 bytes.")	\
	X(THREAD, END, "end", TIME, 0, "ns", "When it ended.")	\
	X(THREAD, NAMED, "named", TIME, 0, "ns", "When it got this name; absent: it has had it from its start.")

#define EXEC_FIELDS(X)				\
	X(EXEC, ID, "id", ID, TABLE_EXEC, "", "Counts from 1.")	\
	X(EXEC, TIME, "time", TIME, 0, "ns", "When.")	\
	X(EXEC, PROCESS, "process", ID, TABLE_PROCESS, "", "Which process.")	\
	X(EXEC, THREAD, "thread", ID, TABLE_THREAD, "", "Which thread.")	\
	X(EXEC, EXE, "exe", STRING, 0, "", "The file that runs.")	\
	X(EXEC, ARGV, "argv", STRINGS, 0, "", "Its arguments.")	\
	X(EXEC, ARGV_MORE, "argv_more", COUNT, 0, "", "How many more arguments there were.")	\
	X(EXEC, ARGV_CUT, "argv_cut", BYTES, 0, "bytes", "How much is missing at the ends of arguments.")	\
	X(EXEC, CWD, "cwd", STRING, 0, "", "Its working directory.")	\
	X(EXEC, INHERITED, "inherited", BOOL, 0, "", "No exec: what a new process has from its parent, or had before tracing began.")	\
	X(EXEC, FDS, "fds", FDS, 0, "", "Descriptors from 3 on that stayed open across it.")	\
	X(EXEC, FDS_MORE, "fds_more", COUNT, 0, "", "How many more of them there were.")

#define FILE_FIELDS(X)				\
	X(FILE, ID, "id", ID, TABLE_FILE, "", "Counts from 1.")	\
	X(FILE, KIND, "kind", WORD, 0, "", "file, dir, tty, pipe, socket, …")	\
	X(FILE, NAME, "name", NAME, 0, "", "Absolute path, or what it is called.")	\
	X(FILE, THREAD, "thread", ID, TABLE_THREAD, "", "Who opened it; none: open before tracing began.")	\
	X(FILE, OPENED, "opened", TIME, 0, "ns", "When.")	\
	X(FILE, CLOSED, "closed", TIME, 0, "ns", "When its last descriptor was closed, also by exit or exec.")	\
	X(FILE, ROLE, "role", WORD, 0, "", "What it is, by its path:" ROLES(ROLE_WORD) ".")

#define CONNECTION_FIELDS(X)				\
	X(CONNECTION, ID, "id", ID, TABLE_CONNECTION, "", "Counts from 1.")	\
	X(CONNECTION, FILE, "file", ID, TABLE_FILE, "", "The socket; of a pipe its writing end.")	\
	X(CONNECTION, KIND, "kind", WORD, 0, "", "tcp4, tcp6, udp4, udp6, unix, unix-dgram, netlink, vsock, packet, pipe, other.")	\
	X(CONNECTION, STATE, "state", WORD, 0, "", "The furthest it came: unconnected, connecting, connected, accepted, listening, bound, failed.")	\
	X(CONNECTION, ERROR, "error", WORD, 0, "", "Of the connect that failed, or what ended it.")	\
	X(CONNECTION, ERRNO, "errno", COUNT, 0, "", "Its number.")	\
	X(CONNECTION, LOCAL, "local", PEER, 0, "", "The socket's own address.")	\
	X(CONNECTION, PEER, "peer", PEER, 0, "", "The other end's.")	\
	X(CONNECTION, REST, "other_peers", BOOL, 0, "", "All peers of a datagram socket beyond those that are kept apart.")	\
	X(CONNECTION, THREAD, "thread", ID, TABLE_THREAD, "", "Who made it.")	\
	X(CONNECTION, PEER_PROCESS, "peer_process", ID, TABLE_PROCESS, "", "A traced process at the other end.")	\
	X(CONNECTION, PEER_FILE, "peer_file", ID, TABLE_FILE, "", "The open file description at the other end.")	\
	X(CONNECTION, OPENED, "opened", TIME, 0, "ns", "When it began.")	\
	X(CONNECTION, CONNECT, "connect_time", DURATION, 0, "ns", "How long connecting took.")	\
	X(CONNECTION, CLOSED, "closed", TIME, 0, "ns", "When it ended.")	\
	X(CONNECTION, WAITED, "waited", DURATION, 0, "ns", "How long was waited for it, in whatever call (receive, poll, epoll...); of a pipe at both ends.")	\
	X(CONNECTION, FIRST, "first_byte", DURATION, 0, "ns", "From the first bytes that were sent until the first ones were received.")

#define COUNTER_FIELDS(X)				\
	X(COUNTER, TIME, "time", TIME, 0, "ns", "When.")	\
	X(COUNTER, PROCESS, "process", ID, TABLE_PROCESS, "", "Whose.")	\
	X(COUNTER, NUMBER, "number", COUNT, 0, "", "Which: 0 memory, 1 resident, 2 fds.")	\
	X(COUNTER, COUNTER, "counter", WORD, 0, "", "Its name: memory (mapped, bytes), resident (by page faults, bytes), fds (open descriptors).")	\
	X(COUNTER, VALUE, "value", COUNT, 0, "", "Its value from then on.")

#define TYPE_FIELDS(X)				\
	X(TYPE, ID, "id", ID, TABLE_TYPE, "", "Counts from 1.")	\
	X(TYPE, NAME, "name", WORD, 0, "", "The call's name, or the mark's kind.")	\
	X(TYPE, OP, "op", WORD, 0, "", "What it means (report-format.md, section 5).")	\
	X(TYPE, CATEGORY, "category", WORD, 0, "", "As of events.")	\
	X(TYPE, IO, "io", WORD, 0, "", "Which way it moves bytes: in, out, copy.")	\
	X(TYPE, FROM, "bytes_in", WORD, 0, "", "Where an event has their number: result, bytes.")	\
	X(TYPE, LAYER, "layer", WORD, 0, "", "call, mark or state: how it lies in the report.")


/* Kinds of events, as sets. */
#define K(kind) ((row_kinds)1 << EV_##kind)
#define K_ALL (~(row_kinds)0)
#define K_CALLS \
	(~(K(EXEC) | K(FORK) | K(THREAD) | K(EXIT) | K(THREAD_EXIT) | K(ATTACH) | K(DETACH) | K(SIGNAL) | K(STOP) | \
	   K(CONT) | K(LOST) | K(SCHED) | K(BLOCK) | K(FAULT)))
#define K_PIPE_KINDS (K(PIPE) | K(TRANSFER))
#define K_RENAME_KINDS (K(RENAME) | K(LINK) | K(SYMLINK))
#define K_NET_KINDS (K(CONNECT) | K(CONNECTED) | K(CONNECT_FAILED) | K(ACCEPT) | K(BIND) | K(SEND) | K(RECV) | K(PEEK))
#define K_MOVES (K(READ) | K(WRITE) | K(TRANSFER) | K(SEND) | K(RECV) | K(PEEK))
#define K_MEMORY (K(MMAP) | K(MUNMAP) | K(MREMAP) | K(MPROTECT) | K(MADVISE) | K(BRK))
#define K_PROT_KINDS (K(MMAP) | K(MPROTECT))
#define K_FLAG_KINDS (K(OPEN) | K(MMAP) | K(FORK) | K(THREAD) | K(RENAME))
#define K_GROWS (K(MMAP) | K(MUNMAP) | K(MREMAP) | K(BRK))
#define K_CHILD_KINDS (K(FORK) | K(THREAD) | K(CALL))
#define K_TARGET_KINDS (K(WAIT) | K(KILL))
#define K_TARGET_PID_KINDS (K(WAIT) | K(KILL) | K(TRANSFER))
#define K_SIGNO_KINDS (K(SIGNAL) | K(STOP) | K(CONT))
#define K_SIGNAL_KINDS (K(SIGNAL) | K(STOP) | K(CONT) | K(KILL))
#define K_SIGNAL_ONLY K(SIGNAL)
#define K_DUP K(DUP)
#define K_TRANSFER K(TRANSFER)
#define K_BLOCK K(BLOCK)
#define K_EXIT K(EXIT)
#define K_LOST K(LOST)
#define K_FAULT K(FAULT)
#define K_SCHED K(SCHED)

#define EVENT_FIELDS(X)				\
	X(EVENT, TIME, "time", TIME, 0, "ns", K_ALL, false, "When it began: ns since the trace began.")	\
	X(EVENT, THREAD, "thread", ID, TABLE_THREAD, "", K_ALL, false, "Who did it.")	\
	X(EVENT, PROCESS, "process", ID, TABLE_PROCESS, "", K_ALL, false, "The process of that thread.")	\
	X(EVENT, PID, "pid", PID, 0, "", K_ALL, false, "Its pid.")	\
	X(EVENT, TID, "tid", PID, 0, "", K_ALL, false, "The thread's tid.")	\
	X(EVENT, KIND, "kind", WORD, 0, "", K_ALL, false, "What happened: open, read, recv, exec, signal, …")	\
	X(EVENT, CALL, "call", WORD, 0, "", K_CALLS, false, "The system call behind it.")	\
	X(EVENT, TYPE, "type", ID, TABLE_TYPE, "", K_ALL, false, "Call or mark, as a row of its own.")	\
	X(EVENT, OP, "op", WORD, 0, "", K_ALL, false, "What that means, whatever its name (report-format.md, section 5).")	\
	X(EVENT, CATEGORY, "category", WORD, 0, "", K_ALL, false, "file, network, memory, process, signal, wait, time, info, scheduler, fault, disk, other.")	\
	X(EVENT, NOISE, "noise", WORD, 0, "", K_ALL, false, "Why the terminal does not show it without --all or --noise: system, loader, preload, hwcaps, locale, gconv, nsswitch, localhost, preemption.")	\
	X(EVENT, DURATION, "duration", DURATION, 0, "ns", K_ALL, false, "How long it took; 0: an instant, or not known.")	\
	X(EVENT, OUTCOME, "outcome", WORD, 0, "", K_ALL, false, "ok; failed; answer (an error that was the answer, such as EINVAL of a readlink of what is no link; or a call that a signal interrupted, ERESTARTSYS); unfinished (it did not return); unknown (its result was not captured).")	\
	X(EVENT, ERROR, "error", WORD, 0, "", K_ALL, false, "The error's name: ENOENT.")	\
	X(EVENT, ERRNO, "errno", COUNT, 0, "", K_ALL, false, "Its number.")	\
	X(EVENT, RESULT, "result", SIGNED, 0, "", K_CALLS, false, "What the call returned, when it did not fail.")	\
	X(EVENT, ABI, "abi", WORD, 0, "", K_CALLS, false, "Of a call that was not made as x86-64 does: i386, x32.")	\
	X(EVENT, FD, "fd", FD, 0, "", K_ALL, false, "The descriptor it was about.")	\
	X(EVENT, FILE, "file", ID, TABLE_FILE, "", K_ALL, false, "The open file description behind that.")	\
	X(EVENT, CONNECTION, "connection", ID, TABLE_CONNECTION, "", K_ALL, false, "What it belongs to of a socket or pipe.")	\
	X(EVENT, NEW_FD, "new_fd", FD, 0, "", K_DUP, true, "The new descriptor.")	\
	X(EVENT, FD2, "fd2", FD, 0, "", K_PIPE_KINDS, false, "The second descriptor: a pipe's writing end, where a copy goes to.")	\
	X(EVENT, FILE2, "file2", ID, TABLE_FILE, "", K_TRANSFER, true, "The open file description that a copy goes to.")	\
	X(EVENT, PATH, "path", STRING, 0, "", K_ALL, false, "The file it was about: its absolute path, else the name that the program gave, else what the descriptor is called.")	\
	X(EVENT, NEW_PATH, "new_path", STRING, 0, "", K_RENAME_KINDS, true, "The new name.")	\
	X(EVENT, PEER, "peer", PEER, 0, "", K_NET_KINDS, false, "Who was at the other end.")	\
	X(EVENT, BYTES, "bytes", BYTES, 0, "bytes", K_MOVES, false, "Bytes moved.")	\
	X(EVENT, DISK_BYTES, "disk_bytes", SIGNED, 0, "bytes", K_BLOCK, true, "Bytes read from the disk; negative: written.")	\
	X(EVENT, ADDRESS, "address", ADDRESS, 0, "", K_MEMORY, false, "Where the range of memory begins.")	\
	X(EVENT, SIZE, "size", BYTES, 0, "bytes", K_MEMORY, false, "Its length; none when it is above 2^63 - 1, which only a call that failed had.")	\
	X(EVENT, PROT, "prot", FLAGS, 0, "", K_PROT_KINDS, false, "PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4.")	\
	X(EVENT, FLAGS, "flags", FLAGS, 0, "", K_FLAG_KINDS, false, "Open flags, MAP_*, clone flags, RENAME_*: as Linux has them.")	\
	X(EVENT, GROWTH, "growth", SIGNED, 0, "bytes", K_GROWS, true, "By how much the mapped memory changed.")	\
	X(EVENT, CHILD, "child", ID, TABLE_THREAD, "", K_CHILD_KINDS, true, "The new thread, of a process or of the same.")	\
	X(EVENT, TARGET, "target", ID, TABLE_PROCESS, "", K_TARGET_KINDS, true, "Who ended, or which process it was sent to, where traced.")	\
	X(EVENT, TARGET_PID, "target_pid", PID, 0, "", K_TARGET_PID_KINDS, false, "Its pid.")	\
	X(EVENT, STATUS, "status", SIGNED, 0, "", K_EXIT, true, "As wait(2) has it; -1: not known.")	\
	X(EVENT, SIGNO, "signo", COUNT, 0, "", K_SIGNO_KINDS, true, "The signal's number.")	\
	X(EVENT, SIGNAL, "signal", WORD, 0, "", K_SIGNAL_KINDS, false, "The signal's name.")	\
	X(EVENT, SENDER_PID, "sender_pid", PID, 0, "", K_SIGNAL_ONLY, false, "Who sent it.")	\
	X(EVENT, SENDER_UID, "sender_uid", COUNT, 0, "", K_SIGNAL_ONLY, false, "As which user.")	\
	X(EVENT, LOST, "lost", COUNT, 0, "", K_LOST, true, "How many records were lost.")	\
	X(EVENT, REASON, "reason", STRING, 0, "", K_LOST, false, "Why.")	\
	X(EVENT, MAJOR, "major", BOOL, 0, "", K_FAULT, true, "The page had to be read from a disk.")	\
	X(EVENT, WAKER_TID, "waker_tid", PID, 0, "", K_SCHED, false, "Which thread woke it, or took the CPU from it.")	\
	X(EVENT, ARGS, "args", ARGS, 0, "", K_CALLS, false, "The call's arguments.")	\
	X(EVENT, STACK, "stack", STACK, 0, "", K_CALLS, false, "The functions that the call was made from, the innermost first (-k).")
