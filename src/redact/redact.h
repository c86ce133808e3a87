/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Records without secrets: no contents of buffers, and strings with what redact/secret.h recognises masked.  What comes
 * out is a stream of records like any other, so that every output made of it is redacted.
 */
#include <stdbool.h>
#include <stdint.h>

struct record;
struct redact;

struct redact *redact_new(bool places);		/* places: also home directories, and names of users and of this host */
void redact_free(struct redact *s);		/* may be NULL */
/* Secrets of the command's environment, before it has shown them; ends with NULL. */
void redact_learn_env(struct redact *s, char *const *env);
/* Of all of a recording before its first record is shown; where it can be read twice: not of a pipe. */
void redact_learn_file(struct redact *s, const char *path);
/*
 * *ret_record lives until the next call.  -errno as decode_record() has it: of what cannot be decoded it is not known
 * where secrets are, and nothing is left.
 */
int redact_record(struct redact *s, const struct record *r, const struct record **ret_record);
uint64_t redact_missed(const struct redact *s);		/* secrets_missed() */
