# SPDX-License-Identifier: MIT
"""A guest under control from outside: started through QMP, stopped, looked at, ended.

One Machine is one QEMU, of the microvm kind unless another is named, with its files in a directory
of its own. Waits are bounded; the emulator is ended by its own handle. Used by isolation.py, nmi.py,
screen.py and serial_memory.py."""

import argparse
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

import machines

WAIT_S = 180  # a busy host may be slow


def images_read(tool, purpose, arguments):
    """(loader, kernel, initfs) of a command line, and 0; or an exit status after one line that says why."""
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")
    p = argparse.ArgumentParser(description=purpose)
    for file in ("loader.elf", "kernel.elf", "initfs.img"):
        p.add_argument("--" + file.split(".")[0], metavar="FILE", default=os.path.join(build, file))
    p.error = lambda message: p.exit(64, "%s: %s\n" % (tool, message))
    o = p.parse_args(arguments)
    images = [os.path.abspath(f) for f in (o.loader, o.kernel, o.initfs)]
    for name in images:
        if not os.path.isfile(name):
            print("%s: %s: no such file" % (tool, name), file=sys.stderr)
            return images, 66
    if not shutil.which("qemu-system-x86_64"):
        print("%s: qemu-system-x86_64 is not installed" % tool, file=sys.stderr)
        return images, 69
    return images, 0


class Trouble(Exception):
    """The machine did not do what it was told; the text says what."""


class Machine:
    """with Machine(directory, words) as m: the guest runs until m.stop()."""

    def __init__(self, directory, words, images, extra=(), machine=machines.MICROVM,
                 own_serial=False):
        loader, kernel, initfs = images
        boot = machines.Boot(directory, loader, [kernel, initfs], "64M", words)
        boot.port = "extra" if own_serial else None
        self.directory, self.serial = directory, boot.serial
        self.path = os.path.join(directory, "qmp")
        self.command = machines.qemu(boot, machine, machines.kernel_arguments(boot))
        self.command += ["-qmp", "unix:%s,server=on,wait=off" % self.path] + list(extra)
        self.child = self.qmp = None

    def __enter__(self):
        with open(os.path.join(self.directory, "qemu.log"), "wb") as log:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log)
        connection = connect(self.path, self.child)
        self.qmp = connection.makefile("rwb")
        self.qmp.readline()
        self.execute("qmp_capabilities")
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()

    def execute(self, name, **arguments):
        self.qmp.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        self.qmp.flush()
        while True:
            line = self.qmp.readline()
            if not line:
                raise Trouble("QEMU ended during " + name)
            answer = json.loads(line)
            if "error" in answer:
                raise Trouble("%s: %s" % (name, answer["error"].get("desc")))
            if "return" in answer:
                return answer["return"]

    def monitor(self, line):
        return self.execute("human-monitor-command", **{"command-line": line})

    def said(self):
        if not os.path.exists(self.serial):
            return ""
        with open(self.serial, "rb") as f:
            return f.read().decode(errors="replace").replace("\r", "")

    def wait_for(self, text):
        limit = time.monotonic() + WAIT_S
        while text not in self.said():
            if time.monotonic() > limit or self.child.poll() is not None:
                raise Trouble("the guest never said %r" % text)
            time.sleep(0.02)

    def end(self):
        """Exit status of the emulator, which the guest is about to end."""
        try:
            return self.child.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            raise Trouble("the guest does not end") from None

    def registers(self):
        """Those of QEMU's "info registers" that are one number, and the descriptors' bases."""
        text = self.monitor("info registers")
        found = {k: int(v, 16) for k, v in re.findall(r"\b([A-Z][A-Z0-9]+)=([0-9a-f]+)", text)}
        for name in ("CS", "SS", "GDT", "IDT", "TR", "LDT"):
            line = re.search(name + r" *= *([0-9a-f ]+)", text)
            found[name] = [int(n, 16) for n in line.group(1).split()]
        return found

    def memory(self, size):
        """A dump of the guest's RAM from 0 on."""
        name = os.path.join(self.directory, "ram")
        self.execute("pmemsave", val=0, size=size, filename=name)
        with open(name, "rb") as f:
            return f.read()


def connect(path, child):
    limit = time.monotonic() + WAIT_S
    while True:
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(WAIT_S)
        try:
            s.connect(path)
            return s
        except (FileNotFoundError, ConnectionRefusedError):
            s.close()
            if time.monotonic() > limit or child.poll() is not None:
                raise Trouble("no answer at " + path) from None
            time.sleep(0.02)


class Stub:
    """The few packets of gdb's remote protocol that the tests need, to a QEMU with -gdb unix:PATH."""

    def __init__(self, path, child):
        self.socket = connect(path, child)
        self.data = b""

    def byte(self):
        if not self.data:
            self.data = self.socket.recv(4096)
            if not self.data:
                raise Trouble("the gdb stub went away")
        first, self.data = self.data[:1], self.data[1:]
        return first

    def send(self, text):
        self.socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xFF))

    def answer(self):
        while self.byte() != b"$":
            pass
        text = b""
        while not text.endswith(b"#"):
            text += self.byte()
        self.byte(), self.byte()
        self.socket.sendall(b"+")
        return text[:-1].decode()

    def ask(self, text):
        self.send(text)
        return self.answer()

    def rip(self):
        return int.from_bytes(bytes.fromhex(self.ask("g")[16 * 16:17 * 16]), "little")


class Elf:
    """Symbols and bytes of an ELF64 file."""

    def __init__(self, name):
        with open(name, "rb") as f:
            self.bytes = f.read()
        if self.bytes[:5] != b"\x7fELF\x02":
            raise Trouble(name + ": not an ELF64 file")
        offset, = struct.unpack_from("<Q", self.bytes, 40)
        size, count = struct.unpack_from("<HH", self.bytes, 58)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.bytes, offset + i * size)
                         for i in range(count)]
        self.symbols = {}
        for s in self.sections:
            if s[1] == 2:
                self.read_symbols(s, self.sections[s[6]])

    def read_symbols(self, table, strings):
        for at in range(table[4], table[4] + table[5], 24):
            name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", self.bytes, at)
            end = self.bytes.index(b"\0", strings[4] + name)
            self.symbols[self.bytes[strings[4] + name:end].decode()] = value

    def read(self, address, size):
        """Bytes of the image at a virtual address; None where the file holds none."""
        for s in self.sections:
            if s[1] == 1 and s[3] <= address and address + size <= s[3] + s[5]:
                at = s[4] + address - s[3]
                return self.bytes[at:at + size]
        return None
