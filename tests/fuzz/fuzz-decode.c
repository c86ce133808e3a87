/* SPDX-License-Identifier: MIT */
/* Any bytes as a record: refused, or decoded into what may be used without further checks. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "abi/layout.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/macro.h"
#include "decode/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* Reading every byte is the test: the sanitizer knows which are ours. */
static void touch(struct buf *b, const char *bytes, size_t len)
{
	buf_reset(b);
	if (len)
		buf_add(b, bytes, len);
}

static void use_part(struct buf *b, const struct part *p)
{
	struct addr a;
	int fds[16];

	touch(b, p->bytes, p->len);
	switch (p->part) {
	case PART_LEN:
		require(p->len == 4);
		break;
	case PART_IOV:
		require(p->len % 16 == 0);
		break;
	case PART_SOCK:
		require(p->len == sizeof(struct record_sock) &&
			((const struct record_sock *)(const void *)p->bytes)->local_len <= 112 &&
			((const struct record_sock *)(const void *)p->bytes)->peer_len <= 112);
		break;
	case PART_MSGVEC:
		require(p->len % sizeof(struct record_msg) == 0);
		break;
	case PART_CONTROL:
		require(decode_scm_rights(p->bytes, p->len, fds, ARRAY_SIZE(fds)) <= ARRAY_SIZE(fds));
		break;
	case PART_ITEM:
	case PART_ARGV:
	case PART_ENVP:
	case PART_PATH:
	case PART_EXE:
	case PART_COMM:
	case PART_CWD:
	case PART_ROOT:
	case PART_TEXT: require(!memchr(p->bytes, '\0', p->len)); break;
	}
	if (decode_addr(p->bytes, p->len, &a)) {
		require(a.len <= sizeof(a.path));
		addr_is_loopback(&a);
	}
}

static void read_fields(const struct layout *layout, const char *bytes, uint32_t len)
{
	for (const struct field *f = layout->fields; f->type != ARG_NONE; f++)
		if (f->off + f->size <= len)
			field_word(f, bytes);
}

static void use_call(struct buf *b, const struct call *c)
{
	struct names_split split;

	require(c->spec && c->nargs <= 6);
	for (unsigned i = 0; i < 6; i++) {
		const struct value *v = &c->args[i];

		require(v->spec && (v->bytes || !v->len));
		touch(b, v->bytes, v->len);
		require(v->spec->type != ARG_FDPAIR_OUT || !v->bytes || v->len == 8);
		if (v->bytes && v->spec->layout && !v->spec->layout->form)
			read_fields(v->spec->layout, v->bytes, v->len);
		names_split(v->spec->names, v->word, &split);
		require(split.n <= ARRAY_SIZE(split.names));
	}
	require(c->err >= 0 && c->err < 4096);
	if (c->err)
		errno_text(c->err);
}

/*
 * A record that holds together at its seams, so that what is inside is reached: head and body as they come, then
 * chunks.
 */
static size_t build(char *mem, size_t max, const uint8_t *data, size_t size)
{
	struct record_call *r = (struct record_call *)mem;
	size_t len = sizeof(*r), body = MIN(size, sizeof(*r));

	memset(mem, 0, sizeof(*r));
	memcpy(mem, data, body);
	r->h.kind = RECORD_CALL;
	r->arch %= 3;
	r->nr %= 550;
	r->nchunks = 0;
	for (data += body, size -= body; size >= 4; r->nchunks++) {
		struct record_chunk c = { .arg = data[0] % 6,
					  .part = data[1] % 20,
					  .flags = data[2] % 8,
					  .len = (rec_u32)MIN(data[3], size - 4) };

		if (len + sizeof(c) + ALIGN8(c.len) > max)
			break;
		memcpy(mem + len, &c, sizeof(c));
		memset(mem + len + sizeof(c), 0, ALIGN8(c.len));
		memcpy(mem + len + sizeof(c), data + 4, c.len);
		len += sizeof(c) + ALIGN8(c.len);
		data += 4 + c.len;
		size -= 4 + c.len;
	}
	r->h.size = (rec_u32)len;
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of the exact size, so that one byte too far is seen */
	size_t max = size < 2 ? 8 : data[0] & 1 ? 4096 : ALIGN8(size - 1), len = size < 2 ? 0 : size - 1;
	char *mem = aligned_alloc(8, max), *exact;
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct item it;

	if (size >= 2 && data[0] & 1)
		len = build(mem, max, data + 1, size - 1);
	else if (len)
		memcpy(mem, data + 1, len);
	exact = aligned_alloc(8, ALIGN8(MAX(len, 8u)));
	memcpy(exact, mem, len);
	free(mem);
	if (decode_record((const struct record *)(const void *)exact, len, &a, &it) == 0) {
		for (unsigned i = 0; i < it.nparts; i++)
			use_part(&b, &it.parts[i]);
		if (it.kind == RECORD_CALL)
			use_call(&b, &it.call);
	}
	free(exact);
	arena_done(&a);
	buf_done(&b);
	return 0;
}
