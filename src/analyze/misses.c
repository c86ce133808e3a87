/* SPDX-License-Identifier: MIT */
/* What a living process asked for and did not get, until something makes it good. */
#include "analyze/misses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "abi/calm.h"
#include "abi/spec.h"
#include "base/macro.h"
#include "event/event.h"

void misses_drop(struct bytes *b)
{
	free(b->s);
	*b = (struct bytes){0};
}

static void miss_done(struct live_miss *l)
{
	misses_drop(&l->m.name);
	misses_drop(&l->m.first);
	misses_drop(&l->m.second);
	misses_drop(&l->m.found);
	free((void *)(uintptr_t)l->m.peer);
	*l = (struct live_miss){0};
}

static struct bytes last_component(const char *s, uint32_t len)
{
	const char *slash;

	while (len > 1 && s[len - 1] == '/')
		len--;
	slash = memrchr(s, '/', len);
	if (slash && slash + 1 < s + len)
		return (struct bytes){(char *)(uintptr_t)(slash + 1), (uint32_t)(s + len - slash - 1), 0};
	return (struct bytes){(char *)(uintptr_t)s, len, 0};
}

static uint32_t mix(uint32_t h, const void *p, size_t n)
{
	const char *s = p;
	uint64_t v = h ^ n;

	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = 0;

		memcpy(&word, s + i, MIN(n - i, (size_t)8));
		v = (v ^ word) * 0x9e3779b97f4a7c15;
		v ^= v >> 32;
	}
	return (uint32_t)v;
}

static bool is_lookup(const struct event *ev)
{
	return ev->kind == EV_OPEN || ev->kind == EV_LOOKUP || ev->kind == EV_EXEC_FAILED || ev->kind == EV_EXEC;
}

static uint32_t mix_addr(uint32_t h, const struct addr *a)
{
	if (a->family == AF_UNIX)
		return mix(h, a->path, a->len);
	h = mix(h, &a->port, sizeof(a->port));
	return mix(h, a->ip, MIN((size_t)a->len, sizeof(a->ip)));
}

/* What a later success of the same thing is known by: a name wherever it is, a peer, or the call and its path. */
static uint32_t key_of(const struct event *ev)
{
	uint32_t h = 2166136261u;
	struct bytes base;

	if (ev->kind == EV_CONNECT || ev->kind == EV_CONNECTED || ev->kind == EV_CONNECT_FAILED) {
		if (ev->peer)
			h = ev->peer->family == AF_UNIX ? mix(h, ev->peer->path, ev->peer->len)
							: mix(h, &ev->peer->port, sizeof(ev->peer->port));
		return h;
	}
	base = ev->path ? last_component(ev->path, ev->path_len) : (struct bytes){0};
	if (!is_lookup(ev)) {
		h = mix(h, &ev->kind, sizeof(ev->kind));
		if (ev->kind == EV_CALL && ev->call)
			h = mix(h, &ev->call->nr, sizeof(ev->call->nr));
	}
	if (!ev->path && ev->peer)	/* it is tried again with another socket */
		h = mix_addr(h, ev->peer);
	else if (!ev->path && ev->file)
		h = mix(h, &ev->file->id, sizeof(ev->file->id));
	return base.len ? mix(h, base.s, base.len) : h;
}

/* What ends differently has another key: a bit by the last byte, or all.  It is asked of every success with a path. */
static uint64_t end_of(const struct event *ev)
{
	if (ev->kind == EV_CONNECT || ev->kind == EV_CONNECTED || ev->kind == EV_CONNECT_FAILED || !ev->path ||
	    !ev->path_len || ev->path[ev->path_len - 1] == '/')
		return ~0ull;
	return 1ull << (ev->path[ev->path_len - 1] & 63);
}

/* What says how things are, and is asked for that; not that something is wrong. */
static bool is_calm(const struct event *ev)
{
	unsigned says = errno_says(ev->err);
	bool connects = ev->kind == EV_CONNECT || ev->kind == EV_CONNECT_FAILED;

	if (says & ERR_STATE && !connects && ev->kind != EV_OPEN)
		return true;
	if (says & ERR_UNDER_WAY && ev->kind == EV_CONNECT)
		return true;
	if (says & ERR_PRESENT)
		return ev->kind == EV_MKDIR || ev->kind == EV_OPEN;
	return says & ERR_ABSENT && (ev->kind == EV_UNLINK || ev->kind == EV_RMDIR || ev->kind == EV_XATTR);
}

bool misses_is_trouble(const struct event *ev)
{
	if (is_calm(ev) || errno_is_internal(ev->err))
		return false;
	if (ev->kind != EV_CALL)
		return ev->kind != EV_POLL && ev->kind != EV_FUTEX && ev->kind != EV_WAIT && ev->kind != EV_PEEK;
	return errno_says(ev->err) & ERR_REFUSED;
}

struct bytes misses_dup(struct bytes b)
{
	return (struct bytes){xmemdup0(b.s ? b.s : "", b.len), b.len, 0};
}

static struct bytes path_of(const struct event *ev)
{
	if (ev->path)
		return (struct bytes){(char *)(uintptr_t)ev->path, ev->path_len, 0};
	if (ev->raw)
		return (struct bytes){(char *)(uintptr_t)ev->raw, ev->raw_len, 0};
	/* of a write: what it was to; a socket is known by its peer */
	return ev->file && !ev->file->sock ? ev->file->name : (struct bytes){0};
}

static bool same(struct bytes a, struct bytes b)
{
	return a.len == b.len && (!a.len || (a.s && b.s && !memcmp(a.s, b.s, a.len)));
}

static struct live_miss *find(struct misses *v, uint32_t key)
{
	for (unsigned i = 0; i < v->n; i++)
		if (v->v[i].key == key)
			return &v->v[i];
	return NULL;
}

static void drop(struct misses *v, struct live_miss *l)
{
	miss_done(l);
	*l = v->v[--v->n];
	if (!v->n) {
		v->ends = 0;
		v->probes = false;
	}
}

/* A place in the list: a free one, or the one of what was missed longest ago. */
static struct live_miss *place(struct misses *v)
{
	struct live_miss *old = &v->v[0];

	if (v->n < MISSES_MAX)
		return &v->v[v->n++];
	for (unsigned i = 1; i < v->n; i++)
		if (v->v[i].seq < old->seq)
			old = &v->v[i];
	miss_done(old);
	return old;
}

/*
 * One module has many names, tried in turn (Python: x.cpython-311-x86_64-linux-gnu.so, x.so, x.py; Node.js: x.js,
 * x.json, x.node; ld: libx.so, libx.a): the path up to the first dot of its last component.  0: it has no such name.
 */
static uint32_t probe_of(struct bytes path)
{
	static const char *const ends[] = {".so", ".a", ".py", ".pyc", ".js", ".json", ".node", ".mjs", ".cjs"};
	struct bytes base = {0};
	const char *dot;

	for (unsigned i = 0; i < ARRAY_SIZE(ends) && !base.len; i++) {
		size_t n = strlen(ends[i]);

		if (path.len > n && !memcmp(path.s + path.len - n, ends[i], n))
			base = last_component(path.s, path.len);
	}
	dot = base.len ? memchr(base.s, '.', base.len) : NULL;
	if (dot && dot - base.s > 3 && !memcmp(base.s, "lib", 3))	/* in one folder or another */
		return mix(2166136261u, base.s, (size_t)(dot - base.s)) | 1;
	return dot && dot > base.s ? mix(2166136261u, path.s, (size_t)(dot - path.s)) | 1 : 0;
}

/* Directories for this CPU beside the plain ones (ld.so(8)): so many that they would be all that is named. */
static bool is_for_this_cpu(struct bytes path)
{
	static const char *const within[] = {"/glibc-hwcaps/", "/tls/", "/haswell/", "/avx512_1/", "/x86_64/"};

	for (unsigned i = 0; i < ARRAY_SIZE(within) && path.len && memmem(path.s, path.len, ".so", strlen(".so")); i++)
		if (memmem(path.s, path.len, within[i], strlen(within[i])))
			return true;
	return false;
}

static void add_place(struct missed *m, struct bytes path)
{
	if (m->places == 1 && is_for_this_cpu(m->first) && !is_for_this_cpu(path)) {
		misses_drop(&m->first);
		m->places = 0;
	}
	if (!m->places) {
		m->first = misses_dup(path);
		m->places = 1;
	} else if (!same(m->first, path) && !same(m->second, path) && !is_for_this_cpu(path)) {
		if (!m->second.s)
			m->second = misses_dup(path);
		m->places++;
	}
}

void misses_add(struct misses *v, const struct event *ev)
{
	uint32_t key = key_of(ev);
	struct live_miss *l = find(v, key);
	struct bytes path = path_of(ev);

	if (!l) {
		l = place(v);
		*l = (struct live_miss){.key = key,
					.m = {.kind = (uint8_t)ev->kind,
					      .spec = ev->call ? ev->call->spec : NULL}};
		l->m.name = misses_dup(is_lookup(ev) ? last_component(path.s ? path.s : "", path.len) : path);
		if (ev->peer) {
			struct addr *peer = xmalloc(sizeof(*peer));

			*peer = *ev->peer;
			l->m.peer = peer;
		}
	}
	add_place(&l->m, path);
	/* what is only looked at may be found elsewhere: misses_made_good() */
	if (l->m.kind == EV_LOOKUP && ev->kind != EV_LOOKUP) {
		l->m.kind = (uint8_t)ev->kind;
		l->m.spec = ev->call ? ev->call->spec : NULL;
	}
	/* who may not is worse off than who finds nothing */
	if (!l->m.err || (l->m.err != EACCES && l->m.err != EPERM))
		l->m.err = ev->err;
	l->m.ts_ns = ev->ts_ns;
	if (l->m.nat < MISS_MOMENTS)
		l->m.at[l->m.nat++] = (struct moment){ev->ts_ns, ev->task->id};
	v->ends |= end_of(ev);
	l->seq = ++v->seq;
	l->probe = is_lookup(ev) && ev->err == ENOENT ? probe_of(path) : 0;
	v->probes |= l->probe != 0;
}

static void made_good_as_another(struct misses *v, struct bytes path)
{
	uint32_t probe = v->probes ? probe_of(path) : 0;

	for (unsigned i = v->n; probe && i-- > 0;)
		if (v->v[i].probe == probe)
			drop(v, &v->v[i]);
}

/* Files that say how a program is to behave. */
static bool is_configuration(struct bytes name)
{
	static const char *const ends[] = {".conf", ".cfg", ".ini", ".json",   ".yaml",	      ".yml",
					   ".toml", ".cnf", "rc",   ".config", ".properties", ".env"};

	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i]);

		if (name.len > n && !memcmp(name.s + name.len - n, ends[i], n))
			return true;
	}
	return false;
}

/* Not with what is opened for the words of an error: a translation. */
static bool goes_on(const struct event *ev)
{
	static const char *const under[] = {"/usr/share/locale", "/usr/lib/locale/", "/proc/", "/dev/"};

	if (ev->kind == EV_CONNECT || ev->kind == EV_CONNECTED)
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(under) && ev->path; i++)
		if (ev->path_len > strlen(under[i]) && !memcmp(ev->path, under[i], strlen(under[i])))
			return false;
	return ev->kind == EV_OPEN;
}

void misses_made_good(struct misses *v, const struct event *ev)
{
	struct bytes path = path_of(ev);
	struct live_miss *l;

	if (is_lookup(ev))
		made_good_as_another(v, path);
	l = v->ends & end_of(ev) ? find(v, key_of(ev)) : NULL;
	if (!l && goes_on(ev))
		v->went_on = v->seq;
	if (!l)
		return;
	if (ev->kind == EV_OPEN && l->m.kind != EV_EXEC_FAILED && path.len && !same(path, l->m.first) &&
	    is_configuration(l->m.name)) {
		miss_done(&v->second);
		v->second = *l;
		v->second.m.found = misses_dup(path);
		*l = v->v[--v->n];
	} else if (ev->kind != EV_LOOKUP || l->m.kind == EV_LOOKUP || same(path, l->m.first) ||
		   errno_is_absence(l->m.err)) {
		drop(v, l); /* (that it can be looked at does not mean that it can be opened) */
	}
}

void misses_clear(struct misses *v)
{
	while (v->n)
		drop(v, &v->v[v->n - 1]);
}

void misses_done(struct misses *v)
{
	misses_clear(v);
	miss_done(&v->second);
}
