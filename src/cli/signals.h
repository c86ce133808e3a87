#pragma once
/*
 * Signals to compendium itself.  They are caught before a command runs and
 * looked at between two steps of the capture.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct signals {
	bool from_terminal;	/* of the signal signals_next() returned: its whole group got it */
	unsigned nobeyed, nleft;	/* while the command ran; after it, or without one */
	uint64_t deadline_ns;	/* CLOCK_MONOTONIC; 0: none */
	int forward;		/* to be sent to the command, unless it got it itself; 0: none */
	uint64_t forward_since_ns;
	int last;		/* the last one obeyed, and when */
	uint64_t last_ns;
};

void signals_open(struct signals *s);
void signals_close(struct signals *s);		/* from here on they change nothing: the summary and the report are being written */
bool signals_pending(struct signals *s);	/* anything to do: a signal, or a deadline */
int signals_next(struct signals *s);		/* the next signal that came, 0: none */
bool signals_ignored_by(pid_t pid, int signo);
void signals_die(int signo);			/* ends us by that signal, without a core dump of ours */
void signals_say(const char *text);		/* one line on stderr, made safe, with our name before it */
