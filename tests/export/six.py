#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One build recorded once, then written as everything in one --read: the text is that of the live run, and the tools that read the
exports give the same numbers of events, bytes read and failed opens.

usage: six.py COMPENDIUM

The tools: jq, DuckDB (JSON and CSV), sqlite3, Python's csv, ClickHouse, chdb; those that are not installed are named.  Prints TAP.
"""
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from clickhouse import PATIENCE, ask, chdb, load, servers, sums_of
from rows import Tap, duckdb, last_rows, sums

KEYS = ("events", "read", "failed_opens")
JQ = ('[inputs | select(.table == "event")] | [length, (map(select(.kind == "read" or .kind == "recv") | .bytes // 0) | add), '
      '(map(select(.kind == "open" and .outcome == "failed")) | length)] | @tsv')
SQL = ("SELECT (SELECT count(*) FROM events), (SELECT sum(bytes) FROM event WHERE kind IN ('read', 'recv')), "
       "(SELECT coalesce(sum(times), 0) FROM failed_opens)")


def run(*words, **more):
    return subprocess.run(list(map(str, words)), **{"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": PATIENCE, "check": True, **more})


def write_build(place):
    """A build that finds no header in the first place it looks for it."""
    for name in "abc":
        (place / f"{name}.c").write_text(f'#include "{name}.h"\nint {name}(void) {{ return 1; }}\n')
        (place / f"{name}.h").write_text("")
    place.joinpath("Makefile").write_text("all: a.o b.o c.o\n%.o: %.c\n\tgcc -iquote nowhere -c $<\n\tcat nothing || true\n")


def by_python(folder):
    with open(folder / "event.csv", newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    return [len(rows), sum(int(r["bytes"] or 0) for r in rows if r["kind"] in ("read", "recv")), sum(r["kind"] == "open" and r["outcome"] == "failed" for r in rows)]


def make_long(ndjson, to):
    """The same, with more rows before the last ones than those from which DuckDB takes the fields (20,480)."""
    first, *rows = ndjson.read_bytes().splitlines(keepends=True)
    again = next(row for row in rows if row.startswith(b'{"table":"type"'))
    to.write_bytes(b"".join([first, *[again] * 21000, *rows]))
    return to


def by_clickhouse(place, folder):
    with servers(place, 1) as ports:
        ask(ports[0], None, (folder / "schema.sql").read_text())
        done = load(folder, "here", ports[0])
        return sums_of(ports[0], "host = 'here'") if done.returncode == 0 else done.stderr


def numbers(answer):
    """Of a dictionary, or of words."""
    if isinstance(answer, dict):
        return [answer[key] for key in KEYS]
    return [int(word) for word in re.findall(r"\d+", answer)]


def main():
    program = os.path.abspath(sys.argv[1])
    tap = Tap()
    formats = re.findall(r"^ +--(\S+) (?:FILE|DIR);", run(program, "--export", "help").stdout, re.M)
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        build = place / "build"
        build.mkdir()
        write_build(build)
        run(program, "--record", place / "t.cpd", "-o", place / "live.txt", "--", "make", "-j2", cwd=build, env={**os.environ, "CCACHE_DISABLE": "1"})
        out = {f: place / f"out.{f}" for f in formats}
        run(program, "--read", place / "t.cpd", "-o", place / "again.txt", f"--report={place}/r.html", *(word for f in formats for word in ("--export", f"{f}:{out[f]}")))
        # but for what names the report
        text = [re.sub(r"^ Report: .*\n|(?<= more )\(.*report.*\)", "", (place / f).read_text(), flags=re.M).splitlines() for f in ("live.txt", "again.txt")]
        tap.ok(len(text[0]) > 100 and text[0] == text[1], "the text of the recording is that of the live run", [x for x in zip(*text) if x[0] != x[1]][:3])
        tap.ok(all(p.stat().st_size > 200 for p in out.values()), f"in one run: {', '.join(formats)}, text, report")
        want = numbers(sums(last_rows(out["json"])))
        tap.ok(all(want), f"{want[0]} events, {want[1]} bytes read, {want[2]} failed opens", want)
        answers = {"Python's csv": by_python(out["csv"]), "DuckDB, JSON": duckdb(out["json"]), "DuckDB, JSON, long": duckdb(make_long(out["json"], place / "long.ndjson")),
                   "DuckDB, CSV": duckdb(out["csv"]), "jq": None, "sqlite3": None, "ClickHouse": None}
        if shutil.which("jq"):
            answers["jq"] = run("jq", "-nr", JQ, out["json"]).stdout
        if shutil.which("sqlite3"):
            answers["sqlite3"] = run("sqlite3", out["sqlite"], SQL).stdout
        if shutil.which("clickhouse-server") and shutil.which("clickhouse-client"):
            answers["ClickHouse"] = by_clickhouse(place, out["clickhouse"])
        current = chdb(place / "chdb", [(out["clickhouse"], out["json"])])
        answers["chdb, tables"], answers["chdb, JSON"] = (current[0]["hosts"]["host0"], current[0]["ndjson"]["host0"]) if current and current[0] else (None, None)
        for tool, answer in answers.items():
            if answer is None:
                tap.skip(tool, "not installed")
            else:
                tap.ok((answer if isinstance(answer, list) else numbers(answer)) == want, f"{tool} gives the same numbers", answer)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
