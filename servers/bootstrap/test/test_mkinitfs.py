#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mkinitfs from the outside: the layout of a blob, equal bytes for equal input, and for each wrong
input one line, its exit code, and the old output untouched. Usage: test_mkinitfs.py MKINITFS.
Last line: "mkinitfs: N passed, N failed"."""

import os
import struct
import subprocess
import sys
import tempfile
import zlib

PAGE = 4096
RX, R, RW = 5, 4, 6
results = []


def expect(good, what):
    results.append(bool(good))
    if not good:
        print("not so: " + what)


def bootstrap(segments, entry=0x2004):
    """An ELF file of (flags, address, bytes) segments."""
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, entry, 64, 0, 0, 64, 56,
                       len(segments), 0, 0, 0)
    at, heads, body = 64 + 56 * len(segments), b"", b""
    for flags, address, data in segments:
        heads += struct.pack("<IIQQQQQQ", 1, flags, at + len(body), address, address, len(data),
                             len(data) + 100, PAGE)
        body += data
    return head + heads + body


GOOD = [(RX, 0x2000, b"text" * 5), (R, 0x3000, b"rodata"), (RW, 0x4000, b"data" * 2000)]


class Bench:
    """A directory with files, and the tool to run in it."""

    def __init__(self, tool, directory):
        self.tool, self.directory = tool, directory

    def put(self, name, data):
        with open(os.path.join(self.directory, name), "wb") as f:
            f.write(data)

    def get(self, name):
        with open(os.path.join(self.directory, name), "rb") as f:
            return f.read()

    def run(self, *arguments):
        return subprocess.run([self.tool] + list(arguments), cwd=self.directory, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def refused(self, code, text, *arguments):
        done = self.run(*arguments)
        line = done.stderr.decode()
        expect(done.returncode == code and text in line and line.count("\n") == 1 and
               line.startswith("mkinitfs: "), "%s: %d %r" % (arguments, done.returncode, line))


def layout_check(bench):
    members = ["etc/rc=rc", "bin/init=init", "bin/a=empty:444", "x=init:555", "a:b=odd:name"]
    bench.put("rc", b"null\nzero\n")
    bench.put("init", bytes(range(256)) * 40)
    bench.put("empty", b"")
    bench.put("odd:name", b"colon")
    expect(bench.run("-o", "out", "-b", "boot", *members).returncode == 0, "good input")
    blob = bench.get("out")
    magic, version, head, size, entry, image, image_size, crc, text, rodata, data, end = \
        struct.unpack_from("<QIIQQQQIIIII", blob)
    expect((magic, version, head, size) == (0x5346494843415431, 1, 72, len(blob)), "header")
    expect(len(blob) % PAGE == 0 and entry == 0x1004, "size and entry")
    expect((text, rodata, data, end) == (0x1000, 0x2000, 0x3000, 0x5000), "borders")
    expect(crc == zlib.crc32(blob[:48] + bytes(4) + blob[52:]), "CRC-32")
    expect(blob[0x1000:0x1014] == b"text" * 5 and blob[0x2000:0x2006] == b"rodata", "segments")
    expect(blob[0x3000 + 8000:0x5000] == bytes(0x2000 - 8000), "zeros behind the data")
    count, = struct.unpack_from("<I", blob, image)
    entries = [struct.unpack_from("<64sIIQQ", blob, image + 8 + 88 * i) for i in range(count)]
    names = [e[0].rstrip(b"\0").decode() for e in entries]
    expect(names == ["a:b", "bin/a", "bin/init", "etc/rc", "x"], "order: %s" % names)
    expect([e[1] for e in entries] == [0o444, 0o444, 0o555, 0o444, 0o555], "modes")
    expect(all(e[3] % 16 == 0 and e[3] + e[4] <= image_size for e in entries), "places")
    for e, source in zip(entries, ["odd:name", "empty", "init", "rc", "init"]):
        expect(blob[image + e[3]:image + e[3] + e[4]] == bench.get(source), "content of " + source)
    bench.run("-o", "again", "-b", "boot", *reversed(members))
    expect(bench.get("again") == blob, "the order of the arguments changes nothing")


def refusals_check(bench):
    bench.put("keep", b"older")
    keep = ["-o", "keep"]
    bench.put("moved", bootstrap([GOOD[0], (R, 0x2000, b"x"), GOOD[2]]))
    bench.put("order", bootstrap([GOOD[1], (RX, 0x8000, b"x" * 8), GOOD[2]], 0x8000))
    bench.put("two", bootstrap(GOOD[:2]))
    bench.put("low", bootstrap([(RX, 0x1000, b"text" * 5)] + GOOD[1:], 0x1004))
    bench.put("noise", os.urandom(3000))
    bench.put("short", bootstrap(GOOD)[:100])
    bench.put("big", bytes(16 << 20))
    bench.put("rwx", bootstrap([(7, 0x2000, b"text" * 5)] + GOOD[1:]))
    bench.refused(65, "segments overlap", *keep, "-b", "moved")
    bench.refused(65, "text (r-x), rodata (r--), data (rw-)", *keep, "-b", "order")
    bench.refused(65, "three segments", *keep, "-b", "two")
    bench.refused(65, "not linked as a bootstrap", *keep, "-b", "low")
    bench.refused(65, "ELF magic", *keep, "-b", "noise")
    bench.refused(65, "program headers", *keep, "-b", "short")
    bench.refused(65, "writable and executable", *keep, "-b", "rwx")
    bench.refused(65, "larger", *keep, "-b", "boot", "a=big")
    bench.refused(66, "No such file", *keep, "-b", "nowhere")
    bench.refused(66, "No such file", *keep, "-b", "boot", "a=nowhere")
    bench.refused(66, "not a regular file", *keep, "-b", "boot", "a=.")
    bench.refused(64, "are needed", "-b", "boot")
    bench.refused(64, "are needed", *keep)
    bench.refused(64, "PATH=FILE", *keep, "-b", "boot", "a")
    bench.refused(64, "PATH=FILE", *keep, "-b", "boot", "a=")
    bench.refused(64, "no leading slash", *keep, "-b", "boot", "/a=boot")
    bench.refused(64, "1 to 63 bytes", *keep, "-b", "boot", "a" * 64 + "=boot")
    bench.refused(64, "given twice", *keep, "-b", "boot", "a=boot", "a=two")
    bench.refused(64, "mode", *keep, "-b", "boot", "a=boot:777")
    bench.refused(73, "No such file", "-o", "no/where", "-b", "boot")
    bench.refused(73, "No space", "-o", "/dev/full", "-b", "boot")
    expect(bench.run("-x").returncode == 64, "unknown option")
    expect(b"Example" in bench.run("-h").stdout, "help")
    expect(bench.get("keep") == b"older" and "keep.new" not in os.listdir(bench.directory),
           "a failed run leaves the old output")


def main(arguments):
    if len(arguments) != 1:
        print("usage: test_mkinitfs.py MKINITFS", file=sys.stderr)
        return 64
    with tempfile.TemporaryDirectory(prefix="tach-mkinitfs-") as directory:
        bench = Bench(os.path.abspath(arguments[0]), directory)
        bench.put("boot", bootstrap(GOOD))
        layout_check(bench)
        refusals_check(bench)
    print("mkinitfs: %d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
