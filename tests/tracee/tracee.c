/* SPDX-License-Identifier: MIT */
#include "tracee.h"

#include <dirent.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

enum { SAID_MAX = 4 << 20 };
struct said { _Atomic bool locked; size_t len; char s[]; };

static struct said *said;
static char names[65536];
static size_t names_len;

/* From any process or thread, also from a signal handler's child: no libc locks. */
static void say(const char *s, size_t n)
{
	if (said->len + n < SAID_MAX - sizeof(*said)) {
		memcpy(said->s + said->len, s, n);
		said->len += n;
	}
}

static void lock(void)
{
	while (atomic_exchange(&said->locked, true))
		syscall(SYS_sched_yield);
}

static void unlock(void) { atomic_store(&said->locked, false); }

static void directive(const char *head, const char *fmt, va_list ap)
{
	char line[8192];
	int n = snprintf(line, sizeof(line), "%s\t", head);

	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	line[n++] = '\n';
	lock();
	say(line, (size_t)n);
	unlock();
}

static void directivef(const char *head, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	directive(head, fmt, ap);
	va_end(ap);
}

static void expect_line(pid_t tid, const char *fmt, va_list ap)
{
	char head[16];

	snprintf(head, sizeof(head), "%d", tid);
	directive(head, fmt, ap);
}

void expect(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	expect_line(tid_now(), fmt, ap);
	va_end(ap);
}

void expect_of(pid_t tid, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	expect_line(tid, fmt, ap);
	va_end(ap);
}

void expect_call(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	directive("CALL", fmt, ap);
	va_end(ap);
}

void tracee_watch(const char *what) { directivef("WATCH", "%s", what); }
void tracee_ignore(const char *regex) { directivef("IGNORE", "%s", regex); }
void expect_name(pid_t tid, const char *name) { directivef("NAME", "%d\t%s", tid, name); }
void tracee_never(const char *regex) { directivef("NEVER", "%s", regex); }

void tracee_begin(void)
{
	/* lines are looked for by thread: those of the main one begin here */
	said = mmap(NULL, SAID_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(said != MAP_FAILED);
	directivef("MAIN", "%d", getpid());
	setvbuf(stdout, NULL, _IONBF, 0);
	access("/tracee/begin", F_OK);
}

static _Noreturn void finish(int status)
{
	const char *path = getenv("TRACEE_EXPECT");
	int fd;

	access("/tracee/end", F_OK);
	fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
	if (fd < 0 || !said || write(fd, said->s, said->len) != (ssize_t)said->len)
		_exit(98);
	_exit(status);
}

void tracee_end(void) { finish(0); }

#ifdef __x86_64__
static sigjmp_buf unsupported;
static void on_fault(int sig) { siglongjmp(unsupported, sig); }

bool tracee_has_i386(void)
{
	enum { I386_GETPID = 20 };
	struct sigaction old, sa = { .sa_handler = on_fault };
	volatile long ret = -1;
	long got;

	sigaction(SIGSEGV, &sa, &old);
	if (sigsetjmp(unsupported, 1) == 0) {
		__asm__ volatile("int $0x80" : "=a"(got) : "a"(I386_GETPID) : "memory", "r8", "r9", "r10", "r11");
		ret = got;
	}
	sigaction(SIGSEGV, &old, NULL);
	return (int)ret == getpid();
}
#endif

void tracee_skip(const char *reason)
{
	directivef("SKIP", "%s", reason);
	finish(77);
}

void tracee_broken(const char *file, int line, const char *what)
{
	int err = errno;

	dprintf(STDERR_FILENO, "%s:%d: %s (errno %d, %s)\n", file, line, what, err, strerror(err));
	_exit(99);
}

const char *in_dir(const char *name)
{
	const char *dir = getenv("TRACEE_DIR");
	char *s = names + names_len;

	names_len += (size_t)snprintf(s, sizeof(names) - names_len, "%s/%s", dir ? dir : "/tmp", name) + 1;
	CHECK(names_len < sizeof(names));
	return s;
}

/* ---- what the kernel says ---- */

static size_t slurp(const char *path, char *to, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	CHECK(fd >= 0);
	while ((got = read(fd, to + n, max - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	to[n] = '\0';
	return n;
}

/* As the model sorts them: by what is open, not by its name. */
static const char *kind_of(int fd, const char *target, mode_t mode)
{
	char termios[64];

	switch (mode & S_IFMT) {
	case S_IFREG: return target[0] == '/' ? "file" : "other";	/* net:[…] */
	case S_IFDIR: return "dir";
	case S_IFIFO: return "pipe";
	case S_IFSOCK: return "socket";
	case S_IFBLK: return "device";
	case S_IFCHR: return syscall(SYS_ioctl, fd, 0x5401 /* TCGETS */, termios) == 0 ? "tty" : "device";
	default: return "other";
	}
}

static void tell_fds(const char *name)
{
	struct { uint64_t ino; int64_t off; unsigned short len; unsigned char type; char name[]; } *e;
	int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char list[32768], path[64], target[4096], info[4096], *p;
	long n;

	while ((n = syscall(SYS_getdents64, dir, list, sizeof(list))) > 0)
		for (long at = 0; at < n; at += e->len) {
			e = (void *)(list + at);
			if (e->name[0] == '.' || atoi(e->name) == dir)
				continue;
			snprintf(path, sizeof(path), "/proc/self/fd/%s", e->name);
			ssize_t k = readlink(path, target, sizeof(target) - 1);

			target[k > 0 ? k : 0] = '\0';
			snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", e->name);
			slurp(path, info, sizeof(info));
			p = strstr(info, "flags:");
			long flags = p ? strtol(p + 6, NULL, 8) : 0;
			p = strstr(info, "pos:");

			/* where the end is, which O_APPEND goes to, only the kernel knows */
			struct stat st;
			bool known = fstat(atoi(e->name), &st) == 0,
			     regular = known && !(flags & O_PATH) && S_ISREG(st.st_mode);

			snprintf(info, sizeof(info), regular ? flags & O_APPEND ? "?" : "%lld" : "-",
				 p ? atoll(p + 4) : 0);
			directivef("FD", "%s\t%s\t%s\t%d\t%s\t%s", name, e->name, target, !!(flags & O_CLOEXEC), info,
				   known ? kind_of(atoi(e->name), target, st.st_mode) : "?");
		}
	close(dir);
}

void checkpoint(const char *what, const char *name)
{
	static char maps[1 << 20];
	char marker[128];

	/*
	 * First the marker, then the look: looking opens files.  The model's state at the marker is what is compared,
	 * and the look changes neither older descriptors nor the map.
	 */
	snprintf(marker, sizeof(marker), "/tracee/dump/%s", name);
	directivef("DUMP", "%s\t%d\t%s", name, tid_now(), what);
	expect("access %s ENOENT", marker);
	access(marker, F_OK);
	tracee_ignore("/proc/self/(fd|maps|io)");
	if (strstr(what, "fd"))
		tell_fds(name);
	if (strstr(what, "io")) {
		static char io[1024];
		char *r, *w;

		slurp("/proc/self/io", io, sizeof(io));
		r = strstr(io, "rchar: ");
		w = strstr(io, "wchar: ");
		CHECK(r && w);
		directivef("IO", "%s\t%lld\t%lld", name, atoll(r + 7), atoll(w + 7));
	}
	if (strstr(what, "map")) {
		slurp("/proc/self/maps", maps, sizeof(maps));
		for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n"))
			directivef("MAP", "%s\t%s", name, line);
	}
}
