#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Long suites of other programs, untraced and with calls seen inside: the same results, or which differ.  A line a suite: same, differs, or
why it was left out.  What differs is tried again, and without stubs, before it counts.

usage: suites.py --compendium FILE [SUITE…]      (a SUITE: python:test_os, stress:pipe, perl:op)
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

PYTHON = ["test_os", "test_subprocess", "test_signal", "test_threading", "test_io", "test_socket", "test_mmap", "test_faulthandler"]
STRESS = ["pipe", "interrupt", "scheduler", "io", "vm"]
PERL = ["base", "cmd", "comp", "io", "lib", "mro", "op", "re", "uni"]
TIMEOUT, STRESSOR_TIMEOUT = 900, 60
# classes of a suite that do not end untraced, and why
LEFT_OUT = {"test_socket": ("ThreadedVSOCKSocketStreamTest", "it connects to its own machine by VSOCK, which a virtual machine's host may never answer")}
WITHOUT = """
import sys, unittest
def each(suite):
    for t in suite:
        yield from each(t) if isinstance(t, unittest.TestSuite) else [t]
every = each(unittest.defaultTestLoader.loadTestsFromName(sys.argv[1]))
kept = unittest.TestSuite(t for t in every if type(t).__name__ != sys.argv[2])
sys.exit(not unittest.TextTestRunner(verbosity=2).run(kept).wasSuccessful())
"""
TRIES = 2


class LeftOut(Exception):
    pass


def traced(args, mode):
    """mode: None untraced, else --in-process."""
    return [args.compendium, "--backend", "ptrace", "--in-process", mode, "-q", "-o", os.devnull, "--"] if mode else []


def run(args, mode, command, where, patience=None):
    patience = patience or TIMEOUT
    p = subprocess.Popen(traced(args, mode) + command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=where,
                         start_new_session=True)
    try:
        out = p.communicate(timeout=patience)[0]
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        p.communicate()
        return {"exit status": f"no end after {patience} s"}, ""
    return {"exit status": str(p.returncode)}, out.decode(errors="replace")


def python_with_tests():
    for python in (os.environ.get("SUITES_PYTHON"), sys.executable, "/usr/bin/python3"):
        if python and subprocess.run([python, "-c", "import test.test_os"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return os.path.realpath(subprocess.check_output([python, "-c", "import sys; print(sys.executable)"], text=True).strip())
    raise LeftOut("no python here has its own tests (Debian: libpython3-testsuite)")


def python_suite(args, name, mode, where):
    left, _ = LEFT_OUT.get(name, (None, None))
    command = ["-c", WITHOUT, f"test.{name}", left] if left else ["-m", "unittest", "-v", f"test.{name}"]
    results, out = run(args, mode, [python_with_tests(), *command], where)
    # the result of a test that prints something comes lines later
    for test, result in re.findall(r"^(test\w* \([\w.]+\)).*?\.\.\. (?:.*?\n)*?.*?\b(ok|FAIL|ERROR|skipped|expected failure)\b", out, re.MULTILINE):
        results[test] = result
    return results


def stress_suite(args, name, mode, where):
    """The exit status of each stressor: 0, or what it could not do or found wrong (stress-ng(1))."""
    if not shutil.which("stress-ng"):
        raise LeftOut("stress-ng is not installed")
    listed = subprocess.run(["stress-ng", "--class", f"{name}?"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    results = {}
    for stressor in re.search(r"stressors: (.*)", listed)[1].split():
        command = ["stress-ng", f"--{stressor}", "1", "--timeout", "1", "--verify", "--oom-avoid", "--temp-path", where]
        results[stressor] = run(args, mode, command, where, STRESSOR_TIMEOUT)[0]["exit status"]
    return results


def perl_suite(args, name, mode, where):
    tests = pathlib.Path(os.environ.get("SUITES_PERL_T", "/nonexistent"))
    if not (tests / "test.pl").is_file():
        raise LeftOut("SUITES_PERL_T is not the t of perl's source")
    results = {}
    for file in sorted((tests / name).glob("*.t")):
        ended, out = run(args, mode, ["perl", f"{name}/{file.name}"], tests)
        for ok, number in re.findall(r"^(ok|not ok) (\d+)", out, re.MULTILINE):
            results[f"{file.name} {number}"] = ok
        results.update({f"{file.name} {key}": value for key, value in ended.items()})
    return results


SUITES = {"python": (python_suite, PYTHON), "stress": (stress_suite, STRESS), "perl": (perl_suite, PERL)}


def different(a, b):
    return {key for key in a.keys() | b.keys() if a.get(key) != b.get(key)}


def compare(suite, args, name):
    """Of as many as there were, those whose results differ each time: a dict of key to a line."""
    with tempfile.TemporaryDirectory(prefix="suites-") as where:
        still, n = None, 0
        for _ in range(TRIES):
            native = suite(args, name, None, where)
            if native.get("exit status", "").startswith("no end"):
                raise LeftOut(f"untraced it has {native['exit status']}")
            on = suite(args, name, "on", where)
            n = max(n, len(native))
            still = different(native, on) if still is None else still & different(native, on)
            if not still:
                return n, {}
        off = suite(args, name, "off", where)
    return n, {key: f"untraced {native.get(key)}, off {off.get(key)}, on {on.get(key)}" for key in still}


def report(number, title, args, suite, name):
    """false: it differs because of the stubs"""
    try:
        n, lines = compare(suite, args, name)
    except LeftOut as e:
        print(f"ok {number} {title} # SKIP {e}", flush=True)
        return True
    stubs = {key for key, line in lines.items() if line.rsplit(", on ", 1)[0].rsplit("off ", 1)[1] != line.rsplit(", on ", 1)[1]}
    few = n < 3     # no results but the exit status: it did not run
    word = "did not run" if few else "differs" if stubs else f"same but for {len(lines)} that also differ with stops" if lines else "same"
    print(f"{'not ok' if few or stubs else 'ok'} {number} {title}: {word} ({n} results)", flush=True)
    if name in LEFT_OUT:
        print(f"# without {LEFT_OUT[name][0]}: {LEFT_OUT[name][1]}", flush=True)
    for key in sorted(lines):
        print(f"# {key}: {lines[key]}", flush=True)
    return not few and not stubs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compendium", required=True)
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    args = parser.parse_args()
    args.compendium = os.path.realpath(args.compendium)
    wanted = args.suites or [f"{kind}:{name}" for kind, (_, names) in SUITES.items() for name in names]
    print(f"1..{len(wanted)}", flush=True)
    good = True
    for number, title in enumerate(wanted, 1):
        kind, name = title.split(":", 1)
        good &= report(number, title, args, SUITES[kind][0], name)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
