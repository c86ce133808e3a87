/* SPDX-License-Identifier: MIT */
/* What comes out of the ring, made into records. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "capture/bpf/internal.h"
#include "capture/common/code.h"
#include "capture/proc/fd.h"
#include "capture/proc/proc.h"
#include "capture/waiting.h"
#include "record/build.h"

static struct pending *pending_find(struct bpf_source *s, uint32_t tid)
{
	struct pending *p;

	HASH_FIND_INT(s->pendings, &tid, p);
	return p;
}

static void pending_drop(struct bpf_source *s, struct pending *p)
{
	if (!p)
		return;
	HASH_DEL(s->pendings, p);
	buf_done(&p->chunks);
	free(p);
}

/* Adds the strings of a WIRE_STRINGS as chunks of their own.  Returns how many. */
static unsigned unpack(struct buf *to, const struct record_chunk *c)
{
	const rec_u64 *at = (const rec_u64 *)(c + 1);
	unsigned n = c->flags;
	size_t head = (n + 1) * sizeof(*at);
	unsigned made = 0;

	if (c->len < head || at[n] - at[0] != c->len - head)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		const char *s = (const char *)(at + n + 1) + (at[i] - at[0]);
		size_t room = (size_t)(at[n] - at[i]);

		if (at[i] < at[0] || at[i] > at[n])
			return made;
		made += record_vector_string(to, c->arg, PART_ITEM, s, strnlen(s, room));
	}
	return made;
}

static void entered(struct bpf_source *s, const struct wire_part *w)
{
	const char *chunk = (const char *)(w + 1);
	struct pending *p = pending_find(s, w->h.tid);

	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->tid = w->h.tid;
		HASH_ADD_INT(s->pendings, tid, p);
	}
	p->nchunks = 0;
	buf_reset(&p->chunks);
	for (unsigned i = 0; i < w->nchunks && chunk < (const char *)(w + 1) + w->len; i++) {
		const struct record_chunk *c = (const struct record_chunk *)chunk;
		size_t size = sizeof(*c) + ALIGN8(c->len);

		if (c->part == WIRE_STRINGS) {
			p->nchunks += unpack(&p->chunks, c);
		} else {
			buf_add(&p->chunks, c, size);
			p->nchunks++;
		}
		chunk += size;
	}
}

void drain_resumes(struct bpf_source *s, const struct waiting *w)
{
	struct resume *r;
	uint32_t tid = (uint32_t)w->tid;

	HASH_FIND_INT(s->resumes, &tid, r);
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		r->tid = tid;
		HASH_ADD_INT(s->resumes, tid, r);
	}
	r->nr = w->nr;
}

/*
 * A call whose beginning was not seen, or that goes on when tracing ends: what BPF could not copy for it is read now.
 */
static void called_before(struct bpf_source *s, const struct record_call *c)
{
	struct pending *p = c->h.flags & WIRE_SPLIT ? pending_find(s, c->h.tid) : NULL;
	unsigned n = c->nchunks + (p ? p->nchunks : 0);
	struct record_call *r;
	struct resume *was = NULL;
	uint32_t tid = c->h.tid;

	buf_reset(&s->out.rec);
	buf_add(&s->out.rec, c, sizeof(*c));
	r = (struct record_call *)s->out.rec.s;
	if (waiting_is_restart(r->arch, r->nr))
		HASH_FIND_INT(s->resumes, &tid, was);
	if (was)
		r->nr = was->nr;
	if (r->h.flags & WIRE_FOUND) {
		uint64_t since = waiting_since((pid_t)r->h.pid, (pid_t)r->h.tid);

		r->h.ts_ns = since && since < r->h.ts_ns ? MAX(since, s->start_ns) : r->h.ts_ns;
	}
	r->h.flags &= (rec_u16)~(WIRE_SPLIT | WIRE_FOUND);
	if (p)
		buf_add(&s->out.rec, p->chunks.s, p->chunks.len);
	buf_add(&s->out.rec, c + 1, c->h.size - sizeof(*c));
	if (!n && c->h.flags & CALL_RUNNING)
		n = waiting_copy(&s->out.rec, (pid_t)tid, r->arch, r->nr, (const uint64_t *)r->args,
				 s->opt->max_payload);
	((struct record_call *)s->out.rec.s)->nchunks = (rec_u16)n;
	emitter_put(&s->out);
	pending_drop(s, p);
}

static void called(struct bpf_source *s, const struct record_call *c)
{
	struct pending *p;
	struct record_call *r;

	if (c->h.flags & (WIRE_FOUND | CALL_RUNNING) || (s->resumes && waiting_is_restart(c->arch, c->nr))) {
		called_before(s, c);
		return;
	}
	if (!(c->h.flags & WIRE_SPLIT)) {
		emitter_pass(&s->out, &c->h);
		return;
	}
	p = pending_find(s, c->h.tid);
	buf_reset(&s->out.rec);
	buf_add(&s->out.rec, c, sizeof(*c));
	if (p)
		buf_add(&s->out.rec, p->chunks.s, p->chunks.len);
	buf_add(&s->out.rec, c + 1, c->h.size - sizeof(*c));
	r = (struct record_call *)s->out.rec.s;
	r->h.flags &= (rec_u16)~WIRE_SPLIT;
	r->nchunks = (rec_u16)(r->nchunks + (p ? p->nchunks : 0));
	emitter_put(&s->out);
	pending_drop(s, p);
}

static const struct record_chunk *chunk_of(const void *chunks, unsigned n, unsigned part)
{
	const struct record_chunk *c = chunks;

	for (; n; n--) {
		if (c->part == part)
			return c;
		c = (const struct record_chunk *)((const char *)(c + 1) + ALIGN8(c->len));
	}
	return NULL;
}

/* Strings with a NUL behind each, copied in pieces: the last may be cut, and then what follows it is not known. */
static unsigned exec_strings(struct buf *to, const struct record_exec *w)
{
	const struct record_chunk *c = (const struct record_chunk *)(w + 1);
	struct buf all = { 0 };
	bool cut = false;
	unsigned made = 0;

	for (unsigned n = w->nchunks; n; n--) {
		if (c->part == PART_ARGV) {
			buf_add(&all, c + 1, c->len);
			cut = c->flags & (CHUNK_TRUNC | CHUNK_FAULT);
		}
		c = (const struct record_chunk *)((const char *)(c + 1) + ALIGN8(c->len));
	}
	for (size_t at = 0; at < all.len;) {
		size_t len = strnlen(all.s + at, all.len - at);

		if (cut && at + len == all.len) {
			record_chunk(to, 0, PART_ARGV, CHUNK_TRUNC, all.s + at, MIN(len, (size_t)RECORD_STR_MAX));
			made++;
		} else {
			made += record_vector_string(to, 0, PART_ARGV, all.s + at, len);
		}
		at += len + 1;
	}
	buf_done(&all);
	return made;
}

/* A program that is not shown from here on, see rights.bpf.h: a remark at the end reports it. */
static void hidden(struct bpf_source *s, const struct buf *parts, unsigned n)
{
	const struct record_chunk *path = chunk_of(parts->s, n, PART_PATH);

	if (!s->nhidden++)
		snprintf(s->hidden, sizeof(s->hidden), "%.*s", path ? (int)path->len : 9,
			 path ? (const char *)(path + 1) : "a program");
}

static void execed(struct bpf_source *s, const struct record_exec *w)
{
	const struct record_chunk *exe = chunk_of(w + 1, w->nchunks, PART_EXE),
				  *argc = chunk_of(w + 1, w->nchunks, PART_COUNT),
				  *path = chunk_of(w + 1, w->nchunks, PART_PATH);
	struct pending *p = pending_find(s, w->old_tid);
	struct record_exec *r;
	struct buf parts = { 0 };
	rec_u32 n = 0;
	uint64_t pid = w->h.pid;

	if (w->old_tid != w->h.tid) {
		/* The leader's number passes on: what ended was not the process. */
		live_exec(&s->live, w->h.pid, w->old_tid);
		pending_drop(s, pending_find(s, w->h.tid));
		if (p) {
			HASH_DEL(s->pendings, p);
			p->tid = w->h.tid;
			HASH_ADD_INT(s->pendings, tid, p);
		}
	}
	r = record_begin(&s->out.rec, RECORD_EXEC, sizeof(*r), w->h.pid, w->h.tid, w->h.ts_ns);
	r->old_tid = w->old_tid;
	if (p)
		proc_exec_call_parts(&p->chunks, !path, s->opt->want_env, &parts, &n);
	if (path) {
		record_chunk(&parts, 0, PART_PATH, path->flags, path + 1, path->len);
		n++;
	}
	n += exec_strings(&parts, w);
	if (argc) {
		record_chunk(&parts, 0, PART_COUNT, 0, argc + 1, argc->len);
		n++;
	}
	if (exe) {
		record_chunk(&parts, 0, PART_EXE, 0, exe + 1, exe->len);
		n++;
	}
	if (w->h.flags & WIRE_HIDDEN)
		hidden(s, &parts, n);
	((struct record_exec *)s->out.rec.s)->nchunks = n;
	buf_add(&s->out.rec, parts.s, parts.len);
	buf_done(&parts);
	emitter_put(&s->out);
	/* older kernels: what has become of them since */
	if (s->opt->want_maps && !s->kernel_maps)
		proc_put_maps((pid_t)pid, &s->out.rec, emitter_put, &s->out);
}

static void put_exit(struct bpf_source *s, const struct wire_exit *w)
{
	struct record_exit *r =
		record_begin(&s->out.rec, RECORD_EXIT, sizeof(*r), w->r.h.pid, w->r.h.tid, w->r.h.ts_ns);

	r->status = w->r.status;
	emitter_put(&s->out);
}

/* As wait(2) reports them, a leader's end comes after that of its threads. */
static void exited(struct bpf_source *s, const struct wire_exit *w)
{
	struct live_process *p = live_end(&s->live, w->r.h.pid, w->r.h.tid);
	struct record_exit *r;

	pending_drop(s, pending_find(s, w->r.h.tid));
	p->over |= w->last != 0;
	live_add_times(p, w);
	if (w->r.h.tid == w->r.h.pid) {
		p->leader_ended = true;
		p->leader = w->r;
	} else if (!w->helper) {
		put_exit(s, w);
	}
	if (!p->over || p->nthreads)
		return;
	r = record_begin(&s->out.rec, RECORD_EXIT, sizeof(*r), p->pid, p->pid, w->r.h.ts_ns);
	r->status = w->whole ? w->r.status : p->leader_ended ? p->leader.status : -1;
	live_times(p, r);
	emitter_put(&s->out);
	live_forget(&s->live, p);
}

static void put_unseen_end(struct bpf_source *s, uint32_t pid, uint32_t tid, int status)
{
	struct record_exit *r = record_begin(&s->out.rec, RECORD_EXIT, sizeof(*r), pid, tid, clock_ns());

	r->status = status;
	emitter_put(&s->out);
}

void drain_ends(struct bpf_source *s)
{
	struct live_task *t, *next_task;
	struct live_process *p, *next;

	HASH_ITER(hh, s->live.tasks, t, next_task)
		if (t->tid != t->pid)
			put_unseen_end(s, t->pid, t->tid, -1);
	HASH_ITER(hh, s->live.processes, p, next) {
		put_unseen_end(s, p->pid, p->pid,
			       p->leader_ended		       ? p->leader.status :
			       p->pid == (uint32_t)s->main_pid ? s->main_status :
								 -1);
		live_forget(&s->live, p);
	}
}

struct of_process { struct bpf_source *s; uint32_t pid; };

static void begin_thread(void *ctx, pid_t tid)
{
	const struct of_process *of = ctx;

	live_begin(&of->s->live, of->pid, (uint32_t)tid);
}

void drain_begin_process(struct bpf_source *s, pid_t pid)
{
	struct of_process of = { s, (uint32_t)pid };

	proc_each_thread(pid, begin_thread, &of);
}

/* A task that /proc can tell about, or one that is gone already. */
static void adopted(struct bpf_source *s, const struct wire_adopt *w)
{
	struct record_task *r;

	if (live_has(&s->live, w->h.tid))
		return;
	if (!live_has_process(&s->live, w->h.pid) && proc_state((pid_t)w->h.pid, 0)) {
		drain_begin_process(s, (pid_t)w->h.pid);
		if (proc_put_process((pid_t)w->h.pid, LEADER_LOOK, s->opt->want_maps, &s->out.rec, emitter_put,
				     &s->out) &
		    PROC_HAS_FANOTIFY)
			s->shared->fanotify = 1;
		s->snapshot_ns = clock_ns();
		if (live_has(&s->live, w->h.tid))
			return;
	}
	live_begin(&s->live, w->h.pid, w->h.tid);
	r = record_begin(&s->out.rec, RECORD_TASK, sizeof(*r), w->h.pid, w->h.tid, w->h.ts_ns);
	r->ppid = w->ppid;
	r->nchunks = 1;
	record_chunk(&s->out.rec, 0, PART_COMM, 0, w->comm, strnlen(w->comm, sizeof(w->comm)));
	emitter_put(&s->out);
}

/*
 * Of a task that has ended, or was let go: made by a program that was under way on another CPU, or by who sent it a
 * signal.
 */
static bool too_late(const struct bpf_source *s, const struct record *r)
{
	switch ((unsigned)r->kind) {
	case RECORD_SIGNAL:
	case RECORD_PLACE:
	case RECORD_CODE:
	case RECORD_STOP:
	case RECORD_SCHED:
	case RECORD_DETACH:
		/* with its beginning lost, nothing is known of it */
		return !live_has(&s->live, r->tid) && (s->detached || !s->shared->lost);
	case RECORD_BLOCK:
		return false;
	case RECORD_FORK:
		return s->detached && !live_has(&s->live, ((const struct record_fork *)r)->parent_tid);
	default:
		return s->detached && !live_has(&s->live, r->tid);
	}
}

static void detached(struct bpf_source *s, const struct record *r)
{
	struct live_process *p = live_end(&s->live, r->pid, r->tid);

	emitter_pass(&s->out, r);
	if (!p->nthreads)
		live_forget(&s->live, p);
}

/* Bytes of the kernel's own making, but checked as far as we follow them. */
static void handle(struct bpf_source *s, const struct record *r)
{
	if ((r->kind != RECORD_CALL || s->detached) && too_late(s, r))
		return;
	switch ((unsigned)r->kind) {
	case RECORD_CALL:
		called(s, (const struct record_call *)r);
		return;
	case WIRE_ENTRY:
		entered(s, (const struct wire_part *)r);
		return;
	case WIRE_EXEC:
		execed(s, (const struct record_exec *)r);
		return;
	case WIRE_EXIT:
		exited(s, (const struct wire_exit *)r);
		return;
	case WIRE_ADOPT:
		adopted(s, (const struct wire_adopt *)r);
		return;
	case RECORD_FORK:
		/* recorded by the snapshot that was being made meanwhile */
		if (r->ts_ns < s->snapshot_ns && live_has(&s->live, r->tid))
			return;
		live_begin(&s->live, r->pid, r->tid);
		emitter_pass(&s->out, r);
		return;
	case RECORD_DETACH:
		detached(s, r);
		return;
	case RECORD_CODE:
		code_name((const struct record_code *)r, &s->out);
		return;
	default:
		emitter_pass(&s->out, r);
	}
}

unsigned drain(struct bpf_source *s, unsigned max)
{
	const struct record *r;
	unsigned n = 0;
	uint32_t size;

	while (n < max && (r = kring_peek(&s->ring, &size))) {
		if (size >= sizeof(*r) && r->size <= size)
			handle(s, r);
		kring_pop(&s->ring);
		n++;
	}
	return n;
}

void drain_losses(struct bpf_source *s)
{
	static const char *const why[_LOSS_MAX] = {
		[LOSS_RING] = "the ring was full", [LOSS_TASK] = "no memory to follow a new task"
	};
	struct wire_losses *v = s->losses;
	uint64_t lost = s->shared->lost;
	uint32_t zero = 0;

	if (lost == s->lost_seen || bpf_map_lookup_elem(s->losses_fd, &zero, v))
		return;
	s->lost_seen = lost;
	for (unsigned cpu = 0; cpu < s->ncpus; cpu++)
		for (unsigned i = 0; i < _LOSS_MAX; i++) {
			uint64_t *reported = &s->lost_reported[cpu * _LOSS_MAX + i];
			struct record_lost *r;

			if (v[cpu].n[i] == *reported)
				continue;
			r = record_begin(&s->out.rec, RECORD_LOST, sizeof(*r), 0, 0, clock_ns());
			r->count = v[cpu].n[i] - *reported;
			r->cpu = cpu;
			r->nchunks = 1;
			record_chunk(&s->out.rec, 0, PART_TEXT, 0, why[i], strlen(why[i]));
			emitter_put(&s->out);
			*reported = v[cpu].n[i];
		}
}

void drain_excluded(struct bpf_source *s)
{
	struct wire_losses *v = s->losses;
	struct record_counts *r;
	uint64_t n = 0;
	uint32_t zero = 0;

	if (!s->opt->screen || bpf_map_lookup_elem(s->losses_fd, &zero, v))
		return;
	for (unsigned cpu = 0; cpu < s->ncpus; cpu++)
		n += v[cpu].excluded;
	if (!n)
		return;
	r = record_begin(&s->out.rec, RECORD_COUNTS, sizeof(*r), 0, 0, clock_ns());
	r->h.flags = COUNTS_EXCLUDED;
	r->calls = n;
	emitter_put(&s->out);
}

void drain_done(struct bpf_source *s)
{
	struct pending *p, *pt;

	HASH_ITER(hh, s->pendings, p, pt)
		pending_drop(s, p);
	HASH_FREE(s->resumes);
	live_done(&s->live);
}
