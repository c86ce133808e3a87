#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/fleet.md with two ClickHouse servers on this machine: tables, loader, Distributed table, queries, retention.

usage: clickhouse.py COMPENDIUM RECORDING...

Needs clickhouse-server and clickhouse-client, of any version from 18.16 on; says so where they are not.  Prints TAP.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from rows import HERE, Tap, duckdb, last_rows, sums

PATIENCE = 120
TABLES = ("trace", "process", "thread", "exec", "file", "connection", "counter", "type", "event")
CONFIG = """<yandex>
<logger><level>warning</level><log>{place}/log</log><errorlog>{place}/errors</errorlog></logger>
<tcp_port>{port}</tcp_port><listen_host>127.0.0.1</listen_host><path>{place}/data/</path><tmp_path>{place}/tmp/</tmp_path>
<mark_cache_size>10000000</mark_cache_size><users_config>{place}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<remote_servers><compendium>{shards}</compendium></remote_servers></yandex>
"""
USERS = """<yandex><profiles><default/></profiles><users><default><password></password><networks><ip>127.0.0.1</ip></networks>
<profile>default</profile><quota>default</quota></default></users><quotas><default/></quotas></yandex>
"""


def free_ports(n):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(n)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


def ask(port, sql, stdin=None):
    """Rows as lists of strings; what it says when it fails."""
    done = subprocess.run(["clickhouse-client", "--port", str(port), "--multiquery", "--query", sql] if stdin is None else ["clickhouse-client", "--port", str(port), "--multiquery"],
                          input=stdin, stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return [line.split("\t") for line in done.stdout.splitlines()] if done.returncode == 0 else done.stderr[-400:]


@contextlib.contextmanager
def servers(place, n):
    """So many servers that are one cluster: their ports."""
    ports, running = free_ports(n), []
    shards = "".join(f"<shard><replica><host>127.0.0.1</host><port>{port}</port></replica></shard>" for port in ports)
    try:
        for i, port in enumerate(ports):
            here = place / f"server{i}"
            for folder in ("data", "tmp"):
                (here / folder).mkdir(parents=True)
            (here / "config.xml").write_text(CONFIG.format(place=here, port=port, shards=shards))
            (here / "users.xml").write_text(USERS)
            with open(here / "out", "wb") as out:
                running.append(subprocess.Popen(["clickhouse-server", f"--config-file={here}/config.xml"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=here))
        end = time.monotonic() + PATIENCE
        while not all(ask(port, "SELECT 1") == [["1"]] for port in ports):
            if time.monotonic() > end or any(p.poll() is not None for p in running):
                raise RuntimeError("\n".join((place / f"server{i}" / "out").read_text()[-500:] for i in range(n)))
            time.sleep(0.1)
        yield ports
    finally:
        for p in running:
            p.terminate()
        for p in running:
            try:
                p.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def load(folder, host, port):
    """host: None, as it was recorded."""
    return subprocess.run(["sh", folder / "load.sh", *([host] if host else []), "--port", str(port)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)


def sums_of(port, where):
    one = lambda sql: int(float(ask(port, sql)[0][0].replace("\\N", "0")))
    return {"events": one(f"SELECT count() FROM compendium.event WHERE {where}"), "said": one(f"SELECT sum(events) FROM compendium.trace WHERE {where}"),
            "read": one(f"SELECT sumIf(bytes, kind IN ('read', 'recv')) FROM compendium.event WHERE {where}"),
            "written": one(f"SELECT sumIf(bytes, kind IN ('write', 'send')) FROM compendium.event WHERE {where}"),
            "failed_opens": one(f"SELECT countIf(kind = 'open' AND outcome = 'failed') FROM compendium.event WHERE {where}"),
            "processes": one(f"SELECT count() FROM compendium.process WHERE {where}"), "duration": one(f"SELECT sum(duration) FROM compendium.event WHERE {where}")}


def same_cells(port, host, tables):
    """Every path of an event, and every argument list, as the JSON has them."""
    undo = lambda s: json.loads('"' + s.replace("\\'", "'").replace('"', '\\"').replace("\\0", "\\u0000") + '"')
    paths = [undo(r[0]) for r in ask(port, f"SELECT path FROM compendium.event WHERE host = '{host}' AND path IS NOT NULL ORDER BY path")]
    argv = [json.loads(undo(r[0])) for r in ask(port, f"SELECT argv FROM compendium.exec WHERE host = '{host}' AND argv IS NOT NULL ORDER BY id")]
    return (sorted(paths) == sorted(r["path"] for r in tables["event"] if "path" in r) and argv == [r["argv"] for r in tables["exec"] if "argv" in r])


def check_queries(tap, ports, total):
    """Each query of the page, and what some of them give."""
    page = (HERE.parent.parent / "docs/fleet.md").read_text()
    found = re.findall(r"\*\*(.*?)\*\*[^\n]*\n+```sql\n(.*?)```", page, re.S)
    tap.ok(len(found) >= 10, "ten questions or more", len(found))
    answers = {}
    for what, sql in found:
        answers[what] = ask(ports[0], sql)
        tap.ok(isinstance(answers[what], list), f"query: {what}", answers[what])
    got = answers["How much does each host read and write, hour by hour?"]
    tap.ok(sum(int(r[2]) + int(r[4]) for r in got) == total["read"], "bytes by host and hour add up to those of the summaries", got)
    got = answers["Which hosts touched this path?"]
    tap.ok(got, "a path is found on hosts", got)
    got = answers["Which programs open what lies below /etc?"]
    tap.ok(got and all(r[2].startswith("/") for r in got), "each process is joined with its program", got)


def write_runs(program, place, recordings):
    """{host: (directory for ClickHouse, tables of the JSON, directory of CSV, NDJSON)}"""
    runs = {}
    for host, read in [*((f"host{i}", [recording]) for i, recording in enumerate(recordings)), ("merged", recordings[:2])]:
        folder, lines, csv = (place / f"{host}.{kind}" for kind in ("clickhouse", "ndjson", "csv"))
        subprocess.run([program, "-q", "--read", *read, "--clickhouse", folder, "--json", lines, "--csv", csv], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        runs[host] = folder, last_rows(lines), csv, lines
    return runs


def fleet(tap, ports, runs):
    """What the page says, with two servers."""
    first = next(iter(runs.values()))[0]
    made = [ask(port, None, (first / "fleet.sql").read_text()) for port in ports]
    tap.ok(made == [[], []], "fleet.sql makes the tables on both servers", made)
    for host, (folder, tables, csv, _) in runs.items():
        done = load(folder, host, ports[0])
        tap.ok(done.returncode == 0, f"{host}: load.sh", done.stderr[-500:])
        where, want = f"host = '{host}'", sums(tables)
        got = [sums_of(port, where) for port in ports]
        tap.ok(got == [want, want], f"{host}: both servers come to the sums of the JSON", f"{got}, not {want}")
        if (theirs := duckdb(csv)) is not None:
            tap.ok({key: theirs[key] for key in want} == want, f"{host}: so does DuckDB", theirs)
        tap.ok(same_cells(ports[1], host, tables), f"{host}: names of any bytes")
        counts = {t: int(ask(ports[1], f"SELECT count() FROM compendium.{t} WHERE {where}")[0][0]) for t in TABLES}
        tap.ok(counts == {t: len(tables.get(t, [])) for t in TABLES}, f"{host}: rows of every table", counts)
    again = load(first, "host0", ports[0])
    tap.ok(again.returncode == 1 and "there already" in again.stderr, "a run is not loaded twice", again.stderr)
    hostile = load(first, "x'; DROP TABLE compendium.event", ports[0])
    tap.ok(hostile.returncode == 1 and "is no host's name" in hostile.stderr, "a host's name is only that", hostile.stderr)
    nameless = load(first, None, ports[0])
    tap.ok(nameless.returncode == 1 and "give one" in nameless.stderr, "an old recording names no host", nameless.stderr)
    named = first.parent / "named"
    shutil.copytree(first, named)
    (named / "trace.tsv").write_text((first / "trace.tsv").read_text().replace("\t\\N\t\\N\n", "\tweb-1.example\tLinux\n"))
    done = load(named, None, ports[0])
    tap.ok(done.returncode == 0 and sums_of(ports[1], "host = 'web-1.example'") == sums(next(iter(runs.values()))[1]), "a run is loaded as the host that it names", done.stderr)
    for port in ports:      # as the page says
        for t in TABLES:
            ask(port, f"ALTER TABLE compendium.{t}_shard DELETE WHERE host = 'web-1.example'")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and ask(ports[0], "SELECT count() FROM compendium.event WHERE host = 'web-1.example'") != [["0"]]:
        time.sleep(0.1)
    tap.ok(ask(ports[0], "SELECT count() FROM compendium.event WHERE host = 'web-1.example'") == [["0"]], "a run is removed")
    shards = [{r[0] for r in ask(port, "SELECT DISTINCT host FROM compendium.event_shard")} for port in ports]
    tap.ok(all(shards) and not shards[0] & shards[1] and shards[0] | shards[1] == set(runs), "hosts lie on both shards, each on one", shards)
    ordered = ask(ports[0], "SELECT sorting_key FROM system.tables WHERE database = 'compendium' AND name = 'event_shard'")
    tap.ok(ordered == [["host, at"]], "events are ordered by host and time", ordered)
    total = {key: sum(sums(tables)[key] for _, tables, _, _ in runs.values()) for key in ("read",)}
    check_queries(tap, ports, total)
    # NDJSON as the page has it
    _, tables, _, lines = runs["host0"]
    rows = b"".join(line.replace(b"{", b'{"host":"json","run":1,', 1) for line in lines.read_bytes().splitlines(True) if line.startswith(b'{"table":"event"'))
    done = subprocess.run(["clickhouse-client", "--port", str(ports[0]), "--insert_distributed_sync", "1", "--input_format_skip_unknown_fields", "1", "--query",
                           "INSERT INTO compendium.event FORMAT JSONEachRow"], input=rows, capture_output=True, timeout=PATIENCE, check=False)
    got = sums_of(ports[1], "host = 'json'") if done.returncode == 0 else done.stderr
    tap.ok(done.returncode == 0 and got["events"] == len(tables["event"]) and got["duration"] == sums(tables)["duration"], "lines of --json go in as they are", got)
    # retention
    before = int(ask(ports[0], "SELECT count() FROM compendium.event")[0][0])
    day = ask(ports[0], "SELECT day FROM compendium.event WHERE host = 'host0' LIMIT 1")[0][0]
    dropped = [ask(port, f"ALTER TABLE compendium.{t}_shard DROP PARTITION '{day}'") for port in ports for t in TABLES]
    left = ask(ports[0], f"SELECT count(), countIf(day = '{day}') FROM compendium.event")
    tap.ok(set(map(str, dropped)) == {"[]"} and left[0][1] == "0" and int(left[0][0]) < before, "a day is forgotten", f"{dropped} {left}")


def chdb(scratch, runs):
    """What chdb.mjs gives of (directory for ClickHouse, NDJSON), and its errors; None where it is not installed."""
    if not (HERE / "chdb/node_modules").exists() or not shutil.which("node"):
        return None
    done = subprocess.run(["node", HERE / "chdb/chdb.mjs", scratch, HERE.parent.parent / "docs/fleet.md", *(f"{folder}:{lines}" for folder, lines in runs)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return (json.loads(done.stdout) if done.returncode == 0 else {}), done.stderr[-500:]


def current_engine(tap, scratch, runs):
    """The same with the current version, in a process of its own, and NDJSON as it reads it."""
    answer = chdb(scratch, [(folder, lines) for folder, _, _, lines in runs.values()])
    if not answer:
        tap.skip("chdb", "no node, or not installed (550 MB): npm install --prefix tests/export/chdb")
        return
    got, said = answer
    want = {f"host{i}": {key: sums(tables)[key] for key in ("events", "read", "written", "failed_opens", "duration")}
            for i, (_, tables, _, _) in enumerate(runs.values())}
    tap.ok(got.get("hosts") == want, f"chdb {got.get('version')}: the tables come to the same", f"{got or said}, not {want}")
    tap.ok(got.get("ndjson") == want, "chdb: so do the lines of --json", got.get("ndjson"))
    tap.ok(got and not got["failed"], "chdb: each query of the page", got.get("failed"))


def main():
    program, recordings = os.path.abspath(sys.argv[1]), [pathlib.Path(p) for p in sys.argv[2:]]
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        runs = write_runs(program, pathlib.Path(name), recordings)
        if shutil.which("clickhouse-server") and shutil.which("clickhouse-client"):
            with servers(pathlib.Path(name), 2) as ports:
                fleet(tap, ports, runs)
        else:
            tap.skip("two servers of ClickHouse", "not installed: apt-get install clickhouse-server clickhouse-client")
        current_engine(tap, pathlib.Path(name) / "chdb", runs)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
