# SPDX-License-Identifier: MIT
"""Damaged kernels and initfs blobs, one for each check of the loader and of the kernel.

KERNEL and INITFS name the damages; each is a function from good bytes to bad ones. boot.py applies
them for the words @kernel=NAME and @initfs=NAME of boot.cfg."""

import struct
import sys
import zlib


def put(data, offset, layout, value):
    out = bytearray(data)
    struct.pack_into("<" + layout, out, offset, value)
    return bytes(out)


def loads(data):
    """File offsets of the PT_LOAD program headers."""
    start, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    heads = [start + 56 * i for i in range(count)]
    return [h for h in heads if struct.unpack_from("<I", data, h)[0] == 1]


def field(data, segment, offset, layout):
    return struct.unpack_from("<" + layout, data, loads(data)[segment] + offset)[0]


def segment_put(data, segment, offset, layout, value):
    return put(data, loads(data)[segment] + offset, layout, value)


def entry_put(data, code):
    """Other instructions at the entry."""
    at = struct.unpack_from("<Q", data, ENTRY)[0] - field(data, 0, VADDR, "Q")
    at += field(data, 0, OFFSET, "Q")
    return data[:at] + code + data[at + len(code):]


FLAGS, OFFSET, VADDR, FILE_BYTES, BYTES = 4, 8, 16, 32, 40
ENTRY = 24
CRC = 48

KERNEL = {
    "magic": lambda d: put(d, 0, "B", 0x7E),
    "class": lambda d: put(d, 4, "B", 1),
    "endian": lambda d: put(d, 5, "B", 2),
    "type": lambda d: put(d, 16, "H", 3),
    "machine": lambda d: put(d, 18, "H", 183),
    "headers": lambda d: put(d, 32, "Q", len(d) - 8),
    "headers-far": lambda d: put(d, 32, "Q", 2**64 - 56),
    "no-segment": lambda d: put(d, 56, "H", 0),
    "short": lambda d: d[:63],
    "truncated": lambda d: d[:field(d, 0, OFFSET, "Q") + 1],
    "bounds": lambda d: segment_put(d, 0, OFFSET, "Q", 2**64 - 1),
    "address": lambda d: segment_put(d, 0, VADDR, "Q", 0x100000),
    "address-end": lambda d: segment_put(d, -1, BYTES, "Q", 2**63),
    "align": lambda d: segment_put(d, 0, VADDR, "Q", field(d, 0, VADDR, "Q") + 16),
    "overlap": lambda d: segment_put(d, 1, VADDR, "Q", field(d, 0, VADDR, "Q")),
    "wx": lambda d: segment_put(d, 0, FLAGS, "I", 7),
    "entry": lambda d: put(d, ENTRY, "Q", field(d, -1, VADDR, "Q")),
    "entry-zero": lambda d: put(d, ENTRY, "Q", 0),
    "size": lambda d: segment_put(d, 0, BYTES, "Q", field(d, 0, FILE_BYTES, "Q") - 1),
    "huge": lambda d: segment_put(d, -1, BYTES, "Q", 256 << 20),
    "hangs": lambda d: entry_put(d, b"\xeb\xfe"),
    "faults": lambda d: entry_put(d, b"\x0f\x0b"),
}


def crc_again(data):
    """The header's CRC made right, so that the damage and not the CRC is what is found."""
    clean = put(data, CRC, "I", 0)
    return put(clean, CRC, "I", zlib.crc32(clean))


def rc_put(data, text):
    """The blob with another etc/rc: its bytes go behind the archive, which grows by them."""
    image, size = struct.unpack_from("<QQ", data, 32)
    count, = struct.unpack_from("<I", data, image)
    places = [image + 8 + 88 * i for i in range(count)]
    entry, = [p for p in places if data[p:p + 64].rstrip(b"\0") == b"etc/rc"]
    at = -(-size // 16) * 16
    out = bytearray(data[:image + size].ljust(image + at, b"\0")) + text
    out = out.ljust(-(-len(out) // 4096) * 4096, b"\0")
    struct.pack_into("<QQ", out, entry + 72, at, len(text))
    struct.pack_into("<Q", out, 16, len(out))
    struct.pack_into("<Q", out, 40, at + len(text))
    return crc_again(bytes(out))


INITFS = {
    "magic": lambda d: put(d, 0, "B", 0),
    "version": lambda d: crc_again(put(d, 8, "I", 2)),
    "header-size": lambda d: crc_again(put(d, 12, "I", 64)),
    "size": lambda d: crc_again(put(d, 16, "Q", len(d) + 4096)),
    "entry": lambda d: crc_again(put(d, 24, "Q", len(d))),
    "image": lambda d: crc_again(put(d, 32, "Q", 2**64 - 8)),
    "text": lambda d: crc_again(put(d, 52, "I", 0x1001)),
    "end": lambda d: crc_again(put(d, 64, "I", len(d) + 4096)),
    "crc": lambda d: put(d, len(d) - 1, "B", d[-1] ^ 1),
    "truncated": lambda d: d[:len(d) // 2],
}


def main(arguments):
    if len(arguments) != 4 or arguments[0] not in ("kernel", "initfs"):
        sys.exit("usage: corrupt.py kernel|initfs NAME IN OUT")
    table = KERNEL if arguments[0] == "kernel" else INITFS
    if arguments[1] not in table:
        sys.exit("corrupt.py: %s is not one of %s" % (arguments[1], " ".join(table)))
    with open(arguments[2], "rb") as f:
        bad = table[arguments[1]](f.read())
    with open(arguments[3], "wb") as f:
        f.write(bad)


if __name__ == "__main__":
    main(sys.argv[1:])
