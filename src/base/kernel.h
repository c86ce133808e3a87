/* SPDX-License-Identifier: MIT */
#pragma once
/* Which kernel this is. */
#include <stdbool.h>

/* Is the running kernel older than major.minor, by uname(2)?  A process under setarch --uname-2.6 sees 2.6.x. */
bool kernel_is_older(unsigned major, unsigned minor);
