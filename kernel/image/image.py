#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""image.py OUT: the bootable image of the present build, and its menu.

Last line: what was made. Exit: 0, 64 wrong arguments, 66 an input is missing, 69 no grub-mkrescue,
65 a bad matrix. Run from the root by `make iso`."""

import os
import sys

sys.dont_write_bytecode = True

import menu  # noqa: E402
import rescue  # noqa: E402

FILES = {name: "build/" + name for name in ("loader.elf", "kernel.elf", "initfs.img")}
MATRIX = "bench/matrix.cfg"


def make(out):
    with open(MATRIX, encoding="ascii") as f:
        text = menu.menu(f.read())
    rescue.make(FILES, text, out)
    print("  %s: %d KiB, for a CD, a USB stick or an emulator; BIOS and EFI" %
          (out, os.path.getsize(out) >> 10))


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: image.py OUT", file=sys.stderr)
        return 64
    try:
        make(arguments[0])
    except OSError as bad:
        print("image.py: %s: %s" % (bad.filename, bad.strerror), file=sys.stderr)
        return 66
    except rescue.Unavailable as bad:
        print("image.py: %s" % bad, file=sys.stderr)
        return 69
    except (menu.BadMatrix, ValueError) as bad:
        print("image.py: %s: %s" % (MATRIX, bad), file=sys.stderr)
        return 65
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
