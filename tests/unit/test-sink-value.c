/* SPDX-License-Identifier: MIT */
/* Values, results and peers in lines. */
#include "sink_text.h"

/* ---- -v ---- */
static struct arg_spec args[6];
static struct syscall_spec spec = { .name = "call" };
static struct call call;
static struct buf b;

static const char *formatted(enum arg_type type, uint64_t word, const char *bytes, unsigned flags)
{
	struct event ev = { .task = &task, .call = &call, .fd = -1, .fd2 = -1 };

	args[0].type = (uint8_t)type;
	call = (struct call){ .spec = &spec,
			      .nargs = 1,
			      .args = { { .spec = &args[0],
					  .word = word,
					  .bytes = bytes,
					  .len = bytes ? (uint32_t)strlen(bytes) : 0 } } };
	buf_reset(&b);
	value_format(&b, &ev, 0, flags);
	return b.s;
}

static void test_values(void **state)
{
	static const struct name_val names[] = { { 0, "RD" },	    { 1, "WR" },	 { 2, "RW" },
						 { 0x40, "CREAT" }, { 0x410000, "TMP" }, { 0x10000, "DIR" },
						 { 0, NULL } };
	static const struct names set = { names, 3 }, flags = { names + 3, 0 };
	struct fdent ents[4] = { [3] = { .file = &hosts } };
	struct fdtab tab = { .n = 4, .nopen = 1, .v = ents };

	(void)state;
	task.fds = &tab;
	assert_string_equal(formatted(ARG_INT, (uint32_t)-1, NULL, 0), "-1");
	assert_string_equal(formatted(ARG_ULONG, UINT64_MAX, NULL, 0), "18446744073709551615");
	assert_string_equal(formatted(ARG_LONG, (uint64_t)INT64_MIN, NULL, 0), "-9223372036854775808");
	assert_string_equal(formatted(ARG_HEX, 0xdeadbeef, NULL, 0), "0xdeadbeef");
	assert_string_equal(formatted(ARG_PTR, 0, NULL, 0), "NULL");
	assert_string_equal(formatted(ARG_PTR, 16, NULL, VALUE_NO_DATA), "…");
	assert_string_equal(formatted(ARG_MODE, 0644, NULL, 0), "0644");
	assert_string_equal(formatted(ARG_SIGNAL, 15, NULL, 0), "SIGTERM");
	assert_string_equal(formatted(ARG_SIGNAL, 0, NULL, 0), "0");
	assert_string_equal(formatted(ARG_CLOCKID, 1, NULL, 0), "CLOCK_MONOTONIC");
	assert_string_equal(formatted(ARG_DIRFD, (uint64_t)-100, NULL, 0), "AT_FDCWD");
	assert_string_equal(formatted(ARG_FD, 3, NULL, 0), "3</etc/hosts>");
	assert_string_equal(formatted(ARG_FD, 3, NULL, VALUE_NO_FDNAMES), "3");
	assert_string_equal(formatted(ARG_FD, 2, NULL, 0), "2");
	assert_string_equal(formatted(ARG_PATH, 16, "/a\"\n\033", 0), "\"/a\\\"\\n\\e\"");
	assert_string_equal(formatted(ARG_PATH, 16, NULL, 0), "0x10");
	assert_string_equal(formatted(ARG_STR_OUT, 16, "/cwd", 0), "\"/cwd\"");
	args[0].names = &set;
	assert_string_equal(formatted(ARG_FLAGS, 0, NULL, 0), "RD");
	assert_string_equal(formatted(ARG_FLAGS, 2 | 0x40 | 0x8000, NULL, 0), "RW|CREAT|0x8000");
	assert_string_equal(formatted(ARG_FLAGS, 1 | 0x410000, NULL, 0), "WR|TMP");
	assert_string_equal(formatted(ARG_FLAGS, 3, NULL, 0), "0x3");
	assert_string_equal(formatted(ARG_ENUM, 1, NULL, 0), "WR");
	assert_string_equal(formatted(ARG_ENUM, 99, NULL, 0), "99");
	args[0].names = &flags;
	assert_string_equal(formatted(ARG_FLAGS, 0, NULL, 0), "0");
	assert_string_equal(formatted(ARG_FLAGS, 0x20, NULL, 0), "0x20");
	args[0].names = NULL;
	/* contents: cut where capture cut them, left out of reports */
	args[0].len = 7;
	assert_string_equal(formatted(ARG_BUF_IN, 16, "abc", 0), "\"abc\"");
	assert_string_equal(formatted(ARG_BUF_IN, 16, "abc", VALUE_NO_DATA), "…");
	task.fds = NULL;
	buf_done(&b);
}

static void test_verbose(void **state)
{
	struct call c = { .spec = syscall_spec(0, 257),
			  .nr = 257,
			  .enter_ns = T0 + 3 * MS,
			  .exit_ns = T0 + 3 * MS + 12000,
			  .ret = 3,
			  .nargs = 3 };
	struct call unknown = { .spec = syscall_spec(0, 999),
				.nr = 999,
				.enter_ns = T0 + 4 * MS,
				.exit_ns = T0 + 4 * MS + 500,
				.ret = -ENOSYS,
				.err = ENOSYS,
				.nargs = 2 };
	struct call unfinished = {
		.spec = syscall_spec(0, 0), .enter_ns = T0 + 5 * MS, .unfinished = true, .nargs = 1
	};

	(void)state;
	c.args[0].word = (uint64_t)-100;
	c.args[1].bytes = "/etc/hosts";
	c.args[1].len = 10;
	c.args[2].word = O_RDONLY | O_CLOEXEC;
	for (unsigned i = 0; i < c.nargs; i++)
		c.args[i].spec = &c.spec->args[i];
	unknown.args[0] = (struct value){ &unknown.spec->args[0], .word = 1 };
	unknown.args[1] = (struct value){ &unknown.spec->args[1], .word = 2 };
	unfinished.args[0] = (struct value){ &unfinished.spec->args[0], .word = 7 };
	open_sinks(false);
	opt.verbose = true;
	start((const char *const[]){ "x", NULL });
	at(3, EVENT(EV_OPEN, .call = &c, PATH("/etc/hosts"), .file = &hosts, .fd = 3, .dur_ns = 12000));
	at(4, EVENT(EV_CALL, .call = &unknown, .err = ENOSYS));
	unknown.arch = ARCH_I386;
	unknown.enter_ns++, unknown.exit_ns++;
	at(4, EVENT(EV_CALL, .call = &unknown, .err = ENOSYS));
	at(5, EVENT(EV_READ, .call = &unfinished, .fd = 7));
	at(6, EVENT(EV_SIGNAL, .signo = SIGTERM));
	assert_string_equal(close_sinks(false),
		"compendium: tracing x\n"
		"[+0.003s] openat(AT_FDCWD, \"/etc/hosts\", O_RDONLY|O_CLOEXEC) = 3</etc/hosts>  12.0µs\n"
		"[+0.004s] syscall_999(0x1, 0x2) = -1 ENOSYS (Function not implemented)  500ns\n"
		"[+0.004s] [i386] syscall_999(0x1, 0x2) = -1 ENOSYS (Function not implemented)  500ns\n"
		"[+0.005s] read(7) = ? <unfinished>\n"
		"[+0.006s] signal SIGTERM\n");
}

/* Who is at the other end, when no address is known: only what is received came from a peer. */
static void test_no_peer(void **state)
{
	struct totals_conn c = { .family = AF_INET, .type = SOCK_DGRAM, .has_local = true, .nrecvs = 1,
				 .local = { .family = AF_INET, .port = 53, .len = 4, .ip = { 127, 0, 0, 1 } } };
	struct buf t = { 0 };

	(void)state;
	table_conn_words(&t, &c);
	assert_string_equal(t.s, "udp4 ← ? on 127.0.0.1:53");
	buf_reset(&t);
	c.nrecvs = 0, c.nsends = 1;
	table_conn_words(&t, &c);
	assert_string_equal(t.s, "udp4 on 127.0.0.1:53");
	buf_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_no_peer), cmocka_unit_test(test_verbose),
	};

	return cmocka_run_group_tests_name("sink-value", tests, NULL, NULL);
}
