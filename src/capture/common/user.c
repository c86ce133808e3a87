/* SPDX-License-Identifier: MIT */
#include "capture/common/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/macro.h"

static const struct passwd *look_up(const char *name)
{
	const struct passwd *pw = getpwnam(name);
	unsigned long uid;
	char *end;

	if (pw || *name < '0' || *name > '9')
		return pw;
	errno = 0;
	uid = strtoul(name, &end, 10);
	return *end || errno || uid > UINT32_MAX ? NULL : getpwuid((uid_t)uid);
}

int user_find(const char *name, struct run_as *ret_as, struct diag *diag)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return diag_set(diag, 125, EPERM,
				"--user: only root may run a command as another user; try: sudo compendium -u %s …",
				name);
	pw = look_up(name);
	if (!pw)
		return diag_set(diag, 125, ENOENT, "--user: there is no user \"%s\"; getent passwd lists them", name);
	*ret_as = (struct run_as){ .uid = pw->pw_uid, .gid = pw->pw_gid };
	for (int room = 16;; room *= 2) {
		ret_as->groups = xrealloc(ret_as->groups, (size_t)room * sizeof(gid_t));
		ret_as->ngroups = room;
		if (getgrouplist(pw->pw_name, pw->pw_gid, ret_as->groups, &ret_as->ngroups) >= 0)
			return 0;
	}
}

/* The calls themselves: libc's would have every thread do it, and takes locks that a copy of us may find taken. */
int user_become(const struct run_as *as)
{
	if (syscall(SYS_setgroups, as->ngroups, as->groups) < 0 ||
	    syscall(SYS_setresgid, as->gid, as->gid, as->gid) < 0 ||
	    syscall(SYS_setresuid, as->uid, as->uid, as->uid) < 0)
		return -errno;
	return 0;
}

int user_refused(const char *name, int err, struct diag *diag)
{
	return diag_set(diag, 125, err, "--user: the command cannot become %s: %s", name, strerror(err));
}
