#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Proves on a fresh Debian what the README promises:
#   tools/check-clean-root.sh [SUITE] [--deb] [--user] [--keep] [TARGET…]
# SUITE is bookworm (default), trixie, sid. Makes a minimal one with debootstrap
# (root needed) that has only git and make, clones the current commit into it and
# runs make TARGET there; by default make, make demo, make check; with --user as
# an ordinary user who may use sudo. With --deb it has not even these: the
# package that make deb built is installed, used and removed. Everything is
# unmounted and removed at the end. CACHE=DIR keeps debootstrap's downloads.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"
suite='' keep='' deb='' packages=git,make,ca-certificates targets=()
while [ $# -gt 0 ]; do
	case $1 in
	--deb) deb=1 ;;
	--user) packages+=,sudo as=(--userspec=user:user) home=/home/user ;;
	--keep) keep=1 ;;
	-*) sed -n '3,11s/^# //p' "$0" >&2; exit 2 ;;
	*) if [ -z "$suite" ]; then suite=$1; else targets+=("$1"); fi ;;
	esac
	shift
done
suite=${suite:-bookworm}
[ ${#targets[@]} -gt 0 ] || targets=(all demo check)
if [ -n "$deb" ]; then
	packages=ca-certificates
	# the newest; their names have no odd characters
	# shellcheck disable=SC2012
	deb=$(ls -t "$source"/build/deb/compendium_*.deb 2>/dev/null | head -n 1)
	[ -n "$deb" ] || die "there is no package in build/deb; run make deb first"
fi

fresh_root "$suite" "$packages"

if [ -n "$deb" ]; then
	echo "== $(basename "$deb") in $suite"
	start=$SECONDS
	"$source/tests/package/deb.sh" "$root" "$deb"
	echo "== $(basename "$deb") in $suite: $((SECONDS - start)) s"
	exit 0
fi

# Only git and make may be there: what a build finds by luck proves nothing.
git clone -q --no-hardlinks "file://$source" "$root/srv/compendium"
if [ ${#as[@]} -gt 0 ]; then
	chroot "$root" useradd --create-home user
	echo 'user ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/user"
	chroot "$root" chown -R user:user /srv/compendium
fi
for target in "${targets[@]}"; do
	echo "== make $target"
	start=$SECONDS
	inside make -C /srv/compendium "$target"
	echo "== make $target: $((SECONDS - start)) s, the root has $(du -smx "$root" | cut -f1) MB"
done
