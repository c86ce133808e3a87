#!/usr/bin/env python3
"""What tracing costs, side by side with its peers in one interleaved run.

usage: bench/run.py [--build DIR] [--rounds N] [--full]
                    [--work W2,W3] [--tools native,compendium,strace]
       bench/run.py --memory [--build DIR]

Every round runs each workload once under each tool, in rotating order, so that
whatever else the machine does hits them all. Read the ratios; the seconds
belong to this machine and this minute. Results also go to bench/out/ as JSON.
"""
import argparse
import json
import os
import pathlib
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
from project import write_project  # noqa: E402

FORKS = "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done"
CAT = "find /usr/include /usr/share -type f -size -256k -print0 | head -z -n 16000 | xargs -0 cat"


class Workload:
    def __init__(self, name, what, command, calls=0, prepare=None):
        self.name, self.what, self.command, self.calls, self.prepare = name, what, command, calls, prepare


def workloads(scratch, full):
    work, project, blob = scratch / "work", scratch / "project", scratch / "blob"
    subprocess.run(["gcc", "-O2", "-pthread", "-o", work, ROOT / "bench/work.c"], check=True)
    write_project(project, 60)
    blob.write_bytes(b"".join((i * 2654435761 % 2**32).to_bytes(4, "little") for i in range(8 << 20)))

    def clean_project():
        subprocess.run(["make", "-s", "-C", project, "clean"], check=True)

    # strace needs minutes for a million calls; a tenth tells the same.
    k = 1000 if full else 100
    return [
        Workload("W1", f"{k} k one-byte reads", [work, "read", 1000 * k], 1000 * k),
        Workload("W2", f"{k // 5} k × open, fstat, read, close", [work, "open", 200 * k, "/etc/hosts"], 800 * k),
        Workload("W3", "500 × /bin/true from sh", ["sh", "-c", FORKS]),
        Workload("W4", "60 C files with make -j2", ["make", "-s", "-j2", "-C", project], prepare=clean_project),
        Workload("W5", f"4 threads × {k // 4} k one-byte writes", [work, "threads", 250 * k], 1000 * k),
        Workload("W6", "gzip of 32 MB", ["gzip", "-1", "-k", "-f", blob]),
        Workload("W7", "find, xargs cat of 16 k files", ["sh", "-c", CAT]),
    ]


def lost_compendium(text):
    return sum(int(n.replace(",", "")) for n in re.findall(r"Lost: ([\d,]+) records?", text))


def lost_perf(text):
    return sum(int(n) for n in re.findall(r"LOST (\d+) events", text))


class Tool:
    """prefix: what stands before the command; log: the file it writes; lost: events it says it lost."""

    def __init__(self, prefix, lost=None):
        self.prefix, self.lost = prefix, lost


def tools(compendium, scratch):
    log = scratch / "log"
    return log, {
        "native": Tool([]),
        "compendium": Tool([compendium, "-o", log, "--"], lost_compendium),
        "bpf": Tool([compendium, "--backend", "bpf", "-o", log, "--"], lost_compendium),
        "report": Tool([compendium, "-o", log, f"--report={scratch / 'report.html'}", "--"], lost_compendium),
        "strace": Tool(["strace", "-f", "-o", log]),
        "strace-seccomp": Tool(["strace", "-f", "--seccomp-bpf", "-e", "trace=%file,%network,%process", "-o", log]),
        "perf-trace": Tool(["perf", "trace", "-o", log, "--"], lost_perf),
    }


def run_once(tool, log, workload):
    if workload.prepare:
        workload.prepare()
    log.unlink(missing_ok=True)
    command = [str(word) for word in tool.prefix + workload.command]
    start = time.monotonic_ns()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    elapsed = time.monotonic_ns() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)}: ended with {done.returncode}")
    lost = tool.lost(log.read_text(errors="replace")) if tool.lost and log.exists() else 0
    return elapsed, lost


def measure(works, chosen, log, rounds):
    times = {w.name: {name: [] for name in chosen} for w in works}
    lost = {w.name: dict.fromkeys(chosen, 0) for w in works}
    names = list(chosen)
    for n in range(rounds):
        for w in works:
            for name in names[n % len(names):] + names[:n % len(names)]:
                elapsed, missing = run_once(chosen[name], log, w)
                times[w.name][name].append(elapsed)
                lost[w.name][name] += missing
                print(f"round {n + 1}/{rounds} {w.name} {name}: {elapsed / 1e9:.2f} s", file=sys.stderr)
    return times, lost


def print_table(works, chosen, times, lost):
    for w in works:
        print(f"{w.name}: {w.what}")
    print()
    columns = ["workload", "tool", "median s", "× native", "× strace", "ns/call", "lost"]
    rows = []
    for w in works:
        medians = {name: statistics.median(t) for name, t in times[w.name].items()}
        for name in chosen:
            # Ratios round by round: each round saw the same machine.
            ratio = {peer: statistics.median(a / b for a, b in zip(times[w.name][name], times[w.name][peer]))
                     for peer in ("native", "strace") if peer in chosen}
            added = (medians[name] - medians["native"]) / w.calls if w.calls and "native" in chosen else None
            rows.append([w.name if name == next(iter(chosen)) else "", name, f"{medians[name] / 1e9:.2f}",
                         f"{ratio['native']:.2f}" if "native" in ratio else "",
                         f"{ratio['strace']:.2f}" if "strace" in ratio else "",
                         f"{added:.0f}" if added is not None and name != "native" else "", str(lost[w.name][name])])
    widths = [max(len(row[i]) for row in [columns] + rows) for i in range(len(columns))]

    def line(cells):
        return "| " + " | ".join(c.ljust(n) if i < 2 else c.rjust(n) for i, (c, n) in enumerate(zip(cells, widths))) + " |"

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
    parser.add_argument("--tools", default="native,compendium,strace",
                        help="also: bpf (root), report, strace-seccomp, perf-trace")
    parser.add_argument("--full", action="store_true", help="a million calls in W1, W2 and W5, not a hundred thousand")
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
        log, every = tools(compendium, scratch)
        unknown = [t for t in args.tools.split(",") if t not in every]
        if unknown:
            parser.error(f"no tool '{unknown[0]}'; there are: {', '.join(every)}")
        chosen = {t: every[t] for t in args.tools.split(",")
                  if not every[t].prefix or shutil.which(every[t].prefix[0])
                  or print(f"{t}: {every[t].prefix[0]} is not installed, left out", file=sys.stderr)}
        wanted = args.work.split(",")
        works = [w for w in workloads(scratch, args.full) if w.name in wanted]
        if len(works) != len(wanted):
            parser.error("the workloads are W1 to W7")
        times, lost = measure(works, chosen, log, args.rounds)
        print_table(works, chosen, times, lost)
        save("cost", {"rounds": args.rounds, "times_ns": times, "lost": lost})


if __name__ == "__main__":
    main()
