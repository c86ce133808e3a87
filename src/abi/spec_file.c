/* SPDX-License-Identifier: MIT */
/* Files by name: opening, looking up, changing, mounting. */
#include "abi/rows.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const struct names access_modes = FLAG_SET(N(F_OK), N(R_OK), N(W_OK), N(X_OK));
static const struct names faccessat2_flags = FLAG_SET(V(0x100, "AT_SYMLINK_NOFOLLOW"), V(0x200, "AT_EACCESS"),
						      V(0x1000, "AT_EMPTY_PATH"));
static const struct names unlinkat_flags = FLAG_SET(V(0x200, "AT_REMOVEDIR"));
static const struct names handle_flags = FLAG_SET(V(0x1, "AT_HANDLE_MNT_ID_UNIQUE"), V(0x2, "AT_HANDLE_CONNECTABLE"), V(0x200, "AT_HANDLE_FID"),
	V(0x400, "AT_SYMLINK_FOLLOW"), V(0x1000, "AT_EMPTY_PATH"));
static const struct names rename_flags = FLAG_SET(V(1, "RENAME_NOREPLACE"), V(2, "RENAME_EXCHANGE"),
						  V(4, "RENAME_WHITEOUT"));
const struct names fallocate_modes = FLAG_SET(V(0x1, "FALLOC_FL_KEEP_SIZE"), V(0x2, "FALLOC_FL_PUNCH_HOLE"), V(0x4, "FALLOC_FL_NO_HIDE_STALE"),
	V(0x8, "FALLOC_FL_COLLAPSE_RANGE"), V(0x10, "FALLOC_FL_ZERO_RANGE"), V(0x20, "FALLOC_FL_INSERT_RANGE"), V(0x40, "FALLOC_FL_UNSHARE_RANGE"),
	V(0x80, "FALLOC_FL_WRITE_ZEROES"));
static const struct names xattr_flags = FLAG_SET(N(XATTR_CREATE), N(XATTR_REPLACE));
static const struct names statx_mask = FLAG_SET(V(0x7ff, "STATX_BASIC_STATS"), V(0x1, "STATX_TYPE"), V(0x2, "STATX_MODE"), V(0x4, "STATX_NLINK"),
	V(0x8, "STATX_UID"), V(0x10, "STATX_GID"), V(0x20, "STATX_ATIME"), V(0x40, "STATX_MTIME"), V(0x80, "STATX_CTIME"), V(0x100, "STATX_INO"),
	V(0x200, "STATX_SIZE"), V(0x400, "STATX_BLOCKS"), V(0x800, "STATX_BTIME"), V(0x1000, "STATX_MNT_ID"), V(0x2000, "STATX_DIOALIGN"),
	V(0x4000, "STATX_MNT_ID_UNIQUE"), V(0x8000, "STATX_SUBVOL"), V(0x10000, "STATX_WRITE_ATOMIC"), V(0x20000, "STATX_DIO_READ_ALIGN"));
#define MOUNT_LOW \
	N(MS_RDONLY), N(MS_NOSUID), N(MS_NODEV), N(MS_NOEXEC), N(MS_SYNCHRONOUS), N(MS_REMOUNT), N(MS_MANDLOCK), \
		N(MS_DIRSYNC), V(0x100, "MS_NOSYMFOLLOW"), N(MS_NOATIME), N(MS_NODIRATIME), N(MS_BIND), N(MS_MOVE), \
		N(MS_REC), N(MS_SILENT)
static const struct names mount_flags = FLAG_SET(MOUNT_LOW, N(MS_POSIXACL), N(MS_UNBINDABLE), N(MS_PRIVATE), N(MS_SLAVE), N(MS_SHARED), N(MS_RELATIME),
	N(MS_KERNMOUNT), N(MS_I_VERSION), N(MS_STRICTATIME), N(MS_LAZYTIME));
/* Up to Linux 2.4 this stood in the upper half; it is taken off since, and no flags are there beside it. */
static const struct names mount_magic = FIELD_SET(0xffff0000, V(0xc0ed0000, "MS_MGC_VAL"), MOUNT_LOW);
static const struct arg_choice mount_by_magic[] = { { 0xffff0000, 0xc0ed0000, A_FLAGS64("flags", mount_magic) },
						    { 0 } };
/* What is no device has no number. */
static const struct arg_choice dev_by_type[] = { { S_IFMT, S_IFCHR, A("dev", DEV) },
						 { S_IFMT, S_IFBLK, A("dev", DEV) },
						 { 0 } };
static const struct names umount_flags = FLAG_SET(N(MNT_FORCE), N(MNT_DETACH), N(MNT_EXPIRE), N(UMOUNT_NOFOLLOW));
static const struct names open_tree_flags = FLAG_SET(V(1, "OPEN_TREE_CLONE"), V(0x80000, "OPEN_TREE_CLOEXEC"), V(0x100, "AT_SYMLINK_NOFOLLOW"),
	V(0x800, "AT_NO_AUTOMOUNT"), V(0x1000, "AT_EMPTY_PATH"), V(0x8000, "AT_RECURSIVE"));
static const struct names move_mount_flags = FLAG_SET(V(0x1, "MOVE_MOUNT_F_SYMLINKS"), V(0x2, "MOVE_MOUNT_F_AUTOMOUNTS"), V(0x4, "MOVE_MOUNT_F_EMPTY_PATH"),
	V(0x10, "MOVE_MOUNT_T_SYMLINKS"), V(0x20, "MOVE_MOUNT_T_AUTOMOUNTS"), V(0x40, "MOVE_MOUNT_T_EMPTY_PATH"), V(0x100, "MOVE_MOUNT_SET_GROUP"),
	V(0x200, "MOVE_MOUNT_BENEATH"));
static const struct names fsopen_flags = FLAG_SET(V(1, "FSOPEN_CLOEXEC"));
static const struct names fsmount_flags = FLAG_SET(V(1, "FSMOUNT_CLOEXEC"));
static const struct names fspick_flags = FLAG_SET(V(1, "FSPICK_CLOEXEC"), V(2, "FSPICK_SYMLINK_NOFOLLOW"),
						  V(4, "FSPICK_NO_AUTOMOUNT"), V(8, "FSPICK_EMPTY_PATH"));
static const struct names fsconfig_cmds = VALUE_SET(V(0, "FSCONFIG_SET_FLAG"), V(1, "FSCONFIG_SET_STRING"), V(2, "FSCONFIG_SET_BINARY"),
	V(3, "FSCONFIG_SET_PATH"), V(4, "FSCONFIG_SET_PATH_EMPTY"), V(5, "FSCONFIG_SET_FD"), V(6, "FSCONFIG_CMD_CREATE"), V(7, "FSCONFIG_CMD_RECONFIGURE"),
	V(8, "FSCONFIG_CMD_CREATE_EXCL"));
static const struct names mount_attrs = FIELD_SET(0x70, V(0x0, "MOUNT_ATTR_RELATIME"), V(0x10, "MOUNT_ATTR_NOATIME"), V(0x20, "MOUNT_ATTR_STRICTATIME"),
	V(0x1, "MOUNT_ATTR_RDONLY"), V(0x2, "MOUNT_ATTR_NOSUID"), V(0x4, "MOUNT_ATTR_NODEV"), V(0x8, "MOUNT_ATTR_NOEXEC"), V(0x80, "MOUNT_ATTR_NODIRATIME"),
	V(0x100000, "MOUNT_ATTR_IDMAP"), V(0x200000, "MOUNT_ATTR_NOSYMFOLLOW"));
static const struct names listmount_flags = FLAG_SET(V(1, "LISTMOUNT_REVERSE"));
static const struct names statmount_flags = FLAG_SET(V(1, "STATMOUNT_BY_FD"));
static const struct names swap_flags = FLAG_SET(V(0x8000, "SWAP_FLAG_PREFER"), V(0x10000, "SWAP_FLAG_DISCARD"), V(0x20000, "SWAP_FLAG_DISCARD_ONCE"),
	V(0x40000, "SWAP_FLAG_DISCARD_PAGES"));

/* open's mode is not looked at, and often garbage, unless a file may be created. */
static const struct arg_choice mode_of_open[] = { { O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 0, ABSENT }, { 0 } };
#define OPEN_MODE(flags_) { "mode", ARG_MODE, .by = flags_, .choice = mode_of_open }

/* glibc spells fstat as newfstatat(fd, "", …, AT_EMPTY_PATH): about a descriptor, not a lookup. */
static const struct arg_cond newfstatat_by_name = { .arg = 3, .mask = 0x1000, .nvals = 1, .vals = { 0 } };
static const struct arg_cond statx_by_name = { .arg = 2, .mask = 0x1000, .nvals = 1, .vals = { 0 } };

static const struct syscall_row rows[] = {
	ROW(2, "open", GRP_FILE | GRP_DESC, FD, OPEN, A("path", PATH), A_FLAGS("flags", open_flags), OPEN_MODE(1)),
	ROW(4, "stat", GRP_FILE, INT, LOOKUP, A("path", PATH), A_LAYOUT("statbuf", OUT, layout_stat)),
	ROW(5, "fstat", GRP_DESC, INT, FSTAT, A("fd", FD), A_LAYOUT("statbuf", OUT, layout_stat)),
	ROW(6, "lstat", GRP_FILE, INT, LOOKUP, A("path", PATH), A_LAYOUT("statbuf", OUT, layout_stat)),
	ROW(21, "access", GRP_FILE, INT, LOOKUP, A("path", PATH), A_FLAGS("mode", access_modes)),
	ROW(76, "truncate", GRP_FILE, INT, TRUNCATE, A("path", PATH), A("length", OFF)),
	ROW(77, "ftruncate", GRP_DESC, INT, TRUNCATE, A("fd", FD), A("length", OFF)),
	ROW(79, "getcwd", GRP_FILE, SIZE, DIR, A("buf", STR_OUT), A("size", SIZE)),
	ROW(80, "chdir", GRP_FILE, INT, CHDIR, A("path", PATH)),
	ROW(81, "fchdir", GRP_DESC, INT, FCHDIR, A("fd", FD)),
	ROW(82, "rename", GRP_FILE, INT, RENAME, A("oldpath", PATH), A("newpath", PATH)),
	ROW(83, "mkdir", GRP_FILE, INT, MKDIR, A("path", PATH), A("mode", MODE)),
	ROW(84, "rmdir", GRP_FILE, INT, RMDIR, A("path", PATH)),
	ROW(85, "creat", GRP_FILE | GRP_DESC, FD, OPEN, A("path", PATH), A("mode", MODE)),
	ROW(86, "link", GRP_FILE, INT, LINK, A("oldpath", PATH), A("newpath", PATH)),
	ROW(87, "unlink", GRP_FILE, INT, UNLINK, A("path", PATH)),
	ROW(88, "symlink", GRP_FILE, INT, SYMLINK, A("target", STR), A("linkpath", PATH)),
	ROW(89, "readlink", GRP_FILE, SIZE, READLINK, A("path", PATH), A("buf", STR_OUT), A_BITS("bufsiz", SIZE, 32)),
	ROW(90, "chmod", GRP_FILE, INT, CHMOD, A("path", PATH), A("mode", MODE)),
	ROW(91, "fchmod", GRP_DESC, INT, CHMOD, A("fd", FD), A("mode", MODE)),
	ROW(92, "chown", GRP_FILE, INT, CHOWN, A("path", PATH), A("owner", UID), A("group", UID)),
	ROW(93, "fchown", GRP_DESC, INT, CHOWN, A("fd", FD), A("owner", UID), A("group", UID)),
	ROW(94, "lchown", GRP_FILE, INT, CHOWN, A("path", PATH), A("owner", UID), A("group", UID)),
	ROW(132, "utime", GRP_FILE, INT, UTIMES, A("path", PATH), A_LAYOUT("times", IN, layout_utimbuf)),
	ROW(133, "mknod", GRP_FILE, INT, MKNOD, A("path", PATH), { "mode", ARG_MODE, .names = &file_types }, { "dev", ARG_HOLE, .by = 1, .choice = dev_by_type }),
	ROW(134, "uselib", GRP_FILE, INT, NONE, A("library", PATH)),
	ROW(137, "statfs", GRP_FILE, INT, LOOKUP, A("path", PATH), A_LAYOUT("buf", OUT, layout_statfs)),
	ROW(138, "fstatfs", GRP_DESC, INT, FSTAT, A("fd", FD), A_LAYOUT("buf", OUT, layout_statfs)),
	ROW(155, "pivot_root", GRP_FILE, INT, NONE, A("new_root", PATH), A("put_old", PATH)),
	ROW(161, "chroot", GRP_FILE, INT, CHROOT, A("path", PATH)),
	ROW(165, "mount", GRP_FILE, INT, MOUNT, A("source", STR), A("target", PATH), A("fstype", STR), { "flags", ARG_FLAGS, .names = &mount_flags, .bits = 64, .by = 3, .choice = mount_by_magic }, A("data", STR)),
	ROW(166, "umount2", GRP_FILE, INT, UMOUNT, A("target", PATH), A_FLAGS("flags", umount_flags)),
	ROW(167, "swapon", GRP_FILE, INT, NONE, A("path", PATH), A_FLAGS("flags", swap_flags)),
	ROW(168, "swapoff", GRP_FILE, INT, NONE, A("path", PATH)),
	ROW(188, "setxattr", GRP_FILE, INT, XATTR, A("path", PATH), A("name", STR), A_LEN("value", BUF_IN, 3), A("size", SIZE), A_FLAGS("flags", xattr_flags)),
	ROW(189, "lsetxattr", GRP_FILE, INT, XATTR, A("path", PATH), A("name", STR), A_LEN("value", BUF_IN, 3), A("size", SIZE), A_FLAGS("flags", xattr_flags)),
	ROW(190, "fsetxattr", GRP_DESC, INT, XATTR, A("fd", FD), A("name", STR), A_LEN("value", BUF_IN, 3), A("size", SIZE), A_FLAGS("flags", xattr_flags)),
	ROW(191, "getxattr", GRP_FILE, SIZE, NONE, A("path", PATH), A("name", STR), A("value", BUF_OUT), A("size", SIZE)),
	ROW(192, "lgetxattr", GRP_FILE, SIZE, NONE, A("path", PATH), A("name", STR), A("value", BUF_OUT), A("size", SIZE)),
	ROW(193, "fgetxattr", GRP_DESC, SIZE, NONE, A("fd", FD), A("name", STR), A("value", BUF_OUT), A("size", SIZE)),
	ROW(194, "listxattr", GRP_FILE, SIZE, NONE, A("path", PATH), A("list", BUF_OUT), A("size", SIZE)),
	ROW(195, "llistxattr", GRP_FILE, SIZE, NONE, A("path", PATH), A("list", BUF_OUT), A("size", SIZE)),
	ROW(196, "flistxattr", GRP_DESC, SIZE, NONE, A("fd", FD), A("list", BUF_OUT), A("size", SIZE)),
	ROW(197, "removexattr", GRP_FILE, INT, XATTR, A("path", PATH), A("name", STR)),
	ROW(198, "lremovexattr", GRP_FILE, INT, XATTR, A("path", PATH), A("name", STR)),
	ROW(199, "fremovexattr", GRP_DESC, INT, XATTR, A("fd", FD), A("name", STR)),
	ROW(235, "utimes", GRP_FILE, INT, UTIMES, A("path", PATH), A_LAYOUT("times", IN, layout_timevals)),
	ROW(257, "openat", GRP_FILE | GRP_DESC, FD, OPEN, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", open_flags), OPEN_MODE(2)),
	ROW(258, "mkdirat", GRP_FILE, INT, MKDIR, A("dirfd", DIRFD), A("path", PATH), A("mode", MODE)),
	ROW(259, "mknodat", GRP_FILE, INT, MKNOD, A("dirfd", DIRFD), A("path", PATH), { "mode", ARG_MODE, .names = &file_types },
		{ "dev", ARG_HOLE, .by = 2, .choice = dev_by_type }),
	ROW(260, "fchownat", GRP_FILE, INT, CHOWN, A("dirfd", DIRFD), A("path", PATH), A("owner", UID), A("group", UID), A_FLAGS("flags", at_flags)),
	ROW(261, "futimesat", GRP_FILE, INT, UTIMES, A("dirfd", DIRFD), A("path", PATH), A_LAYOUT("times", IN, layout_timevals)),
	ROW_IF(262, "newfstatat", GRP_FILE, INT, LOOKUP, newfstatat_by_name, A("dirfd", DIRFD), A("path", PATH), A_LAYOUT("statbuf", OUT, layout_stat),
		A_FLAGS("flags", at_flags)),
	ROW(263, "unlinkat", GRP_FILE, INT, UNLINK, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", unlinkat_flags)),
	ROW(264, "renameat", GRP_FILE, INT, RENAME, A("olddirfd", DIRFD), A("oldpath", PATH), A("newdirfd", DIRFD), A("newpath", PATH)),
	ROW(265, "linkat", GRP_FILE, INT, LINK, A("olddirfd", DIRFD), A("oldpath", PATH), A("newdirfd", DIRFD), A("newpath", PATH), A_FLAGS("flags", at_flags)),
	ROW(266, "symlinkat", GRP_FILE, INT, SYMLINK, A("target", STR), A("newdirfd", DIRFD), A("linkpath", PATH)),
	ROW(267, "readlinkat", GRP_FILE, SIZE, READLINK, A("dirfd", DIRFD), A("path", PATH), A("buf", STR_OUT), A_BITS("bufsiz", SIZE, 32)),
	ROW(268, "fchmodat", GRP_FILE, INT, CHMOD, A("dirfd", DIRFD), A("path", PATH), A("mode", MODE)),
	ROW(269, "faccessat", GRP_FILE, INT, LOOKUP, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("mode", access_modes)),
	ROW(280, "utimensat", GRP_FILE, INT, UTIMES, A("dirfd", DIRFD), A("path", PATH), A_LAYOUT("times", IN, layout_timespecs), A_FLAGS("flags", at_flags)),
	ROW(285, "fallocate", GRP_DESC, INT, FALLOCATE, A("fd", FD), A_FLAGS("mode", fallocate_modes), A("offset", OFF), A("len", OFF)),
	ROW(303, "name_to_handle_at", GRP_FILE, INT, LOOKUP, A("dirfd", DIRFD), A("path", PATH), A_LAYOUT("handle", INOUT, layout_file_handle), A("mount_id", PTR),
		A_FLAGS("flags", handle_flags)),
	ROW(304, "open_by_handle_at", GRP_FILE | GRP_DESC, FD, OPEN_HANDLE, A("mount_fd", FD), A_LAYOUT("handle", IN, layout_file_handle), A_FLAGS("flags", open_flags)),
	ROW(316, "renameat2", GRP_FILE, INT, RENAME, A("olddirfd", DIRFD), A("oldpath", PATH), A("newdirfd", DIRFD), A("newpath", PATH), A_FLAGS("flags", rename_flags)),
	ROW_IF(332, "statx", GRP_FILE, INT, LOOKUP, statx_by_name, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", at_flags), A_FLAGS("mask", statx_mask),
		A_LAYOUT("statxbuf", OUT, layout_statx)),
	ROW(428, "open_tree", GRP_FILE | GRP_DESC, FD, OPEN, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", open_tree_flags)),
	ROW(429, "move_mount", GRP_FILE, INT, NONE, A("from_dirfd", DIRFD), A("from_path", PATH), A("to_dirfd", DIRFD), A("to_path", PATH),
		A_FLAGS("flags", move_mount_flags)),
	ROW(430, "fsopen", GRP_DESC, FD, SPECIAL_FD, A("fsname", STR), A_FLAGS("flags", fsopen_flags)),
	ROW(431, "fsconfig", GRP_DESC, INT, NONE, A("fd", FD), A_ENUM("cmd", fsconfig_cmds), A("key", STR), A("value", PTR), A("aux", INT)),
	ROW(432, "fsmount", GRP_DESC, FD, SPECIAL_FD, A("fs_fd", FD), A_FLAGS("flags", fsmount_flags), A_FLAGS("attr_flags", mount_attrs)),
	ROW(433, "fspick", GRP_FILE | GRP_DESC, FD, SPECIAL_FD, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", fspick_flags)),
	ROW(437, "openat2", GRP_FILE | GRP_DESC, FD, OPEN, A("dirfd", DIRFD), A("path", PATH), A_NEEDED("how", IN, layout_open_how, .len = 3), A("size", SIZE)),
	ROW(439, "faccessat2", GRP_FILE, INT, LOOKUP, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("mode", access_modes), A_FLAGS("flags", faccessat2_flags)),
	ROW(442, "mount_setattr", GRP_FILE, INT, NONE, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", at_flags), A_SIZED("attr", IN, layout_mount_attr, 4), A("size", SIZE)),
	ROW(452, "fchmodat2", GRP_FILE, INT, CHMOD, A("dirfd", DIRFD), A("path", PATH), A("mode", MODE), A_FLAGS("flags", at_flags)),
	ROW(457, "statmount", GRP_SYS, INT, NONE, A_LAYOUT("req", IN, layout_mnt_id_req), A("buf", PTR), A("bufsize", SIZE), A_FLAGS("flags", statmount_flags)),
	ROW(458, "listmount", GRP_SYS, SIZE, NONE, A_LAYOUT("req", IN, layout_mnt_id_req), A_ARRAY("mnt_ids", OUT, layout_u64, 2), A("nr_mnt_ids", SIZE),
		A_FLAGS("flags", listmount_flags)),
	ROW(463, "setxattrat", GRP_FILE | GRP_DESC, INT, XATTR, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("at_flags", at_flags), A("name", STR),
		A_SIZED("args", IN, layout_xattr_args, 5), A("size", SIZE)),
	ROW(464, "getxattrat", GRP_FILE | GRP_DESC, SIZE, NONE, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("at_flags", at_flags), A("name", STR),
		A_SIZED("args", IN, layout_xattr_args, 5), A("size", SIZE)),
	ROW(465, "listxattrat", GRP_FILE | GRP_DESC, SIZE, NONE, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("at_flags", at_flags), A("list", BUF_OUT), A("size", SIZE)),
	ROW(466, "removexattrat", GRP_FILE | GRP_DESC, INT, XATTR, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("at_flags", at_flags), A("name", STR)),
	ROW(467, "open_tree_attr", GRP_FILE | GRP_DESC, FD, OPEN, A("dirfd", DIRFD), A("path", PATH), A_FLAGS("flags", open_tree_flags),
		A_SIZED("attr", IN, layout_mount_attr, 4), A("size", SIZE)),
	ROW(468, "file_getattr", GRP_FILE | GRP_DESC, INT, LOOKUP, A("dirfd", DIRFD), A("path", PATH), A_SIZED("attr", OUT, layout_file_attr, 3), A("size", SIZE),
		A_FLAGS("at_flags", at_flags)),
	ROW(469, "file_setattr", GRP_FILE | GRP_DESC, INT, NONE, A("dirfd", DIRFD), A("path", PATH), A_SIZED("attr", IN, layout_file_attr, 3), A("size", SIZE),
		A_FLAGS("at_flags", at_flags)),
};
const struct syscall_family spec_file = { rows, ARRAY_SIZE(rows) };
