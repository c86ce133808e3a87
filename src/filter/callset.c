/* SPDX-License-Identifier: MIT */
#include "filter/callset.h"

#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "base/nearest.h"
#include "base/number.h"

/* tests/filter/classes.sh asks strace which calls each of its classes has. */
const struct callset_class callset_classes[] = {
	{ "file", NULL, GRP_FILE, "fsconfig", "open_by_handle_at", "calls that take a file name", true },
	{ "network", "net", GRP_NET, "getpmsg putpmsg sendfile", NULL, "sockets", true },
	{ "memory", NULL, GRP_MEM, "io_destroy io_setup io_uring_register",
	  "membarrier memfd_create memfd_secret pkey_alloc pkey_free process_madvise process_mrelease process_vm_readv process_vm_writev shmctl "
	  "shmget userfaultfd", "address spaces", true },
	{ "process", NULL, 0, "fork vfork clone clone3 execve execveat exit exit_group wait4 waitid waitpid kill tkill tgkill rt_sigqueueinfo "
	  "rt_tgsigqueueinfo pidfd_send_signal", NULL, "begin and end of processes", true },
	{ "signal", NULL, GRP_SIGNAL, "io_uring_enter", "alarm setitimer", "signals", true },
	{ "ipc", NULL, 0, "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl ipc", NULL, "System V IPC", true },
	{ "desc", NULL, GRP_DESC, "execveat faccessat faccessat2 fchmodat fchmodat2 fchownat futimesat linkat mkdirat mknodat mount_setattr move_mount "
	  "name_to_handle_at newfstatat pidfd_send_signal process_madvise process_mrelease readlinkat renameat renameat2 statx symlinkat unlinkat "
	  "utimensat", "accept accept4 close_range epoll_ctl_old epoll_wait_old socket socketpair", "calls that take a descriptor", true },
	{ "io", NULL, GRP_IO, NULL, NULL, "calls that move bytes", false },
	{ "wait", NULL, GRP_WAIT, NULL, NULL, "calls that may block without moving bytes: futex, poll, wait", false },
	{ "time", NULL, GRP_TIME, NULL, NULL, "clocks, timers, sleeping", false },
	{ "task", NULL, GRP_PROC, NULL, NULL, "processes and threads: identity, limits, scheduling, namespaces", false },
	{ "system", "sys", GRP_SYS, NULL, NULL, "the machine: information, security, modules", false },
	{ "clock", NULL, 0, "adjtimex clock_adjtime clock_getres clock_gettime clock_settime gettimeofday settimeofday stime time", NULL,
	  "reading and setting clocks", true },
	{ "creds", NULL, 0, "capget capset getegid geteuid getgid getgroups getresgid getresuid getuid prctl setfsgid setfsuid setgid setgroups "
	  "setregid setresgid setresuid setreuid setuid", NULL, "user and group ids, capabilities", true },
	{ "pure", NULL, 0, "getegid geteuid getgid getpgrp getpid getppid gettid getuid", NULL, "calls without arguments that cannot fail", true },
	{ "stat", NULL, 0, "stat stat64", NULL, "stat", true },
	{ "lstat", NULL, 0, "lstat lstat64", NULL, "lstat", true },
	{ "fstat", NULL, 0, "fstat fstat64 fstatat64 newfstatat statx", NULL, "fstat", true },
	{ "%stat", NULL, 0, "stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx", NULL, "every stat of a file", true },
	{ "statfs", NULL, 0, "statfs statfs64", NULL, "statfs", true },
	{ "fstatfs", NULL, 0, "fstatfs fstatfs64", NULL, "fstatfs", true },
	{ "%statfs", NULL, 0, "statfs statfs64 fstatfs fstatfs64 ustat", NULL, "every stat of a file system", true },
};
const unsigned callset_nclasses = ARRAY_SIZE(callset_classes);

enum { TEXT_MAX = 65536, ARCHES = 3 };

struct callset {
	bool inverted;
	bool beyond;			/* numbers past the table: only "all" has them */
	bool has[ARCHES][SYSCALL_MAX];
};

static int PRINTF(3, 4) complain(struct callset_error *e, size_t at, const char *fmt, ...)
{
	va_list args;

	e->at = at;
	va_start(args, fmt);
	vsnprintf(e->why, sizeof(e->why), fmt, args);
	va_end(args);
	return -EINVAL;
}

/* A call's name, as -v shows it. */
static const char *name_of(unsigned arch, unsigned nr, char room[32])
{
	const char *name = syscall_spec(arch, nr)->name;
	char digits[NUMBER_TEXT];

	if (name)
		return name;
	stpcpy(stpcpy(room, "syscall_"), number_text(digits, nr));
	return room;
}

typedef bool matches_fn(const void *ctx, const char *name, uint32_t groups);

static unsigned add_matching(struct callset *set, matches_fn *matches, const void *ctx)
{
	unsigned n = 0;

	for (unsigned arch = 0; arch < ARCHES; arch++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
			char room[32];

			if (!matches(ctx, name_of(arch, nr, room),
				     syscall_spec(arch, nr)->name ? syscall_spec(arch, nr)->groups : 0))
				continue;
			set->has[arch][nr] = true;
			n++;
		}
	return n;
}

static bool is_listed(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = names; p && *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, name, n))
			return true;
		p += n;
	}
	return false;
}

static bool in_class(const void *ctx, const char *name, uint32_t groups)
{
	const struct callset_class *c = ctx;

	return is_listed(c->plus, name) || ((groups & c->groups) && !is_listed(c->minus, name));
}

static bool is_named(const void *ctx, const char *name, uint32_t groups UNUSED) { return !strcmp(ctx, name); }
static bool by_regex(const void *ctx, const char *name, uint32_t groups UNUSED)
{
	return !regexec(ctx, name, 0, NULL, 0);
}
static bool any(const void *ctx UNUSED, const char *name UNUSED, uint32_t groups UNUSED) { return true; }

static const struct callset_class *find_class(const char *name)
{
	for (unsigned i = 0; i < callset_nclasses; i++)
		if (!strcmp(callset_classes[i].name, name) ||
		    (callset_classes[i].also && !strcmp(callset_classes[i].also, name)))
			return &callset_classes[i];
	return NULL;
}

static const char *nearest_class(const char *name)
{
	struct nearest near = nearest_to(name);

	for (unsigned i = 0; i < callset_nclasses; i++)
		nearest_try(&near, callset_classes[i].name);
	return nearest_best(&near);
}

static int unknown_class(const char *name, size_t at, struct callset_error *e)
{
	const char *best = nearest_class(name);

	if (best)
		return complain(e, at, "no class \"%%%.64s\"; did you mean %%%s?", name, best);
	return complain(e, at,
			"no class \"%%%.64s\"; there are, among others: %%file %%network %%process %%memory %%signal "
			"%%io %%desc",
			name);
}

static int unknown_call(const char *name, size_t at, struct callset_error *e)
{
	struct nearest near = nearest_to(name);
	const char *best;

	for (unsigned arch = 0; arch < ARCHES; arch++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
			if (syscall_spec(arch, nr)->name)
				nearest_try(&near, syscall_spec(arch, nr)->name);
	best = nearest_best(&near);
	if (best)
		return complain(e, at, "no system call \"%.64s\"; did you mean %s?", name, best);
	best = nearest_class(name);
	if (best)
		return complain(e, at, "no system call \"%.64s\"; did you mean %%%s?", name, best);
	return complain(e, at,
			"no system call \"%.64s\"; a class begins with %%, a regular expression with /, a name that "
			"need not exist with ?",
			name);
}

static int add_regex(struct callset *set, const char *pattern, size_t at, struct callset_error *e)
{
	char why[128];
	regex_t re;
	unsigned n;
	int rc = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB);

	if (rc) {
		regerror(rc, &re, why, sizeof(why));
		return complain(e, at, "\"%.64s\" is no regular expression: %s", pattern, why);
	}
	n = add_matching(set, by_regex, &re);
	regfree(&re);
	return n ? 0 : complain(e, at, "no system call's name matches /%.64s", pattern);
}

/* A number is one of x86-64: the other architectures have other calls there. */
static bool add_number(struct callset *set, const char *word)
{
	char *end;
	unsigned long nr = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || nr >= SYSCALL_MAX)
		return false;
	return set->has[0][nr] = true;
}

static int add_word(struct callset *set, const char *word, size_t at, struct callset_error *e)
{
	bool may_miss = *word == '?';
	const struct callset_class *class;

	word += may_miss;
	at += may_miss;
	if (!*word)
		return complain(e, at, "a name is missing");
	if (*word == '/')
		return may_miss && add_regex(set, word + 1, at, e) < 0 && !strncmp(e->why, "no system", 9) ?
			       0 :
			       add_regex(set, word + 1, at, e);
	if (!strcmp(word, "none"))
		return 0;
	if (!strcmp(word, "all")) {
		add_matching(set, any, NULL);
		set->beyond = true;
		return 0;
	}
	if (*word == '%') {
		class = find_class(word + 1);
		if (class)
			add_matching(set, in_class, class);
		return class || may_miss ? 0 : unknown_class(word + 1, at, e);
	}
	if (add_matching(set, is_named, word) || add_number(set, word))
		return 0;
	class = find_class(word);	/* strace took classes without a % once, and still does */
	if (class)
		add_matching(set, in_class, class);
	return class || may_miss ? 0 : unknown_call(word, at, e);
}

/* The next word; a regular expression keeps its commas in braces, {2,3}. */
static size_t word_len(const char *s)
{
	const char *p = s;
	bool braces = false;

	for (; *p && (*p != ',' || braces); p++)
		if (*s == '/' || (*s == '?' && s[1] == '/'))
			braces = *p == '{' || (braces && *p != '}');
	return (size_t)(p - s);
}

static int add_words(struct callset *set, const char *text, const char *p, struct callset_error *e)
{
	for (;;) {
		size_t n = word_len(p);
		_cleanup_free_ char *word = xmemdup0(p, n);
		int rc = add_word(set, word, (size_t)(p - text), e);

		if (rc < 0)
			return rc;
		p += n;
		if (*p++ != ',')
			return 0;
	}
}

int callset_parse(const char *text, struct callset **ret, struct callset_error *ret_error)
{
	struct callset *set;
	const char *p = text;
	int rc;

	if (strlen(text) > TEXT_MAX)
		return complain(ret_error, 0, "longer than %d bytes", TEXT_MAX);
	set = xcalloc(1, sizeof(*set));
	if (*p == '!') {
		set->inverted = true;
		p++;
	}
	rc = add_words(set, text, p, ret_error);
	if (rc < 0) {
		free(set);
		return rc;
	}
	*ret = set;
	return 0;
}

void callset_free(struct callset *set) { free(set); }

bool callset_has(const struct callset *set, unsigned arch, unsigned nr)
{
	enum { X32 = 2, X32_BIT = 0x40000000 };

	if (arch == X32)
		nr &= ~(unsigned)X32_BIT;
	return (arch < ARCHES && nr < SYSCALL_MAX ? set->has[arch][nr] : set->beyond) != set->inverted;
}

struct callset *callset_new(callset_rule *has, const void *ctx, bool beyond)
{
	struct callset *set = xcalloc(1, sizeof(*set));

	set->beyond = beyond;
	for (unsigned arch = 0; arch < ARCHES; arch++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
			set->has[arch][nr] = has(ctx, arch, nr);
	return set;
}

/* Are all numbers in it, or none of them? */
static bool is_every(const struct callset *set, bool in)
{
	for (unsigned arch = 0; arch < ARCHES; arch++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
			if ((set->has[arch][nr] != set->inverted) != in)
				return false;
	return (set->beyond != set->inverted) == in;
}

bool callset_is_empty(const struct callset *set) { return is_every(set, false); }
bool callset_is_all(const struct callset *set) { return is_every(set, true); }
