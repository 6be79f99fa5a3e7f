#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The text screen, written by a guest program through req_sys_mem, as somebody in front of the
machine sees it: a screendump in which every cell shows the same letter. Last line: "screen: N
passed, N failed". Exit: 0, 1 something differs, 64 wrong arguments, 66 an image is missing, 69 no
QEMU."""

import collections
import os
import re
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import monitor  # noqa: E402
import shows  # noqa: E402

COLUMNS, ROWS = 80, 25
CELL = 0x1F41  # an A, white on blue
CURSOR = 1     # cells that the cursor may cover


def picture(machine, directory):
    """(width, height, rows of pixels) of a screendump."""
    name = os.path.join(directory, "screen.ppm")
    machine.execute("screendump", filename=name)
    with open(name, "rb") as f:
        kind, width, height, _, pixels = re.fullmatch(
            rb"(P6)\s+(\d+)\s+(\d+)\s+(\d+)\s(.*)", f.read(), re.DOTALL).groups()
    width, height = int(width), int(height)
    return width, height, [pixels[3 * width * y:3 * width * (y + 1)] for y in range(height)]


def cells(width, height, rows):
    """How often each picture of a cell is there."""
    w, h = width // COLUMNS, height // ROWS
    seen = collections.Counter()
    for y in range(ROWS):
        for x in range(COLUMNS):
            seen[b"".join(rows[y * h + i][3 * w * x:3 * w * (x + 1)] for i in range(h))] += 1
    return seen


def look(directory, images):
    """What is wrong, a line each."""
    wrong = []
    with monitor.Machine(directory, "pti=on test=screen", images, ("-vga", "std"), "pc") as m:
        m.wait_for("screen: written")
        words = re.findall(r"0x([0-9a-f]{4})\b", m.monitor("xp /2000hx 0xb8000"))
        if [int(w, 16) for w in words] != [CELL] * (COLUMNS * ROWS):
            wrong.append("the memory at 0xb8000 is not %d times %04x" % (COLUMNS * ROWS, CELL))
        seen = cells(*picture(m, directory)).most_common(1)[0]
    if seen[1] < COLUMNS * ROWS - CURSOR:
        wrong.append("only %d cells show the same" % seen[1])
    colours = {seen[0][i:i + 3] for i in range(0, len(seen[0]), 3)}
    if len(colours) != 2 or not any(b > r + 64 for r, _, b in colours):
        wrong.append("colours of a cell: %s" % sorted(c.hex() for c in colours))
    return wrong


def main(arguments):
    images, status = monitor.images_read("screen.py", "Looks at the text screen from outside.",
                                         arguments)
    if status:
        return status
    directory = tempfile.mkdtemp(prefix="tach-screen-")
    try:
        wrong = look(directory, images)
    except monitor.Trouble as bad:
        wrong = [str(bad)]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for line in wrong:
        print("FAIL " + line)
    print(shows.line("T35", not wrong, 3, "an A in each cell of the text screen"))
    print("screen: %d passed, %d failed" % (3 - len(wrong[:3]), len(wrong)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
