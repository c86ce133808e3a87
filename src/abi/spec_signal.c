/* SPDX-License-Identifier: MIT */
/* Signals, clocks, timers. */
#include "abi/rows.h"

#include <sys/time.h>
#include <time.h>

const struct names mask_how = VALUE_SET(V(0, "SIG_BLOCK"), V(1, "SIG_UNBLOCK"), V(2, "SIG_SETMASK"));
static const struct names pidfd_signal_flags = FLAG_SET(V(1, "PIDFD_SIGNAL_THREAD"), V(2, "PIDFD_SIGNAL_THREAD_GROUP"),
							V(4, "PIDFD_SIGNAL_PROCESS_GROUP"));
const struct names itimer_which = VALUE_SET(N(ITIMER_REAL), N(ITIMER_VIRTUAL), N(ITIMER_PROF));
const struct names timer_flags = FLAG_SET(V(1, "TIMER_ABSTIME"));

static const struct syscall_row rows[] = {
	ROW(13, "rt_sigaction", GRP_SIGNAL, INT, SIGMASK, A("sig", SIGNAL), A_LAYOUT("act", IN, layout_sigaction), A_LAYOUT("oldact", OUT, layout_sigaction),
		A("sigsetsize", SIZE)),
	ROW(14, "rt_sigprocmask", GRP_SIGNAL, INT, SIGMASK, A_ENUM("how", mask_how), A_LAYOUT("set", IN, layout_sigset), A_LAYOUT("oldset", OUT, layout_sigset),
		A("sigsetsize", SIZE)),
	ROW(15, "rt_sigreturn", GRP_SIGNAL, NEVER, SIGMASK),
	ROW(34, "pause", GRP_SIGNAL | GRP_WAIT, INT, SLEEP),
	/* rem is written only when a signal ends the sleep: nothing to show of a call that succeeded. */
	ROW(35, "nanosleep", GRP_TIME | GRP_WAIT, INT, SLEEP, A_LAYOUT("req", IN, layout_timespec), A("rem", PTR)),
	ROW(36, "getitimer", GRP_TIME, INT, NONE, A_ENUM("which", itimer_which), A_LAYOUT("curr_value", OUT, layout_itimerval)),
	ROW(37, "alarm", GRP_TIME | GRP_SIGNAL, INT, NONE, A("seconds", UINT)),
	ROW(38, "setitimer", GRP_TIME | GRP_SIGNAL, INT, NONE, A_ENUM("which", itimer_which), A_LAYOUT("new_value", IN, layout_itimerval),
		A_LAYOUT("old_value", OUT, layout_itimerval)),
	ROW(62, "kill", GRP_SIGNAL, INT, KILL, A("pid", PID), A("sig", SIGNAL)),
	ROW(96, "gettimeofday", GRP_TIME, INT, CLOCK, A_LAYOUT("tv", OUT, layout_timeval), A_LAYOUT("tz", OUT, layout_timezone)),
	ROW(100, "times", GRP_TIME, HEX, CLOCK, A_LAYOUT("buf", OUT, layout_tms)),
	ROW(127, "rt_sigpending", GRP_SIGNAL, INT, NONE, A_LAYOUT("set", OUT, layout_sigset), A("sigsetsize", SIZE)),
	ROW_WAIT(128, "rt_sigtimedwait", GRP_SIGNAL | GRP_WAIT, INT, SIGWAIT, WAITS(TIMESPEC, 2, -EAGAIN), A_LAYOUT("set", IN, layout_sigset), A_LAYOUT("info", OUT, layout_siginfo),
		A_LAYOUT("timeout", IN, layout_timespec), A("sigsetsize", SIZE)),
	ROW(129, "rt_sigqueueinfo", GRP_SIGNAL, INT, KILL, A("tgid", PID), A("sig", SIGNAL), A_LAYOUT("info", IN, layout_siginfo)),
	ROW(130, "rt_sigsuspend", GRP_SIGNAL | GRP_WAIT, INT, SLEEP, A_LAYOUT("mask", IN, layout_sigset), A("sigsetsize", SIZE)),
	ROW(131, "sigaltstack", GRP_SIGNAL, INT, NONE, A_LAYOUT("ss", IN, layout_stack), A_LAYOUT("old_ss", OUT, layout_stack)),
	ROW(159, "adjtimex", GRP_TIME, INT, NONE, A("buf", PTR)),
	ROW(164, "settimeofday", GRP_TIME, INT, NONE, A_LAYOUT("tv", IN, layout_timeval), A_LAYOUT("tz", IN, layout_timezone)),
	ROW(200, "tkill", GRP_SIGNAL, INT, KILL, A("tid", PID), A("sig", SIGNAL)),
	ROW(201, "time", GRP_TIME, INT, CLOCK, A_LAYOUT("tloc", OUT, layout_off)),
	ROW(222, "timer_create", GRP_TIME, INT, NONE, A_CLOCK("clockid"), A("sevp", PTR), A_LAYOUT("timerid", OUT, layout_int)),
	ROW(223, "timer_settime", GRP_TIME, INT, NONE, A("timerid", INT), A_FLAGS("flags", timer_flags), A_LAYOUT("new_value", IN, layout_itimerspec),
		A_LAYOUT("old_value", OUT, layout_itimerspec)),
	ROW(224, "timer_gettime", GRP_TIME, INT, NONE, A("timerid", INT), A_LAYOUT("curr_value", OUT, layout_itimerspec)),
	ROW(225, "timer_getoverrun", GRP_TIME, INT, NONE, A("timerid", INT)),
	ROW(226, "timer_delete", GRP_TIME, INT, NONE, A("timerid", INT)),
	ROW(227, "clock_settime", GRP_TIME, INT, NONE, A_CLOCK("clockid"), A_LAYOUT("tp", IN, layout_timespec)),
	ROW(228, "clock_gettime", GRP_TIME, INT, CLOCK, A_CLOCK("clockid"), A_LAYOUT("tp", OUT, layout_timespec)),
	ROW(229, "clock_getres", GRP_TIME, INT, CLOCK, A_CLOCK("clockid"), A_LAYOUT("res", OUT, layout_timespec)),
	ROW(230, "clock_nanosleep", GRP_TIME | GRP_WAIT, INT, SLEEP, A_CLOCK("clockid"), A_FLAGS("flags", timer_flags), A_LAYOUT("req", IN, layout_timespec),
		A("rem", PTR)),
	ROW(234, "tgkill", GRP_SIGNAL, INT, KILL, A("tgid", PID), A("tid", PID), A("sig", SIGNAL)),
	ROW(297, "rt_tgsigqueueinfo", GRP_SIGNAL, INT, KILL, A("tgid", PID), A("tid", PID), A("sig", SIGNAL), A_LAYOUT("info", IN, layout_siginfo)),
	ROW(305, "clock_adjtime", GRP_TIME, INT, NONE, A_CLOCK("clockid"), A("buf", PTR)),
	ROW(424, "pidfd_send_signal", GRP_SIGNAL, INT, KILL, A("pidfd", FD), A("sig", SIGNAL), A_LAYOUT("info", IN, layout_siginfo),
		A_FLAGS("flags", pidfd_signal_flags)),
};
const struct syscall_family spec_signal = { rows, ARRAY_SIZE(rows) };
