#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run one tracee in every way there is to trace it, and compare what is shown with what it says should be.

usage: run.py --compendium PROGRAM [--dump PROGRAM] [--args-dump PROGRAM] [--only WAY]... [--show] TRACEE [ARG...]

Prints TAP, one line for each way.  A tracee that ends with 77 has printed why it cannot run here.
"""
import argparse
import difflib
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TIMEOUT = 240       # a hang is a failure, a slow machine is none
NOBODY = "65534"
DEFAULT_IGNORE = {"memory": r"^(mmap|munmap|mremap|brk) ", "sigchld": r"^signal SIGCHLD "}
LINE = re.compile(r"^\[\+\d+\.\d{3}s\](?: \[(\d+)(?:<.*?>)?\])? (.*)$")
IO = re.compile(r"^(read|write|send|recv|peek|copy)(?: (\d+)×)? (\d+) B (.*)$")
IO_FAILED = re.compile(r"^(read|write|send|recv|peek|copy)(?: (\d+)×)? ((?:from|to) .*)$")

# Equal lines in a row are one: "stat /nope ENOENT 1,000×".
EQUAL = re.compile(r"(.*?)(?: ([\d,]+)×)?")


class Expectation:
    """What a tracee printed: directives, and patterns by thread in order."""

    def __init__(self, text):
        self.main, self.skip = 0, None
        self.lines, self.never, self.dumps, self.calls, self.names = {}, [], {}, [], []
        ignore = dict(DEFAULT_IGNORE)
        more = []
        for line in text.splitlines():
            head, _, rest = line.partition("\t")
            if head == "MAIN":
                self.main = int(rest)
            elif head == "WATCH":
                ignore.pop(rest, None)
            elif head == "IGNORE":
                more.append(rest)
            elif head == "NEVER":
                self.never.append(re.compile(rest))
            elif head == "CALL":
                self.calls.append(rest)
            elif head == "NAME":
                tid, _, name = rest.partition("\t")
                self.names.append((tid, name))
            elif head == "SKIP":
                self.skip = rest
            elif head == "DUMP":
                name, tid, what = rest.split("\t")
                self.dumps[name] = {"tid": tid, "what": what, "fd": [], "map": [], "io": []}
            elif head in ("FD", "MAP", "IO"):
                name, _, what = rest.partition("\t")
                self.dumps[name][head.lower()].append(what)
            else:
                self.lines.setdefault(int(head), []).append(rest)
        self.ignore = re.compile("|".join([*ignore.values(), *more]) or r"(?!)")


def merge_io(lines):
    """Equal calls in a row count as one: whether they were one line depends on time."""
    out = []
    for line in lines:
        found = IO.match(line)
        key = found and (found[1], found[4])
        if key and out and isinstance(out[-1], list) and out[-1][0] == key:
            out[-1][1] += int(found[2] or 1)
            out[-1][2] += int(found[3])
        elif key:
            out.append([key, int(found[2] or 1), int(found[3])])
        elif (found := IO_FAILED.match(line)) and not IO.match(line):
            key = (found[1], found[3])
            if out and isinstance(out[-1], list) and out[-1][0] == key and out[-1][2] is None:
                out[-1][1] += int(found[2] or 1)
            else:
                out.append([key, int(found[2] or 1), None])
        else:
            out.append(line)
    return [line if isinstance(line, str) else
            f"{line[0][0]} {line[1]}× {'' if line[2] is None else f'{line[2]} B '}{line[0][1]}" for line in out]


def shown_lines(text, expected):
    """Live lines by thread, between the main thread's markers, times taken out."""
    lines, begun, ended = {}, False, False
    for line in text.splitlines():
        found = LINE.match(line)
        # what tracing does to a program differs by backend and user, and has tests of its own (live `influence`)
        if not found or found[2].startswith("note: "):
            continue
        tid = int(found[1] or expected.main)
        what, times = EQUAL.fullmatch(re.sub(r"  +", " ", found[2])).groups()
        what = re.sub(r" after [\d.]+(ns|µs|ms|s|min|h)\b.*$", " after TIME", what)
        if tid == expected.main:
            if what == "access /tracee/begin ENOENT":
                begun = True
                continue
            if what == "access /tracee/end ENOENT":
                ended = True
        if begun and not (ended and tid == expected.main) and not expected.ignore.search(what):
            lines.setdefault(tid, []).extend([what] * int((times or "1").replace(",", "")))
    return lines, begun, ended


def matches(pattern, line):
    return fnmatch.fnmatchcase(line, re.sub(r"([\[?])", r"[\1]", pattern))


def compare(expected, text):
    """A list of differences, empty when all is well."""
    shown, begun, ended = shown_lines(text, expected)
    wrong = []
    if not begun or not ended:
        wrong.append(f"no {'end' if begun else 'begin'} marker in the trace")
    for tid in sorted({*shown, *expected.lines}):
        want = merge_io([re.sub(r"  +", " ", line) for line in expected.lines.get(tid, []) if not expected.ignore.search(line)])
        # any call takes seconds on a machine that is busy enough
        have = merge_io([line for line in shown.get(tid, []) if not re.match(r"waiting [\d.]+m?s in ", line) or any(matches(pattern, line) for pattern in want)])
        want = [line[2:] if line.startswith("? ") else line for line in want
                if not line.startswith("? ") or any(matches(line[2:], there) for there in have)]
        # a pattern that fits is replaced by the line, so that a difference shows only what differs
        aligned, at = [], 0
        for pattern in want:
            found = next((i for i in range(at, len(have)) if matches(pattern, have[i])), None)
            aligned.append(pattern if found is None else have[found])
            at = at if found is None else found + 1
        if aligned != have:
            name = f"thread {tid}{' (main)' if tid == expected.main else ''}"
            wrong += difflib.unified_diff(aligned, have, f"{name}: expected", f"{name}: shown", lineterm="", n=2)
    # a thread's names, in order, in the lines of -Y
    seen = {}
    for tid, name in re.findall(r"^\[\+[\d.]+s\] \[(\d+)<(.*?)>\] ", text, re.M):
        names = seen.setdefault(tid, [])
        if not names or names[-1] != name:
            names.append(name)
    for tid in dict(expected.names):
        want = [name for t, name in expected.names if t == tid]
        if seen.get(tid, [])[-len(want):] != want:
            wrong.append(f"thread {tid} was named {want}, shown {seen.get(tid)}")
    for pattern in expected.never:
        wrong += [f"must not appear: {line}" for line in text.splitlines() if pattern.search(line)]
    return wrong


def compare_calls(expected, text):
    """Every call -v had to show, in order."""
    lines = [re.sub(r"  [\d.]+(ns|µs|ms|s)$", "", found[2]) for found in map(LINE.match, text.splitlines()) if found]
    at = 0
    for pattern in expected.calls:
        found = next((i for i in range(at, len(lines)) if matches(pattern, lines[i])), None)
        if found is None:
            near = [line for line in lines if line.split("(")[0] == pattern.split("(")[0]]
            return [f"no call {pattern}", *(f"  there is {line}" for line in near[:5])]
        at = found + 1
    return []


def compare_dumps(expected, text, kinds=("fd", "map")):
    """The model at each checkpoint against the kernel's word."""
    model, name = {}, None
    for line in text.splitlines():
        head, _, rest = line.partition("\t")
        if head == "DUMP":
            name = rest
            model[name] = {"fd": [], "map": [], "io": []}
        elif name and head.lower() in model[name]:
            model[name][head.lower()].append(rest)
    wrong = []
    counted = [(name, [tuple(map(int, side["io"][0].split("\t"))) for side in (kernel, model[name])])
               for name, kernel in expected.dumps.items() if "io" in kernel["what"] and name in model]
    for (before, (k0, m0)), (after, (k1, m1)) in zip(counted, counted[1:]):
        want, have = [tuple(b - a for a, b in zip(x, y)) for x, y in ((k0, k1), (m0, m1))]
        if want != have:
            wrong.append(f"{before} to {after}: the kernel counted {want} bytes read and written, the model {have}")
    for name, kernel in expected.dumps.items():
        if name not in model:
            wrong.append(f"no checkpoint {name} in the recording")
            continue
        for what in kinds:
            if what not in kernel["what"]:
                continue
            want, have = (sorted(filter(None, (normal(what, line) for line in side[what]))) for side in (kernel, model[name]))
            if not want:
                wrong.append(f"checkpoint {name}: the kernel said nothing about {what}")
            if want != have:
                wrong += difflib.unified_diff(want, have, f"checkpoint {name}, {what}: kernel", "model", lineterm="", n=1)
    return wrong


def normal(what, line):
    if what == "fd":
        fd, target, cloexec, pos, kind = line.split("\t")
        target = re.sub(r"^/?memfd:(.*?)(?: \(deleted\))?$", r"memfd \1", target)
        target = target.replace("/secretmem (deleted)", "/secretmem")
        target = re.sub(r"^/dev/zero$|^.*/link-to-zero$", "link to /dev/zero", target)      # a file keeps the name it was opened by
        if not target.startswith(("/", "memfd")):       # what has no name has no offset
            pos = "-"
        return f"{fd:>4} {kind} {target} {'cloexec' if cloexec == '1' else ''} {pos}"
    found = re.match(r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (?:\S+ \S+\s*)?(.*)$", line)
    start, end, perms, offset, path = found.groups()
    if path in ("[vvar]", "[vdso]", "[vsyscall]", "[vvar_vclock]"):
        return None
    if path == "[stack]":       # grows by itself
        start = "…"
    if path.startswith(("/SYSV", "/dev/zero", "shm:[")):
        path = "[shared]"
    if path.startswith("/lib"):     # a symbolic link to /usr/lib; the model goes by the text
        path = os.path.realpath(path)
    return f"{start}-{end} {perms} {int(offset, 16) if path.startswith('/') else 0:x} {path}"


class Runner:
    def __init__(self, args, scratch):
        self.args, self.scratch, self.number, self.failed = args, scratch, 0, 0

    def tap(self, way, wrong, text=""):
        self.number += 1
        self.failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {self.number} {way}", flush=True)
        for line in wrong:
            print(f"# {line[:400]}")
        if wrong and self.args.show:
            print(re.sub("^", "# | ", text, flags=re.M))

    def skip(self, way, reason):
        self.number += 1
        print(f"ok {self.number} {way} # SKIP {reason}", flush=True)

    def run(self, prefix, way, command=None):
        """Returns (wrong, expectation, scratch directory of this run)."""
        where = pathlib.Path(self.scratch, way.replace(" ", "-"))
        where.mkdir(mode=0o777)
        where.chmod(0o777)
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TRACEE_DIR": str(where), "TRACEE_EXPECT": str(where / ".expect"),
               "HOME": str(where), "LC_ALL": "C", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
               "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "")}
        prefix = [str(word).replace("@", str(where) + "/.") for word in prefix]
        try:
            done = subprocess.run([*prefix, *(command or [self.args.tracee, *self.args.arg])], cwd=where, env=env, timeout=TIMEOUT,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired:
            return [f"hangs: nothing after {TIMEOUT} s"], None, where
        tail = done.stderr.decode(errors="replace").splitlines()
        wrong = []
        if done.returncode not in (0, 77):
            wrong = [f"ended with {done.returncode}"] + [line for line in tail if ".c:" in line or "ERROR" in line or "compendium:" in line] + tail[-3:]
        expected = Expectation((where / ".expect").read_text()) if (where / ".expect").exists() else None
        if not expected and not wrong:
            wrong = ["the tracee said nothing"]
        return wrong, expected, where

    def traced(self, way, options, judge=compare, prefix=()):
        wrong, expected, where = self.run([*prefix, self.args.compendium, "--backend", "ptrace", "-a", *self.lines, "-o", "@live", *options, "--"], way)
        live = where / ".live"
        text = live.read_text(errors="replace") if live.exists() else ""
        if expected and expected.skip:
            self.skip(way, expected.skip)
            return None
        if expected and not wrong:
            wrong = judge(expected, text)
        self.tap(way, wrong, text)
        return (expected, where, text) if not wrong else None

    def wanted(self, way):
        return not self.args.only or way in self.args.only

    def all(self):
        wrong, expected, _ = self.run([], "untraced")
        if expected and expected.skip:
            print(f"1..0 # SKIP {expected.skip}")
            return
        self.lines = ["-Y"] if expected and expected.names else []
        self.tap("untraced", wrong)
        if wrong:
            print(f"1..{self.number}")
            return
        if self.wanted("filter"):
            self.traced("filter", [])
        if self.wanted("no-seccomp"):
            self.traced("no-seccomp", ["--no-seccomp"])
        if self.wanted("record"):
            self.record()
        if expected.calls and self.wanted("verbose"):
            self.traced("verbose", ["-v"], compare_calls)
        if self.wanted("user"):
            self.as_user()
        self.other_backend()
        print(f"1..{self.number}")

    def record(self, prefix="", options=(), kinds=("fd", "map")):
        done = self.traced(prefix + "record", [*options, "--record", "@cpd"])
        if not done:
            return
        expected, where, text = done
        cpd = where / ".cpd"
        again = where / ".again"
        subprocess.run([self.args.compendium, "-a", *self.lines, "-o", again, "--read", cpd], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
        replayed = again.read_text(errors="replace") if again.exists() else ""
        self.tap(prefix + "replay", list(difflib.unified_diff(text.splitlines(), replayed.splitlines(), "live", "replayed", lineterm="", n=1)))
        if self.args.args_dump:
            judge = [sys.executable, pathlib.Path(__file__).resolve().parents[1] / "golden/args.py", self.args.args_dump, cpd]
            judged = subprocess.run(judge, stdout=subprocess.PIPE, timeout=TIMEOUT, check=False, text=True, errors="replace")
            self.tap(prefix + "args", judged.stdout.splitlines() if judged.returncode else [])
        if expected.dumps and self.args.dump:
            dumped = subprocess.run([self.args.dump, cpd], stdout=subprocess.PIPE, timeout=TIMEOUT, check=True, text=True, errors="replace")
            self.tap(prefix + "model", compare_dumps(expected, dumped.stdout, kinds), dumped.stdout)

    def as_user(self):
        way = "user"
        if os.geteuid() != 0:
            self.skip(way, "not root: the other ways ran as an ordinary user")
            return
        if not shutil.which("setpriv"):
            self.skip(way, "setpriv is not installed")
            return
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
        probe = subprocess.run([*prefix, "test", "-x", self.args.tracee, "-a", "-x", self.args.compendium], check=False)
        if probe.returncode:
            self.skip(way, "user nobody cannot reach the programs")
            return
        wrong, expected, _ = self.run(prefix, "user untraced")
        if expected and expected.skip:
            self.skip(way, expected.skip)
            return
        self.tap("user untraced", wrong)
        if not wrong:
            self.traced(way, [], prefix=prefix)

    def other_backend(self):
        if not self.wanted("bpf"):
            return
        help_text = subprocess.run([self.args.compendium, "--help=all"], stdout=subprocess.PIPE, text=True, check=False).stdout
        if "--backend" not in help_text:
            return
        probe = subprocess.run([self.args.compendium, "--backend", "bpf", "--", "true"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, errors="replace", check=False)
        if probe.returncode or "cannot be used" in probe.stderr:
            self.skip("bpf", (probe.stderr.strip().splitlines() or ["not available"])[0])
            return
        expected = self.traced("bpf", ["--backend", "bpf"])
        if expected and expected[0].calls:
            self.traced("bpf verbose", ["--backend", "bpf", "-v"], compare_calls)
        self.record("bpf ", ["--backend", "bpf"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compendium", required=True, type=os.path.abspath)
    parser.add_argument("--dump", type=os.path.abspath, help="the program that prints the model at checkpoints")
    parser.add_argument("--args-dump", type=os.path.abspath, help="the program that prints arguments in both dialects")
    parser.add_argument("--only", action="append", help="filter, no-seccomp, record, verbose, user, bpf")
    parser.add_argument("--show", action="store_true", help="the whole trace of a way that failed")
    parser.add_argument("tracee", type=os.path.abspath)
    parser.add_argument("arg", nargs="*")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tracee-") as scratch:
        os.chmod(scratch, 0o755)
        runner = Runner(args, os.path.realpath(scratch))
        runner.all()
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
