/* SPDX-License-Identifier: MIT */
/* The parts of the man page and of the completions that derive from the option table: optdoc man|bash|zsh|fish */
#include <stdio.h>

#include "cli/options.h"

int main(int argc, char **argv)
{
	if (argc != 2 || options_generate(stdout, argv[1]) < 0) {
		fputs("usage: optdoc man|bash|zsh|fish\n", stderr);
		return 2;
	}
	return ferror(stdout) || fflush(stdout);
}
