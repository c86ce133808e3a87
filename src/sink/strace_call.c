/* SPDX-License-Identifier: MIT */
/*
 * A call in strace's words: name, arguments, result.  Most of it is the dialect of value_strace.c; what strace writes
 * its own way in single calls is a row of the tables below, with a function for each word that differs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "abi/names.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/stack_words.h"
#include "sink/strace.h"
#include "sink/strace_part.h"
#include "sink/value_walk.h"

/* Arguments that strace knows only when the call has returned, or prints after others that it does. */
static bool is_after(const struct arg_spec *a)
{
	switch (a->type) {
	case ARG_BUF_OUT:
	case ARG_IOVEC_OUT:
	case ARG_SOCKADDR_OUT:
	case ARG_MSGHDR_OUT:
	case ARG_MMSGHDR_OUT:
	case ARG_STRUCT_OUT:
	case ARG_ARRAY_OUT:
	case ARG_FDPAIR_OUT:
	case ARG_OPTVAL_OUT:
	case ARG_STR_OUT:
		return true;
	default:
		return false;
	}
}

static bool is_text(uint8_t type)
{
	return type == ARG_PATH || type == ARG_STR || type == ARG_BUF_IN;
}

void strace_value(struct strace_text *t, unsigned arg)
{
	const struct call *c = t->ev->call;
	strace_arg_fn *own = strace_arg_of(c, arg);
	uint8_t type = c->args[arg].spec->type;

	t->lengths = type == ARG_STRUCT_INOUT && c->args[arg].spec->size == sizeof(int);
	t->short_strings = type == ARG_STR && strncmp(c->spec->name ? c->spec->name : "", "symlink", strlen("symlink"));
	/* what could be read in part only has its address */
	if (c->args[arg].fault && is_text(type))
		strace_pointer(t->b, c->args[arg].word);
	else if (own)
		own(t, arg);
	else if (type == ARG_BUF_OUT && !c->err && !c->ret && c->exit_ns)
		buf_puts(t->b, "\"\""); /* nothing was written */
	else
		value_walk(t->ev, arg, 0, &strace_ops, t);
}

static void format_name(struct buf *b, const struct call *c)
{
	if (c->spec->name)
		buf_puts(b, c->spec->name);
	else
		buf_printf(b, "syscall_%#x", c->nr);
}

static void format_args(struct strace_call *to, struct strace_text *t)
{
	const struct call *c = t->ev->call;
	bool after = false, any = false;

	for (unsigned i = 0; i < c->nargs; i++) {
		if (c->args[i].spec->type == ARG_HOLE)
			continue;
		if (any)
			buf_puts(t->b, ", ");
		any = true;
		if (!after && is_after(c->args[i].spec)) {
			after = true;
			t->b = &to->tail;
		}
		strace_value(t, i);
	}
}

/* ---- results ---- */

static void format_error(struct buf *b, const struct call *c)
{
	const char *name = errno_name(c->err);

	buf_puts(b, c->restarted ? "? " : "-1 ");
	if (name)
		buf_puts(b, name);
	else
		buf_printf(b, "(errno %d)", c->err);
	buf_printf(b, " (%s)", errno_text(c->err));
}

static void format_result(struct strace_text *t)
{
	const struct call *c = t->ev->call;
	strace_result_fn *own = strace_result_of(c);

	if (c->no_exit || c->unfinished || c->spec->ret == RET_NEVER)
		buf_putc(t->b, '?');
	else if (c->err)
		format_error(t->b, c);
	else if (own)
		own(t);
	else
		value_walk_result(t->ev, &strace_ops, t);
}

void strace_call_format(struct strace_call *to, const struct event *ev)
{
	struct strace_text t = {.b = &to->head, .ev = ev};
	strace_call_fn *own = strace_call_of(ev->call);

	buf_reset(&to->head), buf_reset(&to->tail), buf_reset(&to->result);
	format_name(&to->head, ev->call);
	buf_putc(&to->head, '(');
	if (own)
		own(&t, to);
	else
		format_args(to, &t);
	buf_putc(&to->tail, ')');
	t.b = &to->result;
	format_result(&t);
	buf_done(&t.made);
}

void strace_call_rest(struct strace_call *to, const struct event *ev, uint64_t took_ns)
{
	const struct call *c = ev->call;

	if (c->exit_ns && !c->no_exit && !c->unfinished && c->spec->ret != RET_NEVER)
		buf_printf(&to->result, " <%llu.%06llu>", (unsigned long long)(took_ns / 1000000000),
			   (unsigned long long)(took_ns / 1000 % 1000000));
	if (ev->stack)
		stack_strace(&to->result, ev->stack);
}

void strace_call_done(struct strace_call *c)
{
	buf_done(&c->head), buf_done(&c->tail), buf_done(&c->result);
}

/* ---- signals ---- */

static const struct names signal_codes =
	VALUE_SET(V(0, "SI_USER"), V(0x80, "SI_KERNEL"), V(~0ull, "SI_QUEUE"), V(~1ull, "SI_TIMER"),
		  V(~2ull, "SI_MESGQ"), V(~3ull, "SI_ASYNCIO"), V(~4ull, "SI_SIGIO"), V(~5ull, "SI_TKILL"));
static const struct names child_codes = VALUE_SET(V(1, "CLD_EXITED"), V(2, "CLD_KILLED"), V(3, "CLD_DUMPED"),
						  V(4, "CLD_TRAPPED"), V(5, "CLD_STOPPED"), V(6, "CLD_CONTINUED"));
static const struct names segv_codes = VALUE_SET(V(1, "SEGV_MAPERR"), V(2, "SEGV_ACCERR"));

/* In ticks of USER_HZ, 100 a second. */
static void add_ticks(struct buf *b, const char *name, uint64_t ns)
{
	unsigned long long ticks = ns / 10000000;

	buf_printf(b, "%s%llu", name, ticks);
	if (ticks)
		buf_printf(b, " /* %llu.%02llu s */", ticks / 100, ticks % 100);
}

/* printsiginfo() of its src/printsiginfo.c, as much as a record has. */
void strace_signal_format(struct buf *b, const struct event *ev, const struct strace_child *child)
{
	const char *name = strace_signal(ev->signo);
	const struct record_signal *r = ev->item->kind == RECORD_SIGNAL ? ev->item->signal : NULL;
	bool of_child = ev->signo == SIGCHLD && ev->sigcode > 0, of_fault = ev->signo == SIGSEGV || ev->signo == SIGBUS;
	const char *code = names_find(of_child						  ? &child_codes
				      : of_fault && ev->sigcode > 0 && ev->sigcode < 0x80 ? &segv_codes
											  : &signal_codes,
				      (uint64_t)(int64_t)ev->sigcode);

	buf_printf(b, "%s {si_signo=%s, si_code=", name, name);
	if (code)
		buf_puts(b, code);
	else
		buf_i64(b, ev->sigcode);
	if (of_child && !child) {
		buf_printf(b, ", si_pid=%u, si_uid=%u, ...", ev->sender_pid, ev->sender_uid);
	} else if (of_child) {
		int status = child->status;

		buf_printf(b, ", si_pid=%u, si_uid=%u, si_status=", ev->sender_pid, ev->sender_uid);
		if (WIFEXITED(status))
			buf_printf(b, "%d", WEXITSTATUS(status));
		else
			buf_puts(b, strace_signal(WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status)));
		add_ticks(b, ", si_utime=", child->utime_ns);
		add_ticks(b, ", si_stime=", child->stime_ns);
	} else if (of_fault && ev->sigcode > 0 && r) {
		buf_puts(b, ", si_addr=");
		strace_pointer(b, r->addr);
	} else if (ev->sigcode <= 0) {
		buf_printf(b, ", si_pid=%u, si_uid=%u", ev->sender_pid, ev->sender_uid);
	}
	buf_putc(b, '}');
}
