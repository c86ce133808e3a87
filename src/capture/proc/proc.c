/* SPDX-License-Identifier: MIT */
#include "capture/proc/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/proc/fd.h"
#include "capture/source.h"
#include "record/build.h"

enum { PF_KTHREAD = 0x00200000, PF_IO_WORKER = 0x10, PF_USER_WORKER = 0x4000 };	/* include/linux/sched.h; field 9 of /proc/PID/stat */

static int open_proc(pid_t pid, pid_t tid, const char *name)
{
	char path[96];

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Whole file into b; false when it is not there. */
static bool slurp(pid_t pid, pid_t tid, const char *name, struct buf *b)
{
	_cleanup_close_ int fd = open_proc(pid, tid, name);
	ssize_t n;

	buf_reset(b);
	if (fd < 0)
		return false;
	do {
		buf_grow(b, 4096);
		n = read(fd, b->s + b->len, b->cap - b->len - 1);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	b->s[b->len] = '\0';
	return b->len > 0;
}

static size_t link_of(pid_t pid, const char *name, char *to, size_t max)
{
	char path[96];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	n = readlink(path, to, max);
	return n > 0 ? (size_t)n : 0;
}

/* The words after the last ')' of /proc/PID/stat: comm may hold anything, parentheses too.  Field 3 is the first. */
static bool stat_field(pid_t pid, pid_t tid, unsigned field, unsigned long long *ret)
{
	struct buf b = { 0 };
	bool ok = false;
	char *p;

	if (slurp(pid, tid, "stat", &b) && (p = strrchr(b.s, ')'))) {
		p += 2;
		for (unsigned i = 3; i < field && p; i++)
			if ((p = strchr(p, ' ')))
				p++;
		if (p && field == 3)
			*ret = (unsigned char)*p, ok = true;
		else if (p)
			*ret = strtoull(p, NULL, 10), ok = true;
	}
	buf_done(&b);
	return ok;
}

char proc_state(pid_t pid, pid_t tid)
{
	unsigned long long c = 0;

	return stat_field(pid, tid, 3, &c) ? (char)c : 0;
}

bool proc_is_kernel_thread(pid_t pid)
{
	unsigned long long flags = 0;

	return stat_field(pid, 0, 9, &flags) && (flags & PF_KTHREAD);
}

bool proc_is_kernel_helper(pid_t pid, pid_t tid)
{
	unsigned long long flags = 0;

	return stat_field(pid, tid, 9, &flags) && (flags & (PF_IO_WORKER | PF_USER_WORKER));
}

static bool status_line(pid_t pid, pid_t tid, const char *key, char *ret, size_t max)
{
	struct buf b = { 0 };
	const char *p;
	bool ok = false;

	if (slurp(pid, tid, "status", &b)) {
		/* "Name:" comes first and its value has newlines escaped */
		for (p = b.s; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
			if (!strncmp(p, key, strlen(key)) && p[strlen(key)] == ':') {
				p += strlen(key) + 1;
				p += strspn(p, "\t ");
				snprintf(ret, max, "%.*s", (int)strcspn(p, "\n"), p);
				ok = true;
				break;
			}
	}
	buf_done(&b);
	return ok;
}

uint32_t proc_ns_tid(pid_t tid)
{
	char v[256], *last;

	if (!status_line(tid, 0, "NSpid", v, sizeof(v)) || !(last = strrchr(v, '\t')))
		return 0;
	return (uint32_t)strtoul(last + 1, NULL, 10);
}

/* The second link cannot be read while that namespace has no first process, and before Linux 4.12. */
bool proc_children_elsewhere(pid_t tid)
{
	char path[64], own[64], theirs[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", tid);
	n = readlink(path, own, sizeof(own));
	snprintf(path, sizeof(path), "/proc/%d/ns/pid_for_children", tid);
	return n > 0 && (readlink(path, theirs, sizeof(theirs)) != n || memcmp(own, theirs, (size_t)n) != 0);
}

int proc_parent(pid_t tid, pid_t *ret_tgid, pid_t *ret_ppid)
{
	char v[64];

	if (!status_line(tid, 0, "Tgid", v, sizeof(v)))
		return -ESRCH;
	*ret_tgid = (pid_t)atoi(v);
	*ret_ppid = status_line(tid, 0, "PPid", v, sizeof(v)) ? (pid_t)atoi(v) : 0;
	return 0;
}

pid_t proc_tracer(pid_t pid)
{
	char v[64];

	return status_line(pid, 0, "TracerPid", v, sizeof(v)) ? (pid_t)atoi(v) : 0;
}

bool proc_may_look(pid_t pid)
{
	char path[64], exe;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, &exe, 1) >= 0 || (errno != EACCES && errno != EPERM);
}

uid_t proc_uid(pid_t pid)
{
	char v[64];

	return status_line(pid, 0, "Uid", v, sizeof(v)) ? (uid_t)strtoul(v, NULL, 10) : (uid_t)-1;
}

bool proc_rights(pid_t tid, struct proc_rights *ret)
{
	unsigned real;
	char v[64];

	if (!status_line(tid, 0, "Uid", v, sizeof(v)) || sscanf(v, "%u %u", &real, &ret->euid) != 2 ||
	    !status_line(tid, 0, "Gid", v, sizeof(v)) || sscanf(v, "%u %u", &real, &ret->egid) != 2 || !status_line(tid, 0, "CapPrm", v, sizeof(v)))
		return false;
	ret->permitted = strtoull(v, NULL, 16);
	return true;
}

bool proc_dispositions(pid_t tid, uint64_t *ret_ignored, uint64_t *ret_caught)
{
	_cleanup_close_ int fd = open_proc(tid, 0, "status");
	char s[4096], *ign, *cgt;
	ssize_t n = fd >= 0 ? read(fd, s, sizeof(s) - 1) : 0;

	if (n <= 0)
		return false;
	s[n] = '\0';
	ign = strstr(s, "\nSigIgn:\t");
	cgt = strstr(s, "\nSigCgt:\t");
	if (!ign || !cgt)
		return false;
	*ret_ignored = strtoull(ign + 9, NULL, 16);
	*ret_caught = strtoull(cgt + 9, NULL, 16);
	return true;
}

void proc_each_descriptor(pid_t pid, void (*fn)(void *ctx, int fd, const char *target), void *ctx)
{
	char path[64], target[PATH_MAX];
	struct dirent *e;
	ssize_t n;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		fn(ctx, atoi(e->d_name), target);
	}
	if (d)
		closedir(d);
}

unsigned proc_each_thread(pid_t pid, void (*fn)(void *ctx, pid_t tid), void *ctx)
{
	char path[64];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0])) {
			fn(ctx, (pid_t)atoi(e->d_name));
			n++;
		}
	if (d)
		closedir(d);
	return n;
}

struct each_child { pid_t pid; void (*fn)(void *ctx, pid_t child); void *ctx; };

static void children_of_thread(void *ctx, pid_t tid)
{
	const struct each_child *c = ctx;
	struct buf b = { 0 };
	char *at, *end;
	long child;

	if (slurp(c->pid, tid, "children", &b))
		for (at = b.s; (child = strtol(at, &end, 10)) > 0 && end != at; at = end)
			c->fn(c->ctx, (pid_t)child);
	buf_done(&b);
}

void proc_each_child(pid_t pid, void (*fn)(void *ctx, pid_t child), void *ctx)
{
	proc_each_thread(pid, children_of_thread, &(struct each_child){ pid, fn, ctx });
}

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
	r->mode = (opt->argv ? START_COMMAND : START_ATTACH) | (opt->system ? START_SYSTEM : 0) | (opt->all_calls ? START_ALL_CALLS : 0) | (opt->max_payload ? START_PAYLOAD : 0) | START_FACTS | backend;
	put_command(rec, opt->argv, &n);
	if (dir) {
		record_chunk(rec, 0, PART_CWD, 0, dir, strlen(dir));
		n++;
	}
	for (unsigned i = 0; i < opt->npids; i++, n++) {
		struct buf b = { 0 }, name = { 0 };

		buf_printf(&b, "%d", opt->pids[i]);
		if (slurp(opt->pids[i], 0, "comm", &name))
			buf_printf(&b, " (%.*s)", (int)strcspn(name.s, "\n"), name.s);
		record_chunk(rec, 0, PART_TARGET, 0, b.s, b.len);
		buf_done(&name);
		buf_done(&b);
	}
	if (opt->chosen) {
		record_chunk(rec, 0, PART_CHOSEN, 0, opt->chosen_text, strlen(opt->chosen_text));
		n++;
	}
	((struct record_start *)rec->s)->nchunks = n;
}

static void put_link(struct buf *rec, pid_t pid, const char *name, enum chunk_part part, uint32_t *nchunks)
{
	char s[RECORD_STR_MAX];
	size_t n = link_of(pid, name, s, sizeof(s));

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
	if (stat_field(c->pid, tid, 4, &v))
		r->ppid = (rec_u32)v;
	if (stat_field(c->pid, tid, 22, &v))
		r->start_ns = boot_to_monotonic(v);
	if (c->leader && stat_field(c->pid, 0, 47, &v))
		r->brk = v;	/* start_brk; 0 without the right to know */
	if (slurp(c->pid, tid, "comm", &b)) {
		record_chunk(c->rec, 0, PART_COMM, 0, b.s, b.len - (b.s[b.len - 1] == '\n'));
		n++;
	}
	if (c->leader) {
		put_link(c->rec, c->living, "exe", PART_EXE, &n);
		put_link(c->rec, c->living, "cwd", PART_CWD, &n);
		put_link(c->rec, c->living, "root", PART_ROOT, &n);
		if (slurp(c->living, 0, "cmdline", &b))
			strings(c->rec, PART_ARGV, b.s, b.len, &n);
	}
	((struct record_task *)c->rec->s)->nchunks = n;
	buf_done(&b);
	c->put(c->ctx);
}

/* false: it was closed while we looked.  A command that has not begun yet closes its ends of our pipes. */
static bool put_fd(pid_t pid, pid_t tid, int fd, struct buf *rec, bool *ret_fanotify)
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
	*ret_fanotify |= f.name_len == strlen(PROC_FANOTIFY) && memcmp(f.name, PROC_FANOTIFY, f.name_len) == 0;
	record_chunk(rec, 0, PART_PATH, 0, f.name, f.name_len);
	if (f.has_sock) {
		record_chunk(rec, 0, PART_SOCK, 0, &f.sock, sizeof(f.sock));
		nchunks++;
	}
	record_chunk(rec, 0, PART_FACT, 0, &f.fact, sizeof(f.fact));
	((struct record_fd *)rec->s)->nchunks = nchunks;
	return true;
}

/* inherited: without those that go at an exec. */
static bool put_fds(pid_t pid, pid_t tid, bool inherited, struct buf *rec, void (*put)(void *ctx), void *ctx)
{
	bool fanotify = false;
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", tid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]) && put_fd(pid, tid, atoi(e->d_name), rec, &fanotify) &&
		    !(inherited && ((const struct record *)rec->s)->flags & FD_CLOEXEC_SET))
			put(ctx);
	if (d)
		closedir(d);
	return fanotify;
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

	if (!slurp(tid, 0, "maps", &b)) {
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
		if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &stop, perms, &off, &maj, &min, &ino, &at) < 7)
			continue;
		r = record_begin(rec, RECORD_MAP, sizeof(*r), (uint32_t)pid, (uint32_t)pid, now);
		r->h.flags = first ? MAP_FIRST : 0;
		first = false;
		r->start = start, r->end = stop, r->offset = off, r->ino = ino;
		r->dev = (rec_u64)maj << 32 | min;
		r->prot = (perms[0] == 'r' ? PROT_READ : 0) | (perms[1] == 'w' ? PROT_WRITE : 0) | (perms[2] == 'x' ? PROT_EXEC : 0);
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

bool proc_mounted(void)
{
	char self[32];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	self[MAX(n, 0)] = '\0';
	return n > 0 && atoi(self) == getpid();
}

bool proc_has_ended(pid_t pid)
{
	struct put_ctx c = { .pid = pid };

	if (proc_state(pid, pid) != 'Z')
		return false;
	proc_each_thread(pid, find_living, &c);
	return !c.living;
}

bool proc_put_process(pid_t pid, enum leader_end leader, bool maps, struct buf *rec, void (*put)(void *ctx), void *ctx)
{
	struct put_ctx c = { pid, rec, put, ctx, true, pid };
	bool fanotify;

	/* A leader that has exited is a zombie without descriptors and memory while its threads live: one of them is asked. */
	if (proc_state(pid, pid) == 'Z')
		proc_each_thread(pid, find_living, &c);
	put_task(&c, pid);
	c.leader = false;
	proc_each_thread(pid, put_task, &c);
	if (leader == LEADER_ENDED || (leader == LEADER_LOOK && c.living != pid)) {
		struct record_exit *r = record_begin(rec, RECORD_EXIT, sizeof(*r), (uint32_t)pid, (uint32_t)pid, now_ns());

		r->status = -1;		/* when and how is not known */
		put(ctx);
	}
	fanotify = put_fds(pid, c.living, false, rec, put, ctx);
	if (maps)
		put_maps(pid, c.living, rec, put, ctx);
	return fanotify;
}

bool proc_put_command(pid_t pid, struct buf *rec, void (*put)(void *ctx), void *ctx)
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

void proc_exec_parts(pid_t tid, const struct buf *call, bool want_env, struct buf *parts, uint32_t *ret_nchunks, unsigned long long *ret_brk)
{
	uint32_t n = 0;
	struct buf b = { 0 };

	if (!proc_exec_call_parts(call, true, want_env, parts, &n) && slurp(tid, 0, "cmdline", &b))
		strings(parts, PART_ARGV, b.s, b.len, &n);
	buf_done(&b);
	put_link(parts, tid, "exe", PART_EXE, &n);
	*ret_nchunks = n;
	*ret_brk = 0;
}
