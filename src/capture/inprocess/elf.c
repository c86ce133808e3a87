/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct image {
	const uint8_t *file;
	size_t size;
	Elf64_Ehdr head;
	struct code *to;
	size_t max[CODE_TEXTS_MAX];
	bool full; /* not enough memory */
};

static bool get(const struct image *im, uint64_t offset, void *ret, size_t n)
{
	if (offset > im->size || n > im->size - offset)
		return false;
	memcpy(ret, im->file + offset, n);
	return true;
}

static bool get_program_header(const struct image *im, unsigned i, Elf64_Phdr *ret)
{
	return i < im->head.e_phnum && im->head.e_phentsize == sizeof(*ret) &&
	       get(im, im->head.e_phoff + (uint64_t)i * sizeof(*ret), ret, sizeof(*ret));
}

static bool get_section_header(const struct image *im, unsigned i, Elf64_Shdr *ret)
{
	return i < im->head.e_shnum && im->head.e_shentsize == sizeof(*ret) &&
	       get(im, im->head.e_shoff + (uint64_t)i * sizeof(*ret), ret, sizeof(*ret));
}

/* An address as the file is linked → its offset in the file, UINT64_MAX none. */
static uint64_t offset_of(const struct image *im, uint64_t addr)
{
	Elf64_Phdr ph;

	for (unsigned i = 0; get_program_header(im, i, &ph); i++)
		if (ph.p_type == PT_LOAD && addr >= ph.p_vaddr && addr - ph.p_vaddr < ph.p_filesz)
			return ph.p_offset + (addr - ph.p_vaddr);
	return UINT64_MAX;
}

static void add_func(struct image *im, uint64_t addr, uint64_t size)
{
	for (unsigned i = 0; i < im->to->n; i++) {
		struct code_text *t = &im->to->text[i];

		if (addr < t->addr || addr - t->addr >= t->text.size || size > t->text.size - (addr - t->addr))
			continue;
		if (t->nfuncs == im->max[i]) {
			size_t max = im->max[i] ? im->max[i] * 2 : 1024;
			struct site_func *more = reallocarray(t->funcs, max, sizeof(*more));

			im->full |= !more;
			if (!more)
				return;
			t->funcs = more;
			im->max[i] = max;
		}
		t->funcs[t->nfuncs++] = (struct site_func){ addr - t->addr, addr - t->addr + size };
	}
}

static void add_texts(struct image *im)
{
	Elf64_Phdr ph;

	for (unsigned i = 0; get_program_header(im, i, &ph) && im->to->n < CODE_TEXTS_MAX; i++)
		if (ph.p_type == PT_LOAD && (ph.p_flags & PF_X) && ph.p_offset <= im->size &&
		    ph.p_filesz <= im->size - ph.p_offset)
			im->to->text[im->to->n++] =
				(struct code_text){ .offset = ph.p_offset,
						    .addr = ph.p_vaddr,
						    .text = { im->file + ph.p_offset, ph.p_filesz } };
}

/*
 * .eh_frame_hdr: a table of (first address, address of its FDE), both relative to it.  Encodings as every linker writes
 * them: 0x1b relative to the place, 0x3b to the table's begin, four bytes, signed; 0x03 four bytes.  An FDE whose first
 * address, read so, is not the table's has another encoding and is left out.
 */
static void add_frames(struct image *im, const Elf64_Phdr *ph)
{
	struct {
		uint8_t version, frame, count, table;
		int32_t frame_at;
		uint32_t n;
	} h;
	struct {
		int32_t first, fde;
	} row;
	struct {
		uint32_t length, cie;
		int32_t first;
		uint32_t size;
	} fde;

	if (!get(im, ph->p_offset, &h, sizeof(h)) || h.version != 1 || h.frame != 0x1b || h.count != 0x03 ||
	    h.table != 0x3b)
		return;
	for (uint32_t i = 0;
	     i < h.n && get(im, ph->p_offset + sizeof(h) + (uint64_t)i * sizeof(row), &row, sizeof(row)); i++) {
		uint64_t first = ph->p_vaddr + (uint64_t)(int64_t)row.first,
			 at = ph->p_vaddr + (uint64_t)(int64_t)row.fde;

		if (get(im, offset_of(im, at), &fde, sizeof(fde)) && fde.length != UINT32_MAX && fde.cie &&
		    at + 8 + (uint64_t)(int64_t)fde.first == first)
			add_func(im, first, fde.size);
	}
}

static void add_symbols(struct image *im, const Elf64_Shdr *sh)
{
	Elf64_Sym sym;

	for (uint64_t i = 0;
	     i < sh->sh_size / sizeof(sym) && get(im, sh->sh_offset + i * sizeof(sym), &sym, sizeof(sym)); i++)
		if (sym.st_shndx != SHN_UNDEF && sym.st_size &&
		    (ELF64_ST_TYPE(sym.st_info) == STT_FUNC || ELF64_ST_TYPE(sym.st_info) == STT_GNU_IFUNC))
			add_func(im, sym.st_value, sym.st_size);
}

/* Go's table of functions, of 1.18 and 1.20 on: pairs of offsets from the text's begin; the next begins where one ends.
 */
static void add_go(struct image *im, const Elf64_Shdr *sh)
{
	enum { GO_1_18 = 0xfffffff0u, GO_1_20 = 0xfffffff1u };
	struct {
		uint32_t magic;
		uint8_t pad[2], least, pointer;
		uint64_t nfunc, nfile, text, name, cu, file, pc, func;
	} h;
	struct {
		uint32_t first, func, next;
	} row;

	if (!get(im, sh->sh_offset, &h, sizeof(h)) || (h.magic != GO_1_18 && h.magic != GO_1_20) || h.pointer != 8 ||
	    h.func > im->size)
		return;
	for (uint64_t i = 0; i < h.nfunc && get(im, sh->sh_offset + h.func + i * 8, &row, sizeof(row)); i++)
		if (row.next > row.first)
			add_func(im, h.text + row.first, row.next - row.first);
}

static void add_sections(struct image *im)
{
	static const char go[] = ".gopclntab";
	char name[sizeof(go)];
	Elf64_Shdr sh, names;
	bool named = get_section_header(im, im->head.e_shstrndx, &names);

	for (unsigned i = 0; get_section_header(im, i, &sh); i++)
		if (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM)
			add_symbols(im, &sh);
		else if (named && sh.sh_type == SHT_PROGBITS &&
			 get(im, names.sh_offset + sh.sh_name, name, sizeof(name)) && !memcmp(name, go, sizeof(go)))
			add_go(im, &sh);
}

static int by_start(const void *a, const void *b)
{
	const struct site_func *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

int code_read(const uint8_t *file, size_t size, struct code *ret)
{
	struct image im = { .file = file, .size = size, .to = ret };
	Elf64_Phdr ph;

	*ret = (struct code){ 0 };
	if (!get(&im, 0, &im.head, sizeof(im.head)) || memcmp(im.head.e_ident, ELFMAG, SELFMAG) ||
	    im.head.e_ident[EI_CLASS] != ELFCLASS64 || im.head.e_machine != EM_X86_64)
		return -EBADMSG;
	add_texts(&im);
	for (unsigned i = 0; get_program_header(&im, i, &ph); i++)
		if (ph.p_type == PT_GNU_EH_FRAME)
			add_frames(&im, &ph);
	add_sections(&im);
	for (unsigned i = 0; i < ret->n; i++)
		if (ret->text[i].nfuncs)
			qsort(ret->text[i].funcs, ret->text[i].nfuncs, sizeof(struct site_func), by_start);
	return im.full ? -ENOMEM : 0;
}

void code_done(struct code *code)
{
	for (unsigned i = 0; i < code->n; i++)
		free(code->text[i].funcs);
	*code = (struct code){ 0 };
}
