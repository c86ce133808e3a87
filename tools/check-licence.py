#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fail when a source file does not name its licence in its first lines.

usage: tools/check-licence.py [--fix] ROOT

--fix writes the line into each file that lacks it.  BPF programs, which the kernel loads, are MIT or GPL; everything
else is MIT (LICENSE).
"""
import argparse
import pathlib
import sys

# How a comment of one line is written, by the end of the name; other files (documents, recordings, pictures) need none.
COMMENT = {
    **dict.fromkeys([".c", ".h", ".def", ".S", ".css"], "/* {} */"),
    **dict.fromkeys([".ts", ".tsx", ".mts", ".mjs", ".js", ".cjs"], "// {}"),
    **dict.fromkeys([".py", ".sh", ".bash", ".pl", ".build"], "# {}"),
}
NAMED = {"Makefile": "# {}", "meson_options.txt": "# {}", ".ci/run": "# {}", "packaging/debian/rules": "# {}"}
FOLDERS = ["src", "tests", "tools", "bench", "man", "report", "packaging", "findings"]
NOT_OURS = {"node_modules", "dist", "__pycache__", "out", ".out"}
TAG = "SPDX-License-Identifier: "


def sources(root):
    """Each source file below root and the form of its comments."""
    for name, form in NAMED.items():
        if (root / name).exists():
            yield root / name, form
    for path in [*root.glob("*.build"), *(p for folder in FOLDERS for p in sorted((root / folder).rglob("*")))]:
        if path.suffix in COMMENT and path.is_file() and not NOT_OURS & set(path.relative_to(root).parts):
            yield path, COMMENT[path.suffix]


def licence(path):
    return "MIT OR GPL-2.0-only" if ".bpf." in path.name else "MIT"


def add(path, line):
    text = path.read_text()
    first, rest = text.split("\n", 1) if text.startswith("#!") else (None, text)
    path.write_text("\n".join([first, line, rest] if first else [line, rest]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("root", type=pathlib.Path)
    args = parser.parse_args()
    wrong = seen = 0
    for path, form in sources(args.root):
        seen += 1
        line = form.format(TAG + licence(path))
        head = path.read_text(errors="replace").split("\n")[:2]
        if line in head:
            continue
        if args.fix and not any(TAG in text for text in head):
            add(path, line)
            continue
        wrong += 1
        print(f"{path.relative_to(args.root)}: the first line (after #!) is to be: {line}")
    if wrong:
        print("tools/check-licence.py --fix . adds what is missing")
    if not seen:
        print(f"no source files below {args.root}")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
