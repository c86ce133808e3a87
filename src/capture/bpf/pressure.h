#pragma once
/*
 * Back-pressure.  A ring that nobody empties fast enough overflows; before it
 * does, what is traced is frozen until there is room again (cgroup v2,
 * cgroup.freeze).  A command gets a cgroup of its own for that, below ours.
 *
 * A helper process waits for our end.  Should we be killed, it thaws, ends the
 * command as PTRACE_O_EXITKILL does, and removes the cgroup.
 */
#include <stdbool.h>
#include <sys/types.h>

struct diag;
struct kring;
struct pressure;

/* freeze: whether the ring is watched (not with --lossy); note says why it cannot be. */
struct pressure *pressure_open_command(pid_t pid, const struct kring *ring, bool freeze, struct diag *note);
struct pressure *pressure_open_cgroup(const char *path, const struct kring *ring);
void pressure_release(struct pressure *p);	/* nothing is held back any more */
void pressure_close(struct pressure *p);
