/* SPDX-License-Identifier: MIT */
#pragma once
/* The recording's bytes, shared by writer and reader. */
#include <stdint.h>

#define RECORDING_MAGIC "CPDREC\r\n"
#define RECORDING_BLOCK (1u << 20)		/* raw bytes a block aims at; 256 KB in older recordings */
#define RECORDING_RAW_MAX ((256u << 10) + (1u << 20))

struct recording_head { char magic[8]; uint32_t version, flags; };
struct recording_block { uint32_t stored, raw, nrecords, crc; };
