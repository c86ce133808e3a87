/* SPDX-License-Identifier: MIT */
#include "abi/spec.h"

#include <signal.h>
#include <stdio.h>

#include "base/macro.h"

#define S(sig) [sig] = #sig
#define RT(n) [32 + n] = "SIGRT_" #n
/* The kernel's real-time signals start at 32; libc keeps the first two for itself. */
static const char *const signals[] = {
	S(SIGHUP), S(SIGINT), S(SIGQUIT), S(SIGILL), S(SIGTRAP), S(SIGABRT), S(SIGBUS), S(SIGFPE), S(SIGKILL), S(SIGUSR1),
	S(SIGSEGV), S(SIGUSR2), S(SIGPIPE), S(SIGALRM), S(SIGTERM), S(SIGSTKFLT), S(SIGCHLD), S(SIGCONT), S(SIGSTOP),
	S(SIGTSTP), S(SIGTTIN), S(SIGTTOU), S(SIGURG), S(SIGXCPU), S(SIGXFSZ), S(SIGVTALRM), S(SIGPROF), S(SIGWINCH),
	S(SIGIO), S(SIGPWR), S(SIGSYS),
	[32] = "SIGRTMIN", RT(1), RT(2), RT(3), RT(4), RT(5), RT(6), RT(7), RT(8), RT(9), RT(10), RT(11), RT(12), RT(13),
	RT(14), RT(15), RT(16), RT(17), RT(18), RT(19), RT(20), RT(21), RT(22), RT(23), RT(24), RT(25), RT(26), RT(27),
	RT(28), RT(29), RT(30), RT(31), [64] = "SIGRTMAX",
};

const char *signal_name(int signo)
{
	return signo > 0 && signo < (int)ARRAY_SIZE(signals) ? signals[signo] : signo == 0 ? "0" : "unknown signal";
}
