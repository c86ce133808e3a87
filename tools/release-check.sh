#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a release needs and a program can check: tools/release-check.sh
# Builds tarball, package and static program from the commit that is checked out,
# tries them, and prints their SHA-256; ends at the first thing that is wrong.
# CONTRIBUTING.md has the other steps.
set -euo pipefail
cd "$(dirname "$0")/.."

die() { echo "release-check: $*" >&2; exit 1; }
say() { echo "== $*"; }

version=$(sed -n "s/^project('compendium', 'c', version: '\([^']*\)'.*/\1/p" meson.build)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-rc[0-9]+)?$ ]] || die "meson.build: \"$version\" is no version (1.2.3 or 1.2.3-rc1)"
say "version $version"
[ -z "$(git status --porcelain --untracked-files=no)" ] || die "there are uncommitted changes"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || die "the tag v$version exists already; meson.build needs the next version"
grep -qE "^## ${version//./\\.}\b" CHANGELOG.md || die "CHANGELOG.md has no section \"## $version\""
# One place: no other file may name it as the program's.
others=$(git grep -lF "'$version'" -- ':!meson.build' ':!CHANGELOG.md' || true)
[ -z "$others" ] || die "the version stands in other files, too: $others"

say "tarball"
make -s deb static >/dev/null
tarball=build/meson-dist/compendium-$version.tar.xz deb=build/deb/compendium_${version//-/\~}_amd64.deb
[ -f "$tarball" ] || die "make dist made no $tarball"
tests/package/dist.sh "$tarball"
say "package (lintian: $(grep -c '^[EW]:' build/deb/lintian.txt || true) problems)"
[ "$(dpkg-deb -f "$deb" Version)" = "${version//-/\~}" ] || die "$deb has another version"
say "static program"
tests/package/static.sh build-static/compendium
[ "$(build-static/compendium --version | head -n 1)" = "compendium $version" ] || die "the static program says another version"
say "recordings of earlier versions"
for recording in tests/golden/*.cpd; do
	build-static/compendium --read "$recording" >/dev/null 2>&1 || die "$recording cannot be read"
done
say "ready to be tagged: git tag -s v$version"
sha256sum "$tarball" "$deb" build-static/compendium
