/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * strace's text of calls (docs/strace-format.md): a third dialect over the walk of value_walk.h, and what strace does
 * its own way in single calls (strace_call.c).  The words are those of strace 6.1 with -f -y -ttt -T.  All bytes of the
 * program come out as strace escapes them: printable ASCII.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct event;
struct file;
struct names;

/*
 * A call: "read(3</etc/hosts>, ", which strace knows when it begins; "\"127.0.0.1"..., 4096)"; "178".  Of one that has
 * no result it is "?".
 */
struct strace_call {
	struct buf head, tail, result;
};
void strace_call_format(struct strace_call *to, const struct event *ev);
/* Behind the result: how long it took, and from where it was made (-k). */
void strace_call_rest(struct strace_call *to, const struct event *ev, uint64_t took_ns);
void strace_call_done(struct strace_call *c);

/* "SIGCHLD {si_signo=SIGCHLD, …}"; child: of a SIGCHLD, how that ended, as wait(2) has it; NULL: not known, "..." */
struct strace_child {
	int status;
	uint64_t utime_ns, stime_ns;
};
void strace_signal_format(struct buf *b, const struct event *ev, const struct strace_child *child);

/* ---- between the files of the dialect ---- */

enum { STRACE_FRAMES = 8, STRACE_FIELDS = 24, STRACE_STRING = 32 /* -s */ };
struct strace_frame {
	size_t start;
	unsigned n;
	struct {
		const char *name;
		size_t at;
	} fields[STRACE_FIELDS];
};
struct strace_text {
	struct buf *b;
	const struct event *ev;
	struct strace_frame frames[STRACE_FRAMES]; /* structs that are open */
	unsigned depth;
	bool lengths;		    /* a length before and after the call is one: "[128 => 16]" */
	bool short_strings;		/* no name of a file: cut as contents are */
	bool strings;		    /* those of a vector: as long as contents */
	size_t before_at, after_at; /* of what changed: its text before the call, the end of that */
	struct buf made;	    /* of a struct that is put together anew */
};
extern const struct value_ops strace_ops;

/* An argument of the event's call, in the words of strace where it has its own. */
void strace_value(struct strace_text *t, unsigned arg);
void strace_quote_byte(struct buf *b, unsigned char c, int next); /* next: the byte behind it; -1: none */
void strace_quote(struct buf *b, const char *s, size_t n, bool cut);
void strace_quote_hex(struct buf *b, const char *s, size_t n, bool cut);
/* What follows a number that has no name: PROT_??? in a comment. */
void strace_unknown(struct buf *b, const struct names *names);
/* The struct as strace shows it; what closes it. */
char strace_arrange(struct strace_text *t, const struct strace_frame *f);
void strace_fd_name(struct buf *b, const struct file *f); /* "</etc/hosts>"; NULL: nothing */
void strace_flags(struct buf *b, const struct names *names, uint64_t v);
const char *strace_signal(int signo);
void strace_hex(struct buf *b, uint64_t v);	/* 0 is "0" */
void strace_pointer(struct buf *b, uint64_t v); /* 0 is "NULL" */
