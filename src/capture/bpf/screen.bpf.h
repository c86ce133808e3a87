/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Calls that the filter excludes, as far as their end tells: these leave no record, but are counted. */
#pragma once
#include "capture/bpf/count.bpf.h"

const volatile bool screening = false;
const volatile struct wire_screen screen = { 0 };

enum { SCREENED_NAME_MAX = 128 };

/*
 * May the name, the first chunk of a call, be one that is asked for?  The reader makes names absolute by text: what is
 * relative, has components to be resolved, or is in /proc and /dev is its affair, and so are chroots.
 */
static __noinline bool name_may(struct task_struct *task, const struct task_state *st, u32 arg)
{
	const struct record_chunk *c = (const struct record_chunk *)st->chunks;
	const struct wire_shared *sh = shared_get();
	char name[SCREENED_NAME_MAX] = { 0 };
	bool asked = !screen.nasked;
	u32 n = c->len;

	if (st->len <= sizeof(*c) || c->part != PART_BYTES || c->arg != arg || c->flags || n < 2 || n >= sizeof(name) ||
	    !sh || (u64)BPF_CORE_READ(task, fs, root.dentry) != sh->root)
		return true;
	SAME(n);
	if (n >= sizeof(name) || bpf_probe_read_kernel(name, n, st->chunks + sizeof(*c)))
		return true;
	if (name[0] != '/' || (name[1] == 'p' && name[2] == 'r') || (name[1] == 'd' && name[2] == 'e'))
		return true;
	for (u32 i = 0; i + 1 < sizeof(name); i++)
		if (name[i] == '/' && (name[i + 1] == '/' || name[i + 1] == '.'))
			return true;
	for (u32 k = 0; k < SCREEN_PATHS && k < screen.npaths; k++) {
		u32 len = screen.paths[k].len;
		bool same = len <= n;

		for (u32 i = 0; i < SCREEN_PATH_MAX && i < len && same; i++)
			same = name[i] == screen.paths[k].s[i];
		if (!same || len >= sizeof(name))
			continue;
		if (!screen.paths[k].out)
			asked |= !screen.paths[k].whole || !name[len] || name[len] == '/';
		else if (screen.paths[k].whole ? !name[len] || name[len] == '/' : name[len])
			return false;
	}
	return asked;
}

static __always_inline void note_connecting(void)
{
	struct wire_shared *sh = shared_get();

	if (sh)
		sh->connecting = 1;
}

static __always_inline bool excluded(struct task_struct *task, const struct wire_plan *p, const struct task_state *st,
				     u64 now, s64 ret)
{
	const struct wire_shared *sh = shared_get();
	bool failed = ret < 0 && ret >= -ERRNO_MAX, listed = !screen.nerrs, unwanted = false;
	struct wire_losses *l;
	u32 zero = 0;

	if (!sh || (p->screen & SCREEN_MOVES && (sh->connecting || sh->fanotify)))
		return false;
	for (u32 i = 0; failed && i < SCREEN_ERRS && i < screen.nerrs; i++)
		listed |= screen.errs[i] == (u32)-ret;
	for (u32 i = 0; failed && i < SCREEN_ERRS && i < screen.nunwanted; i++)
		unwanted |= screen.unwanted[i] == (u32)-ret;
	if (!unwanted && !(p->screen & SCREEN_FAILING && (!failed || !listed)) &&
	    !(screen.min_ns && now - st->enter_ns < screen.min_ns) &&
	    !(screen.max_ns && now - st->enter_ns > screen.max_ns) &&
	    !(p->screen & SCREEN_NAMED && screen.npaths && !name_may(task, st, p->path)))
		return false;
	l = bpf_map_lookup_elem(&losses, &zero);
	if (l)
		l->excluded++;
	return l;
}
