/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/human.h"
#include "base/macro.h"
#include "record/block.h"
#include "record/file.h"
#include "record/format.h"
#include "record/index.h"
#include "record/last.h"
#include "record/record.h"

enum { FOLLOW_MS = 50 };		/* one who reads along is asked that often whether to go on */

struct record_reader {
	int fd;
	bool follow;		/* no regular file: more may come */
	const char *where;	/* of the recording, in messages: "" or "on " */
	char *name;
	char *raw, *packed, *columns;
	size_t len, pos;	/* of raw */
	size_t got;		/* of what is being read: a stream comes in pieces */
	struct recording_block block;
	bool in_block;		/* its head is complete */
	uint64_t nrecords;	/* handed out */
	uint64_t first_ns, last_ns;
	bool ended;
};

/* char[8] is not NUL-terminated on disk */
_Static_assert(sizeof(RECORDING_MAGIC) == 9, "magic is eight bytes");

/* ---- bytes ---- */

/* Until there are n bytes at p.  1; 0: the file ends before; -EAGAIN: nothing came for a while; -errno. */
static int fill(struct record_reader *r, void *p, size_t n)
{
	struct pollfd pfd = { .fd = r->fd, .events = POLLIN };

	while (r->got < n) {
		ssize_t got;

		if (r->follow && poll(&pfd, 1, FOLLOW_MS) <= 0)
			return -EAGAIN;
		got = read(r->fd, (char *)p + r->got, n - r->got);
		if (got == 0)
			return 0;
		if (got > 0)
			r->got += (size_t)got;
		else if (errno == EAGAIN || (errno == EINTR && r->follow))
			return -EAGAIN;
		else if (errno != EINTR)
			return -errno;
	}
	r->got = 0;
	return 1;
}

/* ---- opening ---- */

/* What else is given to --read, by its first bytes. */
static const struct { const char *magic; size_t len; const char *text; } others[] = {
	{ "\x28\xb5\x2f\xfd", 4, "is compressed with zstd; type: zstd -dc FILE | compendium --read -" },
	{ "\x1f\x8b", 2, "is compressed with gzip; type: zcat FILE | compendium --read -" },
	{ "\xfd" "7zXZ", 5, "is compressed with xz; type: xzcat FILE | compendium --read -" },
	{ "<!doctype html", 14, "is a page for a browser; --read takes a recording made with --record" },
	{ "{\"table\":", 9, "is JSON that compendium wrote; --read takes a recording made with --record" },
	{ "PERFILE2", 8, "is a recording of perf; --read takes one made with: compendium --record FILE -- COMMAND" },
};

static int refuse_head(const struct record_reader *r, const struct recording_head *head, size_t len, struct diag *diag)
{
	if (!len)
		return diag_set(diag, 125, EBADMSG, "%s is empty; nothing was recorded in it", r->name);
	if (len < sizeof(*head) && !memcmp(head->magic, RECORDING_MAGIC, MIN(len, sizeof(head->magic))))
		return diag_set(diag, 125, EBADMSG,
				"the recording %s%s is cut off at its start; it contains nothing to show", r->where,
				r->name);
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		if (len >= others[i].len && !memcmp(head, others[i].magic, others[i].len))
			return diag_set(diag, 125, EBADMSG, "%s %s", r->name, others[i].text);
	return diag_set(diag, 125, EBADMSG, "%s is not a recording; make one with: compendium --record FILE -- COMMAND",
			r->name);
}

static int read_head(struct record_reader *r, struct diag *diag)
{
	struct recording_head head = { 0 };
	int rc;

	do
		rc = fill(r, &head, sizeof(head));
	while (rc == -EAGAIN);
	if (rc < 0)
		return diag_set(diag, 125, -rc, "cannot read the recording %s%s: %s", r->where, r->name, strerror(-rc));
	if (!rc || memcmp(head.magic, RECORDING_MAGIC, sizeof(head.magic)) != 0)
		return refuse_head(r, &head, rc ? sizeof(head) : r->got, diag);
	if (head.version <= RECORDING_VERSION)
		return 0;
	return diag_set(
		diag, 125, EPROTO,
		"%s is a recording of version %u and this compendium reads up to %u; read it with a newer compendium",
		r->name, head.version, RECORDING_VERSION);
}

/* A FIFO is opened when its writer comes: that is what reading along means. */
static int open_file(const char *path, struct diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		return fd;
	if (errno == EACCES)
		return diag_set(diag, 125, EACCES,
				"cannot read the recording %s: %s; recordings are private to the user who made them",
				path, strerror(EACCES));
	return diag_set(diag, 125, errno, "cannot read the recording %s: %s%s", path, strerror(errno),
			errno == ENOENT ? "; make one with: compendium --record FILE -- COMMAND" : "");
}

static int open_stdin(struct diag *diag)
{
	int fd;

	if (isatty(STDIN_FILENO))
		return diag_set(
			diag, 125, EINVAL,
			"--read - reads the standard input, which is the terminal; type: ... | compendium --read -");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return fd >= 0 ? fd : diag_set(diag, 125, errno, "cannot read the standard input: %s", strerror(errno));
}

int record_reader_open(const char *path, struct record_reader **ret_reader, struct diag *diag)
{
	bool in = !strcmp(path, "-");
	int fd = in ? open_stdin(diag) : open_file(path, diag), rc;
	const char *name = in ? "the standard input" : path;
	struct record_reader *r;
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return diag_set(diag, 125, EISDIR, "%s is a directory; --read takes a recording made with --record",
				name);
	}
	r = xcalloc(1, sizeof(*r));
	r->fd = fd;
	r->follow = !S_ISREG(st.st_mode);
	r->where = in ? "on " : "";
	r->name = xmemdup0(name, strlen(name));
	rc = read_head(r, diag);
	if (rc < 0) {
		record_reader_close(r);
		return rc;
	}
	r->raw = xmalloc(RECORDING_RAW_MAX);
	r->packed = xmalloc(ZSTD_compressBound(RECORDING_COLUMNS_MAX));
	*ret_reader = r;
	return 0;
}

/* ---- blocks and records ---- */

static int cut_short(struct record_reader *r, struct diag *diag, const char *what)
{
	struct buf at = { 0 };
	int rc;

	r->ended = true;
	if (!r->nrecords)
		return diag_set(diag, 125, EBADMSG,
				"the recording %s%s is %s at its start; it contains nothing to show", r->where, r->name,
				what);
	human_ns(&at, r->last_ns - r->first_ns);
	rc = diag_set(diag, 125, EBADMSG,
		      "the recording %s%s is %s after %llu records, %s after its start; what came before that is shown",
		      r->where, r->name, what, (unsigned long long)r->nrecords, at.s);
	buf_done(&at);
	return rc;
}

/* As fill(), with a diag where the file does not hold what its block says. */
static int need(struct record_reader *r, void *p, size_t n, struct diag *diag)
{
	int rc = fill(r, p, n);

	if (rc == 0)
		return cut_short(r, diag, "cut off");
	return rc < 0 && rc != -EAGAIN ? cut_short(r, diag, "unreadable") : rc;
}

static int next_block(struct record_reader *r, struct diag *diag)
{
	struct recording_block *b = &r->block;
	int rc;

	if (r->ended)
		return 0;
	if (!r->in_block) {
		rc = need(r, b, sizeof(*b), diag);
		if (rc <= 0)
			return rc;
		if (!b->stored) {
			r->ended = true;
			return 0;
		}
		if (!block_fits(b))
			return cut_short(r, diag, "damaged");
		r->in_block = true;
	}
	rc = need(r, r->packed, b->stored, diag);
	if (rc <= 0)
		return rc;
	r->in_block = false;
	r->pos = r->len = 0;
	if (block_is_index(b))		/* of use to those who do not read all of it */
		return block_is_whole(b, r->packed) ? 1 : cut_short(r, diag, "damaged");
	if (block_unpack(b, r->packed, &r->columns, r->raw) < 0)
		return cut_short(r, diag, "damaged");
	r->len = block_raw(b);
	return 1;
}

int record_reader_next(struct record_reader *r, const struct record **ret_record, size_t *ret_avail, struct diag *diag)
{
	while (r->pos == r->len) {
		int rc = next_block(r, diag);

		if (rc <= 0)
			return rc;
	}
	const struct record *rec = (const struct record *)(r->raw + r->pos);
	size_t left = r->len - r->pos;

	if (left < sizeof(*rec) || rec->size < sizeof(*rec) || rec->size % 8 || rec->size > left ||
	    rec->size > RECORD_MAX) {
		r->pos = r->len;
		return cut_short(r, diag, "damaged");
	}
	r->pos += rec->size;
	if (!r->nrecords++)
		r->first_ns = r->last_ns = rec->ts_ns;
	r->last_ns = MAX(r->last_ns, rec->ts_ns);
	*ret_record = rec;
	*ret_avail = rec->size;
	return 1;
}

int record_reader_last(const struct record_reader *r, struct record_last *ret)
{
	return r->follow ? -ESPIPE : record_last(r->fd, ret);
}

bool record_reader_index(const struct record_reader *r, struct recording_index *ret)
{
	return !r->follow && index_read(r->fd, ret);
}

bool record_reader_follows(const struct record_reader *r) { return r->follow; }

void record_reader_close(struct record_reader *r)
{
	if (!r)
		return;
	close(r->fd);
	free(r->name);
	free(r->raw);
	free(r->packed);
	free(r->columns);
	free(r);
}
