/* SPDX-License-Identifier: MIT */
#include "capture/common/symbol.h"

#include <stdbool.h>
#include <string.h>

#include "config.h"

#if HAVE_LIBELF
#include <gelf.h>

/* Larger tables are not read: the traced program waits meanwhile.  Chromium's with all symbols has 40 MB. */
enum { TABLE_MAX = 64 << 20 };

struct best {
	GElf_Sym sym;
	size_t names;	/* the section of its name */
	bool sized;
};

/* The address of what is at that offset, as the file is linked. */
static bool address_of(Elf *elf, uint64_t offset, uint64_t *ret)
{
	GElf_Phdr ph;
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n && gelf_getphdr(elf, (int)i, &ph); i++)
		if (ph.p_type == PT_LOAD && offset >= ph.p_offset && offset - ph.p_offset < ph.p_filesz) {
			*ret = ph.p_vaddr + (offset - ph.p_offset);
			return true;
		}
	return false;
}

static bool is_code(const GElf_Sym *sym)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	return sym->st_shndx != SHN_UNDEF && sym->st_shndx != SHN_ABS && sym->st_name &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

/* One that covers the address is better than one without a size, and the nearer the better. */
static bool is_better(const struct best *b, const GElf_Sym *sym, uint64_t addr)
{
	bool sized = sym->st_size != 0;

	if (sym->st_value > addr || (sized && addr - sym->st_value >= sym->st_size))
		return false;
	return sized != b->sized ? sized || !b->names : !b->names || sym->st_value > b->sym.st_value;
}

static void search(Elf_Scn *scn, const GElf_Shdr *sh, uint64_t addr, struct best *best)
{
	Elf_Data *data = sh->sh_size <= TABLE_MAX ? elf_getdata(scn, NULL) : NULL;
	GElf_Sym sym;

	for (int i = 0; data && gelf_getsym(data, i, &sym); i++)
		if (is_code(&sym) && is_better(best, &sym, addr))
			*best = (struct best){sym, sh->sh_link, sym.st_size != 0};
}

/* A label may have no size, but the function before a gap in another section is not the one. */
static bool in_same_section(Elf *elf, const struct best *b, uint64_t addr)
{
	Elf_Scn *scn = elf_getscn(elf, b->sym.st_shndx);
	GElf_Shdr sh;

	return scn && gelf_getshdr(scn, &sh) && addr >= sh.sh_addr && addr - sh.sh_addr < sh.sh_size;
}

static size_t find(Elf *elf, uint64_t offset, char *name, uint64_t *ret_into)
{
	static const GElf_Word tables[] = {SHT_SYMTAB, SHT_DYNSYM};
	struct best best = {0};
	const char *s;
	uint64_t addr;
	GElf_Shdr sh;
	size_t len;

	if (elf_kind(elf) != ELF_K_ELF || !address_of(elf, offset, &addr))
		return 0;
	for (unsigned i = 0; i < 2 && !best.names; i++)
		for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));)
			if (gelf_getshdr(scn, &sh) && sh.sh_type == tables[i])
				search(scn, &sh, addr, &best);
	if (!best.names || !in_same_section(elf, &best, addr) ||
	    !(s = elf_strptr(elf, best.names, best.sym.st_name)))
		return 0;
	len = strnlen(s, SYMBOL_MAX);
	memcpy(name, s, len);
	*ret_into = addr - best.sym.st_value;
	return len;
}

size_t symbol_find(int fd, uint64_t offset, char name[static SYMBOL_MAX], uint64_t *ret_into)
{
	Elf *elf;
	size_t n;

	*ret_into = 0;
	if (elf_version(EV_CURRENT) == EV_NONE || !(elf = elf_begin(fd, ELF_C_READ, NULL)))
		return 0;
	n = find(elf, offset, name, ret_into);
	elf_end(elf);
	return n;
}
#else
size_t symbol_find(int fd, uint64_t offset, char name[static SYMBOL_MAX], uint64_t *ret_into)
{
	(void)fd, (void)offset, (void)name;
	*ret_into = 0;
	return 0;
}
#endif
