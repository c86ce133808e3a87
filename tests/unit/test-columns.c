/* SPDX-License-Identifier: MIT */
/* A block's columns give back its records to the byte; what is damaged is refused, or gives whole records. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/outfile.h"
#include "record/columns.h"
#include "record/file.h"
#include "record/format.h"
#include "record/index.h"
#include "unit.h"

static uint64_t state = 88172645463325252;	/* xorshift64: the same numbers in each run */

static uint64_t number(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Small, or of any size. */
static uint64_t any(void) { return number() % 3 ? number() % 40 : number(); }

static struct record *random_call(struct rec *r, unsigned nthreads)
{
	uint64_t args[6];
	struct record_call *c;
	static char bytes[200];		/* mostly as before: what begins alike, or is the same, is there once */

	for (unsigned i = 0; i < 6; i++)
		args[i] = any();
	c = rec_call(r, (unsigned)(number() % 4), args, (int64_t)any());
	c->h.pid = c->h.tid = (rec_u32)(number() % nthreads);
	c->h.flags = number() % 20 == 0;
	c->h.ts_ns = any();		/* also backwards */
	c->exit_ns = number() % 10 ? c->h.ts_ns + any() : 0;
	c->nchunks = (rec_u16)(number() % (SHAPE_CHUNKS + 2));
	for (size_t i = number() % 2 * number() % sizeof(bytes); i < sizeof(bytes) && number() % 8; i++)
		bytes[i] = (char)number();
	for (unsigned i = 0; i < c->nchunks; i++) {
		size_t len = number() % 3 ? 8 : number() % sizeof(bytes);

		if (number() % 4 == 0) {	/* a struct, of which some words are others than the last time */
			static uint64_t words[WORDS_MAX + 1];

			for (unsigned k = 0; k < ARRAY_SIZE(words); k += 1 + (unsigned)number() % 8)
				words[k] = any();
			rec_chunk(r, i, PART_BYTES, CHUNK_AT_EXIT, words, number() % (ARRAY_SIZE(words) + 1) * 8);
			continue;
		}

		rec_chunk(r, i, PART_BYTES, number() % 2 ? CHUNK_AT_EXIT : 0, bytes, len);
		if (len % 8 && number() % 20 == 0)
			r->mem[c->h.size - 1] = 1;	/* what fills it up is not 0 */
	}
	if (number() % 30 == 0)
		c->nchunks++;		/* one that is not there */
	return &c->h;
}

/* With many strings: often those of the one before, as execvp(3) makes them; or not what its chunks say. */
static struct record *random_long(struct rec *r)
{
	static unsigned first;
	const char *name = number() % 2 ? "/usr/bin/cat" : "/usr/local/bin/cat";
	unsigned n;
	bool call = number() % 3;
	struct record *h = call ? &rec_call(r, 59, (uint64_t[6]){ 0 }, -2)->h
				: rec_begin(r, RECORD_EXEC, sizeof(struct record_exec));
	char s[64];

	if (number() % 3 == 0)
		first = (unsigned)number() % 1000;
	n = 120 + first % 10;
	rec_chunk(r, 0, call ? PART_BYTES : PART_PATH, 0, name, strlen(name));
	for (unsigned i = 0; i < n; i++) {
		snprintf(s, sizeof(s), "/usr/include/name-%u/%u.h", first + i, i % 3 ? 1000 * i : i);
		rec_chunk(r, 1, call ? PART_ITEM : PART_ARGV, 0, s, strlen(s));
	}
	if (call)
		((struct record_call *)h)->nchunks = (rec_u16)(n + 1);
	else
		((struct record_exec *)h)->nchunks = n + 1;
	if (number() % 5 == 0)
		r->mem[h->size - 200 + number() % 200] ^= 1;
	if (number() % 5 == 0)
		h->size -= 8;
	return h;
}

static void pack(const struct columns *c, struct buf *b)
{
	b->len = 0;
	for (unsigned i = 0; i < _COLUMNS; i++) {
		uint32_t n = (uint32_t)columns_of(c, i)->len;

		buf_add(b, &n, sizeof(n));
	}
	for (unsigned i = 0; i < _COLUMNS; i++)
		buf_add(b, columns_of(c, i)->s, columns_of(c, i)->len);
}

/* What was put in a moment ago once more, at another time: the last one of its shape, or not any more. */
static void repeat(struct buf *all, size_t place)
{
	struct record *h;

	buf_grow(all, ((struct record *)(all->s + place))->size);
	h = (struct record *)(all->s + place);
	memcpy(all->s + all->len, h, h->size);
	h = (struct record *)(all->s + all->len);
	h->ts_ns = any();
	if (h->kind == RECORD_CALL && number() % 8)
		((struct record_call *)h)->exit_ns = h->ts_ns + any();
	all->len += h->size;
}

/* Many at a time, until no more fit; `all` has those that are in. */
static void fill(struct columns *c, struct buf *all, unsigned most, unsigned nthreads)
{
	size_t *places = xmalloc((most + 1) * sizeof(*places)), from = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < most; i++) {
		struct rec r;
		bool again = n && number() % 3 == 0;
		struct record *h = again		? NULL
				   : number() % 50	? random_call(&r, nthreads)
				   : number() % 2	? random_long(&r)
							: rec_begin(&r, RECORD_EXIT, 48);
		size_t at = all->len;

		if (again)
			repeat(all, places[n - 1 - number() % MIN(n, 6u)]);
		else
			buf_add(all, h, h->size);
		places[n++] = at;
		if (i + 1 < most && number() % 40)
			continue;
		from += columns_add(c, all->s + from, all->len - from);
		if (from < all->len)
			break;
	}
	all->len = from;
	free(places);
}

static void test_round_trip(void **unused)
{
	struct columns *c = columns_new();
	struct buf all = { 0 }, packed = { 0 };

	(void)unused;
	for (unsigned round = 0; round < 100; round++) {
		char *to;

		all.len = 0;
		fill(c, &all, round * 20, 1 + round * 9);
		pack(c, &packed);
		assert_int_equal(columns_raw(c), all.len);
		assert_true(packed.len <= 2 * all.len + _COLUMNS * 4);
		to = xmalloc(all.len + 1);
		assert_int_equal(columns_unpack(packed.s, packed.len, _COLUMNS, to, all.len), 0);
		assert_memory_equal(to, all.s ? all.s : "", all.len);
		if (all.len) {
			assert_int_equal(columns_unpack(packed.s, packed.len, _COLUMNS, to, all.len - 8), -EBADMSG);
			assert_int_equal(columns_unpack(packed.s, packed.len - 1, _COLUMNS, to, all.len), -EBADMSG);
		}
		free(to);
		columns_reset(c);
	}
	columns_free(c);
	buf_done(&all);
	buf_done(&packed);
}

/* Equal calls take next to nothing. */
static void test_repeats_are_small(void **unused)
{
	const uint64_t args[6] = { 3, 0x7fff12345678, 4096, 0x21010, 7, 9 };
	struct columns *c = columns_new();
	size_t sum = 0;
	struct rec r;

	(void)unused;
	for (unsigned i = 0; i < 1000; i++) {
		struct record_call *call = rec_call(&r, 0, args, 4096);

		call->h.ts_ns = 1000 + 3000 * i;
		call->exit_ns = call->h.ts_ns + 1000;
		call->nchunks = 1;
		rec_chunk(&r, 1, PART_BYTES, CHUNK_AT_EXIT, "twelve bytes", 12);
		columns_add(c, &call->h, call->h.size);
	}
	for (unsigned i = 0; i < _COLUMNS; i++)
		sum += columns_of(c, i)->len;
	assert_in_range(sum, 1000 * 6, 1000 * 9);	/* of the twelve bytes, how many words are as before */
	assert_int_equal(columns_of(c, COLUMN_DATA)->len, 12);
	assert_int_equal(columns_of(c, COLUMN_ARG1)->len, 7);	/* once */
	columns_free(c);
}

/* A struct of which one word counts up, and the arguments of execve(2) tried again, likewise. */
static void test_alike_is_small(void **unused)
{
	struct columns *c = columns_new();
	uint64_t words[18] = { 0x11, 22, 33 };
	char path[64], name[] = "a name of a file";
	size_t sum = 0;
	struct rec r;

	(void)unused;
	for (unsigned i = 0; i < 100; i++) {
		struct record_call *call = rec_call(&r, 5, (uint64_t[6]){ 0 }, 0);

		words[1]++;
		rec_call_chunk(&r, 1, PART_BYTES, CHUNK_AT_EXIT, words, sizeof(words));
		columns_add(c, &call->h, call->h.size);
	}
	assert_int_equal(columns_of(c, COLUMN_DATA)->len, 0);
	assert_in_range(columns_of(c, COLUMN_WORDS)->len, 100, 103);
	for (unsigned i = 0; i < 10; i++) {
		struct record_call *call = rec_call(&r, 59, (uint64_t[6]){ 0 }, -2);

		snprintf(path, sizeof(path), "/%u/cat", i);
		rec_call_chunk(&r, 0, PART_BYTES, 0, path, strlen(path));
		for (unsigned k = 0; k < 500; k++)
			rec_call_chunk(&r, 1, PART_ITEM, 0, name, strlen(name));
		columns_add(c, &call->h, call->h.size);
	}
	for (unsigned i = COLUMN_TEXT; i < _COLUMNS; i++)
		sum += columns_of(c, i)->len;
	assert_in_range(sum, 500 * strlen(name), 500 * strlen(name) + 500 + 10 * 150 + 303);
	columns_free(c);
}

/* A file that is copied: what is written is what was read.  Names in one folder: what they begin with is there once. */
static void test_same_is_once(void **unused)
{
	struct columns *c = columns_new();
	char bytes[64], path[64];
	struct rec r;

	(void)unused;
	for (unsigned i = 0; i < 100; i++) {
		struct record_call *call = rec_call(&r, 0, (uint64_t[6]){ 3 }, 60);

		for (unsigned k = 0; k < sizeof(bytes); k++)
			bytes[k] = (char)number();
		rec_call_chunk(&r, 1, PART_BYTES, CHUNK_AT_EXIT, bytes, 60);
		columns_add(c, &call->h, call->h.size);
		call = rec_call(&r, 1, (uint64_t[6]){ 1 }, 60);
		rec_call_chunk(&r, 1, PART_BYTES, 0, bytes, 60);
		columns_add(c, &call->h, call->h.size);
	}
	assert_int_equal(columns_of(c, COLUMN_DATA)->len, 100 * 60);
	assert_int_equal(columns_of(c, COLUMN_TEXT)->len, 0);
	for (unsigned i = 0; i < 100; i++) {
		struct record_call *call = rec_call(&r, 257, (uint64_t[6]){ 1 }, 3);

		snprintf(path, sizeof(path), "/usr/share/doc/a-name-of-32-bytes/%02u", i);
		rec_call_chunk(&r, 1, PART_BYTES, 0, path, strlen(path));
		columns_add(c, &call->h, call->h.size);
	}
	assert_int_equal(columns_of(c, COLUMN_TEXT)->len, strlen(path) + 99 * (strlen(path) - 32));
	columns_free(c);
}

/* The arguments of an execve(2) are in each call that failed, in EXEC, and in the call. */
static void test_arguments_are_once(void **unused)
{
	struct columns *c = columns_new();
	char arg[64];
	struct rec r;

	(void)unused;
	for (unsigned i = 0; i < 12; i++) {
		const char *name = i < 10 ? "/usr/local/bin/cat" : "/usr/bin/cat";
		bool exec = i == 10;
		struct record *h = exec ? rec_begin(&r, RECORD_EXEC, sizeof(struct record_exec))
					: &rec_call(&r, 59, (uint64_t[6]){ i }, -2)->h;

		rec_chunk(&r, 0, exec ? PART_PATH : PART_BYTES, 0, name, strlen(name));
		for (unsigned k = 0; k < 500; k++) {
			snprintf(arg, sizeof(arg), "/usr/include/%u.h", 1000 + k);
			rec_chunk(&r, 1, exec ? PART_ARGV : PART_ITEM, 0, arg, strlen(arg));
		}
		if (exec)
			((struct record_exec *)h)->nchunks = 501;
		else
			((struct record_call *)h)->nchunks = 501;
		columns_add(c, h, h->size);
	}
	assert_int_equal(columns_of(c, COLUMN_TEXT)->len, 18 + 500 * strlen(arg) + 12);
	assert_in_range(columns_of(c, COLUMN_LIST)->len, 500, 500 + 40);
	assert_true(columns_held(c) < columns_raw(c) / 3);
	columns_free(c);
}

/* Each byte changed in turn, and bytes at random: nothing is written behind the end, whatever they say. */
static void test_damage(void **unused)
{
	struct columns *c = columns_new();
	struct buf all = { 0 }, packed = { 0 };
	unsigned refused = 0, tries = 0;
	char *to;

	(void)unused;
	fill(c, &all, 40, 5);
	while (!columns_of(c, COLUMN_LIST)->len || !columns_of(c, COLUMN_AGAIN)->len) {
		struct rec r;
		struct record *h = random_long(&r);

		columns_add(c, h, h->size);
		buf_add(&all, h, h->size);
	}
	pack(c, &packed);
	to = xmalloc(all.len);
	for (size_t at = 0; at < packed.len; at++)
		for (unsigned bit = 0; bit < (at < 2048 ? 8 : 1); bit++, tries++) {
			packed.s[at] ^= (char)(1 << (bit + at) % 8);
			refused += columns_unpack(packed.s, packed.len, _COLUMNS, to, all.len) < 0;
			packed.s[at] ^= (char)(1 << (bit + at) % 8);
		}
	assert_in_range(refused, 1, tries - 1);	/* bytes of strings can be any */
	for (unsigned i = 0; i < 2000; i++) {
		char save[16];
		size_t at = number() % (packed.len - sizeof(save));

		memcpy(save, packed.s + at, sizeof(save));
		for (unsigned k = 0; k < sizeof(save); k++)
			packed.s[at + k] = (char)number();
		columns_unpack(packed.s, packed.len, _COLUMNS, to, all.len);
		memcpy(packed.s + at, save, sizeof(save));
	}
	assert_int_equal(columns_unpack(packed.s, packed.len, _COLUMNS, to, all.len), 0);
	assert_memory_equal(to, all.s, all.len);
	free(to);
	columns_free(c);
	buf_done(&all);
	buf_done(&packed);
}

/* ---- the index ---- */

static int recorded(unsigned n, char path[64])
{
	struct outfile file = { .fd = memfd_create("recording", MFD_CLOEXEC) };
	struct record_writer *w = record_writer_new(&file);
	struct rec r;

	assert_true(file.fd >= 0);
	for (unsigned i = 0; i < n; i++) {
		struct record_call *c = rec_call(&r, 0, (uint64_t[6]){ 0 }, 0);

		c->h.ts_ns = 1000 + i;
		c->exit_ns = 5000 + i;
		record_writer_add(w, &c->h);
	}
	record_writer_add(w, rec_begin(&r, RECORD_TASK, sizeof(struct record_task)));
	assert_int_equal(record_writer_finish(w), 0);
	record_writer_free(w);
	snprintf(path, 64, "/proc/self/fd/%d", file.fd);
	return file.fd;
}

static void test_index(void **unused)
{
	struct recording_index x = { 0 };
	struct record_reader *reader;
	struct record_last last;
	struct diag diag;
	char path[64];
	int fd = recorded(30000, path);
	off_t size = lseek(fd, 0, SEEK_END);

	(void)unused;
	assert_true(index_read(fd, &x));
	assert_int_equal(x.records, 30001);
	assert_int_equal(x.calls, 30000);
	assert_int_equal(x.processes, 1);
	assert_int_equal(x.first_ns, 1000);
	assert_int_equal(x.made_ns, 34999);
	/* each byte of it matters, and without it the last block says how long it is */
	for (off_t at = size - 16 - (off_t)sizeof(x) - 16; at < size; at++) {
		unsigned char byte, bad;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		bad = byte ^ 0x40;
		assert_int_equal(pwrite(fd, &bad, 1, at), 1);
		if (at < size - 8 && (at < size - 80 || at >= size - 76))	/* nothing relies on these */
			assert_false(index_read(fd, &x));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	assert_int_equal(ftruncate(fd, size - 5), 0);
	assert_false(index_read(fd, &x));
	assert_int_equal(record_reader_open(path, &reader, &diag), 0);
	assert_false(record_reader_index(reader, &x));
	assert_int_equal(record_reader_last(reader, &last), 0);
	assert_int_equal(last.made_ns, 34999);
	record_reader_close(reader);
	close(fd);
}

/* One that says of itself that it ends before it begins, and one longer than today's. */
static void test_index_of_others(void **unused)
{
	struct { struct recording_index x; uint64_t more; } longer = { { 7, 5, 1, 0, 100, 900, 0 }, 1 };
	struct recording_index x = { 0 };

	(void)unused;
	for (unsigned round = 0; round < 3; round++) {
		struct outfile file = { .fd = memfd_create("recording", MFD_CLOEXEC) };
		struct recording_head head = { .version = RECORDING_VERSION };
		size_t n = round == 1 ? 8 : sizeof(longer);
		struct recording_block b = { (uint32_t)n, RECORDING_IS_INDEX, 0,
					     (uint32_t)crc32(0, (const void *)&longer, (unsigned)n) };
		struct recording_block end = { .raw = (uint32_t)(sizeof(b) + n) };

		if (round == 2) {
			longer.x.made_ns = 50;
			b.crc = (uint32_t)crc32(0, (const void *)&longer, (unsigned)n);
		}
		memcpy(head.magic, RECORDING_MAGIC, sizeof(head.magic));
		outfile_write(&file, &head, sizeof(head));
		outfile_write(&file, &b, sizeof(b));
		outfile_write(&file, &longer, n);
		outfile_write(&file, &end, sizeof(end));
		assert_int_equal(index_read(file.fd, &x), round != 2);
		if (round != 2) {
			assert_int_equal(x.records, 7);
			assert_int_equal(x.calls, round ? 0 : 5);
		}
		outfile_close(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_repeats_are_small),
		cmocka_unit_test(test_alike_is_small), cmocka_unit_test(test_same_is_once),
		cmocka_unit_test(test_arguments_are_once), cmocka_unit_test(test_damage), cmocka_unit_test(test_index), cmocka_unit_test(test_index_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
