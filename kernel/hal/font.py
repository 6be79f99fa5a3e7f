#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""font.py OUT.c [FONT.pf2]: the screen's font, as a C table, taken from a font of the host.

The font is GNU Unifont as Debian's grub-common brings it (licence: GPL 2 or later with the font
embedding exception, or SIL OFL 1.1), so nothing of it is in the source tree: the table lies in
build/. The table has the characters 32 to 126, then a box for all others: 8 by 16 pixels each, one
byte a line, the leftmost pixel in the highest bit. PFF2 is described in GRUB's developer manual,
"PFF2 Font File Format". Exit: 0, 64 wrong arguments, 65 not such a font, 66 no font. Run by make."""

import os
import struct
import sys

FONT = "/usr/share/grub/unicode.pf2"
FIRST, LAST = 32, 126
WIDTH, HEIGHT = 8, 16
BOX = bytes(2) + b"\x7e" + b"\x42" * 10 + b"\x7e" + bytes(2)


class BadFont(Exception):
    """The file is not a font that fits; the text says why."""


def sections(data):
    """{name: body} of the file; DATA, the last one, is where offsets in the file lead."""
    found, at = {}, 0
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack_from(">I", data, at + 4)[0]
        if name == b"DATA":
            return found
        found[name] = data[at + 8:at + 8 + size]
        at += 8 + size
    raise BadFont("no glyphs")


def places(index):
    """{code: offset of its glyph in the file}."""
    entries = (struct.unpack_from(">IBI", index, at) for at in range(0, len(index) - 8, 9))
    return {code: offset for code, _, offset in entries}


def glyph(data, offset, ascent):
    """The 16 lines of a glyph, whose own box stands somewhere in the cell."""
    width, height, left, bottom, _ = struct.unpack_from(">HHhhh", data, offset)
    top = ascent - bottom - height
    if not (0 <= left and left + width <= WIDTH and 0 <= top and top + height <= HEIGHT):
        raise BadFont("a glyph is larger than %d by %d pixels" % (WIDTH, HEIGHT))
    bits = data[offset + 10:offset + 10 + (width * height + 7) // 8]
    lines = [0] * HEIGHT
    for i in range(width * height):
        if bits[i // 8] >> (7 - i % 8) & 1:
            lines[top + i // width] |= 0x80 >> (left + i % width)
    return bytes(lines)


def font_read(name):
    """The table, as a list of 96 glyphs of 16 bytes."""
    with open(name, "rb") as f:
        data = f.read()
    if data[:12] != b"FILE\0\0\0\4PFF2":
        raise BadFont("not a PFF2 font")
    try:
        parts = sections(data)
        where, ascent = places(parts[b"CHIX"]), struct.unpack(">H", parts[b"ASCE"])[0]
        return [glyph(data, where[code], ascent) for code in range(FIRST, LAST + 1)] + [BOX]
    except (KeyError, IndexError, struct.error) as bad:
        raise BadFont("damaged: %s" % bad) from None


def table(glyphs):
    lines = ",\n".join("    {" + ", ".join("0x%02X" % b for b in g) + "}" for g in glyphs)
    return ("/* made by kernel/hal/font.py */\n#include \"kernel/hal/font.h\"\n"
            "const uint8_t font_glyphs[FONT_GLYPHS][FONT_HEIGHT] = {\n" + lines + "};\n")


def main(arguments):
    if not 1 <= len(arguments) <= 2 or arguments[0].startswith("-"):
        print("usage: font.py OUT.c [FONT.pf2]", file=sys.stderr)
        return 64
    name = arguments[1] if len(arguments) == 2 else FONT
    try:
        text = table(font_read(name))
    except OSError as bad:
        print("font.py: %s: %s; Debian has this font in the package grub-common" %
              (name, bad.strerror), file=sys.stderr)
        return 66
    except BadFont as bad:
        print("font.py: %s: %s" % (name, bad), file=sys.stderr)
        return 65
    with open(arguments[0] + ".new", "w", encoding="ascii") as f:
        f.write(text)
    os.replace(arguments[0] + ".new", arguments[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
