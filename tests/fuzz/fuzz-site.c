/* SPDX-License-Identifier: MIT */
/*
 * Any bytes are a text with functions, and an ELF file.  What is claimed about the text is carried out on a copy; then
 * control is followed through both, from every function's begin and inside functions, by a walk of its own: it has to
 * come to the same instructions, but for a replaced one, where the copy goes to a stub that comes back behind the call.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/inprocess/elf.h"
#include "capture/inprocess/flow.h"
#include "capture/inprocess/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUNCS_MAX = 16, TEXT_MAX = 4096, STUB = 1 << 20, STUB_SIZE = 16 };

struct walk {
	const uint8_t *code;
	size_t size;
	const struct sites *patched; /* whose stubs exist; NULL: the original */
	const struct site_func *funcs;
	size_t nfuncs;
	uint8_t seen[TEXT_MAX];
	uint32_t todo[2 * TEXT_MAX + FUNCS_MAX];
	size_t ntodo;
};

/* The copy also goes through the padding. */
static bool is_code(const struct walk *w, uint64_t at)
{
	for (size_t i = 0; i < w->nfuncs; i++)
		if (at >= w->funcs[i].start && at < w->funcs[i].end)
			return true;
	for (size_t i = 0; w->patched && i < w->patched->n; i++)
		if (w->patched->v[i].way == SITE_PAD && w->patched->v[i].room == at)
			return true;
	return false;
}

static void go(struct walk *w, uint64_t at)
{
	if (w->patched && at >= STUB && (at - STUB) / STUB_SIZE < w->patched->n && (at - STUB) % STUB_SIZE == 0)
		at = w->patched->v[(at - STUB) / STUB_SIZE].at + 2;
	if (at < w->size && !w->seen[at] && is_code(w, at)) {
		w->seen[at] = 1;
		w->todo[w->ntodo++] = (uint32_t)at;
	}
}

static void walk(struct walk *w)
{
	for (size_t i = 0; i < w->nfuncs; i++)
		go(w, w->funcs[i].start);
	while (w->ntodo) {
		uint64_t at = w->todo[--w->ntodo];
		struct flow_insn in;

		if (!flow_decode(w->code + at, w->size - at, &in))
			continue;
		if (in.jumps)
			go(w, at + in.len + (uint64_t)in.displacement);
		if (in.goes_on)
			go(w, at + in.len);
	}
}

static void patch(uint8_t *code, const struct sites *sites)
{
	for (size_t i = 0; i < sites->n; i++) {
		struct site_write w[2];
		unsigned n = site_patch(&sites->v[i], 0, STUB + i * STUB_SIZE, w);

		if ((n > 0) != site_can_be_patched(&sites->v[i]))
			abort();
		for (unsigned k = 0; k < n; k++)
			memcpy(code + w[k].addr, w[k].bytes, w[k].len);
	}
}

/* The bytes at which two walks may differ. */
static bool is_replaced(const struct sites *sites, uint64_t at)
{
	for (size_t i = 0; i < sites->n; i++) {
		const struct site *s = &sites->v[i];

		if (site_can_be_patched(s) && (at == s->patch || at == s->at || (s->way == SITE_PAD && at == s->room)))
			return true;
	}
	return false;
}

static void compare(const struct site_text *text, const struct site_func *funcs, size_t nfuncs,
		    const struct sites *sites)
{
	uint8_t copy[TEXT_MAX];
	struct walk before, after;

	memcpy(copy, text->bytes, text->size);
	patch(copy, sites);
	before = (struct walk){ .code = text->bytes, .size = text->size, .funcs = funcs, .nfuncs = nfuncs };
	after = before;
	after.code = copy;
	after.patched = sites;
	walk(&before);
	walk(&after);
	for (uint64_t at = 0; at < text->size; at++) {
		struct flow_insn in;

		if (is_replaced(sites, at))
			continue;
		if (before.seen[at] != after.seen[at])
			abort();
		if (before.seen[at] && flow_decode(text->bytes + at, text->size - at, &in) &&
		    memcmp(text->bytes + at, copy + at, in.len))
			abort();
	}
}

static void as_text(const uint8_t *data, size_t size)
{
	struct site_func funcs[FUNCS_MAX];
	size_t n = size ? data[0] % FUNCS_MAX : 0, begin = 0;
	struct site_text text;
	struct sites sites;

	if (size < 1 + 2 * n || size > TEXT_MAX)
		return;
	for (size_t i = 0; i < n; i++) {
		funcs[i].start = begin + data[1 + 2 * i] % 16;
		funcs[i].end = begin = funcs[i].start + data[2 + 2 * i];
	}
	text = (struct site_text){ data + 1 + 2 * n, size - 1 - 2 * n };
	if (sites_find(&text, funcs, n, &sites) == 0)
		compare(&text, funcs, n, &sites);
	sites_done(&sites);
}

static void as_file(const uint8_t *data, size_t size)
{
	struct code code;
	struct sites sites;

	if (code_read(data, size, &code) == 0)
		for (unsigned i = 0; i < code.n; i++) {
			sites_find(&code.text[i].text, code.text[i].funcs, code.text[i].nfuncs, &sites);
			sites_done(&sites);
		}
	code_done(&code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_text(data, size);
	as_file(data, size);
	return 0;
}
