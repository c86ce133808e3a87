#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fail when docs/port-arm64.md does not name exactly the files under src/ that know of an architecture.

usage: tools/check-arch.py [--list]
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "port-arm64.md"
# Registers, numbers of architectures, memory layouts, names of directories; not the word in a comment.
KNOWS = re.compile(r"\bARCH_(X86_64|I386|X32)\b|\bAUDIT_ARCH_\w+|\buser_regs_struct\b|offsetof\(struct user,|PTRACE_(GET|SET)REGS\b(?!\")|\bpt_regs\b"
                   r"|TS_COMPAT|TARGET_ARCH|x86_64-linux-gnu|\bWIRE_ARCHES\b|PAGE(_BYTES)? = 4096")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def knowing():
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix in (".c", ".h", ".S") or path.name == "meson.build":
            if hits := KNOWS.findall(COMMENT.sub("", path.read_text(errors="replace"))):
                yield str(path.relative_to(ROOT)), len(hits)


def main():
    found = dict(knowing())
    if sys.argv[1:] == ["--list"]:
        print("\n".join(f"{number:4} {path}" for path, number in found.items()))
        return 0
    named = set(re.findall(r"`(src/[\w./-]+)`", PAGE.read_text()))
    wrong = [f"{path} knows of an architecture and is not in {PAGE.name}" for path in sorted(set(found) - named)] + \
            [f"{PAGE.name} names {path}, which knows of none" for path in sorted(named - set(found)) if path not in NUMBERS]
    print("\n".join(wrong) if wrong else f"{len(found)} files know of an architecture, all of them in {PAGE.name}")
    return bool(wrong)


# Tables whose numbers are x86-64's by position; nothing in them says so.
NUMBERS = {f"src/abi/spec_{family}.c" for family in "file io net mem proc signal ipc sys i386".split()} | {"src/abi/layout.h"}

if __name__ == "__main__":
    sys.exit(main())
