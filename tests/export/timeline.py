#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--perfetto, --chrome-trace and --folded of recordings against --json of the same, and of hostile names against their bytes.

usage: timeline.py COMPENDIUM RECORDING...

Perfetto's file is decoded by protoc with track_event.proto, the Chrome trace and the folded stacks also by speedscope in
Chromium, where these are installed.  Prints TAP.
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
import time

from rows import HERE, Tap, unescape

# ---- Perfetto ----

def parse(lines):
    """A message of protoc's text format: lists of values by field."""
    message = collections.defaultdict(list)
    for line in lines:
        word = line.strip()
        if word == "}":
            break
        if word.endswith(" {"):
            message[word[:-2]].append(parse(lines))
            continue
        key, value = word.split(": ", 1)
        if value.startswith('"'):
            value = value[1:-1].encode().decode("unicode_escape").encode("latin-1").decode()    # fails on what is no UTF-8
        elif re.fullmatch(r"-?\d+", value):
            value = int(value)
        message[key].append(value)
    return message


def decode(path):
    with open(path, "rb") as trace:
        done = subprocess.run(["protoc", f"--proto_path={HERE}", "--decode=perfetto.protos.Trace", "track_event.proto"], stdin=trace,
                              capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return parse(iter(done.stdout.splitlines())).get("packet", [])


class Perfetto:
    """What a consumer keeps while it reads: names, tracks, what is open on each of them.  trouble: what is wrong."""

    def __init__(self, path):
        self.trouble, self.names, self.tracks, self.open = [], {}, {}, collections.defaultdict(list)
        self.last, self.marks, self.slices, self.values = {}, [], [], collections.defaultdict(list)
        self.flows = collections.defaultdict(list)
        self.packets = decode(path)
        for n, packet in enumerate(self.packets):
            for key in packet:
                if key.isdigit():
                    self.trouble.append(f"packet {n} has a field {key} that the schema has not")
            self.take(packet)
        self.trouble += [f"track {t:#x}: {len(o)} slices do not end" for t, o in self.open.items() if o]
        for flow, ends in self.flows.items():
            if len(ends) == 2 and sorted(e[1] for e in ends) != [False, True]:
                self.trouble.append(f"flow {flow:#x} has no direction")
            if len(ends) > 2:
                self.trouble.append(f"flow {flow:#x} has {len(ends)} ends")

    def take(self, p):
        if "clock_snapshot" in p:
            return
        if p["trusted_packet_sequence_id"] != [1] or not p["sequence_flags"][0] & 2:
            self.trouble.append(f"no sequence: {p}")
        for data in p.get("interned_data", []):
            for what, entries in data.items():
                for e in entries:
                    self.names[what, e["iid"][0]] = e["name"][0]
        for d in p.get("track_descriptor", []):
            for parent in d.get("parent_uuid", []):
                if parent not in self.tracks:
                    self.trouble.append(f"parent {parent:#x} is not described")
            self.tracks[d["uuid"][0]] = d
        for e in p.get("track_event", []):
            self.event(p["timestamp"][0], e)

    def event(self, at, e):
        kind, track = e["type"][0], e["track_uuid"][0]
        if track not in self.tracks:
            self.trouble.append(f"track {track:#x} is not described")
            return
        if kind == "TYPE_COUNTER":
            if "counter" not in self.tracks[track]:
                self.trouble.append("a value is on no counter's track")
            self.values[track].append((at, e["counter_value"][0]))
            return
        if kind != "TYPE_INSTANT":
            if at < self.last.get(track, 0):
                self.trouble.append(f"track {track:#x}: {at} comes after {self.last[track]}")
            self.last[track] = at
        if kind == "TYPE_SLICE_END":
            if not self.open[track]:
                self.trouble.append(f"track {track:#x}: nothing is open at {at}")
            else:
                begin = self.open[track].pop()
                self.slices.append({**begin, "duration": at - begin["time"]})
            return
        name = self.names.get(("event_names", e["name_iid"][0])) if "name_iid" in e else e["name"][0]
        if name is None:
            self.trouble.append(f"name {e['name_iid']} was not given")
        got = {"time": at, "name": name, "track": track, "category": self.names["event_categories", e["category_iids"][0]]}
        for a in e.get("debug_annotations", []):
            (value,) = (v[0] for k, v in a.items() if k != "name_iid")
            got[self.names["debug_annotation_names", a["name_iid"][0]]] = value
        if "callstack" in e:
            got["stack"] = [(f["function_name"][0], f.get("source_file", [""])[0]) for f in e["callstack"][0]["frames"]]
        for flow in e.get("flow_ids", []):
            self.flows[flow].append((at, False))
        for flow in e.get("terminating_flow_ids", []):
            self.flows[flow].append((at, True))
        if kind == "TYPE_INSTANT":
            self.marks.append(got)
            return
        if self.open[track]:
            self.trouble.append(f"track {track:#x}: {name} overlaps {self.open[track][-1]['name']}")
        self.open[track].append(got)


def whole_packets(data):
    """As many of the first bytes as are whole packets."""
    at = 0
    while at < len(data):
        start, n, shift = at, 0, 0
        assert data[at] == 0x0a, "a packet begins with its tag"
        for at in range(at + 1, len(data)):
            n |= (data[at] & 0x7f) << shift
            shift += 7
            if data[at] < 0x80:
                break
        else:
            return start
        at += 1 + n
        if at > len(data):
            return start
    return at


# ---- what the three are compared with ----

OWN = {"begins", "wakes"}       # marks that stand for no event


class Rows:
    def __init__(self, path):
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        self.events = [r for r in rows if r["table"] == "event"]
        self.types = {r["id"]: r for r in rows if r["table"] == "type"}
        self.threads = {r["id"]: r for r in rows if r["table"] == "thread"}
        self.processes = {r["id"]: r for r in rows if r["table"] == "process"}
        self.trace = [r for r in rows if r["table"] == "trace"][-1]
        self.execs = [r for r in rows if r["table"] == "exec"]

    def name(self, event):
        return self.types[event["type"]]["name"]

    def calls(self, least=0):
        """Number and time of each call, and of what else took time; least: none is written as shorter."""
        sums = collections.defaultdict(lambda: [0, 0])
        for e in self.events:
            if self.types[e["type"]]["layer"] == "call" or e["duration"]:
                sums[self.name(e)][0] += 1
                sums[self.name(e)][1] += max(e["duration"], least)
        return dict(sums)


    def stacks(self, form, reverse=False):
        """How many events of each name have which functions, in the form in which a format has them."""
        return collections.Counter((self.name(e), *(form(f) for f in e["stack"][::-1 if reverse else 1])) for e in self.events if "stack" in e)


UNKNOWN = "(unknown)"


def name_of(f):
    """A frame's function, or its place in a file, and that file."""
    return f["function"] or f"{f['file'].rsplit('/', 1)[-1]}+{f['offset']:#x}", f["file"]


def line_of(f):
    """A frame as the terminal has it."""
    name, into = (f["function"], f["into"]) if f["function"] else (f["file"], f["offset"])
    return name + (f"+{into:#x}" if into else "") + (f" in {f['file']}" if f["function"] else "")


def stacks_of(events, *rest):
    """rest: what stands for frames that are not known."""
    return collections.Counter((e["name"], *(f for f in e["stack"] if f not in rest)) for e in events if "stack" in e)


def sums_of(slices):
    sums = collections.defaultdict(lambda: [0, 0])
    for s in slices:
        sums[s["name"]][0] += 1
        sums[s["name"]][1] += s["duration"]
    return dict(sums)


class Test(Tap):
    def __init__(self, program):
        super().__init__()
        self.program = program

    def export(self, scratch, *args):
        paths = {f: scratch / f"out.{f}" for f in ("perfetto", "chrome-trace", "folded", "json")}
        for p in paths.values():
            p.unlink(missing_ok=True)
        done = subprocess.run([self.program, "-q", *(f"--{f}={p}" for f, p in paths.items()), *args], capture_output=True, stdin=subprocess.DEVNULL,
                              check=False)
        assert all(p.exists() for p in paths.values()), done.stderr.decode(errors="replace")
        return paths

    def perfetto(self, name, path, rows):
        if not shutil.which("protoc"):
            self.skip(f"{name}: perfetto", "protoc is not installed (protobuf-compiler)")
            return
        p = Perfetto(path)
        self.ok(not p.trouble, f"{name}: perfetto: all is described, slices lie in order", "\n".join(p.trouble[:10]))
        marks = [m for m in p.marks if m["name"] not in OWN]
        self.ok(len(p.slices) + len(marks) == len(rows.events), f"{name}: perfetto: as many events as rows", f"{len(p.slices)} + {len(marks)}, {len(rows.events)}")
        self.ok(sums_of(p.slices) == rows.calls(), f"{name}: perfetto: number and time of each call as in rows", f"{sums_of(p.slices)}\n{rows.calls()}")
        for key in ("bytes", "error", "path", "result", "signal", "noise"):
            want = collections.Counter(str(e[key]) for e in rows.events if key in e)
            got = collections.Counter(str(e[key]) for e in p.slices + marks if key in e)
            self.ok(got == want, f"{name}: perfetto: the same {key}, {sum(want.values())} times", f"{got - want}\n{want - got}")
        want, got = rows.stacks(name_of, reverse=True), stacks_of(p.slices + marks, (UNKNOWN, ""))
        self.ok(got == want, f"{name}: perfetto: the same functions and their files, of {sum(want.values())} events", f"{got - want}\n{want - got}")
        self.counters(name, p, rows)
        self.ends(name, p, rows)

    def counters(self, name, p, rows):
        moved, got = collections.Counter(), {}
        for e in rows.events:
            io = rows.types[e["type"]].get("io")
            for what, ways in (("bytes read", ("in", "copy")), ("bytes written", ("out", "copy"))):
                if io in ways and e.get("bytes"):
                    moved[e["pid"], what] += e["bytes"]
        for track, values in p.values.items():
            d = p.tracks[track]
            process = p.tracks[d["parent_uuid"][0]]["process"][0]
            got[process["pid"][0], d["name"][0]] = max(v for _, v in values)
            if d["name"][0].startswith("bytes") and sorted(v for _, v in values) != [v for _, v in values]:
                p.trouble.append("a sum falls")
        pids = collections.Counter(r["pid"] for r in rows.processes.values())   # a number that came again has two tracks
        want = {k: v for k, v in moved.items() if pids[k[0]] == 1}
        if name == "merged":    # where equal pids are of two hosts, each has another in this file
            want, got = ({(what, n, many) for (what, n), many in collections.Counter((what, n) for (_, what), n in of.items() if n).items() if what.startswith("bytes")} for of in (want, got))
            self.ok(want and want == got, f"{name}: perfetto: bytes of {len(want)} counters as in rows", f"{want - got}\n{got - want}")
            return
        self.ok(want.items() <= got.items() and want, f"{name}: perfetto: bytes of {len(want)} counters as in rows", f"{want}\n{got}")

    def ends(self, name, p, rows):
        """Arrows: from each fork to what it made, from each exec to the program."""
        forks = [t for t in rows.threads.values() if t.get("creator")]
        kinds = collections.Counter(flow >> 56 for flow, ends in p.flows.items() if len(ends) == 2)
        self.ok(kinds[1] == len(forks), f"{name}: perfetto: {len(forks)} arrows to what was forked", kinds)
        execs = sum(e["kind"] == "exec" for e in rows.events)
        self.ok(not rows.trace["all_calls"] or kinds[2] == execs, f"{name}: perfetto: {execs} arrows to programs", kinds)
        backward = [f for f, ends in p.flows.items() if len(ends) == 2 and
                    max(at for at, last in ends if not last) > min(at for at, last in ends if last)]
        self.ok(not backward, f"{name}: perfetto: no arrow leads back in time", backward[:5])

    def chrome(self, name, path, rows):
        events, open_, slices, trouble, last = json.loads(path.read_bytes()), {}, [], [], {}
        named = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M"}
        for e in events:
            who = e["pid"], e["tid"]
            if not all(isinstance(x, int) for x in who) or who not in named:
                trouble.append(f"{who} has no name")
            if e["ph"] == "B":
                if who in open_:
                    trouble.append(f"{who}: {e['name']} overlaps {open_[who]['name']}")
                open_[who] = e
            elif e["ph"] == "E":
                begin = open_.pop(who, None)
                if not begin or begin["name"] != e["name"]:
                    trouble.append(f"{who}: {e['name']} ends {begin}")
                    continue
                slices.append({"name": e["name"], "duration": round(1000 * e["ts"]) - round(1000 * begin["ts"]), **e.get("args", {}).get("data", {})})
            if e["ph"] in "BE":
                if e["ts"] < last.get(who, 0):
                    trouble.append(f"{who}: {e['ts']} comes after {last[who]}")
                last[who] = e["ts"]
        self.ok(not trouble and not open_, f"{name}: chrome: pairs in order, all named", "\n".join(trouble[:10]))
        self.ok(sums_of(slices) == rows.calls(least=1), f"{name}: chrome: number and time of each call as in rows", f"{sums_of(slices)}\n{rows.calls(1)}")
        self.ok(all(s["duration"] > 0 for s in slices), f"{name}: chrome: no slice without a length")
        marks = [{**e.get("args", {}).get("data", {}), "name": e["name"]} for e in events if e["ph"] == "i" and e["name"] not in OWN]
        for key in ("bytes", "path", "error"):
            want = collections.Counter(str(e[key]) for e in rows.events if key in e)
            got = collections.Counter(str(e[key]) for e in slices + marks if key in e)
            self.ok(got == want, f"{name}: chrome: the same {key}, {sum(want.values())} times", f"{got - want}\n{want - got}")
        want, got = rows.stacks(line_of), stacks_of(slices + marks, "… and more", "… the next one was not found")
        self.ok(got == want, f"{name}: chrome: the same functions of {sum(want.values())} events", f"{got - want}\n{want - got}")
        return slices

    def folded(self, name, path, rows):
        lines = path.read_text().splitlines()
        bad = [line for line in lines if not re.fullmatch(r"[^; \s]+-\d+;[^; \s]+-\d+;([^; \s]+;)*(\(no call\)|\w+) [1-9]\d*", line)]
        self.ok(lines and not bad, f"{name}: folded: each line is three frames, with functions before the last, and a number", bad[:5])
        got, calls = collections.Counter(), {r["name"] for r in rows.types.values() if r["layer"] == "call"}
        functions, whole = collections.Counter(), True
        for line in lines:
            stack, ns = line.rsplit(" ", 1)
            _, thread, *frames, call = stack.split(";")
            got[int(thread.rsplit("-", 1)[1]), call] += int(ns)
            whole &= frames[:1] != [UNKNOWN]
            functions[";".join(frame for frame in frames if frame != UNKNOWN)] += int(ns) if call != "(no call)" else 0
        want, wanted = collections.Counter(), collections.Counter()
        for e in rows.events:
            if rows.name(e) in calls and e["duration"]:
                want[e["tid"], rows.name(e)] += e["duration"]
                wanted[";".join(name_of(f)[0] for f in reversed(e.get("stack", [])))] += e["duration"]
        self.ok(+functions == wanted, f"{name}: folded: time by functions as in rows", f"{functions - wanted}\n{wanted - functions}")
        if name == "stacks.cpd":
            self.ok(any(s.endswith("main;outer;middle;innermost;__open64") for s in functions), f"{name}: folded: functions from the outermost on", list(functions)[:5])
            self.ok(not whole, f"{name}: folded: of a stack that was cut the rest is (unknown)")
        idle = {k: v for k, v in got.items() if k[1] == "(no call)"}
        self.ok({k: v for k, v in got.items() if k not in idle} == want, f"{name}: folded: time by thread and call as in rows", f"{got - want}\n{want - got}")
        self.ok(all(v <= rows.trace["duration"] for v in idle.values()) and (idle or not rows.trace["all_calls"]),
                f"{name}: folded: what is no call is no longer than the trace")
        return got

    def speedscope(self, name, path, want):
        done = subprocess.run(["node", HERE / "speedscope.mjs", path], capture_output=True, text=True, check=False) \
            if shutil.which("node") and (HERE / "node_modules/speedscope").exists() else None
        if not done or done.returncode == 77:
            self.skip(f"{name}", f"{done.stderr.strip() if done else 'no node, or not installed: npm ci --prefix tests/export'}")
            return
        got = collections.defaultdict(lambda: [0, 0])
        for profile in json.loads(done.stdout or "[]"):
            scale = 1000 if profile["unit"] == "microseconds" else 1
            for call, c in profile["calls"].items():
                got[call][0] += c["count"]
                got[call][1] += c["total"] * scale
        # speedscope counts in fractions of microseconds
        wrong = {k: (v, got.get(k)) for k, v in want.items() if k not in got or (v[0] and got[k][0] != v[0]) or abs(got[k][1] - v[1]) > 10 * max(1, got[k][0])}
        self.ok(not wrong and done.returncode == 0, name, f"{wrong} {done.stderr[-500:]}")

    def recording(self, scratch, recording):
        paths = self.export(scratch, "--read", recording)
        name, rows = recording.name, Rows(paths["json"])
        self.perfetto(name, paths["perfetto"], rows)
        slices = self.chrome(name, paths["chrome-trace"], rows)
        times = self.folded(name, paths["folded"], rows)
        return paths, slices, times

    def merged(self, scratch, recordings):
        """Two recordings as one, each process with the name of its host."""
        paths = self.export(scratch, "--read", *recordings)
        self.perfetto("merged", paths["perfetto"], Rows(paths["json"]))
        if shutil.which("protoc"):
            names = [d["process"][0].get("process_name", [""])[0] for d in Perfetto(paths["perfetto"]).tracks.values() if d.get("process")]
            self.ok({name.split(":")[0] for name in names} == {r.name for r in recordings}, "merged: processes are named with their hosts", names)

    def cut(self, scratch, paths):
        """A file that ends anywhere, as after kill -9, is read up to there."""
        data = paths["perfetto"].read_bytes()
        cut = scratch / "cut"
        for n in (len(data) // 3, len(data) // 2 + 1, len(data) - 1):
            whole = whole_packets(data[:n])
            self.ok(n - whole < 70000, f"perfetto, cut at {n}: whole packets up to {whole}")
            if shutil.which("protoc"):
                cut.write_bytes(data[:whole])
                trouble = [t for t in Perfetto(cut).trouble if "do not end" not in t and "flow" not in t]
                self.ok(not trouble, f"perfetto, cut at {n}: what is there is right", trouble[:3])
        lines = paths["chrome-trace"].read_bytes().split(b",\n")
        self.ok(json.loads(b",\n".join(lines[:len(lines) // 2]) + b"]"), "chrome: lines of a file that was cut are whole")

    def killed(self, scratch):
        """After kill -9 of compendium each file is readable up to a point."""
        paths = {f: scratch / f"killed.{f}" for f in ("perfetto", "chrome-trace", "folded")}
        loop = "i=0; while [ $i -lt 100000 ]; do read x < /etc/hostname; i=$((i+1)); [ $((i % 500)) = 0 ] && /bin/true; done"
        p = subprocess.Popen([self.program, "-q", "--backend", "ptrace", *(f"--{f}={path}" for f, path in paths.items()), "--", "sh", "-c", loop],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while p.poll() is None and not all(path.exists() and path.stat().st_size > least for path, least in zip(paths.values(), (200000, 200000, 20))):
            time.sleep(0.05)
        self.ok(p.poll() is None, "kill -9: it runs")
        p.kill()
        p.wait()
        data = paths["perfetto"].read_bytes()
        whole = whole_packets(data)
        self.ok(whole > 0.9 * len(data), "kill -9: packets are whole", f"{whole} of {len(data)}")
        if shutil.which("protoc"):
            paths["perfetto"].write_bytes(data[:whole])
            read = Perfetto(paths["perfetto"])
            trouble = [t for t in read.trouble if "do not end" not in t]
            self.ok(not trouble and len(read.slices) > 100, "kill -9: and say what happened", (trouble[:3], len(read.slices)))
        lines = paths["chrome-trace"].read_bytes().split(b"\n")
        # on a busy machine the others had their sizes when this one was whole
        self.ok(len(json.loads(b"".join(lines[:-1]).rstrip(b",]") + b"]")) > 100, "kill -9: the Chrome trace lacks its end alone")
        self.ok(paths["folded"].read_bytes().split(b"\n")[0].count(b";") == 2, "kill -9: folded stacks are there of what had ended")

    def full(self):
        """A full disk ends that output with a message, and nothing else."""
        for name in ("perfetto", "chrome-trace", "folded"):
            done = subprocess.run([self.program, "-q", "--backend", "ptrace", f"--{name}=/dev/full", "--", "sh", "-c", "ls / > /dev/null; echo done; exit 3"],
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)
            said = re.findall(rb"^compendium: .*No space left.*", done.stderr, re.M)
            self.ok((done.returncode, done.stdout) == (3, b"done\n") and len(said) == 1, f"a full disk ends --{name} with a message", done.stderr[-400:])

    def waits(self, scratch):
        """Waits for a CPU lie on lanes of their own, and whoever woke the thread points to them."""
        program = "import threading, time\ndef f():\n for i in range(100): time.sleep(0.0002); sum(range(5000))\n" \
                  "ts = [threading.Thread(target=f) for _ in range(6)]\nfor t in ts: t.start()\nfor t in ts: t.join()\n"
        paths = {f: scratch / f"waits.{f}" for f in ("perfetto", "json")}
        done = subprocess.run([self.program, "-q", "--ebpf", "--sched-min", "0", *(f"--{f}={p}" for f, p in paths.items()), "--", sys.executable, "-c", program],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        rows = Rows(paths["json"]) if paths["json"].exists() and paths["json"].stat().st_size else None
        why = not rows and "no rows" or "without waits for a CPU" in done.stderr and "no eBPF" or not shutil.which("protoc") and "protoc is not installed"
        if why or not any(e["kind"] == "sched" for e in rows.events):
            self.skip("waits for a CPU", f"{why or 'none were recorded: --ebpf needs root'}")
            return
        p = Perfetto(paths["perfetto"])
        self.ok(not p.trouble, "waits for a CPU: all is described, slices lie in order", "\n".join(p.trouble[:10]))
        # of more disk requests of others at once than a track has lanes the rest are marks, as many as there is load
        slices, there = sums_of(p.slices), rows.calls()
        marks = collections.Counter(m["name"] for m in p.marks)
        of_disks = sum(rows.name(e) == "block" for e in rows.events)
        self.ok(slices.pop("block", [0])[0] + marks["block"] == of_disks, "waits for a CPU: each request to a disk is there", (of_disks, marks))
        there.pop("block", None)
        self.ok(slices == there, "waits for a CPU: number and time as in rows", {k: (slices.get(k), there[k]) for k in there if slices.get(k) != there[k]})
        lanes = {s["track"] for s in p.slices if s["name"] == "sched"}
        self.ok(lanes and all(p.tracks[t]["name"] == ["sched"] and p.tracks[p.tracks[t]["parent_uuid"][0]]["thread"] for t in lanes),
                "waits for a CPU: they lie below their threads")
        live = {t["tid"] for t in rows.threads.values()}
        known = sum(e.get("waker_tid") in live for e in rows.events if e["kind"] == "sched")
        arrows = sum(flow >> 56 == 3 and len(ends) == 2 for flow, ends in p.flows.items())
        self.ok(0 < arrows <= known, f"waits for a CPU: {arrows} arrows of {known} from traced threads")

    def names(self, scratch):
        """Any bytes come back: of files, programs and threads."""
        raw = [b"\xff\xfe", b"a\\b", b'q"q', b"new\nline", b"\xed\xa0\x80", b"\\x41", "ü→😀".encode(), b"<b>", b"\x1b[31m", b"\x7f", b"a;b c", b"\xc2\x85\xc2\xa0"]
        folder = scratch / "names"
        folder.mkdir()
        files = [os.path.join(os.fsencode(folder), x) for x in raw]
        programs = [p for p in files if b"/" not in p[len(os.fsencode(folder)) + 1:]]
        for p in programs:
            shutil.copy("/bin/true", p)
        script = ("import os,sys\nfor n in sys.argv[1:]:\n"
                  " if os.fork() == 0: os.execv(os.fsencode(n), ['x'])\n"
                  " os.wait()\n")
        paths = self.export(scratch, "-v", "--backend", "ptrace", "--", sys.executable, "-c", script, *files)
        self.ok(b"\0" not in paths["folded"].read_bytes(), "names: no NUL in the folded stacks")
        stacks = {unescape(line.split(";")[0].rsplit("-", 1)[0]) for line in paths["folded"].read_bytes().decode().splitlines()}
        self.ok(set(raw) <= stacks, "names: programs come back from the folded stacks", set(raw) - stacks)
        events = json.loads(paths["chrome-trace"].read_bytes())
        got = {unescape(e["args"]["name"]) for e in events if e["ph"] == "M" and e["name"] == "process_name"}
        self.ok(set(raw) <= got, "names: programs come back from the Chrome trace", set(raw) - got)
        args = [e["args"]["data"]["args"] for e in events if e["ph"] == "E" and e["name"] == "execve" and "args" in e["args"]["data"]]
        self.ok(len(args) > len(raw) and any("/a;b c" in a for a in args), "names: -v has the arguments of calls", args[:3])
        if not shutil.which("protoc"):
            self.skip("names: perfetto", "protoc is not installed (protobuf-compiler)")
            return
        p = Perfetto(paths["perfetto"])
        got = {unescape(d["process"][0]["process_name"][0]) for d in p.tracks.values() if d.get("process") and "process_name" in d["process"][0]}
        self.ok(set(raw) <= got and not p.trouble, "names: programs come back from Perfetto's file", (set(raw) - got, p.trouble[:3]))
        got = {unescape(s["path"]) for s in p.slices + p.marks if "path" in s}
        self.ok(set(files) <= got, "names: and paths", set(files) - got)


def main():
    test = Test(sys.argv[1])
    recordings = [pathlib.Path(p) for p in sys.argv[2:]]
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        for recording in recordings:
            paths, slices, times = test.recording(scratch, recording)
            if recording.name in ("make.cpd", "stacks.cpd"):
                test.speedscope(f"{recording.name}: speedscope: number and time of each call of the Chrome trace", paths["chrome-trace"], sums_of(slices))
            if recording.name == "make.cpd":
                by_call = collections.defaultdict(lambda: [0, 0])
                for (_, call), ns in times.items():
                    by_call[call][1] += ns
                test.speedscope("speedscope: time of each call of the folded stacks", paths["folded"], by_call)
                test.cut(scratch, paths)
        test.merged(scratch, recordings[:2])
        test.names(scratch)
        test.killed(scratch)
        test.full()
        test.waits(scratch)
    return test.end()


if __name__ == "__main__":
    sys.exit(main())
