/* SPDX-License-Identifier: MIT */
/*
 * Replays a recording and prints what the model holds whenever the program looks for /tracee/dump/NAME: the caller's
 * descriptors and the regions of its address space.  One of the judges: run.py compares it with /proc.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "sink/words.h"
#include "../golden/replay.h"

static const char marker[] = "/tracee/dump/";

static void tell_addr(bool has, const struct addr *a)
{
	struct buf b = { 0 };

	if (has)
		addr_format(&b, a);
	printf("\t%s", has && b.len ? b.s : "-");
	buf_done(&b);
}

static void tell_socket(int fd, const struct file *f)
{
	static const char *const states[] = { "none", "connecting", "connected", "failed", "listening", "accepted" };

	printf("SOCK\t%d\t%s\t%s", fd, sock_proto_name(f->sock), states[f->sock->now.state]);
	tell_addr(f->sock->has_local, &f->sock->local);
	tell_addr(f->sock->now.has_peer, &f->sock->now.peer);
	printf("\t%u\n", f->peer_pid);
}

static void on_event(void *ctx, const struct event *ev)
{
	const struct fdent *e;

	(void)ctx;
	if (ev->kind != EV_LOOKUP || !ev->path || strncmp(ev->path, marker, strlen(marker)) != 0)
		return;
	printf("DUMP\t%s\n", ev->path + strlen(marker));
	FDTAB_EACH(ev->task->fds, 0, fd, e) {
		const struct file *f = e->file;
		bool named = f->name.len && f->name.s[0] == '/';

		printf("FD\t%d\t", fd);
		if (f->sock)	/* its own name has its peer */
			printf("socket:[%llu]", (unsigned long long)f->ino);
		else
			printf("%s%s", f->kind == FILE_PIDFD ? "anon_inode:[pidfd]" : f->name.s,
			       named && f->deleted ? " (deleted)" : "");
		printf("\t%d\t", e->cloexec);
		if (f->has_pos && (f->kind == FILE_REG || f->kind == FILE_MEMFD))
			printf("%llu\t", (unsigned long long)f->pos);
		else
			printf(f->kind == FILE_REG && !(f->open_flags & O_PATH) ? "?\t" : "-\t");
		puts(f->kind == FILE_MEMFD			       ? "file" :
		     f->kind <= FILE_SOCKET && f->kind != FILE_UNKNOWN ? file_kind_name(f->kind) :
									 "other");
		if (f->sock)
			tell_socket(fd, f);
	}
	printf("IO\t%llu\t%llu\n", (unsigned long long)ev->task->proc->bytes_read,
	       (unsigned long long)ev->task->proc->bytes_written);
	for (unsigned i = 0; i < ev->task->proc->mm->n; i++) {
		const struct region *r = ev->task->proc->mm->v[i];

		printf("MAP\t%08llx-%08llx %c%c%c%c %08llx %s\n", (unsigned long long)r->start,
		       (unsigned long long)r->end, r->prot & PROT_READ ? 'r' : '-', r->prot & PROT_WRITE ? 'w' : '-',
		       r->prot & PROT_EXEC ? 'x' : '-', r->flags & MAP_SHARED ? 's' : 'p',
		       (unsigned long long)r->offset,
		       r->path.s		? r->path.s :
		       r->kind == MAP_KIND_HEAP ? "[heap]" :
						  "");
	}
}

int main(int argc, char **argv)
{
	return replay(argc, argv, on_event, NULL);
}
