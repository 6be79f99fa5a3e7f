#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The word limit=SECONDS: whatever a boot hangs in, it says where, ends with a failing code, and with
end=reset the machine starts anew, after a pause.

Images hang by a jump to itself: at the kernel's system calls, whose interrupts are off, or at the first
instruction of ring 3. A machine without an event timer hears its scheduler only. Time is counted in
instructions, so that no limit is over before the guest hangs; in the middle of a frame, which needs
gdb's stub, an NMI comes as if it were. Run from the root after `make`. Last line: the sum."""

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import machines  # noqa: E402
import monitor  # noqa: E402

ICOUNT = ["-icount", "shift=2,sleep=off"]
LOOP = b"\xeb\xfe"  # jmp to itself
RIP = 16  # of the stub's registers
BASE, ENTRY, CRC = 0x1000, 24, 48  # of the initfs header (kernel/abi/boot.h)
FAILED = machines.qemu_status(0x11)
LAST = "tach: exit 17 FAIL: a test or a service failed: limit= is over"
MACHINE_CHECK = "mce 0 1 0xbd00000000000000 0x5 0 0"
PAUSE_S = 10
TACH = os.path.join(ROOT, "build/tach")
results = []


def check(good, what):
    results.append(bool(good))
    if not good:
        print("FAIL " + what)
    return good


def file_copy(name, to, change):
    """A copy of an image with `change` made to its bytes; its path."""
    with open(name, "rb") as f:
        image = bytearray(f.read())
    change(image)
    with open(to, "wb") as f:
        f.write(image)
    return to


def kernel_hang(images, directory, symbol):
    """A kernel that hangs in that function, and where that is."""
    elf = monitor.Elf(images[1])
    address = elf.symbols[symbol]
    offset = next(address - s[3] + s[4] for s in elf.sections if s[1] == 1 and s[3] <= address < s[3] + s[5])

    def change(image):
        image[offset:offset + len(LOOP)] = LOOP

    return file_copy(images[1], os.path.join(directory, "kernel"), change), address


def program_hang(images, directory):
    """A blob whose bootstrap hangs at its first instruction, and where that is."""
    found = []

    def change(image):
        entry, = struct.unpack_from("<Q", image, ENTRY)
        found.append(BASE + entry)
        image[entry:entry + len(LOOP)] = LOOP
        image[CRC:CRC + 4] = bytes(4)
        struct.pack_into("<I", image, CRC, zlib.crc32(image))

    return file_copy(images[2], os.path.join(directory, "initfs"), change), found[0]


def boot(directory, words, images, machine):
    """(exit status, what was said) of a boot whose time is counted."""
    with monitor.Machine(directory, words, images, ICOUNT, machine) as m:
        return m.end(), m.said()


def ended(name, status, said, place):
    """The boot's last words, and its code."""
    lines = said.splitlines()
    check(status == FAILED, "%s: status %s" % (name, status))
    check(lines[-1:] == [LAST], "%s: the last line: %r" % (name, lines[-1:]))
    check(any(line.startswith("limit: no end within 1 s; ") and place in line for line in lines),
          "%s: no %r in %r" % (name, place, lines[-3:]))


def waits(directory, images):
    """Nobody runs, for ever: a console that nobody types at."""
    for machine, by in (("pc", "by an NMI"), (machines.MICROVM, "by the scheduler's timer")):
        status, said = boot(directory, "pti=on limit=1", images, machine)
        name = "waits, %s" % machine.split(",", 1)[0]
        ended(name, status, said, "ring 0, rip ")
        check("task nobody's\n" in said and "limit: 1 s, " + by in said, "%s: %r" % (name, said[-300:]))
        check("tach console" in said, name + ": not before its time")


def kernel_spins(directory, images):
    """With interrupts off, in a system call."""
    kernel, at = kernel_hang(images, directory, "core_syscall")
    for pti, machine in (("on", "q35"), ("off", "pc")):
        status, said = boot(directory, "pti=%s limit=1" % pti, (images[0], kernel, images[2]), machine)
        ended("kernel spins, pti=" + pti, status, said, "ring 0, rip %x, task bootstrap" % at)


def program_spins(directory, images):
    """In ring 3, where it could go on for ever."""
    initfs, at = program_hang(images, directory)
    for pti, machine in (("on", "pc"), ("off", "q35"), ("on", machines.MICROVM)):
        status, said = boot(directory, "pti=%s limit=1" % pti, (*images[:2], initfs), machine)
        ended("program spins, " + machine.split(",", 1)[0], status, said, "ring 3, rip %x, task bootstrap" % at)


def go_to(stub, address):
    text = stub.ask("g")
    stub.ask("G" + text[:16 * RIP] + address.to_bytes(8, "little").hex() + text[16 * RIP + 16:])


def reach(stub, address, times=1):
    """On to the instruction there, so often."""
    for _ in range(times):
        stub.ask("s")  # away from there
        stub.ask("Z0,%x,1" % address)
        if not stub.ask("c").startswith("T05"):
            raise monitor.Trouble("%x is never reached" % address)
        stub.ask("z0,%x,1" % address)


def cut(directory, words, images):
    """A boot that hangs in the middle of a frame; the path of what was sent."""
    path = os.path.join(directory, "gdb")
    extra = ["-S", "-gdb", "unix:%s,server=on,wait=off" % path]
    at = monitor.Elf(images[1]).symbols
    with monitor.Machine(directory, words, images, extra, "pc") as m:
        stub = monitor.Stub(path, m.child)
        stub.ask("?")
        for symbol, times in (("blob_check", 1), ("wire_send", 1), ("uart_put", 9)):
            reach(stub, at[symbol], times)
        unused = at["core_entry"]  # nobody goes there again
        for address, data in ((unused, LOOP), (at["ticks_left"], struct.pack("<Q", 1))):
            check(stub.ask("M%x,%x:%s" % (address, len(data), data.hex())) == "OK", "cut: written")
        go_to(stub, unused)
        stub.send("c")
        with contextlib.suppress(OSError, monitor.Trouble):  # it may end before it answers
            m.monitor("nmi")
        check(m.end() == FAILED, "cut: a failing code")
        return m.serial


def frame_cut(directory, images):
    """In the middle of a frame: the words come all the same, and are what the boot failed for."""
    words = "pti=off wire=frames bench=R0 limit=1000"
    status, _ = boot(directory, words, images, "pc")
    check(status == machines.qemu_status(0x10), "a boot within its limit passes")
    capture = shutil.copy(os.path.join(directory, "serial"), os.path.join(directory, "capture"))
    with open(cut(directory, words, images), "rb") as f, open(capture, "ab") as out:
        out.write(f.read())
    run = subprocess.run([TACH, "run", "--from", capture, "--out", os.path.join(directory, "run")],
                         capture_output=True, text=True, timeout=monitor.WAIT_S, check=False)
    wanted = "FAILED: exit FAIL: a test or a service failed; last text: limit: no end within 1000 s; ring 0, rip "
    check("boot-2 pti=off trace=off: " + wanted in run.stderr and "1 of 2 boots passed" in run.stderr,
          "cut: %r" % run.stderr[-600:])


def anew(directory, images):
    """With end=reset the machine starts anew behind the pause; a panic too, whose record is whole."""
    for words, monitor_line, last in (("limit=1 end=reset", None, LAST), ("end=reset", MACHINE_CHECK,
                                                                        "tach: exit 18 PANIC: kernel panic")):
        m = monitor.Machine(directory, "pti=on " + words, images, ("-d", "cpu_reset"), "pc")
        at = m.command.index("isa-debug-exit,iobase=0xf4,iosize=4")
        del m.command[at - 1:at + 1]
        with m:
            if monitor_line:
                m.wait_for("tach console")
                m.monitor(monitor_line)
            check(m.end() == 0, words + ": no reset")
            paused = time.time() - os.stat(m.serial).st_mtime  # since the last line
            check(paused >= PAUSE_S - 0.5, "%s: anew after %.1f s" % (words, paused))
            lines = m.said().splitlines()
        check(lines[-1:] == [last], "%s: the last line: %r" % (words, lines[-1:]))
        check(not monitor_line or sum(line.startswith("panic: ") for line in lines) > 8, "the whole record")


def stays(directory, images):
    """A boot that has ended stays so, where nothing ends or resets the machine, however long it stands there."""
    m = monitor.Machine(directory, "pti=on limit=30 test=start", images, ICOUNT, "pc")
    at = m.command.index("isa-debug-exit,iobase=0xf4,iosize=4")
    del m.command[at - 1:at + 1]
    with m:
        m.wait_for("tach: exit ")
        time.sleep(1)  # its clock jumps to whatever is still armed
        said = m.said()
    check(said.splitlines()[-1] == "tach: exit 16 PASS: all is well", "stays: %r" % said[-200:])


def main(arguments):
    images, status = monitor.images_read("limit.py", "Boots that never end, and their limit.", arguments)
    if status:
        return status
    directory = tempfile.mkdtemp(prefix="tach-limit-")

    def run(part):
        own = os.path.join(directory, part.__name__)
        os.mkdir(own)
        try:
            part(own, images)
        except (monitor.Trouble, OSError, subprocess.TimeoutExpired) as bad:
            check(False, "%s: %s" % (part.__name__, bad))

    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(run, (anew, waits, kernel_spins, program_spins, frame_cut, stays)))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("limit: %d passed, %d failed" % (sum(results), len(results) - sum(results)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
