/* SPDX-License-Identifier: MIT */
/* Waits for a CPU, block I/O and page faults: their lines, and their part of the summary. */
#include "events.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "analyze/totals.h"
#include "base/diag.h"
#include "base/outfile.h"
#include "decode/call.h"
#include "sink/out.h"
#include "sink/sink.h"

#define US 1000ull

static struct sink *text, *kernel;
static struct totals *totals;
static struct sink_options opt;
static struct out *out;

static void feed(const struct event *ev)
{
	totals_event(totals, ev);
	text->ops->event(text, ev);
	kernel->ops->event(kernel, ev);
}

static void block(uint64_t us, uint32_t nbytes, uint64_t device_us)
{
	const struct record_block r = { .h = { sizeof(r), RECORD_BLOCK, 0, 100, 100, us * US }, .device_ns = device_us * US,
					.nbytes = nbytes, .op = BLOCK_WRITE, .disk = "vda" };
	const struct item item = { .kind = RECORD_BLOCK, .head = &r.h, .block = &r };

	feed(EVENT(EV_BLOCK, .ts_ns = us * US, .dur_ns = r.device_ns, .nbytes = nbytes, .item = &item));
}

static void fault(uint64_t us, const struct region *region, unsigned order)
{
	const struct record_fault r = {
		{ sizeof(r), RECORD_FAULT, (rec_u16)(order << FAULT_ORDER_SHIFT), 100, 100, us * US }, 0
	};
	const struct item item = { .kind = RECORD_FAULT, .head = &r.h, .fault = &r };

	feed(EVENT(EV_FAULT, .ts_ns = us * US, .region = region, .path = region->path.s, .path_len = region->path.len,
		   .prot = region->prot, .item = &item));
}

static void expect_output(const char *want)
{
	static char got[8192];
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	ssize_t n;

	assert_true(fd >= 0);
	totals = totals_new();
	opt = (struct sink_options){ .live = true, .all = true, .totals = totals };
	struct outfile stream = { .fd = fd, .begun = true };

	out = out_new(80);
	out_add(out, &stream, false);
	text = sink_text_new(out, &opt);
	kernel = sink_kernel_new(out, &opt);

	const struct region libc = { .start = 0x7f0000000000,
				     .prot = PROT_READ | PROT_EXEC,
				     .path = BYTES("/lib/x86_64/lib\033c.so.6") };
	const struct region anon = { .start = 0x7f1000000000, .prot = PROT_READ | PROT_WRITE };

	for (unsigned i = 0; i < 3; i++)
		block(i * 100, 4096, i == 2 ? 2000 : 70);
	block(400, 8192, 300);		/* of another size: a line of its own */
	fault(500, &libc, 0);
	fault(510, &libc, 0);
	fault(520, &anon, 9);
	feed(EVENT(EV_EXIT, .ts_ns = 5000 * US, .status = 0));
	block(6000, 4096, 10);		/* late news of a task that is gone */
	feed(EVENT(EV_END, .ts_ns = 7000 * US));
	kernel->ops->finish(kernel, NULL);
	out_flush(out);
	n = pread(fd, got, sizeof(got) - 1, 0);
	assert_true(n >= 0);
	got[n] = '\0';
	text->ops->free(text);
	kernel->ops->free(kernel);
	out_free(out);
	totals_free(totals);
	close(fd);
	assert_string_equal(got, want);
}

static void test_kernel(void **state UNUSED)
{
	expect_output(
		"[+0.002s] block I/O 713µs avg, 2.00ms max (4.0 KB x3, 12.0 KB total) write vda\n"
		"[+0.002s] 2 faults in lib\\ec.so.6 @ 7f0000000000 (r-x)\n" /* came later: time goes on */
		"[+0.002s] 512 faults in anon @ 7f1000000000 (rw-), 1 huge page\n"
		"[+0.002s] block I/O 300µs (8.0 KB) write vda\n"
		"[+0.005s] exit 0\n"
		"[+0.006s] block I/O 10.0µs (4.0 KB) write vda\n"
		" Block I/O\n"
		"   5 writes, 24.0 KB\n"
		"     queued    5×, avg 0ns, p50 0ns, p95 –, p99 –, max 0ns\n"
		"     device    5×, avg 490µs, p50 71.7µs, p95 –, p99 –, max 2.00ms\n"
		"     ≥ 8.19µs  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇ 1\n"
		"     ≥ 16.4µs   0\n"
		"     ≥ 32.8µs   0\n"
		"     ≥ 65.5µs  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇ 2\n"
		"     ≥ 131µs    0\n"
		"     ≥ 262µs   ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇ 1\n"
		"     ≥ 524µs    0\n"
		"     ≥ 1.05ms  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇ 1\n"
		" Page faults: 514, 0 major; 1 huge page; 512 in anonymous memory; 2 in files\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kernel) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
