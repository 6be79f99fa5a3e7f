# SPDX-License-Identifier: MIT
"""What the tests of a line share: the tool started and judged, ptys, a socket that serves. Lengths
of waiting are bounds, never what a test is about: everything waits for a condition."""
import fcntl
import os
import pty
import socket
import struct
import subprocess
import termios
import threading
import time

TACH = os.path.abspath("build/tach")
MAKE = os.path.abspath("build/test/capture_make")
PROXY = os.path.abspath("build/test/line_proxy")
FAKE_PORT = os.path.abspath("build/test/fake_port.so")
SLOW_DISK = os.path.abspath("build/test/slow_disk.so")
OK, USAGE, BADDATA, NOINPUT, UNAVAILABLE, CANTCREATE = 0, 64, 65, 66, 69, 73
BOUND_S = 120

passed = failed = 0
counting = threading.Lock()


def check(condition, what):
    global passed, failed
    with counting:
        if condition:
            passed += 1
        else:
            failed += 1
            print("failed: " + what, flush=True)
    return condition


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def until(condition, what):
    """Waits for a condition; a bound that is met is a failure."""
    limit = time.monotonic() + BOUND_S
    while not condition():
        if time.monotonic() > limit:
            return check(False, "waited in vain: " + what)
        time.sleep(0.01)
    return True


def capture():
    """The synthetic capture, and its boots, each from its banner on."""
    subprocess.run([MAKE, "made.tach"], check=True, timeout=BOUND_S)
    data = read("made.tach")
    return data, [b"SeaBIOS" + part for part in data.split(b"SeaBIOS")[1:]]


class Collector:
    """tach collect, beside the test."""

    def __init__(self, *arguments, **options):
        self.output = arguments[-1]
        self.log = open(self.output + ".err", "w+b")
        self.process = subprocess.Popen([TACH, "collect", *arguments], stdout=subprocess.PIPE,
                                        stderr=self.log, **options)

    def said(self):
        return read(self.output + ".err").decode()

    def kept(self):
        return read(self.output) if os.path.exists(self.output) else b""

    def says(self, text):
        return until(lambda: text in self.said(), f"{self.output} to say: {text}")

    def keeps(self, count):
        return until(lambda: len(self.kept()) >= count, f"{self.output} to keep {count}")

    def ends(self, code, text, what):
        """Its exit code and its last line; none: it said nothing. Returns what it printed."""
        out = self.process.communicate(timeout=BOUND_S)[0].decode()
        lines = self.said().splitlines()
        check(self.process.returncode == code, f"{what}: exit {self.process.returncode}, want {code}: {lines}")
        check(lines == [] if text is None else bool(lines) and text in lines[-1], f"{what}: said {lines}, want {text}")
        return out


class Line:
    """A pty: the target's side is ours, the tool opens `path`, which may move to another pty."""

    def __init__(self, path):
        self.path = path
        self.master = None
        self.plug()

    def plug(self):
        self.master, self.slave = pty.openpty()
        if os.path.lexists(self.path):
            os.unlink(self.path)
        os.symlink(os.ttyname(self.slave), self.path)

    def ready(self):
        """Waits until the tool has made the line raw: from then on no byte is altered."""
        return until(lambda: not termios.tcgetattr(self.slave)[3] & termios.ICANON, "a raw line")

    def send(self, data):
        while data:
            data = data[os.write(self.master, data[:1024]):]

    def waits(self, count):
        """Waits until so many bytes can be read at the tool's side."""
        def there():
            return struct.unpack("i", fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4)))[0] >= count
        return until(there, f"{count} bytes at {self.path}")

    def unplug(self):
        os.close(self.slave)
        os.close(self.master)
        self.master = None


class Cable:
    """line_proxy: what is sent at its target's end comes out at `path`, late and damaged."""

    def __init__(self, seed, rate=0.0, kinds=0x3FF, clean=0, baud=115200):
        words = [PROXY, str(seed), str(rate), str(kinds), str(clean), str(baud)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE)
        self.target, self.path = (self.process.stdout.readline().decode().strip() for _ in range(2))

    def send(self, data):
        with open(self.target, "wb", buffering=0) as end:
            while data:
                data = data[end.write(data[:4096]):]
            termios.tcdrain(end)

    def cut(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def serve(server, parts, then=None):
    """Answers one connection after the other, each with one of the parts, then closes it."""
    def answer():
        for part in parts:
            peer, _ = server.accept()
            try:
                peer.sendall(part)
            except OSError:
                pass  # the tool is gone
            if then:
                then()
            peer.close()
        server.close()

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def tcp_server():
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(4)
    return server, f"tcp:127.0.0.1:{server.getsockname()[1]}"


def result(name):
    print(f"{name}: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
