/* Address spaces. */
#include "abi/rows.h"

#include <linux/mman.h>

static const struct names mremap_flags = FLAG_SET(V(1, "MREMAP_MAYMOVE"), V(2, "MREMAP_FIXED"), V(4, "MREMAP_DONTUNMAP"));

static const struct syscall_row rows[] = {
	ROW(9, "mmap", GRP_MEM | GRP_DESC, HEX, MMAP, A("addr", PTR), A("length", SIZE), A_FLAGS("prot", prot_flags), A_FLAGS("flags", mmap_flags),
		A("fd", FD), A("offset", OFF)),
	ROW(10, "mprotect", GRP_MEM, INT, MPROTECT, A("addr", PTR), A("length", SIZE), A_FLAGS("prot", prot_flags)),
	ROW(11, "munmap", GRP_MEM, INT, MUNMAP, A("addr", PTR), A("length", SIZE)),
	ROW(12, "brk", GRP_MEM, HEX, BRK, A("addr", PTR)),
	ROW(25, "mremap", GRP_MEM, HEX, MREMAP, A("old_addr", PTR), A("old_length", SIZE), A("new_length", SIZE), A_FLAGS("flags", mremap_flags), A("new_addr", PTR)),
	ROW(28, "madvise", GRP_MEM, INT, MADVISE, A("addr", PTR), A("length", SIZE), A("advice", INT)),
	ROW(319, "memfd_create", GRP_MEM | GRP_DESC, FD, ANONFD, A("name", STR), A("flags", HEX)),
};
const struct syscall_family spec_mem = { rows, ARRAY_SIZE(rows) };
