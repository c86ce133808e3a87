/* SPDX-License-Identifier: MIT */
/* Descriptors: who shares which table, what a number means after dup, fork, exec, and what is reported of it. */
#include "model/world.h"
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
	assert_string_equal(go(s)->name, "/old");
	assert_string_equal(got(s, EV_RELEASE, 0)->name, "/old");
	assert_string_equal(name_of(s, 10, 3), "/new");
	assert_string_equal(close_(s, 10, 3)->name, "/new");
	assert_null(file_of(s, 10, 3));
}

/* Three threads take one number: a close means what was there when it began, in whatever order records come. */
static void closes_mean_what_was_there_when_they_began(void **state)
{
	struct scene *s = *state;
	uint64_t first, second;

	open_(s, 10, "/1", O_RDONLY, 3);
	fork_(s, 10, 11, THREAD);
	fork_(s, 10, 12, THREAD);
	first = s->now;
	open_(s, 11, "/2", O_RDONLY, 3);
	second = s->now;
	CALL(s, 12, "dup", 3, 0);
	go(s);
	CALL(s, 10, "read", 5, 3, 0, 5)->h.ts_ns = first - 100;
	assert_string_equal(go(s)->name, "/1");
	CALL(s, 11, "close", 0, 3)->h.ts_ns = second - 100;
	assert_string_equal(go(s)->name, "/2");
	CALL(s, 11, "close", -EBADF, 3)->h.ts_ns = first - 200;
	assert_string_equal(go(s)->name, "");
	CALL(s, 10, "close", 0, 3)->h.ts_ns = first - 100;
	assert_string_equal(go(s)->name, "/1");
	CALL(s, 10, "close", 0, 3)->h.ts_ns = first - 100;
	assert_string_equal(go(s)->name, "");
	close_(s, 12, 3);
	assert_null(file_of(s, 10, 3));

	/* not what is chosen: dup2 closes by itself what is there */
	open_(s, 10, "/3", O_RDONLY, 3);
	open_(s, 10, "/4", O_RDONLY, 4);
	first = s->now;
	CALL(s, 10, "dup2", 3, 4, 3);
	go(s);
	assert_string_equal(got(s, EV_RELEASE, 0)->name, "/3");
	CALL(s, 11, "close", 0, 3)->h.ts_ns = first - 100;
	assert_string_equal(go(s)->name, "");
}

/* One opens and closes, then another thread gets the number: also where the other's record comes first. */
static void opens_whose_record_comes_late(void **state)
{
	struct scene *s = *state;
	uint64_t first = s->now, second = first + 10000;

	fork_(s, 10, 11, THREAD);
	s->now = second;
	open_(s, 11, "/second", O_RDONLY, 3);
	s->now = first;
	open_(s, 10, "/first", O_RDONLY, 3);
	assert_string_equal(name_of(s, 10, 3), "/second");
	assert_string_equal(io(s, 10, "read", 3, 5)->name, "/first");
	assert_string_equal(close_(s, 10, 3)->name, "/first");
	assert_string_equal(got(s, EV_RELEASE, 0)->name, "/first");
	s->now = second + 1000;
	assert_string_equal(io(s, 11, "read", 3, 5)->name, "/second");
	assert_string_equal(close_(s, 11, 3)->name, "/second");
	assert_null(file_of(s, 10, 3));
}

/* Records of closes that never come: the last few are kept, and all end with the table, or with close_range. */
static void closes_that_never_come_are_bounded(void **state)
{
	struct scene *s = *state;

	fork_(s, 10, 11, THREAD);
	for (int i = 0; i < 100; i++)
		open_(s, 10 + i % 2, "/x", O_RDONLY, 3);
	assert_int_equal(count(s, EV_RELEASE), 99 - FD_PAST_MAX);
	CALL(s, 11, "close_range", 0, 3, 5, 0);
	go(s);
	assert_int_equal(count(s, EV_RELEASE), 100);
	open_(s, 10, "/y", O_RDONLY, 3);
	open_(s, 11, "/z", O_RDONLY, 3);
	exit_(s, 11, 0);
	exit_(s, 10, 0);
	assert_int_equal(count(s, EV_RELEASE), 102);
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

/* A descriptor of the last number, which only a recording made up has. */
static void the_last_number_has_none_behind_it(void **state)
{
	struct scene *s = *state;

	open_(s, 10, "/etc/hosts", O_RDONLY, 3);
	snapshot_pipe(s, 10, INT32_MAX, O_WRONLY);
	fork_(s, 10, 11, 0);
	assert_ptr_equal(file_of(s, 11, INT32_MAX), file_of(s, 10, INT32_MAX));
	fork_(s, 10, 12, 0);
	snapshot_pipe(s, 12, 5, O_RDONLY);	/* all that processes have is looked at for its other end */
	assert_int_equal(file_of(s, 12, 5)->peer_file, file_of(s, 10, INT32_MAX)->id);
	close_(s, 11, INT32_MAX);
	assert_null(file_of(s, 11, INT32_MAX));
	close_(s, 10, 3);
	io(s, 12, "read", 5, 1);
	exit_(s, 12, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(opens_and_closes), SCENE(failed_open_leaves_no_descriptor),
		SCENE(bytes_belong_to_the_description), SCENE(dup2_closes_what_was_there),
		SCENE(fork_copies_threads_share), SCENE(exec_closes_cloexec_and_ends_sharing),
		SCENE(close_range_closes_marks_and_unshares), SCENE(a_late_close_does_not_close_the_new_file),
		SCENE(closes_mean_what_was_there_when_they_began), SCENE(opens_whose_record_comes_late), SCENE(closes_that_never_come_are_bounded),
		SCENE(snapshot_descriptors), SCENE(snapshot_pipe_ends_meet),
		SCENE(unknown_descriptors_are_made_when_used), SCENE(absurd_numbers_cost_nothing),
		SCENE(tables_grow_over_sparse_numbers), SCENE(sh_counts_the_write_to_the_redirection),
		SCENE(the_last_number_has_none_behind_it),
	};

	return cmocka_run_group_tests_name("model-fd", tests, NULL, NULL);
}
