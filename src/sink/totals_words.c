/* SPDX-License-Identifier: MIT */
#include "sink/totals_words.h"

#include <string.h>

#include "analyze/notes.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "record/record.h"

void totals_memory(struct buf *b, const struct totals *t, enum totals_memory what)
{
	const uint64_t peaks[] = { t->heap_peak, t->mapped_peak, t->memory_peak };
	const uint64_t befores[] = { t->heap_before, t->mapped_before, t->heap_before + t->mapped_before };
	uint64_t peak = peaks[what], before = befores[what];
	bool attached = t->heap_before || t->mapped_before, regions = what == MEMORY_MMAP;

	human_bytes(b, peak);
	if (!attached && !regions)
		return;
	buf_puts(b, " (");
	if (attached) {
		human_bytes(b, before);
		buf_puts(b, " when attached, +");
		human_bytes(b, peak > before ? peak - before : 0);
		buf_puts(b, regions ? "; " : "");
	}
	if (regions)
		human_counted(b, t->nmaps, "region", "regions");
	buf_puts(b, attached && regions ? " since)" : ")");
}

void totals_file_name(struct buf *b, const struct totals_file *f)
{
	const char *dir = memrchr(f->path.s, '/', f->path.len);
	size_t n = dir ? (size_t)(dir + 1 - f->path.s) : 0;

	buf_add(b, f->path.s, f->path.len);
	if (!f->was.len)
		return;
	n = n < f->was.len && memcmp(f->was.s, f->path.s, n) == 0 && !memchr(f->was.s + n, '/', f->was.len - n) ? n : 0;
	buf_puts(b, " (was ");
	buf_add(b, f->was.s + n, f->was.len - n);
	buf_putc(b, ')');
}

void totals_note_format(struct buf *b, const struct totals_note *n)
{
	static const struct { unsigned flag; const char *what; } rights[] = {
		{ EXEC_NO_SETUID, "set-user-ID" }, { EXEC_NO_SETGID, "set-group-ID" }, { EXEC_NO_CAPS, "file-capability" },
	};
	unsigned nrights = 0;

	text_safe(b, n->program.s ? n->program.s : "", n->program.len);
	if (n->count > 1)
		buf_printf(b, " (%llu×)", (unsigned long long)n->count);
	for (unsigned i = 0; i < ARRAY_SIZE(rights); i++)
		if (n->flags & rights[i].flag)
			buf_printf(b, "%s%s", nrights++ ? " and " : " runs without its ", rights[i].what);
	if (nrights)
		buf_puts(b, " privileges, and may print misleading errors about it: the kernel grants them to no program that an ordinary user traces with ptrace. "
			    "To trace it with them, run compendium as root");
	if (n->flags & NOTE_SUPERVISED)
		buf_puts(b, " has calls that another process answers (a seccomp listener): their durations exclude the wait for it. --backend ptrace includes it");
	if (n->flags & EXEC_UNREADABLE)
		buf_printf(b, "%s memory may not be read by an ordinary user (its file is not readable, or it set PR_SET_DUMPABLE), so names and contents are missing. "
			      "To see them, run compendium as root", nrights ? ". Its" : ": its");
}
