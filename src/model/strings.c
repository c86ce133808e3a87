/* Vectors of strings that a program gave: shared by the processes a fork makes of it, never changed. */
#include <string.h>

#include "base/macro.h"
#include "model/model.h"

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
	unsigned n = 0, i = 0;
	size_t nbytes = 0;

	for (unsigned k = 0; k < nparts; k++)
		if (is_of(&parts[k], kind)) {
			n++;
			nbytes += parts[k].len + 1;
		}

	struct strings *s = xcalloc(1, sizeof(*s) + n * sizeof(s->v[0]) + nbytes);
	char *to = (char *)&s->v[n];

	s->refs = 1;
	s->n = n;
	for (unsigned k = 0; k < nparts; k++) {
		const struct part *p = &parts[k], *next = k + 1 < nparts ? p + 1 : NULL;

		if (p->part == PART_COUNT && p->arg == (kind == PART_ENVP))
			s->all = number(p);
		if (!is_of(p, kind))
			continue;
		s->v[i] = (struct bytes){ to, p->len, 0 };
		if (next && next->part == PART_WHOLE && number(next) > p->len)
			s->v[i].cut = (uint32_t)MIN(number(next) - p->len, (uint64_t)UINT32_MAX);
		memcpy(to, p->bytes, p->len);
		to += p->len + 1;
		i++;
	}
	s->all = MAX(s->all, (uint64_t)n);
	return s;
}

void strings_unref(struct strings *s)
{
	if (s && !--s->refs)
		free(s);
}
