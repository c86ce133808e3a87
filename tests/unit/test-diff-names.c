/* SPDX-License-Identifier: MIT */
/* Which names, and which commands, of two runs are the same. */
#include "unit.h"

#include "analyze/diff.h"
#include "base/buf.h"
#include "diff_runs.h"

/* A number tells one file from another, but for that of a process, a date, one that was made up. */
static void test_numbers_of_names(void **state)
{
	static const struct { const char *names[2]; bool news; } cases[] = {
		{ { "/usr/lib/app-1.2/conf", "/usr/lib/app-1.3/conf" }, true },
		{ { "/home/user1/x", "/home/user2/x" }, true },
		{ { "/run/app.1001.sock", "/run/app.1003.sock" }, false },
		{ { "/run/app.1001.sock", "/run/app.1002.sock" }, true }, /* no process of that run */
		{ { "/log/2026-11-30/a", "/log/2026-12-01/a" }, false },
		{ { "/cache/x.1234567", "/cache/x.7654321" }, false },
		{ { "pipe:[12]", "pipe:[34]" }, false },
	};
	struct totals *runs[2];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_runs(runs);
		for (unsigned side = 0; side < 2; side++) {
			RAN(runs[side], side ? 3 : 1, 0, 0, "sh");
			runs[side]->procs.v[0]->pid = side ? 1003 : 1001;
			for (unsigned k = 0; k < runs[side]->tasks.n; k++)
				runs[side]->tasks.v[k]->tid = runs[side]->procs.v[0]->pid;
			opened(runs[side], cases[i].names[side], 0);
		}
		assert_int_equal(strstr(text(runs), "Opened in one only") != NULL, cases[i].news);
		free_runs(runs);
	}
}

/* Also where the parents have other arguments a command is compared with the one that has its numbers. */
static void test_other_parents(void **state)
{
	struct totals *runs[2];
	const char *s;

	(void)state;
	new_runs(runs);
	RAN(runs[0], 1, 0, 0, "make");
	RAN(runs[0], 2, 1, 0, "cc", "f1.c");
	RAN(runs[0], 3, 1, 0, "cc", "f2.c");
	RAN(runs[1], 1, 0, 0, "make", "-C", "x");
	RAN(runs[1], 2, 1, 0, "cc", "f2.c");
	s = text(runs);
	assert_non_null(strstr(s, "make → make -C x"));
	free_runs(runs);
	/* of long command lines what is not in both */
	new_runs(runs);
	RAN(runs[0], 1, 0, 0, "rm", "-f", "src/a/long/name/of/a/file.o src/another/long/name/of/a/file.o", "prog");
	RAN(runs[1], 1, 0, 0, "rm", "-f", "src/a/long/name/of/a/file.o src/another/long/name/of/a/file.o", "gone");
	s = text(runs);
	assert_non_null(strstr(s, "   rm  …prog → …gone\n"));
	free_runs(runs);
	new_runs(runs);
	RAN(runs[0], 1, 0, 0, "make");
	RAN(runs[0], 2, 1, 0, "cc", "f1.c");
	RAN(runs[0], 3, 1, 0, "cc", "f2.c");
	RAN(runs[1], 1, 0, 0, "make", "-C", "x");
	RAN(runs[1], 2, 1, 0, "cc", "f2.c");
	s = text(runs);
	assert_null(strstr(s, "f2.c"));
	assert_non_null(strstr(s, "first   cc f1.c"));
	free_runs(runs);
}

static void test_nothing(void **state)
{
	struct totals *runs[2];

	(void)state;
	new_runs(runs);
	for (unsigned side = 0; side < 2; side++) {
		RAN(runs[side], 1, 0, 0, "sh");
		RAN(runs[side], 2, 1, 0, "cat", side ? "/tmp/tmp.1234567890" : "/tmp/tmp.abcdefghij");
		opened(runs[side], side ? "/var/log/2026-11-30-1142.log" : "/var/log/2026-11-29-0815.log", 0);
	}
	assert_non_null(strstr(text(runs), " no difference\n"));
	free_runs(runs);
}

/* A name that each run made up, and removed again, is one; words are not, nor what stays, nor what both have. */
static void test_made_up(void **state)
{
	static const struct { const char *names[2]; bool stays, news; } cases[] = {
		{ { "/w/stELQ0Ip", "/w/stxfAzGV" }, false, false },
		{ { "/w/objects/aa/tmp_obj_cZyeWd", "/w/objects/aa/tmp_obj_aaabbb" }, false, false },
		{ { "/w/sortQ1w2E3", "/w/sortzzAyyy" }, false, false },
		{ { "/w/foo.a1B2c3D4e5", "/w/foo.Zz9yY8xX7w" }, false, false },
		{ { "/w/tmp8_x2ab1z", "/w/tmpqwertzui" }, false, false },
		{ { "/w/main-5f3a1c.o.tmp", "/w/main-0b9e2d.o.tmp" }, false, false },
		{ { "/w/work-DwgWik", "/w/work-yjUONF" }, false, false },
		{ { "/w/x-Q1w2E3/y", "/w/x-zzAyyy/y" }, false, true },	/* the folder was not made */
		{ { "/w/stELQ0Ip", "/w/stxfAzGV" }, true, true },
		{ { "/w/job-alphas", "/w/job-others" }, false, true }, { { "/w/moduleA.tmp", "/w/moduleB.tmp" }, false, true },
		{ { "/w/MyLock", "/w/ToFile" }, false, true }, { { "/w/v1beta1", "/w/v2alpha" }, false, true },
		{ { "/w/Q1w2E3r", "/w/Q1w2E3x" }, false, true },	/* of what was made up all is another */
		{ { "/w/a.Q1w2E3", "/w/b.a0B9c8" }, false, true }, { { "/w/a.Q1w2E3", "/w/a.a0B9c8d7" }, false, true },
		{ { "/v/a.Q1w2E3", "/w/a.a0B9c8" }, false, true },
	};
	struct totals *runs[2];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_runs(runs);
		for (unsigned side = 0; side < 2; side++) {
			const char *name = cases[i].names[side];

			RAN(runs[side], 1, 0, 0, "sh");
			RAN(runs[side], 2, 1, 0, "rm", name + 3, "-v");
			made(runs[side], name, !cases[i].stays);
		}
		assert_int_equal(strstr(text(runs), "Opened in one only") != NULL, cases[i].news);
		assert_int_equal(strstr(text(runs), "Other arguments") != NULL,
				 cases[i].news && strcmp(cases[i].names[0] + 3, cases[i].names[1] + 3) != 0 &&
					 cases[i].names[0][1] == cases[i].names[1][1]);
		free_runs(runs);
	}
}

/* git tries a name in a folder that is not there, and makes up another one when it has made that. */
static void test_tried(void **state)
{
	struct totals *runs[2];

	(void)state;
	new_runs(runs);
	for (unsigned side = 0; side < 2; side++) {
		tried(runs[side], side ? "/w/aa/tmp_obj_Q1w2E3" : "/w/aa/tmp_obj_cZyeWd");
		made(runs[side], side ? "/w/aa/tmp_obj_zU7tR4" : "/w/aa/tmp_obj_mN8bV6", true);
	}
	assert_non_null(strstr(text(runs), " no difference\n"));
	free_runs(runs);
}

/* Folders below /tmp that something else made: one of them at least is no word, the other may be less clear. */
static void test_folders(void **state)
{
	static const struct { const char *names[2]; bool news; } cases[] = {
		{ { "/tmp/job-Q1w2E3/x", "/tmp/job-zzAyyy/x" }, false }, { { "/tmp/job-Q1w2E3/x", "/tmp/job-others/x" }, true },
		{ { "/tmp/job-alphas/x", "/tmp/job-others/x" }, true }, { { "/tmp/v1beta1/x", "/tmp/v2alpha/x" }, true },
		{ { "/tmp/md5sum", "/tmp/b2hash" }, true }, { { "/tmp/MyLock", "/tmp/ToFile" }, true },
	};
	struct totals *runs[2];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_runs(runs);
		for (unsigned side = 0; side < 2; side++) {
			RAN(runs[side], 1, 0, 0, "cat", cases[i].names[side]);
			opened(runs[side], cases[i].names[side], 0);
		}
		assert_int_equal(strstr(text(runs), " no difference\n") == NULL, cases[i].news);
		free_runs(runs);
	}
}

static void test_normal(void **state)
{
	static const char *const names[][2] = {
		{ "/proc/123/fd", "/proc/#/fd" }, { "/tmp/ccAbCdEf.o", "/tmp/*.o" }, { "/tmp/x", "/tmp/x" }, { "/tmp/tmp.a1B2c3D4e5/x", "/tmp/*/x" },
		{ "-o /tmp/ccAbCdEf.s -x", "-o /tmp/*.s -x" }, { "/tmp/tmpabcdef/in/it", "/tmp/*/in/it" },
		{ "/var/tmp/aB3dE9", "/var/tmp/*" }, { "/srv/tmp/aB3dE9", "/srv/tmp/*" }, { "", "" },
		{ "/tmp/tmp8_x2ab1z/x", "/tmp/*/x" }, { "/tmp/main-5f3a1c.o", "/tmp/main-*.o" }, { "/tmp/ssh-Ab3dEf9hIjK1/agent", "/tmp/ssh-*/agent" },
		{ "/tmp/systemd-private-5f3a1c9e0b2d4f6a-x.service-Q1w2E3/tmp", "/tmp/systemd-private-*-x.service-*/tmp" },
		/* words are names */
		{ "/var/tmp/abcdefg", "/var/tmp/abcdefg" }, { "/tmp/hB-alpha/app.conf", "/tmp/hB-alpha/app.conf" },
		{ "/tmp/myproject/x", "/tmp/myproject/x" }, { "/tmp/MyProject/x", "/tmp/MyProject/x" }, { "/tmp/XMLFile", "/tmp/XMLFile" },
		{ "/tmp/release2.tar", "/tmp/release#.tar" }, { "/tmp/README/x", "/tmp/README/x" }, { "/tmp/sha256sum", "/tmp/sha#sum" },
		{ "/tmp/.X11-unix/X0", "/tmp/.X#-unix/X#" }, { "/tmp/ccache/x", "/tmp/ccache/x" }, { "/tmp/tmpfile/x", "/tmp/tmpfile/x" },
	};
	struct buf b = { 0 };

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		buf_reset(&b);
		buf_puts(&b, "");
		diff_normal(&b, names[i][0], (uint32_t)strlen(names[i][0]));
		buf_putc(&b, '\0');
		assert_string_equal(b.s, names[i][1]);
	}
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_numbers_of_names),
		cmocka_unit_test(test_other_parents),
		cmocka_unit_test(test_made_up),
		cmocka_unit_test(test_tried),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
