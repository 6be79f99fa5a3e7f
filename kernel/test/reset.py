#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The word end=reset: the machine starts anew after the last line of a boot, by whichever way it has.

Each machine knows one way that the one before lacks; a fault without handlers, the last resort, is
told apart by QEMU's log. Run from the root after `make`. Last line: the sum."""

import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import machines  # noqa: E402
import monitor  # noqa: E402
import seen  # noqa: E402

LIMIT_S = 120
IMAGES = ("build/loader.elf", "build/kernel.elf", "build/initfs.img")
INTERRUPTS = 0x200  # the flag
# machine, words, the last line's beginning, whether it takes a fault to reset it
ROWS = (
    ("isapc", "end=reset test=start", "tach: exit 16 PASS", False),  # the keyboard controller alone
    ("pc,i8042=off", "end=reset test=start", "tach: exit 16 PASS", False),  # the chipset alone
    ("q35", "pti=off end=reset colour=red", "tach: exit 62 CMDLINE", False),
    (machines.MICROVM, "end=reset test=start", "tach: exit 16 PASS", True),
)

results = []


def check(good, what):
    results.append(bool(good))
    if not good:
        print("FAIL " + what)


def guest(machine, words, directory, limit):
    """The exit status (None: it did not end), what the line said, QEMU's words about resets."""
    line, log = os.path.join(directory, "line"), os.path.join(directory, "log")
    command = ["qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-cpu", machines.CPU, "-m", "64M",
               "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-d", "cpu_reset",
               "-D", log, "-serial", "file:" + line, "-kernel", "build/loader.elf", "-initrd",
               "build/kernel.elf,build/initfs.img", "-append", words]
    try:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=limit, check=False).returncode
    except subprocess.TimeoutExpired:
        status = None
    with open(line, encoding="latin-1") as f, open(log, encoding="latin-1") as g:
        return status, f.read(), g.read()


def stays(directory):
    """Whether the CPU, after the last line, has halted for good: no interrupt can wake it."""
    with seen.machine(directory, "test=start", [os.path.abspath(image) for image in IMAGES]) as m:
        m.wait_for("tach: exit 16 PASS")
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            registers = m.registers()
            if registers["HLT"] and not registers["RFL"] & INTERRUPTS:
                return True
            time.sleep(0.02)
    return False


def main():
    with tempfile.TemporaryDirectory(prefix="tach-reset-") as directory:
        for machine, words, last, fault in ROWS:
            status, text, log = guest(machine, words, directory, LIMIT_S)
            what = machine.split(",acpi", 1)[0]
            check(status == 0, "%s: no reset: status %s, said %r" % (what, status, text[-80:]))
            check(text.splitlines()[-1:] and text.splitlines()[-1].startswith(last), "%s: said %r" % (what, text[-80:]))
            check(("Triple fault" in log) == fault, "%s: reset by %s" % (what, "none" if fault else "a fault"))
        try:
            good = stays(directory)
        except (monitor.Trouble, OSError) as bad:
            good = print(bad)
        check(good, "a boot without the word stays where it is")
    print("reset: %d passed, %d failed" % (sum(results), len(results) - sum(results)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
