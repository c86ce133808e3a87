/* SPDX-License-Identifier: MIT */
/* The model's strings: names, and vectors that a program gave.  What all of them take is bounded. */
#include <string.h>

#include "base/macro.h"
#include "model/strings.h"
#include "model/world.h"

/*
 * Bytes that all names and vectors take.  Real programs stay far below; a made-up recording of some MB unpacks to
 * millions of names of 4 KB, and when the room is used up each keeps its beginning.
 */
static uint64_t total;

size_t strings_room(size_t len, size_t at_least)
{
	return total + len > STRINGS_TOTAL_MAX ? MIN(len, at_least) : len;
}

void strings_took(size_t len) { total += len; }
void strings_gave(size_t len) { total -= len; }

void bytes_set(struct bytes *b, const char *s, size_t len)
{
	uint32_t n = (uint32_t)strings_room(len, NAME_LEAST);
	char *copy = xmemdup0(s, n);

	total += n - (uint64_t)b->len;
	free(b->s);
	*b = (struct bytes){ copy, n, (uint32_t)(len - n) };
}

void bytes_done(struct bytes *b)
{
	total -= b->len;
	free(b->s);
	*b = (struct bytes){ 0 };
}

static bool is_of(const struct part *p, enum chunk_part kind)
{
	/* older recordings end a vector that has more with an empty string that is marked as cut */
	return p->part == kind && !(p->flags & CHUNK_TRUNC && !p->len);
}

static uint64_t number(const struct part *p)
{
	uint64_t n;

	memcpy(&n, p->bytes, sizeof(n));
	return n;
}

struct strings *strings_new(const struct part *parts, unsigned nparts, enum chunk_part kind)
{
	unsigned n = 0, i = 0, all = 0;
	size_t nbytes = 0, room;

	for (unsigned k = 0; k < nparts; k++)
		if (is_of(&parts[k], kind)) {
			all++;
			nbytes += parts[k].len + 1 + sizeof(struct bytes);
		}
	room = strings_room(nbytes, VECTOR_LEAST);
	nbytes = 0;
	for (unsigned k = 0; k < nparts; k++)
		if (is_of(&parts[k], kind) && nbytes + parts[k].len + 1 + sizeof(struct bytes) <= room) {
			n++;
			nbytes += parts[k].len + 1 + sizeof(struct bytes);
		} else if (is_of(&parts[k], kind)) {
			break;
		}

	struct strings *s = xcalloc(1, sizeof(*s) + nbytes);
	char *to = (char *)&s->v[n];

	s->refs = 1;
	s->n = n;
	s->nbytes = nbytes;
	total += nbytes;
	for (unsigned k = 0; k < nparts; k++) {
		const struct part *p = &parts[k], *next = k + 1 < nparts ? p + 1 : NULL;

		if (p->part == PART_COUNT && p->arg == (kind == PART_ENVP))
			s->all = number(p);
		if (!is_of(p, kind) || i == n)
			continue;
		s->v[i] = (struct bytes){ to, p->len, 0 };
		if (next && next->part == PART_WHOLE && number(next) > p->len)
			s->v[i].cut = (uint32_t)MIN(number(next) - p->len, (uint64_t)UINT32_MAX);
		memcpy(to, p->bytes, p->len);
		to += p->len + 1;
		i++;
	}
	s->all = MAX(s->all, (uint64_t)all);
	return s;
}

void strings_unref(struct strings *s)
{
	if (!s || --s->refs)
		return;
	total -= s->nbytes;
	free(s);
}
