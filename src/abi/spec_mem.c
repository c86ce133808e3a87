/* SPDX-License-Identifier: MIT */
/* Address spaces. */
#include "abi/rows.h"

#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/shm.h>

static const struct names mremap_flags = FLAG_SET(V(1, "MREMAP_MAYMOVE"), V(2, "MREMAP_FIXED"),
						  V(4, "MREMAP_DONTUNMAP"));
static const struct names msync_flags = FLAG_SET(N(MS_ASYNC), N(MS_INVALIDATE), N(MS_SYNC));
static const struct names madvise_advice = VALUE_SET(
	N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED), N(MADV_DONTNEED), N(MADV_FREE), N(MADV_REMOVE), N(MADV_DONTFORK), N(MADV_DOFORK),
	N(MADV_MERGEABLE), N(MADV_UNMERGEABLE), N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP), N(MADV_DODUMP), N(MADV_WIPEONFORK), N(MADV_KEEPONFORK),
	V(20, "MADV_COLD"), V(21, "MADV_PAGEOUT"), V(22, "MADV_POPULATE_READ"), V(23, "MADV_POPULATE_WRITE"), V(24, "MADV_DONTNEED_LOCKED"), V(25, "MADV_COLLAPSE"),
	N(MADV_HWPOISON), V(101, "MADV_SOFT_OFFLINE"), V(102, "MADV_GUARD_INSTALL"), V(103, "MADV_GUARD_REMOVE"));
static const struct names mlockall_flags = FLAG_SET(V(1, "MCL_CURRENT"), V(2, "MCL_FUTURE"), V(4, "MCL_ONFAULT"));
static const struct names mlock_flags = FLAG_SET(V(1, "MLOCK_ONFAULT"));
static const struct names memfd_flags = FLAG_SET(V(0x1, "MFD_CLOEXEC"), V(0x2, "MFD_ALLOW_SEALING"),
						 V(0x4, "MFD_HUGETLB"), V(0x8, "MFD_NOEXEC_SEAL"), V(0x10, "MFD_EXEC"));
static const struct names memfd_secret_flags = FLAG_SET(V(0x80000, "O_CLOEXEC"));
static const struct names shmat_flags = FLAG_SET(N(SHM_RDONLY), N(SHM_RND), N(SHM_REMAP), N(SHM_EXEC));
static const struct names mempolicy_modes = FIELD_SET(0xff,
	V(0, "MPOL_DEFAULT"), V(1, "MPOL_PREFERRED"), V(2, "MPOL_BIND"), V(3, "MPOL_INTERLEAVE"), V(4, "MPOL_LOCAL"), V(5, "MPOL_PREFERRED_MANY"),
	V(6, "MPOL_WEIGHTED_INTERLEAVE"), V(0x8000, "MPOL_F_STATIC_NODES"), V(0x4000, "MPOL_F_RELATIVE_NODES"), V(0x2000, "MPOL_F_NUMA_BALANCING"));
static const struct names mempolicy_get_flags = FLAG_SET(V(1, "MPOL_F_NODE"), V(2, "MPOL_F_ADDR"),
							 V(4, "MPOL_F_MEMS_ALLOWED"));
static const struct names mbind_flags = FLAG_SET(V(1, "MPOL_MF_STRICT"), V(2, "MPOL_MF_MOVE"),
						 V(4, "MPOL_MF_MOVE_ALL"));
static const struct names pkey_rights = FLAG_SET(V(1, "PKEY_DISABLE_ACCESS"), V(2, "PKEY_DISABLE_WRITE"));
static const struct names shadow_stack_flags = FLAG_SET(V(1, "SHADOW_STACK_SET_TOKEN"));
static const struct names membarrier_cmds = VALUE_SET(
	V(0, "MEMBARRIER_CMD_QUERY"), V(1, "MEMBARRIER_CMD_GLOBAL"), V(2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"), V(4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"),
	V(8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"), V(16, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"), V(32, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"),
	V(64, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"), V(128, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"),
	V(256, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"), V(512, "MEMBARRIER_CMD_GET_REGISTRATIONS"));

static const struct arg_choice mremap_new_addr[] = { { 6 /* MREMAP_FIXED | MREMAP_DONTUNMAP */, 0, ABSENT }, { 0 } };

/* The CPU counts only with MEMBARRIER_CMD_FLAG_CPU. */
static const struct arg_use membarrier_uses[] = { { 1, 0, 0x3 }, { 0 } };
static const struct arg_usage membarrier_words = { 1, membarrier_uses };

/* What gives rights to memory that was only reserved; its loader's own, to read only, are a stop for each library. */
static const struct arg_cond gives_rights = { .arg = 2, .mask = 2 /* PROT_WRITE */, .nvals = 1, .vals = { 2 } };

static const struct syscall_row rows[] = {
	ROW(9, "mmap", GRP_MEM | GRP_DESC, HEX, MMAP, A("addr", PTR), A("length", SIZE), A_FLAGS64("prot", prot_flags), A_FLAGS64("flags", mmap_flags),
		A("fd", FD), A("offset", OFF)),
	ROW_IF(10, "mprotect", GRP_MEM, INT, MPROTECT, gives_rights, A("addr", PTR), A("length", SIZE), A_FLAGS64("prot", prot_flags)),
	ROW(11, "munmap", GRP_MEM, INT, MUNMAP, A("addr", PTR), A("length", SIZE)),
	ROW(12, "brk", GRP_MEM, HEX, BRK, A("addr", PTR)),
	ROW(25, "mremap", GRP_MEM, HEX, MREMAP, A("old_addr", PTR), A("old_length", SIZE), A("new_length", SIZE), A_FLAGS64("flags", mremap_flags), { "new_addr", ARG_PTR, .by = 3, .choice = mremap_new_addr }),
	ROW(26, "msync", GRP_MEM, INT, NONE, A("addr", PTR), A("length", SIZE), A_FLAGS("flags", msync_flags)),
	ROW(27, "mincore", GRP_MEM, INT, NONE, A("addr", PTR), A("length", SIZE), A("vec", PTR)),
	ROW(28, "madvise", GRP_MEM, INT, MADVISE, A("addr", PTR), A("length", SIZE), A_ENUM("advice", madvise_advice)),
	ROW(30, "shmat", GRP_MEM | GRP_IPC, HEX, SHMAT, A("shmid", INT), A("addr", PTR), A_FLAGS("flags", shmat_flags)),
	ROW(67, "shmdt", GRP_MEM | GRP_IPC, INT, SHMDT, A("addr", PTR)),
	ROW(149, "mlock", GRP_MEM, INT, MADVISE, A("addr", PTR), A("length", SIZE)),
	ROW(150, "munlock", GRP_MEM, INT, MADVISE, A("addr", PTR), A("length", SIZE)),
	ROW(151, "mlockall", GRP_MEM, INT, MADVISE, A_FLAGS("flags", mlockall_flags)),
	ROW(152, "munlockall", GRP_MEM, INT, MADVISE),
	ROW(216, "remap_file_pages", GRP_MEM, INT, NONE, A("addr", PTR), A("size", SIZE), A_FLAGS64("prot", prot_flags), A("pgoff", ULONG), A_FLAGS64("flags", mmap_flags)),
	ROW(237, "mbind", GRP_MEM, INT, NONE, A("addr", PTR), A("length", SIZE), A_FLAGS64("mode", mempolicy_modes), A_LAYOUT("nodemask", IN, layout_u64), A("maxnode", ULONG),
		A_FLAGS("flags", mbind_flags)),
	ROW(238, "set_mempolicy", GRP_MEM, INT, NONE, A_FLAGS("mode", mempolicy_modes), A_LAYOUT("nodemask", IN, layout_u64), A("maxnode", ULONG)),
	ROW(239, "get_mempolicy", GRP_MEM, INT, NONE, A_LAYOUT("mode", OUT, layout_int), A("nodemask", PTR), A("maxnode", ULONG), A("addr", PTR),
		A_FLAGS64("flags", mempolicy_get_flags)),
	ROW(256, "migrate_pages", GRP_MEM, INT, NONE, A("pid", PID), A("maxnode", ULONG), A("old_nodes", PTR), A("new_nodes", PTR)),
	ROW(279, "move_pages", GRP_MEM, INT, NONE, A("pid", PID), A("nr_pages", ULONG), A("pages", PTR), A("nodes", PTR), A("status", PTR), A_FLAGS("flags", mbind_flags)),
	ROW(310, "process_vm_readv", GRP_MEM | GRP_IO, SIZE, VM_RW, A("pid", PID), A_LEN("local_iov", IOVEC_OUT, 2), A("liovcnt", ULONG), A_LEN("remote_iov", IOVEC, 4),
		A("riovcnt", ULONG), A("flags", HEX)),
	ROW(311, "process_vm_writev", GRP_MEM | GRP_IO, SIZE, VM_RW, A("pid", PID), A_LEN("local_iov", IOVEC_IN, 2), A("liovcnt", ULONG), A_LEN("remote_iov", IOVEC, 4),
		A("riovcnt", ULONG), A("flags", HEX)),
	ROW(319, "memfd_create", GRP_MEM | GRP_DESC, FD, SPECIAL_FD, A("name", STR), A_FLAGS("flags", memfd_flags)),
	ROW_USE(324, "membarrier", GRP_MEM, INT, NONE, membarrier_words, A_ENUM("cmd", membarrier_cmds), A_BITS("flags", HEX, 32), A("cpu_id", INT)),
	ROW(325, "mlock2", GRP_MEM, INT, MADVISE, A("addr", PTR), A("length", SIZE), A_FLAGS("flags", mlock_flags)),
	ROW_IF(329, "pkey_mprotect", GRP_MEM, INT, MPROTECT, gives_rights, A("addr", PTR), A("length", SIZE), A_FLAGS64("prot", prot_flags), A("pkey", INT)),
	ROW(330, "pkey_alloc", GRP_MEM, INT, NONE, A("flags", HEX), A_FLAGS64("access_rights", pkey_rights)),
	ROW(331, "pkey_free", GRP_MEM, INT, NONE, A("pkey", INT)),
	ROW(440, "process_madvise", GRP_MEM, SIZE, NONE, A("pidfd", FD), A_LEN("iov", IOVEC, 2), A("iovcnt", SIZE), A_ENUM("advice", madvise_advice), A_BITS("flags", HEX, 32)),
	ROW(447, "memfd_secret", GRP_MEM | GRP_DESC, FD, SPECIAL_FD, A_FLAGS("flags", memfd_secret_flags)),
	ROW(448, "process_mrelease", GRP_MEM, INT, NONE, A("pidfd", FD), A_BITS("flags", HEX, 32)),
	ROW(450, "set_mempolicy_home_node", GRP_MEM, INT, NONE, A("addr", PTR), A("length", SIZE), A("home_node", ULONG), A("flags", HEX)),
	ROW(453, "map_shadow_stack", GRP_MEM, HEX, NONE, A("addr", PTR), A("size", SIZE), A_FLAGS("flags", shadow_stack_flags)),
	ROW(462, "mseal", GRP_MEM, INT, MADVISE, A("addr", PTR), A("length", SIZE), A("flags", HEX)),
};
const struct syscall_family spec_mem = { rows, ARRAY_SIZE(rows) };
