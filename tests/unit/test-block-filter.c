/* SPDX-License-Identifier: MIT */
/* What the filter lets through of the calls that blocks make: those that leave alone what is ours in the program. */
#include "unit.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "capture/inprocess/inside.h"
#include "capture/ptrace/ptrace.h"
#include "seccomp_run.h"

enum { MARK = 0x4350, GOES_ON = SECCOMP_RET_LOG /* to what stands behind it */ };

static struct sock_filter prog[SPACE_FILTER_MAX + 1];
static unsigned nprog;
static const unsigned known[] = {
	SYS_read, SYS_openat, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_brk, SYS_madvise, SYS_fcntl,
};

static int setup(void **state)
{
	struct inside *in = calloc(1, sizeof(*in));
	struct ptrace_source *s = calloc(1, sizeof(*s));

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		in->known[known[i]] = RING_KNOWN;
	s->inside = in;
	s->mark = MARK;
	nprog = space_filter(s, prog);
	prog[nprog++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, GOES_ON);
	free(s);
	free(in);
	return nprog <= ARRAY_SIZE(prog) ? 0 : -1;
}

static unsigned at(uint64_t ip, unsigned nr, uint64_t addr, uint64_t flags)
{
	const struct seccomp_data d = { .nr = (int)nr, .arch = AUDIT_ARCH_X86_64, .instruction_pointer = ip,
					.args = { addr, 4096, 0, flags } };
	bool by_number;

	return seccomp_run(prog, nprog, &d, &by_number);
}

static unsigned from_block(unsigned nr, uint64_t addr, uint64_t flags)
{
	return at(STUB_BLOCKS + 3 * STUB_BLOCK + stub_call_end(), nr, addr, flags);
}

static void places(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		assert_int_equal(from_block(known[i], 1ull << 40, 0), SECCOMP_RET_ALLOW);
		assert_int_equal(at(1ull << 40, known[i], 1ull << 40, 0), GOES_ON);
		assert_int_equal(at(STUB_BLOCKS + stub_call_end() - 1, known[i], 1ull << 40, 0), GOES_ON);
		assert_int_equal(at((1ull << 32) + STUB_BLOCKS + stub_call_end(), known[i], 1ull << 40, 0), GOES_ON);
	}
	assert_int_equal(from_block(SYS_write, 1, 0), GOES_ON);
	assert_int_equal(from_block(SYS_statx, 1, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(at(STUB_BLOCKS + stub_stat_end(), SYS_statx, 1, 0), SECCOMP_RET_ALLOW);
}

/* Below 4 GB, where ring and blocks are, however far it reaches from there. */
static void memory(void **state)
{
	static const unsigned ranged[] = { SYS_munmap, SYS_mprotect, SYS_madvise };
	const uint64_t private = MAP_PRIVATE | MAP_ANONYMOUS;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(ranged); i++) {
		assert_int_equal(from_block(ranged[i], 0x1000, 0), GOES_ON);
		assert_int_equal(from_block(ranged[i], 0xfffff000, 0), GOES_ON);
		assert_int_equal(from_block(ranged[i], STUB_RING, 0), SECCOMP_RET_TRACE | MARK);
		assert_int_equal(from_block(ranged[i], STUB_END - 4096, 0), SECCOMP_RET_TRACE | MARK);
		assert_int_equal(from_block(ranged[i], 1ull << 32, 0), SECCOMP_RET_ALLOW);
	}
	assert_int_equal(from_block(SYS_mmap, 0, private), SECCOMP_RET_ALLOW);
	assert_int_equal(from_block(SYS_mmap, 0x1000, private), SECCOMP_RET_ALLOW);	/* a wish */
	assert_int_equal(from_block(SYS_mmap, 0x1000, private | MAP_FIXED), GOES_ON);
	assert_int_equal(from_block(SYS_mmap, STUB_RING, private | MAP_FIXED), SECCOMP_RET_TRACE | MARK);
	assert_int_equal(from_block(SYS_mmap, 0, MAP_SHARED), GOES_ON);
	assert_int_equal(from_block(SYS_mmap, 0, MAP_SHARED_VALIDATE), GOES_ON);
	assert_int_equal(from_block(SYS_brk, 0x1000, 0), SECCOMP_RET_ALLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(places), cmocka_unit_test(memory) };

	return cmocka_run_group_tests(tests, setup, NULL);
}
