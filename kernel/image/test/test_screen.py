#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the image of `make iso` shows on the screen: text cells under SeaBIOS and Bochs, pixels under
OVMF, read from a screendump by the font that they were drawn with.

Who has no cable sees which cells are measured and how the boot ended. Run from the root after
`make iso`. Last line: the sum. Exit: 0, 1 something differs."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path[:0] = ["kernel/test"]

import machines  # noqa: E402
import monitor  # noqa: E402
import seen  # noqa: E402

BOCHS_STEPS = 190000000  # instructions after which a boot of test=hold holds
BOCHS_S = 300  # a bound for what hangs
TEXT_MEMORY = 0xFFFF8000000B8000  # as the kernel sees it
IMAGES = ("", "", "")  # those in the image are what boots
results = []


def check(good, what):
    results.append(bool(good))
    if not good:
        print("FAIL " + what)
    return good


def measured(directory, medium, read):
    """Who has no cable sees which cells were measured, and how it ended."""
    words = "pti=on trace=off wire=frames bench=R0,D4/size:0/space:two"
    with seen.machine(directory, words, IMAGES, medium=medium) as m:
        rows = [row for row, _ in seen.wait_for(m, read, "tach: exit ")]
        if medium == "efi":
            colours = {c for _, attributes in read(m) for c in attributes}
            check(colours == {seen.WHITE}, "%s: white on black alone: %s" % (medium, colours))
    check(rows[0].startswith("loader: multiboot 2, "), "%s: the loader's line: %r" % (medium, rows[0]))
    for wanted in ("cell R0", "cell D4/size:0/space:two", "tach: exit 16 PASS: all is well"):
        check(wanted in rows, "%s: %r is not there: %r" % (medium, wanted, rows))


def listed(directory):
    """In a mode of pixels the list of physical ranges has no screen, and a task that maps the text mode's memory
    takes nothing away."""
    with seen.machine(directory, "pti=on test=sysmem", IMAGES, medium="efi") as m:
        rows = [row for row, _ in seen.wait_for(m, seen.pixels, "tach: exit ")]
    check("sysmem: pixels refused" in rows, "sysmem: %r" % rows)
    check("tach: exit 16 PASS: all is well" in rows, "sysmem passes, and is seen to: %r" % rows)


def bochs(directory):
    """Bochs runs so many instructions, then its debugger writes down the memory of the screen."""
    held = machines.Boot(directory, None, [], "32M", "pti=off test=hold")
    command = machines.bochs(held)
    name = os.path.join(directory, "vga.bochs")
    with open(os.path.join(directory, "bochs.rc"), "w", encoding="ascii") as f:
        f.write('s %d\nwritemem "%s" 0x%x %d\nq\n' %
                (BOCHS_STEPS, name, TEXT_MEMORY, 2 * seen.COLUMNS * seen.ROWS))
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=BOCHS_S, check=False)
    with open(name, "rb") as f:
        rows = [row for row, _ in seen.cells(f.read())]
    check(rows[0].startswith("loader: multiboot 2, "), "bochs: the loader's line: %r" % rows[0])
    check("hold: ready" in rows, "bochs: the test's line: %r" % rows)


def main():
    directory = tempfile.mkdtemp(prefix="tach-screen-")
    parts = {"bios": lambda d: measured(d, "bios", seen.text),
             "efi": lambda d: measured(d, "efi", seen.pixels), "listed": listed, "bochs": bochs}
    try:
        for name, part in parts.items():
            own = os.path.join(directory, name)
            os.mkdir(own)
            try:
                part(own)
            except (monitor.Trouble, machines.Unavailable, OSError,
                    subprocess.TimeoutExpired) as bad:
                check(False, "%s: %s" % (name, bad))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("image screen: %d passed, %d failed" % (sum(results), len(results) - sum(results)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
