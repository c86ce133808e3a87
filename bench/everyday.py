# SPDX-License-Identifier: MIT
"""Workloads that are programs of every day, W8 to W11: made only when they are asked for."""
import subprocess

from workload import Workload

MODULES, FILES, SOURCES, REQUESTS = 300, 20_000, 5_000, 100_000
READ_ALL = "const fs=require('fs');let n=0;for(const f of fs.readdirSync('.'))n+=fs.readFileSync(f).length;process.exit(n>0?0:1)"


def modules(scratch):
    """Each with a class and a constant; compiled, as those of a system are."""
    where = scratch / "modules"
    where.mkdir()
    for n in range(MODULES):
        (where / f"part{n}.py").write_text(f"import os\n\n\nclass Part{n}:\n    def step(self, x):\n        return x * {n} + 1\n\n\nLIMIT = {n}\n")
    subprocess.run(["/usr/bin/python3", "-m", "compileall", "-q", where], check=True)
    script = "import sys; sys.path.insert(0, sys.argv[1])\n" + "\n".join(f"import part{n}" for n in range(MODULES))
    return Workload("W8", f"python imports {MODULES} modules", lambda k: ["/usr/bin/python3", "-S", "-E", "-c", script, where])


def tree(scratch):
    where = scratch / "tree"
    for n in range(FILES):
        file = where / f"d{n // 400}" / f"e{n // 20 % 20}" / f"f{n}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{n}\n")
    git = ["env", f"HOME={scratch}", "git", "-c", "gc.auto=0", "-C", where]
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"]):
        subprocess.run([*git, *command], check=True, stderr=subprocess.DEVNULL)
    return Workload("W9", f"git status of {FILES // 1000} k files", lambda k: [*git, "status", "--porcelain"])


def sources(scratch):
    where = scratch / "sources"
    where.mkdir()
    for n in range(SOURCES):
        (where / f"s{n}.js").write_text(f"exports.value = {n};\n" * 100)
    return Workload("W10", f"node reads {SOURCES // 1000} k files", lambda k: ["env", "-C", where, "node", "-e", READ_ALL])


def redis(scratch):
    """The server alone is under the tool; what asks it, and ends it, is not."""
    socket, clients = scratch / "redis.sock", []
    ask = ["redis-benchmark", "-s", socket, "-q", "-n", str(REQUESTS), "-t", "get"]
    words = " ".join(map(str, ask))

    def prepare():
        for client in clients:
            client.wait()
        script = f"until redis-cli -s {socket} ping; do sleep 0.02; done; {words}; redis-cli -s {socket} shutdown nosave"
        clients[:] = [subprocess.Popen(["sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]

    server = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", scratch]
    return Workload("W11", f"redis-server answers {REQUESTS // 1000} k requests of redis-benchmark", lambda k: server, prepare=prepare)


EVERYDAY = {"W8": modules, "W9": tree, "W10": sources, "W11": redis}
