/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a file is to programs, by its path: role: of the filter language.  The same in the page
 * (report/src/engine/roles.ts); tests/filter/queries.txt holds what both agree on.
 */
#include <stdbool.h>
#include <stddef.h>

#include "filter/roles.h"

#define ROLE_ENUM(id, ...) ROLE_##id,
enum role { ROLE_NONE /* of what has no path: it begins with no slash */, ROLES(ROLE_ENUM) _ROLE_MAX };

#define ROLE_WORD(id, name, ...) " " name	/* ROLES(ROLE_WORD): all their names, in a sentence */

/*
 * A glob without a slash is tried with the last component; one that ends in a slash with the folder, with its slash;
 * any other as query_path_matches() has it.
 */
enum role role_of(const char *path, size_t len);
const char *role_name(enum role r); /* "configuration"; of none: "" */
const char *const *role_globs(enum role r); /* NULL ends them; of none: NULL */

/* Is it meant by a word of the filter: its name, how that begins (config), or a pattern with *. */
bool role_meant(enum role r, const char *word);
