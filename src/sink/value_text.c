/* SPDX-License-Identifier: MIT */
/* The dialect "ours": values as a terminal and the report show them. */
#include "sink/value.h"

#include <arpa/inet.h>
#include <asm-generic/ioctl.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "abi/names.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/value_walk.h"

#define DATA_MAX 32		/* bytes of contents, as strace has it */

struct text { struct buf *b; unsigned flags; };

static void add_hex(struct buf *b, uint64_t v)
{
	buf_puts(b, "0x");
	buf_hex(b, v);
}

/* As permissions are written: 000, 0644. */
static void add_octal(struct buf *b, uint64_t v)
{
	char tmp[24];
	size_t i = sizeof(tmp);

	do {
		tmp[--i] = (char)('0' + (v & 7));
		v >>= 3;
	} while (v);
	for (buf_putc(b, '0'); i > sizeof(tmp) - 2;)
		tmp[--i] = '0';
	buf_add(b, tmp + i, sizeof(tmp) - i);
}

static void add_ioctl(struct buf *b, uint32_t request)
{
	static const char *const directions[] = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE" };

	buf_printf(b, "_IOC(%s, %#x, %#x, %#x)", directions[_IOC_DIR(request)], _IOC_TYPE(request), _IOC_NR(request),
		   _IOC_SIZE(request));
}

static void add_name_or_mask(struct buf *b, const struct names *names, uint64_t val)
{
	const char *name = names_find(names, val);

	if (name)
		buf_puts(b, name);
	else
		buf_printf(b, "%#llx", (unsigned long long)val);
}

static void add_quota(struct buf *b, uint32_t cmd)
{
	buf_puts(b, "QCMD(");
	add_name_or_mask(b, &quotactl_cmds, cmd >> 8);
	buf_puts(b, ", ");
	add_name_or_mask(b, &quota_types, cmd & 0xff);
	buf_putc(b, ')');
}

static void text_number(void *ctx, struct value_num n)
{
	struct buf *b = ((struct text *)ctx)->b;

	switch ((enum num_form)n.form) {
	case NUM_SIGNED: buf_i64(b, (int64_t)n.word); break;
	case NUM_UNSIGNED: buf_u64(b, n.word); break;
	case NUM_HEX: add_hex(b, n.word); break;
	case NUM_MASK:
		if (n.word)
			add_hex(b, n.word);
		else
			buf_putc(b, '0');
		break;
	case NUM_ADDRESS:
		if (n.word)
			add_hex(b, n.word);
		else
			buf_puts(b, "NULL");
		break;
	case NUM_OCTAL: add_octal(b, n.word); break;
	case NUM_IOCTL: add_ioctl(b, (uint32_t)n.word); break;
	case NUM_QUOTA: add_quota(b, (uint32_t)n.word); break;
	}
}

/* IOCB_CMD_PREAD: here, "pread". */
static void add_lower(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_putc(b, *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s);
}

static void text_constant(void *ctx, const struct names *names, struct value_num n)
{
	struct text *t = ctx;
	const char *name = names_find(names, n.word);

	if (!name)
		text_number(ctx, n);
	else if (names == &iocb_commands)
		add_lower(t->b, name + strlen("IOCB_CMD_"));
	else
		buf_puts(t->b, name);
}

void flags_split_format(struct buf *b, const struct names_split *s)
{
	size_t start = b->len;

	if (s->field)
		add_hex(b, s->field);
	for (unsigned i = 0; i < s->n; i++) {
		if (b->len > start)
			buf_putc(b, '|');
		buf_puts(b, s->names[i]);
	}
	if (s->rest) {
		if (b->len > start)
			buf_putc(b, '|');
		add_hex(b, s->rest);
	}
	if (s->mode)
		buf_printf(b, b->len > start ? "|%#llo" : "%#llo", (unsigned long long)s->mode);
	if (b->len == start)
		buf_putc(b, '0');
}

void flags_format(struct buf *b, const struct names *names, uint64_t val)
{
	struct names_split s;

	names_split(names, val, &s);
	flags_split_format(b, &s);
}

static void text_flags(void *ctx, const struct names *names, struct value_num n)
{
	flags_format(((struct text *)ctx)->b, names, n.word);
}

static void text_mode(void *ctx, const struct names *types, struct value_num n)
{
	struct buf *b = ((struct text *)ctx)->b;
	uint64_t type = types ? n.word & types->mask : 0;
	const char *name = type ? names_find(types, type) : NULL;

	if (name) {
		buf_puts(b, name);
		buf_putc(b, '|');
	}
	add_octal(b, name ? n.word - type : n.word);
}

static void text_signal(void *ctx, struct value_num n)
{
	if (n.word - 1 < 64)
		buf_puts(((struct text *)ctx)->b, signal_name((int)n.word));
	else
		text_number(ctx, n);
}

static void text_device(void *ctx, unsigned major, unsigned minor, bool is_field)
{
	buf_printf(((struct text *)ctx)->b, is_field ? "%u:%u" : "makedev(%u, %u)", major, minor);
}

/* A ptracer's: the signal, 0x80 with PTRACE_O_TRACESYSGOOD, and above it the event of PTRACE_O_TRACE… */
static void add_stop(struct buf *b, int status)
{
	int event = (unsigned)status >> 16, sig = WSTOPSIG(status);
	const char *name = names_find(&ptrace_events, (unsigned)event);

	if (sig == (SIGTRAP | 0x80))
		buf_puts(b, "[stopped by SIGTRAP|0x80");
	else if (sig <= 64)
		buf_printf(b, "[stopped by %s", signal_name(sig));
	else
		buf_printf(b, "[stopped by %d", sig);
	if (name)
		buf_printf(b, ", %s", name);
	else if (event)
		buf_printf(b, ", event %d", event);
	buf_putc(b, ']');
}

static void text_status(void *ctx, int status)
{
	struct buf *b = ((struct text *)ctx)->b;

	if (WIFEXITED(status))
		buf_printf(b, "[exited %d]", WEXITSTATUS(status));
	else if (WIFSTOPPED(status))
		add_stop(b, status);
	else if (WIFCONTINUED(status))
		buf_puts(b, "[continued]");
	else
		buf_printf(b, "[killed by %s%s]", signal_name(WTERMSIG(status)),
			   WCOREDUMP(status) ? ", core dumped" : "");
}

/* ---- sets ---- */

static bool has_bit(const char *bytes, uint32_t i) { return (bytes[i / 8] >> (i % 8)) & 1; }

/* Most masks that block nearly everything are easier to read by what they leave out. */
static void add_signal_set(struct buf *b, const char *bytes, uint32_t nbits)
{
	signal_set(b, bytes, nbits, nbits * 2 / 3 + 1, signal_name);
}

static void add_fd_set(struct buf *b, const char *bytes, uint32_t nbits)
{
	unsigned n = 0;

	buf_putc(b, '[');
	for (uint32_t i = 0; i < nbits; i++) {
		if (!has_bit(bytes, i))
			continue;
		if (n++)
			buf_putc(b, ' ');
		buf_u64(b, i);
	}
	buf_putc(b, ']');
}

/* As the kernel writes lists of CPUs: "[0-3,8]". */
static void add_cpu_set(struct buf *b, const char *bytes, uint32_t nbits)
{
	uint32_t end;

	buf_putc(b, '[');
	for (uint32_t i = 0, n = 0; i < nbits; i = end + 1) {
		for (end = i; end < nbits && has_bit(bytes, end); end++)
			;
		if (end == i)
			continue;
		if (n++)
			buf_putc(b, ',');
		buf_u64(b, i);
		if (end - i > 1) {
			buf_putc(b, '-');
			buf_u64(b, end - 1);
		}
	}
	buf_putc(b, ']');
}

static void text_set(void *ctx, enum value_set kind, const char *bytes, uint32_t nbits, bool cut)
{
	struct buf *b = ((struct text *)ctx)->b;

	(kind == VALUE_SIGNALS ? add_signal_set : kind == VALUE_CPUS ? add_cpu_set : add_fd_set)(b, bytes, nbits);
	if (cut)
		buf_puts(b, "…");
}

/* ---- names, bytes and addresses ---- */

void value_format_fd(struct buf *b, int fd, const struct file *file, unsigned flags)
{
	buf_i64(b, fd);
	if (!file || (flags & VALUE_NO_FDNAMES))
		return;
	buf_putc(b, '<');
	file_format(b, file);
	buf_putc(b, '>');
}

static void text_fd(void *ctx, const struct value_fd *fd)
{
	struct text *t = ctx;

	if (fd->dir && fd->fd == AT_FDCWD)
		buf_puts(t->b, "AT_FDCWD");
	else if (!fd->file)
		buf_i64(t->b, fd->fd);
	else
		value_format_fd(t->b, (int)fd->fd, fd->file, t->flags);
}

/* Where strace's -x has the whole string in hexadecimal (src/util.c, string_quote). */
static bool is_ascii(const char *s, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if ((unsigned char)s[i] > 0x7e || ((unsigned char)s[i] < ' ' && (s[i] < '\t' || s[i] > '\r')))
			return false;
	return true;
}

static void quote(const struct text *t, const char *s, uint32_t len)
{
	if (!(t->flags & VALUE_ALL_HEX) && (!(t->flags & VALUE_HEX) || is_ascii(s, len))) {
		text_quote(t->b, s, len);
		return;
	}
	buf_putc(t->b, '"');
	for (uint32_t i = 0; i < len; i++)
		buf_printf(t->b, "\\x%02x", (unsigned char)s[i]);
	buf_putc(t->b, '"');
}

static void text_string(void *ctx, const struct value_string *s)
{
	const struct text *t = ctx;
	struct buf *b = t->b;
	uint32_t limit = t->flags >> VALUE_LIMIT_SHIFT ? (t->flags >> VALUE_LIMIT_SHIFT) - 1 : DATA_MAX;
	uint32_t shown = s->kind == STRING_DATA ? MIN(s->len, limit) : s->len;

	if (!s->bytes) {
		buf_putc(b, '?');
		return;
	}
	quote(t, s->bytes, shown);
	if (s->whole == UINT64_MAX ? s->cut || s->len > shown : s->whole > shown)
		buf_puts(b, "…");
}

static void text_address(void *ctx, const struct addr *a, bool cut)
{
	struct buf *b = ((struct text *)ctx)->b;
	struct buf raw = { 0 };

	if (cut && a->family == AF_UNIX && !a->len && !a->abstract)
		buf_puts(&raw, "unix");
	else
		addr_format(&raw, a);
	text_safe(b, raw.s ? raw.s : "", raw.len);
	buf_done(&raw);
	if (cut)
		buf_puts(b, "…");
}

static void text_ip(void *ctx, int family, const void *bytes)
{
	char ip[INET6_ADDRSTRLEN];

	buf_puts(((struct text *)ctx)->b, inet_ntop(family, bytes, ip, sizeof(ip)));
}

static void text_pointer(void *ctx, uint64_t addr, enum value_why why UNUSED)
{
	struct text *t = ctx;

	if (!addr)
		buf_puts(t->b, "NULL");
	else if (t->flags & VALUE_NO_DATA)
		buf_puts(t->b, "…");
	else
		add_hex(t->b, addr);
}

/* ---- structure ---- */

static void text_open(void *ctx, enum value_shape shape)
{
	buf_putc(((struct text *)ctx)->b, value_has_fields(shape) ? '{' : '[');
}

static void text_close(void *ctx, enum value_shape shape)
{
	buf_putc(((struct text *)ctx)->b, value_has_fields(shape) ? '}' : ']');
}

/* Only descriptors are shown of a message's control data. */
static const char *message_field(const char *name)
{
	return !strcmp(name, "msg_control") ? "fds" : name + strlen("msg_");
}

static void text_field(void *ctx, enum value_shape shape, unsigned i, const char *name)
{
	struct buf *b = ((struct text *)ctx)->b;

	if (i)
		buf_puts(b, ", ");
	if (shape == VALUE_TUPLE)
		return;
	buf_puts(b, shape == VALUE_MESSAGE ? message_field(name) : name);
	buf_putc(b, '=');
}

static void text_item(void *ctx, enum value_shape shape UNUSED, unsigned i)
{
	if (i)
		buf_puts(((struct text *)ctx)->b, ", ");
}

static void text_more(void *ctx, enum value_shape shape, unsigned i, uint64_t n)
{
	struct buf *b = ((struct text *)ctx)->b;

	if (shape == VALUE_VARIABLES) {
		buf_u64(b, n);
		buf_puts(b, n == 1 ? " variable" : " variables");
		return;
	}
	if (i)
		buf_puts(b, ", ");
	buf_puts(b, "…");
	if (shape == VALUE_STRINGS) {
		buf_putc(b, ' ');
		human_counted(b, n, "more", "more");
	}
}

static void text_before(void *ctx UNUSED) { }
static void text_after(void *ctx) { buf_puts(((struct text *)ctx)->b, " → "); }
static void text_changed(void *ctx UNUSED) { }

static const struct value_ops text_ops = {
	.number = text_number, .constant = text_constant, .flags = text_flags, .mode = text_mode, .signal = text_signal,
	.device = text_device, .status = text_status, .set = text_set, .fd = text_fd, .string = text_string, .address = text_address,
	.ip = text_ip, .pointer = text_pointer, .open = text_open, .field = text_field, .item = text_item, .more = text_more,
	.close = text_close, .before = text_before, .after = text_after, .changed = text_changed,
};

void layout_format(struct buf *b, const struct layout *layout, const char *bytes, uint32_t len)
{
	layout_walk(layout, bytes, len, 0, &text_ops, &(struct text){ b, 0 });
}

void value_format(struct buf *b, const struct event *ev, unsigned arg, unsigned flags)
{
	value_walk(ev, arg, flags & VALUE_NO_DATA ? WALK_NO_DATA : 0, &text_ops, &(struct text){ b, flags });
}

void value_format_result(struct buf *b, const struct event *ev, unsigned flags)
{
	value_walk_result(ev, &text_ops, &(struct text){ b, flags });
}
