/* SPDX-License-Identifier: MIT */
#include "abi/calm.h"

#include <errno.h>

#include "abi/spec.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"

/* Kernel-internal results which a tracer sees although the program never does (include/linux/errno.h). */
static const struct { int err; const char *name, *text; } internal[] = {
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

bool errno_is_calm(int err)
{
	switch (err) {
	case EAGAIN: case EINPROGRESS: case EALREADY: case EINTR: case ENOTTY: case ECHILD: return true;
	default: return errno_is_internal(err) && err <= 516;	/* those that restart a call */
	}
}

bool errno_is_internal(int err) { return err >= 512; }

bool errno_is_absence(int err)
{
	return err == ENOENT || err == ENOTDIR;
}

const char *errno_name(int err)
{
	for (unsigned i = 0; i < ARRAY_SIZE(internal); i++)
		if (internal[i].err == err)
			return internal[i].name;
	return err > 0 ? strerrorname_np(err) : NULL;
}

const char *errno_text(int err)
{
	const char *text;

	for (unsigned i = 0; i < ARRAY_SIZE(internal); i++)
		if (internal[i].err == err)
			return internal[i].text;
	text = strerrordesc_np(err);
	return text ? text : "Unknown error";
}
