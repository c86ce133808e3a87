/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "capture/common/command.h"
#include "capture/common/environ.h"
#include "capture/inprocess/space.h"
#include "cli/formats.h"
#include "cli/about.h"
#include "cli/diff.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/signals.h"
#include "config.h"
#include "sink/json_schema.h"

static void version(void)
{
	const char *why = space_forbidden();

	printf("compendium " COMPENDIUM_VERSION "\n"
	       "built in: %s, seccomp filter, recordings (zstd), HTML report\n"
	       "--in-process: %s%s\n",
	       backend_built_in(), why ? "not here: " : "can be used here", why ? why : "");
}

static void print_json_schema(void)
{
	struct buf b = { 0 };

	json_schema(&b);
	fwrite(b.s, 1, b.len, stdout);
	buf_done(&b);
}

/*
 * With capabilities on our file the C library was there first (glibc's csu/check_fds.c): /dev/full, which can only be
 * written to, is descriptor 0, and /dev/null, which can only be read, is 1 and 2.  No shell gives such streams.
 */
static bool is_filled_by_libc(int fd)
{
	bool in = fd == STDIN_FILENO;
	struct stat st;

	return getauxval(AT_SECURE) && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(1, in ? 7 : 3) && (fcntl(fd, F_GETFL) & O_ACCMODE) == (in ? O_WRONLY : O_RDONLY);
}

/*
 * Started with one of the standard streams closed, the next file that is opened would get its number, and what is meant
 * for the stream would go into it.  Something that can neither be read nor written takes the place; the command's exec
 * closes it, so that the command has the stream closed as it was.
 */
static void fill_standard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (is_filled_by_libc(fd))
			close(fd);
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH | O_CLOEXEC) != fd)
			_exit(125);
	}
}

static int about_all(const struct options *opt, struct diag *diag)
{
	int rc = 0;

	for (unsigned i = 0; i < opt->nreads && rc >= 0; i++)
		rc = about_recording(stdout, opt->reads[i], diag);
	return rc < 0 || fflush(stdout) ? 125 : 0;
}

int main(int argc, char **argv)
{
	struct options opt;
	struct diag diag = { 0 };
	char *path = NULL;
	int rc, signo = 0;

	environ_save(argc, argv);
	fill_standard_streams();
	if (argc < 2) {
		options_hint(stderr);
		return 125;
	}
	if (argc <= 3 && !strcmp(argv[1], "help") && command_find("help", &path, &diag) < 0) {
		options_help(stdout, argc == 3);	/* whatever it is about, it is there */
		return fflush(stdout) ? 125 : 0;
	}
	free(path);
	rc = options_parse(argc, argv, &opt, &diag);
	if (rc < 0) {
		signals_say(diag.text);
		signals_show(diag.place);
		options_done(&opt);
		return diag.exit_status;
	}
	if (opt.help || opt.version || opt.json_schema) {
		if (opt.help_formats)
			formats_list(stdout);
		else if (opt.help)
			options_help(stdout, opt.help_all);
		else if (opt.json_schema)
			print_json_schema();
		else
			version();
		options_done(&opt);
		return fflush(stdout) ? 125 : 0;
	}
	if (opt.about)
		rc = about_all(&opt, &diag);
	else if (opt.diff && opt.read)
		rc = diff_run(&opt, &diag);
	else
		rc = session_run(&opt, &signo, &diag);
	if (diag.text[0]) {
		signals_say(diag.text);
		signals_show(diag.place);
	}
	options_done(&opt);
	if (signo)
		signals_die(signo);
	return rc;
}
