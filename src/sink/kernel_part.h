/* SPDX-License-Identifier: MIT */
#pragma once
/* The inside of the kernel's sink: live lines are made in kernel.c, sums of them printed by kernel_summary.c. */
#include "analyze/hist.h"
#include "base/buf.h"
#include "record/record.h"
#include "sink/line.h"
#include "sink/sink.h"

enum { OPS = BLOCK_OTHER + 1, WHYS = SCHED_INTERRUPT + 1 };
enum place { IN_HEAP, IN_ANON, IN_STACK, IN_FILE, IN_OTHER, _PLACES };

struct run {
	bool waiting;
	uint32_t task;
	struct line_who who;
	uint64_t count, sum_ns, max_ns, nbytes, first_ns, last_ns;
	struct record_block like;
	uint64_t start;
	uint32_t prot, nmajor, nhuge;
	uint64_t npages;
	enum place place;
	char file[64];
	unsigned file_len;
};

struct kernel_sink {
	struct sink sink;
	struct out *out;
	const struct sink_options *opt;
	struct buf b;
	struct run block, fault;
	bool holds;
	struct hist sched[WHYS], queue[OPS], device[OPS];
	uint64_t nbytes[OPS], nwriteback, nunattributed, unattributed_bytes;
	uint64_t faults[_PLACES], nmajor, nhuge, nfaults;
};

const char *kernel_op_name(unsigned op);		/* "read", "write" … */
void kernel_end_line(struct kernel_sink *s);		/* writes s->b as a line of the summary */
void kernel_summary(struct kernel_sink *s);
