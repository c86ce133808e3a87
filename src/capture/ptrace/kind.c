/* SPDX-License-Identifier: MIT */
/* What is recorded of the kind of a file that was opened by name. */
#include <fcntl.h>
#include <sys/stat.h>

#include "abi/spec.h"
#include "capture/ptrace/ptrace.h"

bool kind_is_known(const struct syscall_spec *spec, const uint64_t *args)
{
	int i = spec_find_arg(spec, ARG_FLAGS, 0);
	uint64_t flags = i < 0 ? 0 : args[i];

	if ((flags & O_TMPFILE) == O_TMPFILE)
		return false;
	return flags & O_DIRECTORY || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
}

bool kind_is_wanted(unsigned nr, const uint64_t *args, unsigned mode)
{
	const struct syscall_spec *spec = syscall_spec(ARCH_X86_64, nr);

	return !S_ISREG(mode) && cond_holds(spec_question(spec).when, args) && !kind_is_known(spec, args);
}
