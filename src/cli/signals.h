/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Signals to compendium itself.  They are caught before a command runs and
 * looked at between two steps of the capture.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct signal_came {
	int signo;
	pid_t sender;		/* 0: the kernel, or a process we cannot see */
	bool from_terminal;	/* or the kernel: its whole group got it */
	bool queued;		/* sigqueue(3), with value */
	union sigval value;
};

struct signals {
	unsigned nobeyed, nleft;	/* while the command ran; after it, or without one */
	uint64_t deadline_ns;	/* CLOCK_MONOTONIC; 0: none */
	/* to be sent to the command, unless it gets them itself; since_ns 0: not */
	struct { struct signal_came what; uint64_t since_ns; } forwards[NSIG];
	unsigned nforwards;
	int last;		/* the last one obeyed, and when */
	uint64_t last_ns;
	int let_go_by;		/* the command was let go for it, and runs on: what we end by */
};

/* Not those that a process sends of which we know at once that we trace it: they are no request to us. */
void signals_open(struct signals *s);
/* from here on they change nothing: the summary and the report are being written */
void signals_close(struct signals *s);
/*
 * While a recording is read that is still being written: requests to end are counted, so that what was read until then
 * has its summary.
 */
void signals_open_reading(void);
unsigned signals_reading_asked(void);		/* how often the end was asked for */
bool signals_pending(struct signals *s);	/* anything to do: a signal, or a deadline */
int signals_end_asked(void);			/* the first request to end that was not looked at yet; 0: none */
bool signals_next(struct signals *s, struct signal_came *ret);	/* the next signal that came; false: none */
bool signals_is_obeyed(int signo);		/* a request to end, and not only passed on */
bool signals_ignored_by(pid_t pid, int signo);
void signals_die(int signo);			/* ends us by that signal, without a core dump of ours */
/* What was typed, and a caret below (struct diag); nothing when it is empty. */
void signals_show(const char *place);
void signals_say(const char *text);		/* one line on stderr, made safe, with our name before it */
