/* SPDX-License-Identifier: MIT */
#pragma once
/* -k: which calls have their stacks copied: those that an output will show, as far as is known when they are made. */
struct capture_options;
struct chooser;
struct options;

void stacks_choose(const struct options *opt, const struct chooser *chooser, struct capture_options *c);
void stacks_done(struct capture_options *c);
