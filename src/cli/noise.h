/* SPDX-License-Identifier: MIT */
#pragma once
/* --noise: the classes that are shown are no noise to anyone, so that lines, tables, exports and the page agree. */
#include <stdint.h>

struct diag;

/* "locale,gconv" or "all" as bits; -EINVAL with diag, which names the nearest class or all. */
int noise_choose(const char *words, uint32_t *ret_classes, struct diag *diag);
