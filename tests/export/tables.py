#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exports that are tables, against the NDJSON of the same run, cell by cell: recordings, and a program with hostile names.

usage: tables.py COMPENDIUM RECORDING...

CSV is read with Python's csv and, where it is installed, DuckDB.  Prints TAP.
"""
import csv
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from rows import HERE, Tap, duckdb, last_rows, sums, unescape

FORMATS = ("json", "csv", "sqlite")
TABLES = ("trace", "process", "thread", "exec", "file", "connection", "counter", "type", "event")
VIEWS = ("processes", "execs", "files", "events", "calls", "failed_opens", "slowest_calls", "files_by_bytes", "process_tree", "connections", "time_budget")


def export(program, place, *args):
    """Each format, in one run: {format: path}."""
    to = {name: place / f"out.{name}" for name in FORMATS}
    done = subprocess.run([program, *(word for name in FORMATS for word in ("--export", f"{name}:{to[name]}")), *args],
                          capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return to, done.stderr.decode(errors="replace")


def difference(want, cell, address):
    """Is a cell of CSV not the value of the JSON?"""
    if want is None:
        return cell != ""
    if isinstance(want, bool):
        return cell != ("true" if want else "false")
    if isinstance(want, int):
        return cell != str(want)
    if isinstance(want, (list, dict)):
        return json.loads(cell) != want
    return cell != "&" + want if address else unescape(cell) != unescape(want)


def csv_problems(folder, tables):
    """Every cell of every table; and no line that a spreadsheet would take for a formula."""
    for name in TABLES:
        text = (folder / f"{name}.csv").read_bytes().decode()
        have = list(csv.DictReader(text.splitlines(), strict=True))
        want = tables.get(name, [])
        if have and "id" in have[0]:
            have.sort(key=lambda r: int(r["id"]))
        if len(have) != len(want):
            yield f"{name}: {len(have)} rows for {len(want)}"
            continue
        for i, (row, line) in enumerate(zip(want, have)):
            unknown = set(row) - set(line)
            wrong = [key for key in line if difference(row.get(key), line[key], key == "address")]
            if unknown or wrong:
                yield f"{name} {i}: {unknown} {[(key, line[key], row.get(key)) for key in wrong]}"
            for key, cell in line.items():
                if cell[:1] in ("=", "+", "@", "\t", "\r") or (cell[:1] == "-" and not cell[1:].isdigit()):
                    yield f"{name}.{key}: a formula: {cell!r}"


def sqlite_problems(path, tables):
    """Every cell of every table, and that each view can be read."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    for name in TABLES:
        have = [dict(row) for row in db.execute(f"SELECT * FROM {name} ORDER BY {'id' if name in ('process', 'thread', 'exec', 'file', 'connection', 'type') else 'rowid'}")]
        want = tables.get(name, [])
        if len(have) != len(want):
            yield f"{name}: {len(have)} rows for {len(want)}"
            continue
        for i, (row, line) in enumerate(zip(want, have)):
            values = {key: json.loads(cell) if isinstance(row.get(key), (list, dict)) else cell for key, cell in line.items() if cell is not None}
            if values != row:
                yield f"{name} {i}: {sorted(set(map(str, values.items())) ^ set(map(str, row.items())))}"
    for name in VIEWS:
        db.execute(f"SELECT * FROM {name}").fetchall()
    db.close()


def sqlite_sums(path):
    """As rows.sums(), through the views where these have it."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    one = lambda sql: db.execute(sql).fetchone()[0] or 0
    got = {"events": one("SELECT count(*) FROM events"), "said": one("SELECT events FROM trace"),
           "read": one("SELECT sum(bytes) FROM event WHERE kind IN ('read', 'recv')"),
           "written": one("SELECT sum(bytes) FROM event WHERE kind IN ('write', 'send')"),
           "failed_opens": one("SELECT sum(times) FROM failed_opens"), "processes": one("SELECT count(*) FROM process_tree"),
           "duration": one("SELECT sum(duration) FROM event"),
           "calls": one("SELECT count(*) FROM calls"), "budget": one("SELECT sum(in_calls) FROM time_budget"),
           "slowest": one("SELECT duration FROM slowest_calls LIMIT 1"),
           "file_bytes": one("SELECT sum(bytes_read) FROM files_by_bytes"), "sent": one("SELECT sum(sent) FROM connections"),
           "received": one("SELECT sum(received) FROM connections")}
    db.close()
    return got


def view_sums(tables):
    """What the views have to come to, from the rows."""
    calls = [r for r in tables["event"] if "call" in r]
    regular = {f["id"] for f in tables.get("file", []) if f["kind"] in ("file", "dir", "memfd")}
    links = {c["id"]: c["file"] for c in tables.get("connection", [])}
    total = lambda rows: sum(r.get("bytes", 0) for r in rows)
    of_link = [r for r in tables["event"] if "connection" in r]
    return {"calls": len(calls), "budget": sum(r["duration"] for r in calls), "slowest": max((r["duration"] for r in calls), default=0),
            "file_bytes": total(r for r in tables["event"] if r["kind"] in ("read", "transfer") and r.get("file") in regular),
            "sent": total(r for r in of_link if r["kind"] in ("send", "write") or (r["kind"] == "transfer" and r.get("file") != links[r["connection"]])),
            "received": total(r for r in of_link if r["kind"] in ("recv", "read") or (r["kind"] == "transfer" and r.get("file") == links[r["connection"]]))}


TYPES = {"integer": int, "boolean": bool, "string": str, "array": list, "object": dict}


def wrong(schema, value):
    """Why a value is not what the schema says; of JSON Schema, what --json-schema uses. A key that is not in it is wrong, too."""
    if "const" in schema and value != schema["const"]:
        return f"not {schema['const']}"
    if "type" in schema and type(value) is not TYPES[schema["type"]]:
        return f"not {schema['type']}"
    if value not in schema.get("enum", [value]) or (isinstance(value, int) and value < schema.get("minimum", value)):
        return "not one of its values"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return f"not {schema['pattern']}"
    found = [wrong(schema["items"], item) for item in value] if isinstance(value, list) else []
    if isinstance(value, dict) and "properties" in schema:
        found += [key for key in schema["required"] if key not in value]
        found += [f"{key}: {why}" for key, item in value.items() if (why := wrong(schema["properties"].get(key, {"enum": []}), item))]
    return next(filter(None, found), None)


def check_schema(tap, program, place, recordings):
    """The lines of all runs by the schema; and that it refuses what is not such a line."""
    path = place / "schema.json"
    path.write_bytes(subprocess.run([program, "--json-schema"], stdout=subprocess.PIPE, check=True).stdout)
    schema = json.loads(path.read_bytes())
    lines = [json.loads(line) for file in recordings for line in file.read_bytes().splitlines()]
    found = [(line, why) for line in lines if (why := wrong(schema["$defs"].get(line["table"], {"type": "null"}), line))]
    tap.ok(lines and not found, f"all {len(lines)} lines are as --json-schema says", found[:3])
    broken = [{**next(r for r in lines if r["table"] == "event" and "path" in r), **more} for more in
              ({"pid": "1"}, {"path": 1}, {"kind": "no such kind"}, {"time": -1}, {"thread": 0}, {"nonsense": 1}, {"address": "7f"})]
    missed = [b for b in broken if not wrong(schema["$defs"]["event"], b)]
    tap.ok(not missed, "and it refuses what is not such a line", missed)
    if not (HERE / "node_modules").exists() or not shutil.which("node"):
        tap.skip("ajv", "no node, or not installed: npm ci --prefix tests/export")
        return
    done = subprocess.run(["node", HERE / "schema.mjs", path, *recordings], capture_output=True, text=True, check=False)
    tap.ok(done.returncode == 0 and done.stdout == f"{len(lines)}\n", "ajv validates all lines", done.stdout[:500] + done.stderr[:500])
    for i, line in enumerate(broken):
        (place / f"broken{i}").write_text(json.dumps(line) + "\n")
    refused = [subprocess.run(["node", HERE / "schema.mjs", path, place / f"broken{i}"], capture_output=True, check=False).returncode == 1 for i in range(2)]
    tap.ok(all(refused), "and refuses what is not such a line", refused)


HOSTILE = [b"\xff\xfe", b"a\\b", b'q"q', b"new\nline", b"cr\rlf", b"\xed\xa0\x80", b"\\x41", "ü→😀".encode(), b"<script>", b"\x1b[31m", b"\x7f",
           b"=1+1", b"+cmd", b"-x", b"@sum", b"\ttab", b"a,b;c", b"'; DROP TABLE event; --", b"NULL", b"\\N", b"0x10", b"1e5", b"true", b"%s%n"]


def main():
    program, recordings = sys.argv[1], [pathlib.Path(p) for p in sys.argv[2:]]
    tap, lines = Tap(), []
    with tempfile.TemporaryDirectory() as name:
        for read in [*([recording] for recording in recordings), recordings[:2]]:   # the last: two of them, merged
            recording = pathlib.Path("+".join(r.stem for r in read))
            place = pathlib.Path(name) / recording
            place.mkdir()
            to, _ = export(program, place, "-v", "-q", "--read", *read)
            lines.append(to["json"])
            tables = last_rows(to["json"])
            found = list(csv_problems(to["csv"], tables))
            tap.ok(not found, f"{recording.name}: CSV has every cell of the JSON", "\n".join(found[:5]))
            found = list(sqlite_problems(to["sqlite"], tables))
            tap.ok(not found, f"{recording.name}: SQLite has every cell of the JSON", "\n".join(found[:5]))
            got, want = sqlite_sums(to["sqlite"]), {**sums(tables), **view_sums(tables)}
            tap.ok(got == want, f"{recording.name}: the views of SQLite come to the same", f"{got}, not {want}")
            got = duckdb(to["csv"])
            if got is None:
                tap.skip(f"{recording.name}: DuckDB", "no node, or not installed: npm ci --prefix tests/export")
            else:
                want = {**sums(tables), "guessed": sum(r["duration"] for r in tables["event"]), "address": "VARCHAR"}
                tap.ok(got == want, f"{recording.name}: DuckDB comes to the same from CSV", f"{got}, not {want}")
        # names of any bytes; that of a thread stands at the beginning of a cell
        place = pathlib.Path(name) / "hostile"
        place.mkdir()
        script = "import os, sys\nfor n in sys.argv[1:]: os.close(os.open(os.fsencode(n), os.O_WRONLY | os.O_CREAT | os.O_EXCL))"
        runs, back = place / "=2+2", os.getcwd()
        shutil.copy("/bin/sh", runs)
        program = os.path.abspath(program)
        os.chdir(place)
        to, said = export(program, place, "-v", "-q", "--backend", "ptrace", "--", runs, "-c", '"$@"; exit 0', "sh", sys.executable, "-c", script, *HOSTILE)
        os.chdir(back)
        tables = last_rows(to["json"])
        opened = {unescape(r["path"]) for r in tables["event"] if r["kind"] == "open"}
        tap.ok(all(os.path.join(os.fsencode(place), x) in opened for x in HOSTILE), "hostile names: the JSON has them", said[-300:])
        found = list(sqlite_problems(to["sqlite"], tables))
        tap.ok(not found, "hostile names: SQLite has every cell of the JSON", "\n".join(found[:5]))
        found = list(csv_problems(to["csv"], tables))
        tap.ok(not found, "hostile names: CSV has every cell of the JSON", "\n".join(found[:5]))
        check_schema(tap, program, pathlib.Path(name), [*lines, to["json"]])
    return tap.end()


sys.exit(main())
