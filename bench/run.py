#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tracing costs, side by side with its peers in one interleaved run.

usage: bench/run.py [--build DIR] [--rounds N] [--user NAME]
                    [--work W2,W3] [--tools native,floor,bpf,ptrace,stops,strace,perf-trace]
                    (W8 to W11, everyday programs: only by --work)
       bench/run.py --memory [--build DIR]

Every round runs each workload once under each tool, in rotating order, so that
whatever else the machine does hits them all. Read the ratios; the seconds
belong to this machine and this minute. `floor` is no tracer: a program at
each entry and each exit that reads the clock. `ptrace` is what an ordinary user
gets by default, `stops` the same with --in-process off. Results also go to
bench/out/ as JSON.
"""
import argparse
import json
import os
import pathlib
import pwd
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
sys.dont_write_bytecode = True
from common import Tool, run_once, workloads  # noqa: E402

OURS = {"said": r"Lost: ([\d,]+) records?", "call": r"^ +([\d,]+) .*  NAME$"}


def floor(scratch):
    """Builds a program that attaches two programs which read the clock, and runs a command. Returns None, or why it cannot be had."""
    include = f"-I/usr/include/{os.uname().machine}-linux-gnu"
    for command in (["clang", "-O2", "-g", "-target", "bpf", include, "-c", ROOT / "bench/floor.bpf.c", "-o", scratch / "floor.o"],
                    ["cc", "-O2", "-o", scratch / "floor", ROOT / "bench/floor.c", "-I", ROOT / "src", "-lbpf"]):
        if not shutil.which(command[0]):
            return f"{command[0]} is not installed"
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return f"{command[0]}: {done.stderr.strip().splitlines()[0]}"
    return None


def one_file(name):
    """What builds a tool of one file in bench/. The function returns None, or why the tool cannot be had."""
    def build(scratch):
        if not shutil.which("cc"):
            return "cc is not installed"
        done = subprocess.run(["cc", "-O2", "-o", scratch / name, ROOT / f"bench/{name}.c"], capture_output=True, text=True)
        return f"cc: {done.stderr.strip().splitlines()[0]}" if done.returncode else None
    return build


BUILT = {"floor": floor, "seccomp": one_file("seccomp"), "floor-ptrace": one_file("floor-ptrace"),
         "floor-tasks": one_file("floor-ptrace"), "floor-young": one_file("floor-ptrace"), "floor-first": one_file("floor-ptrace")}      # tools that are built first


def tools(compendium, scratch, user, stops_first=0):
    """Those that can be had: name → Tool, and where they write. stops_first: of floor-first."""
    log = scratch / "log"
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    ptrace = [compendium, "--backend", "ptrace", "-o", log]
    stops = [*ptrace, "--in-process", "off"]
    every = {
        "native": Tool([]),
        "floor": Tool([scratch / "floor", scratch / "floor.o"]),
        "seccomp": Tool([scratch / "seccomp"]),
        "floor-ptrace": Tool([scratch / "floor-ptrace"]),
        "floor-tasks": Tool([scratch / "floor-ptrace", "-s"]),
        "floor-young": Tool([scratch / "floor-ptrace", "-y"], heavy=True),
        "floor-first": Tool([scratch / "floor-ptrace", "-n", str(stops_first)]),
        "bpf": Tool([compendium, "--backend", "bpf", "-o", log, "--"], **OURS),
        "ptrace": Tool([*ptrace, "--"], **OURS),
        "stops": Tool([*stops, "--"], heavy=True, **OURS),
        "quiet": Tool([*stops, "-q", "--"], heavy=True, **OURS),
        "inside": Tool([*ptrace, "--in-process", "on", "--"], **OURS),
        "counts": Tool([compendium, "--backend", "bpf", "-c", "-o", log, "--"], said=OURS["said"]),
        "report": Tool([*stops, f"--report={scratch / 'report.html'}", "--"], heavy=True, **OURS),
        # few calls chosen: the others must not stop, so these are given the whole work
        "connect": Tool([*ptrace, "-q", "-e", "connect", "--"]),
        "strace-connect": Tool(["strace", "-f", "--seccomp-bpf", "-e", "trace=connect", "-o", log]),
        "network": Tool([*ptrace, "-q", "--only", "network", "--"]),
        "strace-network": Tool(["strace", "-f", "--seccomp-bpf", "-e", "trace=%network", "-o", log]),
        "strace": Tool(["strace", "-f", "-o", log], heavy=True, call=r"^\d+ +NAME\("),
        "strace-all": Tool(["strace", "-f", "--seccomp-bpf", "-o", log], heavy=True, call=r"^\d+ +NAME\("),
        "strace-seccomp": Tool(["strace", "-f", "--seccomp-bpf", "-e", "trace=%file,%network,%process", "-o", log], heavy=True),
        "perf-trace": Tool(["perf", "trace", "-o", log, "--"], heavy=True, said=r"LOST (\d+) events", call=r" NAME\(fd"),
    }
    for tool in every.values():
        tool.prefix = become + tool.prefix
    return log, every


def refused(tool):
    """Why this tool cannot be had here, or None."""
    program = next((str(word) for word in tool.prefix if not str(word).startswith("--")), None)
    if not program:
        return None
    if not shutil.which(program):
        return f"{program} is not installed"
    tried = subprocess.run([str(word) for word in [*tool.prefix, "true"]], capture_output=True, text=True)
    said = [line for line in (tried.stdout + tried.stderr).splitlines() if tried.returncode or "so ptrace is" in line]
    return said[-1] if said else "it fails" if tried.returncode else None


def measure(works, chosen, log, scratch, rounds):
    runs = {w.name: {name: [] for name in chosen} for w in works}
    names = list(chosen)
    try:
        for n in range(rounds):
            for w in works:
                # what is taken off everywhere has to be known best
                for name in (names[n % len(names):] + names[:n % len(names)]) * (3 if w.name == "true" else 1):
                    run = run_once(chosen[name], log, scratch, w)
                    runs[w.name][name].append(run)
                    print(f"round {n + 1}/{rounds} {w.name} {name}: {run['s']:.2f} s", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: the table is of what was measured", file=sys.stderr)
    return runs


def cells(w, name, runs, start_s):
    """One row; medians, ratios round by round since each round saw the same machine."""
    mine, native, strace = (runs[w.name].get(t) or [] for t in (name, "native", "strace"))
    start = 0 if w.name == "true" else start_s

    def middle(values):
        values = list(values)
        return statistics.median(values) if values else None

    def ns_per_call(key, less):
        if w.calls and native and name != "native":
            return middle((a[key] - less - b[key]) / w.calls * 1e9 for a, b in zip(mine, native))
        return None

    return [(middle(r["s"] for r in mine), ".2f"),
            (middle((a["s"] - start) / b["s"] for a, b in zip(mine, native)) if w.name != "true" else None, ".2f"),
            (middle(a["s"] / b["s"] for a, b in zip(mine, strace)), ".2f"),
            (ns_per_call("s", start), ".0f"),
            (ns_per_call("command_cpu_s", 0), ".0f"),
            (middle(r["cpu_s"] for r in mine), ".2f"),
            (sum(r["lost"] for r in mine) if name != "native" else None, ",")]


def print_table(works, chosen, runs, rounds):
    print(f"""Medians of {rounds} interleaved rounds; load average {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} CPUs.
× native, + ns/call: less what the tool needs for /bin/true, which is the first row; × strace: all of it.
cpu ns/call: what the traced program's own CPU time grew by. cpu s: of program and tool together.
Tools that stop the program get a tenth of the calls in W1, W2 and W5; their figures are scaled up.
""")
    for w in works:
        print(f"{w.name:5} {w.what}")
    print()
    columns = ["workload", "tool", "s", "× native", "× strace", "+ ns/call", "cpu ns/call", "cpu s", "lost"]
    rows = []
    native_true = runs["true"].get("native", [])
    for w in works:
        for name in chosen:
            if not runs[w.name][name]:
                continue
            start = statistics.median([r["s"] for r in runs["true"][name]]) - \
                statistics.median([r["s"] for r in native_true]) if native_true else 0
            rows.append([w.name if name == next(iter(chosen)) else "", name] +
                        [format(value, how) if value is not None else "" for value, how in cells(w, name, runs, start)])
    widths = [max(len(row[i]) for row in [columns] + rows) for i in range(len(columns))]

    def line(words):
        return "| " + " | ".join(c.ljust(n) if i < 2 else c.rjust(n) for i, (c, n) in enumerate(zip(words, widths))) + " |"

    print(line(columns))
    print("|" + "|".join("-" * (n + 2) for n in widths) + "|")
    for row in rows:
        print(line(row))


def peak_rss(command):
    """Peak resident kB of the command itself, not of what it starts.

    rusage would add the traced program, and /proc is gone with the process:
    so its high-water mark is read until it ends.
    """
    child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0

    def watch():
        nonlocal peak
        while True:
            try:
                with open(f"/proc/{child.pid}/status") as status:
                    found = re.search(r"VmHWM:\s+(\d+)", status.read())
            except OSError:
                return
            if not found:  # a zombie has no memory left
                return
            peak = max(peak, int(found[1]))
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = child.wait()
    watcher.join()
    if status:
        sys.exit(f"{' '.join(map(str, command))}: ended with {status}")
    return peak


def memory(compendium, scratch):
    """Memory must follow what is open now, never how long the trace is."""
    work = scratch / "work"
    subprocess.run(["gcc", "-O2", "-pthread", "-o", work, ROOT / "bench/work.c"], check=True)
    report = scratch / "report.html"
    runs = [("text", []), ("--report", [f"--report={report}"])]
    rows = []
    for what, events, command in [
        ("open/fstat/read/close of one file", 1_000_000, [work, "open", "250000", "/etc/hosts"]),
        ("open/fstat/read/close of one file", 4_000_000, [work, "open", "1000000", "/etc/hosts"]),
        ("stat of names never seen before", 1_000_000, [work, "names", "1000000"]),
    ]:
        for name, options in runs:
            peak = peak_rss([compendium, "-o", scratch / "log", *options, "--", *command])
            rows.append({"workload": what, "calls": events, "output": name, "peak_rss_mb": round(peak / 1024, 1)})
            print(f"{what:36} {events:>9,} calls  {name:9} {peak / 1024:7.1f} MB", flush=True)
    return rows


def save(name, data):
    out = ROOT / "bench" / "out"
    out.mkdir(exist_ok=True)
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    data["machine"] = {"kernel": os.uname().release, "cpu": cpu[1] if cpu else "", "cores": os.cpu_count(),
                       "load": os.getloadavg(), "time": time.strftime("%F %T")}
    path = out / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(data, indent=1))
    print(f"saved as {path.relative_to(ROOT)}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="where compendium was built (build)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", default="W1,W2,W3,W4,W5,W6,W7")
    parser.add_argument("--tools", default="native,floor,bpf,ptrace,stops,strace,perf-trace", help="ptrace: as it is by default; stops: --in-process off, as have quiet and report. Also: inside (--in-process on), quiet (stops -q), counts (bpf -c), report, strace-seccomp, strace-all (--seccomp-bpf, every call); seccomp (a filter of one instruction); floor-ptrace (resumes each stop at sockets), floor-tasks (of exec and births, too), floor-young (at what a young process does), floor-first (at the first calls of each process, --stops); connect, network: few calls chosen, and strace-connect, strace-network")
    parser.add_argument("--stops", type=int, default=0, help="at how many entries and ends of calls floor-first stops each process")
    parser.add_argument("--user", help="run everything as this user")
    parser.add_argument("--memory", action="store_true", help="peak memory instead of time")
    args = parser.parse_args()
    compendium = (ROOT / args.build / "compendium").resolve()
    if not compendium.exists():
        sys.exit(f"{compendium} is not there: run make first")
    with tempfile.TemporaryDirectory(prefix="compendium-bench-") as name:
        scratch = pathlib.Path(name)
        if args.memory:
            save("memory", {"memory": memory(compendium, scratch)})
            return
        log, every = tools(shutil.copy(compendium, scratch), scratch, args.user and pwd.getpwnam(args.user).pw_uid, args.stops)
        wanted, unknown = args.work.split(","), set(args.tools.split(",")) - set(every)
        if unknown:
            parser.error(f"no tool '{unknown.pop()}'; there are: {', '.join(every)}")
        works = [w for w in workloads(scratch, wanted) if w.name in ["true", *wanted]]
        if len(works) != len(wanted) + 1:
            parser.error("the workloads are W1 to W11")
        if args.user:
            subprocess.run(["chown", "-R", args.user, scratch], check=True)
        chosen = {}
        for tool in args.tools.split(","):
            why = (tool in BUILT and BUILT[tool](scratch)) or refused(every[tool])
            if why:
                print(f"{tool} is left out: {why}", file=sys.stderr)
            else:
                chosen[tool] = every[tool]
        runs = measure(works, chosen, log, scratch, args.rounds)
        print_table(works, chosen, runs, len(runs[works[-1].name][next(iter(chosen))]))
        save("cost", {"rounds": args.rounds, "runs": runs})


if __name__ == "__main__":
    main()
