#include "base/human.h"

void human_bytes(struct buf *b, uint64_t nbytes)
{
	static const char *const units[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)nbytes / 1024;
	unsigned u = 0;

	if (nbytes < 1024) {
		buf_printf(b, "%u B", (unsigned)nbytes);
		return;
	}
	for (; v >= 1023.95 && u + 1 < ARRAY_SIZE(units); u++)
		v /= 1024;
	buf_printf(b, "%.1f %s", v, units[u]);
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
