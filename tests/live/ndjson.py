#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NDJSON against the summary of the same run, of recordings and of programs: what jq and DuckDB come to is what --summary=json has.  And
names of any bytes, wide numbers and long lists against what the program had.

usage: ndjson.py COMPENDIUM RECORDING...

Prints TAP.
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

sys.path.insert(0, str(EXPORT))
from rows import Tap, unescape  # noqa: E402

SHELL = """cd "$1"; for i in 1 2 3 4 5; do cat /etc/hosts /nonexistent > out$i; ls | wc -l; done; rm out1"""
SOCKETS = """import socket, threading
def serve(s):
    c, _ = s.accept()
    while data := c.recv(1000): c.sendall(data * 2)
s = socket.create_server(("127.0.0.1", 0))
t = threading.Thread(target=serve, args=(s,)); t.start()
c = socket.create_connection(s.getsockname())
for n in (1, 10, 100): c.sendall(b"x" * n); c.recv(2 * n, socket.MSG_WAITALL)
c.close(); t.join()
try: socket.create_connection(("127.0.0.1", 1))
except OSError: pass"""
COPIES = """import os, sys, threading
os.chdir(sys.argv[1])
with open("from", "wb") as f: f.write(b"y" * 70000)
a, b = os.open("from", os.O_RDONLY), os.open("to", os.O_WRONLY | os.O_CREAT)
while os.sendfile(b, a, None, 30000): pass
os.rename("to", "final"); os.write(b, b"end")
t = [threading.Thread(target=lambda: open("final", "rb").read()) for _ in range(3)]
for x in t: x.start()
for x in t: x.join()"""
# files, failures, processes; both ends of connections; a copy by the kernel, a rename while it is open, threads
RUNS = {"shell": ["sh", "-c", SHELL, "sh"], "sockets": [sys.executable, "-c", SOCKETS], "copies": [sys.executable, "-c", COPIES]}


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


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr[:500]


def readers():
    """(name, what it comes to of a file of NDJSON), of those that are installed."""
    if shutil.which("jq"):
        yield "jq", lambda path: output_of("jq", "-cs", "-f", EXPORT / "sums.jq", path)
    if (EXPORT / "node_modules").exists() and shutil.which("node"):
        yield "DuckDB", lambda path: output_of("node", EXPORT / "sums.mjs", path)


def as_in_rows(call):
    """A call as rows name it: a number without a name has its ABI in the name, so that types are apart."""
    return re.sub(r"^\[(\w+)\] syscall_(\d+)$", r"[\1] syscall_\1_\2", call)


def differences(sums, summary):
    """Where a reader comes to other numbers than the summary."""
    if isinstance(sums, str):
        yield sums
        return
    tables, io = {name: t["rows"] for name, t in summary["tables"].items()}, summary["io"]
    # what never returns has no time, and no row
    calls = {as_in_rows(r["call"]): [r["count"], r["errors"] or 0] for r in tables["calls"]}
    files = {r["path"]: [r["read_bytes"], r["written_bytes"]] for r in tables["top_files"] if r["read_bytes"] or r["written_bytes"]}
    pairs = [("call", name, sums["calls"].get(name), want) for name, want in calls.items()]
    pairs += [("file", path, sums["files"].get(path), want) for path, want in files.items()]
    pairs += [
        ("all", "calls", sum(n for n, _ in sums["calls"].values()), summary["calls"]),
        ("all", "files", [sum(sums["kinds"].get(kind, (0, 0))[i] for kind in ("file", "dir", "memfd")) for i in (0, 1)],
         [io["files_read_bytes"], io["files_written_bytes"]]),
        ("all", "network", sums["network"], [io["net_sent_bytes"], io["net_received_bytes"]]),
        ("all", "connections", sum(r["sent_bytes"] + r["received_bytes"] for r in tables["connections"]), io["net_sent_bytes"] + io["net_received_bytes"]),
        ("all", "opens", sums["opens"], [summary["opens"], summary["failed_opens"]]),
        ("all", "processes", sums["processes"], summary["processes"]),
        ("all", "threads", sums["threads"], summary["threads"]),
    ]
    for kind, name, got, want in pairs:
        if got != want:
            yield f"{kind} {name}: {got}, not {want}"


def compare(tap, program, scratch, name, *args):
    """One run: the rows themselves, then what readers make of them."""
    said = scratch / "summary.json"
    _, rows, out = export(program, scratch, "-q", "-a", "--summary=json", "-o", said, *args)
    summary = json.loads(said.read_bytes())
    events = [r for r in rows if r["table"] == "event"]
    trace = [r for r in rows if r["table"] == "trace"][-1]
    found = list(problems(rows))
    tap.ok(not found, f"{name}: types, ids", "; ".join(found[:5]))
    tap.ok((trace["events"], trace["duration"], trace["final"]) == (len(events), summary["duration_ns"], True), f"{name}: the last row has the sums", trace)
    # the program does not see the kernel's own: interrupted, and restarted or not
    errors = collections.Counter(((f"[{r['abi']}] " if "abi" in r else "") + r["call"], r["error"]) for r in events if "call" in r and "error" in r and not r["error"].startswith("ERESTART"))
    want = {(as_in_rows(r["call"]), r["error"]): r["count"] for r in summary["tables"]["errors"]["rows"]}
    tap.ok(errors == want, f"{name}: errors by call", (errors, want))
    for reader, read in readers():
        found = list(differences(read(out), summary))
        tap.ok(not found, f"{name}: {reader} comes to what the summary has", "; ".join(found[:5]))


def main():
    program, recordings, tap = sys.argv[1], [pathlib.Path(p) for p in sys.argv[2:]], Tap()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        for recording in recordings:
            compare(tap, program, scratch, recording.name, "--read", recording)
        for what, words in RUNS.items():
            place = scratch / what
            place.mkdir()
            compare(tap, program, scratch, what, "--backend", "ptrace", "--", *words, place)
        for reader in sorted({"jq", "DuckDB"} - {reader for reader, _ in readers()}):
            tap.skip(reader, "not installed; DuckDB: npm ci --prefix tests/export")
        # names of any bytes come back
        names = [b"\xff\xfe", b"a\\b", b"q\"q", b"new\nline", b"\xed\xa0\x80", b"\\x41", "ü→😀".encode(), b"<script>", b"\x1b[31m", b"\x7f"]
        folder = scratch / "names"
        folder.mkdir()
        script = "import os,sys\nfor n in sys.argv[1:]: open(os.fsencode(n), 'w').close()"  # the traced program
        paths = [os.path.join(os.fsencode(folder), x) for x in names]
        _, rows, _ = export(program, scratch, "--backend", "ptrace", "--", sys.executable, "-c", script, *paths)
        opened = {unescape(r["path"]) for r in rows if r["table"] == "event" and r["kind"] == "open"}
        missing = [x for x in paths if x not in opened]
        tap.ok(not missing, "names of any bytes come back", str(missing))
        argv = [unescape(a) for r in rows if r["table"] == "exec" for a in r.get("argv", [])]
        tap.ok(all(x in argv for x in paths), "and arguments", str(argv))
        # 64 bits: an address is a string, a number that does not fit 63 bits is absent, and in the arguments a string
        script = "import ctypes as c; c.CDLL(None).munmap(c.c_void_p(0xffffffffff601000), c.c_size_t(2**64 - 4096))"  # the traced program
        _, rows, _ = export(program, scratch, "-v", "--backend", "ptrace", "--", sys.executable, "-c", script)
        huge = [r for r in rows if r["table"] == "event" and r.get("call") == "munmap" and r["outcome"] == "failed"]
        tap.ok([(r["address"], r.get("size"), r["args"]["length"]) for r in huge] == [("0xffffffffff601000", None, str(2**64 - 4096))],
           "64 bits are not rounded", huge)
        # what was cut off is counted
        many = [str(i) for i in range(90000)]
        _, rows, _ = export(program, scratch, "--backend", "ptrace", "--", "true", *many)
        trace, run = rows[0], next(r for r in rows if r["table"] == "exec")
        tap.ok(len(run["argv"]) + run["argv_more"] == len(many) + 1 and len(trace["command"]) + trace["command_more"] == len(many) + 1,
           "arguments that are not kept are counted", (len(run["argv"]), run.get("argv_more"), len(trace["command"]), trace.get("command_more")))
        _, rows, _ = export(program, scratch, "--backend", "ptrace", "--", "true", "x" * 120000)
        run = next(r for r in rows if r["table"] == "exec")
        tap.ok(len(run["argv"][1]) + run["argv_cut"] == 120000, "and the rest of a long one", (len(run["argv"][1]), run.get("argv_cut")))
    return tap.end()


sys.exit(main())
