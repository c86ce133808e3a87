#!/usr/bin/env bash
# Proves the two commands of the README on a system that has only git and make:
#   tools/check-clean-root.sh [--suite bookworm] [--user] [--keep] [TARGET…]
# Makes a minimal Debian with debootstrap (root needed), clones the current
# commit into it and runs make TARGET there; by default make, make demo, make
# check; with --user as an ordinary user who may use sudo. Everything is
# unmounted and removed at the end.
set -euo pipefail

suite=bookworm keep='' packages=git,make,ca-certificates as=() home=/root
while [ $# -gt 0 ]; do
	case $1 in
	--suite) suite=$2; shift 2 ;;
	--user) packages+=,sudo as=(--userspec=user:user) home=/home/user; shift ;;
	--keep) keep=1; shift ;;
	-*) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || set -- all demo check
[ "$(id -u)" -eq 0 ] || { echo "check-clean-root: must be root (debootstrap, chroot)" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "check-clean-root: install debootstrap first" >&2; exit 1; }

# the mirror this machine's own packages come from; it has the other suites too
# apt expands what looks like a variable here.
# shellcheck disable=SC2016
mirror=${MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | awk '/debian\/?$/ { print $2; exit }')}
[ -n "$mirror" ] || { echo "check-clean-root: no mirror of Debian in apt's sources; set MIRROR" >&2; exit 1; }
source=$(cd "$(dirname "$0")/.." && pwd)
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
debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
	{ tail "$root.log" >&2; exit 1; }
rm -f "$root.log"
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
# A network that signs with its own authority: trust it inside as outside.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

# Only git and make may be there: what a build finds by luck proves nothing.
git clone -q --no-hardlinks "file://$source" "$root/srv/compendium"
if [ ${#as[@]} -gt 0 ]; then
	chroot "$root" useradd --create-home user
	echo 'user ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/user"
	chroot "$root" chown -R user:user /srv/compendium
fi
for target; do
	echo "== make $target"
	start=$SECONDS
	# No standard input and CI's environment, nothing of this shell's.
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" CI=true LANG=C.UTF-8 \
		NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
		chroot "${as[@]}" "$root" make -C /srv/compendium "$target" </dev/null
	echo "== make $target: $((SECONDS - start)) s"
done
