#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Argument vectors of every shape, in memory that is laid out to be hard to copy.

usage: tests/bpf/argv.py COMPENDIUM

printf(1) is executed with each and prints what it got: the trace has to say the same, or how much of it is missing.
Its recording has to be one that can be read. Prints TAP.
"""
import ctypes
import json
import mmap
import os
import pathlib
import subprocess
import sys
import tempfile

PRINTF = "/usr/bin/printf"
FORMAT = rb"%s\n"
PAGE = mmap.PAGESIZE


class Memory:
    """Some pages, and after them one that cannot be read."""

    def __init__(self, pages=300):
        self.map = mmap.mmap(-1, (pages + 1) * PAGE)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        self.size, self.used = pages * PAGE, 0
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.mprotect(ctypes.c_void_p(self.start + self.size), PAGE, 0) == 0

    def put(self, text, gap=0):
        at = self.used
        self.map[at:at + len(text) + 1] = text + b"\0"
        self.used += len(text) + 1 + gap
        return self.start + at

    def put_at_end(self, text):
        at = self.size - len(text) - 1
        self.map[at:at + len(text) + 1] = text + b"\0"
        return self.start + at


def words(n, step=1):
    return [b"w%d" % i * (1 + i % 7) for i in range(0, n * step, step)]


def side_by_side(m):
    return [m.put(w) for w in words(100)]


def padded(m):
    return [m.put(w, gap=13) for w in words(70)]


def far_apart(m):
    return [m.put(w, gap=PAGE // 2) for w in words(40)]


def in_turns(m):
    """Now side by side, now far apart, now backwards."""
    v = [m.put(w) for w in words(20)] + [m.put(w, gap=1000) for w in words(11)]
    back = [m.put(w) for w in words(20)]
    return v + back[::-1] + [m.put(w) for w in words(33)]


def overlapping(m):
    """Each is the end of the one before."""
    at = m.put(bytes(97 + i % 26 for i in range(60)))
    return [at + i for i in range(60)]


def the_same(m):
    at = m.put(b"again")
    return [at] * 40


def empty(m):
    return [m.put(b"") for _ in range(50)] + [m.put(b"x")]


def long_ones(m):
    return [m.put(b"%03d" % i + b"L" * (150 * i)) for i in range(6)]


def long_overlapping(m):
    """Six strings of 15 KB, each the end of those before it: short where they stand, a megabyte one by one."""
    v = []
    for i in range(6):
        at = m.put(bytes(97 + (i + k) % 26 for k in range(15499)))
        v += [at + 500 * k for k in range(31)]
    return v


def as_much_as_is_kept(m):
    """The last one crosses the limit of what is copied, and is the last."""
    return [m.put(b"%03d" % i + b"f" * 196) for i in range(785)] + [m.put(b"z" * 150)]


def many(m):
    at = m.put(b"")
    return [at] * 28000


def end_of_page(m):
    """The last one ends where memory ends."""
    return [m.put(w) for w in words(40)] + [m.put_at_end(b"last")]


def two(m):
    return [m.put(b"one"), m.put(b"two")]


def none(_m):
    return []


SHAPES = [side_by_side, padded, far_apart, in_turns, overlapping, the_same, empty, long_ones, long_overlapping, as_much_as_is_kept, many,
          end_of_page, two, none]


def execute(shape):
    """In the child: printf with the strings of a shape; the vector itself ends where memory ends."""
    strings, vector = Memory(), Memory(80)
    v = [strings.put(b"printf"), strings.put(FORMAT)] + shape(strings) + [0]
    at = vector.start + vector.size - 8 * len(v)
    (ctypes.c_uint64 * len(v)).from_address(at)[:] = v
    ctypes.CDLL(None).execv(PRINTF.encode(), ctypes.c_void_p(at))
    os._exit(99)


def trace(compendium, backend, directory):
    """Of each shape: what printf printed, and the argument vector in the report."""
    report, recording = directory / "report.html", directory / "recording"
    done = subprocess.run([compendium, "--backend", backend, "--record", recording, f"--report={report}", "--",
                           sys.executable, __file__, "--execute", directory],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=90, check=False)
    if b"cannot be used" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    read = subprocess.run([compendium, "--read", recording, "-o", os.devnull], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=90, check=False)
    assert read.returncode == 0, f"the recording: {read.stderr.decode(errors='replace')[-500:]}"
    meta = report.read_text(errors="replace").partition('<script type="application/json" id="cpd-meta">')[2].partition("</script>")[0]
    told = [e for t in json.loads(meta)["tasks"] for e in t.get("execs", []) if e["exe"] == os.path.realpath(PRINTF)]
    assert len(told) == len(SHAPES), f"{len(told)} execs of printf"
    return [((directory / shape.__name__).read_bytes(), e) for shape, e in zip(SHAPES, told)]


def agrees(e, want, captured):
    """The report keeps some kilobytes of a vector; of what was captured and is not kept it has to know how much it is."""
    told, more, cut = e["argv"], e.get("argv_more", 0), e.get("argv_cut", 0)
    whole = told[:-1] if cut else told
    if whole != want[:len(whole)] or (cut and not want[len(whole)].startswith(told[-1])):
        return False
    kept = sum(len(w) + 8 for w in want) <= 4096        # of these all there is
    return (len(told) + more == len(want) if captured else len(told) + more <= len(want)) and not (kept and (more or cut))


def main():
    if sys.argv[1] == "--execute":
        for shape in SHAPES:
            pid = os.fork()
            if pid == 0:
                os.dup2(os.open(os.path.join(sys.argv[2], shape.__name__), os.O_WRONLY | os.O_CREAT, 0o600), 1)
                execute(shape)
            if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
                sys.exit(1)
        return 0
    failed = False
    print(f"1..{2 * len(SHAPES)}")
    for backend in ("ptrace", "bpf"):
        with tempfile.TemporaryDirectory(prefix="argv-") as tmp:
            told = trace(sys.argv[1], backend, pathlib.Path(tmp))
        for i, shape in enumerate(SHAPES):
            number = f"{i + 1 + len(SHAPES) * (backend == 'bpf')}"
            if told is None:
                print(f"ok {number} {backend} {shape.__name__} # SKIP {backend} cannot be used here")
                continue
            printed, e = told[i]
            want = ["printf", FORMAT.decode(), *printed.decode().split("\n")[:-1]]
            if shape is none:
                want = want[:2]     # printf prints its format once even so
            ok = agrees(e, want, shape not in (long_overlapping, many))
            failed |= not ok
            print(f"{'ok' if ok else 'not ok'} {number} {backend} {shape.__name__}")
            if not ok:
                print(f"# printed: {str(want)[:2000]}, {len(want)} in all\n# told: {str(e)[:2000]}, {len(e['argv'])}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
