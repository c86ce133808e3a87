/* SPDX-License-Identifier: MIT */
#include "filter/role.h"

#include <string.h>

#include "filter/query.h"

struct role_row {
	const char *name, *const *globs;	/* NULL ends them */
};

#define ROLE_ROW(id, name, ...) [ROLE_##id] = {name, (const char *const[]){__VA_ARGS__, NULL}},
static const struct role_row rows[_ROLE_MAX] = {[ROLE_NONE] = {"", NULL}, ROLES(ROLE_ROW)};

static bool fits(const char *glob, const char *path, size_t len, size_t folder)
{
	size_t n = strlen(glob);
	char last = glob[n - 1];

	if (last == '/')
		return query_glob_matches(glob, path, folder);
	/* most globs are an ending, and most do not fit */
	if (*glob != '/' && last != '*' && last != path[len - 1])
		return false;
	if (!strchr(glob, '/'))
		path += folder, len -= folder;
	if (*glob == '*' && strchr(glob + 1, '*') == glob + n - 1)	/* *part*: the slowest ones for a matcher */
		return memmem(path, len, glob + 1, n - 2);
	return *glob == '/' ? query_path_matches(glob, path, len) : query_glob_matches(glob, path, len);
}

enum role role_of(const char *path, size_t len)
{
	size_t folder;

	if (!len || *path != '/')
		return ROLE_NONE;
	folder = (size_t)((const char *)memrchr(path, '/', len) + 1 - path);
	for (enum role r = ROLE_NONE + 1; r < ROLE_OTHER; r++)
		for (const char *const *glob = rows[r].globs; *glob; glob++)
			if (fits(*glob, path, len, folder))
				return r;
	return ROLE_OTHER;
}

const char *role_name(enum role r) { return rows[r].name; }
const char *const *role_globs(enum role r) { return rows[r].globs; }

bool role_meant(enum role r, const char *word)
{
	const char *name = rows[r].name;

	if (r == ROLE_NONE)
		return false;
	return strchr(word, '*') ? query_glob_matches(word, name, strlen(name)) : !strncmp(name, word, strlen(word));
}
