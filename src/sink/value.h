/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Calls as the terminal and the report show them: arguments, results, and descriptors with what they are, close to
 * how strace writes them.  The dialect "ours" over the walk of value_walk.h.  All bytes of the program come out safe
 * to show.
 */
#include <stdbool.h>
#include <stdint.h>

#include "sink/words.h"

struct buf;
struct call;
struct event;
struct file;
struct layout;
struct names;
struct names_split;

enum {
	VALUE_NO_DATA = 1,	/* contents of buffers and where they lie become … (a report's argument string) */
	VALUE_NO_FDNAMES = 2,	/* 3, not 3</etc/hosts> */
	/* the event's path and descriptor become \x01o and \x01f: columns have them (docs/report-format.md) */
	VALUE_COLUMNS = 4,
	VALUE_HEX = 8,		/* strings that are not ASCII in hexadecimal, as strace -x */
	VALUE_ALL_HEX = 16,	/* all strings, as strace -xx */
	VALUE_LIMIT_SHIFT = 8,	/* from here on: one more than the bytes of contents that are shown; 0: the usual 32 */
};
#define VALUE_LIMIT(n) (((unsigned)(n) + 1) << VALUE_LIMIT_SHIFT)

/* ev: the event whose call it is; its task and files name the descriptors (also one that was just closed). */
void value_format(struct buf *b, const struct event *ev, unsigned arg, unsigned flags);
/* of a call that returned and did not fail */
void value_format_result(struct buf *b, const struct event *ev, unsigned flags);
void call_format_name(struct buf *b, const struct call *call);		/* "openat", "[i386] open", "syscall_999" */
void call_format_args(struct buf *b, const struct event *ev, unsigned flags);	/* without the parentheses */
/* "3</etc/hosts>", "-1 ENOENT (No such…)", "?" */
void call_format_result(struct buf *b, const struct event *ev, unsigned flags);
void value_format_fd(struct buf *b, int fd, const struct file *file, unsigned flags);
/* "O_RDWR|O_CLOEXEC|0x4", "SEEK_END", "0"; names may be NULL */
void flags_format(struct buf *b, const struct names *names, uint64_t val);
/* likewise, of what names_split() made of it */
void flags_split_format(struct buf *b, const struct names_split *split);
/* "{tv_sec=1, tv_nsec=0}", "[3]"; fields that len does not reach become "…". */
void layout_format(struct buf *b, const struct layout *layout, const char *bytes, uint32_t len);
