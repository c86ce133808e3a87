/* SPDX-License-Identifier: MIT */
#include "capture/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/spec.h"
#include "base/clock.h"
#include "base/macro.h"
#include "capture/plan.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/mem.h"
#include "record/build.h"

enum { PAYLOAD_MAX = 4096 };

/* The file's beginning, NUL-terminated; its length, 0 when it cannot be read. */
static size_t read_file(const char *path, char *to, size_t max)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, to, max - 1) : -1;

	to[MAX(n, (ssize_t)0)] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static size_t read_task(pid_t pid, pid_t tid, const char *name, char *to, size_t max)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	return read_file(path, to, max);
}

uint64_t waiting_switches(pid_t pid, pid_t tid)
{
	static const char *const keys[] = { "\nvoluntary_ctxt_switches:", "\nnonvoluntary_ctxt_switches:" };
	char s[4096];
	uint64_t n = 0;

	if (!read_task(pid, tid, "status", s, sizeof(s)))
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *at = strstr(s, keys[i]);

		n += at ? strtoull(at + strlen(keys[i]), NULL, 10) : 0;
	}
	return n;
}

/*
 * Of the program's file: EI_CLASS of elf(5).  A call that 64-bit code makes by int 0x80 is taken for one of its own
 * kind.
 */
static uint8_t arch_of(pid_t pid)
{
	char path[64], head[8];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return read_file(path, head, sizeof(head)) >= 5 && !memcmp(head, "\177ELF\1", 5) ? ARCH_I386 : ARCH_X86_64;
}

bool waiting_is_restart(unsigned arch, unsigned nr)
{
	return nr == (arch == ARCH_I386 ? 0u : (unsigned)SYS_restart_syscall);
}

/*
 * The calls the kernel goes on with by restart_syscall(2), by the function that waits in them (kernel 6.18:
 * fs/select.c, kernel/futex/waitwake.c, kernel/time/hrtimer.c, posix-cpu-timers.c, alarmtimer.c).  Their arguments are
 * still in the registers.  hrtimer_nanosleep_restart() is __sched: wchan passes over it, and names what every call
 * comes from.
 */
static uint32_t restarted_nr(unsigned arch, const char *wchan, const uint64_t args[6])
{
	static const struct { const char *in; uint16_t x86_64, i386; } calls[] = {
		{ "poll", SYS_poll, 168 }, { "futex", SYS_futex, 240 }, { "nanosleep", SYS_clock_nanosleep, 407 },
		{ "nsleep", SYS_clock_nanosleep, 407 }, { "alarm", SYS_clock_nanosleep, 407 }, { "do_syscall_64", SYS_clock_nanosleep, 407 },
		{ "do_fast_syscall_32", SYS_clock_nanosleep, 407 }, { "do_int80", SYS_clock_nanosleep, 407 }, { "restart_syscall", SYS_clock_nanosleep, 407 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!strstr(wchan, calls[i].in))
			continue;
		/* a pointer and no clock */
		if (calls[i].x86_64 == SYS_clock_nanosleep && (uint32_t)args[0] >= 4096)
			return arch == ARCH_I386 ? 162 : SYS_nanosleep;
		return arch == ARCH_I386 ? calls[i].i386 : calls[i].x86_64;
	}
	return UINT32_MAX;
}

static bool read_words(void *tid, uint64_t addr, unsigned nwords, uint32_t *ret_words)
{
	return mem_read(*(pid_t *)tid, addr, ret_words, nwords * sizeof(*ret_words)) == nwords * sizeof(*ret_words);
}

static const uint16_t restarted[] = { SYS_poll, SYS_nanosleep, SYS_futex, SYS_clock_nanosleep };

/*
 * A stopped thread sleeps in the stop: the number was set shortly before the instruction that made the call (mov $NR,
 * %eax).
 */
static uint32_t number_in_code(pid_t tid, uint64_t ip)
{
	enum { BACK = 32, SYSCALL = 2, MOV = 5 };
	uint8_t code[BACK];

	if (ip < BACK || mem_read(tid, ip - BACK, code, sizeof(code)) != sizeof(code) ||
	    memcmp(code + BACK - SYSCALL, "\x0f\x05", SYSCALL) != 0)
		return UINT32_MAX;
	for (unsigned at = BACK - SYSCALL - MOV + 1; at-- > 0;)
		for (unsigned i = 0; i < ARRAY_SIZE(restarted); i++) {
			const uint8_t mov[MOV] = { 0xb8, (uint8_t)restarted[i], (uint8_t)(restarted[i] >> 8) };

			if (!memcmp(code + at, mov, MOV))
				return restarted[i];
		}
	return UINT32_MAX;
}

/* Whether code that ends with a call pushed nr for it: push $NR, with a byte or four. */
static bool was_pushed(const uint8_t *code, unsigned n, uint16_t nr)
{
	const uint8_t byte[] = { 0x6a, (uint8_t)nr }, word[] = { 0x68, (uint8_t)nr, (uint8_t)(nr >> 8), 0, 0 };
	enum { CALL = 5 };

	if (code[n - CALL] != 0xe8)
		return false;
	for (unsigned at = 0; at + sizeof(byte) + CALL <= n; at++)
		if (nr < 128 ? !memcmp(code + at, byte, sizeof(byte)) :
			       at + sizeof(word) + CALL <= n && !memcmp(code + at, word, sizeof(word)))
			return true;
	return false;
}

/*
 * From glibc 2.41 on waits are made by a function that gets the number as its seventh argument, on the stack below its
 * way back.
 */
static uint32_t number_on_stack(pid_t tid, uint64_t sp)
{
	enum { WORDS = 24, CODE = 40 };
	uint64_t v[WORDS];
	uint8_t code[CODE];

	if (mem_read(tid, sp, v, sizeof(v)) != sizeof(v))
		return UINT32_MAX;
	for (unsigned k = 1; k < WORDS; k++)
		for (unsigned i = 0; i < ARRAY_SIZE(restarted); i++)
			if (v[k] == restarted[i] && v[k - 1] > CODE &&
			    mem_read(tid, v[k - 1] - CODE, code, CODE) == CODE && was_pushed(code, CODE, restarted[i]))
				return restarted[i];
	return UINT32_MAX;
}

static uint32_t what_goes_on(const struct waiting *w, uint64_t sp, uint64_t ip)
{
	uint32_t nr = restarted_nr(w->arch, w->wchan, w->args);

	if (nr == UINT32_MAX && w->arch == ARCH_X86_64)
		nr = number_in_code(w->tid, ip);
	return nr == UINT32_MAX && w->arch == ARCH_X86_64 ? number_on_stack(w->tid, sp) : nr;
}

static void which_call(struct waiting *w, uint64_t nr, uint64_t sp, uint64_t ip)
{
	unsigned n = (unsigned)nr;
	uint32_t was;

	w->arch = arch_of(w->pid);
	if (w->arch == ARCH_I386) {
		for (unsigned i = 0; i < 6; i++)
			w->args[i] = (uint32_t)w->args[i];
		spec_unwrap(&n, w->args, read_words, &w->tid);
	} else if (n & 0x40000000 && (int32_t)n >= 0) {
		w->arch = ARCH_X32;
		n &= ~0x40000000u;
	}
	was = waiting_is_restart(w->arch, n) ? what_goes_on(w, sp, ip) : UINT32_MAX;
	w->nr = was == UINT32_MAX ? n : was;
}

unsigned waiting_copy(struct buf *chunks, pid_t tid, unsigned arch, unsigned nr, const uint64_t args[6],
		      unsigned payload)
{
	size_t from = chunks->len;
	struct capture_plan plan;
	unsigned n = 0;

	plan_compile(arch, nr, &(struct plan_wish){ .all = true, .max_payload = MIN(payload, (unsigned)PAYLOAD_MAX) },
		     &plan);
	mem_copy_enter(chunks, &plan, &(struct mem_call){ tid, arch != ARCH_X86_64, args, 0, payload });
	for (size_t at = from; at < chunks->len; n++)
		at += sizeof(struct record_chunk) + ALIGN8(((const struct record_chunk *)(chunks->s + at))->len);
	return n;
}

/* ---- who holds it ---- */

static void name_process(char *to, size_t max, pid_t pid)
{
	char comm[32];

	if (read_task(pid, pid, "comm", comm, sizeof(comm)))
		snprintf(to, max, "process %d (%.*s)", pid, (int)strcspn(comm, "\n"), comm);
	else
		snprintf(to, max, "process %d", pid);
}

/*
 * A waiter's line in /proc/locks is "N: -> TYPE … PID MAJOR:MINOR:INODE START END", below the line of the lock that
 * stands in its way.  Open file description locks have no owner (-1).
 */
static void lock_holder(pid_t pid, char *to, size_t max)
{
	FILE *f = fopen("/proc/locks", "re");
	char line[256], type[16], mode[16], access[16];
	int owner = 0, who;
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':'), *arrow = colon ? strstr(colon, "->") : NULL;

		if (!colon ||
		    sscanf(arrow ? arrow + 2 : colon + 1, " %15s %15s %15s %d", type, mode, access, &who) != 4)
			continue;
		if (!arrow)
			owner = who;
		else
			found = who == pid && owner > 0;
	}
	if (f)
		fclose(f);
	if (found)
		name_process(to, max, owner);
}

static bool is_thread_of(pid_t pid, pid_t tid)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
	return tid > 0 && access(path, F_OK) == 0;
}

/*
 * A priority-inheritance futex is its owner's number (futex(2)).  A contended mutex of glibc is the word 2, with the
 * owner two words on (struct __pthread_mutex_s, nptl); another library's word is believed only when it names a thread
 * of the process.
 */
static void futex_holder(const struct waiting *w, char *to, size_t max)
{
	enum { CMD_MASK = 127, WAIT = 0, LOCK_PI = 6, WAIT_BITSET = 9, LOCK_PI2 = 13, TID_BITS = 0x3fffffff };
	unsigned op = (unsigned)w->args[1] & CMD_MASK;
	uint32_t word[3];
	pid_t owner;

	if (mem_read(w->tid, w->args[0], word, sizeof(word)) != sizeof(word))
		return;
	if (op == LOCK_PI || op == LOCK_PI2)
		owner = (pid_t)(word[0] & TID_BITS);
	else if ((op == WAIT || op == WAIT_BITSET) && (uint32_t)w->args[2] == 2 && word[0] == 2)
		owner = (pid_t)word[2];
	else
		return;
	if (is_thread_of(w->pid, owner) && owner != w->tid)
		snprintf(to, max, "thread %d", owner);
}

static void find_holder(struct waiting *w)
{
	const char *name = w->how == WAITING_CALL ? syscall_spec(w->arch, w->nr)->name : NULL;

	if (name && (!strcmp(name, "flock") || !strncmp(name, "fcntl", 5)))
		lock_holder(w->pid, w->holder, sizeof(w->holder));
	else if (name && !strncmp(name, "futex", 5))
		futex_holder(w, w->holder, sizeof(w->holder));
}

bool waiting_look(pid_t pid, pid_t tid, bool since, struct waiting *ret)
{
	char s[512], *paren, state;
	unsigned long sp, ip = 0;
	long long nr;

	*ret = (struct waiting){ .pid = pid, .tid = tid };
	if (!read_task(pid, tid, "syscall", s, sizeof(s)))
		return false;
	if (!strncmp(s, "running", 7)) {
		ret->how = WAITING_RUNS;
		return true;
	}
	/* "NR ARGS… SP IP" in hexadecimal but for the number; "-1 SP IP" in no call */
	if (sscanf(s, "%lld %lx %lx %lx %lx %lx %lx %lx %lx", &nr, &ret->args[0], &ret->args[1], &ret->args[2],
		   &ret->args[3], &ret->args[4], &ret->args[5], &sp, &ip) < 1)
		return false;
	ret->since_ns = since ? waiting_since(pid, tid) : 0;
	if (!read_task(pid, tid, "wchan", ret->wchan, sizeof(ret->wchan)) || !strcmp(ret->wchan, "0"))
		ret->wchan[0] = '\0';
	paren = read_task(pid, tid, "stat", s, sizeof(s)) ? strrchr(s, ')') : NULL;
	state = paren && paren[1] ? paren[2] : 0;
	if (state == 'Z' || state == 'X')
		return false;
	ret->stopped = state == 'T';
	if (nr < 0)
		ret->how = WAITING_KERNEL;
	else
		which_call(ret, (uint64_t)nr, sp, ip);
	find_holder(ret);	/* now: a lock that we make it let go of has no waiter any more */
	return true;
}

/* ---- which descriptors ---- */

enum { FDS_MAX = 64, SET_BYTES_MAX = 8192 / 8 };
struct fds { rec_i32 v[FDS_MAX]; unsigned n; bool more; };

static void fds_add(struct fds *f, int fd)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->v[i] == fd)
			return;
	if (f->n < FDS_MAX)
		f->v[f->n++] = fd;
	else
		f->more = true;
}

static void polled(const struct waiting *w, struct fds *f)
{
	struct { int fd; short events, revents; } v[FDS_MAX];
	size_t n = mem_read(w->tid, w->args[0], v, MIN(w->args[1], (uint64_t)FDS_MAX) * sizeof(v[0])) / sizeof(v[0]);

	f->more = w->args[1] > FDS_MAX;
	for (size_t i = 0; i < n; i++)
		if (v[i].fd >= 0)
			fds_add(f, v[i].fd);
}

static void selected(const struct waiting *w, struct fds *f)
{
	unsigned char set[SET_BYTES_MAX];
	uint64_t nfds = MIN(w->args[0], (uint64_t)SET_BYTES_MAX * 8);

	for (unsigned k = 1; k <= 3; k++) {
		size_t n = w->args[k] ? mem_read(w->tid, w->args[k], set, (nfds + 7) / 8) : 0;

		for (unsigned fd = 0; fd < nfds && fd / 8 < n; fd++)
			if (set[fd / 8] >> fd % 8 & 1)
				fds_add(f, (int)fd);
	}
}

/* "tfd:        5 events: …", a line each (fs/eventpoll.c) */
static void watched(const struct waiting *w, struct fds *f)
{
	char path[96], line[256];
	FILE *info;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/fdinfo/%d", w->pid, w->tid, (int)w->args[0]);
	info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "tfd: %d", &fd) == 1)
			fds_add(f, fd);
	if (info)
		fclose(info);
}

static unsigned put_fds(struct buf *rec, const struct waiting *w)
{
	const char *name = syscall_spec(w->arch, w->nr)->name;
	struct fds f = { .n = 0 };

	if (!name)
		return 0;
	if (strstr(name, "select"))
		selected(w, &f);
	else if (!strncmp(name, "epoll_", 6))
		watched(w, &f);
	else if (strstr(name, "poll"))
		polled(w, &f);
	if (!f.n)
		return 0;
	record_chunk(rec, 0, PART_FDS, f.more ? CHUNK_TRUNC : 0, f.v, f.n * sizeof(f.v[0]));
	return 1;
}

void waiting_put(struct buf *rec, const struct waiting *w, unsigned payload, void (*put)(void *ctx), void *ctx)
{
	struct record_waiting *r = record_begin(rec, RECORD_WAITING, sizeof(*r), (uint32_t)w->pid, (uint32_t)w->tid,
						clock_ns());
	unsigned n = 0;

	r->h.flags = w->stopped ? WAITING_STOPPED : 0;
	r->since_ns = w->since_ns;
	r->nr = w->nr;
	r->arch = w->arch;
	r->how = w->how;
	memcpy(r->args, w->args, sizeof(r->args));
	if (w->how == WAITING_CALL)
		n = waiting_copy(rec, w->tid, w->arch, w->nr, w->args, payload) + put_fds(rec, w);
	if (w->wchan[0]) {
		record_chunk(rec, 0, PART_WCHAN, 0, w->wchan, strlen(w->wchan));
		n++;
	}
	if (w->holder[0]) {
		record_chunk(rec, 0, PART_HOLDER, 0, w->holder, strlen(w->holder));
		n++;
	}
	((struct record_waiting *)rec->s)->nchunks = (rec_u16)n;
	put(ctx);
}

struct each {
	pid_t pid;
	unsigned payload;
	struct buf *rec;
	void (*found)(void *ctx, const struct waiting *w);
	void (*put)(void *ctx);
	void *ctx;
	bool leader;
};

static void put_thread(void *ctx, pid_t tid)
{
	const struct each *e = ctx;
	struct waiting w;

	if ((tid == e->pid) != e->leader || proc_is_kernel_helper(e->pid, tid) || !waiting_look(e->pid, tid, true, &w))
		return;
	if (e->found && w.how == WAITING_CALL)
		e->found(e->ctx, &w);
	waiting_put(e->rec, &w, e->payload, e->put, e->ctx);
}

void waiting_put_process(pid_t pid, unsigned payload, struct buf *rec,
			 void (*found)(void *ctx, const struct waiting *w), void (*put)(void *ctx), void *ctx)
{
	struct each e = { pid, payload, rec, found, put, ctx, true };

	proc_each_thread(pid, put_thread, &e);
	e.leader = false;
	proc_each_thread(pid, put_thread, &e);
}
