/* SPDX-License-Identifier: MIT */
/* Structs of which strace 6.1 shows only some fields, or in another order: put together anew when they are closed. */
#include <string.h>

#include "base/macro.h"
#include "sink/strace.h"

/* Which fields strace shows of a struct that begins with this one, in its order; more: it says that there are others.
 */
static const struct shape {
	const char *first, *shown[6];
	bool more;
} shapes[] = {
	{"st_dev", {"st_mode", "st_size"}, true},
	{"sa_handler", {"sa_handler", "sa_mask", "sa_flags", "sa_restorer"}, false},
	{"ru_utime", {"ru_utime", "ru_stime"}, true},
	{"sysname", {"sysname", "nodename"}, true},
};

/* Where the text of its k-th field is, with its name. */
static void text_of(const struct strace_text *t, const struct strace_frame *f, unsigned k, const char **ret_s,
		    size_t *ret_n)
{
	size_t end = k + 1 < f->n ? f->fields[k + 1].at - 2 : t->b->len;

	*ret_s = t->b->s + f->fields[k].at;
	*ret_n = end - f->fields[k].at;
}

static bool take_field(struct strace_text *t, const struct strace_frame *f, const char *name)
{
	const char *s;
	size_t n;

	for (unsigned k = 0; k < f->n; k++) {
		if (strcmp(f->fields[k].name, name))
			continue;
		text_of(t, f, k, &s, &n);
		buf_puts(&t->made, t->made.len > 1 ? ", " : "");
		buf_add(&t->made, s, n);
		return true;
	}
	return false;
}

static bool has_text(const struct strace_text *t, const struct strace_frame *f, const char *name, const char *part)
{
	const char *s;
	size_t n;

	for (unsigned k = 0; k < f->n; k++)
		if (!strcmp(f->fields[k].name, name)) {
			text_of(t, f, k, &s, &n);
			return memmem(s, n, part, strlen(part));
		}
	return false;
}

/* What strace leaves out or puts elsewhere. */
static void arrange(struct strace_text *t, const struct strace_frame *f, const struct shape *shape)
{
	bool is_device = has_text(t, f, "st_mode", "S_IFCHR") || has_text(t, f, "st_mode", "S_IFBLK");

	buf_reset(&t->made);
	buf_putc(&t->made, '{');
	for (unsigned i = 0; i < ARRAY_SIZE(shape->shown) && shape->shown[i]; i++) {
		const char *name = shape->shown[i];

		if (!strcmp(name, "sa_restorer") && !has_text(t, f, "sa_flags", "SA_RESTORER"))
			continue;
		take_field(t, f, is_device && !strcmp(name, "st_size") ? "st_rdev" : name);
	}
	if (shape->more)
		buf_puts(&t->made, ", ...");
	t->b->len = f->start;
	buf_add(t->b, t->made.s, t->made.len);
}

/* Two times, of access and modification: strace prints what the program gave, an array. */
static void arrange_times(struct strace_text *t, const struct strace_frame *f)
{
	buf_reset(&t->made);
	for (unsigned k = 0; k < f->n; k++) {
		const char *s;
		size_t n;

		text_of(t, f, k, &s, &n);
		buf_puts(&t->made, k ? ", " : "[");
		buf_add(&t->made, s + strlen("atime="), n - strlen("atime="));
	}
	t->b->len = f->start;
	buf_add(t->b, t->made.s, t->made.len);
}

char strace_arrange(struct strace_text *t, const struct strace_frame *f)
{
	if (f->n == 2 && !strcmp(f->fields[0].name, "atime")) {
		arrange_times(t, f);
		return ']';
	}
	for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++)
		if (!strcmp(f->fields[0].name, shapes[i].first))
			arrange(t, f, &shapes[i]);
	return '}';
}
