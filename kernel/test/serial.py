#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is typed arrives by every kind of serial port: those whose interrupt is known, and one on PCI,
which the kernel looks at from time to time. The debug console answers on the same port. Last line:
"serial: N passed, N failed". Exit: 0, 1 something is missing, 64, 66, 69 as boot.py's others."""

import os
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import monitor  # noqa: E402

ANSWER_S = 30  # on a busy host
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


def main(arguments):
    images, status = monitor.images_read("serial.py", "Types at each kind of serial port.", arguments)
    if status:
        return status
    directory, good = tempfile.mkdtemp(prefix="tach-serial-"), 0
    try:
        for port in PORTS:
            try:
                right = answers(directory, images, port)
            except monitor.Trouble as bad:
                right = print(bad)
            good += bool(right)
            if not right:
                print("FAIL " + port)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("serial: %d passed, %d failed" % (good, len(PORTS) - good))
    return 0 if good == len(PORTS) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
