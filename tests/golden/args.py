#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Arguments as JSON say the same as the text: each call's text is read with its JSON as the guide, to the last character.

usage: args.py DUMP RECORDING...

DUMP (args.c) prints both dialects of every call of a recording.  Prints TAP, one line a recording.
"""
import json
import pathlib
import re
import subprocess
import sys

NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|\d+)")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", "e": b"\x1b", "0": b"\0", '"': b'"', "\\": b"\\"}
# Fields that the text writes without their names, or under another.
SHORT = {"msg_name": "name=", "msg_iov": "iov=", "msg_len": "len=", "msg_control": "fds=", "iov_base": "", "iov_len": "",
         "aio_lio_opcode": "", "aio_fildes": "", "aio_nbytes": "", "aio_offset": ""}
STATUS = {"exited", "killed", "stopped", "continued"}


class Differs(Exception):
    pass


def no_twice(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise Differs(f"a name stands twice among {keys}")
    return dict(pairs)


def plain(text):
    """The bytes of a string of the text: a C literal."""
    return b"".join(bytes([int(m[1], 16)]) if m[1] else ESCAPES[m[2]] if m[2] else m[0].encode()
                    for m in re.finditer(r"\\x([0-9a-f]{2})|\\(.)|[^\\]+", text, re.S))


def original(text):
    """The bytes of a string of the JSON, as docs/values.md says."""
    return b"".join(bytes([int(m[1], 16)]) if m[1] else b"\\" if m[0] == "\\\\" else m[0].encode()
                    for m in re.finditer(r"\\x([0-9a-f]{2})|\\\\|[^\\]+", text, re.S))


def value_of(digits):
    sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
    base = 16 if digits.startswith("0x") else 8 if len(digits) > 1 and digits.startswith("0") else 10
    return sign * int(digits, base)


class Text:
    """The text from `at` on; what it takes has to be there."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def take(self, *choices):
        for choice in sorted(choices, key=len, reverse=True):
            if self.text.startswith(choice, self.at):
                self.at += len(choice)
                return choice
        raise Differs(f"expected {' or '.join(map(repr, choices))} at {self.text[self.at:self.at + 60]!r}")

    def has(self, word):
        if not self.text.startswith(word, self.at):
            return False
        self.at += len(word)
        return True

    def match(self, pattern, what):
        found = pattern.match(self.text, self.at)
        if not found:
            raise Differs(f"expected {what} at {self.text[self.at:self.at + 60]!r}")
        self.at = found.end()
        return found

    def number(self, want):
        found = value_of(self.match(NUMBER, f"the number {want}")[0])
        # an int of 32 bits that a table has as unsigned is negative in JSON
        if found != want and found != want + 2**64:
            raise Differs(f"{found} is not {want}")

    def literal(self, want, cut=False):
        found = plain(self.match(QUOTED, "a string")[1])
        if found != original(want):
            raise Differs(f"{found!r} is not {original(want)!r}")
        if self.has("…") != cut:
            raise Differs(f"{'' if cut else 'not '}cut behind {found!r}")

    def safe(self, want):
        """A name outside of quotes, up to where it ends."""
        for char in original(want).decode(errors="surrogateescape"):
            if not self.has(char):
                self.match(re.compile(r"\\(x[0-9a-f]{2}|.)"), f"{char!r}")


def take_flags(text, v):
    words = text.match(re.compile(r"[A-Za-z0-9_|]+"), "flags")[0].split("|")
    names = [word for word in words if not word[0].isdigit()]
    rest = sum(value_of(word) for word in words if word[0].isdigit())
    if names != v["names"] or rest != int(v.get("rest", 0)):
        raise Differs(f"{words} is not {v}")


def take_constant(text, v):
    name = v["name"]
    if name and (text.has(name) or text.has(name.removeprefix("IOCB_CMD_").lower())):
        return
    if found := re.compile(r"_IOC\(([A-Z_|]+), (\w+), (\w+), (\w+)\)").match(text.text, text.at):
        text.at = found.end()
        direction = {"_IOC_NONE": 0, "_IOC_WRITE": 1, "_IOC_READ": 2, "_IOC_READ|_IOC_WRITE": 3}[found[1]]
        kind, number, size = (value_of(word) for word in found.groups()[1:])
        if direction << 30 | size << 16 | kind << 8 | number != v["value"]:
            raise Differs(f"{found[0]} is not {v}")
    elif v["value"] == "0x0":
        text.take("NULL")
    else:
        text.number(int(v["value"], 0) if isinstance(v["value"], str) else v["value"])


def take_address(text, v):
    family = v["family"]
    if family == "AF_INET":
        text.take(f"{v['ip']}:{v['port']}")
    elif family == "AF_INET6":
        text.take(f"[{v['ip']}{'%' + str(v['scope']) if 'scope' in v else ''}]:{v['port']}")
    elif family == "AF_UNIX" and "path" in v:
        text.safe(v["path"])
    elif family == "AF_UNIX" and "abstract" in v:
        text.take("@")
        text.safe(v["abstract"])
    elif family == "AF_UNIX":
        text.take("unnamed", "unix")
    elif family == "AF_NETLINK":
        text.take(f"port {v['port_id']}" if v["port_id"] else "kernel")
    elif family == "AF_VSOCK":
        text.take(":".join("*" if word == 2**32 - 1 else str(word) for word in (v["cid"], v["port"])))
    elif family == "AF_PACKET":
        interface = f"if{v['interface']}" if v["interface"] else "any interface"
        text.take(f"{interface} 0x{v['protocol']:04x}{' ' + v['address'] if v['address'] else ''}")
    elif family == "AF_ALG":
        text.safe(v["algorithm"])
    else:
        text.take(family.removeprefix("AF_").lower() if family.startswith("AF_") else f"family {family}")
    if v.get("cut"):
        text.take("…")


def take_fd(text, v):
    if v.get("cwd"):
        text.take("AT_FDCWD")
        return
    text.number(v["fd"])
    if "file" not in v:
        return
    if not text.has("<"):
        raise Differs(f"nothing says that {v['fd']} is {v}")
    if "name" in v:
        text.safe(v["name"])
    elif "protocol" in v:
        text.take(v["protocol"])
        if "peer" in v or "local" in v:
            text.take(" " if "local" in v else " ← " if v.get("accepted") else " → ")
            take_address(text, v.get("peer", v.get("local")))
        else:
            text.match(re.compile(r"( socket:\[\d+\])?"), "a socket's number")
    else:
        text.match(re.compile(rf"{v['kind']}|fd \d+( of pid \d+)?|fd received[^>]*|file handle|\(name not readable\)"), f"a {v['kind']}")
    if v.get("deleted"):
        text.take(" (deleted)")
    text.take(">")


def take_status(text, v):
    text.take("[")
    if "exited" in v:
        text.take(f"exited {v['exited']}")
    elif "killed" in v:
        text.take(f"killed by {v['killed']}{', core dumped' if v['core'] else ''}")
    elif "continued" in v:
        text.take("continued")
    else:
        text.take(f"stopped by {v['stopped'] or v['value'] >> 8 & 255}")
        if "event" in v:
            text.take(f", {v['event'] or 'event ' + str(v['value'] >> 16)}")
    text.take("]")


def take_struct(text, v):
    text.take("{")
    for i, (key, inner) in enumerate(v.items()):
        if i:
            text.take(", ")
        if key == "more":
            text.take("…")
            continue
        text.take(SHORT.get(key, f"{key}="))
        take(text, inner)
    text.take("}")


def take_object(text, v):
    keys = set(v)
    if {"value", "names"} <= keys:
        take_flags(text, v)
    elif keys == {"value", "name"}:
        take_constant(text, v)
    elif keys == {"value", "name", "type"}:
        text.match(re.compile(rf"QCMD\(({v['name']}|0x[0-9a-f]+|0), ({v['type']}|0x[0-9a-f]+|0)\)"), "QCMD")
    elif keys == {"value", "type", "permissions"}:
        text.take(*([f"{v['type']}|"] if v["type"] else [""]))
        text.number(v["permissions"] if v["type"] else v["value"])
    elif keys == {"major", "minor"}:
        text.take(f"makedev({v['major']}, {v['minor']})", f"{v['major']}:{v['minor']}")
    elif keys & STATUS and isinstance(v.get("value"), int):
        take_status(text, v)
    elif "family" in keys:
        take_address(text, v)
    elif "fd" in keys and isinstance(v["fd"], int):
        take_fd(text, v)
    elif keys <= {"text", "cut"} or keys <= {"data", "size", "cut"} or keys <= {"bytes", "cut"}:
        text.literal(v.get("text", v.get("data", v.get("bytes"))), v.get("cut", False))
    elif keys <= {"address", "unreadable"}:
        text.number(int(v["address"], 16))
    elif keys == {"before", "after"}:
        take(text, v["before"])
        text.take(" → ")
        take(text, v["after"])
    else:
        take_struct(text, v)


def take_set(text, v):
    """Members of a set, also as ranges, or as what is missing."""
    cut = bool(v) and isinstance(v[-1], dict)
    v = v[:-1] if cut else v
    inverted = text.has("~")
    words = [word for word in re.split(r"[ ,]", text.match(re.compile(r"\[([^\]]*)\]"), "a set")[1]) if word]
    if v and isinstance(v[0], str):
        names = [word if word.startswith("RT_") or not word[0].isupper() else word for word in words]
        names = [f"SIG{name}" for name in names]
        ok = not set(names) & set(v) and len(names) + len(v) == 64 if inverted else names == v
    else:
        members = [n for word in words for first, _, last in [word.partition("-")] for n in range(int(first), int(last or first) + 1)]
        ok = members == v
    if not ok:
        raise Differs(f"{'~' if inverted else ''}{words} is not {v}")
    if cut:
        text.take("…")


def take_list(text, v):
    here = text.at
    if not v or isinstance(v[0], (int, str)):
        try:
            take_set(text, v)
            return
        except (Differs, ValueError):
            text.at = here
    text.take("[")
    for i, item in enumerate(v):
        if isinstance(item, dict) and set(item) == {"more"}:
            text.match(re.compile(rf"{', ' if i else ''}(…( [\d,]+ more)?|{item['more']} variables?)"), "more")
            continue
        if i:
            text.take(", ")
        take(text, item)
    text.take("]")


def take(text, v):
    boxed = not isinstance(v, list) and text.text.startswith("[", text.at) and not is_bracketed(v)
    if boxed:
        text.take("[")
    if v is None:
        text.take("NULL", "?", "…")
    elif isinstance(v, list):
        take_list(text, v)
    elif isinstance(v, dict):
        take_object(text, v)
    elif isinstance(v, int):
        text.number(v)
    elif re.fullmatch(r"0x[0-9a-f]+|\d+", v) and not text.text.startswith('"', text.at):
        text.number(int(v, 0))
    elif text.text.startswith('"', text.at):
        text.literal(v)
    else:
        text.take(v)        # an IP address
    if boxed:
        text.take("]")


def is_bracketed(v):
    """A value whose own text begins with a bracket."""
    if not isinstance(v, dict):
        return False
    return v.get("family") == "AF_INET6" or bool(({"before"} | STATUS) & set(v))


def compare(arguments, form):
    values = json.loads(form, object_pairs_hook=no_twice)
    text = Text(arguments)
    for i, value in enumerate(values.values()):
        if i:
            text.take(", ")
        take(text, value)
    if text.at != len(text.text):
        raise Differs(f"not in the JSON: {text.text[text.at:]!r}")


def judge(dump, recording):
    """What differs, and how many calls were compared."""
    done = subprocess.run([dump, recording], stdout=subprocess.PIPE, check=False)
    wrong = [] if done.returncode == 0 else [f"{dump} ended with {done.returncode}"]
    lines = done.stdout.decode().splitlines()
    for line in lines:
        name, arguments, form = line.split("\t")
        try:
            compare(arguments, form)
        except (Differs, ValueError, KeyError, TypeError) as error:
            wrong.append(f"{name}({arguments}): {form}: {error or type(error).__name__}")
    return wrong, len(lines)


def main():
    dump, *recordings = sys.argv[1:]
    print(f"1..{len(recordings)}")
    failed = 0
    for i, recording in enumerate(recordings, 1):
        wrong, n = judge(dump, recording)
        wrong = wrong or ([] if n else ["no call in it"])
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {i} {pathlib.Path(recording).stem}: {n} calls")
        for line in wrong[:20]:
            print(f"# {line[:600]}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
