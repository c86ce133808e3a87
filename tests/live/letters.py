#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""strace's letters do what they do there: times, strings, numbers of calls, environment, user, processes.

usage: letters.py --compendium FILE [--backend B] letters [TEST…]
"""
import os
import re
import subprocess
import sys
import tempfile
import time

from harness import PATIENCE, check, equal, eventually, main, need, need_root, untraced

COMMAND = ["cat", "/etc/hostname"]


def run(program, *options, command, **more):
    with tempfile.NamedTemporaryFile("r") as out:
        p = subprocess.run([*program, "-o", out.name, *options, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, errors="replace", timeout=PATIENCE, check=False, **more)
        return p, out.read()


def ours(t, *options, command=None, **more):
    p, text = run([t.args.compendium, "--backend", t.args.backend], "-v", *options, "--", command=command or COMMAND, **more)
    return p, [line for line in text.split("━━━━", 1)[0].splitlines() if not line.startswith("compendium: ")]


def straces(*options, command=None, **more):
    p, text = run(["strace"], *options, command=command or COMMAND, **more)
    return p, text.splitlines()


def shapes(lines, pattern):
    """What stands there, every digit a 9."""
    found = [re.search(pattern, line) for line in lines]
    return {re.sub(r"\d", "9", match[1]) for match in found if match}


def times(t):
    """-t, -tt, -ttt, -r and -T are written as strace writes them"""
    need("strace")
    for options in (["-t"], ["-tt"], ["-ttt"], ["-r"], ["-r", "-t"], ["-r", "-tt"], ["-r", "-ttt"]):
        lines = ours(t, *options, "-e", "openat,read")[1]
        equal(shapes(lines, r"^(.*?) (?:openat|read)\("), shapes(straces(*options, "-e", "openat,read")[1], r"^(.*?) (?:openat|read)\("), options)
    lines = ours(t, "-T", "-e", "openat")[1]
    equal(shapes(lines, r"( <\d.*)$"), shapes(straces("-T", "-e", "trace=openat")[1], r"( <\d.*)$"), "-T")
    check(re.search(r" <\d+\.\d{6}>$", lines[-2]), lines)


def true_times(t):
    """the times are those of the clock, in order, and -r is from line to line"""
    before = time.time()
    lines = ours(t, "-ttt", "-r")[1]
    after = time.time()
    rows = [re.match(r"(\d+)\.(\d{6}) \(\+ *(\d+)\.(\d{6})\)", line).groups() for line in lines]
    at = [int(row[0]) * 10**6 + int(row[1]) for row in rows]
    equal(at, sorted(at), "times of lines")
    check(before * 1e6 - 1e5 < at[0] and at[-1] < after * 1e6 + 1e5, (before, at[0], at[-1], after))
    for i, row in enumerate(rows[1:], 1):
        check(abs(at[i] - at[i - 1] - int(row[2]) * 10**6 - int(row[3])) <= 1, lines[i])
    slept = ours(t, "-T", "-e", "/nanosleep", command=["sleep", "0.3"])[1]
    check(0.3 <= float(re.search(r"<([\d.]+)>$", slept[0])[1]) < PATIENCE, slept)


def strings(t):
    """-s, -x and -xx cut and write strings as strace does"""
    need("strace")
    for data in (b"hello, compendium: a line that is longer than thirty-two bytes\n", b"\xff\x00 bytes", b"short"):
        command = [sys.executable, "-S", "-c", f"import os; os.write(1, {data!r})"]
        for options in (["-s", "5"], ["-s", "0"], ["-s", "200", "-x"], ["-x"], ["-xx"], ["-xx", "-s", "3"]):
            if data[0] == 0xff and "-s" in options and "-x" not in options:
                continue            # escapes differ: \0 here, \0 or \000 there
            pick = lambda lines: [re.search(r'write\(1.*?, (".*?"\S*), \d+\)', line)[1].replace("…", "...")      # noqa: E731
                                  for line in lines if "write(1" in line]
            equal(pick(ours(t, "-e", "write", *options, command=command)[1]), pick(straces("-e", "trace=write", *options, command=command)[1]),
                  f"{options} of {data!r}")


def numbers(t):
    """-n has the numbers strace has"""
    need("strace")
    pick = lambda lines: [re.search(r"(\[ *\d+\] \w+)\(", line)[1] for line in lines if re.search(r"\] \w+\(", line)]       # noqa: E731
    equal(pick(re.sub(r"^\[\+[\d.]+s\] ", "", line) for line in ours(t, "-n")[1]), pick(straces("-n")[1]), "calls")


def filters(t):
    """-Z, -z and -P choose the calls that they choose there"""
    need("strace")
    command = ["sh", "-c", "cat /etc/hostname /nope; [ -e /nope2 ]"]
    pick = lambda lines: [re.search(r"(\w+)\(", line)[1] for line in lines if re.search(r"\b\w+\(.*= ", line)]      # noqa: E731
    for options in (["-Z"], ["-z", "-e", "openat,newfstatat"], ["-P", "/etc/hostname", "-e", "openat"],
                    ["-P", "/etc/hostname", "-e", "openat", "-P", "/nope2"]):
        wanted = [line for line in straces("-f", *options, command=command)[1] if "exited with" not in line]
        equal(sorted(pick(ours(t, *options, command=command)[1])), sorted(pick(wanted)), options)


def environment(t):
    """-E sets and removes, -u becomes the user, as strace has it"""
    need("strace")
    options = ["-E", "COMPENDIUM_TEST=a=b c", "-E", "HOME", "-E", "COMPENDIUM_NEW=1", "-E", "COMPENDIUM_NEW"]
    given = {"PATH": os.environ["PATH"], "COMPENDIUM_TEST": "old", "HOME": "/nowhere"}
    wanted = straces(*options, command=["env"], env=given)[0].stdout
    check("COMPENDIUM_TEST=a=b c" in wanted and "HOME=" not in wanted and "COMPENDIUM_NEW" not in wanted, wanted)
    equal(sorted(ours(t, *options, command=["env"], env=given)[0].stdout.splitlines()), sorted(wanted.splitlines()), "the environment")
    need_root()
    for user in ("nobody", "daemon"):
        equal(ours(t, "-u", user, command=["id"])[0].stdout, straces("-u", user, command=["id"])[0].stdout, f"id of {user}")
    p, _ = ours(t, "-u", "nobody", command=["cat", "/etc/shadow"])
    equal((p.returncode, p.stdout), (1, ""), "a file that nobody may read")
    p, _ = ours(t, "-u", "no-such-user")
    equal((p.returncode, p.stderr.count("\n"), p.stdout), (125, 1, ""), "an unknown user")
    check('there is no user "no-such-user"' in p.stderr, p.stderr)


def processes(t):
    """-p takes several processes in a word, as pidof writes them"""
    sleeps = [subprocess.Popen(["sleep", str(PATIENCE)]) for _ in range(4)]
    try:
        pids = [p.pid for p in sleeps]
        p = t.start("-p", f"{pids[0]} {pids[1]}\n", "-p", f"{pids[2]},{pids[3]}")
        eventually(lambda: p.poll() is not None or all(t.traces(p, pid) for pid in pids), "a tracer of all")
        t.let_go(p, pids[0])
        equal(p.returncode, 0, p.said())
        for pid in pids:
            check(re.search(rf"attach process {pid} sleep$", p.text(), re.M), p.text())
            eventually(lambda: untraced(pid), f"{pid} is let go")       # noqa: B023
    finally:
        for p in sleeps:
            p.kill()
            p.wait()


def asked(t):
    """what can be read two ways is asked about and nothing runs; help is not looked for as a program"""
    with tempfile.TemporaryDirectory() as d:
        for words in (["--record", "touch"], ["--record", "ls", "-l"], ["-o", "touch", "ran"]):
            p = subprocess.run([t.args.compendium, *words], cwd=d, stderr=subprocess.PIPE, text=True, check=False)
            equal((p.returncode, p.stderr.count("\n"), os.listdir(d)), (125, 1, []), str(words))
            check("is the" not in p.stderr and "the file's name or the command?" in p.stderr, p.stderr)
        for words, at_least in ((["help"], 20), (["help", "filter"], 100)):
            p = subprocess.run([t.args.compendium, *words], stdout=subprocess.PIPE, text=True, check=False)
            equal(p.returncode, 0, str(words))
            check(p.stdout.startswith("Usage: compendium") and p.stdout.count("\n") > at_least, p.stdout)
        piped = f'{t.args.compendium} --backend {t.args.backend} -q -o >(cat >{d}/text) -- true 2>/dev/null'
        subprocess.run(["bash", "-c", piped], check=True)
        eventually(lambda: os.path.exists(f"{d}/text") and "FINAL: true" in open(f"{d}/text").read(), "the text in another program")


if __name__ == "__main__":
    main(__doc__, {"letters": [times, true_times, strings, numbers, filters, environment, processes, asked]})
