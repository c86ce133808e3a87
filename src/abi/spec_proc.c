/* Processes, threads, identities, signals. */
#include "abi/rows.h"

static const struct syscall_row rows[] = {
	ROW(34, "pause", GRP_SIGNAL | GRP_WAIT, INT, SLEEP),
	ROW(35, "nanosleep", GRP_TIME | GRP_WAIT, INT, SLEEP, A_STRUCT("req", IN, 16), A_STRUCT("rem", OUT, 16)),
	ROW(39, "getpid", GRP_PROC, PID, NONE),
	ROW(56, "clone", GRP_PROC, PID, CLONE, A_FLAGS("flags", clone_flags), A("stack", PTR), A("parent_tid", PTR), A("child_tid", PTR), A("tls", PTR)),
	ROW(57, "fork", GRP_PROC, PID, CLONE),
	ROW(58, "vfork", GRP_PROC, PID, CLONE),
	ROW(59, "execve", GRP_PROC | GRP_FILE, INT, EXEC, A("path", PATH), { "argv", ARG_STRV, .needed = true }, A("envp", STRV)),
	ROW(60, "exit", GRP_PROC, NEVER, EXIT, A("status", INT)),
	ROW(61, "wait4", GRP_PROC | GRP_WAIT, PID, WAIT, A("pid", PID), A_STRUCT("wstatus", OUT, 4), A("options", HEX), A("rusage", PTR)),
	ROW(62, "kill", GRP_SIGNAL, INT, KILL, A("pid", PID), A("sig", SIGNAL)),
	ROW(109, "setpgid", GRP_PROC, INT, SETPGID, A("pid", PID), A("pgid", PID)),
	ROW(112, "setsid", GRP_PROC, PID, SETSID),
	ROW(157, "prctl", GRP_PROC, INT, PRCTL, A("option", INT), A("arg2", HEX), A("arg3", HEX), A("arg4", HEX), A("arg5", HEX)),
	ROW(200, "tkill", GRP_SIGNAL, INT, KILL, A("tid", PID), A("sig", SIGNAL)),
	ROW(202, "futex", GRP_WAIT, INT, FUTEX, A("uaddr", PTR), A("op", INT), A("val", UINT), A("timeout", PTR), A("uaddr2", PTR), A("val3", UINT)),
	ROW(231, "exit_group", GRP_PROC, NEVER, EXIT, A("status", INT)),
	ROW(234, "tgkill", GRP_SIGNAL, INT, KILL, A("tgid", PID), A("tid", PID), A("sig", SIGNAL)),
	ROW(272, "unshare", GRP_PROC, INT, UNSHARE, A_FLAGS("flags", clone_flags)),
	ROW(308, "setns", GRP_PROC | GRP_DESC, INT, SETNS, A("fd", FD), A_FLAGS("nstype", clone_flags)),
	ROW(322, "execveat", GRP_PROC | GRP_FILE, INT, EXEC, A("dirfd", DIRFD), A("path", PATH), { "argv", ARG_STRV, .needed = true }, A("envp", STRV),
		A_FLAGS("flags", at_flags)),
	ROW(435, "clone3", GRP_PROC, PID, CLONE, { "args", ARG_STRUCT_IN, .size = 88, .len = 1, .needed = true }, A("size", SIZE)),
};
const struct syscall_family spec_proc = { rows, ARRAY_SIZE(rows) };
