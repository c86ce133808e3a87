/* SPDX-License-Identifier: MIT */
#include "abi/layout.h"

#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <utime.h>

#include "abi/names.h"
#include "base/macro.h"

/* A field as the headers have it; at an offset; one value that is the whole struct; a struct in a struct. */
#define F(type_, field_, as_) { #field_, offsetof(type_, field_), sizeof(((type_ *)0)->field_), ARG_##as_ }
#define FN(type_, field_, as_, set_) { #field_, offsetof(type_, field_), sizeof(((type_ *)0)->field_), ARG_##as_, &set_ }
#define AT(name_, off_, size_, as_) { name_, off_, size_, ARG_##as_ }
#define AT_N(name_, off_, size_, as_, set_) { name_, off_, size_, ARG_##as_, &set_ }
#define FN_AFTER(type_, field_, as_, set_) { #field_, offsetof(type_, field_), sizeof(((type_ *)0)->field_), ARG_##as_, &set_, .after = true }
#define AT_AFTER(name_, off_, size_, as_) { name_, off_, size_, ARG_##as_, .after = true }
#define SUB(name_, off_, layout_) { name_, off_, layout_##_size, ARG_STRUCT_IN, NULL, &layout_ }
#define LAYOUT(name_, ...) \
	const struct layout layout_##name_ = { .size = layout_##name_##_size, \
					       .fields = (const struct field[]){ __VA_ARGS__, { .type = ARG_NONE } } }
#define LAYOUT_OR(name_, shorter_, ...) \
	const struct layout layout_##name_ = { .size = layout_##name_##_size, \
					       .shorter = &shorter_, \
					       .fields = (const struct field[]){ __VA_ARGS__, { .type = ARG_NONE } } }
#define LIST(name_, ...) \
	const struct layout layout_##name_ = { .size = layout_##name_##_size, \
					       .form = LAYOUT_LIST, \
					       .fields = (const struct field[]){ __VA_ARGS__, { .type = ARG_NONE } } }
#define SET(name_, form_) const struct layout layout_##name_ = { .size = layout_##name_##_size, .form = LAYOUT_##form_ }

static const struct names poll_events = FLAG_SET(V(0x1, "POLLIN"), V(0x2, "POLLPRI"), V(0x4, "POLLOUT"), V(0x8, "POLLERR"), V(0x10, "POLLHUP"), V(0x20, "POLLNVAL"),
	V(0x40, "POLLRDNORM"), V(0x80, "POLLRDBAND"), V(0x100, "POLLWRNORM"), V(0x200, "POLLWRBAND"), V(0x400, "POLLMSG"), V(0x2000, "POLLRDHUP"));
static const struct names epoll_events = FLAG_SET(V(0x1, "EPOLLIN"), V(0x2, "EPOLLPRI"), V(0x4, "EPOLLOUT"), V(0x8, "EPOLLERR"), V(0x10, "EPOLLHUP"),
	V(0x40, "EPOLLRDNORM"), V(0x80, "EPOLLRDBAND"), V(0x100, "EPOLLWRNORM"), V(0x200, "EPOLLWRBAND"), V(0x400, "EPOLLMSG"), V(0x2000, "EPOLLRDHUP"),
	V(1u << 28, "EPOLLEXCLUSIVE"), V(1u << 29, "EPOLLWAKEUP"), V(1u << 30, "EPOLLONESHOT"), V(1u << 31, "EPOLLET"));
static const struct names resolve_flags = FLAG_SET(V(1, "RESOLVE_NO_XDEV"), V(2, "RESOLVE_NO_MAGICLINKS"), V(4, "RESOLVE_NO_SYMLINKS"), V(8, "RESOLVE_BENEATH"),
	V(0x10, "RESOLVE_IN_ROOT"), V(0x20, "RESOLVE_CACHED"));
static const struct names sa_flags = FLAG_SET(V(1, "SA_NOCLDSTOP"), V(2, "SA_NOCLDWAIT"), V(4, "SA_SIGINFO"), V(0x400, "SA_UNSUPPORTED"), V(0x800, "SA_EXPOSE_TAGBITS"),
	V(0x04000000, "SA_RESTORER"), V(0x08000000, "SA_ONSTACK"), V(0x10000000, "SA_RESTART"), V(0x40000000, "SA_NODEFER"), V(0x80000000, "SA_RESETHAND"));
static const struct names infinity = VALUE_SET(V(~0ull, "RLIM_INFINITY"));
static const struct names utime_nsec = VALUE_SET(N(UTIME_NOW), N(UTIME_OMIT));
static const struct names signal_handlers = VALUE_SET(V(0, "SIG_DFL"), V(1, "SIG_IGN"));
static const struct names ss_flags = FLAG_SET(V(1, "SS_ONSTACK"), V(2, "SS_DISABLE"), V(0x80000000, "SS_AUTODISARM"));

LAYOUT(int, AT(NULL, 0, 4, INT));
LAYOUT(uid, AT(NULL, 0, 4, UID));
LAYOUT(uid16, AT(NULL, 0, 2, UID));
LAYOUT(u64, AT(NULL, 0, 8, HEX));
LAYOUT(off, AT(NULL, 0, 8, OFF));
LAYOUT(ptr, AT(NULL, 0, 8, PTR));
LAYOUT(timespec, F(struct timespec, tv_sec, LONG), F(struct timespec, tv_nsec, LONG));
static const struct layout layout_utimespec = { .size = 16, .fields = (const struct field[]){ F(struct timespec, tv_sec, LONG),
	FN(struct timespec, tv_nsec, LONG, utime_nsec), { .type = ARG_NONE } } };
enum { layout_utimespec_size = 16 };
LAYOUT(timespecs, SUB("atime", 0, layout_utimespec), SUB("mtime", 16, layout_utimespec));
LAYOUT_OR(timeval, layout_timeval32, F(struct timeval, tv_sec, LONG), F(struct timeval, tv_usec, LONG));
LAYOUT(timevals, SUB("atime", 0, layout_timeval), SUB("mtime", 16, layout_timeval));
LAYOUT(itimerspec, SUB("it_interval", 0, layout_timespec), SUB("it_value", 16, layout_timespec));
LAYOUT(itimerval, SUB("it_interval", 0, layout_timeval), SUB("it_value", 16, layout_timeval));
LAYOUT(timezone, F(struct timezone, tz_minuteswest, INT), F(struct timezone, tz_dsttime, INT));
LAYOUT(utimbuf, F(struct utimbuf, actime, LONG), F(struct utimbuf, modtime, LONG));
LAYOUT(tms, F(struct tms, tms_utime, LONG), F(struct tms, tms_stime, LONG), F(struct tms, tms_cutime, LONG), F(struct tms, tms_cstime, LONG));
LAYOUT(stat, F(struct stat, st_dev, DEV), F(struct stat, st_ino, ULONG), FN(struct stat, st_mode, MODE, file_types), F(struct stat, st_nlink, ULONG),
	F(struct stat, st_uid, UID), F(struct stat, st_gid, UID), F(struct stat, st_rdev, DEV), F(struct stat, st_size, OFF), F(struct stat, st_blocks, LONG));
LAYOUT(statx, F(struct statx, stx_mask, HEX), AT_N("stx_mode", 28, 2, MODE, file_types), F(struct statx, stx_nlink, UINT), F(struct statx, stx_uid, UID),
	F(struct statx, stx_gid, UID), F(struct statx, stx_ino, ULONG), F(struct statx, stx_size, ULONG), F(struct statx, stx_blocks, ULONG));
LAYOUT(statfs, F(struct statfs, f_type, HEX), F(struct statfs, f_bsize, LONG), F(struct statfs, f_blocks, ULONG), F(struct statfs, f_bfree, ULONG),
	F(struct statfs, f_bavail, ULONG), F(struct statfs, f_files, ULONG), F(struct statfs, f_ffree, ULONG), F(struct statfs, f_namelen, LONG));
LAYOUT(pollfd, F(struct pollfd, fd, FD), FN(struct pollfd, events, FLAGS, poll_events), FN_AFTER(struct pollfd, revents, FLAGS, poll_events));
static const struct names io_uring_setup_flags = { .v = (const struct name_val[]){
	{ 1, "IORING_SETUP_IOPOLL" }, { 2, "IORING_SETUP_SQPOLL" }, { 4, "IORING_SETUP_SQ_AFF" }, { 8, "IORING_SETUP_CQSIZE" }, { 0x10, "IORING_SETUP_CLAMP" },
	{ 0x20, "IORING_SETUP_ATTACH_WQ" }, { 0x40, "IORING_SETUP_R_DISABLED" }, { 0x80, "IORING_SETUP_SUBMIT_ALL" }, { 0x100, "IORING_SETUP_COOP_TASKRUN" },
	{ 0x200, "IORING_SETUP_TASKRUN_FLAG" }, { 0x400, "IORING_SETUP_SQE128" }, { 0x800, "IORING_SETUP_CQE32" }, { 0x1000, "IORING_SETUP_SINGLE_ISSUER" },
	{ 0x2000, "IORING_SETUP_DEFER_TASKRUN" }, { 0x4000, "IORING_SETUP_NO_MMAP" }, { 0x8000, "IORING_SETUP_REGISTERED_FD_ONLY" },
	{ 0x10000, "IORING_SETUP_NO_SQARRAY" }, { 0x20000, "IORING_SETUP_HYBRID_IOPOLL" }, { 0x40000, "IORING_SETUP_CQE_MIXED" }, { 0 } } };
LAYOUT(io_uring_params, AT_AFTER("sq_entries", 0, 4, UINT), AT("cq_entries", 4, 4, UINT), AT_N("flags", 8, 4, FLAGS, io_uring_setup_flags), AT("sq_thread_cpu", 12, 4, UINT),
	AT("sq_thread_idle", 16, 4, UINT), AT_AFTER("features", 20, 4, HEX), AT("wq_fd", 24, 4, FD));
LAYOUT(io_uring_rsrc_update, AT("offset", 0, 4, UINT), AT("data", 8, 8, ULONG));
LAYOUT(epoll_event, FN(struct epoll_event, events, FLAGS, epoll_events), AT("data", 4, 8, HEX));
SET(cpu_set, CPU_SET);
SET(sigset, SIGNAL_SET);
/* The kernel's, not libc's: handler, flags, restorer, mask. */
LAYOUT(sigaction, AT_N("sa_handler", 0, 8, PTR, signal_handlers), AT_N("sa_flags", 8, 8, FLAGS, sa_flags), AT("sa_restorer", 16, 8, PTR), SUB("sa_mask", 24, layout_sigset));
/* What follows the code depends on it, and on the signal (sigaction(2)). */
#define SIGINFO_OF(name_, codes_, ...) \
	static const struct layout siginfo_##name_ = { .size = 128, \
						       .fields = (const struct field[]){ \
							       AT("si_signo", 0, 4, SIGNAL), \
							       AT_N("si_code", 8, 4, LONG, codes_), \
							       __VA_ARGS__, \
							       { .type = ARG_NONE } } }
#define SIGINFO(name_, ...) SIGINFO_OF(name_, si_codes, __VA_ARGS__)
static const struct names si_codes = VALUE_SET(V(0, "SI_USER"), V(0x80, "SI_KERNEL"), V(~0ull, "SI_QUEUE"), V(~1ull, "SI_TIMER"), V(~2ull, "SI_MESGQ"),
	V(~3ull, "SI_ASYNCIO"), V(~4ull, "SI_SIGIO"), V(~5ull, "SI_TKILL"));
SIGINFO(plain, AT("si_errno", 4, 4, INT));
SIGINFO(sender, AT("si_pid", 16, 4, PID), AT("si_uid", 20, 4, UID));
SIGINFO(queued, AT("si_pid", 16, 4, PID), AT("si_uid", 20, 4, UID), AT("si_value", 24, 8, HEX));
static const struct names child_codes = VALUE_SET(V(1, "CLD_EXITED"), V(2, "CLD_KILLED"), V(3, "CLD_DUMPED"),
						  V(4, "CLD_TRAPPED"), V(5, "CLD_STOPPED"), V(6, "CLD_CONTINUED"));
SIGINFO_OF(child, child_codes, AT("si_pid", 16, 4, PID), AT("si_uid", 20, 4, UID), AT("si_status", 24, 4, INT));
SIGINFO(timer, AT("si_timerid", 16, 4, INT), AT("si_overrun", 20, 4, INT), AT("si_value", 24, 8, HEX));
SIGINFO(fault, AT("si_addr", 16, 8, PTR));
SIGINFO(io, AT("si_band", 16, 8, LONG), AT("si_fd", 24, 4, FD));
SET(siginfo, SIGINFO);
LAYOUT(stack, F(stack_t, ss_sp, PTR), FN(stack_t, ss_flags, FLAGS, ss_flags), F(stack_t, ss_size, SIZE));
LAYOUT(rlimit, FN(struct rlimit, rlim_cur, ULONG, infinity), FN(struct rlimit, rlim_max, ULONG, infinity));
LAYOUT(rusage, SUB("ru_utime", 0, layout_timeval), SUB("ru_stime", 16, layout_timeval), F(struct rusage, ru_maxrss, LONG), F(struct rusage, ru_minflt, LONG),
	F(struct rusage, ru_majflt, LONG), F(struct rusage, ru_nvcsw, LONG), F(struct rusage, ru_nivcsw, LONG));
LAYOUT(utsname, F(struct utsname, sysname, STR), F(struct utsname, nodename, STR), F(struct utsname, release, STR), F(struct utsname, version, STR),
	F(struct utsname, machine, STR));
LAYOUT(sysinfo, F(struct sysinfo, uptime, LONG), F(struct sysinfo, totalram, ULONG), F(struct sysinfo, freeram, ULONG), F(struct sysinfo, totalswap, ULONG),
	F(struct sysinfo, freeswap, ULONG), F(struct sysinfo, procs, UINT), F(struct sysinfo, mem_unit, UINT));
LAYOUT(open_how, FN(struct open_how, flags, FLAGS, open_flags), F(struct open_how, mode, MODE), FN(struct open_how, resolve, FLAGS, resolve_flags));
LAYOUT(clone_args, FN(struct clone_args, flags, FLAGS, clone_bits), F(struct clone_args, pidfd, PTR), F(struct clone_args, child_tid, PTR),
	F(struct clone_args, parent_tid, PTR), F(struct clone_args, exit_signal, SIGNAL), F(struct clone_args, stack, PTR), F(struct clone_args, stack_size, SIZE),
	F(struct clone_args, tls, PTR), AT("set_tid", 64, 8, PTR), AT("set_tid_size", 72, 8, SIZE), AT("cgroup", 80, 8, FD));
SET(wstatus, WAIT_STATUS);
LAYOUT(sched_attr, AT("size", 0, 4, UINT), AT("sched_policy", 4, 4, UINT), AT("sched_flags", 8, 8, HEX), AT("sched_nice", 16, 4, INT), AT("sched_priority", 20, 4, UINT),
	AT("sched_runtime", 24, 8, ULONG), AT("sched_deadline", 32, 8, ULONG), AT("sched_period", 40, 8, ULONG));
LAYOUT(cap_header, AT("version", 0, 4, HEX), AT("pid", 4, 4, PID));
LAYOUT(cap_data, AT("effective", 0, 4, HEX), AT("permitted", 4, 4, HEX), AT("inheritable", 8, 4, HEX), AT("effective_high", 12, 4, HEX), AT("permitted_high", 16, 4, HEX),
	AT("inheritable_high", 20, 4, HEX));
static const struct names sem_flags = FLAG_SET(V(0x1000, "SEM_UNDO"), V(04000, "IPC_NOWAIT"));
LAYOUT(sembuf, AT("sem_num", 0, 2, UINT), AT("sem_op", 2, 2, INT), AT_N("sem_flg", 4, 2, FLAGS, sem_flags));
LAYOUT(mq_attr, F(struct mq_attr, mq_flags, HEX), F(struct mq_attr, mq_maxmsg, LONG), F(struct mq_attr, mq_msgsize, LONG), F(struct mq_attr, mq_curmsgs, LONG));
LAYOUT(futex_waitv, AT("val", 0, 8, ULONG), AT("uaddr", 8, 8, PTR), AT("flags", 16, 4, HEX));
LAYOUT(io_event, F(struct io_event, data, HEX), F(struct io_event, obj, PTR), F(struct io_event, res, LONG), F(struct io_event, res2, LONG));
LAYOUT(file_handle, AT("handle_bytes", 0, 4, UINT), AT_AFTER("handle_type", 4, 4, INT));
LAYOUT(mount_attr, AT("attr_set", 0, 8, HEX), AT("attr_clr", 8, 8, HEX), AT("propagation", 16, 8, HEX), AT("userns_fd", 24, 8, FD));
LAYOUT(mnt_id_req, AT("size", 0, 4, UINT), AT("mnt_id", 8, 8, HEX), AT("param", 16, 8, HEX));
LAYOUT(ns_id_req, AT("size", 0, 4, UINT), AT("ns_id", 8, 8, HEX), AT_N("ns_type", 16, 4, FLAGS, clone_bits), AT("user_ns_id", 24, 8, HEX));
LAYOUT(xattr_args, AT("value", 0, 8, PTR), AT("size", 8, 4, UINT), AT("flags", 12, 4, HEX));
LAYOUT(file_attr, AT("fa_xflags", 0, 8, HEX), AT("fa_extsize", 8, 4, UINT), AT("fa_nextents", 12, 4, UINT), AT("fa_projid", 16, 4, UINT),
	AT("fa_cowextsize", 20, 4, UINT));
LAYOUT(cachestat_range, AT("off", 0, 8, ULONG), AT("len", 8, 8, ULONG));
LAYOUT(cachestat, AT("nr_cache", 0, 8, ULONG), AT("nr_dirty", 8, 8, ULONG), AT("nr_writeback", 16, 8, ULONG), AT("nr_evicted", 24, 8, ULONG),
	AT("nr_recently_evicted", 32, 8, ULONG));

/* Values of socket options. */
SET(string, STRING);
SET(bytes, BYTES);
SET(sockaddr, SOCKADDR);
LAYOUT(uint, AT(NULL, 0, 4, UINT));
LIST(uints, AT(NULL, 0, 4, UINT));
LIST(uids, AT(NULL, 0, 4, UID));
LAYOUT_OR(rate, layout_uint, AT(NULL, 0, 8, ULONG));
LAYOUT(linger, AT("l_onoff", 0, 4, INT), AT("l_linger", 4, 4, INT));
LAYOUT(ucred, AT("pid", 0, 4, PID), AT("uid", 4, 4, UID), AT("gid", 8, 4, UID));
LAYOUT_OR(sock_fprog, layout_sock_fprog32, AT("len", 0, 2, UINT), AT("filter", 8, 8, PTR));
static const struct names timestamping = FLAG_SET(V(1, "SOF_TIMESTAMPING_TX_HARDWARE"), V(2, "SOF_TIMESTAMPING_TX_SOFTWARE"), V(4, "SOF_TIMESTAMPING_RX_HARDWARE"),
	V(8, "SOF_TIMESTAMPING_RX_SOFTWARE"), V(0x10, "SOF_TIMESTAMPING_SOFTWARE"), V(0x20, "SOF_TIMESTAMPING_SYS_HARDWARE"), V(0x40, "SOF_TIMESTAMPING_RAW_HARDWARE"),
	V(0x80, "SOF_TIMESTAMPING_OPT_ID"), V(0x100, "SOF_TIMESTAMPING_TX_SCHED"), V(0x200, "SOF_TIMESTAMPING_TX_ACK"), V(0x400, "SOF_TIMESTAMPING_OPT_CMSG"),
	V(0x800, "SOF_TIMESTAMPING_OPT_TSONLY"));
static const struct layout timestamping_flags = {
	.size = 4, .fields = (const struct field[]){ AT_N(NULL, 0, 4, FLAGS, timestamping), { .type = ARG_NONE } }
};
LAYOUT_OR(timestamping, timestamping_flags, AT_N("flags", 0, 4, FLAGS, timestamping), AT("bind_phc", 4, 4, INT));
LAYOUT(txtime, AT_N("clockid", 0, 4, ENUM, clock_ids), AT("flags", 4, 4, HEX));
LAYOUT(in_addr, AT(NULL, 0, 4, IPV4));
LAYOUT_OR(ip_mreq, layout_in_addr, AT("imr_multiaddr", 0, 4, IPV4), AT("imr_interface", 4, 4, IPV4));
LAYOUT_OR(ip_mreqn, layout_ip_mreq, AT("imr_multiaddr", 0, 4, IPV4), AT("imr_address", 4, 4, IPV4), AT("imr_ifindex", 8, 4, INT));
LAYOUT(ip_mreq_source, AT("imr_multiaddr", 0, 4, IPV4), AT("imr_interface", 4, 4, IPV4), AT("imr_sourceaddr", 8, 4, IPV4));
LAYOUT(ipv6_mreq, AT("ipv6mr_multiaddr", 0, 16, IPV6), AT("ipv6mr_interface", 16, 4, INT));
LAYOUT(in6_pktinfo, AT("ipi6_addr", 0, 16, IPV6), AT("ipi6_ifindex", 16, 4, INT));
LAYOUT(ip6_mtuinfo, AT("ip6m_addr", 8, 16, IPV6), AT("ip6m_mtu", 28, 4, UINT));
LAYOUT(icmp_filter, AT(NULL, 0, 4, HEX));
static const struct names tcp_states = VALUE_SET(V(1, "TCP_ESTABLISHED"), V(2, "TCP_SYN_SENT"), V(3, "TCP_SYN_RECV"), V(4, "TCP_FIN_WAIT1"), V(5, "TCP_FIN_WAIT2"),
	V(6, "TCP_TIME_WAIT"), V(7, "TCP_CLOSE"), V(8, "TCP_CLOSE_WAIT"), V(9, "TCP_LAST_ACK"), V(10, "TCP_LISTEN"), V(11, "TCP_CLOSING"), V(12, "TCP_NEW_SYN_RECV"));
LAYOUT(tcp_info, AT_N("tcpi_state", 0, 1, ENUM, tcp_states), AT("tcpi_retransmits", 2, 1, UINT), AT("tcpi_rto", 8, 4, UINT), AT("tcpi_snd_mss", 16, 4, UINT),
	AT("tcpi_rcv_mss", 20, 4, UINT), AT("tcpi_unacked", 24, 4, UINT), AT("tcpi_lost", 32, 4, UINT), AT("tcpi_rtt", 68, 4, UINT), AT("tcpi_rttvar", 72, 4, UINT),
	AT("tcpi_snd_cwnd", 80, 4, UINT), AT("tcpi_total_retrans", 100, 4, UINT));

/* i386 (arch/x86/include/asm/compat.h, include/linux/compat.h). */
LAYOUT(sock_fprog32, AT("len", 0, 2, UINT), AT("filter", 4, 4, PTR));
LAYOUT(off32, AT(NULL, 0, 4, OFF));
LAYOUT(timespec32, AT("tv_sec", 0, 4, INT), AT("tv_nsec", 4, 4, INT));
LAYOUT(timespecs32, SUB("atime", 0, layout_timespec32), SUB("mtime", 8, layout_timespec32));
LAYOUT(timeval32, AT("tv_sec", 0, 4, INT), AT("tv_usec", 4, 4, INT));
LAYOUT(timevals32, SUB("atime", 0, layout_timeval32), SUB("mtime", 8, layout_timeval32));
LAYOUT(itimerspec32, SUB("it_interval", 0, layout_timespec32), SUB("it_value", 8, layout_timespec32));
LAYOUT(itimerval32, SUB("it_interval", 0, layout_timeval32), SUB("it_value", 8, layout_timeval32));
LAYOUT(utimbuf32, AT("actime", 0, 4, INT), AT("modtime", 4, 4, INT));
LAYOUT(tms32, AT("tms_utime", 0, 4, INT), AT("tms_stime", 4, 4, INT), AT("tms_cutime", 8, 4, INT), AT("tms_cstime", 12, 4, INT));
LAYOUT(stat32, AT("st_dev", 0, 4, DEV), AT("st_ino", 4, 4, UINT), AT_N("st_mode", 8, 2, MODE, file_types), AT("st_nlink", 10, 2, UINT), AT("st_uid", 12, 2, UINT),
	AT("st_gid", 14, 2, UINT), AT("st_rdev", 16, 4, DEV), AT("st_size", 20, 4, UINT), AT("st_blocks", 28, 4, UINT));
LAYOUT(stat64_32, AT("st_dev", 0, 8, DEV), AT_N("st_mode", 16, 4, MODE, file_types), AT("st_nlink", 20, 4, UINT), AT("st_uid", 24, 4, UID), AT("st_gid", 28, 4, UID),
	AT("st_rdev", 32, 8, DEV), AT("st_size", 44, 8, OFF), AT("st_blocks", 56, 8, LONG), AT("st_ino", 88, 8, ULONG));
LAYOUT(statfs32, AT("f_type", 0, 4, HEX), AT("f_bsize", 4, 4, INT), AT("f_blocks", 8, 4, UINT), AT("f_bfree", 12, 4, UINT), AT("f_bavail", 16, 4, UINT),
	AT("f_files", 20, 4, UINT), AT("f_ffree", 24, 4, UINT), AT("f_namelen", 36, 4, INT));
LAYOUT(statfs64_32, AT("f_type", 0, 4, HEX), AT("f_bsize", 4, 4, INT), AT("f_blocks", 8, 8, ULONG), AT("f_bfree", 16, 8, ULONG), AT("f_bavail", 24, 8, ULONG),
	AT("f_files", 32, 8, ULONG), AT("f_ffree", 40, 8, ULONG), AT("f_namelen", 56, 4, INT));
static const struct names infinity32 = VALUE_SET(V(~0u, "RLIM_INFINITY"));
LAYOUT(rlimit32, AT_N("rlim_cur", 0, 4, ULONG, infinity32), AT_N("rlim_max", 4, 4, ULONG, infinity32));
LAYOUT(rusage32, SUB("ru_utime", 0, layout_timeval32), SUB("ru_stime", 8, layout_timeval32), AT("ru_maxrss", 16, 4, INT), AT("ru_minflt", 32, 4, INT),
	AT("ru_majflt", 36, 4, INT), AT("ru_nvcsw", 64, 4, INT), AT("ru_nivcsw", 68, 4, INT));
LAYOUT(sigaction32, AT_N("sa_handler", 0, 4, PTR, signal_handlers), AT_N("sa_flags", 4, 4, FLAGS, sa_flags), AT("sa_restorer", 8, 4, PTR), SUB("sa_mask", 12, layout_sigset));
LAYOUT(old_sigaction32, AT_N("sa_handler", 0, 4, PTR, signal_handlers), SUB("sa_mask", 4, layout_old_sigset32), AT_N("sa_flags", 8, 4, FLAGS, sa_flags), AT("sa_restorer", 12, 4, PTR));
SET(old_sigset32, SIGNAL_SET);
LAYOUT(stack32, AT("ss_sp", 0, 4, PTR), AT_N("ss_flags", 4, 4, FLAGS, ss_flags), AT("ss_size", 8, 4, SIZE));
LAYOUT(sysinfo32, AT("uptime", 0, 4, INT), AT("totalram", 16, 4, UINT), AT("freeram", 20, 4, UINT), AT("totalswap", 32, 4, UINT), AT("freeswap", 36, 4, UINT),
	AT("procs", 40, 2, UINT), AT("mem_unit", 52, 4, UINT));
LAYOUT(mq_attr32, AT("mq_flags", 0, 4, HEX), AT("mq_maxmsg", 4, 4, INT), AT("mq_msgsize", 8, 4, INT), AT("mq_curmsgs", 12, 4, INT));

bool field_is_signed(const struct field *f)
{
	return f->type == ARG_INT || f->type == ARG_LONG || f->type == ARG_OFF || f->type == ARG_FD ||
	       f->type == ARG_PID;
}

uint64_t field_word(const struct field *f, const char *bytes)
{
	unsigned shift = 64 - 8 * MIN(f->size, 8u);
	uint64_t word = 0;

	memcpy(&word, bytes + f->off, MIN(f->size, 8u));
	return field_is_signed(f) ? (uint64_t)((int64_t)(word << shift) >> shift) : word;
}

const struct layout *layout_by_length(const struct layout *layout, uint32_t len)
{
	while (layout->shorter && len <= layout->shorter->size)
		layout = layout->shorter;
	return layout;
}

bool layout_answers(const struct layout *layout)
{
	const struct field *f = layout->form ? NULL : layout->fields;

	while (f && f->type != ARG_NONE && !f->after)
		f++;
	return f && f->type != ARG_NONE;
}

const struct layout *layout_of_siginfo(const char *bytes, uint32_t len)
{
	int32_t si[3] = { 0 };		/* signal, errno, code */

	memcpy(si, bytes, MIN(len, sizeof(si)));
	if (si[2] == SI_TIMER)
		return &siginfo_timer;
	if (si[2] == SI_QUEUE || si[2] == SI_MESGQ)
		return &siginfo_queued;
	if (si[2] == SI_USER || si[2] == SI_TKILL)
		return &siginfo_sender;
	if (si[2] <= 0 || si[2] == SI_KERNEL)
		return &siginfo_plain;
	switch (si[0]) {
	case SIGCHLD:
		return &siginfo_child;
	case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGTRAP: case SIGSYS:
		return &siginfo_fault;
	case SIGIO:
		return &siginfo_io;
	default:
		return &siginfo_plain;
	}
}
