# SPDX-License-Identifier: MIT
"""The rows of --json, which the other exports are compared with."""
import json
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def unescape(text):
    """The bytes of a string of any bytes (docs/events.md)."""
    out, at = b"", 0
    for m in re.finditer(r"\\(\\|x[0-9a-f]{2})", text):
        out += text[at:m.start()].encode() + (b"\\" if m[1] == "\\" else bytes([int(m[1][1:], 16)]))
        at = m.end()
    return out + text[at:].encode()


def last_rows(path):
    """{table: rows} of NDJSON: of what has an id, the last one, in the order of the ids."""
    tables = {}
    for line in pathlib.Path(path).read_bytes().splitlines():
        row = json.loads(line)
        key = row.get("id", 0) if row["table"] in ("process", "thread", "exec", "file", "connection", "type", "trace") else None
        table = tables.setdefault(row.pop("table"), {})
        row.pop("final", None)
        table[len(table) if key is None else key] = row
    return {name: [table[key] for key in sorted(table)] for name, table in tables.items()}


def sums(tables):
    """What every reader has to come to."""
    events = tables["event"]
    return {"events": len(events), "said": tables["trace"][-1].get("events"),
            "read": sum(r.get("bytes", 0) for r in events if r["kind"] in ("read", "recv")),
            "written": sum(r.get("bytes", 0) for r in events if r["kind"] in ("write", "send")),
            "failed_opens": sum(r["kind"] == "open" and r["outcome"] == "failed" for r in events),
            "processes": len(tables["process"]), "duration": sum(r["duration"] for r in events)}


def duckdb(*args):
    """What DuckDB comes to, and its errors; None where it is not installed."""
    if not (HERE / "node_modules").exists() or not shutil.which("node"):
        return None
    done = subprocess.run(["node", HERE / "duckdb.mjs", *args], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr[:500]


class Tap:
    """Prints TAP."""

    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, what, why=""):
        self.n += 1
        self.failed += not good
        print(("ok" if good else "not ok"), self.n, "-", what, flush=True)
        if not good:
            print("#", str(why)[:1500].replace("\n", "\n# "))

    def skip(self, what, why):
        self.n += 1
        print(f"ok {self.n} - {what} # SKIP {why}")

    def end(self):
        """The exit status."""
        print(f"1..{self.n}")
        return 1 if self.failed else 0
