/* SPDX-License-Identifier: MIT */
/* The walk over one argument, by its type. */
#include "sink/value_part.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <string.h>

#include "abi/names.h"
#include "base/macro.h"
#include "event/event.h"
#include "model/model.h"

#define ITEM_MAX 256		/* bytes of a string of a vector */

/* ---- in the register ---- */

static struct value_num num(const struct walk *w, unsigned arg, enum num_form form)
{
	return (struct value_num){ WORD(arg), (uint8_t)arg_bits(w->call->args[arg].spec), form };
}

/* As many bits as the type has; the kernel may look at fewer. */
static struct value_num num32(const struct walk *w, unsigned arg)
{
	return (struct value_num){ (uint64_t)(int32_t)WORD(arg), 32, NUM_SIGNED };
}

static void walk_int(const struct walk *w, unsigned arg) { w->ops->number(w->ctx, num32(w, arg)); }
static void walk_long(const struct walk *w, unsigned arg) { w->ops->number(w->ctx, num(w, arg, NUM_SIGNED)); }
static void walk_ulong(const struct walk *w, unsigned arg) { w->ops->number(w->ctx, num(w, arg, NUM_UNSIGNED)); }
static void walk_hex(const struct walk *w, unsigned arg) { w->ops->number(w->ctx, num(w, arg, NUM_HEX)); }
static void walk_ptr(const struct walk *w, unsigned arg) { w->ops->pointer(w->ctx, WORD(arg), VALUE_ADDRESS); }
static void walk_signal(const struct walk *w, unsigned arg) { w->ops->signal(w->ctx, num32(w, arg)); }
static void walk_clockid(const struct walk *w, unsigned arg) { w->ops->constant(w->ctx, &clock_ids, num32(w, arg)); }

static void walk_uint(const struct walk *w, unsigned arg)
{
	w->ops->number(w->ctx, (struct value_num){ (uint32_t)WORD(arg), 32, NUM_UNSIGNED });
}

static void walk_mode(const struct walk *w, unsigned arg)
{
	w->ops->mode(w->ctx, w->call->args[arg].spec->names, num(w, arg, NUM_OCTAL));
}

/* (uid_t)-1 leaves it as it is: setreuid(2), chown(2) */
static void walk_uid(const struct walk *w, unsigned arg)
{
	struct value_num n = num(w, arg, NUM_SIGNED);

	if (n.word == UINT64_MAX >> (64 - n.bits))
		n.word = UINT64_MAX;
	w->ops->number(w->ctx, n);
}

/* new_encode_dev() of the kernel */
static void walk_dev(const struct walk *w, unsigned arg)
{
	uint64_t d = WORD(arg);

	w->ops->device(w->ctx, (unsigned)(d >> 8 & 0xfff), (unsigned)((d & 0xff) | (d >> 12 & 0xfff00)), false);
}

/* What the call itself makes of a descriptor is no argument of it: what it was before. */
static void walk_plain_fd(const struct walk *w, unsigned arg)
{
	int fd = (int)WORD(arg);

	if (w->ev->was.known && w->ev->was.fd == fd)
		w->ops->fd(w->ctx, &(struct value_fd){ .fd = fd, .file = w->ev->was.file });
	else
		walk_fd(w, fd);
}

static void walk_dirfd(const struct walk *w, unsigned arg)
{
	int fd = (int)WORD(arg);

	w->ops->fd(w->ctx, &(struct value_fd){ .fd = fd, .dir = true, .file = walk_file(w->ev, fd) });
}

static void walk_flags(const struct walk *w, unsigned arg)
{
	w->ops->flags(w->ctx, w->call->args[arg].spec->names, num(w, arg, NUM_MASK));
}

static void walk_enum(const struct walk *w, unsigned arg)
{
	const struct arg_spec *spec = w->call->args[arg].spec;
	struct value_num n = num(w, arg, NUM_SIGNED);
	bool is_wide = n.bits > 32 && w->call->arch != ARCH_I386;

	/* tables have what a register holds; what they do not have is an int */
	w->ops->constant(w->ctx, spec->names, is_wide || names_find(spec->names, n.word) ? n : num32(w, arg));
}

static void walk_ioctl(const struct walk *w, unsigned arg)
{
	w->ops->constant(w->ctx, &ioctl_cmds, (struct value_num){ (uint32_t)WORD(arg), 32, NUM_IOCTL });
}

static void walk_quotactl(const struct walk *w, unsigned arg)
{
	w->ops->number(w->ctx, (struct value_num){ (uint32_t)WORD(arg), 32, NUM_QUOTA });
}

/* ---- bytes ---- */

static void walk_name(const struct walk *w, unsigned arg)
{
	const struct value *v = &w->call->args[arg];

	if (v->bytes && (v->len || !v->fault))
		w->ops->string(w->ctx, &(struct value_string){ v->bytes, v->len, STRING_NAME, v->trunc || v->fault,
							       UINT64_MAX });
	else
		walk_missing(w, arg, v->fault);		/* a name of no bytes that are there is not "" */
}

static void walk_data(const struct walk *w, unsigned arg)
{
	const struct call *call = w->call;
	const struct value *v = &call->args[arg];
	struct value_string s = { v->bytes, v->len, STRING_DATA, v->trunc, UINT64_MAX };

	/* bytes that are not there are not "" */
	if (!v->bytes || (!v->len && v->fault) || (w->flags & WALK_NO_DATA)) {
		walk_missing(w, arg, v->fault);
		return;
	}
	/* recv(2) with MSG_TRUNC returns more than it writes */
	if (v->spec->type == ARG_BUF_OUT && !call->err && call->ret > 0 && arg + 1 < call->nargs)
		s.whole = MIN((uint64_t)call->ret, WORD(arg + 1));
	else if (v->spec->type == ARG_BUF_IN && v->spec->len < call->nargs)
		s.whole = WORD(v->spec->len);
	w->ops->string(w->ctx, &s);
}

/* How many strings a vector has that is not kept whole; 0: as many as there are. */
static uint64_t vector_count(const struct walk *w, unsigned arg)
{
	const struct part *p = walk_part(w, arg, PART_COUNT, 0);
	uint64_t n = 0;

	if (p)
		memcpy(&n, p->bytes, sizeof(n));
	return MIN(n, (uint64_t)UINT32_MAX);
}

static bool unread(const struct part *item) { return item->flags & CHUNK_FAULT && !item->len; }

/* The environment: long, and the same again and again. */
static void walk_variables(const struct walk *w, unsigned arg)
{
	uint64_t n = 0;

	for (const struct part *p = w->call->parts; p < w->call->parts + w->call->nparts; p++)
		n += p->arg == arg && p->part == PART_ITEM && !unread(p);
	w->ops->open(w->ctx, VALUE_VARIABLES);
	w->ops->more(w->ctx, VALUE_VARIABLES, 0, MAX(vector_count(w, arg), n));
	w->ops->close(w->ctx, VALUE_VARIABLES);
}

static void walk_string_of(const struct walk *w, const struct part *p, unsigned i)
{
	bool cut = p->flags & CHUNK_TRUNC || p->len > ITEM_MAX;
	struct value_string s = { p->bytes, MIN(p->len, ITEM_MAX), STRING_NAME, cut, UINT64_MAX };

	if (p->flags & CHUNK_FAULT)
		s.bytes = NULL;
	w->ops->item(w->ctx, VALUE_STRINGS, i);
	w->ops->string(w->ctx, &s);
}

static void walk_strings(const struct walk *w, unsigned arg)
{
	const struct part *first = walk_part(w, arg, PART_ITEM, 0);
	unsigned n = 0;

	if (!first || unread(first)) {	/* not one of its strings is there */
		walk_missing(w, arg, first);
		return;
	}
	if (!strcmp(w->call->args[arg].spec->name, "envp")) {
		walk_variables(w, arg);
		return;
	}
	w->ops->open(w->ctx, VALUE_STRINGS);
	for (const struct part *p = w->call->parts; p < w->call->parts + w->call->nparts; p++) {
		if (p->arg != arg || p->part != PART_ITEM || (p->flags & CHUNK_TRUNC && !p->len))
			continue;
		if (n++ < ITEMS_MAX)
			walk_string_of(w, p, n - 1);
	}
	n = (unsigned)MAX(vector_count(w, arg), (uint64_t)n);
	if (n > ITEMS_MAX)
		w->ops->more(w->ctx, VALUE_STRINGS, ITEMS_MAX, n - ITEMS_MAX);
	w->ops->close(w->ctx, VALUE_STRINGS);
}

static void walk_fdpair(const struct walk *w, unsigned arg)
{
	const struct value *v = &w->call->args[arg];
	int32_t fds[2];

	if (!v->bytes || v->len < sizeof(fds)) {
		walk_missing(w, arg, v->fault);
		return;
	}
	memcpy(fds, v->bytes, sizeof(fds));
	w->ops->open(w->ctx, VALUE_LIST);
	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
		w->ops->item(w->ctx, VALUE_LIST, i);
		walk_fd(w, fds[i]);
	}
	w->ops->close(w->ctx, VALUE_LIST);
}

/* ---- structs ---- */

static void walk_structs(const struct walk *w, const struct arg_spec *spec, const struct part *p, bool array,
			 unsigned how)
{
	uint32_t size = spec->size ? spec->size : 1, n = (p->len + size - 1) / size;

	if (!array) {
		if (spec->len && WORD(spec->len) == p->len)
			how |= LAYOUT_WHOLE;
		layout_walk(spec->layout, p->bytes, p->len, how, w->ops, w->ctx);
		return;
	}
	w->ops->open(w->ctx, VALUE_LIST);
	for (uint32_t i = 0; i < n && walk_item(w, VALUE_LIST, i, n); i++)
		layout_walk(spec->layout, p->bytes + i * size, MIN(size, p->len - i * size), how | LAYOUT_ITEM,
			    w->ops, w->ctx);
	w->ops->close(w->ctx, VALUE_LIST);
}

/* What the call gave back of an argument it was also given: NULL where that says nothing new. */
static const struct part *given_back(const struct walk *w, unsigned arg, const struct part *in)
{
	const struct part *out = in ? walk_part(w, arg, PART_BYTES, 1) : NULL;

	if (!out || (w->flags & WALK_NO_DATA) || (out->flags & CHUNK_FAULT))
		return NULL;
	if (out->len == in->len && !memcmp(in->bytes, out->bytes, in->len) &&
	    !(w->call->ret > 0 && layout_answers(w->call->args[arg].spec->layout)))
		return NULL;
	return out;
}

static void walk_struct(const struct walk *w, unsigned arg)
{
	const struct arg_spec *spec = w->call->args[arg].spec;
	const struct part *in = walk_part(w, arg, PART_BYTES, 0), *out;
	bool array = spec->type == ARG_ARRAY_IN || spec->type == ARG_ARRAY_OUT || spec->type == ARG_ARRAY_INOUT;
	bool both = spec->type == ARG_STRUCT_INOUT || spec->type == ARG_ARRAY_INOUT;

	/* bytes of one set, not many of one byte */
	array = array && spec->layout && spec->layout->form != LAYOUT_CPU_SET;
	if (!in || !spec->layout || (in->flags & CHUNK_FAULT) ||
	    ((in->flags & CHUNK_AT_EXIT) && (w->flags & WALK_NO_DATA))) {
		walk_missing(w, arg, in && in->flags & CHUNK_FAULT);
		return;
	}
	out = given_back(w, arg, in);
	if (out)
		w->ops->before(w->ctx);
	walk_structs(w, spec, in, array, both && !(in->flags & CHUNK_AT_EXIT) ? LAYOUT_BEFORE : 0);
	if (!out)
		return;
	w->ops->after(w->ctx);
	walk_structs(w, spec, out, array, 0);
	w->ops->changed(w->ctx);
}

static bool same_bits(const char *a, const char *b, uint32_t nbits)
{
	for (uint32_t i = 0; i < nbits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> i % 8 & 1)
			return false;
	return true;
}

/* As many descriptors as the call says; what is behind them in memory is no part of the set. */
static void walk_fd_set(const struct walk *w, unsigned arg)
{
	const struct part *in = walk_part(w, arg, PART_BYTES, 0), *out = in ? walk_part(w, arg, PART_BYTES, 1) : NULL;
	int32_t nfds = (int32_t)WORD(w->call->args[arg].spec->len);
	uint32_t n = in && nfds > 0 ? MIN((uint32_t)nfds, in->len * 8) : 0;

	if (!in || nfds < 0 || (in->flags & CHUNK_FAULT)) {
		walk_missing(w, arg, in && in->flags & CHUNK_FAULT);
		return;
	}
	if (out && ((w->flags & WALK_NO_DATA) || out->len < in->len || same_bits(in->bytes, out->bytes, n)))
		out = NULL;
	if (out)
		w->ops->before(w->ctx);
	w->ops->set(w->ctx, VALUE_FDS, in->bytes, n, in->flags & CHUNK_TRUNC);
	if (!out)
		return;
	w->ops->after(w->ctx);
	w->ops->set(w->ctx, VALUE_FDS, out->bytes, n, false);
	w->ops->changed(w->ctx);
}

static void walk_iocb(const struct walk *w, const struct record_iocb *r)
{
	struct iocb cb;

	memcpy(&cb, r->iocb, sizeof(cb));
	w->ops->open(w->ctx, VALUE_TUPLE);
	w->ops->field(w->ctx, VALUE_TUPLE, 0, "aio_lio_opcode");
	w->ops->constant(w->ctx, &iocb_commands, (struct value_num){ cb.aio_lio_opcode, 16, NUM_UNSIGNED });
	w->ops->field(w->ctx, VALUE_TUPLE, 1, "aio_fildes");
	walk_fd(w, (int)cb.aio_fildes);
	w->ops->field(w->ctx, VALUE_TUPLE, 2, "aio_nbytes");
	walk_u64(w, cb.aio_nbytes);
	w->ops->field(w->ctx, VALUE_TUPLE, 3, "aio_offset");
	w->ops->number(w->ctx, (struct value_num){ (uint64_t)cb.aio_offset, 64, NUM_SIGNED });
	w->ops->close(w->ctx, VALUE_TUPLE);
}

static void walk_iocbs(const struct walk *w, unsigned arg)
{
	const struct part *v = walk_part(w, arg, PART_IOCB, 0);
	size_t n = v ? v->len / sizeof(struct record_iocb) : 0;

	if (!n) {
		walk_missing(w, arg, v && v->flags & CHUNK_FAULT);
		return;
	}
	w->ops->open(w->ctx, VALUE_LIST);
	for (size_t i = 0; i < n && walk_item(w, VALUE_LIST, i, n); i++) {
		struct record_iocb r;

		memcpy(&r, v->bytes + i * sizeof(r), sizeof(r));
		walk_iocb(w, &r);
	}
	w->ops->close(w->ctx, VALUE_LIST);
}

/* ---- by type ---- */

static walk_fn *const walks[_ARG_TYPE_MAX] = {
	[ARG_NONE] = walk_hex, [ARG_INT] = walk_int, [ARG_UINT] = walk_uint, [ARG_LONG] = walk_long, [ARG_ULONG] = walk_ulong,
	[ARG_HEX] = walk_hex, [ARG_PTR] = walk_ptr, [ARG_SIZE] = walk_ulong, [ARG_OFF] = walk_long, [ARG_MODE] = walk_mode,
	[ARG_DEV] = walk_dev, [ARG_PID] = walk_int, [ARG_UID] = walk_uid, [ARG_IOCTL] = walk_ioctl, [ARG_QUOTACTL] = walk_quotactl,
	[ARG_PAGES] = walk_ulong, [ARG_SIGNAL] = walk_signal, [ARG_CLOCKID] = walk_clockid, [ARG_FD] = walk_plain_fd,
	[ARG_DIRFD] = walk_dirfd, [ARG_FLAGS] = walk_flags, [ARG_ENUM] = walk_enum, [ARG_PATH] = walk_name, [ARG_STR] = walk_name,
	[ARG_STRV] = walk_strings, [ARG_BUF_IN] = walk_data, [ARG_IOVEC_IN] = walk_iovec, [ARG_SOCKADDR_IN] = walk_sockaddr,
	[ARG_MSGHDR_IN] = walk_msghdr, [ARG_MMSGHDR_IN] = walk_mmsghdr, [ARG_STRUCT_IN] = walk_struct, [ARG_ARRAY_IN] = walk_struct,
	[ARG_BUF_OUT] = walk_data, [ARG_IOVEC_OUT] = walk_iovec, [ARG_SOCKADDR_OUT] = walk_sockaddr, [ARG_MSGHDR_OUT] = walk_msghdr,
	[ARG_MMSGHDR_OUT] = walk_mmsghdr, [ARG_STRUCT_OUT] = walk_struct, [ARG_ARRAY_OUT] = walk_struct, [ARG_FDPAIR_OUT] = walk_fdpair,
	[ARG_STR_OUT] = walk_name, [ARG_STRUCT_INOUT] = walk_struct, [ARG_ARRAY_INOUT] = walk_struct, [ARG_IOCBS_IN] = walk_iocbs,
	[ARG_IOVEC] = walk_iovec, [ARG_OPTVAL_IN] = walk_optval, [ARG_OPTVAL_OUT] = walk_optval, [ARG_FD_SET] = walk_fd_set,
};

void value_walk(const struct event *ev, unsigned arg, unsigned flags, const struct value_ops *ops, void *ctx)
{
	struct walk w = { ev, ev->call, ops, ctx, flags };
	const struct arg_spec *spec = arg < ev->call->nargs ? ev->call->args[arg].spec : NULL;

	if (arg >= ev->call->nargs)
		return;
	(spec && spec->type < _ARG_TYPE_MAX && walks[spec->type] ? walks[spec->type] : walk_hex)(&w, arg);
}

void value_walk_result(const struct event *ev, const struct value_ops *ops, void *ctx)
{
	struct walk w = { ev, ev->call, ops, ctx, 0 };
	uint64_t ret = (uint64_t)ev->call->ret;

	switch (ev->call->spec->ret) {
	case RET_FD:
		if (ev->kind == EV_SPECIAL_FD && ev->fd < 0)	/* an index of registered rings */
			ops->number(ctx, (struct value_num){ ret, 64, NUM_SIGNED });
		else
			walk_fd(&w, (int)ret);
		break;
	case RET_HEX:
		ops->number(ctx, (struct value_num){ ret, 64, NUM_MASK });
		break;
	case RET_MODE:
		ops->mode(ctx, NULL, (struct value_num){ ret, 64, NUM_OCTAL });
		break;
	default:
		ops->number(ctx, (struct value_num){ ret, 64, NUM_SIGNED });
	}
}
