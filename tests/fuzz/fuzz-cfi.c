/* SPDX-License-Identifier: MIT */
/* Any bytes are an unwind table: eight bytes say which instruction, and whether there is a header. */
#include <stdint.h>
#include <string.h>

#include "capture/stack/cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_any(void *ctx, uint64_t addr, uint64_t *ret)
{
	(void)ctx;
	*ret = addr * 3;
	return addr % 16;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfi c = { .bytes = { NULL, 0, 0x1000 } };
	uint64_t regs[CFI_REGS], pc;
	struct cfi_row row;
	bool end;

	if (size < sizeof(pc))
		return 0;
	memcpy(&pc, data, sizeof(pc));
	c.bytes.p = data + sizeof(pc);
	c.bytes.n = size - sizeof(pc);
	c.hdr = pc >> 63 ? 0x1000 : 0;
	c.eh_frame = 0x1000;
	for (unsigned i = 0; i < CFI_REGS; i++)
		regs[i] = i * 0x1000 + 8;
	if (cfi_find(&c, pc & 0xffff, &row))
		cfi_step(&row, regs, read_any, NULL, &end);
	return 0;
}
