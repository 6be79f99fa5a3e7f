#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The screen, as somebody in front of the machine sees it: text cells read from the machine's memory.

The kernel's text is there as on the serial line, the loader's last words too, on red; a panic is seen
whatever a task did to the screen; a task that maps the text screen has it for itself. All by
multiboot 1; kernel/image/test/test_screen.py looks at the image. Last line: "screen: N passed, N
failed". Exit: 0, 1 something differs, 64 wrong arguments, 66 an image is missing, 69 no QEMU."""

import os
import shutil
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import machines  # noqa: E402
import monitor  # noqa: E402
import seen  # noqa: E402
import shows  # noqa: E402

CELL = 0x1F41  # an A, white on blue
HEAD = 2       # rows of the loader's line
MACHINE_CHECK = "mce 0 1 0xbd00000000000000 0x5 0 0"
QUIET_S = 0.5
results = []


def check(good, what):
    results.append(bool(good))
    if not good:
        print("FAIL " + what)
    return good


def urgent(rows, wanted):
    """Whether the text stands there, all of its row on red."""
    return any(wanted in row and set(colours[:len(row)]) == {seen.URGENT} for row, colours in rows)


def taken(directory, images):
    """A task writes an A into each cell; nobody writes there any more, but a panic."""
    before = len(results)
    with seen.machine(directory, "pti=on test=screen", images) as m:
        m.wait_for("screen: written")
        rows = seen.text(m)
        want = ("A" * seen.COLUMNS, bytes([CELL >> 8]) * seen.COLUMNS)
        check(rows == [want] * seen.ROWS, "an A in each cell of the text screen: %r" % (rows[:2],))
        width, height, lines = seen.picture(m)
        cell = [lines[y][:3 * width // seen.COLUMNS] for y in range(height // seen.ROWS)]
        check([row * seen.COLUMNS for row in cell] * seen.ROWS == lines, "all cells show the same")
        check(len({line[i:i + 3] for line in cell for i in range(0, len(line), 3)}) == 2,
              "in two colours")
        print(shows.line("T35", all(results[before:]), 3, "an A in each cell of the text screen"))
        m.monitor(MACHINE_CHECK)
        rows = seen.wait_for(m, seen.text, "tach: exit 18 PANIC")
    check(urgent(rows, "panic: machine check at "), "a panic's first line, on red")
    check(urgent(rows, "tach: exit 18 PANIC: kernel panic"), "and its last one")
    check(not any("A" * 9 in row for row, _ in rows), "the task's cells are gone")


def listed(directory, images):
    """The list of physical ranges has the text screen: its cells keep what is written there."""
    with seen.machine(directory, "pti=on test=sysmem", images) as m:
        m.wait_for("tach: exit ")
        said = m.said()
    good = check("sysmem: screen written" in said and ", 0 failed" in said, "sysmem: %r" % said[-200:])
    print(shows.line("T35", good, 3, "the text screen is written through its mapping"))


def heard(talk):
    """What is said up to a prompt behind which nothing comes; all of it is taken at once, as a line
    that is not read holds the guest up. Keys are typed until there is one."""
    said, limit = b"", time.monotonic() + monitor.WAIT_S
    while time.monotonic() < limit:
        try:
            piece = talk.recv(65536)
            if not piece:
                break
            said += piece
        except TimeoutError:
            if said.endswith(b"\n> "):
                return said.decode("ascii").replace("\r", "")
            if not said or said.endswith(b"\n"):
                talk.sendall(b"\r")
    raise monitor.Trouble("no prompt behind %r" % said[-80:])


def scrolled(directory, images):
    """More lines than the screen has: the last ones stand there as on the serial line."""
    path = os.path.join(directory, "line")
    line = ["-chardev", "socket,id=line,path=%s,server=on,wait=off" % path,
            "-device", "isa-serial,chardev=line"]
    with seen.machine(directory, "pti=on", images, line, own_serial=True) as m:
        talk = monitor.connect(path, m.child)
        talk.settimeout(QUIET_S)
        said = heard(talk)  # what was said before the connection is lost
        for command in ("ps", "boot", "xyz\b\b\bsvc", "counters"):
            talk.sendall(command.encode() + b"\r")
            said += heard(talk)
        rows = seen.text(m)
        talk.close()
    check("xyz\b \b\b \b\b \bsvc\n" in said, "backspaces were echoed")
    lines = seen.wrapped(said.replace("xyz\b \b\b \b\b \b", ""), seen.COLUMNS)
    shown = [row for row, _ in rows]
    check(shown[0].startswith("loader: multiboot 1, "), "the loader's line stays: %r" % shown[0])
    check(len(lines) > 2 * seen.ROWS, "only %d lines" % len(lines))
    check(shown[HEAD:] == lines[HEAD - seen.ROWS:],
          "the last lines: %r, not %r" % (shown[HEAD:], lines[HEAD - seen.ROWS:]))
    check({c for _, colours in rows for c in colours} == {seen.WHITE}, "white on black")


def started(directory, images):
    """Below the loader's line the boot words and what init says; with screen=off nothing."""
    with seen.machine(directory, "pti=on", images) as m:
        rows = [row for row, _ in seen.wait_for(m, seen.text, ">")]
    check(rows[0].startswith("loader: multiboot 1, ") and "cells at 0xb8000" in rows[1],
          "the loader's line: %r" % rows[:2])
    check(rows[HEAD] == "boot words: pti=on", "the boot words: %r" % rows[HEAD])
    with seen.machine(directory, "pti=on screen=off", images) as m:
        m.wait_for("tach console")
        check("screen 80x25" not in m.said(), "screen=off: no screen is told of")
        check(not any("loader" in r or "tach" in r for r, _ in seen.text(m)), "nor written to")


def died(directory, images):
    """Why the loader gave up, on red."""
    bad = [images[0], images[0], images[2]]  # the loader is no kernel
    with seen.machine(directory, "", bad) as m:
        rows = seen.wait_for(m, seen.text, "tach: exit 35")
        check(urgent(rows, "LOADER_ELF_CLASS: kernel: not 64-bit"), "not an ELF64 file")
    m = seen.machine(directory, "", images)
    m.command[m.command.index("64M")] = "6M"
    with m:
        rows = seen.wait_for(m, seen.text, "tach: exit 46")
        check(urgent(rows, "LOADER_MEMORY: too little memory"), "too little memory")
    m = seen.machine(directory, "", images)
    m.command[m.command.index(machines.CPU)] = "486"
    with m:
        rows = seen.wait_for(m, seen.text, "tach: exit 47")
        check(urgent(rows, "LOADER_CPU: the CPU lacks long mode"), "a CPU that can do nothing")


def main(arguments):
    images, status = monitor.images_read("screen.py", "Looks at the screen from outside.", arguments)
    if status:
        return status
    directory = tempfile.mkdtemp(prefix="tach-screen-")
    try:
        for part in (taken, listed, scrolled, started, died):
            own = os.path.join(directory, part.__name__)
            os.mkdir(own)
            try:
                part(own, images)
            except (monitor.Trouble, OSError) as bad:
                check(False, "%s: %s" % (part.__name__, bad))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("screen: %d passed, %d failed" % (sum(results), len(results) - sum(results)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
