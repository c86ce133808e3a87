#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every format that --export help lists: any number at once, private, its own, readable up to where it was cut.

usage: exports.py --compendium FILE [--backend B] exports
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading

from harness import PATIENCE, Skip, check, equal, eventually, main, need, need_root

Format = collections.namedtuple("Format", "name arg file")
WORK = "i=0; while [ $i -lt 300 ]; do cat /etc/hosts > /dev/null; i=$((i+1)); done; echo done; exit 3"
# Only a tracer that is killed may leave this one: it never ends.
FOREVER = "while :; do cat /etc/hosts /no/such/file; done > /dev/null 2>&1"


def formats(t):
    said = subprocess.run([t.args.compendium, "--export", "help"], stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=True).stdout
    found = [Format(*m) for m in re.findall(r"^  (\S+) +\S.*\n +--\S+ (FILE|DIR); without :FILE (\S+)$", said, re.M)]
    check(len(found) >= 3, f"formats in {said}")
    check(max(map(len, said.splitlines())) <= 80, f"too wide for a terminal: {said}")
    return found


def trace(t, *args, **more):
    """Exit status, standard output and error."""
    p = subprocess.run([t.args.compendium, "--backend", t.args.backend, *map(str, args)],
                       **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": PATIENCE, "check": False, **more})
    return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")


def files_of(path):
    return sorted(path.iterdir()) if path.is_dir() else [path]


def contents(path):
    """What is in a file; of a database not how its pages lie, which depends on when it was committed."""
    if path.read_bytes()[:16] != b"SQLite format 3\0":
        return path.read_bytes()
    with contextlib.closing(sqlite3.connect(path)) as db:
        return "\n".join(db.iterdump())


def all_at_once(t):
    """all formats in one run, twice, by --export and by their options: private, not empty, and of a recording the same"""
    found, recording = formats(t), t.out()
    first, second = ({f: t.out() for f in found} for _ in range(2))
    options = [word for f in found for word in ("--export", f"{f.name}:{first[f]}", f"--{f.name}", second[f])]
    status, _, said = trace(t, "-v", *options, "--record", recording, "--", "sh", "-c", "cat /etc/hosts; exit 3")
    equal(status, 3, said[-500:])
    read = {f: t.out() for f in found}
    equal(trace(t, "-q", "-v", "--read", recording, *(word for f in found for word in ("--export", f"{f.name}:{read[f]}")))[0], 0, "--read")
    for f in found:
        for path in (first[f], second[f], read[f]):
            equal(stat.S_IMODE(path.stat().st_mode), 0o700 if f.arg == "DIR" else 0o600, f"the mode of {f.name}")
            for part in files_of(path):
                equal(stat.S_IMODE(part.stat().st_mode), 0o600, f"the mode of {part}")
        check(sum(part.stat().st_size for part in files_of(first[f])) > 200, f"{f.name} has nothing in it")
        for one, *others in zip(*(files_of(x[f]) for x in (first, second, read))):
            for other in others:
                check(contents(one) == contents(other), f"{f.name}: {one} and {other} differ")


def straced(t):
    """--strace: the lines of --format strace, live and of a recording, also with -q, while the terminal and -o keep the text of their own"""
    live, recording, text = t.out(), t.out(), t.out()
    status, _, said = trace(t, "--strace", live, "--record", recording, "-o", text, "--", "sh", "-c", "cat /etc/hosts | wc -l; exit 3")
    equal(status, 3, said[-500:])
    check(" FINAL" in said and "execve(" not in said, f"the terminal has its own text: {said[-500:]}")
    alone = trace(t, "--read", recording, "--format", "strace")[2]
    check(re.search(r"^\d+ +\d+\.\d{6} execve\(.* = 0 <\d", alone, re.M) and "+++ exited with 3 +++" in alone, alone[-500:])
    again, quiet, own = t.out(), t.out(), t.out()
    trace(t, "--read", recording, "--strace", again, "-o", own)
    trace(t, "-q", "--read", recording, "--strace", quiet)
    for path in (live, again, quiet):
        equal(path.read_text(), alone, f"{path}: beside --format strace")
    equal(own.read_text(), text.read_text(), "the text, live and beside --strace")


def default_names(t):
    """--export NAME writes where the list says, --export help and an unknown name run nothing"""
    place = t.out()
    place.mkdir()
    found = formats(t)
    status, _, said = trace(t, *(word for f in found for word in ("--export", f.name)), "--", "true", cwd=place)
    equal(status, 0, said[-500:])
    equal(sorted(p.name for p in place.iterdir()), sorted({f.file for f in found}), "files")
    status, _, said = trace(t, "--export", "sqllite", "--", "touch", place / "ran")
    check(status == 125 and "did you mean sqlite?" in said and not (place / "ran").exists(), said)


def same_file(t):
    """one file for two outputs is refused before anything runs, also one within a directory; so is a directory twice"""
    ran = t.scratch / "ran"
    for f in formats(t):
        one, text = t.out(), t.out()
        for a, b in ([(f"{f.name}:{one}", f"{f.name}:{one}")] + ([(f"{f.name}:{one}", f"json:{one}/event.csv")] if f.name == "csv" else [])):
            status, _, said = trace(t, "--export", a, "--export", b, "--", "touch", ran)
            check(status == 125 and "name the same file" in said, f"{a} and {b}: {said}")
            check(not ran.exists() and not one.exists(), f"{a} and {b}: something was left")
        if f.arg == "FILE":
            status, _, said = trace(t, "-o", text, "--export", f"{f.name}:{text}", "--", "touch", ran)
            check(status == 125 and "name the same file" in said and not ran.exists() and not text.exists(), f"{f.name} and -o: {said}")
    status, _, said = trace(t, "--csv", "-", "--", "touch", ran)
    check(status == 125 and "./-" in said and not ran.exists(), said)
    status, _, said = trace(t, "--sqlite", "/dev/null", "--", "touch", ran)
    check(status == 125 and "regular file" in said and not ran.exists(), said)


def not_begun(t):
    """a command that is not there costs older files nothing, and leaves no new one, and no directory"""
    for f in formats(t):
        old, fresh = t.out(), t.out()
        equal(trace(t, "--export", f"{f.name}:{old}", "--", "true")[0], 0, "true")
        before = {p: p.read_bytes() for p in files_of(old)}
        equal(trace(t, "--export", f"{f.name}:{old}", "--export", f"{f.name}:{fresh}", "--", "/no/such/command")[0], 127, "not found")
        equal({p: p.read_bytes() for p in files_of(old)}, before, f"{f.name}: older files")
        check(not fresh.exists(), f"{f.name}: {fresh} was left")
        # and a second run replaces the first
        equal(trace(t, "--export", f"{f.name}:{old}", "--", "sh", "-c", "true; exit 0")[0], 0, "again")
        check(sorted(p.name for p in files_of(old)) == sorted(p.name for p in before), f"{f.name}: files beside it: {files_of(old)}")


def removed(t):
    """files that the command removes are written anew, in their directory too, and that is reported"""
    for f in formats(t):
        to, other = t.out(), t.out()
        status, _, said = trace(t, "--export", f"{f.name}:{to}", "--export", f"{f.name}:{other}", "--", "sh", "-c", f"rm {to}/* {to} 2> /dev/null; exit 0")
        equal(status, 0, said[-500:])
        check(re.search(f"^compendium: .*{to}.* was removed while the trace ran; it was written anew", said, re.M), f"{f.name}: {said[-500:]}")
        equal([p.name.replace(to.name, other.name) for p in files_of(to)], [p.name for p in files_of(other)], f"{f.name}: files")
        equal([contents(p) for p in files_of(to)], [contents(p) for p in files_of(other)], f"{f.name}: what is in it")


def written(where, found):
    """Options that write each format to a file of its own, and where."""
    paths = {f.name: where(f) for f in found}
    return [word for name, path in paths.items() for word in ("--export", f"{name}:{path}")], paths


def said_once(said, paths, pattern):
    """Each output is reported, once."""
    for name, path in paths.items():
        equal(len(re.findall(rf"^compendium: .*{path}.*({pattern})", said, re.M)), 1, f"{name}: how often it is said: {said[-1500:]}")


def full(t):
    """a full disk and a limit on file sizes end each output with one message; the command goes on"""
    found = formats(t)
    for f in found:
        if f.arg == "FILE" and f.name != "sqlite":
            status, out, said = trace(t, "-v", "--export", f"{f.name}:/dev/full", "--", "sh", "-c", "cat /etc/hosts > /dev/null; echo done; exit 3")
            equal((status, out), (3, "done\n"), f"{f.name}: the command")
            said_once(said, {f.name: "/dev/full"}, "No space left")
    for limit in (0, 4096, 1 << 16):
        options, paths = written(lambda f: t.out(), found)
        status, out, said = trace(t, "-v", *options, "--", "sh", "-c", WORK, preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)))
        equal((status, out), (3, "done\n"), f"with RLIMIT_FSIZE {limit}: the command; {said[-300:]}")
        said_once(said, paths, "File too large|No space left|Input/output error")


def full_tmpfs(t):
    """the same on a small file system; an output elsewhere is whole, and what the database had committed can be read"""
    need_root()
    need("unshare", "mount")
    place = t.scratch / "small"
    place.mkdir()
    everything = formats(t)
    for size, found in (("64k", [f for f in everything if f.name != "sqlite"]), ("2m", [f for f in everything if f.name == "sqlite"])):
        other, copy = t.out(), t.out()
        options, paths = written(lambda f: place / f.name, found)
        script = (f"mount -t tmpfs -o size={size} none {place} && {{ {t.args.compendium} --backend {t.args.backend} -v {' '.join(options)} --json {other} "
                  f"-- sh -c '{WORK}'; rc=$?; cp -r {place} {copy}; exit $rc; }}")
        p = subprocess.run(["unshare", "-m", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        if b"mount:" in p.stderr or b"unshare:" in p.stderr:
            raise Skip("no mount namespace here")
        equal((p.returncode, p.stdout), (3, b"done\n"), f"the command; {p.stderr[-300:]}")
        said_once(p.stderr.decode(errors="replace"), paths, "No space left")
        equal(json.loads(other.read_bytes().splitlines()[-1])["table"], "trace", "the other output's end")
        if (copy / "sqlite").exists():
            named_point(copy / "sqlite", other)


def closed_pipe(t):
    """a reader that goes away ends that output, with a message; the command runs to its end"""
    status = t.out()
    script = f'{{ "$0" --backend "$1" -q -v --json - -- sh -c "$2" 2> {status}.err; echo $? > {status}; }} | head -n 1'
    p = subprocess.run(["sh", "-c", script, t.args.compendium, t.args.backend, WORK.replace("echo done; ", "")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       timeout=PATIENCE, check=True)
    equal(json.loads(p.stdout)["table"], "trace", "the first line")
    said = pathlib.Path(f"{status}.err").read_text()
    equal(status.read_text(), "3\n", f"the command: {said[-300:]}")
    equal(len(re.findall("^compendium: the JSON .*Broken pipe", said, re.M)), 1, said[-400:])


def rows_of(path):
    """Whole lines of NDJSON; what is behind the last newline was being written."""
    return [json.loads(line) for line in path.read_bytes().rpartition(b"\n")[0].splitlines()]


def named_point(database, ndjson):
    """The database is sound; `trace` says up to which event and time, and up to there it has what the NDJSON has."""
    db = sqlite3.connect(database)
    equal(db.execute("PRAGMA integrity_check").fetchone()[0], "ok", "integrity")
    end, events, duration = db.execute('SELECT ended, events, duration FROM trace').fetchone()
    equal((end, events), ("cut", db.execute("SELECT count(*) FROM event").fetchone()[0]), "what trace says")
    equal(duration, db.execute("SELECT max(time + duration) FROM event").fetchone()[0], "up to which time")
    have = db.execute("SELECT time, pid, kind, path FROM event ORDER BY rowid").fetchall()
    want = [(r["time"], r.get("pid"), r["kind"], r.get("path")) for r in rows_of(ndjson) if r["table"] == "event"]
    n = min(len(have), len(want))
    check(n > 100 and have[:n] == want[:n], f"{len(have)} and {len(want)} events differ")
    check(db.execute("SELECT sum(times) FROM failed_opens").fetchone()[0] > 0, "a view of it")
    db.close()


def kill_midway(t, database, arguments, enough=lambda: True, **more):
    """compendium, killed when a thousand events are in the database, and what else is written is enough."""
    p = subprocess.Popen([t.args.compendium, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **more)

    def written():
        check(p.poll() is None, f"compendium ended: {p.returncode}")
        try:
            with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
                return db.execute("SELECT count(*) FROM event").fetchone()[0] > 1000 and enough()
        except sqlite3.OperationalError:    # no file, or no table yet
            return False
    try:
        eventually(written, "a thousand events in the database")
    finally:
        p.kill()
        p.wait()
        # with bpf the command outlives its tracer
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def killed(t):
    """kill -9: NDJSON is whole lines, SQLite sound up to the point that it names and read while it is written, the recording says where it ends"""
    for _ in range(2):
        database, ndjson, recording = t.out(), t.out(), t.out().with_suffix(".cpd")
        kill_midway(t, database, ["--backend", t.args.backend, "-q", "-v", "--sqlite", database, "--json", ndjson, "--record", recording, "--", "sh", "-c", FOREVER],
                    enough=lambda: recording.stat().st_size > 20000, stdin=subprocess.DEVNULL)
        rows = rows_of(ndjson)
        equal(rows[0]["table"], "trace", "the first row")
        check(sum(r["table"] == "event" for r in rows) > 1000, f"{len(rows)} rows of JSON")
        named_point(database, ndjson)
        again = t.out()
        status, _, said = trace(t, "-v", "--read", recording, "--json", again)
        equal(status, 125, said[-300:])
        check(re.search(rf"^compendium: the recording {recording} is cut off after \d+ records, \S+ after its start; what came before that is shown$", said, re.M), said[-300:])
        named_point(database, again)
        # what the killed run left beside it is not the next one's
        equal(trace(t, "--sqlite", database, "--", "true")[0], 0, "true")
        with contextlib.closing(sqlite3.connect(database)) as db:
            equal(db.execute('SELECT ended, events = (SELECT count(*) FROM event), events < 1000 FROM trace').fetchall(), [("exit", 1, 1)], "the next run")
        check(not list(database.parent.glob(database.name + "-*")), "a log beside the next run's database")


def killed_reading(t):
    """kill -9 while a recording is exported: as of a run; more of it would have come"""
    recording = t.out().with_suffix(".cpd")
    equal(trace(t, "-v", "--record", recording, "--", "sh", "-c", "i=0; while [ $i -lt 4000 ]; do read x < /etc/hosts; read x < /nowhere; i=$((i+1)); done 2> /dev/null")[0], 0, "a recording")
    database, ndjson = t.out(), t.out()
    ours, theirs = os.pipe()
    content = recording.read_bytes()[:-16]     # without its end

    def feed():
        with contextlib.suppress(BrokenPipeError), open(theirs, "wb") as f:    # its reader is killed
            f.write(content)
            ended.wait(PATIENCE)
    ended = threading.Event()
    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        kill_midway(t, database, ["-q", "-v", "--read", "-", "--sqlite", database, "--json", ndjson], stdin=ours)
    finally:
        ended.set()
        os.close(ours)
        feeder.join()
    named_point(database, ndjson)


if __name__ == "__main__":
    sys.exit(main(__doc__, {"exports": [all_at_once, straced, default_names, same_file, not_begun, removed, full, full_tmpfs, closed_pipe, killed, killed_reading]}))
