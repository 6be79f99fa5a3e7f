#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A serial port in memory. No machine that QEMU makes of a PC has one, so its registers are here: a page
of memory that a PCI device shows to the guest, and watchpoints by which each access of the loader and of
the kernel to the data and the status register stops the guest until this 16550 has acted.

What it holds its users to: the transmitter is asked before bytes are sent, one without a FIFO and at most
16 with it; rate, format and lines are set as on a port by ports; registers are one byte wide or four, and
nothing beside them is touched. Last line: "serial-memory: N passed, N failed". Exit: 0, 1 something
failed, 64 wrong arguments, 66 an image is missing, 69 no QEMU."""

import mmap
import os
import re
import shutil
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import monitor  # noqa: E402

BYTES = 1 << 20  # of the device's region
DIRECT_BASE = 0xFFFF800000000000
DATA, INTERRUPT, FIFO, LINE, MODEM, STATUS = range(6)
RECEIVED, ROOM, EMPTY, DIVISOR = 0x01, 0x20, 0x40, 0x80
FIFO_BYTES = 16
POLLS = 3  # looks at the status until the transmitter has sent what it had
FILL = 0x5A  # bytes that are no register
END_S = 60


class Uart:
    """A 16550 in the shared page; registers are 1 << shift bytes apart."""

    def __init__(self, path, shift, address=0):
        with open(path, "wb") as f:
            f.write(bytes([FILL]) * BYTES)
        with open(path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), BYTES)
        self.path, self.shift, self.address = path, shift, address
        self.sent, self.rates, self.faults = bytearray(), [], []
        self.pending, self.polls, self.typed = 0, 0, bytearray()
        self.stuck_at = None  # after so many bytes it sends no more
        for register in range(8):
            self.set(register, 0)
        self.show()

    def get(self, register):
        return self.page[register << self.shift]

    def set(self, register, value):
        at = register << self.shift
        self.page[at:at + (1 << self.shift)] = value.to_bytes(1 << self.shift, "little")

    def stuck(self):
        return self.stuck_at is not None and len(self.sent) >= self.stuck_at

    def show(self):
        """What the next access finds."""
        busy = self.pending or self.stuck()
        self.set(STATUS, (0 if busy else ROOM | EMPTY) | (RECEIVED if self.typed else 0))
        self.set(DATA, self.typed[0] if self.typed else 0)

    def written(self):
        """The data register was written."""
        value = self.get(DATA)
        if self.get(LINE) & DIVISOR:
            self.rates.append(value)
            return
        self.sent.append(value)
        self.pending, self.polls = self.pending + 1, 0
        if self.pending > (FIFO_BYTES if self.get(FIFO) & 0xC1 == 0xC1 else 1):
            self.faults.append("byte %d: the transmitter was full" % len(self.sent))
        self.show()

    def read(self):
        """The data register was read."""
        if self.typed and not self.get(LINE) & DIVISOR:
            del self.typed[0]
        self.show()

    def asked(self):
        """The status was read."""
        self.polls += 1
        if self.polls >= POLLS:
            self.pending = 0
        self.show()

    def type(self, text):
        self.typed += text
        self.show()

    def untouched(self):
        """Whether all but the registers is as it was."""
        end = 8 << self.shift
        return self.page[end:4096] == bytes([FILL]) * (4096 - end)

    def text(self):
        return bytes(self.sent).decode(errors="replace").replace("\r", "")


def device(path):
    return ["-object", "memory-backend-file,id=page,share=on,mem-path=%s,size=%d" % (path, BYTES),
            "-device", "ivshmem-plain,memdev=page"]


def address_find(directory, images, path):
    """Where the firmware of that machine puts the region."""
    with monitor.Machine(directory, "test=start", images, device(path), "pc") as m:
        m.wait_for("loader: multiboot")
        found = re.search(r"BAR2: .*memory at 0x([0-9a-f]+)", m.monitor("info pci"))
    if not found:
        raise monitor.Trouble("no region of the device in `info pci`")
    return int(found.group(1), 16)


def serve(stub, uart, until):
    """Lets the guest run until it ends, or until(): what it reads and writes is the model's."""
    limit, looks = time.monotonic() + END_S, True
    while not until():
        if time.monotonic() > limit:
            raise monitor.Trouble("no end within %d s; sent so far: %s" % (END_S, uart.text()[-300:]))
        try:
            stop = stub.ask("c")
        except (monitor.Trouble, ConnectionError):
            return  # the emulator has ended
        hit = re.search(r"(r?)watch:([0-9a-f]+)", stop)
        if not hit:
            if stop.startswith("W"):
                return
            raise monitor.Trouble("stopped by " + stop)
        register = (int(hit.group(2), 16) & 0xFFF) >> uart.shift
        if register == STATUS:
            uart.asked()
        elif register != DATA:
            uart.faults.append("register %d was read" % register)
        elif hit.group(1):
            uart.read()
        else:
            uart.written()
        if looks and uart.stuck():  # a million of them are not worth a stop each
            watch(stub, uart, "z", "3", STATUS)
            looks = False


def watch(stub, uart, command, kind, register):
    """Sets (Z) or removes (z) a watchpoint on writes (2) or reads (3), where loader and kernel see it: on the
    register's last byte, which an access that is too narrow does not touch."""
    at = uart.address + ((register + 1) << uart.shift) - 1
    for base in (0, DIRECT_BASE):
        if stub.ask("%s%s,%x,1" % (command, kind, base + at)) != "OK":
            raise monitor.Trouble("no watchpoint")


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, what):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print("FAIL " + what)


def run(directory, images, uart, words, until=lambda: False):
    """A boot by that port, to its end or until(); the emulator's status, None if it still ran."""
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, "gdb")
    extra = device(uart.path) + ["-S", "-gdb", "unix:%s,server=on,wait=off" % path]
    with monitor.Machine(directory, words, images, extra, "pc", own_serial=True) as m:
        stub = monitor.Stub(path, m.child)
        stub.ask("?")
        # Nobody reads the other two but by an access that is too wide: QEMU makes aligned ones of it, and of
        # several watchpoints that one touches tells the last.
        for kind, register in (("2", DATA), ("3", DATA), ("3", STATUS), ("3", DATA + 1), ("3", STATUS - 1)):
            watch(stub, uart, "Z", kind, register)
        serve(stub, uart, until)
        return None if until() else m.end()


def sends(c, place, images, name, shift, address):
    """A whole boot: loader and kernel, to the last byte."""
    uart = Uart(os.path.join(place, "page"), shift, address)
    status = run(os.path.join(place, name), images, uart,
                 "pti=on serial=%s:0x%x baud=57600 test=start" % (name, address))
    said = uart.text()
    c.check(status == 33, "%s: status %s; %s" % (name, status, said[-400:]))
    for line in (r"^loader: multiboot 1, .*, serial 0x%x, 57600$" % address,
                 r"^uart: memory%s 0x%x, 57600 baud, FIFO of 16, by boot word$"
                 % (" \\(4 bytes each\\)" if shift else "", address),
                 r"^start: [1-9][0-9]* passed, 0 failed$", r"^tach: exit 16 PASS: all is well$"):
        c.check(re.search(line, said, re.M), "%s: no line %s in %s" % (name, line, said))
    c.check(uart.rates == [2, 2], "%s: divisors %s" % (name, uart.rates))
    c.check(uart.get(LINE) == 3 and uart.get(MODEM) == 3, "%s: line %x, modem %x" %
            (name, uart.get(LINE), uart.get(MODEM)))
    c.check(not uart.faults, "%s: %s" % (name, uart.faults[:3]))
    c.check(uart.untouched(), name + ": bytes beside the registers were written")


def receives(c, place, images, shift, address):
    """The console, typed to."""
    uart = Uart(os.path.join(place, "page"), shift, address)
    asked = []

    def until():
        if not asked and uart.text().endswith("> "):
            uart.type(b"boot\r")
            asked.append(len(uart.sent))
        return asked and b"\nirq: " in uart.sent[asked[0]:] and uart.text().endswith("> ")

    status = run(os.path.join(place, "typed"), images, uart, "pti=on serial=mmio32:0x%x" % address, until)
    answer = uart.text()[asked[0] if asked else 0:]
    c.check(status is None and "pti=on serial=mmio32:" in answer, "typed: status %s; %s" % (status, uart.text()[-300:]))
    c.check(not uart.faults and uart.untouched(), "typed: %s" % uart.faults[:3])


def sticks(c, place, images, address):
    """A transmitter that stops for good in the middle of the kernel's text: the boot goes on without it."""
    uart = Uart(os.path.join(place, "page"), 0, address)
    uart.stuck_at = 200
    status = run(os.path.join(place, "stuck"), images, uart, "pti=on serial=mmio:0x%x test=start" % address)
    c.check(status == 33, "stuck: status %s; %s" % (status, uart.text()[-300:]))
    c.check(200 <= len(uart.sent) <= 200 + FIFO_BYTES, "stuck: %d bytes" % len(uart.sent))


def main(arguments):
    images, status = monitor.images_read("serial_memory.py", "A serial port in memory.", arguments)
    if status:
        return status
    c, place = Checks(), tempfile.mkdtemp(prefix="tach-serial-memory-")
    try:
        Uart(os.path.join(place, "page"), 0)
        address = address_find(place, images, os.path.join(place, "page"))
        sends(c, place, images, "mmio", 0, address)
        sends(c, place, images, "mmio32", 2, address)
        receives(c, place, images, 2, address)
        sticks(c, place, images, address)
    except (monitor.Trouble, OSError) as bad:
        c.check(False, str(bad))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print("serial-memory: %d passed, %d failed" % (c.passed, c.failed))
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
