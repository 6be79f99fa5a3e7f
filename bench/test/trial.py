#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""trial.py: from a cable to a report, as a new user goes.

The image of `make iso` boots in an emulated PC, whose serial line is a pty at the pace of 115200 baud;
tach collect receives, and the run made of the capture has the figures of one that was started here,
to the last instruction. A boot that samples itself, over the same line, names the hottest
instructions of D4. Then a PC that nobody attends to draws parts by chance, boot after boot, and what
a capture can have wrong with it. Last line: the sum.
"""
import json
import os
import queue
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.dont_write_bytecode = True
for place in ("kernel/image", "kernel/test", "traces/test"):
    sys.path.insert(0, os.path.realpath(place))
import image
import line
import machines
import menu
import rescue
from count import done, expect

TACH = os.path.realpath("build/tach")
REPORT = os.path.realpath("bench/test/check_report.py")
CELLS = ("R0", "R1/size:8", "D4/size:8/space:two", "T2/size:8", "notify")
MATRIX = "axis pti off,on\naxis trace off,on\nR0 - -\nR1 8 -\nD4 8 two\nT2 8 -\nnotify - -\n"
POINTS = [f"pti={pti} trace={trace}" for pti in ("on", "off") for trace in ("off", "on")]
LIMIT_S = 200 # a bound for what hangs
PC = ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-cpu", machines.CPU, "-m", "64M", "-nodefaults",
      "-no-user-config", "-display", "none"]
# The CPU and the counting of tach run; machine, firmware and devices are others: they are in no count.
COUNTED = [*PC, "-icount", "shift=0,sleep=off", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-no-reboot"]


def tach(*words, stdin=None):
    """(status, what it printed, what it complained of)."""
    made = subprocess.run([TACH, *words], capture_output=True, timeout=LIMIT_S, check=False, stdin=stdin)
    return made.returncode, made.stdout.decode(), made.stderr.decode()


def load(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return json.load(file)


class Wire:
    """Between an emulator and the cable: takes what comes at once, so that the pace of the cable is not
    the emulator's. A guest whose line stands still for seconds drops bytes; a real one never does."""

    def __init__(self, work, cable):
        self.path = os.path.join(tempfile.mkdtemp(dir=work), "line")
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen()
        self.bytes = queue.SimpleQueue()
        for task in (self.take, lambda: self.give(cable)):
            threading.Thread(target=task, daemon=True).start()

    def take(self):
        while True:
            peer, _ = self.server.accept()
            while data := received_of(peer):
                self.bytes.put(data)

    def give(self, cable):
        try:
            with open(cable.target, "wb", buffering=0) as end:
                while True:
                    data = self.bytes.get()
                    while data:
                        data = data[end.write(data[:512]):]
        except OSError:
            pass  # the cable was cut


def received_of(peer):
    try:
        return peer.recv(65536)
    except OSError:
        return b""


def received(work, pcs, output, *words):
    """What tach collect receives of these PCs, one after the other, over a cable; (status, its text)."""
    cable = line.Cable(1)
    wire = Wire(work, cable)
    with open(output + ".said", "w+b") as said:
        tool = subprocess.Popen([TACH, "collect", "--live", "--timeout", str(LIMIT_S), *words, "--port", cable.path,
                                 output], stdout=said, stderr=said)
        try:
            for pc in pcs:
                child = subprocess.Popen([*pc, "-serial", "unix:" + wire.path], stdin=subprocess.DEVNULL)
                while child.poll() is None and tool.poll() is None:
                    time.sleep(0.05)
                if pc is pcs[-1]:
                    tool.wait(LIMIT_S)
                child.kill()
                child.wait()
        finally:
            tool.kill()
            tool.wait()
            cable.cut()
    return tool.returncode, line.read(output + ".said").decode()


def image_pc(work, words):
    """A PC that counts instructions, and starts the image with these words."""
    directory = tempfile.mkdtemp(dir=work)
    boot = machines.Boot(directory, None, [], "64M", f"{words} wire=frames")
    return [*COUNTED, "-cdrom", machines.image_fill(boot)]


def rows(run, name="ipc.ci.json"):
    return {row["name"]: row for row in load(run, name)["benchmarks"]}


def figures_check(work):
    """The figures are those of a run that was made here; the machine that the count is of is the same."""
    status, _, said = tach("run", "--class", "icount", "--matrix", f"{work}/cable/matrix.cfg", "--out", f"{work}/here")
    expect(status == 0, said)
    here, cable = rows(f"{work}/here"), rows(f"{work}/cable")
    expect(set(here) == set(cable) and len(cable) == 2 * len(CELLS), f"rows: {sorted(cable)}")
    free = {"repetitions", "iterations", "boots"}  # how often it was measured
    for name in here:
        a, b = ({k: v for k, v in row.items() if k not in free} for row in (here[name], cable[name]))
        expect(a == b, f"{name}: {[(k, a.get(k), b.get(k)) for k in {*a, *b} if a.get(k) != b.get(k)]}")
    expect(all(row["traps"] > 0 and row["kernel"] > 0 for row in cable.values()), "phases and counts are there")
    status, said, _ = tach("compare", f"{work}/here", f"{work}/cable")
    expect(status == 0 and f"{2 * len(CELLS)} equal" in said, said)


def boots_check(work):
    """Every boot is one of the run, byte for byte, planned by its own words."""
    boots = load(work, "cable", "machine.json")["boots"]
    expect(all(boot["passed"] and "bench=R0," in boot["command"] for boot in boots), "boots passed")
    expect([boot["boot"] for boot in boots] == [f"boot-{n} {p}" for n, p in enumerate(POINTS, 1)], boots)
    pieces = b"".join(line.read(f"{work}/cable/boot-{n}.frames") for n in range(1, len(boots) + 1))
    expect(pieces == line.read(f"{work}/metal.tach"), "the boots are the capture")
    facts = load(work, "cable", "run.json")
    expect(facts["tach_missing"] == [] and facts["complete"], f"nothing is missing: {facts['tach_missing']}")
    status, _, said = tach("run", "--resume", f"{work}/cable")
    expect(status == 65 and "is made of captures" in said, said)


def page_check(work):
    status, _, said = tach("report", f"{work}/cable", "--out", f"{work}/page.html")
    expect(status == 0, said)
    checked = subprocess.run(["/usr/bin/python3", REPORT, f"{work}/page.html", f"{work}/cable/ipc.ci.json"],
                             capture_output=True, text=True, check=False)
    expect(checked.returncode == 0, checked.stdout + checked.stderr)
    with open(f"{work}/page.html", encoding="utf-8") as file:
        page = file.read()
    expect("Received over a line" in page and "metal.tach" in page, "the page says where it came from")
    expect("Missing:" not in page, "and misses nothing")
    for words in (("plot", f"{work}/cable", "--out", f"{work}/charts"),
                  ("history", "add", f"{work}/cable", "--db", f"{work}/h.db")):
        status, _, said = tach(*words)
        expect(status == 0, f"{words[0]}: {said}")


def cable_check(work):
    pcs = [image_pc(work, f"{point} bench={','.join(CELLS)}") for point in POINTS]
    status, said = received(work, pcs, f"{work}/metal.tach", "--boots", str(len(POINTS)))
    expect(status == 0, said[-400:])
    expect("boot 4  cells 5 of 5" in said and "0 lost" in said, f"the view: {said[-300:]}")
    status, table, said = tach("run", "--from", f"{work}/metal.tach", "--out", f"{work}/cable")
    expect(status == 0 and "class icount" in said and "D4/size:8/space:two" in table, said)
    if status == 0:
        boots_check(work)
        figures_check(work)
        page_check(work)


def profile_check(work):
    """A boot that samples itself."""
    pc = image_pc(work, "pti=off profile=50000 samples=3000 bench=" + CELLS[2])
    status, said = received(work, [pc], f"{work}/profile.tach")
    expect(status == 0, said[-300:])
    status, out, said = tach("profile", f"{work}/profile.tach", "--annotate", "entry_fast_off")
    expect(status == 0 and "entry_fast_off" in out, said + out[:300])
    expect("swapgs" in out and "sysret" in out, f"its instructions: {out[-400:]}")
    status, _, said = tach("run", "--from", f"{work}/profile.tach", "--out", f"{work}/sampled")
    expect(status == 65 and "none of its boots measured anything" in said, said)


def alone_check(work):
    """Nobody chooses, nobody presses a button: the parts (three, so that it takes no minutes) come by
    chance, with a reset between them, until each was there twice. The one with PCID, which this CPU lacks,
    measures nothing and is no failure."""
    files = {name: os.path.realpath(path) for name, path in image.FILES.items()}
    parts = menu.parts
    menu.parts = lambda names: [words.replace("/6 ", "/3 ") for words in parts(names)[:3]]
    rescue.make(files, menu.menu(MATRIX).replace(b"timeout=5", b"timeout=1"), f"{work}/alone.iso")
    status, said = received(work, [[*PC, "-cdrom", f"{work}/alone.iso"]], f"{work}/alone.tach", "--until", "2")
    expect(status == 0 and "parts 1:" in said, said[-400:])
    status, _, said = tach("run", "--from", f"{work}/alone.tach", "--out", f"{work}/alone")
    boots = load(work, "alone", "machine.json")["boots"]
    if "no END" in boots[-1]["reason"]:  # this PC is ahead of its line: the next boot begins before any silence
        boots, status = boots[:-1], status - 2
    expect(status == 0 and "class tcg" in said, said)
    expect(all(b["passed"] and "end=reset limit=" in b["command"] for b in boots) and len(boots) >= 6, boots)
    often = [sum(f" part={n}/3 " in b["command"] for b in boots) for n in (1, 2, 3)]
    run = load(work, "alone", "run.json")
    expect(min(often) == 2 and sum(often) == len(boots) and run["repetitions"] == max(often[:2]), (often, run["repetitions"]))
    missing = run["tach_missing"]
    expect(missing[0].startswith("no phases") and missing[-1] == "isolation with PCID is not measured: the CPU lacks it" and
           not any("parts" in what for what in missing), missing)
    expect(set(rows(f"{work}/alone")) == {f"ipc/{cell}/pti:{pti}" for cell in CELLS for pti in ("off", "on")}, "its rows")
    status, said, _ = tach("report", f"{work}/alone", "--out", f"{work}/alone.html")
    expect(status == 0, said)


# ---- captures that nobody has to wait for ------------------------------------------------------------


def coded(kind, sequence, boot, body):
    plain = struct.pack("<BBHI", kind, 0, sequence, boot) + body
    plain += struct.pack("<I", zlib.crc32(plain))
    out = b""
    for part in plain.split(b"\0"):
        while len(part) >= 254:
            out, part = out + b"\xff" + part[:254], part[254:]
        out += bytes([len(part) + 1]) + part
    return out + b"\0"


def synthetic(boot, words, loop=1010, have=0x21, code=0x10, build=b"b" * 20, text=b"", pcid=0, cells=True):
    """HELLO, CALIB, MACHINE, one histogram of R0, MACHINE, END of a boot on a PC."""
    hello = struct.pack("<IIQBBBBBBHII16s48s20sI", 7, 1, 3000000000, 1, "pti=on" in words, pcid, "trace=on" in words, 1, 0, 1,
                        0x906EA, 0xF4, b"GenuineIntel", b"A CPU <b>", build, 100)
    calib = struct.pack("<12Q", 40, 60, loop, 2, 900, 300000000, 24, 900, 180, 30, 1010, 42)
    below = struct.pack("<IBBBBIIQQQQQ", have, 0, 0, 0, 0, 0, 0, 1000, 5, 0, 0, 0)
    after = struct.pack("<IBBBBIIQQQQQ", have, 1, 0, 0, 0, 0, 0, 3000001000, 7, 0, 0, 0)
    loops = struct.pack("<40s16sQIIHHIQQ", b"calibration", b"loop", 65, 1000, 1, 0, 1, 0, 1010, 65)
    cell = struct.pack("<40s16sQIIHHIQQ", b"R0", b"whole", 10, 16, 1, 0, 1, 0, 2000 + boot, 10)
    bodies = [(1, hello + words.encode()), (2, calib), (11, below), (3, loops), (3, cell), (11, after)]
    bodies = bodies if cells else bodies[:3]
    bodies += [(6, text)] if text else []
    frames = [coded(kind, n, boot, body) for n, (kind, body) in enumerate(bodies)]
    return frames + [coded(7, len(frames), boot, struct.pack("<6I", len(frames), 0, 2, code != 0x10, code, 0))]


def made(work, name, *boots):
    line.write(f"{work}/{name}", b"".join(b"menu\xda\xc4\0" + b"".join(boot) for boot in boots))
    out = f"{work}/{name}.run"
    shutil.rmtree(out, ignore_errors=True)
    return f"{work}/{name}", out


def metal_check(work):
    """Boots of a PC: good ones, and every way to be none of the run."""
    on, off = "pti=on trace=off wire=frames bench=R0", "pti=off trace=off wire=frames bench=R0"
    good = [synthetic(n, off if n % 2 else on) for n in range(1, 7)]
    bad = [(good[0][:-1], "no END"), (good[0][:3] + good[0][4:], "1 frames missing"), (synthetic(20, off)[1:], "no HELLO"),
           (synthetic(19, off, text=b"panic: machine check at 0\npanic: rax 0\ntach: exit 18 PANIC: kernel panic\n")[:-1],
            "exit PANIC: kernel panic; last text: panic: machine check at 0"),
           (synthetic(7, off, code=0x11, text=b"bench: R0: out of memory\ninit: bench ended with status 1\n"),
            "last text: bench: R0: out of memory"), (synthetic(8, off, build=b"c" * 20), "another build"),
           (synthetic(9, off + " fastpath=0"), "other boot words"), (synthetic(10, off, loop=9), "refused"),
           (synthetic(11, off, have=1), "not invariant"), (synthetic(12, off, have=0x61), "is of class tcg, not metal"),
           (synthetic(13, off + "\n,R9"), "bench= names"), (synthetic(14, "pti=off"), "no bench="),
           (synthetic(15, off + " profile=500"), "was sampled"), (synthetic(16, off + ",R1/size:8"), "did not measure R1")]
    good[5].append(good[5][1])  # sent twice: a repeat, not another boot
    capture, out = made(work, "pc", *good, *(boot for boot, _ in bad))
    status, table, said = tach("run", "--from", capture, "--out", out)
    expect(status == 2 and "class metal" in said and "cycles" in table, said)
    reasons = [boot["reason"] for boot in load(out, "machine.json")["boots"]]
    expect(reasons[:len(good)] == [""] * len(good), reasons)
    for (_, why), reason in zip(bad, reasons[len(good):], strict=True):
        expect(why in reason, f"want {why}: {reason}")
    context = load(out, "ipc.ci.json")["context"]
    expect(context["tach_machine"] == "metal A CPU <b> GenuineIntel signature 906ea microcode 0xf4 abi 7", context)
    means = {name: row["cycles"] for name, row in rows(out).items()}
    expect(means == {"ipc/R0/pti:off": (2003 - 42) / 16, "ipc/R0/pti:on": (2004 - 42) / 16}, means)
    below = load(out, "machine.json")["boots"][0]
    expect(below["machine"]["guest"] is False and below["seconds"] == 1, below)
    expect(tach("report", out, "--out", f"{work}/pc.html")[0] == 0, "its page")
    with open(f"{work}/pc.html", encoding="utf-8") as file:
        page = file.read()
    expect("A CPU &lt;b&gt;" in page and "<b>" in page and "cycles of the machine itself" in page, "escaped")
    expect("no phases with isolation off: R0" in page, "what is missing stands on the page")


def pcid_check(work):
    """A PC with PCID: off, on, on with PCID are three rows; who does not say which is none of them."""
    words = "pti=on{} trace=off wire=frames bench=R0"
    boots = [synthetic(1, "pti=off trace=off wire=frames bench=R0"), synthetic(2, words.format(" pcid=off")),
             synthetic(3, words.format(" pcid=on"), pcid=1), synthetic(4, words.format(""), pcid=1)]
    capture, out = made(work, "pcid", *boots)
    status, table, said = tach("run", "--from", capture, "--out", out)
    expect(status == 2 and "boot-4 pti=on trace=off: FAILED: ran with PCID, which its words do not say" in said, said)
    means = {name: row["cycles"] for name, row in rows(out).items()}
    expect(means == {f"ipc/R0{at}": (2000 + n - 42) / 16 for n, at in ((1, "/pti:off"), (2, "/pti:on"), (3, "/pcid/pti:on"))},
           means)
    expect("pti on, PCID" in table, table)
    capture, out = made(work, "plain", boots[0], boots[3])
    status, _, said = tach("run", "--from", capture, "--out", out)
    expect(status == 0 and "PCID" not in said, f"nobody said pcid=: {said}")
    lacking = [synthetic(n, words.format(" pcid=on"), cells=False) for n in (5, 6, 7)]
    capture, out = made(work, "lacking", *boots[:2], *lacking)
    status, _, said = tach("run", "--from", capture, "--out", out)
    expect(status == 0 and "isolation with PCID is not measured: the CPU lacks it" in said, said)
    expect(load(out, "run.json")["repetitions"] == 1, "what measured nothing repeats nothing")


def refusals_check(work):
    off = "pti=off trace=off wire=frames bench=R0"
    capture, out = made(work, "few", synthetic(1, off + " part=1/2"), synthetic(2, off + " part=1/2"))
    packed = line.write(f"{work}/packed.gz", b"\x1f\x8b\x08" + bytes(20))
    empty = line.write(f"{work}/empty", b"")
    for status, why, words in ((65, "metal does not fit|is of class tcg", ("--from", made(
            work, "guest", synthetic(1, off, have=0x61))[0], "--class", "metal")),
                               (65, "is packed (gzip)", ("--from", packed)), (65, "no boot in it", ("--from", empty)),
                               (66, "No such file", ("--from", f"{work}/absent")),
                               (64, "is named twice", ("--from", capture, "--from", f"{work}/./few")),
                               (64, "were made elsewhere", ("--from", capture, "--boots", "3")),
                               (64, "other end of a line", ("--class", "metal")),
                               (73, "holds a run already", ("--from", capture, "--out", f"{work}/pc.run"))):
        got, _, said = tach("run", *words)
        expect(got == status and any(part in said for part in why.split("|")), f"{words}: {got} {said}")
    status, _, said = tach("run", "--from", capture, "--out", out, "--class", "metal")
    expect(status == 0 and "parts that did not come: 2 of 2" in said, said)
    for until, status, why in (("1", 65, "before each of 2 parts had come 1 times"), ("0", 64, "not a whole number")):
        got, _, said = tach("collect", "--force", "--until", until, capture, f"{work}/x")
        expect(got == status and why in said, said)
    lost = synthetic(5, off + " part=2/2")
    capture, _ = made(work, "until", synthetic(3, off + " part=1/2"), lost[:3] + lost[4:],
                      synthetic(4, off + " part=1/2"), synthetic(6, off + " part=2/2"), synthetic(7, off + " part=2/2"))
    got, out, said = tach("collect", "--force", "--until", "1", capture, f"{work}/x")
    expect(got == 0 and "4 boots, 4 ended" in out, f"a damaged boot does not count: {out} {said}")


def main():
    with tempfile.TemporaryDirectory(prefix="tach-trial-") as work:
        refusing = (metal_check, pcid_check, refusals_check)
        for check in (*refusing, cable_check, profile_check, alone_check):
            check(work)
    return done()


if __name__ == "__main__":
    sys.exit(main())
