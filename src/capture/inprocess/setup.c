/* SPDX-License-Identifier: MIT */
/* Ring, blocks and springs are mapped into a process, then jumps are written into its C library. */
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macro.h"
#include "capture/inprocess/inside.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000	/* Linux 4.17 */
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18		/* Linux 4.14 */
#endif

enum { WINDOW = 32, PAGE = 4096, SPRINGS_SIZE = STUB_SITES * STUB_SPRING };

#define CALL(in, nr, ...) inject_call((in), (nr), (const uint64_t[6]){ __VA_ARGS__ })

static bool write_there(const struct space *sp, uint64_t addr, const void *bytes, size_t n)
{
	return pwrite(sp->mem, bytes, n, (off_t)addr) == (ssize_t)n;
}

/* The file lives in the two mappings alone: the descriptor is closed before the program goes on. */
static bool map_ring(struct inject *in, struct tracee *t, struct space *sp)
{
	uint64_t name = inject_stack(in), was;
	int64_t fd, at = -1;
	char path[64];
	int ours;

	if (mem_read(t->tid, name, &was, 8) != 8 || !write_there(sp, name, "ring\0\0\0", 8))
		return false;
	fd = CALL(in, SYS_memfd_create, name, MFD_CLOEXEC);
	write_there(sp, name, &was, 8);
	if (fd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)t->tid, (int)fd);
	ours = open(path, O_RDWR | O_CLOEXEC);
	if (ours >= 0 && ftruncate(ours, RING_SIZE) == 0) {
		void *p = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ours, 0);

		sp->ring.mem = p == MAP_FAILED ? NULL : p;
	}
	if (ours >= 0)
		close(ours);
	if (sp->ring.mem)
		at = CALL(in, SYS_mmap, STUB_RING, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
			  (uint64_t)fd, 0);
	CALL(in, SYS_close, (uint64_t)fd);
	return at == STUB_RING && CALL(in, SYS_madvise, STUB_RING, RING_SIZE, MADV_DONTFORK) == 0;
}

static void show_stderrs(struct space *sp, uint64_t copies)
{
	uint64_t all = copies | 1 << 2;

	if (sp->ring.mem)
		memcpy(sp->ring.mem + RING_STDERRS, &all, sizeof(all));
}

void space_stderrs(struct ptrace_source *s, struct space *sp)
{
	uint64_t copies = 0;

	for (const struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->space == sp)
			copies |= t->stderrs;
	show_stderrs(sp, copies);
}

/* The ring's numbers not from 0: one that is filled with one value anew is not taken for a fresh one. */
static void begin_space(struct space *sp, const struct tracee *t)
{
	if (getrandom(&sp->mark, sizeof(sp->mark), 0) < 0)
		sp->mark = clock_ns();
	sp->mark = sp->mark << 8 | 1;
	sp->since_ns = clock_ns();
	sp->ring.tail = sp->mark;
	memcpy(sp->ring.mem + RING_HEAD, &sp->mark, 8);
	memcpy(sp->ring.mem + RING_TAIL, &sp->mark, 8);
	show_stderrs(sp, t->stderrs);
}

static bool map_code(struct inject *in, uint64_t at, uint64_t size, uint64_t prot)
{
	const uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	return CALL(in, SYS_mmap, at, size, prot, flags, -1ull, 0) == (int64_t)at;
}

/* All of it or nothing: what is there already goes again. */
static bool map_all(struct inject *in, struct tracee *t, struct space *sp)
{
	bool ok = map_ring(in, t, sp);
	bool blocks = ok && map_code(in, STUB_BLOCKS, STUB_BLOCKS_SIZE, PROT_READ | PROT_EXEC);
	bool mark = blocks && map_code(in, sp->near, PAGE, PROT_READ);
	bool jumps = mark && map_code(in, sp->near + STUB_SPRINGS, SPRINGS_SIZE, PROT_READ | PROT_EXEC);

	if (jumps && CALL(in, SYS_madvise, sp->near, PAGE, MADV_WIPEONFORK) == 0)
		return true;
	if (jumps)
		CALL(in, SYS_munmap, sp->near + STUB_SPRINGS, SPRINGS_SIZE);
	if (mark)
		CALL(in, SYS_munmap, sp->near, PAGE);
	if (blocks)
		CALL(in, SYS_munmap, STUB_BLOCKS, STUB_BLOCKS_SIZE);
	if (ok)
		CALL(in, SYS_munmap, STUB_RING, RING_SIZE);
	return false;
}

/* ---- sites ---- */

struct patching {
	struct ptrace_source *s;
	struct tracee *t;
	struct space *sp;
};

/* The number of the call: known where a mov loads it just before, or xor %eax, %eax does, which makes it read's. */
static uint32_t number_of(const struct site *s, const uint8_t *text)
{
	if (s->way == SITE_MOV)
		return s->nr;
	if (s->way == SITE_PAD && s->at >= 2 && !memcmp(text + s->at - 2, "\x31\xc0", 2))
		return SYS_read;
	return SITE_NR_UNKNOWN;
}

/* The program has there what the file has: no other text, nothing that it has written itself. */
static bool is_as_filed(const struct patching *p, const uint8_t *text, uint64_t size, uint64_t base, uint64_t at)
{
	uint64_t from = at > WINDOW ? at - WINDOW : 0, to = MIN(at + WINDOW, size);
	uint8_t there[2 * WINDOW];

	return mem_read(p->t->tid, base + from, there, to - from) == (ssize_t)(to - from) &&
	       !memcmp(there, text + from, to - from);
}

static bool write_jumps(const struct patching *p, struct space_site *x)
{
	for (unsigned i = 0; i < x->nwrites; i++)
		if (!write_there(p->sp, x->writes[i].addr, x->writes[i].bytes, x->writes[i].len))
			return false;
	return true;
}

static uint64_t spring_at(const struct space *sp, unsigned n) { return sp->near + STUB_SPRINGS + n * STUB_SPRING; }

/* All blocks and springs, as they are in the program. */
struct stub_memory { uint8_t blocks[STUB_SITES][STUB_BLOCK], springs[STUB_SITES][STUB_SPRING]; };

static void compose_choice(const struct space *sp, unsigned n, uint8_t code[STUB_BLOCK])
{
	const struct space_site *x = &sp->sites[n];
	uint32_t nrs[STUB_CHOICES_MAX];

	for (unsigned i = 0; i < x->nchoices; i++)
		nrs[i] = sp->sites[n + 1 + i].nr;
	stub_choice(code, n, x->number == STUB_LOADED ? x->was : NULL, nrs, x->nchoices, spring_at(sp, n) + x->way);
}

static struct stub_memory *compose(struct space *sp)
{
	struct stub_memory *m = xcalloc(1, sizeof(*m));

	for (unsigned n = 0; n < sp->nsites; n++) {
		struct space_site *x = &sp->sites[n];
		const struct stub_spring spring = { spring_at(sp, n), sp->near, x->call, n, x->nr,
						    x->number, x->was, x->own };

		x->way = stub_spring(m->springs[n], &spring);
		if (x->chooses)
			compose_choice(sp, n, m->blocks[n]);
		else
			stub_block(m->blocks[n], &(struct stub_call){ x->nr, *x->copies, x->words, x->six, x->opens,
								      x->call + 2, spring.at + x->way });
	}
	return m;
}

static bool is_ours_to_make(const struct patching *p, uint32_t nr)
{
	return nr < RING_NRS && p->s->inside->known[nr] &&
	       !(p->sp->keeps_opens && p->s->inside->known[nr] & (RING_OPENS | RING_ASKS_MORE));
}

static struct space_site site_for(const struct patching *p, const struct site *site, uint64_t base, uint32_t nr)
{
	return (struct space_site){ .nr = nr,
				    .copies = &p->s->inside->copies[nr],
				    .words = p->s->inside->words[nr],
				    .six = p->s->inside->known[nr] & RING_SIX,
				    .opens = p->s->inside->known[nr] & RING_OPENS,
				    .patch = base + site->patch,
				    .call = base + site->at,
				    .own = site->way == SITE_PAD ? STUB_OWN_CALL : STUB_AT_SITE };
}

/* Returns whether it can be: a jump reaches its spring. */
static bool lead_here(const struct patching *p, unsigned n, const struct site *site, const uint8_t *text, uint64_t base)
{
	struct space_site *x = &p->sp->sites[n];

	x->nwrites = site_patch(site, base, spring_at(p->sp, n), x->writes);
	for (unsigned i = 0; i < x->nwrites; i++)
		memcpy(x->were[i], text + (x->writes[i].addr - base), x->writes[i].len);
	return x->nwrites > 0;
}

/* Not to rely on: what rax is compared with. */
static uint32_t likely_number(const struct site *site, const uint8_t *text)
{
	enum { MOV_EAX = 0xb8, NEAR = 24 };
	uint32_t nr;

	for (uint64_t at = site->patch, far = at - MIN(at, (uint64_t)NEAR); at-- > far;) {
		memcpy(&nr, text + at + 1, sizeof(nr));
		if (text[at] == MOV_EAX && nr < RING_NRS)
			return nr;
	}
	return SITE_NR_UNKNOWN;
}

/*
 * Where the number is not loaded just before the call: the one that is loaded a little earlier, or what is made in one
 * place for many callers, by syscall() or, from glibc 2.41 on, whatever can be cancelled; the most frequent first.
 */
static void add_any(const struct patching *p, const struct site *site, const uint8_t *text, uint64_t base)
{
	static const uint16_t nrs[] = { SYS_read, SYS_write, SYS_openat, SYS_close, SYS_pread64, SYS_pwrite64, SYS_open,
					SYS_readv, SYS_writev, SYS_preadv, SYS_pwritev, SYS_creat, SYS_fsync,
					SYS_fdatasync, SYS_fallocate, SYS_sync_file_range, SYS_statx, SYS_mmap,
					SYS_munmap, SYS_getrandom, SYS_copy_file_range, SYS_gettid,
					SYS_recvfrom, SYS_sendto };
	static const uint8_t nop[SITE_ANY_LEN] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	struct space *sp = p->sp;
	unsigned n = sp->nsites, more = 0;
	bool one = site->way == SITE_HELD || site->way == SITE_PAD;
	uint32_t likely = one ? likely_number(site, text) : SITE_NR_UNKNOWN;

	_Static_assert(ARRAY_SIZE(nrs) <= STUB_CHOICES_MAX, "all can be chosen");
	if (n + 1 + ARRAY_SIZE(nrs) > STUB_SITES)
		return;
	if (likely != SITE_NR_UNKNOWN && is_ours_to_make(p, likely))
		sp->sites[n + 1 + more++] = site_for(p, site, base, likely);
	for (unsigned i = 0; i < ARRAY_SIZE(nrs) && likely == SITE_NR_UNKNOWN && site->way != SITE_PAD; i++)
		if (is_ours_to_make(p, nrs[i]))
			sp->sites[n + 1 + more++] = site_for(p, site, base, nrs[i]);
	sp->sites[n] = site_for(p, site, base, SYS_read);
	sp->sites[n].chooses = true;
	sp->sites[n].nchoices = more;
	sp->sites[n].number = site->way == SITE_LOAD ? STUB_LOADED : STUB_HELD;
	memcpy(sp->sites[n].was, site->way == SITE_PAD ? nop : text + site->patch, SITE_ANY_LEN);
	for (unsigned i = n; i <= n + more; i++)
		sp->sites[i].stored = site->way == SITE_STORE;
	if (more && lead_here(p, n, site, text, base))
		sp->nsites += 1 + more;
}

static void add_site(void *ctx, const struct site *site, const uint8_t *text, uint64_t size, uint64_t base)
{
	const struct patching *p = ctx;
	struct space *sp = p->sp;
	unsigned n = sp->nsites;
	uint32_t nr = number_of(site, text);
	bool any = site->way == SITE_LOAD || site->way == SITE_STORE || site->way == SITE_HELD ||
		   (site->way == SITE_PAD && nr == SITE_NR_UNKNOWN);

	if (n == STUB_SITES || (!any && !is_ours_to_make(p, nr)) ||
	    !is_as_filed(p, text, size, base, site->at) ||
	    (site->way == SITE_PAD && !is_as_filed(p, text, size, base, site->room)))
		return;
	if (any) {
		add_any(p, site, text, base);
		return;
	}
	sp->sites[n] = site_for(p, site, base, nr);
	sp->nsites += lead_here(p, n, site, text, base);
}

/* Jumps last, when all that they lead to is there.  What was written in part is put back with the rest. */
static void write_all(const struct patching *p)
{
	struct space *sp = p->sp;
	_cleanup_free_ struct stub_memory *m = compose(sp);

	if (!write_there(sp, STUB_BLOCKS, m->blocks, sp->nsites * STUB_BLOCK) ||
	    !write_there(sp, spring_at(sp, 0), m->springs, sp->nsites * STUB_SPRING))
		sp->nsites = 0;
	for (unsigned n = 0; n < sp->nsites; n++)
		sp->patched |= write_jumps(p, &sp->sites[n]);
}

bool space_set_up(struct ptrace_source *s, struct tracee *t, struct space *sp, const struct mapping *m,
		  const struct library *l)
{
	struct patching p = { s, t, sp };
	struct inject *in = inject_begin(t);
	bool ok;

	if (!in)
		return false;
	ok = map_all(in, t, sp);
	inject_end(in);
	if (!ok)
		return false;
	begin_space(sp, t);
	library_each(l, m, add_site, &p);
	write_all(&p);
	/* the switch at the very end */
	sp->on = sp->patched && write_there(sp, sp->near, &sp->mark, sizeof(sp->mark));
	return sp->patched;
}

/* ---- a fork's copy ---- */

static bool reads(const struct space *sp, uint64_t addr, const void *bytes, size_t n)
{
	_cleanup_free_ uint8_t *there = xcalloc(1, n);

	return pread(sp->mem, there, n, (off_t)addr) == (ssize_t)n && !memcmp(there, bytes, n);
}

/* What its parent had mapped is what it has: the program could change that, as long as nothing of it was used. */
static bool is_as_left(const struct tracee *t, struct space *sp)
{
	static const uint8_t off[8];
	_cleanup_free_ struct stub_memory *m = compose(sp);

	return library_has(t->tid, STUB_BLOCKS, STUB_BLOCKS_SIZE, "r-xp", NULL) &&
	       library_has(t->tid, sp->near, PAGE, "r--p", NULL) &&
	       library_has(t->tid, sp->near + STUB_SPRINGS, SPRINGS_SIZE, "r-xp", NULL) &&
	       reads(sp, sp->near, off, sizeof(off)) &&
	       reads(sp, STUB_BLOCKS, m->blocks, sp->nsites * STUB_BLOCK) &&
	       reads(sp, spring_at(sp, 0), m->springs, sp->nsites * STUB_SPRING);
}

bool space_wake(struct tracee *t, struct space *sp)
{
	struct inject *in;
	bool ok;

	if (!is_as_left(t, sp) || !(in = inject_begin(t)))
		return false;
	ok = map_ring(in, t, sp);
	inject_end(in);
	if (ok) {
		begin_space(sp, t);
		sp->on = write_there(sp, sp->near, &sp->mark, sizeof(sp->mark));
	} else if (sp->ring.mem) {
		munmap(sp->ring.mem, RING_SIZE);
		sp->ring.mem = NULL;
	}
	return true;
}
