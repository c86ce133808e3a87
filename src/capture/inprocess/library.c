/* SPDX-License-Identifier: MIT */
/* The C library of a process: where it is mapped, and its sites. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/inprocess/elf.h"
#include "capture/inprocess/inside.h"

/*
 * REACH: less than a jump's, which begins and ends somewhere in what it is about.  STACK_APART: of what the stack may
 * become, where it has a limit; without one, mappings are made from below.
 */
enum { FILE_MAX_BYTES = 64 << 20, REACH = 2000 << 20, APART = 1 << 20, STACK_APART = 256 << 20 };

struct library {
	struct stat st;
	struct code code;
	struct sites sites[CODE_TEXTS_MAX];
	bool ok;
	struct library *next;
};

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static struct library *read_library(int fd, const struct stat *st)
{
	void *bytes = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);	/* kept */
	struct library *l;

	if (bytes == MAP_FAILED)
		return NULL;
	l = xcalloc(1, sizeof(*l));
	l->st = *st;
	l->ok = code_read(bytes, (size_t)st->st_size, &l->code) == 0;
	for (unsigned i = 0; l->ok && i < l->code.n; i++)
		l->ok = sites_find(&l->code.text[i].text, l->code.text[i].funcs, l->code.text[i].nfuncs,
				   &l->sites[i]) == 0;
	return l;
}

/*
 * maps has names as we see them, below a root of the program's own, too; or, of a mount that is none of ours, as it is
 * seen there.
 */
static int open_mapped(pid_t tid, const struct mapping *m, struct stat *ret)
{
	char below[600];
	const char *const names[] = { m->path, below };

	snprintf(below, sizeof(below), "/proc/%d/root%s", (int)tid, m->path);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = open(names[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd >= 0 && fstat(fd, ret) == 0 && S_ISREG(ret->st_mode) && ret->st_ino == m->inode)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

struct library *library_of(pid_t tid, const struct mapping *m)
{
	static struct library *known;
	struct stat st;
	_cleanup_close_ int fd = open_mapped(tid, m, &st);
	struct library *l;

	if (fd < 0 || st.st_size <= 0 || st.st_size > FILE_MAX_BYTES)
		return NULL;
	for (l = known; l && !is_same(&l->st, &st); l = l->next)
		;
	if (!l && (l = read_library(fd, &st))) {
		l->next = known;
		known = l;
	}
	return l && l->ok ? l : NULL;
}

bool library_locks(pid_t pid)
{
	char name[64], line[256];
	unsigned long kb = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	f = fopen(name, "re");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "VmLck: %lu", &kb) != 1)
		;
	if (f)
		fclose(f);
	return kb > 0;
}

bool library_is_c(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && (!strcmp(name, "/libc.so.6") || !strncmp(name, "/libc-2.", 8));
}

bool library_has(pid_t tid, uint64_t start, uint64_t size, const char *perms, const char *file)
{
	char name[64], line[1024], has[8];
	bool found = false;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)tid);
	f = fopen(name, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned long from, to, inode;

		found = sscanf(line, "%lx-%lx %7s %*x %*s %lu", &from, &to, has, &inode) == 4 && from == start &&
			to == start + size && !strcmp(has, perms) && (file ? strstr(line, file) != NULL : !inode);
	}
	if (f)
		fclose(f);
	return found;
}

/* Of a line of maps: false: it is none. */
static bool mapping_of(const char *line, struct mapping *ret, char perms[8])
{
	unsigned long start, end, offset, inode;

	*ret = (struct mapping){ 0 };
	if (sscanf(line, "%lx-%lx %7s %lx %*s %lu %511[^\n]", &start, &end, perms, &offset, &inode, ret->path) < 5)
		return false;
	ret->start = start, ret->end = end, ret->offset = offset, ret->inode = inode;
	return true;
}

/*
 * Between what ends at last_end and what begins at next: what the program maps later goes from the end of a gap down,
 * one behind the other, so the place is at its begin, or as far below as a jump reaches.  The stack grows down.
 */
static uint64_t room_between(uint64_t last_end, const struct mapping *next, size_t room, const struct mapping *m)
{
	uint64_t begin = last_end + APART, apart = !strcmp(next->path, "[stack]") ? STACK_APART : APART;

	if (next->start < begin + room + apart)
		return 0;
	if (begin < m->start && m->end > begin + REACH)
		begin = (m->end - REACH) & ~4095ull;
	if (begin + room + apart > next->start || begin + room > m->start + REACH)
		return 0;
	return begin;
}

bool library_mapped(pid_t tid, uint64_t ip, size_t room, struct mapping *ret, uint64_t *ret_room)
{
	char name[64], line[1024], perms[8];
	struct mapping last = { .end = 0x10000 }, below = { 0 };
	uint64_t below_from = 0;
	bool found = false;
	FILE *f;

	*ret_room = 0;
	snprintf(name, sizeof(name), "/proc/%d/maps", (int)tid);
	f = fopen(name, "re");
	while (f && !*ret_room && fgets(line, sizeof(line), f)) {
		struct mapping m;

		if (!mapping_of(line, &m, perms))
			continue;
		if (found)	/* a gap above it: a sanitizer leaves none below */
			*ret_room = room_between(last.end, &m, room, ret);
		else if (m.start > last.end + room + 2 * APART)
			below_from = last.end, below = m;
		last = m;
		if (ip < m.start || ip >= m.end)
			continue;
		if (strcmp(perms, "r-xp") != 0 || m.path[0] != '/')
			break;
		found = true;
		*ret = m;
		*ret_room = below_from ? room_between(below_from, &below, room, ret) : 0;
	}
	if (f)
		fclose(f);
	return found;
}

void library_each(const struct library *l, const struct mapping *m, library_site_fn *fn, void *ctx)
{
	for (unsigned i = 0; i < l->code.n; i++) {
		const struct code_text *x = &l->code.text[i];

		if (m->offset > x->offset || m->offset + (m->end - m->start) < x->offset + x->text.size)
			continue;
		for (size_t k = 0; k < l->sites[i].n; k++)
			fn(ctx, &l->sites[i].v[k], x->text.bytes, x->text.size, m->start + (x->offset - m->offset));
	}
}
