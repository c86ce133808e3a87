/* SPDX-License-Identifier: MIT */
/* What socket calls point to: addresses, messages, values of options; and vectors, which messages have too. */
#include <string.h>
#include <sys/socket.h>

#include "abi/layout.h"
#include "base/macro.h"
#include "sink/value_part.h"

static void walk_addr_bytes(const struct walk *w, const char *bytes, uint32_t len, bool cut)
{
	struct addr a;

	if (decode_addr(bytes, len, &a))
		w->ops->address(w->ctx, &a, cut);
	else
		w->ops->string(w->ctx, &(struct value_string){ bytes, len, STRING_BYTES, cut, UINT64_MAX });
}

void walk_sockaddr(const struct walk *w, unsigned arg)
{
	const struct value *v = &w->call->args[arg];
	bool cut = v->trunc && v->spec->type == ARG_SOCKADDR_OUT;

	if (v->bytes && (v->len >= 2 || cut))
		walk_addr_bytes(w, v->bytes, v->len, cut);
	else
		walk_missing(w, arg, v->fault);
}

struct wide_iovec { uint64_t base, len; };	/* as capture widens it */

/* The i-th vector; what is before it in the data is off. */
static void walk_one_iovec(const struct walk *w, unsigned arg, const struct wide_iovec *v, const struct part *data,
			   uint64_t off, uint64_t total)
{
	unsigned n = 0;

	w->ops->open(w->ctx, VALUE_TUPLE);
	if (w->call->args[arg].spec->type == ARG_IOVEC) {
		w->ops->field(w->ctx, VALUE_TUPLE, n++, "iov_base");
		w->ops->pointer(w->ctx, v->base, VALUE_ADDRESS);
	} else if (data && !(w->flags & WALK_NO_DATA) && off < data->len) {
		uint64_t want = MIN(v->len, total - off);	/* bytes of the call that this vector holds */

		w->ops->field(w->ctx, VALUE_TUPLE, n++, "iov_base");
		w->ops->string(w->ctx, &(struct value_string){ data->bytes + off, (uint32_t)MIN(data->len - off, want),
							       STRING_DATA, false, want });
	}
	w->ops->field(w->ctx, VALUE_TUPLE, n, "iov_len");
	walk_u64(w, v->len);
	w->ops->close(w->ctx, VALUE_TUPLE);
}

void walk_iovec(const struct walk *w, unsigned arg)
{
	const struct part *iov = walk_part(w, arg, PART_IOV, 0), *data = walk_part(w, arg, PART_DATA, 0);
	uint8_t type = w->call->args[arg].spec->type;
	bool out = type == ARG_IOVEC_OUT || type == ARG_MSGHDR_OUT;
	/* recvmsg(2) with MSG_TRUNC returns more than there is room for */
	uint64_t off = 0, total = out ? (uint64_t)MAX(w->call->ret, (int64_t)0) : UINT64_MAX;
	size_t n = iov ? iov->len / sizeof(struct wide_iovec) : 0;

	if (!iov || (!n && (iov->flags & (CHUNK_FAULT | CHUNK_TRUNC)))) {
		walk_missing(w, arg, iov && iov->flags & CHUNK_FAULT);
		return;
	}
	w->ops->open(w->ctx, VALUE_LIST);
	for (size_t i = 0; i < n && walk_item(w, VALUE_LIST, i, n); i++) {
		struct wide_iovec v;

		memcpy(&v, iov->bytes + i * sizeof(v), sizeof(v));
		walk_one_iovec(w, arg, &v, data, off, total);
		off += v.len;
	}
	w->ops->close(w->ctx, VALUE_LIST);
}

static void walk_rights(const struct walk *w, const int *fds, unsigned n)
{
	w->ops->open(w->ctx, VALUE_LIST);
	for (unsigned i = 0; i < n; i++) {
		w->ops->item(w->ctx, VALUE_LIST, i);
		walk_fd(w, fds[i]);
	}
	w->ops->close(w->ctx, VALUE_LIST);
}

void walk_msghdr(const struct walk *w, unsigned arg)
{
	const struct part *name = walk_part(w, arg, PART_NAME, 0), *control = walk_part(w, arg, PART_CONTROL, 0);
	int fds[ITEMS_MAX];
	unsigned nfds = control ? decode_scm_rights(control->bytes, control->len, fds, ARRAY_SIZE(fds)) : 0, n = 0;

	if (!walk_part(w, arg, PART_IOV, 0) && !name && !control) {
		walk_missing(w, arg, w->call->args[arg].fault);
		return;
	}
	w->ops->open(w->ctx, VALUE_MESSAGE);
	if (name && (name->len >= 2 || name->flags & CHUNK_TRUNC)) {
		w->ops->field(w->ctx, VALUE_MESSAGE, n++, "msg_name");
		walk_addr_bytes(w, name->bytes, name->len, name->flags & CHUNK_TRUNC);
	}
	w->ops->field(w->ctx, VALUE_MESSAGE, n++, "msg_iov");
	walk_iovec(w, arg);
	if (nfds) {
		w->ops->field(w->ctx, VALUE_MESSAGE, n, "msg_control");
		walk_rights(w, fds, nfds);
	}
	w->ops->close(w->ctx, VALUE_MESSAGE);
}

void walk_mmsghdr(const struct walk *w, unsigned arg)
{
	const struct part *vec = walk_part(w, arg, PART_MSGVEC, 0);
	size_t n = vec ? vec->len / sizeof(struct record_msg) : 0;

	if (!n) {
		walk_missing(w, arg, vec && vec->flags & CHUNK_FAULT);
		return;
	}
	w->ops->open(w->ctx, VALUE_LIST);
	for (size_t i = 0; i < n && walk_item(w, VALUE_LIST, i, n); i++) {
		struct record_msg m;
		unsigned nfields = 0;

		memcpy(&m, vec->bytes + i * sizeof(m), sizeof(m));
		w->ops->open(w->ctx, VALUE_MESSAGE);
		if (m.name_len >= 2 || m.flags & MSG_NAME_CUT) {
			w->ops->field(w->ctx, VALUE_MESSAGE, nfields++, "msg_name");
			walk_addr_bytes(w, (const char *)m.name, MIN(m.name_len, (uint32_t)sizeof(m.name)),
					m.flags & MSG_NAME_CUT);
		}
		w->ops->field(w->ctx, VALUE_MESSAGE, nfields, "msg_len");
		walk_u64(w, m.nbytes);
		w->ops->close(w->ctx, VALUE_MESSAGE);
	}
	w->ops->close(w->ctx, VALUE_LIST);
}

/* Of an option that has no row: its bytes. */
static const struct layout *layout_of_option(const struct value *v, const struct value *option)
{
	bool is_enum = option->spec->type == ARG_ENUM;
	const struct name_val *known = is_enum ? names_entry(option->spec->names, option->word) : NULL;
	const struct layout *layout = !known ? &layout_bytes : known->layout ? known->layout : &layout_int;

	/* SO_GET_FILTER has the number of SO_ATTACH_FILTER: the instructions themselves */
	if (layout == &layout_sock_fprog && v->spec->type == ARG_OPTVAL_OUT)
		layout = &layout_bytes;
	return layout_by_length(layout, v->len);
}

void walk_optval(const struct walk *w, unsigned arg)
{
	const struct value *v = &w->call->args[arg];
	const struct layout *layout = layout_of_option(v, &w->call->args[v->spec->by]);
	/* The kernel may look at less than optlen says: what it needs has to be there. */
	bool unreadable = v->fault && (layout->form || v->len < layout->size || (int32_t)WORD(v->spec->len) < 0);

	if (!v->bytes || unreadable || (v->spec->type == ARG_OPTVAL_OUT && (w->flags & WALK_NO_DATA))) {
		walk_missing(w, arg, unreadable);
		return;
	}
	if (layout == &layout_int && v->len == 1) {	/* IP_TTL and its like take and give a char, too: ip(7) */
		w->ops->open(w->ctx, VALUE_BOX);
		w->ops->number(w->ctx, (struct value_num){ (unsigned char)*v->bytes, 8, NUM_UNSIGNED });
		w->ops->close(w->ctx, VALUE_BOX);
		return;
	}
	if (layout == &layout_int && v->len < sizeof(int))
		layout = &layout_bytes;
	layout_walk(layout, v->bytes, v->len, 0, w->ops, w->ctx);
}
