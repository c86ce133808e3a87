#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The terminal's --filter and the page's box leave equally many events of a recording.  Prints TAP.

usage: parity.py COMPENDIUM COUNTS_MJS RECORDING...

The page's own code counts, without a browser: report/test/counts.mjs.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# Every field, each comparison, negation, lists, patterns, and terms together.
QUERIES = """
type:openat  type:openat,read,close  !type:mmap  type:*at  type:signal,exit  type:exec  type:syscall_*
cat:file  cat:network,memory  !cat:file  cat:process err:none
op:open  op:read,write  op:recv,send  op:connected  op:execed,forked  !op:close
is:failed  is:network,failed  !is:failed  is:open,exec,signal  !is:file,memory
err:any  err:none  err:ENOENT  err:enoent,EAGAIN  !err:any  err:unfinished,unknown  err:EINVAL
dur>20us  dur>=1ms  dur<5us  !dur>10us  dur:0  dur=0,1us
t>10ms  t<5ms  t>=1ms t<=20ms
bytes>0  bytes>=100  bytes:1,5,832  bytes<64KB  !bytes>4KB
fd:3  fd:0,1,2  fd>4  !fd:-1  fd<0
ret=0  ret>0  ret=-1  ret>4096  !ret=0
path:/etc  path:*.so*  path:lib,tmp  !path:/usr  path:*  path:/  path:127.0.0.1  path:?*:[0-9]*  path:rw-  !path:r--  path:*/libc.so*  path:SIG  path:exit
arg:O_CLOEXEC  arg:AT_FDCWD  !arg:0  arg:PROT_READ,MAP_ANONYMOUS  arg:"\\", "
lib  openat  ENOENT  "exit 0"  tcp4  AF_INET  !lib  /  "no such text anywhere"
role:config  role:lib,source  !role:lo*  role:*  role:other,program err:any  role:sys,c*h*
noise:any  noise:none  !noise:any  noise:system  noise:loader,preload  !noise:lo*  noise:none,system cat:file
type:openat err:any path:*.conf,*.so*  cat:file !path:/usr dur<1ms  is:failed,network path:/,127  type:openat "lib" fd:-1
"""


def split(line):
    return [word for word in re.split(r" {2,}", line.strip()) if word]


def of_this_recording(meta):
    """Processes, threads, names, trees and files that are in it, and one of each that is not."""
    tasks = meta["tasks"]
    for task in [tasks[0], tasks[len(tasks) // 2], tasks[-1]]:
        yield from (f"pid:{task['pid']}", f"tid:{task['tid']}", f"!tid:{task['tid']}", f"tree:{task['pid']}")
    names = {t["comm"] for t in tasks} | {t["was"] for t in tasks if "was" in t} | \
        {e["exe"].rsplit("/", 1)[-1] for t in tasks for e in t["execs"]} | {"nosuchname"}
    for name in sorted(filter(None, names)):
        quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        yield from (f"proc:{quoted}", f"!proc:{quoted} cat:file")
    yield from ("proc:*s*", "pid:1", "tree:1", "!tree:1", "file:1", "file:3,5", "!file:0")


def main():
    compendium, counts, *recordings = sys.argv[1:]
    node = shutil.which("node")
    if not node or not (pathlib.Path(counts).parent.parent / "node_modules/esbuild").is_dir():
        print("1..0 # SKIP the page's code needs node and report/node_modules (npm ci in report/)")
        return
    print(f"1..{len(recordings)}")
    for number, recording in enumerate(recordings, 1):
        with tempfile.TemporaryDirectory() as d:
            page = pathlib.Path(d, "r.html")
            subprocess.run([compendium, "--read", recording, "-q", f"--report={page}"], stderr=subprocess.DEVNULL, check=False)
            meta = re.search(rb'id="cpd-meta">(.*?)</script>', page.read_bytes(), re.DOTALL)
            queries = [q for line in QUERIES.splitlines() for q in split(line)] + list(of_this_recording(json.loads(meta[1])))
            box = json.loads(subprocess.run([node, counts, page], input=json.dumps(queries), stdout=subprocess.PIPE, text=True,
                                            check=True).stdout)
        wrong, some = [], 0
        for query, shown in zip(queries, box["counts"]):
            said = subprocess.run([compendium, "--read", recording, "-q", "--filter", query], stderr=subprocess.PIPE, text=True,
                                  errors="replace", check=False).stderr
            found = re.search(r"^ ([\d,]+) of ([\d,]+) captured events? match", said, re.M)
            ours = tuple(int(n.replace(",", "")) for n in found.groups()) if found else said.splitlines()[:3]
            some += isinstance(shown, int) and 0 < shown < box["events"]
            if ours != (shown, box["events"]):
                wrong.append(f"{query}: {ours} in the terminal, {shown} of {box['events']} in the page")
        name = pathlib.Path(recording).stem
        good = not wrong and some * 3 > len(queries)
        print(f"{'ok' if good else 'not ok'} {number} - {name}: {len(queries)} filters, {some} of them leave a part")
        for line in wrong:
            print(f"# {line}")


if __name__ == "__main__":
    main()
