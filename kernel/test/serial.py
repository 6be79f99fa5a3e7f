#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is typed arrives by every kind of serial port: those whose interrupt is known, and one on PCI,
which the kernel looks at from time to time. The debug console answers on the same port. And a reader
that pauses, as any does on a busy host, loses nothing. Last line: "serial: N passed, N failed". Exit: 0, 1 something is missing, 64, 66, 69 as boot.py's others."""

import os
import shutil
import socket
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import monitor  # noqa: E402

ANSWER_S = 30  # on a busy host
PAUSE_S = 1.5  # less than the waits of loader and kernel, which are three seconds at least
LINE = "socket,id=line,path=%s,server=on,wait=off"
PORTS = {"com1": ["-device", "isa-serial,index=0,chardev=line"],
         "com2": ["-device", "isa-serial,index=1,chardev=line"],
         "com4": ["-device", "isa-serial,index=3,chardev=line"],
         "pci": ["-device", "pci-serial,chardev=line"]}


def answers(directory, images, port):
    """Whether the console at that port says what it is asked."""
    path = os.path.join(directory, "line-" + port)
    extra = ["-chardev", LINE % path] + PORTS[port]
    words = "pti=on " + ("" if port == "pci" else "serial=" + port)
    with monitor.Machine(directory, words, images, extra, "pc", own_serial=True) as m:
        line, seen = monitor.connect(path, m.child), b""
        line.settimeout(ANSWER_S)
        try:
            # a prompt that came before the line was connected is lost: the first key brings another
            for typed, wanted in ((b"\r", b"> "), (b"boot\r", b"pti=on"), (b"\r", b"> ")):
                line.sendall(typed)
                while wanted not in seen:
                    piece = line.recv(4096)
                    if not piece:
                        return False
                    seen += piece
                seen = seen.split(wanted, 1)[1]
            return True
        except TimeoutError:
            return False
        finally:
            line.close()


def pauses(directory, images):
    """Whether all of a boot arrives whose reader pauses, at its start and in the midst of the kernel's text."""
    path = os.path.join(directory, "reader")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        extra = ["-chardev", "socket,id=line,path=" + path, "-device", "isa-serial,index=0,chardev=line"]
        with monitor.Machine(directory, "pti=on test=start", images, extra, "pc", own_serial=True) as m:
            line, said, pauses_at = server.accept()[0], b"", [1, 600]
            line.settimeout(ANSWER_S)
            while piece := line.recv(256):  # little: an emulator's socket holds some hundred bytes
                said += piece
                if pauses_at and len(said) >= pauses_at[0]:
                    pauses_at.pop(0)
                    time.sleep(PAUSE_S)
            line.close()
            wanted = (b"loader: multiboot", b"start: ", b" passed, 0 failed", b"tach: exit 16 PASS")
            return m.end() == 33 and not pauses_at and all(text in said for text in wanted)


def main(arguments):
    images, status = monitor.images_read("serial.py", "Types at each kind of serial port.", arguments)
    if status:
        return status
    directory, good = tempfile.mkdtemp(prefix="tach-serial-"), 0
    cases = {port: lambda port=port: answers(directory, images, port) for port in PORTS}
    cases["pauses"] = lambda: pauses(directory, images)
    try:
        for name, case in cases.items():
            try:
                right = case()
            except (monitor.Trouble, TimeoutError) as bad:
                right = print(bad)
            good += bool(right)
            if not right:
                print("FAIL " + name)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("serial: %d passed, %d failed" % (good, len(cases) - good))
    return 0 if good == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
