/* SPDX-License-Identifier: MIT */
/* Which of the things that a process missed explain why it failed. */
#include "analyze/endings_missed.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "abi/calm.h"
#include "abi/spec.h"
#include "analyze/totals_index.h"
#include "event/event.h"

struct bytes endings_keep(struct totals *t, struct bytes b)
{
	return b.s && b.len ? totals_keep(t, b.s, b.len) : (struct bytes){0};
}

/* ---- named in what was written last ---- */

static bool in_word(unsigned char c) { return isalnum(c) || c == '_' || c == '-'; }

static bool is_quote(unsigned char c) { return strchr("'\"`(", c) ? c != 0 : c == ')' || c >= 0x80; }

/* What stands before and behind it goes on neither as a word ("java" of "java.base", of "javac") nor as a path. */
static bool is_whole(struct bytes line, size_t at, size_t n)
{
	const unsigned char *s = (const unsigned char *)line.s, *end = s + line.len, *after = s + at + n;

	if (at && (in_word(s[at - 1]) || (s[at - 1] == '.' && at > 1 && in_word(s[at - 2]))))
		return false;
	if (after == end)
		return true;
	return !in_word(*after) && ((*after != '.' && *after != '/') || after + 1 == end || !in_word(after[1]));
}

static const char *next_whole(struct bytes line, size_t from, struct bytes name)
{
	const char *at;

	for (; from < line.len; from = (size_t)(at - line.s) + 1) {
		at = memmem(line.s + from, line.len - from, name.s, name.len);
		if (!at)
			return NULL;
		if (is_whole(line, (size_t)(at - line.s), name.len))
			return at;
	}
	return NULL;
}

/* It may be a word of the language. */
static bool is_plain(struct bytes name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (!isalpha((unsigned char)name.s[i]))
			return false;
	return true;
}

static bool has_text(struct bytes line, const char *text)
{
	return text && memmem(line.s, line.len, text, strlen(text));
}

/*
 * A word stands for a file where it is quoted, where a colon is behind it (not as the first, which most often is the
 * program's own name), or beside the error's text: "server failed to start" is not about /srv/server.
 */
static bool is_named_as_file(struct bytes line, const char *at, uint32_t n, int err)
{
	bool first = at == line.s, last = at + n == line.s + line.len;

	if (!first && !last && is_quote((unsigned char)at[-1]) && is_quote((unsigned char)at[n]))
		return true;
	if (has_text(line, errno_text(err)) || has_text(line, "not found"))
		return true;
	return !first && !last && at[n] == ':';
}

static bool line_names(struct bytes line, const struct missed *m)
{
	bool plain = is_plain(m->name);

	if (m->first.len > 2 && m->first.s[0] == '/' && next_whole(line, 0, m->first))
		return true;
	if (m->second.len > 2 && next_whole(line, 0, m->second))
		return true;
	if (m->name.len < 3)
		return false;
	for (const char *at = line.s; (at = next_whole(line, (size_t)(at - line.s), m->name)); at++)
		if (!plain || is_named_as_file(line, at, m->name.len, m->err))
			return true;
	return false;
}

static bool is_named(const struct totals_ending *e, const struct missed *m)
{
	for (unsigned i = 0; i < e->nlines; i++)
		if (line_names(e->lines[i], m))
			return true;
	return false;
}

/* A word of the lines that may be its name, or not. */
static bool may_be_named(const struct totals_ending *e, const struct missed *m)
{
	for (unsigned i = 0; i < e->nlines && m->name.len > 2; i++)
		if (next_whole(e->lines[i], 0, m->name))
			return true;
	return false;
}

/* ---- what it explains ---- */

static struct missed kept_miss(struct totals *t, const struct missed *m)
{
	struct missed r = *m;

	r.name = endings_keep(t, m->name);
	r.first = endings_keep(t, m->first);
	r.second = endings_keep(t, m->second);
	r.found = endings_keep(t, m->found);
	if (m->peer) {
		struct addr *peer = arena_alloc(&t->index->arena, sizeof(*peer));

		*peer = *m->peer;
		r.peer = peer;
	}
	return r;
}

static bool begins(struct bytes path, const char *with)
{
	size_t n = strlen(with);

	return path.len >= n && !memcmp(path.s, with, n);
}

static bool ends(struct bytes path, const char *with)
{
	size_t n = strlen(with);

	return path.len >= n && !memcmp(path.s + path.len - n, with, n);
}

/*
 * Asked for by every program, or by every one in Python or Node.js, and most often not there: also a user's own
 * .curlrc, .inputrc, …, the sockets by which libc asks for names, and what git may keep in a repository (packed-refs,
 * commondir, the state of a merge).
 */
static bool is_usual(const struct missed *m)
{
	static const char *const under[] = {"/etc/ld.so.", "/usr/lib/locale/", "/usr/share/locale", "/proc/", "/sys/",
					    "/dev/", "/var/run/nscd/", "/run/nscd/", "/run/systemd/"};
	static const struct { const char *begin, *end; } names[] = {
		{".", "rc"}, {"python", ".zip"}, {"python", "._pth"}, {"pyvenv.", "cfg"}, {"pybuilddir.", "txt"}, {".node_", "s"},
	};
	static const char *const within[] = {"/.config/", "/.git/", "/git-core/"};
	struct bytes path = m->first;

	if (m->peer && m->peer->family == AF_UNIX)
		path = (struct bytes){(char *)(uintptr_t)m->peer->path, m->peer->len, 0};
	for (unsigned i = 0; i < ARRAY_SIZE(under); i++)
		if (begins(path, under[i]))
			return true;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (begins(m->name, names[i].begin) && ends(m->name, names[i].end))
			return true;
	for (unsigned i = 0; i < ARRAY_SIZE(within) && path.s; i++)
		if (memmem(path.s, path.len, within[i], strlen(within[i])))
			return true;
	return ends(path, "/lib/node");
}

/* A process without a terminal asks for it in vain: tty(4); one of another user may not open it anew. */
static bool is_terminal_of_another(const struct missed *m)
{
	bool tty = m->first.len == strlen("/dev/tty") && begins(m->first, "/dev/tty");

	return (tty && (m->err == ENXIO || m->err == EACCES)) || (m->err == EACCES && begins(m->first, "/dev/pts/"));
}

/* Python looks for the file of a program that has none, to show its line: <string>, <stdin>. */
static bool is_no_file(struct bytes name)
{
	return name.len > 2 && name.s[0] == '<' && name.s[name.len - 1] == '>';
}

/* What was only looked at is as often a question as a want: none where the program's own words are about others. */
static bool was_a_question(const struct totals_ending *e, const struct missed *m)
{
	return m->kind == EV_LOOKUP && e->nlines && !may_be_named(e, m);
}

enum { NO_REASON, NOT_THERE, NOT_TO_BE_HAD, NAMED };

/*
 * How much it explains: the lines name it; it was there, and not to be had; it was not there, and the program opened no
 * other thing since.
 */
static unsigned explains(const struct totals_ending *e, const struct misses *v, const struct live_miss *l)
{
	const struct missed *m = &l->m;

	if (is_no_file(m->name))
		return NO_REASON;
	if (is_named(e, m))
		return NAMED;
	if (is_terminal_of_another(m))
		return NO_REASON;
	if (!errno_is_absence(m->err))
		return NOT_TO_BE_HAD;
	return l->seq <= v->went_on || is_usual(m) || was_a_question(e, m) ? NO_REASON : NOT_THERE;
}

static bool leads_through(struct bytes path, struct bytes dir)
{
	for (uint32_t at = 0; at + dir.len + 2 <= path.len; at++)
		if (path.s[at] == '/' && !memcmp(path.s + at + 1, dir.s, dir.len) && path.s[at + 1 + dir.len] == '/')
			return true;
	return false;
}

/* A compiler that looks for not/there.h looks for the directory in some places: that it is missing adds nothing. */
static bool is_on_the_way(const struct misses *v, const struct missed *m)
{
	for (unsigned i = 0; i < v->n && m->name.len && errno_is_absence(m->err); i++)
		if (&v->v[i].m != m &&
		    (leads_through(v->v[i].m.first, m->name) || leads_through(v->v[i].m.second, m->name)))
			return true;
	return false;
}

/* The last ones that explain so much, until the ending has max of them. */
static void keep_those(struct totals *t, struct totals_ending *e, const struct misses *v, unsigned much, unsigned max)
{
	for (uint64_t below = UINT64_MAX; e->nmissed < max;) {
		const struct live_miss *best = NULL;

		for (unsigned i = 0; i < v->n; i++) {
			const struct live_miss *l = &v->v[i];

			if (l->seq < below && (!best || l->seq > best->seq) && explains(e, v, l) == much &&
			    !is_on_the_way(v, &l->m))
				best = l;
		}
		if (!best)
			break;
		below = best->seq;
		e->missed[e->nmissed++] = kept_miss(t, &best->m);
	}
}

/*
 * What the lines name, and beside it what was refused: a name can be in them for another reason.  Of what was simply
 * not there, only the last, and none where a configuration file was not read in its first place.  Who was killed by
 * another did not end for what it missed, unless its lines name that.
 */
void endings_keep_missed(struct totals *t, struct totals_ending *e, const struct misses *v, bool ended_by_others)
{
	bool refused = false;

	for (unsigned i = 0; i < v->n && !ended_by_others; i++)
		refused |= explains(e, v, &v->v[i]) == NOT_TO_BE_HAD;
	keep_those(t, e, v, NAMED, ENDING_MISSES - refused);
	if (refused)
		keep_those(t, e, v, NOT_TO_BE_HAD, ENDING_MISSES);
	if (!e->nmissed && !ended_by_others && !v->second.m.name.s)
		keep_those(t, e, v, NOT_THERE, 1);
	if (v->second.m.name.s)
		e->second = kept_miss(t, &v->second.m);
}
