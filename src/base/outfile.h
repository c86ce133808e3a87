/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Files that compendium writes.  They hold what a program saw, so they are private and its user's own: mode 0600,
 * whatever was there before; no file of another user, and no symbolic link that another user made where all may write.
 * Anything that is no regular file (a terminal, a pipe, /dev/null) is taken as it is.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

struct outfile {
	int fd;			/* -1: not open */
	char *path;		/* of a stream: "on the standard output", for messages */
	bool stream;		/* one that we were started with: never emptied, restored or removed */
	bool created;		/* there was none */
	bool replaced;		/* there was one of another user: it was removed */
	bool begun;		/* what stood in it is gone */
	bool restored;		/* it was removed meanwhile, and put back */
	int err;		/* of the first write that failed, negative; 0: none */
	uint64_t lost;		/* bytes that were not written after that */
	bool missing;		/* nothing could be written, and no empty file was left: outfile_finish() */
};

/* How a file is called in messages. */
struct outfile_words {
	const char *what;	/* "the report" */
	const char *instead;	/* what to do when it cannot be opened: "choose another file for -o" */
	/* what to know when its end is missing: "what was written before can still be read"; or NULL */
	const char *cut;
};

/*
 * Opens it without changing what is in it.  0, and where there is something to say even so it is in diag; or -errno
 * with diag.
 */
int outfile_open(const char *path, const struct outfile_words *words, struct outfile *ret_file, struct diag *diag);
/* The same for a stream that we were started with; where: "on the terminal".  -EBADF with diag when it is closed. */
int outfile_open_stream(int fd, const char *where, const struct outfile_words *words, struct outfile *ret_file,
			struct diag *diag);
/* Empties it; once, before the first write, which does it by itself.  -errno, also remembered. */
int outfile_begin(struct outfile *f);
/*
 * All of it or nothing more: the first failure is remembered, and what follows is counted and dropped.  That failure,
 * or 0.
 */
int outfile_write(struct outfile *f, const void *bytes, size_t nbytes);
/*
 * Puts a file that was removed meanwhile back to its place, with all that was written.  0: it was not removed; 1: it is
 * back; -errno: what was written is lost (-EEXIST: another file stands there now).
 */
int outfile_restore(struct outfile *f);
/*
 * Closes it under another name and opens a new one in its place: what follows goes there.  -errno, also remembered
 * (-EINVAL: no regular file); then the file is as it was.
 */
int outfile_renew(struct outfile *f, const char *old_as);
/*
 * Restores and closes it, after the last write.  A file that was made here and has nothing in it, because no write
 * succeeded, is removed.  -errno with diag when anything is missing in it (NFS and quotas report a full disk only at
 * the close); 0 otherwise, with diag where there is something to say.
 */
int outfile_finish(struct outfile *f, const struct outfile_words *words, struct diag *diag);
/* 0, or -errno.  Closing twice is fine. */
int outfile_close(struct outfile *f);
void outfile_remove(struct outfile *f);		/* closes, and removes what was created here */
