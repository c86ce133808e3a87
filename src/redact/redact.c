/* SPDX-License-Identifier: MIT */
#include "redact/redact.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/macro.h"
#include "decode/call.h"
#include "record/build.h"
#include "record/file.h"
#include "redact/secret.h"

struct redact { struct secrets *secrets; struct arena arena; struct buf out, text; };

struct pass {
	struct redact *s;
	const struct item *item;
	enum secret_after after;	/* of the strings of one vector, which stand one behind the other */
	unsigned nchunks;
};

struct redact *redact_new(bool places)
{
	struct redact *s = xcalloc(1, sizeof(*s));

	s->secrets = secrets_new(places);
	return s;
}

void redact_free(struct redact *s)
{
	if (!s)
		return;
	secrets_free(s->secrets);
	arena_done(&s->arena);
	buf_done(&s->out);
	buf_done(&s->text);
	free(s);
}

uint64_t redact_missed(const struct redact *s) { return secrets_missed(s->secrets); }

void redact_learn_env(struct redact *s, char *const *env)
{
	for (; env && *env; env++) {
		buf_reset(&s->text);
		secrets_env(s->secrets, &s->text, *env, strlen(*env));
	}
}

/* ---- one chunk ---- */

enum how { KEEP, DROP, TEXT, NAME, ARG, ENV, IN_PLACE };

static const struct arg_spec *spec_of(const struct pass *p, unsigned arg)
{
	const struct item *i = p->item;

	return (i->kind == RECORD_CALL || i->kind == RECORD_WAITING) && arg < i->call.nargs ? i->call.args[arg].spec
											    : NULL;
}

/*
 * The bytes of an argument, by what it is.  A socket's option may be a key (TCP_MD5SIG, ALG_SET_KEY): only what is as
 * short as a number stays.
 */
static enum how how_bytes(const struct arg_spec *a, unsigned len)
{
	if (!a)
		return DROP;
	switch (a->type) {
	case ARG_PATH: case ARG_STR_OUT:
		return NAME;
	case ARG_STR: case ARG_STRV:
		return TEXT;
	case ARG_BUF_IN: case ARG_BUF_OUT:
		return DROP;
	case ARG_OPTVAL_IN: case ARG_OPTVAL_OUT:
		return len <= sizeof(rec_u64) ? KEEP : DROP;
	default:
		return IN_PLACE;
	}
}

static enum how how(const struct pass *p, const struct record_chunk *c)
{
	const struct arg_spec *a = spec_of(p, c->arg);

	switch ((enum chunk_part)c->part) {	/* without a default: a part that is new is refused here when built */
	case PART_BYTES:
		return how_bytes(a, c->len);
	case PART_DATA: case PART_STDERR:
		return DROP;
	case PART_ITEM:
		return a && a->name && !strcmp(a->name, "envp") ? ENV : ARG;
	case PART_ARGV: case PART_OPTION:
		return ARG;
	case PART_ENVP:
		return ENV;
	case PART_PATH: case PART_EXE: case PART_CWD: case PART_ROOT: case PART_FACT_NAME:
		return NAME;
	case PART_COMM: case PART_TEXT: case PART_TARGET: case PART_HOLDER: case PART_HOST: case PART_FILTER:
	case PART_SYMBOL:
		return TEXT;
	case PART_IOV: case PART_LEN: case PART_INT: case PART_IOCB: case PART_FDS: case PART_ROOM: case PART_FACT:
	case PART_SQES: case PART_CQES: case PART_SQE_FIRST: case PART_CPU: case PART_FRAMES:
	case PART_WHOLE:
	case PART_COUNT:
	case PART_FILE:
	case PART_CUT:
	case PART_SNAPSHOT:
	case PART_KERNEL:
	case PART_BOOT:
	case PART_CPUS:
	case PART_ZONE:
	case PART_TIMES:
	case PART_ERRORS:
	case PART_OWNER:
	case PART_LIMITS:
	case PART_WCHAN:
	case PART_CHOSEN:
		return KEEP;
	/* addresses, control messages */
	case PART_NAME: case PART_CONTROL: case PART_SOCK: case PART_MSGVEC: case PART_FACT_SOCK:
		return IN_PLACE;
	}
	return DROP;	/* what later versions record: it is not known where secrets are in it */
}

static void string(struct pass *p, enum how how, const char *s, size_t len)
{
	struct secrets *known = p->s->secrets;
	struct buf *to = &p->s->text;

	len = strnlen(s, len);	/* where a string is read, it ends there */
	switch (how) {
	case NAME: secrets_path(known, to, s, len); break;
	case ARG: secrets_arg(known, to, s, len, &p->after); break;
	case ENV: secrets_env(known, to, s, len); break;
	default: secrets_text(known, to, s, len); break;
	}
}

static void chunk(struct pass *p, const struct record_chunk *c)
{
	enum how by = how(p, c);
	struct buf *to = &p->s->text;
	unsigned flags = c->flags;

	if (by == DROP)
		return;
	if (by != ARG && c->part != PART_WHOLE)
		p->after = AFTER_NOTHING;
	buf_reset(to);
	if (c->part == PART_HOST)
		secrets_host(p->s->secrets, (const char *)(c + 1), strnlen((const char *)(c + 1), c->len));
	if (by == KEEP || by == IN_PLACE)
		buf_add(to, c + 1, c->len);
	else
		string(p, by, (const char *)(c + 1), c->len);
	if (by == IN_PLACE && to->len)
		secrets_in_place(p->s->secrets, to->s, to->len);
	if (to->len > RECORD_STR_MAX && by != KEEP && by != IN_PLACE) {
		to->len = RECORD_STR_MAX;
		flags |= CHUNK_TRUNC;
	}
	record_chunk(&p->s->out, c->arg, (enum chunk_part)c->part, flags, to->s ? to->s : "", to->len);
	p->nchunks++;
}

/* ---- one record ---- */

static void finish(struct pass *p, size_t at)
{
	struct record *r = record_finish(&p->s->out);

	if (r->kind == RECORD_CALL)
		((struct record_call *)r)->nchunks = (rec_u16)p->nchunks;
	else if (r->kind == RECORD_WAITING)
		((struct record_waiting *)r)->nchunks = (rec_u16)p->nchunks;
	else if (at)
		memcpy((char *)r + at, &p->nchunks, sizeof(p->nchunks));
	if (r->kind != RECORD_START)
		return;
	((struct record_start *)r)->mode &= ~(rec_u32)START_PAYLOAD;
	((struct record_start *)r)->mode |= START_REDACTED;
}

int redact_record(struct redact *s, const struct record *r, const struct record **ret_record)
{
	struct item item;
	struct pass p = { .s = s, .item = &item };
	size_t at = 0, body;
	int rc = decode_record(r, r->size, &s->arena, &item);

	if (rc == 0) {
		body = decode_body_size(r->kind, &at);
		s->out.len = 0;
		buf_add(&s->out, r, body);
		for (size_t off = body; off < r->size;) {
			const struct record_chunk *c = (const void *)((const char *)r + off);

			chunk(&p, c);
			off += sizeof(*c) + ALIGN8(c->len);
		}
		finish(&p, at);
		rc = s->out.len <= RECORD_MAX ? 0 : -EBADMSG;
		*ret_record = (const struct record *)s->out.s;
	}
	arena_reset(&s->arena);
	return rc;
}

void redact_learn_file(struct redact *s, const char *path)
{
	struct record_reader *reader;
	const struct record *r;
	struct diag ignored;	/* whoever reads it to show it says what is wrong */
	struct stat st;
	size_t avail;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || record_reader_open(path, &reader, &ignored) < 0)
		return;
	while (record_reader_next(reader, &r, &avail, &ignored) == 1)
		redact_record(s, r, &r);
	record_reader_close(reader);
}
