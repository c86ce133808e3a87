# SPDX-License-Identifier: MIT
"""Servers: what their clients came to, by the address that was listened at."""
import json
import re

from shared import PYTHON, says

from harness import check, equal

# Clients one after the other, each a little later with its request; workers accept at the same socket, and answer later each time.
SERVER = """
import os, socket, sys, time
clients, workers = int(sys.argv[1]), int(sys.argv[2])
s = socket.create_server(("127.0.0.1", 0))
port = s.getsockname()[1]
print(port, flush=True)
def serve(n):
    for i in range(n):
        c, _ = s.accept()
        c.recv(10)
        time.sleep(0.02 * (i + 1))
        c.sendall(b"y" * 50)
        c.close()
asks = os.fork()
if asks == 0:
    s.close()
    for i in range(clients):
        with socket.create_connection(("127.0.0.1", port)) as c:
            time.sleep(0.03)
            c.sendall(b"x" * 10)
            while c.recv(100): pass
    os._exit(0)
for i in range(1, workers):
    if os.fork() == 0:
        serve(clients // workers)
        os._exit(0)
serve(clients // workers)
for i in range(workers): os.wait()
"""


def run(t, clients, workers, *options):
    """The port, and what was printed."""
    _, out, _, text = t.run(*PYTHON, SERVER, str(clients), str(workers), options=options)
    return int(out.split()[0]), text


def tables_of(t, clients, workers=1):
    rows = t.scratch / "rows.json"
    port, text = run(t, clients, workers, "-a", "-q", "--summary=json", f"--json={rows}", "--report", t.scratch / "clients.html")
    conns = {}
    for line in rows.read_text().splitlines():
        if '"table":"connection"' in line:
            row = json.loads(line)
            conns[row["id"]] = row
    return port, json.loads(text)["tables"], [c for c in conns.values() if c["state"] == "accepted"]


def summed(t):
    """the clients of a listener are one row: bytes, and the time from accept to close; in the terminal, as JSON, on the page, by peer"""
    port, text = run(t, 6, 1, "-q")
    says(text, rf"tcp4 127\.0\.0\.1:{port}, 6 connections accepted, 60 B received, 300 B sent, [\d.]+ms median, \d+ms longest to close")
    port, text = run(t, 6, 1, "-a", "-q")
    says(text, rf"300 B +60 B +\S+  tcp4 127\.0\.0\.1:{port} ← 6 clients +closed", rf"tcp4 127\.0\.0\.1:{port} ← 6 clients\n")
    check("tcp4 ← " not in text, f"one by one: {text}")
    port, text = run(t, 6, 1, "-c", "--by", "peer")
    says(text, rf"tcp4 127\.0\.0\.1:{port} ← 6 clients")


def numbers(t):
    """the sums of a listener are those of its connections, each of which has a row of its own in the exports and the page"""
    port, tables, conns = tables_of(t, 6)
    equal(len(conns), 6, "connections")
    [row] = tables["listening"]["rows"]
    equal((row["address"], row["accepted"], row["received_bytes"], row["sent_bytes"], row["open"]), (f"tcp4 127.0.0.1:{port}", 6, 60, 300, None), "listening")
    check(0.08e9 <= row["p50_ns"] <= row["max_ns"] and row["max_ns"] >= 0.14e9, row)
    [row] = [row for row in tables["connections"]["rows"] if row["clients"]]
    equal((row["clients"], row["received_bytes"], row["sent_bytes"]), (6, 60, 300), "connections")
    check(row["pid"] and row["waited_ns"] == sum(c["waited"] for c in conns), f"{row} {conns}")
    page = (t.scratch / "clients.html").read_text(errors="replace")
    check(f"tcp4 127.0.0.1:{port} ← 6 clients" in page and "Longest to close" in page, "the page's summary")


def few(t):
    """three clients are listed one by one"""
    _, tables, _ = tables_of(t, 3)
    equal(sorted(bool(re.match("tcp4 ← ", row["connection"])) for row in tables["connections"]["rows"]), [False] * 3 + [True] * 3, tables["connections"])
    check(not any(row["clients"] for row in tables["connections"]["rows"]), tables["connections"])


def workers(t):
    """several processes that accept at one socket are one listener; what they waited for its clients is one row"""
    port, tables, conns = tables_of(t, 8, 2)
    [row] = tables["listening"]["rows"]
    equal((row["accepted"], row["received_bytes"], row["sent_bytes"]), (8, 80, 400), "listening")
    [row] = [row for row in tables["connections"]["rows"] if row["clients"]]
    check(row["clients"] == 8 and row["pid"] is None, f"of two processes: {row}")
    waits = [row for row in tables["waits"]["rows"] if row["for"] == f"clients of 127.0.0.1:{port}"]
    equal([row["connections"] for row in waits], [8], f"waits {tables['waits']}")
    equal(waits[0]["time_ns"], sum(c["waited"] for c in conns), "the sum of what was waited for each")
    check(waits[0]["time_ns"] >= 8 * 0.02e9, waits)


TESTS = [
    summed,
    numbers,
    few,
    workers,
]
