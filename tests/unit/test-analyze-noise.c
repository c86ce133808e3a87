/* SPDX-License-Identifier: MIT */
/* Histograms, calls that were counted at once, what is noise, and resident memory. */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "analyze/resident.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/macro.h"
#include "sink/totals_words.h"

static void test_hist(void **state)
{
	struct hist h = { 0 };

	(void)state;
	assert_int_equal(hist_quantile(&h, 0.5), 0);
	for (unsigned i = 0; i + 1 < HIST_BUCKETS; i++) {
		uint64_t low = hist_bucket_low(i), next = hist_bucket_low(i + 1);

		assert_true(next > low);
		assert_int_equal(hist_bucket(low), i);
		assert_int_equal(hist_bucket(next - 1), i);
		assert_true(next - low <= low / HIST_SUB + 1);
	}
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
	for (uint64_t v = 1; v <= 1000; v++)
		hist_add(&h, v * 1000);
	assert_int_equal(h.n, 1000);
	assert_int_equal(h.sum, 500500000);
	assert_true(hist_quantile(&h, 0.5) >= 484000 && hist_quantile(&h, 0.5) <= 516000);
	assert_true(hist_quantile(&h, 0.99) >= 958000 && hist_quantile(&h, 0.99) <= 1000000);
	assert_true(hist_quantile(&h, 0) >= h.min && hist_quantile(&h, 0) <= h.min + h.min / HIST_SUB);
	h = (struct hist){ 0 };
	for (unsigned i = 0; i < 100; i++)	/* equal ones: the value itself, not the middle of its bucket */
		hist_add(&h, 1000);
	assert_int_equal(hist_quantile(&h, 0.99), 1000);
	assert_true(hist_quantile(&h, 1) <= h.max);
}

/* A quantile of few values says nothing: one has to lie above it. */
/* Counted where they were made, calls come to the same as one by one. */
static void test_counted(void **state)
{
	static const uint64_t ns[] = { 3, 15, 16, 17, 500, 501, 90000, 90001, 5000000000 };
	struct record_times times[ARRAY_SIZE(ns)];
	struct record_errors errors = { .err = ENOENT, .n = 2 };
	const struct part parts[] = { { .part = PART_TIMES, .len = sizeof(times), .bytes = (const char *)times },
				      { .part = PART_ERRORS, .len = sizeof(errors), .bytes = (const char *)&errors } };
	struct record_counts r = { .h = { .kind = RECORD_COUNTS }, .calls = ARRAY_SIZE(ns), .min_ns = 3, .max_ns = 5000000000,
				   .cpu_ns = 77, .nr = 2 };
	struct item item = { .kind = RECORD_COUNTS, .head = &r.h, .counts = &r, .parts = parts, .nparts = 2 };
	struct totals *t = totals_new();
	struct hist one_by_one = { 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(ns); i++) {
		hist_add(&one_by_one, ns[i]);
		r.sum_ns += ns[i];
		times[i] = (struct record_times){ hist_bucket_low(hist_bucket(ns[i])), 1 };
	}
	totals_event(t, &(struct event){ .kind = EV_COUNTS, .item = &item });
	assert_int_equal(t->calls.n, 1);
	assert_memory_equal(&t->calls.v[0]->dur, &one_by_one, sizeof(one_by_one));
	assert_true(t->calls.v[0]->has_cpu && t->calls.v[0]->cpu_ns == 77);
	assert_int_equal(t->calls.v[0]->count, ARRAY_SIZE(ns));
	assert_int_equal(t->calls.v[0]->errors, 2);
	assert_int_equal(t->errors.v[0]->err, ENOENT);
	totals_event(t, &(struct event){ .kind = EV_COUNTS, .item = &item });
	assert_int_equal(t->calls.v[0]->dur.n, 2 * ARRAY_SIZE(ns));
	assert_int_equal(t->errors.v[0]->count, 4);
	errors.err = UINT32_MAX;	/* a damaged recording's */
	totals_event(t, &(struct event){ .kind = EV_COUNTS, .item = &item });
	assert_int_equal(t->errors.n, 1);
	assert_int_equal(t->calls.v[0]->errors, 4);
	totals_free(t);
}

static void test_hist_enough(void **state)
{
	static const struct {
		double q;
		uint64_t n;
	} least[] = { { 0.5, 2 }, { 0.9, 10 }, { 0.95, 20 }, { 0.99, 100 }, { 0.999, 1000 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(least); i++) {
		assert_false(hist_has_quantile(&(struct hist){ .n = 0 }, least[i].q));
		assert_false(hist_has_quantile(&(struct hist){ .n = least[i].n - 1 }, least[i].q));
		assert_true(hist_has_quantile(&(struct hist){ .n = least[i].n }, least[i].q));
	}
}

static void test_noise_path(void **state)
{
	static const struct { const char *path; enum noise_class class;
	} rows[] = {
		{"/proc", NOISE_SYSTEM},
		{"/proc/self/maps", NOISE_SYSTEM},
		{"/sys/fs", NOISE_SYSTEM},
		{"/dev/null", NOISE_SYSTEM},
		{"/dev/shm", NOISE_NONE},
		{"/dev/shm/x", NOISE_NONE},
		{"/dev/shmoo", NOISE_SYSTEM},
		{"/devices", NOISE_NONE},
		{"/processes/x", NOISE_NONE},
		{"/home/proc/x", NOISE_NONE},
		{"/system", NOISE_NONE},
		{"", NOISE_NONE},
		{"/etc/ld.so.cache", NOISE_LOADER},
		{"/etc/ld.so.cached", NOISE_NONE},
		{"/lib/x86_64-linux-gnu/libc.so.6", NOISE_LOADER},
		{"/lib64/ld-linux-x86-64.so.2", NOISE_LOADER},
		{"/usr/lib/libx.so.1.2.3", NOISE_LOADER},
		{"/a/b.so", NOISE_LOADER},
		{"/a/b.so.conf", NOISE_NONE},
		{"/a/.so", NOISE_NONE},
		{"/a.so/b", NOISE_NONE},
		{"/a/also", NOISE_NONE},
		{"/so", NOISE_NONE},
		{"/etc/ld.so.preload", NOISE_PRELOAD},
		{"/etc/nsswitch.conf", NOISE_NSSWITCH},
		{"/etc/nsswitch.conf.d", NOISE_NONE},
		{"/lib/x86_64-linux-gnu/libnss_files.so.2", NOISE_NSSWITCH},
		{"/home/libnss_x", NOISE_NONE},
		{"/lib/glibc-hwcaps/x86-64-v3/libz.so.1", NOISE_HWCAPS},
		{"/lib/tls/haswell/libz.so.1", NOISE_HWCAPS},
		{"/usr/lib/locale/locale-archive", NOISE_LOCALE},
		{"/usr/share/locale/de/LC_MESSAGES/x.mo", NOISE_LOCALE},
		{"/usr/share/localed", NOISE_NONE},
		{"/home/me/locale", NOISE_NONE},
		{"/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache", NOISE_GCONV},
		{"/usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", NOISE_GCONV},
		{"/v/gconv/v/gconv/gconv-modules", NOISE_GCONV},
		{"/gconv/gconv-modules.d/x.conf", NOISE_GCONV},
		{"/some/gconv/gconv-module-vvv", NOISE_NONE},
		{"/var/run/nscd/socket", NOISE_NSSWITCH},
		{"/run/nscd/socket", NOISE_NSSWITCH},
		{"/var/run/nscd/socket/x", NOISE_NONE},
		{"/etc/ld.so.nohwcap", NOISE_LOADER},
		{"/~", NOISE_NONE},
		{"/", NOISE_NONE},
		{"/etc/hosts", NOISE_NONE},
		{"/etc/resolv.conf", NOISE_NONE},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (noise_path(rows[i].path, (uint32_t)strlen(rows[i].path)) != rows[i].class)
			fail_msg("%s is not of class %s", rows[i].path, noise_class_name(rows[i].class));
}

/* Classes as --noise takes them. */
static void test_noise_classes(void **state)
{
	const char *bad;
	uint32_t classes;
	size_t len;

	(void)state;
	assert_int_equal(noise_classes("locale,gconv", &classes, &bad, &len), 0);
	assert_int_equal(classes, 1u << NOISE_LOCALE | 1u << NOISE_GCONV);
	assert_int_equal(noise_classes("all", &classes, &bad, &len), 0);
	assert_int_equal(classes, ~1u);
	assert_int_equal(noise_classes("locale,locales", &classes, &bad, &len), -EINVAL);
	assert_true(len == 7 && !strncmp(bad, "locales", len));
	assert_int_equal(noise_classes("", &classes, &bad, &len), -EINVAL);
	assert_int_equal(noise_classes("none", &classes, &bad, &len), -EINVAL);
}

static void test_noise_event(void **state)
{
	struct noise *n = noise_new();
	struct file lib = {
		.id = 1, .kind = FILE_REG, .name = BYTES("/lib/libc.so.6"), .open_flags = O_RDONLY | O_CLOEXEC
	};
	struct file copied = lib;
	struct addr lo = { .family = AF_INET, .len = 4, .ip = { 127, 9, 9, 9 } },
		    far = { .family = AF_INET, .len = 4, .ip = { 128 } };
	struct sock at = {
		.family = AF_INET, .type = SOCK_STREAM, .now.state = CONN_LISTENING, .has_local = true, .local = far
	};
	struct file listener = { .id = 2, .kind = FILE_SOCKET, .sock = &at };
	struct region r[] = { { .start = 0x1000, .end = 0x3000, .path = BYTES("/lib/libc.so.6") } };

	(void)state;
	copied.open_flags = O_RDONLY;
	/* The loader opens with O_CLOEXEC and nothing else; cat, cp, ld do not. */
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/lib/libc.so.6"), .flags = O_RDONLY | O_CLOEXEC)),
			 NOISE_LOADER);
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/lib/libc.so.6"), .flags = O_RDONLY)), NOISE_NONE);
	assert_int_equal(noise_event(n,
				     EVENT(EV_OPEN, PATH("/lib/libc.so.6"), .flags = O_WRONLY | O_CREAT | O_CLOEXEC)),
			 NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_READ, .file = &lib, .nbytes = 832)), NOISE_LOADER);
	assert_int_equal(noise_event(n, EVENT(EV_READ, .file = &copied, .nbytes = 832)), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_MMAP, .file = &lib, .addr = 0x1000, .nbytes = 0x2000)), NOISE_LOADER);
	/* what follows from a miss */
	assert_int_equal(noise_event(n, EVENT(EV_LOOKUP, PATH("/opt/x/"), .err = ENOENT)), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/opt/x/libz.so.1"), .flags = O_CLOEXEC, .err = ENOENT)),
			 NOISE_LOADER);
	assert_int_equal(noise_event(n, EVENT(EV_LOOKUP, PATH("/opt/x/"), .err = ENOENT)), NOISE_LOADER);
	assert_int_equal(noise_event(n, EVENT(EV_LOOKUP, PATH("/opt"))), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_LOOKUP, PATH("/opt/libz.so.1"))), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_LOOKUP, PATH("/etc/ld.so.preload"), .err = ENOENT)), NOISE_PRELOAD);
	/* .bss over the end of a library; memory elsewhere is the program's */
	mm.v = (struct region *[]){ r };
	mm.n = 1;
	assert_int_equal(noise_event(n, EVENT(EV_MMAP, .addr = 0x3000, .nbytes = 0x1000,
					      .flags = MAP_FIXED | MAP_ANONYMOUS)),
			 NOISE_LOADER);
	assert_int_equal(noise_event(n, EVENT(EV_MMAP, .addr = 0x3000, .nbytes = 0x1000, .flags = MAP_ANONYMOUS)),
			 NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_MUNMAP, .addr = 0x1000, PATH("/etc/ld.so.cache"))), NOISE_LOADER);
	mm.v = NULL;
	mm.n = 0;
	/* a build's own work on libraries, and names that matter whatever they are under */
	assert_int_equal(noise_event(n, EVENT(EV_UNLINK, PATH("/b/libx.so"))), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_RENAME, PATH("/dev/x"), .path2 = "/home/x", .path2_len = 7)),
			 NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_EXEC, PATH("/proc/self/exe"))), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_MOUNT, PATH("/proc"))), NOISE_NONE);
	/* connections */
	assert_int_equal(noise_event(n, EVENT(EV_CONNECT, .peer = &lo)), NOISE_LOCALHOST);
	assert_int_equal(noise_event(n, EVENT(EV_CONNECT, .peer = &far)), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_LISTEN, .peer = &lo)), NOISE_NONE);
	/* no client came: the listener says whether it is a matter of this machine alone */
	assert_int_equal(noise_event(n, EVENT(EV_ACCEPT, .file = &listener, .err = EAGAIN)), NOISE_NONE);
	at.local = lo;
	assert_int_equal(noise_event(n, EVENT(EV_ACCEPT, .file = &listener, .err = EAGAIN)), NOISE_LOCALHOST);
	assert_int_equal(noise_event(n, EVENT(EV_ACCEPT, .err = EBADF)), NOISE_NONE);
	/* libc's, and what a program reads or writes itself */
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/usr/share/locale/de/LC_MESSAGES/x.mo"), .err = ENOENT)),
			 NOISE_LOCALE);
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/l/gconv/gconv-modules.cache"), .flags = O_RDONLY)),
			 NOISE_GCONV);
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/lib/gconv/UTF-16.so"), .flags = O_RDONLY)), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/etc/nsswitch.conf"), .flags = O_RDONLY)), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/etc/nsswitch.conf"), .flags = O_CLOEXEC)),
			 NOISE_NSSWITCH);
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/usr/share/locale/x"), .flags = O_WRONLY | O_CREAT)),
			 NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_UNLINK, PATH("/usr/share/locale/x"))), NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_OPEN, PATH("/opt/glibc-hwcaps/x86-64-v3/libz.so.1"),
					      .flags = O_CLOEXEC, .err = ENOENT)),
			 NOISE_HWCAPS);
	assert_int_equal(noise_event(n, EVENT(EV_LOOKUP, PATH("/opt/glibc-hwcaps/x86-64-v3/"), .err = ENOENT)),
			 NOISE_HWCAPS);
	noise_free(n);
}

#define SIGURG_FROM(pid_, code_) EVENT(EV_SIGNAL, .signo = SIGURG, .sigcode = code_, .sender_pid = pid_)

static void test_noise_preemption(void **state)
{
	struct noise *n = noise_new();
	struct call tgkill = { .spec = syscall_spec(ARCH_X86_64, (unsigned)syscall_number("tgkill")),
			       .args[0].word = proc.pid };
	struct call tkill = { .spec = syscall_spec(ARCH_I386, 238) },
		    kill = { .spec = syscall_spec(ARCH_X86_64, (unsigned)syscall_number("kill")) };

	(void)state;
	assert_int_equal(noise_event(n, EVENT(EV_KILL, .call = &tgkill, .signo = SIGURG, .target_proc = proc.id)),
			 NOISE_PREEMPTION);
	assert_int_equal(noise_event(n, EVENT(EV_KILL, .call = &tkill, .signo = SIGURG, .target_proc = proc.id)),
			 NOISE_PREEMPTION);
	assert_int_equal(noise_event(n, SIGURG_FROM(proc.pid, SI_TKILL)), NOISE_PREEMPTION);
	/* another signal, another process, another call, urgent data */
	assert_int_equal(noise_event(n, EVENT(EV_KILL, .call = &tgkill, .signo = SIGUSR1, .target_proc = proc.id)),
			 NOISE_NONE);
	assert_int_equal(noise_event(n,
				     EVENT(EV_SIGNAL, .signo = SIGUSR1, .sigcode = SI_TKILL, .sender_pid = proc.pid)),
			 NOISE_NONE);
	assert_int_equal(noise_event(n, EVENT(EV_KILL, .call = &kill, .signo = SIGURG, .target_proc = proc.id)),
			 NOISE_NONE);
	assert_int_equal(noise_event(n, SIGURG_FROM(proc.pid, SI_USER)), NOISE_NONE);
	assert_int_equal(noise_event(n, SIGURG_FROM(0, SI_KERNEL)), NOISE_NONE);
	assert_int_equal(noise_event(n, SIGURG_FROM(child_proc.pid, SI_TKILL)), NOISE_NONE);
	tgkill.args[0].word = 7;
	assert_int_equal(noise_event(n, EVENT(EV_KILL, .call = &tgkill, .signo = SIGURG)), NOISE_NONE);
	/* in a pid namespace where that is its own number, as the answer tells */
	assert_int_equal(noise_event(n, SIGURG_FROM(7, SI_TKILL)), NOISE_PREEMPTION);
	assert_int_equal(noise_event(n, EVENT(EV_KILL, .call = &tgkill, .signo = SIGURG)), NOISE_PREEMPTION);
	assert_int_equal(noise_event(n, EVENT(EV_KILL, .task = &child, .call = &tgkill, .signo = SIGURG)), NOISE_NONE);
	noise_free(n);
}

static void test_resident(void **state)
{
	struct resident *r = resident_new();
	struct call advise = { .args[2].word = MADV_DONTNEED },
		    remap = { .args = { { .word = 0x400000 }, { .word = 0x2000 }, { .word = 0x3000 } },
			      .ret = 0x900000 };
	uint64_t n = 1;

	(void)state;
	/* nothing is followed before the first fault */
	assert_false(resident_event(r, EVENT(EV_MMAP, .addr = 0x1000, .nbytes = 0x1000), &n));
	/* a page counts once */
	for (unsigned i = 0; i < 3; i++)
		assert_true(resident_event(r, EVENT(EV_FAULT, .addr = 0x400123 + i), &n));
	assert_int_equal(n, 4096);
	/* 16 MB over several chunks */
	for (uint64_t a = 0x7f0000000000; a < 0x7f0001000000; a += 4096)
		resident_event(r, EVENT(EV_FAULT, .addr = a), &n);
	assert_int_equal(n, 4096 + (16 << 20));
	assert_false(resident_event(r, EVENT(EV_READ, .nbytes = 4096), &n));
	/* a child has what its parent has, until it execs; one that shares the memory has none of its own */
	assert_false(resident_event(r, EVENT(EV_FORK, .child = &child), &n));
	assert_true(resident_event(r, EVENT(EV_FAULT, .task = &child, .addr = 0x400000), &n));
	assert_int_equal(n, 4096 + (16 << 20));
	assert_true(resident_event(r, EVENT(EV_EXEC, .task = &child), &n));
	assert_int_equal(n, 0);
	/* parts of a range go; a failed call takes nothing */
	assert_false(resident_event(r, EVENT(EV_MUNMAP, .addr = 0x7f0000000000, .nbytes = 1 << 20, .err = EINVAL), &n));
	assert_true(resident_event(r, EVENT(EV_MUNMAP, .addr = 0x7f0000001000, .nbytes = 1 << 20), &n));
	assert_int_equal(n, 4096 + (15 << 20));
	assert_true(
		resident_event(r, EVENT(EV_MADVISE, .addr = 0x7f0000800000, .nbytes = 1 << 20, .call = &advise), &n));
	assert_int_equal(n, 4096 + (14 << 20));
	assert_true(resident_event(r,
				   EVENT(EV_MADVISE, .addr = 0x7f0000000000, .nbytes = 1,
					 .call = &(struct call){ .args[2].word = MADV_WILLNEED }),
				   &n));
	assert_int_equal(n, 4096 + (14 << 20));
	/* moved: still there, at its new place */
	assert_true(resident_event(r, EVENT(EV_MREMAP, .addr = 0x900000, .nbytes = 0x3000, .call = &remap), &n));
	assert_true(resident_event(r, EVENT(EV_FAULT, .addr = 0x900000), &n));
	assert_int_equal(n, 4096 + (14 << 20));
	assert_true(resident_event(r, EVENT(EV_MMAP, .addr = 0x900000, .nbytes = 4096), &n));
	assert_int_equal(n, 14 << 20);
	/* ranges that are not localhost */
	assert_true(resident_event(r, EVENT(EV_MUNMAP, .addr = UINT64_MAX - 4096, .nbytes = UINT64_MAX), &n));
	assert_true(resident_event(r, EVENT(EV_MUNMAP, .addr = 0, .nbytes = UINT64_MAX), &n));
	assert_int_equal(n, 0);
	assert_true(resident_event(r, EVENT(EV_BRK, .addr = 0x1000, .delta = INT64_MIN), &n));
	assert_true(resident_event(r, EVENT(EV_EXIT), &n));
	assert_int_equal(n, 0);
	assert_false(resident_event(r, EVENT(EV_MUNMAP, .addr = 0, .nbytes = 4096), &n));
	resident_free(r);
	resident_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hist), cmocka_unit_test(test_hist_enough), cmocka_unit_test(test_counted),
		cmocka_unit_test(test_noise_path), cmocka_unit_test(test_noise_classes),
		cmocka_unit_test(test_noise_event), cmocka_unit_test(test_noise_preemption),
		cmocka_unit_test(test_resident),
	};

	return cmocka_run_group_tests_name("analyze-noise", tests, NULL, NULL);
}
