/* SPDX-License-Identifier: MIT */
/*
 * --perfetto: the timeline as TrackEvent protobuf, for ui.perfetto.dev and trace_processor.  A small part of Perfetto's
 * schema (tests/export/track_event.proto has just that part, with the numbers of the original), written as it goes:
 * each packet is whole by itself, so that a file that was cut is readable up to there.
 */
#include <string.h>

#include "abi/meaning.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "sink/protobuf.h"
#include "sink/sink.h"
#include "sink/stack_words.h"
#include "sink/timeline.h"
#include "sink/value.h"
#include "sink/words.h"

/* Fields of protos/perfetto/trace/: trace_packet.proto, track_event/, interned_data/, clock_snapshot.proto */
enum { TRACE_PACKET = 1 };
enum {
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED = 12,
	PACKET_FLAGS = 13,
	PACKET_DESCRIPTOR = 60,
};
enum { STATE_CLEARED = 1, NEEDS_STATE = 2 };
enum { SNAPSHOT_CLOCK = 1, SNAPSHOT_PRIMARY = 2, CLOCK_ID = 1, CLOCK_TIME = 2, REALTIME = 1, BOOTTIME = 6 };
enum { INTERNED_CATEGORIES = 1, INTERNED_NAMES = 2, INTERNED_ANNOTATIONS = 3, INTERNED_ID = 1, INTERNED_NAME = 2 };
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_THREAD = 4, TRACK_PARENT = 5, TRACK_COUNTER = 8 };
enum { PROCESS_PID = 1, PROCESS_NAME = 6, THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };
enum { COUNTER_UNIT = 3, UNIT_COUNT = 2, UNIT_BYTES = 3 };
enum {
	EVENT_CATEGORY_ID = 3,
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_NAME_ID = 10,
	EVENT_TRACK = 11,
	EVENT_NAME = 23,
	EVENT_VALUE = 30,
	EVENT_FLOW = 47,
	EVENT_LAST_FLOW = 48,
	EVENT_CALLSTACK = 55,
};
enum { CALLSTACK_FRAME = 1, FRAME_FUNCTION = 1, FRAME_FILE = 2 };
enum { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };
enum {
	ANNOTATION_NAME_ID = 1,
	ANNOTATION_BOOL = 2,
	ANNOTATION_UINT = 3,
	ANNOTATION_INT = 4,
	ANNOTATION_STRING = 6,
	ANNOTATION_POINTER = 7,
};

/* Tracks are numbered by what they are of: as small as can be, they stand in each event. */
enum track_of { OF_PROCESS, OF_THREAD, OF_LANE, OF_COUNTER, _TRACKS_OF };
static uint64_t track(enum track_of of, uint64_t id, uint64_t nth)
{
	static const unsigned each[_TRACKS_OF] = { 1, 1, TIMELINE_LANES + 1, _NUMBERS };

	return (id * each[of] + nth) * _TRACKS_OF + of + 1;
}

struct perfetto { struct buf *out, words; };

static size_t open_packet(struct perfetto *p, uint64_t flags)
{
	size_t at = protobuf_open(p->out, TRACE_PACKET);

	protobuf_u64(p->out, PACKET_SEQUENCE, 1);
	protobuf_u64(p->out, PACKET_FLAGS, flags);
	return at;
}

static void reversible(struct buf *b, unsigned field, const char *s, size_t n)
{
	size_t at = protobuf_open(b, field);

	buf_grow(b, n);
	if (n >= 4 && json_copy_plain(b->s + b->len, s, n))
		b->len += n;
	else
		text_escaped(b, s, n);
	protobuf_close(b, at);
}

/* ---- names and clocks ---- */

static void intern(struct buf *b, unsigned what, uint64_t id, const char *name, size_t len)
{
	size_t at = protobuf_open(b, what);

	protobuf_u64(b, INTERNED_ID, id);
	protobuf_bytes(b, INTERNED_NAME, name, len);
	protobuf_close(b, at);
}

static void clock(struct buf *b, uint64_t id, uint64_t time_ns)
{
	size_t at = protobuf_open(b, SNAPSHOT_CLOCK);

	protobuf_u64(b, CLOCK_ID, id);
	protobuf_u64(b, CLOCK_TIME, time_ns);
	protobuf_close(b, at);
}

/* Times count from the start of the trace; packets that name no clock mean BOOTTIME. */
static void start(void *ctx, uint64_t wall_ns)
{
	struct perfetto *p = ctx;
	size_t at = protobuf_open(p->out, TRACE_PACKET), in = protobuf_open(p->out, PACKET_CLOCK_SNAPSHOT);

	clock(p->out, BOOTTIME, 0);
	if (wall_ns)
		clock(p->out, REALTIME, wall_ns);
	protobuf_u64(p->out, SNAPSHOT_PRIMARY, BOOTTIME);
	protobuf_close(p->out, in);
	protobuf_close(p->out, at);

	at = open_packet(p, STATE_CLEARED | NEEDS_STATE);
	in = protobuf_open(p->out, PACKET_INTERNED);
	for (unsigned c = 0; c < _CAT_MAX; c++)
		intern(p->out, INTERNED_CATEGORIES, c + 1, meaning_category(c), strlen(meaning_category(c)));
	for (uint64_t left = TIMELINE_DETAILS; left; left &= left - 1) {
		unsigned field = (unsigned)__builtin_ctzll(left);
		const char *name = row_tables[TABLE_EVENT].fields[field].name;

		intern(p->out, INTERNED_ANNOTATIONS, field + 1u, name, strlen(name));
	}
	protobuf_close(p->out, in);
	protobuf_close(p->out, at);
}

static void type(void *ctx, uint32_t id, const char *name, uint32_t len)
{
	struct perfetto *p = ctx;
	size_t at = open_packet(p, NEEDS_STATE), in = protobuf_open(p->out, PACKET_INTERNED);

	intern(p->out, INTERNED_NAMES, id, name, len);
	protobuf_close(p->out, in);
	protobuf_close(p->out, at);
}

/* ---- tracks ---- */

struct described { size_t packet, descriptor; };
static struct described open_track(struct perfetto *p, uint64_t uuid)
{
	struct described d = { .packet = open_packet(p, NEEDS_STATE) };

	d.descriptor = protobuf_open(p->out, PACKET_DESCRIPTOR);
	protobuf_u64(p->out, TRACK_UUID, uuid);
	return d;
}

static void close_track(struct perfetto *p, struct described d)
{
	protobuf_close(p->out, d.descriptor);
	protobuf_close(p->out, d.packet);
}

static void process(void *ctx, const struct timeline_process *of)
{
	struct perfetto *p = ctx;
	struct described d = open_track(p, track(OF_PROCESS, of->id, 0));
	size_t at = protobuf_open(p->out, TRACK_PROCESS);

	protobuf_u64(p->out, PROCESS_PID, timeline_number(of->pid, of->host));
	if (of->name_len)
		reversible(p->out, PROCESS_NAME, of->name, of->name_len);
	protobuf_close(p->out, at);
	close_track(p, d);
}

static void thread(void *ctx, const struct timeline_thread *of)
{
	struct perfetto *p = ctx;
	struct described d = open_track(p, track(OF_THREAD, of->id, 0));

	if (!of->id) {	/* what no thread did */
		reversible(p->out, TRACK_NAME, of->name, of->name_len);
	} else {
		protobuf_u64(p->out, TRACK_PARENT, track(OF_PROCESS, of->process, 0));

		size_t at = protobuf_open(p->out, TRACK_THREAD);

		protobuf_u64(p->out, THREAD_PID, timeline_number(of->pid, of->host));
		protobuf_u64(p->out, THREAD_TID, timeline_number(of->tid, of->host));
		if (of->name_len)
			reversible(p->out, THREAD_NAME, of->name, of->name_len);
		protobuf_close(p->out, at);
	}
	close_track(p, d);
}

static void lane(void *ctx, const struct timeline_thread *of, unsigned nth, const char *name)
{
	struct perfetto *p = ctx;
	struct described d = open_track(p, track(OF_LANE, of->id, nth));

	protobuf_bytes(p->out, TRACK_NAME, name, strlen(name));
	protobuf_u64(p->out, TRACK_PARENT, track(OF_THREAD, of->id, 0));
	close_track(p, d);
}

static void counter(void *ctx, const struct timeline_process *of, enum timeline_number n)
{
	const struct timeline_counter *c = &timeline_counters[n];
	struct perfetto *p = ctx;
	struct described d = open_track(p, track(OF_COUNTER, of->id, n));
	size_t at;

	protobuf_bytes(p->out, TRACK_NAME, c->name, strlen(c->name));
	protobuf_u64(p->out, TRACK_PARENT, track(OF_PROCESS, of->id, 0));
	at = protobuf_open(p->out, TRACK_COUNTER);
	protobuf_u64(p->out, COUNTER_UNIT, c->bytes ? UNIT_BYTES : UNIT_COUNT);
	protobuf_close(p->out, at);
	close_track(p, d);
}

/* ---- events ---- */

static void words_of(struct perfetto *p, const struct row *row, enum row_type type, const struct cell *c)
{
	buf_reset(&p->words);
	if (type == ROW_PEER)
		addr_format(&p->words, c->addr);
	else
		call_format_args(&p->words, row->event, 0);
}

/* A number, or a word of ours: less than 128 bytes. */
static void short_annotation(struct buf *b, unsigned field, enum row_type type, const struct cell *c)
{
	size_t at = protobuf_open_short(b, EVENT_ANNOTATION);

	protobuf_u64(b, ANNOTATION_NAME_ID, field + 1u);
	switch (type) {
	case ROW_WORD: protobuf_bytes(b, ANNOTATION_STRING, c->s, MIN(c->n, 64u)); break;
	case ROW_SIGNED: case ROW_FD: protobuf_u64(b, ANNOTATION_INT, c->u); break;
	case ROW_BOOL: protobuf_u64(b, ANNOTATION_BOOL, c->u != 0); break;
	case ROW_ADDRESS: protobuf_u64(b, ANNOTATION_POINTER, c->u); break;
	default: protobuf_u64(b, ANNOTATION_UINT, c->u); break;
	}
	protobuf_close_short(b, at);
}

static void frame(struct perfetto *p, const char *function, size_t n, const struct frame *f)
{
	size_t at = protobuf_open(p->out, CALLSTACK_FRAME);

	protobuf_bytes(p->out, FRAME_FUNCTION, function, n);
	if (f && f->file)
		reversible(p->out, FRAME_FILE, f->file, f->file_len);
	protobuf_close(p->out, at);
}

/*
 * The outermost function first.  Not interned: of a long trace the distinct stacks are many, and each packet is to be
 * whole by itself.
 */
static void callstack(struct perfetto *p, const struct stack *s)
{
	size_t at = protobuf_open(p->out, EVENT_CALLSTACK);

	if (stack_why(s))
		frame(p, FRAME_UNKNOWN, strlen(FRAME_UNKNOWN), NULL);
	for (unsigned i = s->n; i--;) {
		buf_reset(&p->words);
		frame_name(&p->words, &s->frames[i]);
		frame(p, p->words.s, p->words.len, &s->frames[i]);
	}
	protobuf_close(p->out, at);
}

static void annotation(struct perfetto *p, const struct row *row, unsigned field)
{
	const struct cell *c = &row->cells[field];
	enum row_type type = row_tables[TABLE_EVENT].fields[field].type;
	struct buf *b = p->out;
	size_t at;

	if (type == ROW_STACK) {	/* a field of its own */
		callstack(p, c->stack);
		return;
	}
	if (type != ROW_STRING && type != ROW_PEER && type != ROW_ARGS) {
		short_annotation(b, field, type, c);
		return;
	}
	at = protobuf_open(b, EVENT_ANNOTATION);
	protobuf_u64(b, ANNOTATION_NAME_ID, field + 1u);
	if (type != ROW_STRING)
		words_of(p, row, type, c);
	if (type == ROW_STRING)
		reversible(b, ANNOTATION_STRING, c->s, c->n);
	else if (type == ROW_PEER)
		reversible(b, ANNOTATION_STRING, p->words.s, p->words.len);
	else	/* safe text already */
		protobuf_bytes(b, ANNOTATION_STRING, p->words.s, p->words.len);
	protobuf_close(b, at);
}

static uint64_t track_of(const struct timeline_event *e)
{
	return e->lane ? track(OF_LANE, e->thread->id, e->lane) : track(OF_THREAD, e->thread->id, 0);
}

/* What every event has: when, on which track, and how. */
static void head(struct buf *b, uint64_t at_ns, uint64_t on, unsigned how, size_t *ret_event,
		 size_t open(struct buf *b, unsigned field))
{
	protobuf_u64(b, PACKET_SEQUENCE, 1);
	protobuf_u64(b, PACKET_FLAGS, NEEDS_STATE);
	protobuf_u64(b, PACKET_TIMESTAMP, at_ns);
	*ret_event = open(b, PACKET_TRACK_EVENT);
	protobuf_u64(b, EVENT_TYPE, how);
	protobuf_u64(b, EVENT_TRACK, on);
}

static void begin(struct perfetto *p, const struct timeline_event *e, unsigned how)
{
	struct buf *b = p->out;
	size_t packet = protobuf_open(b, TRACE_PACKET), at;

	head(b, e->start_ns, track_of(e), how, &at, protobuf_open);
	protobuf_u64(b, EVENT_CATEGORY_ID, e->category + 1u);
	if (e->type)
		protobuf_u64(b, EVENT_NAME_ID, e->type);
	else
		protobuf_bytes(b, EVENT_NAME, e->name, strlen(e->name));
	if (e->flow)
		protobuf_fixed64(b, e->flow_ends ? EVENT_LAST_FLOW : EVENT_FLOW, e->flow);
	for (uint64_t left = timeline_details_of(e); left; left &= left - 1)
		annotation(p, e->row, (unsigned)__builtin_ctzll(left));
	protobuf_close(b, at);
	protobuf_close(b, packet);
}

/* An event without more to it: its number, or its end. */
static void short_event(struct buf *b, uint64_t at_ns, uint64_t on, unsigned how, const uint64_t *value)
{
	size_t packet = protobuf_open_short(b, TRACE_PACKET), at;

	head(b, at_ns, on, how, &at, protobuf_open_short);
	if (value)
		protobuf_u64(b, EVENT_VALUE, *value);
	protobuf_close_short(b, at);
	protobuf_close_short(b, packet);
}

static void slice(void *ctx, const struct timeline_event *e)
{
	struct perfetto *p = ctx;

	begin(p, e, SLICE_BEGIN);
	short_event(p->out, e->end_ns, track_of(e), SLICE_END, NULL);
}

static void mark(void *ctx, const struct timeline_event *e) { begin(ctx, e, INSTANT); }

static void value(void *ctx, const struct timeline_process *of, enum timeline_number n, uint64_t at_ns, uint64_t v)
{
	short_event(((struct perfetto *)ctx)->out, at_ns, track(OF_COUNTER, of->id, n), COUNTER, &v);
}

static void end(void *ctx UNUSED) { }	/* a trace has no end mark */

static void perfetto_free(void *ctx)
{
	struct perfetto *p = ctx;

	buf_done(&p->words);
	free(p);
}

int sink_perfetto_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag)
{
	static const struct timeline_ops ops = {
		.start = start, .type = type, .process = process, .thread = thread, .lane = lane, .counter = counter, .slice = slice, .mark = mark,
		.value = value, .end = end,
	};
	struct perfetto *p = xcalloc(1, sizeof(*p));
	const struct timeline_writer writer = { &ops, p, &p->out, perfetto_free, "--perfetto" };

	return timeline_new(&writer, opt, file, ret_sink, diag);
}
