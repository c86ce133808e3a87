/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/*
 * When the last thing happened that an open recording has whole, by its own clock.  The position of fd is not moved.
 * -ESPIPE: it is no file; -EBADMSG: nothing in it can be read.
 */
int record_last_ns(int fd, uint64_t *ret_ns);
