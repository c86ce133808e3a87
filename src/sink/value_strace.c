/* SPDX-License-Identifier: MIT */
/* The dialect "strace": tokens in the words of strace 6.1. */
#include <arpa/inet.h>
#include <asm-generic/ioctl.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "abi/names.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/strace.h"
#include "sink/value_walk.h"
#include "sink/words.h"

/* Of a second: printed without a sign. */
static bool is_fraction(const struct strace_text *t)
{
	const struct strace_frame *f = t->depth && t->depth <= STRACE_FRAMES ? &t->frames[t->depth - 1] : NULL;
	const char *name = f && f->n ? f->fields[f->n - 1].name : "";

	return !strcmp(name, "tv_nsec") || !strcmp(name, "tv_usec");
}

static void number(void *ctx, struct value_num n)
{
	struct buf *b = ((struct strace_text *)ctx)->b;

	switch ((enum num_form)n.form) {
	case NUM_SIGNED:
		is_fraction(ctx) ? buf_u64(b, n.word) : buf_i64(b, (int64_t)n.word);
		break;
	case NUM_UNSIGNED:
		buf_u64(b, n.word);
		break;
	case NUM_HEX:
	case NUM_MASK:
		strace_hex(b, n.word);
		break;
	case NUM_ADDRESS:
		strace_pointer(b, n.word);
		break;
	case NUM_OCTAL:
		buf_printf(b, n.word ? "%#03llo" : "000", (unsigned long long)n.word);
		break;
	case NUM_IOCTL:
		buf_printf(b, "_IOC(%s%s%s, %#x, %#x, %#x)", _IOC_DIR(n.word) == 0 ? "_IOC_NONE" : "",
			   _IOC_DIR(n.word) & _IOC_READ ? "_IOC_READ" : "",
			   _IOC_DIR(n.word) == (_IOC_READ | _IOC_WRITE) ? "|_IOC_WRITE"
			   : _IOC_DIR(n.word) == _IOC_WRITE		? "_IOC_WRITE"
									: "",
			   (unsigned)_IOC_TYPE(n.word), (unsigned)_IOC_NR(n.word), (unsigned)_IOC_SIZE(n.word));
		break;
	case NUM_QUOTA:
		strace_hex(b, n.word);
		break;
	}
}

static void constant(void *ctx, const struct names *names, struct value_num n)
{
	struct strace_text *t = ctx;
	const char *name = names_find(names, n.word);

	if (name) {
		buf_puts(t->b, name);
	} else if (n.form == NUM_IOCTL || n.form == NUM_QUOTA || t->depth) {
		number(ctx, n);
	} else {
		strace_hex(t->b, n.bits < 64 ? n.word & ((1ull << n.bits) - 1) : n.word);
		strace_unknown(t->b, names);
	}
}

static void flags(void *ctx, const struct names *names, struct value_num n)
{
	strace_flags(((struct strace_text *)ctx)->b, names, n.word);
}

static void mode(void *ctx, const struct names *types, struct value_num n)
{
	struct buf *b = ((struct strace_text *)ctx)->b;
	uint64_t type = types ? n.word & types->mask : 0;
	const char *name = type ? names_find(types, type) : NULL;
	static const struct {
		unsigned bit;
		const char *name;
	} special[] = {{S_ISUID, "S_ISUID|"}, {S_ISGID, "S_ISGID|"}, {S_ISVTX, "S_ISVTX|"}};
	uint64_t rest = name ? n.word - type : n.word;

	if (name) {
		buf_puts(b, name);
		buf_putc(b, '|');
	}
	for (unsigned i = 0; name && i < ARRAY_SIZE(special); i++)
		if (rest & special[i].bit) {
			buf_puts(b, special[i].name);
			rest &= ~(uint64_t)special[i].bit;
		}
	buf_printf(b, "%#03llo", (unsigned long long)rest);
	if (!rest) { /* %#03o of 0 is "000", too, but not everywhere */
		b->len -= strlen(b->s + b->len - 3) == 3 ? 3 : 0;
		buf_puts(b, "000");
	}
}

static void sig(void *ctx, struct value_num n)
{
	if (n.word - 1 < 64)
		buf_puts(((struct strace_text *)ctx)->b, strace_signal((int)n.word));
	else
		buf_i64(((struct strace_text *)ctx)->b, (int64_t)n.word);
}

static void device(void *ctx, unsigned major, unsigned minor, bool is_field UNUSED)
{
	struct buf *b = ((struct strace_text *)ctx)->b;

	buf_puts(b, "makedev(");
	strace_hex(b, major);
	buf_puts(b, ", ");
	strace_hex(b, minor);
	buf_putc(b, ')');
}

/* printstatus() of its src/wait.c */
static void status(void *ctx, int st)
{
	struct buf *b = ((struct strace_text *)ctx)->b;
	const char *core = WIFSIGNALED(st) && WCOREDUMP(st) ? " && WCOREDUMP(s)" : "";

	buf_putc(b, '[');
	if (WIFEXITED(st))
		buf_printf(b, "{WIFEXITED(s) && WEXITSTATUS(s) == %d}", WEXITSTATUS(st));
	else if (WIFSTOPPED(st))
		buf_printf(b, "{WIFSTOPPED(s) && WSTOPSIG(s) == %s}", signal_name(WSTOPSIG(st) & 0x7f));
	else if (WIFCONTINUED(st))
		buf_puts(b, "{WIFCONTINUED(s)}");
	else
		buf_printf(b, "{WIFSIGNALED(s) && WTERMSIG(s) == %s%s}", signal_name(WTERMSIG(st)), core);
	buf_putc(b, ']');
}

/* ---- sets ---- */

static bool has_bit(const char *bytes, uint32_t i)
{
	return (bytes[i / 8] >> (i % 8)) & 1;
}

static void set(void *ctx, enum value_set kind, const char *bytes, uint32_t nbits, bool cut)
{
	struct strace_text *t = ctx;
	unsigned n = 0;

	if (kind == VALUE_SIGNALS) {
		/* as sprintsigmask_n() of its src/signal.c */
		signal_set(t->b, bytes, nbits, nbits * 2 / 3, strace_signal);
		return;
	}
	buf_putc(t->b, '[');
	for (uint32_t i = 0; i < nbits; i++) {
		if (!has_bit(bytes, i))
			continue;
		if (n++)
			buf_putc(t->b, ' ');
		buf_u64(t->b, i);
		if (kind == VALUE_FDS && t->ev->task)
			strace_fd_name(t->b, task_file(t->ev->task, (int)i));
	}
	if (cut)
		buf_puts(t->b, n ? " ..." : "...");
	buf_putc(t->b, ']');
}

/* ---- names, bytes and addresses ---- */

/* A link of /proc/PID/fd as strace prints it: without quotes, and what would end it escaped. */
static void link_text(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '<' || s[i] == '>')
			buf_puts(b, s[i] == '<' ? "\\74" : "\\76");
		else
			strace_quote_byte(b, (unsigned char)s[i], i + 1 < n ? (unsigned char)s[i + 1] : -1);
}

void strace_fd_name(struct buf *b, const struct file *f)
{
	static const struct {
		enum file_kind kind;
		const char *name;
	} anon[] = {
		{FILE_EVENTFD, "anon_inode:[eventfd]"}, {FILE_EPOLL, "anon_inode:[eventpoll]"},
		{FILE_TIMERFD, "anon_inode:[timerfd]"}, {FILE_SIGNALFD, "anon_inode:[signalfd]"},
		{FILE_INOTIFY, "anon_inode:inotify"},	{FILE_FANOTIFY, "anon_inode:[fanotify]"},
		{FILE_PIDFD, "anon_inode:[pidfd]"},	{FILE_IO_URING, "anon_inode:[io_uring]"},
	};

	if (!f || (!f->name.len && !f->target_pid && f->kind != FILE_SOCKET && f->kind != FILE_PIPE))
		return;
	buf_putc(b, '<');
	if (f->kind == FILE_SOCKET || (f->kind == FILE_PIPE && f->name.len && f->name.s[0] != '/')) {
		buf_printf(b, "%s:[%llu]", f->kind == FILE_SOCKET ? "socket" : "pipe", (unsigned long long)f->ino);
	} else {
		const char *name = NULL;

		for (unsigned i = 0; i < ARRAY_SIZE(anon); i++)
			if (anon[i].kind == f->kind)
				name = anon[i].name;
		if (f->kind == FILE_MEMFD)
			buf_putc(b, '/');
		link_text(b, name ? name : f->name.s,
			  name ? strlen(name) : f->name.len - name_is_outside(f->name.s, f->name.len));
	}
	buf_putc(b, '>');
	if (f->deleted || f->kind == FILE_MEMFD)
		buf_puts(b, "(deleted)");
}

static void fd(void *ctx, const struct value_fd *v)
{
	struct strace_text *t = ctx;
	const struct task *task = t->ev->task;

	if (!v->dir || v->fd != AT_FDCWD) {
		buf_i64(t->b, v->fd);
		strace_fd_name(t->b, v->file);
		return;
	}
	buf_puts(t->b, "AT_FDCWD");
	if (task && task->fs && task->fs->cwd.len) {
		buf_putc(t->b, '<');
		link_text(t->b, task->fs->cwd.s, task->fs->cwd.len);
		buf_putc(t->b, '>');
	}
}

static void string(void *ctx, const struct value_string *s)
{
	struct buf *b = ((struct strace_text *)ctx)->b;
	const struct strace_text *t = ctx;
	bool whole = s->kind == STRING_NAME && !t->strings && !t->short_strings;
	uint32_t shown = whole ? s->len : MIN(s->len, (uint32_t)STRACE_STRING);

	if (!s->bytes)
		buf_puts(b, "???");
	else
		strace_quote(b, s->bytes, shown, s->whole == UINT64_MAX ? s->cut || s->len > shown : s->whole > shown);
}

static void address(void *ctx, const struct addr *a, bool cut UNUSED)
{
	struct buf *b = ((struct strace_text *)ctx)->b;
	const char *family = names_find(&socket_families, a->family);
	char ip[INET6_ADDRSTRLEN] = "";

	buf_puts(b, "{sa_family=");
	if (family)
		buf_puts(b, family);
	else
		strace_hex(b, a->family);
	switch (a->family) {
	case AF_UNIX:
		if (!a->len)
			break;
		buf_puts(b, a->abstract ? ", sun_path=@" : ", sun_path=");
		strace_quote(b, a->path, a->len, false);
		break;
	case AF_INET:
		inet_ntop(AF_INET, a->ip, ip, sizeof(ip));
		buf_printf(b, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", a->port, ip);
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, a->ip, ip, sizeof(ip));
		buf_printf(b,
			   ", sin6_port=htons(%u), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"%s\", &sin6_addr), "
			   "sin6_scope_id=%u",
			   a->port, ip, a->scope);
		break;
	case AF_NETLINK:
		buf_printf(b, ", nl_pid=%u, nl_groups=", a->id[0]);
		buf_printf(b, a->id[1] ? "%#08x" : "00000000", a->id[1]);
		break;
	default:
		break;
	}
	buf_putc(b, '}');
}

static void ip(void *ctx, int family, const void *bytes)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, bytes, text, sizeof(text));
	buf_printf(((struct strace_text *)ctx)->b, family == AF_INET ? "inet_addr(\"%s\")" : "\"%s\"", text);
}

static void pointer(void *ctx, uint64_t addr, enum value_why why UNUSED)
{
	strace_pointer(((struct strace_text *)ctx)->b, addr);
}

/* ---- structure ---- */

static void open_shape(void *ctx, enum value_shape shape)
{
	struct strace_text *t = ctx;

	if (value_has_fields(shape) && t->depth < STRACE_FRAMES)
		t->frames[t->depth] = (struct strace_frame){.start = t->b->len};
	t->depth += value_has_fields(shape);
	buf_putc(t->b, value_has_fields(shape) ? '{' : '[');
	t->strings |= shape == VALUE_STRINGS;
}

static struct strace_frame *frame_of(struct strace_text *t)
{
	return t->depth && t->depth <= STRACE_FRAMES ? &t->frames[t->depth - 1] : NULL;
}

static void field(void *ctx, enum value_shape shape UNUSED, unsigned i, const char *name)
{
	struct strace_text *t = ctx;
	struct strace_frame *f = frame_of(t);

	if (i)
		buf_puts(t->b, ", ");
	if (f && f->n < STRACE_FIELDS) {
		f->fields[f->n].name = name;
		f->fields[f->n++].at = t->b->len;
	}
	buf_puts(t->b, name);
	buf_putc(t->b, '=');
}

static void close_shape(void *ctx, enum value_shape shape)
{
	struct strace_text *t = ctx;
	const struct strace_frame *f = frame_of(t);
	char end = value_has_fields(shape) ? '}' : ']';

	if (value_has_fields(shape)) {
		if (f && f->n)
			end = strace_arrange(t, f);
		t->depth--;
	}
	buf_putc(t->b, end);
	t->strings &= shape != VALUE_STRINGS;
}

static void item(void *ctx, enum value_shape shape UNUSED, unsigned i)
{
	if (i)
		buf_puts(((struct strace_text *)ctx)->b, ", ");
}

static void more(void *ctx, enum value_shape shape UNUSED, unsigned i, uint64_t n UNUSED)
{
	buf_puts(((struct strace_text *)ctx)->b, i ? ", ..." : "...");
}

static void before(void *ctx)
{
	struct strace_text *t = ctx;

	t->before_at = t->b->len;
}

static void after(void *ctx)
{
	struct strace_text *t = ctx;

	t->after_at = t->b->len;
	buf_puts(t->b, " => ");
}

/* "[128] => [16]" is "[128 => 16]" */
static void changed(void *ctx)
{
	struct strace_text *t = ctx;
	char *from = t->b->s + t->before_at, *arrow = t->b->s + t->after_at;
	const char *digits = "0123456789";

	if (!t->lengths || *from != '[' || arrow[-1] != ']' || arrow[4] != '[' ||
	    from + 1 + strspn(from + 1, digits) + 1 != arrow)
		return;
	memmove(arrow - 1, arrow, 4);
	memmove(arrow + 3, arrow + 5, (size_t)(t->b->s + t->b->len + 1 - (arrow + 5)));
	t->b->len -= 2;
}

const struct value_ops strace_ops = {
	.number = number,
	.constant = constant,
	.flags = flags,
	.mode = mode,
	.signal = sig,
	.device = device,
	.status = status,
	.set = set,
	.fd = fd,
	.string = string,
	.address = address,
	.ip = ip,
	.pointer = pointer,
	.open = open_shape,
	.field = field,
	.item = item,
	.more = more,
	.close = close_shape,
	.before = before,
	.after = after,
	.changed = changed,
};
