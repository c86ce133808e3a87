# SPDX-License-Identifier: MIT
"""What the tests of answers share: the first screen of a summary, and what must be on it."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from harness import check, equal  # noqa: E402


LINES = 24
PYTHON = [sys.executable, "-S", "-E", "-c"]


def screen(text):
    """The first screen of a summary, words of a line that was parted in one."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(" FINAL: ")) - 1
    return "\n".join(lines[first:first + LINES])


def words(text):
    return re.sub(r"\s+", " ", text)


def traced(t, *command, status=None, **more):
    """The first screen of what is printed about a command, and its process id by its name."""
    got, _, _, text = t.run(*command, **more)
    if status is not None:
        equal(got, status, "the exit status")
    return words(screen(text))


def says(shown, *patterns):
    for pattern in patterns:
        check(re.search(pattern, shown), f"/{pattern}/ is not on the first screen: {shown}")


SERVER = ("import os, socket, sys, time\n"
          "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
          "print(s.getsockname()[1], flush=True)\n"
          "while True:\n"
          "    c, _ = s.accept(); c.recv(100); time.sleep(2); c.sendall(b'late'); c.close()\n")
