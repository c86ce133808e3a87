/* SPDX-License-Identifier: MIT */
#pragma once
/* The recording's bytes, shared by writer and reader (docs/recording-format.md). */
#include <stdint.h>

#define RECORDING_MAGIC "CPDREC\r\n"
/* 1: no columns, no index; 2: no words in columns; 3: none of bytes that are again as before */
#define RECORDING_VERSION 4
#define RECORDING_BLOCK (1u << 20)		/* raw bytes a block aims at; 256 KB in older recordings */
/* Of a block, raw: what is in its columns once; and what comes out, in which arguments may be again and again. */
#define RECORDING_HELD_MAX ((256u << 10) + (1u << 20))
#define RECORDING_RAW_MAX (4u << 20)
#define RECORDING_COLUMNS_MAX (2 * RECORDING_HELD_MAX)	/* the numbers of a call can take more room than the call */

struct recording_head { char magic[8]; uint32_t version, flags; };
struct recording_block { uint32_t stored, raw, nrecords, crc; };

/* In raw: the bytes of records are in columns; and all that raw is of an index, which is stored as it is. */
#define RECORDING_IS_COLUMNS (1u << 31)
#define RECORDING_IS_INDEX (1u << 30)
/* With RECORDING_IS_COLUMNS: those of version 3; and all that columns.h has; without, the first _COLUMNS_2. */
#define RECORDING_HAS_WORDS (1u << 29)
#define RECORDING_HAS_SAME (1u << 28)
#define RECORDING_COLUMNS (RECORDING_IS_COLUMNS | RECORDING_HAS_WORDS | RECORDING_HAS_SAME)

/*
 * What is in the recording.  made_ns: when the last of it happened; goes_on_ns: of its END, with END_GOES_ON, else 0.
 * Only appended to: a reader takes what it knows, and what a shorter one lacks is 0.
 */
struct recording_index { uint64_t records, calls, processes, lost, first_ns, made_ns, goes_on_ns; };
