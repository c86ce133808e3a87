/* SPDX-License-Identifier: MIT */
#include "sink/ending_words.h"

#include <signal.h>

#include "abi/calm.h"
#include "abi/spec.h"
#include "analyze/endings.h"
#include "analyze/last_lines.h"
#include "analyze/totals.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "sink/out.h"
#include "sink/words.h"

static void name_words(struct buf *b, struct bytes name)
{
	text_safe(b, name.len ? name.s : "\"\"", name.len ? name.len : 2);
}

static void next_line(struct buf *b, size_t from)
{
	buf_puts(b, b->len > from ? "\n" : "");
}

/* The length of a sequence that colours text or clears the rest of its line (ECMA-48 SGR, EL); 0: there is none. */
static size_t colour_len(const char *s, size_t n)
{
	size_t i = 2;

	if (n < 3 || s[0] != '\x1b' || s[1] != '[')
		return 0;
	while (i < n && ((s[i] >= '0' && s[i] <= '9') || s[i] == ';' || s[i] == ':'))
		i++;
	return i < n && (s[i] == 'm' || s[i] == 'K') ? i + 1 : 0;
}

/* A compiler that writes to a terminal colours its words, calls below an error have a tab; the rest is made safe. */
static void line_words(struct buf *b, struct bytes line)
{
	struct buf plain = {0};

	for (size_t i = 0, len; i < line.len; i += MAX(len, (size_t)1)) {
		len = colour_len(line.s + i, line.len - i);
		if (!len && line.s[i] == '\t')
			buf_puts(&plain, "    ");
		else if (!len)
			buf_putc(&plain, line.s[i]);
	}
	text_safe(b, plain.s ? plain.s : "", plain.len);
	buf_done(&plain);
}

/* Of several that are alike the last. */
void ending_last_lines(struct buf *b, const struct totals_ending *e)
{
	size_t from = b->len;
	unsigned alike = 1;

	for (unsigned i = 0; i < e->nlines; i++) {
		if (i + 1 < e->nlines && last_lines_alike(e->lines[i], e->lines[i + 1])) {
			alike++;
			continue;
		}
		next_line(b, from);
		line_words(b, e->lines[i]);
		if (e->lines[i].len == ENDING_LINE_BYTES)
			buf_puts(b, "…");
		if (alike > 1)
			buf_printf(b, " (%u such lines)", alike);
		alike = 1;
	}
}

static void error_words(struct buf *b, int err)
{
	const char *name = errno_name(err);

	buf_putc(b, STYLE_ERROR);
	buf_puts(b, name ? name : "failed");
	buf_putc(b, STYLE_OFF);
}

static void places(struct buf *b, const struct missed *m)
{
	buf_puts(b, ": ");
	name_words(b, m->first);
	if (!m->second.len)
		return;
	buf_puts(b, ", ");
	name_words(b, m->second);
	if (m->places > 2)
		buf_puts(b, ", …");
}

/* Looked for by name, and not there. */
static void not_found(struct buf *b, const struct missed *m)
{
	name_words(b, m->places > 1 ? m->name : m->first);
	buf_puts(b, " was not found");
	if (m->places > 1) {
		buf_printf(b, " in %u places", m->places);
		places(b, m);
	}
}

static void what_failed(struct buf *b, const struct missed *m)
{
	const char *verb = event_info((enum event_kind)m->kind)->verb;
	struct buf peer = {0};

	if (m->spec && m->spec->name && (!verb || m->kind == EV_LOOKUP))
		verb = m->spec->name;
	buf_puts(b, verb ? verb : "a call");
	if (m->peer) {
		addr_format(&peer, m->peer);
		buf_puts(b, m->kind == EV_BIND ? " " : " to ");
		text_safe(b, peer.s ? peer.s : "", peer.len);
		buf_done(&peer);
	} else if (m->first.len) {
		buf_puts(b, m->kind == EV_WRITE ? " to " : " ");
		name_words(b, m->first);
	}
	buf_puts(b, " failed: ");
	error_words(b, m->err);
	if (errno_text(m->err))
		buf_printf(b, " (%s)", errno_text(m->err));
}

static void found_second(struct buf *b, const struct missed *m)
{
	name_words(b, m->name);
	buf_puts(b, " was read from ");
	name_words(b, m->found);
	if (!errno_is_absence(m->err)) {
		buf_puts(b, "; ");
		what_failed(b, m);
		return;
	}
	buf_puts(b, "; it was not in ");
	name_words(b, m->first);
	if (!m->second.len)
		return;
	buf_puts(b, m->places > 2 ? ", " : " and ");
	name_words(b, m->second);
	if (m->places > 2)
		buf_puts(b, ", …");
}

void ending_missed(struct buf *b, const struct totals_ending *e)
{
	size_t from = b->len;

	if (e->no_rights)
		buf_puts(b, "it ran without the rights of its file (set-user-ID and the like), because an "
			    "ordinary user traces it: as root compendium leaves them");
	if (e->unread) {
		next_line(b, from);
		buf_puts(b, "its standard error was /dev/null");
	}
	for (unsigned i = 0; i < e->nmissed; i++) {
		const struct missed *m = &e->missed[i];

		next_line(b, from);
		if (errno_is_absence(m->err) && m->first.len && !m->peer)
			not_found(b, m);
		else
			what_failed(b, m);
	}
	if (e->second.name.len) {
		next_line(b, from);
		found_second(b, &e->second);
	}
}

static void fault_words(struct buf *b, const struct fatal *f)
{
	if (f->signo == SIGSYS) {
		if (f->forbidden && f->forbidden->name)
			buf_printf(b, "%s, which seccomp forbids", f->forbidden->name);
		else
			buf_puts(b, "a system call that seccomp forbids");
	} else if (f->signo == SIGSEGV || f->signo == SIGBUS) {
		buf_printf(b, "access to address 0x%llx", (unsigned long long)f->addr);
		if (f->addr < 4096)
			buf_puts(b, " (a null pointer)");
		else if (f->signo == SIGSEGV)
			buf_puts(b, f->code == SEGV_MAPERR ? ", where nothing is mapped" : ", which is not permitted");
	} else {
		buf_printf(b, "at address 0x%llx", (unsigned long long)f->addr);
	}
	if (f->region.len && f->signo != SIGSYS) {
		buf_puts(b, " in ");
		name_words(b, f->region);
	}
	if (!f->ip || (f->addr == f->ip && !f->text.len))
		return;
	buf_puts(b, ", by the instruction at ");
	if (f->symbol.len) {
		name_words(b, f->symbol);
		buf_printf(b, "+0x%llx (", (unsigned long long)f->into);
	}
	if (f->has_offset) {
		name_words(b, f->text);
		buf_printf(b, "+0x%llx%s", (unsigned long long)f->text_offset, f->symbol.len ? ")" : "");
		return;
	}
	buf_printf(b, "0x%llx", (unsigned long long)f->ip);
	if (f->text.len) {
		buf_puts(b, " of ");
		name_words(b, f->text);
	}
}

static void process_words(struct buf *b, uint32_t pid, const struct totals_proc *p)
{
	buf_printf(b, "%u", pid);
	if (p && p->comm.len) {
		buf_puts(b, " (");
		name_words(b, p->comm);
		buf_putc(b, ')');
	}
}

/* SIGPIPE: the writer sends it to itself, but for that its reader is gone. */
static void broken_words(struct buf *b, const struct fatal *f)
{
	if (f->broken_socket) {
		buf_puts(b, ": the connection ");
		if (f->reader_pid) {
			buf_puts(b, "to ");
			process_words(b, f->reader_pid, f->reader_proc);
		} else {
			buf_puts(b, "it wrote to");
		}
		buf_puts(b, " was closed");
		return;
	}
	buf_puts(b, ": nothing reads its pipe any more");
	if (!f->reader_pid)
		return;
	buf_puts(b, "; the last to have it was ");
	process_words(b, f->reader_pid, f->reader_proc);
}

/* What the process reached, and how a shell sets it. */
static void limit_words(struct buf *b, const struct fatal *f)
{
	bool known = f->limit && f->limit < INT64_MAX;

	if (f->signo == SIGXFSZ) {
		buf_puts(b, ": a file would have grown beyond ");
		if (known)
			human_bytes(b, f->limit);
		buf_puts(b, known ? " (ulimit -f)" : "its limit (ulimit -f)");
		return;
	}
	buf_puts(b, ": it had used its ");
	if (known)
		buf_printf(b, "%llu s of ", (unsigned long long)f->limit);
	buf_puts(b, "CPU time (ulimit -t)");
}

void ending_fatal(struct buf *b, const struct totals_ending *e)
{
	const struct fatal *f = &e->fatal;

	if (!f->signo)
		return;
	buf_puts(b, signal_name(f->signo));
	if (f->has_addr || f->forbidden) {
		buf_puts(b, ": ");
		fault_words(b, f);
	} else if (f->broken) {
		broken_words(b, f);
	} else if (f->of_limit && !f->sender) {
		limit_words(b, f);
	} else if (f->init_proc) {
		buf_puts(b, " came from the kernel, when ");
		process_words(b, f->init_proc->pid, f->init_proc);
		buf_puts(b, ", the first process of its pid namespace, ended");
	} else if (f->sender && f->sender == e->proc->pid) {
		buf_puts(b, " was sent by the process itself");
	} else if (f->sender) {
		buf_puts(b, " was sent by ");
		process_words(b, f->sender, f->sender_proc);
	} else {
		buf_puts(b, f->only_chosen ? " came from the kernel, or from a call that was not chosen"
					   : " came from the kernel, or from a process that was not traced");
	}
	buf_puts(b, f->has_addr || f->forbidden || f->broken || !f->sender ? ", after " : " after ");
	human_ns(b, f->ts_ns);
}

void ending_chain(struct buf *b, const struct totals_ending *e)
{
	unsigned n = 0;

	buf_puts(b, "so failed ");
	for (const struct totals_ending *up = e->effect; up; up = up->effect) {
		buf_puts(b, n++ ? ", " : "");
		name_words(b, up->proc->comm);
		buf_printf(b, " (%u)", up->proc->pid);
	}
}
