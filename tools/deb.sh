#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the Debian package from a source tarball: tools/deb.sh TARBALL OUTDIR
# Leaves OUTDIR/compendium_VERSION_amd64.deb and OUTDIR/lintian.txt. The version
# is the tarball's, that is meson.build's; debian/changelog is made from it.
# DEBFULLNAME and DEBEMAIL, when set, name the maintainer of this build.
set -euo pipefail

tarball=$(realpath "$1")
mkdir -p "$2"
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")/.." && pwd)

name=$(basename "$tarball" .tar.xz)
# dpkg sorts 1.0.0~rc1 before 1.0.0; a hyphen would begin a revision.
version=$(sed 's/^compendium-//; s/-/~/g' <<<"$name")
rm -rf "${out:?}/$name" "$out"/compendium_* "$out"/compendium-dbgsym_* "$out/lintian.txt"
tar -C "$out" -xf "$tarball"
cp -r "$out/$name/packaging/debian" "$out/$name/debian"
[ -z "${DEBEMAIL-}" ] ||
	sed -i "s/^Maintainer: .*/Maintainer: ${DEBFULLNAME:-$DEBEMAIL} <$DEBEMAIL>/" "$out/$name/debian/control"
"$here/tools/deb-changelog.py" "$out/$name/CHANGELOG.md" "${name#compendium-}" \
	"$(sed -n 's/^Maintainer: //p' "$out/$name/debian/control")" \
	"$(git -C "$here" log -1 --format=%aD 2>/dev/null || date -Rr "$tarball")" >"$out/$name/debian/changelog"

cd "$out/$name"
export DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-noautodbgsym}"
dpkg-buildpackage --build=binary --unsigned-changes >"$out/build.log" 2>&1 || { tail -n 40 "$out/build.log" >&2; exit 1; }
cd "$out"
rm -rf "${out:?}/$name"
lintian --allow-root --info --display-info --fail-on error,warning "compendium_${version}_amd64.changes" >lintian.txt 2>&1 ||
	{ cat lintian.txt >&2; echo "deb: lintian found something (above)" >&2; exit 1; }
ls -l "$out/compendium_${version}_amd64.deb"
