#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NDJSON of recordings against the text summary of the same recordings, and of hostile names against their bytes.

usage: ndjson.py COMPENDIUM RECORDING...

Read with Python's json, and with jq where there is one.  Prints TAP.
"""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

EXPORT = pathlib.Path(__file__).resolve().parent.parent / "export"
DUCKDB = EXPORT / "duckdb.mjs"

sys.path.insert(0, str(EXPORT))
from rows import unescape  # noqa: E402


def export(program, scratch, *args):
    out = scratch / "out.ndjson"
    done = subprocess.run([program, "--json", out, *args], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    lines = out.read_bytes().splitlines()
    return done.stderr.decode(errors="replace"), [json.loads(line) for line in lines], out


def problems(rows):
    """Types that change, ids without a row, times that are no whole numbers."""
    types, ids = {}, collections.defaultdict(set)
    for row in rows:
        if "id" in row:
            ids[row["table"]].add(row["id"])
        for key, value in row.items():
            before = types.setdefault((row["table"], key), type(value))
            if before is not type(value):
                yield f"{row['table']}.{key} is {before.__name__} and {type(value).__name__}"
            if isinstance(value, float):
                yield f"{row['table']}.{key} has a fraction"
    for row in rows:
        if row["table"] == "event":
            for key, table in (("thread", "thread"), ("process", "process"), ("file", "file"), ("connection", "connection"), ("type", "type")):
                if key in row and row[key] not in ids[table]:
                    yield f"event.{key} {row[key]} has no row"


def main():
    program, recordings = sys.argv[1], [pathlib.Path(p) for p in sys.argv[2:]]
    n = 0

    def ok(good, what, why=""):
        nonlocal n
        n += 1
        print(("ok" if good else "not ok"), n, "-", what)
        if not good:
            print("#", why)

    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        for recording in recordings:
            text, rows, out = export(program, scratch, "--read", recording)
            events = [r for r in rows if r["table"] == "event"]
            trace = [r for r in rows if r["table"] == "trace"][-1]
            found = list(problems(rows))
            ok(not found, f"{recording.name}: types, ids", "; ".join(found[:5]))
            ok(trace.get("events") == len(events) and trace["final"], f"{recording.name}: the last row counts the events")
            processes = {r["id"] for r in rows if r["table"] == "process"}
            said = re.search(r"(\d[\d,]*) process", text)
            ok(not said or int(said[1].replace(",", "")) == len(processes), f"{recording.name}: processes as in the summary", f"{said and said[0]}, {len(processes)}")
            failed = [r for r in events if r["kind"] == "open" and r.get("outcome") == "failed"]
            said = re.search(r"Opened.*?(\d[\d,]*) failed", text)
            if said:
                ok(int(said[1].replace(",", "")) == len(failed), f"{recording.name}: failed opens as in the summary", f"{said[0]}, {len(failed)}")
            if DUCKDB.parent.joinpath("node_modules").exists() and shutil.which("node"):
                done = subprocess.run(["node", DUCKDB, out], capture_output=True, text=True, check=False)
                want = {"rows": len(rows), "events": len(events), "said": len(events), "failed_opens": len(failed), "processes": len(processes),
                        "read": sum(r.get("bytes", 0) for r in events if r["kind"] in ("read", "recv")),
                        "written": sum(r.get("bytes", 0) for r in events if r["kind"] in ("write", "send")),
                        "duration": sum(r["duration"] for r in events)}
                ok(done.returncode == 0 and json.loads(done.stdout) == want, f"{recording.name}: DuckDB counts the same", done.stdout + done.stderr[:300])
            else:
                ok(True, f"{recording.name}: DuckDB # SKIP no node, or not installed: npm ci --prefix tests/export")
            if shutil.which("jq"):
                done = subprocess.run(["jq", "-s", 'map(select(.table == "event")) | length', out], capture_output=True, text=True, check=False)
                ok(done.stdout.strip() == str(len(events)), f"{recording.name}: jq counts the same", done.stderr[:300])
        # names of any bytes come back
        names = [b"\xff\xfe", b"a\\b", b"q\"q", b"new\nline", b"\xed\xa0\x80", b"\\x41", "ü→😀".encode(), b"<script>", b"\x1b[31m", b"\x7f"]
        folder = scratch / "names"
        folder.mkdir()
        script = "import os,sys\nfor n in sys.argv[1:]: open(os.fsencode(n), 'w').close()"  # the traced program
        paths = [os.path.join(os.fsencode(folder), x) for x in names]
        _, rows, _ = export(program, scratch, "--backend", "ptrace", "--", sys.executable, "-c", script, *paths)
        opened = {unescape(r["path"]) for r in rows if r["table"] == "event" and r["kind"] == "open"}
        missing = [x for x in paths if x not in opened]
        ok(not missing, "names of any bytes come back", str(missing))
        argv = [unescape(a) for r in rows if r["table"] == "exec" for a in r.get("argv", [])]
        ok(all(x in argv for x in paths), "and arguments", str(argv))
        # 64 bits: an address is a string, a number that does not fit 63 bits is absent, and in the arguments a string
        script = "import ctypes as c; c.CDLL(None).munmap(c.c_void_p(0xffffffffff601000), c.c_size_t(2**64 - 4096))"  # the traced program
        _, rows, _ = export(program, scratch, "-v", "--backend", "ptrace", "--", sys.executable, "-c", script)
        huge = [r for r in rows if r["table"] == "event" and r.get("call") == "munmap" and r["outcome"] == "failed"]
        ok([(r["address"], r.get("size"), r["args"]["length"]) for r in huge] == [("0xffffffffff601000", None, str(2**64 - 4096))],
           "64 bits are not rounded", huge)
        # what was cut off is counted
        many = [str(i) for i in range(90000)]
        _, rows, _ = export(program, scratch, "--backend", "ptrace", "--", "true", *many)
        trace, run = rows[0], next(r for r in rows if r["table"] == "exec")
        ok(len(run["argv"]) + run["argv_more"] == len(many) + 1 and len(trace["command"]) + trace["command_more"] == len(many) + 1,
           "arguments that are not kept are counted", (len(run["argv"]), run.get("argv_more"), len(trace["command"]), trace.get("command_more")))
        _, rows, _ = export(program, scratch, "--backend", "ptrace", "--", "true", "x" * 120000)
        run = next(r for r in rows if r["table"] == "exec")
        ok(len(run["argv"][1]) + run["argv_cut"] == 120000, "and the rest of a long one", (len(run["argv"][1]), run.get("argv_cut")))
    print(f"1..{n}")


main()
