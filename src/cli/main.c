#include <stdio.h>

#include "base/diag.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/signals.h"
#include "config.h"

static void version(void)
{
	printf("compendium " COMPENDIUM_VERSION "\n"
	       "built in: %s, seccomp filter, recordings (zstd), HTML report\n", backend_built_in());
}

int main(int argc, char **argv)
{
	struct options opt;
	struct diag diag = { 0 };
	int rc, signo = 0;

	if (argc < 2) {
		options_hint(stderr);
		return 125;
	}
	rc = options_parse(argc, argv, &opt, &diag);
	if (rc < 0) {
		signals_say(diag.text);
		options_done(&opt);
		return diag.exit_status;
	}
	if (opt.help || opt.version) {
		if (opt.help)
			options_help(stdout, opt.help_all);
		else
			version();
		options_done(&opt);
		return fflush(stdout) ? 125 : 0;
	}
	rc = session_run(&opt, &signo, &diag);
	if (diag.text[0])
		signals_say(diag.text);
	options_done(&opt);
	if (signo)
		signals_die(signo);
	return rc;
}
