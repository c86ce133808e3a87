#!/usr/bin/env bash
# Proves on a fresh Debian what the README promises:
#   tools/check-clean-root.sh [SUITE] [--deb] [--user] [--keep] [TARGET…]
# SUITE is bookworm (default), trixie, sid. Makes a minimal one with debootstrap
# (root needed) that has only git and make, clones the current commit into it and
# runs make TARGET there; by default make, make demo, make check; with --user as
# an ordinary user who may use sudo. With --deb it has not even these: the
# package that make deb built is installed, used and removed. Everything is
# unmounted and removed at the end. CACHE=DIR keeps debootstrap's downloads.
set -euo pipefail

suite='' keep='' deb='' packages=git,make,ca-certificates as=() home=/root targets=()
while [ $# -gt 0 ]; do
	case $1 in
	--deb) deb=1 ;;
	--user) packages+=,sudo as=(--userspec=user:user) home=/home/user ;;
	--keep) keep=1 ;;
	-*) sed -n '2,10s/^# //p' "$0" >&2; exit 2 ;;
	*) if [ -z "$suite" ]; then suite=$1; else targets+=("$1"); fi ;;
	esac
	shift
done
suite=${suite:-bookworm}
[ ${#targets[@]} -gt 0 ] || targets=(all demo check)
die() { echo "check-clean-root: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || die "must be root (debootstrap, chroot)"
command -v debootstrap >/dev/null || die "install debootstrap first"
source=$(cd "$(dirname "$0")/.." && pwd)
if [ -n "$deb" ]; then
	packages=ca-certificates
	# the newest; their names have no odd characters
	# shellcheck disable=SC2012
	deb=$(ls -t "$source"/build/deb/compendium_*.deb 2>/dev/null | head -n 1)
	[ -n "$deb" ] || die "there is no package in build/deb; run make deb first"
fi

# the mirror this machine's own packages come from; it has the other suites too
# apt expands what looks like a variable here.
# shellcheck disable=SC2016
mirror=${MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | awk '/debian\/?$/ { print $2; exit }')}
[ -n "$mirror" ] || die "no mirror of Debian in apt's sources; set MIRROR"
root=$(mktemp -d /var/tmp/compendium-root.XXXXXX)
chmod 755 "$root" # it becomes /, for every user in there

clean_up() {
	local point
	for point in dev/pts dev/shm dev proc sys; do
		! mountpoint -q "$root/$point" || umount -l "$root/$point"
	done
	# Never delete through a mount that would not go.
	if grep -q " $root/" /proc/mounts; then
		echo "check-clean-root: still mounted, left alone: $root" >&2
	elif [ -n "$keep" ]; then
		echo "check-clean-root: kept: $root"
	else
		rm -rf --one-file-system "$root"
	fi
}
trap clean_up EXIT

echo "== a minimal $suite in $root"
start=$SECONDS
debootstrap --variant=minbase ${CACHE:+--cache-dir="$CACHE"} --include="$packages" "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
	{ tail "$root.log" >&2; exit 1; }
rm -f "$root.log"
echo "== a minimal $suite ($(cat "$root/etc/debian_version")): $((SECONDS - start)) s, $(du -sm "$root" | cut -f1) MB"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys"
mount -t tmpfs -o mode=755 dev "$root/dev"
for node in null zero full random urandom tty; do
	cp -a "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
mount -t tmpfs shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
# A mirror that was frozen some weeks ago has lists that apt takes for too old.
until=$(sed -n 's/^Valid-Until: //p' "$root"/var/lib/apt/lists/*_dists_"$suite"_*Release 2>/dev/null | head -n 1)
if [ -n "$until" ] && [ "$(date -d "$until" +%s)" -lt "$(date +%s)" ]; then
	echo "== the mirror's $suite is of before $until: apt is asked not to mind"
	echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/00frozen-mirror"
fi
# A network that signs with its own authority: trust it inside as outside.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

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
	# No standard input and CI's environment, nothing of this shell's.
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" CI=true LANG=C.UTF-8 \
		NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
		chroot "${as[@]}" "$root" make -C /srv/compendium "$target" </dev/null
	echo "== make $target: $((SECONDS - start)) s, the root has $(du -smx "$root" | cut -f1) MB"
done
