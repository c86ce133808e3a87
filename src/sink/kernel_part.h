/* SPDX-License-Identifier: MIT */
#pragma once
/* The inside of the kernel's sink: live lines are made in kernel.c, the tables of them printed by kernel_summary.c. */
#include "analyze/kernel.h"
#include "base/buf.h"
#include "sink/line.h"
#include "sink/sink.h"

struct run {
	bool waiting;
	uint32_t task;
	struct line_who who;
	uint64_t count, sum_ns, max_ns, nbytes, first_ns, last_ns;
	struct record_block like;
	uint64_t start;
	uint32_t prot, nmajor, nhuge;
	uint64_t npages;
	enum mem_place place;
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
};

void kernel_summary(struct kernel_sink *s);
