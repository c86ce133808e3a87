/* SPDX-License-Identifier: MIT */
/* Recordings: what is written comes back; what is damaged is reported; the ring loses nothing. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/outfile.h"
#include "record/build.h"
#include "record/file.h"
#include "record/format.h"
#include "record/ring.h"
#include "heap.h"
#include "unit.h"

static char path[64];

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/test-record.%d", getpid());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

/* A record of n payload bytes that says its number. */
static struct record *make(struct buf *b, unsigned i, size_t n)
{
	struct record_start *r = record_begin(b, RECORD_START, sizeof(*r), i, i, i);
	char *payload = xcalloc(1, n + 1);

	r->nchunks = 1;
	memset(payload, (int)('a' + i % 26), n);
	record_chunk(b, 1, PART_TEXT, 0, payload, n);
	free(payload);
	return record_finish(b);
}

static void write_recording(unsigned n, size_t payload)
{
	struct outfile file = { .fd = open(path, O_WRONLY | O_CREAT, 0600) };
	struct record_writer *w = record_writer_new(&file);
	struct buf b = { 0 };

	assert_true(file.fd >= 0);
	for (unsigned i = 0; i < n; i++)
		record_writer_add(w, make(&b, i, payload));
	assert_int_equal(record_writer_finish(w), 0);
	record_writer_free(w);
	outfile_close(&file);
	buf_done(&b);
}

/* Records read back; *ret_rc is how it ended: 0 complete, else the error. */
static unsigned read_from(const char *name, int *ret_rc, struct diag *diag)
{
	struct record_reader *r;
	const struct record *rec;
	size_t avail;
	unsigned n = 0;

	*ret_rc = record_reader_open(name, &r, diag);
	if (*ret_rc < 0)
		return 0;
	while ((*ret_rc = record_reader_next(r, &rec, &avail, diag)) == 1) {
		assert_int_equal(rec->pid, n);
		assert_int_equal(avail, rec->size);
		n++;
	}
	record_reader_close(r);
	return n;
}

static unsigned read_recording(int *ret_rc, struct diag *diag) { return read_from(path, ret_rc, diag); }

static void test_round_trip(void **state)
{
	struct diag diag = { 0 };
	struct stat st;
	int rc;

	(void)state;
	write_recording(20000, 100);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);	/* traces hold secrets */
	assert_int_equal(read_recording(&rc, &diag), 20000);
	assert_int_equal(rc, 0);
	write_recording(3, 300000);		/* larger than a block */
	assert_int_equal(read_recording(&rc, &diag), 3);
	assert_int_equal(rc, 0);
	write_recording(0, 0);
	assert_int_equal(read_recording(&rc, &diag), 0);
	assert_int_equal(rc, 0);
}

static void test_cut_anywhere(void **state)
{
	struct diag diag = { 0 };
	struct stat st;
	int rc;

	(void)state;
	write_recording(5, 40);
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = st.st_size - 1; size >= 0; size--) {
		assert_int_equal(truncate(path, size), 0);
		read_recording(&rc, &diag);
		assert_int_equal(rc, -EBADMSG);
	}
	/* whole blocks before the cut are there */
	write_recording(20000, 100);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 20), 0);
	assert_true(read_recording(&rc, &diag) > 1000);
	assert_int_equal(rc, -EBADMSG);
	assert_non_null(strstr(diag.text, "cut off"));
}

static void test_damaged(void **state)
{
	struct diag diag = { 0 };
	uint32_t newer = RECORDING_VERSION + 1;
	const off_t counts = offsetof(struct recording_block, nrecords);
	struct stat st;
	off_t index;
	int rc, fd;

	(void)state;
	write_recording(50, 40);
	assert_int_equal(stat(path, &st), 0);
	index = st.st_size - (off_t)(2 * sizeof(struct recording_block) + sizeof(struct recording_index));
	fd = open(path, O_RDWR);
	/* every byte of the blocks but their own count of records, which nothing relies on */
	for (off_t at = sizeof(struct recording_head); at < st.st_size - (off_t)sizeof(struct recording_block); at++) {
		unsigned char c, bad;

		if (at / 4 == ((off_t)sizeof(struct recording_head) + counts) / 4 ||
		    (at >= index + counts && at < index + counts + 4))
			continue;
		assert_int_equal(pread(fd, &c, 1, at), 1);
		bad = c ^ 0x10;
		assert_int_equal(pwrite(fd, &bad, 1, at), 1);
		read_recording(&rc, &diag);
		assert_int_equal(rc, -EBADMSG);
		assert_int_equal(pwrite(fd, &c, 1, at), 1);
	}
	assert_int_equal(read_recording(&rc, &diag), 50);
	assert_int_equal(pwrite(fd, &newer, sizeof(newer), 8), sizeof(newer));
	read_recording(&rc, &diag);
	assert_int_equal(rc, -EPROTO);
	assert_non_null(strstr(diag.text, "newer compendium"));
	assert_int_equal(pwrite(fd, "ELF", 3, 0), 3);
	read_recording(&rc, &diag);
	assert_non_null(strstr(diag.text, "is not a recording"));
	close(fd);
}

/* One after the other, as parts of a run: each has its own records, and only the last has memory for more. */
static void test_memory_is_taken_on(void **state)
{
	enum { PARTS = 8, RECORDS = 3000, PAYLOAD = 500, ROOM = 1 << 20 };
	struct outfile files[PARTS];
	struct record_writer *w[PARTS];
	struct buf b = { 0 };
	struct diag diag;
	size_t first = 0;
	int rc;

	(void)state;
	for (unsigned i = 0; i < PARTS; i++) {
		char name[sizeof(path) + 20];

		snprintf(name, sizeof(name), "%s.%u", path, i);
		files[i] = (struct outfile){ .fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600) };
		assert_true(files[i].fd >= 0);
		unlink(name);
		w[i] = record_writer_new(&files[i]);
		if (i)
			record_writer_take(w[i], w[i - 1]);
		for (unsigned k = 0; k < RECORDS + i; k++)
			record_writer_add(w[i], make(&b, k, PAYLOAD));
		if (i == 1)
			first = heap_bytes();
	}
	assert_true(heap_bytes() < first + ROOM);
	for (unsigned i = 0; i < PARTS; i++) {
		char name[40];

		snprintf(name, sizeof(name), "/proc/self/fd/%d", files[i].fd);
		assert_int_equal(record_writer_finish(w[i]), 0);
		assert_int_equal(read_from(name, &rc, &diag), RECORDS + i);
		assert_int_equal(rc, 0);
		record_writer_free(w[i]);
		outfile_close(&files[i]);
	}
	buf_done(&b);
}

/* Lent ones, behind each other, between copied ones: in order, and not looked at after they are settled. */
static void test_lent(void **state)
{
	enum { ROUNDS = 40, EACH = 300 };
	struct outfile file = { .fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) };
	struct record_writer *w = record_writer_new(&file);
	struct buf lent = { 0 }, b = { 0 };
	struct record_reader *reader;
	const struct record *r;
	struct diag diag;
	unsigned n = 0;
	size_t avail;

	(void)state;
	assert_true(file.fd >= 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		buf_reset(&lent);
		for (unsigned i = 0; i < EACH; i++) {
			r = make(&b, n + i, (n + i) * 7 % 600);
			buf_add(&lent, r, r->size);
		}
		for (unsigned i = 0, at = 0; i < EACH; i++, n++) {
			r = (const struct record *)(lent.s + at);
			at += r->size;
			if (n % 64 == 63)		/* it was somewhere else */
				record_writer_add(w, make(&b, n, n * 7 % 600));
			else
				record_writer_lend(w, r);
		}
		record_writer_settle(w);
		memset(lent.s, 0xff, lent.len);
	}
	assert_int_equal(record_writer_records(w), ROUNDS * EACH);
	assert_int_equal(record_writer_finish(w), 0);
	record_writer_free(w);
	outfile_close(&file);
	assert_int_equal(record_reader_open(path, &reader, &diag), 0);
	for (unsigned i = 0; i < ROUNDS * EACH; i++) {
		assert_int_equal(record_reader_next(reader, &r, &avail, &diag), 1);
		assert_int_equal(r->pid, i);
		make(&b, i, i * 7 % 600);
		assert_int_equal(r->size, ((const struct record *)b.s)->size);
		assert_memory_equal(r, b.s, r->size);
	}
	assert_int_equal(record_reader_next(reader, &r, &avail, &diag), 0);
	record_reader_close(reader);
	buf_done(&lent);
	buf_done(&b);
}

static void test_full_disk(void **state)
{
	struct outfile file = { .fd = open("/dev/full", O_WRONLY) };
	struct record_writer *w = record_writer_new(&file);
	struct buf b = { 0 };
	struct stat st;

	(void)state;
	if (file.fd < 0)
		skip();
	for (unsigned i = 0; i < 10000; i++)
		record_writer_add(w, make(&b, i, 500));
	assert_int_equal(record_writer_finish(w), -ENOSPC);
	assert_true(file.lost > 5000000);
	record_writer_free(w);
	outfile_close(&file);
	/* one that never got a record changes nothing */
	write_recording(1, 10);
	file = (struct outfile){ .fd = open(path, O_WRONLY) };
	record_writer_free(record_writer_new(&file));
	assert_int_equal(fstat(file.fd, &st), 0);
	assert_true(st.st_size > 50);
	outfile_close(&file);
	buf_done(&b);
}

enum { RING_RECORDS = 200000 };

static void *produce(void *ring)
{
	struct buf b = { 0 };

	for (unsigned i = 0; i < RING_RECORDS; i++)
		ring_push(ring, make(&b, i, i % 512 == 0 ? 100000 : i % 300));
	ring_close(ring);
	buf_done(&b);
	return NULL;
}

/* What was popped is there until it is released, whatever the producer has meanwhile. */
static void release(struct ring *r, const struct record **held, unsigned *nheld, unsigned n)
{
	for (unsigned i = 0; i < *nheld; i++)
		assert_int_equal(held[i]->pid, n - *nheld + i);
	*nheld = 0;
	ring_release(r);
}

/* A small ring, so that it is full and wraps often. */
static void test_ring(void **state)
{
	enum { HELD = 4096 };
	const struct record *rec, *held[HELD];
	struct ring *r = ring_new(1 << 18);
	unsigned n = 0, nheld = 0;
	pthread_t t;

	(void)state;
	assert_non_null(r);
	assert_int_equal(pthread_create(&t, NULL, produce, r), 0);
	while (!ring_done(r)) {
		while ((rec = ring_peek(r))) {
			const struct record_chunk *c = (const struct record_chunk *)((const char *)rec +
										     sizeof(struct record_start));
			size_t len = n % 512 == 0 ? 100000 : n % 300;

			assert_int_equal(rec->pid, n);
			assert_int_equal(c->len, len);
			if (len) {
				assert_int_equal(((const char *)(c + 1))[0], 'a' + n % 26);
				assert_int_equal(((const char *)(c + 1))[len - 1], 'a' + n % 26);
			}
			n++;
			assert_true(nheld < HELD);
			held[nheld++] = rec;
			if (ring_pop(r))
				release(r, held, &nheld, n);
		}
		release(r, held, &nheld, n);
		ring_wait(r, 100000000000, 100000000000);	/* a full ring and the end wake it */
	}
	pthread_join(t, NULL);
	assert_int_equal(n, RING_RECORDS);
	ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_full_disk), cmocka_unit_test(test_memory_is_taken_on),
		cmocka_unit_test(test_lent), cmocka_unit_test(test_ring),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
