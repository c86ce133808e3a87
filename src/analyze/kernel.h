/* SPDX-License-Identifier: MIT */
#pragma once
/* What no system call shows: waits for a CPU, requests to disks, page faults.  Their sums, and tables of these. */
#include "analyze/hist.h"
#include "analyze/table.h"
#include "record/record.h"

struct event;
struct region;

enum { BLOCK_OPS = BLOCK_OTHER + 1, SCHED_WHYS = SCHED_INTERRUPT + 1 };
enum mem_place { IN_HEAP, IN_ANON, IN_STACK, IN_FILE, IN_OTHER, _PLACES };

struct totals_kernel {
	struct hist sched[SCHED_WHYS];			/* ns until the CPU came, by why it was waited for */
	struct hist queue[BLOCK_OPS], device[BLOCK_OPS];	/* ns of requests, by what was asked for */
	uint64_t nbytes[BLOCK_OPS], nwriteback;		/* written back later by the kernel, of the writes */
	uint64_t nunattributed, unattributed_bytes;	/* requests of no traced program */
	uint64_t faults[_PLACES], nfaults, nmajor;	/* pages; faults that had to read a disk */
	uint64_t faults_ns;				/* slept in faults */
	uint64_t nhuge;					/* huge pages, which count as the pages they are */
};

struct totals_kernel *totals_kernel_new(void);
void totals_kernel_event(struct totals_kernel *k, const struct event *ev);	/* SCHED, BLOCK, FAULT */
enum mem_place mem_place(const struct region *r);	/* r: NULL where none is known */
unsigned fault_order(const struct event *ev);		/* of a FAULT: it was of 2^order pages */

/* Columns that text is made of; those of times follow each other: count, avg, p50, p95, p99, max. */
enum { WAITS_WHY, WAITS_COUNT, WAITS_AVG, WAITS_P50, WAITS_P95, WAITS_P99, WAITS_MAX, WAITS_HIST, _WAITS };
enum {
	DISK_OP,
	DISK_BYTES,
	DISK_WRITEBACK,
	DISK_COUNT,
	DISK_QUEUED_AVG,
	DISK_QUEUED_P50,
	DISK_QUEUED_P95,
	DISK_QUEUED_P99,
	DISK_QUEUED_MAX,
	DISK_DEVICE_AVG,
	DISK_DEVICE_P50,
	DISK_DEVICE_P95,
	DISK_DEVICE_P99,
	DISK_DEVICE_MAX,
	DISK_HIST,
	_DISK
};
enum { FAULTS_PLACE, FAULTS_PAGES, FAULTS_MAJOR, FAULTS_HUGE, FAULTS_WAITED, _FAULTS };

/* As table_list, which they follow; in text they have a form of their own (sink/kernel_summary.c). */
enum { KERNEL_WAITS, KERNEL_DISK, KERNEL_FAULTS, _KERNEL_TABLES };
extern const struct table_def kernel_tables[_KERNEL_TABLES];
