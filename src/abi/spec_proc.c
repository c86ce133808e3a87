/* SPDX-License-Identifier: MIT */
/* Processes and threads: life, identity, scheduling, limits. */
#include "abi/rows.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

const struct names wait_options = FLAG_SET(N(WNOHANG), N(WUNTRACED), N(WEXITED), N(WCONTINUED), N(WNOWAIT), V(0x20000000, "__WNOTHREAD"),
	V(0x40000000, "__WALL"), V(0x80000000, "__WCLONE"));
const struct names waitid_which = VALUE_SET(V(0, "P_ALL"), V(1, "P_PID"), V(2, "P_PGID"), V(3, "P_PIDFD"));
static const struct names sched_policies = FIELD_SET(0xbfffffff, V(0, "SCHED_OTHER"), V(1, "SCHED_FIFO"), V(2, "SCHED_RR"), V(3, "SCHED_BATCH"), V(5, "SCHED_IDLE"),
	V(6, "SCHED_DEADLINE"), V(7, "SCHED_EXT"), V(0x40000000, "SCHED_RESET_ON_FORK"));
static const struct names priority_which = VALUE_SET(V(0, "PRIO_PROCESS"), V(1, "PRIO_PGRP"), V(2, "PRIO_USER"));
static const struct names ioprio_which = VALUE_SET(V(1, "IOPRIO_WHO_PROCESS"), V(2, "IOPRIO_WHO_PGRP"),
						   V(3, "IOPRIO_WHO_USER"));
const struct names rlimit_resources = VALUE_SET(
	V(0, "RLIMIT_CPU"), V(1, "RLIMIT_FSIZE"), V(2, "RLIMIT_DATA"), V(3, "RLIMIT_STACK"), V(4, "RLIMIT_CORE"), V(5, "RLIMIT_RSS"), V(6, "RLIMIT_NPROC"),
	V(7, "RLIMIT_NOFILE"), V(8, "RLIMIT_MEMLOCK"), V(9, "RLIMIT_AS"), V(10, "RLIMIT_LOCKS"), V(11, "RLIMIT_SIGPENDING"), V(12, "RLIMIT_MSGQUEUE"),
	V(13, "RLIMIT_NICE"), V(14, "RLIMIT_RTPRIO"), V(15, "RLIMIT_RTTIME"));
const struct names rusage_who = VALUE_SET(V(0, "RUSAGE_SELF"), V(0xffffffff, "RUSAGE_CHILDREN"), V(1, "RUSAGE_THREAD"));
static const struct names pidfd_flags = FLAG_SET(V(0x800, "PIDFD_NONBLOCK"), V(0x80, "PIDFD_THREAD"));
static const struct names ptrace_requests = VALUE_SET(
	V(0, "PTRACE_TRACEME"), V(1, "PTRACE_PEEKTEXT"), V(2, "PTRACE_PEEKDATA"), V(3, "PTRACE_PEEKUSER"), V(4, "PTRACE_POKETEXT"), V(5, "PTRACE_POKEDATA"),
	V(6, "PTRACE_POKEUSER"), V(7, "PTRACE_CONT"), V(8, "PTRACE_KILL"), V(9, "PTRACE_SINGLESTEP"), V(12, "PTRACE_GETREGS"), V(13, "PTRACE_SETREGS"),
	V(14, "PTRACE_GETFPREGS"), V(15, "PTRACE_SETFPREGS"), V(16, "PTRACE_ATTACH"), V(17, "PTRACE_DETACH"), V(18, "PTRACE_GETFPXREGS"), V(19, "PTRACE_SETFPXREGS"),
	V(21, "PTRACE_OLDSETOPTIONS"), V(24, "PTRACE_SYSCALL"), V(25, "PTRACE_GET_THREAD_AREA"), V(26, "PTRACE_SET_THREAD_AREA"), V(30, "PTRACE_ARCH_PRCTL"),
	V(31, "PTRACE_SYSEMU"), V(32, "PTRACE_SYSEMU_SINGLESTEP"), V(33, "PTRACE_SINGLEBLOCK"), V(0x4200, "PTRACE_SETOPTIONS"), V(0x4201, "PTRACE_GETEVENTMSG"),
	V(0x4202, "PTRACE_GETSIGINFO"), V(0x4203, "PTRACE_SETSIGINFO"), V(0x4204, "PTRACE_GETREGSET"), V(0x4205, "PTRACE_SETREGSET"), V(0x4206, "PTRACE_SEIZE"),
	V(0x4207, "PTRACE_INTERRUPT"), V(0x4208, "PTRACE_LISTEN"), V(0x4209, "PTRACE_PEEKSIGINFO"), V(0x420a, "PTRACE_GETSIGMASK"), V(0x420b, "PTRACE_SETSIGMASK"),
	V(0x420c, "PTRACE_SECCOMP_GET_FILTER"), V(0x420d, "PTRACE_SECCOMP_GET_METADATA"), V(0x420e, "PTRACE_GET_SYSCALL_INFO"),
	V(0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"), V(0x4210, "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG"), V(0x4211, "PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG"),
	V(0x4212, "PTRACE_SET_SYSCALL_INFO"));
static const struct names prctl_options = VALUE_SET(
	V(1, "PR_SET_PDEATHSIG"), V(2, "PR_GET_PDEATHSIG"), V(3, "PR_GET_DUMPABLE"), V(4, "PR_SET_DUMPABLE"), V(5, "PR_GET_UNALIGN"), V(6, "PR_SET_UNALIGN"),
	V(7, "PR_GET_KEEPCAPS"), V(8, "PR_SET_KEEPCAPS"), V(9, "PR_GET_FPEMU"), V(10, "PR_SET_FPEMU"), V(11, "PR_GET_FPEXC"), V(12, "PR_SET_FPEXC"),
	V(13, "PR_GET_TIMING"), V(14, "PR_SET_TIMING"), V(15, "PR_SET_NAME"), V(16, "PR_GET_NAME"), V(19, "PR_GET_ENDIAN"), V(20, "PR_SET_ENDIAN"),
	V(21, "PR_GET_SECCOMP"), V(22, "PR_SET_SECCOMP"), V(23, "PR_CAPBSET_READ"), V(24, "PR_CAPBSET_DROP"), V(25, "PR_GET_TSC"), V(26, "PR_SET_TSC"),
	V(27, "PR_GET_SECUREBITS"), V(28, "PR_SET_SECUREBITS"), V(29, "PR_SET_TIMERSLACK"), V(30, "PR_GET_TIMERSLACK"), V(31, "PR_TASK_PERF_EVENTS_DISABLE"),
	V(32, "PR_TASK_PERF_EVENTS_ENABLE"), V(33, "PR_MCE_KILL"), V(34, "PR_MCE_KILL_GET"), V(35, "PR_SET_MM"), V(36, "PR_SET_CHILD_SUBREAPER"),
	V(37, "PR_GET_CHILD_SUBREAPER"), V(38, "PR_SET_NO_NEW_PRIVS"), V(39, "PR_GET_NO_NEW_PRIVS"), V(40, "PR_GET_TID_ADDRESS"), V(41, "PR_SET_THP_DISABLE"),
	V(42, "PR_GET_THP_DISABLE"), V(43, "PR_MPX_ENABLE_MANAGEMENT"), V(44, "PR_MPX_DISABLE_MANAGEMENT"), V(45, "PR_SET_FP_MODE"), V(46, "PR_GET_FP_MODE"),
	V(47, "PR_CAP_AMBIENT"), V(50, "PR_SVE_SET_VL"), V(51, "PR_SVE_GET_VL"), V(52, "PR_GET_SPECULATION_CTRL"), V(53, "PR_SET_SPECULATION_CTRL"),
	V(54, "PR_PAC_RESET_KEYS"), V(55, "PR_SET_TAGGED_ADDR_CTRL"), V(56, "PR_GET_TAGGED_ADDR_CTRL"), V(57, "PR_SET_IO_FLUSHER"), V(58, "PR_GET_IO_FLUSHER"),
	V(59, "PR_SET_SYSCALL_USER_DISPATCH"), V(60, "PR_PAC_SET_ENABLED_KEYS"), V(61, "PR_PAC_GET_ENABLED_KEYS"), V(62, "PR_SCHED_CORE"), V(63, "PR_SME_SET_VL"),
	V(64, "PR_SME_GET_VL"), V(65, "PR_SET_MDWE"), V(66, "PR_GET_MDWE"), V(67, "PR_SET_MEMORY_MERGE"), V(68, "PR_GET_MEMORY_MERGE"), V(69, "PR_RISCV_V_SET_CONTROL"),
	V(70, "PR_RISCV_V_GET_CONTROL"), V(71, "PR_RISCV_SET_ICACHE_FLUSH_CTX"), V(72, "PR_PPC_GET_DEXCR"), V(73, "PR_PPC_SET_DEXCR"),
	V(74, "PR_GET_SHADOW_STACK_STATUS"), V(75, "PR_SET_SHADOW_STACK_STATUS"), V(76, "PR_LOCK_SHADOW_STACK_STATUS"), V(77, "PR_TIMER_CREATE_RESTORE_IDS"),
	V(78, "PR_FUTEX_HASH"), V(0x53564d41, "PR_SET_VMA"), V(0x41555856, "PR_GET_AUXV"), V(0x59616d61, "PR_SET_PTRACER"));
static const struct names arch_prctl_options = VALUE_SET(V(0x1001, "ARCH_SET_GS"), V(0x1002, "ARCH_SET_FS"), V(0x1003, "ARCH_GET_FS"), V(0x1004, "ARCH_GET_GS"),
	V(0x1011, "ARCH_GET_CPUID"), V(0x1012, "ARCH_SET_CPUID"), V(0x1021, "ARCH_GET_XCOMP_SUPP"), V(0x1022, "ARCH_GET_XCOMP_PERM"), V(0x1023, "ARCH_REQ_XCOMP_PERM"),
	V(0x1024, "ARCH_GET_XCOMP_GUEST_PERM"), V(0x1025, "ARCH_REQ_XCOMP_GUEST_PERM"), V(0x2001, "ARCH_MAP_VDSO_X32"), V(0x2002, "ARCH_MAP_VDSO_32"),
	V(0x2003, "ARCH_MAP_VDSO_64"), V(0x3001, "ARCH_CET_STATUS"), V(0x4001, "ARCH_GET_UNTAG_MASK"), V(0x4002, "ARCH_ENABLE_TAGGED_ADDR"),
	V(0x4003, "ARCH_GET_MAX_TAG_BITS"), V(0x4004, "ARCH_FORCE_TAGGED_SVA"), V(0x5001, "ARCH_SHSTK_ENABLE"), V(0x5002, "ARCH_SHSTK_DISABLE"),
	V(0x5003, "ARCH_SHSTK_LOCK"), V(0x5004, "ARCH_SHSTK_UNLOCK"), V(0x5005, "ARCH_SHSTK_STATUS"));
/* SECCOMP_FILTER_FLAG_NEW_LISTENER: returns a descriptor. */
static const struct arg_cond seccomp_listener = { .arg = 1, .mask = 8, .nvals = 1, .vals = { 8 } };
static const struct fd_question seccomp_question = { ASK_RETURNED, &seccomp_listener };
static const struct names seccomp_ops = VALUE_SET(V(0, "SECCOMP_SET_MODE_STRICT"), V(1, "SECCOMP_SET_MODE_FILTER"), V(2, "SECCOMP_GET_ACTION_AVAIL"),
	V(3, "SECCOMP_GET_NOTIF_SIZES"));
static const struct names seccomp_flags = FLAG_SET(V(0x1, "SECCOMP_FILTER_FLAG_TSYNC"), V(0x2, "SECCOMP_FILTER_FLAG_LOG"), V(0x4, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
	V(0x8, "SECCOMP_FILTER_FLAG_NEW_LISTENER"), V(0x10, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"), V(0x20, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"));
static const struct names kcmp_types = VALUE_SET(V(0, "KCMP_FILE"), V(1, "KCMP_VM"), V(2, "KCMP_FILES"), V(3, "KCMP_FS"), V(4, "KCMP_SIGHAND"), V(5, "KCMP_IO"),
	V(6, "KCMP_SYSVSEM"), V(7, "KCMP_EPOLL_TFD"));
static const struct names rseq_flags = FLAG_SET(V(1, "RSEQ_FLAG_UNREGISTER"));

/* Without either flag the register holds whatever was in it (musl's clone() of two arguments). */
const struct arg_choice clone_parent_tid[] = { { CLONE_PARENT_SETTID | CLONE_PIDFD, 0, HOLE }, { 0 } };
const struct arg_choice clone_child_tid[] = { { CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, 0, HOLE }, { 0 } };
const struct arg_choice clone_tls[] = { { CLONE_SETTLS, 0, HOLE }, { 0 } };

/*
 * prctl(2): options that say nothing in all five words.  The rest wants those it does not use to be 0, and fails
 * otherwise.
 */
static const struct arg_use prctl_uses[] = {
	{ ~0u, 3 /* PR_GET_DUMPABLE */, 1 }, { ~0u, 7 /* PR_GET_KEEPCAPS */, 1 }, { ~0u, 13 /* PR_GET_TIMING */, 1 }, { ~0u, 21 /* PR_GET_SECCOMP */, 1 },
	{ ~0u, 27 /* PR_GET_SECUREBITS */, 1 }, { ~0u, 30 /* PR_GET_TIMERSLACK */, 1 }, { ~0u, 31 /* PR_TASK_PERF_EVENTS_DISABLE */, 1 },
	{ ~0u, 32 /* …ENABLE */, 1 }, { ~0u, 46 /* PR_GET_FP_MODE */, 1 }, { ~0u, 51 /* PR_SVE_GET_VL */, 1 }, { ~0u, 64 /* PR_SME_GET_VL */, 1 },
	{ ~0u, 70 /* PR_RISCV_V_GET_CONTROL */, 1 },
	{ ~0u, 1 /* PR_SET_PDEATHSIG */, 3 }, { ~0u, 2, 3 }, { ~0u, 4 /* PR_SET_DUMPABLE */, 3 }, { ~0u, 5, 3 }, { ~0u, 6, 3 }, { ~0u, 8 /* PR_SET_KEEPCAPS */, 3 },
	{ ~0u, 9, 3 }, { ~0u, 10, 3 }, { ~0u, 11, 3 }, { ~0u, 12, 3 }, { ~0u, 14, 3 }, { ~0u, 15 /* PR_SET_NAME */, 3 }, { ~0u, 16 /* PR_GET_NAME */, 3 },
	{ ~0u, 19, 3 }, { ~0u, 20, 3 }, { ~0u, 23 /* PR_CAPBSET_READ */, 3 }, { ~0u, 24, 3 }, { ~0u, 25 /* PR_GET_TSC */, 3 }, { ~0u, 26, 3 },
	{ ~0u, 28 /* PR_SET_SECUREBITS */, 3 }, { ~0u, 29 /* PR_SET_TIMERSLACK */, 3 }, { ~0u, 36 /* PR_SET_CHILD_SUBREAPER */, 3 }, { ~0u, 37, 3 },
	{ ~0u, 40 /* PR_GET_TID_ADDRESS */, 3 }, { ~0u, 45, 3 }, { ~0u, 50, 3 }, { ~0u, 52 /* PR_GET_SPECULATION_CTRL */, 3 }, { ~0u, 63, 3 }, { ~0u, 69, 3 },
	{ ~0u, 0x59616d61 /* PR_SET_PTRACER */, 3 }, { ~0u, 53 /* PR_SET_SPECULATION_CTRL */, 7 }, { ~0u, 71, 7 }, { 0 } };
static const struct arg_usage prctl_words = { 0, prctl_uses };
static const struct arg_choice prctl_arg2[] = { { ~0u, 15 /* PR_SET_NAME */, A("arg2", STR) }, { 0 } };
/* The names of threads, and who takes in orphans. */
static const struct arg_cond prctl_changes = {
	.arg = 0, .mask = ~0u, .nvals = 2, .vals = { 15, 36 /* PR_SET_CHILD_SUBREAPER */ }
};
static const struct arg_use ptrace_uses[] = {
	{ ~0u, 0 /* PTRACE_TRACEME */, 1 }, { ~0u, 8 /* PTRACE_KILL */, 3 }, { ~0u, 16 /* PTRACE_ATTACH */, 3 }, { ~0u, 0x4207 /* PTRACE_INTERRUPT */, 3 },
	{ ~0u, 0x4208 /* PTRACE_LISTEN */, 3 }, { ~0u, 12 /* PTRACE_GETREGS */, 0xb }, { ~0u, 13, 0xb }, { ~0u, 14, 0xb }, { ~0u, 15, 0xb }, { 0 } };
static const struct arg_usage ptrace_words = { 0, ptrace_uses };
/* The indices are of a file, or of an epoll's entry. */
static const struct arg_use kcmp_uses[] = {
	{ ~0u, 0 /* KCMP_FILE */, 0x1f }, { ~0u, 7 /* KCMP_EPOLL_TFD */, 0x1f }, { ~7u, 0, 7 }, { 0 }
};
static const struct arg_usage kcmp_words = { 2, kcmp_uses };

static const struct syscall_row rows[] = {
	ROW(24, "sched_yield", GRP_PROC, INT, NONE),
	ROW(39, "getpid", GRP_PROC, PID, ID),
	ROW(56, "clone", GRP_PROC, PID, CLONE, A_FLAGS("flags", clone_flags), A("stack", PTR), CLONE_PARENT_TID, CLONE_CHILD_TID, CLONE_TLS),
	ROW(57, "fork", GRP_PROC, PID, CLONE),
	ROW(58, "vfork", GRP_PROC, PID, CLONE),
	ROW(59, "execve", GRP_PROC | GRP_FILE, INT, EXEC, A("path", PATH), A_ARGV("argv"), A("envp", STRV)),
	ROW(60, "exit", GRP_PROC, NEVER, EXIT, A("status", INT)),
	ROW(61, "wait4", GRP_PROC | GRP_WAIT, PID, WAIT, A("pid", PID), A_IF_POSITIVE("wstatus", layout_wstatus), A_FLAGS("options", wait_options),
		A_IF_POSITIVE("rusage", layout_rusage)),
	ROW(95, "umask", GRP_PROC, MODE, NONE, A("mask", MODE)),
	ROW(97, "getrlimit", GRP_PROC, INT, LIMIT, A_ENUM("resource", rlimit_resources), A_LAYOUT("rlim", OUT, layout_rlimit)),
	ROW(98, "getrusage", GRP_PROC, INT, INFO, A_ENUM("who", rusage_who), A_LAYOUT("usage", OUT, layout_rusage)),
	ROW_USE(101, "ptrace", GRP_PROC, HEX, PTRACE, ptrace_words, { "request", ARG_ENUM, .names = &ptrace_requests, .bits = 64 }, A("pid", PID), A("addr", PTR), A("data", HEX)),
	ROW(102, "getuid", GRP_PROC, INT, ID),
	ROW(104, "getgid", GRP_PROC, INT, ID),
	ROW(105, "setuid", GRP_PROC, INT, NONE, A("uid", UID)),
	ROW(106, "setgid", GRP_PROC, INT, NONE, A("gid", UID)),
	ROW(107, "geteuid", GRP_PROC, INT, ID),
	ROW(108, "getegid", GRP_PROC, INT, ID),
	ROW(109, "setpgid", GRP_PROC, INT, SETPGID, A("pid", PID), A("pgid", PID)),
	ROW(110, "getppid", GRP_PROC, PID, ID),
	ROW(111, "getpgrp", GRP_PROC, PID, ID),
	ROW(112, "setsid", GRP_PROC, PID, SETSID),
	ROW(113, "setreuid", GRP_PROC, INT, NONE, A("ruid", UID), A("euid", UID)),
	ROW(114, "setregid", GRP_PROC, INT, NONE, A("rgid", UID), A("egid", UID)),
	ROW(115, "getgroups", GRP_PROC, INT, ID, A("size", INT), A_ARRAY("list", OUT, layout_uid, 0)),
	ROW(116, "setgroups", GRP_PROC, INT, NONE, A("size", INT), A_ARRAY("list", IN, layout_uid, 0)),
	ROW(117, "setresuid", GRP_PROC, INT, NONE, A("ruid", UID), A("euid", UID), A("suid", UID)),
	ROW(118, "getresuid", GRP_PROC, INT, NONE, A_LAYOUT("ruid", OUT, layout_uid), A_LAYOUT("euid", OUT, layout_uid), A_LAYOUT("suid", OUT, layout_uid)),
	ROW(119, "setresgid", GRP_PROC, INT, NONE, A("rgid", UID), A("egid", UID), A("sgid", UID)),
	ROW(120, "getresgid", GRP_PROC, INT, NONE, A_LAYOUT("rgid", OUT, layout_uid), A_LAYOUT("egid", OUT, layout_uid), A_LAYOUT("sgid", OUT, layout_uid)),
	ROW(121, "getpgid", GRP_PROC, PID, ID, A("pid", PID)),
	ROW(122, "setfsuid", GRP_PROC, INT, NONE, A("fsuid", UID)),
	ROW(123, "setfsgid", GRP_PROC, INT, NONE, A("fsgid", UID)),
	ROW(124, "getsid", GRP_PROC, PID, ID, A("pid", PID)),
	ROW(125, "capget", GRP_PROC, INT, NONE, A_LAYOUT("header", IN, layout_cap_header), A("data", PTR)),
	ROW(126, "capset", GRP_PROC, INT, NONE, A_LAYOUT("header", IN, layout_cap_header), A_LAYOUT("data", IN, layout_cap_data)),
	ROW(135, "personality", GRP_PROC, HEX, NONE, A_BITS("persona", HEX, 32)),
	ROW(140, "getpriority", GRP_PROC, INT, NONE, A_ENUM("which", priority_which), A("who", INT)),
	ROW(141, "setpriority", GRP_PROC, INT, NONE, A_ENUM("which", priority_which), A("who", INT), A("niceval", INT)),
	ROW(142, "sched_setparam", GRP_PROC, INT, NONE, A("pid", PID), A_LAYOUT("param", IN, layout_int)),
	ROW(143, "sched_getparam", GRP_PROC, INT, NONE, A("pid", PID), A_LAYOUT("param", OUT, layout_int)),
	ROW(144, "sched_setscheduler", GRP_PROC, INT, NONE, A("pid", PID), A_FLAGS("policy", sched_policies), A_LAYOUT("param", IN, layout_int)),
	ROW(145, "sched_getscheduler", GRP_PROC, INT, NONE, A("pid", PID)),
	ROW(146, "sched_get_priority_max", GRP_PROC, INT, NONE, A_FLAGS("policy", sched_policies)),
	ROW(147, "sched_get_priority_min", GRP_PROC, INT, NONE, A_FLAGS("policy", sched_policies)),
	ROW(148, "sched_rr_get_interval", GRP_PROC, INT, NONE, A("pid", PID), A_LAYOUT("interval", OUT, layout_timespec)),
	ROW(154, "modify_ldt", GRP_PROC, INT, NONE, A("func", INT), A("ptr", PTR), A("bytecount", SIZE)),
	{ 157, { .name = "prctl", .groups = GRP_PROC, .ret = RET_INT, .effect = FX_PRCTL, .nargs = 5, .when = &prctl_changes, .usage = &prctl_words,
		 .args = { A_ENUM("option", prctl_options), { "arg2", ARG_HEX, .by = 0, .choice = prctl_arg2 }, A("arg3", HEX), A("arg4", HEX), A("arg5", HEX) } } },
	ROW(158, "arch_prctl", GRP_PROC, INT, NONE, A_ENUM("option", arch_prctl_options), A("arg2", HEX)),
	ROW(160, "setrlimit", GRP_PROC, INT, LIMIT, A_ENUM("resource", rlimit_resources), A_LAYOUT("rlim", IN, layout_rlimit)),
	ROW(186, "gettid", GRP_PROC, PID, ID),
	ROW(203, "sched_setaffinity", GRP_PROC, INT, NONE, A("pid", PID), A("len", UINT), A_ARRAY("mask", IN, layout_cpu_set, 1)),
	ROW(204, "sched_getaffinity", GRP_PROC, SIZE, NONE, A("pid", PID), A("len", UINT), A_ARRAY("mask", OUT, layout_cpu_set, 1)),
	ROW(205, "set_thread_area", GRP_PROC, INT, NONE, A("u_info", PTR)),
	ROW(211, "get_thread_area", GRP_PROC, INT, NONE, A("u_info", PTR)),
	ROW(218, "set_tid_address", GRP_PROC, PID, NONE, A("tidptr", PTR)),
	ROW(231, "exit_group", GRP_PROC, NEVER, EXIT, A("status", INT)),
	ROW(247, "waitid", GRP_PROC | GRP_WAIT, INT, WAIT, A_ENUM("which", waitid_which), A("pid", PID), A_NEEDED("infop", OUT, layout_siginfo),
		A_FLAGS("options", wait_options), A_LAYOUT("rusage", OUT, layout_rusage)),
	ROW(251, "ioprio_set", GRP_PROC, INT, NONE, A_ENUM("which", ioprio_which), A("who", INT), A_BITS("ioprio", HEX, 32)),
	ROW(252, "ioprio_get", GRP_PROC, INT, NONE, A_ENUM("which", ioprio_which), A("who", INT)),
	ROW(272, "unshare", GRP_PROC, INT, UNSHARE, A_FLAGS64("flags", unshare_flags)),
	ROW(273, "set_robust_list", GRP_PROC, INT, NONE, A("head", PTR), A("len", SIZE)),
	ROW(274, "get_robust_list", GRP_PROC, INT, NONE, A("pid", PID), A("head_ptr", PTR), A("len_ptr", PTR)),
	ROW(302, "prlimit64", GRP_PROC, INT, LIMIT, A("pid", PID), A_ENUM("resource", rlimit_resources), A_LAYOUT("new_rlim", IN, layout_rlimit),
		A_LAYOUT("old_rlim", OUT, layout_rlimit)),
	ROW(308, "setns", GRP_PROC | GRP_DESC, INT, SETNS, A("fd", FD), A_FLAGS("nstype", namespace_flags)),
	ROW(309, "getcpu", GRP_PROC, INT, NONE, A_LAYOUT("cpu", OUT, layout_int), A_LAYOUT("node", OUT, layout_int), A("tcache", PTR)),
	ROW_USE(312, "kcmp", GRP_PROC, INT, NONE, kcmp_words, A("pid1", PID), A("pid2", PID), A_ENUM("type", kcmp_types), A("idx1", ULONG), A("idx2", ULONG)),
	ROW(314, "sched_setattr", GRP_PROC, INT, NONE, A("pid", PID), A_LAYOUT("attr", IN, layout_sched_attr), A_BITS("flags", HEX, 32)),
	ROW(315, "sched_getattr", GRP_PROC, INT, NONE, A("pid", PID), A_SIZED("attr", OUT, layout_sched_attr, 2), A("size", UINT), A_BITS("flags", HEX, 32)),
	ROW_ASKS(317, "seccomp", GRP_PROC, INT, SECCOMP, &seccomp_listener, &seccomp_question, A_ENUM("op", seccomp_ops), A_FLAGS("flags", seccomp_flags), A("args", PTR)),
	ROW(322, "execveat", GRP_PROC | GRP_FILE, INT, EXEC, A("dirfd", DIRFD), A("path", PATH), A_ARGV("argv"), A("envp", STRV), A_FLAGS("flags", execveat_flags)),
	ROW(334, "rseq", GRP_PROC, INT, NONE, A("rseq", PTR), A("rseq_len", UINT), A_FLAGS("flags", rseq_flags), A_BITS("sig", HEX, 32)),
	ROW_CLOEXEC(434, "pidfd_open", GRP_PROC | GRP_DESC, FD, SPECIAL_FD, A("pid", PID), A_FLAGS("flags", pidfd_flags)),
	ROW(435, "clone3", GRP_PROC, PID, CLONE, A_NEEDED("args", IN, layout_clone_args, .len = 1, .deref = 8 /* pidfd */), A("size", SIZE)),
	ROW(470, "listns", GRP_PROC, SIZE, NONE, A_LAYOUT("req", IN, layout_ns_id_req), A_ARRAY("ns_ids", OUT, layout_u64, 2), A("nr_ns_ids", SIZE),
		A_BITS("flags", HEX, 32)),
	ROW(471, "rseq_slice_yield", GRP_PROC, INT, NONE),
};
const struct syscall_family spec_proc = { rows, ARRAY_SIZE(rows) };
