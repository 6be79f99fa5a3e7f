#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The debug console as a person meets it: a session on a pseudo terminal, command by command, then
hostile input, then three files of initfs: compared byte for byte with the archive on the host.
Last line: "console: N passed, N failed". Exit: 0 all passed, 1 not, 64, 66, 69 as monitor.py."""

import os
import random
import re
import select
import struct
import subprocess
import sys
import tempfile
import time
import tty

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "kernel/test"))
sys.dont_write_bytecode = True

import machines  # noqa: E402
import monitor  # noqa: E402

PROMPT = "\n> "
WAIT_S = 60
LINE_MAX = 127
FILES = ("etc/rc", "bin/svc-null", "bin/nameserver")

# A line, and what its answer must hold: regular expressions, each line by line.
SESSION = [
    ("", [r"\A\Z"]),
    ("   ", [r"\A\Z"]),
    ("help", [r"^ps +the tasks$", r"^mbox TID +", r"^peek ADDRESS +", r"^off \[pass\|fail\] +"]),
    ("help kill", [r"\Akill TID +end a task\n\Z"]),
    ("help nothing", [r"\Anothing: no such command; help lists them\n\Z"]),
    ("ps", [r"^1 bootstrap level 0 parent 0 threads 1 pages \d+ W\^X$", r"^2 nameserv", r"^3 console "]),
    ("schemes", [r"^debug kernel$", r"^initfs task \d+$", r"^name task 2$"]),
    ("svc", [r"^null linked\b", r"^ram server\b", r"^ram running tid \d+ restarts 0 "]),
    ("mem", [r"^free_pages [1-9]\d*$", r"^kernel_pages [1-9]\d*$"]),
    ("names", [r"\A\Z"]),
    ("counters", [r"^files [1-9]\d*$", r"^traps \d+$"]),
    ("boot", [r"^pti=on place.ram=server$", r"^uart: ports 0x3f8, 115200 baud, FIFO of 16, by default$",
              r"^apic: at 0xfee00000, number 0$", r"^tsc: \d+ Hz, by ", r"^timer: count of \d+ Hz \(this CPU has no ",
              r"^acpi: no root pointer$", r"^irq: I/O APIC at 0xfec00000, 24 pins, PIT at pin 2$"]),
    ("irq", [r"\d"]),
    ("mbox 2", [r"^receivers 1$", r"^senders 0$", r"^posts 0$", r"^notification 0$"]),
    ("mbox 9999", [r"\Asys:mbox/9999: no such task\n\Z"]),
    ("mbox x", [r"\Asys:mbox/x: invalid argument\n\Z"]),
    ("mbox", [r"\Ausage: mbox TID\n\Z"]),
    ("mbox 1 2", [r"\Ausage: mbox TID\n\Z"]),
    ("peek ffffffff80100000", [r"\Affffffff80100000 [0-9a-f]{16}\n(ffffffff801000[0-3][08] .*\n){7}\Z"]),
    ("peek 0xFFFF800000000000", [r"invalid argument"]),
    ("peek 1000", [r"invalid argument"]),
    ("peek ffff900000000000", [r"bad address"]),
    ("place null", [r"\Ausage: place NAME"]),
    ("place", [r"^moves \d+$"]),
    ("place nothing linked", [r"\Aplace: nothing: no such scheme"]),
    ("place ram nowhere", [r"\Aplace: nowhere: not linked, module or server\n\Z"]),
    ("place zero module", [r"\Aplace: zero: module\n\Z"]),
    ("svc", [r"^zero module\b"]),
    ("place zero server", [r"\Aplace: zero: server\n\Z"]),
    ("svc", [r"^zero server\b"]),
    ("place zero linked", [r"^place: zero: linked$"]),
    ("svc", [r"^zero linked\b"]),
    ("mitig", [r"^pti on$"]),
    ("mitig nothing on", [r"\Asys:mitig: nothing on: invalid argument\n\Z"]),
    ("mitig fence on", [r"\Asys:mitig: fence on: done\n\Z"]),
    ("mitig", [r"^fence on$"]),
    ("mitig fence off", [r"\Asys:mitig: fence off: done\n\Z"]),
    ("trace dump 3", [r"\A\d+ loader_done arg \w+ aux \w+ task \d+ thread \d+\n\d+ hal_entry .*\n.*\n\Z"]),
    ("trace on", [r"\Asys:trace: on: done\n\Z"]),
    ("trace dump 20", [r"^\d+ ph_entry arg", r"^\d+ ph_exit"]),
    ("trace off", [r"\Asys:trace: off: done\n\Z"]),
    ("trace", [r"\Ausage: trace on\|off\|dump \[N\]\n\Z"]),
    ("trace dump 0", [r"\Ausage: trace on\|off\|dump \[N\], N from 1 to 8192\n\Z"]),
    ("trace sideways", [r"\Ausage: trace"]),
    ("bench R0", [r"^R0 whole: median \d+ ticks for \d+ calls, [1-9]\d* samples$",
                  r"^\d+ ended with status 0$"]),
    ("bench R99", [r"^bench: R99: ", r"^\d+ ended with status 1$"]),
    ("cat initfs:/etc/rc", [r"^# initfs:/etc/rc: read by init"]),
    ("cat initfs:/nothing", [r"\Ainitfs:/nothing: no such name\n\Z"]),
    ("run initfs:/bin/test-address", [r"^address: [1-9]\d* passed, 0 failed$", r"ended with status 0$"]),
    ("run initfs:/bin/nothing", [r"\Ainitfs:/bin/nothing: no such name\n\Z"]),
    ("run initfs:/etc/rc", [r"^initfs:/etc/rc: not an executable$"]),
    ("run", [r"\Ausage: run PATH"]),
    ("run 1 2 3 4 5 6 7 8 9", [r"\Ausage: run PATH"]),
    ("kill 0", [r"\Akill: 0: not a TID; ps shows them\n\Z"]),
    ("kill 4095", [r"\Akill: 4095: no such task\n\Z"]),
    ("kill 99999999999", [r"not a TID"]),
    ("off maybe", [r"\Aoff: pass or fail, not maybe\n\Z"]),
    ("frobnicate", [r"\Afrobnicate: no such command; help lists them\n\Z"]),
]

ENDS = b"\r\n\x03"  # of a line

# Bytes as typed, and the lines that are seen after them: the echo, then the answer.
EDITED = [
    (b"memm\x7f\r", r"\Amemm\x08 \x08\nfree_pages "),
    (b"nonsense\x15mem\r", r"\x08 \x08mem\nfree_pages "),
    (b"half a line\x03", r"\Ahalf a line\^C\Z"),
    (b"\x08\x7f\x15boot\r\n", r"\Aboot\npti=on "),
    (b"bo\x00\x1b\x07\xff\x80ot\n", r"\Aboot\npti=on "),
    (b"x" * 5000 + b"\r", r"\Ax{%d}\nline too long: at most %d characters\n?\Z" % (LINE_MAX, LINE_MAX)),
    (b"mem" + b" " * 124 + b"\n", r"\Amem {124}\nfree_pages "),
    (b"y" * 300 + b"\x7f" * 300 + b"mem\r", r"mem\nfree_pages "),
    (bytes(c for c in range(256) if c not in ENDS) + b"\r", r": no such command"),
]

results = []


def expect(good, what):
    results.append(bool(good))
    if not good:
        print("not so: " + what)


class Session:
    """One QEMU whose serial line is a pseudo terminal of ours."""

    def __init__(self, directory, images, words):
        boot = machines.Boot(directory, images[0], list(images[1:]), "64M", words)
        command = machines.qemu(boot, machines.MICROVM, machines.kernel_arguments(boot))
        self.master, slave = os.openpty()
        tty.setraw(slave)
        command[command.index("-serial") + 1] = os.ttyname(slave)
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        self.slave = slave

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
        status = self.child.wait()
        os.close(self.master)
        os.close(self.slave)
        return status

    def read(self, end=PROMPT):
        """What comes, up to that end, which is taken off."""
        text, limit = "", time.monotonic() + WAIT_S
        while not text.endswith(end):
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise monitor.Trouble("no %r after %r" % (end, text[-300:]))
            text += os.read(self.master, 4096).decode("latin-1").replace("\r", "")
        return text[:-len(end)]

    def raw(self, end):
        """Bytes as they come, up to and with those."""
        data, limit = b"", time.monotonic() + WAIT_S
        while end not in data:
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise monitor.Trouble("no %r after %r" % (end, data[-300:]))
            data += os.read(self.master, 65536)
        return data

    def both(self, first, second):
        """Until both have come, in whatever order, a prompt behind the second, and nothing more for a moment."""
        data, limit = b"", time.monotonic() + WAIT_S
        while True:
            met = first in data and b"> " in data.partition(second)[2]
            if select.select([self.master], [], [], 0.5)[0]:
                data += os.read(self.master, 65536)
            elif met:
                return
            elif time.monotonic() > limit:
                raise monitor.Trouble("no %r and %r in %r" % (first, second, data[-300:]))

    def type(self, data, end=PROMPT):
        for at in range(0, len(data), 512):
            os.write(self.master, data[at:at + 512])
        return self.read(end)

    def ask(self, line):
        """The answer to one line, without its echo."""
        text = self.type(line.encode() + b"\r") + "\n"
        echo, _, answer = text.partition("\n")
        if echo != line:
            raise monitor.Trouble("echo %r of %r" % (echo, line))
        return answer


def archive_file(blob, path):
    image, = struct.unpack_from("<Q", blob, 32)
    count, = struct.unpack_from("<I", blob, image)
    for entry in range(image + 8, image + 8 + 88 * count, 88):
        if blob[entry:entry + 64].rstrip(b"\0").decode() == path:
            offset, size = struct.unpack_from("<QQ", blob, entry + 72)
            return blob[image + offset:image + offset + size]
    raise monitor.Trouble("no %s in the archive" % path)


def shown(rows, what, test):
    """Runs the test and prints what its checks show."""
    before, failed = len(results), results.count(False)
    test()
    checks, good = len(results) - before, results.count(False) == failed
    print("shows %s: %s, %d checks: %s" % (rows, "ok" if good and checks else "FAIL", checks, what))


def wait_for(session, line, wanted):
    """Asks until the answer holds what is wanted; what others print between may hide one answer."""
    for _ in range(50):
        if wanted in session.ask(line):
            return True
        time.sleep(0.1)
        session.type(b"\r")
    return False


def commands_try(session):
    for line, wanted in SESSION:
        answer = session.ask(line)
        for pattern in wanted:
            expect(re.search(pattern, answer, re.MULTILINE), "%r answers %r" % (line, answer[:400]))
    expect("kill: 2: done\n" in session.ask("kill 2"), "kill ends the nameserver")
    expect(wait_for(session, "ps", "4098 nameserv"), "and it comes back in its slot")


def editing_try(session):
    for typed, wanted in EDITED:
        seen = session.type(typed)
        expect(re.search(wanted, seen), "%r gives %r" % (typed[:40], seen[:400]))
    noise = random.Random(16)
    session.type(bytes(c for c in noise.randbytes(4000) if c not in ENDS) + b"\x03")
    expect("free_pages" in session.ask("mem"), "the console lives after noise")


def files_compare(session, blob):
    for path in FILES:
        rows = re.findall(r"^[0-9a-f]{8} ([0-9a-f]+)$", session.ask("hex initfs:/" + path), re.M)
        expect(bytes.fromhex("".join(rows)) == archive_file(blob, path), path + " is the host's")


def tach(*words):
    return subprocess.run([os.path.join(ROOT, "build/tach")] + list(words), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=WAIT_S, check=False)


def frames_session(directory, images):
    """The line carries frames: text is in some of them, what was measured in others."""
    session = Session(directory, images, "wire=frames")
    try:
        data = session.raw(b"init: argv[0]")
        for typed, end in ((b"ps\r", b"init level 0"), (b"bench R0\r", b"ended with status 0"),
                           (b"off pass\r", b"tach: exit 16 PASS")):
            os.write(session.master, typed)
            data += session.raw(end)
        expect(session.child.wait(WAIT_S) == 33, "off pass ends the machine")
        while select.select([session.master], [], [], 0.2)[0]:
            data += os.read(session.master, 65536)
    finally:
        session.end()
    line, capture = os.path.join(directory, "line"), os.path.join(directory, "capture")
    with open(line, "wb") as f:
        f.write(data)
    done = tach("collect", line, capture)
    expect(done.returncode == 0, "collect: " + done.stdout)
    text, frames = tach("dump", "--type", "TEXT", capture).stdout, tach("dump", "-b", capture).stdout
    expect("3 console level 0" in text and "R0 whole: median" in text, "text " + text[-300:])
    expect(" HIST " in frames and " END " in frames, "frames " + frames[-300:])
    expect("lost: 0 missing, 0 bad CRC, 0 bad COBS, 0 bad header" in frames, "sum " + frames[-200:])


def main(arguments):
    images, status = monitor.images_read("test_console.py", "A session with the debug console.",
                                         arguments)
    if status:
        return status
    with open(images[2], "rb") as f:
        blob = f.read()
    with tempfile.TemporaryDirectory(prefix="tach-console-") as directory:
        session = Session(directory, images, "pti=on place.ram=server")
        try:
            session.both(b"init: argv[0] initfs:/bin/init", b"tach console: help lists the commands")
            session.type(b"\r")
            wait_for(session, "svc", "ram running")  # init starts its server in silence
            shown("T16", "each command answers, or says what is wrong",
                  lambda: commands_try(session))
            shown("T16", "line editing, long lines, control bytes and noise",
                  lambda: editing_try(session))
            shown("V8", "three files of initfs: are the host's, byte for byte",
                  lambda: files_compare(session, blob))
            os.write(session.master, b"off pass\r")
            session.read("tach: exit 16 PASS: all is well\n")
            expect(session.child.wait(WAIT_S) == 33, "off pass ends the machine")
            shown("T16", "with wire=frames text and measurements share the line, and none is lost",
                  lambda: frames_session(directory, images))
        except (monitor.Trouble, OSError) as bad:
            expect(False, str(bad))
        finally:
            session.end()
    print("console: %d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
