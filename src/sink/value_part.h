/* SPDX-License-Identifier: MIT */
#pragma once
/* Between the files that make text of arguments: value.c and value_socket.c. */
#include "sink/value.h"

#include "decode/call.h"

#define ITEMS_MAX 32		/* strings of a vector, vectors of an iovec, messages: shown; the rest is … */
#define DATA_MAX 32		/* bytes of a buffer, as strace has it */

struct context { const struct event *ev; unsigned flags; };
typedef void format_fn(struct buf *b, const struct context *c, const struct call *call, unsigned arg);

#define WORD(arg) (call->args[arg].word)

void value_address(struct buf *b, const struct context *c, uint64_t addr);	/* NULL or …, too */
format_fn value_ptr;		/* its address, NULL or … */
format_fn value_sockaddr, value_iovec, value_msghdr, value_mmsghdr, value_optval;
void value_quoted(struct buf *b, const char *bytes, uint32_t len, bool trunc);
bool value_list_goes_on(struct buf *b, size_t i);	/* before the i-th item: what stands between; false where the rest is not shown */
const struct file *value_file(const struct event *ev, int fd);
