/* SPDX-License-Identifier: MIT */
/* Totals, the noise rule and histograms, on events made by hand. */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "analyze/misses.h"
#include "analyze/resident.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "sink/totals_words.h"

static void test_files_and_bytes(void **state)
{
	struct totals *t = totals_new();
	struct file hosts = { .id = 1, .kind = FILE_REG, .name = BYTES("/etc/hosts") },
		    tty = { .id = 2, .kind = FILE_TTY, .name = BYTES("/x/tty") };
	struct file pipe = { .id = 3, .kind = FILE_PIPE, .name = BYTES("pipe:[7]") },
		    out = { .id = 4, .kind = FILE_REG, .name = BYTES("/tmp/x") };
	unsigned rows[4];

	(void)state;
	totals_event(t, EVENT(EV_OPEN, PATH("/etc/hosts"), .file = &hosts, .fd = 3));
	totals_event(t, EVENT(EV_OPEN, PATH("/etc/nope"), .err = ENOENT));
	totals_event(t, EVENT(EV_OPEN, PATH("/etc/nope"), .err = ENOENT));
	totals_event(t, EVENT(EV_LOOKUP, PATH("/etc/nope"), .err = EACCES));
	totals_event(t, EVENT(EV_LOOKUP, PATH("/etc/link"), .err = EINVAL));	/* readlink of a file */
	totals_event(t, EVENT(EV_READ, .file = &hosts, .nbytes = 100));
	totals_event(t, EVENT(EV_READ, .file = &hosts, .err = EIO));
	totals_event(t, EVENT(EV_WRITE, .file = &tty, .nbytes = 7));
	totals_event(t, EVENT(EV_WRITE, .file = &pipe, .nbytes = 5));
	totals_event(t, EVENT(EV_TRANSFER, .file = &hosts, .file2 = &out, .nbytes = 50));
	assert_int_equal(t->opens, 1);
	assert_int_equal(t->failed_opens, 2);
	assert_int_equal(t->file_read, 150);
	assert_int_equal(t->file_written, 50);
	assert_int_equal(t->other_written, 12);
	assert_int_equal(t->other_read, 0);
	assert_int_equal(t->procs.v[0]->nread, 150);
	assert_int_equal(t->procs.v[0]->nwritten, 62);
	assert_int_equal(totals_top_files(t, false, rows, 4), 3);	/* the pipe has no name of its own */
	assert_string_equal(t->files.v[rows[0]]->path.s, "/etc/hosts");
	assert_int_equal(t->files.v[rows[0]]->nreads, 2);
	assert_int_equal(t->files.v[rows[0]]->opens, 1);
	assert_string_equal(t->files.v[rows[1]]->path.s, "/tmp/x");
	assert_int_equal(totals_top_lookups(t, false, rows, 4), 2);
	assert_int_equal(t->lookups.v[rows[0]]->count, 2);
	assert_int_equal(t->lookups.v[rows[1]]->err, EACCES);
	totals_free(t);
}

static const char *file_row(struct buf *b, const struct totals *t, unsigned row)
{
	buf_reset(b);
	totals_file_name(b, t->files.v[row]);
	buf_printf(b, " %llu", (unsigned long long)t->files.v[row]->nwritten);
	return b->s;
}

#define PATH2(lit) .path2 = (lit), .path2_len = sizeof(lit) - 1

static void test_names_that_change(void **state)
{
	struct totals *t = totals_new();
	struct file tmp = { .id = 7, .kind = FILE_REG, .name = BYTES("/d/x.tmp") },
		    obj = { .id = 8, .kind = FILE_REG, .name = BYTES("/d/tmp_obj") };
	struct buf b = { 0 };
	unsigned rows[4];

	(void)state;
	totals_event(t, EVENT(EV_WRITE, .file = &tmp, .nbytes = 10));
	tmp.name = BYTES("/d/x");		/* open still, as the model has it */
	totals_event(t, EVENT(EV_RENAME, PATH("/d/x.tmp"), PATH2("/d/x")));
	totals_event(t, EVENT(EV_WRITE, .file = &tmp, .nbytes = 1));
	assert_string_equal(file_row(&b, t, 0), "/d/x (was x.tmp) 11");
	/* the same again, with another file */
	tmp = (struct file){ .id = 9, .kind = FILE_REG, .name = BYTES("/d/x.tmp") };
	totals_event(t, EVENT(EV_WRITE, .file = &tmp, .nbytes = 100));
	totals_event(t, EVENT(EV_RENAME, PATH("/d/x.tmp"), PATH2("/d/x"), .err = EACCES));
	assert_int_equal(totals_top_files(t, true, rows, 4), 2);
	totals_event(t, EVENT(EV_RENAME, PATH("/d/x.tmp"), PATH2("/d/x")));
	assert_string_equal(file_row(&b, t, 0), "/d/x (was x.tmp) 111");
	assert_int_equal(totals_top_files(t, true, rows, 4), 1);
	/* as git does it; a second name alone is none */
	totals_event(t, EVENT(EV_WRITE, .file = &obj, .nbytes = 20));
	totals_event(t, EVENT(EV_LINK, PATH("/d/tmp_obj"), PATH2("/e/ab")));
	assert_string_equal(file_row(&b, t, 2), "/d/tmp_obj 20");
	totals_event(t, EVENT(EV_UNLINK, PATH("/d/tmp_obj")));
	assert_string_equal(file_row(&b, t, 2), "/e/ab (was /d/tmp_obj) 20");
	totals_event(t, EVENT(EV_RENAME, PATH("/e/ab"), PATH2("/d/tmp_obj")));
	assert_string_equal(file_row(&b, t, 2), "/d/tmp_obj 20");
	totals_event(t, EVENT(EV_UNLINK, PATH("/d/tmp_obj")));
	totals_event(t, EVENT(EV_RENAME, PATH("/d/never"), PATH2("/d/y")));
	assert_int_equal(t->files.n, 3);
	/*
	 * what is open in a directory goes along with it, what is not stays; its first name is the one it was made
	 * under
	 */
	struct renamed open[2] = { { "/d/x", "/D/x", 4, 4 }, { "/d/none", "/D/none", 7, 7 } };

	totals_event(t, EVENT(EV_RENAME, PATH("/d"), PATH2("/D"), .renamed = open, .nrenamed = 2));
	tmp.name = BYTES("/D/x");
	totals_event(t, EVENT(EV_WRITE, .file = &tmp, .nbytes = 1000));
	assert_string_equal(file_row(&b, t, 0), "/D/x (was /d/x.tmp) 1111");
	assert_string_equal(file_row(&b, t, 2), "/d/tmp_obj 20");
	assert_int_equal(t->files.n, 3);
	buf_done(&b);
	totals_free(t);
}

static void others(struct totals *t, unsigned max)
{
	char path[32];
	unsigned n = max + 100;

	for (unsigned i = 0; i < n; i++) {
		struct file f = { .id = i + 1, .kind = FILE_REG };

		f.name = (struct bytes){ path, (uint32_t)snprintf(path, sizeof(path), "/many/%u", i) };
		totals_event(t, EVENT(EV_OPEN, .path = path, .path_len = f.name.len, .file = &f));
		totals_event(t, EVENT(EV_READ, .file = &f, .nbytes = 3));
	}
	assert_int_equal(t->files.n, max);
	assert_int_equal(t->files.others.opens, 100);
	assert_int_equal(t->files.others.nread, 300);
	assert_int_equal(t->file_read, 3 * n);		/* sums stay exact */
	totals_free(t);
}

static void test_others(void **state)
{
	struct totals *t = totals_new();

	(void)state;
	others(t, TOTALS_ROWS);
	t = totals_new();
	t->rows_max = TOTALS_ROWS_LAST;
	others(t, TOTALS_ROWS_LAST);
}

static void test_connections(void **state)
{
	struct totals *t = totals_new();
	struct addr web = { .family = AF_INET, .len = 4, .ip = { 93, 184, 216, 34 }, .port = 443 },
		    lo = { .family = AF_INET, .len = 4, .ip = { 127, 0, 0, 1 }, .port = 80 };
	struct sock s1 = { .family = AF_INET,
			   .type = SOCK_STREAM,
			   .now.state = CONN_CONNECTING,
			   .now.has_peer = true,
			   .now.peer = web,
			   .now.connect_ns = 10,
			   .now.id = 1 };
	struct sock s2 = { .family = AF_INET,
			   .type = SOCK_STREAM,
			   .now.state = CONN_FAILED,
			   .now.err = ECONNREFUSED,
			   .now.id = 2,
			   .now.has_peer = true,
			   .now.peer = lo };
	struct sock s3 = { .family = AF_UNIX, .type = SOCK_STREAM, .now.state = CONN_CONNECTED, .now.id = 3 };
	struct sock l = { .family = AF_INET,
			  .type = SOCK_STREAM,
			  .now.state = CONN_LISTENING,
			  .now.id = 4,
			  .has_local = true,
			  .local = lo };
	struct sock a = { .family = AF_INET,
			  .type = SOCK_STREAM,
			  .now.state = CONN_ACCEPTED,
			  .now.has_peer = true,
			  .now.peer = lo,
			  .now.id = 5 };
	struct file f1 = { .id = 1, .kind = FILE_SOCKET, .sock = &s1, .opened_ns = 5 },
		    f2 = { .id = 2, .kind = FILE_SOCKET, .sock = &s2 };
	struct file f3 = { .id = 3, .kind = FILE_SOCKET, .sock = &s3 },
		    fl = { .id = 4, .kind = FILE_SOCKET, .sock = &l };
	struct file fa = { .id = 5, .kind = FILE_SOCKET, .sock = &a };
	unsigned rows[4];

	(void)state;
	now = 100;
	totals_event(t, EVENT(EV_CONNECT, .file = &f1, .conn = &s1.now, .peer = &web, .err = EINPROGRESS));
	assert_int_equal(totals_count_conns(t).failed, 0);
	assert_int_equal(totals_count_conns(t).made, 0);	/* it is under way */
	s1.now.state = CONN_CONNECTED;
	s1.now.connected_ns = 110;
	totals_event(t, EVENT(EV_CONNECTED, .file = &f1, .conn = &s1.now, .peer = &web));
	assert_int_equal(totals_count_conns(t).made, 1);
	totals_event(t, EVENT(EV_SEND, .file = &f1, .conn = &s1.now, .peer = &web, .nbytes = 517));
	totals_event(t, EVENT(EV_RECV, .file = &f1, .conn = &s1.now, .peer = &web, .nbytes = 2000));
	totals_event(t, EVENT(EV_CONNECT, .file = &f2, .conn = &s2.now, .peer = &lo, .err = ECONNREFUSED));
	totals_event(t, EVENT(EV_SEND, .file = &f3, .conn = &s3.now, .nbytes = 9));
	totals_event(t, EVENT(EV_LISTEN, .file = &fl, .conn = &l.now));
	totals_event(t, EVENT(EV_ACCEPT, .file = &fl, .conn = &l.now, .file2 = &fa, .conn2 = &a.now, .peer = &lo));
	totals_event(t, EVENT(EV_RECV, .file = &fa, .conn = &a.now, .peer = &lo, .nbytes = 11));
	totals_event(t, EVENT(EV_RELEASE, .file = &f1, .ts_ns = 1000));
	assert_int_equal(totals_count_conns(t).made, 2);
	assert_int_equal(totals_count_conns(t).failed, 1);
	assert_int_equal(totals_count_conns(t).hidden, 1);	/* what failed is not */
	assert_int_equal(t->net_sent, 517);
	assert_int_equal(t->net_received, 2011);
	assert_int_equal(t->local_sent, 9);
	assert_int_equal(t->hidden[NOISE_LOCALHOST].received, 11);
	assert_int_equal(t->conns.n, 5);
	assert_int_equal(t->conns.v[0]->connect_ns, 100);
	assert_int_equal(t->conns.v[0]->start_ns, 10);
	assert_int_equal(t->conns.v[0]->end_ns, 1000);
	assert_int_equal(t->conns.v[0]->state, CONN_CONNECTED);
	assert_int_equal(t->conns.v[1]->err, ECONNREFUSED);
	assert_true(t->conns.v[1]->has_peer);
	assert_int_equal(t->conns.v[3]->accepted, 1);
	assert_int_equal(totals_top_conns(t, false, rows, 4), 2);
	/* the unnamed local socket has no peer to show */
	assert_int_equal(totals_top_conns(t, true, rows, 4), 3);
	assert_int_equal(t->conns.v[rows[0]]->file, 1);
	totals_free(t);
}

/* Rows are by peer and attempt; a failure is never noise; the counts of what is hidden are one. */
static void test_several_peers(void **state)
{
	struct totals *t = totals_new();
	struct addr lo = { .family = AF_INET, .len = 4, .ip = { 127, 0, 0, 1 }, .port = 1 }, other = lo;
	struct conn a = { .id = 2, .has_peer = true, .peer = lo, .moved = true }, rest = { .id = 4, .rest = true };
	struct conn *peers[] = { &a };
	struct sock s = {
		.family = AF_INET, .type = SOCK_DGRAM, .now.id = 1, .peers = peers, .npeers = 1, .rest = &rest
	};
	struct sock tcp = {
		.family = AF_INET,
		.type = SOCK_STREAM,
		.now = { .id = 3, .state = CONN_FAILED, .err = ECONNREFUSED, .has_peer = true, .peer = lo }
	};
	struct file f = { .id = 1, .kind = FILE_SOCKET, .sock = &s },
		    g = { .id = 2, .kind = FILE_SOCKET, .sock = &tcp };

	(void)state;
	now = 100;
	other.port = 2;
	totals_event(t, EVENT(EV_RECV, .file = &f, .conn = &s.now, .nbytes = 7));
	totals_event(t, EVENT(EV_SEND, .file = &f, .conn = &a, .peer = &lo, .nbytes = 10));
	assert_int_equal(t->noise, NOISE_LOCALHOST);
	totals_event(t, EVENT(EV_PEEK, .file = &f, .conn = &a, .peer = &lo, .nbytes = 9));
	totals_event(t, EVENT(EV_SEND, .file = &f, .conn = &rest, .peer = &other, .nbytes = 20));
	totals_event(t, EVENT(EV_CONNECT, .file = &g, .conn = &tcp.now, .peer = &lo, .err = ECONNREFUSED));
	assert_int_equal(t->noise, NOISE_NONE);
	totals_event(t, EVENT(EV_RECV, .file = &f, .conn = &a, .peer = &lo, .err = EAGAIN));
	assert_int_equal(t->noise, NOISE_LOCALHOST);
	assert_int_equal(t->conns.n, 4);
	assert_int_equal(t->conns.v[1]->sent, 10);
	assert_int_equal(t->conns.v[1]->received, 0);
	assert_true(t->conns.v[2]->rest);
	assert_int_equal(t->conns.v[3]->noise, NOISE_NONE);
	assert_int_equal(t->net_received, 7);
	assert_int_equal(totals_count_conns(t).datagrams, 2);	/* where 7 bytes came from is not known */
	assert_int_equal(totals_count_conns(t).made, 0);
	assert_int_equal(totals_count_conns(t).failed, 1);
	assert_int_equal(totals_count_conns(t).hidden, 1);
	/* one attempt is over, then the file */
	totals_event(t, EVENT(EV_RELEASE, .file = &g, .conn = &tcp.now, .ts_ns = 200));
	assert_int_equal(t->conns.v[3]->end_ns, 200);
	a.err = ECONNREFUSED;
	totals_event(t, EVENT(EV_RELEASE, .file = &f, .ts_ns = 300));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(t->conns.v[i]->end_ns, 300);
	assert_int_equal(totals_count_conns(t).hidden, 0);
	totals_free(t);
}

static void test_memory(void **state)
{
	struct totals *t = totals_new();

	(void)state;
	mm = (struct mm){ .id = 1, .mapped = 1000 };
	mm2 = (struct mm){ .id = 2 };
	totals_event(t, EVENT(EV_MMAP, .nbytes = 1000));
	mm.heap = 300;
	totals_event(t, EVENT(EV_BRK, .delta = 300));
	mm2.mapped = 1000;
	mm2.heap = 300;
	totals_event(t, EVENT(EV_FORK, .child = &child));
	assert_int_equal(t->mapped_peak, 2000);
	assert_int_equal(t->memory_peak, 2600);
	mm2.mapped = 0;		/* exec */
	mm2.heap = 0;
	mm2.id = 3;
	totals_event(t, EVENT(EV_EXEC, .task = &child));
	mm2.mapped = 5000;
	totals_event(t, EVENT(EV_MMAP, .task = &child, .nbytes = 5000));
	assert_int_equal(t->mapped_peak, 6000);
	totals_event(t, EVENT(EV_EXIT, .task = &child, .status = 0));
	mm.mapped = 5999;
	totals_event(t, EVENT(EV_MMAP, .nbytes = 4999));
	assert_int_equal(t->mapped_peak, 6000);		/* the child's is gone */
	assert_int_equal(t->memory_peak, 6300);
	assert_int_equal(t->heap_peak, 600);
	assert_int_equal(t->nmaps, 3);
	/* vfork: one address space, counted once */
	child_proc.mm = &mm;
	child_proc.id = 3;
	totals_event(t, EVENT(EV_FORK, .child = &child));
	assert_int_equal(t->mapped_peak, 6000);
	child_proc.mm = &mm2;
	child_proc.id = 2;
	totals_free(t);
}

static void test_memory_when_attached(void **state)
{
	struct totals *t = totals_new();
	struct buf b = { 0 };

	(void)state;
	mm = (struct mm){ .id = 1, .heap = 2048 };
	totals_event(t, EVENT(EV_MEMORY_SNAPSHOT, .delta = 2048));
	mm.mapped = 4096;
	totals_event(t, EVENT(EV_MEMORY_SNAPSHOT, .nbytes = 4096));
	assert_int_equal(t->nevents, 0);	/* nothing the program did */
	mm.mapped = 8192;
	totals_event(t, EVENT(EV_MMAP, .nbytes = 4096));
	mm.mapped = 0;
	totals_event(t, EVENT(EV_MUNMAP, .nbytes = 8192));
	totals_memory(&b, t, MEMORY_HEAP);
	buf_puts(&b, ", ");
	totals_memory(&b, t, MEMORY_MMAP);
	buf_puts(&b, ", ");
	totals_memory(&b, t, MEMORY_TOTAL);
	assert_string_equal(b.s, "2.0 KB (2.0 KB when attached, +0 B), 8.0 KB (4.0 KB when attached, +4.0 KB; 1 region "
				 "since), "
				 "10.0 KB (6.0 KB when attached, +4.0 KB)");
	buf_done(&b);
	mm = (struct mm){ .id = 1 };
	totals_free(t);
}

static void test_processes(void **state)
{
	struct totals *t = totals_new();
	struct bytes argv[] = { BYTES("sh"), BYTES("-c"), BYTES("it's \033[1m") };
	struct buf b = { 0 };

	(void)state;
	proc.argv = argv;
	proc.argc = 3;
	totals_event(t, EVENT(EV_EXEC));
	totals_event(t, EVENT(EV_FORK, .child = &child));
	child_proc.nthreads_ever = 4;
	totals_event(t, EVENT(EV_THREAD, .task = &child));
	totals_event(t, EVENT(EV_EXIT, .task = &child, .status = 3 << 8, .ts_ns = 5000));
	assert_int_equal(t->nprocs, 2);
	totals_proc_command(&b, t->procs.v[0]);
	assert_string_equal(b.s, "sh -c 'it'\\''s \\e[1m'");
	buf_done(&b);
	assert_int_equal(t->procs.v[0]->first_child, 2);
	assert_int_equal(t->procs.v[0]->status, -1);
	assert_int_equal(t->procs.v[1]->status, 3 << 8);
	assert_int_equal(t->procs.v[1]->end_ns, 5000);
	assert_int_equal(t->procs.v[1]->nthreads, 4);
	assert_ptr_equal(totals_proc(t, 2), t->procs.v[1]);
	assert_null(totals_proc(t, 3));
	proc.argc = 0;
	totals_free(t);
}

static void test_calls(void **state)
{
	struct totals *t = totals_new();
	struct call c = { .spec = syscall_spec(0, 257), .nr = 257, .enter_ns = 10, .exit_ns = 30, .err = ENOENT };
	unsigned rows[2];

	(void)state;
	totals_event(t, EVENT(EV_OPEN, .call = &c, PATH("/x"), .err = ENOENT));
	totals_event(t, EVENT(EV_CLOSE, .call = &c));		/* a second event of the same call */
	c.enter_ns = 40;
	c.exit_ns = 0;		/* the result was not waited for */
	c.err = 0;
	totals_event(t, EVENT(EV_OPEN, .call = &c, PATH("/x")));
	assert_int_equal(t->ncalls, 2);
	assert_int_equal(t->calls.n, 1);
	assert_int_equal(t->calls.v[0]->count, 2);
	assert_int_equal(t->calls.v[0]->errors, 1);
	assert_int_equal(t->calls.v[0]->dur.n, 1);
	assert_int_equal(t->calls.v[0]->dur.sum, 20);
	assert_int_equal(totals_top_errors(t, rows, 2), 1);
	assert_int_equal(t->errors.v[rows[0]]->count, 1);
	assert_ptr_equal(t->errors.v[rows[0]]->call, t->calls.v[0]);
	totals_free(t);
}

/* What is left of a miss when that other thing has succeeded. */
static unsigned left_of(const struct event *miss, const struct event *success)
{
	struct misses v = { 0 };
	unsigned n;

	misses_add(&v, miss);
	misses_add(&v, EVENT(EV_OPEN, PATH("/other/thing"), .err = ENOENT));
	misses_made_good(&v, success);
	n = v.n - 1;
	misses_done(&v);
	return n;
}

static void test_made_good(void **state)
{
	struct addr peer = { .family = AF_INET, .port = 80 }, other = { .family = AF_INET, .port = 81 };
	const struct event *open = EVENT(EV_OPEN, PATH("/a/lib.h"), .err = ENOENT);
	const struct event *mkdir = EVENT(EV_MKDIR, PATH("/a/d/"), .err = EACCES);
	const struct event *refused = EVENT(EV_CONNECT, .peer = &peer, .err = ECONNREFUSED);

	(void)state;
	assert_int_equal(left_of(open, EVENT(EV_OPEN, PATH("/some/where/else/lib.h"))), 0);
	assert_int_equal(left_of(open, EVENT(EV_LOOKUP, PATH("/b/lib.h"))), 0);
	assert_int_equal(left_of(open, EVENT(EV_OPEN, PATH("/b/lib.h/"))), 0);
	assert_int_equal(left_of(open, EVENT(EV_OPEN, PATH("/b/lib.c"))), 1);
	assert_int_equal(left_of(open, EVENT(EV_OPEN, PATH("/b/xlib.h"))), 1);
	assert_int_equal(left_of(open, EVENT(EV_UNLINK, PATH("/b/lib.h"))), 1);
	assert_int_equal(left_of(mkdir, EVENT(EV_MKDIR, PATH("/b/c/d"))), 0);
	assert_int_equal(left_of(mkdir, EVENT(EV_MKDIR, PATH("/b/d//"))), 0);
	assert_int_equal(left_of(refused, EVENT(EV_CONNECTED, .peer = &peer)), 0);
	assert_int_equal(left_of(refused, EVENT(EV_CONNECTED, .peer = &other)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_and_bytes), cmocka_unit_test(test_names_that_change),
		cmocka_unit_test(test_others), cmocka_unit_test(test_connections),
		cmocka_unit_test(test_several_peers), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_when_attached), cmocka_unit_test(test_processes),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_made_good),
	};

	return cmocka_run_group_tests_name("analyze", tests, NULL, NULL);
}
