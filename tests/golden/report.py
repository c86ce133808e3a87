#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replay recordings into reports and compare what they hold with the text summary of the same run.

usage: report.py COMPENDIUM RECORDING...

Reads the file as docs/report-format.md describes it, by other code than the page's and the writer's.  Prints TAP.
"""
import base64
import collections
import html
import gzip
import itertools
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

PIECE = re.compile(rb'<!--([A-Za-z0-9+/]*={0,2})--><script>cpd\("(\w)",([01])\)</script>\n')
END = b'<script>cpd("end",1)</script>\n'
MAX_PIECE = 786432
BYTES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "z16": 2, "z32": 4, "z64": 8, "x32": 4}


def planes(data, at, rows, width):
    out = [0] * rows
    for p in range(width):
        plane = data[at + p * rows:at + (p + 1) * rows]
        if any(plane):
            out = [v | b << 8 * p for v, b in zip(out, plane)]
    return out, at + rows * width


class Report:
    def __init__(self, path):
        page = path.read_bytes()
        head, _, rest = page.partition(b'<script type="application/json" id="cpd-meta">')
        text, _, rest = rest.partition(b"</script>")
        self.summary = head.decode()
        self.meta = json.loads(text)
        assert b"<" not in text, "META must not hold '<'"
        self.kinds, self.columns, self.strings, self.moved, pieces = [], {}, [], [], []
        first = rest.index(b"<!--H4s") if b"<!--H4s" in rest else rest.index(END)
        at = first
        while piece := PIECE.match(rest, at):
            raw = base64.b64decode(piece[1], validate=True)
            assert len(raw) <= MAX_PIECE and (piece[3] == b"1" or len(raw) % 3 == 0)
            pieces.append(raw)
            at = piece.end()
            if piece[3] == b"1":
                self.block(piece[2].decode(), gzip.decompress(b"".join(pieces)))
                pieces = []
        assert not pieces and rest[at:at + len(END)] == END, "no end mark after the last block"
        order = [kind for kind, _ in itertools.groupby(self.kinds)]
        assert order == [k for k in "osfnkhcd" if k in order], f"order of blocks: {order}"

    def named(self, kind):
        return [column.split(":")[0] for column in self.meta["cols"][kind]]

    def block(self, kind, data):
        rows, zero, base = struct.unpack_from("<IIQ", data)
        at = 16
        assert zero == 0
        self.kinds.append(kind)
        if kind in "sd":
            lens, at = planes(data, at, rows, 4)
            for n in lens:
                (self.strings if kind == "s" else self.moved).append(data[at:at + n])
                at += n
        for column in self.meta["cols"][kind]:
            name, width = column.split(":")
            values, at = planes(data, at, rows, BYTES[width])
            if width[0] == "z":
                values = [v >> 1 ^ -(v & 1) for v in values]
            if width == "x32":
                count, = struct.unpack_from("<I", data, at)
                more = iter(struct.unpack_from(f"<{count}Q", data, at + 4))
                at += 4 + 8 * count
                values = [next(more) if v == 0xFFFFFFFF else v for v in values]
            if name == "dt":
                name, values = "start", list(itertools.accumulate(values, initial=base))[1:]
            self.columns.setdefault(kind, {}).setdefault(name, []).extend(values)
        for name in ("ret", "obj", "arg", "fd", "file", "val", "conn") if kind == "c" else ():     # missing: 0
            self.columns.setdefault(kind, {}).setdefault(name, []).extend([0] * (rows if name not in self.named(kind) else 0))
        assert at == len(data), f"block {kind}: {len(data) - at} bytes left"


def human(n):
    """As src/base/human.c."""
    if n < 1024:
        return f"{n} B"
    v, units = n / 1024, ["KB", "MB", "GB"]
    while v >= 1023.95 and len(units) > 1:
        v, units = v / 1024, units[1:]
    return f"{v:.1f} {units[0]}"


# of each table: how its title begins in the text, and the heads of the columns that its lines begin with
TABLES = {
    "top-files": ("Top files", ["Read", "Written"]), "failed-lookups": ("Failed lookups", ["Times", "Error"]),
    "connections": ("Connections", ["Sent", "Received", "Time", "Connection"]), "tree": ("Processes", ["PID", "Time", "Ended"]),
    "time": ("Where the time went", ["Time", "Share"]),
    "waits": ("Waited for", ["Time", "Waits", "Longest"]),
    "process-time": ("Time of processes", ["PID", "Time", "On CPU", "Waited most for"]),
    "thread-time": ("Time of threads", ["TID", "Time", "On CPU", "Waited most for"]),
    "errors": ("Errors by call", ["Times", "Call", "Error", "Meaning"]),
    "calls": ("Time in calls", ["Calls", "Total", "Median", "99th percentile", "Longest", "Call"]),
}


def same_tables(summary, text):
    """Each table of the text is in the page's summary, row by row with the same values; and no other is."""
    seen = 0
    for card, (title, heads) in TABLES.items():
        section = re.search(rf'id="card-{card}">.*?</section>', summary, re.S)
        block = re.search(rf"^ {title}(?!:).*\n((?:   .*\n)*)", text, re.M)
        assert bool(section) == bool(block), f"{title}: in one of page and text"
        if not section:
            continue
        cells = [[html.unescape(re.sub("<[^>]*>", "", x)) for x in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in re.findall("<tr>.*?</tr>", section[0], re.S)]
        lines = [line for line in block[1].splitlines() if not re.match("   (… and|sleep, poll|.* other )", line)]
        assert lines and len(cells) > len(lines), f"{title}: {len(cells) - 1} rows in the page, {len(lines)} in the text"
        at = [cells[0].index(head) for head in heads]
        for line, row in zip(lines, cells[1:]):
            for shown in (row[i] for i in at):
                assert line.lstrip(" ").startswith(shown), f"{title}: {line!r} in the text, {row} in the page"
                line = line.lstrip(" ")[len(shown):]
            seen += 1
    return seen


def keys(value):
    """Those of META, of what it is made of, too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in ("cols", "rows"):     # their keys are kinds of blocks
                yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def documented(meta):
    """The document's own example has the layout that is written, and each field of META has a name in the document."""
    text = (pathlib.Path(__file__).parents[2] / "docs/report-format.md").read_text()
    example = json.loads(re.search(r"^## 3\. META\n+```json\n(.*?)^```", text, re.M | re.S)[1])
    if "d" not in meta["cols"]:     # neither first bytes nor environments were recorded
        del example["cols"]["d"]
    written = {name: width for name, width in (column.split(":") for column in meta["cols"]["c"])}
    as_wide = []        # as they have to be, where there is anything in them
    for name, wide in (column.split(":") for column in example["cols"]["c"]):
        width = written.get(name, wide)
        assert width[0] == wide[0] and int(width[1:]) <= int(wide[1:]), f"{name}:{width} is wider than {wide}"
        as_wide += [f"{name}:{width}"] if name in written else []
    example["cols"]["c"] = as_wide
    for field in ("version", "cols", "block", "categories", "file_kinds", "sock_kinds", "sock_states"):
        assert meta[field] == example[field], f"docs/report-format.md has {field} as {example[field]}, the report as {meta[field]}"
    unnamed = set(keys(meta)) - set(re.findall(r"[`\"](\w+)[`\"]", text))
    assert not unnamed, f"docs/report-format.md does not name {sorted(unnamed)}"


def same_stack(report, i):
    """A stack by its id, as --json has it: functions, the innermost first, with their files."""
    data = report.moved[i]
    flags, *ids = struct.unpack(f"<{len(data) // 4}I", data)
    assert flags < 4 and len(ids) <= 128 and all(ids)
    frames = [report.moved[k].split(b"\0") for k in ids]
    return [(function.decode(), file.decode(), int(into, 16), int(at, 16) if file else 0) for function, file, into, at in frames]


def recorded_stacks(compendium, recording, tmp):
    """Those of --json, in the order of the report."""
    path = tmp / "stacks.json"
    subprocess.run([compendium, "--read", recording, "-q", f"--json={path}"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    rows = [json.loads(line) for line in path.read_text().splitlines() if '"stack"' in line]
    found = [(row["time"], [(f["function"], f["file"], f["into"], f["offset"]) for f in row["stack"]]) for row in rows if "stack" in row and "time" in row]
    return [stack for _, stack in sorted(found, key=lambda row: row[0])]


def execs(report):
    return [e for t in report.meta["tasks"] for e in t["execs"]]


def variables(report, e):
    """The environment of an exec, as it was recorded."""
    return [v for key in ("env", "env_own") if e.get(key) for v in report.moved[e[key]].rstrip(b"\0").split(b"\0")]


def redacted(compendium, recording, tmp):
    """No contents with --redact, whatever was recorded."""
    page = tmp / "redacted.html"
    subprocess.run([compendium, "--read", recording, f"--report={page}", "-q", "--redact"], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    r = Report(page)
    assert not any(c.startswith("data:") for c in r.meta["cols"]["c"]), "contents after --redact"
    for name, _, value in (v.partition(b"=") for e in execs(r) for v in variables(r, e)):
        assert value == b"<redacted>" or not re.search(rb"TOKEN|SECRET|PASSWORD", name), f"{name}={value} after --redact"


def check(compendium, recording, tmp):
    out = []
    for name in ("a", "b"):
        page, text = tmp / f"{name}.html", tmp / f"{name}.txt"
        subprocess.run([compendium, "--read", recording, f"--report={page}", "-a", "-o", text], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        out.append(page.read_bytes())
    assert out[0] == out[1], "two replays give different reports"
    r, text = Report(tmp / "a.html"), (tmp / "a.txt").read_text(errors="surrogateescape")
    meta, h, c = r.meta, r.columns.get("h", collections.defaultdict(list)), r.columns.get("c", collections.defaultdict(list))
    f, n = r.columns["f"], r.columns.get("n", collections.defaultdict(list))
    total = len(h["start"])

    documented(meta)
    redacted(compendium, recording, tmp)
    # one computation, printed by both in one order (the static summary has 20 rows)
    places = [r.summary.find(html.escape(p["text"], quote=False)) for p in meta["findings"][:20]]
    assert -1 not in places and places == sorted(places), meta["findings"]
    # one number, wherever it stands
    assert total == len(c["ret"]) == meta["events"]["kept"] == meta["events"]["total"]
    assert f"{total:,} events" in next(line for line in text.splitlines() if line.startswith(" Report: "))
    assert f"<li>{total:,} events</li>" in r.summary
    assert sum(r.columns["o"]["count"]) == total, "the overview counts other events"
    assert meta["rows"] == {"s": len(r.strings), "f": len(f["kind"]), "n": len(n["file"]), "k": len(r.columns.get("k", {}).get("start", []))}

    # every reference points to something
    errnos = {row[0] for row in meta["errnos"]} | {0}
    assert h["start"] == sorted(h["start"]) and (not total or h["start"][-1] <= meta["duration_ns"])
    assert all(lane < len(meta["tasks"]) for lane in h["lane"]) and all(t < len(meta["types"]) for t in h["type"])
    assert set(h["err"]) <= errnos
    assert all(s < len(r.strings) for s in itertools.chain(c["obj"], c["arg"], f["name"], n["local"], n["peer"]))
    assert all(i < len(f["kind"]) for i in itertools.chain(c["file"], n["file"], n["peer_file"]))
    assert not [t for t in meta["types"] if t.get("layer") and t["op"] == "other"], "a mark without a meaning"
    moved = c.get("data", [])
    assert len(set(r.moved)) == len(r.moved) and set(moved) <= set(range(max(1, len(r.moved)))), "first bytes"
    for t, err, ret, val, i in zip(h["type"], h["err"], c["ret"], c["val"], moved):
        row = meta["types"][t]
        assert not i or row["op"] in ("read", "write", "send", "recv", "peek"), f"first bytes of {row['name']}"
        assert not i or err or row["bytes"] != "ret" or 0 < len(r.moved[i]) <= min(ret, 1024), f"{len(r.moved[i])} bytes of {ret}"
    assert any(moved) == bool(moved) == any("first bytes" in note for note in meta["notes"])
    stacks = c.get("stack", [])
    assert [same_stack(r, i) for i in stacks if i] == recorded_stacks(compendium, recording, tmp), "stacks"
    assert any(stacks) == bool(stacks)
    with_env = [e for e in execs(r) if e.get("env")]
    assert bool(with_env) == any("environment" in note for note in meta["notes"])
    assert bool(r.moved) == ("d" in meta["cols"]) == (bool(moved) or bool(with_env) or bool(stacks))
    for e in with_env:
        assert not e.get("inherited") and len(set(variables(r, e))) > 1 and all(b"=" in v for v in variables(r, e)), variables(r, e)
    assert len(set(r.strings)) == len(r.strings) and r.strings[0] == b""

    # sums as the text has them
    sock = {i: meta["sock_kinds"][k] for i, k in zip(n["file"], n["kind"])}
    sums = collections.Counter()
    for t, err, ret, val, i in zip(h["type"], h["err"], c["ret"], c["val"], c["file"]):
        row = meta["types"][t]
        if "io" not in row or err:
            continue
        nbytes, kind = (ret, meta["file_kinds"][f["kind"][i]]) if row["bytes"] == "ret" else (val, meta["file_kinds"][f["kind"][i]])
        for way, file in (("in", i), ("out", val)) if row["io"] == "copy" else ((row["io"], i),):
            kind = meta["file_kinds"][f["kind"][file]]
            sums[way, "net" if sock.get(file, "")[:3] in ("tcp", "udp") else "file" if kind in ("file", "memfd") else "other"] += nbytes
    for key, label in {("in", "file"): "Files read", ("out", "file"): "Files written", ("out", "net"): "Net sent", ("in", "net"): "Net received"}.items():
        shown = re.search(rf"^ *{label}: +(.*)$", text, re.M)[1]
        assert shown == human(sums[key]), f"{label}: {shown} in the text, {human(sums[key])} in the report"
    processes = [t for lane, t in enumerate(meta["tasks"]) if t["proc"] == lane]
    assert re.search(r"^ Processes \((\d+)", text, re.M)[1] == str(len(processes))
    for t in processes:
        line = re.search(rf"^ *{t['pid']} .*$", text[text.index("\n Processes ("):], re.M)
        ended = f"exit {t['exit']}" if "exit" in t else t.get("signal", "")
        assert not line or ended in line[0], f"{line[0]}: {ended} in the report"

    assert same_tables(r.summary, text) > 3, "no tables"

    # what the terminal hides, of each class: how many
    subprocess.run([compendium, "--read", recording, "-q", "--summary=json", "-o", tmp / "s.json"], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    hidden = json.loads((tmp / "s.json").read_text())["tables"]["hidden"]["rows"]
    counted = collections.Counter(h["noise"])
    assert meta["noise"][0] == ["none", ""] and len(counted) > 1
    assert {meta["noise"][c][1]: k for c, k in counted.items() if c} == {row["class"]: row["events"] for row in hidden}, "hidden as noise"

    # the highest sum of the memory of all processes is the summary's
    now, highest = {}, 0
    k = r.columns.get("k", collections.defaultdict(list))
    memory = [row["name"] for row in meta["counters"]].index("mapped memory")
    for lane, counter, value in zip(k["lane"], k["counter"], k["value"]):
        if counter == memory:
            now[lane] = value
            highest = max(highest, sum(now.values()))
    shown = re.search(r"^ *Total: +(.*)$", text, re.M)[1]
    assert shown == human(highest), f"memory: {shown} in the text, {human(highest)} in the report"


def main():
    compendium, recordings = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]
    print(f"1..{len(recordings)}")
    failed = 0
    for i, recording in enumerate(recordings, 1):
        with tempfile.TemporaryDirectory() as tmp:
            try:
                check(compendium, recording, pathlib.Path(tmp))
                print(f"ok {i} {recording.stem}", flush=True)
            except (AssertionError, subprocess.CalledProcessError, KeyError, ValueError) as problem:
                failed += 1
                print(f"not ok {i} {recording.stem}\n# {type(problem).__name__}: {problem}", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
