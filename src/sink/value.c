/* SPDX-License-Identifier: MIT */
#include "sink/value_part.h"

#include <linux/aio_abi.h>
#include <fcntl.h>
#include <string.h>

#include "abi/layout.h"
#include "abi/names.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"

#define ITEM_MAX 256		/* bytes of a string of a vector */


static void add_hex(struct buf *b, uint64_t v)
{
	buf_puts(b, "0x");
	buf_hex(b, v);
}

static void add_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_putc(b, '-');
	buf_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void add_octal(struct buf *b, uint64_t v)
{
	char tmp[24];
	size_t i = sizeof(tmp);

	do {
		tmp[--i] = (char)('0' + (v & 7));
		v >>= 3;
	} while (v);
	/* as permissions are written: 000, 0644 */
	for (buf_putc(b, '0'); i > sizeof(tmp) - 2;)
		tmp[--i] = '0';
	buf_add(b, tmp + i, sizeof(tmp) - i);
}

void file_format(struct buf *b, const struct file *file)
{
	if (file->name.len)
		text_safe(b, file->name.s, file->name.len);
	else
		buf_puts(b, file_kind_name(file->kind));
	if (file->deleted)
		buf_puts(b, " (deleted)");
}

void value_format_fd(struct buf *b, int fd, const struct file *file, unsigned flags)
{
	add_i64(b, fd);
	if (!file || (flags & VALUE_NO_FDNAMES))
		return;
	buf_putc(b, '<');
	file_format(b, file);
	buf_putc(b, '>');
}

const struct file *value_file(const struct event *ev, int fd)
{
	if (fd < 0)
		return NULL;
	if (fd == ev->fd && ev->file)
		return ev->file;
	if (fd == ev->fd2 && ev->file2)
		return ev->file2;
	return ev->task ? task_file(ev->task, fd) : NULL;
}

/* ---- by type of argument ---- */

static void fmt_int(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg) { add_i64(b, (int32_t)WORD(arg)); }
static void fmt_uint(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg) { buf_u64(b, (uint32_t)WORD(arg)); }
static void fmt_ulong(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg) { buf_u64(b, WORD(arg)); }
static void fmt_long(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg) { add_i64(b, (int64_t)WORD(arg)); }
static void fmt_hex(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg) { add_hex(b, WORD(arg)); }

void value_address(struct buf *b, const struct context *c, uint64_t addr)
{
	if (!addr)
		buf_puts(b, "NULL");
	else if (c->flags & VALUE_NO_DATA)
		buf_puts(b, "…");
	else
		add_hex(b, addr);
}

void value_ptr(struct buf *b, const struct context *c, const struct call *call, unsigned arg) { value_address(b, c, WORD(arg)); }

static void fmt_mode(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	const struct names *types = call->args[arg].spec->names;
	uint64_t type = types ? WORD(arg) & types->mask : 0;

	const char *name = type ? names_find(types, type) : NULL;

	if (name) {
		buf_puts(b, name);
		buf_putc(b, '|');
	}
	add_octal(b, name ? WORD(arg) - type : WORD(arg));
}

static void fmt_uid(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	/* (uid_t)-1 leaves it as it is: setreuid(2), chown(2) */
	add_i64(b, WORD(arg) == UINT64_MAX >> (64 - arg_bits(call->args[arg].spec)) ? -1 : (int64_t)WORD(arg));
}

static void fmt_dev(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	uint64_t d = WORD(arg);

	/* new_encode_dev() of the kernel */
	buf_printf(b, "makedev(%u, %u)", (unsigned)(d >> 8 & 0xfff), (unsigned)((d & 0xff) | (d >> 12 & 0xfff00)));
}

static void fmt_signal(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	int signo = (int)WORD(arg);

	if (signo > 0 && signo <= 64)
		buf_puts(b, signal_name(signo));
	else
		add_i64(b, signo);
}

static void fmt_clockid(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	const char *name = names_find(&clock_ids, (uint32_t)WORD(arg));

	if (name)
		buf_puts(b, name);
	else
		add_i64(b, (int32_t)WORD(arg));	/* of a process, or of a descriptor: clock_getcpuclockid(3) */
}

static void fmt_fd(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	int fd = (int)WORD(arg);

	if (fd == AT_FDCWD)
		buf_puts(b, "AT_FDCWD");
	else
		value_format_fd(b, fd, value_file(c->ev, fd), c->flags);
}

/* What the call itself makes of a descriptor is no argument of it. */
static void add_fd_as_it_was(struct buf *b, const struct event *ev, unsigned flags)
{
	add_i64(b, ev->was.fd);
	if (!ev->was.s || (flags & VALUE_NO_FDNAMES))
		return;
	buf_putc(b, '<');
	text_safe(b, ev->was.s, ev->was.len);
	buf_putc(b, '>');
}

static void fmt_plain_fd(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	int fd = (int)WORD(arg);

	if (c->ev->was.known && c->ev->was.fd == fd)
		add_fd_as_it_was(b, c->ev, c->flags);
	else
		value_format_fd(b, fd, value_file(c->ev, fd), c->flags);
}

static void fmt_flags(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	names_format(b, call->args[arg].spec->names, WORD(arg));
}

static void fmt_enum(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	const struct names *names = call->args[arg].spec->names;
	const char *name = names ? names_find(names, WORD(arg)) : NULL;

	if (name)
		buf_puts(b, name);
	else
		add_i64(b, arg_bits(call->args[arg].spec) > 32 && call->arch != ARCH_I386 ? (int64_t)WORD(arg) : (int32_t)WORD(arg));
}

static void fmt_ioctl(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	ioctl_format(b, (uint32_t)WORD(arg));
}

static void fmt_quotactl(struct buf *b, const struct context *c UNUSED, const struct call *call, unsigned arg)
{
	quotactl_format(b, (uint32_t)WORD(arg));
}

void value_quoted(struct buf *b, const char *bytes, uint32_t len, bool trunc)
{
	text_quote(b, bytes, len);
	if (trunc)
		buf_puts(b, "…");
}

/* Names: shown whole whatever the flags. */
static void fmt_str(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct value *v = &call->args[arg];

	if (v->bytes && (v->len || !v->fault))
		value_quoted(b, v->bytes, v->len, v->trunc || v->fault);
	else
		value_ptr(b, c, call, arg);	/* a name of no bytes that are there is not "" */
}

/* Contents. */
static void fmt_data(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct value *v = &call->args[arg];

	if (!v->bytes || (!v->len && v->fault) || (c->flags & VALUE_NO_DATA)) {	/* bytes that are not there are not "" */
		value_ptr(b, c, call, arg);
		return;
	}
	uint64_t whole = UINT64_MAX;

	if (v->spec->type == ARG_BUF_OUT && !call->err && call->ret > 0 && arg + 1 < call->nargs)	/* recv(2) with MSG_TRUNC returns more than it writes */
		whole = MIN((uint64_t)call->ret, WORD(arg + 1));
	else if (v->spec->type == ARG_BUF_IN && v->spec->len < call->nargs)
		whole = WORD(v->spec->len);
	value_quoted(b, v->bytes, MIN(v->len, DATA_MAX), whole == UINT64_MAX ? v->trunc || v->len > DATA_MAX : whole > MIN(v->len, DATA_MAX));
}

/* Before the i-th item of a list: what stands between them; false where the rest is not shown. */
bool value_list_goes_on(struct buf *b, size_t i)
{
	if (i)
		buf_puts(b, ", ");
	if (i == ITEMS_MAX)
		buf_puts(b, "…");
	return i != ITEMS_MAX;
}

/* How many strings a vector has that is not kept whole; 0: as many as there are. */
static uint64_t vector_count(const struct call *call, unsigned arg)
{
	const struct part *p = parts_find(call->parts, call->nparts, (int)arg, PART_COUNT, 0);
	uint64_t n = 0;

	if (p)
		memcpy(&n, p->bytes, sizeof(n));
	return MIN(n, (uint64_t)UINT32_MAX);
}

static bool unread(const struct part *item) { return item->flags & CHUNK_FAULT && !item->len; }

static void fmt_strv(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct part *end, *first = parts_find(call->parts, call->nparts, (int)arg, PART_ITEM, 0);
	unsigned n = 0;

	if (!first || unread(first)) {	/* not one of its strings is there */
		value_ptr(b, c, call, arg);
		return;
	}
	end = call->parts + call->nparts;
	buf_putc(b, '[');
	if (!strcmp(call->args[arg].spec->name, "envp")) {	/* long, and the same again and again */
		for (const struct part *p = call->parts; p < end; p++)
			n += p->arg == arg && p->part == PART_ITEM && !unread(p);
		n = (unsigned)MAX(vector_count(call, arg), (uint64_t)n);
		buf_u64(b, n);
		buf_puts(b, n == 1 ? " variable]" : " variables]");
		return;
	}
	for (const struct part *p = call->parts; p < end; p++) {
		if (p->arg != arg || p->part != PART_ITEM || (p->flags & CHUNK_TRUNC && !p->len))
			continue;
		if (n++ >= ITEMS_MAX)
			continue;
		value_list_goes_on(b, n - 1);
		if (p->flags & CHUNK_FAULT)
			buf_putc(b, '?');
		else
			value_quoted(b, p->bytes, MIN(p->len, ITEM_MAX), p->flags & CHUNK_TRUNC || p->len > ITEM_MAX);
	}
	n = (unsigned)MAX(vector_count(call, arg), (uint64_t)n);
	if (n > ITEMS_MAX) {
		buf_puts(b, ", … ");
		human_counted(b, n - ITEMS_MAX, "more", "more");
	}
	buf_putc(b, ']');
}

static void fmt_fdpair(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct value *v = &call->args[arg];
	int32_t fds[2];

	if (!v->bytes || v->len < sizeof(fds)) {
		value_ptr(b, c, call, arg);
		return;
	}
	memcpy(fds, v->bytes, sizeof(fds));
	buf_putc(b, '[');
	value_format_fd(b, fds[0], value_file(c->ev, fds[0]), c->flags);
	buf_puts(b, ", ");
	value_format_fd(b, fds[1], value_file(c->ev, fds[1]), c->flags);
	buf_putc(b, ']');
}

static void add_structs(struct buf *b, const struct arg_spec *spec, const char *bytes, uint32_t len, bool array, unsigned how)
{
	uint32_t size = spec->size ? spec->size : 1;

	if (!array) {
		layout_format_as(b, spec->layout, bytes, len, how);
		return;
	}
	buf_putc(b, '[');
	for (uint32_t i = 0; i * size < len; i++) {
		if (!value_list_goes_on(b, i))
			break;
		layout_format_as(b, spec->layout, bytes + i * size, MIN(size, len - i * size), how | LAYOUT_ITEM);
	}
	buf_putc(b, ']');
}

/* Structs that are known inside.  What a call gave back is no argument, so a report leaves it out. */
static void fmt_struct(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct arg_spec *spec = call->args[arg].spec;
	const struct part *in = parts_find(call->parts, call->nparts, (int)arg, PART_BYTES, 0);
	const struct part *out = in ? parts_find(call->parts, call->nparts, (int)arg, PART_BYTES, 1) : NULL;
	bool both, array = spec->type == ARG_ARRAY_IN || spec->type == ARG_ARRAY_OUT || spec->type == ARG_ARRAY_INOUT;

	/* bytes of one set, not many of one byte */
	array = array && spec->layout && spec->layout->form != LAYOUT_CPU_SET;
	if (!in || !spec->layout || (in->flags & CHUNK_FAULT) || ((in->flags & CHUNK_AT_EXIT) && (c->flags & VALUE_NO_DATA))) {
		value_ptr(b, c, call, arg);
		return;
	}
	both = spec->type == ARG_STRUCT_INOUT || spec->type == ARG_ARRAY_INOUT;
	add_structs(b, spec, in->bytes, in->len, array, both && !(in->flags & CHUNK_AT_EXIT) ? LAYOUT_BEFORE : 0);
	if (!out || (c->flags & VALUE_NO_DATA) || (out->flags & CHUNK_FAULT))
		return;
	if (out->len == in->len && !memcmp(in->bytes, out->bytes, in->len) && !(call->ret > 0 && layout_answers(spec->layout)))
		return;
	buf_puts(b, " → ");
	add_structs(b, spec, out->bytes, out->len, array, 0);
}

static bool same_bits(const char *a, const char *b, uint32_t nbits)
{
	for (uint32_t i = 0; i < nbits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> i % 8 & 1)
			return false;
	return true;
}

/* As many descriptors as the call says; what is behind them in memory is no part of the set. */
static void fmt_fd_set(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct part *in = parts_find(call->parts, call->nparts, (int)arg, PART_BYTES, 0);
	const struct part *out = in ? parts_find(call->parts, call->nparts, (int)arg, PART_BYTES, 1) : NULL;
	int32_t nfds = (int32_t)WORD(call->args[arg].spec->len);
	uint32_t n = in && nfds > 0 ? MIN((uint32_t)nfds, in->len * 8) : 0;

	if (!in || nfds < 0 || (in->flags & CHUNK_FAULT)) {
		value_ptr(b, c, call, arg);
		return;
	}
	fd_set_format(b, in->bytes, n);
	if (in->flags & CHUNK_TRUNC)
		buf_puts(b, "…");
	if (!out || (c->flags & VALUE_NO_DATA) || out->len < in->len || same_bits(in->bytes, out->bytes, n))
		return;
	buf_puts(b, " → ");
	fd_set_format(b, out->bytes, n);
}

static void add_iocbs(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	static const char *const ops[] = { "pread", "pwrite", "fsync", "fdsync", NULL, "poll", "noop", "preadv", "pwritev" };
	const struct part *v = parts_find(call->parts, call->nparts, (int)arg, PART_IOCB, 0);
	size_t n = v ? v->len / sizeof(struct record_iocb) : 0;

	if (!n) {
		value_ptr(b, c, call, arg);
		return;
	}
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		struct record_iocb r;
		struct iocb cb;

		if (!value_list_goes_on(b, i))
			break;
		memcpy(&r, v->bytes + i * sizeof(r), sizeof(r));
		memcpy(&cb, r.iocb, sizeof(cb));
		buf_putc(b, '{');
		if (cb.aio_lio_opcode < ARRAY_SIZE(ops) && ops[cb.aio_lio_opcode])
			buf_puts(b, ops[cb.aio_lio_opcode]);
		else
			buf_u64(b, cb.aio_lio_opcode);
		buf_puts(b, ", ");
		value_format_fd(b, (int)cb.aio_fildes, value_file(c->ev, (int)cb.aio_fildes), c->flags);
		buf_puts(b, ", ");
		buf_u64(b, cb.aio_nbytes);
		buf_puts(b, ", ");
		add_i64(b, cb.aio_offset);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static format_fn *const formats[_ARG_TYPE_MAX] = {
	[ARG_NONE] = fmt_hex, [ARG_INT] = fmt_int, [ARG_UINT] = fmt_uint, [ARG_LONG] = fmt_long, [ARG_ULONG] = fmt_ulong, [ARG_HEX] = fmt_hex,
	[ARG_PTR] = value_ptr, [ARG_SIZE] = fmt_ulong, [ARG_OFF] = fmt_long, [ARG_MODE] = fmt_mode, [ARG_DEV] = fmt_dev, [ARG_PID] = fmt_int,
	[ARG_UID] = fmt_uid, [ARG_IOCTL] = fmt_ioctl, [ARG_QUOTACTL] = fmt_quotactl, [ARG_PAGES] = fmt_ulong, [ARG_SIGNAL] = fmt_signal, [ARG_CLOCKID] = fmt_clockid, [ARG_FD] = fmt_plain_fd, [ARG_DIRFD] = fmt_fd,
	[ARG_FLAGS] = fmt_flags, [ARG_ENUM] = fmt_enum, [ARG_PATH] = fmt_str, [ARG_STR] = fmt_str, [ARG_STRV] = fmt_strv,
	[ARG_BUF_IN] = fmt_data, [ARG_IOVEC_IN] = value_iovec, [ARG_SOCKADDR_IN] = value_sockaddr, [ARG_MSGHDR_IN] = value_msghdr,
	[ARG_MMSGHDR_IN] = value_mmsghdr, [ARG_STRUCT_IN] = fmt_struct, [ARG_ARRAY_IN] = fmt_struct, [ARG_BUF_OUT] = fmt_data,
	[ARG_IOVEC_OUT] = value_iovec, [ARG_SOCKADDR_OUT] = value_sockaddr, [ARG_MSGHDR_OUT] = value_msghdr, [ARG_MMSGHDR_OUT] = value_mmsghdr,
	[ARG_STRUCT_OUT] = fmt_struct, [ARG_ARRAY_OUT] = fmt_struct, [ARG_FDPAIR_OUT] = fmt_fdpair, [ARG_STR_OUT] = fmt_str,
	[ARG_STRUCT_INOUT] = fmt_struct, [ARG_ARRAY_INOUT] = fmt_struct, [ARG_IOCBS_IN] = add_iocbs, [ARG_IOVEC] = value_iovec, [ARG_OPTVAL_IN] = value_optval, [ARG_OPTVAL_OUT] = value_optval, [ARG_FD_SET] = fmt_fd_set,
};

static void format_arg(struct buf *b, const struct context *c, const struct call *call, unsigned arg)
{
	const struct arg_spec *spec = call->args[arg].spec;

	(spec && spec->type < _ARG_TYPE_MAX && formats[spec->type] ? formats[spec->type] : fmt_hex)(b, c, call, arg);
}

void value_format(struct buf *b, const struct event *ev, unsigned arg, unsigned flags)
{
	struct context c = { ev, flags };

	if (arg < ev->call->nargs)
		format_arg(b, &c, ev->call, arg);
}

void call_format_name(struct buf *b, const struct call *call)
{
	if (call->arch == ARCH_I386)
		buf_puts(b, "[i386] ");
	else if (call->arch == ARCH_X32)
		buf_puts(b, "[x32] ");
	if (call->spec->name) {
		buf_puts(b, call->spec->name);
	} else {
		buf_puts(b, "syscall_");
		buf_u64(b, call->nr);
	}
}

/* Calls that differ only there share one string of arguments. */
static bool add_placeholder(struct buf *b, const struct event *ev, unsigned arg, bool *path_used)
{
	const struct value *v = &ev->call->args[arg];

	switch (v->spec->type) {
	case ARG_FD: case ARG_DIRFD:
		if (ev->fd < 0 || (int32_t)v->word != ev->fd || !ev->file)
			return false;
		buf_puts(b, "\x01" "f");
		return true;
	case ARG_SIZE:		/* all that was asked for */
		if (ev->call->spec->ret != RET_SIZE || ev->call->err || ev->call->no_exit || ev->call->unfinished ||
		    v->word != (uint64_t)ev->call->ret)
			return false;
		buf_puts(b, "\x01r");
		return true;
	case ARG_PATH:
		/* as the program gave it, also where that is relative or empty: only a name that is the object's is spared */
		if (*path_used || !ev->path_len || !v->bytes || v->trunc || v->len != ev->path_len || memcmp(v->bytes, ev->path, v->len) != 0)
			return false;
		*path_used = true;
		buf_puts(b, "\x01o");
		return true;
	default:
		return false;
	}
}

void call_format_args(struct buf *b, const struct event *ev, unsigned flags)
{
	const struct call *call = ev->call;
	struct context c = { ev, flags };
	bool path_used = false;

	for (unsigned i = 0, n = 0; i < call->nargs; i++) {
		if (call->args[i].spec->type == ARG_HOLE)
			continue;
		if (n++)
			buf_puts(b, ", ");
		if (!(flags & VALUE_COLUMNS) || !add_placeholder(b, ev, i, &path_used))
			format_arg(b, &c, call, i);
	}
}

void call_format_result(struct buf *b, const struct event *ev, unsigned flags)
{
	const struct call *call = ev->call;
	const char *name;

	if (call->no_exit || call->unfinished) {
		buf_putc(b, '?');
		if (call->unfinished)
			buf_puts(b, " <unfinished>");
		return;
	}
	if (call->err) {
		name = errno_name(call->err);
		buf_puts(b, call->restarted ? "? " : "-1 ");
		if (name)
			buf_puts(b, name);
		else
			buf_u64(b, (unsigned)call->err);
		buf_puts(b, " (");
		buf_puts(b, errno_text(call->err));
		buf_putc(b, ')');
		return;
	}
	switch (call->spec->ret) {
	case RET_FD:
		value_format_fd(b, (int)call->ret, value_file(ev, (int)call->ret), flags);
		break;
	case RET_HEX:
		if (call->ret)
			add_hex(b, (uint64_t)call->ret);
		else
			buf_putc(b, '0');
		break;
	case RET_FOREIGN:
		buf_puts(b, "a probe of another tracer");
		break;
	case RET_MODE:
		add_octal(b, (uint64_t)call->ret);
		break;
	case RET_NEVER:
		buf_putc(b, '?');
		break;
	default:
		add_i64(b, call->ret);
	}
}
