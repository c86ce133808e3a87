/* SPDX-License-Identifier: MIT */
/* Single arguments, results and calls that strace 6.1 writes in a way of their own. */
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "abi/names.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/strace_part.h"
#include "sink/value_walk.h"

static const struct names inet_protocols =
	VALUE_SET(V(0, "IPPROTO_IP"), V(1, "IPPROTO_ICMP"), V(6, "IPPROTO_TCP"), V(17, "IPPROTO_UDP"),
		  V(58, "IPPROTO_ICMPV6"), V(255, "IPPROTO_RAW"));
static const struct names netlink_protocols =
	VALUE_SET(V(0, "NETLINK_ROUTE"), V(4, "NETLINK_SOCK_DIAG"), V(9, "NETLINK_AUDIT"),
		  V(15, "NETLINK_KOBJECT_UEVENT"), V(16, "NETLINK_GENERIC"));
static const struct names fd_flags = FLAG_SET(V(1, "FD_CLOEXEC"));

#define WORD(arg) (t->ev->call->args[arg].word)

static void hex(struct strace_text *t, unsigned arg)
{
	strace_hex(t->b, WORD(arg));
}

static void random_bytes(struct strace_text *t, unsigned arg)
{
	const struct value *v = &t->ev->call->args[arg];
	uint64_t whole = (uint64_t)MAX(t->ev->call->ret, (int64_t)0);

	if (v->bytes)
		strace_quote_hex(t->b, v->bytes, MIN(v->len, (uint32_t)STRACE_STRING), whole > STRACE_STRING);
	else
		strace_pointer(t->b, WORD(arg));
}

/* "0x7ffe32de5da0 /\* 37 vars *\/" */
static void environment(struct strace_text *t, unsigned arg)
{
	const struct call *c = t->ev->call;
	const struct part *count = parts_find(c->parts, c->nparts, (int)arg, PART_COUNT, 0);
	uint64_t n = 0, found = 0;

	if (count)
		memcpy(&n, count->bytes, sizeof(n));
	for (unsigned i = 0; i < c->nparts; i++)
		found += c->parts[i].arg == arg && c->parts[i].part == PART_ITEM && !(c->parts[i].flags & CHUNK_FAULT);
	n = MAX(n, found);
	strace_pointer(t->b, WORD(arg));
	if (WORD(arg))
		buf_printf(t->b, " /* %llu var%s */", (unsigned long long)n, n == 1 ? "" : "s");
}

static void futex_op(struct strace_text *t, unsigned arg)
{
	uint32_t op = (uint32_t)WORD(arg);
	const char *name = names_find(&futex_ops, op & FUTEX_CMD_MASK);

	if (name)
		buf_puts(t->b, name);
	else
		buf_printf(t->b, "%#x /* FUTEX_??? */", op & FUTEX_CMD_MASK);
	if (op & FUTEX_PRIVATE_FLAG)
		buf_puts(t->b, "_PRIVATE");
	if (op & FUTEX_CLOCK_REALTIME)
		buf_puts(t->b, "|FUTEX_CLOCK_REALTIME");
}

static void socket_type(struct strace_text *t, unsigned arg)
{
	uint32_t v = (uint32_t)WORD(arg);

	strace_flags(t->b, &socket_types, v & ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK));
	if (v & SOCK_CLOEXEC)
		buf_puts(t->b, "|SOCK_CLOEXEC");
	if (v & SOCK_NONBLOCK)
		buf_puts(t->b, "|SOCK_NONBLOCK");
}

static void socket_protocol(struct strace_text *t, unsigned arg)
{
	uint32_t family = (uint32_t)WORD(0), v = (uint32_t)WORD(arg);
	const char *name = family == AF_INET || family == AF_INET6 ? names_find(&inet_protocols, v)
			   : family == AF_NETLINK		   ? names_find(&netlink_protocols, v)
								   : NULL;

	if (name)
		buf_puts(t->b, name);
	else
		strace_hex(t->b, v);
}

/* ---- results ---- */

static void aux_flags(struct strace_text *t, const struct names *names, uint64_t v)
{
	strace_hex(t->b, v);
	buf_puts(t->b, " (flags ");
	strace_flags(t->b, names, v);
	buf_putc(t->b, ')');
}

static void fcntl_result(struct strace_text *t)
{
	uint64_t ret = (uint64_t)t->ev->call->ret;

	switch ((uint32_t)WORD(1)) {
	case F_GETFL:
		aux_flags(t, &open_flags, ret);
		break;
	case F_GETFD:
		ret ? aux_flags(t, &fd_flags, ret) : buf_puts(t->b, "0");
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		buf_i64(t->b, (int64_t)ret);
		if (t->ev->task)
			strace_fd_name(t->b, task_file(t->ev->task, (int)ret));
		break;
	case F_GETOWN:
	case F_GETLEASE:
		buf_i64(t->b, (int64_t)ret);
		break;
	default:
		value_walk_result(t->ev, &strace_ops, t);
	}
}

/* Only what the program gave. */
static void as_given(struct strace_text *t, unsigned arg)
{
	value_walk(t->ev, arg, WALK_NO_DATA, &strace_ops, t);
}

/* "1 (in [3], left {tv_sec=0, tv_usec=99})" */
static void select_result(struct strace_text *t)
{
	static const char *const names[] = {"in", "out", "except"};
	const struct call *c = t->ev->call;
	const struct part *left = parts_find(c->parts, c->nparts, 4, PART_BYTES, 1);
	uint32_t nfds = (uint32_t)c->args[0].word;
	const char *between = " (";

	buf_i64(t->b, c->ret);
	if (!c->ret) {
		buf_puts(t->b, " (Timeout)");
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const struct part *set = parts_find(c->parts, c->nparts, (int)i + 1, PART_BYTES, 1);
		unsigned n = 0;

		for (uint32_t fd = 0; set && fd < MIN(nfds, set->len * 8); fd++) {
			if (!(set->bytes[fd / 8] >> fd % 8 & 1))
				continue;
			if (n++)
				buf_printf(t->b, " %u", fd);
			else
				buf_printf(t->b, "%s%s [%u", between, names[i], fd);
			between = ", ";
		}
		buf_puts(t->b, n ? "]" : "");
	}
	if (left && left->len >= 16) {
		int64_t time[2];

		memcpy(time, left->bytes, sizeof(time));
		buf_printf(t->b, "%sleft {tv_sec=%lld, tv_%csec=%lld}", between, (long long)time[0],
			   strcmp(c->spec->name, "select") ? 'n' : 'u', (long long)time[1]);
		between = ", ";
	}
	buf_puts(t->b, *between == ',' ? ")" : " ()");
}

static void policy_result(struct strace_text *t)
{
	static const char *const names[] = {"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",	  "SCHED_BATCH",
					    "SCHED_ISO",   "SCHED_IDLE", "SCHED_DEADLINE"};
	uint64_t ret = (uint64_t)t->ev->call->ret;

	buf_u64(t->b, ret);
	if (ret < ARRAY_SIZE(names))
		buf_printf(t->b, " (%s)", names[ret]);
}

static void octal_result(struct strace_text *t)
{
	buf_printf(t->b, t->ev->call->ret ? "%#03llo" : "000", (unsigned long long)t->ev->call->ret);
}

static void signal_result(struct strace_text *t)
{
	buf_i64(t->b, t->ev->call->ret);
	if (t->ev->call->ret > 0)
		buf_printf(t->b, " (%s)", signal_name((int)t->ev->call->ret));
}

/* ---- by call ---- */

static const struct {
	const char *call;
	uint8_t arg;
	strace_arg_fn *fn;
} args[] = {
	{ "execve", 2, environment },
	{ "execveat", 3, environment },
	{ "futex", 1, futex_op },
	{ "getrandom", 0, random_bytes },
	{ "mmap", 5, hex },
	{ "prlimit64", 2, strace_limits },
	{ "prlimit64", 3, strace_limits },
	{ "getrlimit", 1, strace_limits },
	{ "setrlimit", 1, strace_limits },
	{ "rseq", 1, hex },
	{ "socket", 1, socket_type },
	{ "socketpair", 1, socket_type },
	{ "socket", 2, socket_protocol },
	{ "socketpair", 2, socket_protocol },
	{ "clone3", 0, strace_clone3_args },
	{ "getdents64", 1, strace_dir_entries },
	{ "getdents", 1, strace_dir_entries },
	{ "statx", 2, strace_statx_flags },
	{ "statx", 3, strace_statx_mask },
	{ "statx", 4, strace_statx_buf },
	{ "statfs", 1, strace_statfs_buf },
	{ "fstatfs", 1, strace_statfs_buf },
	{ "sysinfo", 0, strace_sysinfo_buf },
	{ "utimensat", 2, strace_file_times },
	{ "select", 1, as_given },
	{ "select", 2, as_given },
	{ "select", 3, as_given },
	{ "select", 4, as_given },
	{ "pselect6", 1, as_given },
	{ "pselect6", 2, as_given },
	{ "pselect6", 3, as_given },
	{ "pselect6", 4, as_given },
	{ "poll", 0, strace_poll_fds },
	{ "ppoll", 0, strace_poll_fds },
};
static const struct {
	const char *call;
	strace_result_fn *fn;
} results[] = {
	{"fcntl", fcntl_result},   {"poll", strace_poll_result},       {"ppoll", strace_poll_result},
	{"select", select_result}, {"pselect6", select_result},	       {"sched_getscheduler", policy_result},
	{"umask", octal_result},   {"rt_sigtimedwait", signal_result},
};
static const struct {
	const char *call;
	strace_call_fn *fn;
} calls[] = {{"clone", strace_clone_args}};

static bool is_named(const struct call *c, const char *name)
{
	return c->spec->name && !strcmp(c->spec->name, name);
}

strace_arg_fn *strace_arg_of(const struct call *c, unsigned arg)
{
	for (unsigned i = 0; i < ARRAY_SIZE(args); i++)
		if (args[i].arg == arg && is_named(c, args[i].call))
			return args[i].fn;
	return NULL;
}

strace_result_fn *strace_result_of(const struct call *c)
{
	for (unsigned i = 0; i < ARRAY_SIZE(results); i++)
		if (is_named(c, results[i].call))
			return results[i].fn;
	return NULL;
}

strace_call_fn *strace_call_of(const struct call *c)
{
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
		if (is_named(c, calls[i].call))
			return calls[i].fn;
	return NULL;
}
