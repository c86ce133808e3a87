/* SPDX-License-Identifier: MIT */
/* Recordings of long runs: when the next file begins, and the newest part where there is no room for it. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/outfile.h"
#include "record/build.h"
#include "record/file.h"
#include "scene.h"
#include "sink/recording.h"
#include "sink/sink.h"

static const uint64_t SECOND = 1000000000;
static const struct outfile_words words = { "the recording", "x", NULL };
static char dir[64], path[128];

struct parts {
	struct scene scene;
	struct recording_options recording;
	struct sink_options opt;
	struct outfile file;
	struct sink *sink;
	struct buf rec;
	struct diag diag;
};

static int setup(void **state)
{
	struct parts *p = xcalloc(1, sizeof(*p));

	strcpy(dir, "/tmp/test-parts-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.cpd", dir);
	p->scene = (struct scene){ .now = SECOND };
	p->scene.w = world_new(scene_event, &p->scene);
	p->opt.recording = &p->recording;
	p->opt.world = p->scene.w;
	*state = p;
	return outfile_open(path, &words, &p->file, &p->diag);
}

static unsigned files(bool gone)
{
	char name[400];
	struct dirent *e;
	unsigned n = 0;
	DIR *d = opendir(dir);

	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			n++;
			snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
			if (gone)
				unlink(name);
		}
	closedir(d);
	return n;
}

static int teardown(void **state)
{
	struct parts *p = *state;

	if (p->sink)
		p->sink->ops->free(p->sink);
	outfile_close(&p->file);
	world_free(p->scene.w);
	arena_done(&p->scene.arena);
	free(p->scene.v);
	buf_done(&p->rec);
	free(p);
	files(true);
	return rmdir(dir);
}

static void add(struct parts *p, struct record *r) { p->sink->ops->record(p->sink, r); }

static void begin_trace(struct parts *p)
{
	struct record_start *r = record_begin(&p->rec, RECORD_START, sizeof(*r), 0, 0, SECOND);

	r->version = RECORD_VERSION;
	add(p, record_finish(&p->rec));
}

/* A signal, with bytes behind it that no compression makes shorter. */
static void add_one(struct parts *p, uint64_t ts_ns, size_t nbytes)
{
	struct record_exec *r = record_begin(&p->rec, RECORD_EXEC, sizeof(*r), 10, 10, ts_ns);
	char *noise = xcalloc(1, nbytes + 1);

	for (size_t i = 0; i < nbytes; i++)
		noise[i] = (char)(random() % 255 + 1);
	r->nchunks = 1;
	record_chunk(&p->rec, 0, PART_ENVP, 0, noise, nbytes);
	free(noise);
	add(p, record_finish(&p->rec));
}

struct counts { unsigned starts, execs, ends; uint64_t lost; int rc; };

static struct counts counts_of(const char *file)
{
	struct counts c = { 0 };
	struct record_reader *reader;
	const struct record *r;
	struct diag diag;
	size_t avail;

	c.rc = record_reader_open(file, &reader, &diag);
	assert_int_equal(c.rc, 0);
	while ((c.rc = record_reader_next(reader, &r, &avail, &diag)) == 1) {
		c.starts += r->kind == RECORD_START;
		c.execs += r->kind == RECORD_EXEC;
		c.ends += r->kind == RECORD_END;
		c.lost += r->kind == RECORD_LOST ? ((const struct record_lost *)r)->count : 0;
	}
	record_reader_close(reader);
	return c;
}

/* So much is open that how things stand is larger than a file may be: what happens still has room in each. */
static void test_rotate_large_snapshot(void **state)
{
	struct parts *p = *state;
	struct scene *s = &p->scene;
	enum { OPEN = 3000, RECORDS = 200 };
	char name[300];

	start(s, START_COMMAND);
	task(s, 10, 10);
	for (int i = 0; i < OPEN; i++) {
		for (size_t at = 0; at < sizeof(name) - 1; at++)
			name[at] = (char)('a' + random() % 26);
		name[0] = '/';
		name[sizeof(name) - 1] = '\0';
		open_(s, 10, name, O_RDONLY, 3 + i);
	}
	p->recording.rotate_bytes = 100000;
	assert_int_equal(sink_recording_new(&p->opt, &p->file, &p->sink, &p->diag), 0);
	begin_trace(p);
	for (unsigned i = 0; i < RECORDS; i++) {
		add_one(p, (2 + i) * SECOND, 20000);
		p->sink->ops->tick(p->sink, (2 + i) * SECOND);
	}
	p->sink->ops->finish(p->sink, NULL);
	assert_in_range(files(false), 20, 50);	/* 200 x 20 KB, of 100 KB each */
}

static bool dump(struct parts *p, struct dumped *d) { return sink_recording_dump(p->sink, true, d, &p->diag); }

static void new_last(struct parts *p)
{
	p->recording.last_ns = 80 * SECOND;	/* a segment: 10 s */
	assert_int_equal(sink_recording_new(&p->opt, &p->file, &p->sink, &p->diag), 0);
}

static rlim_t limit(int what, rlim_t n)
{
	struct rlimit l, new;

	assert_int_equal(getrlimit(what, &l), 0);
	new = (struct rlimit){ n, l.rlim_max };
	assert_int_equal(setrlimit(what, &new), 0);
	return l.rlim_cur;
}

static void test_nothing_yet(void **state)
{
	struct parts *p = *state;
	struct dumped d = { 0 };

	new_last(p);
	assert_false(dump(p, &d));
	assert_string_equal(p->diag.text, "nothing was recorded yet");
	begin_trace(p);
	assert_true(dump(p, &d));	/* the first file has no number */
	assert_int_equal(d.n, 1);
	assert_string_equal(d.path, path);
	assert_true(dump(p, &d));
	assert_int_equal(d.n, 2);
	assert_int_equal(counts_of(d.path).starts, 1);
}

/* No file at all can be made: that is reported before anything is traced. */
static void test_refused(void **state)
{
	struct parts *p = *state;
	rlim_t was = limit(RLIMIT_NOFILE, 0);
	int rc;

	p->recording.last_ns = SECOND;
	rc = sink_recording_new(&p->opt, &p->file, &p->sink, &p->diag);
	limit(RLIMIT_NOFILE, was);
	assert_int_equal(rc, -EMFILE);
	assert_int_equal(p->diag.exit_status, 125);
	assert_non_null(strstr(p->diag.text, "what --last keeps"));
	assert_null(p->sink);
}

/* No other file can be made for a while: the first goes on, nothing is lost, and it is as before afterwards. */
static void test_no_more_files(void **state)
{
	struct parts *p = *state;
	struct dumped d = { 0 };
	struct counts c;
	rlim_t was;

	new_last(p);
	begin_trace(p);
	was = limit(RLIMIT_NOFILE, 0);
	for (unsigned i = 0; i < 60; i++)
		add_one(p, (2 + i) * SECOND, 100);
	limit(RLIMIT_NOFILE, was);
	assert_true(dump(p, &d));
	c = counts_of(path);
	assert_int_equal(c.execs, 60);
	assert_int_equal(c.rc, 0);
	assert_int_equal(d.nlost + c.lost, 0);
	for (unsigned i = 60; i < 400; i++)
		add_one(p, (2 + i) * SECOND, 100);
	assert_true(dump(p, &d));
	assert_in_range(counts_of(d.path).execs, 70, 110);
}

/* The disk is full for a while: what was lost is counted, there and for whoever reads it; what came later is kept. */
static void test_full_disk(void **state)
{
	struct parts *p = *state;
	struct dumped d = { 0 };
	struct counts c;
	rlim_t was;

	signal(SIGXFSZ, SIG_IGN);
	new_last(p);
	begin_trace(p);
	for (unsigned i = 0; i < 30; i++)
		add_one(p, (2 + i) * SECOND, 100);
	was = limit(RLIMIT_FSIZE, 0);
	for (unsigned i = 30; i < 50; i++)
		add_one(p, (2 + i) * SECOND, 100000);
	limit(RLIMIT_FSIZE, was);
	for (unsigned i = 50; i < 60; i++)
		add_one(p, (2 + i) * SECOND, 100);
	assert_true(dump(p, &d));
	c = counts_of(path);
	assert_int_equal(c.rc, 0);
	assert_true(d.nlost > 0);
	assert_int_equal(d.lost_err, -EFBIG);
	assert_int_equal(c.lost, d.nlost);
	assert_int_equal(c.execs + c.lost, 60);
	assert_true(c.execs >= 30);
	assert_int_equal(c.ends, 1);
}

/* In place of the file that was opened last. */
static void fill_disk_of_newest(void)
{
	int full = open("/dev/full", O_RDWR), newest = -1;

	assert_true(full >= 0);
	for (int fd = 0; fd < 200; fd++)
		if (fd != full && fcntl(fd, F_GETFD) >= 0)
			newest = fd;
	assert_true(newest > STDERR_FILENO);
	assert_int_equal(dup2(full, newest), newest);
	close(full);
}

/* Two files fail for two reasons: the first is reported. */
static void test_first_reason(void **state)
{
	struct parts *p = *state;
	struct dumped d = { 0 };
	uint64_t ns = 2 * SECOND;
	rlim_t was;

	signal(SIGXFSZ, SIG_IGN);
	new_last(p);
	begin_trace(p);
	add_one(p, ns, 100);
	was = limit(RLIMIT_FSIZE, 0);
	for (unsigned i = 0; i < 20; i++)
		add_one(p, ns += SECOND / 10, 100000);
	limit(RLIMIT_FSIZE, was);
	add_one(p, ns += SECOND, 100);
	fill_disk_of_newest();
	for (unsigned i = 0; i < 20; i++)
		add_one(p, ns += SECOND / 10, 100000);
	add_one(p, ns += 11 * SECOND, 100);
	assert_true(dump(p, &d));
	assert_true(d.nlost > 20);
	assert_int_equal(d.lost_err, -EFBIG);
}

/* Nothing could be kept: no file claims to be something, and the reason is there. */
static void test_nothing_kept(void **state)
{
	struct parts *p = *state;
	struct dumped d = { 0 };
	rlim_t was;
	bool made;

	signal(SIGXFSZ, SIG_IGN);
	new_last(p);
	was = limit(RLIMIT_FSIZE, 0);
	begin_trace(p);
	add_one(p, 2 * SECOND, 100);
	made = dump(p, &d);
	limit(RLIMIT_FSIZE, was);
	assert_false(made);
	assert_int_equal(p->diag.exit_status, 125);
	assert_non_null(strstr(p->diag.text, "File too large"));
	assert_int_equal(d.nlost, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rotate_large_snapshot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_yet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_more_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
