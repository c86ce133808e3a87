/* SPDX-License-Identifier: MIT */
/* The system itself: information, modules, security, calls that are gone. */
#include "abi/rows.h"

#include <sys/random.h>

static const struct names getrandom_flags = FLAG_SET(V(1, "GRND_NONBLOCK"), V(2, "GRND_RANDOM"), V(4, "GRND_INSECURE"));
static const struct names syslog_types = VALUE_SET(
	V(0, "SYSLOG_ACTION_CLOSE"), V(1, "SYSLOG_ACTION_OPEN"), V(2, "SYSLOG_ACTION_READ"), V(3, "SYSLOG_ACTION_READ_ALL"), V(4, "SYSLOG_ACTION_READ_CLEAR"),
	V(5, "SYSLOG_ACTION_CLEAR"), V(6, "SYSLOG_ACTION_CONSOLE_OFF"), V(7, "SYSLOG_ACTION_CONSOLE_ON"), V(8, "SYSLOG_ACTION_CONSOLE_LEVEL"),
	V(9, "SYSLOG_ACTION_SIZE_UNREAD"), V(10, "SYSLOG_ACTION_SIZE_BUFFER"));
static const struct names module_init_flags = FLAG_SET(V(1, "MODULE_INIT_IGNORE_MODVERSIONS"),
						       V(2, "MODULE_INIT_IGNORE_VERMAGIC"),
						       V(4, "MODULE_INIT_COMPRESSED_FILE"));
static const struct names delete_module_flags = FLAG_SET(V(0x800, "O_NONBLOCK"), V(0x200, "O_TRUNC"));
static const struct names kexec_file_flags = FLAG_SET(V(1, "KEXEC_FILE_UNLOAD"), V(2, "KEXEC_FILE_ON_CRASH"),
						      V(4, "KEXEC_FILE_NO_INITRAMFS"), V(8, "KEXEC_FILE_DEBUG"));
static const struct names reboot_magic1 = VALUE_SET(V(0xfee1dead, "LINUX_REBOOT_MAGIC1"));
static const struct names reboot_magic2 = VALUE_SET(V(672274793, "LINUX_REBOOT_MAGIC2"), V(85072278, "LINUX_REBOOT_MAGIC2A"), V(369367448, "LINUX_REBOOT_MAGIC2B"),
	V(537993216, "LINUX_REBOOT_MAGIC2C"));
static const struct names reboot_cmds = VALUE_SET(V(0x01234567, "LINUX_REBOOT_CMD_RESTART"), V(0xcdef0123, "LINUX_REBOOT_CMD_HALT"), V(0x89abcdef, "LINUX_REBOOT_CMD_CAD_ON"),
	V(0, "LINUX_REBOOT_CMD_CAD_OFF"), V(0x4321fedc, "LINUX_REBOOT_CMD_POWER_OFF"), V(0xa1b2c3d4, "LINUX_REBOOT_CMD_RESTART2"),
	V(0xd000fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"), V(0x45584543, "LINUX_REBOOT_CMD_KEXEC"));
static const struct names bpf_cmds = VALUE_SET(
	V(0, "BPF_MAP_CREATE"), V(1, "BPF_MAP_LOOKUP_ELEM"), V(2, "BPF_MAP_UPDATE_ELEM"), V(3, "BPF_MAP_DELETE_ELEM"), V(4, "BPF_MAP_GET_NEXT_KEY"), V(5, "BPF_PROG_LOAD"),
	V(6, "BPF_OBJ_PIN"), V(7, "BPF_OBJ_GET"), V(8, "BPF_PROG_ATTACH"), V(9, "BPF_PROG_DETACH"), V(10, "BPF_PROG_TEST_RUN"), V(11, "BPF_PROG_GET_NEXT_ID"),
	V(12, "BPF_MAP_GET_NEXT_ID"), V(13, "BPF_PROG_GET_FD_BY_ID"), V(14, "BPF_MAP_GET_FD_BY_ID"), V(15, "BPF_OBJ_GET_INFO_BY_FD"), V(16, "BPF_PROG_QUERY"),
	V(17, "BPF_RAW_TRACEPOINT_OPEN"), V(18, "BPF_BTF_LOAD"), V(19, "BPF_BTF_GET_FD_BY_ID"), V(20, "BPF_TASK_FD_QUERY"), V(21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"),
	V(22, "BPF_MAP_FREEZE"), V(23, "BPF_BTF_GET_NEXT_ID"), V(24, "BPF_MAP_LOOKUP_BATCH"), V(25, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"), V(26, "BPF_MAP_UPDATE_BATCH"),
	V(27, "BPF_MAP_DELETE_BATCH"), V(28, "BPF_LINK_CREATE"), V(29, "BPF_LINK_UPDATE"), V(30, "BPF_LINK_GET_FD_BY_ID"), V(31, "BPF_LINK_GET_NEXT_ID"),
	V(32, "BPF_ENABLE_STATS"), V(33, "BPF_ITER_CREATE"), V(34, "BPF_LINK_DETACH"), V(35, "BPF_PROG_BIND_MAP"), V(36, "BPF_TOKEN_CREATE"),
	V(37, "BPF_PROG_STREAM_READ_BY_FD"));
/*
 * Those that return a descriptor: MAP_CREATE, PROG_LOAD, OBJ_GET, …_GET_FD_BY_ID, RAW_TRACEPOINT_OPEN, BTF_LOAD,
 * LINK_CREATE, ENABLE_STATS, ITER_CREATE, TOKEN_CREATE.
 */
static const struct arg_cond bpf_newfd = {
	.arg = 0, .mask = ~0u, .nvals = 13, .vals = { 0, 5, 7, 13, 14, 17, 18, 19, 28, 30, 32, 33, 36 }
};
static const struct fd_question bpf_question = { ASK_RETURNED, &bpf_newfd };
/* With flags it returns a number, not a descriptor. */
static const struct arg_cond landlock_newfd = { .arg = 2, .mask = ~0u, .nvals = 1, .vals = { 0 } };
static const struct fd_question landlock_question = { ASK_RETURNED, &landlock_newfd };
/* QCMD(command, type) of <sys/quota.h>: the command without its low byte, which is the type. */
static const struct names landlock_create_flags = FLAG_SET(V(1, "LANDLOCK_CREATE_RULESET_VERSION"),
							   V(2, "LANDLOCK_CREATE_RULESET_ERRATA"));
static const struct names landlock_rule_types = VALUE_SET(V(1, "LANDLOCK_RULE_PATH_BENEATH"),
							  V(2, "LANDLOCK_RULE_NET_PORT"));
static const struct names landlock_restrict_flags = FLAG_SET(V(1, "LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF"), V(2, "LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON"),
	V(4, "LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF"));
static const struct names lsm_attrs = VALUE_SET(V(100, "LSM_ATTR_CURRENT"), V(101, "LSM_ATTR_EXEC"), V(102, "LSM_ATTR_FSCREATE"), V(103, "LSM_ATTR_KEYCREATE"),
	V(104, "LSM_ATTR_PREV"), V(105, "LSM_ATTR_SOCKCREATE"));
static const struct names lsm_flags = FLAG_SET(V(1, "LSM_FLAG_SINGLE"));

/* syslog(2): those that take no buffer. */
static const struct arg_use syslog_uses[] = { { ~0u, 0, 1 }, { ~0u, 1, 1 }, { ~0u, 5, 1 },  { ~0u, 6, 1 },
					      { ~0u, 7, 1 }, { ~0u, 9, 1 }, { ~0u, 10, 1 }, { 0 } };
static const struct arg_usage syslog_words = { 0, syslog_uses };
static const struct arg_choice reboot_arg[] = { { ~0u, 0xa1b2c3d4 /* LINUX_REBOOT_CMD_RESTART2 */, A("arg", STR) },
						{ 0 } };
/* quotactl(2): some need no id, some no address either. */
static const struct arg_use quotactl_uses[] = {
	{ ~0xffu, 0x80000100 /* Q_SYNC */, 0x3 }, { ~0xffu, 0x80000300 /* Q_QUOTAOFF */, 0x3 }, { ~0xffu, 0x80000400 /* Q_GETFMT */, 0xb },
	{ ~0xffu, 0x80000500 /* Q_GETINFO */, 0xb }, { ~0xffu, 0x80000600 /* Q_SETINFO */, 0xb }, { 0 } };
static const struct arg_usage quotactl_words = { 0, quotactl_uses }, quotactl_fd_words = { 1, quotactl_uses };

static const struct syscall_row rows[] = {
	ROW(63, "uname", GRP_SYS, INT, INFO, A_LAYOUT("buf", OUT, layout_utsname)),
	ROW(99, "sysinfo", GRP_SYS, INT, INFO, A_LAYOUT("info", OUT, layout_sysinfo)),
	ROW_USE(103, "syslog", GRP_SYS, INT, NONE, syslog_words, A_ENUM("type", syslog_types), A("buf", PTR), A("len", INT)),
	ROW(136, "ustat", GRP_SYS, INT, NONE, A("dev", DEV), A("ubuf", PTR)),
	ROW(139, "sysfs", GRP_SYS, INT, NONE, A("option", INT), A("arg1", HEX), A("arg2", HEX)),
	ROW(153, "vhangup", GRP_SYS, INT, NONE),
	ROW(156, "_sysctl", GRP_SYS, INT, NONE, A("args", PTR)),
	ROW(163, "acct", GRP_SYS | GRP_FILE, INT, NONE, A("path", PATH)),
	ROW(169, "reboot", GRP_SYS, INT, NONE, A_ENUM("magic1", reboot_magic1), A_ENUM("magic2", reboot_magic2), A_ENUM("cmd", reboot_cmds), { "arg", ARG_HOLE, .by = 2, .choice = reboot_arg }),
	ROW(170, "sethostname", GRP_SYS, INT, NONE, A_LEN("name", BUF_IN, 1), A("len", INT)),
	ROW(171, "setdomainname", GRP_SYS, INT, NONE, A_LEN("name", BUF_IN, 1), A("len", INT)),
	ROW(172, "iopl", GRP_SYS, INT, NONE, A("level", UINT)),
	ROW(173, "ioperm", GRP_SYS, INT, NONE, A("from", HEX), A("num", HEX), A("turn_on", INT)),
	ROW(174, "create_module", GRP_SYS, INT, NONE, A("name", STR), A("size", SIZE)),
	ROW(175, "init_module", GRP_SYS, INT, NONE, A("image", PTR), A("len", SIZE), A("params", STR)),
	ROW(176, "delete_module", GRP_SYS, INT, NONE, A("name", STR), A_FLAGS("flags", delete_module_flags)),
	ROW(177, "get_kernel_syms", GRP_SYS, INT, NONE, A("table", PTR)),
	ROW(178, "query_module", GRP_SYS, INT, NONE, A("name", STR), A("which", INT), A("buf", PTR), A("bufsize", SIZE), A("ret", PTR)),
	ROW_USE(179, "quotactl", GRP_SYS | GRP_FILE, INT, NONE, quotactl_words, { "cmd", ARG_QUOTACTL, .names = &quotactl_cmds }, A("special", STR), A("id", UID), A("addr", PTR)),
	ROW(180, "nfsservctl", GRP_SYS, INT, NONE, A("cmd", INT), A("argp", PTR), A("resp", PTR)),
	ROW(181, "getpmsg", GRP_SYS, INT, NONE, ANY_ARGS),
	ROW(182, "putpmsg", GRP_SYS, INT, NONE, ANY_ARGS),
	ROW(183, "afs_syscall", GRP_SYS, INT, NONE, ANY_ARGS),
	ROW(184, "tuxcall", GRP_SYS, INT, NONE, ANY_ARGS),
	ROW(185, "security", GRP_SYS, INT, NONE, ANY_ARGS),
	ROW(212, "lookup_dcookie", GRP_SYS, INT, NONE, A("cookie", HEX), A("buf", PTR), A("len", SIZE)),
	ROW(219, "restart_syscall", GRP_SYS, INT, NONE),
	ROW(236, "vserver", GRP_SYS, INT, NONE, ANY_ARGS),
	ROW(246, "kexec_load", GRP_SYS, INT, NONE, A("entry", PTR), A("nr_segments", ULONG), A("segments", PTR), A("flags", HEX)),
	ROW(313, "finit_module", GRP_SYS | GRP_DESC, INT, NONE, A("fd", FD), A("params", STR), A_FLAGS("flags", module_init_flags)),
	ROW(318, "getrandom", GRP_SYS, SIZE, INFO, A("buf", BUF_OUT), A("count", SIZE), A_FLAGS("flags", getrandom_flags)),
	ROW(320, "kexec_file_load", GRP_SYS | GRP_DESC, INT, NONE, A("kernel_fd", FD), A("initrd_fd", FD), A("cmdline_len", SIZE), A("cmdline", STR),
		A_FLAGS64("flags", kexec_file_flags)),
	ROW_ASKS(321, "bpf", GRP_SYS | GRP_DESC, INT, NEWFD, &bpf_newfd, &bpf_question, A_ENUM("cmd", bpf_cmds), A("attr", PTR), A("size", UINT)),
	/* Made by the kernel's trampolines (Linux 6.11, 6.18); the register of the result is the probed function's. */
	ROW(335, "uretprobe", GRP_SYS, FOREIGN, PROBE),
	ROW(336, "uprobe", GRP_SYS, FOREIGN, PROBE),
	ROW_USE(443, "quotactl_fd", GRP_SYS | GRP_DESC, INT, NONE, quotactl_fd_words, A("fd", FD), { "cmd", ARG_QUOTACTL, .names = &quotactl_cmds }, A("id", UID), A("addr", PTR)),
	ROW_ASKS(444, "landlock_create_ruleset", GRP_SYS | GRP_DESC, INT, NEWFD, &landlock_newfd, &landlock_question, A("attr", PTR), A("size", SIZE), A_FLAGS("flags", landlock_create_flags)),
	ROW(445, "landlock_add_rule", GRP_SYS | GRP_DESC, INT, NONE, A("ruleset_fd", FD), A_ENUM("rule_type", landlock_rule_types), A("rule_attr", PTR), A_BITS("flags", HEX, 32)),
	ROW(446, "landlock_restrict_self", GRP_SYS | GRP_DESC, INT, NONE, A("ruleset_fd", FD), A_FLAGS("flags", landlock_restrict_flags)),
	ROW(459, "lsm_get_self_attr", GRP_SYS, INT, NONE, A_ENUM("attr", lsm_attrs), A("ctx", PTR), A("size", PTR), A_FLAGS("flags", lsm_flags)),
	ROW(460, "lsm_set_self_attr", GRP_SYS, INT, NONE, A_ENUM("attr", lsm_attrs), A("ctx", PTR), A("size", UINT), A_BITS("flags", HEX, 32)),
	ROW(461, "lsm_list_modules", GRP_SYS, INT, NONE, A("ids", PTR), A("size", PTR), A_BITS("flags", HEX, 32)),
};
const struct syscall_family spec_sys = { rows, ARRAY_SIZE(rows) };
