#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Proves on a fresh Debian what the README promises:
#   tools/check-clean-root.sh [SUITE] [--deb] [--user] [--keep] [TARGET…]
#   tools/check-clean-root.sh --in ROOT [--deb] [--commit REV] [TARGET…]
# SUITE is bookworm (default), trixie, sid. Makes a minimal one with debootstrap
# (root needed) that has only git and make, clones the current commit into it and
# runs make TARGET there; by default make, make demo, make check; with --user as
# an ordinary user who may use sudo. With --deb it has not even these: the
# package that make deb built is installed, used and removed. Everything is
# unmounted and removed at the end; with --keep only unmounted. --in takes such a
# root, with what was installed there, and clones into it anew: the current
# commit, or REV. TARGET may be a task of tools/setup.sh: "setup=check" installs
# what make check needs and builds nothing. CACHE=DIR keeps debootstrap's downloads.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"
suite='' keep='' deb='' in='' commit='' packages=git,make,ca-certificates targets=()
while [ $# -gt 0 ]; do
	case $1 in
	--deb) deb=1 ;;
	--user) packages+=,sudo as=(--userspec=user:user) home=/home/user ;;
	--keep) keep=1 ;;
	--in | --commit)
		[ $# -ge 2 ] || die "$1 needs a word after it"
		if [ "$1" = --in ]; then in=$2; else commit=$2; fi
		shift
		;;
	-*) sed -n '3,15s/^# //p' "$0" >&2; exit 2 ;;
	*) targets+=("$1") ;;
	esac
	shift
done
[ -n "$in" ] || [ ${#targets[@]} -eq 0 ] || { suite=${targets[0]} targets=("${targets[@]:1}"); }
suite=${suite:-bookworm}
[ ${#targets[@]} -gt 0 ] || targets=(all demo check)
if [ -n "$deb" ]; then
	packages=ca-certificates
	# the newest; their names have no odd characters
	# shellcheck disable=SC2012
	deb=$(ls -t "$source"/build/deb/compendium_*.deb 2>/dev/null | head -n 1)
	[ -n "$deb" ] || die "there is no package in build/deb; run make deb first"
fi

if [ -n "$in" ]; then
	kept_root "$in"
	suite=$(sed -n 's/^VERSION_CODENAME=//p' "$root/etc/os-release")
else
	fresh_root "$suite" "$packages"
fi

if [ -n "$deb" ]; then
	echo "== $(basename "$deb") in $suite"
	start=$SECONDS
	"$source/tests/package/deb.sh" "$root" "$deb"
	echo "== $(basename "$deb") in $suite: $((SECONDS - start)) s"
	exit 0
fi

# Only git and make may be there: what a build finds by luck proves nothing.
rm -rf --one-file-system "$root/srv/compendium"
git clone -q --no-hardlinks "file://$source" "$root/srv/compendium"
[ -z "$commit" ] || git -C "$root/srv/compendium" checkout -q --detach "$commit"
echo "== commit $(git -C "$root/srv/compendium" rev-parse --short HEAD) in $root"
if [ ${#as[@]} -gt 0 ]; then
	chroot "$root" id user >/dev/null 2>&1 || chroot "$root" useradd --create-home user
	echo 'user ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/user"
	chroot "$root" chown -R user:user /srv/compendium
fi
for target in "${targets[@]}"; do
	command=(make -C /srv/compendium "$target")
	[[ $target != setup=* ]] || command=(/srv/compendium/tools/setup.sh "${target#setup=}")
	echo "== ${command[*]}"
	start=$SECONDS
	inside "${command[@]}"
	echo "== ${command[*]}: $((SECONDS - start)) s, the root has $(du -smx "$root" | cut -f1) MB"
done
