#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recordings: what is wrong with one is one clear line; a stream can be written to a pipe and read while it is written.

usage: recordings.py --compendium FILE [--backend B] recordings [TEST…]
"""
import csv
import gzip
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading

from harness import PATIENCE, Skip, check, equal, eventually, main, need

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)

SHELL = "echo words; cat /etc/hostname"


def run(t, *args, **more):
    """compendium with exactly these arguments: exit status, standard output, standard error."""
    p = subprocess.run([t.args.compendium, *map(str, args)], **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                                                               "timeout": PATIENCE, "check": False, **more})
    return p.returncode, p.stdout, p.stderr.decode(errors="replace")


def record(t, *command, options=()):
    file = t.out().with_suffix(".cpd")
    status, _, said = run(t, "--backend", t.args.backend, "-q", *options, "--record", file, "--", *command)
    equal(status, 0, said[-500:])
    return file


def lines(text):
    return [s for s in text.splitlines() if s.startswith("[+")]


def bad_input(t):
    """what cannot be read is one line that names the file and what is wrong with it, and exit status 125"""
    good = record(t, "sh", "-c", SHELL).read_bytes()
    made = {
        "is empty": b"", "is not a recording": b"hello\n" * 100, "is not a recording; ": b"h", "is cut off at its start": good[:12],
        "is cut off at its start; it contains nothing": good[:100], "of version 255": good[:8] + b"\xff" + good[9:],
        "is damaged at its start": good[:40] + b"\0\0\0\0" + good[44:], "zcat FILE | compendium --read -": gzip.compress(good),
        "is JSON that compendium wrote": b'{"table":"meta"}\n' * 9, "is a page for a browser": b"<!doctype html><html>" * 9,
    }
    for number, (words, content) in enumerate(made.items()):
        file = t.scratch / f"bad{number}"
        file.write_bytes(content)
        status, _, said = run(t, "--read", file, "--report", t.scratch / "never.html")
        equal((status, said.count("\n")), (125, 1), f"{words}: {said}")
        check(str(file) in said and words in said, f"{words}: {said}")
        check(not (t.scratch / "never.html").exists(), f"{words}: a report was left")
    for words, path in (("is a directory", t.scratch), ("No such file or directory; make one with: compendium --record FILE", t.scratch / "missing"), ("is empty", "/dev/null")):
        status, _, said = run(t, "--read", path)
        equal((status, said.count("\n")), (125, 1), f"{words}: {said}")
        check(str(path) in said and words in said, said)
    file = t.scratch / "private"
    file.write_bytes(good)
    file.chmod(0)
    reader = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    t.scratch.chmod(0o755)
    status, _, said = run(t, "--read", file, **reader)
    equal((status, said.count("\n")), (125, 1), said)
    check("Permission denied; recordings are private" in said, said)
    status, _, said = run(t, "--read", "-", stdin=open(record(t, "true"), "rb"), stdout=open(t.scratch / "x", "wb"))
    equal(status, 0, said)


def damaged(t):
    """what is cut off or damaged later is shown up to there, and the line says where that is"""
    whole = record(t, "sh", "-c", "i=0; while [ $i -lt 16000 ]; do : <&0; echo $i; i=$((i+1)); done >/dev/null", options=["-v"])
    content = whole.read_bytes()
    blocks, at = [], 16
    while at < len(content):
        blocks.append(at)
        at += 16 + int.from_bytes(content[at:at + 4], "little")
    check(len(blocks) > 3, f"one block of records only: {blocks}")  # the last two are the index and the end mark
    broken = bytearray(content)
    broken[blocks[-3] + 30] ^= 1
    all_lines = lines(run(t, "--read", whole)[2])
    for what, bad in (("cut off", content[:blocks[-2] - 4]), ("cut off", content[:-16]), ("damaged", bytes(broken))):
        file = t.out()
        file.write_bytes(bad)
        status, _, said = run(t, "--read", file)
        equal(status, 125, what)
        check(re.search(rf"^compendium: the recording {file} is {what} after \d+ records, \S+ after its start; what came before that is shown$", said, re.M), said[-400:])
        shown = lines(said)
        check(len(shown) > 1 and shown[:-1] == all_lines[:len(shown) - 1], f"{what}: other lines than before")
        check(bad == content[:-16] or re.search(r"^ Exit: unknown, the recording is cut off here", said, re.M), said)
    abouts = {}
    for name, some in (("whole", content), ("broken", bytes(broken)), ("cut", content[:blocks[-3]]), ("no end", content[:-16])):
        file = t.out()
        file.write_bytes(some)
        status, out, said = run(t, "--read", file, "--about")
        abouts[name] = (status, re.search(r"^  holds .*$", out.decode(), re.M)[0])
        equal(status, 125 if name in ("cut", "no end") else 0, f"{name}: {said}")
    equal(abouts["broken"][1], abouts["whole"][1], "the index says it, and the damage before it is not read")
    equal(abouts["no end"][1], abouts["whole"][1], "without an end all is counted")
    check(abouts["cut"][1] != abouts["whole"][1], abouts)


def killed(t):
    """kill -9 of compendium while it records: what happened until half a second before can be read"""
    file = t.scratch / "killed.cpd"
    ready = t.scratch / "ready"
    p = t.start("--record", file, "--", "sh", "-c", f"cat /etc/hostname; : > {ready}; exec sleep 1000")
    eventually(ready.exists, "the command's file")
    eventually(lambda: file.exists() and b"ready" in run(t, "--read", file)[2].encode(), "its open in the recording")
    p.kill()
    p.wait(PATIENCE)
    status, _, said = run(t, "--read", file)
    equal(status, 125, said[-300:])
    check("/etc/hostname" in said and "is cut off after" in said, said[-700:])


def to_stdout(t):
    """--record - writes nothing but the recording to the standard output; the command's own goes to standard error; a terminal is refused"""
    status, out, said = run(t, "--backend", t.args.backend, "-q", "--record", "-", "--", "sh", "-c", SHELL + "; exit 3")
    equal(status, 3, said[-300:])
    check(out.startswith(b"CPDREC\r\n") and out[-16:-12] == bytes(4), "not a whole recording")
    check(re.search("^words$", said, re.M), "the command's output is not on standard error")
    status, text, said = run(t, "--read", "-", "--json", "-", stdin=None, input=out)
    equal(status, 0, said[-300:])
    check(b"/etc/hostname" in text and "/etc/hostname" in said, "not in the replay")
    file = t.out()
    file.write_bytes(out)
    equal(lines(run(t, "--read", file)[2]), lines(said), "read from a file and from a pipe")
    master, slave = pty.openpty()
    status, _, said = run(t, "--record", "-", "--", "touch", t.scratch / "ran", stdout=slave)
    os.close(slave), os.close(master)
    equal(status, 125, said)
    check("a recording is not for a terminal" in said and not (t.scratch / "ran").exists(), said)
    status, _, said = run(t, "--backend", t.args.backend, "-q", "--record", "-", "--json", "-", "--", "touch", t.scratch / "ran")
    equal(status, 125, said)
    check("name the same file" in said and not (t.scratch / "ran").exists(), said)


def through_zstd(t):
    """| zstd, and | ssh likewise: what comes out of the other end is the recording; kept compressed, it is named when read"""
    if not shutil.which("zstd"):
        raise Skip("zstd is not installed")
    file = t.out()
    words = [t.args.compendium, "--backend", t.args.backend, "-q", "--record", "-", "--", "sh", "-c", SHELL]
    with open(file, "wb") as to, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        subprocess.run(["zstd", "-q"], stdin=p.stdout, stdout=to, check=True, timeout=PATIENCE)
    status, _, said = run(t, "--read", file)
    check(status == 125 and "zstd -dc FILE | compendium --read -" in said, said)
    out = subprocess.run(["zstd", "-dc", file], stdout=subprocess.PIPE, check=True, timeout=PATIENCE).stdout
    status, _, said = run(t, "--read", "-", stdin=None, input=out)
    check(status == 0 and "/etc/hostname" in said, said[-300:])


def closed_pipe(t):
    """whoever reads the recording ends: the command does not notice, and one line says that the recording is incomplete"""
    p = subprocess.run(["sh", "-c", '"$@" 2>"$0" | head -c 20 >/dev/null', t.scratch / "said", t.args.compendium, "--backend", t.args.backend, "-q",
                        "--record", "-", "--", "sh", "-c", f"for i in 1 2 3; do ls /usr/bin; done >/dev/null; sleep 1; ls / >/dev/null; echo done > {t.scratch}/done"],
                       stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    equal(p.returncode, 0, "head")
    said = eventually(lambda: (t.scratch / "said").read_text(), "what compendium says")
    eventually(lambda: (t.scratch / "done").exists(), "the command's end")
    check("recording on the standard output is incomplete: Broken pipe" in said, said)


class Reader:
    """compendium --read of a stream, whose lines are collected as they come."""
    def __init__(self, t, *args, **more):
        self.p = subprocess.Popen([t.args.compendium, "--read", *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more)
        t.started.append(self.p)
        self.text = ""
        self.thread = threading.Thread(target=self.collect)
        self.thread.start()

    def collect(self):
        for line in self.p.stderr:
            self.text += line

    def end(self):
        self.p.wait(PATIENCE)
        self.thread.join(PATIENCE)
        return self.p.returncode


def slow_writer(t):
    """a FIFO that is written byte by byte: each line appears although what follows has not come, and in the end all is as from a file"""
    whole = record(t, "sh", "-c", "cat /etc/hostname; cat /etc/passwd >/dev/null")
    content = whole.read_bytes()
    fifo = t.scratch / "fifo"
    os.mkfifo(fifo)
    r = Reader(t, fifo)
    with open(fifo, "wb", buffering=0) as to:
        for at in range(len(content) - 16):
            to.write(content[at:at + 1])
        eventually(lambda: "open /etc/passwd" in r.text and "sh exec" in r.text, "the lines, before the end of the stream")
        check(not re.search("^ FINAL", r.text, re.M), "a summary before the end")
        to.write(content[-16:])
    equal(r.end(), 0, r.text[-300:])
    equal(lines(r.text), lines(run(t, "--read", whole)[2]), "lines from a FIFO and from a file")


def while_recording(t):
    """compendium --record - | compendium --read -: what the command does is seen before it ends"""
    hold = t.scratch / "hold"
    os.mkfifo(hold)
    words = [t.args.compendium, "--backend", t.args.backend, "-q", "--record", "-", "--", "sh", "-c", f"cat /etc/hostname; read x < {hold}; cat /etc/passwd >/dev/null"]
    p = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    t.started.append(p)
    r = Reader(t, "-", stdin=p.stdout)
    p.stdout.close()
    eventually(lambda: re.search(r"read .*/etc/hostname", r.text), "a line while the command waits")
    check("open /etc/passwd" not in r.text, "a line too early")
    with open(hold, "w") as to:
        to.write("go\n")
    equal(p.wait(PATIENCE), 0, "the command")
    equal(r.end(), 0, r.text[-300:])
    check("open /etc/passwd" in r.text and re.search("^ FINAL", r.text, re.M), r.text[-700:])


def reading_ended(t):
    """Ctrl-C while a stream is read that goes on: what was read has its summary"""
    content = record(t, "sh", "-c", SHELL).read_bytes()
    r = Reader(t, "-", stdin=subprocess.PIPE)
    r.p.stdin.buffer.write(content[:-16])
    r.p.stdin.flush()
    eventually(lambda: "/etc/hostname" in r.text, "a line")
    r.p.send_signal(signal.SIGINT)
    equal(r.end(), 0, r.text[-300:])
    check(re.search("^ FINAL", r.text, re.M) and "cut off after" not in r.text, r.text[-500:])
    r.p.stdin.close()


PLANTED = {"argv": "argv-hunter2-argv", "env": "env-hunter2-env", "url": "url-hunter2-url", "data": "data-hunter2-data"}
LEAKS = """
import os, socket, sys
secret, data = sys.argv[2], b"data-" + b"hunter2-data"
open(f"{sys.argv[4]}/file-{secret}", "w").write(data.decode() + os.environ["SERVICE_TOKEN"])
s = socket.socket(socket.AF_UNIX)
s.bind(f"{sys.argv[4]}/{secret}.sock")
s.listen()
c = socket.socket(socket.AF_UNIX)
c.connect(f"{sys.argv[4]}/{secret}.sock")
c.send(data)
os.write(2, data)
s.accept()[0].recv(100)
os.stat(f"{sys.argv[4]}/file-{secret}")
os.execvp("ls", ["ls", "https://me:url-hunter2-url@host/", f"{sys.argv[4]}/x" + os.environ["SERVICE_TOKEN"]])
"""


def bytes_of(path):
    """All that is in an output, unpacked: of a report the page and its blocks, of a recording its records."""
    if path.is_dir():
        return b"".join(map(bytes_of, sorted(path.iterdir())))
    content = path.read_bytes()
    if path.suffix == ".html":
        report = Report(path)
        return content + b"\0".join(report.strings + report.moved)
    if path.suffix != ".cpd":
        return content
    out, at = b"", 16
    while (stored := int.from_bytes(content[at:at + 4], "little")) and not content[at + 7] & 0x40:  # up to the index
        out += subprocess.run(["zstd", "-dc"], input=content[at + 16:at + 16 + stored], stdout=subprocess.PIPE, check=True).stdout
        at += 16 + stored
    return out


def no_secrets(files, secrets, what):
    found = [(path.name, name) for path in files for name, secret in secrets.items() if secret.encode() in bytes_of(path)]
    equal(found, [], f"{what}: secrets in outputs")


def other_texts(t, how):
    """What a recording is shown as beside its exports: strace's text, the summary as JSON, and what --about says."""
    file, texts = t.scratch / f"{how}.cpd", []
    for name, options in (("strace", ["--format", "strace"]), ("summary", ["-a", "-q", "--summary=json"]), ("about", ["--about"])):
        _, out, said = run(t, "--read", file, *options)
        texts.append(t.scratch / f"{how}.{name}")
        texts[-1].write_text(out.decode() + said)
        check(len(out) + len(said) > 100, f"{name}: {said}")
    return texts


def redacted(t):
    """--redact, at the capture or when a recording is read: a secret of argv, environment, data, file name and socket is in no output"""
    need("zstd")
    folder = t.scratch / "home"
    folder.mkdir()
    environment = {**os.environ, "SERVICE_TOKEN": PLANTED["env"]}
    command = [sys.executable, "-c", LEAKS, "--password", PLANTED["argv"], "-", folder]
    for how in ("capture", "plain", "read"):
        names = [t.scratch / f"{how}.{end}" for end in ("cpd", "html", "json", "txt", "trace.json", "folded", "sqlite", "pftrace", "csv", "clickhouse")]
        outs = ["--record", names[0], f"--report={names[1]}", "--json", names[2], "-o", names[3], "--chrome-trace", names[4], "--folded", names[5], "-v",
                "--sqlite", names[6], "--perfetto", names[7], "--csv", names[8], "--clickhouse", names[9]]
        for old in folder.iterdir():
            old.unlink()
        if how == "read":
            status, _, said = run(t, "--redact", "--read", t.scratch / "plain.cpd", *outs)
        else:
            status, _, said = run(t, "--backend", t.args.backend, *(["--redact"] if how == "capture" else []), *outs, "--", *command, env=environment)
        check(re.search("^ FINAL", said, re.M), said[-500:])
        names += other_texts(t, how)
        if how == "plain":
            content = b"".join(map(bytes_of, names))
            equal([name for name, secret in PLANTED.items() if secret.encode() not in content], [], "planted and not recorded")
            # each could give it away: where it is looked for is where it would be
            for path in names:
                check(path.suffix == ".folded" or any(secret.encode() in bytes_of(path) for secret in PLANTED.values()), f"{path.name}: nothing planted is in it when nothing is redacted")
            continue
        no_secrets(names, PLANTED, how)
        for path in (names[1], names[3]):
            check(b"Redacted: without contents of buffers" in path.read_bytes(), f"{path.name} does not say so")
        text = names[3].read_text()
        check(re.search(rf"open {folder}/file-<redacted> \(create", text) or f"{folder}/file-<redacted>" in text, "the file has no name any more")
        check('"--password","\\u003credacted>"' in names[2].read_text(), "the option is gone")
        equal(run(t, "--read", names[0])[0], 0, "the redacted recording")


def redacted_places(t):
    """--redact=paths: no home directory, no name of the user and of this host"""
    need("zstd")
    home = t.scratch / "h0me-of-us3r"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "USER": "us3rname", "HOSTNAME": "h0stname.example"}
    names = [t.scratch / f"places.{end}" for end in ("cpd", "json", "html", "sqlite", "pftrace", "csv")]
    status, _, said = run(t, "--backend", t.args.backend, "--redact=paths", "-v", "--record", names[0], "--json", names[1], f"--report={names[2]}", "--sqlite", names[3],
                          "--perfetto", names[4], "--csv", names[5], "--", "sh", "-c",
                          'echo x > ~/file; cat ~/file; ls /home/s0mebody; uname -n; echo "$USER" "$HOSTNAME"', env=environment)
    secrets = {"home": str(home), "user": "us3rname", "host": "h0stname", "another": "s0mebody"}
    if len(os.uname().nodename) > 3 and os.uname().nodename != "localhost":
        secrets["uname"] = os.uname().nodename
    no_secrets(names, secrets, "--redact=paths")
    check("/home/user/file" in said and "/home/user2" in said, said[:2000])


def about(t):
    """--about says where, when and how a recording was made and what is in it, also of one that is cut off, or was made before such facts were kept"""
    file = record(t, "ls", "/etc/hosts", options=["-v"])
    status, out, said = run(t, "--read", file, "--about")
    equal((status, said), (0, ""), "a whole one")
    text = out.decode()
    u = os.uname()
    for title, words in (("host", u.nodename), ("kernel", f"{u.sysname} {u.release} {u.machine}, {os.sysconf('SC_NPROCESSORS_ONLN')} CPU"), ("command", "ls /etc/hosts"),
                         ("made by", "compendium "), ("how", f"{t.args.backend}, every call"), ("holds", "calls of 1 process in"), ("size", " bytes a call")):
        check(re.search(rf"^  {title} +{re.escape(words)}" if title not in ("holds", "size") else rf"^  {title} .*{words}", text, re.M), f"{title}: {text}")
    calls = int(re.search(r"^  holds +(\d+) calls", text, re.M)[1])
    rows = run(t, "--read", file, "--json", "-")[1].decode()
    check(calls >= rows.count('"table":"event"') // 2 > 0, f"{calls} calls")
    cut = t.out()
    cut.write_bytes(file.read_bytes()[:-16])
    status, out, said = run(t, "--read", cut, "--about")
    check(status == 125 and "is cut off after" in said and b"holds" in out, said)
    status, out, _ = run(t, "--read", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "net.cpd"), "--about")
    check(status == 0 and b"  holds     502 calls of 2 processes" in out and b"host" not in out, out)
    check(run(t, "--about", "--", "true")[0] == 125, "without a recording")


def hosts_apart(t, golden, one, other):
    """What is written of two recordings in one: of each host what is written of it alone."""
    folder = t.scratch / "apart"
    folder.mkdir()
    run(t, "-q", "--read", golden, "--folded", folder / "alone", "--chrome-trace", folder / "alone.json")
    status, _, said = run(t, "-q", "--read", one, other, "--folded", folder / "both", "--chrome-trace", folder / "both.json", "--csv", folder / "csv", "--summary=json")
    equal(status, 0, said[-500:])
    stacks, alone = (folder / "both").read_text().splitlines(), (folder / "alone").read_text().splitlines()
    for host in ("one", "other"):
        mine = [s.removeprefix(f"{host}:") for s in stacks if s.startswith(f"{host}:")]
        # time in no call depends on when the trace as a whole begins
        equal(sorted(s for s in mine if "no call" not in s), sorted(s for s in alone if "no call" not in s), f"stacks of {host}")
    slices = [json.loads((folder / name).read_text()) for name in ("both.json", "alone.json")]
    pids = [{(e["pid"], e["args"]["name"]) for e in events if e.get("name") == "process_name"} for events in slices]
    equal(len({pid for pid, _ in pids[0]}), 2 * len({pid for pid, _ in pids[1]}), f"pids of Chrome: {pids[0]}")
    check({name.split(":")[0] for _, name in pids[0]} == {"one", "other"}, pids[0])
    equal(sum(e["ph"] == "B" for e in slices[0]), 2 * sum(e["ph"] == "B" for e in slices[1]), "slices of Chrome")
    with open(folder / "csv" / "process.csv", newline="") as f:
        equal(sorted({row["hostname"] for row in csv.DictReader(f)}), ["one", "other"], "hosts in CSV")
    text = run(t, "--read", one, other, "--format", "strace")[2].splitlines()
    own = run(t, "--read", golden, "--format", "strace")[2].splitlines()
    for host in ("one", "other"):
        mine = [s for s in text if s.startswith(f"{host}:") and "+++ exited" in s]
        equal(len(mine), sum("+++ exited" in s for s in own), f"ends of {host} in strace's text")
    run(t, "-q", "--read", one, other, f"--report={folder / 'both.html'}")
    report = Report(folder / "both.html")
    run(t, "-q", "--read", golden, f"--report={folder / 'alone.html'}")
    pids = [p["pid"] for p in Report(folder / "alone.html").meta["tasks"] if p["pid"] == p["tid"]]
    equal(sorted((report.strings[p["host"]].decode(), p["pid"]) for p in report.meta["tasks"] if p["pid"] == p["tid"]),
          sorted((host, p) for host in ("one", "other") for p in pids), "hosts in the report")
    tables = json.loads(run(t, "-q", "--read", one, other, "--summary=json")[2])["tables"]
    equal(sorted({row["host"] for row in tables["processes"]["rows"]}), ["one", "other"], "hosts of processes in the summary")
    check({"one", "other"} <= {row.get("host") for row in tables["connections"]["rows"]}, tables["connections"])


def merged(t):
    """--read A B: two hosts that have the same pids at the same time are kept apart, and all of both is there once, in the order of time"""
    golden = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "net.cpd")
    one, other = t.scratch / "one", t.scratch / "other"
    for copy in (one, other):
        shutil.copy(golden, copy)
    status, rows, alone = run(t, "-a", "--read", golden, "--json", "-")
    equal(status, 0, alone[-300:])
    status, both_rows, both = run(t, "-a", "--read", one, other, "--json", "-")
    equal(status, 0, both[-300:])
    rows, both_rows = ([json.loads(s) for s in text.decode().splitlines()] for text in (rows, both_rows))
    for table in ("process", "event", "file", "connection"):
        n, twice = (sum(row["table"] == table and row.get("final", True) for row in table_rows) for table_rows in (rows, both_rows))
        equal(twice, 2 * n, f"rows of {table}")
        check(n, table)
    ids = [row["id"] for row in both_rows if row["table"] == "process" and row["final"]]
    equal(sorted(ids), list(range(1, len(ids) + 1)), "ids of processes")
    # a pid of its own begins each line; in the recording alone it may stand without, where there was one process so far
    bare = sorted(re.sub(r"^(\S+) (\[\d+\] )?", r"\1 ", s) for s in lines(alone))
    for name in ("one", "other"):
        mine = sorted(re.sub(r"^(\S+) \[\w+ \d+\] ", r"\1 ", s) for s in lines(both) if f"[{name} " in s)
        check(len(mine) > len(bare) / 2 and set(mine) <= set(bare), f"{name}: {sorted(set(mine) - set(bare))[:5]}")
    equal(sorted((row["hostname"], row["pid"]) for row in both_rows if row["table"] == "process" and row["final"]),
          sorted((host, row["pid"]) for host in ("one", "other") for row in rows if row["table"] == "process" and row["final"]), "processes of each host")
    hosts_apart(t, golden, one, other)
    times = [float(s[2:s.index("s]")]) for s in lines(both)]
    check(all(b >= a - 0.2 for a, b in zip(times, times[1:])), "not in the order of time")
    check("Several recordings, merged by time, of: one, other" in both, both[-3000:])
    status, _, said = run(t, "--read", one, other, "-q", "-o", other)
    check(status == 125 and "name the same file" in said, said)
    for more in ([], ["--redact"], ["--from", "0s"]):
        status, _, said = run(t, "--read", one, other, *more, "--record", t.scratch / "joined.cpd")
        check(status == 125 and "--record takes one --read" in said and not (t.scratch / "joined.cpd").exists(), said)
    status, _, said = run(t, "--read", one, t.scratch / "missing")
    check(status == 125 and "missing: No such file" in said, said)
    # another one, years later by its wall's clock
    status, _, said = run(t, "--read", golden, record(t, "true"))
    check(status == 0 and re.search(r"^\[\+\d{4,}\.\d+s\] \[\S+ \d+\] ─── true exec", said, re.M), said[-1500:])


GROUPS = {"recordings": [bad_input, damaged, killed, to_stdout, through_zstd, closed_pipe, slow_writer, while_recording, reading_ended, redacted,
                         redacted_places, about, merged]}

if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
