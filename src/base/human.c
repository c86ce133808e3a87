/* SPDX-License-Identifier: MIT */
#include "base/human.h"

void human_bytes(struct buf *b, uint64_t nbytes)
{
	static const char *const units[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
	unsigned u = 1;
	uint64_t tenths;

	if (nbytes < 1024) {
		buf_u64(b, nbytes);
		buf_puts(b, " B");
		return;
	}
	/* Rounded, and what rounds to 1024.0 takes the next unit.  Live lines are full of these: no printf. */
	for (;; u++) {
		tenths = (uint64_t)(((unsigned __int128)nbytes * 10 + (1ull << (10 * u - 1))) >> (10 * u));
		if (tenths < 10240 || u == ARRAY_SIZE(units))
			break;
	}
	buf_u64(b, tenths / 10);
	buf_putc(b, '.');
	buf_putc(b, (char)('0' + tenths % 10));
	buf_putc(b, ' ');
	buf_puts(b, units[u - 1]);
}

/* Three significant digits. */
static void scaled(struct buf *b, uint64_t ns, uint64_t unit, const char *name)
{
	double v = (double)ns / (double)unit;

	buf_printf(b, "%.*f%s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, name);
}

void human_ns(struct buf *b, uint64_t ns)
{
	if (ns < 1000)
		buf_printf(b, "%uns", (unsigned)ns);
	else if (ns < 999500)
		scaled(b, ns, 1000, "µs");
	else if (ns < 999500000)
		scaled(b, ns, 1000000, "ms");
	else if (ns < 60000000000)
		scaled(b, ns, 1000000000, "s");
	else if (ns < 3600000000000)
		buf_printf(b, "%um%02us", (unsigned)(ns / 60000000000), (unsigned)(ns / 1000000000 % 60));
	else
		buf_printf(b, "%uh%02um", (unsigned)(ns / 3600000000000), (unsigned)(ns / 60000000000 % 60));
}

void human_seconds(struct buf *b, uint64_t ns)
{
	if (ns < 59950000000)
		buf_printf(b, "%u.%us", (unsigned)((ns + 50000000) / 1000000000),
			   (unsigned)((ns + 50000000) / 100000000 % 10));
	else
		human_ns(b, MAX(ns, (uint64_t)60000000000));
}

void human_count(struct buf *b, uint64_t n)
{
	char tmp[32];
	size_t i = sizeof(tmp);

	for (unsigned digits = 0; !digits || n; n /= 10, digits++) {
		if (digits && digits % 3 == 0)
			tmp[--i] = ',';
		tmp[--i] = (char)('0' + n % 10);
	}
	buf_add(b, tmp + i, sizeof(tmp) - i);
}

void human_counted(struct buf *b, uint64_t n, const char *one, const char *many)
{
	human_count(b, n);
	buf_putc(b, ' ');
	buf_puts(b, n == 1 ? one : many);
}
