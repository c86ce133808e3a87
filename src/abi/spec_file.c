/* Files by name, directories, metadata, mounts. */
#include "abi/rows.h"

#include <fcntl.h>
#include <unistd.h>

static const struct names access_modes = FLAG_SET(N(F_OK), N(R_OK), N(W_OK), N(X_OK));
static const struct names faccessat2_flags = FLAG_SET(V(0x200, "AT_EACCESS"), V(0x100, "AT_SYMLINK_NOFOLLOW"), V(0x1000, "AT_EMPTY_PATH"));
static const struct names unlinkat_flags = FLAG_SET(V(0x200, "AT_REMOVEDIR"));
static const struct names rename_flags = FLAG_SET(V(1, "RENAME_NOREPLACE"), V(2, "RENAME_EXCHANGE"), V(4, "RENAME_WHITEOUT"));

/* glibc spells fstat as newfstatat(fd, "", …, AT_EMPTY_PATH): about a descriptor, not a lookup. */
static const struct arg_cond newfstatat_by_name = { .arg = 3, .mask = 0x1000, .nvals = 1, .vals = { 0 } };
static const struct arg_cond statx_by_name = { .arg = 2, .mask = 0x1000, .nvals = 1, .vals = { 0 } };

static const struct syscall_row rows[] = {
	ROW(2, "open", GRP_FILE | GRP_DESC, FD, OPEN, A("path", PATH), A_FLAGS("flags", open_flags), A("mode", MODE)),
	ROW(4, "stat", GRP_FILE, INT, LOOKUP, A("path", PATH), A_STRUCT("statbuf", OUT, 144)),
	ROW(5, "fstat", GRP_DESC, INT, NONE, A("fd", FD), A_STRUCT("statbuf", OUT, 144)),
	ROW(6, "lstat", GRP_FILE, INT, LOOKUP, A("path", PATH), A_STRUCT("statbuf", OUT, 144)),
	ROW(21, "access", GRP_FILE, INT, LOOKUP, A("path", PATH), A_FLAGS("mode", access_modes)),
	ROW(76, "truncate", GRP_FILE, INT, TRUNCATE, A("path", PATH), A("length", OFF)),
	ROW(77, "ftruncate", GRP_DESC, INT, TRUNCATE, A("fd", FD), A("length", OFF)),
	ROW(79, "getcwd", GRP_FILE, SIZE, NONE, A("buf", STR_OUT), A("size", SIZE)),
	ROW(80, "chdir", GRP_FILE, INT, CHDIR, A("path", PATH)),
	ROW(81, "fchdir", GRP_DESC, INT, FCHDIR, A("fd", FD)),
	ROW(82, "rename", GRP_FILE, INT, RENAME, A("oldpath", PATH), A("newpath", PATH)),
	ROW(83, "mkdir", GRP_FILE, INT, MKDIR, A("path", PATH), A("mode", MODE)),
	ROW(84, "rmdir", GRP_FILE, INT, RMDIR, A("path", PATH)),
	ROW(85, "creat", GRP_FILE | GRP_DESC, FD, OPEN, A("path", PATH), A("mode", MODE)),
	ROW(86, "link", GRP_FILE, INT, LINK, A("oldpath", PATH), A("newpath", PATH)),
	ROW(87, "unlink", GRP_FILE, INT, UNLINK, A("path", PATH)),
	ROW(88, "symlink", GRP_FILE, INT, SYMLINK, A("target", STR), A("linkpath", PATH)),
	ROW(89, "readlink", GRP_FILE, SIZE, LOOKUP, A("path", PATH), A("buf", STR_OUT), A("bufsiz", SIZE)),
	ROW(90, "chmod", GRP_FILE, INT, CHMOD, A("path", PATH), A("mode", MODE)),
	ROW(91, "fchmod", GRP_DESC, INT, CHMOD, A("fd", FD), A("mode", MODE)),
	ROW(92, "chown", GRP_FILE, INT, CHOWN, A("path", PATH), A("owner", UID), A("group", UID)),
	ROW(93, "fchown", GRP_DESC, INT, CHOWN, A("fd", FD), A("owner", UID), A("group", UID)),
	ROW(94, "lchown", GRP_FILE, INT, CHOWN, A("path", PATH), A("owner", UID), A("group", UID)),
	ROW(133, "mknod", GRP_FILE, INT, MKNOD, A("path", PATH), A("mode", MODE), A("dev", DEV)),
	ROW(161, "chroot", GRP_FILE, INT, CHROOT, A("path", PATH)),
	ROW(257, "openat", GRP_FILE | GRP_DESC, FD, OPEN, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", open_flags), A("mode", MODE)),
	ROW(258, "mkdirat", GRP_FILE, INT, MKDIR, A("dirfd", DIRFD), A("path", PATH), A("mode", MODE)),
	ROW_IF(262, "newfstatat", GRP_FILE, INT, LOOKUP, newfstatat_by_name, A("dirfd", DIRFD), A("path", PATH), A_STRUCT("statbuf", OUT, 144),
		A_FLAGS("flags", at_flags)),
	ROW(263, "unlinkat", GRP_FILE, INT, UNLINK, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", unlinkat_flags)),
	ROW(264, "renameat", GRP_FILE, INT, RENAME, A("olddirfd", DIRFD), A("oldpath", PATH), A("newdirfd", DIRFD), A("newpath", PATH)),
	ROW(265, "linkat", GRP_FILE, INT, LINK, A("olddirfd", DIRFD), A("oldpath", PATH), A("newdirfd", DIRFD), A("newpath", PATH), A_FLAGS("flags", at_flags)),
	ROW(266, "symlinkat", GRP_FILE, INT, SYMLINK, A("target", STR), A("newdirfd", DIRFD), A("linkpath", PATH)),
	ROW(267, "readlinkat", GRP_FILE, SIZE, LOOKUP, A("dirfd", DIRFD), A("path", PATH), A("buf", STR_OUT), A("bufsiz", SIZE)),
	ROW(268, "fchmodat", GRP_FILE, INT, CHMOD, A("dirfd", DIRFD), A("path", PATH), A("mode", MODE)),
	ROW(269, "faccessat", GRP_FILE, INT, LOOKUP, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("mode", access_modes)),
	ROW(280, "utimensat", GRP_FILE, INT, UTIMES, A("dirfd", DIRFD), A("path", PATH), A("times", PTR), A_FLAGS("flags", at_flags)),
	ROW(285, "fallocate", GRP_DESC, INT, FALLOCATE, A("fd", FD), A("mode", HEX), A("offset", OFF), A("len", OFF)),
	ROW(316, "renameat2", GRP_FILE, INT, RENAME, A("olddirfd", DIRFD), A("oldpath", PATH), A("newdirfd", DIRFD), A("newpath", PATH), A_FLAGS("flags", rename_flags)),
	ROW_IF(332, "statx", GRP_FILE, INT, LOOKUP, statx_by_name, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", at_flags), A("mask", HEX),
		A_STRUCT("statxbuf", OUT, 256)),
	ROW(437, "openat2", GRP_FILE | GRP_DESC, FD, OPEN, A("dirfd", DIRFD), A("path", PATH),
		{ "how", ARG_STRUCT_IN, .size = 24, .len = 3, .needed = true }, A("size", SIZE)),
	ROW(439, "faccessat2", GRP_FILE, INT, LOOKUP, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("mode", access_modes), A_FLAGS("flags", faccessat2_flags)),
	ROW(452, "fchmodat2", GRP_FILE, INT, CHMOD, A("dirfd", DIRFD), A("path", PATH), A("mode", MODE), A_FLAGS("flags", at_flags)),
};
const struct syscall_family spec_file = { rows, ARRAY_SIZE(rows) };
