/* SPDX-License-Identifier: MIT */
#include "analyze/noise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"

#define PROBES 256	/* tasks remembered; two that share a slot only lose the other's last probe */
#define PREEMPTED 64	/* processes, likewise */

struct noise {
	struct probe { uint32_t task; uint32_t len; uint64_t hash; } probes[PROBES];
	struct preempted { uint32_t proc, named, sender; } preempted[PREEMPTED];
};

static const struct { const char *name, *text; } classes[_NOISE_MAX] = {
	[NOISE_NONE] = { "none", "" },
	[NOISE_SYSTEM] = { "system", "/proc, /sys, /dev" },
	[NOISE_LOADER] = { "loader", "shared libraries" },
	[NOISE_LOCALHOST] = { "localhost", "localhost connections" },
	[NOISE_PREEMPTION] = { "preemption", "thread preemption (SIGURG)" },
};
const char *noise_class_name(enum noise_class c) { return classes[c].name; }
const char *noise_class_text(enum noise_class c) { return classes[c].text; }

struct noise *noise_new(void) { return xcalloc(1, sizeof(struct noise)); }
void noise_free(struct noise *n) { free(n); }

static uint64_t hash(const char *s, uint32_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (uint32_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3;
	return h;
}

static bool under(const char *path, uint32_t len, const char *dir)
{
	size_t n = strlen(dir);

	return len >= n && !memcmp(path, dir, n) && (len == n || path[n] == '/');
}

/* libc.so.6, ld-linux-x86-64.so.2, _ssl.cpython-311-x86_64-linux-gnu.so: ".so" and then nothing but version numbers. */
static bool is_library(const char *path, uint32_t len)
{
	while (len && (path[len - 1] == '.' || (path[len - 1] >= '0' && path[len - 1] <= '9')))
		len--;
	return len > 3 && path[len - 4] != '/' && !memcmp(path + len - 3, ".so", 3);
}

static bool is_loader_config(const char *path, uint32_t len)
{
	static const char *const names[] = { "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld.so.nohwcap",
					     "/etc/ld-musl-x86_64.path" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (len == strlen(names[i]) && !memcmp(path, names[i], len))
			return true;
	return false;
}

enum noise_class noise_path(const char *path, uint32_t len)
{
	if (!path || !len)
		return NOISE_NONE;
	if (under(path, len, "/proc") || under(path, len, "/sys") ||
	    (under(path, len, "/dev") && !under(path, len, "/dev/shm")))
		return NOISE_SYSTEM;
	return is_loader_config(path, len) || is_library(path, len) ? NOISE_LOADER : NOISE_NONE;
}

/*
 * glibc and musl open libraries with exactly these flags.  Copying libfoo.so, linking against it or looking at it is
 * the program's own doing and stays visible.
 */
static bool loader_flags(uint32_t flags)
{
	return (flags & ~(uint32_t)(O_LARGEFILE | 0100000)) == (O_RDONLY | O_CLOEXEC);
}

static enum noise_class by_open(const char *path, uint32_t len, uint32_t flags)
{
	enum noise_class c = noise_path(path, len);

	return c == NOISE_LOADER && !loader_flags(flags) ? NOISE_NONE : c;
}

enum noise_class noise_conn(const struct addr *peer, int err)
{
	return peer && addr_is_loopback(peer) && !err ? NOISE_LOCALHOST : NOISE_NONE;
}

static enum noise_class by_file(const struct file *f)
{
	if (!f)
		return NOISE_NONE;
	if (f->kind == FILE_SOCKET)
		return noise_conn(f->sock && f->sock->now.has_peer ? &f->sock->now.peer : NULL, 0);
	return f->name.s && f->name.s[0] == '/' ? by_open(f->name.s, f->name.len, f->open_flags) : NOISE_NONE;
}

static struct probe *probe_of(struct noise *n, const struct event *ev) { return &n->probes[ev->task->id % PROBES]; }

static void remember_probe(struct noise *n, const struct event *ev)
{
	const char *slash = memrchr(ev->path, '/', ev->path_len);
	uint32_t len = slash ? (uint32_t)(slash - ev->path) : 0;

	*probe_of(n, ev) = (struct probe){ ev->task->id, len, hash(ev->path, len) };
}

/* After a miss ld.so asks whether the directory is there at all; hwcaps subdirectories it asks for anyway. */
static bool probes_directory(struct noise *n, const struct event *ev)
{
	const struct probe *p = probe_of(n, ev);
	uint32_t len = ev->path_len;

	while (len > 1 && ev->path[len - 1] == '/')
		len--;
	return p->task == ev->task->id && p->len == len && len && p->hash == hash(ev->path, len);
}

static enum noise_class by_region(const struct event *ev)
{
	const struct mm *mm = ev->task->proc ? ev->task->proc->mm : NULL;
	const struct region *before;

	if (ev->path_len)
		return noise_path(ev->path, ev->path_len);
	/* .bss: the loader lays anonymous pages over the end of a library it has just mapped. */
	if (ev->kind != EV_MMAP || !(ev->flags & MAP_FIXED) || !mm || !ev->addr)
		return NOISE_NONE;
	before = mm_find(mm, ev->addr - 1);
	return before && before->path.len ? noise_path(before->path.s, before->path.len) : NOISE_NONE;
}

/* An accept of which nothing came has no peer; whoever it waits for is of this machine when the listener is. */
static bool accepts_localhost(const struct event *ev)
{
	const struct sock *s = ev->file ? ev->file->sock : NULL;

	return s && s->has_local && addr_is_loopback(&s->local);
}

/*
 * To a thread, not to the process: kill(2) with SIGURG, and the SIGURG of urgent data, mean something to the program.
 * In a pid namespace whose numbers are not known (attached to, unshare(2)) a process is known by what it calls itself
 * in tgkill(2) and by who then signals it; only the first of each is not recognised.
 */
static enum noise_class by_signal(struct noise *n, const struct event *ev)
{
	const struct proc *p = ev->task->proc;
	const char *call = ev->call ? ev->call->spec->name : NULL;
	struct preempted *own;

	if (!p || ev->signo != SIGURG)
		return NOISE_NONE;
	own = &n->preempted[p->id % PREEMPTED];
	if (own->proc != p->id)
		*own = (struct preempted){ .proc = p->id };
	if (ev->kind == EV_SIGNAL && ev->sigcode == SI_TKILL) {
		own->sender = ev->sender_pid;
		return own->sender == p->pid || own->sender == own->named ? NOISE_PREEMPTION : NOISE_NONE;
	}
	if (ev->kind != EV_KILL || !call)
		return NOISE_NONE;
	if (!strcmp(call, "tgkill")) {
		own->named = (uint32_t)ev->call->args[0].word;
		return ev->target_proc == p->id || own->named == own->sender ? NOISE_PREEMPTION : NOISE_NONE;
	}
	return !strcmp(call, "tkill") && ev->target_proc == p->id ? NOISE_PREEMPTION : NOISE_NONE;
}

/* Not: nothing there yet, under way, to be asked again. */
static bool is_failure(int err)
{
	static const int not[] = { EAGAIN, EINPROGRESS, EALREADY, EISCONN, EINTR };

	for (unsigned i = 0; i < ARRAY_SIZE(not); i++)
		if (err == not[i])
			return false;
	return err != 0;
}

static enum noise_class by_kind(struct noise *n, const struct event *ev);

enum noise_class noise_event(struct noise *n, const struct event *ev)
{
	enum noise_class c = by_kind(n, ev);

	return c == NOISE_LOCALHOST && is_failure(ev->err) ? NOISE_NONE : c;
}

static enum noise_class by_kind(struct noise *n, const struct event *ev)
{
	enum category cat = event_info(ev->kind)->category;
	enum noise_class c;

	if (!ev->task || cat == CAT_PROCESS || ev->kind == EV_MOUNT || ev->kind == EV_UMOUNT)
		return NOISE_NONE;
	if (cat == CAT_SIGNAL)
		return by_signal(n, ev);
	switch (ev->kind) {
	case EV_BIND: case EV_LISTEN:	/* a server's address is no connection yet */
	case EV_LOST:
	case EV_WAITING:		/* whatever it is, it was asked for */
		return NOISE_NONE;
	case EV_OPEN:
		c = by_open(ev->path, ev->path_len, ev->flags);
		if (c == NOISE_LOADER && ev->err)
			remember_probe(n, ev);
		return c;
	case EV_LOOKUP:
		if (!ev->path_len)
			return by_file(ev->file);
		c = noise_path(ev->path, ev->path_len);
		/* stat("libfoo.so") is never the loader's, access("/etc/ld.so.preload") is */
		if (c == NOISE_LOADER && !is_loader_config(ev->path, ev->path_len))
			return NOISE_NONE;
		return c == NOISE_NONE && probes_directory(n, ev) ? NOISE_LOADER : c;
	case EV_MMAP: case EV_MUNMAP: case EV_MREMAP: case EV_MPROTECT: case EV_MADVISE:
		c = by_file(ev->file);
		return c != NOISE_NONE || ev->file ? c : by_region(ev);
	case EV_TRANSFER:	/* hidden only when both ends are */
		c = by_file(ev->file);
		return by_file(ev->file2) == NOISE_NONE ? NOISE_NONE : c;
	case EV_ACCEPT:
		if (ev->err && !ev->peer)
			return accepts_localhost(ev) ? NOISE_LOCALHOST : NOISE_NONE;
		/* fallthrough */
	default:
		if (ev->peer && addr_is_loopback(ev->peer))
			return NOISE_LOCALHOST;
		c = by_file(ev->file);
		if (c == NOISE_NONE && !ev->file && ev->path_len) {
			c = noise_path(ev->path, ev->path_len);
			if (c == NOISE_LOADER)	/* unlink("libfoo.so") is a build at work */
				c = NOISE_NONE;
		}
		return c == NOISE_NONE || !ev->path2_len || noise_path(ev->path2, ev->path2_len) != NOISE_NONE ?
			       c :
			       NOISE_NONE;
	}
}
