/* SPDX-License-Identifier: MIT */
/*
 * Paths as the program sees them, made absolute by text alone: `.`, `..` and
 * double slashes go, symbolic links are not known (except those of /proc that
 * lead to open files).  Where a name with `..` in it was opened, and where a
 * chdir led, capture has asked the kernel (fx_real); of the others
 * `a/link/../b` is shown as `a/b`.
 */
#include <fcntl.h>
#include <string.h>

#include "model/emit.h"
#include "model/path.h"
#include "model/strings.h"
#include "model/task.h"
#include "model/world.h"

/* base: normal already, or empty.  Result in scratch. */
static struct path normalize(struct world *w, const char *base, size_t nbase, const char *raw, size_t len)
{
	char *out = scratch(w, nbase + len + 2);
	size_t n = 0, floor = 0;

	nbase -= name_is_outside(base, nbase);	/* a file: nothing is below it */

	if (len && raw[0] == '/')
		nbase = 0;
	else if (nbase == 1)	/* "/" */
		nbase = 0;
	else if (nbase)
		memcpy(out, base, nbase);
	n = nbase;
	for (size_t i = 0; i < len;) {
		size_t from = i;

		while (i < len && raw[i] != '/')
			i++;

		size_t part = i - from;

		i++;
		if (part == 0 || (part == 1 && raw[from] == '.'))
			continue;
		if (part == 2 && raw[from] == '.' && raw[from + 1] == '.') {
			while (n > floor && out[--n] != '/')
				;
			continue;
		}
		out[n++] = '/';
		memcpy(out + n, raw + from, part);
		n += part;
	}
	if (!n)
		out[n++] = '/';
	out[n] = '\0';
	return (struct path){ out, (uint32_t)n, NULL };
}

static bool skip(const char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n) != 0 || ((*s)[n] && (*s)[n] != '/'))
		return false;
	*s += n;
	return true;
}

static bool skip_number(const char **s, uint32_t *ret)
{
	uint64_t v = 0;
	const char *p = *s;

	for (; *p >= '0' && *p <= '9' && v <= INT32_MAX; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	if (p == *s || (*p && *p != '/') || v > INT32_MAX)
		return false;
	*s = p;
	*ret = (uint32_t)v;
	return true;
}

/*
 * A link that /proc makes up: /proc/{self,thread-self,PID}[/task/TID]/{fd/N,cwd,root,exe}, /dev/fd/N,
 * /dev/std{in,out,err}.  The rest of the path in ret_rest.
 */
static bool magic_link(struct world *w, struct tnode *self, const char *s, struct bytes *ret_to, struct file **ret_file,
		       const char **ret_rest)
{
	struct tnode *t = self;
	uint32_t tid;
	int fd = -1;

	*ret_file = NULL;
	if (skip(&s, "/dev")) {
		if (skip(&s, "/stdin"))
			fd = 0;
		else if (skip(&s, "/stdout"))
			fd = 1;
		else if (skip(&s, "/stderr"))
			fd = 2;
		else if (!skip(&s, "/fd") || *s++ != '/' || !skip_number(&s, &tid))
			return false;
		else
			fd = (int)tid;
	} else if (skip(&s, "/proc") && *s == '/') {
		s++;
		if (!skip(&s, "self") && !skip(&s, "thread-self")) {
			if (!skip_number(&s, &tid))
				return false;
			t = task_find(w, tid);
		}
		if (skip(&s, "/task")) {
			if (*s++ != '/' || !skip_number(&s, &tid))
				return false;
			t = task_find(w, tid);
		}
		if (!t || t->dead)
			return false;
		if (skip(&s, "/fd")) {
			if (*s++ != '/' || !skip_number(&s, &tid))
				return false;
			fd = (int)tid;
		} else if (skip(&s, "/cwd")) {
			*ret_to = t->t.fs->cwd;
		} else if (skip(&s, "/root")) {
			*ret_to = (struct bytes){ (char *)(uintptr_t)"/", 1, 0 };
		} else if (skip(&s, "/exe")) {
			*ret_to = t->t.proc->exe;
		} else {
			return false;
		}
	} else {
		return false;
	}
	if (fd >= 0) {
		*ret_file = task_file(&t->t, fd);
		if (!*ret_file)
			return false;
		*ret_to = (*ret_file)->name;
	}
	*ret_rest = s;
	return ret_to->len > 0 || *ret_file;
}

bool path_inside(const struct bytes *root, const char **path, uint32_t *len)
{
	uint32_t skip = root->len > 1 ? root->len : 0;

	if (!skip || !*len || (*path)[0] != '/')
		return true;
	if (*len < skip || memcmp(*path, root->s, skip) != 0 || (*len > skip && (*path)[skip] != '/'))
		return false;
	if (*len == skip) {
		*path = "/";
		*len = 1;
	} else {
		*path += skip;
		*len -= skip;
	}
	return true;
}

void bytes_inside(struct bytes *b, const struct bytes *root, const char *s, uint32_t len)
{
	path_inside(root, &s, &len);
	bytes_set(b, s, len);
}

bool path_has_dots(const char *raw, uint32_t len)
{
	return len >= 2 && memmem(raw, len, "..", 2);
}

struct path path_resolve(struct world *w, struct tnode *t, int dirfd, const char *raw, uint32_t len, unsigned how)
{
	const struct bytes *base = &t->t.fs->cwd;
	struct path p;

	if (dirfd != AT_FDCWD && (!len || raw[0] != '/' || (how & PATH_IN_ROOT))) {
		struct file *dir = task_file(&t->t, dirfd);

		base = dir ? &dir->name : NULL;
		if (!len)
			return (struct path){ dir ? scratch_dup(w, dir->name.s, dir->name.len) : "",
					      dir ? dir->name.len : 0, dir };
	}
	if (how & PATH_IN_ROOT) {	/* openat2: the directory is the root, `..` does not leave it */
		p = normalize(w, "/", 1, raw, len);
		if (base && base->len > 1)
			p = normalize(w, base->s, base->len, p.s + 1, p.len - 1);
		return p;
	}
	if (!len)
		return (struct path){ "", 0, NULL };
	if (raw[0] != '/' && (!base || !base->len || base->s[0] != '/'))
		return (struct path){ scratch_dup(w, raw, len), len, NULL };
	p = normalize(w, base ? base->s : "", base ? base->len : 0, raw, len);
	for (int links = 0; links < 8 && (p.s[1] == 'p' || p.s[1] == 'd'); links++) {
		struct bytes to = { 0 };
		const char *rest;
		struct file *file;

		if (!magic_link(w, t, p.s, &to, &file, &rest) || (!*rest && !(how & PATH_FOLLOW)))
			break;
		if (!*rest)
			return (struct path){ scratch_dup(w, to.s, to.len), to.len, file };
		if (!to.len || to.s[0] != '/')
			break;
		p = normalize(w, to.s, to.len, rest + 1, strlen(rest + 1));
	}
	return p;
}
