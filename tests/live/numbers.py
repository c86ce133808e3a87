#!/usr/bin/env python3
"""What the lines and the report say is what the program did: names as given, counts, times.

usage: numbers.py --compendium FILE [--backend B] numbers [TEST…]
"""
import os
import pathlib
import sys

from harness import check, equal, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)


def report_of(t, *command, options=(), **more):
    """A command's report, its trace and what it wrote."""
    path = t.out().with_suffix(".html")
    status, out, err, text = t.run(*command, options=(f"--report={path}", *options), **more)
    return Report(path), text, (status, out, err)


def calls(r):
    """(call, arguments, object) of every event of a report."""
    h, c = r.columns["h"], r.columns["c"]
    for kind, arg, obj in zip(h["type"], c["arg"], c["obj"]):
        name = r.strings[obj].decode(errors="surrogateescape")
        yield r.meta["types"][kind]["name"], r.strings[arg].decode(errors="surrogateescape").replace("\x01o", f'"{name}"'), name


def given(t):
    """relative names, names with .. and the empty one stand in the report as given, and as what they are"""
    d = pathlib.Path(os.path.realpath(t.scratch)) / "given"
    (d / "conf").mkdir(parents=True)
    (d / "conf" / "a").write_text("a")
    script = ("import os\n"
              "f = os.open('conf/a', 0); n = os.open('conf', os.O_PATH); os.open('a', 0, dir_fd=n)\n"
              "for name in ('./conf/../conf/none', '', 'conf//a/'):\n"
              "    try: os.open(name, 0)\n"
              "    except OSError: pass\n"
              "os.rename('conf/a', './b'); os.chdir('conf'); os.mkdir('../new', 0o700); os.open('../b', 0)\n"
              f"os.access('{d}/b', 0)\n")
    r, _, (status, *_) = report_of(t, sys.executable, "-S", "-E", "-c", script, cwd=d)
    equal(status, 0, "the program")
    seen = list(calls(r))
    for call, name, path in (("openat", "conf/a", d / "conf/a"), ("openat", "a", d / "conf/a"), ("openat", "./conf/../conf/none", d / "conf/none"),
                             ("openat", "conf//a/", d / "conf/a"), ("rename", "conf/a", d / "conf/a"), ("mkdir", "../new", d / "new"),
                             ("openat", "../b", d / "b"), ("access", f"{d}/b", d / "b")):
        check([a for c, a, o in seen if c == call and o == str(path) and f'"{name}"' in a],
              f"{call} {name}: {[(a, o) for c, a, o in seen if c == call][-8:]}")
    check([a for c, a, _ in seen if c == "openat" and a.startswith('AT_FDCWD, "",')], "the empty name is not shown")


if __name__ == "__main__":
    sys.exit(main(__doc__, {"numbers": [given]}))
