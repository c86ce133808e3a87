#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/check.py does with a script that fails once, always, or in too many places.  Prints TAP."""
import io
import pathlib
import stat
import sys
import tempfile
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))
import check  # pylint: disable=wrong-import-position


# Counts its runs in a file beside it; $0 fails in its first $1 runs, in $2 tests.
SCRIPT = """#!/bin/sh
echo run >>"$0.runs"
bad=0
[ "$(wc -l <"$0.runs")" -gt "$1" ] || bad=$2
i=0
while [ $i -lt 5 ]; do
	i=$((i + 1))
	if [ $i -le "$bad" ]; then echo "not ok $i - test $i"; else echo "ok $i - test $i"; fi
done
[ "$bad" = 0 ]
"""


def outcome(place, runs, tests, again=True):
    script = place / f"script-{runs}-{tests}-{again}"
    script.write_text(SCRIPT)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    step = check.Step("step", io.StringIO(), False)
    check.tap(step, script, runs, tests, again=again)
    unsteady = [note.split("; ") for note in step.unsteady]
    ran = len(script.with_name(script.name + ".runs").read_text().splitlines())
    return ran, step.passed, step.failed, [len(tests) for tests in unsteady], step.log.getvalue().count("not ok")


def node(text, status):
    step = check.Step("step", io.StringIO(), False)
    check.node_counts(step, types.SimpleNamespace(stdout=text, returncode=status))
    return step.passed, step.failed, step.unsteady, step.failures


TAP = "ok 1 - a\nnot ok 2 - b: a long one\n# AssertionError: three\n# is not four\nok 3 - c # SKIP no disk\nok 4 - d # SKIP no disk\nverifier: x 10\n"
CLOSING = ["skipped   2: no disk (step: test, c, …)", "all of what was skipped, and what the verifier took of 1 programs: NOTES",
           "", "---- the end of LOG, after the failures that it leaves out ----", "the log", "", "  FAILED step: test, b: a long one: AssertionError: three is not four"]


def closing_lines():
    with tempfile.TemporaryDirectory(prefix="again-") as place:
        check.OUT = pathlib.Path(place)
        logs = check.OUT / "logs"
        logs.mkdir()
        (logs / "step.log").write_text("the log\n")
        step = check.Step("step", io.StringIO(), False)
        check.count_test(step, {"name": "project:test", "result": "FAIL", "stdout": TAP})
        lines = check.closing([step])
        return [line.replace(str(logs / "notes"), "NOTES").replace(str(logs / "step.log"), "LOG") for line in lines]


def unittest():
    step = check.Step("step", io.StringIO(), False)
    said = "...F\n=====\nFAIL: test_a (m.C.test_a)\n-----\nTraceback (most recent call last):\n  File x\nAssertionError: 3 != 4\n\n----\n"
    check.count_test(step, {"name": "project:test", "result": "FAIL", "stdout": "1 passed, 1 failed, 0 skipped\n", "stderr": said})
    return step.passed, step.failed, step.failures


def counted():
    """What is computed by a command and by its child: at least so much, whatever else the machine does."""
    step = check.Step("step", io.StringIO(), False)
    spin = "import time, sys\nwhile time.process_time() < 0.1: pass\nprint('well'); sys.exit(3)"
    done = step.run("sh", "-c", '"$0" -c "$1"; "$0" -c "$1"', sys.executable, spin, may_fail=True)
    killed = step.run("sh", "-c", "kill -TERM $$", may_fail=True)
    return done.returncode, done.stdout, step.cpu >= 0.2, killed.returncode


def main():
    rows = []
    with tempfile.TemporaryDirectory(prefix="again-") as place:
        place = pathlib.Path(place)
        # how often it ran, passed, failed, tests in its UNSTEADY line, failures in the log
        rows += [
            ("what passes runs once", outcome(place, 0, 0), (1, 5, 0, [], 0)),
            ("what fails once passes, is named, and its failure is in the log", outcome(place, 1, 1), (2, 5, 0, [1], 1)),
            ("three tests may fail once", outcome(place, 1, 3), (2, 5, 0, [3], 3)),
            ("four are too many", outcome(place, 1, 4), (1, 1, 4, [], 4)),
            ("what fails twice has failed; both runs are in the log", outcome(place, 9, 1), (2, 4, 1, [], 2)),
            ("a script that is not asked for again runs once", outcome(place, 1, 1, again=False), (1, 4, 1, [], 1)),
        ]
    line = "a test: failed at first, passed when run again: why"
    rows += [
        ("the browser's unsteady test is named", node(f"not ok - a test\nok - a test\nUNSTEADY {line}\n1 passed, 0 failed, 0 skipped\n", 0), (1, 0, [line], [])),
        ("the browser's failure counts", node("not ok - a test\n    why\n0 passed, 1 failed, 0 skipped\n", 1), (0, 1, [], ["step, a test: why"])),
        ("of Python's unittest what failed, and why", unittest(), (1, 1, ["test, test_a: AssertionError: 3 != 4"])),
        ("the CPU time of a command is that of its children, too", counted(), (3, "well\nwell\n", True, -15)),
        ("what failed stands before the last line, with why, and skips before it", closing_lines(), CLOSING),
    ]
    print(f"1..{len(rows)}")
    for number, (what, got, want) in enumerate(rows, 1):
        print(f"{'ok' if got == want else 'not ok'} {number} - {what}")
        if got != want:
            print(f"# got {got}, not {want}")
    return any(got != want for _, got, want in rows)


if __name__ == "__main__":
    sys.exit(main())
