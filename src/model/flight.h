/* SPDX-License-Identifier: MIT */
#pragma once
/* Descriptors that are sent and not yet received. */
#include "model/world.h"

/*
 * Takes references of n files; arrived: received before their sender's call returned.  from, to: ids of the sockets, 0
 * not known.
 */
struct flight *flight_new(struct world *w, bool arrived, uint32_t from, uint32_t to, struct file **files, unsigned n);
void flight_free(struct world *w, struct flight *fl);
void flights_clear(struct world *w);
/* descriptors sent to or through a socket that is gone will not arrive */
void flights_join(struct world *w);
