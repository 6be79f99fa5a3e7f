#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots machines and judges how each boot ended: one row of boot.cfg is one boot.

A boot passes only if the exit status of the emulator, the last "tach: exit V NAME" line on the
serial port and every expected line agree; where Bochs crashes after the guest's shutdown, the crash is told
and the rest judged. Children are bounded in time, and only they are ended. Lines "shows ROWS: ..." of
guests are passed on, see shows.py.
Last line: "boot: N passed, N failed". Exit: 0 all passed, 1 not, 64 wrong arguments, 65 bad table,
66 an image is missing."""

import argparse
import collections
import concurrent.futures
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test"), os.path.join(ROOT, "kernel/loader/test")]
sys.dont_write_bytecode = True

import corrupt  # noqa: E402
import machines  # noqa: E402
import shows  # noqa: E402

TAIL_BYTES = 1500
RUN_MS = 15  # between two stops of --stall: any place of a test is met by one
FAILS_MAX = 20  # lines of failed checks before that
LAST_LINE = re.compile(r"tach: exit (\d+) (\w+)")
HARNESS_WORDS = ("image", "kernel", "initfs", "modules", "cpu", "shows", "rc", "serial", "mcfg", "firmware")


# why it failed or None; seconds; text of the serial port; the emulator's own output; what else to say
Result = collections.namedtuple("Result", "why seconds serial out note")


class BadRow(Exception):
    """A row that cannot be run as it is written."""


def exits_read():
    """name: value of EXITS(X) in the contract."""
    with open(os.path.join(ROOT, "kernel/abi/boot.h"), encoding="ascii") as f:
        found = re.findall(r"X\((\w+), (0x[0-9A-F]+), \"", f.read())
    return {name: int(value, 16) for name, value in found}


class Row:
    """name | machine | memory | command line | exit name | lines expected | timeout"""

    def __init__(self, line, number, exits):
        cell = [c.strip() for c in re.split(r"\s\|(?=\s)", line)]
        if len(cell) != 7:
            raise BadRow("line %d: %d columns, not 7" % (number, len(cell)))
        self.name, self.machine, self.memory, words, self.exit = cell[:5]
        if self.machine not in machines.MACHINES:
            raise BadRow("line %d: no machine %r" % (number, self.machine))
        self.bochs = self.machine.endswith("bochs")
        if self.exit not in exits:
            raise BadRow("line %d: no exit name %r" % (number, self.exit))
        self.value = exits[self.exit]
        self.harness, plain = {}, []
        for word in words.split():
            key, _, value = word[1:].partition("=")
            if word[0] != "@":
                plain.append(word)
            elif key in HARNESS_WORDS:
                self.harness[key] = value
            elif key == "long":
                plain.append("x=" + "y" * int(value))
            else:
                raise BadRow("line %d: no harness word %r" % (number, word))
        self.words = " ".join(plain)
        if "shows" in self.harness and not shows.ROWS.fullmatch(self.harness["shows"]):
            raise BadRow("line %d: @shows= takes rows as V3,T11" % number)
        try:
            self.lines = [(p[0] != "!", re.compile(p.lstrip("!"), re.MULTILINE))
                          for p in re.split(r"\s+&&\s+", cell[5]) if p]
            self.timeout = float(cell[6])
            machines.megabytes(self.memory)
        except (ValueError, re.error) as bad:
            raise BadRow("line %d: %s" % (number, bad)) from None


def table_read(name, exits):
    rows = []
    with open(name, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.strip() and not line.lstrip().startswith("#"):
                rows.append(Row(line.strip(), number, exits))
    names = [r.name for r in rows]
    for name in names:
        if names.count(name) > 1:
            raise BadRow("row %s stands there twice" % name)
    return rows


def stall(child, longest_ms):
    """Until the child has ended, what a busy host does: it does not run for a while, then for a moment."""
    while child.poll() is None:
        for number, most_ms in ((signal.SIGSTOP, longest_ms), (signal.SIGCONT, RUN_MS)):
            child.send_signal(number)
            time.sleep(random.uniform(1, max(1, most_ms)) / 1000)


class Harness:
    """Runs rows. All files are below one temporary directory, removed at the end."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.template_lock = threading.Lock()
        self.children = set()

    def image(self, row, kind):
        """Path of the kernel or the blob that the row asks for, damaged if it says so."""
        good = getattr(self.options, kind)
        if kind == "kernel" and row.harness.get("image") == "tiny":
            good = self.options.tiny
        change = self.change(row, kind)
        if not change:
            return good
        other = os.path.join(self.directory, row.name, kind)
        with open(good, "rb") as f, open(other, "wb") as g:
            g.write(change(f.read()))
        return other

    @staticmethod
    def change(row, kind):
        """What the row wants done to that image, or None."""
        damage = row.harness.get(kind)
        if damage is None and kind == "initfs" and "rc" in row.harness:
            with open(os.path.join(ROOT, "kernel/test/rc", row.harness["rc"]), "rb") as f:
                text = f.read()
            return lambda blob: corrupt.rc_put(blob, text)
        if damage is None:
            return None
        table = corrupt.KERNEL if kind == "kernel" else corrupt.INITFS
        if damage not in table:
            raise BadRow("no such damage: %s" % damage)
        return table[damage]

    def modules(self, row):
        order = row.harness.get("modules", "kernel,initfs")
        known = {"kernel": lambda: self.image(row, "kernel"),
                 "initfs": lambda: self.image(row, "initfs"), "junk": lambda: __file__}
        try:
            return [known[m]() for m in order.split(",") if m != "none"]
        except KeyError as bad:
            raise BadRow("no such module: %s" % bad) from None

    def template(self, boot):
        """One ISO for each set of images; boots differ in the copied command line only."""
        key = "-".join(re.sub(r"\W", "_", m) for m in boot.modules) + ".iso"
        path = os.path.join(self.directory, key[-200:])
        with self.template_lock:
            if not os.path.exists(path):
                machines.iso_make(boot, path)
        return path

    def command(self, row):
        directory = os.path.join(self.directory, row.name)
        os.makedirs(directory)
        boot = machines.Boot(directory, self.options.loader, self.modules(row), row.memory,
                             row.words, row.harness.get("cpu"))
        boot.port = row.harness.get("serial")
        boot.firmware = row.harness.get("firmware")
        boot.mcfg = row.harness.get("mcfg")
        make, _, from_iso = machines.MACHINES[row.machine]
        if from_iso:
            boot.iso_template = self.template(boot)
        return make(boot), boot

    def execute(self, row, command):
        """Exit status of the child, or None: it did not end in time and was ended."""
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, cwd=self.directory)
        except FileNotFoundError:
            raise machines.Unavailable(command[0] + " is not installed") from None
        self.children.add(child)
        if self.options.stall:
            threading.Thread(target=stall, args=(child, self.options.stall), daemon=True).start()
        try:
            out, _ = child.communicate(timeout=row.timeout * self.options.patience)
            return child.returncode, out
        except subprocess.TimeoutExpired:
            child.kill()
            return None, child.communicate()[0]
        finally:
            self.children.discard(child)

    def run(self, row):
        """The Result of one boot."""
        serial, out, note, start = "", b"", "", time.monotonic()
        try:
            command, boot = self.command(row)
            start = time.monotonic()
            status, out = self.execute(row, command)
            seconds = time.monotonic() - start
            if os.path.exists(boot.serial):
                with open(boot.serial, "rb") as f:
                    serial = f.read().decode("utf-8", errors="replace").replace("\r", "")
            note = self.crash_note(row, boot, status)
            why = self.judge(row, status, serial, note) if status is not None else \
                "no end within %g s" % (row.timeout * self.options.patience)
        except (machines.Unavailable, BadRow, ValueError, OSError) as bad:
            why, seconds = str(bad), time.monotonic() - start
        if not self.options.keep:
            shutil.rmtree(os.path.join(self.directory, row.name), ignore_errors=True)
        return Result(why, seconds, serial, out.decode(errors="replace"), note)

    @staticmethod
    def crash_note(row, boot, status):
        """What to say where Bochs was killed by a signal after it did the guest's shutdown, else "". A
        crash before that, as of any other emulator, is a failed boot."""
        if not row.bochs or status is None or status >= 0 or not machines.bochs_ended(boot):
            return ""
        return "Bochs died by %s after the guest's end" % signal.Signals(-status).name

    @staticmethod
    def judge(row, status, serial, note):
        said = LAST_LINE.findall(serial)
        if row.machine == "mute":
            said = [(str(row.value), row.exit)]
        if not said:
            return "no exit line on serial, emulator's status %d" % status
        if said[-1] != (str(row.value), row.exit):
            return "ended with %s %s, expected %d %s" % (said[-1] + (row.value, row.exit))
        if status != machines.MACHINES[row.machine][1](row.value) and not note:
            return "exit line is right, emulator's status %d is not" % status
        for wanted, line in row.lines:
            if bool(line.search(serial)) != wanted:
                return "%s: %s" % ("missing" if wanted else "must not be there", line.pattern)
        return None


def printable(text):
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def report(row, result):
    why, seconds, serial, out, note = result
    for line in shows.of_boot(row.name, serial, why is None, row.harness.get("shows")):
        print(printable(line))
    if why is None:
        print("ok %s (%.2f s)%s" % (row.name, seconds, note and ": " + note), flush=True)
        return
    print("FAIL %s: %s" % (row.name, why))
    for line in re.findall(r"^FAIL .*", serial[:-TAIL_BYTES], re.MULTILINE)[:FAILS_MAX]:
        print("    " + printable(line))
    for line in printable((serial[-TAIL_BYTES:] or out[-TAIL_BYTES:])).splitlines():
        print("    " + line)
    sys.stdout.flush()


class Arguments(argparse.ArgumentParser):
    """argparse with the project's exit code for wrong arguments."""

    def error(self, message):
        self.exit(64, "boot.py: %s\n" % message)


def options_read(arguments):
    build = os.path.join(ROOT, "build")
    p = Arguments(description="Boots the rows of boot.cfg and judges them.",
                                epilog="example: boot.py --machine microvm --row 'elf-.*'")
    p.add_argument("--row", metavar="REGEX", help="only rows whose whole name matches")
    p.add_argument("--machine", metavar="NAME", action="append", help="only this machine's rows")
    p.add_argument("--list", action="store_true", help="print the rows and run none")
    p.add_argument("--jobs", type=int, default=2, help="boots at a time (default 2)")
    p.add_argument("--patience", type=float, default=3.0,
                   help="factor on every timeout (default 3: the machine may be busy)")
    p.add_argument("--stall", type=float, metavar="MS",
                   help="stop each emulator all the time, for at most MS, after each 15 at most (with --patience 20)")
    p.add_argument("--keep", action="store_true", help="keep the files of the boots, say where")
    p.add_argument("--config", default=os.path.join(ROOT, "kernel/test/boot.cfg"))
    for name, file in (("loader", "loader.elf"), ("kernel", "kernel.elf"),
                       ("initfs", "initfs.img"), ("tiny", "tiny.elf")):
        p.add_argument("--" + name, metavar="FILE", default=os.path.join(build, file))
    options = p.parse_args(arguments)
    for name in ("loader", "kernel", "initfs", "tiny"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    return options


def images_check(options, rows):
    """Before the first boot: everything that the chosen rows need is there."""
    needed = {"loader", "initfs"}
    needed |= {"tiny" if r.harness.get("image") == "tiny" else "kernel" for r in rows}
    for name in sorted(needed):
        if not os.path.isfile(getattr(options, name)):
            print("boot.py: %s: no such file" % getattr(options, name), file=sys.stderr)
            return 66
    return 0


class Work:
    """Hands out rows: those of Bochs first, which take longest, so that no job is left with one at the end."""

    def __init__(self, rows):
        self.rows = sorted(rows, key=lambda row: not row.bochs)
        self.lock = threading.Lock()

    def take(self):
        with self.lock:
            return self.rows.pop(0) if self.rows else None

    def give_up(self):
        with self.lock:
            self.rows = []


def job_run(harness, work, say):
    """Rows until there are no more; how many failed."""
    failed = 0
    for row in iter(work.take, None):
        result = harness.run(row)
        failed += result.why is not None
        with say:
            report(row, result)
    return failed


def rows_run(harness, rows, jobs):
    work, say = Work(rows), threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
        todo = [pool.submit(job_run, harness, work, say) for _ in range(max(1, jobs))]
        try:
            return sum(job.result() for job in todo)
        except KeyboardInterrupt:
            work.give_up()
            for child in list(harness.children):
                child.kill()
            raise


def main(arguments):
    options = options_read(arguments)
    try:
        rows = table_read(options.config, exits_read())
    except (BadRow, OSError) as bad:
        print("boot.py: %s: %s" % (options.config, bad), file=sys.stderr)
        return 66 if isinstance(bad, OSError) else 65
    rows = [r for r in rows if (not options.machine or r.machine in options.machine) and
            (not options.row or re.fullmatch(options.row, r.name))]
    if not rows:
        print("boot.py: no such row", file=sys.stderr)
        return 64
    if options.list:
        for r in rows:
            print("%-24s %-9s %5s  %-18s %s" % (r.name, r.machine, r.memory, r.exit, r.words))
        return 0
    missing = images_check(options, rows)
    if missing:
        return missing
    directory = tempfile.mkdtemp(prefix="tach-boot-")
    try:
        failed = rows_run(Harness(options, directory), rows, options.jobs)
    finally:
        if options.keep:
            print("boot: files are in " + directory)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    print("boot: %d passed, %d failed" % (len(rows) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(73)
