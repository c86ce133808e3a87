# SPDX-License-Identifier: MIT
"""Why it failed: which of the things that a process missed, wrote and waited for is the reason, and which only looks like one."""
import json
import os
import pathlib
import re

from failing import endings
from shared import PYTHON, says, traced

from harness import check, equal, need


def why(shown):
    """What stands below "Why it failed", command lines too."""
    return shown.split("Why it failed")[1].split("Where the time went")[0]


def named(t):
    """a name is named where it stands as a file: not within another word, nor as a word of the sentence; what was refused stays beside it"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    bind = ("import os, socket, sys\n"
            "os.path.exists('{}')\n"
            "a = socket.socket(); a.bind(('127.0.0.1', 0)); a.listen()\n"
            "try: socket.socket().bind(a.getsockname())\n"
            "except OSError: os.write(2, b'{}\\n'); os._exit(1)\n")
    refused = r"bind 127\.0\.0\.1:\d+ failed: EADDRINUSE"
    shown = why(traced(t, *PYTHON, bind.format("/srv/server", "server failed to start"), status=1))
    says(shown, refused)
    check("was not found" not in shown, shown)
    says(why(traced(t, *PYTHON, bind.format("/srv/server.key", "no server.key, and no port"), status=1)), r"/srv/server\.key was not found", refused)
    missed = "import os\ntry: os.open('{}', 0)\nexcept OSError: pass\nos.open('/etc/passwd', 0)\nos.write(2, b'''{}\\n'''); os._exit(1)\n"
    for name, line, is_one in (("/none/java", "at java.base/java.util.Map", False), ("/none/there.h", "a.c:1: fatal error: not/there.h: No such file", True),
                               ("/none/java", "cannot start 'java'", True), ("/none/java", "sh: 1: java: not found", True), ("/none/java", "java: started", False),
                               ("/none/app.db", "open app.db.", True), ("/none/app.db", "open app.db.old", False), ("/none/app", "No such file or directory: app", True),
                               ("/none/server", "see /none/server.", True), ("/none/server", "see /none/server.log", False)):
        shown = traced(t, *PYTHON, missed.format(name, line), status=1)
        check(("was not found" in why(shown)) == is_one, f"{name} and {line}: {shown}")
    shown = traced(t, "sh", "-c", f"test -e {d}/out; echo 'cannot continue without license' >&2; exit 1", status=1)
    check("was not found" not in why(shown), shown)
    says(why(traced(t, "sh", "-c", f"test -e {d}/license || {{ echo 'cannot continue without license' >&2; exit 1; }}", status=1)), rf"{re.escape(str(d))}/license was not found")
    shown = traced(t, *PYTHON, "def f(:", status=1)
    check("was not found" not in why(shown), shown)


def cleaned_up(t):
    """a script that cleans up after what failed, and ends with its code, failed for it; not with words or with a code of its own"""
    need("bash")
    d = pathlib.Path(os.path.realpath(t.scratch))
    for command, parent in ((["bash", "-c", "set -e; trap 'rm -rf d' EXIT; ls /none/there; true"], "bash"),
                            (["sh", "-c", "ls /none/there; rc=$?; date > last; env true; exit $rc"], "sh"),
                            ([*PYTHON, "import subprocess\nrc = subprocess.run(['ls', '/none/there']).returncode\nsubprocess.run(['true'])\nraise SystemExit(rc)"], r"python\S*")):
        shown = why(traced(t, *command, cwd=d, status=2))
        says(shown, rf"^ \d+ exit 2 ls /none/there .*/none/there was not found so failed {parent} \(\d+\) $")
    shown = why(traced(t, "sh", "-c", "ls /none/there; env true; echo own >&2; exit 2", status=2))
    says(shown, r"^ \d+ exit 2 sh -c .* own \d+ exit 2 ls /none/there")
    shown = why(traced(t, "sh", "-c", "ls /none/there || { env true; exit 1; }", status=1))
    says(shown, r"^ \d+ exit 2 ls /none/there .*/none/there was not found \d+ exit 1 sh -c")
    check("so failed" not in shown, shown)


def own_miss(t):
    """a shell that ends with another code than its child, and missed something after it, failed for that"""
    shown = why(traced(t, "sh", "-c", "rm nofile || true; ls /none/there || true; [ -f /none/never ] || exit 3", status=3))
    says(shown, r"^ \d+ exit 3 sh -c .*/none/never was not found \d+ exit 2 ls /none/there")
    check("so failed" not in shown, shown)
    says(why(traced(t, "sh", "-c", "ls /none/there || exit 3", status=3)), r"^ \d+ exit 2 ls /none/there .* so failed sh")


def keeps_going(t):
    """make -k: the compiler's reason comes first, not the targets that are still to be made"""
    need("gcc", "make")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "Makefile").write_text("prog: f1.o f2.o f3.o\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -c $< -o $@\n")
    for name, text in (("f1.c", '#include "not_there.h"\n'), ("f2.c", "int two;\n"), ("f3.c", "int three;\n")):
        (d / name).write_text(text)
    shown = why(traced(t, "make", "-k", "-j2", cwd=d, status=2))
    says(shown, r"^ \d+ exit 1 \S*cc1 .* not_there\.h was not found in .* so failed gcc \(\d+\), make \(\d+\)")    # (ccache has the preprocessor fail, too)


def rows_of(t, *command):
    text = t.run(*command, options=["--summary=json", "-q"])[3]
    return json.loads(text.splitlines()[-1])["tables"]["failures"]["rows"]


def once(t):
    """processes that failed in the same way are one row, with how many more there are; in JSON each has its own; what failed otherwise has its place"""
    need("setsid", "flock", "timeout")
    lock = pathlib.Path(os.path.realpath(t.scratch)) / "lock"
    shown = why(traced(t, "timeout", "0.3", "sh", "-c", f"flock {lock} sleep 4; true", status=124))
    equal(shown.count("SIGTERM was sent by"), 1, shown)
    says(shown, r"SIGTERM was sent by \d+ \(timeout\) after \S+ and [12] more like it")
    killed = "ls /none/there; sleep 100 & sleep 100 & sleep 100 & sleep 0.2; kill -TERM 0; wait"
    shown = why(traced(t, "setsid", "-w", "sh", "-c", killed))
    says(shown, r"SIGTERM was sent by the process itself after .*SIGTERM was sent by \d+ \(sh\) after \S+ and 2 more like it .*exit 2 ls /none/there")
    again = "sh", "-c", "for i in 1 2 3; do ls /none/there; done; ls /none/other; exit 3"
    shown = why(traced(t, *again, status=3))
    equal(len(re.findall("exit 2 ls /none/there", shown)), 1, shown)
    says(shown, r"exit 2 ls /none/other .*exit 2 ls /none/there .*/none/there was not found and 2 more like it")
    rows = [row for row in rows_of(t, *again) if row["command"] == "ls /none/there"]
    equal(([row["more_like_it"] for row in rows], len({row["pid"] for row in rows})), ([2, 2, 2], 3), "of each in JSON")
    workers = "for i in 1 2 3; do " + " ".join(f"'{word}'" for word in PYTHON) + " 'import os; os.write(2, f\"job {os.getpid()}: no\\n\".encode()); os._exit(4)'; done; exit 4"
    shown = why(traced(t, "sh", "-c", workers, status=4))
    equal(len(re.findall(r"job \d+: no", shown)), 1, shown)


def tried_again(t):
    """a port that is taken, tried with one socket after the other, is named once"""
    program = ("import os, socket\n"
               "a = socket.socket(); a.bind(('127.0.0.1', 0)); a.listen()\n"
               "for i in range(3):\n"
               "    try: s = socket.socket(); s.bind(a.getsockname())\n"
               "    except OSError: pass\n"
               "os._exit(1)\n")
    shown = why(traced(t, *PYTHON, program, status=1))
    equal(len(re.findall(r"bind 127\.0\.0\.1:\d+ failed: EADDRINUSE", shown)), 1, shown)


def enough(t):
    """in a run that was well a SIGPIPE is no failure, in the page neither; in one that failed it is"""
    report = t.scratch / "enough.html"
    *_, text = t.run("sh", "-c", "yes | head -1 > /dev/null", options=["--report", report])
    check("Why it failed" not in text and re.search(r"^ Processes \(3\)\n", text, re.M), f"nothing failed: {text}")
    check(("SIGPIPE", True) in endings(report), endings(report))
    says(why(traced(t, "sh", "-c", "yes | head -1 > /dev/null; exit 3", status=3)), "SIGPIPE: nothing reads its pipe any more")


def plain_directories(t):
    """a library that is missing: the plain directories are named, not those for this CPU below them"""
    need("gcc")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "lib.c").write_text("int one(void) { return 1; }\n")
    (d / "main.c").write_text("int one(void); int main(void) { return one(); }\n")
    equal(os.system(f"cd {d} && gcc -shared -fPIC lib.c -o libanswer.so && gcc main.c -L. -lanswer -o main && mv libanswer.so gone"), 0, "gcc")
    shown = why(traced(t, d / "main", status=127))
    says(shown, r"libanswer\.so was not found in ([2-9]|1\d) places: (/\w[\w-]*){1,3}/libanswer\.so, (/\w[\w-]*){1,3}/libanswer\.so")
    check("hwcaps" not in shown, shown)


TESTS = [
    named,
    cleaned_up,
    own_miss,
    keeps_going,
    once,
    tried_again,
    enough,
    plain_directories,
]
