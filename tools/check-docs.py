#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fail when a link, an anchor or a path that a document names is not there.

usage: tools/check-docs.py ROOT

The operations of docs/report-format.md are those of src/abi/meaning.h.  Looks at every .md file outside build folders.  A link ([text](FILE#anchor)) has to lead to a file below ROOT and to one
of its headings; a path between backquotes (`src/base/text.h`, `docs/`) has to be there when it begins with one of the
tree's folders.  Nothing is fetched: links to other hosts are not followed.
"""
import pathlib
import re
import sys

LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^\s*```.*?^\s*```", re.M | re.S)
CODE = re.compile(r"`([^`\n]+)`")
FOLDERS = ("src/", "tests/", "tools/", "docs/", "bench/", "man/", "packaging/", "report/", "findings/", "completions/")
MADE = ("report/dist", "report/template.html", "report/node_modules", "bench/out")     # by a build
SKIP = re.compile(r"(^|/)(build[^/]*|node_modules|\.git|out)/")


def anchors(text):
    """The names that GitHub gives to the headings: lower case, punctuation gone, spaces to hyphens, -1 for the second."""
    seen, names = {}, set()
    for heading in re.findall(r"^#+ +(.*)$", FENCE.sub("", text), re.M):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        name = re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")
        number = seen.get(name, 0)
        seen[name] = number + 1
        names.add(f"{name}-{number}" if number else name)
    return names


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def links(root, path, text):
    for match in LINK.finditer(text):
        to, _, anchor = match[1].partition("#")
        if re.match(r"[a-z]+:", to):
            continue
        target = (path.parent / to).resolve() if to else path
        where = f"{path.relative_to(root)}:{line_of(text, match.start())}"
        if not target.exists():
            yield f"{where}: {match[1]}: there is no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            yield f"{where}: {match[1]}: {target.name} has no such heading"


def is_there(root, name):
    name = re.sub(r":\d+$", "", name).split("#")[0]
    if any(c in name for c in "*{…<") or re.search(r"\b(NAME|FILE|SUITE|VERSION|CALL|X)\b", name) or name.startswith(MADE):
        return True     # a pattern, or made by a build
    return (root / name).exists()


def paths(root, path, text):
    for match in CODE.finditer(text):
        for word in match[1].split():
            word = word.strip(",;:()")
            if word.startswith(FOLDERS) and not is_there(root, word):
                yield f"{path.relative_to(root)}:{line_of(text, match.start())}: `{word}`: there is no such file"


def named_in_code(root):
    """Pages that help and messages name."""
    for path in sorted((root / "src").rglob("*.[ch]")):
        text = path.read_text()
        for match in re.finditer(r"\bdocs/[\w-]+\.md\b", text):
            if not (root / match[0]).exists():
                yield f"{path.relative_to(root)}:{line_of(text, match.start())}: {match[0]}: there is no such file"


def operations(root):
    """The table of section 5 of the report's format has the rows of OPS, and no others."""
    page, rows = root / "docs/report-format.md", root / "src/abi/meaning.h"
    table = re.search(r"^\| op \|.*\n\|[-|]+\n((?:\|.*\n)+)", page.read_text(), re.M)
    if not table:
        yield f"{page.relative_to(root)}: there is no table of operations"
        return
    named = {op for row in table[1].splitlines() for op in re.findall(r"`(\w+)`", row.split("|")[1])}
    made = set(re.findall(r'X\([A-Z]+, "(\w+)"\)', rows.read_text()))
    yield from (f"{page.relative_to(root)}: `{op}`: {rows.relative_to(root)} has no such operation" for op in sorted(named - made))
    yield from (f"{page.relative_to(root)}: `{op}` of {rows.relative_to(root)} is not there" for op in sorted(made - named))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1]).resolve()
    wrong = nlinks = 0
    for path in sorted(root.rglob("*.md")):
        if SKIP.search(str(path.relative_to(root))):
            continue
        text = path.read_text()
        nlinks += len(LINK.findall(text))
        for problem in [*links(root, path, text), *paths(root, path, text)]:
            wrong += 1
            print(problem)
    for problem in [*named_in_code(root), *operations(root)]:
        wrong += 1
        print(problem)
    if not nlinks:
        print(f"no documents with links below {root}")
    return 1 if wrong or not nlinks else 0


if __name__ == "__main__":
    sys.exit(main())
