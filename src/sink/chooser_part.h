/* SPDX-License-Identifier: MIT */
#pragma once
/* The inside of choosing: what chooser.c and chooser_new.c share. */
#include "base/buf.h"
#include "filter/query.h"
#include "filter/screen.h"
#include "sink/chooser.h"

/* What a term of type:, cat:, op: or is: looks at. */
struct kind_words {
	const char *name, *op, *category;
};

struct verdict {
	bool known, passes; /* of the terms that look at nothing else */
	uint64_t hits;	    /* a bit a term of the others that its name, op or category meets already */
};

struct chooser {
	struct query query;
	char *text; /* the filter, as typed; NULL: none */
	const struct chooser_part *parts; /* while it is made */
	unsigned nparts;
	const struct callset *calls;
	const char *calls_text;
	uint64_t signals_hidden;
	struct callset *may, *named; /* NULL: of -e alone, where both are that */
	struct callset *failing;     /* of screen */
	struct screen screen;
	bool screens;
	bool objects;

	struct row_peek *peek;
	struct verdict *verdicts; /* by number of the type */
	uint64_t nverdicts;
	uint8_t *trees; /* by task id, of the term k: bit 2k: asked, 2k + 1: it is below */
	uint32_t ntrees;
	struct buf object, args;
	uint64_t nchosen, nall;
};

/* Does the term hold for the kind, whatever the event?  is:failed is not looked at. */
bool chooser_kind_passes(const struct query_term *t, const struct kind_words *w);
bool chooser_is_kind_term(const struct query_term *t); /* looks at nothing but the kind */
bool chooser_asks_failed(const struct query_term *t);  /* is:…,failed */
void chooser_screen_of(struct chooser *c); /* fills screen; failing: those of may that have to fail */
enum { CHOOSER_KINDS = 2, CHOOSER_NAME = 32 };
#define CHOOSER_UNKNOWN "syscall_" /* how the names of calls begin that no row knows */
const char *chooser_call_name(unsigned arch, unsigned nr, char room[CHOOSER_NAME]);
/* What a call is, and what else it may be reported as: room for its name; how many. */
unsigned chooser_kinds_of(unsigned arch, unsigned nr, char room[CHOOSER_NAME], struct kind_words ret[CHOOSER_KINDS]);
#define CHOOSER_FAILED "failed"
#define CHOOSER_ANY "any"
#define CHOOSER_NONE "none"
