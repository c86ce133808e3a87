#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compendium beside its peers: what each costs, and what each shows of the same run.

usage: bench/peers.py [--rounds N] [--minutes N] [--work W1,W2] [--only NAME,NAME] [--shows | --costs] COMPENDIUM

bench/peers.sh runs this in a Debian sid that has them. Prints Markdown, and why a tool was left out. What a tool shows is
looked for in its output by script: a row is a fact of bench/known.c, a run whose facts are known. A tool that fails or
does not end in a workload is not asked for it again, and the others go on.
"""
import argparse
import os
import pathlib
import re
import shutil
import socket
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

SENT, RECEIVED = 23456, 34567       # as in known.c
PATIENCE = 60                       # seconds for one run; a tool that takes longer does not end
# ltrace -f -S ends neither with make -j2, nor with threads that write, nor with xargs: known, and 60 seconds each to see again
NEVER = {"ltrace -S": {"W4": "does not end", "W5": "does not end", "W7": "does not end"}}


def peers(compendium, log, scratch):
    """name → (Tool, the program whose version is asked for, words of that, workloads whose lost events can be counted).

    The pattern of a call counts what is known of a workload: NAME is read, write (W1, W2, W5) or execve (W3)."""
    def beside(ready, *tool):
        return [sys.executable, ROOT / "bench/beside.py", ready, log, *tool, "--"]

    ours = {"said": r"Lost: ([\d,]+) records?", "call": r"^ +([\d,]+) .*  NAME$"}
    every = {
        "compendium (bpf)": (Tool([compendium, "--backend", "bpf", "-o", log, "--"], **ours), [compendium, "--version"]),
        "compendium (ptrace)": (Tool([compendium, "--backend", "ptrace", "-o", log, "--"], heavy=True, **ours), [compendium, "--version"]),
        "strace": (Tool(["strace", "-f", "-o", log], heavy=True, call=r"^\d+ +NAME\("), ["strace", "--version"]),
        "perf trace": (Tool(["perf", "trace", "-o", log, "--"], heavy=True, said=r"LOST (\d+) events", call=r" NAME\("), ["perf", "--version"]),
        "ltrace -S": (Tool(["ltrace", "-f", "-S", "-o", log], heavy=True, call=r"NAME@SYS\("), ["ltrace", "--version"]),
        "opensnoop (bpftrace)": (Tool(beside(r"Attached \d+ probes", "opensnoop.bt")), ["bpftrace", "--version"]),
        "execsnoop (bpftrace)": (Tool(beside(r"Attached \d+ probes", "execsnoop.bt")), ["bpftrace", "--version"]),
        "opensnoop (libbpf-tools)": (Tool(beside(r"PID +COMM", "stdbuf", "-oL", "opensnoop-libbpf")), ["opensnoop-libbpf", "--version"]),
        "execsnoop (libbpf-tools)": (Tool(beside(r"PCOMM +PID", "stdbuf", "-oL", "execsnoop-libbpf")), ["execsnoop-libbpf", "--version"]),
        "opensnoop (bcc)": (Tool(beside(r"PID +COMM", "opensnoop-bpfcc")), ["opensnoop-bpfcc", "--version"]),
        "execsnoop (bcc)": (Tool(beside(r"PCOMM +PID", "execsnoop-bpfcc")), ["execsnoop-bpfcc", "--version"]),
        "tcpconnect (libbpf-tools)": (Tool(beside(r"PID +COMM", "tcpconnect-libbpf")), ["tcpconnect-libbpf", "--version"]),
        "sysdig": (Tool(beside(r"^\d+ ", "sysdig", "--modern-bpf", "proc.apid=%PID%")), ["sysdig", "--version"]),
        "uftrace": (Tool(["uftrace", "record", "--force", "-d", scratch / "uftrace.data"]), ["uftrace", "--version"]),
    }
    # with the options that show most; the costs are those of the plain ones
    talkative = {"strace": ["strace", "-f", "-yy", "-T", "-o", log], "perf trace": ["perf", "trace", "-o", log, "--"],
                 "compendium (bpf)": [compendium, "--backend", "bpf", "-a", "-o", log, "--"],
                 "compendium (ptrace)": [compendium, "--backend", "ptrace", "-a", "-o", log, "--"]}
    counted = {"opensnoop": {"W2": (r"/etc/hosts", 200_000)}, "execsnoop": {"W3": (r"/bin/true", 500)}}
    for name, (tool, _) in every.items():
        tool.counted = counted.get(name.split(" ")[0])
        tool.talkative = talkative.get(name, tool.prefix)
    return every


def version(words):
    try:
        said = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+\.\d[\w.~+-]*", said)
    return found[0] if found else ""


def refused(tool):
    """Why it cannot be had here, or None."""
    words = [str(word) for word in tool.prefix]
    program = words[words.index("--") - 1] if "beside.py" in " ".join(words[:2]) else words[0]
    program = words[4] if words[0] == sys.executable and words[4] != "stdbuf" else words[6] if words[0] == sys.executable else program
    if not shutil.which(program):
        return f"{program} is not installed"
    try:
        tried = subprocess.run([*words, "true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               timeout=90, check=False)
    except subprocess.TimeoutExpired:
        return "it does not end"
    said = [line for line in tried.stdout.splitlines() if line.strip()]
    if tried.returncode:
        return re.split(r"(?<=[.!]) ", said[-1])[0][:160] if said else f"it ends with {tried.returncode}"
    fallback = [line for line in said if "so ptrace is" in line]
    return fallback[0][:160] if fallback else None


# What is true of known.c's run, and how a line of any tool's output shows it.  Names and numbers are such that nothing else has them.
ERROR = r"(ENOENT|No such file|-2\b|(?<=\s)2(?=\s))"
FACTS = [
    ("a file opened by its name", [r"alpha-file"]),
    ("with its full path, although the name was relative", [r"/sub/relative-file"]),
    ("bytes read, with the file's name on the line", [r"\b12\.1 KB\b.*alpha-file", r"\b12,?345\b.*alpha-file", r"alpha-file.*\b12345\b"]),
    ("open of a file that is not there", [rf"missing-one.*{ERROR}", rf"{ERROR}.*missing-one"]),
    ("stat of a file that is not there", [rf"missing-two.*{ERROR}", rf"{ERROR}.*missing-two"]),
    ("peer: address and port", [r"127\.0\.0\.1\D{0,40}PORT", r"PORT.{0,40}127\.0\.0\.1"]),
    ("bytes sent, with the peer on the line", [r"127\.0\.0\.1.*\b22\.9 KB|\b22\.9 KB.*127\.0\.0\.1", r"23456.*127\.0\.0\.1|127\.0\.0\.1.*23456"]),
    ("bytes received, with the peer on the line", [r"127\.0\.0\.1.*\b33\.8 KB|\b33\.8 KB.*127\.0\.0\.1", r"34567.*127\.0\.0\.1|127\.0\.0\.1.*34567"]),
    ("bytes sent, in any line", [r"\b0x5ba0\b", r"22\.9 KB", r"\b23,?456\b"]),
    ("a connection refused, with its peer", [r"127\.0\.0\.1:1\b.*ECONNREFUSED", r"127\.0\.0\.1.*ECONNREFUSED"]),
    ("a program started, with its argument", [r"argument-one"]),
    ("exit status of a program", [r"exit\D{0,30}\b77\b"]),
    ("exit status of a child that only forked", [r"exit\D{0,30}\b66\b"]),
    ("death by a signal", [r"(killed|died|exit|terminat|signal)\D{0,40}(SIGUSR1|\b10\b)"]),
    ("how long calls take", [r"<\d+\.\d{6}>$", r"^\s*\d+\.\d+ \( *\d+\.\d+ ms\)", r"Time in calls", r"\d+\.\d+ us\b"]),
    ("functions of the program itself", [r"read_all\(\)"]),
    ("a total at the end", [r"^ FINAL", r"^-+ *-+ *-+"]),
]


def serve(listener):
    """Reads what known.c sends and answers, for as long as a client connects."""
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            left = SENT
            while left > 0 and (data := peer.recv(65536)):
                left -= len(data)
            peer.sendall(b"x" * RECEIVED)


def shown(chosen, log, scratch):
    """fact → tool → is it in the output."""
    place = scratch / "known-dir"
    (place / "sub").mkdir(parents=True)
    (place / "alpha-file").write_bytes(b"a" * 12345)
    (place / "sub" / "relative-file").write_bytes(b"r" * 100)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    table = {fact: {} for fact, _ in FACTS}
    for name, tool in chosen.items():
        program = scratch / "known"
        profiled = ["-pg"] if name == "uftrace" else []
        subprocess.run(["gcc", "-O1", *profiled, "-o", program, ROOT / "bench/known.c"], check=True)
        log.unlink(missing_ok=True)
        try:
            subprocess.run([str(word) for word in ["timeout", "-k", "5", PATIENCE, *tool.talkative, program, place, port]], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        except OSError as problem:
            print(f"{name}: {problem}", file=sys.stderr)
        if name == "uftrace":
            log.write_bytes(subprocess.run(["uftrace", "replay", "-d", scratch / "uftrace.data"], stdout=subprocess.PIPE, check=False).stdout)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        (scratch / f"shown-{re.sub(r'[^a-z]+', '-', name)}.txt").write_text("\n".join(lines))
        for fact, patterns in FACTS:
            found = [re.compile(pattern.replace("PORT", rf"\b{port}\b")) for pattern in patterns]
            table[fact][name] = any(p.search(line) for line in lines for p in found)
    listener.close()
    return table


def lost(log, tool, work, run):
    """As run_once says, and what is known beyond that of tools that see one kind of call."""
    if not tool.counted:
        return run["lost"]
    if work.name not in tool.counted:
        return None
    pattern, number = tool.counted[work.name]
    return max(0, number - len(re.findall(pattern, log.read_text(errors="replace"))))


def cost(tool, log, scratch, work):
    """One run, or in a word why there is none."""
    start = time.monotonic()
    try:
        run = run_once(tool, log, scratch, work, 1 if tool.counted else None)
        run["lost"] = lost(log, tool, work, run)
        return run, None
    except (SystemExit, OSError, ValueError) as problem:    # it failed, or wrote nothing that was expected
        print(f"{work.name}: {problem}", file=sys.stderr)
        return None, "does not end" if time.monotonic() - start >= PATIENCE else "fails"


def costs(chosen, works, log, scratch, rounds, minutes):
    """(work, tool) → round → run; (work, tool) → why there is none; how many rounds there were."""
    runs, failed = {}, {(work, name): why for name, works_of in NEVER.items() for work, why in works_of.items()}
    order = list(chosen)
    start, longest = time.monotonic(), 0
    for n in range(rounds):
        begun = time.monotonic()
        if begun - start + longest > minutes * 60:
            print(f"no more than {n} rounds: the {minutes} minutes would not do", file=sys.stderr)
            return runs, failed, n
        for work in works:
            for name in order[n % len(order):] + order[:n % len(order)]:
                if (work.name, name) in failed:
                    continue
                run, why = cost(chosen[name], log, scratch, work)
                print(f"round {n + 1}/{rounds} {work.name} {name}: {why or '%.2f s' % run['command_s']}", file=sys.stderr)
                if why:
                    failed[work.name, name] = why
                else:
                    runs.setdefault((work.name, name), {})[n] = run
        longest = max(longest, time.monotonic() - begun)
    return runs, failed, rounds


def print_costs(runs, failed, works, chosen, rounds):
    print("## What it costs\n")
    print(f"Medians of {rounds} interleaved rounds; load average {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} CPUs. Wall time as a multiple of "
          "the command alone (the tool's own starting and ending taken off) · CPU seconds of the tool and the command together; lost are events that "
          "are not in the output, where it is known how many there have to be.\n")
    print("; ".join(f"{work.name}: {work.what}" for work in works) + ".\n")
    print("| tool |" + "".join(f" {work.name} |" for work in works))
    print("|---|" + "---|" * len(works))
    for name in chosen:
        row = [cell(runs.get((work.name, name), {}), runs.get((work.name, "native"), {}), failed.get((work.name, name))) for work in works]
        print("| " + " | ".join([name, *row]) + " |")
    print()


def cell(mine, native, why):
    """round → run of a tool, and of the command alone, in one workload: in words."""
    if why or not mine:
        return why or "not run"
    ratios = [run["command_s"] / native[n]["command_s"] for n, run in mine.items() if n in native]
    ratio = statistics.median(ratios) if ratios else None
    words = f"{ratio:.{0 if ratio >= 100 else 1 if ratio >= 10 else 2}f} · " if ratios else ""
    words += f"{statistics.median(run['cpu_s'] for run in mine.values()):.2f} s"
    gone = statistics.median([run["lost"] for run in mine.values() if run["lost"] is not None] or [0])
    return words + (f", {gone:,.0f} lost" if gone else "")


def print_shown(table, chosen):
    print("## What each shows of the same run\n\ncompendium with `-a` (what stays on this machine is hidden otherwise), strace with `-yy -T`; the rest "
          "as they are.\n")
    print("| of the same run |" + "".join(f" {name} |" for name in chosen))
    print("|---|" + "---|" * len(chosen))
    for fact, row in table.items():
        print(f"| {fact} |" + "".join(f" {'yes' if row[name] else '–'} |" for name in chosen))
    print()


def distribution():
    """What this system calls itself."""
    text = pathlib.Path("/etc/os-release").read_text() if os.path.exists("/etc/os-release") else ""
    found = re.search(r'^PRETTY_NAME="?(.*?)"?$', text, re.M)
    return found[1] if found else "an unnamed system"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=15, help="as many of the rounds as fit")
    parser.add_argument("--work", default="W1,W2,W3,W4,W5,W6,W7")
    parser.add_argument("--only", help="these tools")
    parser.add_argument("--shows", action="store_true", help="only what each shows")
    parser.add_argument("--costs", action="store_true", help="only what each costs")
    parser.add_argument("--keep", help="put what each tool wrote about the known run into this directory")
    parser.add_argument("compendium")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="compendium-peers-") as name:
        scratch = pathlib.Path(name)
        log = scratch / "log"
        every = peers(os.path.abspath(args.compendium), log, scratch)
        chosen = {}
        print(f"Linux {'.'.join(os.uname().release.split('.')[:2])}, {distribution()}, {time.strftime('%B %Y')}.\n\n| tool | version | |\n|---|---|---|")
        for tool, (how, asks) in every.items():
            if args.only and tool not in args.only.split(","):
                continue
            why = refused(how)
            print(f"| {tool} | {version(asks)} | {'left out: ' + why.replace('|', '/') if why else ''} |", flush=True)
            if not why:
                chosen[tool] = how
        print()
        if not args.costs:
            print_shown(shown(chosen, log, scratch), chosen)
            if args.keep:
                pathlib.Path(args.keep).mkdir(exist_ok=True)
                for text in scratch.glob("shown-*.txt"):
                    shutil.copy(text, args.keep)
        if not args.shows:
            works = [work for work in workloads(scratch) if work.name in args.work.split(",")]
            native = Tool([])
            native.counted = None
            chosen.pop("uftrace", None)     # it sees functions of programs built for it; none of these is
            for tool in chosen.values():
                tool.prefix = ["timeout", "-k", "5", PATIENCE, *tool.prefix]
            runs, failed, rounds = costs({"native": native, **chosen}, works, log, scratch, args.rounds, args.minutes)
            print_costs(runs, failed, works, ["native", *chosen], rounds)


if __name__ == "__main__":
    main()
