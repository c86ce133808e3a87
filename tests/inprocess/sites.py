#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the system's own programs and libraries make calls, and which of these places could be patched; objdump is the judge.

usage: sites.py SITES [FILE...]      (the program of sites.c; FILE: more to look at, as does $SITES_FILES)

Prints the table as comments, and TAP: objdump, which decodes from symbol to symbol, agrees that each claimed place is a
`syscall`, that what is replaced is one `mov` (of a number, of an argument, or of r11 to where musl and glibc store it) or the call itself, that the room is padding, and that no jump that it
prints leads into bytes that would be replaced.  Where there is one, every `syscall` that it prints has its line.
"""
import bisect
import collections
import glob
import os
import re
import shutil
import subprocess
import sys

FILES = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libpthread.so.0", "/lib/ld-musl-x86_64.so.1",
         "/usr/bin/bash", "/usr/bin/python3", "/usr/bin/git", "/usr/bin/node"]
GO = "/usr/lib/go-*/bin/gofmt"
WAYS = ["mov", "pad", "load", "store", "held", "kept", "no-function", "large", "inside", "unreached", "broken", "target", "no-room"]
CLAIMED = {"mov", "pad", "load", "store", "held"}
LINE = re.compile(r"^ *([0-9a-f]+):\t(.*)$")
JUMP = re.compile(r"^(?:bnd |notrack |data16 |rex\.\w+ |[c-g]s )*(?:j\w+|call\w*|loop\w*|xbegin)(?:,p[nt])? +(?:0x)?([0-9a-f]+)\b")
OBJDUMP_MAX = 32 << 20
NOPS = ("nop", "int3", "data16", "cs nop", "xchg   %ax,%ax")


class Site:
    def __init__(self, line):
        at, self.way, patch, length, room, number = line.split()
        self.at, self.patch, self.room = int(at, 16), int(patch, 16), int(room, 16)
        self.length, self.number = int(length), int(number)


def sites_of(program, path):
    out = subprocess.run([program, path], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [Site(line) for line in out.splitlines()]


def disassembly(path):
    """{address: text}, and where jumps lead."""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    code, targets = {}, set()
    for line in out.splitlines():
        if match := LINE.match(line):
            code[int(match[1], 16)] = match[2]
            if jump := JUMP.match(match[2]):
                targets.add(int(jump[1], 16))
    return code, targets


def is_syscall(text):
    return text.split("#")[0].strip() == "syscall"


def wrong(site, code, starts, targets):
    """What objdump does not agree with, of a claimed site; None: nothing."""
    if not is_syscall(code.get(site.at, "")):
        return "no syscall here"
    if site.way == "mov" and not re.match(rf"mov +\$0x{site.number & 0xffffffff:x},%[er]ax", code.get(site.patch, "")):
        return f"no number at {site.patch:x}"
    if site.way == "load" and (site.length != 5 or not re.match(r"mov +0x[0-9a-f]+\(%rsp\),%rax", code.get(site.patch, ""))):
        return f"no number is loaded at {site.patch:x}"
    if site.way == "store" and (site.length != 5 or not re.match(r"mov +%r11,0x8\(%rsp\)", code.get(site.patch, ""))):
        return f"r11 is not stored at {site.patch:x}"
    if site.way == "held" and (site.length != 5 or not re.match(r"mov +(0x8\(%rsp\),%r9|\$0x[0-9a-f]+,%e(di|si|dx))$", code.get(site.patch, "").strip())):
        return f"no argument at {site.patch:x}"
    if site.way in ("mov", "load", "store", "held") and site.patch + site.length != site.at:
        return "what is replaced is not just before the call"
    if site.way == "pad" and (site.patch, site.length) != (site.at, 2):
        return "not the call itself"
    replaced = set(range(site.patch + 1, site.patch + site.length))
    if site.way == "pad":
        replaced |= set(range(site.room, site.room + 5))
        # objdump leaves out what is zero or unknown; the instruction that holds each byte does nothing
        for at in range(site.room, site.room + 5):
            text = code[starts[bisect.bisect(starts, at) - 1]]
            if not text.startswith(NOPS):
                return f"{text!r} at {at:x} is no padding"
    if replaced & targets:
        return f"a jump leads to {min(replaced & targets):x}"
    return None


def judge(path, sites):
    code, targets = disassembly(path)
    starts = sorted(code)
    bad = [f"{site.at:x}: {what}" for site in sites if site.way in CLAIMED and (what := wrong(site, code, starts, targets))]
    seen = {site.at for site in sites}
    bad += [f"{at:x}: has no line" for at, text in code.items() if is_syscall(text) and at not in seen]
    rooms = [site.room + i for site in sites if site.way == "pad" for i in range(5)]
    if len(rooms) != len(set(rooms)):
        bad.append("two sites have the same padding")
    return bad, sum(map(is_syscall, code.values()))


def main():
    program, *files = sys.argv[1:]
    files = FILES + glob.glob(GO) + files + os.environ.get("SITES_FILES", "").split()
    failed = 0
    print("# " + " ".join(f"{way:>11}" for way in WAYS) + "  file")
    for n, path in enumerate(files, 1):
        if not os.path.exists(path):
            print(f"ok {n} - {path} # SKIP not on this system")
            continue
        sites = sites_of(program, path)
        counted = collections.Counter(site.way for site in sites)
        print("# " + " ".join(f"{counted[way]:>11}" for way in WAYS) + f"  {path}")
        claimed = any(site.way in CLAIMED for site in sites)
        if not shutil.which("objdump") or (os.path.getsize(path) > OBJDUMP_MAX and not claimed):
            print(f"ok {n} - {path} # SKIP " + ("nothing is claimed in it, and objdump would take long" if shutil.which("objdump")
                                                 else "no objdump (binutils)"))
            continue
        bad, printed = judge(path, sites)
        # what the C library's calls are is known: a finder that finds none would agree with everything
        if path == FILES[0] and counted["mov"] + counted["pad"] < printed * 0.5:
            bad.append(f"only {sum(counted[way] for way in CLAIMED)} of {printed} could be patched")
        failed += bool(bad)
        print(f"{'not ' if bad else ''}ok {n} - {path}: {sum(counted[way] for way in CLAIMED)} of {printed}")
        for what in bad[:20]:
            print(f"#   {what}")
    print(f"1..{len(files)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
