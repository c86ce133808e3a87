/* SPDX-License-Identifier: MIT */
/* In a build without the finder of sites: no calls are made in stubs. */
#include "capture/inprocess/space.h"

#define NOT __attribute__((unused))
typedef struct ptrace_source source;
typedef struct tracee tracee;

const char *space_forbidden(void) { return "this build cannot find call sites (no Zydis)"; }
void space_begin(source *s NOT, const bool *answered NOT, const char **ret_why) { *ret_why = space_forbidden(); }
unsigned space_filter(const source *s NOT, struct sock_filter *prog NOT) { return 0; }
void space_end(source *s NOT) {}
void space_count(source *s NOT, const tracee *t NOT, unsigned arch NOT, uint64_t nr NOT, uint64_t ip NOT) {}
void space_remark(const source *s NOT, struct diag *ret NOT) {}
bool space_try(source *s NOT, tracee *t NOT, uint64_t nr NOT, const uint64_t args[6] NOT, uint64_t ip NOT)
{
	return false;
}
void space_share(source *s NOT, tracee *child NOT, tracee *parent NOT, uint64_t flags NOT) {}
void space_end_vfork(source *s NOT, tracee *child NOT, tracee *parent NOT) {}
void space_drop(source *s NOT, tracee *t NOT) {}
void space_asks(source *s NOT, tracee *t NOT) {}
void space_asked(source *s NOT, tracee *t NOT, size_t from NOT) {}
void space_before_stop(source *s NOT, tracee *t NOT) {}
void space_at_entry(source *s NOT, tracee *t NOT, uint64_t nr NOT, const uint64_t args[6] NOT, uint64_t ip NOT) {}
bool space_has_opened(source *s NOT, tracee *t NOT, uint64_t ip NOT) { return false; }
void space_lead_out(source *s NOT, tracee *t NOT) {}
bool space_faulted(source *s NOT, tracee *t NOT, int signo NOT) { return false; }
void space_before_resume(source *s NOT, tracee *t NOT) {}
void space_hide(source *s NOT, tracee *looker NOT, tracee *subject NOT) {}
void space_stderrs(source *s NOT, struct space *sp NOT) {}
void space_pause(struct space *sp NOT, bool pause NOT) {}
bool space_is_ours(const struct space *sp NOT, const char *line NOT, size_t len NOT) { return false; }
void space_tick(source *s NOT) {}
bool space_any(const source *s NOT) { return false; }
void space_off_all(source *s NOT) {}
void space_let_go(source *s NOT, tracee *t NOT) {}
