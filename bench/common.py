# SPDX-License-Identifier: MIT
"""The workloads, and running one of them under a tool.  Shared by run.py and compare.py."""
import os
import pathlib
import re
import subprocess
import sys
import time

from everyday import EVERYDAY
from project import write_project
from workload import Workload

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORKS = "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done"
CAT = "find /usr/include /usr/share -type f -size -256k -print0 | head -z -n 16000 | xargs -0 cat"


def workloads(scratch, wanted=()):
    """W1 to W7, and those of W8 to W11 that are wanted."""
    work, project, blob = scratch / "work", scratch / "project", scratch / "blob"
    subprocess.run(["gcc", "-O2", "-pthread", "-o", work, ROOT / "bench/work.c"], check=True)
    write_project(project, 60)
    blob.write_bytes(b"".join((i * 2654435761 % 2**32).to_bytes(4, "little") for i in range(8 << 20)))

    def clean_project():
        subprocess.run(["make", "-s", "-C", project, "clean"], check=True)

    return [
        Workload("true", "/bin/true: what starting and ending costs", lambda k: ["true"]),
        Workload("W1", "1 M one-byte reads", lambda k: [work, "read", 10**6 // k], 10**6, ("read", 10**6)),
        Workload("W2", "200 k × open, fstat, read, close", lambda k: [work, "open", 200_000 // k, "/etc/hosts"], 800_000,
                 ("read", 200_000)),
        Workload("W3", "500 × /bin/true from sh", lambda k: ["sh", "-c", FORKS]),
        Workload("W4", "60 C files with make -j2", lambda k: ["make", "-s", "-j2", "-C", project], prepare=clean_project),
        Workload("W5", "4 threads × 250 k one-byte writes", lambda k: [work, "threads", 250_000 // k], 10**6,
                 ("write", 10**6)),
        Workload("W6", "gzip of 32 MB", lambda k: ["gzip", "-1", "-k", "-f", blob]),
        Workload("W7", "find, xargs cat of 16 k files", lambda k: ["sh", "-c", CAT]),
        *[make(scratch) for name, make in EVERYDAY.items() if name in wanted],
    ]


class Tool:
    """prefix: what stands before the command.  "said": a pattern of what its log says was lost.  call: a pattern of a
    call in its log, with NAME for the name; the first group, if there is one, is how many."""

    def __init__(self, prefix, heavy=False, said=None, call=None):
        self.prefix, self.heavy, self.said, self.call = prefix, heavy, said, call


def number(text):
    return int(text.replace(",", ""))


def lost_in(log, tool, workload, share):
    """Events lost: those the tool owns up to, or those that are missing where it is known how many there are."""
    said = re.compile(tool.said) if tool.said else None
    call = re.compile(tool.call.replace("NAME", workload.counted[0])) if tool.call and workload.counted else None
    owned = seen = 0
    with open(log, errors="replace") as lines:
        for line in lines:
            if call and (found := call.search(line)):
                seen += number(found[1]) if call.groups else 1
            elif said and (found := said.search(line)):
                owned += number(found[1])
    return max(owned, workload.counted[1] // share - seen if call else 0)


def run_once(tool, log, scratch, workload, share=None):
    """One run: times in seconds, of the whole and of the command alone, and what was lost."""
    share = share or workload.share(tool)
    if workload.prepare:
        workload.prepare()
    log.unlink(missing_ok=True)
    inner = scratch / "inner"
    inner.unlink(missing_ok=True)       # another user's run may have left it
    command = [str(word) for word in [*tool.prefix, scratch / "work", "run", inner, *workload.command(share)]]
    start = time.monotonic_ns()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = (time.monotonic_ns() - start) / 1e9
    if child.returncode:
        sys.exit(f"{' '.join(command)}: ended with {child.returncode}")
    own_wall, own_cpu = (int(word) / 1e9 for word in inner.read_text().split())
    # A tool that stops the program has a share of the calls only; everything but starting and ending is scaled up.
    return {"s": wall + own_wall * (share - 1), "command_s": own_wall * share, "command_cpu_s": own_cpu * share,
            "cpu_s": usage.ru_utime + usage.ru_stime + own_cpu * (share - 1),
            "lost": lost_in(log, tool, workload, share) * share if log.exists() else 0}
