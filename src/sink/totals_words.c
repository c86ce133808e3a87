/* SPDX-License-Identifier: MIT */
#include "sink/totals_words.h"

#include <string.h>

#include "analyze/notes.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "record/record.h"
#include "sink/words.h"

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
	if (regions && t->reserved_peak) {
		buf_puts(b, ", ");
		human_bytes(b, t->reserved_peak);
		buf_puts(b, " only reserved");
	}
	buf_puts(b, attached && regions ? " since)" : ")");
}

void totals_resident(struct buf *b, const struct totals *t)
{
	human_bytes(b, t->rss_peak);
	if (t->nprocs == 1)
		return;
	buf_puts(b, " (");
	if (t->rss_proc) {	/* else a process with children: it may be one of theirs */
		text_safe(b, t->rss_proc->comm.s ? t->rss_proc->comm.s : "", t->rss_proc->comm.len);
		buf_printf(b, " %u, ", t->rss_proc->pid);
	}
	buf_puts(b, "the highest of one process)");
}

void totals_lookup_name(struct buf *b, const struct totals_lookup *l)
{
	if (l->path.len)
		path_name(b, l->path.s, l->path.len);
	else
		buf_puts(b, l->unreadable ? NAME_UNREADABLE : "\"\"");
}

void totals_file_name(struct buf *b, const struct totals_file *f)
{
	const char *dir = memrchr(f->path.s, '/', f->path.len);
	size_t n = dir ? (size_t)(dir + 1 - f->path.s) : 0;

	path_name(b, f->path.s, f->path.len);
	if (!f->was.len)
		return;
	n = n < f->was.len && memcmp(f->was.s, f->path.s, n) == 0 && !memchr(f->was.s + n, '/', f->was.len - n) ? n : 0;
	buf_puts(b, " (was ");
	path_name(b, f->was.s + n, f->was.len - n);
	buf_putc(b, ')');
}

bool totals_choice_format(struct buf *b, const struct totals *t, const char *filter, unsigned i)
{
	static const char redacted[] = "without contents of buffers; what looks like a secret is masked";
	size_t len = filter ? strlen(filter) : 0;
	struct buf cut = { 0 }, hosts = { 0 };

	if (t->cut_ns) {
		human_ns(&cut, t->cut_ns);
		buf_puts(&cut, " after the start of the trace on; what came before is left out");
	}
	if (t->nhosts > 1)
		for (unsigned h = 0; h < t->nhosts; h++) {
			buf_puts(&hosts, h ? ", " : "");
			buf_add(&hosts, t->hosts[h].s, t->hosts[h].len);
		}
	bool same = len == t->filter.len && len && !memcmp(filter, t->filter.s, len);
	const struct { const char *words, *text; size_t n; } all[] = {
		{ "Only these calls were traced: ", t->chosen.s, t->chosen.len },
		{ "Captured with the filter: ", t->filter.s, same ? 0 : t->filter.len },
		{ "Filter: ", filter, len },
		{ "Recorded from ", cut.s, cut.len },
		{ "Several recordings, merged by time, of: ", hosts.s, hosts.len },
		{ "Redacted: ", redacted, t->start_mode & START_REDACTED ? strlen(redacted) : 0 },
	};

	if (i < ARRAY_SIZE(all) && all[i].n) {
		buf_puts(b, all[i].words);
		text_safe(b, all[i].text, all[i].n);
	}
	buf_done(&cut);
	buf_done(&hosts);
	return i < ARRAY_SIZE(all);
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
		buf_puts(b, " privileges, and may print misleading errors about it: the kernel grants them to no "
			    "program that an ordinary user traces with ptrace. "
			    "To trace it with them, run compendium as root");
	if (n->flags & NOTE_SUPERVISED)
		buf_puts(b, " has calls that another process answers (a seccomp listener): their durations exclude the "
			    "wait for it. --backend ptrace includes it");
	if (n->flags & EXEC_UNREADABLE)
		buf_printf(b,
			   "%s memory may not be read by an ordinary user (its file is not readable, or it set "
			   "PR_SET_DUMPABLE), so names and contents are missing. "
			   "To see them, run compendium as root",
			   nrights ? ". Its" : ": its");
}

/* Shortens b to at most len bytes, between characters. */
static void shorten(struct buf *b, size_t from, size_t len)
{
	while (len > from && ((unsigned char)b->s[len] & 0xc0) == 0x80)
		len--;
	b->len = len;
	b->s[len] = '\0';
	buf_puts(b, "…");
}

void argv_format(struct buf *b, const struct bytes *argv, unsigned argc, uint64_t all, size_t max)
{
	size_t from = b->len;
	unsigned i = 0;

	for (bool cut = false; i < argc && !cut; i++) {
		size_t before = b->len;

		if (i)
			buf_putc(b, ' ');
		text_shell(b, argv[i].s, argv[i].len);
		cut = b->len - from > max;
		if (cut)
			shorten(b, from, from + max);
		else if (argv[i].cut)
			buf_puts(b, "…");
		if (cut && i && b->len <= before + 4)	/* nothing of it but its blank */
			break;
	}
	if (i >= MAX(all, (uint64_t)argc))
		return;
	buf_puts(b, " (");
	human_counted(b, MAX(all, (uint64_t)argc) - i, "more argument", "more arguments");
	buf_putc(b, ')');
}

static void words_of(const struct totals_words *w, struct bytes *ret_v)
{
	char *s = w->s;

	for (unsigned i = 0; i < w->n; i++, s += ret_v[i - 1].len + 1) {
		ret_v[i].cut = (unsigned char)*s++;
		ret_v[i].s = s;
		ret_v[i].len = (uint32_t)strlen(s);
	}
}

/* Puts max bytes of text at most. */
static void words_format(struct buf *b, const struct totals_words *w, size_t max)
{
	struct bytes *v = xcalloc(w->n + 1, sizeof(*v));

	words_of(w, v);
	argv_format(b, v, w->n, w->all, max);
	free(v);
}

static void targets_format(struct buf *b, const struct totals_words *w)
{
	const char *s = w->s;
	unsigned i = 0;

	for (; i < w->n && b->len < TOTALS_COMMAND_SHOWN; i++, s += strlen(s) + 1) {
		buf_puts(b, i ? ", pid " : "pid ");
		s++;
		text_safe(b, s, strlen(s));
	}
	if (i && i < w->all)
		buf_puts(b, ", …");
}

void totals_command(struct buf *b, const struct totals *t)
{
	struct buf text = { 0 };

	words_format(&text, &t->command, TOTALS_COMMAND_SHOWN);
	targets_format(&text, &t->targets);
	if (t->start_mode & START_SYSTEM)
		buf_puts(&text, "everything");
	for (unsigned i = 0; i < MIN(t->nattached, TOTALS_ATTACHED); i++) {
		buf_printf(&text, text.len ? ", pid %u (" : "pid %u (", t->attached[i].pid);
		text_safe(&text, t->attached[i].comm.s, t->attached[i].comm.len);
		buf_putc(&text, ')');
	}
	if (t->nattached > TOTALS_ATTACHED)
		buf_puts(&text, ", …");
	buf_add(b, text.s ? text.s : "", text.len);
	buf_done(&text);
}

void totals_proc_command(struct buf *b, const struct totals_proc *p)
{
	if (p->argv.n) {
		words_format(b, &p->argv, TOTALS_ARGV_SHOWN);
		return;
	}
	buf_putc(b, '[');
	text_safe(b, p->comm.s ? p->comm.s : "", p->comm.len);
	buf_putc(b, ']');
}

/* Options whose value stands in an argument of its own and is not what the command is about: a compiler's, ld's. */
static bool takes_value(const struct bytes *a)
{
	static const char *const options[] = {
		"-I", "-L", "-B", "-T", "-MF", "-MT", "-MQ", "-isystem", "-iquote", "-idirafter", "-plugin", "-dynamic-linker",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (a->len == strlen(options[i]) && !memcmp(a->s, options[i], a->len))
			return true;
	return false;
}

static bool looks_like_a_file(const struct bytes *a)
{
	bool is_dots = (a->len == 1 && a->s[0] == '.') || (a->len == 2 && a->s[0] == '.' && a->s[1] == '.');

	return a->len && a->s[0] != '-' && !is_dots && !memchr(a->s, ' ', a->len) &&
	       (memchr(a->s, '.', a->len) || memchr(a->s, '/', a->len));
}

/* One directly below /tmp, as compilers make them between their passes, says nothing to a reader. */
static bool is_passing(const struct bytes *a)
{
	return a->len > 5 && !memcmp(a->s, "/tmp/", 5) && !memchr(a->s + 5, '/', a->len - 5);
}

/* A program of several files is linked with those that start it (crt1.o, crtbeginS.o). */
static bool is_startup(const struct bytes *a)
{
	const char *slash = memrchr(a->s, '/', a->len), *name = slash ? slash + 1 : a->s;
	size_t len = a->len - (size_t)(name - a->s);

	for (unsigned skip = 0; skip < 2 && len > 3 + skip; skip++)	/* Scrt1.o, gcrt1.o */
		if (!memcmp(name + skip, "crt", 3) && (len < 5 || !memcmp(name + len - 2, ".o", 2)))
			return true;
	return false;
}

/*
 * The file that a command is about: its first argument that looks like a name and is not an option's; where that is a
 * temporary one, what is made of it (as -o f.o /tmp/ccQ.s).
 */
static unsigned subject(const struct bytes *argv, unsigned argc)
{
	unsigned made = 0;

	for (unsigned i = 1; i < argc; i++) {
		const struct bytes *before = &argv[i - 1];

		if (i > 1 && before->len == 2 && before->s[0] == '-' && before->s[1] == 'o')
			made = i;
		else if (looks_like_a_file(&argv[i]) && (i == 1 || !takes_value(before)))
			return made && (is_passing(&argv[i]) || is_startup(&argv[i]) || argv[i].cut) ? made : i;
	}
	return 0;
}

static size_t columns_of(const struct buf *b) { return b->s ? text_width(b->s, b->len) : 0; }

/* As many words after it as there is room for. */
static unsigned behind(struct buf *b, const struct bytes *argv, unsigned argc, unsigned at, size_t columns)
{
	enum { MARK = 2 };	/* " …" */
	struct buf word = { 0 };

	for (; at < argc && !argv[at].cut; at++) {
		buf_reset(&word);
		text_shell(&word, argv[at].s, argv[at].len);
		if (columns_of(b) + 1 + columns_of(&word) + (at + 1 < argc ? MARK : 0) > columns)
			break;
		buf_putc(b, ' ');
		buf_add(b, word.s, word.len);
	}
	buf_done(&word);
	return at;
}

/* "cc1 -quiet … slow.c …": as many words before the one at `at`, and then after it, as there is room for. */
static void around(struct buf *b, const struct bytes *argv, unsigned argc, unsigned at, size_t columns)
{
	enum { MARKS = 5 };	/* " … " and " …" */
	struct buf about = { 0 }, head = { 0 }, more = { 0 };
	unsigned n = 1, end = at + 1;

	text_shell(&about, argv[at].s, argv[at].len);
	for (; n <= at; n++) {
		buf_reset(&more);
		argv_format(&more, argv, n, n, TOTALS_ARGV_SHOWN);
		if (n > 1 && columns_of(&more) + columns_of(&about) + MARKS > columns)
			break;
		buf_reset(&head);
		buf_add(&head, more.s, more.len);
	}
	buf_puts(&head, n <= at ? " … " : " ");
	buf_add(&head, about.s, about.len);
	if (n > at)
		end = behind(&head, argv, argc, end, columns);
	buf_puts(&head, end < argc ? " …" : "");
	text_middle(b, head.s, head.len, columns);
	buf_done(&about);
	buf_done(&head);
	buf_done(&more);
}

void totals_proc_command_within(struct buf *b, const struct totals_proc *p, size_t columns)
{
	struct bytes *v = xcalloc(p->argv.n + 1, sizeof(*v));
	const char *slash;
	struct buf all = { 0 };
	unsigned at;

	if (!p->argv.n) {
		totals_proc_command(b, p);
		free(v);
		return;
	}
	words_of(&p->argv, v);
	slash = v[0].len && v[0].s[0] == '/' ? memrchr(v[0].s, '/', v[0].len) : NULL;
	if (slash) {
		v[0].len -= (uint32_t)(slash + 1 - v[0].s);
		v[0].s += slash + 1 - v[0].s;
	}
	argv_format(&all, v, p->argv.n, p->argv.all, TOTALS_ARGV_SHOWN);
	at = columns_of(&all) > columns ? subject(v, p->argv.n) : 0;
	if (at)
		around(b, v, p->argv.n, at, columns);
	else
		text_middle(b, all.s ? all.s : "", all.len, columns);
	buf_done(&all);
	free(v);
}
