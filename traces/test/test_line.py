#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tach collect at lines that come and go: ports, ptys, sockets, one reader at a time, a target that
starts later, a plug that is pulled."""
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tty

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import line
from line import BADDATA, BOUND_S, CANTCREATE, FAKE_PORT, NOINPUT, OK, SLOW_DISK, TACH, UNAVAILABLE, USAGE
from line import Cable, Collector, Line, check, read, serve, tcp_server, until, write

KILLS = 500
CLEAN = 200  # bytes


def test_list():
    shown = subprocess.run([TACH, "collect", "--list"], capture_output=True, timeout=BOUND_S)
    ports = shown.stdout.decode().splitlines()
    check(shown.returncode == (OK if ports else UNAVAILABLE), f"ports: {shown}")
    check(all(os.path.exists(port.split()[0]) for port in ports), f"ports exist: {ports}")
    check(bool(ports) != (b"has none" in shown.stderr), f"or it says that there are none: {shown}")


def test_tcp(data, boots):
    server, name = tcp_server()
    thread = serve(server, [data])
    Collector("-n", "4", name, "tcp.out").ends(OK, None, "a TCP line")
    check(read("tcp.out") == data, "a TCP line is kept byte for byte")
    thread.join()
    Collector(name, "refused.out").ends(NOINPUT, "refused", "a TCP line that nobody serves")
    for bad in ("tcp:", "tcp:host", "tcp::7", "tcp:host:"):
        Collector(bad, "bad.out").ends(USAGE, "not tcp:HOST:PORT", f"the address {bad}")
    Collector("tcp:127.0.0.1:nonsense", "bad.out").ends(NOINPUT, "nonsense", "a port by no name")
    check(not os.path.exists("bad.out"), "no output without a source")
    server, name = tcp_server()
    thread = serve(server, [boots[0][:2000], boots[0][2000:]])
    tool = Collector("--wait", name, "again.out")
    tool.ends(OK, "is there", "a TCP line that breaks")
    check(read("again.out") == boots[0], "a broken TCP line goes on where it was")
    check("is gone; waiting for it to come back" in tool.said(), "and it says so")
    thread.join()


def test_target_later(boots):
    """The tool before the target: a socket that is not there yet."""
    tool = Collector("--wait", "later.sock", "later.out")
    tool.says("No such file or directory; waiting for it")
    server = socket.socket(socket.AF_UNIX)
    server.bind("later.sock")
    server.listen(1)
    thread = serve(server, [boots[0]])
    tool.ends(OK, "is there", "a target that starts later")
    check(read("later.out") == boots[0], "it is kept from its first byte")
    thread.join()
    tool = Collector("--wait", "--timeout", "0.5", "never", "never.out")
    tool.ends(BADDATA, "not there in time before END of boot 1", "a target that never starts")
    tool = Collector("never", "without.out")
    tool.ends(NOINPUT, "No such file", "without --wait nobody waits")


def test_one_reader(boots):
    plug = Line("one.pty")
    first = Collector("one.pty", "first.out")
    plug.ready()
    Collector("one.pty", "second.out").ends(NOINPUT, "another program", "a second reader")
    plug.send(boots[0])
    first.ends(OK, None, "the first reader")
    check(read("first.out") == boots[0], "the first reader has every byte")
    check(not os.path.exists("second.out"), "the second has no output")
    os.unlink("one.pty")


def unplugged(plug, tool, data, cut):
    """Sends data in two halves, pulling the plug between them."""
    plug.ready()
    plug.send(data[:cut])
    tool.keeps(cut)
    plug.unplug()
    tool.says("is gone; waiting for it to come back")
    plug.plug()
    plug.ready()
    plug.send(data[cut:])


def test_unplug(boots):
    plug = Line("pulled.pty")
    tool = Collector("--wait", "pulled.pty", "pulled.out")
    unplugged(plug, tool, boots[0], 2345)
    tool.ends(OK, "is there", "a line that was pulled")
    check(read("pulled.out") == boots[0], "a pulled line goes on where it was")


def test_port(boots):
    """A serial port as libserialport sees it, at a rate of its own; pulled once."""
    fake = {**os.environ, "LD_PRELOAD": FAKE_PORT, "TACH_FAKE_PORT": os.path.abspath("port.log")}
    plug = Line("usb.pty")
    tool = Collector("--baud", "921600", "--port", "usb.pty", "port.out", env=fake)
    unplugged(plug, tool, boots[0], 1234)
    tool.ends(OK, "is there", "a port that was pulled")
    check(read("port.out") == boots[0], "a pulled port goes on where it was")
    log = read("port.log").decode()
    once = "open 3\nbits 8\nparity 0\nstopbits 1\nflowcontrol 0\nbaud 921600\n"
    check(log == 2 * (once + "close 0\n"), f"8N1, no flow control, the rate, each time: {log}")
    tool = Collector("--baud", "12345", "--port", "usb.pty", "rate.out", env=fake)
    tool.ends(74, "cannot be set to 12345 baud", "a rate that the port has not")


def test_live(data, boots):
    tool = Collector("--live", "made.tach", "live.out")
    tool.ends(OK, "0 lost  0 CRC errors  0 not decodable", "a view in a pipe")
    check("boot 4  cells 5 of 5  D4/size:0/space:two" in tool.said(), f"cells of the command line: {tool.said()}")
    check("0:00 left at 115200 baud" in tool.said() and "\x1b" not in tool.said(), "plain lines")
    plug = Line("live.pty")
    cut = boots[0].index(b"R1/size:8", boots[0].index(b"R1/size:8") + 1)  # the first is the HELLO's
    tool = Collector("--live", "live.pty", "part.out")
    plug.ready()
    plug.send(boots[0][:cut])
    tool.says("boot 1  cells 1 of 5  R0")
    hurt = bytearray(boots[0][cut:])
    hurt[next(at for at in range(200, len(hurt)) if hurt[at] > 1)] ^= 1  # no delimiter, and none made
    plug.send(hurt)
    tool.ends(BADDATA, "1 frames missing, 1 refused", "a view of a damaged boot")
    check("1 lost  1 CRC errors  0 not decodable" in tool.said(), f"losses are shown: {tool.said()}")


def test_view():
    """On a terminal the view is drawn over itself."""
    screen = Line("screen.pty")
    tool = subprocess.Popen([TACH, "collect", "--live", "--force", "made.tach", "view.out"],
                            stdout=subprocess.DEVNULL, stderr=screen.slave)
    check(tool.wait(BOUND_S) == OK, "a view on a terminal")
    seen = os.read(screen.master, 65536).decode()
    check("\x1b[3A\r" in seen and seen.count("\x1b[K") % 3 == 0, f"three lines, drawn again: {seen!r}")
    check(all(len(part) < 80 for part in seen.replace("\x1b[3A\r", "").split("\x1b[K\r\n")), "each fits")


def facts(capture):
    """Everything that a capture says, as texts that can be looked for in another's."""
    shown = subprocess.run([TACH, "export", "--to", "json", capture], capture_output=True, timeout=BOUND_S)
    found = []
    for boot in json.loads(shown.stdout)["boots"] if shown.stdout else []:
        for kind in ("histograms", "counts", "events"):
            found += [(boot["boot_id"], kind, json.dumps(item)) for item in boot.get(kind, [])]
    return found


def test_quiet(sent):
    cable = Cable(1)
    tool = Collector("--boots", "2", cable.path, "quiet.out")
    began = time.monotonic()
    cable.send(sent)
    tool.ends(OK, None, "a quiet cable")
    check(read("quiet.out") == sent, "a quiet cable alters nothing")
    check(time.monotonic() - began >= len(sent) / 11520 * 0.9, "a cable takes the time of a line")
    cable.cut()


def test_noise(sent, clean, seed, rate, kinds):
    """Its last bytes come through, with an END that no other boot has: the test knows when all has come."""
    cable = Cable(seed, rate, kinds, len(sent) - CLEAN - 64)  # noise goes by pieces of 64
    tool = Collector("--boots", "2", cable.path, f"noise{seed}.out")
    cable.send(sent)
    until(lambda: sent[-CLEAN:] in tool.kept(), "the end of what was sent")
    tool.process.send_signal(signal.SIGTERM)
    tool.ends(BADDATA, "kept", f"a cable with noise of rate {rate}")
    found = facts(f"noise{seed}.out")
    check(set(found) <= clean, f"nothing wrong comes through rate {rate}: {set(found) - clean}")
    check(len(found) == len(set(found)) and len(found) < len(clean), f"and nothing twice: {len(found)}")
    cable.cut()


def test_cables(boots):
    """The tool at cables of 115200 baud that damage what they carry, and at targets that say nothing, all
    at a time: they mostly wait."""
    sent = boots[0] + boots[2]
    clean = set(facts(write("sent.tach", sent)))
    check(len(clean) > 100, f"facts of two boots: {len(clean)}")
    noises = ((2, 0.001, 0x3FF), (3, 0.0003, 0x3FF), (4, 0.02, 0x155))
    threads = [threading.Thread(target=test_quiet, args=(sent,))]
    threads += [threading.Thread(target=test_noise, args=(sent, clean, *noise)) for noise in noises]
    threads += [threading.Thread(target=test, args=(boots,)) for test in (test_stopped, test_power_cut)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def dumped(capture):
    shown = subprocess.run([TACH, "dump", capture], capture_output=True, timeout=BOUND_S)
    return shown.returncode, shown.stdout.decode(), shown.stderr.decode()


def test_reset(boots):
    """The target starts again in mid-frame: the boot that broke off and the next one are both there."""
    plug = Line("reset.pty")
    cut = len(boots[0]) // 2
    tool = Collector("reset.pty", "reset.out")
    plug.ready()
    plug.send(boots[0][:cut] + boots[1].replace(b"\r\n", b"\r\n\0", 1))  # the kernel ends what was before it
    tool.ends(BADDATA, "0 frames missing, 0 refused, 1 boots broke off", "a target that was reset")
    code, shown, said = dumped("reset.out")
    check(code == BADDATA and "1 boots without END, 0 without HELLO" in said, f"both are read: {said}")
    check(shown.count(" HELLO ") == 2 and shown.count(" END ") == 1, "the second is whole")


def test_power_cut(boots):
    """The time limit is over at once: what came before it is kept all the same."""
    plug = Line("power.pty")
    tty.setraw(plug.slave)
    plug.send(boots[0][:3000])
    plug.waits(3000)
    tool = Collector("--timeout", "0.0001", "power.pty", "power.out")
    tool.ends(BADDATA, "timed out before END of boot 1; the 3000 bytes", "a target without power")
    check(read("power.out") == boots[0][:3000] and " HELLO " in dumped("power.out")[1], "it is readable")


def test_slow_disk(boots):
    """The disk takes the boot's END for longer than a line may be silent behind it: the rest has come by then."""
    slow = {**os.environ, "LD_PRELOAD": SLOW_DISK, "TACH_DISK_DONE": os.path.abspath("disk.done")}
    plug = Line("disk.pty")
    cut = len(boots[0]) - len(boots[0].rpartition(b"\0")[2])
    tool = Collector("disk.pty", "disk.out", env=slow)
    plug.ready()
    plug.send(boots[0][:cut])
    tool.keeps(cut)
    plug.send(boots[0][cut:])
    plug.waits(len(boots[0]) - cut)
    time.sleep(0.3)
    write("disk.done", b"")
    tool.ends(OK, None, "a slow disk")
    check(read("disk.out") == boots[0], "what waited behind END is kept")


def test_stopped(boots):
    """A host that sleeps for longer than the time limit: the line's buffer has the rest."""
    plug = Line("sleep.pty")
    rest = len(boots[0]) - 1500
    tool = Collector("--timeout", "8", "sleep.pty", "sleep.out")
    plug.ready()
    plug.send(boots[0][:rest])
    tool.keeps(rest)
    time.sleep(0.1)
    tool.process.send_signal(signal.SIGSTOP)
    plug.send(boots[0][rest:-500])
    time.sleep(9)
    tool.process.send_signal(signal.SIGCONT)
    tool.keeps(len(boots[0]) - 500)
    time.sleep(0.3)  # a limit that counted the sleep would have ended it by now
    plug.send(boots[0][-500:])
    tool.ends(OK, None, "a host that slept")
    check(read("sleep.out") == boots[0], "nothing was lost in its sleep")


def test_full_disk(boots):
    """A real bound of a file's size, met in mid-run."""
    plug = Line("full.pty")
    bounds = resource.RLIMIT_FSIZE, (4096, 4096)
    tool = Collector("full.pty", "full.out", preexec_fn=lambda: (
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(*bounds)))
    plug.ready()
    plug.send(boots[0])
    tool.ends(CANTCREATE, "File too large; the 4096 bytes before that are kept", "a disk that is full")
    check(read("full.out") == boots[0][:4096] and " HELLO " in dumped("full.out")[1], "it is readable")


def killed(data, point, cut, waits):
    """Sends `cut` bytes and kills the tool, at once or when it has kept them. What is wrong, or None."""
    output = f"killed{point % 4}.out"
    process = subprocess.Popen([TACH, "collect", "--quiet", "--force", "-", output], stdin=subprocess.PIPE)
    process.stdin.write(data[:cut])
    process.stdin.flush()
    limit = time.monotonic() + BOUND_S
    while waits and (not os.path.exists(output) or os.path.getsize(output) < cut) and time.monotonic() < limit:
        time.sleep(0.0005)
    process.kill()
    process.wait(BOUND_S)
    process.stdin.close()
    kept = read(output) if os.path.exists(output) else b""
    if not data.startswith(kept) or (waits and len(kept) < cut):
        return f"point {point}: {len(kept)} bytes of {cut} kept"
    code, shown, said = dumped(output)
    ends = sum(len(kept) > at for at in ENDS)
    fine = code in (OK, BADDATA) and shown.count(" END ") == ends
    return None if fine or not kept else f"point {point}: {ends} ENDs, dump {code}, {said}"


ENDS = []  # where in the synthetic capture each boot's END is whole


def test_killed(data, boots):
    ENDS.extend(sum(map(len, boots[:i + 1])) - len(boots[i].rpartition(b"\0")[2]) - 1 for i in range(len(boots)))
    wrong = []

    def some(first):
        for point in range(first, KILLS, 4):
            cut = 1 + (point * 7919) % min(len(data), 60000)
            wrong.append(killed(data, point, cut, point // 4 % 2 == 0))
            if point % 4 == 0 and os.path.exists(f"killed{first}.out"):
                os.unlink(f"killed{first}.out")

    threads = [threading.Thread(target=some, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bad = [what for what in wrong if what]
    check(len(wrong) == KILLS and not bad, f"killed at {len(wrong)} points: {bad[:5]}")
    print(f"test_line: killed at {len(wrong)} points")


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        data, boots = line.capture()
        test_list()
        test_tcp(data, boots)
        test_target_later(boots)
        test_one_reader(boots)
        test_unplug(boots)
        test_port(boots)
        test_reset(boots)
        test_full_disk(boots)
        test_slow_disk(boots)
        test_killed(data, boots)
        test_cables(boots)
        test_live(data, boots)
        test_view()
        os.chdir("/")
    return line.result("test_line")


if __name__ == "__main__":
    sys.exit(main())
