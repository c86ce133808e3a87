/* SPDX-License-Identifier: MIT */
#pragma once
/* Strings and vectors of strings, bounded in all. */
#include "model/world.h"

/* a copy, or its beginning when there is no room for more */
void bytes_set(struct bytes *b, const char *s, size_t len);
void bytes_done(struct bytes *b);
/*
 * For those who keep names themselves: how much of len bytes there is room for (at_least in any case); what they took,
 * what they gave back.
 */
size_t strings_room(size_t len, size_t at_least);
void strings_took(size_t len);
void strings_gave(size_t len);
