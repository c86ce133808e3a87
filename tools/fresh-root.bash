# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A fresh Debian to try something in; for scripts that source this:
#   fresh_root SUITE PACKAGES   makes one with debootstrap, as $root, with /proc, /sys, /dev; at exit it is unmounted and
#                               removed, unless $keep is set. MIRROR and CACHE (debootstrap's downloads) may be set.
#   kept_root DIR               the same with one that was kept: mounts again what it needs, and keeps it.
#   inside COMMAND…             runs it there with CI's environment, no standard input and nothing of this shell's;
#                               ${as[@]} may hold an option of chroot, $home what HOME is.
die() { echo "$(basename "$0" .sh): $*" >&2; exit 1; }

root='' as=() home=/root

clean_up() {
	local point
	[ -n "$root" ] || return 0
	for point in dev/pts dev/shm dev proc sys; do
		! mountpoint -q "$root/$point" || umount -l "$root/$point"
	done
	! mountpoint -q "$root" || umount -l "$root"
	# Never delete through a mount that would not go.
	if grep -qE " $root(/| )" /proc/mounts; then
		echo "$(basename "$0" .sh): still mounted, left alone: $root" >&2
	elif [ -n "${keep-}" ]; then
		echo "$(basename "$0" .sh): kept: $root"
	else
		rm -rf --one-file-system "$root" "$root.log"
	fi
}

fill_dev() {
	local node
	mount -t tmpfs -o mode=755 dev "$root/dev"
	for node in null zero full random urandom tty; do
		cp -a "/dev/$node" "$root/dev/$node"
	done
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
	mount -t tmpfs shm "$root/dev/shm"
	mknod -m 666 "$root/dev/ptmx" c 5 2
	ln -s /proc/self/fd "$root/dev/fd"
}

# A mirror that was frozen some weeks ago has lists that apt takes for too old.
bear_frozen_mirror() {
	local until
	until=$(sed -n 's/^Valid-Until: //p' "$root"/var/lib/apt/lists/*_dists_"$1"_*Release 2>/dev/null | head -n 1)
	if [ -n "$until" ] && [ "$(date -d "$until" +%s)" -lt "$(date +%s)" ]; then
		echo "== the mirror's $1 was valid until $until: apt is asked not to mind"
		echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/00frozen-mirror"
	fi
}

mount_root() {
	# a mount point, as / is everywhere else: unshare(1) changes its propagation
	mount --bind "$root" "$root"
	mount --make-private "$root"
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sys "$root/sys"
	fill_dev
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

fresh_root() {
	local suite=$1 packages=$2 mirror start=$SECONDS
	[ "$(id -u)" -eq 0 ] || die "must be root (debootstrap, chroot)"
	command -v debootstrap >/dev/null || die "install debootstrap first"
	# the mirror this machine's own packages come from; it has the other suites too
	# apt expands what looks like a variable here.
	# shellcheck disable=SC2016
	mirror=${MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | awk '/debian\/?$/ { print $2; exit }')}
	[ -n "$mirror" ] || die "no mirror of Debian in apt's sources; set MIRROR"
	root=$(mktemp -d /var/tmp/compendium-root.XXXXXX)
	chmod 755 "$root" # it becomes /, for every user in there
	trap clean_up EXIT
	echo "== a minimal $suite in $root"
	[ -z "${CACHE-}" ] || mkdir -p "$CACHE" # debootstrap makes none
	debootstrap --variant=minbase ${CACHE:+--cache-dir="$CACHE"} --include="$packages" "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
		{ tail "$root.log" >&2; keep=''; exit 1; } # half a root is of no use
	rm -f "$root.log"
	echo "== a minimal $suite ($(cat "$root/etc/debian_version")): $((SECONDS - start)) s, $(du -smx "$root" | cut -f1) MB"
	mount_root
	# A network that signs with its own authority: trust it inside as outside.
	cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
	bear_frozen_mirror "$suite"
}

kept_root() {
	[ "$(id -u)" -eq 0 ] || die "must be root (chroot)"
	root=$(realpath -- "$1")
	# What is mounted is in use; and / is no root to mount in.
	if [ ! -e "$root/etc/debian_version" ] || [ "$root" = / ]; then
		die "not a root that was kept: $1"
	fi
	! grep -qE " $root(/| )" /proc/mounts || die "in use (mounted): $root"
	keep=1
	trap clean_up EXIT
	mount_root
}

inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" CI=true LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt chroot "${as[@]}" "$root" "$@" </dev/null
}
