/* SPDX-License-Identifier: MIT */
#include "base/kernel.h"

#include <stdio.h>
#include <sys/utsname.h>

bool kernel_is_older(unsigned major, unsigned minor)
{
	struct utsname u;
	unsigned have_major = 0, have_minor = 0;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &have_major, &have_minor) != 2)
		return false;
	return have_major != major ? have_major < major : have_minor < minor;
}
