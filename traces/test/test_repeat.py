#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Selective repeat, with the real kernel: QEMU's serial line goes through a relay that drops frames,
and the tool asks for them. What it kept says the same as a line without losses; a target without
the word, or a line with one way only, leaves its holes in sight."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import line
from line import BADDATA, BOUND_S, OK, TACH, USAGE, Collector, check

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CELLS = "R0,R1/size:8,T2/size:8,D4/size:0/space:two,notify"
QEMU = ("qemu-system-x86_64 -M microvm,acpi=off,rtc=on,pit=on,pic=on,isa-serial=on -cpu max -m 64M -nodefaults"
        " -accel tcg -icount shift=0,sleep=off -display none -no-reboot"
        " -device isa-debug-exit,iobase=0xf4,iosize=4").split()


def guest(name, words):
    images = ["-kernel", f"{ROOT}/build/loader.elf", "-initrd", f"{ROOT}/build/kernel.elf,{ROOT}/build/initfs.img"]
    return subprocess.Popen([*QEMU, *images, "-serial", f"unix:{name}.sock,server=on,wait=on", "-append",
                             f"pti=off trace=off wire=frames bench={CELLS} {words}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Relay:
    """Between a guest and the tool. `lose(number, segment)` says which of the guest's segments, each
    with its delimiter, get lost; requests to the guest are counted, those before END too (a guest that is
    silent for seconds is asked), and prefixed once by garbage."""

    def __init__(self, name, words, lose, deaf=False):
        self.name, self.lose, self.deaf, self.dropped, self.asked, self.early = name, lose, deaf, 0, 0, 0
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(name + ".tool")
        self.server.listen(1)
        self.guest = guest(name, words)
        line.until(lambda: os.path.exists(name + ".sock"), "QEMU's socket")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        tool, _ = self.server.accept()
        target = socket.socket(socket.AF_UNIX)
        line.until(lambda: target.connect_ex(self.name + ".sock") == 0, "QEMU to listen")
        up = threading.Thread(target=self.up, args=(tool, target))
        up.start()
        held, number = b"", 0
        while data := target.recv(4096):
            *whole, held = (held + data).split(b"\0")
            for segment in whole:
                number += 1
                lost = self.lose(number, segment)
                if segment[1:2] == b"\x07":
                    self.early = self.asked
                self.dropped += lost
                if not lost:
                    self.give(tool, segment + b"\0")
        self.give(tool, held)
        try:
            tool.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the tool is gone
        up.join()
        tool.close()
        target.close()
        self.server.close()

    @staticmethod
    def give(tool, data):
        try:
            tool.sendall(data)
        except OSError:
            pass  # the tool has all that it wanted

    def up(self, tool, target):
        while data := received(tool):
            self.asked += 1
            if self.asked == 1:  # a request that noise has met, one that is too long: no harm
                data = b"\x05\x0a\x01\0\xff\0" + b"x" * 400 + data
            try:
                if not self.deaf:
                    target.sendall(data)
            except OSError:
                return

    def ends(self):
        self.thread.join(BOUND_S)
        return self.guest.wait(BOUND_S)


def received(tool):
    try:
        return tool.recv(4096)
    except OSError:
        return b""


def facts(capture):
    """What a capture says, without the boot's id and command line."""
    shown = subprocess.run([TACH, "export", "--to", "json", capture], capture_output=True, timeout=BOUND_S)
    boot = json.loads(shown.stdout)["boots"][0]
    check(len(json.loads(shown.stdout)["boots"]) == 1, f"one boot in {capture}")
    return boot["whole"], [boot[key] for key in ("histograms", "counts", "calibration")], boot["hello"]["tsc_hz"]


def collected(name, words, lose, *arguments, deaf=False):
    relay = Relay(name, words, lose, deaf)
    tool = Collector(*arguments, name + ".tool", name + ".out")
    return relay, tool


def test_repeat():
    relay, tool = collected("whole", "repeat=60", lambda number, segment: False, "--repeat")
    said = tool.ends(OK, None, "a line that loses nothing")
    check(relay.ends() == 33 and relay.asked == relay.early + 1 and "sent again" not in said, f"asked once, to be told: {relay.asked}")
    whole, clean, _ = facts("whole.out")
    check(whole and len(clean[0]) > 5, "a whole boot")
    # HELLO is the second segment: what is before it ends in a delimiter of its own.
    for name, lose in (("every3rd", lambda number, segment: number % 3 == 2),
                       ("ends", lambda number, segment: number == 2 or segment[1:2] == b"\x07" and not lost_end)):
        lost_end = []
        relay, tool = collected(name, "repeat=60", once(lose, lost_end), "--repeat")
        said = tool.ends(OK, None, f"a line that loses {name}")
        check(relay.ends() == 33, f"{name}: the guest passes as soon as the host has all")
        check(f"{relay.dropped} frames were lost and sent again" in said, f"{name}: {relay.dropped} lost: {said}")
        found = facts(f"{name}.out")
        check(found[0] and found[1] == clean, f"{name}: the same as without losses: {found} {clean}")
        shown = subprocess.run([TACH, "dump", f"{name}.out"], capture_output=True, timeout=BOUND_S)
        check(shown.returncode == OK and shown.stderr == b"", f"{name}: dump finds it whole: {shown.stderr}")


def once(lose, lost_end):
    """Loses nothing from END on, so that answers come through: an END that is lost is lost once."""
    over = []

    def decide(number, segment):
        end = segment[1:2] == b"\x07"
        lost = not over and lose(number, segment)
        if end:
            over.append(number)
            lost_end.append(number)
        return lost

    return decide


def test_holes():
    """Nobody answers, or nobody asks: the loss is told, and shown."""
    lose = once(lambda number, segment: number in (5, 6), [])
    relay, tool = collected("deaf", "repeat=1", lose, "--repeat", deaf=True)
    tool.ends(BADDATA, "damaged: 2 frames missing", "a target that does not hear")
    relay.ends()
    lose = once(lambda number, segment: number in (5, 6), [])
    relay, tool = collected("oneway", "", lose)
    tool.ends(BADDATA, "damaged: 2 frames missing", "a line with one way")
    check(relay.ends() == 33 and relay.asked == 0, "the guest waits for nobody")
    check(not facts("oneway.out")[0], "the holes are in sight")
    line.write("file", b"")
    Collector("--repeat", "file", "file.out").ends(USAGE, "both ways", "a file cannot be asked")


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        test_repeat()
        test_holes()
        os.chdir("/")
    return line.result("test_repeat")


if __name__ == "__main__":
    sys.exit(main())
