/* SPDX-License-Identifier: MIT */
#pragma once
/* Requests to end tracing, as a live backend takes them: noted by its `stop`, carried out by its next step. */
#include <stdbool.h>

#include "capture/source.h"

static inline void source_request_stop(struct source *s, bool kill)
{
	s->stop_request = kill ? STOP_KILL : STOP_DETACH;
}

/* What is to be done now; it is not asked for again. */
static inline enum stop_request source_take_request(struct source *s)
{
	enum stop_request how = s->stop_request;

	s->stop_request = STOP_NONE;
	return how;
}
