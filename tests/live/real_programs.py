#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs behave the same traced and untraced.

usage: real_programs.py --compendium PROGRAM [--victim PROGRAM] [--backend ptrace|bpf] programs|selftests|selftests-long [TEST...]

Prints TAP.  What a test needs and is not there is a skip with its reason.  Nothing is left behind: every process
started is ended by its number, every directory removed.
"""
import os
import re
import shutil
import subprocess
import sys

from harness import PATIENCE, Skip, check, equal, main, need, same, status, untraced


def real_programs(t):
    """the same results traced and untraced"""
    work = t.scratch / "work"
    work.mkdir()
    (work / "a.c").write_text('#include <stdio.h>\nint main(void) { puts("hi"); return 4; }\n')
    (work / "Makefile").write_text("all: a\n\t./a; test $$? = 4\na: a.c\n\t$(CC) -o a a.c\n")
    (work / "t.py").write_text("import subprocess,threading,os\nr=[]\nts=[threading.Thread(target=r.append,args=(i,)) for i in range(9)]\n"
                               "[x.start() for x in ts];[x.join() for x in ts]\nprint(sorted(r), subprocess.run(['sh','-c','exit 3']).returncode)\n"
                               "p=os.popen('echo sub'); print(p.read())\n")
    env = {"PATH": os.environ["PATH"], "HOME": str(t.scratch), "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    commands = [
        ("sh", "-c", "exit 3"), ("sh", "-c", "kill -TERM $$"), ("bash", "-c", "set -m; sleep 0.1 & wait; echo done; trap 'echo t' USR1; kill -USR1 $$; wait"),
        ("bash", "-c", "coproc cat; echo hi >&${COPROC[1]}; read x <&${COPROC[0]}; echo $x; kill $COPROC_PID"),
        ("sh", "-c", "ulimit -c 0; kill -SEGV $$"), ("timeout", "0.2", "sleep", "9"), ("sh", "-c", "yes | head -3"),
        (sys.executable, "work/t.py"), ("perl", "-e", "print join(',', map { $_ * 2 } 1..5), qq(\\n); exit 9"),
        ("sh", "-c", "cd work && make -s -j2 && rm -f a"), ("tar", "-C", "work", "-cf", "-", "a.c", "--sort=name"),
        ("sh", "-c", "cd work && git init -q . && git add a.c && git -c user.name=a -c user.email=b commit -qm x && git log --format=%s && rm -rf .git"),
        ("sh", "-c", "seq 1000 | sort -R | sort -n | md5sum"), ("xargs", "-P2", "-n1", "echo"), ("find", "work", "-name", "*.c"),
        ("env", "-i", "sh", "-c", "echo ${FOO-unset}"), ("nice", "-n5", "nice"), ("nohup", "sh", "-c", "echo x"),
    ]
    for command in commands:
        if not shutil.which(command[0]):
            continue
        for options in ((), ("--no-seccomp",), ("-v",)):
            same(t, *command, options=options, env=env)


def python_tests(t, *names):
    command = [sys.executable, "-m", "test", "--timeout", "100", "-w"]
    env = {"PATH": os.environ["PATH"], "HOME": str(t.scratch), "LC_ALL": "C.UTF-8", "TMPDIR": str(t.scratch)}
    there = subprocess.run([sys.executable, "-c", "import test.test_os"], stderr=subprocess.DEVNULL, check=False)
    if there.returncode:
        raise Skip("this Python comes without its tests")

    def outcome(out):
        return sorted(re.findall(rb"^(\w+) (?:failed|skipped|crashed)", out, re.M))

    for name in names:
        plain = subprocess.run([*command, name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=5 * PATIENCE,
                               check=False, cwd=t.scratch, env=env)
        p = t.start("--", *command, name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=t.scratch, env=env)
        out, _ = p.communicate(timeout=5 * PATIENCE)
        equal((p.returncode, outcome(out)), (plain.returncode, outcome(plain.stdout)), name + "\n" + out.decode(errors="replace")[-3000:])
        check(" FINAL: " in p.text(), f"{name}: no summary")


def python_quick(t):
    """Python's own tests of files, descriptors, processes and polling come out as untraced"""
    python_tests(t, "test_os", "test_fcntl", "test_mmap", "test_poll", "test_epoll", "test_posix")


def python_long(t):
    """Python's own tests of subprocesses, signals and selectors come out as untraced"""
    python_tests(t, "test_subprocess", "test_signal", "test_selectors")


def git_and_redis(t):
    """a repository with a merge, a rebase and a repack; a server with its own benchmark: as untraced"""
    need("git")
    env = {"PATH": os.environ["PATH"], "HOME": str(t.scratch), "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z",
           "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    script = ("rm -rf r && git init -q -b main r && cd r && git config user.name a && git config user.email b && for i in 1 2 3; do echo $i > f$i; git add f$i; "
              "git commit -qm $i; done && git checkout -q -b side HEAD~1 && echo x > s && git add s && git commit -qm s && git checkout -q main && "
              "git merge -q --no-edit side && git checkout -q side && git rebase -q main && git gc -q && git fsck && git log --format=%H%s --graph && cd .. && rm -rf r")
    same(t, "sh", "-c", script, ok=0, env=env)
    need("redis-server", "redis-benchmark", "redis-cli")
    script = ("redis-server --port 0 --unixsocket $PWD/s --save '' --appendonly yes --daemonize no > log & for i in $(seq 100); do test -S s && break; sleep 0.05; done; "
              "redis-benchmark -s s -n 2000 -c 5 -q -t ping,set,get,lpush,incr > /dev/null && for i in 1 2 3; do redis-cli -s s incr n; done; redis-cli -s s dbsize; "
              "redis-cli -s s bgrewriteaof; redis-cli -s s shutdown nosave; wait; echo $?; rm -rf s log appendonlydir")
    same(t, "sh", "-c", script, ok=0, env={**env, "PWD": str(t.scratch)})


def turns(t):
    """64 threads that do nothing but stop: none is kept waiting while others have hundreds of turns"""
    if t.args.backend == "bpf":
        raise Skip("BPF stops no thread")
    status, _, err, _ = t.run(t.args.victim, "turns", options=("-q", "-e", "sched_getparam"))
    equal(status, 0, err.decode(errors="replace")[:200])


GROUPS = {
    "programs": [real_programs, git_and_redis, turns],
    "selftests": [python_quick],
    "selftests-long": [python_long],
}


if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
