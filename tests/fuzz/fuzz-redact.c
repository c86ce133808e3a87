/* SPDX-License-Identifier: MIT */
/* Any bytes as strings and as a record: a planted secret is in nothing that comes out, and a record stays one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/macro.h"
#include "decode/call.h"
#include "redact/redact.h"
#include "redact/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLANTED "pl4nted-s3cret"

static void require_none(const char *s, size_t len)
{
	if (len && memmem(s, len, PLANTED, strlen(PLANTED)))
		abort();
}

/* Takes the string with the secret in its middle, between blanks. */
static void strings(const char *bytes, size_t nbytes)
{
	static void (*const fns[])(struct secrets *, struct buf *, const char *, size_t) = {
		secrets_text, secrets_path, secrets_env,
	};
	struct secrets *known = secrets_new(true);
	enum secret_after after = AFTER_NOTHING;
	struct buf b = { 0 }, planted = { 0 };
	const char *s;
	size_t len;

	buf_add(&planted, bytes, nbytes / 2);
	buf_puts(&planted, " " PLANTED " ");
	buf_add(&planted, bytes + nbytes / 2, nbytes - nbytes / 2);
	s = planted.s;
	len = planted.len;
	secrets_env(known, &b, "TOKEN=" PLANTED, strlen("TOKEN=" PLANTED));
	for (unsigned i = 0; i < ARRAY_SIZE(fns); i++) {
		buf_reset(&b);
		fns[i](known, &b, s, len);
		require_none(b.s, b.len);
	}
	buf_reset(&b);
	secrets_arg(known, &b, s, len, &after);
	secrets_arg(known, &b, s, len, &after);
	require_none(b.s, b.len);
	secrets_in_place(known, planted.s, planted.len);
	require_none(planted.s, planted.len);
	buf_done(&planted);
	buf_done(&b);
	secrets_free(known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = ALIGN8(size);
	struct record *r = calloc(1, MAX(room, sizeof(*r)));
	struct redact *s = redact_new(size & 1);
	const struct record *out;
	struct arena arena = { 0 };
	struct item item;

	if (!r)
		abort();
	if (size)
		memcpy(r, data, size);
	if (size < 4096)
		strings((const char *)data, size);
	r->size = (rec_u32)MAX(room, sizeof(*r));
	r->kind %= _RECORD_KIND_MAX;
	if (redact_record(s, r, &out) == 0 && decode_record(out, out->size, &arena, &item) < 0)
		abort();
	arena_done(&arena);
	redact_free(s);
	free(r);
	return 0;
}
