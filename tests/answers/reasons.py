# SPDX-License-Identifier: MIT
"""Why it failed: which of the things that a process missed, wrote and waited for is the reason, and which only looks like one."""
import os
import pathlib
import re

from shared import PYTHON, says, traced

from harness import check


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


TESTS = [
    named,
]
