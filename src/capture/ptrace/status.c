/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/status.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

enum { FILES_MAX = 256, TEXT_MAX = 16 << 20, PARTS_MAX = 16, DEVICES_MAX = 16 };

/* What they show of a process: STATUS its tracer; what is mapped in it MAPS line by line, MEMORY in other ways. */
enum shows { SHOWS_NOTHING, SHOWS_STATUS, SHOWS_MAPS, SHOWS_MEMORY };

/*
 * One descriptor of a table (tracee.files), and the text that was made of its file when it was last read from its
 * start; of maps, where what the kernel would have ready for the next read ends.
 */
struct status_file { pid_t files; int fd; enum shows shows; struct buf text; size_t ready; };
struct status_files {
	struct status_file v[FILES_MAX];
	unsigned n;
	struct { uint64_t dev; bool is_proc; } devices[DEVICES_MAX];	/* file systems, and whether they are a proc */
	unsigned ndevices;
};

static struct status_file *find(const struct ptrace_source *s, pid_t files, int fd)
{
	for (unsigned i = 0; s->status && i < s->status->n; i++)
		if (s->status->v[i].fd == fd && s->status->v[i].files == files)
			return &s->status->v[i];
	return NULL;
}

static bool shows_maps(const struct ptrace_source *s, pid_t files)
{
	for (unsigned i = 0; s->status && i < s->status->n; i++)
		if (s->status->v[i].files == files && s->status->v[i].shows == SHOWS_MAPS)
			return true;
	return false;
}

/* Reads of such a file stop, as those of all files do meanwhile; who once had a status has no stubs any more. */
static void stop_reads(struct ptrace_source *s, pid_t files)
{
	bool pause = shows_maps(s, files);

	for (struct tracee *t = s->inside ? s->tracees : NULL; t; t = t->hh.next)
		if (t->files == files && t->space)
			space_pause(t->space, pause);
}

static void add(struct ptrace_source *s, pid_t files, int fd, enum shows shows)
{
	struct status_file *f = find(s, files, fd);

	if (!s->status)
		s->status = xcalloc(1, sizeof(*s->status));
	if (s->opt->chosen)	/* what is read of it is answered, whether or not reads were chosen */
		ptrace_stop_always(s, files);
	for (struct tracee *t = s->tracees; t && s->inside; t = t->hh.next)
		t->had_status |= t->files == files && shows == SHOWS_STATUS;
	if (f)
		buf_reset(&f->text);
	else if (s->status->n < FILES_MAX)
		f = &s->status->v[s->status->n++], *f = (struct status_file){ .files = files, .fd = fd };
	if (f)
		f->shows = shows;
	stop_reads(s, files);
}

static void drop(struct ptrace_source *s, struct status_file *f)
{
	pid_t files = f->files;

	buf_done(&f->text);
	*f = s->status->v[--s->status->n];
	stop_reads(s, files);
}

void status_done(struct ptrace_source *s)
{
	while (s->status && s->status->n)
		drop(s, s->status->v);
	free(s->status);
	s->status = NULL;
}

/* ---- which files they are ---- */

/* The type of a descriptor's file system, by its mount: statfs() would ask a FUSE server, which may be a tracee. */
static bool is_below_proc(pid_t tid, int fd)
{
	char path[64], line[1024];
	int id = -1, at;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "mnt_id: %d", &id) == 1)
			break;
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", tid);
	f = id >= 0 ? fopen(path, "re") : NULL;
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%d", &at) == 1 && at == id && strstr(line, " - proc ");
	if (f)
		fclose(f);
	return found;
}

static bool is_proc_device(struct ptrace_source *s, const struct tracee *t, int fd, uint64_t dev)
{
	struct status_files *d;

	if (!s->status)
		s->status = xcalloc(1, sizeof(*s->status));
	d = s->status;
	for (unsigned i = 0; i < d->ndevices; i++)
		if (d->devices[i].dev == dev)
			return d->devices[i].is_proc;
	if (d->ndevices == DEVICES_MAX)
		d->ndevices = 0;
	d->devices[d->ndevices].dev = dev;
	d->devices[d->ndevices].is_proc = is_below_proc(t->tid, fd);
	return d->devices[d->ndevices++].is_proc;
}

static enum shows shown_by(const char *name)
{
	static const struct { const char *name; enum shows shows; } files[] = {
		{ "/status", SHOWS_STATUS }, { "/maps", SHOWS_MAPS }, { "/smaps", SHOWS_MEMORY },
		{ "/smaps_rollup", SHOWS_MEMORY }, { "/numa_maps", SHOWS_MEMORY }, { "/pagemap", SHOWS_MEMORY },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(name, files[i].name))
			return files[i].shows;
	return SHOWS_NOTHING;
}

/* The number of whose file it is, in its proc file system's pid namespace; 0: it shows nothing. */
static pid_t subject_of(pid_t tid, int fd, bool *ret_elsewhere, enum shows *ret_shows)
{
	char link[64], path[PATH_MAX], *p;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", tid, fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[MAX(n, (ssize_t)0)] = '\0';
	*ret_elsewhere = strncmp(path, "/proc/", 6) != 0;
	p = strrchr(path, '/');
	*ret_shows = p ? shown_by(p) : SHOWS_NOTHING;
	if (*ret_shows == SHOWS_NOTHING)
		return 0;
	for (*p = '\0'; p > path && p[-1] >= '0' && p[-1] <= '9'; p--)
		;
	return *p ? (pid_t)strtol(p, NULL, 10) : 0;
}

static struct tracee *subject_tracee(struct ptrace_source *s, const struct tracee *reader, pid_t number, bool elsewhere)
{
	if (!reader->ns_tid && !elsewhere)
		return tracee_find(s, number);
	/* the numbers of another pid namespace, or ours again in another proc file system */
	for (struct tracee *u = s->tracees; u; u = u->hh.next)
		if ((u->ns_tid ? (pid_t)u->ns_tid : u->tid) == number)
			return u;
	return NULL;
}

void status_opened(struct ptrace_source *s, struct tracee *t, int fd, const struct record_fact *fact)
{
	struct tracee *subject;
	enum shows shows;
	bool elsewhere;
	pid_t number;

	if (!S_ISREG(fact->mode) || !is_proc_device(s, t, fd, fact->dev))
		return;
	number = subject_of(t->tid, fd, &elsewhere, &shows);
	subject = s->inside && number ? subject_tracee(s, t, number, elsewhere) : NULL;
	if (number && (shows == SHOWS_STATUS || (shows == SHOWS_MAPS && subject)))
		add(s, t->files, fd, shows);
	else
		status_closed(s, t, fd);
	/* of another, only the sum is in its status; led out of a stub, it can make no calls for us */
	if (subject && t->in_call && (shows == SHOWS_MEMORY || (shows == SHOWS_STATUS && subject->pid == t->pid)))
		space_hide(s, t, subject);
}

void status_found(struct ptrace_source *s, struct tracee *t, int fd, const char *target)
{
	size_t n = strlen(target);

	if (n > 7 && !strcmp(target + n - 7, "/status") && is_below_proc(t->tid, fd))
		add(s, t->files, fd, SHOWS_STATUS);
}

bool status_is(const struct ptrace_source *s, const struct tracee *t, int fd) { return find(s, t->files, fd); }

void status_copied(struct ptrace_source *s, const struct tracee *t, int from, int to)
{
	const struct status_file *f = find(s, t->files, from);
	size_t ready = f ? f->ready : 0;
	struct status_file *copy;

	if (!f)
		return;
	add(s, t->files, to, f->shows);
	copy = find(s, t->files, to);
	if (copy)
		copy->ready = ready;
}

void status_closed(struct ptrace_source *s, const struct tracee *t, int fd)
{
	struct status_file *f = find(s, t->files, fd);

	if (f)
		drop(s, f);
}

void status_forked(struct ptrace_source *s, const struct tracee *parent, struct tracee *child, uint64_t clone_flags)
{
	unsigned n = s->status ? s->status->n : 0;

	child->files = clone_flags & (CLONE_FILES | CLONE_THREAD) ? parent->files : child->pid;
	child->had_status = child->files == parent->files && parent->had_status;
	/* a number that was used before */
	for (unsigned i = n; i-- && child->files != parent->files;)
		if (s->status->v[i].files == child->files)
			drop(s, &s->status->v[i]);
	n = s->status ? s->status->n : 0;
	for (unsigned i = 0; i < n && child->files != parent->files; i++)
		if (s->status->v[i].files == parent->files)
			add(s, child->files, s->status->v[i].fd, s->status->v[i].shows);
}

/* An exec closes some of them. */
bool status_stops_reads(struct ptrace_source *s, const struct tracee *t)
{
	enum shows shows;
	bool elsewhere;

	for (unsigned i = s->status ? s->status->n : 0; i--;) {
		struct status_file *f = &s->status->v[i];

		if (f->files == t->files && f->shows == SHOWS_MAPS &&
		    (!subject_of(t->tid, f->fd, &elsewhere, &shows) || shows != SHOWS_MAPS))
			drop(s, f);
	}
	return shows_maps(s, t->files);
}

/* ---- the text ---- */

/* The number after key becomes another, not longer. */
static void set_field(struct buf *b, const char *key, unsigned value)
{
	char *p = memmem(b->s, b->len, key, strlen(key)), *end, digits[16];
	size_t len;

	if (!p)
		return;
	p += strlen(key);
	end = memchr(p, '\n', b->len - (size_t)(p - b->s));
	len = (size_t)snprintf(digits, sizeof(digits), "%u", value);
	if (!end || (size_t)(end - p) < len)
		return;
	memcpy(p, digits, len);
	memmove(p + len, end, b->len - (size_t)(end - b->s));
	b->len -= (size_t)(end - p) - len;
}

static unsigned get_field(const struct buf *b, const char *key)
{
	const char *p = memmem(b->s, b->len, key, strlen(key)), *end = b->s + b->len;
	unsigned v = 0;

	for (p = p ? p + strlen(key) : end; p < end && *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (unsigned)(*p - '0');
	return v;
}

static void take_us_out(const struct ptrace_source *s, const struct tracee *subject, struct buf *b)
{
	set_field(b, "\nTracerPid:\t", 0);
	if (subject->filtered) {
		unsigned nfilters = get_field(b, "\nSeccomp_filters:\t");

		set_field(b, "\nSeccomp:\t", subject->own_seccomp);
		set_field(b, "\nSeccomp_filters:\t", nfilters ? nfilters - 1 : 0);
	}
	if (s->nnp_ours && !subject->own_nnp)
		set_field(b, "\nNoNewPrivs:\t", 0);
}

/* Who looks at itself runs; at our stop it does not. */
static void set_running(struct buf *b)
{
	static const char key[] = "\nState:\t", running[] = "R (running)";
	char *p = memmem(b->s, b->len, key, strlen(key)), *end;
	size_t at, len;

	if (!p)
		return;
	at = (size_t)(p + strlen(key) - b->s);
	end = memchr(b->s + at, '\n', b->len - at);
	len = end ? (size_t)(end - b->s) - at : 0;
	if (len < strlen(running))
		return;
	memcpy(b->s + at, running, strlen(running));
	memmove(b->s + at + strlen(running), end, b->len - at - len);
	b->len -= len - strlen(running);
}

static bool is_whole(const struct buf *b)
{
	static const char last[] = "\nnonvoluntary_ctxt_switches:\t";

	return b->len && b->s[b->len - 1] == '\n' && memmem(b->s, b->len, last, strlen(last));
}

/* The file as it is now, to its end: through the descriptor's link, in the pid namespace of its file system. */
static bool read_file(const struct tracee *t, int fd, struct buf *b)
{
	char path[64];
	_cleanup_close_ int file = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", t->tid, fd);
	file = open(path, O_RDONLY | O_CLOEXEC);
	buf_reset(b);
	do {
		buf_grow(b, 4096);
		n = file >= 0 ? read(file, b->s + b->len, 4096) : -1;
		b->len += (size_t)MAX(n, (ssize_t)0);
	} while (n > 0 && b->len < TEXT_MAX);
	return b->len && n == 0;
}

/* ---- a read ---- */

/* Where the first n bytes of a read go; returns how many there is room for, at most n. */
static size_t places(const struct tracee *t, unsigned nr, size_t n, struct iovec *ret_iov, unsigned *ret_niov)
{
	size_t room = 0;
	unsigned k;

	if (nr == SYS_read || nr == SYS_pread64) {
		*ret_iov = (struct iovec){ (void *)t->args[1], MIN(n, t->args[2]) };
		*ret_niov = 1;
		return ret_iov->iov_len;
	}
	for (k = 0; k < PARTS_MAX && k < t->args[2] && room < n; k++) {
		uint32_t narrow[2];

		if (t->arch == ARCH_X86_64) {
			if (mem_read(t->tid, t->args[1] + k * sizeof(*ret_iov), &ret_iov[k], sizeof(*ret_iov)) !=
			    sizeof(*ret_iov))
				break;
		} else {
			if (mem_read(t->tid, t->args[1] + k * sizeof(narrow), narrow, sizeof(narrow)) != sizeof(narrow))
				break;
			ret_iov[k] = (struct iovec){ (void *)(uintptr_t)narrow[0], narrow[1] };
		}
		ret_iov[k].iov_len = MIN(ret_iov[k].iov_len, n - room);
		room += ret_iov[k].iov_len;
	}
	*ret_niov = k;
	return room;
}

/* The offset a read was given, or -1: it is the file's own. */
static int64_t given_offset(const struct tracee *t, unsigned nr)
{
	if (nr == SYS_read || nr == SYS_readv)
		return -1;
	if (t->arch == ARCH_I386)
		return (int64_t)(t->args[3] | t->args[4] << 32);
	return (int64_t)t->args[3];	/* also of preadv2, where -1 is the file's own */
}

/* The same open file description: its offset is the program's (pidfd_getfd(2), Linux 5.6). */
static int borrow(const struct tracee *t, int fd)
{
	/* PIDFD_THREAD (Linux 6.9, = O_EXCL): of a thread that is no leader, too */
	int thread = (int)syscall(SYS_pidfd_open, t->tid, O_EXCL);
	_cleanup_close_ int pidfd = thread >= 0 ? thread : (int)syscall(SYS_pidfd_open, t->pid, 0);

	return pidfd >= 0 ? (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0) : -1;
}

int64_t status_read(struct ptrace_source *s, struct tracee *t, unsigned nr, int64_t ret)
{
	int fd = (int)t->args[0];
	struct status_file *f = find(s, t->files, fd);
	int64_t at = given_offset(t, nr), after;
	struct iovec local, remote[PARTS_MAX];
	const struct tracee *subject;
	enum shows shows;
	bool elsewhere, own = at < 0;
	pid_t number;
	unsigned niov;
	size_t n;

	if (!f || ret < 0)
		return ret;
	number = subject_of(t->tid, fd, &elsewhere, &shows);
	if (!number || shows != f->shows) {
		drop(s, f);
		return ret;
	}
	subject = subject_tracee(s, t, number, elsewhere);
	if (!subject || (shows == SHOWS_MAPS && !subject->space && !f->text.len))
		return ret;

	_cleanup_close_ int file = own ? borrow(t, fd) : -1;

	after = own ? lseek(file, 0, SEEK_CUR) : at + ret;
	if (own)	/* without a look at the offset: the whole text is read at once */
		at = after < 0 ? 0 : MAX(after - ret, (int64_t)0);
	if (at == 0 || !f->text.len) {
		buf_reset(&f->text);
		buf_grow(&f->text, (size_t)ret + 1);
		local = (struct iovec){ f->text.s, places(t, nr, (size_t)ret, remote, &niov) };
		if (at == 0 && process_vm_readv(t->tid, &local, 1, remote, niov, 0) == ret)
			f->text.len = (size_t)ret;
		if (shows == SHOWS_MAPS || !is_whole(&f->text)) {
			if (!read_file(t, fd, &f->text))
				return ret;
			if (subject == t && shows == SHOWS_STATUS)
				set_running(&f->text);
		}
		if (shows == SHOWS_MAPS)
			status_maps_hide(subject, &f->text);
		else
			take_us_out(s, subject, &f->text);
	}
	n = (size_t)at < f->text.len ? f->text.len - (size_t)at : 0;
	n = places(t, nr, n, remote, &niov);
	n = shows == SHOWS_MAPS ? status_maps_part(&f->text, &f->ready, (size_t)at, n) : n;
	local = (struct iovec){ f->text.s + at, n };
	if (n && process_vm_writev(t->tid, &local, 1, remote, niov, 0) != (ssize_t)n)
		return ret;
	if (own && after >= 0 && at + (int64_t)n != after)
		lseek(file, at + (int64_t)n, SEEK_SET);
	return (int64_t)n;
}
