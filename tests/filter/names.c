/* SPDX-License-Identifier: MIT */
/* The names of x86-64's calls in a set, a line each: names SET. */
#include <stdio.h>

#include "abi/spec.h"
#include "filter/callset.h"

int main(int argc, char **argv)
{
	struct callset_error e;
	struct callset *set;

	if (argc != 2 || callset_parse(argv[1], &set, &e) < 0)
		return 2;
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
		if (callset_has(set, 0, nr) && syscall_spec(0, nr)->name)
			puts(syscall_spec(0, nr)->name);
	callset_free(set);
	return 0;
}
