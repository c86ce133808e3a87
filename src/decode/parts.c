/* SPDX-License-Identifier: MIT */
/* The parts of a record: taken apart and looked at, and found again. */
#include "decode/parts.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/macro.h"

/*
 * What holds for the bytes of a part, so that no later code has to look again.  elem: a multiple of so many bytes;
 * exact: one element and no more.  A copy that faulted is shorter: it keeps its whole elements.
 */
static const struct { uint16_t elem; bool exact, str; } parts_are[] = {
	[PART_IOV] = { 16 },
	[PART_LEN] = { 4, .exact = true },
	[PART_ITEM] = { .str = true }, [PART_EXE] = { .str = true }, [PART_COMM] = { .str = true }, [PART_CWD] = { .str = true },
	[PART_ROOT] = { .str = true }, [PART_ARGV] = { .str = true }, [PART_ENVP] = { .str = true }, [PART_PATH] = { .str = true },
	[PART_TEXT] = { .str = true }, [PART_TARGET] = { .str = true }, [PART_CHOSEN] = { .str = true },
	[PART_FILTER] = { .str = true },
	[PART_SOCK] = { sizeof(struct record_sock), .exact = true },
	[PART_MSGVEC] = { sizeof(struct record_msg) },
	[PART_INT] = { 4, .exact = true },
	[PART_WHOLE] = { 8, .exact = true }, [PART_COUNT] = { 8, .exact = true },
	[PART_IOCB] = { sizeof(struct record_iocb) },
	[PART_HOLDER] = { .str = true }, [PART_WCHAN] = { .str = true }, [PART_FDS] = { sizeof(rec_i32) },
	[PART_ROOM] = { 4 },
	[PART_FACT] = { sizeof(struct record_fact), .exact = true },
	[PART_FILE] = { sizeof(struct record_file), .exact = true }, [PART_CUT] = { 8, .exact = true }, [PART_SNAPSHOT] = { 8, .exact = true },
	[PART_HOST] = { .str = true }, [PART_KERNEL] = { .str = true }, [PART_BOOT] = { .str = true }, [PART_OPTION] = { .str = true },
	[PART_CPUS] = { 8, .exact = true }, [PART_ZONE] = { 8, .exact = true },
	[PART_OWNER] = { sizeof(struct record_owner), .exact = true },
	[PART_LIMITS] = { sizeof(struct record_limits), .exact = true },
	[PART_FACT_NAME] = { .str = true }, [PART_SYMBOL] = { .str = true },
	[PART_FACT_SOCK] = { sizeof(struct record_sock), .exact = true },
	[PART_SQES] = { sizeof(struct record_sqe) }, [PART_CQES] = { sizeof(struct record_cqe) },
	[PART_SQE_FIRST] = { 8, .exact = true },
	[PART_CPU] = { sizeof(struct record_cpu), .exact = true },
	[PART_TIMES] = { sizeof(struct record_times) }, [PART_ERRORS] = { sizeof(struct record_errors) },
};

static uint32_t str_len(const char *s, uint32_t max)
{
	return (uint32_t)strnlen(s, max);
}

/* 1: keep it; 0: faulted, nothing usable; -EBADMSG. */
static int check_part(struct part *p)
{
	bool partial = p->flags & (CHUNK_FAULT | CHUNK_TRUNC);

	if (p->part >= ARRAY_SIZE(parts_are))
		return 1;	/* a newer recording's: no code here asks for it */
	if (parts_are[p->part].str) {
		uint32_t len = str_len(p->bytes, p->len);

		p->len = MIN(len, (uint32_t)RECORD_STR_MAX);	/* capture copies no more: a made-up recording may */
		p->flags |= p->len < len ? CHUNK_TRUNC : 0;
	}

	unsigned elem = parts_are[p->part].elem;

	if (elem && (p->len % elem || (parts_are[p->part].exact && p->len != elem))) {
		if (!partial || (parts_are[p->part].exact && p->len > elem))
			return -EBADMSG;
		p->len -= p->len % elem;
	}
	if (parts_are[p->part].exact && !p->len)
		return partial ? 0 : -EBADMSG;
	if (p->part == PART_SOCK || p->part == PART_FACT_SOCK) {
		const struct record_sock *s = (const void *)p->bytes;

		if (s->local_len > sizeof(s->local) || s->peer_len > sizeof(s->peer))
			return -EBADMSG;
	}
	if (p->part == PART_MSGVEC)
		for (uint32_t off = 0; off < p->len; off += elem)
			if (((const struct record_msg *)(const void *)(p->bytes + off))->name_len >
			    sizeof(((struct record_msg *)0)->name))
				return -EBADMSG;
	return 1;
}

int decode_parts(const struct record *r, size_t off, uint32_t nchunks, struct arena *arena, struct part **ret_parts,
		 unsigned *ret_nparts)
{
	if (nchunks > (r->size - off) / sizeof(struct record_chunk))
		return -EBADMSG;

	struct part *v = nchunks ? arena_get(arena, nchunks * sizeof(*v)) : NULL;
	unsigned n = 0;

	for (uint32_t i = 0; i < nchunks; i++) {
		const struct record_chunk *c = (const void *)((const char *)r + off);

		if (r->size - off < sizeof(*c))
			return -EBADMSG;
		off += sizeof(*c);
		if (c->len > RECORD_MAX || r->size - off < ALIGN8(c->len) ||
		    ((r->kind == RECORD_CALL || r->kind == RECORD_WAITING) && c->arg >= 6))
			return -EBADMSG;

		struct part p = { c->arg, c->part, c->flags, c->len, (const char *)(c + 1) };
		int keep = p.part == PART_BYTES ? 1 : check_part(&p);	/* any bytes will do */

		if (keep < 0)
			return keep;
		if (keep)
			v[n++] = p;
		off += ALIGN8(c->len);
	}
	if (off != r->size)
		return -EBADMSG;
	*ret_parts = v;
	*ret_nparts = n;
	return 0;
}

const struct part *parts_find(const struct part *parts, unsigned nparts, int arg, enum chunk_part part, unsigned nth)
{
	for (unsigned i = 0; i < nparts; i++)
		if (parts[i].part == part && (arg < 0 || parts[i].arg == arg) && nth-- == 0)
			return &parts[i];
	return NULL;
}

bool decode_fact(const struct part *parts, unsigned nparts, unsigned *at, struct fact *ret_fact)
{
	while (*at < nparts && parts[*at].part != PART_FACT)
		(*at)++;
	if (*at == nparts)
		return false;
	*ret_fact = (struct fact){ .r = (const void *)parts[*at].bytes, .before = !(parts[*at].flags & CHUNK_AT_EXIT) };
	(*at)++;
	for (; *at < nparts && parts[*at].part != PART_FACT; (*at)++) {
		if (parts[*at].part == PART_FACT_NAME && parts[*at].len)
			ret_fact->name = &parts[*at];
		if (parts[*at].part == PART_FACT_SOCK)
			ret_fact->sock = (const void *)parts[*at].bytes;
	}
	return true;
}
