/* SPDX-License-Identifier: MIT */
#pragma once
/* Events made by hand: the model's objects as plain structs that the caller owns. */
#include <stdint.h>
#include <string.h>

#include "abi/spec.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"

#define FAKE_T0 1000000000u

struct fake_task { struct task task; struct proc proc; struct fs fs; struct bytes argv[4]; };

static inline struct bytes fake_bytes(const char *s) { return (struct bytes){ (char *)s, (uint32_t)strlen(s) }; }

/* A process of one thread. */
static inline void fake_proc(struct fake_task *f, uint32_t id, uint32_t parent, const char *comm)
{
	*f = (struct fake_task){
		.proc = { .id = id, .pid = 100 + id, .ppid = 100 + parent, .parent = parent, .comm = fake_bytes(comm), .exe = fake_bytes(comm),
			  .cwd0 = fake_bytes("/home"), .start_ns = FAKE_T0 + id, .nthreads = 1, .nthreads_ever = 1, .status = -1 },
		.task = { .id = id, .tid = 100 + id, .comm = fake_bytes(comm), .start_ns = FAKE_T0 + id, .creator = parent },
		.fs = { .refs = 1, .cwd = fake_bytes("/home"), .root = fake_bytes("/") },
	};
	f->task.proc = &f->proc;
	f->task.fs = &f->fs;
	f->proc.argv = f->argv;
	f->proc.argc = 1;
	f->argv[0] = fake_bytes(comm);
}

static inline void fake_call(struct call *c, const char *name, uint64_t enter_ns, uint64_t dur_ns, int64_t ret,
			     const uint64_t args[6])
{
	*c = (struct call){ .nr = (uint32_t)syscall_number(name), .enter_ns = enter_ns, .exit_ns = enter_ns + dur_ns, .ret = ret,
			    .err = ret < 0 && ret > -4096 ? (int)-ret : 0 };
	c->spec = syscall_spec(ARCH_X86_64, c->nr);
	for (unsigned i = 0; i < c->spec->nargs; i++) {
		const struct arg_spec *a = &c->spec->args[i];

		for (const struct arg_choice *o = a->choice; o && o->mask; o++)
			if ((args[a->by] & o->mask) == o->val)
				a = &o->spec;
		if (a->type == ARG_NONE)	/* it and what follows is not there (open's mode) */
			break;
		c->args[c->nargs++] = (struct value){ .spec = a, .word = args[i] };
	}
}

/* The string that argument points to. */
static inline void fake_string(struct call *c, unsigned arg, const char *s, size_t n)
{
	c->args[arg].bytes = s;
	c->args[arg].len = (uint32_t)n;
}

static inline struct event fake_event(enum event_kind kind, const struct fake_task *f, const struct item *item,
				      uint64_t ts_ns)
{
	struct event ev = { .kind = kind,
			    .ts_ns = ts_ns,
			    .task = f ? &f->task : NULL,
			    .item = item,
			    .fd = -1,
			    .fd2 = -1,
			    .status = -1 };

	if (item && item->kind == RECORD_CALL) {
		ev.call = &item->call;
		ev.err = item->call.err;
		ev.dur_ns = item->call.exit_ns - item->call.enter_ns;
	}
	return ev;
}
