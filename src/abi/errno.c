/* SPDX-License-Identifier: MIT */
#include "abi/calm.h"

#include <errno.h>

#include "abi/spec.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"

/*
 * What C libraries have no name for: kernel-internal results, which a tracer sees although the program never does
 * (include/linux/errno.h), and an error that is younger than some of the libraries.
 */
static const struct { int err; const char *name, *text; } unnamed[] = {
	{ 134, "EFTYPE", "Inappropriate file type or format" },	/* glibc's words */
	{ 512, "ERESTARTSYS", "To be restarted if SA_RESTART is set" },
	{ 513, "ERESTARTNOINTR", "To be restarted" },
	{ 514, "ERESTARTNOHAND", "To be restarted if no handler" },
	{ 515, "ENOIOCTLCMD", "No ioctl command" },
	{ 516, "ERESTART_RESTARTBLOCK", "Interrupted by signal" },
	{ 517, "EPROBE_DEFER", "Driver requests probe retry" },
	{ 518, "EOPENSTALE", "Open found a stale dentry" },
	{ 519, "ENOPARAM", "Parameter not supported" },
	{ 521, "EBADHANDLE", "Illegal NFS file handle" },
	{ 522, "ENOTSYNC", "Update synchronization mismatch" },
	{ 523, "EBADCOOKIE", "Cookie is stale" },
	{ 524, "ENOTSUPP", "Operation is not supported" },
	{ 525, "ETOOSMALL", "Buffer or request is too small" },
	{ 526, "ESERVERFAULT", "An untranslatable error occurred" },
	{ 527, "EBADTYPE", "Type not supported by server" },
	{ 528, "EJUKEBOX", "Request initiated, but will not complete before timeout" },
	{ 529, "EIOCBQUEUED", "Asynchronous I/O queued, will get completion event" },
	{ 530, "ERECALLCONFLICT", "Conflict with recalled state" },
	{ 531, "ENOGRACE", "NFS file lock reclaim refused" },
};

static const struct { unsigned short says; const char *answers[2]; } rows[] = {
	[EAGAIN] = { ERR_CALM | ERR_STATE | ERR_UNDER_WAY | ERR_PENDING, { NULL } },
	[EINPROGRESS] = { ERR_CALM | ERR_STATE | ERR_UNDER_WAY | ERR_PENDING, { NULL } },
	[EALREADY] = { ERR_CALM | ERR_STATE | ERR_UNDER_WAY, { NULL } },
	[EINTR] = { ERR_CALM | ERR_STATE | ERR_UNDER_WAY, { NULL } },
	[ENOTTY] = { ERR_CALM | ERR_STATE, { "ioctl" } },
	[ECHILD] = { ERR_CALM | ERR_STATE, { NULL } },
	[EISCONN] = { ERR_STATE | ERR_CONNECTED, { NULL } },
	[ENOSYS] = { ERR_STATE, { NULL } },
	[ESRCH] = { ERR_STATE, { NULL } },
	[ESPIPE] = { ERR_STATE, { "lseek" } },
	[ETIMEDOUT] = { ERR_STATE, { "futex", "restart_syscall" } },
	[EINVAL] = { ERR_STATE | ERR_NO_SUCH_ATTRIBUTE, { "readlink", "readlinkat" } },	/* no symbolic link */
	[EBADF] = { 0, { "fcntl" } },	/* is it open? make's jobserver as gcc looks for it, a shell that saves one */
	[ENODATA] = { ERR_STATE | ERR_NO_SUCH_ATTRIBUTE, { NULL } },
	[ERANGE] = { ERR_STATE | ERR_NO_SUCH_ATTRIBUTE, { NULL } },
	[EOPNOTSUPP] = { ERR_STATE | ERR_NO_SUCH_ATTRIBUTE, { NULL } },
	[ENOENT] = { ERR_ABSENT, { NULL } },
	[ENOTDIR] = { ERR_ABSENT, { NULL } },
	[EEXIST] = { ERR_PRESENT, { NULL } },
	[EPERM] = { ERR_REFUSED, { NULL } },
	[EACCES] = { ERR_REFUSED, { NULL } },
	[ENOMEM] = { ERR_REFUSED, { NULL } },
	[ENOSPC] = { ERR_REFUSED, { NULL } },
	[EDQUOT] = { ERR_REFUSED, { NULL } },
	[EMFILE] = { ERR_REFUSED, { NULL } },
	[ENFILE] = { ERR_REFUSED, { NULL } },
};

unsigned errno_says(int err) { return err > 0 && err < (int)ARRAY_SIZE(rows) ? rows[err].says : 0; }

bool errno_is_calm(int err)
{
	return errno_says(err) & ERR_CALM || (errno_is_internal(err) && err <= 516);	/* those that restart a call */
}

bool errno_is_internal(int err) { return err >= 512; }
bool errno_is_absence(int err) { return errno_says(err) & ERR_ABSENT; }

bool errno_is_answer(int err, const char *call)
{
	const char *const *to = err > 0 && err < (int)ARRAY_SIZE(rows) ? rows[err].answers : NULL;

	return to && call && ((to[0] && !strcmp(to[0], call)) || (to[1] && !strcmp(to[1], call)));
}

const char *errno_name(int err)
{
	for (unsigned i = 0; i < ARRAY_SIZE(unnamed); i++)
		if (unnamed[i].err == err)
			return unnamed[i].name;
	return err > 0 ? strerrorname_np(err) : NULL;
}

const char *errno_text(int err)
{
	const char *text;

	for (unsigned i = 0; i < ARRAY_SIZE(unnamed); i++)
		if (unnamed[i].err == err)
			return unnamed[i].text;
	text = strerrordesc_np(err);
	return text ? text : "Unknown error";
}
