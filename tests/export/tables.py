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
import shutil
import subprocess
import sys
import tempfile

from rows import Tap, duckdb, last_rows, sums, unescape

FORMATS = ("json", "csv")


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
    for name in ("trace", "process", "thread", "exec", "file", "connection", "counter", "type", "event"):
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


HOSTILE = [b"\xff\xfe", b"a\\b", b'q"q', b"new\nline", b"cr\rlf", b"\xed\xa0\x80", b"\\x41", "ü→😀".encode(), b"<script>", b"\x1b[31m", b"\x7f",
           b"=1+1", b"+cmd", b"-x", b"@sum", b"\ttab", b"a,b;c", b"'; DROP TABLE event; --", b"NULL", b"\\N", b"0x10", b"1e5", b"true", b"%s%n"]


def main():
    program, recordings = sys.argv[1], [pathlib.Path(p) for p in sys.argv[2:]]
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        for recording in recordings:
            place = pathlib.Path(name) / recording.stem
            place.mkdir()
            to, _ = export(program, place, "-v", "-q", "--read", recording)
            tables = last_rows(to["json"])
            found = list(csv_problems(to["csv"], tables))
            tap.ok(not found, f"{recording.name}: CSV has every cell of the JSON", "\n".join(found[:5]))
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
        found = list(csv_problems(to["csv"], tables))
        tap.ok(not found, "hostile names: CSV has every cell of the JSON", "\n".join(found[:5]))
    tap.end()


main()
