#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command while a tool that watches the whole system runs beside it.

usage: bench/beside.py READY LOG TOOL [ARG...] -- COMMAND [ARG...]

Waits until the tool's output (it goes to LOG) matches READY, runs the command, gives the tool a moment to write, interrupts it.
%PID% in a word of the tool is this process, of which the command is a child.  Ends as the command did; 125 when the tool did not start.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

PATIENCE, MOMENT = 40, 1.0


def main():
    ready, log = re.compile(sys.argv[1]), pathlib.Path(sys.argv[2])
    at = sys.argv.index("--")
    tool = [word.replace("%PID%", str(os.getpid())) for word in sys.argv[3:at]]
    with open(log, "w", encoding="utf-8") as out:
        watcher = subprocess.Popen(tool, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    end = time.monotonic() + PATIENCE
    while not ready.search(log.read_text(errors="replace")):
        if watcher.poll() is not None or time.monotonic() > end:
            if watcher.poll() is None:
                watcher.kill()
            print("\n".join(log.read_text(errors="replace").splitlines()[-3:]), file=sys.stderr)
            return 125
        time.sleep(0.05)
    time.sleep(MOMENT)
    status = subprocess.call(sys.argv[at + 1:])
    time.sleep(MOMENT)
    watcher.send_signal(signal.SIGINT)
    try:
        watcher.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        watcher.kill()
        watcher.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
