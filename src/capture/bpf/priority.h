/* SPDX-License-Identifier: MIT */
/* The priority of what reads the ring. */
#pragma once

/*
 * Give the threads of compendium, and with them those that they start from now on, the priority of an ordinary program
 * where theirs is lower (nice, chrt --idle) and the caller may: back-pressure makes the traced program wait for the
 * reader, and where all CPUs are busy a reader of low priority runs so rarely that records are lost all the same.  The
 * command, forked before, keeps what it was given.  Without the right (setpriority(2): CAP_SYS_NICE or RLIMIT_NICE)
 * nothing changes.
 */
void priority_raise(void);
