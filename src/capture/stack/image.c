/* SPDX-License-Identifier: MIT */
#include "capture/stack/image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/common/symbol.h"
#include "capture/ptrace/mem.h"

enum {
	LOADS_MAX = 16,
	HEADERS_MAX = 128,		/* program headers that are looked at */
	SECTIONS_MAX = 4096,
	SEGMENT_MAX = 128 << 20,	/* of the functions' table: larger ones are not read; Chromium's has 60 MB */
	SECTION_MAX = 16 << 20,		/* without one all is gone through for each function */
	MEMORY_MAX = 16 << 20,
	WHOLE_MAX = 1 << 20,		/* of the vDSO, whose names are in memory */
};

struct load { uint64_t offset, addr, size; };

struct image {
	struct load loads[LOADS_MAX];
	unsigned nloads;
	struct cfi cfi;
	uint8_t *bytes;			/* of cfi */
	void *whole;			/* of symbols, when there is no file */
	struct symbols *symbols;
	struct place *places;
};

/* The file, or memory that it is mapped to: then the first segment is at base. */
struct from { int fd; pid_t tid; uint64_t base, first, size; };

static bool read_at(const struct from *f, uint64_t offset, uint64_t addr, void *to, size_t n)
{
	ssize_t got;

	if (f->fd < 0)
		return mem_read(f->tid, f->base + (addr - f->first), to, n) == n;
	for (size_t done = 0; done < n; done += (size_t)got) {
		got = pread(f->fd, (char *)to + done, n - done, (off_t)(offset + done));
		if (got <= 0)
			return false;
	}
	return true;
}

static uint8_t *read_new(const struct from *f, uint64_t offset, uint64_t addr, uint64_t n, uint64_t max)
{
	uint8_t *p = n && n <= max ? malloc(n) : NULL;

	if (p && !read_at(f, offset, addr, p, n)) {
		free(p);
		p = NULL;
	}
	return p;
}

static const struct load *load_of(const struct image *im, uint64_t offset)
{
	for (unsigned i = 0; i < im->nloads; i++)
		if (offset >= im->loads[i].offset && offset - im->loads[i].offset < im->loads[i].size)
			return &im->loads[i];
	return NULL;
}

/* The segment that has .eh_frame_hdr has .eh_frame, too: both are read only. */
static void read_table(struct image *im, const struct from *f, uint64_t hdr)
{
	for (unsigned i = 0; i < im->nloads && !im->bytes; i++) {
		const struct load *l = &im->loads[i];

		if (hdr < l->addr || hdr - l->addr >= l->size)
			continue;
		im->bytes = read_new(f, l->offset, l->addr, l->size, f->fd < 0 ? MEMORY_MAX : SEGMENT_MAX);
		im->cfi.bytes = (struct cfi_bytes){im->bytes, im->bytes ? l->size : 0, l->addr};
		im->cfi.hdr = im->bytes ? hdr : 0;
	}
}

/* A program without .eh_frame_hdr: its section. */
static void read_section(struct image *im, const struct from *f, const Elf64_Ehdr *eh)
{
	Elf64_Shdr *sh, *names;
	char name[sizeof(".eh_frame")];

	if (f->fd < 0 || eh->e_shentsize != sizeof(*sh) || !eh->e_shnum || eh->e_shnum > SECTIONS_MAX ||
	    eh->e_shstrndx >= eh->e_shnum)
		return;
	sh = (Elf64_Shdr *)(void *)read_new(f, eh->e_shoff, 0, (uint64_t)eh->e_shnum * sizeof(*sh), MEMORY_MAX);
	if (!sh)
		return;
	names = &sh[eh->e_shstrndx];
	for (unsigned i = 0; i < eh->e_shnum && !im->bytes; i++)
		if (sh[i].sh_flags & SHF_ALLOC && sh[i].sh_type != SHT_NOBITS &&
		    read_at(f, names->sh_offset + sh[i].sh_name, 0, name, sizeof(name)) &&
		    !memcmp(name, ".eh_frame", sizeof(name))) {
			im->bytes = read_new(f, sh[i].sh_offset, 0, sh[i].sh_size, SECTION_MAX);
			im->cfi.bytes = (struct cfi_bytes){im->bytes, im->bytes ? sh[i].sh_size : 0, sh[i].sh_addr};
			im->cfi.eh_frame = im->bytes ? sh[i].sh_addr : 0;
		}
	free(sh);
}

static bool is_ours(const Elf64_Ehdr *eh)
{
	return !memcmp(eh->e_ident, ELFMAG, SELFMAG) && eh->e_ident[EI_CLASS] == ELFCLASS64 &&
	       eh->e_machine == EM_X86_64 && eh->e_phentsize == sizeof(Elf64_Phdr) && eh->e_phnum &&
	       eh->e_phnum <= HEADERS_MAX;
}

static struct image *image_new(struct from *f)
{
	Elf64_Phdr ph[HEADERS_MAX];
	uint64_t hdr = 0;
	struct image *im;
	Elf64_Ehdr eh;

	if (!read_at(f, 0, f->first, &eh, sizeof(eh)) || !is_ours(&eh) ||
	    !read_at(f, eh.e_phoff, f->first + eh.e_phoff, ph, eh.e_phnum * sizeof(*ph)))
		return NULL;
	im = xcalloc(1, sizeof(*im));
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && im->nloads < LOADS_MAX)
			im->loads[im->nloads++] = (struct load){ph[i].p_offset, ph[i].p_vaddr, ph[i].p_filesz};
		else if (ph[i].p_type == PT_GNU_EH_FRAME)
			hdr = ph[i].p_vaddr;
	}
	for (unsigned i = 0; i < im->nloads; i++)
		if (!im->loads[i].offset)
			f->first = im->loads[i].addr;
	if (hdr)
		read_table(im, f, hdr);
	else
		read_section(im, f, &eh);
	return im;
}

struct image *image_of_file(int fd)
{
	struct image *im = image_new(&(struct from){.fd = fd});

	if (im)
		im->symbols = symbols_of_file(fd);
	return im;
}

struct image *image_of_memory(pid_t tid, uint64_t base, uint64_t size)
{
	struct from f = {.fd = -1, .tid = tid, .base = base};
	struct image *im = image_new(&f);

	if (!im)
		return NULL;
	f.first = 0;
	im->whole = read_new(&f, 0, 0, size, WHOLE_MAX);
	if (im->whole)
		im->symbols = symbols_of_bytes(im->whole, size);
	return im;
}

void image_forget(struct image *im) { HASH_FREE(im->places); }
size_t image_nplaces(const struct image *im) { return HASH_COUNT(im->places); }

void image_free(struct image *im)
{
	if (!im)
		return;
	image_forget(im);
	symbols_free(im->symbols);
	free(im->whole);
	free(im->bytes);
	free(im);
}

const struct place *image_place(struct image *im, uint64_t offset)
{
	const struct load *l = load_of(im, offset);
	struct place *p;
	uint64_t addr;

	if (!l)
		return NULL;
	addr = l->addr + (offset - l->offset);
	HASH_FIND(hh, im->places, &addr, sizeof(addr), p);
	if (p)
		return p;
	p = xcalloc(1, sizeof(*p));
	p->addr = addr;
	p->has_row = cfi_find(&im->cfi, addr, &p->row);
	HASH_ADD(hh, im->places, addr, sizeof(p->addr), p);
	return p;
}

const struct place *image_named(struct image *im, uint64_t offset)
{
	struct place *p = (struct place *)(uintptr_t)image_place(im, offset);

	if (p && !p->named) {
		p->named = true;
		p->symbol_len = (uint32_t)symbols_find(im->symbols, offset, &p->symbol, &p->into);
	}
	return p;
}
