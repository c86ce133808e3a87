/* SPDX-License-Identifier: MIT */
/* Descriptors: bytes in and out, duplication, readiness, and the kinds that have no name. */
#include "abi/rows.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

const struct names seek_whence = VALUE_SET(N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), V(3, "SEEK_DATA"), V(4, "SEEK_HOLE"));
static const struct names fcntl_cmds = VALUE_SET(
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), V(5, "F_GETLK"), V(6, "F_SETLK"), V(7, "F_SETLKW"), N(F_SETOWN), N(F_GETOWN),
	N(F_SETSIG), N(F_GETSIG), V(12, "F_GETLK64"), V(13, "F_SETLK64"), V(14, "F_SETLKW64"), N(F_SETOWN_EX), N(F_GETOWN_EX),
	V(17, "F_GETOWNER_UIDS"), N(F_OFD_GETLK), N(F_OFD_SETLK), N(F_OFD_SETLKW), N(F_SETLEASE), N(F_GETLEASE), N(F_NOTIFY), V(1027, "F_DUPFD_QUERY"),
	V(1028, "F_CREATED_QUERY"), V(1029, "F_CANCELLK"), N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ), N(F_GETPIPE_SZ), N(F_ADD_SEALS), N(F_GET_SEALS), V(1035, "F_GET_RW_HINT"),
	V(1036, "F_SET_RW_HINT"), V(1037, "F_GET_FILE_RW_HINT"), V(1038, "F_SET_FILE_RW_HINT"), V(1039, "F_GETDELEG"), V(1040, "F_SETDELEG"));
static const struct names close_range_flags = FLAG_SET(V(2, "CLOSE_RANGE_UNSHARE"), V(4, "CLOSE_RANGE_CLOEXEC"));
static const struct names splice_flags = FLAG_SET(N(SPLICE_F_MOVE), N(SPLICE_F_NONBLOCK), N(SPLICE_F_MORE),
						  N(SPLICE_F_GIFT));
const struct names rwf_flags = FLAG_SET(V(0x1, "RWF_HIPRI"), V(0x2, "RWF_DSYNC"), V(0x4, "RWF_SYNC"), V(0x8, "RWF_NOWAIT"), V(0x10, "RWF_APPEND"),
	V(0x20, "RWF_NOAPPEND"), V(0x40, "RWF_ATOMIC"), V(0x80, "RWF_DONTCACHE"), V(0x100, "RWF_NOSIGNAL"));
static const struct names flock_ops = FLAG_SET(N(LOCK_SH), N(LOCK_EX), N(LOCK_NB), N(LOCK_UN), V(32, "LOCK_MAND"));
const struct names fadvise_advice = VALUE_SET(N(POSIX_FADV_NORMAL), N(POSIX_FADV_RANDOM), N(POSIX_FADV_SEQUENTIAL), N(POSIX_FADV_WILLNEED),
	N(POSIX_FADV_DONTNEED), N(POSIX_FADV_NOREUSE));
const struct names sync_file_range_flags = FLAG_SET(V(1, "SYNC_FILE_RANGE_WAIT_BEFORE"), V(2, "SYNC_FILE_RANGE_WRITE"),
						    V(4, "SYNC_FILE_RANGE_WAIT_AFTER"));
static const struct names epoll_ops = VALUE_SET(N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD));
static const struct names epoll_create_flags = FLAG_SET(V(0x80000, "EPOLL_CLOEXEC"));
static const struct names eventfd_flags = FLAG_SET(V(1, "EFD_SEMAPHORE"), V(0x800, "EFD_NONBLOCK"),
						   V(0x80000, "EFD_CLOEXEC"));
static const struct names signalfd_flags = FLAG_SET(V(0x800, "SFD_NONBLOCK"), V(0x80000, "SFD_CLOEXEC"));
static const struct names timerfd_flags = FLAG_SET(V(0x800, "TFD_NONBLOCK"), V(0x80000, "TFD_CLOEXEC"));
const struct names timerfd_settime_flags = FLAG_SET(V(1, "TFD_TIMER_ABSTIME"), V(2, "TFD_TIMER_CANCEL_ON_SET"));
static const struct names inotify_flags = FLAG_SET(V(0x800, "IN_NONBLOCK"), V(0x80000, "IN_CLOEXEC"));
static const struct names inotify_mask = FLAG_SET(
	N(IN_ALL_EVENTS), N(IN_ACCESS), N(IN_MODIFY), N(IN_ATTRIB), N(IN_CLOSE_WRITE), N(IN_CLOSE_NOWRITE), N(IN_OPEN), N(IN_MOVED_FROM), N(IN_MOVED_TO),
	N(IN_CREATE), N(IN_DELETE), N(IN_DELETE_SELF), N(IN_MOVE_SELF), N(IN_UNMOUNT), N(IN_Q_OVERFLOW), N(IN_IGNORED), N(IN_ONLYDIR), N(IN_DONT_FOLLOW),
	N(IN_EXCL_UNLINK), V(0x10000000, "IN_MASK_CREATE"), N(IN_MASK_ADD), N(IN_ISDIR), N(IN_ONESHOT));
static const struct names fanotify_init_flags = FIELD_SET(0xc,
	V(0, "FAN_CLASS_NOTIF"), V(4, "FAN_CLASS_CONTENT"), V(8, "FAN_CLASS_PRE_CONTENT"), V(0x1, "FAN_CLOEXEC"), V(0x2, "FAN_NONBLOCK"),
	V(0x10, "FAN_UNLIMITED_QUEUE"), V(0x20, "FAN_UNLIMITED_MARKS"), V(0x40, "FAN_ENABLE_AUDIT"), V(0x80, "FAN_REPORT_PIDFD"), V(0x100, "FAN_REPORT_TID"),
	V(0x200, "FAN_REPORT_FID"), V(0x400, "FAN_REPORT_DIR_FID"), V(0x800, "FAN_REPORT_NAME"), V(0x1000, "FAN_REPORT_TARGET_FID"),
	V(0x2000, "FAN_REPORT_FD_ERROR"), V(0x4000, "FAN_REPORT_MNT"));
const struct names fanotify_mark_flags = FLAG_SET(
	V(0x1, "FAN_MARK_ADD"), V(0x2, "FAN_MARK_REMOVE"), V(0x4, "FAN_MARK_DONT_FOLLOW"), V(0x8, "FAN_MARK_ONLYDIR"), V(0x110, "FAN_MARK_MNTNS"),
	V(0x10, "FAN_MARK_MOUNT"), V(0x20, "FAN_MARK_IGNORED_MASK"), V(0x40, "FAN_MARK_IGNORED_SURV_MODIFY"), V(0x80, "FAN_MARK_FLUSH"),
	V(0x100, "FAN_MARK_FILESYSTEM"), V(0x200, "FAN_MARK_EVICTABLE"), V(0x400, "FAN_MARK_IGNORE"));
const struct names fanotify_mask = FLAG_SET(
	V(0x1, "FAN_ACCESS"), V(0x2, "FAN_MODIFY"), V(0x4, "FAN_ATTRIB"), V(0x8, "FAN_CLOSE_WRITE"), V(0x10, "FAN_CLOSE_NOWRITE"), V(0x20, "FAN_OPEN"),
	V(0x40, "FAN_MOVED_FROM"), V(0x80, "FAN_MOVED_TO"), V(0x100, "FAN_CREATE"), V(0x200, "FAN_DELETE"), V(0x400, "FAN_DELETE_SELF"),
	V(0x800, "FAN_MOVE_SELF"), V(0x1000, "FAN_OPEN_EXEC"), V(0x4000, "FAN_Q_OVERFLOW"), V(0x8000, "FAN_FS_ERROR"), V(0x10000, "FAN_OPEN_PERM"), V(0x20000, "FAN_ACCESS_PERM"),
	V(0x40000, "FAN_OPEN_EXEC_PERM"), V(0x100000, "FAN_PRE_ACCESS"), V(0x1000000, "FAN_MNT_ATTACH"), V(0x2000000, "FAN_MNT_DETACH"),
	V(0x8000000, "FAN_EVENT_ON_CHILD"), V(0x10000000, "FAN_RENAME"), V(0x40000000, "FAN_ONDIR"));
static const struct names io_uring_enter_flags = FLAG_SET(V(0x1, "IORING_ENTER_GETEVENTS"), V(0x2, "IORING_ENTER_SQ_WAKEUP"), V(0x4, "IORING_ENTER_SQ_WAIT"),
	V(0x8, "IORING_ENTER_EXT_ARG"), V(0x10, "IORING_ENTER_REGISTERED_RING"), V(0x20, "IORING_ENTER_ABS_TIMER"), V(0x40, "IORING_ENTER_EXT_ARG_REG"),
	V(0x80, "IORING_ENTER_NO_IOWAIT"));
static const struct names io_uring_register_ops = VALUE_SET(
	V(0, "IORING_REGISTER_BUFFERS"), V(1, "IORING_UNREGISTER_BUFFERS"), V(2, "IORING_REGISTER_FILES"), V(3, "IORING_UNREGISTER_FILES"),
	V(4, "IORING_REGISTER_EVENTFD"), V(5, "IORING_UNREGISTER_EVENTFD"), V(6, "IORING_REGISTER_FILES_UPDATE"), V(7, "IORING_REGISTER_EVENTFD_ASYNC"),
	V(8, "IORING_REGISTER_PROBE"), V(9, "IORING_REGISTER_PERSONALITY"), V(10, "IORING_UNREGISTER_PERSONALITY"), V(11, "IORING_REGISTER_RESTRICTIONS"),
	V(12, "IORING_REGISTER_ENABLE_RINGS"), V(13, "IORING_REGISTER_FILES2"), V(14, "IORING_REGISTER_FILES_UPDATE2"), V(15, "IORING_REGISTER_BUFFERS2"),
	V(16, "IORING_REGISTER_BUFFERS_UPDATE"), V(17, "IORING_REGISTER_IOWQ_AFF"), V(18, "IORING_UNREGISTER_IOWQ_AFF"),
	V(19, "IORING_REGISTER_IOWQ_MAX_WORKERS"), V(20, "IORING_REGISTER_RING_FDS"), V(21, "IORING_UNREGISTER_RING_FDS"), V(22, "IORING_REGISTER_PBUF_RING"),
	V(23, "IORING_UNREGISTER_PBUF_RING"), V(24, "IORING_REGISTER_SYNC_CANCEL"), V(25, "IORING_REGISTER_FILE_ALLOC_RANGE"),
	V(26, "IORING_REGISTER_PBUF_STATUS"), V(27, "IORING_REGISTER_NAPI"), V(28, "IORING_UNREGISTER_NAPI"), V(29, "IORING_REGISTER_CLOCK"),
	V(30, "IORING_REGISTER_CLONE_BUFFERS"), V(31, "IORING_REGISTER_SEND_MSG_RING"), V(32, "IORING_REGISTER_ZCRX_IFQ"), V(33, "IORING_REGISTER_RESIZE_RINGS"),
	V(34, "IORING_REGISTER_MEM_REGION"), V(35, "IORING_REGISTER_QUERY"));
/* What changes the files of an io_uring, or the rings that a thread has registered. */
static const struct arg_cond registers_files = {
	.arg = 1, .mask = 0x7fffffff /* IORING_REGISTER_USE_REGISTERED_RING */, .nvals = 7, .vals = { 2, 3, 6, 13, 14, 20, 21 },
};
/* An index among the thread's registered rings: IORING_ENTER_REGISTERED_RING, IORING_REGISTER_USE_REGISTERED_RING. */
static const struct arg_choice ring_entered[] = { { 0x10, 0x10, A("fd", INT) }, { 0 } };
static const struct arg_choice ring_by_index[] = { { 0x80000000, 0x80000000, A("fd", INT) }, { 0 } };
/*
 * An array of descriptors of IORING_REGISTER_FILES (2), and of it alone; of IORING_REGISTER_RING_FDS and
 * IORING_UNREGISTER_RING_FDS what was done: so many as the call returned.
 */
static const struct arg_choice ring_arg[] = { { 0x7ffffffe, 20, A_NEEDED_ARRAY("arg", OUT, layout_io_uring_rsrc_update, 3) }, { ~0u, 0, A("arg", PTR) }, { 1, 1, A("arg", PTR) }, { 4, 4, A("arg", PTR) }, { 8, 8, A("arg", PTR) },
	{ 16, 16, A("arg", PTR) }, { 32, 32, A("arg", PTR) }, { 0 } };
static const struct names userfaultfd_flags = FLAG_SET(V(1, "UFFD_USER_MODE_ONLY"), V(0x800, "O_NONBLOCK"),
						       V(0x80000, "O_CLOEXEC"));
static const struct names perf_flags = FLAG_SET(V(1, "PERF_FLAG_FD_NO_GROUP"), V(2, "PERF_FLAG_FD_OUTPUT"),
						V(4, "PERF_FLAG_PID_CGROUP"), V(8, "PERF_FLAG_FD_CLOEXEC"));

/*
 * Of ioctl only what changes descriptors: FIOCLEX and FIONCLEX, and the requests that return one.  In the order of the
 * headers: TIOCGPTPEER, TUNGETDEVNETNS, SIOCGSKNS, USERFAULTFD_IOC_NEW; NS_GET_USERNS, NS_GET_PARENT, NS_MNT_GET_NEXT,
 * NS_MNT_GET_PREV (linux/nsfs.h, 6.12); KVM_CREATE_VM, KVM_CREATE_VCPU, KVM_GET_STATS_FD; UDMABUF_CREATE,
 * UDMABUF_CREATE_LIST; VFIO_GROUP_GET_DEVICE_FD; PIDFD_GET_CGROUP_NAMESPACE … PIDFD_GET_UTS_NAMESPACE (linux/pidfd.h,
 * 6.11).
 */
#define IOCTLS_NEWFD \
	0x5441, 0x54e3, 0x894c, 0xaa00, 0xb701, 0xb702, 0x8010b70b, 0x8010b70c, 0xae01, 0xae41, 0xaece, 0x40187542, \
		0x40087543, 0x3b6a, 0xff01, 0xff02, 0xff03, 0xff04, 0xff05, 0xff06, 0xff07, 0xff08, 0xff09, 0xff0a
static const struct arg_cond ioctl_newfd = { .arg = 1, .mask = ~0u, .nvals = 24, .vals = { IOCTLS_NEWFD } };
static const struct arg_cond ioctl_changes = {
	.arg = 1, .mask = ~0u, .nvals = 26, .vals = { 0x5451, 0x5450, IOCTLS_NEWFD }
};
static const struct fd_question ioctl_question = { ASK_RETURNED, &ioctl_newfd };
static const struct names fd_flags = FLAG_SET(N(FD_CLOEXEC));
static const struct names seals = FLAG_SET(V(0x1, "F_SEAL_SEAL"), V(0x2, "F_SEAL_SHRINK"), V(0x4, "F_SEAL_GROW"), V(0x8, "F_SEAL_WRITE"),
	V(0x10, "F_SEAL_FUTURE_WRITE"), V(0x20, "F_SEAL_EXEC"));
static const struct names lock_types = VALUE_SET(N(F_RDLCK), N(F_WRLCK), N(F_UNLCK));
static const struct names notify_events = FLAG_SET(N(DN_ACCESS), N(DN_MODIFY), N(DN_CREATE), N(DN_DELETE), N(DN_RENAME),
						   N(DN_ATTRIB), V(0x80000000, "DN_MULTISHOT"));
static const struct arg_choice fcntl_args[] = {
	{ ~0u, F_GETFD, ABSENT }, { ~0u, F_GETFL, ABSENT }, { ~0u, F_GETOWN, ABSENT }, { ~0u, F_GETSIG, ABSENT }, { ~0u, F_GETLEASE, ABSENT },
	{ ~0u, F_GETPIPE_SZ, ABSENT }, { ~0u, F_GET_SEALS, ABSENT }, { ~0u, F_DUPFD, A("minfd", INT) }, { ~0u, F_DUPFD_CLOEXEC, A("minfd", INT) },
	{ ~0u, F_SETFD, A_FLAGS("flags", fd_flags) }, { ~0u, F_SETFL, A_FLAGS("flags", open_flags) }, { ~0u, F_SETOWN, A("owner", PID) },
	{ ~0u, F_SETSIG, A("sig", SIGNAL) }, { ~0u, F_SETPIPE_SZ, A("size", SIZE) }, { ~0u, F_ADD_SEALS, A_FLAGS("seals", seals) },
	{ ~0u, F_SETLEASE, A_ENUM("type", lock_types) }, { ~0u, F_NOTIFY, A_FLAGS("events", notify_events) }, { 0 } };

/* Of fcntl only what changes the descriptor table, and what waits for a lock (14: F_SETLKW64 of i386). */
static const struct arg_cond fcntl_changes = {
	.arg = 1, .mask = ~0u, .nvals = 6, .vals = { F_DUPFD, F_DUPFD_CLOEXEC, F_SETFD, F_SETLKW, 14, 38 /* F_OFD_SETLKW */ }
};

/* Deleting takes no event, though Linux before 2.6.9 wanted an address. */
static const struct arg_choice epoll_event_of[] = { { ~0u, EPOLL_CTL_DEL, A("event", PTR) }, { 0 } };

/* Forms that return at once are not traced by default: timeout 0, LOCK_NB, nothing to wait for. */
static const struct arg_cond poll_waits = { .arg = 2, .mask = ~0u, .nvals = 1, .vals = { 0 }, .invert = true };
static const struct arg_cond epoll_waits = { .arg = 3, .mask = ~0u, .nvals = 1, .vals = { 0 }, .invert = true };
static const struct arg_cond flock_waits = { .arg = 1, .mask = 4 /* LOCK_NB */, .nvals = 1, .vals = { 0 } };

static const struct syscall_row rows[] = {
	ROW_WAIT(0, "read", GRP_DESC | GRP_IO, SIZE, READ, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A("buf", BUF_OUT), A("count", SIZE)),
	ROW_WAIT(1, "write", GRP_DESC | GRP_IO, SIZE, WRITE, WAITS(SEND, 0, -EAGAIN), A("fd", FD), A_LEN("buf", BUF_IN, 2), A("count", SIZE)),
	ROW(3, "close", GRP_DESC, INT, CLOSE, A("fd", FD)),
	ROW_IF(7, "poll", GRP_DESC | GRP_WAIT, INT, POLL, poll_waits, A_NEEDED_ARRAY("fds", INOUT, layout_pollfd, 1), A("nfds", UINT), A("timeout", INT)),
	ROW(8, "lseek", GRP_DESC, INT, SEEK, A("fd", FD), A("offset", OFF), A_ENUM("whence", seek_whence)),
	ROW_ASKS(16, "ioctl", GRP_DESC, INT, IOCTL, &ioctl_changes, &ioctl_question, A("fd", FD), { "cmd", ARG_IOCTL, .names = &ioctl_cmds }, A("arg", HEX)),
	ROW(17, "pread64", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A("buf", BUF_OUT), A("count", SIZE), A("pos", OFF)),
	ROW(18, "pwrite64", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("buf", BUF_IN, 2), A("count", SIZE), A("pos", OFF)),
	ROW_WAIT(19, "readv", GRP_DESC | GRP_IO, SIZE, READ, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A_LEN("iov", IOVEC_OUT, 2), A("iovcnt", ULONG)),
	ROW_WAIT(20, "writev", GRP_DESC | GRP_IO, SIZE, WRITE, WAITS(SEND, 0, -EAGAIN), A("fd", FD), A_LEN("iov", IOVEC_IN, 2), A("iovcnt", ULONG)),
	ROW(22, "pipe", GRP_DESC, INT, PIPE, A("fds", FDPAIR_OUT)),
	ROW_WAIT(23, "select", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(TIMEVAL_UNWRITTEN, 4, 0), A("nfds", INT), A_FD_SET("readfds"), A_FD_SET("writefds"),
		A_FD_SET("exceptfds"), A_LAYOUT("timeout", INOUT, layout_timeval)),
	ROW(32, "dup", GRP_DESC, FD, DUP, A("oldfd", FD)),
	ROW(33, "dup2", GRP_DESC, FD, DUP, A("oldfd", FD), A("newfd", FD)),
	ROW_WAIT(40, "sendfile", GRP_DESC | GRP_IO, SIZE, TRANSFER, WAITS(SEND, 0, -EAGAIN), A("out_fd", FD), A("in_fd", FD), A_LAYOUT("offset", INOUT, layout_off), A("count", SIZE)),
	ROW_IF(72, "fcntl", GRP_DESC, INT, FCNTL, fcntl_changes, A("fd", FD), A_ENUM("cmd", fcntl_cmds),
		{ "arg", ARG_HEX, .by = 1, .choice = fcntl_args }),
	ROW_IF(73, "flock", GRP_DESC | GRP_WAIT, INT, LOCK, flock_waits, A("fd", FD), A_FLAGS("op", flock_ops)),
	ROW(74, "fsync", GRP_DESC, INT, SYNC, A("fd", FD)),
	ROW(75, "fdatasync", GRP_DESC, INT, SYNC, A("fd", FD)),
	ROW(78, "getdents", GRP_DESC, SIZE, DIR, A("fd", FD), A("dirp", PTR), A("count", UINT)),
	ROW(162, "sync", GRP_SYS, INT, SYNC),
	ROW(187, "readahead", GRP_DESC, INT, NONE, A("fd", FD), A("offset", OFF), A("count", SIZE)),
	ROW(206, "io_setup", GRP_IO, INT, NONE, A("nr_events", UINT), A_LAYOUT("ctxp", OUT, layout_ptr)),
	ROW(207, "io_destroy", GRP_IO, INT, NONE, A("ctx", HEX)),
	ROW_WAIT(208, "io_getevents", GRP_IO | GRP_WAIT, INT, IO_DONE, WAITS(TIMESPEC, 4, 0), A("ctx", HEX), A("min_nr", LONG), A("nr", LONG), A_NEEDED_ARRAY("events", OUT, layout_io_event, 2),
		A_LAYOUT("timeout", IN, layout_timespec)),
	ROW(209, "io_submit", GRP_IO, INT, IO_SUBMIT, A("ctx", HEX), A("nr", LONG), A_LEN("iocbpp", IOCBS_IN, 1)),
	ROW(210, "io_cancel", GRP_IO, INT, NONE, A("ctx", HEX), A("iocb", PTR), A_LAYOUT("result", OUT, layout_io_event)),
	ROW(213, "epoll_create", GRP_DESC, FD, SPECIAL_FD, A("size", INT)),
	ROW(214, "epoll_ctl_old", GRP_DESC, INT, NONE),
	ROW(215, "epoll_wait_old", GRP_DESC, INT, NONE),
	ROW(217, "getdents64", GRP_DESC, SIZE, DIR, A("fd", FD), A("dirp", PTR), A("count", UINT)),
	ROW(221, "fadvise64", GRP_DESC, INT, NONE, A("fd", FD), A("offset", OFF), A("len", SIZE), A_ENUM("advice", fadvise_advice)),
	ROW_WAIT_IF(232, "epoll_wait", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(MS, 3, 0), epoll_waits, A("epfd", FD), A_NEEDED_ARRAY("events", OUT, layout_epoll_event, 2), A("maxevents", INT), A("timeout", INT)),
	ROW(233, "epoll_ctl", GRP_DESC, INT, POLL, A("epfd", FD), A_ENUM("op", epoll_ops), A("fd", FD), { "event", ARG_STRUCT_IN, .size = layout_epoll_event_size, .layout = &layout_epoll_event, .needed = true, .by = 1, .choice = epoll_event_of }),
	ROW(253, "inotify_init", GRP_DESC, FD, SPECIAL_FD),
	ROW(254, "inotify_add_watch", GRP_DESC | GRP_FILE, INT, LOOKUP, A("fd", FD), A("path", PATH), A_FLAGS("mask", inotify_mask)),
	ROW(255, "inotify_rm_watch", GRP_DESC, INT, NONE, A("fd", FD), A("wd", INT)),
	ROW_WAIT(270, "pselect6", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(TIMESPEC_UNWRITTEN, 4, 0), A("nfds", INT), A_FD_SET("readfds"), A_FD_SET("writefds"),
		A_FD_SET("exceptfds"), A_LAYOUT("timeout", INOUT, layout_timespec), A("sigmask", PTR)),
	ROW_WAIT(271, "ppoll", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(TIMESPEC_UNWRITTEN, 2, 0), A_NEEDED_ARRAY("fds", INOUT, layout_pollfd, 1), A("nfds", UINT), A_LAYOUT("timeout", INOUT, layout_timespec),
		A_LAYOUT("sigmask", IN, layout_sigset), A("sigsetsize", SIZE)),
	ROW_WAIT(275, "splice", GRP_DESC | GRP_IO, SIZE, TRANSFER, WAITS(SPLICE, 0, -EAGAIN), A("fd_in", FD), A_LAYOUT("off_in", INOUT, layout_off), A("fd_out", FD),
		A_LAYOUT("off_out", INOUT, layout_off), A("len", SIZE), A_FLAGS("flags", splice_flags)),
	ROW(276, "tee", GRP_DESC | GRP_IO, SIZE, TRANSFER, A("fd_in", FD), A("fd_out", FD), A("len", SIZE), A_FLAGS("flags", splice_flags)),
	ROW(277, "sync_file_range", GRP_DESC, INT, SYNC, A("fd", FD), A("offset", OFF), A("nbytes", OFF), A_FLAGS("flags", sync_file_range_flags)),
	ROW(278, "vmsplice", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("iov", IOVEC_IN, 2), A("nr_segs", ULONG), A_FLAGS("flags", splice_flags)),
	ROW_WAIT_IF(281, "epoll_pwait", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(MS, 3, 0), epoll_waits, A("epfd", FD), A_NEEDED_ARRAY("events", OUT, layout_epoll_event, 2), A("maxevents", INT), A("timeout", INT),
		A_LAYOUT("sigmask", IN, layout_sigset), A("sigsetsize", SIZE)),
	ROW(282, "signalfd", GRP_DESC | GRP_SIGNAL, FD, SPECIAL_FD, A("fd", INT), A_LAYOUT("mask", IN, layout_sigset), A("sizemask", SIZE)),
	ROW(283, "timerfd_create", GRP_DESC | GRP_TIME, FD, SPECIAL_FD, A_CLOCK("clockid"), A_FLAGS("flags", timerfd_flags)),
	ROW(284, "eventfd", GRP_DESC, FD, SPECIAL_FD, A("initval", UINT)),
	ROW(286, "timerfd_settime", GRP_DESC | GRP_TIME, INT, NONE, A("fd", FD), A_FLAGS("flags", timerfd_settime_flags), A_LAYOUT("new_value", IN, layout_itimerspec),
		A_LAYOUT("old_value", OUT, layout_itimerspec)),
	ROW(287, "timerfd_gettime", GRP_DESC | GRP_TIME, INT, NONE, A("fd", FD), A_LAYOUT("curr_value", OUT, layout_itimerspec)),
	ROW(289, "signalfd4", GRP_DESC | GRP_SIGNAL, FD, SPECIAL_FD, A("fd", INT), A_LAYOUT("mask", IN, layout_sigset), A("sizemask", SIZE),
		A_FLAGS("flags", signalfd_flags)),
	ROW(290, "eventfd2", GRP_DESC, FD, SPECIAL_FD, A("initval", UINT), A_FLAGS("flags", eventfd_flags)),
	ROW(291, "epoll_create1", GRP_DESC, FD, SPECIAL_FD, A_FLAGS("flags", epoll_create_flags)),
	ROW(292, "dup3", GRP_DESC, FD, DUP, A("oldfd", FD), A("newfd", FD), A_FLAGS("flags", open_bits)),
	ROW(293, "pipe2", GRP_DESC, INT, PIPE, A("fds", FDPAIR_OUT), A_FLAGS("flags", open_bits)),
	ROW(294, "inotify_init1", GRP_DESC, FD, SPECIAL_FD, A_FLAGS("flags", inotify_flags)),
	ROW(295, "preadv", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A_LEN("iov", IOVEC_OUT, 2), A("iovcnt", ULONG), A("pos", OFF), HOLE /* pos_high */),
	ROW(296, "pwritev", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("iov", IOVEC_IN, 2), A("iovcnt", ULONG), A("pos", OFF), HOLE),
	ROW(298, "perf_event_open", GRP_DESC | GRP_SYS, FD, SPECIAL_FD, A("attr", PTR), A("pid", PID), A("cpu", INT), A("group_fd", FD), A_FLAGS64("flags", perf_flags)),
	ROW_ASKS(300, "fanotify_init", GRP_DESC, FD, SPECIAL_FD, NULL, &question_returned, A_FLAGS("flags", fanotify_init_flags), A_FLAGS("event_f_flags", open_flags)),
	ROW(301, "fanotify_mark", GRP_DESC | GRP_FILE, INT, LOOKUP, A("fanotify_fd", FD), A_FLAGS("flags", fanotify_mark_flags), A_FLAGS64("mask", fanotify_mask),
		A("dirfd", DIRFD), A("path", PATH)),
	ROW(306, "syncfs", GRP_DESC, INT, SYNC, A("fd", FD)),
	ROW(323, "userfaultfd", GRP_DESC | GRP_MEM, FD, SPECIAL_FD, A_FLAGS("flags", userfaultfd_flags)),
	ROW(326, "copy_file_range", GRP_DESC | GRP_IO, SIZE, TRANSFER, A("fd_in", FD), A_LAYOUT("off_in", INOUT, layout_off), A("fd_out", FD),
		A_LAYOUT("off_out", INOUT, layout_off), A("len", SIZE), A_BITS("flags", HEX, 32)),
	ROW_WAIT(327, "preadv2", GRP_DESC | GRP_IO, SIZE, READ, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A_LEN("iov", IOVEC_OUT, 2), A("iovcnt", ULONG), A("pos", OFF), HOLE,
		A_FLAGS("flags", rwf_flags)),
	ROW_WAIT(328, "pwritev2", GRP_DESC | GRP_IO, SIZE, WRITE, WAITS(SEND, 0, -EAGAIN), A("fd", FD), A_LEN("iov", IOVEC_IN, 2), A("iovcnt", ULONG), A("pos", OFF), HOLE,
		A_FLAGS("flags", rwf_flags)),
	ROW_WAIT(333, "io_pgetevents", GRP_IO | GRP_WAIT, INT, IO_DONE, WAITS(TIMESPEC, 4, 0), A("ctx", HEX), A("min_nr", LONG), A("nr", LONG), A_NEEDED_ARRAY("events", OUT, layout_io_event, 2),
		A_LAYOUT("timeout", IN, layout_timespec), A("sigmask", PTR)),
	ROW_CLOEXEC(425, "io_uring_setup", GRP_DESC | GRP_IO, FD, SPECIAL_FD, A("entries", UINT), A_NEEDED("params", INOUT, layout_io_uring_params)),
	ROW_WAIT(426, "io_uring_enter", GRP_DESC | GRP_IO | GRP_WAIT, INT, IO_URING, WAITS(IO_URING, 3, -ETIME), { .name = "fd", .type = ARG_FD, .by = 3, .choice = ring_entered }, A("to_submit", UINT), A("min_complete", UINT),
		A_FLAGS("flags", io_uring_enter_flags), A("arg", PTR), A("argsz", SIZE)),
	ROW_MORE(427, "io_uring_register", GRP_DESC | GRP_IO, INT, RING_FILES, .when = &registers_files, { .name = "fd", .type = ARG_FD, .by = 1, .choice = ring_by_index }, A_ENUM("opcode", io_uring_register_ops),
		{ .name = "arg", .type = ARG_ARRAY_IN, .size = layout_int_size, .layout = &layout_int, .len = 3, .needed = true, .by = 1, .choice = ring_arg }, A("nr_args", UINT)),
	ROW(436, "close_range", GRP_DESC, INT, CLOSE_RANGE, A("fd", UINT), A("max_fd", UINT), A_FLAGS("flags", close_range_flags)),
	ROW_CLOEXEC(438, "pidfd_getfd", GRP_DESC | GRP_PROC, FD, PIDFD_GETFD, A("pidfd", FD), A("targetfd", INT), A_BITS("flags", HEX, 32)),
	ROW_WAIT(441, "epoll_pwait2", GRP_DESC | GRP_WAIT, INT, POLL, WAITS(TIMESPEC, 3, 0), A("epfd", FD), A_NEEDED_ARRAY("events", OUT, layout_epoll_event, 2), A("maxevents", INT),
		A_LAYOUT("timeout", IN, layout_timespec), A_LAYOUT("sigmask", IN, layout_sigset), A("sigsetsize", SIZE)),
	ROW(451, "cachestat", GRP_DESC, INT, NONE, A("fd", FD), A_LAYOUT("range", IN, layout_cachestat_range), A_LAYOUT("cstat", OUT, layout_cachestat), A_BITS("flags", HEX, 32)),
};
const struct syscall_family spec_io = { rows, ARRAY_SIZE(rows) };
