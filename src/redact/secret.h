/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What in a string is a secret, by its looks: values behind names such as password or token, in options, variables,
 * headers, URLs and JSON; tokens that have a known form.  A value that was recognised once is masked wherever it
 * appears from then on, also where nothing beside it says what it is.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct secrets;

/* places: also home directories, user names and the names of this host. */
struct secrets *secrets_new(bool places);
void secrets_free(struct secrets *s);		/* may be NULL */
/* How often a value could not be learned, for too many are known: it is masked where something says what it is. */
uint64_t secrets_missed(const struct secrets *s);

/* Each appends the string with its secrets masked to out. */
void secrets_text(struct secrets *s, struct buf *out, const char *text, size_t len);
/* A file name: what is masked of it is never more than a component. */
void secrets_path(struct secrets *s, struct buf *out, const char *path, size_t len);
void secrets_env(struct secrets *s, struct buf *out, const char *var, size_t len);	/* NAME=VALUE */
/* One argument after the other; *after: what the one before says about it, AFTER_NOTHING before the first. */
enum secret_after { AFTER_NOTHING, AFTER_SECRET, AFTER_USER /* name:password */, AFTER_SCRIPT };
void secrets_arg(struct secrets *s, struct buf *out, const char *arg, size_t len, enum secret_after *after);
/* What is known already, in bytes that keep their length and place: a structure, a socket address. */
void secrets_in_place(const struct secrets *s, char *bytes, size_t len);

/* A name of this host: masked with `places`. */
void secrets_host(struct secrets *s, const char *name, size_t len);
