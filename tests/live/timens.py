#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""In a time namespace clocks are shifted; what the kernel stamps is not.

usage: tests/live/timens.py COMPENDIUM BACKEND
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

COMPENDIUM = BACKEND = None
UNSHARE = ["unshare", "-T", "--monotonic", "100000", "--boottime", "-50", "--fork"]


class TimeNamespace(unittest.TestCase):
    def trace(self, *options):
        with tempfile.NamedTemporaryFile("r", errors="replace") as log:
            subprocess.run([*UNSHARE, COMPENDIUM, "--backend", BACKEND, "-a", *options, "-o", log.name, "--", "/bin/sh", "-c", "sleep 0.3; exit 3"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
            return log.read()

    def times_are_right(self, text):
        begun, ended = (float(re.search(rf"\[\+([\d.]+)s\] \[\d+\] {what}", text)[1]) for what in ("─── sleep exec", "exit 0"))
        self.assertGreater(ended - begun, 0.25, text)
        self.assertLess(ended, 60, text)
        self.assertGreater(float(re.search(r"FINAL: .* \(([\d.]+)s\)", text)[1]), 0.25)
        self.assertRegex(text, r"(?m)^ +\d+ +(3\d\d|[4-9]\d\d)ms +exit 0 .*sleep 0\.3", "how long the process ran")

    def test_calls(self):
        self.times_are_right(self.trace())

    def test_page_faults(self):
        text = self.trace("--faults")
        if "Page faults" not in text:
            self.skipTest("page faults cannot be counted here")
        self.times_are_right(text)
        self.assertRegex(text, r"Page faults: .*[1-9]\d* in files")

    @unittest.skipIf(os.geteuid() != 0, "needs root")
    def test_waits_for_a_cpu(self):
        text = self.trace("--ebpf", "--sched-min", "0", "--sched-show", "0")
        if " sched delay " not in text:
            self.skipTest("waits for a CPU are not shown here")
        self.times_are_right(text)


def main():
    global COMPENDIUM, BACKEND
    COMPENDIUM, BACKEND = os.path.abspath(sys.argv[1]), sys.argv[2]
    if subprocess.run([*UNSHARE, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        print("SKIP: no time namespace can be made here (needs root and Linux 5.6)")
        sys.exit(77)
    if BACKEND == "bpf" and b"(bpf)" not in subprocess.run([COMPENDIUM, "--backend", "bpf", "--", "/bin/true"], stderr=subprocess.PIPE, check=False).stderr:
        print("SKIP: the bpf backend does not work here")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)


if __name__ == "__main__":
    main()
