/* SPDX-License-Identifier: MIT */
/* Names: paths made absolute, files renamed and removed while open, what was looked for; and bytes that move. */
#include "scene.h"

#include <sys/wait.h>

static void paths_are_made_absolute(void **state)
{
	static const struct { const char *raw, *path; } rows[] = {
		{ "/etc/hosts", "/etc/hosts" }, { "f", "/home/me/f" }, { "./f", "/home/me/f" }, { "../f", "/home/f" }, { "a//b/./c/", "/home/me/a/b/c" },
		{ "/", "/" }, { "//", "/" }, { "/..", "/" }, { "/../../x", "/x" }, { "../../../../y", "/y" }, { ".", "/home/me" }, { "..", "/home" },
		{ "...", "/home/me/..." }, { "/a/b/../../..", "/" }, { "x\n\x01\xff", "/home/me/x\n\x01\xff" },
	};
	struct scene *s = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct seen *e = open_(s, 10, rows[i].raw, O_RDONLY, -ENOENT);

		assert_string_equal(e->path, rows[i].path);
		assert_string_equal(e->raw, rows[i].raw);
	}
	CALL(s, 10, "openat", -EFAULT, (uint64_t)AT_FDCWD, 8, O_RDONLY);
	part(s, 1, PART_BYTES, CHUNK_FAULT, "", 0);
	assert_string_equal(go(s)->path, "");
	assert_string_equal(open_(s, 10, "", O_RDONLY, -ENOENT)->path, "");
}

static void paths_start_at_a_directory(void **state)
{
	struct scene *s = *state;
	uint64_t how[3] = { O_RDONLY, 0, 0x10 /* RESOLVE_IN_ROOT */ };

	open_(s, 10, "/srv/data", O_RDONLY | O_DIRECTORY, 5);
	CALL(s, 10, "openat", 6, 5, 0, O_RDONLY);
	str(s, 1, "../x");
	assert_string_equal(go(s)->path, "/srv/x");
	CALL(s, 10, "openat", 7, 5, 0, O_RDONLY);
	str(s, 1, "/abs");
	assert_string_equal(go(s)->path, "/abs");
	CALL(s, 10, "newfstatat", 0, 5, 0, 0, 0);
	str(s, 1, "y");
	assert_string_equal(go(s)->path, "/srv/data/y");
	CALL(s, 10, "newfstatat", 0, 5, 0, 0, AT_EMPTY_PATH);
	str(s, 1, "");
	assert_string_equal(go(s)->path, "/srv/data");
	CALL(s, 10, "openat2", 8, 5, 0, 0, sizeof(how));
	str(s, 1, "../../etc/passwd");
	in(s, 2, how, sizeof(how));
	assert_string_equal(go(s)->path, "/srv/data/etc/passwd");
	CALL(s, 10, "openat", -EBADF, 99, 0, O_RDONLY);
	str(s, 1, "z");
	assert_string_equal(go(s)->path, "z");		/* where from is not known */
}

static void open_says_how(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	CALL(s, 10, "creat", 3, 0, 0644);
	str(s, 0, "new");
	e = go(s);
	assert_int_equal(e->kind, EV_OPEN);
	assert_int_equal(e->flags, O_CREAT | O_WRONLY | O_TRUNC);
	assert_int_equal(open_(s, 10, "log", O_WRONLY | O_APPEND, 4)->flags, O_WRONLY | O_APPEND);
	assert_false(file_of(s, 10, 4)->has_pos);
	open_(s, 10, "/dev/tty", O_RDWR, 5);
	assert_int_equal(file_of(s, 10, 5)->kind, FILE_TTY);
	open_(s, 10, "/dev/null", O_RDWR, 6);
	assert_int_equal(file_of(s, 10, 6)->kind, FILE_DEV);
	open_(s, 10, "/dev/shm/x", O_RDWR, 7);
	assert_int_equal(file_of(s, 10, 7)->kind, FILE_REG);
	CALL(s, 10, "open_by_handle_at", 8, (uint64_t)AT_FDCWD, 0, O_RDONLY);
	e = go(s);
	assert_int_equal(e->kind, EV_OPEN);
	assert_int_equal(e->fd, 8);
}

static void two_paths(struct scene *s, const char *name, int64_t ret, const char *a, const char *b)
{
	CALL(s, 10, name, ret);
	str(s, 0, a);
	str(s, 1, b);
	go(s);
}

static void renamed_while_open(void **state)
{
	struct scene *s = *state;
	uint32_t id = open_(s, 10, "a", O_RDWR, 3)->file;

	open_(s, 10, "dir", O_RDONLY | O_DIRECTORY, 4);
	open_(s, 10, "dir/deep/x", O_RDONLY, 5);
	open_(s, 10, "directory", O_RDONLY, 6);
	open_(s, 10, "b", O_RDONLY, 7);
	two_paths(s, "rename", -ENOENT, "a", "elsewhere");
	assert_string_equal(name_of(s, 10, 3), "/home/me/a");
	two_paths(s, "rename", 0, "a", "b");
	assert_string_equal(s->v[s->from].path, "/home/me/a");
	assert_string_equal(s->v[s->from].path2, "/home/me/b");
	assert_string_equal(name_of(s, 10, 3), "/home/me/b");
	assert_int_equal(file_of(s, 10, 3)->id, id);
	assert_true(file_of(s, 10, 3)->renamed);
	assert_false(file_of(s, 10, 3)->deleted);
	assert_true(file_of(s, 10, 7)->deleted);	/* it was there and is replaced */
	two_paths(s, "rename", 0, "dir", "/srv/moved");
	assert_string_equal(name_of(s, 10, 4), "/srv/moved");
	assert_string_equal(name_of(s, 10, 5), "/srv/moved/deep/x");
	assert_int_equal(s->v[s->from].nrenamed, 1);	/* what is below it: reported */
	assert_string_equal(s->v[s->from].renamed, "/home/me/dir/deep/x /srv/moved/deep/x");
	assert_string_equal(name_of(s, 10, 6), "/home/me/directory");
	two_paths(s, "rename", 0, "/home/me", "/home/you");	/* with us in it */
	assert_string_equal(open_(s, 10, "f", O_RDONLY, -ENOENT)->path, "/home/you/f");
	CALL(s, 10, "renameat2", 0, (uint64_t)AT_FDCWD, 0, (uint64_t)AT_FDCWD, 0, 2 /* RENAME_EXCHANGE */);
	str(s, 1, "b");
	str(s, 3, "directory");
	assert_int_equal(go(s)->kind, EV_RENAME);
	assert_string_equal(name_of(s, 10, 3), "/home/you/directory");
	assert_string_equal(name_of(s, 10, 6), "/home/you/b");
	assert_false(file_of(s, 10, 6)->deleted);
}

static void deleted_while_open(void **state)
{
	struct scene *s = *state;
	uint32_t id = open_(s, 10, "/tmp/a", O_RDWR, 3)->file;

	CALL(s, 10, "unlink", 0, 0);
	str(s, 0, "/tmp/a");
	assert_int_equal(go(s)->kind, EV_UNLINK);
	assert_true(file_of(s, 10, 3)->deleted);
	io(s, 10, "write", 3, 10);
	open_(s, 10, "/tmp/a", O_RDWR | O_CREAT, 4);	/* another file */
	assert_int_equal(io(s, 10, "write", 3, 10)->file, id);
	assert_int_not_equal(file_of(s, 10, 4)->id, id);
	assert_false(file_of(s, 10, 4)->deleted);
	two_paths(s, "rename", 0, "/tmp/a", "/tmp/b");
	assert_string_equal(name_of(s, 10, 3), "/tmp/a");
	assert_string_equal(name_of(s, 10, 4), "/tmp/b");
	CALL(s, 10, "unlinkat", 0, (uint64_t)AT_FDCWD, 0, 0x200);
	str(s, 1, "/tmp/d");
	assert_int_equal(go(s)->kind, EV_RMDIR);
}

static void calls_by_name(void **state)
{
	static const struct { const char *call; unsigned path; enum event_kind kind; } rows[] = {
		{ "stat", 0, EV_LOOKUP }, { "access", 0, EV_LOOKUP }, { "readlink", 0, EV_LOOKUP }, { "statx", 1, EV_LOOKUP }, { "mkdir", 0, EV_MKDIR },
		{ "rmdir", 0, EV_RMDIR }, { "mknod", 0, EV_MKNOD }, { "chmod", 0, EV_CHMOD }, { "fchmodat", 1, EV_CHMOD }, { "lchown", 0, EV_CHOWN },
		{ "truncate", 0, EV_TRUNCATE }, { "utimes", 0, EV_UTIMES }, { "setxattr", 0, EV_XATTR }, { "umount2", 0, EV_UMOUNT },
	};
	struct scene *s = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct seen *e;

		CALL(s, 10, rows[i].call, -EACCES, (uint64_t)AT_FDCWD);
		str(s, rows[i].path, "n");
		e = go(s);
		assert_int_equal(e->kind, rows[i].kind);
		assert_int_equal(e->err, EACCES);
		assert_string_equal(e->path, "/home/me/n");
	}
	CALL(s, 10, "symlink", 0, 0, 0);
	str(s, 0, "../target");
	str(s, 1, "lnk");
	assert_string_equal(go(s)->path, "../target");		/* text, not a place */
	assert_string_equal(s->v[s->from].path2, "/home/me/lnk");
	CALL(s, 10, "mount", 0, 0, 0, 0, 0, 0);
	str(s, 0, "/dev/sda1");
	str(s, 1, "/mnt");
	assert_string_equal(go(s)->path, "/mnt");
}

static void calls_by_descriptor_name_the_file(void **state)
{
	static const struct { const char *call; enum event_kind kind; } rows[] = {
		{ "ftruncate", EV_TRUNCATE }, { "fchmod", EV_CHMOD }, { "fchown", EV_CHOWN }, { "fallocate", EV_FALLOCATE }, { "fsync", EV_SYNC },
		{ "fdatasync", EV_SYNC }, { "fsetxattr", EV_XATTR },
	};
	struct scene *s = *state;

	open_(s, 10, "/data", O_RDWR, 3);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct seen *e = io(s, 10, rows[i].call, 3, 0);

		assert_int_equal(e->kind, rows[i].kind);
		assert_string_equal(e->path, "/data");
		assert_string_equal(e->name, "/data");
	}
	CALL(s, 10, "utimensat", 0, 3, 0, 0, 0);	/* futimens */
	assert_string_equal(go(s)->path, "/data");
}

static void vector_and_positioned_io(void **state)
{
	static const struct { const char *call; bool out, moves; } rows[] = {
		{ "read", false, true }, { "readv", false, true }, { "pread64", false, false }, { "preadv", false, false }, { "preadv2", false, false },
		{ "write", true, true }, { "writev", true, true }, { "pwrite64", true, false }, { "pwritev", true, false }, { "pwritev2", true, false },
	};
	struct scene *s = *state;
	uint64_t pos = 0, in_ = 0, out_ = 0;

	open_(s, 10, "/f", O_RDWR, 3);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct seen *e = io(s, 10, rows[i].call, 3, 10 + i);

		assert_int_equal(e->kind, rows[i].out ? EV_WRITE : EV_READ);
		assert_int_equal(e->nbytes, 10 + i);
		*(rows[i].out ? &out_ : &in_) += 10 + i;
		pos += rows[i].moves ? 10 + i : 0;
		assert_int_equal(file_of(s, 10, 3)->pos, pos);
	}
	CALL(s, 10, "preadv2", 7, 3, 0, 1, ~0ull, ~0ull, 0);	/* position -1: the current one */
	go(s);
	assert_int_equal(file_of(s, 10, 3)->pos, pos + 7);
	assert_int_equal(file_of(s, 10, 3)->bytes_read, in_ + 7);
	assert_int_equal(file_of(s, 10, 3)->bytes_written, out_);
}

static void transfers_have_two_ends(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	open_(s, 10, "/in", O_RDONLY, 3);
	pipe_(s, 10, 4, 5);
	open_(s, 10, "/out", O_WRONLY, 6);
	pipe_(s, 10, 7, 8);
	CALL(s, 10, "splice", 100, 3, 0, 5, 0, 4096, 0);
	e = go(s);
	assert_int_equal(e->kind, EV_TRANSFER);
	assert_string_equal(e->name, "/in");
	assert_int_equal(e->file2, file_of(s, 10, 5)->id);
	CALL(s, 10, "tee", 100, 4, 8, 4096, 0);
	go(s);
	assert_int_equal(file_of(s, 10, 4)->bytes_read, 0);
	assert_int_equal(file_of(s, 10, 8)->bytes_written, 100);
	CALL(s, 10, "splice", 60, 4, 0, 6, 0x1000, 4096, 0);
	go(s);
	assert_int_equal(file_of(s, 10, 4)->bytes_read, 60);
	assert_int_equal(file_of(s, 10, 6)->bytes_written, 60);
	assert_int_equal(file_of(s, 10, 6)->pos, 0);		/* at a place of its own */
	assert_int_equal(file_of(s, 10, 3)->pos, 100);
	CALL(s, 10, "vmsplice", 30, 5, 0, 1, 0);
	assert_int_equal(go(s)->kind, EV_WRITE);
	CALL(s, 10, "vmsplice", 30, 4, 0, 1, 0);
	assert_int_equal(go(s)->kind, EV_READ);
	assert_int_equal(file_of(s, 10, 4)->bytes_read, 90);
	fork_(s, 10, 11, 0);
	CALL(s, 10, "process_vm_readv", 64, 11, 0, 1, 0, 1, 0);
	e = go(s);
	assert_int_equal(e->nbytes, 64);
	assert_int_equal(e->target_pid, 11);
	assert_int_equal(e->target_proc, world_task(s->w, 11)->proc->id);
}

/* sh -c 'a | b': the process at the other end of a pipe is the one that uses it. */
static void pipelines_know_their_ends(void **state)
{
	struct scene *s = *state;
	uint32_t a, b;

	pipe_(s, 10, 3, 4);
	assert_int_equal(file_of(s, 10, 3)->peer_file, file_of(s, 10, 4)->id);
	fork_(s, 10, 11, 0);
	fork_(s, 10, 12, 0);
	a = world_task(s->w, 11)->proc->id;
	b = world_task(s->w, 12)->proc->id;
	CALL(s, 11, "dup2", 1, 4, 1);
	go(s);
	close_(s, 11, 3);
	close_(s, 11, 4);
	CALL(s, 12, "dup2", 0, 3, 0);
	go(s);
	close_(s, 12, 3);
	close_(s, 12, 4);
	close_(s, 10, 3);
	close_(s, 10, 4);
	io(s, 11, "write", 1, 10);		/* before the reader did anything */
	assert_int_equal(file_of(s, 11, 1)->peer_proc, b);
	io(s, 12, "read", 0, 10);
	assert_int_equal(file_of(s, 12, 0)->peer_proc, a);
	assert_int_equal(file_of(s, 11, 1)->peer_proc, b);
	exit_(s, 11, 0);
	io(s, 12, "read", 0, 0);
	assert_int_equal(file_of(s, 12, 0)->peer_proc, a);	/* it was */
}

/* sh -c 'a | true': nothing was read, and true ends before the shell, or after it, closes its own end: it was true. */
static void pipes_that_were_never_read(void **state)
{
	struct scene *s = *state;

	for (int late = 0; late < 2; late++) {
		const uint32_t writer = 11 + 2 * (uint32_t)late, reader = writer + 1;
		uint32_t proc;

		pipe_(s, 10, 3, 4);
		fork_(s, 10, writer, 0);
		close_(s, writer, 3);
		fork_(s, 10, reader, 0);
		proc = world_task(s->w, reader)->proc->id;
		close_(s, 10, 4);
		close_(s, reader, 4);
		if (late)
			close_(s, 10, 3);
		exit_(s, reader, 0);
		if (!late)
			close_(s, 10, 3);
		io(s, writer, "write", 4, -EPIPE);
		assert_int_equal(file_of(s, writer, 4)->peer_pid, reader);
		assert_int_equal(file_of(s, writer, 4)->peer_proc, proc);
	}
}

/* Text that a hostile program chose is taken as it is. */
static void long_names(void **state)
{
	struct scene *s = *state;
	char *name = malloc(RECORD_STR_MAX + 1);

	memset(name, 'x', RECORD_STR_MAX);
	name[0] = '/';
	name[RECORD_STR_MAX] = '\0';
	open_(s, 10, name, O_RDONLY, 3);
	assert_int_equal(file_of(s, 10, 3)->name.len, RECORD_STR_MAX);
	for (int i = 1; i < RECORD_STR_MAX; i += 2)
		name[i] = '/';
	open_(s, 10, name, O_RDONLY, 4);
	assert_int_equal(file_of(s, 10, 4)->name.len, RECORD_STR_MAX - 2);
	for (int i = 0; i + 2 < RECORD_STR_MAX; i += 3)
		memcpy(name + i, "../", 3);
	assert_string_equal(open_(s, 10, name, O_RDONLY, -ENAMETOOLONG)->path, "/");
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(paths_are_made_absolute),
		SCENE(paths_start_at_a_directory),
		SCENE(open_says_how),
		SCENE(renamed_while_open),
		SCENE(deleted_while_open),
		SCENE(calls_by_name),
		SCENE(calls_by_descriptor_name_the_file),
		SCENE(vector_and_positioned_io),
		SCENE(transfers_have_two_ends),
		SCENE(pipelines_know_their_ends), SCENE(pipes_that_were_never_read),
		SCENE(long_names),
	};

	return cmocka_run_group_tests_name("model-file", tests, NULL, NULL);
}
