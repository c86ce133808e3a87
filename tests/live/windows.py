#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--from and --to: a part of a recording, in every output, with the names that were made before it.

usage: windows.py --compendium FILE [--backend B] windows [TEST…]
"""
import contextlib
import json
import re
import sqlite3
import sys

from harness import check, equal, main
from recordings import lines, record, run

# Opens a file early under another name; writes to it every now and then; a child works beside it.
PROGRAM = """
import os, subprocess, sys, time
folder = sys.argv[1]
early = open(f"{folder}/early", "w", buffering=1)
r, w = os.pipe()
child = subprocess.Popen(["cat"], stdin=r, stdout=open(f"{folder}/of-the-child", "w"))
os.close(r)
os.rename(f"{folder}/early", f"{folder}/renamed")
for n in range(40):
    early.write(f"turn {n}\\n")
    os.write(w, b"x" * 10)
    open(f"{folder}/turn-{n}", "w").close()
    time.sleep(0.01)
os.close(w)
child.wait()
"""


def recorded(t, *options):
    return record(t, sys.executable, "-c", PROGRAM.replace("\\\\", "\\"), t.scratch, options=options)


def events(t, *args, **more):
    status, out, said = run(t, "-a", "-q", *args, "--json", "-", **more)
    equal(status, 0, said[-500:])
    return [row for row in map(json.loads, out.decode().splitlines()) if row["table"] == "event"]


def middle(rows, turn=20):
    """When that turn was, in seconds after the start."""
    return f"{next(row['time'] for row in rows if (row.get('path') or '').endswith(f'/turn-{turn}')) / 1e9:.9f}"


def turns(rows):
    return [int(m[1]) for row in rows if row["op"] == "open" and (m := re.search(r"/turn-(\d+)$", row.get("path") or ""))]


def names(t, text, what):
    for words in (rf"write .* to {t.scratch}/renamed", rf"write .* to {t.scratch}/of-the-child", r"write .* to pipe:\[\d+\]"):
        check(re.search(words, text), f"{what}: no line {words} in {text[:2000]}")
    check(not re.search(r"(to|from) (fd \d|descriptor)", text), f"{what}: a descriptor without a name")


def parts_are_the_whole(t):
    """two parts, at any moment, hold each event once and in order; each has the names of what was opened before; a part that is recorded says the same"""
    file = recorded(t)
    whole = events(t, "--read", file)
    equal(turns(whole), list(range(40)), "turns of all")
    duration = json.loads(run(t, "-q", "--read", file, "--json", "-")[1].splitlines()[-1])["duration"]
    for at in (middle(whole), f"-{duration / 1e9 - float(middle(whole)):.9f}"):
        first, second = t.out().with_suffix(".cpd"), t.out().with_suffix(".cpd")
        before, after = events(t, "--read", file, "--to", at), events(t, "--read", file, "--from", at)
        equal(turns(before) + turns(after), list(range(40)), f"turns until and from {at}")
        check(turns(before) and turns(after), f"{at} does not lie between")
        names(t, run(t, "-a", "--read", file, "--from", at)[2], at)
        for option, to, rows in (("--to", first, before), ("--from", second, after)):
            equal(run(t, "-q", "--read", file, option, at, "--record", to)[0], 0, "a part recorded")
            equal(lines(run(t, "-a", "--read", to)[2]), lines(run(t, "-a", "--read", file, option, at)[2]), f"{option} {at} recorded and read")
            equal(len(events(t, "--read", to)), len(rows), f"events of {option} {at}")
    said = run(t, "--read", file, "--from", middle(whole, 10), "--to", middle(whole, 30))[2]
    check("after the start of the trace on" in said and "The trace goes on after this recording, with 2 processes" in said, said[-1500:])
    # a part of a part knows how long the trace had run when it begins
    status, _, said = run(t, "--read", second, "--from", "50ms", "--about")
    check(status == 125 and "whole recordings" in said, said)
    part = t.out().with_suffix(".cpd")
    equal(run(t, "-q", "--read", second, "--from", "50ms", "--record", part)[0], 0, "a part of a part")
    walls = [json.loads(run(t, "-q", "--read", f, "--json", "-")[1].split(b"\n", 1)[0])["wall_ns"] for f in (second, part)]
    equal(walls[1] - walls[0], 50000000, "between the beginnings of the two")
    ran = [re.search(r"Recorded from ([\d.]+)(ms|s) after", run(t, "--read", f)[2]) for f in (second, part)]
    if all(ran):    # not minutes, of a machine that slow
        s = [float(m[1]) / (1000 if m[2] == "ms" else 1) for m in ran]
        check(abs(s[1] - s[0] - 0.05) < 0.02, f"it had run {s}")


def every_output(t):
    """the same events in every output: exports, report, table of calls"""
    file, page, folder = recorded(t, "-v"), t.scratch / "part.html", t.scratch / "csv"
    rows = events(t, "--read", file, "--from", "30%", "--to", "60%")
    said = run(t, "-a", "-c", "--read", file, "--from", "30%", "--to", "60%", f"--report={page}", "--csv", folder, "--sqlite", t.scratch / "part.db",
               "--perfetto", t.scratch / "part.pft")
    equal(said[0], 0, said[2][-500:])
    equal((folder / "event.csv").read_bytes().count(b"\n") - 1, len(rows), "events of CSV and JSON")
    with contextlib.closing(sqlite3.connect(t.scratch / "part.db")) as db:
        equal(db.execute("SELECT count(*) FROM event").fetchone()[0], len(rows), "events of SQLite and JSON")
    check((t.scratch / "part.pft").stat().st_size > 1000, "no Perfetto trace")
    check(b"Recorded from" in page.read_bytes(), "the report does not say that it is a part")


def wall_and_stream(t):
    """a moment by the wall's clock; a stream, in which nothing is known of its end; what is not there is one line and leaves no file"""
    file = recorded(t)
    stamp = re.search(r"^(\d+\.\d+) .*open \S+/turn-20 ", run(t, "-a", "-ttt", "--read", file)[2], re.M)[1]
    equal(turns(events(t, "--read", file, "--from", f"@{stamp}")), list(range(20, 40)), f"from @{stamp}")
    content = file.read_bytes()
    whole = events(t, "--read", file)
    part = ("--from", middle(whole, 10), "--to", middle(whole, 30))
    equal(turns(events(t, "--read", "-", *part, stdin=None, input=content)), list(range(10, 30)), "of a stream")
    never = t.scratch / "never.json"
    for options, words in ((("--from", "9m"), "--from 9m: the recording ends before, "), (("--from", "2s", "--to", "1s"), "nothing is between|the recording ends before"),
                           (("--from", "0.2", "--to", "0.1"), "--from 0.2 --to 0.1: nothing is between"), (("--to", "0"), "--to 0: that is where the recording begins"),
                           (("--from", "soon"), "--from takes a time: .* not \"soon\"")):
        status, _, said = run(t, "--read", file, *options, "--json", never)
        check((status, said.count("\n")) == (125, 1) and re.search(words, said) and not never.exists(), f"{options}: {said}")
    for options, words in ((("--from", "50%"), "a stream has no end yet"), (("--to", "-1s"), "a stream has no end yet"), (("--from", "9m"), "ended before")):
        status, _, said = run(t, "--read", "-", *options, "--json", never, stdin=None, input=content)
        check((status, said.count("\n")) == (125, 1) and words in said and not never.exists(), f"{options} of a stream: {said}")
    status, _, said = run(t, "--from", "1s", "--", "true")
    check(status == 125 and "is for a recording" in said, said)
    cut = t.out()
    cut.write_bytes(content[:-16])
    status, _, said = run(t, "-a", "--read", cut, "--from", middle(whole, 20))
    check(status == 125 and "is cut off after" in said and "/turn-39" in said and "/turn-0 " not in said, said[-500:])


def processes(t, *parts):
    rows = map(json.loads, run(t, "-q", "--read", *parts, "--json", "-")[1].decode().splitlines())
    return [row for row in rows if row["table"] == "process"]


def parts_are_one(t):
    """parts that follow each other, in any order, are one trace again, byte for byte what was shown live; one that is missing leaves two"""
    live, again, file = t.scratch / "live.json", t.scratch / "again.json", t.scratch / "day.cpd"
    status, text, _ = run(t, "--backend", t.args.backend, "-a", "-q", "--record", file, "--rotate", "100ms", "--json", live, "--", "sh", "-c",
                          "i=0; while [ $i -lt 12 ]; do cat /etc/passwd >/dev/null; ls /usr/bin >/dev/null; sleep 0.05; i=$((i + 1)); done; exit 3")
    equal(status, 3, text[-500:])
    parts = [file, *sorted(t.scratch.glob("day.*.cpd"))]
    check(len(parts) > 3, f"only {parts}")
    equal(run(t, "-a", "-q", "--read", *parts, "--json", again)[0], 0, "all parts")
    check(again.read_bytes() == live.read_bytes(), "the parts read together are not what was shown live")
    ends = [json.loads(run(t, "-q", "--read", part, "--json", "-")[1].decode().splitlines()[-1])["ended"] for part in (parts[1], file)]
    equal(ends, ["goes_on", "exit"], "how the first and the last part end")
    first = next(part for part in parts[1:] if processes(t, part))      # on a slow machine the shell begins after 100 ms
    rows = processes(t, first, file)
    equal(len({row["id"] for row in rows if row["pid"] == rows[0]["pid"]}), 2, "how often the shell is there where a part is missing")
    whole = recorded(t)
    first, second = t.out().with_suffix(".cpd"), t.out().with_suffix(".cpd")
    for at in ("0.000001", middle(events(t, "--read", whole))):     # the first part of the former has no process yet
        for part in (first, second):
            part.unlink(missing_ok=True)
        run(t, "-q", "--read", whole, "--to", at, "--record", first)
        run(t, "-q", "--read", whole, "--from", at, "--record", second)
        equal(run(t, "-a", "--read", second, first)[2], run(t, "-a", "--read", whole)[2], f"lines and summary of two parts and of the whole, at {at}")
    damaged = bytearray(first.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    first.write_bytes(damaged)
    status, _, said = run(t, "-a", "--read", second, first)
    check(status == 125 and str(first) in said and "/turn-39" in said, f"a damaged part: {said[-500:]}")


GROUPS = {"windows": [parts_are_one, parts_are_the_whole, every_output, wall_and_stream]}

if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
