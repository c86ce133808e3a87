/* SPDX-License-Identifier: MIT */
#pragma once
/* Where code is mapped, in each traced process: read from /proc/PID/maps when it is asked for and may have changed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct image;
struct maps;

/* A mapping that may be executed. */
struct code_map {
	uint64_t start, end, offset;	/* of the file */
	uint64_t ino, dev;		/* 0: no file; major << 32 | minor */
	uint64_t base;			/* where the file's begin is mapped, 0: nowhere */
	char *name;			/* "/usr/bin/cat", "[vdso]", "" */
	uint32_t name_len;
	bool looked;			/* image has been looked for */
	struct image *image;		/* NULL: no ELF file, or not to be had */
	bool own;			/* the image is that of this mapping alone */
};

struct maps *maps_new(void);
void maps_free(struct maps *m);
/* Before a stack: reads them when they may have changed. */
void maps_look(struct maps *m, pid_t pid);
/* What is mapped at addr; NULL: nothing that may be executed.  Lives until the next maps_look() or maps_reread(). */
struct code_map *maps_find(struct maps *m, pid_t pid, uint64_t addr);
/* Nothing was at addr: reads them again, unless that was done for addr already.  Whether it did. */
bool maps_reread(struct maps *m, pid_t pid, uint64_t addr);
struct image *maps_image(struct maps *m, pid_t tid, struct code_map *c);
void maps_changed(struct maps *m, pid_t pid);	/* or may have */
void maps_drop(struct maps *m, pid_t pid);	/* it ended, or runs another program */
/* Memory stays bounded: what was read of files is dropped when it is much.  Before a stack, never within one. */
void maps_trim(struct maps *m);
