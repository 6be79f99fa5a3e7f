#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The bootable image as somebody in front of the machine has it, and the tool that writes it to a disk.

The menu holds each cell of the matrix, shows on the serial line and on the screen alike, and starts
what is chosen there; boot.cfg's rows image-* boot the same file by each firmware. Disks are files
of an invented machine. Run from the root after `make iso`. Last line: the sum."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path[:0] = ["kernel/test", "kernel/image"]

import image  # noqa: E402
import machines  # noqa: E402
import menu  # noqa: E402
import monitor  # noqa: E402
import usb  # noqa: E402

results = []
ANSWER_S = 30  # on a busy host
LONGEST_S = 1080  # of a part that was measured, by the slowest line of the menu


def check(good, what):
    results.append(bool(good))
    if not good:
        print("FAIL " + what)


def parts_check(text, words):
    """Boot after boot: each part once, all of them the matrix, and each drawn as often as the others."""
    parts = [w for w in words if "part" in w]
    count = len(parts)
    check(count > 4 and [w["part"] for w in parts] == ["%d/%d" % (n, count) for n in range(1, count + 1)],
          "the parts are numbered")
    check(all(w["end"] == "reset" and w["wire"] == "frames" for w in parts), "after a part the next one follows")
    points = {}
    for w in parts:
        points.setdefault((w["pti"], w.get("pcid"), w["trace"]), []).extend(w["bench"].split(","))
    cells = menu.cells_read(open(image.MATRIX, encoding="ascii").read())
    isolation = {("off", None), ("on", "off"), ("on", "on")}
    check(set(points) == {(*i, t) for i in isolation for t in ("off", "on")} and
          all(there == cells for there in points.values()), "the parts are the matrix: %s" % sorted(map(str, points)))
    check(all(int(w["limit"]) >= LONGEST_S for w in parts), "a limit that no part that works reaches")
    drawn = re.findall(r"if regexp '(.*)' \"\$ticks\" ; then set part=(\d+)", text)
    for form in ("4c3%02x5a", "%x"):  # the CPU's clock, the PIT's byte
        tables = [(p, n) for p, n in drawn if p.startswith("^") == (form == "%x")]
        hits = [[int(n) for p, n in tables if re.search(p, form % byte)] for byte in range(256)]
        often = [sum(h[:1] == [n] for h in hits) for n in range(1, count + 1)]
        check(all(hits) and max(often) - min(often) <= 1, "%s: drawn %s times" % (form, often))
        check(form == "%x" or all(len(h) == 1 for h in hits), "%s: one part each" % form)


def menu_check(directory):
    with open(image.MATRIX, encoding="ascii") as f:
        text = menu.menu(f.read())
    with open("results/baseline.json", encoding="ascii") as f:
        known = {b["name"].split("/pti:")[0].removeprefix("ipc/") for b in json.load(f)["benchmarks"]}
    lists = [line.split() for line in re.findall(r"(?:{|then) tach (.*?)(?: }| ; fi)$", text.decode(), re.M)]
    words = [dict(w.split("=", 1) for w in line if "=" in w) for line in lists]
    cells = {c for w in words for c in w.get("bench", "").split(",") if not c.startswith("$")} - {""}
    check(len(cells) > 50 and known <= cells, "cells missing in the menu: %s" % sorted(known - cells)[:3])
    for pti in ("on", "off"):
        for trace in ("on", "off"):
            here = {c for w in words if (w.get("pti"), w.get("trace")) == (pti, trace)
                    for c in w["bench"].split(",")}
            check(here == cells, "pti=%s trace=%s misses %s" % (pti, trace, sorted(cells - here)[:3]))
    check(max(len(" ".join(line)) for line in lists) < 1800, "room for a user's words on each line")
    parts_check(text.decode(), words)
    names = re.findall(r"--id (\S+)", text.decode())
    check(len(set(names)) == len(names), "identities are different")
    check({"all", "console", "words", "cells", "once-on-1", "once-pcid-1", "profile-off-1"} <= set(names), "entries have their names")
    path = os.path.join(directory, "grub.cfg")
    with open(path, "wb") as f:
        f.write(text)
    check(not subprocess.run(["grub-script-check", path], check=False).returncode, "GRUB reads the menu")
    for bad in ("", "R0 -\n", "R0 - - a b\n"):
        try:
            menu.menu(bad)
            check(False, "matrix %r is taken" % bad)
        except menu.BadMatrix:
            check(True, "")


class Seen:
    """The image in a PC, its serial line in our hands."""

    def __init__(self, directory):
        boot = machines.Boot(directory, None, [], "64M", "")
        self.serial, self.qmp = os.path.join(directory, "line"), os.path.join(directory, "qmp")
        self.command = machines.qemu(boot, machines.MUTE, [])
        self.command[self.command.index(machines.MUTE)] = "pc"
        self.command += ["-vga", "std", "-cdrom", machines.IMAGE,
                         "-serial", "unix:%s,server=on,wait=on" % self.serial,
                         "-qmp", "unix:%s,server=on,wait=off" % self.qmp]
        self.text = ""

    def __enter__(self):
        self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.line = monitor.connect(self.serial, self.child)
        self.line.settimeout(ANSWER_S)
        talk = monitor.connect(self.qmp, self.child).makefile("rwb")
        talk.readline()
        self.talk = talk
        self.ask("qmp_capabilities")
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.line.close()

    def ask(self, name, **arguments):
        self.talk.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        self.talk.flush()
        while True:
            answer = json.loads(self.talk.readline())
            if "return" in answer:
                return answer["return"]

    def screen(self):
        """What stands on the text screen."""
        words = self.ask("human-monitor-command", **{"command-line": "xp /2000hx 0xb8000"})
        return "".join(chr(int(w, 16) & 0x7F) for w in re.findall(r"0x([0-9a-f]{4})\b", words))

    def shown(self, what):
        """True once it stands on the screen, which is drawn after the serial line."""
        limit = time.monotonic() + monitor.WAIT_S
        while what not in self.screen():
            if time.monotonic() > limit:
                return False
            time.sleep(0.1)
        return True

    def wait_for(self, what):
        """True once the serial line has said it, behind what was waited for before."""
        while what not in self.text:
            try:
                piece = self.line.recv(65536)
            except TimeoutError:
                piece = b""
            if not piece:
                return False
            self.text += piece.decode("latin-1")
        self.text = self.text.split(what, 1)[1]
        return True

    def type(self, keys):
        self.line.sendall(keys.encode())


ENTRIES = ("Measure one group", "Profile", "Cells (n): R0", "Console", "Only the words below")


def seen_check(directory):
    with Seen(directory) as m:
        check(m.wait_for("Measure everything"), "the menu is on the serial line")
        check(all(m.wait_for(e) for e in ENTRIES), "its entries follow")
        check(m.wait_for("boot words of every entry"), "down to the last one")
        check(m.shown("Measure everything"), "the menu is on the screen too")
        m.type("w")
        check(m.wait_for("Boot words: "), "words are asked for")
        m.type("test=start\r")
        check(m.wait_for("now: test=start"), "the menu shows them")
        m.type("s")
        check(m.wait_for("mmio:0xADDRESS"), "there are ports to choose from")
        m.type("1")
        check(m.wait_for("now: serial=com1"), "one is chosen")
        m.type("s")
        check(m.wait_for("mmio:0xADDRESS"), "and again")
        m.type("9")
        check(m.wait_for("now: serial=com1 baud=57600") and m.wait_for("now: test=start"),
              "a rate is chosen, and other choices stay")
        m.type("o")
        check(m.wait_for("serial 0x3f8, 57600"), "they are what boots")
        check(m.wait_for("start: "), "in the kernel too")
        check(m.wait_for("tach: exit 16 PASS"), "to its end")


def disk_make(root, name, **facts):
    """One disk of an invented machine."""
    place = os.path.join(root, "sys/class/block", name)
    os.makedirs(place)
    os.makedirs(os.path.join(place, "device"))
    plain = {"size": "40960", "removable": "1", "dev": "8:16", "device/model": "Stick"}
    for what, value in (plain | facts).items():
        os.makedirs(os.path.dirname(os.path.join(place, what)), exist_ok=True)
        with open(os.path.join(place, what), "w", encoding="ascii") as f:
            f.write(value + "\n")
    os.makedirs(root + "/dev", exist_ok=True)
    open(os.path.join(root, "dev", name), "w", encoding="ascii").close()


def refused(device, why, root, force=False, size=1 << 20):
    try:
        usb.check(device, size, force, root)
        check(not why, "%s is taken, not refused for %r" % (device, why))
    except usb.Refused as bad:
        check(why and why in str(bad), "%s: %s, not %r" % (device, bad, why))


def disks_check(root):
    os.makedirs(root + "/proc/self")
    mounts = root + "/proc/self/mountinfo"
    with open(mounts, "w", encoding="ascii") as f:
        f.write("1 0 8:33 / /home rw - ext4 /dev/sdc1 rw\n2 0 8:48 / /mnt rw - ext4 /dev/sdd rw\n")
    with open(root + "/proc/swaps", "w", encoding="ascii") as f:
        f.write("Filename Type Size Used Priority\n/dev/sde2 partition 1 0 -2\n")
    disk_make(root, "sdb")
    disk_make(root, "sdb1", partition="1", dev="8:17")
    disk_make(root, "sdc", dev="8:32", **{"sdc1/dev": "8:33"})
    disk_make(root, "sdd", dev="8:48")
    disk_make(root, "sde", dev="8:64", **{"sde2/dev": "8:66"})
    disk_make(root, "sdf", dev="8:80", **{"sdf1/holders/dm-0/x": ""})
    disk_make(root, "sdg", dev="8:96", **{"holders/md0/x": ""})
    disk_make(root, "sdh", dev="8:112")
    with open(root + "/sys/class/block/sdh/removable", "w", encoding="ascii") as f:
        f.write("0\n")
    refused("/dev/sdb", "", root)
    check(usb.check("/dev/sdb", 1, False, root) == "Stick, 20 MB", "a disk is described")
    for force in (False, True):
        refused("/dev/sdb1", "a partition", root, force)
        refused("/dev/sdc", "sdc1 is mounted at /home", root, force)
        refused("/dev/sdd", "sdd is mounted at /mnt", root, force)
        refused("/dev/sde", "sde2 is swap space", root, force)
        refused("/dev/sdf", "dm-0 is built on it", root, force)
        refused("/dev/sdg", "md0 is built on it", root, force)
        refused("/dev/sdb", "the image has", root, force, 1 << 30)
        refused("/dev/nothing", "No such file", root, force)
    refused("/dev/sdh", "not removable", root)
    refused("/dev/sdh", "", root, True)
    os.unlink(mounts)
    refused("/dev/sdb", "mountinfo", root, True)


def write_check(directory):
    source, target = os.path.join(directory, "image"), os.path.join(directory, "disk")
    with open(source, "wb") as f:
        f.write(os.urandom((2 << 20) + 7))
    with open(target, "wb") as f:
        f.write(b"x" * (3 << 20))
    usb.write(source, target)
    with open(source, "rb") as f, open(target, "rb") as g:
        new, disk = f.read(), g.read()
    check(disk == new + b"x" * (len(disk) - len(new)), "the image, and behind it what was there")
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        status = usb.main([source, target])
    check(status == 65 and "not a disk; nothing was written" in err.getvalue(), "a file is no disk")
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(err):
        check(usb.main([]) == 64 and usb.main(["a", "b", "c"]) == 64, "wrong arguments")
        check(usb.main([source]) == 0 and "DEVICE=" in err.getvalue(), "it says how to write")


def main():
    directory = tempfile.mkdtemp(prefix="tach-image-")
    try:
        menu_check(directory)
        disks_check(os.path.join(directory, "machine"))
        write_check(directory)
        seen_check(directory)
    except monitor.Trouble as bad:
        check(False, str(bad))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("image: %d passed, %d failed" % (sum(results), len(results) - sum(results)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
