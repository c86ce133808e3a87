/* SPDX-License-Identifier: MIT */
#include "cli/about.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "decode/call.h"
#include "record/file.h"
#include "record/index.h"

static void words(struct buf *b, const struct item *item, enum chunk_part part)
{
	const struct part *p;

	for (unsigned i = 0; (p = parts_find(item->parts, item->nparts, -1, part, i)); i++) {
		buf_putc(b, ' ');
		if (part == PART_ARGV || part == PART_OPTION)
			text_shell(b, p->bytes, p->len);
		else
			text_safe(b, p->bytes, p->len);
	}
}

static uint64_t number(const struct item *item, enum chunk_part part)
{
	const struct part *p = parts_find(item->parts, item->nparts, -1, part, 0);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p->bytes, sizeof(v));
	return v;
}

/* A line, where something is known for it. */
static void line(FILE *f, const char *title, const struct buf *b)
{
	if (b->len)
		fprintf(f, "  %-10s%s\n", title, b->s + (b->s[0] == ' '));
}

/* As the clock on the wall there was, and how far that is from UTC. */
static void put_time(struct buf *b, uint64_t wall_ns, int64_t zone)
{
	time_t s = (time_t)(wall_ns / 1000000000) + zone;
	char text[64];
	struct tm tm;

	if (gmtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		buf_printf(b, "%s %c%02d:%02d", text, zone < 0 ? '-' : '+', (int)(llabs(zone) / 3600 % 24),
			   (int)(llabs(zone) / 60 % 60));
}

static void put_how(struct buf *b, const struct record_start *r)
{
	static const struct { unsigned flag; const char *word; } flags[] = {
		{ START_PTRACE, "ptrace" }, { START_BPF, "bpf" }, { START_ATTACH, "attached" }, { START_SYSTEM, "the whole system" },
		{ START_ALL_CALLS, "every call" }, { START_PAYLOAD, "beginnings of buffers" }, { START_REDACTED, "redacted" },
		{ START_SNAPSHOT, "a part of a longer trace" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
		if (r->mode & flags[i].flag)
			buf_printf(b, "%s%s", b->len ? ", " : "", flags[i].word);
}

static void owner(struct buf *b, const struct item *item)
{
	const struct part *p = parts_find(item->parts, item->nparts, -1, PART_OWNER, 0);
	struct record_owner o;

	if (!p)
		return;
	memcpy(&o, p->bytes, sizeof(o));
	buf_printf(b, "uid %u, gid %u, umask %03o", o.uid, o.gid, o.umask);
}

static void about_start(FILE *f, const struct item *item)
{
	struct buf b = { 0 };
	uint64_t cpus = number(item, PART_CPUS), cut_ns = number(item, PART_CUT);

	put_time(&b, item->start->wall_ns, (int64_t)number(item, PART_ZONE) % 86400);
	if (cut_ns) {
		buf_puts(&b, ", ");
		human_ns(&b, cut_ns);
		buf_puts(&b, " after the start of the trace");
	}
	line(f, "begins", &b);
	buf_reset(&b);
	words(&b, item, PART_HOST);
	line(f, "host", &b);
	buf_reset(&b);
	words(&b, item, PART_KERNEL);
	if (cpus)
		buf_printf(&b, ", %" PRIu64 " CPU%s", cpus, cpus == 1 ? "" : "s");
	line(f, "kernel", &b);
	buf_reset(&b);
	owner(&b, item);
	line(f, "user", &b);
	buf_reset(&b);
	words(&b, item, PART_ARGV);
	line(f, "command", &b);
	buf_reset(&b);
	words(&b, item, PART_TARGET);
	line(f, "processes", &b);
	buf_reset(&b);
	words(&b, item, PART_TEXT);
	words(&b, item, PART_OPTION);
	line(f, "made by", &b);
	buf_reset(&b);
	put_how(&b, item->start);
	line(f, "how", &b);
	buf_done(&b);
}

static void about_content(FILE *f, const char *path, const struct recording_index *h)
{
	struct buf b = { 0 };
	struct stat st;

	human_counted(&b, h->calls, "call", "calls");
	buf_puts(&b, " of ");
	human_counted(&b, h->processes, "process", "processes");
	buf_puts(&b, " in ");
	human_ns(&b, h->made_ns - h->first_ns);
	if (h->lost) {
		buf_puts(&b, "; lost: ");
		human_counted(&b, h->lost, "record", "records");
	}
	line(f, "holds", &b);
	buf_reset(&b);
	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		human_bytes(&b, (uint64_t)st.st_size);
		if (h->calls)
			buf_printf(&b, ", %.1f bytes a call", (double)st.st_size / (double)h->calls);
		line(f, "size", &b);
	}
	buf_done(&b);
}

int about_recording(FILE *f, const char *path, struct diag *diag)
{
	struct record_reader *reader;
	const struct record *r;
	struct recording_index counted = { 0 };
	struct arena arena = { 0 };
	struct buf name = { 0 };
	struct item item;
	size_t avail;
	int rc = record_reader_open(path, &reader, diag);

	if (rc < 0)
		return rc;
	text_safe(&name, path, strlen(path));
	fprintf(f, "%s\n", name.s);
	buf_done(&name);
	while ((rc = record_reader_next(reader, &r, &avail, diag)) == 1 || rc == -EAGAIN) {
		if (rc != 1)
			continue;
		if (!counted.records && decode_record(r, avail, &arena, &item) == 0 && item.kind == RECORD_START)
			about_start(f, &item);
		if (!counted.records && record_reader_index(reader, &counted)) {
			rc = 0;
			break;
		}
		index_count(&counted, r);
	}
	about_content(f, path, &counted);
	record_reader_close(reader);
	arena_done(&arena);
	return rc;
}
