#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fail when a file under src/ includes a header from a layer above its own, or when files need each other in a circle.

usage: tools/check-layers.py SRC [BUILD]

A mirror, not a jail: when the order is wrong, change it here and say why.

With BUILD, the objects in it say which file uses which: X.c needs Y.c when X's object refers to a function or table that
Y's defines, whatever header declares it.  Files that need each other in a circle can only be read, tested and changed
together; the remedy is a file below both, or a list that the lower one keeps and the upper one joins.
"""
import collections
import pathlib
import re
import subprocess
import sys

# What each layer may include besides itself, bottom to top.
ALLOWED = {
    "base": "",
    "record": "base",
    "abi": "base",
    "filter": "base abi",
    "capture": "base record abi filter",
    # capture and decode never see each other: they share record/ and abi/.
    "decode": "base record abi",
    "redact": "base record abi decode",
    "event": "base abi decode",
    "model": "base record abi decode event",
    "analyze": "base record abi filter decode event model",
    "row": "base record abi filter decode event model analyze",
    "sink": "base record abi filter decode event model analyze row",
    "cli": "base record abi filter capture decode redact event model analyze row sink",
}
# The numbers of traced calls are the kernel's business: elsewhere code looks at
# argument types, effects or event kinds. (SYS_… is for a call of our own.)
NUMBERS_ALLOWED = {"abi", "capture"}

# Facts: tables, numbers, names as the kernel has them, the program's bytes.  Words, quotes and what is safe for a terminal
# are made in sink/ (docs/values.md): here nothing includes what makes them, and no string has a character beyond ASCII.
FACTS = {"abi", "event", "decode", "model", "analyze"}
MAKES_TEXT = {"base/text.h", "base/human.h"}
# Here no string is prose, either: the other folders have titles and reasons as parts of their rows.
WORDLESS = {"decode", "model"}
PROSE = re.compile(r"[a-z,;:] [a-z]")

INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
INCLUDES = re.compile(INCLUDE.pattern, re.MULTILINE)
NUMBER = re.compile(r"\b__NR_[a-z0-9_]+\b")


def problems(root, path):
    layer = path.relative_to(root).parts[0]
    if layer not in ALLOWED:
        yield 1, f"{layer}/ is no known layer; add it to {sys.argv[0]}"
        return
    allowed = {layer, *ALLOWED[layer].split()}
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if match := INCLUDE.match(line):
            target = match[1]
            if target.startswith("."):
                yield number, f'"{target}": include from the top of src/, as "layer/file.h"'
            elif "/" in target and target.split("/")[0] not in allowed:
                yield number, f"{layer}/ may not include {target}"
        if layer not in NUMBERS_ALLOWED and (match := NUMBER.search(line)):
            yield number, f"{match[0]}: syscall numbers belong to abi/ and capture/ only"


def words(root, path):
    """Text that is made for a reader where only facts belong."""
    if path.relative_to(root).parts[0] not in FACTS:
        return
    source = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), path.read_text(errors="replace"))
    for number, line in enumerate(source.splitlines(), 1):
        if (match := INCLUDE.match(line)) and match[1] in MAKES_TEXT:
            yield number, f"{match[1]}: facts are worded and made safe in sink/"
        elif literal := next((found[1] for found in LITERAL.finditer(line) if not found[1].isascii()), None):
            yield number, f'"{literal}": words for a reader belong to sink/'
        elif path.relative_to(root).parts[0] in WORDLESS and (match := next(filter(PROSE.search, LITERAL.findall(line)), None)):
            yield number, f'"{match}": words for a reader belong to sink/'


def objects(root, build):
    """The object of each compiled source; one of a source that is gone, in an old build folder, is passed over."""
    sources = {str(p.relative_to(root)).replace("/", "_") + ".o": p for p in root.rglob("*.c")}
    for path in sorted([*build.glob("src/*.a.p/*.o"), *build.glob("compendium.p/*.o")]):
        if source := sources.get(path.name.removeprefix("src_")):
            yield path, str(source.relative_to(root))


def uses(root, build):
    """{file: {file it needs: names of what it uses there}}"""
    sources = {str(path): source for path, source in objects(root, build)}
    needs, defines, graph = {source: [] for source in sources.values()}, {}, collections.defaultdict(dict)
    # one process for all of them: starting one for each takes half a minute on a busy machine
    listing = subprocess.run(["nm", "-A", "-P", *sources], capture_output=True, text=True, check=True).stdout if sources else ""
    for line in listing.splitlines():
        path, _, rest = line.partition(": ")
        name, kind = rest.split()[:2]
        if kind in "Uw":
            needs[sources[path]].append(name)
        elif kind.isupper():
            defines[name] = sources[path]
    for source, names in needs.items():
        for name in names:
            if defines.get(name, source) != source:
                graph[source].setdefault(defines[name], []).append(name)
    return graph, len(needs)


def header_uses(root):
    """{header: {header it includes: ["included"]}}"""
    headers = {str(p.relative_to(root)): p.read_text(errors="replace") for p in root.rglob("*.h")}
    return {name: {to: ["included"] for to in INCLUDES.findall(text) if to in headers} for name, text in headers.items()}


def circles(graph):
    """The strongly connected components of more than one file (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        for other in graph.get(file, ()):
            if other not in index:
                visit(other)
            if other in stack:
                low[file] = min(low[file], low[other])
        if low[file] == index[file]:
            at = stack.index(file)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for file in sorted(graph):
        if file not in index:
            visit(file)
    return [c for c in found if len(c) > 1]


def circle_text(graph, circle):
    yield "in a circle: " + " ".join(circle)
    for file in circle:
        for other in sorted(set(graph[file]) & set(circle)):
            yield f"    {file} needs {other}: {' '.join(sorted(graph[file][other]))}"


def circle_problems(root, build):
    graph, count = uses(root, build)
    if not count:
        sys.exit(f"check-layers: no objects under {build}; build first")
    graph.update(header_uses(root))
    for circle in circles(graph):
        yield "\n".join(circle_text(graph, circle))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: check-layers.py SRC [BUILD]")
    root = pathlib.Path(sys.argv[1])
    files = sorted(p for p in root.rglob("*.[chS]") if len(p.relative_to(root).parts) > 1)
    if not files:
        sys.exit(f"check-layers: no sources under {root}")
    found = [f"{path}:{line}: {text}" for path in files for line, text in [*problems(root, path), *words(root, path)]]
    found += [f"{layer}/ has no sources; take it out of {sys.argv[0]}" for layer in ALLOWED if not any(root.glob(f"{layer}/**/*.[chS]"))]
    if len(sys.argv) == 3:
        found += circle_problems(root, pathlib.Path(sys.argv[2]))
    print("\n".join(found) if found else f"{len(files)} files, every include points down")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
