/* SPDX-License-Identifier: MIT */
#include "capture/common/symbol.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/library.h"
#include "base/macro.h"
#include "config.h"

#if HAVE_LIBELF
#include <gelf.h>

#define LIBELF_FUNCTIONS(ROW) \
	ROW(elf_begin) ROW(elf_end) ROW(elf_getdata) ROW(elf_getphdrnum) ROW(elf_getscn) ROW(elf_kind) ROW(elf_memory) \
	ROW(elf_nextscn) ROW(elf_strptr) ROW(elf_version) ROW(gelf_getphdr) ROW(gelf_getshdr) ROW(gelf_getsym)
LIBRARY(libelf, LIBRARY_ELF, LIBELF_FUNCTIONS);

enum {
	TABLE_MAX = 64 << 20,	/* larger ones are not read: the traced program waits.  Chromium's has 40 MB */
	NAMES_MAX = 128 << 20,
	LOOK_BACK = 64,		/* symbols that begin between a function and an instruction of it */
};

/* Of one table, sorted by address, and where they begin at the same one as the file has them. */
struct named { uint64_t addr, size; uint32_t name, at; uint16_t section; };
struct table { struct named *v; size_t n, names; };	/* names: the section of their names */

/* size: of the file; a segment may claim more. */
struct symbols { Elf *elf; uint64_t size; struct table tables[2]; };

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

static int by_address(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Names are read now, while there is a file. */
static bool has_names(Elf *elf, size_t section)
{
	Elf_Scn *scn = elf_getscn(elf, section);
	GElf_Shdr sh;

	return scn && gelf_getshdr(scn, &sh) && sh.sh_size <= NAMES_MAX && elf_strptr(elf, section, 0);
}

static void read_table(Elf_Scn *scn, const GElf_Shdr *sh, Elf *elf, struct table *t)
{
	Elf_Data *data = sh->sh_size <= TABLE_MAX ? elf_getdata(scn, NULL) : NULL;
	size_t max = data ? data->d_size / sizeof(Elf64_Sym) : 0;
	GElf_Sym sym;

	if (!max || t->v || !has_names(elf, sh->sh_link))
		return;
	t->v = xcalloc(max, sizeof(*t->v));
	t->names = sh->sh_link;
	for (int i = 0; t->n < max && gelf_getsym(data, i, &sym); i++)
		if (is_code(&sym))
			t->v[t->n++] = (struct named){sym.st_value, sym.st_size, sym.st_name, (uint32_t)i,
						      sym.st_shndx};
	qsort(t->v, t->n, sizeof(*t->v), by_address);
}

/* One that covers the address is better than one without a size, and the nearer the better. */
static const struct named *search(const struct table *t, uint64_t addr)
{
	const struct named *best = NULL, *label = NULL;
	size_t low = 0;

	for (size_t high = t->n; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (t->v[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	for (size_t i = low; i && low - i < LOOK_BACK; i--) {
		const struct named *n = &t->v[i - 1];

		if (best && n->addr != best->addr)
			break;
		if (n->size && addr - n->addr < n->size)
			best = n;
		else if (!n->size && (!label || n->addr == label->addr))
			label = n;
	}
	return best ? best : label;
}

/* A label may have no size, but the function before a gap in another section is not the one. */
static bool in_same_section(Elf *elf, const struct named *n, uint64_t addr)
{
	Elf_Scn *scn = elf_getscn(elf, n->section);
	GElf_Shdr sh;

	return scn && gelf_getshdr(scn, &sh) && addr >= sh.sh_addr && addr - sh.sh_addr < sh.sh_size;
}

static struct symbols *symbols_new(Elf *elf, uint64_t size)
{
	static const GElf_Word tables[] = {SHT_SYMTAB, SHT_DYNSYM};
	struct symbols *s;
	uint64_t addr;
	GElf_Shdr sh;

	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->elf = elf;
	s->size = size;
	address_of(elf, 0, &addr);	/* the headers are read with the first of them */
	for (unsigned i = 0; i < 2; i++)
		for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));)
			if (gelf_getshdr(scn, &sh) && sh.sh_type == tables[i])
				read_table(scn, &sh, elf, &s->tables[i]);
	return s;
}

static bool elf_is_usable(void) { return library_load(&libelf) && elf_version(EV_CURRENT) != EV_NONE; }

struct symbols *symbols_of_file(int fd)
{
	struct stat st;

	if (!elf_is_usable() || fstat(fd, &st) < 0)
		return NULL;
	return symbols_new(elf_begin(fd, ELF_C_READ, NULL), (uint64_t)st.st_size);
}

struct symbols *symbols_of_bytes(void *bytes, size_t n)
{
	return !elf_is_usable() ? NULL : symbols_new(elf_memory(bytes, n), n);
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	elf_end(s->elf);
	free(s->tables[0].v);
	free(s->tables[1].v);
	free(s);
}

size_t symbols_find(struct symbols *s, uint64_t offset, const char **ret_name, uint64_t *ret_into)
{
	const struct named *found = NULL;
	unsigned i = 0;
	uint64_t addr;

	*ret_into = 0;
	if (!s || offset >= s->size || !address_of(s->elf, offset, &addr))
		return 0;
	for (; i < 2 && !(found = search(&s->tables[i], addr)); i++)
		;
	if (!found || !in_same_section(s->elf, found, addr) ||
	    !(*ret_name = elf_strptr(s->elf, s->tables[i].names, found->name)))
		return 0;
	*ret_into = addr - found->addr;
	return strnlen(*ret_name, SYMBOL_MAX);
}
#else
struct symbols *symbols_of_file(int fd UNUSED) { return NULL; }
struct symbols *symbols_of_bytes(void *bytes UNUSED, size_t n UNUSED) { return NULL; }
void symbols_free(struct symbols *s UNUSED) {}

size_t symbols_find(struct symbols *s UNUSED, uint64_t offset UNUSED, const char **ret_name UNUSED, uint64_t *ret_into)
{
	*ret_into = 0;
	return 0;
}
#endif

size_t symbol_find(int fd, uint64_t offset, char name[static SYMBOL_MAX], uint64_t *ret_into)
{
	struct symbols *s = symbols_of_file(fd);
	const char *found = "";
	size_t n = symbols_find(s, offset, &found, ret_into);

	if (n)		/* without a name it may be NULL */
		memcpy(name, found, n);
	symbols_free(s);
	return n;
}
