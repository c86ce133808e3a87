/* SPDX-License-Identifier: MIT */
/* Live lines, every call, and the summary, from events made by hand. */
#include "sink_text.h"

static void end(uint64_t ms, int status)
{
	struct record head = { .kind = RECORD_END };
	struct item item = { .kind = RECORD_END, .head = &head };

	feed(&(struct event){
		.kind = EV_END, .ts_ns = T0 + ms * MS, .item = &item, .status = status, .fd = -1, .fd2 = -1 });
}

static struct addr web = { .family = AF_INET, .len = 4, .ip = { 93, 184, 216, 34 }, .port = 443 };

static struct sock sock = { .family = AF_INET,
			    .type = SOCK_STREAM,
			    .now.state = CONN_CONNECTED,
			    .now.has_peer = true,
			    .now.connect_ns = T0,
			    .now.id = 1 };

static struct file sockfile = {
	.id = 9, .kind = FILE_SOCKET, .sock = &sock, .name = BYTES("tcp4 → 93.184.216.34:443")
};

static struct file libc = { .id = 2, .kind = FILE_REG, .name = BYTES("/tmp/libc.so.6") };

static void curl(void)
{
	static struct bytes argv[] = { BYTES("curl"), BYTES("-s"), BYTES("https://example.com") };

	sock.now.peer = web;
	proc.argv = argv;
	proc.argc = 3;
	mm = (struct mm){ .id = 1 };
	start((const char *const[]){ "curl", "-s", "https://example.com", NULL });
	at(0, EVENT(EV_EXEC, PATH("/usr/bin/curl")));
	mm.mapped = 8912896;
	at(2, EVENT(EV_MMAP, .addr = 0x7f8a12345000, .nbytes = 8192, .prot = PROT_READ | PROT_WRITE,
		    .flags = MAP_PRIVATE | MAP_ANONYMOUS));
	mm.heap = 135168;
	at(2, EVENT(EV_BRK, .delta = 135168));
	at(2, EVENT(EV_BRK, .delta = 0));
	at(3, EVENT(EV_OPEN, PATH("/etc/resolv.conf"), .flags = O_RDONLY | O_CLOEXEC));
	at(4, EVENT(EV_OPEN, PATH("/etc/foo.conf"), .flags = O_RDONLY, .err = ENOENT));
	at(15, EVENT(EV_CONNECT, .file = &sockfile, .conn = &sock.now, .peer = &web));
	at(156, EVENT(EV_SEND, .file = &sockfile, .conn = &sock.now, .peer = &web, .nbytes = 517));
	at(234, EVENT(EV_RECV, .file = &sockfile, .conn = &sock.now, .peer = &web, .nbytes = 1434));
	at(340, EVENT(EV_EXIT, .status = 0));
	end(340, 0);
	proc.argc = 0;
}

static const char curl_lines[] =
	"compendium: tracing curl -s https://example.com\n"
	"[+0.000s] ─── curl exec ─── curl -s https://example.com\n"
	"[+0.002s] mmap 7f8a12345000-7f8a12347000 rw-   8.0 KB anon\n"
	"[+0.002s] brk heap +132.0 KB\n"
	"[+0.003s] open /etc/resolv.conf (read)\n"
	"[+0.004s] open /etc/foo.conf (read) ENOENT\n"
	"[+0.015s] connect tcp4 → 93.184.216.34:443\n"
	"[+0.156s] send    517 B to 93.184.216.34:443\n"
	"[+0.234s] recv   1.4 KB from 93.184.216.34:443\n"
	"[+0.340s] exit 0\n";

static void test_lines(void **state)
{
	(void)state;
	open_sinks(false);
	curl();
	assert_string_equal(close_sinks(false), curl_lines);
}

#define RULE "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━\n"

static void test_final(void **state)
{
	static const char want[] = RULE
		" FINAL: curl -s https://example.com (0.34s)\n" RULE
		" Exit: 0\n"
		" Memory:\n   Heap:     132.0 KB\n   Mmap:     8.5 MB (1 region)\n   Total:    8.6 MB\n"
		" I/O:\n"
		"   Files read:          0 B\n   Files written:       0 B\n   Net sent:          517 B\n   Net "
		"received:     1.4 KB\n"
		" Network connections:\n   tcp4 → 93.184.216.34:443\n" RULE;

	(void)state;
	open_sinks(false);
	curl();
	close_sinks(true);
	assert_memory_equal(got, curl_lines, sizeof(curl_lines) - 1);
	if (!strstr(got, want))
		fail_msg("%s", got);
	assert_non_null(strstr(got, "ENOENT     /etc/foo.conf\n"));
	assert_non_null(strstr(got, "exit 0    curl -s https://example.com\n"));
}

/* Takes ticks as they come; the text must not depend on them. */
static void io_sequence(bool ticks)
{
	start((const char *const[]){ "x", NULL });
	at(10, EVENT(EV_READ, .file = &libc, .nbytes = 832, .fd = 3));
	at(20, EVENT(EV_READ, .file = &libc, .nbytes = 784, .fd = 3));
	at(25, EVENT(EV_SEEK, .file = &libc, .fd = 3));			/* has no line: does not come between */
	at(30, EVENT(EV_READ, .file = &libc, .nbytes = 739, .fd = 3));
	at(31, EVENT(EV_FORK, .child = &child));
	at(40, EVENT(EV_WRITE, .file = &hosts, .nbytes = 5, .fd = 4));
	at(42, EVENT(EV_READ, .task = &child, .file = &libc, .nbytes = 1, .fd = 3));
	at(45, EVENT(EV_WRITE, .file = &hosts, .nbytes = 5, .fd = 4));
	at(50, EVENT(EV_READ, .task = &child, .file = &libc, .nbytes = 2, .fd = 3));
	at(51, EVENT(EV_READ, .task = &child, .file = &libc, .err = EAGAIN, .fd = 3));
	if (ticks)
		text->ops->tick(text, T0 + 148 * MS);	/* the first is due at 145, the second not yet */
	if (ticks)
		text->ops->tick(text, T0 + 200 * MS);
	at(250, EVENT(EV_WRITE, .file = &hosts, .nbytes = 5, .fd = 4));	/* too late to join */
	for (unsigned ms = 300; ms <= 1900; ms += 50)			/* never a gap, but no line waits forever */
		at(ms, EVENT(EV_WRITE, .file = &hosts, .nbytes = 1, .fd = 4));
	at(1990, EVENT(EV_EXIT, .task = &child, .status = SIGKILL));
	end(2000, 0);
}

static void test_merging(void **state)
{
	static const char want[] =
		"compendium: tracing x\n"
		"[+0.030s] read 3× 2.3 KB from /tmp/libc.so.6\n"
		"[+0.031s] [100] fork → 101\n"
		"[+0.045s] [100] write 2× 10 B to /etc/hosts\n"
		"[+0.050s] [101] read 2× 3 B from /tmp/libc.so.6\n"
		"[+0.051s] [101] read from /tmp/libc.so.6 EAGAIN\n"
		"[+1.250s] [100] write 21× 25 B to /etc/hosts\n"
		"[+1.900s] [100] write 13× 13 B to /etc/hosts\n"
		"[+1.990s] [101] killed by SIGKILL\n";
	static char first[sizeof(got)];

	(void)state;
	open_sinks(false);
	io_sequence(false);
	snprintf(first, sizeof(first), "%s", close_sinks(false));
	open_sinks(false);
	io_sequence(true);
	assert_string_equal(close_sinks(false), first);
	assert_string_equal(first, want);
}

/* Equal lines of any kind join, and stay in the order of the times they show; what differs, or is far, does not. */
static void joining_sequence(bool ticks)
{
	static struct sock refused = { .family = AF_INET, .type = SOCK_STREAM, .now.state = CONN_FAILED };
	static struct file frefused = { .id = 31, .kind = FILE_SOCKET, .sock = &refused };
	static const struct addr peer = { .family = AF_INET, .len = 4, .ip = { 10, 0, 0, 9 }, .port = 5 };

	start((const char *const[]){ "x", NULL });
	at(1, EVENT(EV_FORK, .child = &child));
	for (unsigned i = 0; i < 1000; i++)
		at(10 + i / 100, EVENT(EV_LOOKUP, PATH("/tmp/flag"), .err = ENOENT));
	at(20, EVENT(EV_LOOKUP, PATH("/tmp/flag"), .err = EACCES));
	at(21, EVENT(EV_SIGNAL, .signo = SIGUSR1, .sender_pid = 9));
	at(22, EVENT(EV_OPEN, .task = &child, PATH("/a"), .flags = O_RDONLY));
	at(23, EVENT(EV_SIGNAL, .signo = SIGUSR1, .sender_pid = 9));
	at(24, EVENT(EV_SIGNAL, .signo = SIGUSR1, .sender_pid = 8));
	if (ticks)
		text->ops->tick(text, T0 + 25 * MS);
	for (unsigned i = 0; i < 3; i++)
		at(30 + i, EVENT(EV_CONNECT, .file = &frefused, .peer = &peer, .err = ECONNREFUSED, .dur_ns = 1000));
	at(40, EVENT(EV_MMAP, .addr = 0x1000, .nbytes = 4096));
	at(40, EVENT(EV_MMAP, .addr = 0x1000, .nbytes = 4096));
	at(50, EVENT(EV_BRK, .delta = 4096));
	if (ticks)
		text->ops->tick(text, T0 + 200 * MS);
	at(300, EVENT(EV_BRK, .delta = 4096));
	end(400, 0);
}

static void test_joining(void **state)
{
	static const char want[] =
		"compendium: tracing x\n"
		"[+0.001s] [100] fork → 101\n"
		"[+0.019s] [100] stat /tmp/flag ENOENT 1,000×\n"
		"[+0.020s] [100] stat /tmp/flag EACCES\n"
		"[+0.022s] [101] open /a (read)\n"
		"[+0.023s] [100] signal SIGUSR1 from pid 9 2×\n"
		"[+0.024s] [100] signal SIGUSR1 from pid 8\n"
		"[+0.032s] [100] connect tcp4 → 10.0.0.9:5 ECONNREFUSED 3×, 3.00µs in all\n"
		"[+0.040s] [100] mmap 000000001000-000000002000 ---   4.0 KB anon\n"
		"[+0.040s] [100] mmap 000000001000-000000002000 ---   4.0 KB anon\n"
		"[+0.050s] [100] brk heap +4.0 KB\n"
		"[+0.300s] [100] brk heap +4.0 KB\n";

	(void)state;
	for (int ticks = 0; ticks < 2; ticks++) {
		open_sinks(false);
		joining_sequence(ticks);
		assert_string_equal(close_sinks(false), want);
	}
}

static void test_tick_shows(void **state)
{
	(void)state;
	open_sinks(false);
	start((const char *const[]){ "x", NULL });
	at(10, EVENT(EV_READ, .file = &hosts, .nbytes = 5, .fd = 3));
	text->ops->tick(text, T0 + 110 * MS);
	assert_null(strstr(output(), "read"));
	text->ops->tick(text, T0 + 111 * MS);
	assert_non_null(strstr(output(), "[+0.010s] read      5 B from /etc/hosts\n"));
	close_sinks(false);
}

static void test_words(void **state)
{
	struct addr peer = { .family = AF_INET, .len = 4, .ip = { 10, 0, 0, 9 }, .port = 5 },
		    local = { .family = AF_INET, .len = 4, .port = 80 };
	struct sock acc = {
		.family = AF_INET, .type = SOCK_STREAM, .now.state = CONN_ACCEPTED, .has_local = true, .local = local
	};
	struct sock refused = { .family = AF_INET, .type = SOCK_STREAM, .now.state = CONN_FAILED };
	struct file facc = { .id = 20, .kind = FILE_SOCKET, .sock = &acc },
		    frefused = { .id = 21, .kind = FILE_SOCKET, .sock = &refused };
	struct call statx = { .spec = syscall_spec(0, 332), .nr = 332 };
	struct call blocked = { .spec = syscall_spec(0, 0), .unfinished = true },
		    interrupted = { .spec = syscall_spec(0, 0), .restarted = true, .err = 512 };
	struct file evil = { .id = 22, .kind = FILE_REG, .name = BYTES("/tmp/\033[31m\nx") };

	(void)state;
	open_sinks(false);
	start((const char *const[]){ "a b", "it's", "\033[2J", NULL });
	at(1, EVENT(EV_OPEN, PATH("/tmp/x"), .flags = O_WRONLY | O_CREAT | O_TRUNC));
	at(1, EVENT(EV_OPEN, PATH("/tmp/\033]0;x\a\xff"), .flags = O_RDWR | O_APPEND));
	at(1, EVENT(EV_OPEN, .err = EFAULT));
	at(1, EVENT(EV_LOOKUP, PATH("/nonexistent"), .err = ENOENT, .call = &statx));
	at(1, EVENT(EV_LOOKUP, PATH("/etc"), .call = &statx));		/* worked: nothing to tell */
	at(1, EVENT(EV_RENAME, PATH("/a"), .path2 = "/b", .path2_len = 2));
	at(1, EVENT(EV_ACCEPT, .file = &facc, .peer = &peer));
	at(1, EVENT(EV_CONNECT, .file = &frefused, .peer = &peer, .err = ECONNREFUSED, .dur_ns = 120000));
	at(1, EVENT(EV_CONNECT, .file = &frefused, .peer = &peer, .err = EINPROGRESS));
	at(1, EVENT(EV_MMAP, .file = &hosts, .addr = 0x1000, .nbytes = 4096, .prot = PROT_READ, .flags = MAP_SHARED));
	at(1, EVENT(EV_MUNMAP, .addr = 0x7f0000001000, .nbytes = 4096));
	at(1, EVENT(EV_SIGNAL, .signo = SIGCHLD, .sender_pid = 123));
	at(1, EVENT(EV_SIGNAL, .signo = SIGUSR1, .sender_ns_pid = 7));
	at(1, EVENT(EV_SIGNAL, .signo = SIGUSR1, .sender_outside = true));
	at(1, EVENT(EV_KILL, .signo = SIGTERM, .target_pid = 7));
	at(1, EVENT(EV_EXEC_FAILED, PATH("/usr/local/bin/x"), .err = ENOENT));
	at(1, EVENT(EV_READ, .file = &evil, .nbytes = 1023));
	at(1, EVENT(EV_TRANSFER, .file = &hosts, .file2 = &sockfile, .conn2 = &sock.now, .nbytes = 2048, .fd2 = 4));
	at(1, EVENT(EV_READ, .fd = 77, .err = EBADF));
	at(1, EVENT(EV_READ, .file = &hosts, .call = &blocked));
	/* ERESTARTSYS: it comes again */
	at(1, EVENT(EV_READ, .file = &hosts, .call = &interrupted, .err = 512));
	at(2, EVENT(EV_LOST, .count = 12, .text = "buffer full", .text_len = 11));
	at(3, EVENT(EV_EXIT, .status = 128 | SIGSEGV));
	assert_string_equal(close_sinks(false),
		"compendium: tracing 'a b' 'it'\\''s' '\\e[2J'\n"
		"[+0.001s] open /tmp/x (write, create, truncate)\n"
		"[+0.001s] open /tmp/\\e]0;x\\x07\\xff (read/write, append)\n"
		"[+0.001s] open (name not readable) (read) EFAULT\n"
		"[+0.001s] stat /nonexistent ENOENT\n"
		"[+0.001s] rename /a → /b\n"
		"[+0.001s] accept tcp4 ← 10.0.0.9:5 on 0.0.0.0:80\n"
		"[+0.001s] connect tcp4 → 10.0.0.9:5 ECONNREFUSED after 120µs\n"
		"[+0.001s] connect tcp4 → 10.0.0.9:5 in progress\n"
		"[+0.001s] mmap 000000001000-000000002000 r--   4.0 KB /etc/hosts shared\n"
		"[+0.001s] munmap 7f0000001000-7f0000002000   4.0 KB\n"
		"[+0.001s] signal SIGCHLD from pid 123\n"
		"[+0.001s] signal SIGUSR1 from pid 7 in its pid namespace\n"
		"[+0.001s] signal SIGUSR1 from outside its pid namespace\n"
		"[+0.001s] kill SIGTERM → 7\n"
		"[+0.001s] exec /usr/local/bin/x ENOENT\n"
		"[+0.001s] read   1023 B from /tmp/\\e[31m\\nx\n"
		"[+0.001s] copy   2.0 KB from /etc/hosts to tcp4 → 93.184.216.34:443\n"
		"[+0.001s] read from fd 77 EBADF\n"
		"[+0.001s] read from /etc/hosts (unfinished)\n"
		"[+0.002s] lost 12 records: buffer full\n"
		"[+0.003s] killed by SIGSEGV (core dumped)\n");
}

static void test_noise_is_hidden(void **state)
{
	for (int all = 0; all < 2; all++) {
		open_sinks(false);
		opt.all = all;
		start((const char *const[]){ "x", NULL });
		at(1, EVENT(EV_OPEN, PATH("/proc/self/maps")));
		at(1, EVENT(EV_OPEN, PATH("/procs")));
		close_sinks(true);
		assert_int_equal(strstr(got, "open /proc/self/maps") != NULL, all);
		assert_int_equal(strstr(got, "/proc, /sys, /dev: 1 event, 1 open\n") != NULL, !all);
		assert_non_null(strstr(got, "open /procs"));
	}
	(void)state;
}

static void test_color(void **state)
{
	(void)state;
	open_sinks(true);
	start((const char *const[]){ "x", NULL });
	at(1, EVENT(EV_OPEN, PATH("/etc/nope"), .err = ENOENT));
	at(2, EVENT(EV_READ, .file = &libc, .fd = 3, .err = EAGAIN));	/* says how things are: nothing is wrong */
	assert_string_equal(close_sinks(false),
		"compendium: tracing \033[1mx\033[0m\n"
		"\033[2m[+0.001s]\033[0m \033[36mopen\033[0m /etc/nope (read) \033[31mENOENT\033[0m\n"
		"\033[2m[+0.002s]\033[0m \033[34mread\033[0m from /tmp/libc.so.6 \033[2mEAGAIN\033[0m\n");
}

/* Every column, whole numbers, nothing that is only for terminals. */
static void test_json(void **state)
{
	static const char *const want[] = {
		"{\"rows_total\":1,\"rows\":[{\"count\":1,\"error\":\"ENOENT\",\"path\":\"/etc/foo.conf\"}]}",
		("{\"rows_total\":1,\"rows\":[{\"sent_bytes\":517,\"received_bytes\":1434,\"duration_ns\":340000000,"
		 "\"connection\":\"tcp4 → 93.184.216.34:443\",\"state\":\"open at the end\",\"connect_ns\":null,"
		 "\"first_byte_ns\":78000000,\"waited_ns\":null,\"pid\":null,\"peer_pid\":null,\"host\":null,\"clients\":null}]}"),
		("{\"rows_total\":1,\"rows\":[{\"pid\":100,\"duration_ns\":340000000,\"ended\":\"exit 0\","
		 "\"command\":\"curl -s https://example.com\",\"threads\":null,\"signal_from_pid\":null,\"host\":null,\"depth\":0}]}"),
	};
	unsigned n = 0;

	(void)state;
	open_sinks(false);
	curl();
	for (unsigned i = 0; i < table_nlist; i++) {
		struct table *t = table_new(table_list[i], totals, true, 10);
		struct buf b = { 0 };
		struct json j = { .b = &b };

		if (t) {
			table_json(&j, t);
			assert_true(n < ARRAY_SIZE(want));
			assert_string_equal(b.s, want[n++]);
		}
		table_free(t);
		buf_done(&b);
	}
	assert_int_equal(n, ARRAY_SIZE(want));
	close_sinks(false);
}

static void test_copies(void **state)
{
	static struct outfile files[5];
	char seen[64];

	(void)state;
	out = out_new(80);
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		files[i] = (struct outfile){ .fd = i == 2 ? open("/dev/full", O_WRONLY) : memfd_create("copy", 0) };
		out_add(out, &files[i], i == 0);
	}
	out_write(out, "\003one\001\n", 6);
	out_flush(out);
	out_write(out, "two\n", 4);		/* goes on, whatever became of one of them */
	out_flush(out);
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		ssize_t n = pread(files[i].fd, seen, sizeof(seen) - 1, 0);

		assert_int_equal(files[i].err, i == 2 ? -ENOSPC : 0);
		assert_int_equal(files[i].lost, i == 2 ? 8 : 0);
		seen[MAX(n, 0)] = '\0';
		assert_string_equal(seen, i == 2 ? "" : i == 0 ? "\033[1mone\033[0m\ntwo\n" : "one\ntwo\n");
		close(files[i].fd);
	}
	out_free(out);
}

/* The file's content is that, and then there is none. */
static void assert_taken(int file, const char *want)
{
	char seen[64];
	ssize_t n = pread(file, seen, sizeof(seen) - 1, 0);

	seen[MAX(n, 0)] = '\0';
	assert_string_equal(seen, want);
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
}

/* Lines are copied in words: it must not matter where in one a mark is. */
static void test_marks_anywhere(void **state)
{
	struct outfile color = { .fd = memfd_create("color", 0) }, plain = { .fd = memfd_create("plain", 0) };
	char line[24], want[64];

	(void)state;
	out = out_new(80);
	out_add(out, &color, true);
	out_add(out, &plain, false);
	for (size_t n = 1; n <= sizeof(line); n++)
		for (size_t at = 0; at < n; at++) {
			int before = (int)at, after = (int)(n - at - 1);

			memset(line, '.', n);
			line[at] = STYLE_BOLD;
			out_write(out, line, n);
			out_flush(out);
			snprintf(want, sizeof(want), "%.*s\033[1m%.*s", before, line, after, line + at + 1);
			assert_taken(color.fd, want);
			snprintf(want, sizeof(want), "%.*s%.*s", before, line, after, line + at + 1);
			assert_taken(plain.fd, want);
		}
	out_free(out);
	close(color.fd);
	close(plain.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines), cmocka_unit_test(test_final), cmocka_unit_test(test_merging),
		cmocka_unit_test(test_joining), cmocka_unit_test(test_tick_shows),
		cmocka_unit_test(test_words), cmocka_unit_test(test_noise_is_hidden),
		cmocka_unit_test(test_color), cmocka_unit_test(test_copies), cmocka_unit_test(test_marks_anywhere),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
