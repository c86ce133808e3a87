/* SPDX-License-Identifier: MIT */
#pragma once
struct diag;
struct options;

/* --read A --diff B: prints what two recordings differ in; the exit status: 0 nothing, 1 something, as diff(1). */
int diff_run(const struct options *opt, struct diag *diag);
