/* SPDX-License-Identifier: MIT */
#include "abi/names.h"

#include <fcntl.h>
#include <linux/mman.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

const struct name_val *names_entry(const struct names *names, uint64_t val)
{
	for (const struct name_val *v = names ? names->v : NULL; v && v->name; v++)
		if (v->val == val)
			return v;
	return NULL;
}

const char *names_find(const struct names *names, uint64_t val)
{
	const struct name_val *v = names_entry(names, val);

	return v ? v->name : NULL;
}

void names_split(const struct names *names, uint64_t val, struct names_split *ret)
{
	uint64_t mask = names ? names->mask : 0, field = val & mask, rest = val & ~mask;
	const char *name = names_find(names, field);

	ret->n = 0;
	/* A field that is zero and has no name for it says nothing; without a field, zero may have a name. */
	if (name && (mask || !val))
		ret->names[ret->n++] = name;
	ret->field = name ? 0 : field;
	for (const struct name_val *v = names ? names->v : NULL; rest && v && v->name; v++) {
		if (!(v->val & ~mask) || (rest & v->val) != v->val)
			continue;
		ret->names[ret->n++] = v->name;
		rest &= ~v->val;
	}
	ret->mode = names ? rest & names->octal : 0;
	ret->rest = rest - ret->mode;
}

/* Of struct iocb: linux/aio_abi.h. */
const struct names iocb_commands = VALUE_SET(V(0, "IOCB_CMD_PREAD"), V(1, "IOCB_CMD_PWRITE"), V(2, "IOCB_CMD_FSYNC"), V(3, "IOCB_CMD_FDSYNC"),
	V(5, "IOCB_CMD_POLL"), V(6, "IOCB_CMD_NOOP"), V(7, "IOCB_CMD_PREADV"), V(8, "IOCB_CMD_PWRITEV"));

const struct names file_types = FIELD_SET(S_IFMT, N(S_IFSOCK), N(S_IFLNK), N(S_IFREG), N(S_IFBLK), N(S_IFDIR),
					  N(S_IFCHR), N(S_IFIFO));

/* O_SYNC and O_TMPFILE contain the bits of O_DSYNC and O_DIRECTORY, so they come first. */
#define OPEN_BITS \
	N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC), N(O_APPEND), N(O_NONBLOCK), N(O_SYNC), N(O_DSYNC), N(O_ASYNC), \
		N(O_DIRECT), V(0100000, "O_LARGEFILE"), N(O_TMPFILE), N(O_DIRECTORY), N(O_NOFOLLOW), N(O_NOATIME), \
		N(O_CLOEXEC), N(O_PATH)
const struct names open_flags = FIELD_SET(O_ACCMODE, N(O_RDONLY), N(O_WRONLY), N(O_RDWR), OPEN_BITS);
const struct names open_bits = FLAG_SET(OPEN_BITS);

#define AT_BITS \
	N(AT_SYMLINK_NOFOLLOW), N(AT_SYMLINK_FOLLOW), N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH), V(0x2000, "AT_STATX_FORCE_SYNC"), \
		V(0x4000, "AT_STATX_DONT_SYNC"), V(0x8000, "AT_RECURSIVE")
const struct names at_flags = FLAG_SET(AT_BITS);
const struct names execveat_flags = FLAG_SET(AT_BITS, V(0x10000, "AT_EXECVE_CHECK"));

const struct names prot_flags = FLAG_SET(
	N(PROT_NONE), N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), V(8, "PROT_SEM"), N(PROT_GROWSDOWN), N(PROT_GROWSUP));

/* MAP_32BIT and the rest are x86's; the page size of MAP_HUGETLB sits in the top six bits. */
const struct names mmap_flags = FIELD_SET(0xf,
	N(MAP_SHARED), N(MAP_PRIVATE), V(3, "MAP_SHARED_VALIDATE"), V(8, "MAP_DROPPABLE"), N(MAP_FIXED), N(MAP_ANONYMOUS),
	N(MAP_32BIT), V(0x80, "MAP_ABOVE4G"), N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_EXECUTABLE), N(MAP_LOCKED), N(MAP_NORESERVE), N(MAP_POPULATE),
	N(MAP_NONBLOCK), N(MAP_STACK), N(MAP_HUGETLB), N(MAP_SYNC), V(0x100000, "MAP_FIXED_NOREPLACE"));

#define CLONE_BITS \
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND), V(0x1000, "CLONE_PIDFD"), N(CLONE_PTRACE), \
		N(CLONE_VFORK), N(CLONE_PARENT), N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM), N(CLONE_SETTLS), \
		N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID), N(CLONE_DETACHED), N(CLONE_UNTRACED), \
		N(CLONE_CHILD_SETTID), N(CLONE_NEWCGROUP), N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), \
		N(CLONE_NEWPID), N(CLONE_NEWNET), N(CLONE_IO), V(0x100000000, "CLONE_CLEAR_SIGHAND"), \
		V(0x200000000, "CLONE_INTO_CGROUP")
#define EXIT_SIGNALS \
	V(1, "SIGHUP"), V(2, "SIGINT"), V(3, "SIGQUIT"), V(9, "SIGKILL"), V(10, "SIGUSR1"), V(12, "SIGUSR2"), \
		V(13, "SIGPIPE"), V(14, "SIGALRM"), V(15, "SIGTERM"), V(17, "SIGCHLD"), V(18, "SIGCONT"), \
		V(19, "SIGSTOP"), V(23, "SIGURG"), V(28, "SIGWINCH"), V(29, "SIGIO")
/* The low byte of clone's flags is the signal sent at exit. */
const struct names clone_flags = FIELD_SET(0xff, EXIT_SIGNALS, CLONE_BITS);
#define NAMESPACES V(0x80, "CLONE_NEWTIME"), N(CLONE_NEWNS), N(CLONE_NEWCGROUP), N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID), N(CLONE_NEWNET)
const struct names namespace_flags = FLAG_SET(NAMESPACES);
const struct names unshare_flags = FLAG_SET(NAMESPACES, N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND),
					    N(CLONE_THREAD), N(CLONE_SYSVSEM));
/* For clone3 one of those bits means a namespace. */
const struct names clone_bits = FLAG_SET(V(0x80, "CLONE_NEWTIME"), CLONE_BITS);

const struct names socket_families = VALUE_SET(
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_AX25), N(AF_IPX), N(AF_APPLETALK), N(AF_NETROM), N(AF_BRIDGE), N(AF_ATMPVC),
	N(AF_X25), N(AF_INET6), N(AF_ROSE), N(AF_DECnet), N(AF_NETBEUI), N(AF_SECURITY), N(AF_KEY), N(AF_NETLINK), N(AF_PACKET),
	N(AF_ASH), N(AF_ECONET), N(AF_ATMSVC), N(AF_RDS), N(AF_SNA), N(AF_IRDA), N(AF_PPPOX), N(AF_WANPIPE), N(AF_LLC), N(AF_IB),
	N(AF_MPLS), N(AF_CAN), N(AF_TIPC), N(AF_BLUETOOTH), N(AF_IUCV), N(AF_RXRPC), N(AF_ISDN), N(AF_PHONET), N(AF_IEEE802154),
	N(AF_CAIF), N(AF_ALG), N(AF_NFC), N(AF_VSOCK), N(AF_KCM), N(AF_QIPCRTR), N(AF_SMC), N(AF_XDP), V(45, "AF_MCTP"));

const struct names socket_types = FIELD_SET(0xf,
	N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_RAW), N(SOCK_RDM), N(SOCK_SEQPACKET), N(SOCK_DCCP), N(SOCK_PACKET),
	N(SOCK_NONBLOCK), N(SOCK_CLOEXEC));

const struct names clock_ids = VALUE_SET(
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID), N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW), N(CLOCK_REALTIME_COARSE),
	N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME), N(CLOCK_REALTIME_ALARM), N(CLOCK_BOOTTIME_ALARM), N(CLOCK_TAI));

const struct names quota_types = VALUE_SET(V(0, "USRQUOTA"), V(1, "GRPQUOTA"), V(2, "PRJQUOTA"));
const struct names quotactl_cmds = VALUE_SET(V(0x800001, "Q_SYNC"), V(0x800002, "Q_QUOTAON"), V(0x800003, "Q_QUOTAOFF"), V(0x800004, "Q_GETFMT"),
	V(0x800005, "Q_GETINFO"), V(0x800006, "Q_SETINFO"), V(0x800007, "Q_GETQUOTA"), V(0x800008, "Q_SETQUOTA"), V(0x800009, "Q_GETNEXTQUOTA"),
	V(0x5801, "Q_XQUOTAON"), V(0x5802, "Q_XQUOTAOFF"), V(0x5803, "Q_XGETQUOTA"), V(0x5804, "Q_XSETQLIM"), V(0x5805, "Q_XGETQSTAT"), V(0x5806, "Q_XQUOTARM"),
	V(0x5807, "Q_XQUOTASYNC"), V(0x5808, "Q_XGETQSTATV"), V(0x5809, "Q_XGETNEXTQUOTA"));

const struct names ptrace_events = VALUE_SET(V(1, "PTRACE_EVENT_FORK"), V(2, "PTRACE_EVENT_VFORK"), V(3, "PTRACE_EVENT_CLONE"), V(4, "PTRACE_EVENT_EXEC"),
	V(5, "PTRACE_EVENT_VFORK_DONE"), V(6, "PTRACE_EVENT_EXIT"), V(7, "PTRACE_EVENT_SECCOMP"), V(128, "PTRACE_EVENT_STOP"));
