/* SPDX-License-Identifier: MIT */
#include "filter/role.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "filter/query.h"

struct role_row {
	const char *name, *const *globs;	/* NULL ends them */
};

#define ROLE_ROW(id, name, ...) [ROLE_##id] = {name, (const char *const[]){__VA_ARGS__, NULL}},
static const struct role_row rows[_ROLE_MAX] = {[ROLE_NONE] = {"", NULL}, ROLES(ROLE_ROW)};

struct glob {
	const char *text;
	enum role role;
	size_t len;
	bool is_part;	/* *part*: the slowest ones for a matcher */
};

/*
 * All globs in the order of their roles.  A path can only fit one whose letters it has, side by side: of each glob one
 * pair of them is looked for, and those of all globs at once.
 */
enum { GLOBS_MAX = 128, PAIRS = 512, WORDS = GLOBS_MAX / 64 };
static struct glob globs[GLOBS_MAX];
static unsigned nglobs;
static uint64_t has_pair[PAIRS][WORDS]; /* a bit for each glob that a path with that pair may fit */

static unsigned pair(const char *s) { return ((unsigned char)s[0] * 37u + (unsigned char)s[1]) % PAIRS; }

/* Where the end of its longest run of letters begins; the slash behind a folder's name is in every path. */
static const char *rare_pair(const char *text)
{
	const char *best = text;
	size_t most = 0, n;

	for (const char *s = text; *s; s += n + (s[n] == '*')) {
		n = strcspn(s, "*");
		if (n > most) {
			most = n;
			best = s;
		}
	}
	assert(most >= 2);
	return best + most - 2 - (most > 2 && best[most - 1] == '/');
}

static void add_glob(enum role role, const char *text)
{
	size_t len = strlen(text);

	assert(nglobs < GLOBS_MAX);
	globs[nglobs] = (struct glob){text, role, len, *text == '*' && strchr(text + 1, '*') == text + len - 1};
	has_pair[pair(rare_pair(text))][nglobs / 64] |= UINT64_C(1) << nglobs % 64;
	nglobs++;
}

__attribute__((constructor)) static void index_globs(void)
{
	for (enum role r = ROLE_NONE + 1; r < ROLE_OTHER; r++)
		for (const char *const *glob = rows[r].globs; *glob; glob++)
			add_glob(r, *glob);
}

static bool fits(const struct glob *g, const char *path, size_t len, size_t folder)
{
	char last = g->text[g->len - 1];

	if (last == '/')
		return query_glob_matches(g->text, path, folder);
	/* most globs are an ending */
	if (*g->text != '/' && last != '*' && last != path[len - 1])
		return false;
	if (!strchr(g->text, '/'))
		path += folder, len -= folder;
	if (g->is_part)
		return memmem(path, len, g->text + 1, g->len - 2);
	return *g->text == '/' ? query_path_matches(g->text, path, len) : query_glob_matches(g->text, path, len);
}

enum role role_of(const char *path, size_t len)
{
	uint64_t may[WORDS] = {0};
	size_t folder;

	if (!len || *path != '/')
		return ROLE_NONE;
	for (size_t i = 0; i + 1 < len; i++)
		for (unsigned w = 0; w < WORDS; w++)
			may[w] |= has_pair[pair(path + i)][w];
	folder = (size_t)((const char *)memrchr(path, '/', len) + 1 - path);
	for (unsigned w = 0; w < WORDS; w++)
		for (; may[w]; may[w] &= may[w] - 1) {
			const struct glob *g = &globs[64 * w + (unsigned)__builtin_ctzll(may[w])];

			if (fits(g, path, len, folder))
				return g->role;
		}
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
