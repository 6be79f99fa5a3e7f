#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NMIs at chosen instructions of the kernel's entries and exits, through QEMU's gdb stub.

A guest runs test=hazard. At each named place an NMI is injected after k single steps, for every k
of a range; it must be taken at exactly that instruction, be counted by the kernel, and change
nothing: the guest's own checks must all pass in the end. Hazard 7 is the window between SYSCALL and
the kernel's stack and root, hazard 8 an NMI on top of a #DB. Last line: "nmi: N passed, N failed".
Exit: 0, 1 something failed, 64 wrong arguments, 66 an image is missing, 69 no QEMU."""

import os
import re
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import monitor  # noqa: E402

STEP_EXACT, STEP_OPEN = "7", "1"  # gdb stub: hold interrupts back while stepping, or not
KERNEL_LINK = 0xFFFFFFFF80100000
# hazard, symbol, steps before the NMI; %d is the set of stubs in force. A place with .leave is
# there with isolation only.
PLACES = [(7, "entry_fast_%s", range(0, 14)), (7, "entry_fast_%s.leave", range(0, 4)),
          (7, "exit_tail", range(0, 3)), (7, "exit_iretq", range(0, 2)),
          (7, "trap_stub_%d_6", range(0, 12)), (7, "trap_stub_%d_14", range(0, 12)),
          (8, "trap_stub_%d_1", range(0, 20)), (7, "trap_user", range(0, 4))]


class Checks:
    def __init__(self):
        self.passed = self.failed = 0
        self.bad_hazards = set()

    def check(self, good, what, hazard=0):
        self.passed += bool(good)
        if not good:
            self.failed += 1
            self.bad_hazards.add(hazard)
            print("FAIL " + what)
        return good


def step(stub, mode):
    stub.ask("Qqemu.sstep=" + mode)
    stub.ask("s")


def inject(c, m, stub, symbols, place, steps):
    """One NMI; the guest stands at the next instruction afterwards. False: give up."""
    hazard, name = place
    address = symbols[name]
    stub.ask("Z0,%x,1" % address)
    stop = stub.ask("c")
    stub.ask("z0,%x,1" % address)
    if not c.check(stop.startswith("T05"), "%s is never reached: %s" % (name, stop), hazard):
        return False
    for _ in range(steps):
        step(stub, STEP_EXACT)
    before = stub.rip()
    m.monitor("nmi")
    at = before
    for _ in range(5):  # the request may interrupt the step before it has done anything
        if at == before:
            step(stub, STEP_OPEN)
            at = stub.rip()
    first = symbols["trap_stub_nmi"]
    return c.check(first <= at <= first + 2, "%s + %d steps (%x): NMI not taken there, rip %x"
                   % (name, steps, before, at), hazard)


def nmi_count(m, symbols):
    base = int(re.search(r"kernel \d+ KiB at 0x([0-9a-f]+)", m.said()).group(1), 16)
    text = m.monitor("xp/1gx 0x%x" % (base + symbols["trap_nmi_count"] - KERNEL_LINK))
    return int(text.split(":")[1], 16)


def run(c, directory, images, pti):
    symbols = monitor.Elf(images[1]).symbols
    path = os.path.join(directory, "gdb")
    extra = ["-S", "-singlestep", "-gdb", "unix:%s,server=on,wait=off" % path]
    injected = 0
    with monitor.Machine(directory, "pti=%s test=hazard" % pti, images, extra) as m:
        stub = monitor.Stub(path, m.child)
        stub.ask("?")
        for hazard, name, steps in PLACES:
            name = name.replace("%s", pti).replace("%d", "1" if pti == "on" else "0")
            for k in steps if name in symbols or not name.endswith(".leave") else ():
                if not inject(c, m, stub, symbols, (hazard, name), k):
                    return
                injected += 1
        stub.ask("Z0,%x,1" % symbols["hal_exit"])
        stop = stub.ask("c")
        if c.check(stop.startswith("T05"), "the guest never ends: " + stop, 7):
            count = nmi_count(m, symbols)
            c.check(count == injected, "%d NMIs counted, %d sent" % (count, injected), 7)
        stub.ask("z0,%x,1" % symbols["hal_exit"])
        stub.send("c")
        c.check(m.end() == 33, "the guest failed:\n" + m.said()[-600:], 7)


def main(arguments):
    images, status = monitor.images_read("nmi.py", "NMIs at chosen instructions of entries and exits.", arguments)
    if status:
        return status
    c = Checks()
    for pti in ("off", "on"):
        directory = tempfile.mkdtemp(prefix="tach-nmi-")
        try:
            run(c, directory, images, pti)
        except (monitor.Trouble, OSError) as bad:
            c.check(False, "pti=%s: %s" % (pti, bad), 7)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    for hazard in (7, 8):
        print("hazard %d: %s" % (hazard, "FAIL" if hazard in c.bad_hazards else "ok"))
    print("nmi: %d passed, %d failed" % (c.passed, c.failed))
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
