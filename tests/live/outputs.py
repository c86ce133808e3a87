#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What compendium writes is whole, private and its own, and what it cannot write it says.

usage: outputs.py --compendium FILE [--backend B] outputs [TEST…]
"""
import itertools
import json
import os
import pathlib
import re
import resource
import shutil
import stat
import subprocess
import sys
import tempfile

from harness import PATIENCE, Skip, check, equal, eventually, main, need, need_root
from limits import pids_mount

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)

NOBODY = 65534


def trace(t, *args, **more):
    """compendium with exactly these arguments: exit status, what it wrote to stderr."""
    p = subprocess.run([t.args.compendium, "--backend", t.args.backend, *map(str, args)],
                       **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "timeout": PATIENCE, "check": False, **more})
    return p.returncode, (p.stderr or b"").decode(errors="replace")


def outputs(t):
    base = t.out()
    return {option: base.with_suffix(ending) for option, ending in (("--report", ".html"), ("--record", ".cpd"), ("-o", ".txt"))}


def all_of(files):
    return [f"--report={files['--report']}", "--record", files["--record"], "-o", files["-o"]]


def whole(t, files, what):
    """All three files can be read, and say the same."""
    Report(files["--report"])
    text = files["-o"].read_text()
    equal(len(re.findall(r"^ FINAL", text, re.M)), 1, f"{what}: summaries in -o")
    replay = t.out()
    equal(trace(t, "--read", files["--record"], "-o", replay)[0], 0, f"{what}: --read")
    lines = [[x for x in s.splitlines() if x.startswith("[+")] for s in (text, replay.read_text())]
    equal(lines[1], lines[0], f"{what}: the replay")


def many(t):
    """any number of outputs at once: each is whole, and the summary, which all texts get, names every report"""
    first, second, third = outputs(t), outputs(t), t.out()
    status, said = trace(t, *all_of(first), *all_of(second), "-o", third, "--", "sh", "-c", "cat /etc/hosts; exit 3")
    equal(status, 3, said[-500:])
    whole(t, first, "the first of each")
    whole(t, second, "the second of each")
    equal(third.read_text(), first["-o"].read_text(), "a third text")
    for files in (first, second):
        check(re.search(rf"^ Report: {files['--report']}, \d+ events$", third.read_text(), re.M), f"{files['--report']} is not named")
    equal(second["--record"].read_bytes(), first["--record"].read_bytes(), "the recordings")


def json_once(t):
    """--summary=json is where -o has it, in every such file, and on the standard error output where there is no -o"""
    first, second = t.out(), t.out()
    for options in (["--summary=json"], ["-c", "--summary=json"]):
        status, said = trace(t, "-q", *options, "-o", first, "-o", second, "--", "sh", "-c", "exit 3")
        equal((status, said), (3, ""), "status, and what is on the standard error output")
        check("tables" in json.loads(first.read_text()), "the object")
        equal(second.read_text(), first.read_text(), "a second file")
        p = subprocess.run([t.args.compendium, "--backend", t.args.backend, "-q", *options, "-o", "-", "--", "true"], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=PATIENCE, check=True)
        equal((json.loads(p.stdout)["version"], p.stderr), (1, b""), "the standard output, and error output")
        equal(json.loads(trace(t, "-q", *options, "--", "true")[1])["version"], 1, "without -o")


def contents(t):
    """The page has first bytes and environments where they were recorded, and a report by itself has neither."""
    base, command = t.out(), ("sh", "-c", "printf 'a\\000<b>'; API_TOKEN=abcdefgh12 exec true")
    for name, options, bytes_there, env_there in (
            ("plain", (), False, False), ("verbose", ("-v",), True, False), ("recording", ("--record", base.with_suffix(".cpd")), True, True),
            ("redacted", ("--redact", "--record", base.with_suffix(".red.cpd")), False, True)):
        page = base.with_suffix(f".{name}.html")
        status, said = trace(t, *options, f"--report={page}", "--", *command)
        equal(status, 0, f"{name}: {said[-500:]}")
        r = Report(page)
        written = [r.moved[i] for i in r.columns["c"].get("data", []) if i]
        equal(b"a\0<b>" in written, bytes_there, f"{name}: first bytes {written}")
        env = [r.moved[e["env"]] for task in r.meta["tasks"] for e in task["execs"] if e.get("env")]
        equal(len(env), 2 * env_there, f"{name}: environments")
        equal(any(b"abcdefgh12" in e for e in env), name == "recording", f"{name}: a secret")


def same_file(t):
    """one file for two outputs is refused whatever it is called, before anything is opened or run; /dev/null may repeat"""
    old, ran = t.scratch / "old", t.scratch / "ran"
    old.write_text("precious")
    (t.scratch / "sub").mkdir()
    (t.scratch / "soft").symlink_to(old)
    (t.scratch / "hard").hardlink_to(old)
    (t.scratch / "dir").symlink_to("sub")
    for name in ("nowhere", "nowhere too"):
        (t.scratch / name).symlink_to("missing")
    pairs = [(old, old), (old, t.scratch / "soft"), (t.scratch / "hard", old), (t.scratch / "sub/new", t.scratch / "dir/new"), (t.scratch / "new", t.scratch / "sub/../new"),
             (t.scratch / "nowhere", t.scratch / "nowhere too"), (t.scratch / "nowhere", t.scratch / "missing"), (t.scratch / "missing", t.scratch / "nowhere")]
    for (a, b), (one, other) in itertools.product(pairs, itertools.permutations(("--report", "--record", "--output"), 2)):
        status, said = trace(t, f"{one}={a}", f"{other}={b}", "--", "touch", ran)
        equal((status, said), (125, f"compendium: {one} and {other} name the same file, {b}; give each its own\n"), f"{one} {a}, {other} {b}")
        check(not ran.exists(), "the command ran")
    equal(old.read_text(), "precious", "a file that was refused")
    for name in ("new", "sub/new", "missing"):
        check(not (t.scratch / name).exists(), f"a refused output was left: {name}")
    check((t.scratch / "nowhere").is_symlink(), "a link was removed")
    recording = t.out()
    equal(trace(t, "--record", recording, "--", "true")[0], 0, "true")
    before = recording.read_bytes()
    status, said = trace(t, "--read", recording, "-o", f"{recording.parent}/./{recording.name}")
    check(status == 125 and "--read and --output name the same file" in said, said)
    equal(recording.read_bytes(), before, "the recording that is read")
    status, said = trace(t, "-o", "/dev/null", "--record", "/dev/null", "--report=/dev/null", "--", "touch", ran)
    equal(status, 0, said)


def not_begun(t):
    """a command that is not there costs an older file nothing, and leaves no new one"""
    for words, status in ((["/no/such/command"], 127), (["/etc/hosts"], 126)):
        files, fresh = outputs(t), outputs(t)
        for f in files.values():
            f.write_text("precious")
        equal(trace(t, *all_of(files), *all_of(fresh), "--", *words)[0], status, words)
        for f in files.values():
            equal(f.read_text(), "precious", f"{words}: an older {f}")
        for f in fresh.values():
            check(not f.exists(), f"{words}: {f} was left")


SHOW = "import os, sys\nf = open(sys.argv[1], 'w')\nfor n in range(3):\n    try: print(n, os.readlink(f'/proc/self/fd/{n}').replace(sys.argv[1], 'FILE'), os.get_inheritable(n), file=f)\n    except OSError: print(n, 'closed', file=f)"


def closed_streams(t):
    """with any of the standard streams closed: the command has it closed, and no file gets what was meant for it"""
    for n in range(1, 4):
        for closed in itertools.combinations(range(3), n):
            files, seen = outputs(t), [t.out(), t.out()]
            words = [sys.executable, "-S", "-E", "-c", SHOW]
            # through sh: Python's own subprocess does not like it
            shut = " ".join(f"{fd}{'<' if fd == 0 else '>'}&-" for fd in closed)
            for command, to in (([t.args.compendium, "--backend", t.args.backend, *all_of(files), "--", *words], seen[0]), (words, seen[1])):
                subprocess.run(["sh", "-c", f'exec "$@" {shut}', "sh", *map(str, command), str(to)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, timeout=PATIENCE, check=True)
            # Python opens its script's file first: what it has of the streams is what counts
            equal(seen[0].read_text(), seen[1].read_text(), f"{closed}: what the command has")
            whole(t, files, closed)
            # nothing of the command's own descriptors is compendium's
            names = [s.decode(errors="replace") for s in Report(files["--report"]).strings]
            check(str(files["--record"]) not in names, f"{closed}: the recording is among the command's files")


def closed_and_nothing_to_say(t):
    """--help into a closed stdout is an error; a closed stdin does not hurt --read"""
    p = subprocess.run(["sh", "-c", 'exec "$0" --help >&-', t.args.compendium], stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    equal(p.returncode, 125, "--help")
    files = outputs(t)
    equal(trace(t, *all_of(files), "--", "true")[0], 0, "true")
    again = t.out()
    p = subprocess.run(["sh", "-c", 'exec "$0" --read "$1" -o "$2" <&-', t.args.compendium, files["--record"], again], stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    equal(p.returncode, 0, "--read")
    check("FINAL" in again.read_text(), "no summary")


def private(t):
    """a file that stood there becomes private; nothing is written into another user's, nor through another user's link in /tmp"""
    files = outputs(t)
    for f in files.values():
        f.write_text("old")
        f.chmod(0o644)
    equal(trace(t, *all_of(files), "--", "true")[0], 0, "true")
    whole(t, files, "an older file")
    for f in files.values():
        equal(oct(stat.S_IMODE(f.stat().st_mode)), "0o600", f"the mode of {f}")


def not_ones_own(t):
    """the same for files and links of another user"""
    need_root()
    files = outputs(t)
    for f in files.values():
        f.write_text("theirs")
        os.chown(f, NOBODY, NOBODY)
    held = [open(f) for f in files.values()]  # the other user has it open
    try:
        status, said = trace(t, *all_of(files), "--", "true")
        equal(status, 0, said)
        whole(t, files, "another user's file")
        for f, old in zip(files.values(), held):
            st = f.stat()
            equal((oct(stat.S_IMODE(st.st_mode)), st.st_uid), ("0o600", 0), f"mode and owner of {f}")
            check(f"{f} belonged to another user: it was removed" in said, f"it does not say so: {said[:500]}")
            equal(old.read(), "theirs", "what he reads in what he has open")
    finally:
        for f in held:
            f.close()
    common = pathlib.Path(tempfile.mkdtemp(prefix="live-common-"))
    try:
        common.chmod(0o1777)
        target = t.scratch / "target"
        for option in files:
            target.write_text("precious")
            link = common / ("link" + option)
            link.symlink_to(target)
            os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
            status, said = trace(t, *([f"--report={link}"] if option == "--report" else [option, link]), "--", "true")
            equal(status, 125, f"{option}: {said[:300]}")
            check("symbolic link" in said, said[:300])
            equal(target.read_text(), "precious", f"what the link of {option} leads to")
            # a user's own link is followed
            link.unlink()
            link.symlink_to(target)
            equal(trace(t, *([f"--report={link}"] if option == "--report" else [option, link]), "--", "true")[0], 0, f"{option}: a link of one's own")
            check(target.stat().st_size > 100 and link.is_symlink(), f"{option}: nothing was written through a link of one's own")
    finally:
        shutil.rmtree(common)


def removed(t):
    """files that the command removes are written anew, and that is reported; one that takes their place is left alone"""
    files = outputs(t)
    status, said = trace(t, *all_of(files), "--", "rm", *files.values())
    equal(status, 0, said[-500:])
    whole(t, files, "removed")
    for f in (files["--record"], files["-o"]):
        check(f"{f} was removed while the trace ran; it was written anew" in said, f"{f}: {said[-500:]}")
    files = outputs(t)
    script = "".join(f"rm {f}; echo other > {f};" for f in files.values())
    status, said = trace(t, *all_of(files), "--", "sh", "-c", script)
    equal(status, 0, said[-500:])
    for f in files.values():
        equal(f.read_text(), "other\n", f"what took the place of {f}")
        check(re.search(rf"{f}.*(removed|incomplete|could not)", said), f"{f}: {said[-500:]}")


WORK = "i=0; while [ $i -lt 300 ]; do cat /etc/hosts > /dev/null; i=$((i+1)); done; echo done; exit 3"


def full(t):
    """a full disk and a limit on file sizes are reported once, and the command runs to its end"""
    for option in ("--report", "--record", "-o"):
        words = ["--report=/dev/full"] if option == "--report" else [option, "/dev/full"]
        p = subprocess.run([t.args.compendium, "--backend", t.args.backend, "-v", *words, "--", "sh", "-c", WORK], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        equal((p.returncode, p.stdout), (3, b"done\n"), f"{option}: the command")
        equal(len(re.findall(rb"^compendium: .*No space left", p.stderr, re.M)), 1, f"{option}: how often it is said: {p.stderr[-400:]}")
    for limit, option in itertools.product((0, 4096, 1 << 20), ("--report", "--record", "-o")):
        files = outputs(t)
        words = [f"--report={files[option]}"] if option == "--report" else [option, files[option]]
        p = subprocess.run([t.args.compendium, "--backend", t.args.backend, "-v", *words, "--", "sh", "-c", WORK], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
                           preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)))
        what = f"{option} with RLIMIT_FSIZE {limit}"
        equal((p.returncode, p.stdout), (3, b"done\n"), f"{what}: the command")
        if limit < 1 << 20 or option == "-o":
            equal(len(re.findall(rb"^compendium: .*File too large", p.stderr, re.M)), 1, f"{what}: how often it is said: {p.stderr[-400:]}")


def limit_is_the_commands(t):
    """a command under RLIMIT_FSIZE gets its SIGXFSZ"""
    to = t.scratch / "to"
    for options in ((), ("--record", t.out())):
        p = subprocess.run([t.args.compendium, "--backend", t.args.backend, *map(str, options), "--", sys.executable, "-S", "-E", "-c",
                            f"import signal, os; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); f = os.open('{to}', os.O_CREAT | os.O_WRONLY); os.write(f, b'x' * 4096); os.write(f, b'x')"],
                           stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        equal(p.returncode, -25, f"{options}: how it ended")
        to.unlink()
    seen = [subprocess.run([*before, "perl", "-e", 'open F, "/proc/self/status"; print grep { /^SigIgn/ } <F>'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, timeout=PATIENCE, check=True).stdout for before in ([], [t.args.compendium, "--backend", t.args.backend, "--"])]
    equal(seen[1], seen[0], "signals that a command ignores from its start")


def full_tmpfs(t):
    """the same on a small file system, where the report's own temporary files have no room either"""
    need_root()
    need("unshare", "mount")
    place = t.scratch / "small"
    place.mkdir()
    for option in ("--report", "--record", "-o"):
        script = (f"mount -t tmpfs -o size=64k none {place} && {t.args.compendium} --backend {t.args.backend} -v "
                  + (f"--report={place}/f" if option == "--report" else f"{option} {place}/f") + f" -- sh -c '{WORK}'")
        p = subprocess.run(["unshare", "-m", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        if b"mount:" in p.stderr or b"unshare:" in p.stderr:
            raise Skip("no mount namespace here")
        equal((p.returncode, p.stdout), (3, b"done\n"), f"{option}: the command; {p.stderr[-300:]}")
        said = re.findall(rb"^compendium: .*No space left.*", p.stderr, re.M)
        equal(len(said), 1, f"{option}: how often it is said: {said}")


def no_thread(t):
    """where its own thread cannot start the command does not run, and the reason is reported"""
    need_root()
    need("unshare")
    where = pids_mount()
    if not where:
        raise Skip("no pids controller")
    group, made, refused = where / f"compendium-test-{os.getpid()}", t.scratch / "made", 0
    group.mkdir()
    try:
        for limit, options in itertools.product(range(1, 7), ((), ("--faults",), ("-v",))):
            (group / "pids.max").write_text(str(limit))
            # in a pid namespace of its own: a signal to what a failed fork returns goes to everybody in it
            p = subprocess.run(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", f'echo 0 > {group}/cgroup.procs; exec "$@"', "sh",
                                t.args.compendium, "--backend", t.args.backend, *options, "--", "touch", made],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
                               # LeakSanitizer would start a process of its own
                               env={**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"})
            status, said = p.returncode, p.stderr.decode(errors="replace")
            if "unshare:" in said:
                raise Skip("no pid namespace here")
            what = f"pids.max {limit}, {options}: {said[-300:]}"
            if made.exists():
                equal(status, 0, what)
                check("FINAL" in said and str(made) in said, f"it ran untraced: {what}")
                made.unlink()
            else:
                equal(status, 125, what)
                check(re.search("^compendium: cannot (start|follow)|^compendium: .*Resource temporarily", said, re.M), what)
                refused += "cannot start a thread" in said
        check(refused, "no thread was ever refused")
    finally:
        eventually(lambda: not (group / "cgroup.procs").read_text(), "an empty group")
        group.rmdir()


if __name__ == "__main__":
    sys.exit(main(__doc__, {"outputs": [many, json_once, contents, same_file, not_begun, closed_streams, closed_and_nothing_to_say, private, not_ones_own, removed, full, limit_is_the_commands, full_tmpfs, no_thread]}))
