/* Descriptors: bytes in and out, duplication, waiting for readiness. */
#include "abi/rows.h"

#include <fcntl.h>
#include <unistd.h>

static const struct names seek_whence = VALUE_SET(N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), V(3, "SEEK_DATA"), V(4, "SEEK_HOLE"));
static const struct names fcntl_cmds = VALUE_SET(
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK), N(F_SETLK), N(F_SETLKW), N(F_SETOWN), N(F_GETOWN),
	N(F_SETSIG), N(F_GETSIG), N(F_SETOWN_EX), N(F_GETOWN_EX), V(17, "F_GETOWNER_UIDS"), N(F_OFD_GETLK), N(F_OFD_SETLK),
	N(F_OFD_SETLKW), N(F_SETLEASE), N(F_GETLEASE), N(F_NOTIFY), V(1027, "F_DUPFD_QUERY"), V(1028, "F_CREATED_QUERY"),
	N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ), N(F_GETPIPE_SZ), N(F_ADD_SEALS), N(F_GET_SEALS), V(1035, "F_GET_RW_HINT"),
	V(1036, "F_SET_RW_HINT"), V(1037, "F_GET_FILE_RW_HINT"), V(1038, "F_SET_FILE_RW_HINT"));
static const struct names close_range_flags = FLAG_SET(V(2, "CLOSE_RANGE_UNSHARE"), V(4, "CLOSE_RANGE_CLOEXEC"));
static const struct names splice_flags = FLAG_SET(N(SPLICE_F_MOVE), N(SPLICE_F_NONBLOCK), N(SPLICE_F_MORE), N(SPLICE_F_GIFT));

/* Of fcntl only what changes the descriptor table. */
static const struct arg_cond fcntl_changes = { .arg = 1, .mask = ~0u, .nvals = 3, .vals = { F_DUPFD, F_DUPFD_CLOEXEC, F_SETFD } };

static const struct syscall_row rows[] = {
	ROW(0, "read", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A("buf", BUF_OUT), A("count", SIZE)),
	ROW(1, "write", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("buf", BUF_IN, 2), A("count", SIZE)),
	ROW(3, "close", GRP_DESC, INT, CLOSE, A("fd", FD)),
	ROW(7, "poll", GRP_DESC | GRP_WAIT, INT, POLL, A_ARRAY("fds", INOUT, 8, 1), A("nfds", UINT), A("timeout", INT)),
	ROW(8, "lseek", GRP_DESC, INT, SEEK, A("fd", FD), A("offset", OFF), A_ENUM("whence", seek_whence)),
	ROW(16, "ioctl", GRP_DESC, INT, NONE, A("fd", FD), A("cmd", HEX), A("arg", HEX)),
	ROW(17, "pread64", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A("buf", BUF_OUT), A("count", SIZE), A("pos", OFF)),
	ROW(18, "pwrite64", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("buf", BUF_IN, 2), A("count", SIZE), A("pos", OFF)),
	ROW(19, "readv", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A_LEN("iov", IOVEC_OUT, 2), A("iovcnt", ULONG)),
	ROW(20, "writev", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("iov", IOVEC_IN, 2), A("iovcnt", ULONG)),
	ROW(22, "pipe", GRP_DESC, INT, PIPE, A("fds", FDPAIR_OUT)),
	ROW(32, "dup", GRP_DESC, FD, DUP, A("oldfd", FD)),
	ROW(33, "dup2", GRP_DESC, FD, DUP, A("oldfd", FD), A("newfd", FD)),
	ROW(40, "sendfile", GRP_DESC | GRP_IO, SIZE, TRANSFER, A("out_fd", FD), A("in_fd", FD), A("offset", PTR), A("count", SIZE)),
	ROW_IF(72, "fcntl", GRP_DESC, INT, FCNTL, fcntl_changes, A("fd", FD), A_ENUM("cmd", fcntl_cmds), A("arg", HEX)),
	ROW(74, "fsync", GRP_DESC, INT, SYNC, A("fd", FD)),
	ROW(75, "fdatasync", GRP_DESC, INT, SYNC, A("fd", FD)),
	ROW(217, "getdents64", GRP_DESC, SIZE, NONE, A("fd", FD), A("dirp", PTR), A("count", SIZE)),
	ROW(275, "splice", GRP_DESC | GRP_IO, SIZE, TRANSFER, A("fd_in", FD), A("off_in", PTR), A("fd_out", FD), A("off_out", PTR), A("len", SIZE),
		A_FLAGS("flags", splice_flags)),
	ROW(276, "tee", GRP_DESC | GRP_IO, SIZE, TRANSFER, A("fd_in", FD), A("fd_out", FD), A("len", SIZE), A_FLAGS("flags", splice_flags)),
	ROW(291, "epoll_create1", GRP_DESC, FD, ANONFD, A_FLAGS("flags", open_flags)),
	ROW(290, "eventfd2", GRP_DESC, FD, ANONFD, A("initval", UINT), A_FLAGS("flags", open_flags)),
	ROW(292, "dup3", GRP_DESC, FD, DUP, A("oldfd", FD), A("newfd", FD), A_FLAGS("flags", open_flags)),
	ROW(293, "pipe2", GRP_DESC, INT, PIPE, A("fds", FDPAIR_OUT), A_FLAGS("flags", open_flags)),
	ROW(295, "preadv", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A_LEN("iov", IOVEC_OUT, 2), A("iovcnt", ULONG), A("pos", OFF)),
	ROW(296, "pwritev", GRP_DESC | GRP_IO, SIZE, WRITE, A("fd", FD), A_LEN("iov", IOVEC_IN, 2), A("iovcnt", ULONG), A("pos", OFF)),
	ROW(326, "copy_file_range", GRP_DESC | GRP_IO, SIZE, TRANSFER, A("fd_in", FD), A("off_in", PTR), A("fd_out", FD), A("off_out", PTR), A("len", SIZE),
		A("flags", HEX)),
	ROW(436, "close_range", GRP_DESC, INT, CLOSE_RANGE, A("fd", UINT), A("max_fd", UINT), A_FLAGS("flags", close_range_flags)),
};
const struct syscall_family spec_io = { rows, ARRAY_SIZE(rows) };
