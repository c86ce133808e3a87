#!/usr/bin/env python3
"""Fail when a file under src/ includes a header from a layer above its own.

usage: tools/check-layers.py SRC

A mirror, not a jail: when the order is wrong, change it here and say why.
"""
import pathlib
import re
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
    "event": "base abi decode",
    "model": "base record abi decode event",
    "symbol": "base record",
    "analyze": "base record abi decode event model",
    "sink": "base record abi filter decode event model analyze symbol",
    "cli": "base record abi filter capture decode event model analyze symbol sink",
}
# The numbers of traced calls are the kernel's business: elsewhere code looks at
# argument types, effects or event kinds. (SYS_… is for a call of our own.)
NUMBERS_ALLOWED = {"abi", "capture"}

INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
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


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check-layers.py SRC")
    root = pathlib.Path(sys.argv[1])
    files = sorted(p for p in root.rglob("*.[chS]") if len(p.relative_to(root).parts) > 1)
    if not files:
        sys.exit(f"check-layers: no sources under {root}")
    found = [f"{path}:{line}: {text}" for path in files for line, text in problems(root, path)]
    print("\n".join(found) if found else f"{len(files)} files, every include points down")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
