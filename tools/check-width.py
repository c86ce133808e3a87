#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fail when a line of C is wider than 120 columns (a tab is 8) outside a table, or a file is longer than 500 lines.

usage: tools/check-width.py ROOT [--count]

A table is what stands between `= {` and its `}`: rows are read down their columns, and cutting them hides those.
So are rows that a macro makes (ROW(…), LAYOUT(…), names_SET(…)) and lines that begin with `{` or `[`.
A file that is a table for more than half of its lines may be longer.
--count: how many there are, by file.
"""
import pathlib
import re
import sys

WIDTH, LENGTH = 120, 500
FOLDERS = ("src", "tests", "bench", "tools")
ROW = re.compile(r"\s*([{\[]|[A-Z][A-Z0-9_]*\(|#define \w+(\([^)]*\))? \{)")
INITIALIZER = re.compile(r"=\s*(\([\w\s*\[\]]+\)\s*)?\{|\b[A-Z_]*_SET\(|^#define [A-Z_]+ [NV]\(|^[A-Z][A-Z0-9_]*\(")
LITERAL = re.compile(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])+\'|/\*.*?\*/|//.*')


def lines(path):
    """(number, text, whether it is of a table) of each line."""
    depth = 0
    for number, text in enumerate(path.read_text(errors="replace").splitlines(), 1):
        bare = LITERAL.sub("", text)
        table = depth > 0 or bool(ROW.match(text))
        if depth > 0 or (INITIALIZER.search(bare) and not bare.rstrip().endswith("\\")):
            start = 0 if depth else INITIALIZER.search(bare).start()
            opened = sum(bare[start:].count(c) for c in "({") - sum(bare[start:].count(c) for c in ")}")
            table = table or opened > 0 or bool(INITIALIZER.match(bare))
            depth = max(0, depth + opened)
        yield number, text, table


def problems(path):
    wide, of_table, number = [], 0, 0
    for number, text, table in lines(path):
        of_table += table
        if len(text.expandtabs(8)) > WIDTH and not table:
            wide.append((number, f"{len(text.expandtabs(8))} columns"))
    if number > LENGTH and of_table < number / 2:
        wide.append((number, f"{number} lines: part the file"))
    return wide


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: check-width.py ROOT [--count]")
    root = pathlib.Path(sys.argv[1])
    files = sorted(p for f in FOLDERS for p in (root / f).rglob("*.[chS]") if "node_modules" not in p.parts)
    found = {str(p.relative_to(root)): problems(p) for p in files}
    if "--count" in sys.argv:
        for name, wide in sorted(found.items(), key=lambda item: -len(item[1])):
            if wide:
                print(f"{len(wide):5} {name}")
        return 0
    bad = [f"{name}:{number}: {text}" for name, wide in found.items() for number, text in wide]
    said = f"{len(files)} files, no line over {WIDTH} columns outside tables, none over {LENGTH} lines"
    print("\n".join(bad) if bad else said)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
