#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Page-table isolation, looked at from outside of the kernel.

A dump of the guest's RAM is walked from the CR3 that ring 3 runs with, and what is found in the
upper half must be the list that the linker made: entry text, IDT, GDT and TSS, the CPU's entry
area, with exactly their rights. What ring 3 itself saw present (test=probe) must be the same
pages. Last line: "isolation: N passed, N failed". Exit: 0, 1 something differs, 64 wrong
arguments, 66 an image is missing, 69 no QEMU."""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import monitor  # noqa: E402
import shows  # noqa: E402

RAM = 64 << 20
HOLE = (0x9F000, 0x100000)  # where the firmware begins, to where RAM goes on
PAGE = 4096
P, W, U, PS, G, NX = 1, 2, 4, 0x80, 0x100, 1 << 63
UNCACHED = 0x18  # PCD and PWT
FRAME = 0x000FFFFFFFFFF000
DIRECT, DIRECT_END = 0xFFFF800000000000, 0xFFFF808000000000
DEVICES, DEVICES_END = 0xFFFFFFFF40000000, 0xFFFFFFFF80000000
PERCPU = 0xFFFFFFFFC0000000
USER_ROOT = 0x1000  # the bit by which the two roots of a pair differ
CR0_WP, CR4_PGE, CR4_OSFXSR, CR4_UMIP = 1 << 16, 1 << 7, 1 << 9, 1 << 11
CR4_FSGSBASE, CR4_SMEP, CR4_SMAP = 1 << 16, 1 << 20, 1 << 21
EFER_NXE = 1 << 11
GATES = 256
IST = {1: 1, 2: 2, 8: 3, 18: 4}  # vector: any number, all different


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, what):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print("FAIL " + what)
        return good


def u64(memory, at):
    return struct.unpack_from("<Q", memory, at)[0]


def leaves(memory, table, level, base, upper=0):
    """(address, entry, ORed bits of the tables above, bytes) of each present leaf below a table."""
    for i in range(512):
        e = u64(memory, table + 8 * i)
        va = base + (i << (12 + 9 * level))
        if va & 1 << 47:
            va |= 0xFFFF << 48
        if not e & P:
            continue
        if level == 0 or e & PS:
            yield va, e, upper, 1 << (12 + 9 * level)
        else:
            yield from leaves(memory, e & FRAME, level - 1, va, upper | e & ~FRAME)


def upper_half(memory, root):
    for i in range(256, 512):
        e = u64(memory, root + 8 * i)
        if e & P:
            yield from leaves(memory, e & FRAME, 2, i << 39 | 0xFFFF << 48, e & ~FRAME)


def wanted(elf):
    """address: rights of every page of the link-time list, for one CPU."""
    s = elf.symbols
    pages = {a: 0 for a in range(s["__entry_text_start"], s["__entry_text_end"], PAGE)}
    pages.update({a: NX for a in range(s["__entry_ro_start"], s["__entry_ro_end"], PAGE)})
    pages.update({PERCPU + n * PAGE: W | NX for n in (1, 3, 5, 7)})
    return pages


def user_root_check(c, memory, root, elf):
    kernel = {va: e for va, e, _, size in upper_half(memory, root & ~USER_ROOT) if size == PAGE}
    found = {}
    for va, e, tables, size in upper_half(memory, root):
        found[va] = e
        c.check(size == PAGE, "%x: a page of %d bytes" % (va, size))
        c.check(not (e | tables) & (U | G), "%x: user or global: %x, tables %x" % (va, e, tables))
    want = wanted(elf)
    c.check(sorted(found) == sorted(want), "pages present: %s; listed: %s" %
            tuple(" ".join("%x" % a for a in sorted(x)) for x in (found, want)))
    for va in set(found) & set(want):
        c.check(found[va] & (W | NX) == want[va], "%x: rights %x" % (va, found[va] & (W | NX)))
        c.check(va in kernel and (kernel[va] ^ found[va]) & FRAME == 0,
                "%x: another frame than in the kernel's table" % va)
    size = sum(PAGE for a in want if a < PERCPU)
    c.check(size <= 16384 and len(want) * PAGE - size <= 16384, "above 16 KiB + 16 KiB")
    for va in range(elf.symbols["__entry_text_start"], elf.symbols["__entry_text_end"], PAGE):
        frame = found.get(va, 0) & FRAME
        have, should = memory[frame:frame + PAGE], elf.read(va, PAGE)
        c.check(have == should, "%x: the entry text is not that of the file" % va)


def kernel_root_check(c, memory, root):
    """The kernel's root of the same space: the user half is there, but never executable."""
    lower = 0
    for i in range(256):
        user, kernel = (u64(memory, r + 8 * i) for r in (root, root & ~USER_ROOT))
        lower += bool(user & P)
        c.check((user ^ kernel) & ~(NX | 0x20) == 0, "slot %d: the pair differs" % i)
        c.check(not kernel & P or kernel & NX, "slot %d: user half executable for the kernel" % i)
    c.check(lower, "the user half is empty")
    for va, e, tables, _ in upper_half(memory, root & ~USER_ROOT):
        c.check(not (e | tables) & (U | G), "kernel page %x: user or global" % va)
        c.check(e & NX or tables & NX or not e & W, "kernel page %x: writable, executable" % va)


def caching_check(c, memory, root):
    """What is no RAM is uncached, in the direct map and in the window for devices; all else is cached. No
    large page is partly RAM, whose type the firmware's MTRRs would make two: a PC has a hole below 1 MiB."""
    devices = beyond = hole = 0
    for va, e, tables, size in upper_half(memory, root & ~USER_ROOT):
        frame = e & FRAME & ~(size - 1)
        device = DEVICES <= va < DEVICES_END
        if device or DIRECT <= va < DIRECT_END and frame >= RAM:
            c.check(e & UNCACHED == UNCACHED, "device page %x -> %x: cached" % (va, frame))
            devices += device
            beyond += not device
        elif DIRECT <= va < DIRECT_END and frame < HOLE[1] and frame + size > HOLE[0]:
            c.check(size == PAGE and e & UNCACHED == UNCACHED, "hole %x -> %x: cached, or a large page" % (va, frame))
            hole += 1
        else:
            c.check(not (e | tables) & UNCACHED and frame < RAM, "page %x -> %x: not cached" % (va, frame))
    c.check(hole == (HOLE[1] - HOLE[0]) // PAGE, "%d pages of the hole" % hole)
    c.check(devices >= 2 and beyond == ((4 << 30) - RAM) // (2 << 20), "%d, %d device pages" % (devices, beyond))


def machine_check(c, r, elf):
    cr4 = r["CR4"]
    for name, bit in (("SMEP", CR4_SMEP), ("SMAP", CR4_SMAP), ("UMIP", CR4_UMIP)):
        c.check(cr4 & bit, "CR4.%s is clear" % name)
    for name, bit in (("PGE", CR4_PGE), ("OSFXSR", CR4_OSFXSR), ("FSGSBASE", CR4_FSGSBASE)):
        c.check(not cr4 & bit, "CR4.%s is set" % name)
    c.check(r["CR0"] & CR0_WP, "CR0.WP is clear")
    c.check(r["EFER"] & EFER_NXE, "EFER.NXE is clear")
    c.check(r["CS"][0] == 0x2B and r["SS"][0] == 0x23, "selectors %x %x" % (r["CS"][0], r["SS"][0]))
    start, end = elf.symbols["__entry_ro_start"], elf.symbols["__entry_ro_end"]
    for name in ("IDT", "GDT"):
        c.check(start <= r[name][0] < end, "%s at %x" % (name, r[name][0]))
    c.check(start <= r["TR"][1] < end, "TSS at %x" % r["TR"][1])
    c.check(r["IDT"][1] == GATES * 16 - 1, "IDT limit %x" % r["IDT"][1])
    c.check(r["LDT"][0] == 0, "an LDT: %x" % r["LDT"][0])


def virtual(memory, root, va, size):
    """Bytes at a virtual address, inside one page."""
    for at, e, _, bytes_ in upper_half(memory, root):
        if at <= va < at + bytes_:
            start = (e & FRAME) + va - at
            return memory[start:start + size]
    return b"\0" * size


def tables_check(c, memory, root, r, elf):
    """Gates lead into the entry text, on their stacks; only #BP is open; TSS as it was made."""
    idt = virtual(memory, root, r["IDT"][0], GATES * 16)
    start, end = elf.symbols["__entry_text_start"], elf.symbols["__entry_text_end"]
    stacks = []
    for v in range(GATES):
        low, selector, ist, kind, mid, high, zero = struct.unpack_from("<HHBBHII", idt, v * 16)
        if not kind & 0x80:
            continue
        at = low | mid << 16 | high << 32
        c.check(start <= at < end, "gate %d leads to %x" % (v, at))
        c.check(selector == 8 and kind & 0x1F == 0x0E and not zero, "gate %d: kind %x" % (v, kind))
        c.check((kind >> 5 & 3 == 3) == (v == 3), "gate %d: ring %d" % (v, kind >> 5 & 3))
        c.check((ist != 0) == (v in IST), "gate %d: stack %d" % (v, ist))
        stacks += [ist] if v in IST else []
    c.check(len(set(stacks)) == len(IST), "NMI, #DB, #DF and #MC share stacks: %s" % stacks)
    tss = virtual(memory, root, r["TR"][1], 104)
    tops = [struct.unpack_from("<Q", tss, 36 + 8 * (n - 1))[0] for n in set(stacks)]
    tops.append(struct.unpack_from("<Q", tss, 4)[0])
    c.check(len(set(tops)) == 5, "stacks of the TSS: %s" % " ".join("%x" % t for t in tops))
    c.check(all(PERCPU <= t < PERCPU + 0x10000 for t in tops), "a stack outside of the area")
    c.check(struct.unpack_from("<H", tss, 102)[0] >= r["TR"][2], "an I/O bitmap")


def swapgs_check(c, kernel):
    """Behind each conditional SWAPGS, and where it was jumped over, no load before an LFENCE."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "-j", ".entry.text", kernel],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    body = dict(re.findall(r"^\w+ <(trap_\w+(?:\.kernel)?)>:\n((?:\s*\w+:.*\n)+)", text, re.M))
    seen = 0
    for name, code in body.items():
        lines = [l.split("\t")[1].strip() for l in code.splitlines() if "\t" in l]
        if re.fullmatch(r"trap_(common_\d|stub_\d_14)", name):
            seen += 1
            i = lines.index("swapgs") if "swapgs" in lines else -1
            c.check(i >= 0 and lines[i + 1] == "lfence", name + ": no LFENCE behind SWAPGS")
        elif name == "trap_kernel":
            seen += 1
            c.check(lines[0] == "lfence", name + ": no LFENCE where SWAPGS was jumped over")
    c.check(seen == 7, "%d places with SWAPGS found" % seen)


def hold(c, directory, images, elf):
    """Stops a guest in ring 3 and walks it."""
    with monitor.Machine(directory, "pti=on test=hold", images) as m:
        m.wait_for("hold: ready")
        for _ in range(200):
            m.execute("stop")
            r = m.registers()
            if r["CPL"] == 3:
                break
            m.execute("cont")
        if not c.check(r["CPL"] == 3, "the guest is never in ring 3"):
            return
        memory = m.memory(RAM)
    root = r["CR3"] & FRAME
    if not c.check(root & USER_ROOT, "ring 3 runs with the kernel's root %x" % root):
        return
    user_root_check(c, memory, root, elf)
    kernel_root_check(c, memory, root)
    caching_check(c, memory, root)
    machine_check(c, r, elf)
    tables_check(c, memory, root, r, elf)


def probe(c, directory, images, elf):
    """What ring 3 found by faulting."""
    with monitor.Machine(directory, "pti=on test=probe", images) as m:
        c.check(m.end() == 33, "test=probe failed")
        said = m.said()
    seen = sorted(int(a, 16) for a in re.findall(r"^probe: present ([0-9a-f]+)$", said, re.M))
    c.check(seen == sorted(wanted(elf)), "ring 3 saw present: " + " ".join("%x" % a for a in seen))


def main(arguments):
    images, status = monitor.images_read("isolation.py", "Checks page-table isolation from outside.", arguments)
    if status:
        return status
    c, elf = Checks(), monitor.Elf(images[1])
    directory = tempfile.mkdtemp(prefix="tach-isolation-")
    try:
        swapgs_check(c, images[1])
        for part in (hold, probe):
            below = os.path.join(directory, part.__name__)
            os.mkdir(below)
            part(c, below, images, elf)
    except monitor.Trouble as bad:
        c.check(False, str(bad))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(shows.line("V41,T32", not c.failed, c.passed + c.failed,
                     "a walk from outside finds the listed pages"))
    print("isolation: %d passed, %d failed" % (c.passed, c.failed))
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
