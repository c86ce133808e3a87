/* SPDX-License-Identifier: MIT */
/* Descriptors: who shares which table, what a number means after dup, fork, exec, and what is reported of it. */
#include "scene.h"

static void opens_and_closes(void **state)
{
	struct scene *s = *state;
	const struct seen *e = open_(s, 10, "/etc/hosts", O_RDONLY | O_CLOEXEC, 3);
	uint32_t id = e->file;

	assert_int_equal(e->kind, EV_OPEN);
	assert_string_equal(e->path, "/etc/hosts");
	assert_int_equal(e->fd, 3);
	assert_int_equal(e->dur_ns, 500);
	assert_true(id);

	e = io(s, 10, "read", 3, 100);
	assert_int_equal(e->kind, EV_READ);
	assert_int_equal(e->file, id);
	assert_int_equal(e->nbytes, 100);
	assert_int_equal(e->nread, 100);
	e = io(s, 10, "read", 3, -EIO);
	assert_int_equal(e->err, EIO);
	assert_int_equal(e->nbytes, 0);

	e = close_(s, 10, 3);
	assert_int_equal(e->kind, EV_CLOSE);
	assert_string_equal(e->name, "/etc/hosts");
	assert_int_equal(got(s, EV_RELEASE, 0)->file, id);
	assert_int_equal(got(s, EV_RELEASE, 0)->nread, 100);
	assert_null(file_of(s, 10, 3));
	e = close_(s, 10, 3);
	assert_int_equal(e->file, 0);
}

static void failed_open_leaves_no_descriptor(void **state)
{
	struct scene *s = *state;
	const struct seen *e = open_(s, 10, "nothing", O_RDONLY, -ENOENT);

	assert_int_equal(e->kind, EV_OPEN);
	assert_int_equal(e->err, ENOENT);
	assert_string_equal(e->path, "/home/me/nothing");
	assert_string_equal(e->raw, "nothing");
	assert_int_equal(e->fd, -1);
	assert_int_equal(e->file, 0);
}

static void bytes_belong_to_the_description(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/tmp/x", O_RDWR, 3);
	CALL(s, 10, "dup2", 1, 3, 1);
	assert_int_equal(go(s)->kind, EV_DUP);
	fork_(s, 10, 11, 0);
	io(s, 11, "write", 1, 40);
	io(s, 10, "write", 3, 2);
	assert_int_equal(file_of(s, 10, 3)->bytes_written, 42);
	assert_int_equal(file_of(s, 10, 3)->pos, 42);
	assert_ptr_equal(file_of(s, 10, 3), file_of(s, 11, 1));
	CALL(s, 11, "lseek", 7, 3, 7, SEEK_SET);
	go(s);
	assert_int_equal(file_of(s, 10, 1)->pos, 7);
	CALL(s, 10, "pread64", 5, 3, 0, 5, 100);
	go(s);
	assert_int_equal(file_of(s, 10, 1)->pos, 7);

	close_(s, 10, 1);
	close_(s, 10, 3);
	assert_int_equal(count(s, EV_RELEASE), 0);	/* the child has it still */
	exit_(s, 11, 0);
	assert_int_equal(count(s, EV_RELEASE), 1);
}

static void dup2_closes_what_was_there(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/a", O_RDONLY, 3);
	open_(s, 10, "/b", O_RDONLY, 4);
	CALL(s, 10, "dup2", 4, 3, 4);

	const struct seen *e = go(s);

	assert_int_equal(e->fd, 3);
	assert_int_equal(e->fd2, 4);
	assert_string_equal(e->name, "/a");
	assert_string_equal(got(s, EV_RELEASE, 0)->name, "/b");
	assert_string_equal(name_of(s, 10, 4), "/a");
	CALL(s, 10, "dup2", 3, 3, 3);	/* nothing happens */
	go(s);
	assert_null(got(s, EV_RELEASE, 0));
	assert_string_equal(name_of(s, 10, 3), "/a");
}

static void fork_copies_threads_share(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/a", O_RDONLY, 3);
	fork_(s, 10, 11, 0);
	fork_(s, 10, 12, THREAD);
	fork_(s, 10, 13, CLONE_FILES);		/* a process that shares the table */
	close_(s, 12, 3);
	assert_null(file_of(s, 10, 3));
	assert_null(file_of(s, 13, 3));
	assert_string_equal(name_of(s, 11, 3), "/a");
	open_(s, 13, "/b", O_RDONLY, 3);
	assert_string_equal(name_of(s, 10, 3), "/b");

	CALL(s, 13, "unshare", 0, CLONE_FILES);
	go(s);
	close_(s, 13, 3);
	assert_string_equal(name_of(s, 12, 3), "/b");

	fork_(s, 10, 14, CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD);	/* a thread with a table of its own */
	close_(s, 14, 3);
	assert_null(file_of(s, 14, 3));
	assert_string_equal(name_of(s, 10, 3), "/b");
}

static void exec_closes_cloexec_and_ends_sharing(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/keep", O_RDONLY, 3);
	open_(s, 10, "/lose", O_RDONLY | O_CLOEXEC, 4);
	CALL(s, 10, "fcntl", 5, 3, F_DUPFD_CLOEXEC, 5);
	assert_int_equal(go(s)->kind, EV_DUP);
	CALL(s, 10, "fcntl", 6, 3, F_DUPFD, 6);
	go(s);
	CALL(s, 10, "fcntl", 0, 6, F_SETFD, FD_CLOEXEC);
	assert_int_equal(go(s)->kind, EV_CALL);
	CALL(s, 10, "dup3", 7, 3, 7, O_CLOEXEC);
	go(s);
	CALL(s, 10, "dup", 8, 7);		/* a copy is never close-on-exec */
	go(s);
	CALL(s, 10, "dup", 9, 7);
	go(s);
	CALL(s, 10, "ioctl", 0, 9, 0x5451);
	go(s);
	fork_(s, 10, 11, CLONE_FILES);
	exec(s, 11, "/bin/cat", NULL);
	assert_non_null(got(s, EV_EXEC, 0));
	assert_string_equal(name_of(s, 11, 3), "/keep");
	assert_null(file_of(s, 11, 4));
	assert_null(file_of(s, 11, 5));
	assert_null(file_of(s, 11, 6));
	assert_null(file_of(s, 11, 7));
	assert_string_equal(name_of(s, 11, 8), "/keep");
	assert_null(file_of(s, 11, 9));
	assert_string_equal(name_of(s, 10, 4), "/lose");
	exec(s, 10, "/bin/cat", NULL);
	assert_string_equal(got(s, EV_RELEASE, 0)->name, "/lose");
}

static void close_range_closes_marks_and_unshares(void **state)
{
	struct scene *s = *state;

	for (int fd = 3; fd < 8; fd++)
		open_(s, 10, "/f", O_RDONLY, fd);
	fork_(s, 10, 11, THREAD);
	CALL(s, 10, "close_range", 0, 6, ~0u, 0);
	assert_int_equal(go(s)->kind, EV_CLOSE);
	assert_non_null(got(s, EV_RELEASE, 1));
	assert_null(file_of(s, 10, 6));
	assert_null(file_of(s, 10, 7));
	CALL(s, 10, "close_range", 0, 5, 5, 4);
	go(s);
	assert_non_null(file_of(s, 10, 5));
	CALL(s, 11, "close_range", 0, 3, 3, 2);
	go(s);
	assert_null(file_of(s, 11, 3));
	assert_non_null(file_of(s, 10, 3));
	CALL(s, 10, "close_range", -EINVAL, 3, 1, 0);
	go(s);
	exec(s, 10, "/bin/true", NULL);
	assert_non_null(file_of(s, 10, 3));
	assert_null(file_of(s, 10, 5));
}

/* With results asked for, a close is reported when it returned; its number may have been given away by then. */
static void a_late_close_does_not_close_the_new_file(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/old", O_RDONLY, 3);
	fork_(s, 10, 11, THREAD);

	uint64_t began = s->now;

	open_(s, 11, "/new", O_RDONLY, 3);
	CALL(s, 10, "close", 0, 3)->h.ts_ns = began - 100;
	go(s);
	assert_string_equal(name_of(s, 10, 3), "/new");
	close_(s, 10, 3);
	assert_null(file_of(s, 10, 3));
}

static void descriptors_of_nothing_in_the_file_system(void **state)
{
	static const struct { const char *call; enum file_kind kind; const char *name; uint64_t args[6]; bool cloexec; } rows[] = {
		{ "eventfd2", FILE_EVENTFD, "anon_inode:[eventfd]", { 0, O_CLOEXEC }, true },
		{ "eventfd", FILE_EVENTFD, "anon_inode:[eventfd]", { 0, O_CLOEXEC }, false },
		{ "epoll_create1", FILE_EPOLL, "anon_inode:[eventpoll]", { 0 }, false },
		{ "timerfd_create", FILE_TIMERFD, "anon_inode:[timerfd]", { 0, O_CLOEXEC }, true },
		{ "signalfd4", FILE_SIGNALFD, "anon_inode:[signalfd]", { ~0ull, 0, 8, O_CLOEXEC }, true },
		{ "inotify_init1", FILE_INOTIFY, "anon_inode:inotify", { 0 }, false },
		{ "fanotify_init", FILE_FANOTIFY, "anon_inode:[fanotify]", { 1 }, true },
		{ "pidfd_open", FILE_PIDFD, "pidfd:10", { 10 }, true },
		{ "io_uring_setup", FILE_IO_URING, "anon_inode:[io_uring]", { 8 }, true },
		{ "memfd_create", FILE_MEMFD, "memfd:", { 0, 1 }, true },
		{ "userfaultfd", FILE_ANON, "anon_inode:[userfaultfd]", { 0 }, false },
	};
	struct scene *s = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct seen *e;

		call_begin(s, 10, rows[i].call, 3 + i, rows[i].args);
		e = go(s);
		assert_int_equal(e->kind, EV_SPECIAL_FD);
		assert_int_equal(e->fd, 3 + i);
		assert_int_equal(file_of(s, 10, (int)(3 + i))->kind, rows[i].kind);
		assert_string_equal(e->name, rows[i].name);
	}
	exec(s, 10, "/bin/true", NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(file_of(s, 10, (int)(3 + i)) == NULL, rows[i].cloexec);
	CALL(s, 10, "memfd_create", 40, 0, 0);
	str(s, 0, "jit");
	assert_string_equal(go(s)->name, "memfd:jit");
}

static void pidfd_getfd_is_a_dup_from_elsewhere(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	open_(s, 11, "/theirs", O_RDONLY, 5);
	CALL(s, 10, "pidfd_open", 3, 11, 0);
	go(s);
	CALL(s, 10, "pidfd_getfd", 4, 3, 5, 0);
	assert_string_equal(go(s)->name, "/theirs");
	assert_ptr_equal(file_of(s, 10, 4), file_of(s, 11, 5));
	CALL(s, 10, "pidfd_getfd", 6, 3, 99, 0);
	go(s);
	assert_string_equal(name_of(s, 10, 6), "fd 99 of pid 11");
	exec(s, 10, "/bin/true", NULL);
	assert_null(file_of(s, 10, 4));
}

static void proc_fd_paths(void **state)
{
	static const char *const same[] = { "/proc/self/fd/3", "/dev/fd/3", "/proc/10/fd/3", "/proc/thread-self/fd/3",
					    "/proc/self/task/10/fd/3" };
	struct scene *s = *state;

	open_(s, 10, "/data/f", O_RDONLY, 3);
	for (unsigned i = 0; i < ARRAY_SIZE(same); i++) {
		const struct seen *e = open_(s, 10, same[i], O_WRONLY, 4);

		assert_string_equal(e->path, "/data/f");
		assert_string_equal(e->raw, same[i]);
		assert_ptr_not_equal(file_of(s, 10, 4), file_of(s, 10, 3));	/* another description */
		close_(s, 10, 4);
	}
	CALL(s, 10, "dup2", 0, 3, 0);
	go(s);
	assert_string_equal(open_(s, 10, "/dev/stdin", O_RDONLY, 5)->path, "/data/f");
	pipe_(s, 10, 6, 7);
	assert_string_equal(open_(s, 10, "/dev/fd/6", O_RDONLY, 8)->path, name_of(s, 10, 6));
	assert_int_equal(file_of(s, 10, 8)->kind, FILE_PIPE);
	assert_int_equal(file_of(s, 10, 8)->peer_file, file_of(s, 10, 7)->id);

	CALL(s, 10, "openat", 9, (uint64_t)AT_FDCWD, 0, O_DIRECTORY);
	str(s, 1, "/srv");
	go(s);
	assert_string_equal(open_(s, 10, "/proc/self/fd/9/sub/x", O_RDONLY, 11)->path, "/srv/sub/x");
	/* The link itself, and what is not there, stay what they are. */
	CALL(s, 10, "readlink", 7, 0, 0, 64);
	str(s, 0, "/proc/self/fd/3");
	assert_string_equal(go(s)->path, "/proc/self/fd/3");
	assert_string_equal(open_(s, 10, "/proc/self/fd/77", O_RDONLY, -ENOENT)->path, "/proc/self/fd/77");
	assert_string_equal(open_(s, 10, "/proc/self/status", O_RDONLY, 12)->path, "/proc/self/status");
	assert_string_equal(open_(s, 10, "/proc/self/cwd/y", O_RDONLY, 13)->path, "/home/me/y");
}

static void tmpfile_gets_its_name_by_link(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/var/tmp", O_TMPFILE | O_RDWR, 3);
	assert_true(file_of(s, 10, 3)->deleted);
	assert_memory_equal(name_of(s, 10, 3), "/var/tmp/#tmpfile", 17);
	io(s, 10, "write", 3, 9);
	CALL(s, 10, "linkat", 0, (uint64_t)AT_FDCWD, 0, (uint64_t)AT_FDCWD, 0, AT_SYMLINK_FOLLOW);
	str(s, 1, "/proc/self/fd/3");
	str(s, 3, "/var/tmp/final");
	assert_string_equal(go(s)->path2, "/var/tmp/final");
	assert_string_equal(name_of(s, 10, 3), "/var/tmp/final");
	assert_false(file_of(s, 10, 3)->deleted);
	assert_int_equal(file_of(s, 10, 3)->bytes_written, 9);
}

static void snapshot_descriptors(void **state)
{
	static const struct { const char *link; uint32_t mode; uint64_t ino; enum file_kind kind; const char *name; } rows[] = {
		{ "/dev/pts/0", 0020620, 3, FILE_TTY, "/dev/pts/0" },
		{ "/dev/null", 0020666, 4, FILE_DEV, "/dev/null" },
		{ "/etc/hosts", 0100644, 5, FILE_REG, "/etc/hosts" },
		{ "/tmp/x (deleted)", 0100644, 6, FILE_REG, "/tmp/x" },
		{ "/srv", 0040755, 7, FILE_DIR, "/srv" },
		{ "anon_inode:[eventpoll]", 0600, 8, FILE_EPOLL, "anon_inode:[eventpoll]" },
		{ "anon_inode:[eventfd]", 0600, 8, FILE_EVENTFD, "anon_inode:[eventfd]" },
		{ "anon_inode:[pidfd]", 0600, 8, FILE_PIDFD, "anon_inode:[pidfd]" },
		{ "anon_inode:inotify", 0600, 8, FILE_INOTIFY, "anon_inode:inotify" },
		{ "/memfd:x (deleted)", 0100777, 9, FILE_MEMFD, "memfd:x" },
		{ "pipe:[77]", 0010600, 77, FILE_PIPE, "pipe:[77]" },
		{ "socket:[78]", 0140777, 78, FILE_SOCKET, "socket:[78]" },
	};
	struct scene *s = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct record_fd *r = begin(s, RECORD_FD, sizeof(*r), 10);

		r->fd = (int)i;
		r->ino = rows[i].ino;
		r->mode = rows[i].mode;
		text_part(s, PART_PATH, rows[i].link);
		feed(s);
		assert_int_equal(file_of(s, 10, (int)i)->kind, rows[i].kind);
		assert_string_equal(name_of(s, 10, (int)i), rows[i].name);
		assert_int_equal(file_of(s, 10, (int)i)->opener_proc, 0);
	}
	assert_true(file_of(s, 10, 3)->deleted);
}

static void snapshot_pipe(struct scene *s, uint32_t pid, int fd, uint32_t flags)
{
	struct record_fd *r = begin(s, RECORD_FD, sizeof(*r), pid);

	r->fd = fd;
	r->ino = 77;
	r->mode = 0010600;
	r->open_flags = flags;
	text_part(s, PART_PATH, "pipe:[77]");
	feed(s);
}

static void snapshot_pipe_ends_meet(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, 0);
	snapshot_pipe(s, 10, 1, O_WRONLY);
	snapshot_pipe(s, 11, 0, O_RDONLY);
	snapshot_pipe(s, 11, 5, O_RDONLY);
	assert_ptr_equal(file_of(s, 11, 0), file_of(s, 11, 5));
	assert_int_equal(file_of(s, 10, 1)->peer_file, file_of(s, 11, 0)->id);
	assert_int_equal(file_of(s, 10, 1)->peer_proc, world_task(s->w, 11)->proc->id);
	assert_int_equal(file_of(s, 11, 0)->peer_proc, world_task(s->w, 10)->proc->id);
}

static void unknown_descriptors_are_made_when_used(void **state)
{
	struct scene *s = *state;

	io(s, 10, "write", 30, 5);
	assert_int_equal(file_of(s, 10, 30)->kind, FILE_UNKNOWN);
	assert_int_equal(file_of(s, 10, 30)->bytes_written, 5);
	io(s, 10, "write", 31, -EBADF);
	assert_null(file_of(s, 10, 31));
}

static void absurd_numbers_cost_nothing(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/a", O_RDONLY, 3);
	for (unsigned i = 0; i < 20000; i++) {
		CALL(s, 10, "dup2", (int64_t)(INT32_MAX - (int)i * 7), 3, (uint64_t)(INT32_MAX - (int)i * 7));
		go(s);
	}
	assert_string_equal(name_of(s, 10, INT32_MAX), "/a");
	assert_string_equal(name_of(s, 10, INT32_MAX - 7), "/a");
	assert_null(file_of(s, 10, INT32_MAX - 1));
	assert_null(file_of(s, 10, -1));
	fork_(s, 10, 11, 0);
	assert_string_equal(name_of(s, 11, INT32_MAX), "/a");
	CALL(s, 11, "close_range", 0, 4, ~0u, 0);
	go(s);
	assert_null(file_of(s, 11, INT32_MAX));
	assert_string_equal(name_of(s, 11, 3), "/a");
	open_(s, 10, "/b", O_RDONLY, (int64_t)1 << 40);
	open_(s, 10, "/b", O_RDONLY, -4096);
}

/* Many descriptors, of which the high ones were there first. */
static void tables_grow_over_sparse_numbers(void **state)
{
	struct scene *s = *state;
	char path[32];

	for (int fd = 3000; fd >= 3; fd--) {
		snprintf(path, sizeof(path), "/f%d", fd);
		open_(s, 10, path, O_RDONLY, fd);
	}
	for (int fd = 3; fd <= 3000; fd++) {
		snprintf(path, sizeof(path), "/f%d", fd);
		assert_string_equal(name_of(s, 10, fd), path);
	}
	for (int fd = 3; fd <= 3000; fd++)
		close_(s, 10, fd);
	assert_int_equal(count(s, EV_RELEASE), 2998);
}

static void sh_counts_the_write_to_the_redirection(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	fork_(s, 10, 11, 0);		/* sh -c 'cat a > b' */
	open_(s, 11, "b", O_WRONLY | O_CREAT | O_TRUNC, 3);
	CALL(s, 11, "dup2", 1, 3, 1);
	go(s);
	close_(s, 11, 3);
	exec(s, 11, "/bin/cat", "a");
	open_(s, 11, "a", O_RDONLY, 3);
	io(s, 11, "read", 3, 50);
	e = io(s, 11, "write", 1, 50);
	assert_string_equal(e->name, "/home/me/b");
	CALL(s, 11, "copy_file_range", 20, 3, 0, 1, 0, 100);
	e = go(s);
	assert_int_equal(e->kind, EV_TRANSFER);
	assert_string_equal(e->name, "/home/me/a");
	assert_string_equal(e->name2, "/home/me/b");
	assert_int_equal(e->nbytes, 20);
	CALL(s, 11, "sendfile", 5, 1, 3, 0, 100);
	e = go(s);
	assert_string_equal(e->name, "/home/me/a");
	assert_string_equal(e->name2, "/home/me/b");
	assert_int_equal(file_of(s, 11, 1)->bytes_written, 75);
	assert_int_equal(file_of(s, 11, 3)->bytes_read, 75);
	assert_int_equal(world_task(s->w, 11)->proc->bytes_written, 75);
	exit_(s, 11, 0);
	assert_int_equal(got(s, EV_RELEASE, 1)->nwritten + got(s, EV_RELEASE, 0)->nwritten, 75);
}

static void pidfds_come_with_children(void **state)
{
	struct scene *s = *state;
	uint64_t args[11] = { CLONE_PIDFD };

	fork_(s, 10, 11, CLONE_PIDFD);
	CALL(s, 10, "clone", 11, CLONE_PIDFD | SIGCHLD, 0, 0x1000, 0, 0);
	out(s, 2, (int[]){ 5 }, sizeof(int));
	go(s);
	assert_string_equal(name_of(s, 10, 5), "pidfd:11");
	assert_int_equal(file_of(s, 10, 5)->kind, FILE_PIDFD);
	assert_null(file_of(s, 11, 5));
	fork_(s, 10, 12, CLONE_PIDFD);
	CALL(s, 10, "clone3", 12, 0x1000, sizeof(args));
	in(s, 0, args, sizeof(args));
	part(s, 0, PART_INT, CHUNK_AT_EXIT, (int[]){ 6 }, sizeof(int));
	go(s);
	assert_int_equal(file_of(s, 10, 6)->target_pid, 12);
	exec(s, 10, "/bin/true", NULL);
	assert_null(file_of(s, 10, 6));		/* close-on-exec by itself */
}

static void put_iocb(struct scene *s, uint64_t addr, unsigned op, unsigned fd)
{
	struct record_iocb r = { .addr = addr };

	memcpy(r.iocb + 16, &op, 2);
	memcpy(r.iocb + 20, &fd, 4);
	part(s, 2, PART_IOCB, 0, &r, sizeof(r));
}

static const struct seen *outcome(struct scene *s, uint32_t tid, uint64_t addr, int64_t res)
{
	CALL(s, tid, "io_getevents", 1, 0x9000, 1, 1, 0x1000, 0);
	out(s, 3, (uint64_t[]){ 0, addr, (uint64_t)res, 0 }, 32);
	go(s);
	return &s->v[s->from];
}

static void requests_count_when_their_outcome_is_heard_of(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	open_(s, 10, "/a", O_RDWR, 3);
	CALL(s, 10, "io_submit", 1, 0x9000, 1, 0x1000);
	put_iocb(s, 0x500, 1, 3);
	go(s);
	assert_int_equal(file_of(s, 10, 3)->bytes_written, 0);
	close_(s, 10, 3);
	assert_int_equal(count(s, EV_RELEASE), 0);	/* it is still written to */
	e = outcome(s, 10, 0x500, 100);
	assert_int_equal(e->kind, EV_WRITE);
	assert_int_equal(e->nbytes, 100);
	assert_string_equal(e->name, "/a");
	assert_int_equal(count(s, EV_RELEASE), 1);

	/* reported to another thread before the submission is recorded; and a failure */
	fork_(s, 10, 11, CLONE_THREAD | CLONE_VM | CLONE_FILES);
	open_(s, 10, "/b", O_RDWR, 3);
	e = outcome(s, 11, 0x500, 7);
	assert_int_equal(e->kind, EV_CALL);
	CALL(s, 10, "io_submit", 1, 0x9000, 1, 0x1000);
	put_iocb(s, 0x500, 0, 3);
	go(s);
	assert_int_equal(file_of(s, 10, 3)->bytes_read, 7);
	CALL(s, 10, "io_submit", 1, 0x9000, 1, 0x1000);
	put_iocb(s, 0x540, 0, 3);
	go(s);
	e = outcome(s, 10, 0x540, -EIO);
	assert_int_equal(e->err, EIO);
	assert_int_equal(file_of(s, 10, 3)->bytes_read, 7);

	/* no thread asks any more: that is reported */
	CALL(s, 10, "io_submit", 1, 0x9000, 1, 0x1000);
	put_iocb(s, 0x580, 0, 3);
	go(s);
	assert_int_equal(count(s, EV_LOST), 0);
	exec(s, 10, "/bin/true", NULL);
	assert_int_equal(count(s, EV_LOST), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(opens_and_closes),
		SCENE(failed_open_leaves_no_descriptor),
		SCENE(bytes_belong_to_the_description),
		SCENE(dup2_closes_what_was_there),
		SCENE(fork_copies_threads_share),
		SCENE(exec_closes_cloexec_and_ends_sharing),
		SCENE(close_range_closes_marks_and_unshares),
		SCENE(a_late_close_does_not_close_the_new_file),
		SCENE(descriptors_of_nothing_in_the_file_system),
		SCENE(pidfd_getfd_is_a_dup_from_elsewhere),
		SCENE(proc_fd_paths),
		SCENE(tmpfile_gets_its_name_by_link),
		SCENE(snapshot_descriptors),
		SCENE(snapshot_pipe_ends_meet),
		SCENE(unknown_descriptors_are_made_when_used),
		SCENE(absurd_numbers_cost_nothing),
		SCENE(tables_grow_over_sparse_numbers),
		SCENE(sh_counts_the_write_to_the_redirection),
		SCENE(pidfds_come_with_children),
		SCENE(requests_count_when_their_outcome_is_heard_of),
	};

	return cmocka_run_group_tests_name("model-fd", tests, NULL, NULL);
}
