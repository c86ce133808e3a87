#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""debian/changelog from CHANGELOG.md: tools/deb-changelog.py CHANGELOG.md VERSION MAINTAINER DATE

VERSION is meson.build's.  Its section of CHANGELOG.md becomes the entry; while it is not released the section is
"Unreleased".  There being neither is an error.
"""
import re
import sys
import textwrap


def section(text, version):
    """The lines below "## VERSION …" or "## Unreleased"."""
    found = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        found.setdefault(title.split()[0], body)
    return found.get(version) or found.get("Unreleased")


def bullets(body):
    """Each "- " item as one line."""
    return [" ".join(item.split()) for item in re.findall(r"^- (.*?)(?=^- |^$|\Z)", body, flags=re.M | re.S)]


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    path, version, maintainer, date = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        body = section(file.read(), version)
    if not body or not bullets(body):
        sys.exit(f"deb-changelog: {path} has no section for {version}, and none named Unreleased")
    print(f"compendium ({version.replace('-', '~')}) unstable; urgency=medium\n")
    for item in bullets(body):
        print(textwrap.fill(item, 78, initial_indent="  * ", subsequent_indent="    ", break_long_words=False))
    print(f"\n -- {maintainer}  {date}")


if __name__ == "__main__":
    main()
