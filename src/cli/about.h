/* SPDX-License-Identifier: MIT */
#pragma once
/* --about: where, when and how a recording was made, and what is in it. */
#include <stdio.h>

struct diag;

/*
 * Where an index says what is in it, as that does; else all of it is read and counted.  0; -errno with diag: it cannot
 * be read at all; where it is cut off or damaged is in diag, too.
 */
int about_recording(FILE *f, const char *path, struct diag *diag);
