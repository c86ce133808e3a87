/* SPDX-License-Identifier: MIT */
#include "analyze/noise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "abi/calm.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"

#define PROBES 256	/* tasks remembered; two that share a slot only lose the other's last probe */
#define PREEMPTED 64	/* processes, likewise */

enum { NAMED_FILES = 64 };
struct noise {
	/* by id: what the name says is asked at each of the file's events, and does not change with them */
	struct named_file {
		uint32_t id, named, open_flags;
		const char *name;
		enum noise_class class;
	} files[NAMED_FILES];
	struct probe { uint32_t task; uint32_t len; uint64_t hash; enum noise_class class; } probes[PROBES];
	struct preempted { uint32_t proc, named, sender; } preempted[PREEMPTED];
};

static const struct { const char *name, *text; } classes[_NOISE_MAX] = {
	[NOISE_NONE] = { "none", "" },
	[NOISE_SYSTEM] = { "system", "/proc, /sys, /dev" },
	[NOISE_LOADER] = { "loader", "shared libraries" },
	[NOISE_PRELOAD] = { "preload", "/etc/ld.so.preload" },
	[NOISE_HWCAPS] = { "hwcaps", "libraries for this CPU (hwcaps)" },
	[NOISE_LOCALE] = { "locale", "locales and translations" },
	[NOISE_GCONV] = { "gconv", "character set converters (gconv)" },
	[NOISE_NSSWITCH] = { "nsswitch", "name services (nsswitch, nscd)" },
	[NOISE_LOCALHOST] = { "localhost", "localhost connections" },
	[NOISE_PREEMPTION] = { "preemption", "thread preemption (SIGURG)" },
};
const char *noise_class_name(enum noise_class c) { return classes[c].name; }
const char *noise_class_text(enum noise_class c) { return classes[c].text; }

int noise_classes(const char *words, uint32_t *ret_classes, const char **ret_bad, size_t *ret_len)
{
	*ret_classes = 0;
	for (const char *p = words;; p++) {
		size_t len = strcspn(p, ",");
		unsigned c = NOISE_NONE + 1;

		while (c < _NOISE_MAX && (strlen(classes[c].name) != len || memcmp(classes[c].name, p, len)))
			c++;
		if (c < _NOISE_MAX) {
			*ret_classes |= 1u << c;
		} else if (len == 3 && !memcmp(p, "all", 3)) {
			*ret_classes |= ~1u;
		} else {
			*ret_bad = p;
			*ret_len = len;
			return -EINVAL;
		}
		p += len;
		if (!*p)
			return 0;
	}
}

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

/* What is of a class whatever it is called with; those of libc, not of a program that happens to read them. */
enum how { EXACTLY, UNDER };
#define P(class_, text_) NOISE_##class_, sizeof(text_) - 1, text_
#define BY_LETTER(...) (const struct begins[]){ __VA_ARGS__, { .len = 0 } }
static const struct begins { enum how how; enum noise_class class; uint8_t len; const char *text; } *const begins[26] = {
	/* by letter: that behind the first slash */
	['d' - 'a'] = BY_LETTER({ UNDER, P(SYSTEM, "/dev") }),
	['e' - 'a'] = BY_LETTER(
		{ EXACTLY, P(LOADER, "/etc/ld.so.cache") }, { EXACTLY, P(LOADER, "/etc/ld.so.nohwcap") },
		{ EXACTLY, P(LOADER, "/etc/ld-musl-x86_64.path") }, { EXACTLY, P(PRELOAD, "/etc/ld.so.preload") },
		{ EXACTLY, P(NSSWITCH, "/etc/nsswitch.conf") }),
	['p' - 'a'] = BY_LETTER({ UNDER, P(SYSTEM, "/proc") }),
	['r' - 'a'] = BY_LETTER({ EXACTLY, P(NSSWITCH, "/run/nscd/socket") }),
	['s' - 'a'] = BY_LETTER({ UNDER, P(SYSTEM, "/sys") }),
	['u' - 'a'] = BY_LETTER(
		{ UNDER, P(LOCALE, "/usr/lib/locale") }, { UNDER, P(LOCALE, "/usr/share/locale") },
		{ UNDER, P(LOCALE, "/usr/share/locale-langpack") }),
	['v' - 'a'] = BY_LETTER({ EXACTLY, P(NSSWITCH, "/var/run/nscd/socket") }),
};
/* Of the path of a library, or the directory of one. */
static const struct { enum noise_class class; uint8_t len; const char *text; } parts[] = {
	{ P(GCONV, "/gconv/") }, { P(NSSWITCH, "/libnss_") }, { P(HWCAPS, "/glibc-hwcaps/") }, { P(HWCAPS, "/tls/") },
	{ P(HWCAPS, "/haswell/") }, { P(HWCAPS, "/avx512_1/") },
};

/* Asked of each event; few paths begin like one of those that are named whole. */
static enum noise_class by_beginning(const char *path, uint32_t len)
{
	unsigned letter = len < 2 ? UINT_MAX : (unsigned char)path[1] - (unsigned)'a';
	const struct begins *p = letter < ARRAY_SIZE(begins) ? begins[letter] : NULL;

	for (; p && p->len; p++)
		if (len >= p->len && path[p->len - 1] == p->text[p->len - 1] && !memcmp(path, p->text, p->len) &&
		    (len == p->len || (p->how == UNDER && path[p->len] == '/')))
			return p->class;
	return NOISE_NONE;
}

static enum noise_class by_part(const char *path, uint32_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
		if (memmem(path, len, parts[i].text, parts[i].len))
			return parts[i].class;
	return NOISE_LOADER;
}

/* Looked for by its "v", which few paths have: memmem() costs as much as all the rest. */
static bool is_gconv_cache(const char *path, uint32_t len)
{
	static const char name[] = "/gconv/gconv-modules";
	enum { BEFORE = sizeof("/gcon") - 1, AFTER = sizeof(name) - 1 - BEFORE };
	const char *end = path + len, *v = len > sizeof(name) ? path : NULL;

	for (; v && (v = memchr(v, 'v', (size_t)(end - v))); v++)
		if (v - path >= BEFORE && end - v >= AFTER && !memcmp(v - BEFORE, name, sizeof(name) - 1))
			return true;
	return false;
}

enum noise_class noise_path(const char *path, uint32_t len)
{
	enum noise_class c;

	if (!path || !len)
		return NOISE_NONE;
	c = by_beginning(path, len);
	if (c == NOISE_SYSTEM && under(path, len, "/dev/shm"))
		return NOISE_NONE;
	if (c != NOISE_NONE)
		return c;
	if (is_library(path, len))
		return by_part(path, len);
	return path[len - 1] != '/' && is_gconv_cache(path, len) ? NOISE_GCONV : NOISE_NONE;
}

/*
 * glibc and musl open libraries with exactly these flags.  Copying libfoo.so, linking against it or looking at it is
 * the program's own doing and stays visible.
 */
static bool loader_flags(uint32_t flags)
{
	return (flags & ~(uint32_t)(O_LARGEFILE | 0100000)) == (O_RDONLY | O_CLOEXEC);
}

/* libc opens translations and the list of converters without O_CLOEXEC (intl/loadmsgcat.c, iconv/gconv_cache.c). */
static bool libc_flags(enum noise_class c, const char *path, uint32_t len, uint32_t flags)
{
	bool plain = (len > 3 && !memcmp(path + len - 3, ".mo", 3)) || (c == NOISE_GCONV && !is_library(path, len));

	return loader_flags(flags | (plain ? O_CLOEXEC : 0));
}

static enum noise_class by_open(const char *path, uint32_t len, uint32_t flags)
{
	enum noise_class c = noise_path(path, len);

	return c == NOISE_NONE || c == NOISE_SYSTEM || libc_flags(c, path, len, flags) ? c : NOISE_NONE;
}

/* nscd is asked first by every program that looks up a name, and is hardly ever there. */
static bool is_nscd(const struct addr *a)
{
	return a && a->family == AF_UNIX && !a->abstract && noise_path(a->path, a->len) == NOISE_NSSWITCH;
}

enum noise_class noise_conn(const struct addr *peer, int err)
{
	if (is_nscd(peer))
		return NOISE_NSSWITCH;
	return peer && addr_is_loopback(peer) && !err ? NOISE_LOCALHOST : NOISE_NONE;
}

static __attribute__((noinline)) enum noise_class name_class(struct named_file *c, const struct file *f)
{
	*c = (struct named_file){ f->id, f->named, f->open_flags, f->name.s,
				  by_open(f->name.s, f->name.len, f->open_flags) };
	return c->class;
}

static enum noise_class by_file(struct noise *n, const struct file *f)
{
	struct named_file *c;

	if (!f)
		return NOISE_NONE;
	if (f->kind == FILE_SOCKET)
		return noise_conn(f->sock && f->sock->now.has_peer ? &f->sock->now.peer : NULL,
				  f->sock ? f->sock->now.err : 0);
	if (!f->name.s || f->name.s[0] != '/')
		return NOISE_NONE;
	c = &n->files[f->id % NAMED_FILES];
	if (c->id != f->id || c->named != f->named || c->open_flags != f->open_flags || c->name != f->name.s)
		return name_class(c, f);
	return c->class;
}

static struct probe *probe_of(struct noise *n, const struct event *ev) { return &n->probes[ev->task->id % PROBES]; }

static void remember_probe(struct noise *n, const struct event *ev, enum noise_class c)
{
	const char *slash = memrchr(ev->path, '/', ev->path_len);
	uint32_t len = slash ? (uint32_t)(slash - ev->path) : 0;

	*probe_of(n, ev) = (struct probe){ ev->task->id, len, hash(ev->path, len), c };
}

/* After a miss ld.so asks whether the directory is there at all; hwcaps subdirectories it asks for anyway. */
static enum noise_class probes_directory(struct noise *n, const struct event *ev)
{
	const struct probe *p = probe_of(n, ev);
	uint32_t len = ev->path_len;

	while (len > 1 && ev->path[len - 1] == '/')
		len--;
	if (p->task != ev->task->id || p->len != len || !len || p->hash != hash(ev->path, len))
		return NOISE_NONE;
	return p->class;
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
	return err && !(errno_says(err) & (ERR_UNDER_WAY | ERR_CONNECTED));
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
		if ((c == NOISE_LOADER || c == NOISE_HWCAPS) && ev->err)
			remember_probe(n, ev, c);
		return c;
	case EV_LOOKUP:
		if (!ev->path_len)
			return by_file(n, ev->file);
		/* stat("libfoo.so") is never the loader's, access("/etc/ld.so.preload") is */
		c = by_beginning(ev->path, ev->path_len);
		if (c == NOISE_SYSTEM || c == NOISE_LOADER || c == NOISE_PRELOAD)
			return noise_path(ev->path, ev->path_len);
		return probes_directory(n, ev);
	case EV_MMAP: case EV_MUNMAP: case EV_MREMAP: case EV_MPROTECT: case EV_MADVISE:
		c = by_file(n, ev->file);
		return c != NOISE_NONE || ev->file ? c : by_region(ev);
	case EV_TRANSFER:	/* hidden only when both ends are */
		c = by_file(n, ev->file);
		return by_file(n, ev->file2) == NOISE_NONE ? NOISE_NONE : c;
	case EV_ACCEPT:
		if (ev->err && !ev->peer)
			return accepts_localhost(ev) ? NOISE_LOCALHOST : NOISE_NONE;
		/* fallthrough */
	default:
		if (ev->peer && (addr_is_loopback(ev->peer) || is_nscd(ev->peer)))
			return is_nscd(ev->peer) ? NOISE_NSSWITCH : NOISE_LOCALHOST;
		c = by_file(n, ev->file);
		if (c == NOISE_NONE && !ev->file && ev->path_len) {
			c = noise_path(ev->path, ev->path_len);
			if (c != NOISE_SYSTEM)	/* unlink("libfoo.so") is a build at work */
				c = NOISE_NONE;
		}
		return c == NOISE_NONE || !ev->path2_len || noise_path(ev->path2, ev->path2_len) != NOISE_NONE ?
			       c :
			       NOISE_NONE;
	}
}
