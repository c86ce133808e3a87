/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Files that compendium writes.  They hold what a program saw, so they are private and its user's own: mode 0600, whatever
 * stood there before; no file of somebody else's, and no symbolic link that somebody else laid where all may write.
 * Anything that is no regular file (a terminal, a pipe, /dev/null) is taken as it is.
 */
#include <stdbool.h>

struct diag;

struct outfile {
	int fd;			/* -1: not open */
	char *path;
	bool created;		/* there was none */
	bool replaced;		/* there was one of another user: it was removed */
};

/*
 * Opens it without changing what is in it.  what: "the report"; instead: what to do when that fails.  0, and where there is
 * something to say even so it is in diag; or -errno with diag.
 */
int outfile_open(const char *path, const char *what, const char *instead, struct outfile *ret_file, struct diag *diag);
/* Empties it; call before the first write. */
int outfile_begin(struct outfile *f);
/*
 * Puts a file that was removed meanwhile back to its place, with all that was written.  0: it was not removed; 1: it is
 * back; -errno: what was written is lost (-EEXIST: another file stands there now).
 */
int outfile_restore(struct outfile *f);
/* 0, or -errno: NFS and quotas report a full disk here.  Closing twice is fine. */
int outfile_close(struct outfile *f);
void outfile_remove(struct outfile *f);		/* closes, and removes what was created here */
