/* SPDX-License-Identifier: MIT */
/*
 * Any record stream as a timeline and as folded stacks: no crash; Perfetto's packets are whole, their strings are
 * UTF-8 and the slices of each track follow each other; each line of the Chrome trace is an object; each folded stack
 * is three words, with functions before the last, and a number.
 */
#include <ctype.h>
#include <string.h>

#include "base/hash.h"
#include "base/macro.h"
#include "base/text.h"
#include "exports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PERFETTO, CHROME, FOLDED, OUTPUTS };
static struct outfile files[OUTPUTS];

struct seen { uint64_t track, last_ns; unsigned depth; UT_hash_handle hh; };
static struct seen *tracks;

/* ---- Perfetto ---- */

static uint64_t varint(const unsigned char **at, const unsigned char *end)
{
	uint64_t v = 0;
	unsigned shift = 0;

	do {
		require(*at < end && shift < 70);
		v |= (uint64_t)(**at & 0x7f) << (shift < 64 ? shift : 63);
		shift += 7;
	} while (*(*at)++ & 0x80);
	return v;
}

/* What a message holds: numbers and bytes by field, of the fields below 64. */
struct message { uint64_t number[64]; struct { const unsigned char *s; size_t n; } bytes[64]; };

static void read_message(const unsigned char *at, size_t n, struct message *m)
{
	const unsigned char *end = n ? at + n : at;	/* an empty one may be at NULL */

	memset(m, 0, sizeof(*m));
	while (at < end) {
		uint64_t tag = varint(&at, end), field = tag >> 3, v;

		require(field > 0 && field < 64);
		switch (tag & 7) {
		case 0:
			m->number[field] = varint(&at, end);
			break;
		case 1:
			require(end - at >= 8);
			at += 8;
			break;
		case 2:
			v = varint(&at, end);
			require(v <= (size_t)(end - at));
			m->bytes[field].s = at;
			m->bytes[field].n = v;
			at += v;
			break;
		default: require(false);
		}
	}
}

static void check_text(const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned len = text_utf8_len((const char *)s + i, n - i);

		require(len && s[i]);
		i += len;
	}
}

static void check_slices(uint64_t track, uint64_t type, uint64_t at_ns)
{
	struct seen *t;

	HASH_FIND(hh, tracks, &track, sizeof(track), t);
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->track = track;
		HASH_ADD(hh, tracks, track, sizeof(t->track), t);
	}
	if (type != 1 && type != 2)
		return;
	require(at_ns >= t->last_ns && t->depth == (type == 2));
	t->last_ns = at_ns;
	t->depth = type == 1;
}

static void check_perfetto(const char *text, size_t n)
{
	struct message trace, packet, m, inner;
	const unsigned char *at = (const unsigned char *)text, *end = at + n;

	while (at < end) {
		const unsigned char *start = at;

		require(varint(&at, end) == (1 << 3 | 2));
		at += varint(&at, end);
		require(at <= end);
		read_message(start, (size_t)(at - start), &trace);
		read_message(trace.bytes[1].s, trace.bytes[1].n, &packet);
		if (packet.bytes[11].s) {
			read_message(packet.bytes[11].s, packet.bytes[11].n, &m);
			check_slices(m.number[11], m.number[9], packet.number[8]);
			if (m.bytes[4].s) {
				read_message(m.bytes[4].s, m.bytes[4].n, &inner);
				check_text(inner.bytes[6].s, inner.bytes[6].n);
			}
		}
		if (packet.bytes[60].s) {
			read_message(packet.bytes[60].s, packet.bytes[60].n, &m);
			read_message(m.bytes[3].s, m.bytes[3].n, &inner);
			check_text(inner.bytes[6].s, inner.bytes[6].n);
			read_message(m.bytes[4].s, m.bytes[4].n, &inner);
			check_text(inner.bytes[5].s, inner.bytes[5].n);
		}
	}
	HASH_FREE(tracks);
	tracks = NULL;
}

/* ---- text ---- */

static void check_object(const char *s, size_t n)
{
	if (n == 1 && (*s == '[' || *s == ']'))
		return;
	require_object(s, n - (n && s[n - 1] == ','));
}

static void check_stack(const char *s, size_t n)
{
	unsigned frames = 1, blanks = 0;

	require(n > 4 && isdigit((unsigned char)s[n - 1]));
	for (size_t i = 0; i < n; i++) {
		frames += s[i] == ';';
		blanks += s[i] == ' ' && strncmp(s + i, " call)", 6);
		require((unsigned char)s[i] >= 0x20);
	}
	require(frames >= 3 && frames <= 3 + STACK_FRAMES_MAX + 1 && blanks == 1);
}

static void check_lines(const char *text, size_t n, bool whole, void line(const char *s, size_t n))
{
	const char *at = text, *end;

	check_text((const unsigned char *)text, n);
	for (; at < text + n && (end = memchr(at, '\n', (size_t)(text + n - at))); at = end + 1)
		line(at, (size_t)(end - at));
	require(at == text + n || !whole);
}

/* ---- the run ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX];
	struct sink *sinks[OUTPUTS];
	struct run run = { totals_new(), sinks, OUTPUTS };
	struct sink_options opt = { .verbose = size & 8, .totals = run.totals };
	struct diag diag;
	size_t n;

	for (unsigned i = 0; i < OUTPUTS; i++)
		empty_file(&files[i]);
	require(!sink_perfetto_new(&opt, &files[PERFETTO], &sinks[PERFETTO], &diag) &&
		!sink_chrome_trace_new(&opt, &files[CHROME], &sinks[CHROME], &diag) &&
		!sink_folded_new(&opt, &files[FOLDED], &sinks[FOLDED], &diag));
	run_stream(&run, data, size);
	n = read_file(&files[PERFETTO], text);
	if (n < TEXT_MAX)
		check_perfetto(text, n);
	n = read_file(&files[CHROME], text);
	if (n < TEXT_MAX)
		check_lines(text, n, true, check_object);
	n = read_file(&files[FOLDED], text);
	if (n < TEXT_MAX)
		check_lines(text, n, true, check_stack);
	return 0;
}
