#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usb.py IMAGE [DEVICE]: writes the image over a whole disk, and reads it back.

It never asks: it says what it does, or refuses. Refused are a partition, a disk of which anything
is mounted, swapped to or held by another device, one that is too small, and, unless FORCE=1 is in
the environment, one that is not removable. Nothing is opened for writing before all of that is
clear. Without DEVICE it says how to write. Exit: 0, 64 wrong arguments, 65 refused, 74 writing
failed. Run by `make usb`."""

import glob
import os
import stat
import sys

PIECE = 1 << 20


class Refused(Exception):
    """Why the device is not written to."""


def line_read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""


def lines_of(path):
    """Those of a file of the system, which must be readable: without it nothing can be known."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()
    except OSError as bad:
        raise Refused("%s: %s" % (path, bad.strerror)) from None


def in_use(disk, root, numbers):
    """What of the disk is mounted, swapped to, or part of another device; "" if nothing."""
    for line in lines_of(root + "/proc/self/mountinfo"):
        words = line.split()
        if len(words) > 4 and words[2] in numbers:
            return "%s is mounted at %s" % (numbers[words[2]], words[4])
    for line in lines_of(root + "/proc/swaps")[1:]:
        name = os.path.basename(line.split()[0])
        if name in numbers.values():
            return "%s is swap space" % name
    for holder in glob.glob(disk + "/holders/*") + glob.glob(disk + "/*/holders/*"):
        return "%s is built on it" % os.path.basename(holder)
    return ""


def check(device, bytes_needed, force, root=""):
    """A line that describes the disk; Refused if it must not be written to. root: the tests'."""
    try:
        status = os.stat(root + os.path.realpath(device))
    except OSError as bad:
        raise Refused(bad.strerror) from None
    name = os.path.basename(os.path.realpath(device))
    disk = os.path.realpath(root + "/sys/class/block/" + name)
    if not os.path.isdir(disk) or not (root or stat.S_ISBLK(status.st_mode)):
        raise Refused("not a disk")
    if os.path.exists(disk + "/partition"):
        raise Refused("a partition; name the whole disk, the image has partitions of its own")
    numbers = {line_read(d + "/dev"): os.path.basename(d)
               for d in [disk] + glob.glob(disk + "/" + name + "*")}
    used = in_use(disk, root, numbers)
    if used:
        raise Refused(used)
    size = int(line_read(disk + "/size") or 0) * 512
    if size < bytes_needed:
        raise Refused("%d bytes, the image has %d" % (size, bytes_needed))
    if line_read(disk + "/removable") != "1" and not force:
        raise Refused("not removable; FORCE=1 writes all the same")
    words = (line_read(disk + "/device/" + what) for what in ("vendor", "model"))
    return "%s, %d MB" % (" ".join(w for w in words if w.isprintable() and w) or "no name",
                          size // 1000000)


def write(image, device):
    """The image over the start of the device, then both compared as the medium has it."""
    with open(image, "rb") as f, open(device, "r+b", buffering=0) as d:
        for piece in iter(lambda: f.read(PIECE), b""):
            while piece:
                piece = piece[d.write(piece):]
        os.fsync(d.fileno())
        os.posix_fadvise(d.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with open(image, "rb") as f, open(device, "rb", buffering=0) as d:
        for piece in iter(lambda: f.read(PIECE), b""):
            back = b""
            while len(back) < len(piece):
                more = d.read(len(piece) - len(back))
                if not more:
                    break
                back += more
            if back != piece:
                raise OSError(5, "what was written reads back otherwise")


def main(arguments):
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print("usage: usb.py IMAGE [DEVICE]", file=sys.stderr)
        return 64
    image, device = arguments[0], "".join(arguments[1:])
    if not device:
        print("usb: %s is ready; `make usb DEVICE=/dev/sdX` writes it over that disk" % image)
        return 0
    try:
        size = os.path.getsize(image)
        what = check(device, size, os.environ.get("FORCE") == "1")
        print("usb: writing %s, %d bytes, over %s (%s)" % (image, size, device, what), flush=True)
        write(image, device)
    except Refused as why:
        print("usb: %s: %s; nothing was written" % (device, why), file=sys.stderr)
        return 65
    except OSError as bad:
        print("usb: %s: %s" % (bad.filename or device, bad.strerror), file=sys.stderr)
        return 74
    print("usb: done, read back and the same")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
