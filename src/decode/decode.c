/* SPDX-License-Identifier: MIT */
#include "decode/call.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/macro.h"
#include "decode/parts.h"

/* Where each kind keeps its count of chunks; 0: it has none. */
#define BODY(type) { sizeof(struct type), offsetof(struct type, nchunks) }
static const struct { uint16_t size, nchunks; } bodies[_RECORD_KIND_MAX] = {
	[RECORD_START] = BODY(record_start),
	[RECORD_CALL] = { sizeof(struct record_call) },	/* its count is 16 bits wide */
	[RECORD_FORK] = BODY(record_fork),
	[RECORD_EXEC] = BODY(record_exec),
	[RECORD_EXIT] = { sizeof(struct record_exit) },
	[RECORD_SIGNAL] = { sizeof(struct record_signal) },
	[RECORD_STOP] = { sizeof(struct record_stop) },
	[RECORD_TASK] = BODY(record_task),
	[RECORD_FD] = BODY(record_fd),
	[RECORD_MAP] = BODY(record_map),
	[RECORD_LOST] = BODY(record_lost),
	[RECORD_END] = { sizeof(struct record_end) },
	[RECORD_DETACH] = { sizeof(struct record) },
	[RECORD_SCHED] = { sizeof(struct record_sched) },
	[RECORD_BLOCK] = { sizeof(struct record_block) },
	[RECORD_FAULT] = { sizeof(struct record_fault) },
	[RECORD_FAULT_WAIT] = { sizeof(struct record_fault_wait) },
	[RECORD_WAITING] = { sizeof(struct record_waiting) },	/* likewise */
	[RECORD_PLACE] = { sizeof(struct record_place) },
	[RECORD_CODE] = BODY(record_code),
	[RECORD_STACK] = BODY(record_stack),
	[RECORD_USAGE] = { sizeof(struct record_usage) },
	[RECORD_COUNTS] = BODY(record_counts),
};

size_t decode_body_size(enum record_kind kind, size_t *ret_nchunks)
{
	*ret_nchunks = bodies[kind].nchunks;
	return bodies[kind].size;
}

static bool is_string(unsigned type)
{
	return type == ARG_PATH || type == ARG_STR || type == ARG_STR_OUT;
}

/*
 * What a register means as an argument: the kernel looks at 32 bits of an int, and 32-bit registers arrive
 * zero-extended.  Here and nowhere else, so that the model decides by what the kernel saw.
 */
static inline uint64_t arg_word(const struct record_call *r, const struct arg_spec *a, unsigned i)
{
	uint64_t word = r->args[i];
	unsigned bits;

	if (r->arch == ARCH_I386) {
		if (a->high)
			return r->args[a->high] << 32 | (uint32_t)word;
		word = (uint32_t)word;
		if (a->type == ARG_LONG || a->type == ARG_OFF)
			word = (uint64_t)(int64_t)(int32_t)word;
	}
	if (a->type == ARG_PAGES)
		return word * 4096;
	bits = arg_bits(a);
	return bits < 64 ? word & ((1ull << bits) - 1) : word;
}

/*
 * msg_control as 64-bit programs have it: a 32-bit cmsghdr starts with a 32-bit length and is padded to 4, not 8
 * (struct compat_cmsghdr; x32 too).  What does not hold together is dropped, as the kernel would.
 */
static struct part widen_control(struct part p, struct arena *arena)
{
	char *to = arena_alloc(arena, (size_t)p.len * 2 + 8);	/* 12 bytes become 16; data, padded, at most doubles */
	uint32_t at = 0, done = 0;

	while (p.len - at >= 12) {
		uint32_t h[3];
		uint64_t len;

		memcpy(h, p.bytes + at, sizeof(h));
		if (h[0] < 12 || h[0] > p.len - at)
			break;
		len = h[0] + 4;
		memcpy(to + done, &len, 8);
		memcpy(to + done + 8, &h[1], 8);
		memcpy(to + done + 16, p.bytes + at + 12, h[0] - 12);
		done += ALIGN8((uint32_t)len);
		at += MIN((h[0] + 3) & ~3u, p.len - at);
	}
	p.bytes = to;
	p.len = done;
	return p;
}

/* Which of the words are arguments, a bit each. */
static unsigned words_used(const struct arg_usage *usage, const uint64_t args[6])
{
	for (const struct arg_use *u = usage ? usage->uses : NULL; u && u->mask; u++)
		if ((args[usage->by] & u->mask) == u->val)
			return u->args;
	return ~0u;
}

static inline const struct arg_spec *choose(const struct arg_spec *a, const uint64_t args[6])
{
	for (const struct arg_choice *c = a->choice; c && c->mask; c++)
		if ((args[a->by] & c->mask) == c->val)
			return &c->spec;
	return a;
}

/*
 * Calls whose words mean the same whatever is in them, which is most: of each row the mask of its arguments.  A place
 * is taken once, by whichever row comes first; others take the longer way, as do calls of which one word says what
 * another one is.
 */
enum { PLAIN_ROWS = 1024 };
static struct plain { const struct syscall_spec *spec; bool depends; uint64_t masks[6]; } plains[PLAIN_ROWS];

static bool words_depend(const struct syscall_spec *spec)
{
	for (unsigned i = 0; i < spec->nargs; i++)
		if (spec->args[i].choice || spec->args[i].type == ARG_NONE || spec->args[i].type == ARG_PAGES)
			return true;
	return spec->usage;
}

static bool make_plain(struct plain *p, const struct syscall_spec *spec)
{
	static const struct syscall_spec being_made;
	const struct syscall_spec *free_place = NULL;

	if (!__atomic_compare_exchange_n(&p->spec, &free_place, &being_made, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	p->depends = words_depend(spec);
	for (unsigned i = 0; i < ARRAY_SIZE(p->masks); i++) {
		unsigned bits = i < spec->nargs ? arg_bits(&spec->args[i]) : 64;

		p->masks[i] = bits < 64 ? (1ull << bits) - 1 : ~0ull;
	}
	__atomic_store_n(&p->spec, spec, __ATOMIC_RELEASE);
	return true;
}

/* NULL: the longer way. */
static inline const struct plain *plain_of(const struct record_call *r, const struct syscall_spec *spec)
{
	struct plain *p = &plains[r->nr % PLAIN_ROWS];

	if (r->arch == ARCH_I386)
		return NULL;
	return (__atomic_load_n(&p->spec, __ATOMIC_ACQUIRE) == spec || make_plain(p, spec)) && !p->depends ? p : NULL;
}

/*
 * What the kernel wrote of what was copied, which is as much as the call returned: recv(2) with MSG_TRUNC and
 * getxattr(2) with no room return more.  false: nothing, those are bytes the program had there before.
 */
static inline bool was_written(const struct call *c, struct part *p)
{
	const struct arg_spec *a = c->args[p->arg].spec;
	uint64_t room;

	if (a->if_positive)
		return c->ret > 0 || p->part >= PART_HOLDER;
	if (p->part != PART_BYTES)
		return true;		/* it has a length of its own */
	if (a->type == ARG_ARRAY_OUT) {
		room = c->args[a->len].word;
		p->len = (uint32_t)MIN((uint64_t)p->len, room * a->size);
		return room;		/* getgroups(0, list) says how many there are */
	}
	if (a->type != ARG_BUF_OUT || p->arg == ARRAY_SIZE(c->args) - 1)
		return true;
	room = c->args[p->arg + 1].word;
	p->len = MIN(p->len, room);
	return room;
}

/*
 * Addresses that the kernel wrote end with the room that there was for them; cut ones are marked so, and match no
 * address.
 */
static void cut_address(struct call *c, unsigned arg)
{
	struct value *v = &c->args[arg];
	const struct part *before = parts_find(c->parts, c->nparts, v->spec->len, PART_BYTES, 0);
	const struct part *after = parts_find(c->parts, c->nparts, v->spec->len, PART_BYTES, 1);
	uint32_t room, len;

	if (!before || !after || (before->flags & CHUNK_AT_EXIT) || before->len < sizeof(room) ||
	    after->len < sizeof(len))
		return;
	memcpy(&room, before->bytes, sizeof(room));
	memcpy(&len, after->bytes, sizeof(len));
	v->len = MIN(v->len, MIN(room, len));
	v->trunc = len > room;
}

static void cut_name(struct part *p, uint32_t room)
{
	/* The kernel wrote what there was room for; a copy that ended just there wanted more. */
	if (p->len < room || (p->len == room && !(p->flags & CHUNK_FAULT)))
		return;
	p->len = room;
	p->flags = (uint16_t)((p->flags & ~CHUNK_FAULT) | CHUNK_TRUNC);
}

static void cut_names(struct part *p, const struct part *rooms, struct arena *arena)
{
	size_t n = MIN(p->len / sizeof(struct record_msg), rooms->len / sizeof(uint32_t));
	struct record_msg *v = arena_alloc(arena, p->len);
	uint32_t room;

	memcpy(v, p->bytes, p->len);
	for (size_t i = 0; i < n; i++) {
		memcpy(&room, rooms->bytes + i * sizeof(room), sizeof(room));
		v[i].flags |= v[i].name_len > room ? MSG_NAME_CUT : 0;
		v[i].name_len = MIN(v[i].name_len, room);
	}
	p->bytes = (const char *)v;
}

/* What was copied for its own sake is one thing, what it means together with other parts another. */
static void relate(const struct call *c, struct part *p, struct arena *arena)
{
	const struct part *rooms;
	uint32_t room;

	if (p->part == PART_CONTROL && c->arch != ARCH_X86_64)
		*p = widen_control(*p, arena);
	if ((p->part != PART_NAME && p->part != PART_MSGVEC) || !(p->flags & CHUNK_AT_EXIT))
		return;
	rooms = parts_find(c->parts, c->nparts, p->arg, PART_ROOM, 0);
	if (!rooms || rooms->len < sizeof(room))
		return;
	memcpy(&room, rooms->bytes, sizeof(room));
	if (p->part == PART_NAME)
		cut_name(p, room);
	else
		cut_names(p, rooms, arena);
}

/* The arguments, where it depends on their words which ones there are and what they mean. */
static void take_words(const struct record_call *r, struct call *c)
{
	static const struct arg_spec hole = { .type = ARG_HOLE };
	const unsigned nargs = c->nargs, used = words_used(c->spec->usage, (const uint64_t *)r->args);
	unsigned i;

	for (i = 0; i < nargs; i++) {
		const struct arg_spec *a = used >> i & 1 ? choose(&c->spec->args[i], (const uint64_t *)r->args) : &hole;

		if (a->type == ARG_NONE)
			c->nargs = MIN(c->nargs, i);
		c->args[i] = (struct value){ .spec = a, .word = arg_word(r, a, i) };
	}
	for (; i < ARRAY_SIZE(c->args); i++)
		c->args[i] = (struct value){ .spec = &c->spec->args[i],
					     .word = r->arch == ARCH_I386 ? (uint32_t)r->args[i] : r->args[i] };
}

#define TAKE_WORD(i) \
	(c->args[i] = (struct value){ .spec = &c->spec->args[i], .word = r->args[i] & plain->masks[i] })

/* r: the call; its chunks are behind the first `body` bytes of h.  Inlined: it runs for every call of the program. */
static inline __attribute__((always_inline)) int decode_call(const struct record_call *r, const struct record *h,
							     size_t body, struct arena *arena, struct call *c)
{
	/* Not cleared and then filled: every field is written once, this runs for every call of the program. */
	c->nr = r->nr;
	c->arch = r->arch;
	c->spec = syscall_spec(r->arch, r->nr);
	c->no_exit = r->h.flags & CALL_NO_EXIT;
	c->unfinished = r->h.flags & (CALL_UNFINISHED | CALL_FORBIDDEN);
	c->running = r->h.flags & CALL_RUNNING;
	c->forbidden = r->h.flags & CALL_FORBIDDEN;
	c->counted = r->h.flags & CALL_COUNTED;
	c->restarted = r->h.flags & CALL_RESTARTED && c->spec->ret != RET_FOREIGN;
	c->enter_ns = r->h.ts_ns;
	c->exit_ns = 0;
	c->until_ns = c->unfinished ? r->exit_ns : 0;
	c->ret = r->ret;
	c->err = 0;
	if (r->arch > ARCH_X32)
		return -EBADMSG;

	/* A 32-bit result above 2 GB, an address: what is no error is no negative number. */
	if (r->arch == ARCH_I386 && r->ret < -4095)
		c->ret = (uint32_t)r->ret;

	struct part *parts = NULL;

	c->nparts = 0;
	if (r->nchunks || h->size != body) {
		int err = decode_parts(h, body, r->nchunks, arena, &parts, &c->nparts);

		if (err < 0)
			return err;
	}
	c->parts = parts;
	if (!c->no_exit && !c->unfinished) {
		/* A clock read on another CPU, or a hand-made recording: time does not run backwards. */
		c->exit_ns = MAX(r->exit_ns, r->h.ts_ns);
		c->err = r->ret < 0 && r->ret >= -4095 && c->spec->ret != RET_FOREIGN ? (int)-r->ret : 0;
	}
	c->nargs = c->spec->nargs;

	const struct plain *plain = plain_of(r, c->spec);

	if (plain) {	/* no loop: it costs as much as what is in it */
		TAKE_WORD(0); TAKE_WORD(1); TAKE_WORD(2); TAKE_WORD(3); TAKE_WORD(4); TAKE_WORD(5);
	} else {
		take_words(r, c);
	}

	unsigned ncopied = c->nparts, address = ARRAY_SIZE(c->args);

	c->nparts = 0;
	c->facts = false;
	c->cpu = NULL;
	for (unsigned i = 0; i < ncopied; i++) {
		struct part *p = &parts[c->nparts];
		struct value *v = &c->args[parts[i].arg];

		*p = parts[i];
		if (!was_written(c, p))
			continue;
		c->nparts++;
		if (p->part != PART_BYTES)
			relate(c, p, arena);

		v->fault |= !!(p->flags & CHUNK_FAULT);
		v->trunc |= !!(p->flags & CHUNK_TRUNC);
		c->facts |= p->part == PART_FACT;
		if (p->part == PART_CPU)
			c->cpu = (const void *)p->bytes;
		if (p->part != PART_BYTES)
			continue;
		if (v->spec->type == ARG_SOCKADDR_OUT)
			address = p->arg;
		/* The copy after the call, when there are two, says more (revents). */
		v->bytes = p->bytes;
		v->len = p->len;
		if (is_string(v->spec->type))
			v->len = (uint32_t)strnlen(p->bytes, MIN(p->len, (uint32_t)RECORD_STR_MAX));
		if (v->spec->type == ARG_FDPAIR_OUT && v->len != 2 * sizeof(int)) {
			if (!v->fault)
				return -EBADMSG;
			v->bytes = NULL;
			v->len = 0;
		}
	}
	if (address < ARRAY_SIZE(c->args))
		cut_address(c, address);
	return 0;
}

/* As a call that has not returned. */
static int decode_waiting(const struct record_waiting *r, struct arena *arena, struct call *c)
{
	struct record_call as = {
		.h = r->h, .exit_ns = r->h.ts_ns, .nr = r->nr, .arch = r->arch, .nchunks = r->nchunks
	};

	as.h.flags = CALL_UNFINISHED | CALL_RUNNING;
	memcpy(as.args, r->args, sizeof(as.args));
	return decode_call(&as, &r->h, sizeof(*r), arena, c);
}

int decode_record(const struct record *r, size_t size, struct arena *arena, struct item *ret_item)
{
	if (size < sizeof(*r) || r->size < sizeof(*r) || r->size > size || r->size > RECORD_MAX || r->size % 8)
		return -EBADMSG;
	if (r->kind >= _RECORD_KIND_MAX || !bodies[r->kind].size)
		return r->kind ? -ENOTSUP : -EBADMSG;
	if (r->size < bodies[r->kind].size)
		return -EBADMSG;

	struct part *parts = NULL;
	uint32_t nchunks = 0;
	int err;

	ret_item->kind = (enum record_kind)r->kind;
	ret_item->head = r;
	ret_item->body = r;
	if (r->kind == RECORD_CALL || r->kind == RECORD_WAITING) {
		err = r->kind == RECORD_CALL ? decode_call((const struct record_call *)r, r, sizeof(struct record_call),
							   arena, &ret_item->call) :
					       decode_waiting((const struct record_waiting *)r, arena, &ret_item->call);
		ret_item->parts = ret_item->call.parts;
		ret_item->nparts = ret_item->call.nparts;
		return err;
	}
	if (r->kind == RECORD_COUNTS && ((const struct record_counts *)r)->arch > ARCH_X32)
		return -EBADMSG;
	if (bodies[r->kind].nchunks)
		memcpy(&nchunks, (const char *)r + bodies[r->kind].nchunks, sizeof(nchunks));
	err = decode_parts(r, bodies[r->kind].size, nchunks, arena, &parts, &ret_item->nparts);
	ret_item->parts = parts;
	return err;
}
