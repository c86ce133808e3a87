/* SPDX-License-Identifier: MIT */
/* Any bytes are an ELF file whose functions are looked up: eight bytes of an offset, then the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/common/symbol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[SYMBOL_MAX];
	uint64_t offset, into;
	size_t n;
	int fd;

	if (size < sizeof(offset))
		return 0;
	memcpy(&offset, data, sizeof(offset));
	data += sizeof(offset);
	size -= sizeof(offset);
	fd = memfd_create("elf", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	n = symbol_find(fd, offset, name, &into);
	if (n > SYMBOL_MAX || (n && memchr(name, 0, n)) || (n && offset >= size))
		abort();
	close(fd);
	return 0;
}
