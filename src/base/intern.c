/* SPDX-License-Identifier: MIT */
#include "base/intern.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/macro.h"

struct intern_slot { uint64_t hash; uint32_t id, used; };

enum { FIRST_CAP = 1024 };

void intern_init(struct intern *t, uint32_t max)
{
	*t = (struct intern){ .max = max };
	if (getrandom(t->key, sizeof(t->key), GRND_NONBLOCK) != sizeof(t->key)) {
		struct timespec now;

		/* early in boot: a guessable key costs a hostile program's report, nothing else */
		clock_gettime(CLOCK_MONOTONIC, &now);
		t->key[0] = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec;
		t->key[1] = (uint64_t)(uintptr_t)t;
	}
}

void intern_done(struct intern *t)
{
	free(t->v);
	t->v = NULL;
	t->n = t->cap = 0;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t load(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

uint64_t intern_hash(const struct intern *t, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t h = t->key[0] ^ fold(n ^ 0x9e3779b97f4a7c15, t->key[1] | 1);

	for (; n > 16; n -= 16, p += 16)
		h = fold(load(p, 8) ^ t->key[1], load(p + 8, 8) ^ h);
	uint64_t a = load(p, MIN(n, (size_t)8)), b = n > 8 ? load(p + 8, n - 8) : 0;

	h = fold(a ^ t->key[1], b ^ h);
	return fold(h ^ 0xd1342543de82ef95, t->key[0] ^ 0xaf251af3b0f025b5);
}

static struct intern_slot *find(const struct intern *t, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (t->cap - 1);

	while (t->v[i].used && t->v[i].hash != hash)
		i = (i + 1) & (t->cap - 1);
	return &t->v[i];
}

/* At most three quarters full. */
static void make_room(struct intern *t)
{
	struct intern old = *t;

	if (t->n < t->cap / 4 * 3)
		return;
	if (t->cap && t->n >= t->max / 4 * 3) {
		memset(t->v, 0, t->cap * sizeof(*t->v));
		t->n = 0;
		return;
	}
	t->cap = t->cap ? t->cap * 2 : MIN((uint32_t)FIRST_CAP, t->max);
	t->v = xcalloc(t->cap, sizeof(*t->v));
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.v[i].used)
			*find(t, old.v[i].hash) = old.v[i];
	free(old.v);
}

uint32_t *intern_id(struct intern *t, uint64_t hash)
{
	struct intern_slot *s = t->cap ? find(t, hash) : NULL;

	if (!s || !s->used) {
		make_room(t);
		s = find(t, hash);
		*s = (struct intern_slot){ .hash = hash, .used = 1 };
		t->n++;
	}
	return &s->id;
}
