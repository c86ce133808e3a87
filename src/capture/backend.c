/* SPDX-License-Identifier: MIT */
#include "capture/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/macro.h"
#include "capture/common/target.h"
#include "config.h"

#if HAVE_BPF
#include "capture/bpf/bpf.h"
#else
#define NOT_BUILT_IN "is not built in; install libbpf-dev, clang and bpftool and build again"

int source_latency_open(const struct capture_options *opt UNUSED, struct source **ret_source UNUSED, struct diag *diag)
{
	return diag_set(diag, 125, ENOTSUP, "--ebpf " NOT_BUILT_IN);
}

void source_latency_add(struct source *s UNUSED, pid_t pid UNUSED) {}

static int source_bpf_open(const struct capture_options *opt UNUSED, struct source **ret_source UNUSED,
			   struct diag *note UNUSED, struct diag *diag)
{
	return diag_set(diag, 125, ENOTSUP, "the bpf backend " NOT_BUILT_IN);
}
#endif

/* The best first: the one that costs less. */
static const struct backend_row backends[] = {
	{ BACKEND_BPF, HAVE_BPF, CAN_CGROUP | CAN_SYSTEM | CAN_LATENCY, true, source_bpf_open },
	{ BACKEND_PTRACE, true, CAN_STACKS, false, source_ptrace_open },
};

#define BACKEND_NAME_(id, name) [BACKEND_##id] = name,
static const char *const names[_BACKENDS] = { [BACKEND_AUTO] = "auto", BACKENDS(BACKEND_NAME_) };

static bool is_built_in(enum backend id)
{
	for (unsigned i = 0; i < ARRAY_SIZE(backends); i++)
		if (backends[i].id == id)
			return backends[i].built_in;
	return false;
}

const char *backend_built_in(void)
{
	static char text[64];

	text[0] = '\0';
	for (enum backend id = BACKEND_AUTO + 1; id < _BACKENDS; id++)
		if (is_built_in(id))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", text[0] ? ", " : "",
				 names[id]);
	return text;
}

/* What is traced decides: the option that not every backend has, NULL: all have what is asked for. */
static const char *special(const struct capture_options *opt, unsigned *ret_can)
{
	*ret_can = opt->cgroup ? CAN_CGROUP : opt->system ? CAN_SYSTEM : opt->stacks ? CAN_STACKS : 0;
	return opt->cgroup ? "--cgroup" : opt->system ? "--system" : opt->stacks ? "-k" : NULL;
}

static bool has_all(const struct backend_row *row, unsigned can) { return (row->can & can) == can; }

/* The first to try, from `rows` on; NULL: none is what was asked for and can do what is asked of it. */
static const struct backend_row *first(const struct backend_row *rows, unsigned n, enum backend wanted,
				       const struct capture_options *opt)
{
	unsigned can;
	bool only = special(opt, &can);

	for (const struct backend_row *row = rows; row < rows + n; row++) {
		/* the only one that can is tried, and says why not: not built in, not permitted */
		bool stubs = opt->in_process == IN_PROCESS_ON;
		bool usual = row->built_in && !((opt->no_seccomp || stubs) && row->without_filter);
		bool may = wanted == BACKEND_AUTO ? only || usual : row->id == wanted;

		if (may && has_all(row, can))
			return row;
	}
	return NULL;
}

bool backend_first_can(enum backend wanted, const struct capture_options *opt, enum backend_can what)
{
	const struct backend_row *row = first(backends, ARRAY_SIZE(backends), wanted, opt);

	return row && has_all(row, what);
}

static const char *one_that_can(const struct backend_row *rows, unsigned n, unsigned can)
{
	for (unsigned i = 0; i < n; i++)
		if (has_all(&rows[i], can))
			return names[rows[i].id];
	return "another";
}

/* Both, where there are two. */
static void add_note(struct diag *to, const struct diag *more)
{
	const struct diag before = *to;

	if (!before.text[0])
		*to = *more;
	else if (more->text[0])
		diag_set(to, more->exit_status, 0, "%s; %s", before.text, more->text);
}

int backend_open_among(const struct backend_row *rows, unsigned n, enum backend wanted,
		       const struct capture_options *opt, struct source **ret_source, struct diag *note,
		       struct diag *diag)
{
	const struct backend_row *row = first(rows, n, wanted, opt), *next;
	unsigned can;
	const char *option = special(opt, &can);
	struct diag why, notes, fallback;
	int rc;

	if (!row)
		return diag_set(diag, 125, EINVAL, "%s needs the %s backend; leave out --backend %s", option,
				one_that_can(rows, n, can), names[wanted]);
	for (notes = *note;; row = next) {
		note->text[0] = '\0';
		rc = row->open(opt, ret_source, note, &why);
		/* the command itself is at fault, or nothing else can do it: an error like any */
		for (next = row + 1; next < rows + n && !has_all(next, can); next++)
			;
		if (rc != -ENOTSUP || why.exit_status != 125 || next == rows + n)
			break;
		diag_set(&fallback, 125, ENOTSUP, "the %s backend cannot be used, so %s is%s: %s", names[row->id],
			 names[next->id],
			 opt->latency && has_all(row, CAN_LATENCY) && !has_all(next, CAN_LATENCY) ?
				 ", without what --ebpf shows" : "",
			 why.text);
		add_note(&notes, &fallback);
	}
	if (rc == 0) {
		add_note(&notes, note);
		*note = notes;
		return 0;
	}
	note->text[0] = '\0';	/* one line: why it failed after all */
	if (rc == -ENOTSUP && option)
		return diag_set(diag, 125, ENOTSUP, "%s needs the %s backend: %s", option, names[row->id], why.text);
	*diag = why;
	return rc;
}

int backend_open(enum backend wanted, const struct capture_options *opt, struct source **ret_source, struct diag *note,
		 struct diag *diag)
{
	int rc;

	note->text[0] = '\0';
	if (opt->stacks && (opt->cgroup || opt->system))
		return diag_set(diag, 125, EINVAL, "-k needs the ptrace backend, and %s the bpf backend; leave out one",
				opt->cgroup ? "--cgroup" : "--system");
	rc = target_check_running(opt, note, diag);
	return rc < 0 ? rc : backend_open_among(backends, ARRAY_SIZE(backends), wanted, opt, ret_source, note, diag);
}
