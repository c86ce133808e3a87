/* SPDX-License-Identifier: MIT */
/* What is different between two runs: how processes and names are matched, what is chance, and how it is printed. */
#include "unit.h"

#include <errno.h>

#include "analyze/diff.h"
#include "analyze/diff_part.h"
#include "analyze/hist.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "diff_runs.h"
#include "fake.h"
#include "record/record.h"

#define MS 1000000ull

/* What ran in one only and failed stands among what ended in another way; no heading is printed twice. */
static void test_headings_once(void **state)
{
	struct totals *runs[2];
	const char *s;

	(void)state;
	new_runs(runs);
	RAN(runs[0], 1, 0, 0, "make");
	RAN(runs[0], 2, 1, 0, "cc", "a.c");
	RAN(runs[1], 1, 0, 0x200, "make");
	RAN(runs[1], 2, 1, 0x100, "cc", "a.c");
	RAN(runs[1], 3, 1, 0x400, "rm", "x");
	RAN(runs[1], 4, 1, 0x500, "mv", "x", "y");
	RAN(runs[1], 5, 1, 0, "true");
	RAN(runs[1], 6, 1, -1, "sleep");
	s = text(runs);
	assert_int_equal(count(s, "Ran in one only"), 1);
	assert_int_equal(count(s, "Ended in another way"), 1);
	assert_non_null(strstr(s, "exit 0 → exit 1  cc a.c\n"));
	assert_non_null(strstr(s, "did not run → exit 4  rm x\n"));
	assert_non_null(strstr(s, "second  true\n"));
	free_runs(runs);
}

/* By command and parent, then by command, then by the program where it is the only one. */
static void test_roles(void **state)
{
	struct totals *runs[2];
	const char *s;

	(void)state;
	new_runs(runs);
	RAN(runs[0], 1, 0, 0, "sh");
	RAN(runs[0], 2, 1, 0, "make");
	RAN(runs[0], 3, 1, 0, "cp", "a");
	RAN(runs[0], 4, 2, 0, "cp", "a");
	RAN(runs[0], 5, 2, 0, "ld", "-o", "/tmp/ccAbCdEf.o");
	RAN(runs[0], 6, 2, 0, "ar", "x");
	RAN(runs[1], 1, 0, 0, "sh");
	RAN(runs[1], 2, 1, 0, "make");
	RAN(runs[1], 3, 2, 0, "cp", "a");		/* in another order; that of make, not that of sh, fails */
	RAN(runs[1], 4, 1, 0x100, "cp", "a");
	RAN(runs[1], 5, 2, 0, "ld", "-o", "/tmp/ccGhIjKl.o");
	RAN(runs[1], 6, 2, 0x300, "ar", "y");
	s = text(runs);
	assert_int_equal(count(s, "cp a"), 1);
	assert_int_equal(count(s, "exit 0 → exit 1  cp a"), 1);
	assert_int_equal(count(s, "exit 0 → exit 3  ar y"), 1);
	assert_int_equal(count(s, "ld"), 0);
	free_runs(runs);
}

/* Jobs whose commands differ in a number, in whichever order they began: each is compared with itself. */
static void test_numbers(void **state)
{
	struct totals *runs[2];
	const char *s;

	(void)state;
	new_runs(runs);
	RAN(runs[0], 1, 0, 0, "make");
	RAN(runs[0], 2, 1, 0, "cc", "f1.c");
	RAN(runs[0], 3, 1, 0, "cc", "f2.c");
	RAN(runs[0], 4, 2, 0, "as", "/tmp/ccAbCdEf.s", "1.o");
	RAN(runs[0], 5, 3, 0, "as", "/tmp/ccGhIjKl.s", "2.o");
	RAN(runs[1], 1, 0, 0, "make");
	RAN(runs[1], 2, 1, 0, "cc", "f2.c");
	RAN(runs[1], 3, 1, 0, "cc", "f1.c");
	RAN(runs[1], 4, 2, 0x100, "as", "/tmp/ccMnOpQr.s", "2.o");
	RAN(runs[1], 5, 3, 0, "as", "/tmp/ccStUvWx.s", "1.o");
	s = text(runs);
	assert_int_equal(count(s, "exit 0 → exit 1"), 1);
	assert_non_null(strstr(s, "exit 0 → exit 1  as /tmp/ccMnOpQr.s 2.o"));
	assert_null(strstr(s, "Other arguments"));
	free_runs(runs);
}

/* Both results of a name in one row: opened here, not there, or not for another reason. */
static void test_results(void **state)
{
	struct totals *runs[2];
	const char *s;

	(void)state;
	new_runs(runs);
	opened(runs[0], "/etc/app.conf", 0);
	opened(runs[1], "/etc/app.conf", ENOENT);
	opened(runs[0], "/srv/key", ENOENT);
	opened(runs[1], "/srv/key", EACCES);
	opened(runs[0], "/srv/same", EACCES);
	opened(runs[1], "/srv/same", EACCES);
	opened(runs[1], "/opt/app.conf", 0);
	opened(runs[0], "/opt/none", ENOENT);
	s = text(runs);
	assert_non_null(strstr(s, "   opened → ENOENT  /etc/app.conf\n"));
	assert_non_null(strstr(s, "   ENOENT → EACCES  /srv/key\n"));
	assert_non_null(strstr(s, "   second  /opt/app.conf\n"));
	assert_non_null(strstr(s, "   first   ENOENT  /opt/none\n"));
	assert_int_equal(count(s, "app.conf"), 2);
	assert_null(strstr(s, "/srv/same"));
	free_runs(runs);
}

static void values(struct hist *h, unsigned n, uint64_t from, uint64_t step)
{
	for (unsigned i = 0; i < n; i++)
		hist_add(h, from + i * step);
}

/* Other times are news, more of the same times are not; few values prove nothing, and ties are no order. */
static void test_chance(void **state)
{
	struct hist *h = xcalloc(6, sizeof(*h));

	(void)state;
	values(&h[0], 100, MS, MS / 10);
	values(&h[1], 400, MS, MS / 40);		/* the same times, four times as many of them */
	values(&h[2], 100, 2 * MS, MS / 5);		/* twice as long */
	values(&h[3], 4, 100 * MS, MS);			/* much longer, but four */
	values(&h[4], 500, MS, 0);			/* all the same */
	values(&h[5], 500, MS, 0);
	values(&h[5], 60, 50 * MS, 0);			/* all the same but for 60 */
	assert_false(diff_is_no_chance(&h[0], &h[0]));
	assert_false(diff_is_no_chance(&h[0], &h[1]));
	assert_true(diff_is_no_chance(&h[0], &h[2]));
	assert_true(diff_is_no_chance(&h[2], &h[0]));
	assert_false(diff_is_no_chance(&h[0], &h[3]));
	assert_false(diff_is_no_chance(&h[4], &h[4]));
	assert_true(diff_is_no_chance(&h[4], &h[5]));
	free(h);
}

static void calls(struct totals *t, unsigned n, uint64_t dur_ns)
{
	struct item item = { .kind = RECORD_CALL };
	const uint64_t args[6] = { 3 };
	struct fake_task f;

	fake_proc(&f, 1, 0, "x");
	for (unsigned i = 0; i < n; i++) {
		fake_call(&item.call, "fsync", FAKE_T0 + i, dur_ns + i * dur_ns / 100, 0, args);
		struct event ev = fake_event(EV_SYNC, &f, &item, FAKE_T0 + i);

		totals_event(t, &ev);
	}
}

/* A step that takes 20 times as long is named with both times; a little longer, or few calls, are not. */
static void test_slower(void **state)
{
	static const struct { unsigned n; uint64_t ns[2]; bool news; } cases[] = {
		{ 50, { MS, 20 * MS }, true }, { 50, { 20 * MS, MS }, true }, { 50, { 10 * MS, 11 * MS }, false },
		{ 5, { MS, 200 * MS }, false }, { 50, { 1000, 20000 }, false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct totals *runs[2];
		const char *s;

		new_runs(runs);
		for (unsigned side = 0; side < 2; side++)
			calls(runs[side], cases[i].n, cases[i].ns[side]);
		s = text(runs);
		assert_int_equal(count(s, "   fsync  "), cases[i].news);
		if (i == 0)
			assert_non_null(strstr(
				s, "   fsync  50 calls 62.2ms, median 1.21ms, longest 1.49ms → 50 calls 1.25s"));
		free_runs(runs);
	}
}

/* Stops cost microseconds each: between ptrace and BPF nothing is slower, and one line says why. */
static void test_backends(void **state)
{
	static const struct { uint32_t modes[2]; bool compared; } cases[] = {
		{ { START_COMMAND | START_PTRACE, START_COMMAND | START_BPF }, false }, { { START_BPF, START_PTRACE }, false },
		{ { START_PTRACE, START_PTRACE }, true }, { { START_BPF, START_BPF }, true }, { { 0, START_BPF }, true },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct totals *runs[2];
		const char *s;

		new_runs(runs);
		for (unsigned side = 0; side < 2; side++) {
			calls(runs[side], 50, side ? 20 * MS : MS);
			runs[side]->start_mode = cases[i].modes[side];
		}
		s = text(runs);
		assert_int_equal(count(s, "   fsync  "), cases[i].compared);
		assert_int_equal(count(s, " Durations are not compared: the first was made with "), !cases[i].compared);
		if (i == 0)
			assert_non_null(strstr(s, "made with ptrace, the second with bpf\n"));
		free_runs(runs);
	}
}

/* Few calls are held up, the others take a little longer, as under load: no difference.  Ten in a hundred are one. */
static void test_held_up(void **state)
{
	static const struct { unsigned n, held; bool news; } cases[] = {
		{ 300, 1, false }, { 300, 14, false }, { 300, 30, true },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct totals *runs[2];

		new_runs(runs);
		calls(runs[0], cases[i].n, 1000);
		calls(runs[1], cases[i].n, 2000);
		calls(runs[1], cases[i].held, 300 * MS);
		assert_int_equal(count(text(runs), "   fsync  "), cases[i].news);
		free_runs(runs);
	}
}

static void waited(struct totals *t, const struct fake_task *f, const struct item *item, struct file *file)
{
	struct event ev = fake_event(file->kind == FILE_PIPE ? EV_READ : EV_SYNC, f, item, item->call.enter_ns);

	ev.file = file;
	totals_event(t, &ev);
}

static void ends(struct totals *t, struct fake_task *f, uint64_t ns)
{
	struct event ev = fake_event(EV_EXIT, f, NULL, ns);

	f->task.end_ns = f->proc.end_ns = ns;
	totals_event(t, &ev);
}

/* A run of so many ms whose first process waits 40 times for a pipe; another one is held up, ready and not running. */
static void piped(struct totals *t, unsigned wall_ms, unsigned read_ms, unsigned held_ms)
{
	struct file pipe = { .id = 1, .kind = FILE_PIPE, .name = fake_bytes("pipe:[7]") };
	struct item item = { .kind = RECORD_CALL };
	struct fake_task f[2];

	t->start_ns = FAKE_T0;
	t->main_proc = 1;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t end = FAKE_T0 + (i ? held_ms : wall_ms) * MS;

		fake_proc(&f[i], 1 + i, i, i ? "writer" : "reader");
		f[i].task.start_ns = f[i].proc.start_ns = FAKE_T0;
		for (unsigned k = 0; k < (i ? 0 : 40); k++) {
			fake_call(&item.call, "read", FAKE_T0 + k * wall_ms / 40 * MS, read_ms * MS, 1,
				  (uint64_t[6]){ 3 });
			waited(t, &f[i], &item, &pipe);
		}
		ends(t, &f[i], end);
	}
	t->tasks.v[1]->has_usage = true;
	t->end_ns = FAKE_T0 + wall_ms * MS;
}

/* Longer waits for a pipe are news where the run became longer by them, beyond what its threads were held up. */
static void test_turns(void **state)
{
	static const struct { unsigned wall[2], read[2], held[2]; bool news; } cases[] = {
		{ { 3200, 4800 }, { 20, 60 }, { 0, 0 }, true }, { { 3200, 4800 }, { 20, 60 }, { 900, 900 }, true },
		{ { 3200, 3200 }, { 20, 60 }, { 0, 0 }, false }, { { 3200, 3300 }, { 20, 60 }, { 0, 0 }, false },
		{ { 3200, 4800 }, { 20, 60 }, { 0, 1600 }, false }, { { 3200, 4800 }, { 20, 24 }, { 0, 0 }, false },
	};
	struct totals *runs[2];

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		new_runs(runs);
		for (unsigned side = 0; side < 2; side++)
			piped(runs[(side + i) % 2], cases[i / 2].wall[side], cases[i / 2].read[side],
			      cases[i / 2].held[side]);
		assert_int_equal(count(text(runs), "   read  "), cases[i / 2].news);
		assert_int_equal(count(text(runs), "   waiting for a pipe"), cases[i / 2].news);
		free_runs(runs);
	}
}

/* One short wait for a disk is none; a long one is, and so are many, each as short. */
static void test_disk(void **state)
{
	static const struct { unsigned n, ms; bool news; } cases[] = {
		{ 1, 900, false }, { 1, 3000, true }, { 6, 400, true } };
	struct file file = { .id = 1, .kind = FILE_REG, .name = fake_bytes("/f") };
	struct item item = { .kind = RECORD_CALL };
	struct fake_task f;
	struct totals *runs[2];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_runs(runs);
		for (unsigned side = 0; side < 2; side++) {
			fake_proc(&f, 1, 0, "x");
			runs[side]->main_proc = 1;
			for (unsigned k = 0; k < cases[i].n; k++) {
				fake_call(&item.call, "fsync", FAKE_T0 + (1 + k * 500) * MS,
					  (side ? cases[i].ms : 4) * MS, 0, (uint64_t[6]){ 3 });
				waited(runs[side], &f, &item, &file);
			}
			ends(runs[side], &f, FAKE_T0 + 4000 * MS);
		}
		assert_int_equal(count(text(runs), "   in files and directories"), cases[i].news);
		free_runs(runs);
	}
}

/* Of a phase both runs' files stand there, where they are not the same. */
static void test_phase_of_both(void **state)
{
	static const char *const names[][2] = { { "/a", "/a" }, { "/a1", "/a2" } };
	struct item item = { .kind = RECORD_CALL };
	struct fake_task f;
	struct totals *runs[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		new_runs(runs);
		for (unsigned side = 0; side < 2; side++) {
			struct file file = { .id = 1, .kind = FILE_REG, .name = fake_bytes(names[i][side]) };

			fake_proc(&f, 1, 0, "x");
			runs[side]->main_proc = 1;
			fake_call(&item.call, "fsync", FAKE_T0 + MS, (side ? 3000 : 4) * MS, 0, (uint64_t[6]){ 3 });
			waited(runs[side], &f, &item, &file);
			ends(runs[side], &f, FAKE_T0 + 4000 * MS);
		}
		assert_int_equal(count(text(runs), "   in files and directories: /a1 → /a2  4.00ms → 3.00s"), i);
		assert_int_equal(count(text(runs), "   in files and directories: /a  4.00ms → 3.00s"), !i);
		free_runs(runs);
	}
}

/* Of two medians far apart nothing was gained where the longest took less in turn. */
static void test_all_together(void **state)
{
	struct totals *runs[2];

	(void)state;
	for (unsigned longest = 0; longest < 2; longest++) {
		new_runs(runs);
		calls(runs[0], 300, MS);
		calls(runs[0], 1, longest ? 900 * MS : MS);
		calls(runs[1], 300, 3 * MS);
		assert_int_equal(count(text(runs), "   fsync  "), !longest);
		free_runs(runs);
	}
}

/* Environments of a process: as an EXEC record has them. */
static void started(struct totals *t, uint32_t id, uint32_t parent, const char *cwd, const char *env[])
{
	struct part parts[8];
	struct item item = { .kind = RECORD_EXEC, .parts = parts };
	struct fake_task f;
	struct event ev;

	for (; item.nparts < 8 && env[item.nparts]; item.nparts++)
		parts[item.nparts] = (struct part){ .part = PART_ENVP, .bytes = env[item.nparts],
						    .len = (uint32_t)strlen(env[item.nparts]) };
	fake_proc(&f, id, parent, id == 1 ? "sh" : "cc");
	f.proc.cwd0 = fake_bytes(cwd);
	ev = fake_event(EV_EXEC, &f, &item, FAKE_T0 + id);
	t->keep_started = true;
	totals_event(t, &ev);
}
#define STARTED(t, id, parent, cwd, ...) started(t, id, parent, cwd, (const char *[]){ __VA_ARGS__, NULL })

/* A variable is one difference however many processes have it; of a long one there is what is not the same. */
static void test_environment(void **state)
{
	static const char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static const char more[] = "PATH=/usr/local/sbin:/usr/local/bin:/opt/x:/usr/sbin:/usr/bin:/sbin:/bin";
	struct totals *runs[2];
	const char *s;

	(void)state;
	new_runs(runs);
	STARTED(runs[0], 1, 0, "/srv/a", "LANG=C", path, "_=/bin/x", "PORT=80", "SHLVL=1", "T=/tmp/tmpabcdef/x");
	STARTED(runs[1], 1, 0, "/srv/b", "LANG=de_DE", more, "_=/bin/y", "EMPTY=", "SHLVL=2", "T=/tmp/tmpghijkl/x");
	STARTED(runs[0], 2, 1, "/srv/a", "LANG=C", path, "_=/bin/z", "PORT=80", "ONLY=1");
	STARTED(runs[1], 2, 1, "/srv/b", "LANG=de_DE", more, "_=/bin/w", "PORT=80", "ONLY=2\x1b[2J");
	s = text(runs);
	assert_int_equal(count(s, "   LANG  C → de_DE\n"), 1);
	assert_int_equal(count(s, "LANG"), 1);
	assert_int_equal(count(s, "   PATH  … → …/opt/x:…\n"), 1);
	assert_int_equal(count(s, "   PORT  80 → not set\n"), 1);
	assert_int_equal(count(s, "   EMPTY  not set → (empty)\n"), 1);
	assert_int_equal(count(s, "   ONLY of cc  1 → 2\\e[2J\n"), 1);
	assert_int_equal(count(s, "   working directory  /srv/a → /srv/b\n"), 1);
	assert_null(strstr(s, "SHLVL"));
	assert_null(strstr(s, "_ "));
	assert_null(strstr(s, "   T "));
	assert_non_null(strstr(s, " Hidden as noise: 1 difference (-a shows them)\n"));
	assert_non_null(strstr(s, " Not in the first, so not compared: user, limits, host\n"));
	free_runs(runs);
}

/* A number of a command line is one of its arguments, but not a pid; the long ones are times and inodes. */
static void test_arguments(void **state)
{
	struct totals *runs[2];
	const char *s;

	(void)state;
	new_runs(runs);
	for (unsigned side = 0; side < 2; side++) {
		RAN(runs[side], 1 + side * 100, 0, 0, "serve", side ? "--port=81" : "--port=80");
		RAN(runs[side], 2 + side * 100, 1 + side * 100, 0, "kill", side ? "201" : "101");
		RAN(runs[side], 3 + side * 100, 1 + side * 100, 0, "touch", side ? "1700000000" : "1600000000");
		RAN(runs[side], 4 + side * 100, 1 + side * 100, 0, "cp", side ? "/tmp/tmpabcdef" : "/tmp/tmpghijkl");
	}
	s = text(runs);
	assert_int_equal(count(s, "   serve  serve --port=80 → serve --port=81\n"), 1);
	assert_int_equal(count(s, "→"), 2);	/* that, and the heading */
	free_runs(runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headings_once), cmocka_unit_test(test_roles), cmocka_unit_test(test_numbers), cmocka_unit_test(test_results),
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_slower), cmocka_unit_test(test_backends), cmocka_unit_test(test_held_up), cmocka_unit_test(test_turns), cmocka_unit_test(test_all_together), cmocka_unit_test(test_disk), cmocka_unit_test(test_phase_of_both), cmocka_unit_test(test_environment), cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
