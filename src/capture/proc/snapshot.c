/* SPDX-License-Identifier: MIT */
/* Snapshots of processes, and of what they execute, as records. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/proc/execed.h"
#include "capture/proc/fd.h"
#include "capture/plan.h"
#include "capture/proc/proc.h"
#include "capture/source.h"
#include "record/build.h"

/* What is kept of a vector of strings: with those of a command line a record stays well below RECORD_MAX. */
enum { VECTOR_KEPT = 128 << 10, VECTOR_KEPT_MAX = 16384 };

/* Strings that stand one behind the other in n bytes. */
static void strings(struct buf *rec, unsigned part, const char *s, size_t n, uint32_t *nchunks)
{
	uint64_t count = 0;
	bool more = false;

	for (size_t i = 0; i < n; count++) {
		size_t len = strnlen(s + i, n - i);

		more |= i >= VECTOR_KEPT || count >= VECTOR_KEPT_MAX;
		if (!more)
			*nchunks += record_vector_string(rec, 0, (enum chunk_part)part, s + i, len);
		i += len + 1;
	}
	if (!more)
		return;
	record_number(rec, 0, PART_COUNT, count);
	(*nchunks)++;
}

static void put_command(struct buf *rec, char *const *argv, uint32_t *nchunks)
{
	size_t kept = 0;
	uint64_t count = 0;

	for (; argv && argv[count]; count++) {
		if (kept < VECTOR_KEPT && count < VECTOR_KEPT_MAX)
			*nchunks += record_vector_string(rec, 0, PART_ARGV, argv[count], strlen(argv[count]));
		else if (kept < SIZE_MAX / 2)
			kept = SIZE_MAX / 2;	/* one that is left out ends what is kept */
		kept += strlen(argv[count]) + 1;
	}
	if (kept < SIZE_MAX / 2)
		return;
	record_number(rec, 0, PART_COUNT, count);
	(*nchunks)++;
}

void proc_put_start(const struct capture_options *opt, unsigned backend, struct buf *rec, uint64_t now_ns)
{
	struct record_start *r = record_begin(rec, RECORD_START, sizeof(*r), 0, 0, now_ns);
	char cwd[RECORD_STR_MAX], *dir = getcwd(cwd, sizeof(cwd));
	struct timespec ts;
	uint32_t n = 0;

	clock_gettime(CLOCK_REALTIME, &ts);
	r->version = RECORD_VERSION;
	r->page_size = (rec_u32)sysconf(_SC_PAGESIZE);
	r->wall_ns = (rec_u64)ts.tv_sec * 1000000000 + (rec_u64)ts.tv_nsec;
	r->mode = (opt->argv ? START_COMMAND : START_ATTACH) | (opt->system ? START_SYSTEM : 0) |
		  (opt->all_calls ? START_ALL_CALLS : 0) | (opt->max_payload ? START_PAYLOAD : 0) | START_FACTS |
		  (plan_rights(opt->chosen, opt->usual) ? START_RIGHTS : 0) | backend;
	put_command(rec, opt->argv, &n);
	if (dir) {
		record_chunk(rec, 0, PART_CWD, 0, dir, strlen(dir));
		n++;
	}
	for (unsigned i = 0; i < opt->npids; i++, n++) {
		struct buf b = { 0 }, name = { 0 };

		buf_printf(&b, "%d", opt->pids[i]);
		if (proc_read_all(opt->pids[i], 0, "comm", &name))
			buf_printf(&b, " (%.*s)", (int)strcspn(name.s, "\n"), name.s);
		record_chunk(rec, 0, PART_TARGET, 0, b.s, b.len);
		buf_done(&name);
		buf_done(&b);
	}
	if (opt->chosen_text) {
		record_chunk(rec, 0, PART_CHOSEN, 0, opt->chosen_text, strlen(opt->chosen_text));
		n++;
	}
	if (opt->filter_text) {
		record_chunk(rec, 0, PART_FILTER, 0, opt->filter_text, strlen(opt->filter_text));
		n++;
	}
	n += proc_put_host(rec, opt->argv) + proc_put_owner(rec, opt);
	((struct record_start *)rec->s)->nchunks = n;
}

static void put_link(struct buf *rec, pid_t pid, const char *name, enum chunk_part part, uint32_t *nchunks)
{
	char s[RECORD_STR_MAX];
	size_t n = proc_read_link(pid, name, s, sizeof(s));

	if (!n)
		return;
	record_chunk(rec, 0, part, 0, s, n);
	(*nchunks)++;
}

static uint64_t now_ns(void) { return clock_ns(); }

struct put_ctx { pid_t pid; struct buf *rec; void (*put)(void *); void *ctx; bool leader; pid_t living; };

static uint64_t boot_to_monotonic(unsigned long long ticks)
{
	int64_t ns = (int64_t)(ticks * (1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK)));
	struct timespec boot;

	/* starttime counts from boot including suspend; CLOCK_MONOTONIC does not (proc(5), field 22) */
	clock_gettime(CLOCK_BOOTTIME, &boot);
	ns -= (boot.tv_sec - (int64_t)(now_ns() / 1000000000)) * 1000000000;
	return ns > 0 ? (uint64_t)ns : 0;
}

void proc_put_usage(pid_t pid, pid_t tid, unsigned flags, struct buf *rec, void (*put)(void *ctx), void *ctx)
{
	struct record_usage *r;
	struct proc_usage u;

	if (!proc_usage(tid, &u))
		return;
	r = record_begin(rec, RECORD_USAGE, sizeof(*r), (uint32_t)pid, (uint32_t)tid, now_ns());
	r->h.flags = (rec_u16)flags;
	r->run_ns = u.run_ns;
	r->delay_ns = u.delay_ns;
	if (flags & USAGE_BEFORE && pid == tid)
		r->rss = proc_rss_peak(pid);
	put(ctx);
}

static void put_task(void *ctx, pid_t tid)
{
	struct put_ctx *c = ctx;
	struct record_task *r;
	struct buf b = { 0 };
	unsigned long long v;
	uint32_t n = 0;

	if (c->leader != (tid == c->pid) || proc_is_kernel_helper(c->pid, tid))
		return;
	r = record_begin(c->rec, RECORD_TASK, sizeof(*r), (uint32_t)c->pid, (uint32_t)tid, now_ns());
	r->ns_tid = proc_ns_tid(tid);
	if (proc_read_stat(c->pid, tid, 4, &v))
		r->ppid = (rec_u32)v;
	if (proc_read_stat(c->pid, tid, 22, &v))
		r->start_ns = boot_to_monotonic(v);
	if (c->leader && proc_read_stat(c->pid, 0, 47, &v))
		r->brk = v;	/* start_brk; 0 without the right to know */
	if (proc_read_all(c->pid, tid, "comm", &b)) {
		record_chunk(c->rec, 0, PART_COMM, 0, b.s, b.len - (b.s[b.len - 1] == '\n'));
		n++;
	}
	if (c->leader) {
		put_link(c->rec, c->living, "exe", PART_EXE, &n);
		put_link(c->rec, c->living, "cwd", PART_CWD, &n);
		put_link(c->rec, c->living, "root", PART_ROOT, &n);
		if (proc_read_all(c->living, 0, "cmdline", &b))
			strings(c->rec, PART_ARGV, b.s, b.len, &n);
	}
	((struct record_task *)c->rec->s)->nchunks = n;
	buf_done(&b);
	c->put(c->ctx);
	proc_put_usage(c->pid, tid, USAGE_BEFORE, c->rec, c->put, c->ctx);
}

/* false: it was closed while we looked.  A command that has not begun yet closes its ends of our pipes. */
static bool put_fd(pid_t pid, pid_t tid, int fd, struct buf *rec, unsigned *ret_has)
{
	struct record_fd *r;
	struct fd_facts f;
	uint32_t nchunks = 2;

	if (!proc_fd_ask(NULL, tid, fd, true, &f))
		return false;
	r = record_begin(rec, RECORD_FD, sizeof(*r), (uint32_t)pid, (uint32_t)pid, now_ns());
	r->fd = fd;
	r->dev = f.fact.dev;
	r->ino = f.fact.ino;
	r->mode = f.fact.mode;
	r->pos = f.fact.pos;
	r->open_flags = f.fact.open_flags;
	r->h.flags = f.fact.flags & FACT_CLOEXEC ? FD_CLOEXEC_SET : 0;
	*ret_has |= proc_fd_has(&f);
	record_chunk(rec, 0, PART_PATH, 0, f.name, f.name_len);
	if (f.has_sock) {
		record_chunk(rec, 0, PART_SOCK, 0, &f.sock, sizeof(f.sock));
		nchunks++;
	}
	record_chunk(rec, 0, PART_FACT, 0, &f.fact, sizeof(f.fact));
	((struct record_fd *)rec->s)->nchunks = nchunks;
	return true;
}

/* enum proc_has.  inherited: without those that go at an exec. */
static unsigned put_fds(pid_t pid, pid_t tid, bool inherited, struct buf *rec, void (*put)(void *ctx), void *ctx)
{
	unsigned has = 0;
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", tid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]) && put_fd(pid, tid, atoi(e->d_name), rec, &has) &&
		    !(inherited && ((const struct record *)rec->s)->flags & FD_CLOEXEC_SET))
			put(ctx);
	if (d)
		closedir(d);
	return has;
}

static uint32_t kind_of(const char *path)
{
	return !strcmp(path, "[heap]") ? MAP_KIND_HEAP : !strcmp(path, "[stack]") ? MAP_KIND_STACK :
	       path[0] == '[' && strncmp(path, "[anon", 5) != 0 ? MAP_KIND_SPECIAL : MAP_KIND_PLAIN;
}

static void put_maps(pid_t pid, pid_t tid, struct buf *rec, void (*put)(void *ctx), void *ctx)
{
	struct buf b = { 0 };
	bool first = true;
	const uint64_t now = now_ns();

	if (!proc_read_all(tid, 0, "maps", &b)) {
		buf_done(&b);
		return;
	}
	for (char *line = b.s, *end; *line; line = end) {
		unsigned long long start, stop, off, ino;
		unsigned maj, min;
		char perms[5];
		int at = 0;
		struct record_map *r;

		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &stop, perms, &off, &maj, &min, &ino,
			   &at) < 7)
			continue;
		r = record_begin(rec, RECORD_MAP, sizeof(*r), (uint32_t)pid, (uint32_t)pid, now);
		r->h.flags = first ? MAP_FIRST : 0;
		first = false;
		r->start = start, r->end = stop, r->offset = off, r->ino = ino;
		r->dev = (rec_u64)maj << 32 | min;
		r->prot = (perms[0] == 'r' ? PROT_READ : 0) | (perms[1] == 'w' ? PROT_WRITE : 0) |
			  (perms[2] == 'x' ? PROT_EXEC : 0);
		r->flags = perms[3] == 's' ? MAP_SHARED : MAP_PRIVATE;
		r->kind = kind_of(line + at);
		if (line[at]) {
			r->nchunks = 1;
			record_chunk(rec, 0, PART_PATH, 0, line + at, strlen(line + at));
		}
		put(ctx);
	}
	buf_done(&b);
}

void proc_put_maps(pid_t pid, struct buf *rec, void (*put)(void *ctx), void *ctx) { put_maps(pid, pid, rec, put, ctx); }

static void find_living(void *ctx, pid_t tid)
{
	struct put_ctx *c = ctx;

	if (proc_state(c->pid, tid) != 'Z')
		c->living = tid;
}

bool proc_has_ended(pid_t pid)
{
	struct put_ctx c = { .pid = pid };

	if (proc_state(pid, pid) != 'Z')
		return false;
	proc_each_thread(pid, find_living, &c);
	return !c.living;
}

unsigned proc_put_process(pid_t pid, enum leader_end leader, bool maps, struct buf *rec, void (*put)(void *ctx),
			  void *ctx)
{
	struct put_ctx c = { pid, rec, put, ctx, true, pid };
	unsigned has;

	/*
	 * A leader that has exited is a zombie without descriptors and memory while its threads live: one of them is
	 * asked.
	 */
	if (proc_state(pid, pid) == 'Z')
		proc_each_thread(pid, find_living, &c);
	put_task(&c, pid);
	c.leader = false;
	proc_each_thread(pid, put_task, &c);
	if (leader == LEADER_ENDED || (leader == LEADER_LOOK && c.living != pid)) {
		struct record_exit *r = record_begin(rec, RECORD_EXIT, sizeof(*r), (uint32_t)pid, (uint32_t)pid,
						     now_ns());

		r->status = -1;		/* when and how is not known */
		put(ctx);
	}
	has = put_fds(pid, c.living, false, rec, put, ctx);
	if (maps)
		put_maps(pid, c.living, rec, put, ctx);
	return has;
}

unsigned proc_put_command(pid_t pid, struct buf *rec, void (*put)(void *ctx), void *ctx)
{
	put_task(&(struct put_ctx){ pid, rec, put, ctx, true, pid }, pid);
	return put_fds(pid, pid, true, rec, put, ctx);
}

bool proc_exec_call_parts(const struct buf *call, bool want_argv, bool want_env, struct buf *parts, uint32_t *nchunks)
{
	static const unsigned char as[] = { [0] = PART_PATH, [1] = PART_ARGV, [2] = PART_ENVP, [3] = PART_ENVP };
	bool have_argv = false;
	unsigned first_vec = 0;

	/* execve(path, argv, envp) or execveat(dirfd, path, argv, envp): the path is the first chunk */
	for (size_t at = 0; call && at < call->len;) {
		const struct record_chunk *c = (const struct record_chunk *)(call->s + at);

		at += sizeof(*c) + ALIGN8(c->len);
		if (c->part == PART_BYTES)
			first_vec = c->arg + 1u;
		unsigned idx = c->arg + 1u - first_vec;

		if (c->part != PART_BYTES)
			idx = c->arg - first_vec + 1;
		if (idx >= ARRAY_SIZE(as) || !(as[idx] == PART_ENVP ? want_env : want_argv))
			continue;
		have_argv |= as[idx] == PART_ARGV;
		if (c->part == PART_WHOLE || c->part == PART_COUNT)	/* arg: of which vector */
			record_chunk(parts, as[idx] == PART_ENVP, c->part, c->flags, c + 1, c->len);
		else
			record_chunk(parts, 0, as[idx], c->flags, c + 1, c->len);
		(*nchunks)++;
	}
	return have_argv;
}

static void put_names(struct buf *parts, pid_t tid, const char *name, size_t len, const char *argv, size_t argv_len,
		      uint32_t *nchunks)
{
	size_t from = len ? execed_interpreter(tid, name, argv, argv_len) : 0;

	if (len) {
		record_chunk(parts, 0, PART_PATH, 0, name, len);
		(*nchunks)++;
	}
	strings(parts, PART_ARGV, argv + from, argv_len - from, nchunks);
}

/* Without its call: what the new program has of it.  A script has its name in place of its argv[0]. */
static void put_given(struct buf *parts, pid_t tid, struct execed *stack, uint32_t *nchunks)
{
	struct buf argv = { 0 }, comm = { 0 };
	char name[PATH_MAX];
	size_t len;

	if (stack && execed_stack(stack)) {
		put_names(parts, tid, stack->name, stack->name_len, stack->argv, stack->argv_len, nchunks);
		return;
	}
	len = stack ? execed_name(tid, name) : 0;
	if (!len && proc_read_all(tid, tid, "comm", &comm)) {	/* anybody may read that, and the command line */
		record_chunk(parts, 0, PART_COMM, 0, comm.s, comm.len - (comm.s[comm.len - 1] == '\n'));
		(*nchunks)++;
	}
	if (proc_read_all(tid, 0, "cmdline", &argv))
		put_names(parts, tid, name, len, argv.s, argv.len, nchunks);
	buf_done(&comm);
	buf_done(&argv);
}

void proc_exec_parts(pid_t tid, const struct buf *call, struct execed *stack, bool want_env, struct buf *parts,
		     uint32_t *ret_nchunks, unsigned long long *ret_brk)
{
	uint32_t n = 0;

	if (!proc_exec_call_parts(call, true, want_env, parts, &n))
		put_given(parts, tid, stack, &n);
	put_link(parts, tid, "exe", PART_EXE, &n);
	*ret_nchunks = n;
	*ret_brk = 0;
}
