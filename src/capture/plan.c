/* SPDX-License-Identifier: MIT */
#include "capture/plan.h"

#include "abi/layout.h"
#include "base/macro.h"
#include "filter/callset.h"
#include "record/record.h"

#define ADDR_MAX 128		/* sizeof(struct sockaddr_storage) */
#define OPTVAL_MAX 256		/* struct tcp_info has 232 and grows */
#define FD_SET_MAX 1024		/* 8192 descriptors */
#define ARRAY_MAX 4096		/* 512 struct pollfd */
#define IOCBS_MAX 64		/* requests of one io_submit */

/* always; only when the row says so, or every call is wanted; only with payload */
enum { WHEN_DEFAULT, WHEN_NEEDED, WHEN_PAYLOAD };
enum { MAX_GIVEN, MAX_SIZE, MAX_PAYLOAD };		/* as in the table; the row's size; what was asked for */

static const struct { uint8_t enter, leave, when, limit; uint32_t max; } ops[_ARG_TYPE_MAX] = {
	[ARG_PATH] = { PLAN_STR, PLAN_SKIP, WHEN_DEFAULT, MAX_GIVEN, RECORD_STR_MAX },
	[ARG_STR] = { PLAN_STR, PLAN_SKIP, WHEN_DEFAULT, MAX_GIVEN, RECORD_STR_MAX },
	[ARG_STRV] = { PLAN_STRV, PLAN_SKIP, WHEN_NEEDED, MAX_GIVEN, PLAN_STRV_MAX },
	[ARG_STR_OUT] = { PLAN_SKIP, PLAN_LEN_RET, WHEN_DEFAULT, MAX_GIVEN, RECORD_STR_MAX },
	[ARG_BUF_IN] = { PLAN_LEN_ARG, PLAN_SKIP, WHEN_PAYLOAD, MAX_PAYLOAD },
	[ARG_BUF_OUT] = { PLAN_SKIP, PLAN_LEN_RET, WHEN_PAYLOAD, MAX_PAYLOAD },
	[ARG_IOVEC_IN] = { PLAN_IOVEC, PLAN_SKIP, WHEN_PAYLOAD, MAX_PAYLOAD },
	[ARG_IOVEC] = { PLAN_IOV, PLAN_SKIP, WHEN_PAYLOAD, MAX_GIVEN },
	[ARG_IOVEC_OUT] = { PLAN_IOV, PLAN_IOVEC, WHEN_PAYLOAD, MAX_PAYLOAD },
	[ARG_SOCKADDR_IN] = { PLAN_LEN_ARG, PLAN_SKIP, WHEN_DEFAULT, MAX_GIVEN, ADDR_MAX },
	[ARG_SOCKADDR_OUT] = { PLAN_SKIP, PLAN_LEN_AT, WHEN_DEFAULT, MAX_GIVEN, ADDR_MAX },
	/* Names and control data always: they carry peers and passed descriptors. */
	[ARG_MSGHDR_IN] = { PLAN_MSGHDR, PLAN_SKIP, WHEN_DEFAULT, MAX_PAYLOAD },
	[ARG_MSGHDR_OUT] = { PLAN_ROOM, PLAN_MSGHDR, WHEN_DEFAULT, MAX_PAYLOAD },
	/* The kernel writes each message's length on the way out, for sending too. */
	[ARG_MMSGHDR_IN] = { PLAN_SKIP, PLAN_MMSGHDR, WHEN_DEFAULT, MAX_PAYLOAD },
	[ARG_MMSGHDR_OUT] = { PLAN_ROOMS, PLAN_MMSGHDR, WHEN_DEFAULT, MAX_PAYLOAD },
	[ARG_OPTVAL_IN] = { PLAN_LEN_ARG, PLAN_SKIP, WHEN_NEEDED, MAX_GIVEN, OPTVAL_MAX },
	[ARG_OPTVAL_OUT] = { PLAN_SKIP, PLAN_LEN_AT, WHEN_NEEDED, MAX_GIVEN, OPTVAL_MAX },
	[ARG_FD_SET] = { PLAN_BITS, PLAN_BITS, WHEN_NEEDED, MAX_GIVEN, FD_SET_MAX },
	[ARG_FDPAIR_OUT] = { PLAN_SKIP, PLAN_FIXED, WHEN_DEFAULT, MAX_GIVEN, 2 * sizeof(int) },
	[ARG_STRUCT_IN] = { PLAN_FIXED, PLAN_SKIP, WHEN_NEEDED, MAX_SIZE },
	[ARG_STRUCT_OUT] = { PLAN_SKIP, PLAN_FIXED, WHEN_NEEDED, MAX_SIZE },
	[ARG_STRUCT_INOUT] = { PLAN_FIXED, PLAN_FIXED, WHEN_NEEDED, MAX_SIZE },
	[ARG_ARRAY_IN] = { PLAN_LEN_ARG, PLAN_SKIP, WHEN_NEEDED, MAX_GIVEN, ARRAY_MAX },
	[ARG_IOCBS_IN] = { PLAN_IOCBS, PLAN_SKIP, WHEN_DEFAULT, MAX_GIVEN, IOCBS_MAX },
	[ARG_ARRAY_OUT] = { PLAN_SKIP, PLAN_LEN_RET, WHEN_NEEDED, MAX_GIVEN, ARRAY_MAX },
	[ARG_ARRAY_INOUT] = { PLAN_LEN_ARG, PLAN_LEN_ARG, WHEN_NEEDED, MAX_GIVEN, ARRAY_MAX },
};

/* Names that text alone cannot follow: what `..` means after a symbolic link, and what is entered through one. */
static struct plan_arg compile_real(const struct syscall_spec *spec, unsigned arg)
{
	bool cwd = spec->effect == FX_CHDIR || spec->effect == FX_FCHDIR;

	if (cwd ? arg == 0 : spec->effect == FX_OPEN && spec->args[arg].type == ARG_PATH)
		return (struct plan_arg){ .op = PLAN_REAL, .max = cwd };
	return (struct plan_arg){ .op = PLAN_SKIP };
}

/* The argument that a question is about: of one of these types; ASK_… without one is of the result or of argument 0. */
static void compile_ask(const struct syscall_spec *spec, struct capture_plan *plan)
{
	static const enum arg_type of[][2] = {
		[ASK_PAIR] = { ARG_FDPAIR_OUT }, [ASK_CONTROL] = { ARG_MSGHDR_OUT, ARG_MMSGHDR_OUT }, [ASK_WRITTEN] = { ARG_OPTVAL_OUT },
		[ASK_EVENTS] = { ARG_BUF_OUT },
	};
	unsigned what = spec_question(spec).what;
	int arg;

	plan->returns_fd = spec->ret == RET_FD;
	plan->ask = (uint8_t)what;
	if (what >= ARRAY_SIZE(of) || !of[what][0])
		return;
	arg = spec_find_arg(spec, of[what][0], 0);
	if (arg < 0 && of[what][1])
		arg = spec_find_arg(spec, of[what][1], 0);
	if (arg < 0)	/* readv, recvfrom: another form of the call */
		plan->ask = ASK_NOTHING;
	else
		plan->ask_arg = (uint8_t)arg;
}

static struct plan_arg compile_arg(const struct syscall_spec *spec, const struct arg_spec *a, uint8_t op,
				   unsigned max_payload)
{
	struct plan_arg p = { .op = op,
			      .len = a->len,
			      .narrow = arg_bits(&spec->args[a->len]) <= 32,
			      .size = 1,
			      .max = ops[a->type].max };

	if (op == PLAN_SKIP)
		return (struct plan_arg){ .op = PLAN_SKIP };
	if (ops[a->type].limit == MAX_SIZE)
		p.max = a->size;
	if (ops[a->type].limit == MAX_PAYLOAD)
		p.max = max_payload;
	if (op == PLAN_FIXED) {
		p.size = (uint16_t)p.max;
		/* A struct whose size the caller gives (openat2, clone3): older programs pass less. */
		if (a->len)
			p = (struct plan_arg){
				.op = PLAN_LEN_ARG, .len = a->len, .narrow = p.narrow, .size = 1, .max = a->size
			};
	}
	if (a->type == ARG_ARRAY_IN || a->type == ARG_ARRAY_OUT || a->type == ARG_ARRAY_INOUT)
		p.size = a->size;
	return p;
}

/* A string only where another argument says so: prctl(PR_SET_NAME, name). */
static struct plan_arg compile_choice(const struct arg_spec *a)
{
	for (const struct arg_choice *c = a->choice; c && c->mask; c++)
		if (c->mask == ~0u && c->spec.type == ARG_STR)
			return (struct plan_arg){ .op = PLAN_STR_IF, .len = a->by, .narrow = true, .max = c->val };
	return (struct plan_arg){ .op = PLAN_SKIP };
}

/* Descriptors that come with a message have their names from it, and recvmsg alone can receive them. */
static bool is_for_names(const struct syscall_spec *spec, const struct effect_info *fx, unsigned names)
{
	return fx->names & names ||
	       (names & NAMES_COPIES && fx->ask == ASK_CONTROL && spec_find_arg(spec, ARG_MSGHDR_OUT, 0) >= 0);
}

static unsigned names_of(const struct syscall_spec *spec)
{
	static const enum arg_type files[] = {ARG_PATH, ARG_DIRFD, ARG_FD};

	if (spec->groups & GRP_NET && !(spec->groups & GRP_FILE))
		return NAMES_SOCKETS | NAMES_COPIES | NAMES_TASKS;
	if (spec->groups & (GRP_FILE | GRP_DESC | GRP_IO))
		return NAMES_ALL;
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		if (spec_find_arg(spec, files[i], 0) >= 0)
			return NAMES_ALL;
	return spec->ret == RET_FD || effect_info((enum effect)spec->effect)->names & NAMES_FILES ? NAMES_ALL
												  : NAMES_TASKS;
}

unsigned plan_names(const struct callset *chosen, const struct callset *usual)
{
	unsigned names = NAMES_TASKS;

	for (unsigned arch = 0; arch <= ARCH_I386; arch++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
			const struct syscall_spec *spec = syscall_spec(arch, nr);

			if (spec->name && !spec->wraps &&
			    (callset_has(chosen, arch, nr) ||
			     (usual && effect_info((enum effect)spec->effect)->by_default &&
			      callset_has(usual, arch, nr))))
				names |= names_of(spec);
		}
	return names;
}

bool plan_rights(const struct callset *chosen, const struct callset *usual)
{
	struct capture_plan plan;

	plan_compile(ARCH_X86_64, (unsigned)syscall_number("mprotect"),
		     &(struct plan_wish){ .chosen = chosen, .usual = usual }, &plan);
	return plan.wanted;
}

/* What a program writes to its standard error: a buffer, or several of them. */
static void compile_words(const struct syscall_spec *spec, struct capture_plan *plan)
{
	int arg = spec_find_arg(spec, ARG_BUF_IN, 0);

	plan->words_iov = arg < 0;
	if (arg < 0)
		arg = spec_find_arg(spec, ARG_IOVEC_IN, 0);
	if (arg < 0 || spec->args[0].type != ARG_FD)
		return;
	plan->words = (uint8_t)(arg + 1);
	plan->words_len = spec->args[arg].len;
}

/* Of descriptors that copy the standard error; with pairs, their numbers were closed before. */
static void compile_stderr(const struct syscall_spec *spec, struct capture_plan *plan)
{
	switch (spec->effect) {
	case FX_DUP:
		plan->stderr_does = STDERR_COPIES;
		return;
	case FX_FCNTL:
		plan->stderr_does = STDERR_MAY_COPY;
		return;
	case FX_CLOSE:
		plan->stderr_does = STDERR_CLOSES;
		return;
	case FX_CLOSE_RANGE:
		plan->stderr_does = STDERR_CLOSES_ALL;
		return;
	default:
		plan->stderr_does = spec->ret == RET_FD ? STDERR_REPLACES : STDERR_KEEPS;
	}
}

/*
 * The queue of an io_uring, which no argument leads to: where an argument that is 0 says that there is nothing to copy.
 * Nothing is submitted; nothing is waited for, nor is a thread of the kernel woken.
 */
static void compile_ring(struct capture_plan *plan)
{
	plan->enter[1] = (struct plan_arg){ .op = PLAN_SQES, .max = RING_COPIED };
	plan->enter[3] = (struct plan_arg){ .op = PLAN_POLLED, .max = RING_COPIED };
	plan->leave[3] = (struct plan_arg){ .op = PLAN_CQES, .max = RING_COPIED };
}

/* Which index was given to which ring is known when the call has returned (struct io_uring_rsrc_update). */
static void compile_ring_files(struct capture_plan *plan)
{
	plan->enter[2].op = PLAN_RING_ARG;
	plan->leave[2] = (struct plan_arg){
		.op = PLAN_RING_ARG, .size = layout_io_uring_rsrc_update_size,
		.max = RINGS_REGISTERED * layout_io_uring_rsrc_update_size
	};
}

void plan_compile(unsigned arch, unsigned nr, const struct plan_wish *wish, struct capture_plan *ret_plan)
{
	const struct syscall_spec *spec = syscall_spec(arch, nr);
	const struct effect_info *fx = effect_info((enum effect)spec->effect);
	bool all = wish->all || (wish->chosen && callset_has(wish->chosen, arch, nr));
	bool usual = !wish->chosen || (wish->usual && callset_has(wish->usual, arch, nr));
	bool by_default = fx->by_default && (usual || is_for_names(spec, fx, wish->names));
	bool may_wait = spec->groups & GRP_WAIT || spec->effect == FX_MESSAGE;
	bool waits = fx->waits && usual && (may_wait || spec->effect == FX_POLL /* epoll_ctl */);
	unsigned max_payload = all || usual ? wish->max_payload : 0;

	*ret_plan = (struct capture_plan){
		.wanted = all || by_default || waits || spec->wraps,
		.every_form = all,
		.maps_code = wish->code && (spec->effect == FX_MMAP || spec->effect == FX_MPROTECT),
		.exit = (all || (by_default && fx->needs_exit) || (waits && may_wait) || spec->wraps) && spec->ret != RET_NEVER,
	};
	if (!ret_plan->wanted)
		return;
	ret_plan->only_done = spec->effect == FX_EXEC && !all && !usual;
	for (unsigned i = 0; i < 6; i++) {
		const struct arg_spec *a = &spec->args[i];
		unsigned when = ops[a->type].when;

		if ((when == WHEN_PAYLOAD && !max_payload) || (when == WHEN_NEEDED && !all && !a->needed))
			continue;
		ret_plan->enter[i] = compile_arg(spec, a, ops[a->type].enter, max_payload);
		if (a->type == ARG_STRV && !all && wish->strings_begin)
			ret_plan->enter[i].max = PLAN_STRV_BEGIN;
		if (!ret_plan->enter[i].op && !ops[a->type].leave)
			ret_plan->enter[i] = compile_choice(a);
		if (ret_plan->exit)
			ret_plan->leave[i] = a->deref ? (struct plan_arg){ .op = PLAN_DEREF, .max = a->deref } :
							compile_arg(spec, a, ops[a->type].leave, max_payload);
		if (ret_plan->exit && !ret_plan->leave[i].op)
			ret_plan->leave[i] = compile_real(spec, i);
	}
	ret_plan->opens = ret_plan->exit && spec->effect == FX_OPEN && spec_find_arg(spec, ARG_PATH, 0) >= 0;
	if (ret_plan->exit && spec->effect == FX_WRITE && !max_payload)
		ret_plan->names = (uint8_t)(spec_find_arg(spec, ARG_BUF_IN, 0) + 1);
	if (ret_plan->exit && spec->effect == FX_WRITE)
		compile_words(spec, ret_plan);
	compile_stderr(spec, ret_plan);
	if (ret_plan->exit && spec->effect == FX_IO_URING)
		compile_ring(ret_plan);
	if (ret_plan->exit && spec->effect == FX_RING_FILES)
		compile_ring_files(ret_plan);
	if (ret_plan->exit)
		compile_ask(spec, ret_plan);
	if (wish->chosen && all && wish->names & NAMES_SOCKETS && !(wish->names & NAMES_COPIES))
		ret_plan->looks = (uint8_t)(spec_find_arg(spec, ARG_FD, 0) + 1);
	if (wish->links && ret_plan->ask == ASK_KIND)
		ret_plan->ask = ASK_RETURNED;
}
