#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fail when C code signals or waits for a process by a number that a failed call can have left at -1 or 0.

usage: tools/check-calls.py DIR...

kill(-1, SIGKILL) ends every process of the machine, kill(0, …) those of one's own group, and waitpid(-1) takes any
child.  base/process.h has what refuses such numbers; plain calls are allowed there, and where the number is written out.
"""
import pathlib
import re
import sys

HOME = "base/process.h"
CALL = re.compile(r"(?<![\w.>\"])(kill|killpg|waitpid|wait4|waitid|pidfd_send_signal)\s*\(\s*([^,]*),")
RAW = re.compile(r"\bsyscall\s*\(\s*(?:SYS|__NR)_(kill|wait4|waitid)\b")
# Written out, so no failed call is behind it.
LITERAL = {
    "kill": re.compile(r"getpid\(\)|[1-9]\d*"),
    "waitpid": re.compile(r"-1|[1-9]\d*"),
    "wait4": re.compile(r"-1|[1-9]\d*"),
    "waitid": re.compile(r"P_ALL"),
}
GUARD = r"\b%s (?:> 0 &&|< 0 \|\|) "    # asked just before, in the same condition
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"", re.S)


def problems(path):
    text = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), path.read_text(errors="replace"))
    for number, line in enumerate(text.splitlines(), 1):
        for match in CALL.finditer(line):
            literal = match[1] in LITERAL and LITERAL[match[1]].fullmatch(match[2].strip())
            if not literal and not re.search(GUARD % re.escape(match[2].strip()), line[:match.start()]):
                yield number, f"{match[1]}({match[2]}, …): use kill_one(), wait_one() or wait_end() of {HOME}"
        for match in RAW.finditer(line):
            yield number, f"syscall(SYS_{match[1]}): use kill_one(), wait_one() or wait_end() of {HOME}"


def main():
    files = sorted(p for arg in sys.argv[1:] for p in pathlib.Path(arg).rglob("*.[ch]") if not str(p).endswith(HOME))
    if not files:
        sys.exit("check-calls: no C files; give directories")
    found = [f"{path}:{line}: {text}" for path in files for line, text in problems(path)]
    print("\n".join(found) if found else f"{len(files)} files, every process that is signalled or waited for is checked to be one")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
