/* SPDX-License-Identifier: MIT */
#include "capture/common/code.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/common/symbol.h"
#include "capture/proc/proc.h"
#include "record/build.h"

/* path: as the tracer sees it; ino: of the file whose pages are mapped; offset: of the instruction in it. */
struct code_at { const char *path; uint32_t path_len; uint64_t ino, offset; };

/* O_NONBLOCK: by now the name may be that of a FIFO. */
static int open_it(const char *path, uint64_t ino)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == ino)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int code_open(pid_t pid, const char *name, size_t len, uint64_t ino)
{
	char path[RECORD_STR_MAX + 32];
	int fd = -1;

	len = MIN(len, (size_t)RECORD_STR_MAX);
	if (len && name[0] == '/') {
		snprintf(path, sizeof(path), "%.*s", (int)len, name);
		fd = open_it(path, ino);
		if (fd < 0) {
			snprintf(path, sizeof(path), "/proc/%d/root%.*s", pid, (int)len, name);
			fd = open_it(path, ino);
		}
	}
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return open_it(path, ino);
}

static void put_code(const struct record *head, const struct code_at *at, struct emitter *out)
{
	struct record_code *r =
		record_begin(&out->rec, RECORD_CODE, sizeof(*r), head->pid, head->tid, head->ts_ns);
	int fd = code_open((pid_t)head->pid, at->path, at->path_len, at->ino);
	char name[SYMBOL_MAX];
	uint64_t into = 0;
	size_t n = fd >= 0 ? symbol_find(fd, at->offset, name, &into) : 0;

	if (fd >= 0)
		close(fd);
	r->offset = at->offset;
	r->ino = at->ino;
	r->into = into;
	r->nchunks = n ? 2 : 1;
	record_chunk(&out->rec, 0, PART_PATH, 0, at->path, at->path_len);
	if (n)
		record_chunk(&out->rec, 0, PART_SYMBOL, 0, name, n);
	emitter_put(out);
}

void code_name(const struct record_code *r, struct emitter *out)
{
	const struct record_chunk *path = (const struct record_chunk *)(r + 1);

	if (r->nchunks && path->part == PART_PATH)
		put_code(&r->h, &(struct code_at){(const char *)(path + 1), path->len, r->ino, r->offset}, out);
}

void code_look(const struct record *head, uint64_t ip, struct emitter *out)
{
	struct buf b = { 0 };

	if (!proc_read_all((pid_t)head->tid, 0, "maps", &b)) {
		buf_done(&b);
		return;
	}
	for (char *line = b.s, *end; *line; line = end) {
		unsigned long long start, stop, off, ino;
		int at = 0;

		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (sscanf(line, "%llx-%llx %*s %llx %*x:%*x %llu %n", &start, &stop, &off, &ino, &at) < 4 ||
		    ip < start || ip >= stop)
			continue;
		if (ino && line[at])
			put_code(head, &(struct code_at){line + at, (uint32_t)strlen(line + at), ino, ip - start + off},
				 out);
		break;
	}
	buf_done(&b);
}
