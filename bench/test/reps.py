# SPDX-License-Identifier: MIT
"""How many string instructions with a REP prefix each measured region executes, as QEMU itself says: a boot
of class icount is made again with one instruction a block, and the log of its blocks is read while it is
written. An address says nothing by itself, as programs share theirs: what a block holds is what QEMU
disassembled when it made it. Figures do not change by that. Used by bochs_agree.py."""
import collections
import os
import re
import shlex
import subprocess
import tempfile

STRING = re.compile(r"\brep\w* +(movs|stos|lods|cmps|scas)")
PROGRAMS = ["kernel.elf"] + [f"user/{name}.elf" for name in ("bench", "svc-zero", "svc-ram", "svc-echo")]
INSTRUCTION = re.compile(r"\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*)")
MADE = re.compile(r"0x([0-9a-f]+):  (?:[0-9a-f]{2} )+ *(.*)")
TRACE = re.compile(r"Trace 0: (0x[0-9a-f]+) \[[0-9a-f]+/([0-9a-f]+)/")
FRAME = re.compile(r"^\d+ boot [0-9a-f]+ #(\d+) HIST .*\n  (\S+) whole:", re.M)
LIMIT_S = 300


def instructions(path):
    """(address, text) of each instruction of a program."""
    out = subprocess.run(["objdump", "-d", path], capture_output=True, text=True, check=True).stdout
    return [(int(m[1], 16), m[2]) for m in map(INSTRUCTION.match, out.splitlines()) if m]


def send_address():
    """Where the kernel begins to send a frame, so that regions are told from those of the next cell."""
    out = subprocess.run(["nm", "build/kernel.elf"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"^([0-9a-f]+) T wire_send$", out, re.M)[1], 16)


def watched(send):
    """The addresses whose execution is logged: each string instruction, and what stands behind it, so that
    two executions are told from two turns of one; the stamps of the regions."""
    wanted = {send}
    for program in PROGRAMS:
        code = instructions(f"build/{program}")
        for at, (address, text) in enumerate(code):
            if STRING.search(text):
                wanted |= {address, code[at + 1][0]}
            elif program.endswith("bench.elf") and text.startswith("rdtsc"):
                wanted.add(address)
    return ",".join(f"{address:#x}+1" for address in sorted(wanted))


class Regions:
    """Makes regions of the log. QEMU executes a string instruction of n turns n + 1 times, the last one
    finding that nothing is left: as many blocks in a row are one of them."""

    def __init__(self, send):
        self.send, self.texts, self.made = send, {}, ("", "")
        self.sends, self.turns, self.last = 0, None, None
        self.regions = collections.defaultdict(list)  # frames sent before: turns of each, region by region

    def line(self, line):
        trace = TRACE.match(line)
        if trace:
            block, address = trace[1], int(trace[2], 16)
            if self.made[0] == address:
                self.texts[block] = self.made[1]
                self.made = ("", "")
            self.execute(block, address, self.texts.get(block, ""))
            return
        made = MADE.match(line)
        if made:
            self.made = (int(made[1], 16), made[2])

    def execute(self, block, address, text):
        again = block == self.last
        self.last = block if STRING.search(text) else None
        if self.last and self.turns is not None:
            self.turns[-1 if again else len(self.turns):] = [self.turns[-1] + 1 if again else 0]
        elif address == self.send:
            self.sends += 1
        elif text.startswith("rdtscp") and self.turns is not None:
            self.regions[self.sends].append(tuple(self.turns))
            self.turns = None
        elif text.startswith("rdtsc"):
            self.turns = []


def boot_again(command, directory):
    """The same boot, watched; its regions by frames sent before, and the path of its frames."""
    words = shlex.split(command)
    frames, log = os.path.join(directory, "again.frames"), os.path.join(directory, "log")
    words[words.index("-serial") + 1] = f"file:{frames}"
    os.mkfifo(log)
    send = send_address()
    words += ["-singlestep", "-d", "exec,in_asm,nochain", "-dfilter", watched(send), "-D", log]
    regions = Regions(send)
    with subprocess.Popen(["timeout", str(LIMIT_S)] + words, stdout=subprocess.DEVNULL) as qemu:
        with open(log, encoding="ascii", errors="replace") as lines:
            for line in lines:
                regions.line(line)
        qemu.wait()
    return regions.regions, frames


def counted(tach, command):
    """By cell of a boot: the turns of each string instruction in its commonest region."""
    with tempfile.TemporaryDirectory(prefix="tach-reps-") as directory:
        regions, frames = boot_again(command, directory)
        said = subprocess.run([tach, "dump", "-t", "hist", frames], capture_output=True, text=True, check=False)
    return {cell: collections.Counter(regions[int(number)]).most_common(1)[0][0]
            for number, cell in FRAME.findall(said.stdout) if regions[int(number)]}
