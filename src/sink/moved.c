/* SPDX-License-Identifier: MIT */
#include "sink/moved.h"

#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"

static bool moves(const struct event *ev)
{
	switch (ev->kind) {
	case EV_READ: case EV_WRITE: case EV_SEND: case EV_RECV: case EV_PEEK:
		return true;
	default:
		return false;
	}
}

/* The contents that this argument leads to; NULL where it is of another kind. */
static const char *contents(const struct call *c, unsigned arg, uint32_t *ret_n)
{
	const struct value *v = &c->args[arg];
	const struct part *p;

	switch (v->spec->type) {
	case ARG_BUF_IN: case ARG_BUF_OUT:
		*ret_n = v->len;
		return v->bytes;
	case ARG_IOVEC_IN: case ARG_IOVEC_OUT: case ARG_MSGHDR_IN: case ARG_MSGHDR_OUT: case ARG_MMSGHDR_IN:
	case ARG_MMSGHDR_OUT:
		p = parts_find(c->parts, c->nparts, (int)arg, PART_DATA, 0);
		*ret_n = p ? p->len : 0;
		return p ? p->bytes : NULL;
	default:
		return NULL;
	}
}

struct moved_bytes event_moved_bytes(const struct event *ev)
{
	const struct call *c = ev->call;

	if (!c || !moves(ev))
		return (struct moved_bytes){ 0 };
	for (unsigned i = 0; i < c->nargs; i++) {
		uint32_t n = 0;
		const char *s = contents(c, i, &n);
		uint8_t type = c->args[i].spec->type;

		if (!s || !n)
			continue;
		/* fewer bytes were written than asked for; of several messages it returns how many there were */
		if (!c->err && !c->no_exit && !c->unfinished && type != ARG_MMSGHDR_IN && type != ARG_MMSGHDR_OUT)
			n = (uint32_t)MIN((uint64_t)MAX(c->ret, (int64_t)0), (uint64_t)n);
		return (struct moved_bytes){ s, n };
	}
	return (struct moved_bytes){ 0 };
}
