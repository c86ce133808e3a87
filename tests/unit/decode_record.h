/* SPDX-License-Identifier: MIT */
#pragma once
/* A record by hand, decoded. */
#include "unit.h"

#include <arpa/inet.h>
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/buf.h"
#include "decode/call.h"

static struct rec rec;

static inline int decode(struct arena *a, struct item *it)
{
	return decode_record((const struct record *)rec.mem, ((const struct record *)rec.mem)->size, a, it);
}
