#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""launch.py LIMIT_MS: from starting QEMU (TCG, microvm) to the first user instruction, in CPU time.

In a copy of the initfs blob the bootstrap's first instruction is made an UD2, so that the kernel's word
about it is the moment that user mode was reached. The best of several tries is judged, and QEMU's CPU time,
not the clock: the machine that runs this may be busy with other things.
"""
import os
import struct
import subprocess
import sys
import zlib

BLOB = "build/check/first.img"
ENTRY, CRC = 24, 48  # offsets in struct initfs_header (kernel/abi/boot.h)
COMMAND = ("qemu-system-x86_64 -M microvm,acpi=off,rtc=on,pit=on,pic=on,isa-serial=on -accel tcg -cpu qemu64,"
           "+smep,+smap,+umip -m 64M -nodefaults -no-user-config -display none -no-reboot -serial stdio "
           "-device isa-debug-exit,iobase=0xf4,iosize=4 -kernel build/loader.elf "
           f"-initrd build/kernel.elf,{BLOB}").split()
TRIES = 25


def blob_make():
    with open("build/initfs.img", "rb") as image:
        blob = bytearray(image.read())
    entry = struct.unpack_from("<Q", blob, ENTRY)[0]
    blob[entry:entry + 2] = b"\x0f\x0b"
    struct.pack_into("<I", blob, CRC, 0)
    struct.pack_into("<I", blob, CRC, zlib.crc32(blob))
    with open(BLOB, "wb") as image:
        image.write(blob)


def launch():
    """Milliseconds of CPU time until the kernel reports the exception of the first instruction."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as qemu:
        try:
            for line in qemu.stdout:
                if b"(bootstrap): exception 6 " in line:
                    return cpu_ms(qemu.pid)
        finally:
            qemu.kill()
    return float("inf")


def cpu_ms(pid):
    """What a process has used so far, all of its threads."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass  # a helper thread of QEMU's that has just ended
    return total / 1e6


def main():
    limit = float(sys.argv[1])
    blob_make()
    times = sorted(launch() for _ in range(TRIES))
    print(f"launch: {times[0]:.0f} ms at best, median {times[TRIES // 2]:.0f}, of {TRIES}; limit {limit:.0f}")
    sys.exit(0 if times[0] <= limit else 1)


if __name__ == "__main__":
    main()
