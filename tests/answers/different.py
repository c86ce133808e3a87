# SPDX-License-Identifier: MIT
"""What is different: two runs, of which one has a known fault."""
import json
import os
import pathlib
import re
import shutil
import subprocess

from shared import PYTHON, screen

from harness import PATIENCE, Skip, check, equal, need, need_root


def recorded(t, *command, **more):
    cpd = t.out().with_suffix(".cpd")
    t.run(*command, options=("--record", cpd), **more)
    return cpd


def different(t, first, second, *options):
    p = subprocess.run([t.args.compendium, "--read", first, "--diff", second, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
    equal(p.stderr, "", "what compendium reports")
    check(p.returncode in (0, 1), f"status {p.returncode}")
    return p.returncode, p.stdout


def equal_runs(t):
    """equal programs run twice: no difference"""
    need("make", "git")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "Makefile").write_text("all: ; @true; cat Makefile > /dev/null\n")
    os.utime(d / "Makefile", (1e9, 1e9))    # git reads what is as new as its index again
    equal(os.system(f"cd {d} && git init -q . && git add Makefile"), 0, "git")
    (d / "main.c").write_text("int main(void) { return 0; }\n")
    (d / "main.js").write_text("setTimeout(() => console.log(require('fs').readFileSync('main.c').length), 5)\n")
    more = [["gcc", "main.c", "-o", "main"], ["node", "main.js"]]
    for command in (["ls", "-l", "/etc"], ["git", "status"], [*PYTHON, "import json, email"], ["make", "-j1"], *(c for c in more if shutil.which(c[0]))):
        t.run(*command, cwd=d)      # what the first run writes
        status, text = different(t, recorded(t, *command, cwd=d), recorded(t, *command, cwd=d))
        check(status == 0 and text.endswith("\n no difference\n"), f"{command}: {text}")


def two_folders(t):
    """two folders below /tmp whose names are words are two; below two that mktemp made the files are the same"""
    words = [pathlib.Path(f"/tmp/answers-{name}-{os.getpid()}") for name in ("alpha", "other")]
    try:
        for d in words:
            d.mkdir()
            (d / "app.conf").write_text(d.name)
        status, text = different(t, *(recorded(t, "cat", d / "app.conf") for d in words))
    finally:
        for d in words:
            shutil.rmtree(d, ignore_errors=True)
    check(status == 1 and re.search(r"^   cat  cat \S*alpha\S* → cat \S*other\S*$", text, re.M), text)
    for run, d in (("first ", words[0]), ("second", words[1])):
        check(re.search(rf"^   {run}  {d}/app\.conf$", text, re.M), text)
    runs = []
    for _ in range(2):
        d = pathlib.Path(subprocess.run(["mktemp", "-d", "-p", "/tmp"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
        (d / "app.conf").write_text("x")
        runs.append(recorded(t, "cat", d / "app.conf"))
        shutil.rmtree(d)
    status, text = different(t, *runs)
    check(status == 0, text)


def made_up(t):
    """names that a run makes up in its own folder, and removes again: no difference, also in arguments; those that stay are one"""
    d = pathlib.Path(os.path.realpath(t.scratch)) / "made"
    d.mkdir()
    script = 'for i in 1 2 3 4; do t=$(mktemp ./foo.XXXXXX); echo x > $t; rm $t; done; t=$(mktemp -d work-XXXXXX); echo y > $t/y; rm -r $t'
    more = ["sort", "-S", "1k", "-T", ".", "/etc/passwd"]
    for command in (["sh", "-c", script], more, *([["sh", "-c", "rm -f lib.a; ar rc lib.a x; ar rc lib.a y; ar rc lib.a x"]] if shutil.which("ar") else [])):
        for name in ("x", "y"):
            (d / name).write_text(name)
        status, text = different(t, recorded(t, *command, cwd=d), recorded(t, *command, cwd=d))
        check(status == 0, f"{command}: {text}")
    if shutil.which("git"):
        env = {**os.environ, **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
                                for what, value in (("NAME", "x"), ("EMAIL", "x@x"), ("DATE", "2026-01-01T00:00:00Z"))}}
        runs = []
        for _ in range(2):
            shutil.rmtree(d / ".git", ignore_errors=True)
            equal(os.system(f"cd {d} && git init -q . && git config gc.auto 0 && touch -d @1000000000 x && git add x"), 0, "git")
            runs.append(recorded(t, "git", "commit", "-q", "-m", "x", cwd=d, env=env))
        text = different(t, *runs)[1]
        check("tmp_obj" not in text, text)
    for fixed in ("one", "two"):
        runs.append(recorded(t, "sh", "-c", f"set -C; echo x > job-{fixed}word; rm job-{fixed}word", cwd=d))
    check(len(re.findall(r"^   (?:first |second)  \S+/job-(?:one|two)word$", different(t, *runs[-2:])[1], re.M)) == 2, "words are two names")


def slow_stream(t):
    """a recording that comes slowly is compared when it is whole; one that is damaged is not"""
    whole = recorded(t, "ls", "/")
    p = subprocess.Popen(["sh", "-c", f"(head -c 200 {whole}; sleep 0.3; tail -c +201 {whole}) | {t.args.compendium} --read - --diff {whole}"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, said = p.communicate(timeout=PATIENCE)
    check(p.returncode == 0 and out.endswith("\n no difference\n"), out + said)


def header_gone(t):
    """two builds, a header is gone from the second: process and header come first"""
    need("gcc", "make")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "there.h").write_text("#define X 0\n")
    (d / "main.c").write_text('#include "there.h"\nint main(void) { return X; }\n')
    (d / "Makefile").write_text("main.o: ; gcc -c main.c\n")
    good = recorded(t, "make", cwd=d)
    (d / "there.h").unlink()
    (d / "main.o").unlink()
    status, text = different(t, good, recorded(t, "make", cwd=d))
    equal(status, 1, "status")
    lines = text.splitlines()
    check(lines[2].startswith(" First difference: "), text)
    check(re.search(r"exit 0 → exit 1 +cc1 .*main\.c", lines[4]), text)
    check(re.search(r"there\.h was not found", lines[5]), text)
    check(re.search(r"^   first +.*as ", text, re.M), "the assembler ran in the first only: " + text)


def as_json(t):
    """the same as JSON: who failed and why, what was missed, what ran in one only and failed; the text and it agree"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "x.conf").write_text("x")
    program = ("import os, sys\n"
               "if not os.path.exists('x.conf'):\n"
               "    if os.fork() == 0: os.execvp('sh', ['sh', '-c', 'exit 4'])\n"
               "    os.wait(); sys.exit('no x.conf')\n"
               "os.mkdir('made'); open('made/y', 'w').write('y')\n")
    good = recorded(t, *PYTHON, program, cwd=d)
    (d / "x.conf").unlink()
    bad = recorded(t, *PYTHON, program, cwd=d)
    status, text = different(t, good, bad, "--summary=json")
    equal(status, 1, "status")
    said = json.loads(text)
    tables = {name: table["rows"] for name, table in said["tables"].items()}
    equal(sum(len(rows) for rows in tables.values()), said["differences"], "differences, and their rows")
    equal([run["ended"] for run in said["runs"]], ["exit 0", "exit 1"], "how the runs ended")
    equal([(row["first"], row["second"]) for row in tables["ended"]], [("exit 0", "exit 1")], "ended")
    check("no x.conf" in tables["ended"][0]["stderr"], text)
    equal([(row["run"], row["times"]) for row in tables["ran"] if row["command"] == "sh -c 'exit 4'"], [(2, 1)], f"ran: {tables['ran']}")
    equal([row["run"] for row in said["rows"] if row["what"] == "sh -c 'exit 4'"], [2], "the run of what failed in one only")
    check({"run": 2, "path": f"{d}/x.conf", "error": "ENOENT"} in tables["missed"], f"missed: {tables['missed']}")
    check("did not run → exit 4  sh -c 'exit 4'" in different(t, good, bad)[1], "the text has it among what failed")
    equal([row for row in tables["written"] if row["path"].startswith(str(d))], [{"run": 1, "path": f"{d}/made/y"}], "written")
    check("x.conf" in different(t, good, bad)[1], "the text names it, too")
    equal(json.loads(different(t, good, good, "--summary=json")[1])["differences"], 0, "differences of a run from itself")


def live(t):
    """a run is compared with a recording while it is traced: the status is the command's; as text and as JSON; an equal one: nothing"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "x.conf").write_text("x")
    command = ["sh", "-c", "cat x.conf > /dev/null || exit 3"]
    first = recorded(t, *command, cwd=d)
    status, _, _, text = t.run(*command, cwd=d, options=["-q", "--diff", first])
    equal(status, 0, "status of an equal run")
    check(re.search(r"^ What is different\n(?:  .*\n)+   no difference\n", text, re.M), text)
    (d / "x.conf").unlink()
    status, _, _, text = t.run(*command, cwd=d, options=["-q", "--diff", first])
    equal(status, 3, "status")
    check(re.search(r"^     exit 0 → exit 1  cat x\.conf$", screen(text), re.M), text)
    check(re.search(r"^     opened → ENOENT  \S+/x\.conf$", screen(text), re.M), text)
    status, _, _, text = t.run(*command, cwd=d, options=["-q", "--diff", first, "--summary=json"])
    said = json.loads(text[text.index("{"):])["diff"]
    equal([(row["first"], row["second"]) for row in said["rows"] if row["kind"] == "result"], [("opened", "ENOENT")], "rows")
    equal([run["recording"] for run in said["runs"]], [str(first), "this run"], "runs")
    status, _, said, _ = t.run("true", options=["-q", "--diff", d / "none.cpd"])
    check(status == 125 and "none.cpd" in str(said) and "FINAL" not in str(said), said)


def other_user(t):
    """another user may not read a file: who it was, both results, who failed"""
    need_root()
    d = pathlib.Path(os.path.realpath(t.scratch))
    d.chmod(0o755)
    (d / "secret").write_text("x")
    (d / "secret").chmod(0o600)
    command = ["cat", d / "secret"]
    first, second = recorded(t, *command), t.out().with_suffix(".cpd")
    t.run(*command, options=["--user", "nobody", "--record", second])
    status, text = different(t, first, second)
    equal(status, 1, "status")
    for row in (r"exit 0 → exit 1  cat \S+/secret", r"user id  0 → \d+", r"opened → EACCES  \S+/secret"):
        equal(len(re.findall(rf"^   {row}$", text, re.M)), 1, f"/{row}/ in: {text}")


def sets_user(t):
    """a program that another one started as another user, with another umask and limit: of which process, not only what it failed for"""
    need_root()
    need("setpriv", "prlimit")
    d = pathlib.Path(os.path.realpath(t.scratch))
    d.chmod(0o755)
    (d / "secret").write_text("x")
    (d / "secret").chmod(0o600)
    command = ["cat", d / "secret"]
    first = recorded(t, *command)
    status, text = different(t, first, recorded(t, "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *command))
    equal(status, 1, "status")
    for row in (r"exit 0 → exit 1  cat \S+/secret", r"user id of cat \S+/secret  0 → 65534", r"group id of cat \S+/secret  0 → 65534", r"opened → EACCES  \S+/secret"):
        equal(len(re.findall(rf"^   {row}$", text, re.M)), 1, f"/{row}/ in: {text}")
    check("effective" not in text, text)
    text = different(t, first, recorded(t, "sh", "-c", 'umask 077; exec "$@"', "sh", "prlimit", "--nofile=99:100", *command))[1]
    for row in (r"umask of cat \S+/secret  0\d\d → 077", r"limit of open files of cat \S+/secret  \d+ → 99", r"hard limit of open files of cat \S+/secret  \d+ → 100"):
        equal(len(re.findall(rf"^   {row}$", text, re.M)), 1, f"/{row}/ in: {text}")
    # a child has what its parent set, and sets the same in both
    script = ["sh", "-c", "umask 022; ulimit -n 64; sh -c 'ls / > /dev/null; :'"]
    status, text = different(t, recorded(t, *script), recorded(t, *script))
    check(status == 0, text)


def first_in_time(t):
    """where two runs part in time stands on top, with its process, in text and as JSON"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    for name in ("both", "one", "other", "late"):
        (d / name).write_text(name)
    script = 'cat both > /dev/null; read name < conf; sleep 0.1; cat $name > /dev/null; cat late > /dev/null; ls no-$name 2> /dev/null; :'
    runs = []
    for name in ("one", "other"):
        (d / "conf").write_text(name + "\n")
        runs.append(recorded(t, "sh", "-c", script, cwd=d))
    text = different(t, *runs)[1]
    line = rf"^ First difference: cat is started with other arguments, after \S+$|^ First difference: cat opens {d}/one in the first run, {d}/other in the second, after \S+$"
    check(re.search(line, text.splitlines()[2]), text)
    said = json.loads(different(t, *runs, "--summary=json")[1])
    first = said["first_difference"]
    equal(first["process"], "cat", f"process of {first}")
    check(first["words"] == text.splitlines()[2].removeprefix(" First difference: ") and 100e6 < first["after_ns"] < 60e9, first)
    check(said["rows"][first["row"]]["kind"] in ("arguments", "opened"), said["rows"][first["row"]])
    (d / "late").unlink()
    second = recorded(t, "sh", "-c", script, cwd=d)
    check(re.match(rf" First difference: cat opens {d}/late: opened in the first run, ENOENT in the second, after \S+$", different(t, runs[1], second)[1].splitlines()[2]),
          different(t, runs[1], second)[1])
    equal(json.loads(different(t, second, second, "--summary=json")[1])["first_difference"], None, "of equal runs")


def slow_peer(t):
    """each run waited for its own server: both are named"""
    serve = ("import socket, sys, time\ns = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
             "c = s.accept()[0]; c.recv(9); time.sleep(float(sys.argv[1])); c.send(b'x')")
    runs, ports = [], []
    for wait in ("0.2", "2"):
        with subprocess.Popen([*PYTHON, serve, wait], stdout=subprocess.PIPE, text=True) as server:
            ports.append(server.stdout.readline().strip())
            ask = f"import socket; c = socket.create_connection(('127.0.0.1', {ports[-1]})); c.send(b'a'); c.recv(9)"
            runs.append(recorded(t, *PYTHON, ask))
    text = different(t, *runs, "-a")[1]
    check(re.search(rf"^   waiting for a peer: tcp4 \S* ?→? ?127\.0\.0\.1:{ports[0]} → tcp4 \S* ?→? ?127\.0\.0\.1:{ports[1]}  \S+ → \S+$", text, re.M), text)


def library_gone(t):
    """a shared library is gone: the process, the loader's words, and the file with both results, although libraries are hidden otherwise"""
    need("gcc")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "lib.c").write_text("int one(void) { return 0; }\n")
    (d / "main.c").write_text("int one(void); int main(void) { return one(); }\n")
    for command in ("gcc -shared -fPIC lib.c -o libanswer.so.1", "gcc main.c ./libanswer.so.1 -o main"):
        equal(os.system(f"cd {d} && {command}"), 0, command)
    good = recorded(t, d / "main", cwd=d)
    (d / "libanswer.so.1").unlink()
    lines = different(t, good, recorded(t, d / "main", cwd=d))[1].splitlines()
    check(re.fullmatch(r"   exit 0 → exit 127  main", lines[4]), lines)
    check(any("error while loading shared libraries: ./libanswer.so.1" in line for line in lines[5:8]), lines)
    check(any(re.fullmatch(r"   opened → ENOENT  \S+/libanswer\.so\.1", line) for line in lines), lines)


def by_jq(t):
    """every row of the JSON has its kind and both values, and NDJSON has the same rows; by jq, as the documentation shows"""
    need("jq")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "x.conf").write_text("x")
    command = ["sh", "-c", "cat x.conf > /dev/null; ls -d . > /dev/null"]
    first = recorded(t, *command, cwd=d, env={**os.environ, "ODD": "a\t\x1b\"<b>"})
    (d / "x.conf").unlink()
    second = recorded(t, *command, cwd=d, env={**os.environ, "ODD": "\udcff\u202e"})

    def jq(program, text, *options):
        return subprocess.run(["jq", "-c", *options, program], input=text, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout

    whole, lines = different(t, first, second, "--summary=json")[1], different(t, first, second, "--summary=ndjson")[1]
    equal(jq(".rows[]", whole), jq("select(.kind)", lines), "rows of both")
    equal(jq(".runs[]", whole), jq("select(.recording)", lines), "runs of both")
    shape = ('(.differences == (.rows | length)) and (.rows | length > 0) and (.version == 1) and (.runs | length == 2) and '
             '(.rows | all((keys == ["first","kind","run","second","times","what","why"]) and (.what | type == "string") and '
             '((.run | IN(1, 2)) or (.run == null and .first != null and .second != null)))) and '
             '([.rows[].kind] | group_by(.) | all(.[0] as $k | length == ($t[0][$k] | .rows_total)))')
    equal(jq(shape.replace("$t[0]", ".[1]").replace(".[1][$k]", "$t[$k]").replace("(.differences", ".tables as $t | (.differences", 1), whole), "true\n", whole)
    equal(jq('.rows[] | select(.kind == "environment") | [.what, .first, .second]', whole), '["ODD","a\\\\t\\\\e\\"<b>","\\\\xff\\\\xe2\\\\x80\\\\xae"]\n', "hostile bytes")
    equal(jq('.rows[] | select(.kind == "result") | [.first, .second]', whole), '["opened","ENOENT"]\n', "both results")


def slower(t):
    """a step that takes 20 times as long: the call, by the rank test, and where the time went"""
    step = pathlib.Path(os.path.realpath(t.scratch)) / "step"
    program = f"import time\nfor i in range(40): time.sleep(float(open('{step}').read()))"
    runs = []
    for text in ("0.002", "0.040"):
        step.write_text(text)
        runs.append(recorded(t, *PYTHON, program))
    for first, second in (runs, reversed(runs)):
        text = different(t, first, second)[1]
        check(re.search(r"^   clock_nanosleep  \d+ calls \S+, median \S+, longest \S+ → \d+ calls \S+, median \S+, longest \S+$", text, re.M), text)
        check(re.search(r"^   asleep by its own choice: .*  \S+ → \S+$", text, re.M), text)


def started(t):
    """how two runs were started: directory, limit, umask, user, arguments and environment; of a recording without them, that it has none"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    os.chmod(d, 0o755)
    (d / "there").mkdir()
    program = ["sh", "-c", "ls / > /dev/null; :"]
    me = [] if os.geteuid() else ["--user", "nobody"]
    first = recorded(t, *program, "--port=80", cwd=d, env={**os.environ, "APP_MODE": "good"})
    second = t.out().with_suffix(".cpd")
    limited = ["sh", "-c", 'umask 077; ulimit -S -n 99; cd there; exec "$@"', "sh"]
    subprocess.run([*limited, t.args.compendium, *(["--backend", t.args.backend] if t.args.backend else []), "-q", *me, "--record", second, "--",
                    *program, "--port=81"], cwd=d, env={**os.environ, "APP_MODE": "bad", "ADDED": "1"}, check=True, timeout=PATIENCE,
                   stderr=subprocess.DEVNULL)
    status, text = different(t, first, second)
    equal(status, 1, "status")
    for row in (r"working directory  \S+ → \S+/there", r"umask  0\d\d → 077", r"limit of open files  \d+ → 99", r"APP_MODE  good → bad",
                r"ADDED  not set → 1", r"sh  .*--port=80 → .*--port=81", *([r"user id  0 → \d+"] if me else [])):
        equal(len(re.findall(rf"^   {row}$", text, re.M)), 1, f"/{row}/ in: {text}")
    check("Not in the" not in text, text)
    old = pathlib.Path(__file__).resolve().parent.parent / "golden" / "make.cpd"
    check("\n Not in the second, so not compared: user, limits, host\n" in different(t, first, old)[1], "an old recording")


def hidden(t):
    """shared libraries of one run only are counted as hidden, and listed with -a and --noise"""
    first, second = recorded(t, *PYTHON, "pass"), recorded(t, *PYTHON, "import ctypes")
    library = re.compile(r"libffi\.so")
    status, text = different(t, first, second)
    equal(status, 1, "status")
    check(not library.search(text) and re.search(r"^ Hidden as noise: \d+ differences \(-a shows them\)$", text, re.M), text)
    for options in (["-a"], ["--noise", "all"]):
        text = different(t, first, second, *options)[1]
        check(library.search(text) and "Hidden" not in text, f"{options}: {text}")


def two_backends(t):
    """a run stopped by ptrace and one seen by BPF: durations are not compared, all else is; in text, JSON and on the page"""
    need_root()
    if t.args.backend != "bpf":
        raise Skip("as with --backend bpf")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "x.conf").write_text("x")
    program = "import os\nfor i in range(60000): os.stat('/etc')\nopen('x.conf')"
    runs = []
    for backend in ("ptrace", "bpf"):
        runs.append(t.out().with_suffix(".cpd"))
        subprocess.run([t.args.compendium, "--backend", backend, "-q", "--record", runs[-1], "--", *PYTHON, program], cwd=d, check=False,
                       timeout=PATIENCE, stderr=subprocess.DEVNULL)
        (d / "x.conf").unlink(missing_ok=True)
    text = different(t, *runs)[1]
    check("\n Durations are not compared: the first was made with ptrace, the second with bpf\n" in text, text)
    check("take another time" not in text and "Where the time went" not in text, text)
    check(re.search(r"^   opened → ENOENT  \S+/x\.conf$", text, re.M), text)
    said = json.loads(different(t, *runs, "--summary=json")[1])
    equal((said["durations_compared"], [run["backend"] for run in said["runs"]]), (False, ["ptrace", "bpf"]), "backends as JSON")
    page = t.out().with_suffix(".html")
    different(t, *runs, "--report", page)
    check("Durations are not compared: the first was made with ptrace, the second with bpf. " in page.read_text(), "the page")


TESTS = [
    equal_runs,
    two_folders,
    made_up,
    slow_stream,
    header_gone,
    as_json,
    live,
    other_user,
    sets_user,
    first_in_time,
    slow_peer,
    library_gone,
    by_jq,
    slower,
    started,
    hidden,
    two_backends,
]
