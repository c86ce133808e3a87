/* SPDX-License-Identifier: MIT */
/* What socket calls point to: addresses, messages, values of options; and vectors, which messages have too. */
#include <string.h>
#include <sys/socket.h>

#include "abi/layout.h"
#include "abi/names.h"
#include "base/buf.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "sink/value_part.h"

/* cut: there was room for no more of it. */
static void add_address(struct buf *b, const char *bytes, uint32_t len, bool cut)
{
	struct addr a;
	struct buf t = { 0 };

	if (!decode_addr(bytes, len, &a)) {
		value_quoted(b, bytes, len, cut);
		return;
	}
	if (cut && a.family == AF_UNIX && !a.len && !a.abstract)
		buf_puts(&t, "unix");
	else
		addr_format(&t, &a);
	text_safe(b, t.s ? t.s : "", t.len);
	buf_done(&t);
	if (cut)
		buf_puts(b, "…");
}

void value_sockaddr(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct value *v = &call->args[arg];

	bool cut = v->trunc && v->spec->type == ARG_SOCKADDR_OUT;

	if (v->bytes && (v->len >= 2 || cut))
		add_address(b, v->bytes, v->len, cut);
	else
		value_ptr(b, c, call, arg);
}

struct wide_iovec { uint64_t base, len; };	/* as capture widens it */

/* want: bytes of the call that this vector holds. */
static void add_iovec_data(struct buf *b, const struct part *data, uint64_t off, uint64_t want)
{
	uint64_t have = MIN(MIN(data->len - off, want), (uint64_t)DATA_MAX);

	value_quoted(b, data->bytes + off, (uint32_t)have, have < want);
	buf_puts(b, ", ");
}

void value_iovec(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct part *iov = parts_find(call->parts, call->nparts, (int)arg, PART_IOV, 0);
	const struct part *data = parts_find(call->parts, call->nparts, (int)arg, PART_DATA, 0);
	bool out = call->args[arg].spec->type == ARG_IOVEC_OUT || call->args[arg].spec->type == ARG_MSGHDR_OUT;
	uint64_t off = 0, total = out ? (uint64_t)MAX(call->ret, (int64_t)0) : UINT64_MAX;	/* recvmsg(2) with MSG_TRUNC returns more than there is room for */
	size_t n = iov ? iov->len / sizeof(struct wide_iovec) : 0;

	if (!iov || (!n && (iov->flags & (CHUNK_FAULT | CHUNK_TRUNC)))) {
		value_ptr(b, c, call, arg);
		return;
	}
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		struct wide_iovec v;

		memcpy(&v, iov->bytes + i * sizeof(v), sizeof(v));
		if (!value_list_goes_on(b, i))
			break;
		buf_putc(b, '{');
		if (call->args[arg].spec->type == ARG_IOVEC) {
			value_address(b, c, v.base);
			buf_puts(b, ", ");
		} else if (data && !(c->flags & VALUE_NO_DATA) && off < data->len)
			add_iovec_data(b, data, off, MIN(v.len, total - off));
		buf_u64(b, v.len);
		buf_putc(b, '}');
		off += v.len;
	}
	buf_putc(b, ']');
}

void value_msghdr(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct part *name = parts_find(call->parts, call->nparts, (int)arg, PART_NAME, 0);
	const struct part *control = parts_find(call->parts, call->nparts, (int)arg, PART_CONTROL, 0);
	int fds[ITEMS_MAX];
	unsigned n;

	if (!parts_find(call->parts, call->nparts, (int)arg, PART_IOV, 0) && !name && !control) {
		value_ptr(b, c, call, arg);
		return;
	}
	buf_putc(b, '{');
	if (name && (name->len >= 2 || name->flags & CHUNK_TRUNC)) {
		buf_puts(b, "name=");
		add_address(b, name->bytes, name->len, name->flags & CHUNK_TRUNC);
		buf_puts(b, ", ");
	}
	buf_puts(b, "iov=");
	value_iovec(b, c, call, arg);
	if (control && (n = decode_scm_rights(control->bytes, control->len, fds, ARRAY_SIZE(fds)))) {
		buf_puts(b, ", fds=[");
		for (unsigned i = 0; i < MIN(n, ARRAY_SIZE(fds)); i++) {
			if (i)
				buf_puts(b, ", ");
			value_format_fd(b, fds[i], value_file(c->ev, fds[i]), c->flags);
		}
		buf_putc(b, ']');
	}
	buf_putc(b, '}');
}

void value_mmsghdr(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct part *vec = parts_find(call->parts, call->nparts, (int)arg, PART_MSGVEC, 0);
	size_t n = vec ? vec->len / sizeof(struct record_msg) : 0;

	if (!n) {
		value_ptr(b, c, call, arg);
		return;
	}
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		struct record_msg m;

		memcpy(&m, vec->bytes + i * sizeof(m), sizeof(m));
		if (!value_list_goes_on(b, i))
			break;
		buf_putc(b, '{');
		if (m.name_len >= 2 || m.flags & MSG_NAME_CUT) {
			buf_puts(b, "name=");
			add_address(b, (const char *)m.name, MIN(m.name_len, (uint32_t)sizeof(m.name)), m.flags & MSG_NAME_CUT);
			buf_puts(b, ", ");
		}
		buf_puts(b, "len=");
		buf_u64(b, m.nbytes);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

/* By the option's row; of one that has none, its bytes. */
void value_optval(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct value *v = &call->args[arg], *option = &call->args[v->spec->by];
	const struct name_val *known = option->spec->type == ARG_ENUM ? names_entry(option->spec->names, option->word) : NULL;
	const struct layout *layout = !known ? &layout_bytes : known->layout ? known->layout : &layout_int;

	if (layout == &layout_sock_fprog && v->spec->type == ARG_OPTVAL_OUT)	/* SO_GET_FILTER has that number: the instructions themselves */
		layout = &layout_bytes;
	layout = layout_by_length(layout, v->len);
	/* The kernel may look at less than optlen says: what it needs has to be there. */
	if (!v->bytes || (v->fault && (layout->form || v->len < layout->size || (int32_t)WORD(v->spec->len) < 0)) || (v->spec->type == ARG_OPTVAL_OUT && (c->flags & VALUE_NO_DATA))) {
		value_ptr(b, c, call, arg);
		return;
	}
	if (layout->form == LAYOUT_SOCKADDR && v->len >= 2)
		add_address(b, v->bytes, v->len, false);
	else if (layout == &layout_int && v->len == 1)	/* IP_TTL and its like take and give a char, too: ip(7) */
		buf_printf(b, "[%u]", (unsigned char)*v->bytes);
	else
		layout_format(b, layout == &layout_int && v->len < sizeof(int) ? &layout_bytes : layout, v->bytes, v->len);
}
