#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the commands of README.md and compares what they give with what it prints; fails when one no longer works.

usage: tools/check-readme.py [--show] [--backend ptrace|bpf] COMPENDIUM

In a ```console block a line that begins with "$ " is a command, the lines below it are of its output, in this order; "…"
stands for any lines.  All blocks are one shell session, in an empty directory that is /tmp/demo in the text.  Numbers,
sizes, times, addresses and the backend are compared by their kind, since they differ from run to run.  An exit status other
than 0 has to be printed ("$ echo $?").  Beyond that: every option the README names has to exist and to take the value that it
names, as have those of --help; every target of make, every file it links to.  --show prints what the commands give, to be
copied.  Prints TAP.
"""
import argparse
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEMO = "/tmp/demo"
PATIENCE = 120  # seconds for one command; only what hangs takes so long
KINDS = [
    (r"\bx86_64-linux-gnu-as\b", "as"),   # what gcc 16 calls the assembler
    (r"(/usr/bin/)?\benv: \W(\w+)\W:", r"env: \2:"),     # coreutils 9.7 leaves out its folder; quotes go by the locale
    (r"\((ptrace|bpf)\)", "(BACKEND)"),
    (r"\b[0-9a-f]{8,16}-[0-9a-f]{8,16}\b", "RANGE"),
    (r"\d[\d.,]*", "N"),
    (r"\bN ?(ns|µs|us|ms|s|m)\b", "TIME"),
    (r"\bN ?([KMG]?B)\b", "SIZE"),
    (r"N× ?", ""),  # how many calls bytes came in is a matter of luck
    (r"[─━]+", "─"),
    (r"\s+", " "),
]


def kind(line):
    for pattern, name in KINDS:
        line = re.sub(pattern, name, line)
    return line.strip()


class Example:
    def __init__(self, line, command):
        self.line, self.command, self.expected = line, command, []


def examples(text):
    """Every command of the console blocks, with its line and the output below it."""
    inside, found = False, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            found.append(Example(number, line[2:]))
        elif inside and found:
            found[-1].expected.append(line)
    return found


def missing(expected, output):
    """The first expected line that does not follow, or None."""
    lines, at, gap = [kind(line) for line in output.splitlines()], 0, False
    for line in expected:
        if line.strip() == "…":
            gap = True
            continue
        # what stands on one line only in parts: "open /etc/…"
        pattern = re.compile(".*".join(re.escape(part) for part in kind(line).split("…")) + r"\Z")
        last = len(lines) if gap else at + 1
        at = next((i for i in range(at, min(last, len(lines))) if pattern.match(lines[i])), None)
        if at is None:
            return line
        at, gap = at + 1, False
    return None if gap or at == len(lines) else f"(more: {lines[at]})"


class Session:
    """One bash that runs the commands; each one's output and status."""

    def __init__(self, compendium, backend):
        self.scratch = tempfile.TemporaryDirectory(prefix="readme-")
        programs = pathlib.Path(self.scratch.name) / "bin"
        self.demo = pathlib.Path(self.scratch.name) / "demo"
        programs.mkdir()
        words = f'exec "{compendium}" {f"--backend {backend} " if backend else ""}"$@"'
        (programs / "compendium").write_text(f"#!/bin/sh\n{words}\n")
        (programs / "compendium").chmod(0o755)
        # a plain environment: languages and odd places in PATH would add lines
        env = {"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": self.scratch.name}
        self.log = open(pathlib.Path(self.scratch.name) / "log", "w+", encoding="utf-8", errors="replace")
        self.shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=env, bufsize=1,
                                      cwd=self.scratch.name, start_new_session=True)
        self.status = 0

    def run(self, command):
        # what a shell prints of jobs would go to the log, too
        self.log.seek(0)
        self.log.truncate()
        body = command.replace(DEMO, str(self.demo))
        log = self.log.name
        self.shell.stdin.write(f"(exit {self.status})\n{{ {body}\n}} >>{log} 2>&1 </dev/null\necho done $?\n")
        self.shell.stdin.flush()
        signal.alarm(PATIENCE)
        answer = self.shell.stdout.readline().split()
        signal.alarm(0)
        if len(answer) != 2:
            raise SystemExit(f"Bail out! the shell ended at: {command}")
        self.status = int(answer[1])
        with open(log, encoding="utf-8", errors="replace") as text:
            return text.read().replace(str(self.demo), DEMO)

    def close(self):
        try:
            self.shell.stdin.write("kill $(jobs -p) 2>/dev/null; wait\n")
            self.shell.stdin.close()
            self.shell.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            os.killpg(self.shell.pid, signal.SIGKILL)   # a group of its own, with all that hangs in it
            self.shell.wait()
        self.log.close()
        self.scratch.cleanup()


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def check(self, what, wrong, detail=""):
        self.n += 1
        print(f"{'not ok' if wrong else 'ok'} {self.n} - {what}")
        if wrong:
            self.failed += 1
            print(f"# {wrong}")
            for line in detail.splitlines():
                print(f"#   {line}")
        sys.stdout.flush()


def code(text):
    """Lines and spans of code."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def words(tap, text, compendium):
    """What the README names has to exist."""
    help_text = subprocess.run([compendium, "--help=all"], stdout=subprocess.PIPE, text=True, check=True).stdout
    makefile = (ROOT / "Makefile").read_text()
    options, targets = set(), set()
    for line in code(text):
        line = re.sub(r"^(\$ )?(sudo )?(\w+=\S+ )*", "", line)
        if re.match(r"compendium\b|--", line):
            options |= set(re.findall(r"(?<!\S)--[a-z][a-z-]+", line.split(" -- ")[0]))
        if found := re.match(r"make ([a-z][a-z-]+)", line):
            targets.add(found[1])
    for option in sorted(options):
        tap.check(f"option {option}", None if re.search(rf"{option}\b", help_text) else "--help=all does not have it")
    for target in sorted(targets):
        tap.check(f"make {target}", None if re.search(rf"^{target}:", makefile, re.M) else "the Makefile does not have it")
    for link in sorted(set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text))):
        tap.check(f"link {link}", None if (ROOT / link).exists() else "there is no such file")


def taken(tap, text, compendium):
    """An option that README or --help names with a value takes this value: `-e %file`, not `-s N`."""
    help_text = subprocess.run([compendium, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    ours = re.sub(r"^\|.*? \|", "", text, flags=re.M)     # the left column has strace's
    spans = [span for span in code(ours) if re.match(r"--?[a-zA-Z-]+ [^A-Z>-]", span) and not re.match(r"--(read|record)\b", span)]
    for option, values in re.findall(r"^ +(?:-\w, )?(--(?:trace|filter)) [A-Z]+ +(?:[^:\n]*: )?(.*)$", help_text, re.M):
        spans += [f"{option} '{value}'" for value in values.split(" or ")]
    for span in sorted(set(spans)):
        table = ["-c"] if re.match(r"--by|-S", span) else []
        done = subprocess.run([compendium, "--backend", "ptrace", *table, *shlex.split(span), "--", "true"], stderr=subprocess.PIPE, text=True, check=False)
        tap.check(span, done.stderr if done.returncode == 125 else None)


# strace 6.1, `strace -h`
STRACE = "aAbcCdDeEfhiIknoOpPqrsStTuUvVwxXyYzZ"


def strace_letters(tap, text, compendium):
    """The table of strace has every letter of it, and each is taken, or answered with what to type instead."""
    found = re.search(r"^\| strace \| compendium \|\n\|-.*\n((?:\|.*\n)+)", text, re.M)
    left = [row.split(" | ")[0] for row in found[1].splitlines()] if found else []
    named = set("".join(re.findall(r"(?<![\w-])-([A-Za-z]+)(?![\w-])", " ".join(left))))
    help_text = subprocess.run([compendium, "--help=all"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for letter in STRACE:
        why = None if letter in named else "the table of strace does not have it"
        if not why and not re.search(rf"^  -{letter}, ", help_text, re.M):
            said = subprocess.run([compendium, f"-{letter}", "x"], stderr=subprocess.PIPE, text=True, check=False)
            if said.returncode != 125 or not said.stderr.startswith(f"compendium: strace's -{letter}: "):
                why = f"no option, and no line about it: {said.stderr}"
        tap.check(f"strace -{letter}", why)


def hangs(*_):
    raise SystemExit(f"Bail out! a command takes more than {PATIENCE} s")


def main():
    signal.signal(signal.SIGALRM, hangs)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what the commands give")
    parser.add_argument("--backend", choices=["ptrace", "bpf"])
    parser.add_argument("compendium")
    args = parser.parse_args()
    compendium = os.path.abspath(args.compendium)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tap, session, found = Tap(), Session(compendium, args.backend), examples(text)
    session.demo.mkdir()
    try:
        for i, example in enumerate(found):
            output = session.run(example.command)
            if args.show:
                print(f"$ {example.command}\n{output}", end="")
                continue
            wrong = missing(example.expected, output)
            shown = i + 1 < len(found) and found[i + 1].command == "echo $?"
            if not wrong and session.status and not shown:
                wrong = f"ended with {session.status}"
            tap.check(f"line {example.line}: {example.command}", wrong and f"missing: {wrong}", output[:6000])
    finally:
        session.close()
    if args.show:
        return 0
    tap.check("there are examples", None if found else "README.md has no ```console block")
    words(tap, text, compendium)
    taken(tap, text, compendium)
    strace_letters(tap, text, compendium)
    print(f"1..{tap.n}")
    return tap.failed != 0


if __name__ == "__main__":
    sys.exit(main())
