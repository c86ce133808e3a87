/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/*
 * The last thing that an open recording has whole, by its own clock.  The position of fd is not moved.  -ESPIPE: it is
 * no file; -EBADMSG: nothing in it can be read.
 */
struct record_last;
int record_last(int fd, struct record_last *ret);
