# SPDX-License-Identifier: MIT
"""Findings: what is worth a look, and what is not."""
import os
import pathlib
import re
import socket
import subprocess

from shared import PYTHON, SERVER, says, traced

from harness import check, equal


def leak(t):
    """descriptors that are never closed: how many, and of what"""
    file = pathlib.Path(os.path.realpath(t.scratch)) / "leaked"
    file.write_text("x")
    shown = traced(t, *PYTHON, f"import os\nfor i in range(300): os.open('{file}', 0)", status=0)
    says(shown, rf"never closed 30\d of the \d+ descriptors it made: 300 are {re.escape(str(file))}")


def refused(t):
    """a connection that is refused: to where"""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        shown = traced(t, *PYTHON, f"import socket\nfor i in range(3):\n    try: socket.create_connection(('127.0.0.1', {port}))\n    except OSError: pass",
                       status=0)
    says(shown, rf"3 connections to tcp4 → 127\.0\.0\.1:{port} failed: ECONNREFUSED")


def again(t):
    """a peer that is slow in each of several connections is one finding, with the sum"""
    with subprocess.Popen([*PYTHON, SERVER.replace("sleep(2)", "sleep(0.4)")], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            program = ("import socket\n"
                       "for i in range(3):\n"
                       f"    c = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?'); c.recv(10); c.close()\n")
            shown = traced(t, *PYTHON, program, status=0)
        finally:
            server.kill()
    found = re.findall(rf"waited (\d\.\d+)s for tcp4 → 127\.0\.0\.1:{port} in 3 connections, the longest wait", shown)
    check(len(found) == 1 and float(found[0]) >= 1.1, shown)


def short_waits(t):
    """a peer that is waited for in many waits of a tenth of a second, as event loops do, is one that the time went to"""
    with subprocess.Popen([*PYTHON, SERVER.replace("sleep(2)", "sleep(1)")], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            program = ("import select, socket\n"
                       f"c = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?')\n"
                       "while not select.select([c], [], [], 0.1)[0]: pass\n"
                       "c.recv(10)\n")
            shown = traced(t, *PYTHON, program, status=0)
        finally:
            server.kill()
    says(shown, rf"Findings .* waited [\d.]+m?s for tcp4 → 127\.0\.0\.1:{port} in \d+ waits, the longest")


def no_finding(t):
    """a few milliseconds of lookups in vain are no finding, however many they are"""
    program = ("import os, time\n"
               "for i in range(60):\n"
               "    try: os.stat('/none/' + str(i))\n"
               "    except OSError: pass\n"
               "time.sleep(5)")
    shown = traced(t, *PYTHON, program, status=0)
    check("in vain" not in shown and "polls" not in shown, f"findings: {shown}")


def tree(t):
    """of many processes those that took long and those that failed are shown, with their parents"""
    program = ("import os, time\n"
               "for i in range(30):\n"
               "    p = os.fork()\n"
               "    if p == 0:\n"
               "        if i == 25: os.execvp('sleep', ['sleep', '2'])\n"
               "        os._exit(3 if i == 28 else 0)\n"
               "    os.waitpid(p, 0)\n")
    _, _, _, text = t.run(*PYTHON, program)
    rows = re.search(r"^ Processes \(31, 1 failed\)\n((?:   .*\n)+)", text, re.M)[1].splitlines()
    equal(len(rows), 21, "rows, and the line that says how many more there are")
    check(any("sleep 2" in row for row in rows) and any("exit 3" in row for row in rows), "\n".join(rows))


TESTS = [
    leak,
    refused,
    again,
    short_waits,
    no_finding,
    tree,
]
