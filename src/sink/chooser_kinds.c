/* SPDX-License-Identifier: MIT */
/* What a call is to terms that look at nothing but its kind. */
#include <string.h>

#include "abi/spec.h"
#include "base/number.h"
#include "sink/chooser_part.h"

const char *chooser_call_name(unsigned arch, unsigned nr, char room[CHOOSER_NAME])
{
	static const char *const archs[] = {"", "i386_", "x32_"};
	char digits[NUMBER_TEXT];

	if (syscall_spec(arch, nr)->name)
		return syscall_spec(arch, nr)->name;
	stpcpy(stpcpy(stpcpy(room, CHOOSER_UNKNOWN), archs[arch]), number_text(digits, nr));
	return room;
}

unsigned chooser_kinds_of(unsigned arch, unsigned nr, char room[CHOOSER_NAME], struct kind_words ret[CHOOSER_KINDS])
{
	const struct syscall_spec *spec = syscall_spec(arch, nr);
	struct meaning means = spec_meaning(spec);
	const char *name = chooser_call_name(arch, nr, room);

	ret[0] = (struct kind_words){name, meaning_op(means.op), meaning_category(means.category)};
	ret[1] = (struct kind_words){name, meaning_op(OP_PEEK), meaning_category(CAT_NETWORK)};
	return spec->effect == FX_RECV || spec->effect == FX_RECVMMSG ? 2 : 1;
}
