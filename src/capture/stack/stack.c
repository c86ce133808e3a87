/* SPDX-License-Identifier: MIT */
#include "capture/stack/stack.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "capture/stack/image.h"
#include "capture/stack/maps.h"
#include "record/build.h"
#include "record/record.h"

enum {
	PAGE = 4096,
	AHEAD = 4,			/* pages that are read at once: stacks are walked upwards */
	PAGES_MAX = 512,		/* of one stack, read before it is given up */
	FRAME_MAX = 8 << 20,		/* between two frame pointers */
	USER_CS_64 = 0x33,
};

/* Memory of the thread that was read for this stack. */
struct window { uint64_t at; size_t n; char bytes[AHEAD * PAGE]; };

/* at: of which an instruction of the function is, not the one that is returned to. */
struct taken { uint64_t ip; struct code_map *map; uint64_t offset; };

struct stacks {
	struct maps *maps;
	pid_t pid, tid;
	struct window windows[2];
	unsigned next, nread;
	uint64_t regs[CFI_REGS];
	struct taken v[STACK_DEPTH];
	unsigned n, flags;
};

struct stacks *stacks_new(void)
{
	struct stacks *s = xcalloc(1, sizeof(*s));

	s->maps = maps_new();
	return s;
}

void stacks_free(struct stacks *s)
{
	if (!s)
		return;
	maps_free(s->maps);
	free(s);
}

void stacks_changed(struct stacks *s, pid_t pid) { maps_changed(s->maps, pid); }
void stacks_drop(struct stacks *s, pid_t pid) { maps_drop(s->maps, pid); }

/* ---- memory ---- */

static const struct window *window_at(struct stacks *s, uint64_t addr)
{
	struct window *w;

	for (unsigned i = 0; i < ARRAY_SIZE(s->windows); i++)
		if (addr - s->windows[i].at < s->windows[i].n)
			return &s->windows[i];
	if (s->nread >= PAGES_MAX)
		return NULL;
	s->nread += AHEAD;
	w = &s->windows[s->next++ % ARRAY_SIZE(s->windows)];
	w->at = addr & ~(uint64_t)(PAGE - 1);
	w->n = mem_read(s->tid, w->at, w->bytes, sizeof(w->bytes));
	return addr - w->at < w->n ? w : NULL;
}

static bool read_word(void *ctx, uint64_t addr, uint64_t *ret)
{
	struct stacks *s = ctx;
	char bytes[sizeof(*ret)];

	for (size_t done = 0; done < sizeof(bytes);) {
		const struct window *w = window_at(s, addr + done);
		size_t n;

		if (!w)
			return false;
		n = MIN(w->at + w->n - (addr + done), sizeof(bytes) - done);
		memcpy(bytes + done, w->bytes + (addr + done - w->at), n);
		done += n;
	}
	memcpy(ret, bytes, sizeof(bytes));
	return true;
}

/* ---- one frame to the next ---- */

/* Is what stands before addr a call: e8 and a distance, or ff /2 with what it takes? */
static bool follows_call(struct stacks *s, uint64_t addr)
{
	uint8_t b[8];
	uint64_t word;

	if (addr < sizeof(b) || !read_word(s, addr - sizeof(b), &word))
		return false;
	memcpy(b, &word, sizeof(b));
	if (b[3] == 0xe8)
		return true;
	for (unsigned n = 2; n <= 7; n++)
		if (b[8 - n] == 0xff && (b[8 - n + 1] >> 3 & 7) == 2)
			return true;
	return false;
}

/*
 * Without a row.  The innermost function may have no frame of its own (a wrapper of a call, in assembler): then the
 * word at the stack pointer is where it returns to.
 */
static bool step_by_frame_pointer(struct stacks *s, bool innermost, bool *ret_end)
{
	uint64_t *r = s->regs, frame = r[CFI_RBP], word, up;

	if (innermost && read_word(s, r[CFI_RSP], &word) && maps_find(s->maps, s->pid, word) && follows_call(s, word)) {
		r[CFI_RIP] = word;
		r[CFI_RSP] += 8;
		return true;
	}
	*ret_end = !frame;	/* the psABI has the outermost one marked so */
	if (frame < r[CFI_RSP] || frame - r[CFI_RSP] > FRAME_MAX || frame % 8 || !read_word(s, frame, &up) ||
	    !read_word(s, frame + 8, &word))
		return false;
	r[CFI_RBP] = up;
	r[CFI_RSP] = frame + 16;
	r[CFI_RIP] = word;
	return true;
}

/* To the caller; false: there is none (*ret_end), or it is not found.  *exact: its instruction is the next one. */
static bool step(struct stacks *s, const struct place *p, bool innermost, bool *exact, bool *ret_end)
{
	uint64_t sp = s->regs[CFI_RSP];
	bool signal = p && p->has_row && p->row.signal, stepped;

	*ret_end = false;
	if (p && p->has_row)
		stepped = cfi_step(&p->row, s->regs, read_word, s, ret_end);
	else
		stepped = step_by_frame_pointer(s, innermost, ret_end);
	*exact = signal;
	if (!stepped)
		return false;
	*ret_end = !s->regs[CFI_RIP];
	/* a handler may run on another stack */
	return s->regs[CFI_RIP] && (s->regs[CFI_RSP] > sp || (signal && s->regs[CFI_RSP] != sp));
}

/* Frame by frame; false: code was mapped since the mappings were read, and all is to be done again. */
static bool walk(struct stacks *s, bool again)
{
	bool exact = true, end = false;

	for (s->n = 0; s->n < STACK_DEPTH;) {
		uint64_t ip = s->regs[CFI_RIP], at = ip - !exact;
		struct code_map *map = maps_find(s->maps, s->pid, at);
		struct image *image = map ? maps_image(s->maps, s->tid, map) : NULL;
		const struct place *p = NULL;

		if (!map && !again && maps_reread(s->maps, s->pid, at))
			return false;
		if (!map && s->n) {
			s->flags |= STACK_BROKEN;
			return true;
		}
		s->v[s->n] = (struct taken){ip, map, map ? map->offset + (at - map->start) : 0};
		if (image)
			p = image_place(image, s->v[s->n].offset);
		s->n++;
		if (!step(s, p, s->n == 1, &exact, &end)) {
			s->flags |= end ? 0 : STACK_BROKEN;
			return true;
		}
	}
	s->flags |= STACK_CUT;
	return true;
}

static bool read_registers(struct stacks *s)
{
	struct user_regs_struct r;
	struct iovec iov = { &r, sizeof(r) };

	if (ptrace(PTRACE_GETREGSET, s->tid, NT_PRSTATUS, &iov) < 0 || iov.iov_len != sizeof(r) || r.cs != USER_CS_64)
		return false;
	/* in the order of the psABI's numbers */
	memcpy(s->regs, (uint64_t[CFI_REGS]){r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10,
					     r.r11, r.r12, r.r13, r.r14, r.r15, r.rip},
	       sizeof(s->regs));
	return true;
}

bool stacks_take(struct stacks *s, pid_t pid, pid_t tid)
{
	uint64_t regs[CFI_REGS];

	maps_trim(s->maps);
	s->pid = pid;
	s->tid = tid;
	s->windows[0].n = s->windows[1].n = 0;
	s->nread = 0;
	s->flags = 0;
	s->n = 0;
	if (!read_registers(s))
		return false;
	memcpy(regs, s->regs, sizeof(regs));
	maps_look(s->maps, pid);
	if (!walk(s, false)) {
		memcpy(s->regs, regs, sizeof(regs));
		walk(s, true);
	}
	return s->n > 0;
}

/* ---- the record ---- */

/* Strings of one stack, each once: a place in the list, from 1. */
struct frame_names { const char *s[STACK_DEPTH]; uint32_t len[STACK_DEPTH]; unsigned n; };

static unsigned name_add(struct frame_names *to, const char *s, uint32_t len)
{
	unsigned i = 0;

	if (!len)
		return 0;
	while (i < to->n && !(to->len[i] == len && (to->s[i] == s || !memcmp(to->s[i], s, len))))
		i++;
	to->s[i] = s;
	to->len[i] = len;
	to->n = MAX(to->n, i + 1);
	return i + 1;
}

unsigned stacks_put(struct stacks *s, struct buf *chunks, uint32_t *ret_nchunks)
{
	struct record_frame frames[STACK_DEPTH] = { 0 };
	struct frame_names files = { .n = 0 }, symbols = { .n = 0 };

	for (unsigned i = 0; i < s->n; i++) {
		const struct taken *t = &s->v[i];
		struct image *image = t->map ? t->map->image : NULL;
		const struct place *p = image ? image_named(image, t->offset) : NULL;

		frames[i].ip = t->ip;
		if (!t->map)
			continue;
		frames[i].offset = t->map->offset + (t->ip - t->map->start);
		frames[i].file = name_add(&files, t->map->name, t->map->name_len);
		if (p && p->symbol_len) {
			frames[i].symbol = name_add(&symbols, p->symbol, p->symbol_len);
			frames[i].into = p->into + (frames[i].offset - t->offset);
		}
	}
	record_chunk(chunks, 0, PART_FRAMES, 0, frames, s->n * sizeof(frames[0]));
	for (unsigned i = 0; i < files.n; i++)
		record_chunk(chunks, 0, PART_PATH, 0, files.s[i], files.len[i]);
	for (unsigned i = 0; i < symbols.n; i++)
		record_chunk(chunks, 0, PART_SYMBOL, 0, symbols.s[i], symbols.len[i]);
	*ret_nchunks = 1 + files.n + symbols.n;
	return s->flags;
}
