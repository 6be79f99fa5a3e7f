# SPDX-License-Identifier: MIT
"""What somebody in front of a machine reads: the cells of its text mode, or its pixels by the font.

A Machine of monitor.py with a graphics card, which stays when the boot has ended, so that its screen
can be looked at. Used by screen.py."""

import functools
import os
import re
import sys
import time

import machines
import monitor

sys.path[:0] = [os.path.join(machines.ROOT, "kernel/hal")]

import font  # noqa: E402

COLUMNS, ROWS = 80, 25
WHITE, URGENT = 0x0F, 0x4F  # attributes of text cells
EXIT_DEVICE = "isa-debug-exit,iobase=0xf4,iosize=4"
INK, BLACK, RED = b"\xff\xff\xff", bytes(3), b"\xb0\0\0"


def machine(directory, words, images, extra=(), medium=None, own_serial=False):
    """Not started yet. medium: None for -kernel, "bios" or "efi" for the image of `make iso`."""
    m = monitor.Machine(directory, words, images, (), "pc", own_serial)
    if medium:
        boot = machines.Boot(directory, None, [], "256M" if medium == "efi" else "64M", words)
        cd = ["-cdrom", machines.iso(boot)]
        m.command = (machines.efi(boot, cd) if medium == "efi" else
                     machines.qemu(boot, "pc", cd)) + ["-qmp", "unix:%s,server=on,wait=off" % m.path]
    at = m.command.index(EXIT_DEVICE)
    del m.command[at - 1:at + 1]
    m.command += ["-vga", "std"] + list(extra)
    return m


def cells(memory):
    """(text, attributes) of each row of a text mode's memory."""
    pieces = [memory[i:i + 2 * COLUMNS] for i in range(0, 2 * COLUMNS * ROWS, 2 * COLUMNS)]
    return [(p[::2].decode("cp437").rstrip(), p[1::2]) for p in pieces]


def text(m):
    """The same of a running machine."""
    name = os.path.join(m.directory, "vga")
    m.execute("pmemsave", val=0xB8000, size=2 * COLUMNS * ROWS, filename=name)
    with open(name, "rb") as f:
        return cells(f.read())


def picture(m):
    """(width, height, rows of pixels) of a screendump."""
    name = os.path.join(m.directory, "screen.ppm")
    m.execute("screendump", filename=name)
    with open(name, "rb") as f:
        _, width, height, _, pixels = re.fullmatch(
            rb"(P6)\s+(\d+)\s+(\d+)\s+(\d+)\s(.*)", f.read(), re.DOTALL).groups()
    width, height = int(width), int(height)
    return width, height, [pixels[3 * width * y:3 * width * (y + 1)] for y in range(height)]


@functools.lru_cache(maxsize=None)  # most cells are blank, or were there a tenth of a second ago
def glyph(lines, paper):
    """The character in a cell, or a question mark; None where other colours are."""
    bits = []
    for line in lines:
        points = [line[i:i + 3] for i in range(0, 3 * font.WIDTH, 3)]
        if any(p not in (INK, paper) for p in points):
            return None
        bits.append(sum((0x80 >> i) for i, p in enumerate(points) if p == INK))
    return GLYPHS.get(bytes(bits), "?")


GLYPHS = {g: chr(font.FIRST + i) for i, g in enumerate(font.font_read(font.FONT)[:-1])}


def pixels(m):
    """(text, attributes) of each row of the screen as the font's glyphs show it."""
    width, height, lines = picture(m)
    rows = []
    for y in range(0, height - font.HEIGHT + 1, font.HEIGHT):
        line, attributes = "", b""
        for x in range(0, 3 * width, 3 * font.WIDTH):
            cell = tuple(lines[y + i][x:x + 3 * font.WIDTH] for i in range(font.HEIGHT))
            plain, urgent = glyph(cell, BLACK), glyph(cell, RED)
            line += plain or urgent or "\0"
            attributes += bytes([WHITE if plain else URGENT if urgent else 0])
        rows.append((line.rstrip(), attributes))
    return rows


def wait_for(m, read, wanted):
    """Rows of the screen once the text stands there."""
    limit = time.monotonic() + monitor.WAIT_S
    while True:
        rows = read(m)
        if any(wanted in row for row, _ in rows):
            return rows
        if time.monotonic() > limit or m.child.poll() is not None:
            raise monitor.Trouble("%r never stands on the screen, but %r" %
                                  (wanted, [row for row, _ in rows if row][-5:]))
        time.sleep(0.1)


def wrapped(said, columns):
    """Lines as a terminal of so many columns shows them."""
    return [line[i:i + columns].rstrip() for line in said.split("\n")
            for i in range(0, max(len(line), 1), columns)]
