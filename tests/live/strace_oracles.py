#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""strace's own test programs as judges of --format strace: each makes calls and prints the text that strace has to give.

usage: strace_oracles.py --compendium PROGRAM [--backend ptrace|bpf] TESTS | --fetch FOLDER

TESTS: the folder tests/ of strace 6.1's source, with the programs of WHOLE built there.  --fetch: gets that source from where
this system's own packages come, and builds it, once.  Programs that skip themselves (a right or a call of the kernel is
missing) are skipped.  Those that strace tests without -y have no names of descriptors in their text: these are taken out
of ours.  Prints TAP.
"""
import argparse
import fcntl
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Programs whose text is the same to the last line, with the calls to be chosen where these are not the program's name.
WHOLE = {
    "accept": "", "accept4": "", "acct": "", "alarm": "", "chmod": "", "chown": "", "chroot": "", "clock_adjtime": "",
    "clock_xettime": "clock_gettime,clock_settime,clock_getres", "copy_file_range": "", "creat": "", "epoll_create": "",
    "epoll_create1": "", "epoll_wait": "", "fallocate": "", "fchdir": "", "fchmod": "", "fchmodat": "", "fchown": "", "fchownat": "",
    "fdatasync": "", "flock": "", "fsopen": "", "fstatfs": "", "fsync": "", "ftruncate": "", "getcpu": "", "getcwd": "", "getpeername": "",
    "getpgrp": "", "getpid": "", "getppid": "", "getresgid": "", "getresuid": "", "getsid": "", "getsockname": "", "gettid": "",
    "inotify": "inotify_add_watch,inotify_rm_watch", "inotify_init": "", "inotify_init1": "", "ioperm": "", "iopl": "", "lchown": "",
    "link": "", "madvise": "", "memfd_secret": "", "migrate_pages": "", "mkdir": "", "mkdirat": "", "mknod": "", "mknodat": "",
    "mlock": "mlock,munlock", "mlock2": "", "mlockall": "", "mq": "mq_getsetattr,mq_open,mq_unlink", "munlockall": "", "pipe2": "",
    "pkey_free": "", "pkey_mprotect": "", "process_mrelease": "", "readahead": "", "recvfrom": "", "rename": "", "renameat": "",
    "renameat2": "", "rmdir": "", "sched_get_priority_mxx": "sched_get_priority_min,sched_get_priority_max", "sched_rr_get_interval": "",
    "sched_xetaffinity": "sched_getaffinity,sched_setaffinity", "sched_xetparam": "sched_getparam,sched_setparam", "sched_yield": "",
    "set_mempolicy_home_node": "", "setdomainname": "", "setfsgid": "", "setfsuid": "", "setgid": "", "setregid": "", "setresgid": "",
    "setresuid": "", "setreuid": "", "setrlimit": "", "setuid": "", "shutdown": "", "splice": "", "statfs": "", "symlink": "",
    "symlinkat": "", "sync": "", "sync_file_range": "", "sysinfo": "", "tee": "", "truncate": "", "umask": "", "umovestr3": "chdir",
    "unlink": "", "userfaultfd": "", "ustat": "", "vhangup": "", "xetitimer": "setitimer,getitimer", "xetpgid": "getpgid,setpgid",
    "xetpriority": "getpriority,setpriority", "xettimeofday": "gettimeofday,settimeofday",
}
NAMES = re.compile(r"(-?\b\d+|AT_FDCWD)<(?:[^<>]|\\7[46])*>(?:\(deleted\))?")


def lines(text, ours):
    """What a line is about: without thread, time, duration and the width of the column of results."""
    for line in text.splitlines():
        if ours:
            line = re.sub(r"^\d+ +\d+\.\d+ ", "", line)
            line = NAMES.sub(r"\1", re.sub(r" <\d+\.\d+>$", "", line))
        line = re.sub(r"\) += ", ") = ", line)
        if not line.startswith(("+++", "---")):
            yield line


VERSION = "6.1"


class Missing(Exception):
    """Why there are no programs to run."""


def succeed(what, command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode:
        said = done.stdout.splitlines() or ["no output"]
        raise Missing(f"{what}: {next((line for line in said if 'error' in line or line.startswith('E: ')), said[-1])[:200]}")
    return done.stdout


def get_source(folder):
    """strace's source as Debian has it, by lists of apt's own: those of the system may lack sources, and need root."""
    places = set()
    for line in succeed("apt-cache", ["apt-cache", "madison", "strace"]).splitlines():
        _, version, place = (word.strip() for word in line.split("|"))
        if version.startswith(f"{VERSION}-"):
            places.add(" ".join(place.split()[:2]).rpartition("/")[0])
    if not places:
        raise Missing(f"no package of strace {VERSION} in apt's lists")
    lists = folder / "apt"
    (lists / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (lists / "sources.list").write_text("".join(f"deb-src {place} main\n" for place in sorted(places)))
    # without a network an update is a warning otherwise, and what fails is the next step
    options = ["-oAPT::Update::Error-Mode=any", f"-oDir::Etc::SourceList={lists}/sources.list", "-oDir::Etc::SourceParts=/dev/null",
               f"-oDir::State::Lists={lists}/lists", f"-oDir::Cache={lists}", "-oAPT::Sandbox::User="]
    succeed("apt-get update", ["apt-get", "-q", *options, "update"], timeout=300)
    succeed("apt-get source", ["apt-get", "-q", *options, "source", "--only-source", "strace"], cwd=folder, timeout=300)


def fetch(folder):
    """The folder of its tests, built; two that ask at once wait for each other."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"strace-{VERSION}"
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (source / "built").exists():
            if not (source / "configure").exists():
                get_source(folder)
            jobs = f"-j{len(os.sched_getaffinity(0))}"
            succeed("configure", ["./configure", "--enable-mpers=no", "--disable-gcc-Werror", "--enable-bundled=yes"], cwd=source, timeout=900)
            succeed("make", ["make", jobs, "-C", "bundled"], cwd=source, timeout=900)
            succeed("make", ["make", jobs, "-C", "src"], cwd=source, timeout=1800)
            succeed("make", ["make", jobs, "-C", "tests", "libtests.a", *WHOLE], cwd=source, timeout=1800)
            (source / "built").touch()
    return source / "tests"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compendium", required=True, type=os.path.abspath)
    parser.add_argument("--backend", choices=["ptrace", "bpf"], default="ptrace")
    parser.add_argument("--fetch", type=lambda path: pathlib.Path(path).absolute())
    parser.add_argument("tests", nargs="?")
    args = parser.parse_args()
    if bool(args.fetch) == bool(args.tests):
        parser.error("either TESTS or --fetch FOLDER")
    try:
        os.chdir(args.tests or fetch(args.fetch))
    except (Missing, OSError, subprocess.TimeoutExpired) as e:
        print(f"1..0 # SKIP strace's own tests cannot be had: {e}")
        return 0
    failed = 0
    print(f"1..{len(WHOLE)}")
    with tempfile.TemporaryDirectory() as scratch:
        log = os.path.join(scratch, "log")
        for number, (name, calls) in enumerate(sorted(WHOLE.items()), 1):
            if not os.access(name, os.X_OK):
                print(f"ok {number} {name} # SKIP it is not built")
                continue
            done = subprocess.run([args.compendium, "--backend", args.backend, "--format", "strace", "-e", calls or name, "-o", log, "--", f"./{name}"],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
            if done.returncode == 77:
                print(f"ok {number} {name} # SKIP {done.stderr.decode(errors='replace').splitlines()[-1:]}")
                continue
            with open(log, errors="backslashreplace") as f:
                want, got = list(lines(done.stdout.decode(errors="backslashreplace"), False)), list(lines(f.read(), True))
            # in this order; what a program prepares is not in its text, and stands between
            rest = iter(got)
            missing = [line for line in want if line not in rest]
            good = done.returncode == 0 and want and not missing
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} {name}: {len(want)} lines")
            for line in missing[:3]:
                print(f"# {line[:300]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
