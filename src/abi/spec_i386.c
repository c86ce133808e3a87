/* SPDX-License-Identifier: MIT */
/*
 * i386's numbers.  Most calls share the x86-64 row; those whose arguments are
 * laid out differently (structs of longs, 64-bit offsets in two registers,
 * calls that are gone from x86-64) have their own.  Arrays of struct iovec and
 * struct msghdr are widened by capture, msg_control by the decoder.
 */
#include "abi/rows.h"

#include <string.h>

/* { number, name, as }: the row of x86-64's call `as`, or of the same name. */
#define S(nr_, name_) { nr_, name_, name_ }
#define AS(nr_, name_, as_) { nr_, name_, as_ }
const struct shared_row i386_shared[] = {
	S(0, "restart_syscall"), S(1, "exit"), S(2, "fork"), S(3, "read"), S(4, "write"), S(5, "open"), S(6, "close"), S(8, "creat"), S(9, "link"),
	S(10, "unlink"), S(11, "execve"), S(12, "chdir"), S(14, "mknod"), S(15, "chmod"), S(19, "lseek"), S(20, "getpid"),
	S(21, "mount"), S(24, "getuid"), S(26, "ptrace"), S(27, "alarm"), S(29, "pause"), S(33, "access"), S(36, "sync"), S(37, "kill"),
	S(38, "rename"), S(39, "mkdir"), S(40, "rmdir"), S(41, "dup"), S(42, "pipe"), S(45, "brk"), S(47, "getgid"), S(49, "geteuid"),
	S(50, "getegid"), S(51, "acct"), S(52, "umount2"), S(54, "ioctl"), S(55, "fcntl"), S(57, "setpgid"), S(60, "umask"), S(61, "chroot"), S(62, "ustat"),
	S(63, "dup2"), S(64, "getppid"), S(65, "getpgrp"), S(66, "setsid"), S(74, "sethostname"), S(83, "symlink"),
	S(85, "readlink"), S(86, "uselib"), S(87, "swapon"), S(88, "reboot"), S(91, "munmap"), S(92, "truncate"), S(93, "ftruncate"), S(94, "fchmod"),
	 S(96, "getpriority"), S(97, "setpriority"), S(101, "ioperm"), S(103, "syslog"), S(110, "iopl"), S(111, "vhangup"), S(115, "swapoff"),
	S(118, "fsync"), S(121, "setdomainname"), S(122, "uname"), S(123, "modify_ldt"), S(124, "adjtimex"), S(125, "mprotect"), S(127, "create_module"),
	S(128, "init_module"), S(129, "delete_module"), S(130, "get_kernel_syms"), S(131, "quotactl"), S(132, "getpgid"), S(133, "fchdir"), S(135, "sysfs"),
	S(136, "personality"), S(137, "afs_syscall"), S(141, "getdents"), S(143, "flock"), S(144, "msync"), S(145, "readv"),
	S(146, "writev"), S(147, "getsid"), S(148, "fdatasync"), S(149, "_sysctl"), S(150, "mlock"), S(151, "munlock"), S(152, "mlockall"), S(153, "munlockall"),
	S(154, "sched_setparam"), S(155, "sched_getparam"), S(156, "sched_setscheduler"), S(157, "sched_getscheduler"), S(158, "sched_yield"),
	S(159, "sched_get_priority_max"), S(160, "sched_get_priority_min"), S(163, "mremap"), S(167, "query_module"), S(168, "poll"),
	S(169, "nfsservctl"), S(172, "prctl"), S(173, "rt_sigreturn"), S(175, "rt_sigprocmask"), S(176, "rt_sigpending"),
	S(179, "rt_sigsuspend"), S(183, "getcwd"), S(184, "capget"), S(185, "capset"), S(188, "getpmsg"), S(189, "putpmsg"), S(190, "vfork"),
	AS(198, "lchown32", "lchown"), AS(199, "getuid32", "getuid"), AS(200, "getgid32", "getgid"), AS(201, "geteuid32", "geteuid"),
	AS(202, "getegid32", "getegid"), AS(203, "setreuid32", "setreuid"), AS(204, "setregid32", "setregid"), AS(205, "getgroups32", "getgroups"),
	AS(206, "setgroups32", "setgroups"), AS(207, "fchown32", "fchown"), AS(208, "setresuid32", "setresuid"), AS(209, "getresuid32", "getresuid"),
	AS(210, "setresgid32", "setresgid"), AS(211, "getresgid32", "getresgid"), AS(212, "chown32", "chown"), AS(213, "setuid32", "setuid"),
	AS(214, "setgid32", "setgid"), AS(215, "setfsuid32", "setfsuid"), AS(216, "setfsgid32", "setfsgid"), S(217, "pivot_root"), S(218, "mincore"),
	S(219, "madvise"), S(220, "getdents64"), AS(221, "fcntl64", "fcntl"), S(224, "gettid"), S(226, "setxattr"), S(227, "lsetxattr"), S(228, "fsetxattr"),
	S(229, "getxattr"), S(230, "lgetxattr"), S(231, "fgetxattr"), S(232, "listxattr"), S(233, "llistxattr"), S(234, "flistxattr"), S(235, "removexattr"),
	S(236, "lremovexattr"), S(237, "fremovexattr"), S(238, "tkill"), AS(239, "sendfile64", "sendfile"), S(241, "sched_setaffinity"),
	S(242, "sched_getaffinity"), S(243, "set_thread_area"), S(244, "get_thread_area"), S(246, "io_destroy"), S(249, "io_cancel"), S(252, "exit_group"),
	S(254, "epoll_create"), S(255, "epoll_ctl"), S(256, "epoll_wait"), S(257, "remap_file_pages"), S(258, "set_tid_address"), S(259, "timer_create"),
	S(262, "timer_getoverrun"), S(263, "timer_delete"), S(270, "tgkill"), S(273, "vserver"), S(274, "mbind"), S(275, "get_mempolicy"), S(276, "set_mempolicy"),
	S(278, "mq_unlink"), S(281, "mq_notify"), S(283, "kexec_load"), S(286, "add_key"), S(287, "request_key"), S(288, "keyctl"), S(289, "ioprio_set"),
	S(290, "ioprio_get"), S(291, "inotify_init"), S(292, "inotify_add_watch"), S(293, "inotify_rm_watch"), S(294, "migrate_pages"), S(295, "openat"),
	S(296, "mkdirat"), S(297, "mknodat"), S(298, "fchownat"), S(301, "unlinkat"), S(302, "renameat"), S(303, "linkat"), S(304, "symlinkat"),
	S(305, "readlinkat"), S(306, "fchmodat"), S(307, "faccessat"), S(310, "unshare"), S(311, "set_robust_list"), S(312, "get_robust_list"), S(313, "splice"),
	S(315, "tee"), S(316, "vmsplice"), S(317, "move_pages"), S(318, "getcpu"), S(319, "epoll_pwait"), S(321, "signalfd"), S(322, "timerfd_create"),
	S(323, "eventfd"), S(327, "signalfd4"), S(328, "eventfd2"), S(329, "epoll_create1"), S(330, "dup3"), S(331, "pipe2"), S(332, "inotify_init1"),
	S(336, "perf_event_open"), S(338, "fanotify_init"), S(340, "prlimit64"), S(341, "name_to_handle_at"), S(342, "open_by_handle_at"), S(343, "clock_adjtime"),
	S(344, "syncfs"), S(345, "sendmmsg"), S(346, "setns"), S(347, "process_vm_readv"), S(348, "process_vm_writev"), S(349, "kcmp"), S(350, "finit_module"),
	S(351, "sched_setattr"), S(352, "sched_getattr"), S(353, "renameat2"), S(354, "seccomp"), S(355, "getrandom"), S(356, "memfd_create"), S(357, "bpf"),
	S(358, "execveat"), S(359, "socket"), S(360, "socketpair"), S(361, "bind"), S(362, "connect"), S(363, "listen"), S(364, "accept4"), S(365, "getsockopt"),
	S(366, "setsockopt"), S(367, "getsockname"), S(368, "getpeername"), S(369, "sendto"), S(370, "sendmsg"), S(371, "recvfrom"), S(372, "recvmsg"),
	S(373, "shutdown"), S(374, "userfaultfd"), S(375, "membarrier"), S(376, "mlock2"), S(377, "copy_file_range"), S(380, "pkey_mprotect"), S(381, "pkey_alloc"),
	S(382, "pkey_free"), S(383, "statx"), S(384, "arch_prctl"), S(386, "rseq"), S(393, "semget"), S(394, "semctl"), S(395, "shmget"), S(396, "shmctl"),
	S(397, "shmat"), S(398, "shmdt"), S(399, "msgget"), S(400, "msgsnd"), S(401, "msgrcv"), S(402, "msgctl"), AS(403, "clock_gettime64", "clock_gettime"),
	AS(404, "clock_settime64", "clock_settime"), AS(405, "clock_adjtime64", "clock_adjtime"), AS(406, "clock_getres_time64", "clock_getres"),
	AS(407, "clock_nanosleep_time64", "clock_nanosleep"), AS(408, "timer_gettime64", "timer_gettime"), AS(409, "timer_settime64", "timer_settime"),
	AS(410, "timerfd_gettime64", "timerfd_gettime"), AS(411, "timerfd_settime64", "timerfd_settime"), AS(412, "utimensat_time64", "utimensat"),
	AS(413, "pselect6_time64", "pselect6"), AS(414, "ppoll_time64", "ppoll"), AS(416, "io_pgetevents_time64", "io_pgetevents"),
	AS(417, "recvmmsg_time64", "recvmmsg"), AS(418, "mq_timedsend_time64", "mq_timedsend"), AS(419, "mq_timedreceive_time64", "mq_timedreceive"),
	AS(420, "semtimedop_time64", "semtimedop"), AS(422, "futex_time64", "futex"), AS(423, "sched_rr_get_interval_time64", "sched_rr_get_interval"),
	{ 0, NULL, NULL }
};

static const struct names socketcall_calls = VALUE_SET(
	V(1, "SYS_SOCKET"), V(2, "SYS_BIND"), V(3, "SYS_CONNECT"), V(4, "SYS_LISTEN"), V(5, "SYS_ACCEPT"), V(6, "SYS_GETSOCKNAME"), V(7, "SYS_GETPEERNAME"),
	V(8, "SYS_SOCKETPAIR"), V(9, "SYS_SEND"), V(10, "SYS_RECV"), V(11, "SYS_SENDTO"), V(12, "SYS_RECVFROM"), V(13, "SYS_SHUTDOWN"), V(14, "SYS_SETSOCKOPT"),
	V(15, "SYS_GETSOCKOPT"), V(16, "SYS_SENDMSG"), V(17, "SYS_RECVMSG"), V(18, "SYS_ACCEPT4"), V(19, "SYS_RECVMMSG"), V(20, "SYS_SENDMMSG"));
static const struct names ipc_calls = FIELD_SET(0xffff,
	V(1, "SEMOP"), V(2, "SEMGET"), V(3, "SEMCTL"), V(4, "SEMTIMEDOP"), V(11, "MSGSND"), V(12, "MSGRCV"), V(13, "MSGGET"), V(14, "MSGCTL"), V(21, "SHMAT"),
	V(22, "SHMDT"), V(23, "SHMGET"), V(24, "SHMCTL"));

static const struct arg_cond fstatat_by_name = { .arg = 3, .mask = 0x1000, .nvals = 1, .vals = { 0 } };

/* 64 bits in two registers, the lower half in argument n and the upper in the next. */
#define PAIR(name_, type_, n_, ...) { .name = name_, .type = ARG_##type_, .high = n_ + 1, ##__VA_ARGS__ }, HOLE
#define OFF64(name_, n_) PAIR(name_, OFF, n_)
/* Before Linux 2.4 ids had 16 bits. */
#define UID16(name_) A_BITS(name_, UID, 16)
#define UID16_OUT(name_) A_LAYOUT(name_, OUT, layout_uid16)
#define GONE(nr_, name_) ROW(nr_, name_, GRP_SYS, INT, NONE, ANY_ARGS)

static const struct syscall_row rows[] = {
	ROW(7, "waitpid", GRP_PROC | GRP_WAIT, PID, WAIT, A("pid", PID), A_IF_POSITIVE("wstatus", layout_wstatus), A_FLAGS("options", wait_options)),
	ROW(13, "time", GRP_TIME, INT, CLOCK, A_LAYOUT("tloc", OUT, layout_int)),
	ROW(16, "lchown", GRP_FILE, INT, CHOWN, A("path", PATH), UID16("owner"), UID16("group")),
	GONE(17, "break"),
	ROW(18, "oldstat", GRP_FILE, INT, LOOKUP, A("path", PATH), A("statbuf", PTR)),
	ROW(22, "umount", GRP_FILE, INT, UMOUNT, A("target", PATH)),
	ROW(23, "setuid", GRP_PROC, INT, NONE, UID16("uid")),
	ROW(25, "stime", GRP_TIME, INT, NONE, A_LAYOUT("t", IN, layout_int)),
	ROW(28, "oldfstat", GRP_DESC, INT, NONE, A("fd", FD), A("statbuf", PTR)),
	ROW(30, "utime", GRP_FILE, INT, UTIMES, A("path", PATH), A_LAYOUT("times", IN, layout_utimbuf32)),
	GONE(31, "stty"), GONE(32, "gtty"),
	ROW(34, "nice", GRP_PROC, INT, NONE, A("inc", INT)),
	GONE(35, "ftime"),
	ROW(43, "times", GRP_TIME, HEX, CLOCK, A_LAYOUT("buf", OUT, layout_tms32)),
	GONE(44, "prof"),
	ROW(46, "setgid", GRP_PROC, INT, NONE, UID16("gid")),
	ROW(48, "signal", GRP_SIGNAL, HEX, NONE, A("sig", SIGNAL), A("handler", PTR)),
	GONE(53, "lock"), GONE(56, "mpx"), GONE(58, "ulimit"),
	ROW(59, "oldolduname", GRP_SYS, INT, NONE, A("name", PTR)),
	ROW(67, "sigaction", GRP_SIGNAL, INT, NONE, A("sig", SIGNAL), A_LAYOUT("act", IN, layout_old_sigaction32), A_LAYOUT("oldact", OUT, layout_old_sigaction32)),
	ROW(68, "sgetmask", GRP_SIGNAL, HEX, NONE),
	ROW(69, "ssetmask", GRP_SIGNAL, HEX, NONE, A("newmask", HEX)),
	ROW(70, "setreuid", GRP_PROC, INT, NONE, UID16("ruid"), UID16("euid")),
	ROW(71, "setregid", GRP_PROC, INT, NONE, UID16("rgid"), UID16("egid")),
	ROW(72, "sigsuspend", GRP_SIGNAL | GRP_WAIT, INT, SLEEP, A("unused1", INT), A("unused2", INT), A("mask", HEX)),
	ROW(73, "sigpending", GRP_SIGNAL, INT, NONE, A_LAYOUT("set", OUT, layout_old_sigset32)),
	ROW(75, "setrlimit", GRP_PROC, INT, LIMIT, A_ENUM("resource", rlimit_resources), A_LAYOUT("rlim", IN, layout_rlimit32)),
	ROW(76, "getrlimit", GRP_PROC, INT, LIMIT, A_ENUM("resource", rlimit_resources), A_LAYOUT("rlim", OUT, layout_rlimit32)),
	ROW(77, "getrusage", GRP_PROC, INT, INFO, A_ENUM("who", rusage_who), A_LAYOUT("usage", OUT, layout_rusage32)),
	ROW(78, "gettimeofday", GRP_TIME, INT, CLOCK, A_LAYOUT("tv", OUT, layout_timeval32), A_LAYOUT("tz", OUT, layout_timezone)),
	ROW(79, "settimeofday", GRP_TIME, INT, NONE, A_LAYOUT("tv", IN, layout_timeval32), A_LAYOUT("tz", IN, layout_timezone)),
	ROW(80, "getgroups", GRP_PROC, INT, ID, A("size", INT), A_ARRAY("list", OUT, layout_uid16, 0)),
	ROW(81, "setgroups", GRP_PROC, INT, NONE, A("size", INT), A_ARRAY("list", IN, layout_uid16, 0)),
	/* Its arguments are in memory: spec_unwrap() makes 142 of it. */
	ROW(82, "select", GRP_DESC | GRP_WAIT, INT, POLL, A("args", PTR)),
	ROW(84, "oldlstat", GRP_FILE, INT, LOOKUP, A("path", PATH), A("statbuf", PTR)),
	ROW(89, "readdir", GRP_DESC, INT, NONE, A("fd", FD), A("dirp", PTR), A("count", UINT)),
	/* Likewise in memory, but no other call has the offset in bytes. */
	ROW(90, "mmap", GRP_MEM | GRP_DESC, HEX, MMAP, A("addr", PTR), A("length", SIZE), A_FLAGS("prot", prot_flags), A_FLAGS("flags", mmap_flags),
		A("fd", FD), { "offset", ARG_SIZE }),
	ROW(95, "fchown", GRP_DESC, INT, CHOWN, A("fd", FD), UID16("owner"), UID16("group")),
	GONE(98, "profil"),
	ROW(99, "statfs", GRP_FILE, INT, LOOKUP, A("path", PATH), A_LAYOUT("buf", OUT, layout_statfs32)),
	ROW(100, "fstatfs", GRP_DESC, INT, FSTAT, A("fd", FD), A_LAYOUT("buf", OUT, layout_statfs32)),
	ROW_WRAPPER(102, "socketcall", GRP_NET, INT, NONE, A_ENUM("call", socketcall_calls), A("args", PTR)),
	ROW(104, "setitimer", GRP_TIME | GRP_SIGNAL, INT, NONE, A_ENUM("which", itimer_which), A_LAYOUT("new_value", IN, layout_itimerval32), A_LAYOUT("old_value", OUT, layout_itimerval32)),
	ROW(105, "getitimer", GRP_TIME, INT, NONE, A_ENUM("which", itimer_which), A_LAYOUT("curr_value", OUT, layout_itimerval32)),
	ROW(106, "stat", GRP_FILE, INT, LOOKUP, A("path", PATH), A_LAYOUT("statbuf", OUT, layout_stat32)),
	ROW(107, "lstat", GRP_FILE, INT, LOOKUP, A("path", PATH), A_LAYOUT("statbuf", OUT, layout_stat32)),
	ROW(108, "fstat", GRP_DESC, INT, FSTAT, A("fd", FD), A_LAYOUT("statbuf", OUT, layout_stat32)),
	ROW(109, "olduname", GRP_SYS, INT, NONE, A("name", PTR)),
	GONE(112, "idle"),
	ROW(113, "vm86old", GRP_SYS, INT, NONE, A("v86", PTR)),
	ROW(114, "wait4", GRP_PROC | GRP_WAIT, PID, WAIT, A("pid", PID), A_IF_POSITIVE("wstatus", layout_wstatus), A_FLAGS("options", wait_options),
		A_IF_POSITIVE("rusage", layout_rusage32)),
	ROW(116, "sysinfo", GRP_SYS, INT, INFO, A_LAYOUT("info", OUT, layout_sysinfo32)),
	ROW_WAIT(117, "ipc", GRP_IPC, INT, NONE, WAITS(TIMESPEC32, 5, -EAGAIN), A_FLAGS("call", ipc_calls), A("first", INT), A("second", HEX), A("third", HEX), A("ptr", PTR), A("fifth", HEX)),
	ROW(119, "sigreturn", GRP_SIGNAL, NEVER, NONE),
	ROW(120, "clone", GRP_PROC, PID, CLONE, A_FLAGS("flags", clone_flags), A("stack", PTR), CLONE_PARENT_TID, CLONE_TLS, CLONE_CHILD_TID),
	ROW(126, "sigprocmask", GRP_SIGNAL, INT, NONE, A_ENUM("how", mask_how), A_LAYOUT("set", IN, layout_old_sigset32), A_LAYOUT("oldset", OUT, layout_old_sigset32)),
	ROW(134, "bdflush", GRP_SYS, INT, NONE, A("func", INT), A("data", HEX)),
	ROW(138, "setfsuid", GRP_PROC, INT, NONE, UID16("fsuid")),
	ROW(139, "setfsgid", GRP_PROC, INT, NONE, UID16("fsgid")),
	ROW(140, "_llseek", GRP_DESC, INT, SEEK, A("fd", FD), HOLE, { .name = "offset", .type = ARG_OFF, .high = 1 }, A_NEEDED("result", OUT, layout_off), A_ENUM("whence", seek_whence)),
	ROW_WAIT(142, "_newselect", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(TIMEVAL32_UNWRITTEN, 4, 0), A("nfds", INT), A_FD_SET("readfds"), A_FD_SET("writefds"),
		A_FD_SET("exceptfds"), A_LAYOUT("timeout", INOUT, layout_timeval32)),
	ROW(161, "sched_rr_get_interval", GRP_PROC, INT, NONE, A("pid", PID), A_LAYOUT("interval", OUT, layout_timespec32)),
	ROW(162, "nanosleep", GRP_TIME | GRP_WAIT, INT, SLEEP, A_LAYOUT("req", IN, layout_timespec32), A("rem", PTR)),
	ROW(164, "setresuid", GRP_PROC, INT, NONE, UID16("ruid"), UID16("euid"), UID16("suid")),
	ROW(165, "getresuid", GRP_PROC, INT, NONE, UID16_OUT("ruid"), UID16_OUT("euid"), UID16_OUT("suid")),
	ROW(166, "vm86", GRP_SYS, INT, NONE, A("cmd", HEX), A("arg", PTR)),
	ROW(170, "setresgid", GRP_PROC, INT, NONE, UID16("rgid"), UID16("egid"), UID16("sgid")),
	ROW(171, "getresgid", GRP_PROC, INT, NONE, UID16_OUT("rgid"), UID16_OUT("egid"), UID16_OUT("sgid")),
	ROW(174, "rt_sigaction", GRP_SIGNAL, INT, SIGMASK, A("sig", SIGNAL), A_LAYOUT("act", IN, layout_sigaction32), A_LAYOUT("oldact", OUT, layout_sigaction32),
		A("sigsetsize", SIZE)),
	ROW_WAIT(177, "rt_sigtimedwait", GRP_SIGNAL | GRP_WAIT, INT, NONE, WAITS(TIMESPEC32, 2, -EAGAIN), A_LAYOUT("set", IN, layout_sigset), A("info", PTR), A_LAYOUT("timeout", IN, layout_timespec32),
		A("sigsetsize", SIZE)),
	ROW(178, "rt_sigqueueinfo", GRP_SIGNAL, INT, KILL, A("tgid", PID), A("sig", SIGNAL), A("info", PTR)),
	ROW(180, "pread64", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A("buf", BUF_OUT), A("count", SIZE), OFF64("pos", 3)),
	ROW(181, "pwrite64", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("buf", BUF_IN, 2), A("count", SIZE), OFF64("pos", 3)),
	ROW(182, "chown", GRP_FILE, INT, CHOWN, A("path", PATH), UID16("owner"), UID16("group")),
	ROW(186, "sigaltstack", GRP_SIGNAL, INT, NONE, A_LAYOUT("ss", IN, layout_stack32), A_LAYOUT("old_ss", OUT, layout_stack32)),
	ROW_WAIT(187, "sendfile", GRP_DESC | GRP_IO, SIZE, TRANSFER, WAITS(SEND, 0, -EAGAIN), A("out_fd", FD), A("in_fd", FD), A_LAYOUT("offset", INOUT, layout_off32), A("count", SIZE)),
	ROW(191, "ugetrlimit", GRP_PROC, INT, NONE, A_ENUM("resource", rlimit_resources), A_LAYOUT("rlim", OUT, layout_rlimit32)),
	ROW(192, "mmap2", GRP_MEM | GRP_DESC, HEX, MMAP, A("addr", PTR), A("length", SIZE), A_FLAGS("prot", prot_flags), A_FLAGS("flags", mmap_flags),
		A("fd", FD), A("offset", PAGES)),
	ROW(193, "truncate64", GRP_FILE, INT, TRUNCATE, A("path", PATH), OFF64("length", 1)),
	ROW(194, "ftruncate64", GRP_DESC, INT, TRUNCATE, A("fd", FD), OFF64("length", 1)),
	ROW(195, "stat64", GRP_FILE, INT, LOOKUP, A("path", PATH), A_LAYOUT("statbuf", OUT, layout_stat64_32)),
	ROW(196, "lstat64", GRP_FILE, INT, LOOKUP, A("path", PATH), A_LAYOUT("statbuf", OUT, layout_stat64_32)),
	ROW(197, "fstat64", GRP_DESC, INT, NONE, A("fd", FD), A_LAYOUT("statbuf", OUT, layout_stat64_32)),
	ROW(225, "readahead", GRP_DESC, INT, NONE, A("fd", FD), OFF64("offset", 1), A("count", SIZE)),
	ROW_USE_IF(240, "futex", GRP_WAIT | GRP_IPC, INT, FUTEX, futex_words, futex_waits, A("uaddr", PTR), A_FLAGS("op", futex_ops), A("val", UINT),
		{ "timeout", ARG_STRUCT_IN, .size = 8, .layout = &layout_timespec32, .by = 1, .choice = futex_timeout },
		A("uaddr2", PTR), A("val3", HEX)),
	ROW(245, "io_setup", GRP_IO, INT, NONE, A("nr_events", UINT), A("ctxp", PTR)),
	ROW_WAIT(247, "io_getevents", GRP_IO | GRP_WAIT, INT, IO_DONE, WAITS(TIMESPEC32, 4, 0), A("ctx", HEX), A("min_nr", LONG), A("nr", LONG), A_NEEDED_ARRAY("events", OUT, layout_io_event, 2),
		A_LAYOUT("timeout", IN, layout_timespec32)),
	ROW(248, "io_submit", GRP_IO, INT, IO_SUBMIT, A("ctx", HEX), A("nr", LONG), A_LEN("iocbpp", IOCBS_IN, 1)),
	ROW(250, "fadvise64", GRP_DESC, INT, NONE, A("fd", FD), OFF64("offset", 1), A("len", SIZE), A_ENUM("advice", fadvise_advice)),
	ROW(253, "lookup_dcookie", GRP_SYS, INT, NONE, PAIR("cookie", HEX, 0), A("buf", PTR), A("len", SIZE)),
	ROW(260, "timer_settime", GRP_TIME, INT, NONE, A("timerid", INT), A_FLAGS("flags", timer_flags), A_LAYOUT("new_value", IN, layout_itimerspec32),
		A_LAYOUT("old_value", OUT, layout_itimerspec32)),
	ROW(261, "timer_gettime", GRP_TIME, INT, NONE, A("timerid", INT), A_LAYOUT("curr_value", OUT, layout_itimerspec32)),
	ROW(264, "clock_settime", GRP_TIME, INT, NONE, A_CLOCK("clockid"), A_LAYOUT("tp", IN, layout_timespec32)),
	ROW(265, "clock_gettime", GRP_TIME, INT, CLOCK, A_CLOCK("clockid"), A_LAYOUT("tp", OUT, layout_timespec32)),
	ROW(266, "clock_getres", GRP_TIME, INT, CLOCK, A_CLOCK("clockid"), A_LAYOUT("res", OUT, layout_timespec32)),
	ROW(267, "clock_nanosleep", GRP_TIME | GRP_WAIT, INT, SLEEP, A_CLOCK("clockid"), A_FLAGS("flags", timer_flags), A_LAYOUT("req", IN, layout_timespec32),
		A("rem", PTR)),
	ROW(268, "statfs64", GRP_FILE, INT, LOOKUP, A("path", PATH), A("size", SIZE), A_LAYOUT("buf", OUT, layout_statfs64_32)),
	ROW(269, "fstatfs64", GRP_DESC, INT, NONE, A("fd", FD), A("size", SIZE), A_LAYOUT("buf", OUT, layout_statfs64_32)),
	ROW(271, "utimes", GRP_FILE, INT, UTIMES, A("path", PATH), A_LAYOUT("times", IN, layout_timevals32)),
	ROW(272, "fadvise64_64", GRP_DESC, INT, NONE, A("fd", FD), OFF64("offset", 1), OFF64("len", 3), A_ENUM("advice", fadvise_advice)),
	ROW_ASKS(277, "mq_open", GRP_IPC | GRP_DESC, FD, SPECIAL_FD, NULL, &question_returned, A("name", STR), A_FLAGS("oflag", open_flags), { "mode", ARG_MODE, .by = 1, .choice = mode_of_mq }, A_LAYOUT("attr", IN, layout_mq_attr32)),
	ROW(279, "mq_timedsend", GRP_IPC | GRP_IO | GRP_DESC, INT, MESSAGE, A("mqdes", FD), A_LEN("msg", BUF_IN, 2), A("msg_len", SIZE), A("msg_prio", UINT),
		A_LAYOUT("abs_timeout", IN, layout_timespec32)),
	ROW(280, "mq_timedreceive", GRP_IPC | GRP_IO | GRP_DESC, SIZE, MESSAGE, A("mqdes", FD), A("msg", BUF_OUT), A("msg_len", SIZE), A_LAYOUT("msg_prio", OUT, layout_int),
		A_LAYOUT("abs_timeout", IN, layout_timespec32)),
	ROW(282, "mq_getsetattr", GRP_IPC | GRP_DESC, INT, NONE, A("mqdes", FD), A_LAYOUT("new_attr", IN, layout_mq_attr32), A_LAYOUT("old_attr", OUT, layout_mq_attr32)),
	ROW(284, "waitid", GRP_PROC | GRP_WAIT, INT, WAIT, A_ENUM("which", waitid_which), A("pid", PID), A("infop", PTR), A_FLAGS("options", wait_options),
		A_LAYOUT("rusage", OUT, layout_rusage32)),
	ROW(299, "futimesat", GRP_FILE, INT, UTIMES, A("dirfd", DIRFD), A("path", PATH), A_LAYOUT("times", IN, layout_timevals32)),
	ROW_IF(300, "fstatat64", GRP_FILE, INT, LOOKUP, fstatat_by_name, A("dirfd", DIRFD), A("path", PATH), A_LAYOUT("statbuf", OUT, layout_stat64_32),
		A_FLAGS("flags", at_flags)),
	ROW_WAIT(308, "pselect6", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(TIMESPEC32_UNWRITTEN, 4, 0), A("nfds", INT), A_FD_SET("readfds"), A_FD_SET("writefds"),
		A_FD_SET("exceptfds"), A_LAYOUT("timeout", INOUT, layout_timespec32), A("sigmask", PTR)),
	ROW_WAIT(309, "ppoll", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(TIMESPEC32_UNWRITTEN, 2, 0), A_NEEDED_ARRAY("fds", INOUT, layout_pollfd, 1), A("nfds", UINT), A_LAYOUT("timeout", INOUT, layout_timespec32),
		A_LAYOUT("sigmask", IN, layout_sigset), A("sigsetsize", SIZE)),
	ROW(314, "sync_file_range", GRP_DESC, INT, SYNC, A("fd", FD), OFF64("offset", 1), OFF64("nbytes", 3), A_FLAGS("flags", sync_file_range_flags)),
	ROW(320, "utimensat", GRP_FILE, INT, UTIMES, A("dirfd", DIRFD), A("path", PATH), A_LAYOUT("times", IN, layout_timespecs32), A_FLAGS("flags", at_flags)),
	ROW(324, "fallocate", GRP_DESC, INT, FALLOCATE, A("fd", FD), A_FLAGS("mode", fallocate_modes), OFF64("offset", 2), OFF64("len", 4)),
	ROW(325, "timerfd_settime", GRP_DESC | GRP_TIME, INT, NONE, A("fd", FD), A_FLAGS("flags", timerfd_settime_flags), A_LAYOUT("new_value", IN, layout_itimerspec32),
		A_LAYOUT("old_value", OUT, layout_itimerspec32)),
	ROW(326, "timerfd_gettime", GRP_DESC | GRP_TIME, INT, NONE, A("fd", FD), A_LAYOUT("curr_value", OUT, layout_itimerspec32)),
	ROW(333, "preadv", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A_LEN("iov", IOVEC_OUT, 2), A("iovcnt", ULONG), OFF64("pos", 3)),
	ROW(334, "pwritev", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("iov", IOVEC_IN, 2), A("iovcnt", ULONG), OFF64("pos", 3)),
	ROW(335, "rt_tgsigqueueinfo", GRP_SIGNAL, INT, KILL, A("tgid", PID), A("tid", PID), A("sig", SIGNAL), A("info", PTR)),
	ROW_WAIT(337, "recvmmsg", GRP_NET | GRP_IO, INT, RECVMMSG, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A_LEN("msgvec", MMSGHDR_OUT, 2), A("vlen", UINT), A_FLAGS("flags", socket_msg_flags),
		A_LAYOUT("timeout", INOUT, layout_timespec32)),
	ROW(339, "fanotify_mark", GRP_DESC | GRP_FILE, INT, LOOKUP, A("fanotify_fd", FD), A_FLAGS("flags", fanotify_mark_flags), PAIR("mask", FLAGS, 2, .names = &fanotify_mask, .bits = 64), A("dirfd", DIRFD), A("path", PATH)),
	ROW_WAIT(378, "preadv2", GRP_DESC | GRP_IO, SIZE, READ, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A_LEN("iov", IOVEC_OUT, 2), A("iovcnt", ULONG), OFF64("pos", 3), A_FLAGS("flags", rwf_flags)),
	ROW_WAIT(379, "pwritev2", GRP_DESC | GRP_IO, SIZE, WRITE, WAITS(SEND, 0, -EAGAIN), A("fd", FD), A_LEN("iov", IOVEC_IN, 2), A("iovcnt", ULONG), OFF64("pos", 3), A_FLAGS("flags", rwf_flags)),
	ROW_WAIT(385, "io_pgetevents", GRP_IO | GRP_WAIT, INT, IO_DONE, WAITS(TIMESPEC32, 4, 0), A("ctx", HEX), A("min_nr", LONG), A("nr", LONG), A_NEEDED_ARRAY("events", OUT, layout_io_event, 2),
		A_LAYOUT("timeout", IN, layout_timespec32), A("sigmask", PTR)),
	ROW_WAIT(421, "rt_sigtimedwait_time64", GRP_SIGNAL | GRP_WAIT, INT, NONE, WAITS(TIMESPEC, 2, -EAGAIN), A_LAYOUT("set", IN, layout_sigset), A("info", PTR), A_LAYOUT("timeout", IN, layout_timespec),
		A("sigsetsize", SIZE)),
};
const struct syscall_family spec_i386 = { rows, ARRAY_SIZE(rows) };

/* x32's own numbers; those below 512 are x86-64's.  Structs of pointers are i386's. */
const struct shared_row x32_shared[] = {
	S(513, "rt_sigreturn"), S(514, "ioctl"), S(515, "readv"), S(516, "writev"), S(517, "recvfrom"), S(518, "sendmsg"), S(519, "recvmsg"), S(520, "execve"),
	S(521, "ptrace"), S(522, "rt_sigpending"), S(523, "rt_sigtimedwait"), S(524, "rt_sigqueueinfo"), S(526, "timer_create"), S(527, "mq_notify"),
	S(528, "kexec_load"), S(530, "set_robust_list"), S(531, "get_robust_list"), S(532, "vmsplice"), S(533, "move_pages"), S(534, "preadv"), S(535, "pwritev"),
	S(536, "rt_tgsigqueueinfo"), S(537, "recvmmsg"), S(538, "sendmmsg"), S(539, "process_vm_readv"), S(540, "process_vm_writev"), S(541, "setsockopt"),
	S(542, "getsockopt"), S(545, "execveat"), S(546, "preadv2"), S(547, "pwritev2"),
	{ 0, NULL, NULL }
};
const struct x32_row x32_as_i386[] = { { 512, 174 }, { 525, 186 }, { 529, 284 }, { 543, 245 }, { 544, 248 }, { 0, 0 } };

/*
 * socketcall(2): the call it stands for and how many words that takes.  accept, send and recv have none of their own on
 * i386.
 */
static const struct { uint16_t nr; uint8_t nwords; } socketcalls[] = {
	[1] = { 359, 3 }, [2] = { 361, 3 }, [3] = { 362, 3 }, [4] = { 363, 2 }, [5] = { 364, 3 }, [6] = { 367, 3 }, [7] = { 368, 3 }, [8] = { 360, 4 },
	[9] = { 369, 4 }, [10] = { 371, 4 }, [11] = { 369, 6 }, [12] = { 371, 6 }, [13] = { 373, 2 }, [14] = { 366, 5 }, [15] = { 365, 5 }, [16] = { 370, 3 },
	[17] = { 372, 3 }, [18] = { 364, 4 }, [19] = { 337, 5 }, [20] = { 345, 4 },
};

/*
 * ipc(2): the call and where it finds its arguments among (call, first, second, third, ptr, fifth).  Not here, so shown
 * as ipc: what takes or returns something through memory (SEMCTL, SEMTIMEDOP, SHMAT, MSGRCV of version 0).
 */
static const struct { uint32_t call; uint16_t nr; uint8_t from[5]; } ipc_direct[] = {
	{ 1, 420, { 1, 4, 2 } }, { 2, 393, { 1, 2, 3 } }, { 11, 400, { 1, 4, 2, 3 } }, { 13, 399, { 1, 2 } }, { 14, 402, { 1, 2, 4 } }, { 22, 398, { 4 } },
	{ 23, 395, { 1, 2, 3 } }, { 24, 396, { 1, 2, 4 } }, { 12 | 1 << 16, 401, { 1, 4, 2, 5, 3 } },
};

static void unwrap_memory(unsigned as, unsigned nwords, uint64_t addr, unsigned *nr, uint64_t args[6],
			  spec_read_words_fn *read, void *ctx)
{
	uint32_t words[6] = { 0 };

	if (!read(ctx, addr, nwords, words))
		return;		/* the call will fail with EFAULT; it is shown as it was made */
	*nr = as;
	for (unsigned i = 0; i < 6; i++)
		args[i] = words[i];
}

void spec_unwrap(unsigned *nr, uint64_t args[6], spec_read_words_fn *read, void *ctx)
{
	uint64_t direct[6] = { 0 };

	if (*nr == 82)
		unwrap_memory(142, 5, args[0], nr, args, read, ctx);
	else if (*nr == 90)
		unwrap_memory(90, 6, args[0], nr, args, read, ctx);
	else if (*nr == 102 && args[0] && args[0] < ARRAY_SIZE(socketcalls))
		unwrap_memory(socketcalls[args[0]].nr, socketcalls[args[0]].nwords, args[1], nr, args, read, ctx);
	for (unsigned i = 0; *nr == 117 && i < ARRAY_SIZE(ipc_direct); i++) {
		if (ipc_direct[i].call != args[0])
			continue;
		for (unsigned k = 0; k < 5; k++)
			direct[k] = ipc_direct[i].from[k] ? args[ipc_direct[i].from[k]] : 0;
		memcpy(args, direct, sizeof(direct));
		*nr = ipc_direct[i].nr;
	}
}
