#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How much memory each process had resident at most: what the kernel says of its own memory just before it ends.

usage: resident.py --compendium FILE --victim RESIDENT [--backend B] resident [TEST…]      (the program of resident.c)
"""
import json
import os
import re
import subprocess
import sys

from harness import PATIENCE, check, equal, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)

MB = 1 << 20


def slack():
    """The kernel counts pages by CPU: three kinds, and each CPU may keep so many to itself; and the end of the program."""
    return 256 * 1024 + 3 * max(32, 2 * os.cpu_count()) * os.cpu_count() * os.sysconf("SC_PAGESIZE")


def run(t, *words, options=(), status=0, program=None):
    """Its tasks by pid, what each printed of itself (bytes), and the trace."""
    page = t.out().with_suffix(".html")
    got, out, err, text = t.run(program or t.args.victim, *words, options=(f"--report={page}", *options))
    equal(got, status, f"{words}: {err}")
    printed = {}
    for pid, kb in re.findall(r"^(\d+) (\d+)$", out if isinstance(out, str) else out.decode(), re.M):
        printed[int(pid)] = max(printed.get(int(pid), 0), int(kb) * 1024)
    return {x["pid"]: x for x in Report(page).meta["tasks"] if x["pid"] == x["tid"]}, printed, text


def agrees(t, *words, **more):
    """The processes that printed something have what they printed; returns all of them."""
    found, printed, text = run(t, *words, **more)
    check(printed, f"{words}: nothing was printed")
    for pid, most in printed.items():
        got = found[pid].get("max_rss", 0)
        check(abs(got - most) <= slack(), f"{words}: {pid} has {got}, and printed {most}: {printed}")
    shown = re.search(r"^   Resident: +([\d.]+) MB", text, re.M)
    check(shown and abs(float(shown[1]) * MB - max(printed.values())) <= slack() + MB / 10, f"{words}: {shown} of {printed}")
    return found, printed


def alone(t):
    """the command itself, whether it touches memory or none, and gives it back or is killed"""
    for mb in (0, 50):
        _, printed = agrees(t, str(mb))
        check(mb * MB < max(printed.values()) < (mb + 4) * MB, f"what was touched: {printed}")
        agrees(t, str(mb), "kill", status=-9)


def started(t):
    """a small program has its own, whatever started it, and who started a large one, too"""
    for words in (("60", "spawn", "0"), ("0", "spawn", "60"), ("60", "spawn", "0", "spawn", "30")):
        agrees(t, *words)
    found, printed = agrees(t, "-c", f"{t.args.victim} 40; {t.args.victim} 0; :", program="sh")
    equal(len(printed), 2, "who printed something")
    shell, = [x for pid, x in found.items() if pid not in printed]
    check(0 < shell["max_rss"] < 20 * MB, f"the shell's own: {shell['max_rss']}")


def replaced(t):
    """a process that runs one program after the other has the most of them, by whichever thread it did"""
    for words in (("0", "exec", "40"), ("40", "exec", "0"), ("0", "thread", "40"), ("40", "thread", "0"),
                  ("0", "spawn", "10", "exec", "30", "thread", "0"), ("30", "spawn", "20", "exec", "0")):
        agrees(t, *words)


def copies(t):
    """a copy has its own memory; a child in its parent's has none"""
    _, printed = agrees(t, "0", "fork")
    equal(len(printed), 2, "processes")
    found, printed = agrees(t, "30", "vfork")
    equal([pid for pid, x in found.items() if "max_rss" in x], list(printed), "who has memory of its own")


def kept(t):
    """a recording keeps it"""
    cpd = t.out().with_suffix(".cpd")
    _, _, text = run(t, "30", "spawn", "0", options=("--record", cpd))
    again = subprocess.run([t.args.compendium, "--read", cpd, "-q"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=True).stdout.decode()
    lines = [re.search(r"^   Resident: .*", x, re.M) for x in (text, again)]
    check(all(lines), f"{text}\n{again}")
    equal(lines[0][0], lines[1][0], "read again")
    summary = t.out().with_suffix(".json")
    subprocess.run([t.args.compendium, "--read", cpd, "-q", "--summary=json", "-o", summary], stderr=subprocess.DEVNULL, timeout=PATIENCE, check=True)
    equal(round(json.loads(summary.read_text())["memory"]["resident_bytes"] / MB, 1), float(re.search(r"[\d.]+", lines[0][0])[0]), "as JSON")


if __name__ == "__main__":
    sys.exit(main(__doc__, {"resident": [alone, started, replaced, copies, kept]}))
