# SPDX-License-Identifier: MIT
"""Where the time went: slow peers, however they are waited for."""
import json
import os
import pathlib
import re
import subprocess

from shared import PYTHON, SERVER, says, traced

from harness import PATIENCE, Skip, check, equal, need


CLIENTS = {
    "recv": "print(c.recv(10))",
    "poll": "p = select.poll(); p.register(c, select.POLLIN); p.poll(); print(c.recv(10))",
    "poll with timeouts": ("p = select.poll(); p.register(c, select.POLLIN)\n"
                           "while not p.poll(100): pass\n"
                           "print(c.recv(10))"),
    "select": "select.select([c], [], []); print(c.recv(10))",
    "epoll": "p = select.epoll(); p.register(c, select.EPOLLIN); p.poll(); print(c.recv(10))",
    "epoll with timeouts": ("p = select.epoll(); p.register(c, select.EPOLLIN)\n"
                            "while not p.poll(0.1): pass\n"
                            "print(c.recv(10))"),
    "asyncio": ("async def main():\n"
                "    r, w = await asyncio.open_connection(sock=c); print(await r.read(10))\n"
                "asyncio.run(main())"),
    "a pool with a queue": "from concurrent.futures import ThreadPoolExecutor as Pool\nwith Pool(3) as pool: print(pool.submit(c.recv, 10).result())",
    "a pool of threads": ("t = threading.Thread(target=lambda: print(c.recv(10))); t.start(); t.join()"),
}


def slow_server(t):
    """a slow server, however it is waited for: who it is, and for how long"""
    with subprocess.Popen([*PYTHON, SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            for how, text in CLIENTS.items():
                program = f"import asyncio, select, socket, threading\nc = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?')\n{text}"
                shown = traced(t, *PYTHON, program, status=0)
                waited_for(port, how, shown)
        finally:
            server.kill()


def waited_for(port, how, shown):
    row = re.search(rf"([\d.]+)s +[\d.]+ % waiting for a peer: tcp4 → 127\.0\.0\.1:{port}\b", shown)
    check(row, f"{how}: {shown}")
    check(float(row[1]) >= 1.5, f"{how}: only {row[1]} s")


def one_peer(t):
    """several connections of several processes to one server are one thing that was waited for, with their sum: in both tables, in JSON, on the page"""
    report, rows = t.scratch / "one.html", t.scratch / "one.json"
    with subprocess.Popen([*PYTHON, SERVER.replace("sleep(2)", "sleep(0.25)")], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            program = ("import os, socket\n"
                       "def ask():\n"
                       f"    c = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?'); c.recv(10); c.close()\n"
                       "for i in range(3): ask()\n"
                       "if os.fork() == 0: ask(); ask(); os._exit(0)\n"
                       "os.wait()\n")
            *_, text = t.run(*PYTHON, program, options=["-a", "--report", report, f"--json={rows}", "--summary=json", "-q"])
            shown = traced(t, *PYTHON, program, status=0)
        finally:
            server.kill()
    says(shown, rf"waiting for a peer: tcp4 → 127\.0\.0\.1:{port} \(5 connections\)",
         rf"several processes waited \d\.\d+s for tcp4 → 127\.0\.0\.1:{port} in 5 connections, the longest wait")
    tables = json.loads(text)["tables"]
    [row] = [row for row in tables["waits"]["rows"] if str(port) in row["for"]]
    entities = [json.loads(line) for line in rows.read_text().splitlines() if '"table":"connection"' in line and f":{port}" in line]
    conns = {e["id"]: e for e in entities}
    equal((row["connections"], len(conns)), (5, 5), "connections")
    equal(row["time_ns"], sum(e["waited"] for e in conns.values()), "the sum of what was waited for each")
    check(row["pid"] is None, f"of two processes: {row}")
    check(any(f":{port} (5 connections)" in part["spent"] for part in tables["time"]["rows"]), tables["time"])
    page = report.read_text(errors="replace")
    check(f":{port} (5 connections)" in page, "the page's table of where the time went")
    meta = json.loads(re.search(r'id="cpd-meta">(.*?)</script>', page, re.S)[1])
    peers = [row for row in meta["findings"] if row["rule"] == "slow-peer"]
    equal(peers, [{"rule": "slow-peer", "text": row["finding"], "cost": row["cost_ns"], "share": row["share"], "names": [f"127.0.0.1:{port}"]}
                  for row in tables["findings"]["rows"] if row["rule"] == "slow-peer"], "the page's findings")
    equal(len(peers), 1, "slow peers")


def readable(t):
    """Skips where a tracer cannot read the queues of an io_uring."""
    release = tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))
    if release < (6, 10) and t.args.backend == "ptrace":
        raise Skip("with ptrace the queues of an io_uring can be read from Linux 6.10 on")


def node(t):
    """a slow server that node waits for, with its own epoll and threads; also where libuv changes the epoll by an io_uring"""
    need("node")
    with subprocess.Popen([*PYTHON, SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            for ring in ("0", "1"):
                if ring == "1":
                    readable(t)
                shown = traced(t, "node", "-e", f"require('net').connect({port}, '127.0.0.1').on('data', d => console.log(`${{d}}`)).write('well?')", status=0,
                               env={**os.environ, "UV_USE_IO_URING": ring})
                waited_for(port, f"node, UV_USE_IO_URING={ring}", shown)
        finally:
            server.kill()


def ring(t):
    """a slow server that is waited for by an io_uring: by whatever request; what is not known is no peer; a time is a sleep"""
    need("gcc")
    program = t.scratch / "ring"
    equal(os.system(f"gcc -O1 {pathlib.Path(__file__).parent}/ring.c -o {program}"), 0, "gcc")
    if subprocess.run([program, "sleep", "0"], check=False, timeout=PATIENCE).returncode == 77:
        raise Skip("no io_uring here")
    readable(t)
    with subprocess.Popen([*PYTHON, SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            for how in ("poll", "submit", "beside", "timeouts", "nested", "fixed", "registered", "index", "sqpoll", "polled"):
                waited_for(port, how, traced(t, program, how, str(port), status=0))
            *_, text = t.run(program, "index", str(port), options=["-v"])
            check(re.search(r"io_uring_setup\(.* = \d+  ", text), f"an index is no descriptor: {text}")
            says(traced(t, program, "updated", str(port), status=0), r"[12]\.\d+s +[\d.]+ % waiting for an event")
            says(traced(t, program, "sleep", str(port), status=0), r"1\.\d+s +[\d.]+ % asleep by its own choice")
        finally:
            server.kill()


def rows_of(t, program, options=(), **more):
    """The last rows of connections, by their number."""
    out = t.scratch / "rows.json"
    t.run(*PYTHON, program, options=["-a", f"--json={out}", *options], **more)
    rows = [json.loads(line) for line in out.read_text().splitlines() if '"table":"connection"' in line]
    return list({row["id"]: row for row in rows}.values())


def carried(t):
    """rows of connections and pipes carry how long was waited for them, in whatever call, and when the first byte came"""
    with subprocess.Popen([*PYTHON, SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            program = f"import select, socket\nc = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?')\n{CLIENTS['epoll']}"
            [row] = [r for r in rows_of(t, program) if r["kind"] == "tcp4"]
        finally:
            server.kill()
    check(row["waited"] >= 1.5e9 and row["first_byte"] >= 1.5e9, row)
    program = ("import os, time\n"
               "r, w = os.pipe()\n"
               "if os.fork() == 0: time.sleep(1); os.write(w, b'x'); os._exit(0)\n"
               "os.read(r, 1); os.wait()")
    [row] = [r for r in rows_of(t, program) if r["kind"] == "pipe"]
    check(row["waited"] >= 0.9e9, row)


def listed(t):
    """what was waited for a peer in poll, select and epoll is among its events, by its address and by its open file"""
    with subprocess.Popen([*PYTHON, SERVER.replace("sleep(2)", "sleep(0.2)")], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            for how in ("poll", "select", "epoll"):
                record = t.scratch / f"{how}.cpd"
                program = f"import select, socket\nc = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?')\n{CLIENTS[how]}"
                t.run(*PYTHON, program, options=["--record", record, "-q"])
                for choice in (f"path:127.0.0.1:{port}", f"file:{file_of(t, record, port)}"):
                    shown = subprocess.run([t.args.compendium, "-a", "--read", record, "--filter", f"{choice} cat:wait"], capture_output=True, text=True,
                                           timeout=PATIENCE, check=True).stderr
                    equal(len(re.findall(rf"^\[\S+ p?{how}\w*\(", shown, re.M)), 1, f"{how}, {choice}: {shown}")
        finally:
            server.kill()


def file_of(t, record, port):
    rows = subprocess.run([t.args.compendium, "-a", "--read", record, "--json=-", "-q"], capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    [file] = {row["file"] for row in map(json.loads, rows.splitlines()) if row.get("table") == "connection" and f":{port}" in row.get("peer", "")}
    return file


TESTS = [
    slow_server,
    listed,
    one_peer,
    node,
    ring,
    carried,
]
