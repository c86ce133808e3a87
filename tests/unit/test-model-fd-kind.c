/* SPDX-License-Identifier: MIT */
/* Descriptors of what is no file: event files, pidfds, /proc/PID/fd, asynchronous requests. */
#include "scene.h"

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
		SCENE(descriptors_of_nothing_in_the_file_system), SCENE(pidfd_getfd_is_a_dup_from_elsewhere),
		SCENE(proc_fd_paths), SCENE(tmpfile_gets_its_name_by_link), SCENE(pidfds_come_with_children),
		SCENE(requests_count_when_their_outcome_is_heard_of),
	};

	return cmocka_run_group_tests_name("model-fd-kind", tests, NULL, NULL);
}
