#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fail when a document, a comment or a printed text uses a word that hides who does what.

usage: tools/check-words.py ROOT

Readers are engineers, most of them not native speakers: processes have no "he", records are not "told", and where no
process is meant, "nobody" is none.  WORDS has what to write instead.  Looked at: documents and the man page without
their code, comments and docstrings of every source, string literals and names of src/.  Quoted words ("…", `…`) are program
output or names, and pass.
"""
import io
import pathlib
import re
import sys
import tokenize

WORDS = {
    "nobody": "no process, no thread, nothing; which one is meant?",
    "nobody's": "of no process, not attributed",
    "somebody": "a process, a caller, another user",
    "somebody's": "another process's, another user's",
    "heard": "received, reported",
    "hear": "receive",
    "hears": "receives",
    "told": "reported, printed, passed, distinguished",
    "said": "reported, printed, known",
    "whom": "which process",
    "he": "the process, the caller, it",
    "his": "its, the caller's",
    "him": "it, the caller",
    "himself": "itself",
    "obey": "handle, follow",
    "obeys": "handles, follows",
}
ALLOWED = re.compile(r"\b(?:user|[Aa]s|becomes|su) nobody\b")      # the user of that name
FOLDERS = ["src", "tests", "tools", "bench", "report/src", "report/test", "man", "docs", "packaging", "findings"]
DOCUMENTS = (".md", ".in", ".Debian", "control")
C_LIKE, HASH = (".c", ".h", ".def", ".ts", ".tsx", ".mjs", ".mts", ".css", ".S"), (".sh", ".bash", ".build")
SKIP = re.compile(r"(^|/)(build[^/]*|node_modules|dist|out|\.out|corpus|golden)/|check-words\.py$|packaging/debian/copyright")

WORD = re.compile(r"\b(?:" + "|".join(sorted(WORDS, key=len, reverse=True)) + r")\b", re.I)
QUOTED = re.compile(r'"[^"\n]*"|`[^`\n]*`|“[^”\n]*”')
C_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.S)
NAME = re.compile(r"\b(?:\w*_)?(told|said|heard|nobodys?|somebodys?|obey|himself)(?:_\w*)?\b")
FENCE = re.compile(r"^\s*```.*?^\s*```", re.M | re.S)


def blank(match):
    """As many lines as it had, so that numbers of lines stay true."""
    return "\n" * match[0].count("\n")


def of_document(text):
    yield 1, FENCE.sub(blank, text)


def of_c(text, strings):
    for match in C_TOKEN.finditer(text):
        piece = match[0]
        if piece.startswith("/") or (strings and piece.startswith('"') and " " in piece):
            yield text.count("\n", 0, match.start()) + 1, piece.strip('"')
    if strings:
        for match in NAME.finditer(C_TOKEN.sub(blank, text)):
            yield text.count("\n", 0, match.start()) + 1, match[1].removesuffix("s") if match[1].endswith("bodys") else match[1]


def of_python(text):
    fresh = True    # a string that begins a line is a docstring
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and fresh and token.string.endswith('"""')):
            yield token.start[0], token.string.strip('"')
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            fresh = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)


def of_hash(text):
    for number, line in enumerate(text.split("\n"), 1):
        if match := re.search(r"(?:^|\s)#\s(.*)", line):
            yield number, match[1]


def pieces(path, name):
    text = path.read_text(errors="replace")
    if path.name.endswith(DOCUMENTS):
        return of_document(text)
    if path.suffix in C_LIKE:
        return of_c(text, name.startswith("src/"))
    if path.suffix == ".py":
        return of_python(text)
    if path.suffix in HASH or path.name == "Makefile":
        return of_hash(text)
    return []


def files(root):
    yield from (p for p in [*root.glob("*.md"), *root.glob("*.build"), root / "Makefile"] if p.exists())
    for folder in FOLDERS:
        yield from (p for p in sorted((root / folder).rglob("*")) if p.is_file())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    wrong = seen = 0
    for path in files(root):
        name = str(path.relative_to(root))
        if SKIP.search(name):
            continue
        for first, text in pieces(path, name):
            seen += 1
            text = ALLOWED.sub("", QUOTED.sub(blank, text))
            for match in WORD.finditer(text):
                wrong += 1
                line = first + text.count("\n", 0, match.start())
                print(f'{name}:{line}: "{match[0]}": write {WORDS[match[0].lower()]}')
    if not seen:
        print(f"nothing to read below {root}")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
