#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the inputs of tests/fuzz/corpus that were thought of, or found, by name: tests/fuzz/corpus.py [FOLDER]

An input that a fuzz target or a person found goes in here, built from its parts so that a reader sees what is wrong
with it, with the fix.  Files that are not made here are what fuzzing itself wrote: found-… crashed
a target, seed-… is what a run kept of the golden recordings, reduced by -merge=1 (CONTRIBUTING.md).
"""
import pathlib
import struct
import subprocess
import sys
import zlib

START, CALL, FORK, EXEC, EXIT, SIGNAL, STOP, TASK, FD, MAP, LOST, END = range(1, 13)
DETACH, SCHED, BLOCK, FAULT, WAITING = range(13, 18)
BYTES, IOV, DATA, NAME, CONTROL, LEN, ITEM, EXE, COMM, CWD, ROOT, ARGV, ENVP, PATH, SOCK, TEXT, MSGVEC = range(17)
WHOLE, COUNT, ROOM = 36, 37, 32
I386 = 1
AT_EXIT = 4
TID = 7
S_IFSOCK, S_IFREG = 0o140000, 0o100000


def record(kind, body=b"", *chunks, tid=TID, flags=0, ts=1000, size=None):
    """A record as src/record/record.h has it; size: what its head claims, when that is not the truth."""
    tail = body + b"".join(chunks)
    return struct.pack("<IHHIIQ", size or 24 + len(tail), kind, flags, tid, tid, ts) + tail


def chunk(part, data, arg=0, flags=0, claims=None):
    return struct.pack("<BBHI", arg, part, flags, len(data) if claims is None else claims) + data + bytes(-len(data) % 8)


def call(nr, args=(), ret=0, *chunks, arch=0, nchunks=None, **head):
    args = [a & (2**64 - 1) for a in (*args, *[0] * (6 - len(args)))]
    body = struct.pack("<QIBBH6Qq", 2000, nr, arch, 0, len(chunks) if nchunks is None else nchunks, *args, ret)
    return record(CALL, body, *chunks, **head)


def start(*chunks, mode=1):
    return record(START, struct.pack("<IIQII", 1, 4096, 0, mode, len(chunks)), *chunks)


def task(*chunks):
    return record(TASK, struct.pack("<IIQQII", 1, 0, 0, 0, len(chunks), 0), *chunks)


def fd(number, mode, *chunks):
    return record(FD, struct.pack("<iIQQQII", number, 2, 0, 0, 0, mode, len(chunks)), *chunks)


def region(first, last, kind=0, flags=1):
    return record(MAP, struct.pack("<QQQQQIIII", first, last, 0, 0, 0, 3, 2, kind, 0), flags=flags)


def control(length, level=1, kind=1, data=b""):
    """A struct cmsghdr whose length is what the traced program says."""
    return struct.pack("<QII", length, level, kind) + data


def zstd(data):
    return subprocess.run(["zstd", "-q", "-19", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def block(stored, raw, nrecords, crc=None):
    return struct.pack("<IIII", len(stored), raw, nrecords, zlib.crc32(stored) if crc is None else crc) + stored


def varint(v):
    out = b""
    while v >= 0x80:
        out += bytes([v & 0x7f | 0x80])
        v >>= 7
    return out + bytes([v])


COLUMNS = ("shape", "shapes", "thread", "threads", "changed", "arg0", "arg1", "arg2", "arg3", "arg4", "arg5", "ret",
           "gap_low", "gap", "took_low", "took", "length", "text", "data", "records", "which", "words", "again", "list", "same")
OLD_COLUMNS = COLUMNS[:20]      # of version 2
COLUMNS_3 = COLUMNS[:24]


def columns(lengths=None, names=OLD_COLUMNS, **column):
    """A block's columns: those of a read of 12 bytes, or what is given."""
    read = {"shape": b"\xff\0", "shapes": struct.pack("<IHBBBBH", 0, 0, 0, 0, 1, 1, 0) + struct.pack("<BBH", 1, BYTES, AT_EXIT),
            "thread": b"\xff\0", "threads": struct.pack("<II", TID, TID), "changed": b"\xc1", "arg0": varint(6), "ret": varint(24),
            "gap_low": b"\xd0", "gap": b"\7", "took_low": b"\xd0", "took": b"\7", "length": varint(12), "data": b"twelve bytes"}
    of = [(read | column).get(name, b"") for name in names]
    return struct.pack(f"<{len(names)}I", *(lengths or map(len, of))) + b"".join(of)


def many():
    """Columns as such: three bytes of how many words come out, of which the first says to the target that it is these."""
    one = 15    # words: 96 bytes, 8, 16
    cases = {
        "good": (one, columns()),
        "record-too-few": (one - 1, columns()),
        "record-too-many": (one + 1, columns()),
        "lengths-behind-the-end": (one, columns(lengths=[2**32 - 1] * 20)),
        "lengths-cut": (one, columns()[:79]),
        "shape-of-none": (one, columns(shape=b"\xff\1")),
        "shape-again-new": (one, columns(shape=b"\xff\xff\0")),
        "shape-of-200-chunks": (one, columns(shapes=struct.pack("<IHBBBBH", 0, 0, 0, 0, 1, 200, 0) + bytes(800))),
        "shapes-more-than-there-may-be": (one, columns(shape=b"\xff\0" * 300, shapes=bytes(12 * 300))),
        "thread-of-none": (one, columns(thread=b"\xff\7")),
        "thread-missing": (one, columns(threads=b"")),
        "number-without-end": (one, columns(arg0=b"\xff" * 11)),
        "number-cut": (one, columns(arg0=b"\xff")),
        "chunk-of-4-gb": (one, columns(length=varint(2**32 - 1))),
        "chunk-length-wraps": (one, columns(length=varint(2**64 - 4))),
        "chunk-longer-than-its-bytes": (one + 1, columns(length=varint(20))),
        "left-over": (one, columns(text=b"more")),
        "record-of-size-0": (one, columns(shape=b"\xfe", records=bytes(120))),
        "record-of-size-25": (4, columns(shape=b"\xfe", **{name: b"" for name in OLD_COLUMNS[1:-1]}, records=record(EXIT, bytes(8), size=25))),
        "nothing": (0, columns(**{name: b"" for name in OLD_COLUMNS})),
    }
    empty = {name: b"" for name in COLUMNS}
    long = {**empty, "shape": b"\xfc", "list": varint(32) + varint(2) + varint(16 * 2 + 1) + varint(4000 * 2), "text": bytes(4016),
            "records": struct.pack("<IHHIIQII", 4064, 4, 0, TID, TID, 0, 0, 0) + struct.pack("<BBH", 0, BYTES, 0)}
    struct_of = {"shapes": struct.pack("<IHBBBBH", 0, 0, 0, 0, 1, 1, 0) + struct.pack("<BBH", 1, BYTES, AT_EXIT), "length": varint(16), "data": b""}
    again = {**long, "records": b"".join([struct.pack("<IHHIIQII", 4104, 4, 0, TID, TID, 0, 0, 0), struct.pack("<BBH", 0, BYTES, 0)]),
             "list": varint(32) + varint(2) + varint(16 * 2 + 1) + varint(4040 * 2), "text": bytes(4056)}
    head = struct.pack("<IHHIIQII", 4104, 4, 0, TID, TID, 0, 0, 0)
    newer = {
        "struct": (one, columns(names=COLUMNS_3, **struct_of, which=varint(3 << 1 | 1), words=varint(4) + varint(6))),
        "struct-in-data": (one, columns(names=COLUMNS_3, **{**struct_of, "data": bytes(16)}, which=b"\0")),
        "struct-of-word-40": (one, columns(names=COLUMNS_3, **struct_of, which=varint(1 << 41 | 1), words=varint(4))),
        "struct-cut": (one, columns(names=COLUMNS_3, **struct_of, which=varint(3 << 1 | 1), words=varint(4))),
        "list": (508, columns(names=COLUMNS_3, **long)),
        "list-cut": (508, columns(names=COLUMNS_3, **{**long, "list": long["list"][:-1]})),
        "list-of-body-4": (508, columns(names=COLUMNS_3, **{**long, "list": varint(4) + long["list"][1:]})),
        "again": (513 + 513, columns(names=COLUMNS_3, **{**again, "shape": b"\xfc\xfd", "again": varint(4072), "records": again["records"] + head})),
        "again-of-none": (513, columns(names=COLUMNS_3, **{**empty, "shape": b"\xfd", "again": varint(4072), "records": head})),
        "again-longer-than-all": (513 + 513, columns(names=COLUMNS_3, **{**again, "shape": b"\xfc\xfd", "again": varint(2**40), "records": again["records"] + head})),
    }
    cases |= {name: (words | 1 << 21, data) for name, (words, data) in newer.items()}
    # two calls: a read of twelve bytes, a write of the same
    copied = {"shape": b"\xff\0\xff\1", "shapes": b"".join(struct.pack("<IHBBBBH", nr, 0, 0, 0, 1, 1, 0) + struct.pack("<BBH", 1, BYTES, flags)
              for nr, flags in ((0, AT_EXIT), (1, 0))), "thread": b"\xff\0\0", "changed": b"\x80\x80", "arg0": b"", "ret": b"",
              "gap_low": b"\xd0\0", "gap": b"\7\0", "took_low": b"\xd0\0", "took": b"\7\0", "length": varint(12) * 2, "same": b"\0\xff"}
    exec_head = struct.pack("<IHHIIQIIQ", 4112, 4, 0, TID, TID, 0, 0, 2, 0) + struct.pack("<BBH", 0, BYTES, 0)
    alike = {**again, "shape": b"\xfb\xfb", "records": exec_head * 2,
             "list": varint(40) + varint(2) + varint(16 * 4 + 1) + varint(4040 * 4) + varint(40) + varint(2) + varint(2 * 4 + 3)}
    of_4 = lambda **column: columns(names=COLUMNS, **column)
    newest = {
        "same": (2 * one, of_4(**copied)),
        "same-as-nothing": (one, of_4(same=b"\xff", data=b"")),
        "same-as-more-than-all": (one, of_4(same=b"\2", data=b"")),
        "same-of-other-length": (2 * one, of_4(**{**copied, "length": varint(12) + varint(11)})),
        "same-word-of-longer": (2 * one, of_4(**{**copied, "shape": b"\xff\0\0", "shapes": copied["shapes"][:16], "same": b"\0\2", "length": varint(12) + varint(14)})),
        "alike": (514 * 2, of_4(**alike)),
        "alike-more-than-there-are": (514 * 2, of_4(**{**alike, "list": alike["list"][:-1] + varint(3 * 4 + 3)})),
        "alike-without-end": (514 * 2, of_4(**{**alike, "list": alike["list"][:-1] + varint(2**60 + 3)})),
        "alike-of-none": (514, of_4(**{**alike, "shape": b"\xfb", "list": varint(40) + varint(2) + varint(2 * 4 + 3), "text": b"", "records": exec_head})),
    }
    cases |= {name: (words | 1 << 20, data) for name, (words, data) in newest.items()}
    return {f"columns-{name}": bytes([words % 64 * 4 + 3, words >> 6 & 255, words >> 14]) + data for name, (words, data) in cases.items()}


def index(*numbers, back=None, crc=None):
    """An index and the end mark that leads to it."""
    content = struct.pack(f"<{len(numbers)}Q", *numbers)
    return block(content, 1 << 30, 0, crc) + struct.pack("<IIII", 0, len(content) + 16 if back is None else back, 0, 0)


def recording(*blocks, version=1):
    return b"CPDREC\r\n" + struct.pack("<II", version, 0) + b"".join(blocks)


# What a traced program may call its files: each would do something to a terminal, or end a line or a quote early.
NAMES = {
    "escape": b"/tmp/\x1b]0;owned\x07\x1b[2J",
    "newline": b"/tmp/a\n[+0.000s] exit 0",
    "c1-control": b"/tmp/\x9b31m \xc2\x9b31m",
    "bidi-override": "/tmp/\u202egnp.exe".encode(),
    "bad-utf8": b"/tmp/\xff\xc3(\xe2\x82\xed\xa0\x80\xf4\x90\x80\x80",
    "overlong-utf8": b"/\xc0\xaf\xe0\x80\xaf",
    "quotes": b'/tmp/"a\\"b\\',
    "cut-in-a-character": b"a" * 4094 + b"\xe2\x82",
    "combining": "e\u0301\u200d\ufeff\U0001f468\u200d\U0001f469".encode(),
}


def text():
    return NAMES | {"empty": b"", "all-bytes": bytes(range(256))}


def query():
    return {
        "open-quote": b'path:"a',
        "open-regex": b"path:/(a",
        "stars": b"path:" + b"*a" * 200 + b"b",
        "no-value": b"dur>",
        "only-not": b"! ! !",
        "huge-number": b"dur>99999999999999999999999999s size>1e999",
        "not-utf8": b"path:\xff\xfe\x00proc:x",
        "many-values": b"type:" + b"a," * 2000,
    }


def decode():
    """The first byte: even, what follows is a record as it stands; odd, a call is built from what follows."""
    path = chunk(BYTES, b"/etc/hosts", arg=1)
    raw = {
        "head-only": record(CALL),
        "size-beyond-the-end": record(EXIT, bytes(24), size=4096),
        "size-not-of-8": record(EXIT, bytes(24), size=47),
        "chunk-longer-than-record": call(257, (), 3, chunk(BYTES, b"/etc/hos", arg=1, claims=1 << 20)),
        "chunk-length-wraps": call(257, (), 3, chunk(BYTES, b"/etc/hos", arg=1, claims=0xfffffffc)),
        "more-chunks-than-there-are": call(257, (), 3, path, nchunks=65535),
        "fewer-chunks-than-there-are": call(257, (), 3, path, path, nchunks=1),
        "argument-beyond-the-call": call(257, (), 3, chunk(BYTES, b"/etc/hosts", arg=5)),
        "argument-200": call(257, (), 3, chunk(BYTES, b"/etc/hosts", arg=200)),
        "call-of-no-number": call(0xffffffff, (), -38, path),
        "call-of-no-architecture": call(1, (), 0, arch=255),
        "result-is-no-errno": call(257, (), -4096, path),
        "pipe-of-three-bytes": call(22, (1,), 0, chunk(BYTES, b"\3\0\0", arg=0, flags=AT_EXIT)),
        "iov-of-15-bytes": call(20, (1, 2, 1), 15, chunk(IOV, bytes(15), arg=1)),
        "length-of-3-bytes": call(43, (3, 1, 2), 4, chunk(LEN, bytes(3), arg=2, flags=AT_EXIT)),
        "socket-of-one-byte": fd(3, S_IFSOCK, chunk(SOCK, b"\1")),
        "socket-address-too-long": fd(3, S_IFSOCK, chunk(SOCK, struct.pack("<6I", 2, 1, 6, 0, 113, 0xffffffff) + bytes(224))),
        "control-of-length-0": call(46, (3, 1), 0, chunk(CONTROL, control(0) * 3, arg=1)),
        "control-length-wraps": call(46, (3, 1), 0, chunk(CONTROL, control(2**64 - 1, data=bytes(16)), arg=1)),
        "control-ends-in-a-descriptor": call(47, (3, 1), 1, chunk(CONTROL, control(19, data=b"\7\0\0"), arg=1, flags=AT_EXIT)),
        # found by fuzz-decode: parts that are no array were cut to the array's room
        "iov-where-an-array-is": call(115, (1, 1), 1, chunk(IOV, bytes(16), arg=1, flags=AT_EXIT)),
        "socket-where-an-array-is": call(115, (1, 1), 1, chunk(SOCK, bytes(248), arg=1, flags=AT_EXIT)),
        "sun-path-without-end": call(42, (3, 1, 110), 0, chunk(BYTES, b"\1\0" + b"/" * 108, arg=1)),
        "address-of-one-byte": call(42, (3, 1, 1), 0, chunk(BYTES, b"\2", arg=1)),
        "part-of-a-newer-version": call(257, (), 3, chunk(250, b"?", arg=1)),
        "kind-of-a-newer-version": record(9999, bytes(64)),
    }
    return {name: b"\0" + data for name, data in raw.items()}


def frames():
    """A recording's file (first byte even), or the inside of a block with a right checksum: 4 bytes of size, a frame."""
    whole = start() + record(END, struct.pack("<iIQ", 0, 0, 1))
    good = block(zstd(whole), len(whole), 2)
    file = {
        "empty": b"",
        "magic-only": b"CPDREC\r\n",
        "other-magic": b"CPDREC\n\n" + bytes(8),
        "newer-version": recording(good, version=3),
        "columns": recording(block(zstd(columns()), 120 | 1 << 31, 1), index(1, 1, 0, 0, 1000, 2000, 0), version=2),
        "columns-and-no-index": recording(block(zstd(columns()), 120 | 1 << 31, 1), bytes(16), version=2),
        "columns-damaged": recording(block(zstd(columns(thread=b"\xff\7")), 120 | 1 << 31, 1), bytes(16), version=2),
        "columns-of-64-mb": recording(block(zstd(bytes(64 << 20)), 120 | 1 << 31, 1), bytes(16), version=2),
        "index-in-the-middle": recording(index(1, 1)[:-16], good, bytes(16), version=2),
        "index-empty": recording(good, index(), version=2),
        "index-ends-before-it-begins": recording(good, index(1, 1, 0, 0, 2000, 1000, 0), version=2),
        "index-goes-on-later": recording(good, index(1, 1, 0, 0, 0, 1000, 2**64 - 1), version=2),
        "index-before-the-start": recording(good, index(1, 1, back=4000), version=2),
        "index-wrong-checksum": recording(good, index(1, 1, 0, 0, 0, 1000, 0, crc=1), version=2),
        "index-longer": recording(good, index(*range(1, 100)), version=2),
        "good": recording(good),
        "cut-in-a-block": recording(good)[:-5],
        "wrong-checksum": recording(block(zstd(whole), len(whole), 2, crc=1)),
        "raw-size-of-4-gb": recording(block(zstd(whole), 0xffffffff, 2)),
        "stored-size-of-4-gb": recording(struct.pack("<IIII", 0xffffffff, len(whole), 2, 0) + zstd(whole)),
        "raw-size-too-small": recording(block(zstd(whole), len(whole) - 8, 2)),
        "raw-size-too-large": recording(block(zstd(whole), len(whole) + 8, 2)),
        "more-records-than-there-are": recording(block(zstd(whole), len(whole), 3)),
        "record-across-blocks": recording(block(zstd(whole[:32]), 32, 1), block(zstd(whole[32:]), len(whole) - 32, 1)),
    }
    inside = {
        "no-frame": struct.pack("<I", 25) + b"no zstd frame here",
        "frame-larger-than-a-block": struct.pack("<I", (256 << 10) + 1) + zstd(bytes(64 << 20)),
        "record-longer-than-allowed": odd_block(record(MAP, bytes(1 << 20), size=(1 << 20) + 24)),
        "record-of-size-0": odd_block(bytes(24)),
        "record-of-size-8": odd_block(record(EXIT, bytes(24), size=8)),
        "record-ends-behind-the-block": odd_block(record(EXIT, bytes(24), size=64)),
    }
    return {name: b"\0" + data for name, data in file.items()} | inside | many()


def odd_block(data):
    """Size and frame.  The size is odd, by which the target takes it for a block."""
    data += b"\0"
    return struct.pack("<I", len(data)) + zstd(data)


def streams():
    """Whole record streams: what the model and the sinks are given."""
    listen = struct.pack("<6I", 2, 1, 6, 1, 16, 0) + b"\2\0\0\x50" + bytes(108) + bytes(112)
    host = b"\2\0\0\x50\x7f\0\0\1" + bytes(8)
    found = {
        # found by fuzz-world: a socket from a snapshot without its struct record_sock
        "socket-without-answer": start(mode=2) + task(chunk(COMM, b"a")) + fd(3, S_IFSOCK) + call(42, (3, 1, 16), 0, chunk(BYTES, host, arg=1)),
        # found by fuzz-world: creat on what the model believed to be a socket
        "mknod-of-a-socket-opened": start() + task() + call(133, (1, S_IFSOCK | 0o600), 0, chunk(BYTES, b"/s", arg=0))
        + call(2, (1, 2), 3, chunk(BYTES, b"/s", arg=0)) + call(0, (3, 1, 9), 9),
        # found by fuzz-world: pread64 of i386 has its position in two registers
        "i386-position-in-two-words": start() + task() + fd(3, S_IFREG, chunk(PATH, b"/f"))
        + call(180, (3, 1, 9, 0xffffffff, 0xffffffff), 9, arch=I386) + call(180, (3, 1, 9, 0xffffffff, 0), 9, arch=I386),
        "descriptor-2-31": start() + task() + call(33, (1, 2**31 - 1), 2**31 - 1) + call(3, (2**31 - 1,), 0) + call(436, (0, 2**32 - 1, 0), 0),
        "descriptor-negative": start() + task() + call(3, (-1,), 0) + call(33, (-5, -6), -7),
        "thread-not-known": start() + call(257, (-100, 1, 0), 3, chunk(BYTES, b"/f", arg=1), tid=4000000000),
        "thread-0": start() + call(3, (1,), 0, tid=0) + record(EXIT, bytes(24), tid=0),
        "fork-of-itself": start() + record(FORK, struct.pack("<IIQII", TID, TID, 0x100, 0, 0)),
        "fork-of-a-child-known": start() + task() + record(FORK, struct.pack("<IIQII", 9, 9, 0x10f00, 0, 0)),
        "exec-from-no-thread": start() + record(EXEC, struct.pack("<IIQ", 99, 1, 0), chunk(PATH, b"x")),
        "region-ends-before-it-begins": start(mode=2) + task() + region(0x8000, 0x4000) + region(0, 2**64 - 1, flags=0),
        "region-of-nearly-all-memory": start(mode=2) + task(chunk(EXE, b"/bin/x")) + region(0x6000, 0x7fa34626e0000000, flags=0)
        + call(9, (0, 8192, 3, 0x22, -1, 0), 126887853319807),
        "region-at-the-end-of-memory": start() + task() + call(9, (2**64 - 4096, 8192, 3, 0x22, -1, 0), 2**63 - 1) + call(11, (0, 2**64 - 1), 0),
        "brk-below-heap": start() + task() + call(12, (2**63,), 2**63 - 1) + call(12, (1,), 1),
        "time-runs-backwards": start() + task() + record(EXIT, bytes(24), ts=1),
        "lost-more-than-counted": start() + record(LOST, struct.pack("<QII", 2**64 - 1, 9, 1), chunk(TEXT, NAMES["escape"])),
        "vector-cut-longer-than-64-bits": start() + task() + record(EXEC, struct.pack("<IIQ", TID, 4, 0), chunk(PATH, b"/x"), chunk(ARGV, b"a"),
            chunk(WHOLE, struct.pack("<Q", 2**64 - 1)), chunk(COUNT, struct.pack("<Q", 2**64 - 1))),
        "listener-connected-to-itself": start(mode=2) + task() + fd(3, S_IFSOCK, chunk(SOCK, listen))
        + call(41, (2, 1, 0), 4) + call(42, (4, 1, 16), 0, chunk(BYTES, host, arg=1)) + call(43, (3, 1, 2), 4, chunk(BYTES, host, arg=1, flags=AT_EXIT)),
        "no-start-no-end": call(3, (0,), 0),
        "start-twice": start() + task() + start(mode=4) + task(),
        "disk-of-no-name": start() + record(BLOCK, struct.pack("<QQQQQIiB7x", 2**64 - 1, 2**64 - 1, 1, 0, 0, 2**32 - 1, -5, 9) + b"\xff" * 32),
        "waker-of-no-end": start() + task() + record(SCHED, struct.pack("<QIIIB3x", 2**64 - 1, 0, 0, 9, 77) + b"\x1b" * 16),
        "page-order-of-255": start() + task() + record(FAULT, struct.pack("<Q", 2**64 - 1), flags=0xff01),
        "waits-in-no-call": start(mode=2) + task() + record(WAITING, struct.pack("<QIBBH6Q", 2**64 - 1, 0xffffffff, 9, 77, 0, *[2**64 - 1] * 6)),
        # a recording of a few KB unpacked to many strings of 1 MB
        "argument-longer-than-a-string": start() + task() + record(EXEC, struct.pack("<IIQ", TID, 2, 0), chunk(PATH, b"/x"), chunk(ARGV, b"a" * 5000)),
    }
    named = {f"name-{name}": start() + task(chunk(COMM, data[:15]), chunk(CWD, data)) + call(257, (-100, 1, 0), 3, chunk(BYTES, data, arg=1))
             + call(87, (1,), -2, chunk(BYTES, data, arg=0)) + record(EXIT, struct.pack("<iIQQ", 0, 0, 0, 0)) for name, data in NAMES.items()}
    return found | named


def sites():
    """Texts for the finder of places to patch: how many functions, for each the gap before it and its size, then the bytes."""
    call, ret, three, store = b"\x0f\x05", b"\xc3", b"\xb8\3\0\0\0", b"\x4c\x89\x5c\x24\x08"
    mov = three + call + ret

    def text(code, *funcs):
        return bytes([len(funcs)]) + b"".join(bytes(f) for f in funcs) + code

    return {
        "number-before": text(mov, (0, 8)),
        "padding-after": text(b"\x31\xc0" + call + ret + b"\x90" * 11, (0, 5)),
        "padding-in-a-loop": text(b"\x31\xc0" + call + b"\x89\xc3" + b"\x90" * 10 + b"\xeb\xf0", (0, 18)),
        "jump-into-the-number": text(b"\x74\2" + mov, (0, 10)),
        "jump-past-a-lock-prefix": text(b"\x74\1\xf0\x0f\xb1\x13" + mov, (0, 14)),
        "store-before": text(b"\x31\xc0" + store + call + ret, (0, 10)),
        "jump-into-the-store": text(b"\x74\1" + store + call + ret, (0, 10)),
        "store-after-a-number": text(three + store + call + ret, (0, 13)),
        "neighbour-jumps-back": text(mov + b"\x75\xf9" + ret, (0, 8), (0, 3)),
        "number-as-data": text(b"\xeb\7" + mov, (0, 10)),
        # found by fuzz-site: the last instruction of a function ends in the next one
        "instruction-over-the-end": text(b"\x50\x48\x81" + three + b"\5\1\2\3\xb8" + mov + ret * 6, (0, 3), (0, 18)),
        "function-beyond-the-text": text(mov, (15, 255), (15, 255)),
    }


def tables():
    """Unwind tables: which instruction (the highest bit: there is a header), then .eh_frame_hdr, or .eh_frame."""
    frame, text = 0x1014, 0x5000

    def entry(head, *parts):
        body = head + b"".join(parts)
        body += bytes(-len(body) % 8)
        return struct.pack("<I", len(body)) + body

    def table(code, letters=b"zR", header=True, pointers=0x03):
        cie = entry(struct.pack("<I", 0), b"\1", letters, b"\0\1\x78\x10\1", bytes([pointers]), b"\x0c\7\x08\x90\1")
        fde = entry(struct.pack("<I", len(cie) + 4), struct.pack("<II", text, 0x100), b"\0", code)
        where = frame if header else 0x1000
        head = struct.pack("<IiIii", 0x3b031b01, where - 0x1004, 1, text - 0x1000, where + len(cie) - 0x1000) if header else b""
        return struct.pack("<Q", (header << 63) | text + 0x50) + head + cie + fde + bytes(4)

    return {
        "framed": table(b"\x41\x0e\x10\x86\2\x43\x0d\6"),
        "one-by-one": table(b"\x41\x0e\x10\x86\2", header=False),
        "expressions": table(b"\x0f\x0b\x77\x08\x80\0\x3f\x1a\x3b\x2a\x33\x24\x22\x10\x10\2\x77\x18"),
        "signal": table(b"\x10\7\2\x77\x20", letters=b"zRS"),
        "long-expression": table(b"\x0f\xae\2\x77\x08" + b"\x96" * 300),
        "register-of-a-gigabyte": table(b"\5\xff\xff\xff\x7f\1" + b"\x0a" * 60),
        "remembers-without-end": table(b"\x0a" * 200),
        "number-without-end": table(b"\x0e" + b"\xff" * 100),
    }


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus")
    for target, inputs in {"text": text(), "query": query(), "decode": decode(), "recording": frames(),
                           "records": streams(), "site": sites(), "cfi": tables()}.items():
        (root / target).mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (root / target / name).write_bytes(data)
        print(f"{target}: {len(inputs)}")


if __name__ == "__main__":
    main()
