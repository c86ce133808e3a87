#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run every test and check; `make check` and CI are this program.

usage: tools/check.py [--slow] [--list] [STEP...]

Each step is a row of STEPS: a line when it has ended, and below it what failed and
why.  Its output goes to build-check/logs/STEP.log.  After the last step come skips
(by reason; the names are in build-check/logs/notes), the logs of steps that failed,
and what failed once more.  The last line counts everything.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "build-check"
JOBS = str(os.cpu_count() or 1)
AT_ONCE = str((os.cpu_count() or 1) * 3 // 2)   # live tests wait more than they compute
FUZZ_SECONDS = {False: 60, True: 1200}  # for all targets together, on every core


def clang():
    """The clang of this system and what follows its name in its tools' names: ("clang", ""), ("clang-16", "-16").

    Of those from 14 on, one that has its clang-tidy; the plain name first, then the newest."""
    found = []
    for suffix in ["", *(f"-{n}" for n in range(30, 13, -1))]:
        path = shutil.which(f"clang{suffix}")
        said = path and subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
        version = said and re.search(r"version (\d+)", said)
        if version and int(version[1]) >= 14:
            found.append((not shutil.which(f"clang-tidy{suffix}"), len(found), path, suffix))
    if not found:
        raise Failed("there is no clang of version 14 or newer")
    return min(found)[2:]


LAST = ["nice", "-n", "19"]     # it gets what the tests leave
AGAIN_AT_MOST = 3       # more failures than this are no chance
PROGRAMS_AGAIN_AT_MOST = 5      # of the two hundred of a build
FAILURES_SHOWN, LAST_SHOWN = 12, 7      # below a step, before the last line: who sees ten lines of it sees why


class Failed(Exception):
    """A step could not even count: the build broke, a tool crashed."""


def run_counted(command, **more):
    """A command to its end, with what it printed, and the CPU seconds of it and of all processes that it waited for."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **more) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return subprocess.CompletedProcess(command, process.returncode, output), usage.ru_utime + usage.ru_stime


class Step:
    """What a step's function gets: a log, and somewhere to count."""

    def __init__(self, name, log, slow, beside=False):
        self.name, self.log, self.slow, self.beside = name, log, slow, beside
        self.passed = self.failed = self.skipped = 0
        self.cpu = 0.0      # seconds, of its commands and all that they waited for
        self.again = AGAIN_AT_MOST  # how many failures may still be tried once more
        self.failures, self.unsteady, self.skips, self.notes = [], [], [], []    # skips: (what, reason)

    def run(self, *command, cwd=ROOT, env=None, may_fail=False, last=True):
        self.log.write(f"$ {' '.join(map(str, command))}\n")
        self.log.flush()
        before = LAST if self.beside and last else []
        done, cpu = run_counted([*before, *map(str, command)], cwd=cwd, env={**os.environ, **(env or {})})
        self.cpu += cpu
        self.log.write(done.stdout)
        self.log.flush()
        if done.returncode and not may_fail:
            raise Failed(f"{command[0]} ended with {done.returncode}")
        return done

    def check(self, what, ok, why=""):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        if not ok:
            self.failures.append(f"{short(what, 100)}: {short(why, 200)}" if why else short(what, 200))

    def skip(self, what, reason, n=1):
        self.skipped += n
        self.skips.append((what, reason))


def short(text, room):
    text = re.sub(r"\s+", " ", str(text)).strip()
    return text if len(text) <= room else text[:room - 1] + "…"


def meson_build(step, where, *options, env=None):
    """Configure (once) and compile; the directory is kept for the next run."""
    build = OUT / where
    if not (build / "build.ninja").exists():
        shutil.rmtree(build, ignore_errors=True)
        step.run("meson", "setup", build, "-Dwerror=true", *options, env=env)
    else:
        step.run("meson", "configure", build, "-Dwerror=true", *options)
    step.run("ninja", "-C", build)
    return build


# The sections of docs/linux-as-it-is.md, as the suites of tests/tracee and tests/live name them.
SECTIONS = {"linux-ptrace": "1. ptrace", "linux-model": "2. the model", "linux-judges": "3. judges"}

TAP = re.compile(r"^(not )?ok\b(?:\s+\d+)?\s*-?\s*(.*?)(?:\s*#\s*(SKIP|TODO)\b\s*(.*))?$", re.I)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
WRONG = re.compile(r"^not ok\b(?:\s+\d+)?\s*-?\s*(.*)\n((?:#.*\n|    .*\n)*)", re.M)      # and what follows says why
UNITTEST = re.compile(r"^(?:FAIL|ERROR): (\w+)[\s\S]*?^(\w*(?:Error|Exception|Expired)\b.*)$", re.M)
TROUBLE = re.compile(r".*(?:\berror:|^FAILED:|\bERROR\b|[Nn]ot found|No such file|No space left|Error:).*", re.M)


def failures_of(text):
    """Of the output of a test, (name, why) of each that failed."""
    return [(what, re.sub(r"^#?\s*", "", why, flags=re.M)) for what, why in WRONG.findall(text + "\n")]


def named(failures):
    return "; ".join(f"{short(what, 80)}: {short(why, 160)}" if why else short(what, 80) for what, why in failures)


def count_test(step, test):
    """One program of Meson's log: its TAP lines, its own closing count, or just how it ended."""
    name, result = test["name"].split(":", 1)[-1], test["result"]
    before = step.failed
    out = test.get("stdout") or ""
    lines, why = out.splitlines(), dict(failures_of(out) + UNITTEST.findall(test.get("stderr") or ""))
    taps = [match for match in map(TAP.match, lines) if match]
    counts = [match for match in map(PLAIN.match, lines) if match]
    for failed, what, mark, reason in (match.groups() for match in taps):
        if mark:
            step.skip(f"{name}, {what}", reason)
        else:
            step.check(f"{name}, {what}", not failed, why.get(what, ""))
    if not taps and counts:
        plain_count(step, counts[-1], name, why.items())
        step.skips += [(f"{name}, {what}", reason) for what, reason in re.findall(r"^skipped (.*?): (.*)$", out, re.M)]
    step.notes += [line for line in lines if line.startswith("verifier: ")]
    if result in ("OK", "EXPECTEDFAIL"):
        if not taps and not counts:
            step.passed += 1
    elif result == "SKIP":
        if not taps and not counts:
            reason = lines[-1] if lines else "no reason given"
            step.skip(name, re.sub(r"^1[.][.]0 *# *skip *", "", reason, flags=re.I))
    elif step.failed == before:
        last = [line for line in lines + (test.get("stderr") or "").splitlines() if line.strip()]
        step.check(f"{name}: {result}", False, last[-1] if last else "")


def plain_count(step, count, name, failures):
    step.passed += int(count[1])
    step.failed += int(count[2])
    step.skipped += int(count[3] or 0)
    if int(count[2]):
        step.failures += [f"{short(name, 60)}, {named([one])}" for one in failures] or [f"{name}: {count[2]} failed"]


LIVE = {"live", "tracee"}


def run_again(step, build, tests, options, env):
    """Live programs that failed, run once more with nothing beside them: {name: what came of it}, of those that pass then.

    What they trace shares the machine with the other tests.  Each is named as unsteady in what is printed, and both
    outputs are in the log: it is a fault to look into, but of the test more often than of the program."""
    failed = [test["name"] for test in tests if test["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")]
    names = [name for name in failed if LIVE & set(name.split(":")[-1].split(" / ")[0].split("+"))]
    if not names or len(failed) > PROGRAMS_AGAIN_AT_MOST:
        return {}
    patience = options[options.index("--timeout-multiplier"):][:2]
    step.run("meson", "test", "-C", build, "--print-errorlogs", "--no-rebuild", "--num-processes", "1", "--logbase", "again", *patience,
             *(name.split(" / ")[-1] for name in names), env=env, may_fail=True)
    log = build / "meson-logs" / "again.json"
    passed = [json.loads(line) for line in log.read_text(errors="replace").splitlines()] if log.exists() else []
    passed = {test["name"]: test for test in passed if test["name"] in names and test["result"] == "OK"}
    for name in passed:
        why = named(one for test in tests if test["name"] == name
                    for one in failures_of(test.get("stdout") or "") + UNITTEST.findall(test.get("stderr") or ""))
        step.unsteady.append(f"{name.split(':', 1)[-1]}: failed beside other tests, passed alone: {why or 'see the log'}")
    return passed


def meson_test(step, build, *options, env=None):
    """Run the tests of a build and count them one by one, TAP subtests too."""
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    done = step.run("meson", "test", "-C", build, "--print-errorlogs", *options, env=env, may_fail=True)
    if not log.exists():
        raise Failed("meson test wrote no results")
    before = step.failed
    suites = {}
    tests = [json.loads(line) for line in log.read_text(errors="replace").splitlines()]
    again = run_again(step, build, tests, options, env)
    for test in tests:
        test, so_far = again.get(test["name"], test), step.passed
        count_test(step, test)
        for suite in test["name"].split(":")[-1].split(" / ")[0].split("+"):    # "compendium:live+linux-ptrace / ends"
            suites[suite] = suites.get(suite, 0) + step.passed - so_far
    sections = [(title, suites.pop(suite, 0)) for suite, title in SECTIONS.items()]
    step.notes.append("passed by suite: " + ", ".join(f"{suite} {n}" for suite, n in sorted(suites.items())))
    if any(n for _, n in sections):
        step.notes.append("of these, Linux as it is: " + ", ".join(f"{title} {n}" for title, n in sections))
    if done.returncode and step.failed == before and not again:
        raise Failed(f"meson test ended with {done.returncode}")


# Without it what UBSan finds is printed, and the program passes.
SANITIZER_HALTS = {"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
SANITIZED = ("clang", "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzz=enabled")
# Suites that show nothing new under a sanitizer: lint reads files; user has the same tests by ptrace, of which the kernel refuses
# some to an ordinary user (each tracee runs sanitized as an ordinary user, too); slow has the same tests for longer.
# page asks 1,300 processes for the same counts as the page's code: filters read memory in the unit tests and in fuzz-query, too.
# fuzz has a step of its own.  twice is what runs the same code of ours with the other backend (tests/live/meson.build).
NOT_SANITIZED = ("lint", "user", "slow", "page", "fuzz")
# Set when build-check/gcc, build-check/clang are whole, or will not be.
built, compiled = threading.Event(), threading.Event()


def without(*suites):
    return [word for suite in suites for word in ("--no-suite", suite)]


def gcc(step):
    try:
        build = meson_build(step, "gcc", env={"CC": "gcc"})
    finally:
        built.set()
    # Speed is never a test result, so a busy machine only has to be waited for.
    meson_test(step, build, "--timeout-multiplier", "3", "--num-processes", AT_ONCE, *without(*([] if step.slow else ["slow"])))


def clang_build(step):
    """What sanitizers, fuzz and tidy need; made while the tests of gcc's build wait."""
    built.wait()
    try:
        meson_build(step, *SANITIZED, env={"CC": clang()[0]})
    finally:
        compiled.set()
    step.check("build", True)


def sanitizers(step):
    compiled.wait()
    build = meson_build(step, *SANITIZED, env={"CC": clang()[0]})
    meson_test(step, build, "--timeout-multiplier", "6", "--num-processes", AT_ONCE, *without(*NOT_SANITIZED, *([] if step.slow else ["twice"])),
               env={"ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1", **SANITIZER_HALTS})


def fuzz(step):
    listed = step.run("meson", "test", "-C", OUT / "clang", "--suite", "fuzz", "--list").stdout
    targets = listed.count("fuzz-")
    each = FUZZ_SECONDS[step.slow] * int(JOBS) // max(targets, 1)
    meson_test(step, OUT / "clang", "--suite", "fuzz", "--timeout-multiplier", "20", "--num-processes", JOBS,
               env={"FUZZ_SECONDS": str(each), "FUZZ_SEED": "0" if step.slow else "1", **SANITIZER_HALTS})


# A third of clang's own 225,000 nodes of a function's paths.  Of 33 reads of uninitialized memory behind everything else that a long
# function does, put in by hand, it finds 32, in 38 % of the time; `make check-slow` looks at all paths.
FEWER_PATHS = [f"--extra-arg={word}" for part in ("-analyzer-config", "max-nodes=75000") for word in ("-Xclang", part)]


def tidy(step):
    build = OUT / "clang"
    compiled.wait()     # its database and what it generates
    # BPF programs are no part of this compilation database.  The largest first, so that no core ends long after the others.
    sources = sorted((path for path in (ROOT / "src").rglob("*.c") if not path.name.endswith(".bpf.c")), key=lambda path: -path.stat().st_size)

    paths = [] if step.slow else FEWER_PATHS

    def one(path):
        # meson adds gcc-free flags here: this build directory is clang's own.
        return path, *run_counted([*LAST, f"clang-tidy{clang()[1]}", "-p", build, "--quiet", "--warnings-as-errors=*", *paths, path])

    with concurrent.futures.ThreadPoolExecutor(int(JOBS)) as pool:
        for path, done, cpu in pool.map(one, sources):
            step.cpu += cpu
            if done.returncode:
                step.log.write(done.stdout)
            trouble = done.returncode and TROUBLE.search(done.stdout)
            step.check(path.relative_to(ROOT), done.returncode == 0, trouble[0] if trouble else "")


def scripts(step):
    listed = step.run("git", "ls-files", "*.sh", "*.bash", ".ci/run").stdout.split()
    for path in listed:
        begin = (ROOT / path).read_text().splitlines()[:2]      # "#!/bin/sh", or "# shellcheck shell=bash" below the licence
        if any(re.match("#.*sh", line) for line in begin):
            step.check(path, step.run("shellcheck", "-x", path, may_fail=True).returncode == 0)


def tap(step, *command, env=None, again=False):
    """A script that prints TAP.  It traces: as fast as the other tests.

    again: the script traces beside other work, so one that fails is run once more, by the rule of run_again."""
    name = pathlib.Path(command[0]).name
    done = step.run(*command, env=env, may_fail=True, last=False)
    if again and done.returncode:
        wrong = failures_of(done.stdout)
        step.again -= max(len(wrong), 1)
        if step.again >= 0:
            step.log.write(f"{name} failed; once more:\n")
            second = step.run(*command, env=env, may_fail=True, last=False)
            if second.returncode == 0:
                step.unsteady.append(f"{name}: failed at first, passed when run again: {named(wrong) or f'ended with {done.returncode}'}")
                done = second
    count_test(step, {"name": name, "result": "FAIL" if done.returncode else "OK", "stdout": done.stdout})


def static(step):
    missing = step.run("tools/setup.sh", "-n", "static", may_fail=True)
    if missing.returncode:
        step.skip("static", f"to link without libraries needs {missing.stdout.strip()}")
        return
    step.run("make", f"BUILD={OUT / 'one'}", "MESON_ARGS=-Dwerror=true", "static")
    tap(step, "tests/package/static.sh", OUT / "one-static" / "compendium")


def kernels(step):
    """The static program on the kernels of other Debians, in qemu: BPF's verifiers differ."""
    build = OUT / "one-static" / "compendium"
    missing = [tool for tool in ("qemu-system-x86_64", "busybox", "cpio", "curl") if not shutil.which(tool)]
    if missing or not build.exists():
        step.skip("kernels", f"{' '.join(missing)} not installed" if missing else "the static step made no program")
        return
    tap(step, "tools/check-kernels.sh", build)


def tarball():
    return max((OUT / "dist" / "meson-dist").glob("*.tar.xz"), key=os.path.getmtime)


def dist(step):
    step.run("make", f"BUILD={OUT / 'dist'}", "MESON_ARGS=-Dwerror=true", "dist")
    tap(step, "tests/package/dist.sh", tarball())


def readme(step):
    for backend in ["ptrace", "bpf"]:
        probe = step.run(OUT / "gcc" / "compendium", "--backend", backend, "--", "true", may_fail=True)
        if "cannot be used" in probe.stdout:
            step.skip(f"README with {backend}", probe.stdout.splitlines()[0])
        else:
            tap(step, "tools/check-readme.py", "--backend", backend, OUT / "gcc" / "compendium", again=True)


def deb(step):
    """The package is built and lintian looks at it; tools/check-clean-root.sh SUITE --deb installs it."""
    missing = step.run("tools/setup.sh", "-n", "deb", may_fail=True)
    if missing.returncode:
        step.skip("deb", f"to build a package needs {missing.stdout.strip()}")
        return
    # the tests that a package's build runs were run before, by these steps
    step.check("package", step.run("tools/deb.sh", tarball(), OUT / "deb", env={"DEB_BUILD_OPTIONS": "noautodbgsym nocheck"}, may_fail=True).returncode == 0)
    version = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text())[1].replace("-", "~")
    step.check(f"of version {version}", (OUT / "deb" / f"compendium_{version}_amd64.deb").exists())


def node_counts(step, done):
    """What npm's scripts count: they close with the plain line."""
    counts = [match for match in map(PLAIN.match, done.stdout.splitlines()) if match]
    passed = set(re.findall(r"^ok(?: \d+)? - (.*)$", done.stdout, re.M))       # one that failed at first may be among them
    if counts:
        plain_count(step, counts[-1], step.name, [one for one in failures_of(done.stdout) if one[0] not in passed])
    step.skips += re.findall(r"^ok(?: \d+)? - (.*?) # SKIP (.*)$", done.stdout, re.M)
    step.unsteady += re.findall(r"^UNSTEADY (.*)", done.stdout, re.M)
    if not counts or (done.returncode and not step.failed):
        raise Failed(f"the tests ended with {done.returncode}")


def exports(step):
    """Readers that are not ours: DuckDB, speedscope, with their own package.json.  Their tests say when it is not there."""
    if step.run("npm", "ci", "--no-audit", "--no-fund", cwd=ROOT / "tests/export", may_fail=True).returncode:
        step.skip("DuckDB, speedscope and ajv", "npm ci in tests/export failed; is there a network?")
    for test in ("tests/live/ndjson.py", "tests/export/tables.py", "tests/export/timeline.py"):
        tap(step, test, OUT / "gcc" / "compendium", *sorted((ROOT / "tests/golden").glob("*.cpd")), again=True)
    if step.slow:       # 550 MB; "ci" of npm 11 wants the packages of other systems in the lock file, which npm does not write
        step.run("npm", "install", "--no-audit", "--no-fund", cwd=ROOT / "tests/export/chdb", may_fail=True)
    tap(step, "tests/export/six.py", OUT / "gcc" / "compendium", again=True)
    tap(step, "tests/export/clickhouse.py", OUT / "gcc" / "compendium", *(ROOT / f"tests/golden/{name}.cpd" for name in ("make", "net", "shell")), again=True)


def report_unit(step):
    node_counts(step, step.run("npm", "test", cwd=ROOT / "report", may_fail=True))


def report_browser(step):
    built.wait()
    # One page written by the program itself, so that both sides of the format are tried together.
    node_counts(step, step.run("npm", "run", "e2e:slow" if step.slow else "e2e", cwd=ROOT / "report", may_fail=True,
                               env={"COMPENDIUM": str(OUT / "gcc" / "compendium")}))


STEPS = {
    "gcc": gcc,
    "clang": clang_build,
    "sanitizers": sanitizers,
    "fuzz": fuzz,
    "tidy": tidy,
    "scripts": scripts,
    "exports": exports,
    "report": report_unit,
    "browser": report_browser,
    "readme": readme,
    "static": static,
    "dist": dist,
    "deb": deb,
    "kernels": kernels,
}
ONLY_SLOW = {"kernels"}     # downloads kernels
# Live tests mostly wait: what only computes runs beside them, in this order.
BESIDE = ["scripts", "clang", "tidy", "static", "dist", "deb", "report", "browser"]
# Each of these is one process after another, at the end, when little is left that runs beside it: they run beside each other.
TOGETHER = {"exports", "readme"}


def run_step(name, slow, beside=False):
    """The step when it has ended; prints its line, what failed and what was unsteady."""
    path = OUT / "logs" / f"{name}.log"
    start = time.monotonic()
    with open(path, "w", encoding="utf-8", errors="replace") as log:
        step = Step(name, log, slow, beside)
        try:
            STEPS[name](step)
        except (Failed, OSError) as problem:
            log.flush()
            trouble = TROUBLE.search(path.read_text(errors="replace"))
            step.check(problem, False, trouble[0] if trouble else "")
    counts = f"{step.passed:5} passed {step.failed:3} failed {step.skipped:3} skipped {time.monotonic() - start:6.0f} s {step.cpu:6.0f} s of CPU"
    lines = [f"{'FAILED' if step.failed else 'ok':6} {name:12} {counts}", *listed("FAILED", step.failures, FAILURES_SHOWN, path),
             *(f"  UNSTEADY {line}" for line in step.unsteady)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    return step


def listed(word, lines, room, where):
    more = [f"  {word} … and {len(lines) - room} more: {where}"] if len(lines) > room else []
    return [f"  {word} {line}" for line in lines[:room]] + more


def closing(steps):
    """What is printed after the last step, in this order: skips, notes, logs of what failed, what was unsteady, what failed."""
    skips = collections.defaultdict(list)
    for step in steps:
        for what, reason in step.skips:
            skips[reason].append(f"{step.name}: {what}")
    notes = [f"{step.name}: {note}" for step in steps for note in step.notes]
    with open(OUT / "logs" / "notes", "w", encoding="utf-8", errors="replace") as file:
        file.write("".join(f"skipped {what}: {reason}\n" for reason, names in skips.items() for what in names))
        file.write("".join(f"{note}\n" for note in notes))
    verified = sum(" verifier: " in f" {note}" for note in notes)
    lines = [f"skipped {len(names):3}: {short(reason, 120)} ({short(names[0], 60)}{', …' if len(names) > 1 else ''})" for reason, names in skips.items()]
    lines += [short(note, 400) for note in notes if "verifier: " not in note]
    if skips or notes:
        lines.append(f"all of what was skipped{f', and what the verifier took of {verified} programs' if verified else ''}: {OUT / 'logs' / 'notes'}")
    for step in steps:
        if step.failed:
            log = (OUT / "logs" / f"{step.name}.log").read_text(errors="replace")
            lines += ["", f"---- the end of {OUT / 'logs' / step.name}.log, after the failures that it leaves out ----"]
            lines += re.findall(r"^not ok.*\n(?:#.*\n){0,60}", log[:-6000], re.M) + log[-6000:].splitlines()
    failures = [f"{step.name}: {line}" for step in steps for line in step.failures]
    unsteady = [f"{step.name}: {line}" for step in steps for line in step.unsteady]
    if failures or unsteady:
        lines.append("")
    return lines + listed("UNSTEADY", unsteady, LAST_SHOWN, OUT / "logs") + listed("FAILED", failures, LAST_SHOWN, OUT / "logs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slow", action="store_true", help="the long suites as well")
    parser.add_argument("--list", action="store_true", help="name the steps")
    parser.add_argument("step", nargs="*", help="only these steps", metavar="STEP")
    args = parser.parse_args()
    if args.list:
        print("\n".join(STEPS))
        return 0
    for name in args.step:
        if name not in STEPS:
            parser.error(f"no step '{name}'; there are: {' '.join(STEPS)}")

    (OUT / "logs").mkdir(parents=True, exist_ok=True)
    names = args.step or [name for name in STEPS if args.slow or name not in ONLY_SLOW]
    if "sanitizers" in args.step and "clang" not in names:
        names.insert(0, "clang")
    if "clang" not in names:
        compiled.set()      # as it was left
    if "gcc" not in names:
        built.set()
    tests = [name for name in names if name not in BESIDE]
    later = [name for name in BESIDE if name in names]
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        steps = [beside.submit(run_step, name, args.slow, bool(tests)) for name in later]
        done = [run_step(name, args.slow) for name in tests if name not in ONLY_SLOW | TOGETHER]
        with concurrent.futures.ThreadPoolExecutor(len(TOGETHER)) as pairs:
            done += pairs.map(lambda name: run_step(name, args.slow), [name for name in tests if name in TOGETHER])
        done += [step.result() for step in steps]
    done += [run_step(name, args.slow) for name in tests if name in ONLY_SLOW]      # what static made
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in closing(done)))
    passed, failed, skipped = (sum(getattr(step, what) for step in done) for what in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
