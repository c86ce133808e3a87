/* SPDX-License-Identifier: MIT */
/* Finds for a BPF object what it needs of the kernel's types, in one walk through them. */
#include "capture/bpf/prepare.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/bpf/beside.h"
#include "capture/bpf/kfunc.h"
#include "capture/bpf/slim.h"
#include "capture/bpf/types.h"

enum { KFUNCS = KFUNC_END - KFUNC_FIRST };
static const char *const kfuncs[KFUNCS] = KFUNC_NAMES;
/* Where types that we look into may be, if not in the kernel itself. */
static const char *const modules[] = { "unix", "vsock" };
/* Sections, and how the types that their programs attach by are called. */
static const struct { const char *section, *prefix; unsigned kind; enum bpf_attach_type type; } sections[] = {
	{ "tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP },
	{ "iter/", "bpf_iter_", BTF_KIND_FUNC, BPF_TRACE_ITER },
};

struct file { void *mem; size_t size; bool mapped; };

struct prepare {
	struct file file;
	struct types types;
	struct beside walk;		/* makes both; their error */
	int rc;
	struct type_names *names;
	int fd;				/* what libbpf relocates by */
	char path[32];
};

static struct prepare *current;

/* ---- the kernel's types as a file ---- */

/* Since 6.16 they can be mapped; before, a read gives a page. */
static int map_file(struct file *ret, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct file){ mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0), (size_t)st.st_size, true };
	if (ret->mem != MAP_FAILED)
		return 0;
	*ret = (struct file){ xmalloc((size_t)st.st_size), 0, false };
	while (ret->size < (size_t)st.st_size &&
	       (n = read(fd, (char *)ret->mem + ret->size, (size_t)st.st_size - ret->size)) > 0)
		ret->size += (size_t)n;
	return n < 0 ? -errno : 0;
}

static void unmap_file(struct file *f)
{
	if (f->mapped && f->mem != MAP_FAILED)
		munmap(f->mem, f->size);
	else if (!f->mapped)
		free(f->mem);
	*f = (struct file){ 0 };
}

/* ---- what a program attaches by, and calls ---- */

static int section_of(const struct bpf_program *prog, char *ret_name, size_t size)
{
	const char *name = bpf_program__section_name(prog);

	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++)
		if (!strncmp(name, sections[i].section, strlen(sections[i].section))) {
			snprintf(ret_name, size, "%s%s", sections[i].prefix, name + strlen(sections[i].section));
			return (int)i;
		}
	return -1;
}

/* In place of the numbers of kfunc.h. */
static int put_kfuncs(const struct prepare *p, struct bpf_program *prog)
{
	size_t n = bpf_program__insn_cnt(prog), changed = 0;
	_cleanup_free_ struct bpf_insn *v = xmalloc(n * sizeof(*v));

	memcpy(v, bpf_program__insns(prog), n * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		if (v[i].code == (BPF_JMP | BPF_CALL) && !v[i].src_reg && v[i].imm >= KFUNC_FIRST &&
		    v[i].imm < KFUNC_END) {
			v[i].src_reg = BPF_PSEUDO_KFUNC_CALL;
			v[i].imm = (int)type_names_id(p->names, kfuncs[v[i].imm - KFUNC_FIRST], BTF_KIND_FUNC);
			changed++;
		}
	return changed ? bpf_program__set_insns(prog, v, n) : 0;
}

/*
 * libbpf calls this before it gives a program to the kernel.  Until now the program was of a kind for which libbpf does
 * not want the kernel's types; it becomes what it is.
 */
static int before_load(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie UNUSED)
{
	const struct prepare *p = current;
	char name[128];
	int i = section_of(prog, name, sizeof(name)), rc;

	if (i < 0)
		return -EINVAL;
	opts->attach_btf_id = type_names_id(p->names, name, sections[i].kind);
	if (!opts->attach_btf_id)
		return -ESRCH;
	opts->expected_attach_type = sections[i].type;
	/* which line of the source an instruction is of: for the verifier's log alone */
	opts->line_info = NULL;
	opts->line_info_cnt = 0;
	rc = put_kfuncs(p, prog);
	if (rc == 0)
		rc = bpf_program__set_expected_attach_type(prog, sections[i].type);
	return rc ? rc : bpf_program__set_type(prog, BPF_PROG_TYPE_TRACING);
}

/* ---- for one object ---- */

/* Once for all: libbpf before 1.3 goes on with what it has freed when the last handler was taken back. */
static int register_handlers(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = before_load);
	static bool done;
	char section[16];
	int rc = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(sections) && !done && rc >= 0; i++) {
		snprintf(section, sizeof(section), "%.*s+", (int)strlen(sections[i].section) - 1, sections[i].section);
		rc = libbpf_register_prog_handler(section, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, &opts);
	}
	done |= rc >= 0;
	return MIN(rc, 0);
}

static void walk_kernel(void *ctx)
{
	struct prepare *p = ctx;

	p->rc = map_file(&p->file, "/sys/kernel/btf/vmlinux");
	if (p->rc == 0)
		p->rc = types_open(&p->types, NULL, p->file.mem, p->file.size);
}

int prepare_begin(struct prepare **ret, struct bpf_object_open_opts *ret_opts)
{
	struct prepare *p = xcalloc(1, sizeof(*p));
	int rc;

	*ret = current = p;
	p->names = type_names_new();
	p->fd = memfd_create("types", MFD_CLOEXEC);
	if (p->fd < 0)
		return -errno;
	snprintf(p->path, sizeof(p->path), "/proc/self/fd/%d", p->fd);
	/* libbpf reads the objects meanwhile */
	beside_begin(&p->walk, walk_kernel, p);
	rc = register_handlers();
	/* without /proc libbpf reads the kernel's types itself */
	if (access(p->path, R_OK) == 0)
		ret_opts->btf_custom_path = p->path;
	return rc;
}

static void want_programs(struct prepare *p, const struct bpf_object *obj)
{
	struct bpf_program *prog;
	char name[128];
	int i;

	bpf_object__for_each_program(prog, obj) {
		i = section_of(prog, name, sizeof(name));
		if (i >= 0)
			type_names_add(p->names, name, strlen(name), 1u << sections[i].kind);
	}
	for (i = 0; i < KFUNCS; i++)
		type_names_add(p->names, kfuncs[i], strlen(kfuncs[i]), 1u << BTF_KIND_FUNC);
}

static int slim_all(struct btf *out, const struct bpf_object *const objs[], unsigned n, const struct types *types,
		    const struct type_names *names)
{
	struct slim *slim = slim_new(out, types);
	int rc;

	for (unsigned i = 0; i < n; i++)
		slim_want_members(slim, bpf_object__btf(objs[i]));
	rc = slim_add(slim, names);
	slim_free(slim);
	return rc;
}

static int add_module(struct prepare *p, struct btf *out, const struct bpf_object *const objs[], unsigned n,
		      const char *module)
{
	struct type_names *names;
	struct file file = { 0 };
	struct types types;
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", module);
	if (access(path, R_OK) < 0 || map_file(&file, path) < 0)
		return 0;	/* built in, or not there */
	rc = types_open(&types, &p->types, file.mem, file.size);
	if (rc == 0) {
		names = type_names_new();
		for (unsigned i = 0; i < n; i++)
			slim_want(names, bpf_object__btf(objs[i]));
		types_find(&types, names);
		rc = slim_all(out, objs, n, &types, names);
		type_names_free(names);
		types_close(&types);
	}
	unmap_file(&file);
	return rc;
}

static int write_all(int fd, const void *from, size_t n)
{
	const char *at = from;
	ssize_t done;

	for (; n; at += done, n -= (size_t)done) {
		done = write(fd, at, n);
		if (done < 0)
			return -errno;
	}
	return 0;
}

/*
 * A limit on the size of files (RLIMIT_FSIZE) is one on memory files, too: then libbpf reads all of the kernel's types.
 */
static int take_whole_kernel(int fd)
{
	_cleanup_close_ int all = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);

	return all < 0 || dup3(all, fd, O_CLOEXEC) < 0 ? -errno : 0;
}

int prepare_objects(struct prepare *p, const struct bpf_object *const objs[], unsigned n)
{
	struct btf *out;
	const void *raw;
	uint32_t size;
	int rc;

	beside_end(&p->walk);
	if (p->rc < 0)
		return p->rc;
	out = btf__new_empty();
	if (!out)
		return -errno;
	for (unsigned i = 0; i < n; i++) {
		slim_want(p->names, bpf_object__btf(objs[i]));
		want_programs(p, objs[i]);
	}
	types_find(&p->types, p->names);
	rc = slim_all(out, objs, n, &p->types, p->names);
	for (unsigned i = 0; i < ARRAY_SIZE(modules) && rc == 0; i++)
		rc = add_module(p, out, objs, n, modules[i]);
	if (rc == 0) {
		raw = btf__raw_data(out, &size);
		rc = raw ? write_all(p->fd, raw, size) : -ENOMEM;
		if (rc == -EFBIG)
			rc = take_whole_kernel(p->fd);
	}
	btf__free(out);
	return rc;
}

bool prepare_can_walk_regions(const struct prepare *p)
{
	for (unsigned i = 0; i < KFUNCS; i++)
		if (!type_names_id(p->names, kfuncs[i], BTF_KIND_FUNC))
			return false;
	return true;
}

void prepare_end(struct prepare *p)
{
	if (!p)
		return;
	beside_end(&p->walk);
	current = NULL;
	types_close(&p->types);
	type_names_free(p->names);
	unmap_file(&p->file);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

int prepare_attach(struct bpf_object_skeleton *skel)
{
	for (int i = 0; i < skel->prog_cnt; i++) {
		struct bpf_program *prog = *skel->progs[i].prog;

		if (!bpf_program__autoload(prog) || !bpf_program__autoattach(prog) || !skel->progs[i].link)
			continue;
		*skel->progs[i].link = bpf_program__attach_trace(prog);
		if (!*skel->progs[i].link)
			return -errno;
	}
	return 0;
}
