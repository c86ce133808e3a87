#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# compendium beside its peers of today, in a Debian sid that has them:
#   bench/peers.sh [--root DIR] [--keep] [ARGUMENT OF bench/peers.py…]
# Makes a fresh root with debootstrap (root needed), installs what there is of
# strace, perf, bpftrace, bcc, libbpf-tools, uftrace, ltrace and sysdig, and runs
# bench/peers.py there with the static program. --root DIR takes a root that is
# there already. Prints Markdown; docs/peers.md is made of it.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"
keep='' given='' arguments=()
while [ $# -gt 0 ]; do
	case $1 in
	--root) given=$2; shift ;;
	--keep) keep=1 ;;
	-h | --help) sed -n '3,9s/^# //p' "$0"; exit ;;
	*) arguments+=("$1") ;;
	esac
	shift
done
peers=(strace linux-perf bpftrace bpfcc-tools libbpf-tools uftrace ltrace sysdig)

make -C "$source" static >&2
if [ -n "$given" ]; then
	[ "$(id -u)" -eq 0 ] || die "must be root (chroot)"
	root=$(realpath "$given") keep=1
	mount -t proc proc "$root/proc"
	mount -t sysfs sys "$root/sys"
	fill_dev
	trap clean_up EXIT
else
	fresh_root sid ca-certificates >&2
	inside apt-get -q update >&2
	inside apt-get -q install -y --no-install-recommends gcc libc6-dev make python3 findutils gzip coreutils >&2
	# One that is gone must not take the others with it.
	for package in "${peers[@]}"; do
		inside apt-get -q install -y --no-install-recommends "$package" >&2 || echo "peers: $package cannot be installed" >&2
	done
fi
# bpftrace and the libbpf-tools look into tracefs.
mountpoint -q "$root/sys/kernel/tracing" || mount -t tracefs tracefs "$root/sys/kernel/tracing"
trap 'umount -l "$root/sys/kernel/tracing" 2>/dev/null || true; clean_up >&2' EXIT
mkdir -p "$root/srv/peers"
cp -r "$source/bench" "$source/build-static/compendium" "$root/srv/peers/"
inside python3 /srv/peers/bench/peers.py "${arguments[@]}" /srv/peers/compendium
