/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the kernel did with the program's threads: waits for a CPU, requests to
 * disks, page faults.  Live lines (equal ones grouped) and their part of the
 * summary.
 */
struct buf;
struct event;

/*
 * "delay 143µs (woken by 12 bash)", "write 4.0 KB vda, sector 99, 12µs queued, 180µs on the device", "heap @ 55d0…
 * (rw-)", of a file its name, as it is
 */
void kernel_words(struct buf *b, const struct event *ev);
