/* SPDX-License-Identifier: MIT */
#pragma once
/* A call by hand, and its arguments as text. */
#include "shown.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "sink/value.h"

static inline void show(void *ctx, const struct event *ev)
{
	scene_event(ctx, ev);
	if (!ev->call)
		return;
	buf_reset(&shown);
	call_format_name(&shown, ev->call);
	buf_putc(&shown, '(');
	call_format_args(&shown, ev, 0);
	buf_puts(&shown, ") = ");
	call_format_result(&shown, ev, 0);
}

/* i386's number instead of x86-64's. */
static inline void narrow(struct scene *s, unsigned nr)
{
	struct record_call *c = (struct record_call *)s->r.mem;

	c->nr = nr;
	c->arch = ARCH_I386;
}
