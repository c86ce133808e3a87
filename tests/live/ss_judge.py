#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A judge: at one moment the sockets of a program are to the model what they are to ss.

usage: ss_judge.py --compendium PROGRAM --dump PROGRAM [--backend ptrace|bpf] ss [TEST...]

Prints TAP, as the other live tests do.
"""
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from harness import PATIENCE, Skip, check, equal, main, need  # noqa: E402

# Sockets in every state, in two processes; then a moment at which the kernel and the model are asked.
SOCKETS = r"""
import os, socket, sys
def unix(kind=socket.SOCK_STREAM): return socket.socket(socket.AF_UNIX, kind)
kept, here = [], sys.argv[1]
l4 = socket.socket(); l4.bind(('127.0.0.1', 0)); l4.listen(5)
l6 = socket.socket(socket.AF_INET6); l6.bind(('::1', 0)); l6.listen(5)
any4 = socket.socket(); any4.bind(('', 0)); any4.listen(5)
lu = unix(); lu.bind(here + '/stream'); lu.listen(5)
la = unix(); la.bind('\0judge-%d' % os.getpid()); la.listen(5)
def connected(listener, to):
    s = socket.socket(listener.family); s.connect(to); s.getsockname(); kept.extend((s, listener.accept()[0]))
connected(l4, l4.getsockname()); connected(l6, l6.getsockname()); connected(any4, ('127.0.0.1', any4.getsockname()[1]))
connected(lu, here + '/stream'); connected(la, '\0judge-%d' % os.getpid())
bound = socket.socket(type=socket.SOCK_DGRAM); bound.bind(('127.0.0.1', 0)); bound.getsockname()
to = socket.socket(type=socket.SOCK_DGRAM); to.connect(bound.getsockname()); to.getsockname()
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); six.bind(('::1', 0)); six.getsockname()
kept.extend(socket.socketpair()); kept.extend(socket.socketpair(type=socket.SOCK_DGRAM))
dgram = unix(socket.SOCK_DGRAM); dgram.bind(here + '/dgram')
copy = os.dup(l4.fileno())
gone = socket.socket(); gone.connect(l4.getsockname()); gone.close()
nobody = socket.socket()
try: nobody.connect(('127.0.0.1', 1))
except ConnectionRefusedError: pass
far = socket.socket(); far.setblocking(False)
ready, go = os.pipe()
if os.fork() == 0:
    here = [socket.socket(), l4]
    here[0].connect(l4.getsockname()); here[0].getsockname()
    os.write(go, b'x')
    sys.stdin.readline()
    os._exit(os.access('/tracee/dump/child', os.F_OK))
os.read(ready, 1)
kept.extend((l4.accept()[0], l4.accept()[0]))
print('ready', os.getpid(), flush=True)
sys.stdin.readline()
os.access('/tracee/dump/parent', os.F_OK)
os.wait()
"""


def ss_table():
    """What ss says of the sockets of each process: (pid, fd) → protocol, state, local and peer address, inode, peer's inode."""
    text = subprocess.run(["ss", "-H", "-O", "-a", "-n", "-p", "-e", "-t", "-u", "-x"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = {}
    for line in text.splitlines():
        words = line.split()
        users = re.findall(r"pid=(\d+),fd=(\d+)", line)
        if not users:
            continue
        proto, state = words[0], words[1]
        if proto.startswith("u_"):
            row = [proto, state, words[4], "", words[5], words[7]]
        else:
            inode = re.search(r"\bino:(\d+)", line)
            row = [proto, state, words[4].replace("*:", "0.0.0.0:"), words[5].replace("*:", "0.0.0.0:"), inode[1] if inode else "", ""]
        for pid, fd in users:
            found[int(pid), int(fd)] = row
    return found


STATES = {"listening": {"LISTEN"}, "connected": {"ESTAB"}, "accepted": {"ESTAB", "CLOSE-WAIT"}, "connecting": {"SYN-SENT"}, "failed": {"UNCONN"}, "none": {"UNCONN", "ESTAB"}}
FAMILIES = {"tcp4": "tcp", "tcp6": "tcp", "udp4": "udp", "udp6": "udp", "unix": "u_str", "unix-dgram": "u_dgr"}


def ss_judge(t):
    """at a checkpoint every socket of two processes is to the model what it is to ss: protocol, state, addresses, who has the other end"""
    need("ss", "python3")
    if not t.args.dump:
        raise Skip("needs --dump")
    cpd = t.scratch / "cpd"
    p = t.start("--record", cpd, "--", sys.executable, "-S", "-E", "-c", SOCKETS, t.scratch, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    parent = int(p.stdout.readline().split()[1])
    child = int(pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text())
    kernel = ss_table()
    p.stdin.write(b"\n\n")
    p.stdin.close()
    p.wait(PATIENCE)
    equal(p.returncode, 0, "its exit status; " + p.said()[-500:])
    dump = subprocess.run([t.args.dump, cpd], stdout=subprocess.PIPE, timeout=PATIENCE, check=True, text=True, errors="replace").stdout
    name, model = None, {}
    for line in dump.splitlines():
        head, _, rest = line.partition("\t")
        if head == "DUMP":
            name = {"parent": parent, "child": child}[rest]
        elif head == "SOCK":
            fd, *row = rest.split("\t")
            model[name, int(fd)] = row
    theirs = {key for key in kernel if key[0] in (parent, child)}
    check(len(theirs) >= 40, f"ss shows only {len(theirs)} sockets")
    # what ss does not list: sockets that were never bound or connected
    equal(sorted(theirs - set(model)), [], "sockets the model does not have")
    extra = sorted(key for key in set(model) - theirs if model[key][1] not in ("none", "failed"))
    equal(extra, [], "sockets ss does not have")
    by_inode = {}
    for key, row in kernel.items():
        by_inode.setdefault(row[4], set()).add(key[0])
    judged = known_peers = 0
    for key in sorted(theirs):
        proto, state, local, peer, inode, peer_inode = kernel[key]
        m_proto, m_state, m_local, m_peer, m_peer_pid = model[key]
        what = f"fd {key[1]} of {'parent' if key[0] == parent else 'child'}: ss {kernel[key]}, model {model[key]}"
        check(FAMILIES.get(m_proto) == proto, what)
        check(state in STATES[m_state], what)
        if m_local != "-" and proto in ("tcp", "udp"):
            check(m_local == local, what)
            judged += 1
        if m_peer != "-" and proto in ("tcp", "udp") and state == "ESTAB":
            check(m_peer == peer, what)
            judged += 1
        if proto == "u_str" and state == "LISTEN":
            check(m_local == local, what)
            judged += 1
        if state == "ESTAB" and m_peer_pid != "0":
            if proto.startswith("u_"):
                holders = by_inode.get(peer_inode, set())
            else:
                holders = {k[0] for k, row in kernel.items() if row[0] == proto and row[2] == peer and (proto == "udp" or row[3] == local)}
            check(int(m_peer_pid) in holders, f"{what}; the other end is held by {holders}")
            known_peers += 1
    check(judged >= 30, f"only {judged} addresses were known to the model")
    check(known_peers >= 16, f"the other end of only {known_peers} was known")


def connect_in_progress(t):
    """a connect whose answer is not there yet is SYN-SENT to ss and connecting to the model, then what came of it"""
    need("ss")
    if not t.args.dump:
        raise Skip("needs --dump")
    # a full queue does not answer
    script = ("import os,socket,sys\nl=socket.socket(); l.bind(('127.0.0.1',0)); l.listen(0)\nkept=[]\n"
              "for _ in range(4):\n s=socket.socket(); s.setblocking(False)\n s.connect_ex(l.getsockname()); kept.append(s)\n"
              "print('ready', os.getpid(), flush=True); sys.stdin.readline(); os.access('/tracee/dump/parent', os.F_OK)\n")
    cpd = t.scratch / "cpd"
    p = t.start("--record", cpd, "--", sys.executable, "-S", "-E", "-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pid = int(p.stdout.readline().split()[1])
    waiting = [key for key, row in ss_table().items() if key[0] == pid and row[1] == "SYN-SENT"]
    p.stdin.write(b"\n")
    p.stdin.close()
    p.wait(PATIENCE)
    dump = subprocess.run([t.args.dump, cpd], stdout=subprocess.PIPE, timeout=PATIENCE, check=True, text=True, errors="replace").stdout
    states = {int(line.split("\t")[1]): line.split("\t")[3] for line in dump.splitlines() if line.startswith("SOCK\t")}
    check(waiting, "no connect is under way")
    for _, fd in waiting:
        equal(states.get(fd), "connecting", f"fd {fd}")


if __name__ == "__main__":
    sys.exit(main(__doc__, {"ss": [ss_judge, connect_in_progress]}))
