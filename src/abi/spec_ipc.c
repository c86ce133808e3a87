/* SPDX-License-Identifier: MIT */
/* Futexes, System V and POSIX queues, keys. */
#include "abi/rows.h"

#include <linux/futex.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

/* FUTEX_CMD_MASK: all but two bits are the operation. */
const struct names futex_ops = FIELD_SET(0xfffffe7f,
	N(FUTEX_WAIT), N(FUTEX_WAKE), N(FUTEX_FD), N(FUTEX_REQUEUE), N(FUTEX_CMP_REQUEUE), N(FUTEX_WAKE_OP), N(FUTEX_LOCK_PI), N(FUTEX_UNLOCK_PI),
	N(FUTEX_TRYLOCK_PI), N(FUTEX_WAIT_BITSET), N(FUTEX_WAKE_BITSET), N(FUTEX_WAIT_REQUEUE_PI), N(FUTEX_CMP_REQUEUE_PI), V(13, "FUTEX_LOCK_PI2"),
	N(FUTEX_PRIVATE_FLAG), N(FUTEX_CLOCK_REALTIME));
static const struct names futex2_flags = FIELD_SET(0x3, V(0, "FUTEX2_SIZE_U8"), V(1, "FUTEX2_SIZE_U16"), V(2, "FUTEX2_SIZE_U32"), V(3, "FUTEX2_SIZE_U64"),
	V(4, "FUTEX2_NUMA"), V(8, "FUTEX2_MPOL"), V(128, "FUTEX2_PRIVATE"));
/* The permissions of what is made are among them. */
static const struct names ipc_get_flags = MODE_SET(N(IPC_CREAT), N(IPC_EXCL), N(IPC_NOWAIT));
static const struct names shm_get_flags = MODE_SET(N(IPC_CREAT), N(IPC_EXCL), V(04000, "SHM_HUGETLB"),
						   V(010000, "SHM_NORESERVE"));
static const struct names msg_flags = FLAG_SET(N(IPC_NOWAIT), N(MSG_NOERROR), N(MSG_EXCEPT), V(040000, "MSG_COPY"));
static const struct names ipc_cmds = FIELD_SET(0xfffffeff, N(IPC_RMID), N(IPC_SET), N(IPC_STAT), N(IPC_INFO),
					       V(0x100, "IPC_64"));
static const struct names shm_cmds = FIELD_SET(0xfffffeff, N(IPC_RMID), N(IPC_SET), N(IPC_STAT), N(IPC_INFO), N(SHM_LOCK), N(SHM_UNLOCK), N(SHM_STAT), N(SHM_INFO),
	V(15, "SHM_STAT_ANY"), V(0x100, "IPC_64"));
static const struct names sem_cmds = FIELD_SET(0xfffffeff, N(IPC_RMID), N(IPC_SET), N(IPC_STAT), N(IPC_INFO), N(GETPID), N(GETVAL), N(GETALL), N(GETNCNT), N(GETZCNT),
	N(SETVAL), N(SETALL), N(SEM_STAT), N(SEM_INFO), V(20, "SEM_STAT_ANY"), V(0x100, "IPC_64"));
static const struct names keyctl_ops = VALUE_SET(
	V(0, "KEYCTL_GET_KEYRING_ID"), V(1, "KEYCTL_JOIN_SESSION_KEYRING"), V(2, "KEYCTL_UPDATE"), V(3, "KEYCTL_REVOKE"), V(4, "KEYCTL_CHOWN"), V(5, "KEYCTL_SETPERM"),
	V(6, "KEYCTL_DESCRIBE"), V(7, "KEYCTL_CLEAR"), V(8, "KEYCTL_LINK"), V(9, "KEYCTL_UNLINK"), V(10, "KEYCTL_SEARCH"), V(11, "KEYCTL_READ"),
	V(12, "KEYCTL_INSTANTIATE"), V(13, "KEYCTL_NEGATE"), V(14, "KEYCTL_SET_REQKEY_KEYRING"), V(15, "KEYCTL_SET_TIMEOUT"), V(16, "KEYCTL_ASSUME_AUTHORITY"),
	V(17, "KEYCTL_GET_SECURITY"), V(18, "KEYCTL_SESSION_TO_PARENT"), V(19, "KEYCTL_REJECT"), V(20, "KEYCTL_INSTANTIATE_IOV"), V(21, "KEYCTL_INVALIDATE"),
	V(22, "KEYCTL_GET_PERSISTENT"), V(23, "KEYCTL_DH_COMPUTE"), V(24, "KEYCTL_PKEY_QUERY"), V(25, "KEYCTL_PKEY_ENCRYPT"), V(26, "KEYCTL_PKEY_DECRYPT"),
	V(27, "KEYCTL_PKEY_SIGN"), V(28, "KEYCTL_PKEY_VERIFY"), V(29, "KEYCTL_RESTRICT_KEYRING"), V(30, "KEYCTL_MOVE"), V(31, "KEYCTL_CAPABILITIES"),
	V(32, "KEYCTL_WATCH_KEY"));
static const struct names keyrings = VALUE_SET(V(0xffffffff, "KEY_SPEC_THREAD_KEYRING"), V(0xfffffffe, "KEY_SPEC_PROCESS_KEYRING"),
	V(0xfffffffd, "KEY_SPEC_SESSION_KEYRING"), V(0xfffffffc, "KEY_SPEC_USER_KEYRING"), V(0xfffffffb, "KEY_SPEC_USER_SESSION_KEYRING"),
	V(0xfffffffa, "KEY_SPEC_GROUP_KEYRING"), V(0xfffffff9, "KEY_SPEC_REQKEY_AUTH_KEY"), V(0xfffffff8, "KEY_SPEC_REQUESTOR_KEYRING"));

/* What follows a futex operation. */
const struct arg_choice futex_timeout[] = {
	{ FUTEX_CMD_MASK, FUTEX_REQUEUE, A("val2", UINT) }, { FUTEX_CMD_MASK, FUTEX_CMP_REQUEUE, A("val2", UINT) }, { FUTEX_CMD_MASK, FUTEX_CMP_REQUEUE_PI, A("val2", UINT) },
	{ FUTEX_CMD_MASK, FUTEX_WAKE_OP, A("val2", UINT) }, { 0 } };
static const struct arg_use futex_uses[] = {
	{ FUTEX_CMD_MASK, FUTEX_WAIT, 0xf }, { FUTEX_CMD_MASK, FUTEX_WAKE, 0x7 }, { FUTEX_CMD_MASK, FUTEX_FD, 0x7 }, { FUTEX_CMD_MASK, FUTEX_REQUEUE, 0x1f }, { FUTEX_CMD_MASK, FUTEX_LOCK_PI, 0xb },
	{ FUTEX_CMD_MASK, 13 /* FUTEX_LOCK_PI2 */, 0xb }, { FUTEX_CMD_MASK, FUTEX_UNLOCK_PI, 0x3 }, { FUTEX_CMD_MASK, FUTEX_TRYLOCK_PI, 0x3 }, { FUTEX_CMD_MASK, FUTEX_WAIT_BITSET, 0x2f },
	{ FUTEX_CMD_MASK, FUTEX_WAKE_BITSET, 0x27 }, { FUTEX_CMD_MASK, FUTEX_WAIT_REQUEUE_PI, 0x1f }, { 0 } };
const struct arg_usage futex_words = { 1, futex_uses };
/* keyctl(2): how many words each takes. */
static const struct arg_use keyctl_uses[] = {
	{ ~0u, 18 /* KEYCTL_SESSION_TO_PARENT */, 1 }, { ~0u, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, 3 }, { ~0u, 3 /* KEYCTL_REVOKE */, 3 },
	{ ~0u, 7 /* KEYCTL_CLEAR */, 3 }, { ~0u, 14 /* KEYCTL_SET_REQKEY_KEYRING */, 3 }, { ~0u, 16 /* KEYCTL_ASSUME_AUTHORITY */, 3 },
	{ ~0u, 21 /* KEYCTL_INVALIDATE */, 3 }, { ~0u, 0 /* KEYCTL_GET_KEYRING_ID */, 7 }, { ~0u, 5 /* KEYCTL_SETPERM */, 7 }, { ~0u, 8 /* KEYCTL_LINK */, 7 },
	{ ~0u, 9 /* KEYCTL_UNLINK */, 7 }, { ~0u, 15 /* KEYCTL_SET_TIMEOUT */, 7 }, { ~0u, 22 /* KEYCTL_GET_PERSISTENT */, 7 },
	{ ~0u, 31 /* KEYCTL_CAPABILITIES */, 7 }, { ~0u, 2 /* KEYCTL_UPDATE */, 0xf }, { ~0u, 4 /* KEYCTL_CHOWN */, 0xf }, { ~0u, 6 /* KEYCTL_DESCRIBE */, 0xf },
	{ ~0u, 11 /* KEYCTL_READ */, 0xf }, { ~0u, 13 /* KEYCTL_NEGATE */, 0xf }, { ~0u, 17 /* KEYCTL_GET_SECURITY */, 0xf },
	{ ~0u, 29 /* KEYCTL_RESTRICT_KEYRING */, 0xf }, { 0 } };
static const struct arg_usage keyctl_words = { 0, keyctl_uses };
/* Without O_CREAT the kernel looks at neither. */
const struct arg_choice mode_of_mq[] = { { 0100 /* O_CREAT */, 0, ABSENT }, { 0 } };
/* Those that read or write something say so; semctl(2) and its like ignore the rest. */
static const struct arg_choice sem_arg[] = {
	{ 0xfffffeff, IPC_RMID, ABSENT }, { 0xfffffeff, GETPID, ABSENT }, { 0xfffffeff, GETVAL, ABSENT }, { 0xfffffeff, GETNCNT, ABSENT }, { 0xfffffeff, GETZCNT, ABSENT },
	{ 0xfffffeff, SETVAL, A("arg", INT) }, { 0 } };

const struct arg_cond futex_waits = {
	.arg = 1, .mask = FUTEX_CMD_MASK, .nvals = 6,
	.vals = { FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI, FUTEX_WAIT_REQUEUE_PI, 13 /* FUTEX_LOCK_PI2 */, FUTEX_WAKE },
};

static const struct syscall_row rows[] = {
	ROW(29, "shmget", GRP_IPC | GRP_MEM, INT, SHMGET, A_BITS("key", HEX, 32), A("size", SIZE), A_FLAGS("flags", shm_get_flags)),
	ROW(31, "shmctl", GRP_IPC | GRP_MEM, INT, NONE, A("shmid", INT), A_FLAGS("cmd", shm_cmds), A("buf", PTR)),
	ROW(64, "semget", GRP_IPC, INT, NONE, A_BITS("key", HEX, 32), A("nsems", INT), A_FLAGS("flags", ipc_get_flags)),
	ROW_WAIT(65, "semop", GRP_IPC | GRP_WAIT, INT, SEMAPHORE, WAITS(ENDLESS, 0, 0), A("semid", INT), A_NEEDED_ARRAY("sops", IN, layout_sembuf, 2), A("nsops", UINT)),
	ROW(66, "semctl", GRP_IPC, INT, NONE, A("semid", INT), A("semnum", INT), A_FLAGS("cmd", sem_cmds), { "arg", ARG_HEX, .by = 2, .choice = sem_arg }),
	ROW(68, "msgget", GRP_IPC, INT, NONE, A_BITS("key", HEX, 32), A_FLAGS("flags", ipc_get_flags)),
	ROW(69, "msgsnd", GRP_IPC | GRP_WAIT, INT, MESSAGE, A("msqid", INT), A("msgp", PTR), A("msgsz", SIZE), A_FLAGS("flags", msg_flags)),
	ROW(70, "msgrcv", GRP_IPC | GRP_WAIT, SIZE, MESSAGE, A("msqid", INT), A("msgp", PTR), A("msgsz", SIZE), A("msgtyp", LONG), A_FLAGS("flags", msg_flags)),
	ROW(71, "msgctl", GRP_IPC, INT, NONE, A("msqid", INT), A_FLAGS("cmd", ipc_cmds), A("buf", PTR)),
	ROW_USE_IF(202, "futex", GRP_WAIT | GRP_IPC, INT, FUTEX, futex_words, futex_waits, A("uaddr", PTR), A_FLAGS("op", futex_ops), A("val", UINT),
		{ "timeout", ARG_STRUCT_IN, .size = 16, .layout = &layout_timespec, .by = 1, .choice = futex_timeout },
		A("uaddr2", PTR), A_BITS("val3", HEX, 32)),
	ROW_WAIT(220, "semtimedop", GRP_IPC | GRP_WAIT, INT, SEMAPHORE, WAITS(TIMESPEC, 3, -EAGAIN), A("semid", INT), A_NEEDED_ARRAY("sops", IN, layout_sembuf, 2), A("nsops", UINT),
		A_LAYOUT("timeout", IN, layout_timespec)),
	ROW_ASKS(240, "mq_open", GRP_IPC | GRP_DESC, FD, SPECIAL_FD, NULL, &question_returned, A("name", STR), A_FLAGS("oflag", open_flags), { "mode", ARG_MODE, .by = 1, .choice = mode_of_mq }, A_LAYOUT("attr", IN, layout_mq_attr)),
	ROW(241, "mq_unlink", GRP_IPC, INT, NONE, A("name", STR)),
	ROW(242, "mq_timedsend", GRP_IPC | GRP_IO | GRP_DESC, INT, MESSAGE, A("mqdes", FD), A_LEN("msg", BUF_IN, 2), A("msg_len", SIZE), A("msg_prio", UINT),
		A_LAYOUT("abs_timeout", IN, layout_timespec)),
	ROW(243, "mq_timedreceive", GRP_IPC | GRP_IO | GRP_DESC, SIZE, MESSAGE, A("mqdes", FD), A("msg", BUF_OUT), A("msg_len", SIZE), A_LAYOUT("msg_prio", OUT, layout_int),
		A_LAYOUT("abs_timeout", IN, layout_timespec)),
	ROW(244, "mq_notify", GRP_IPC | GRP_DESC, INT, NONE, A("mqdes", FD), A("sevp", PTR)),
	ROW(245, "mq_getsetattr", GRP_IPC | GRP_DESC, INT, NONE, A("mqdes", FD), A_LAYOUT("new_attr", IN, layout_mq_attr), A_LAYOUT("old_attr", OUT, layout_mq_attr)),
	ROW(248, "add_key", GRP_IPC | GRP_SYS, INT, NONE, A("type", STR), A("description", STR), A_LEN("payload", BUF_IN, 3), A("plen", SIZE), A_ENUM("keyring", keyrings)),
	ROW(249, "request_key", GRP_IPC | GRP_SYS, INT, NONE, A("type", STR), A("description", STR), A("callout_info", STR), A_ENUM("dest_keyring", keyrings)),
	ROW_USE(250, "keyctl", GRP_IPC | GRP_SYS, INT, NONE, keyctl_words, A_ENUM("op", keyctl_ops), A("arg2", HEX), A("arg3", HEX), A("arg4", HEX), A("arg5", HEX)),
	ROW(449, "futex_waitv", GRP_WAIT | GRP_IPC, INT, FUTEX, A_NEEDED_ARRAY("waiters", IN, layout_futex_waitv, 1), A("nr_futexes", UINT), A_BITS("flags", HEX, 32),
		A_LAYOUT("timeout", IN, layout_timespec), A_CLOCK("clockid")),
	ROW(454, "futex_wake", GRP_IPC, INT, FUTEX, A("uaddr", PTR), A("mask", HEX), A("nr", INT), A_FLAGS("flags", futex2_flags)),
	ROW(455, "futex_wait", GRP_WAIT | GRP_IPC, INT, FUTEX, A("uaddr", PTR), A("val", ULONG), A("mask", HEX), A_FLAGS("flags", futex2_flags),
		A_LAYOUT("timeout", IN, layout_timespec), A_CLOCK("clockid")),
	ROW(456, "futex_requeue", GRP_IPC, INT, FUTEX, A("waiters", PTR), A_BITS("flags", HEX, 32), A("nr_wake", INT), A("nr_requeue", INT)),
};
const struct syscall_family spec_ipc = { rows, ARRAY_SIZE(rows) };
