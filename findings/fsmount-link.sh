#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux 6.18: the descriptors of fsmount(2) and of open_tree(2) with OPEN_TREE_CLONE are mounts that are attached nowhere,
# and their links in /proc/PID/fd are "/": the same as that of a descriptor of the root directory, not the name of a kind
# (as "anon_inode:[fscontext]" of fsopen's), not what was cloned, and without "(unreachable)" or "(deleted)". Once the
# mount is attached, the link of the same descriptor is its place.
#
#   fsopen: anon_inode:[fscontext]
#   fsmount: / (another file than /)
#   open_tree of /usr, cloned: / (another file than /, the same as /usr)
#   fsmount, attached: /mnt
#   open of /: /
#
# Who names files by these links takes each new mount for the root directory; the mount number in fdinfo, which is in no
# mountinfo, or the device tells them apart.
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

fresh_root bookworm ca-certificates
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends gcc=4:12.2.0-3 libc6-dev >/dev/null
uname -sr
inside gcc --version | head -n 1

cat >"$root/tmp/link.c" <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int same(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void show(const char *what, int fd)
{
	char name[64], link[256] = "";

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (fd < 0 || readlink(name, link, sizeof(link) - 1) < 0)
		perror(what);
	printf("%s: %s", what, link);
	if (!strcmp(link, "/") && !same(fd, "/"))
		printf(" (another file than /%s)", same(fd, "/usr") ? ", the same as /usr" : "");
	putchar('\n');
}

int main(void)
{
	int context, mounted, cloned;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	context = fsopen("tmpfs", 0);
	show("fsopen", context);
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return 1;
	mounted = fsmount(context, 0, 0);
	show("fsmount", mounted);
	cloned = open_tree(AT_FDCWD, "/usr", OPEN_TREE_CLONE);
	show("open_tree of /usr, cloned", cloned);
	if (move_mount(mounted, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return 1;
	show("fsmount, attached", mounted);
	show("open of /", open("/", O_PATH));
	return 0;
}
C
inside gcc -Wall -O1 -o /tmp/link /tmp/link.c
got=$(inside /tmp/link)
echo "$got"
[ "$got" = "fsopen: anon_inode:[fscontext]
fsmount: / (another file than /)
open_tree of /usr, cloned: / (another file than /, the same as /usr)
fsmount, attached: /mnt
open of /: /" ] || { echo "CHANGED: see above"; exit 1; }
echo "as found: the mount of a descriptor that is attached nowhere has the name of the root directory"
