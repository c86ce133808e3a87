#include "abi/rows.h"

#include <string.h>

static const struct syscall_family *const families[] = {
	&spec_file, &spec_io, &spec_net, &spec_mem, &spec_proc, &spec_signal, &spec_ipc, &spec_sys,
};

static const struct syscall_spec unknown = {
	.groups = GRP_SYS, .nargs = 6,
	.args = { A("a0", HEX), A("a1", HEX), A("a2", HEX), A("a3", HEX), A("a4", HEX), A("a5", HEX) },
};

/* Const data, filled before main() and only read from then on. */
static const struct syscall_spec *x86_64[SYSCALL_MAX];

__attribute__((constructor)) static void index_rows(void)
{
	for (unsigned f = 0; f < ARRAY_SIZE(families); f++)
		for (unsigned i = 0; i < families[f]->n; i++)
			x86_64[families[f]->rows[i].nr] = &families[f]->rows[i].spec;
}

const struct syscall_spec *syscall_spec(unsigned arch, unsigned nr)
{
	if (arch != 0 || nr >= SYSCALL_MAX || !x86_64[nr])
		return &unknown;
	return x86_64[nr];
}

int syscall_number(const char *name)
{
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
		if (x86_64[nr] && strcmp(x86_64[nr]->name, name) == 0)
			return (int)nr;
	return -1;
}

int spec_find_arg(const struct syscall_spec *spec, enum arg_type type, unsigned nth)
{
	for (unsigned i = 0; i < spec->nargs; i++)
		if (spec->args[i].type == type && nth-- == 0)
			return (int)i;
	return -1;
}
