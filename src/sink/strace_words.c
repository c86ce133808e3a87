/* SPDX-License-Identifier: MIT */
/* Numbers, strings and flags as strace 6.1 writes them. */
#include <fcntl.h>
#include <string.h>

#include "abi/names.h"
#include "base/macro.h"
#include "sink/strace.h"
#include "sink/value.h"

void strace_hex(struct buf *b, uint64_t v)
{
	if (v)
		buf_puts(b, "0x");
	buf_hex(b, v);
}

void strace_pointer(struct buf *b, uint64_t v)
{
	if (v)
		strace_hex(b, v);
	else
		buf_puts(b, "NULL");
}

/* string_quote() of strace's src/util.c: octal as short as it can be without taking the digit behind it in. */
void strace_quote_byte(struct buf *b, unsigned char c, int next)
{
	static const char escapes[] = {
		['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\v'] = 'v', ['"'] = '"', ['\\'] = '\\'};
	char octal[4] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7))};
	unsigned skip = next >= '0' && next <= '7' ? 0 : c < 8 ? 2 : c < 64 ? 1 : 0;

	if (c < sizeof(escapes) && escapes[c]) {
		buf_putc(b, '\\');
		buf_putc(b, escapes[c]);
	} else if (c >= 0x20 && c < 0x7f) {
		buf_putc(b, (char)c);
	} else {
		buf_putc(b, '\\');
		buf_add(b, octal + 1 + skip, 3 - skip);
	}
}

void strace_quote(struct buf *b, const char *s, size_t n, bool cut)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < n; i++)
		strace_quote_byte(b, (unsigned char)s[i], i + 1 < n ? (unsigned char)s[i + 1] : -1);
	buf_puts(b, cut ? "\"..." : "\"");
}

void strace_quote_hex(struct buf *b, const char *s, size_t n, bool cut)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "\\x%02x", (unsigned char)s[i]);
	buf_puts(b, cut ? "\"..." : "\"");
}

/* The order of its xlat/open_mode_flags.in, which is not that of the bits. */
static void open_flags_of(struct buf *b, uint64_t v, bool mode)
{
	static const struct name_val order[] = {
		N(O_CREAT),
		N(O_EXCL),
		N(O_NOCTTY),
		N(O_TRUNC),
		N(O_APPEND),
		N(O_NONBLOCK),
		V(04010000, "O_SYNC"),
		N(O_DSYNC),
		N(O_ASYNC),
		N(O_DIRECT),
		V(0100000, "O_LARGEFILE"),
		N(O_NOFOLLOW),
		N(O_NOATIME),
		N(O_CLOEXEC),
		N(O_PATH),
		V(020200000, "O_TMPFILE"),
		N(O_DIRECTORY),
	};
	static const char *const modes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
	size_t start = b->len;

	if (mode) {
		buf_puts(b, modes[v & O_ACCMODE]);
		v &= ~(uint64_t)O_ACCMODE;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		if ((v & order[i].val) != order[i].val)
			continue;
		buf_puts(b, b->len > start ? "|" : "");
		buf_puts(b, order[i].name);
		v &= ~order[i].val;
	}
	if (v || b->len == start) {
		buf_puts(b, b->len > start ? "|" : "");
		strace_hex(b, v);
	}
}

/* Sets whose names strace writes in another order than that of the bits: these first. */
static void order_names(struct names_split *s)
{
	static const char *const first[] = {"SA_RESTORER", "SA_ONSTACK",   "SA_RESTART",
					    "SA_NODEFER",  "SA_RESETHAND", "SA_SIGINFO"};
	unsigned at = 0;

	if (!s->n || strncmp(s->names[0], "SA_", 3))
		return;
	for (unsigned f = 0; f < ARRAY_SIZE(first); f++)
		for (unsigned i = at; i < s->n; i++)
			if (!strcmp(s->names[i], first[f])) {
				const char *name = s->names[i];

				memmove(s->names + at + 1, s->names + at, (i - at) * sizeof(name));
				s->names[at++] = name;
				break;
			}
}

void strace_unknown(struct buf *b, const struct names *names)
{
	const char *name = names && names->v ? names->v->name : NULL, *end = name ? strchr(name, '_') : NULL;

	if (end && end - name > 1)	/* of O_ it says nothing */
		buf_printf(b, " /* %.*s_??? */", (int)(end - name), name);
}

void strace_flags(struct buf *b, const struct names *names, uint64_t v)
{
	struct names_split s;

	if (names == &open_flags || names == &open_bits) {
		open_flags_of(b, v, names == &open_flags);
		return;
	}
	names_split(names, v, &s);
	order_names(&s);
	if (!s.n && s.rest && !s.mode && !s.field) {
		strace_hex(b, s.rest);
		strace_unknown(b, names);
		return;
	}
	flags_split_format(b, &s);
}

/* Real-time signals are numbered to the end: the last one has no name of its own. */
const char *strace_signal(int signo)
{
	return signo == 64 ? "SIGRT_32" : signal_name(signo);
}
