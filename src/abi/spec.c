/* SPDX-License-Identifier: MIT */
#include "abi/rows.h"

#include <assert.h>
#include <string.h>

static const struct syscall_family *const families[] = {
	&spec_file, &spec_io, &spec_net, &spec_mem, &spec_proc, &spec_signal, &spec_ipc, &spec_sys,
};

static const struct syscall_spec unknown = {
	.groups = GRP_SYS, .nargs = 6,
	.args = { A("a0", HEX), A("a1", HEX), A("a2", HEX), A("a3", HEX), A("a4", HEX), A("a5", HEX) },
};

enum { X86_64, I386, X32 };		/* enum record_arch */
#define X32_BIT 0x40000000u
#define COMMON_FROM 424		/* from here on all architectures have the same numbers */

/* Const data, filled before main() and only read from then on. */
static const struct syscall_spec *tables[3][SYSCALL_MAX];	/* by arch */
/* x86-64's numbers by name: number + 1, 0 ends a search */
static uint16_t by_name[2 * SYSCALL_MAX];
static struct syscall_spec renamed[64];		/* i386's names for rows of x86-64: getuid32 */

static void index_family(const struct syscall_family *f, const struct syscall_spec **table)
{
	for (unsigned i = 0; i < f->n; i++) {
		assert(!table[f->rows[i].nr]);
		table[f->rows[i].nr] = &f->rows[i].spec;
	}
}

static unsigned place_of(const char *name)
{
	unsigned h = 2166136261;	/* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619;
	return h % ARRAY_SIZE(by_name);
}

static void index_names(void)
{
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
		const struct syscall_spec *spec = tables[X86_64][nr];
		unsigned at = spec ? place_of(spec->name) : 0;

		while (spec && by_name[at])
			at = (at + 1) % ARRAY_SIZE(by_name);
		if (spec)
			by_name[at] = (uint16_t)(nr + 1);
	}
}

static void index_shared(const struct shared_row *rows, const struct syscall_spec **table)
{
	static unsigned nrenamed;

	for (const struct shared_row *r = rows; r->name; r++) {
		int nr = syscall_number(r->as);

		assert(nr >= 0 && !table[r->nr]);
		table[r->nr] = tables[X86_64][nr];
		if (strcmp(r->name, r->as) == 0)
			continue;
		assert(nrenamed < ARRAY_SIZE(renamed));
		renamed[nrenamed] = *tables[X86_64][nr];
		renamed[nrenamed].name = r->name;
		table[r->nr] = &renamed[nrenamed++];
	}
}

__attribute__((constructor)) static void index_rows(void)
{
	for (unsigned f = 0; f < ARRAY_SIZE(families); f++)
		index_family(families[f], tables[X86_64]);
	index_names();
	index_family(&spec_i386, tables[I386]);
	index_shared(i386_shared, tables[I386]);
	memcpy(&tables[I386][COMMON_FROM], &tables[X86_64][COMMON_FROM],
	       (SYSCALL_MAX - COMMON_FROM) * sizeof(tables[0][0]));
	memcpy(tables[X32], tables[X86_64], 512 * sizeof(tables[0][0]));
	index_shared(x32_shared, tables[X32]);
	for (const struct x32_row *r = x32_as_i386; r->nr; r++)
		tables[X32][r->nr] = tables[I386][r->i386_nr];
}

const struct syscall_spec *syscall_spec(unsigned arch, unsigned nr)
{
	if (arch == X32)
		nr &= ~X32_BIT;
	return arch < ARRAY_SIZE(tables) && nr < SYSCALL_MAX && tables[arch][nr] ? tables[arch][nr] : &unknown;
}

int syscall_number(const char *name)
{
	for (unsigned at = place_of(name); by_name[at]; at = (at + 1) % ARRAY_SIZE(by_name))
		if (strcmp(tables[X86_64][by_name[at] - 1]->name, name) == 0)
			return by_name[at] - 1;
	return -1;
}

bool cond_holds(const struct arg_cond *cond, const uint64_t args[6])
{
	for (unsigned i = 0; cond && i < cond->nvals; i++)
		if ((args[cond->arg] & cond->mask) == cond->vals[i])
			return !cond->invert;
	return !cond || cond->invert;
}

const uint8_t arg_type_bits[_ARG_TYPE_MAX] = {
	[ARG_INT] = 32, [ARG_UINT] = 32, [ARG_MODE] = 16 /* umode_t */, [ARG_DEV] = 32, [ARG_PID] = 32, [ARG_UID] = 32, [ARG_SIGNAL] = 32,
	[ARG_CLOCKID] = 32, [ARG_FD] = 32, [ARG_DIRFD] = 32, [ARG_FLAGS] = 32, [ARG_ENUM] = 32, [ARG_IOCTL] = 32, [ARG_QUOTACTL] = 32,
};

int spec_find_arg(const struct syscall_spec *spec, enum arg_type type, unsigned nth)
{
	for (unsigned i = 0; i < spec->nargs; i++)
		if (spec->args[i].type == type && nth-- == 0)
			return (int)i;
	return -1;
}
