/* SPDX-License-Identifier: MIT */
#pragma once
/* -c --by: calls summed by who made them, by the file or peer that they were about, by how they failed. */
#include "analyze/totals.h"

struct event;
struct groups;		/* the index of totals.groups */
void groups_free(struct groups *g);
void groups_event(struct totals *t, const struct event *ev, bool failed);	/* an event of a call, each call once */
