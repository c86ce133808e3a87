#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Job control: a traced command is stopped, continued and interrupted from the keyboard.

usage: jobs.py --compendium PROGRAM [--victim PROGRAM] [--backend ptrace|bpf] jobs [TEST...]

Prints TAP.  What a test needs and is not there is a skip with its reason.  Nothing is left behind: every process
started is ended by its number, every directory removed.
"""
import contextlib
import os
import re
import subprocess
import sys
import time

from harness import PATIENCE, check, equal, eventually, main, need, status


class Tmux:
    def __init__(self, t):
        self.socket = str(t.scratch / "tmux")
        env = {**os.environ, "PS1": "$ ", "HISTFILE": "", "TERM": "xterm", "SHELL": "/bin/sh"}  # the shell of user nobody is nologin
        self.go("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "50", "bash --norc --noprofile -i", env=env)
        self.say("PS1='pr''ompt> '; set +o histexpand; stty -tostop")
        self.wait(r"^prompt>")

    def go(self, *words, env=None):
        return subprocess.run(["tmux", "-S", self.socket, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                              check=True, env=env).stdout.decode(errors="replace")

    def say(self, line):
        self.go("send-keys", "-l", line)
        self.key("Enter")

    def key(self, *keys):
        self.go("send-keys", *keys)

    def screen(self):
        return self.go("capture-pane", "-p", "-J", "-S", "-200").rstrip()

    def wait(self, pattern):
        try:
            return eventually(lambda: re.search(pattern, self.screen(), re.M), pattern, 60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def end(self):
        with contextlib.suppress(subprocess.SubprocessError):
            self.go("kill-server")


# by bash: between its vfork and the exec of sleep dash cannot stop, traced or not, and the shell would wait for ever
COUNTER = "i=0; while sleep 0.05; do i=$((i+1)); echo $i > count; done"


def job_control(t):
    """bash in tmux: Ctrl-Z, jobs, bg, fg, Ctrl-C of a traced command"""
    need("tmux", "bash")
    tmux = Tmux(t)
    count = t.scratch / "count"

    def runs():
        before = count.read_text()
        return eventually(lambda: count.read_text() not in (before, ""), "it runs", 60)

    def stands():
        time.sleep(0.3)
        before = count.read_text()
        time.sleep(0.5)
        equal(count.read_text(), before, "a stopped program's counter")

    try:
        tmux.say(f"cd {t.scratch}")
        (t.scratch / "counter").write_text(COUNTER)
        tmux.say(f"{t.args.compendium} --backend {t.args.backend} -o trace -- bash ./counter 2>/dev/null; echo status=$?")
        eventually(count.exists, "the counter", 60)
        runs()
        tmux.key("C-z")
        tmux.wait(r"Stopped")
        stands()
        tmux.say("clear; jobs")
        tmux.wait(r"\[1\].*Stopped")
        tmux.say("bg")
        runs()
        tmux.say("clear; jobs")
        tmux.wait(r"\[1\].*Running")
        tmux.say("fg")
        runs()
        tmux.key("C-z")
        tmux.wait(r"Stopped")
        stands()
        tmux.say("clear; fg")
        runs()
        tmux.key("C-c")
        stands()
        tmux.say("echo status=$?")
        tmux.wait(r"status=130")
        trace = (t.scratch / "trace").read_text()
        check("stop by SIGTSTP" in trace and "continue" in trace and "killed by SIGINT" in trace, trace[-1500:])
        # dash forks with vfork: its child may be the only one that can stop
        tmux.say(f"clear; {t.args.compendium} --backend ptrace -- {t.args.victim} vfork_stop 2>/dev/null; echo vfork=$?")
        tmux.wait(r"Stopped")
        tmux.say("fg; echo ended=$?")
        tmux.wait(r"ended=0")
        # a shell with job control of its own inside
        tmux.say(f"clear; {t.args.compendium} --backend {t.args.backend} -- bash --norc --noprofile -i 2>/dev/null")
        tmux.say("PS1='in''ner> '")
        time.sleep(0.5)
        tmux.say("bash ./counter")
        runs()
        tmux.key("C-z")
        stands()
        tmux.say("bg")
        runs()
        tmux.say("fg")
        runs()
        tmux.key("C-c")
        stands()
        tmux.say("exit 7")
        tmux.say("echo outer=$?")
        tmux.wait(r"outer=(7|130)")
    finally:
        tmux.end()


GROUPS = {"jobs": [job_control]}


if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
