#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A probe that another tracer has put into the program (uprobe, uretprobe) is no call of the program.

usage: probes.py --compendium FILE --victim PROBED [--backend B] probes [TEST…]
"""
import os
import re
import subprocess
import sys

from harness import Skip, check, equal, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)

OUT = b"plain 1 strict 0 filter 0\n"


def untraced(t):
    plain = subprocess.run([t.args.victim], stdout=subprocess.PIPE, check=False)
    if plain.returncode == 77:
        raise Skip("uprobes need root and a kernel with them")
    equal((plain.returncode, plain.stdout), (0, OUT), "untraced")


def as_untraced(t):
    """probed functions in strict mode and under a filter end as untraced; no errors, no calls of theirs in the tables"""
    untraced(t)
    for options in ([], ["-v"], ["--no-seccomp"] if t.args.backend == "ptrace" else ["-a"]):
        status, out, _, text = t.run(t.args.victim, options=options)
        equal((status, out), (0, OUT), f"how it ended with {options}")
        tables = text.partition(" FINAL: ")[2]
        check(not re.search(r"^ +\d.* u(?:ret)?probe\b", tables, re.M), tables)
        check("RESTART" not in text, text)


def shown(t):
    """with -v each hit is a line that says what it is; the summary counts them; the report has them in no table of calls"""
    untraced(t)
    page = t.out().with_suffix(".html")
    _, _, _, text = t.run(t.args.victim, options=["-v", "--in-process", "off", f"--report={page}"])
    hits = len(re.findall(r"uretprobe\(\) = a probe of another tracer  ", text))
    equal(hits, 15, "hits of the uretprobe")
    hits += len(re.findall(r"uprobe\(\) = a probe of another tracer  ", text))
    check(f" Probes of other tracers: {hits} hits" in text, text)
    r = Report(page)
    for kind in r.meta["types"]:
        check("probe" not in kind["name"] or kind.get("layer") == "mark", kind)
    for kind, err in zip(r.columns["h"]["type"], r.columns["h"]["err"]):
        check("probe" not in r.meta["types"][kind]["name"] or not err, f"an error of {r.meta['types'][kind]}")


if __name__ == "__main__":
    sys.exit(main(__doc__, {"probes": [as_untraced, shown]}))
