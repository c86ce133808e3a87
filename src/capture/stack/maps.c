/* SPDX-License-Identifier: MIT */
#include "capture/stack/maps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"
#include "capture/common/code.h"
#include "capture/proc/proc.h"
#include "capture/stack/image.h"
#include "record/record.h"

enum { FILES_MAX = 256, PLACES_MAX = 32768, CODE_MAPS_MAX = 16384, DEVICES = 16 };

struct space {
	pid_t pid;
	struct code_map *v;
	unsigned n, cap;
	bool stale;
	uint64_t unknown;		/* an instruction that was in none of them */
	UT_hash_handle hh;
};

struct file_key { uint64_t dev, ino, size, mtime_ns; };
struct file { struct file_key key; struct image *image; UT_hash_handle hh; };

struct device { uint64_t dev; bool served; };

struct maps { struct space *spaces, *last; struct file *files; struct device seen[DEVICES]; unsigned nseen; };

struct maps *maps_new(void) { return xcalloc(1, sizeof(struct maps)); }

static void forget(struct space *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		free(s->v[i].name);
		if (s->v[i].own)
			image_free(s->v[i].image);
	}
	s->n = 0;
}

static void drop(struct maps *m, struct space *s)
{
	forget(s);
	free(s->v);
	HASH_DEL(m->spaces, s);
	if (m->last == s)
		m->last = NULL;
	free(s);
}

static void drop_files(struct maps *m)
{
	struct file *f, *next;

	HASH_ITER(hh, m->files, f, next) {
		HASH_DEL(m->files, f);
		image_free(f->image);
		free(f);
	}
}

void maps_free(struct maps *m)
{
	struct space *s, *next;

	if (!m)
		return;
	HASH_ITER(hh, m->spaces, s, next)
		drop(m, s);
	drop_files(m);
	free(m);
}

/* ---- /proc/PID/maps ---- */

struct line { uint64_t start, end, offset, ino, dev; bool exec; const char *name; size_t len; };

static uint64_t take_number(const char **p, unsigned base)
{
	char *end;
	uint64_t v = strtoull(*p, &end, (int)base);

	*p = *end && *end != '\n' ? end + 1 : end;
	return v;
}

/* "7f12a4000000-7f12a4021000 r-xp 00001000 08:01 1234  /usr/bin/cat" */
static const char *read_line(const char *p, struct line *ret)
{
	const char *end = p + strcspn(p, "\n");

	ret->start = take_number(&p, 16);
	ret->end = take_number(&p, 16);
	ret->exec = end - p > 5 && p[2] == 'x';
	p += MIN((ptrdiff_t)5, end - p);
	ret->offset = take_number(&p, 16);
	ret->dev = take_number(&p, 16) << 32;
	ret->dev |= take_number(&p, 16);
	ret->ino = take_number(&p, 10);
	while (p < end && *p == ' ')
		p++;
	ret->name = p;
	ret->len = p < end ? (size_t)(end - p) : 0;
	return *end ? end + 1 : end;
}

static void add(struct space *s, const struct line *l, uint64_t base)
{
	if (s->n == CODE_MAPS_MAX)
		return;
	if (s->n == s->cap) {
		s->cap = MAX(2 * s->cap, 16u);
		s->v = xrealloc(s->v, s->cap * sizeof(*s->v));
	}
	s->v[s->n++] = (struct code_map){
		.start = l->start, .end = l->end, .offset = l->offset, .ino = l->ino, .dev = l->dev, .base = base,
		.name = xmemdup0(l->name, MIN(l->len, (size_t)RECORD_STR_MAX)),
		.name_len = (uint32_t)MIN(l->len, (size_t)RECORD_STR_MAX),
	};
}

static void read_maps(struct space *s)
{
	uint64_t ino = 0, dev = 0, base = 0;
	struct buf b = { 0 };
	struct line l;

	forget(s);
	s->stale = false;
	s->unknown = 0;
	if (proc_read_all(s->pid, 0, "maps", &b))
		for (const char *p = b.s; *p;) {
			p = read_line(p, &l);
			if (!l.offset || l.ino != ino || l.dev != dev)
				base = l.offset ? 0 : l.start;
			ino = l.ino;
			dev = l.dev;
			if (l.exec)
				add(s, &l, base);
		}
	buf_done(&b);
}

static struct code_map *find(const struct space *s, uint64_t addr)
{
	unsigned low = 0;

	for (unsigned high = s->n; low < high;) {
		unsigned mid = low + (high - low) / 2;

		if (s->v[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && addr >= s->v[low].start ? &s->v[low] : NULL;
}

static struct space *space_of(struct maps *m, pid_t pid)
{
	struct space *s = m->last;

	if (s && s->pid == pid)
		return s;
	HASH_FIND(hh, m->spaces, &pid, sizeof(pid), s);
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->pid = pid;
		s->stale = true;
		HASH_ADD(hh, m->spaces, pid, sizeof(s->pid), s);
	}
	return m->last = s;
}

void maps_look(struct maps *m, pid_t pid)
{
	struct space *s = space_of(m, pid);

	if (s->stale)
		read_maps(s);
}

struct code_map *maps_find(struct maps *m, pid_t pid, uint64_t addr) { return find(space_of(m, pid), addr); }

bool maps_reread(struct maps *m, pid_t pid, uint64_t addr)
{
	struct space *s = space_of(m, pid);

	if (s->unknown == addr)
		return false;
	read_maps(s);
	s->unknown = addr;
	return true;
}

void maps_changed(struct maps *m, pid_t pid)
{
	struct space *s;

	HASH_FIND(hh, m->spaces, &pid, sizeof(pid), s);
	if (s)
		s->stale = true;
}

void maps_drop(struct maps *m, pid_t pid)
{
	struct space *s;

	HASH_FIND(hh, m->spaces, &pid, sizeof(pid), s);
	if (s)
		drop(m, s);
}

/* ---- files ---- */

/*
 * Whether its files come from a program (FUSE) or over a network: the program may be one that is stopped now, and to
 * read such a file would wait for it.  "36 35 0:42 / /mnt rw,relatime shared:1 - fuse.sshfs …"
 */
static bool look_served(pid_t pid, uint64_t dev)
{
	static const char *const types[] = { "fuse", "nfs", "9p ", "cifs", "smb", "afs", "ceph", "virtiofs" };
	struct buf b = { 0 };
	bool served = false;
	char number[32];

	snprintf(number, sizeof(number), " %u:%u ", (unsigned)(dev >> 32), (unsigned)dev);
	if (proc_read_all(pid, 0, "mountinfo", &b))
		for (char *line = b.s, *end, *type; *line; line = end) {
			end = line + strcspn(line, "\n");
			if (*end)
				*end++ = '\0';
			if (!strstr(line, number) || !(type = strstr(line, " - ")))
				continue;
			for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
				served |= !strncmp(type + 3, types[i], strlen(types[i]));
		}
	buf_done(&b);
	return served;
}

static bool is_served(struct maps *m, pid_t pid, uint64_t dev)
{
	struct device *d = &m->seen[m->nseen % DEVICES];

	for (unsigned i = 0; i < MIN(m->nseen, (unsigned)DEVICES); i++)
		if (m->seen[i].dev == dev)
			return m->seen[i].served;
	m->nseen++;
	*d = (struct device){dev, look_served(pid, dev)};
	return d->served;
}

/* The same file, unchanged, is read once. */
static struct image *image_of(struct maps *m, int fd)
{
	struct file_key key = { 0 };
	struct file *f;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	key = (struct file_key){st.st_dev, st.st_ino, (uint64_t)st.st_size,
				(uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec};
	HASH_FIND(hh, m->files, &key, sizeof(key), f);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->key = key;
		f->image = image_of_file(fd);
		HASH_ADD(hh, m->files, key, sizeof(f->key), f);
	}
	return f->image;
}

struct image *maps_image(struct maps *m, pid_t tid, struct code_map *c)
{
	int fd;

	if (c->looked)
		return c->image;
	c->looked = true;
	if (c->ino && is_served(m, tid, c->dev))
		return NULL;
	fd = c->ino ? code_open(tid, c->name, c->name_len, c->ino) : -1;
	if (fd >= 0) {
		c->image = image_of(m, fd);
		close(fd);
	}
	if (!c->image && c->base && c->base <= c->start) {
		c->image = image_of_memory(tid, c->base, c->end - c->base);
		c->own = true;
	}
	return c->image;
}

void maps_trim(struct maps *m)
{
	struct space *s, *next;
	size_t nplaces = 0;

	if (HASH_COUNT(m->files) <= FILES_MAX) {
		for (const struct file *f = m->files; f; f = f->hh.next)
			nplaces += f->image ? image_nplaces(f->image) : 0;
		if (nplaces <= PLACES_MAX)
			return;
	}
	HASH_ITER(hh, m->spaces, s, next)
		drop(m, s);
	drop_files(m);
}
